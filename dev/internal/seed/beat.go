package seed

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The place and the detector that the templates were generated with.
const (
	templateAccount = "111122223333"
	templateRegion  = "eu-west-1"
)

// version is a finding as one of its updates leaves it.
type version struct {
	line     line
	finding  *object
	severity any
	count    int
	updated  time.Time
}

// lines are the updates of all beats, without the samples.
func (s *Story) lines(p *planner) []line {
	byBeat := map[string][]version{}
	for _, b := range s.script.Beats {
		byBeat[b.Name] = s.versions(p, b)
	}
	for _, b := range s.script.Beats {
		if len(b.Signals) > 0 {
			sequence(b, byBeat)
		}
	}
	var lines []line
	for _, b := range s.script.Beats {
		for _, t := range byBeat[b.Name] {
			t.line.text = encode(t.finding)
			lines = append(lines, t.line)
		}
	}
	return lines
}

// samples are GuardDuty's sample findings: all types at one moment, as the
// console makes them.
func (s *Story) samples(p *planner) []line {
	back, _ := ago(s.script.Samples.Ago) // checked
	var lines []line
	for n, name := range s.types {
		rng := random(p.Seed, "sample "+name)
		// two ticks, and a few seconds with several objects in each
		moment := p.Now.Add(time.Duration(n*2/len(s.types))*tick - back)
		at := exportTime(moment, random(p.Seed, strconv.Itoa(n/linesPerObject)))
		f := s.finding(s.script.Samples.Place, name, "sample "+name, p.Seed)
		updated := at.Add(-time.Duration(60_000+rng.IntN(120_000)) * time.Millisecond)
		stamp(f, updated, updated, 1)
		lines = append(lines, line{s.place(s.script.Samples.Place), at, encode(f)})
	}
	return lines
}

// versions makes the updates of a beat. Those after now are left out.
func (s *Story) versions(p *planner, b *beat) []version {
	rng := random(p.Seed, b.Name)
	var out []version
	var created time.Time
	for _, u := range b.each() {
		at := exportTime(p.Now.Add(-u.back), rng)
		if at.After(p.Now) {
			continue
		}
		// GuardDuty exports within five minutes of the update
		updated := at.Add(-time.Duration(20_000+rng.IntN(260_000)) * time.Millisecond)
		if created.IsZero() {
			created = updated
		}
		f := s.finding(b.Place, b.Type, b.Name, p.Seed)
		real(f)
		for _, name := range slices.Concat(s.script.Places[b.Place], b.Cast, u.Cast) {
			s.appear(f, name)
		}
		for _, set := range []map[string]any{b.Set, u.Set} {
			for _, pattern := range slices.Sorted(maps.Keys(set)) {
				assign(f, pattern, set[pattern])
			}
		}
		if severity := cmp.Or(u.Severity, b.Severity); severity != 0 {
			f.set("severity", number(severity))
		}
		stamp(f, created, updated, u.Count)
		out = append(out, version{line{place: s.place(b.Place), at: at}, f, f.get("severity"), u.Count, updated})
	}
	return out
}

// each is the updates with the repeated ones written out.
func (b *beat) each() []moment {
	var out []moment
	for _, u := range b.Updates {
		back, _ := ago(u.Ago) // checked
		every, _ := ago(u.Every)
		for n := range max(u.Times, 1) {
			m := moment{u, back - time.Duration(n)*every}
			m.Count += n * u.Step
			if m.back >= 0 {
				out = append(out, m)
			}
		}
	}
	return out
}

// moment is an update and how long before now it is.
type moment struct {
	update
	back time.Duration
}

// exportTime is when GuardDuty writes the object of a moment: some seconds after
// the tick before it.
func exportTime(t time.Time, rng *rand.Rand) time.Time {
	return t.Truncate(tick).Add(time.Duration(1+rng.IntN(6)) * time.Second)
}

// finding copies the template of a type to a place, under an id of its own.
func (s *Story) finding(at, finding, name string, seed uint64) *object {
	f := clone(s.templates[finding]).(*object)
	where := s.place(at)
	moved := strings.NewReplacer(templateAccount, where.account, templateRegion, where.region,
		f.text("id"), hexID(strconv.FormatUint(seed, 10), name, at),
		f.at("service").text("detectorId"), hexID("detector", where.account, where.region))
	walk(f, nil, func(_ []string, leaf any) any {
		if text, ok := leaf.(string); ok {
			return moved.Replace(text)
		}
		return leaf
	})
	return f
}

// real makes a finding that is not a sample, and not yet part of a sequence.
func real(f *object) {
	if info := f.at("service", "additionalInfo"); info != nil {
		info.remove("sample")
	}
	f.remove("associatedAttackSequenceArn")
}

// appear gives a finding the names and addresses of a member of the cast.
func (s *Story) appear(f *object, name string) {
	attributes := s.script.Cast[name]
	kind := s.script.Kinds[attributes["kind"].(string)]
	for _, attribute := range slices.Sorted(maps.Keys(attributes)) {
		for _, pattern := range kind[attribute] {
			assign(f, pattern, attributes[attribute])
		}
	}
}

// stamp sets the times and the count of a finding. Times of what happened, such
// as the start of a process, keep their distances and end before the update;
// those of the resource, such as the creation of a bucket, stay.
func stamp(f *object, created, updated time.Time, count int) {
	service := f.at("service")
	f.set("createdAt", iso(created))
	f.set("updatedAt", iso(updated))
	service.set("eventFirstSeen", iso(created.Add(-4*time.Minute).Truncate(time.Second)))
	service.set("eventLastSeen", iso(updated.Add(-90*time.Second).Truncate(time.Second)))
	service.set("count", number(float64(count)))
	newest := 0.0
	happened := func(change func(seconds float64) any) {
		walk(service, nil, func(path []string, leaf any) any {
			n, ok := leaf.(json.Number)
			if !ok || !slices.Contains(eventTimes, path[len(path)-1]) || slices.Contains(path, "data") {
				return leaf
			}
			seconds, err := n.Float64()
			if err != nil {
				return leaf
			}
			return change(seconds)
		})
	}
	happened(func(s float64) any { newest = max(newest, s); return number(s) })
	shift := float64(created.Add(-3*time.Minute).Unix()) - newest
	happened(func(s float64) any { return number(s + shift) })
	if info := service.at("additionalInfo"); info != nil && info.get("value") != nil {
		value := clone(info).(*object)
		value.remove("value")
		value.remove("type")
		info.set("value", string(encode(value)))
	}
}

// eventTimes are the members below service that hold a time in seconds.
var eventTimes = []string{"startTime", "scanStartedAt", "scanCompletedAt", "modifiedAt", "createdTime",
	"createdAt", "updatedAt", "firstSeenAt", "lastSeenAt", "firstSeen", "lastSeen"}

func iso(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func number(f float64) json.Number { return json.Number(strconv.FormatFloat(f, 'f', -1, 64)) }

// check finds what the script names and does not hold.
func (s *Story) check() error {
	known := map[string]bool{}
	for _, b := range s.script.Beats {
		known[b.Name] = true
	}
	if _, err := ago(s.script.Samples.Ago); err != nil {
		return fmt.Errorf("samples: %w", err)
	}
	for name, attributes := range s.script.Cast {
		kind, _ := attributes["kind"].(string)
		for attribute := range attributes {
			if attribute != "kind" && s.script.Kinds[kind][attribute] == nil {
				return fmt.Errorf("cast %q: the kind %q has no %q", name, kind, attribute)
			}
		}
	}
	for name, cast := range s.script.Places {
		if err := s.checkPlace(name, cast); err != nil {
			return fmt.Errorf("place %q: %w", name, err)
		}
	}
	for _, b := range s.script.Beats {
		if err := s.checkBeat(b, known); err != nil {
			return fmt.Errorf("beat %q: %w", b.Name, err)
		}
	}
	return s.checkPlace(s.script.Samples.Place, nil)
}

func (s *Story) checkPlace(name string, cast []string) error {
	if _, ok := s.script.Places[name]; !ok || s.place(name).account == "" {
		return fmt.Errorf("there is no place %q", name)
	}
	for _, member := range cast {
		if s.script.Cast[member] == nil {
			return fmt.Errorf("there is no %q in the cast", member)
		}
	}
	return nil
}

func (s *Story) checkBeat(b *beat, known map[string]bool) error {
	if s.templates[b.Type] == nil {
		return fmt.Errorf("there is no finding of the type %q", b.Type)
	}
	if err := s.checkPlace(b.Place, b.Cast); err != nil {
		return err
	}
	for _, signal := range b.Signals {
		if !known[signal] {
			return fmt.Errorf("there is no beat %q", signal)
		}
	}
	for _, u := range b.Updates {
		if _, err := ago(u.Ago); err != nil {
			return err
		}
		if _, err := ago(u.Every); err != nil {
			return err
		}
		if err := s.checkPlace(b.Place, u.Cast); err != nil {
			return err
		}
	}
	return nil
}
