package seed_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/seed"
)

// exported is what the tests of the story look at in a finding.
type exported struct {
	object  seed.Object
	account string
	region  string

	ID, ARN, Type, AccountID, Region string
	Severity                         float64
	CreatedAt, UpdatedAt             time.Time
	AssociatedAttackSequenceARN      string
	Service                          struct {
		Count                         int
		Archived                      bool
		EventFirstSeen, EventLastSeen time.Time
		AdditionalInfo                map[string]any
		Detection                     struct {
			Sequence struct {
				Signals []struct {
					UID, Name string
					CreatedAt float64
					Count     int
				}
			}
		}
	}
}

func story(t *testing.T) *seed.Story {
	t.Helper()
	s, err := seed.ReadStory(filepath.Join("..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// findingsOf decodes the findings of objects, in their order.
func findingsOf(t *testing.T, objects []seed.Object) []exported {
	t.Helper()
	var out []exported
	for _, o := range objects {
		lines, err := whole(o.Body)
		if err != nil || len(lines) != o.Findings {
			t.Fatalf("%s holds %d findings, %v, want %d", o.Key, len(lines), err, o.Findings)
		}
		m := exportFile.FindStringSubmatch(o.Key)
		if m == nil {
			t.Fatalf("%s is not the key of an export file", o.Key)
		}
		for _, line := range lines {
			e := exported{object: o, account: m[3], region: m[4]}
			if err := json.Unmarshal(line, &e); err != nil {
				t.Fatalf("%s: %v", o.Key, err)
			}
			out = append(out, e)
		}
	}
	return out
}

func TestStoryIsTheSameForTheSameOptions(t *testing.T) {
	opts := seed.Options{Now: now, Seed: 1, Decoys: true, Damaged: true}
	if !reflect.DeepEqual(story(t).Plan(opts), story(t).Plan(opts)) {
		t.Error("Plan() twice = two different plans, want the same")
	}
	other := opts
	other.Seed = 2
	if reflect.DeepEqual(story(t).Plan(opts), story(t).Plan(other)) {
		t.Error("Plan() with another seed = the same plan, want another")
	}
}

func TestStoryPlaces(t *testing.T) {
	places, accounts := map[string]bool{}, map[string]bool{}
	for _, e := range findingsOf(t, story(t).Plan(seed.Options{Now: now, Prefix: "gd"})) {
		if e.AccountID != e.account || e.Region != e.region {
			t.Errorf("%s of %s in %s lies in the folder of %s and %s", e.ID, e.AccountID, e.Region, e.account, e.region)
		}
		if !strings.HasPrefix(e.ARN, fmt.Sprintf("arn:aws:guardduty:%s:%s:detector/", e.Region, e.AccountID)) ||
			!strings.HasSuffix(e.ARN, "/finding/"+e.ID) {
			t.Errorf("the ARN of %s in %s %s is %s", e.ID, e.AccountID, e.Region, e.ARN)
		}
		accounts[e.account] = true
		places[e.account+e.region] = true
	}
	if len(accounts) != 4 || len(places) != 7 {
		t.Errorf("the story has %d accounts and %d pairs of account and Region, want 4 and 7",
			len(accounts), len(places))
	}
}

func TestStoryTimes(t *testing.T) {
	days := map[string]bool{}
	for _, at := range []time.Time{now, now.Truncate(24 * time.Hour).Add(time.Second)} {
		for _, e := range findingsOf(t, story(t).Plan(seed.Options{Now: at, Seed: 3})) {
			written := e.object.LastModified
			if delay := written.Sub(e.UpdatedAt); delay <= 0 || delay > 5*time.Minute {
				t.Errorf("%s was written %v after its update, want up to 5m", e.ID, delay)
			}
			oldest := at.Add(-30 * 24 * time.Hour)
			if e.CreatedAt.Before(oldest) || e.CreatedAt.After(e.UpdatedAt) || written.After(at) {
				t.Errorf("%s was made at %v, updated at %v and written at %v, want within thirty days of %v",
					e.ID, e.CreatedAt, e.UpdatedAt, written, at)
			}
			first, last := e.Service.EventFirstSeen, e.Service.EventLastSeen
			if first.After(last) || last.After(e.UpdatedAt) {
				t.Errorf("%s was seen from %v to %v and updated at %v", e.ID, first, last, e.UpdatedAt)
			}
			if folder := exportFile.FindStringSubmatch(e.object.Key)[5]; folder != written.Format("2006/01/02") {
				t.Errorf("%s was written at %v into the folder %s", e.ID, written, folder)
			}
			days[written.Format(time.DateOnly)] = true
		}
	}
	if len(days) < 25 {
		t.Errorf("the story has findings on %d days, want at least 25", len(days))
	}
}

func TestStorySamples(t *testing.T) {
	samples, templates := map[string]int{}, map[string]bool{}
	for _, f := range builtIn(t) {
		var finding struct{ Type string }
		if err := json.Unmarshal(f, &finding); err != nil {
			t.Fatal(err)
		}
		templates[finding.Type] = true
	}
	real := 0
	for _, e := range findingsOf(t, story(t).Plan(seed.Options{Now: now})) {
		var value map[string]any
		if err := json.Unmarshal([]byte(e.Service.AdditionalInfo["value"].(string)), &value); err != nil {
			t.Fatal(err)
		}
		if value["sample"] != e.Service.AdditionalInfo["sample"] {
			t.Errorf("%s: sample is %v, and %v in the text", e.ID, e.Service.AdditionalInfo["sample"], value["sample"])
		}
		if value["sample"] == true {
			samples[e.Type]++
			continue
		}
		real++
	}
	if len(samples) != len(templates) || len(samples) != 224 {
		t.Errorf("the story has samples of %d types, want one of each of %d", len(samples), len(templates))
	}
	if real < 100 {
		t.Errorf("the story has %d findings that are not samples, want at least 100", real)
	}
}

func TestStoryUpdates(t *testing.T) {
	byID := map[string][]exported{}
	for _, e := range findingsOf(t, story(t).Plan(seed.Options{Now: now})) {
		byID[e.ID] = append(byID[e.ID], e)
	}
	updated, rose, back := 0, "", ""
	for _, list := range byID {
		for i := 1; i < len(list); i++ {
			before, after := list[i-1], list[i]
			updated++
			if !after.UpdatedAt.After(before.UpdatedAt) || after.Service.Count <= before.Service.Count ||
				!after.CreatedAt.Equal(before.CreatedAt) || after.Type != before.Type {
				t.Errorf("%s went from %v with count %d to %v with count %d", after.Type, before.UpdatedAt,
					before.Service.Count, after.UpdatedAt, after.Service.Count)
			}
			if before.Severity < 4 && after.Severity >= 7 {
				rose = after.Type
			}
			if after.UpdatedAt.Sub(before.UpdatedAt) > 14*24*time.Hour {
				back = after.Type
			}
		}
	}
	if updated < 50 || rose != "Recon:EC2/PortProbeUnprotectedPort" || back != "CryptoCurrency:EC2/BitcoinTool.B!DNS" {
		t.Errorf("%d updates, %q rose from Low to High, %q came back after two weeks", updated, rose, back)
	}
}

func TestStoryAttackSequence(t *testing.T) {
	byARN := map[string]exported{}
	var sequences []exported
	members := 0
	for _, e := range findingsOf(t, story(t).Plan(seed.Options{Now: now})) {
		if _, ok := byARN[e.ARN]; !ok {
			byARN[e.ARN] = e
		}
		if strings.HasPrefix(e.Type, "AttackSequence:") && e.Service.AdditionalInfo["sample"] == nil {
			sequences = append(sequences, e)
		}
		if e.Service.AdditionalInfo["sample"] == nil && e.AssociatedAttackSequenceARN != "" {
			members++
			if !strings.HasPrefix(byARN[e.AssociatedAttackSequenceARN].Type, "AttackSequence:") {
				t.Errorf("%s belongs to %q, want a sequence", e.Type, e.AssociatedAttackSequenceARN)
			}
		}
	}
	var signals []int
	for _, s := range sequences {
		signals = append(signals, len(s.Service.Detection.Sequence.Signals))
		for _, signal := range s.Service.Detection.Sequence.Signals {
			member, ok := byARN[signal.UID]
			if !ok || member.Type != signal.Name || signal.Count == 0 ||
				int64(signal.CreatedAt) != member.CreatedAt.Unix() {
				t.Errorf("signal %q of the sequence is %q in the story", signal.Name, member.Type)
			}
		}
	}
	if fmt.Sprint(signals) != "[6 7 7]" || members == 0 {
		t.Errorf("sequences have %v signals and %d members that name them, want [6 7 7] and some", signals, members)
	}
}

func TestStoryDamaged(t *testing.T) {
	total := map[bool]int{}
	for _, damaged := range []bool{false, true} {
		for _, o := range story(t).Plan(seed.Options{Now: now, Damaged: damaged}) {
			lines, _ := whole(o.Body)
			if len(lines) != o.Findings {
				t.Errorf("%s holds %d findings, want %d", o.Key, len(lines), o.Findings)
			}
			total[damaged] += o.Findings
		}
	}
	if total[true] != total[false] {
		t.Errorf("with damaged objects the story has %d findings, want %d", total[true], total[false])
	}
}

func TestStoryNext(t *testing.T) {
	s, ids, types := story(t), map[string]bool{}, map[string]bool{}
	for n := range 300 {
		at := now.Add(time.Duration(n) * time.Minute)
		e := findingsOf(t, []seed.Object{s.Next(n, at, seed.Options{Seed: 1})})
		if len(e) != 1 || e[0].AccountID != e[0].account || e[0].Region != e[0].region ||
			!e[0].object.LastModified.Equal(at) || at.Sub(e[0].UpdatedAt) > 10*time.Minute || e[0].UpdatedAt.After(at) {
			t.Fatalf("Next(%d) = %+v, want one finding of its place, updated just before %v", n, e, at)
		}
		ids[e[0].ID], types[e[0].Type] = true, true
	}
	if len(ids) != 300 || len(types) != 224 {
		t.Errorf("300 next findings have %d ids and %d types, want 300 and 224", len(ids), len(types))
	}
}

func TestStoryScriptFaults(t *testing.T) {
	const places = `"accounts": {"a": "111122223333"}, "places": {"a/eu-west-1": []}, ` +
		`"samples": {"place": "a/eu-west-1", "ago": "1d"}, `
	beat := func(rest string) string {
		return `{` + places + `"beats": [{"name": "b", ` + rest + `}]}`
	}
	template := []byte(`{"type":"T","id":"1","service":{"detectorId":"d"}}`)
	tests := []struct{ script, err string }{
		{`{"acts": []}`, "acts"},
		{beat(`"type": "U", "place": "a/eu-west-1"`), `"U"`},
		{beat(`"type": "T", "place": "b/eu-west-1"`), `"b/eu-west-1"`},
		{beat(`"type": "T", "place": "a/eu-west-1", "cast": ["who"]`), `"who"`},
		{beat(`"type": "T", "place": "a/eu-west-1", "signals": ["c"]`), `"c"`},
		{beat(`"type": "T", "place": "a/eu-west-1", "updates": [{"ago": "1x"}]`), `"1x"`},
		{`{` + places + `"cast": {"x": {"kind": "k", "id": 1}}}`, `"k"`},
	}
	for _, tt := range tests {
		_, err := seed.NewStory([]byte(tt.script), [][]byte{template})
		if err == nil || !strings.Contains(err.Error(), tt.err) {
			t.Errorf("NewStory(%s) = %v, want an error with %s", tt.script, err, tt.err)
		}
	}
	if _, err := seed.NewStory([]byte(`{`+places+`"beats": []}`), [][]byte{bytes.TrimSpace(template)}); err != nil {
		t.Errorf("NewStory() = %v, want nil", err)
	}
}
