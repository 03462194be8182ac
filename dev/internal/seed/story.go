package seed

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// StoryFile is the script of the built-in story, seen from the repository's
// root. What it holds is described in dev/testdata/README.md.
const StoryFile = "dev/testdata/story.json"

// Story is thirty days of findings in several accounts and Regions: findings
// that are updated, one whose severity rises, some that come back, an attack
// sequence, and GuardDuty's sample findings beside them.
type Story struct {
	script    script
	templates map[string]*object // by finding type
	types     []string           // of the templates, in their order
}

// script is what StoryFile holds.
type script struct {
	Accounts map[string]string              // number by name
	Kinds    map[string]map[string][]string // patterns by attribute by kind of cast
	Cast     map[string]map[string]any      // attributes by name
	Places   map[string][]string            // the cast of "account/region"
	Samples  struct{ Place, Ago string }
	Beats    []*beat
}

// beat is one finding with its updates.
type beat struct {
	Name     string
	Note     string
	Type     string
	Place    string
	Cast     []string
	Set      map[string]any // value by pattern
	Severity float64        // 0 for that of the template
	Signals  []string       // of an attack sequence: the beats that it is made of
	Updates  []update
}

// update is one export of a finding, or several at equal distances.
type update struct {
	Ago      string
	Count    int
	Severity float64 // 0 for that of the beat
	Cast     []string
	Set      map[string]any
	Every    string // with Times: this long between them
	Times    int
	Step     int // by how much the count grows each time
}

// ReadStory reads the story and the findings that it is made of.
func ReadStory(root string) (*Story, error) {
	text, err := os.ReadFile(filepath.Join(root, StoryFile))
	if err != nil {
		return nil, fmt.Errorf("story: %w", err)
	}
	findings, err := ReadFindings(filepath.Join(root, BuiltIn))
	if err != nil {
		return nil, err
	}
	return NewStory(text, findings)
}

// NewStory makes a story of a script and of findings to make its findings of,
// one of each type.
func NewStory(text []byte, findings [][]byte) (*Story, error) {
	s := &Story{templates: map[string]*object{}}
	dec := json.NewDecoder(strings.NewReader(string(text)))
	dec.DisallowUnknownFields()
	dec.UseNumber()
	if err := dec.Decode(&s.script); err != nil {
		return nil, fmt.Errorf("story: %w", err)
	}
	for n, line := range findings {
		v, err := parse(line)
		if err != nil {
			return nil, fmt.Errorf("story: finding %d: %w", n+1, err)
		}
		o, ok := v.(*object)
		if !ok || o.text("type") == "" || o.at("service") == nil {
			return nil, fmt.Errorf("story: finding %d is not a GuardDuty finding", n+1)
		}
		s.types = append(s.types, o.text("type"))
		s.templates[o.text("type")] = o
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("story: %w", err)
	}
	return s, nil
}

// Plan lays the story out as objects, in order of LastModified and key, up to
// opts.Now; the accounts, Regions and days are the story's own. It is the same
// for the same options. Every finding lies in the folder of its account and
// Region.
func (s *Story) Plan(opts Options) []Object {
	opts.Accounts = slices.Sorted(maps.Values(s.script.Accounts))
	opts.Regions = s.regions()
	opts.Days = storyDays
	p := newPlanner(opts)
	lines := s.lines(p)
	samples := s.samples(p)
	if opts.Damaged {
		place := s.place(s.script.Samples.Place)
		odd := *p
		odd.Accounts, odd.Regions = []string{place.account}, []string{place.region}
		cut := max(0, len(samples)-damagedFindings)
		var kept [][]byte
		for _, l := range samples[cut:] {
			kept = append(kept, l.text)
		}
		odd.damaged(kept)
		p.objects, samples = odd.objects, samples[:cut]
	}
	p.exports(append(lines, samples...))
	if opts.Decoys {
		p.decoys()
	}
	return p.sorted()
}

// storyDays is how many days the story is long.
const storyDays = 30

// line is a finding that is to be written into an object.
type line struct {
	place place
	at    time.Time // when its object is written
	text  []byte
}

type place struct{ account, region string }

// place reads "account/region".
func (s *Story) place(name string) place {
	account, region, _ := strings.Cut(name, "/")
	return place{s.script.Accounts[account], region}
}

func (s *Story) regions() []string {
	var regions []string
	for name := range s.script.Places {
		regions = append(regions, s.place(name).region)
	}
	slices.Sort(regions)
	return slices.Compact(regions)
}

// exports writes lines as objects: those of one place and moment together, a
// few in an object.
func (p *planner) exports(lines []line) {
	slices.SortStableFunc(lines, func(a, b line) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.place.account, b.place.account),
			cmp.Compare(a.place.region, b.place.region))
	})
	for len(lines) > 0 {
		n := 1
		for n < len(lines) && n < linesPerObject && !p.OneFindingPerObject &&
			lines[n].at.Equal(lines[0].at) && lines[n].place == lines[0].place {
			n++
		}
		var texts [][]byte
		for _, l := range lines[:n] {
			texts = append(texts, l.text)
		}
		key := p.regionFolder(lines[0].place, lines[0].at) + p.uuid() + ".jsonl.gz"
		p.add(key, p.gzipped(p.text(texts)), lines[0].at, n)
		lines = lines[n:]
	}
}

// linesPerObject is the most findings that exports puts into an object.
const linesPerObject = 5

// Next is the object of a new finding, written at the given time: the nth of
// those that keep coming after the story. They go through the types of the
// findings and then begin again, with other ids.
func (s *Story) Next(n int, at time.Time, opts Options) Object {
	opts.Now = at
	p := newPlanner(opts)
	places := slices.Sorted(maps.Keys(s.script.Places))
	b := &beat{
		Name:    fmt.Sprintf("next %d", n),
		Type:    s.types[(n*61)%len(s.types)], // neighbors in the list are much alike
		Place:   places[n%len(places)],
		Updates: []update{{Ago: "0s", Count: 1}},
	}
	f := s.versions(p, b)[0]
	p.exports([]line{{f.line.place, p.Now, encode(f.finding)}})
	return p.objects[0]
}

// random gives the same numbers for the same seed and name, whatever else is in
// the story.
func random(seed uint64, name string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// hexID is 32 hexadecimal digits, as GuardDuty names findings and detectors.
func hexID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// ago reads a duration such as "12d4h" or "30m".
func ago(text string) (time.Duration, error) {
	days := 0
	rest := text
	if d, r, ok := strings.Cut(text, "d"); ok {
		var err error
		if days, err = strconv.Atoi(d); err != nil {
			return 0, fmt.Errorf("%q is not a time such as 12d4h", text)
		}
		rest = r
	}
	if rest == "" {
		rest = "0s"
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 || days < 0 {
		return 0, fmt.Errorf("%q is not a time such as 12d4h", text)
	}
	return time.Duration(days)*24*time.Hour + d, nil
}
