package seed_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/seed"
)

var now = time.Date(2026, 3, 14, 15, 42, 7, 0, time.UTC)

var exportFile = regexp.MustCompile(
	`^((?:[^/]+/)*)AWSLogs/(?:(o-[a-z0-9]+)/)?(\d{12})/GuardDuty/([a-z]+-[a-z]+-\d)/(\d{4}/\d{2}/\d{2})/` +
		`[0-9a-f]{8}-[0-9a-f]{4}-[34][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\.jsonl\.gz$`)

func builtIn(t *testing.T) [][]byte {
	t.Helper()
	findings, err := seed.ReadFindings(filepath.Join("..", "..", "..", seed.BuiltIn))
	if err != nil {
		t.Fatal(err)
	}
	return findings
}

// whole gives the JSON objects with a schemaVersion and an id in an export
// file, and how the reading of its gzip ended.
func whole(body []byte) ([][]byte, error) {
	zr, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(zr)
	var out [][]byte
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		var f struct{ SchemaVersion, ID string }
		if json.Unmarshal(line, &f) == nil && f.ID != "" {
			out = append(out, bytes.TrimSuffix(line, []byte("\r")))
		}
	}
	return out, err
}

func TestPlanIsTheSameForTheSameOptions(t *testing.T) {
	opts := seed.Options{Now: now, Seed: 7, Decoys: true, Damaged: true}
	a, b := seed.Plan(builtIn(t), opts), seed.Plan(builtIn(t), opts)
	if !reflect.DeepEqual(a, b) {
		t.Error("Plan() twice = two different plans, want the same")
	}
	opts.Seed = 8
	if c := seed.Plan(builtIn(t), opts); reflect.DeepEqual(a, c) {
		t.Error("Plan() with another seed = the same plan, want another")
	}
}

func TestPlanKeepsEveryFindingByteForByte(t *testing.T) {
	findings := builtIn(t)
	var want []string
	for _, f := range findings {
		want = append(want, string(f))
	}
	slices.Sort(want)
	for _, opts := range []seed.Options{
		{Now: now},
		{Now: now, OneFindingPerObject: true, Days: 5},
		{Now: now, Decoys: true, Damaged: true},
	} {
		var got []string
		total := 0
		for _, o := range seed.Plan(findings, opts) {
			lines, _ := whole(o.Body) // damaged ones end in an error
			if len(lines) != o.Findings {
				t.Errorf("%s holds %d findings, want %d", o.Key, len(lines), o.Findings)
			}
			for _, line := range lines {
				got = append(got, string(line))
			}
			total += o.Findings
		}
		slices.Sort(got)
		if !slices.Equal(got, want) || total != len(want) {
			t.Errorf("Plan(%+v) holds %d findings (says %d), want all %d as they were",
				opts, len(got), total, len(want))
		}
	}
}

func TestPlanLooksLikeAnExport(t *testing.T) {
	tests := []struct {
		name   string
		opts   seed.Options
		prefix string
		org    string
	}{
		{"bare", seed.Options{Now: now}, "", ""},
		{"prefix", seed.Options{Now: now, Prefix: "security/gd"}, "security/gd/", ""},
		{"prefix with a slash", seed.Options{Now: now, Prefix: "gd/"}, "gd/", ""},
		{"organization", seed.Options{Now: now, Organization: "o-abc123"}, "", "o-abc123"},
		{"places", seed.Options{Now: now, Accounts: []string{"000000000001"}, Regions: []string{"us-gov-1"}}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			objects := seed.Plan(builtIn(t), tt.opts)
			places := map[string]bool{}
			keys := map[string]bool{}
			several := 0
			for _, o := range objects {
				m := exportFile.FindStringSubmatch(o.Key)
				if m == nil || m[1] != tt.prefix || m[2] != tt.org {
					t.Fatalf("key = %q, want an export file below %q", o.Key, tt.prefix+"AWSLogs/"+tt.org)
				}
				places[m[3]+" "+m[4]], keys[o.Key] = true, true
				if o.Findings > 1 {
					several++
				}
			}
			want := 6
			if tt.opts.Accounts != nil {
				want = 1
			}
			if len(places) != want || len(keys) != len(objects) {
				t.Errorf("Plan() = %d keys in %d places, want %d in %d", len(keys), len(places), len(objects), want)
			}
			if several == 0 || several > len(objects)/3 {
				t.Errorf("%d of %d objects hold several findings, want some but not many", several, len(objects))
			}
		})
	}
}

func TestPlanOneFindingPerObject(t *testing.T) {
	findings := builtIn(t)
	objects := seed.Plan(findings, seed.Options{Now: now, OneFindingPerObject: true})
	if len(objects) != len(findings) {
		t.Errorf("Plan() = %d objects, want %d", len(objects), len(findings))
	}
}

func TestPlanTimes(t *testing.T) {
	for _, tt := range []struct {
		days    int
		now     time.Time
		folders int
		late    int // objects in the folder of the day before theirs
	}{
		{0, now, 2, 1},
		{1, time.Date(2026, 3, 1, 0, 3, 0, 0, time.UTC), 2, 0}, // one object since midnight: it makes today's folder
		{4, now, 5, 4},
	} {
		objects := seed.Plan(builtIn(t), seed.Options{Now: tt.now, Days: tt.days, Seed: 3})
		oldest := tt.now.Add(-time.Duration(max(tt.days, 1)) * 24 * time.Hour).Add(50 * time.Minute)
		folders, seconds := map[string]bool{}, map[time.Time]int{}
		late := 0
		for i, o := range objects {
			at := o.LastModified
			if at.Before(oldest) || at.After(tt.now) || at.Location() != time.UTC {
				t.Errorf("%s was written at %v, want from %v to %v", o.Key, at, oldest, tt.now)
			}
			if i > 0 && at.Before(objects[i-1].LastModified) {
				t.Errorf("object %d is older than the one before, want order of time", i)
			}
			if d := at.Sub(at.Truncate(5 * time.Minute)); d < time.Second || d > 6*time.Second {
				t.Errorf("%s was written %v after a tick, want 1 to 6 s", o.Key, d)
			}
			day := exportFile.FindStringSubmatch(o.Key)[5]
			folders[day] = true
			seconds[at]++
			if day != at.Format("2006/01/02") {
				late++
				if day != at.Add(-10*time.Second).Format("2006/01/02") {
					t.Errorf("%s was written at %v, want its day or just after", o.Key, at)
				}
			}
		}
		if len(folders) != tt.folders || late != tt.late {
			t.Errorf("Plan(%d days) = %d day folders, %d objects late for theirs, want %d and %d",
				tt.days, len(folders), late, tt.folders, tt.late)
		}
		if len(seconds) > len(objects)*3/4 {
			t.Errorf("%d objects in %d seconds, want more in the same second", len(objects), len(seconds))
		}
	}
}

func TestDecoys(t *testing.T) {
	findings := builtIn(t)
	plain := seed.Plan(findings, seed.Options{Now: now, Prefix: "gd"})
	with := seed.Plan(findings, seed.Options{Now: now, Prefix: "gd", Decoys: true})
	known := map[string]bool{}
	for _, o := range plain {
		known[o.Key] = true
	}
	kinds := map[string]int{}
	for _, o := range with {
		if known[o.Key] {
			continue
		}
		if o.Findings != 0 {
			t.Errorf("%s says %d findings, want 0", o.Key, o.Findings)
		}
		if o.LastModified.After(now) {
			t.Errorf("%s was written at %v, want no later than %v", o.Key, o.LastModified, now)
		}
		switch {
		case strings.HasSuffix(o.Key, "/") && len(o.Body) == 0:
			kinds["folder marker"]++
		case exportFile.MatchString(o.Key) && len(o.Body) == 0:
			kinds["no bytes"]++
		case strings.Contains(o.Key, "/GuardDuty/") && strings.HasSuffix(o.Key, ".json"):
			kinds["json"]++
		case strings.Contains(o.Key, "/CloudTrail/"):
			kinds["CloudTrail"]++
		case strings.Contains(o.Key, "/Config/"):
			kinds["Config"]++
		default:
			t.Errorf("unexpected object %s", o.Key)
		}
	}
	want := map[string]int{"folder marker": 5, "no bytes": 1, "json": 1, "CloudTrail": 6, "Config": 6}
	if !reflect.DeepEqual(kinds, want) {
		t.Errorf("decoys = %v, want %v", kinds, want)
	}
	if len(with) != len(plain)+19 {
		t.Errorf("Plan() with decoys = %d objects, want %d", len(with), len(plain)+19)
	}
}

func TestDamaged(t *testing.T) {
	// Small findings must not fit whole into what is left of the truncated one.
	for _, n := range []int{0, 1, 2, 3, 4, 6, 7, 30} {
		var findings [][]byte
		for i := range n {
			findings = append(findings, fmt.Appendf(nil, `{"schemaVersion":"2.0","id":"%d"}`, i))
		}
		truncated, html, total := 0, 0, 0
		for _, o := range seed.Plan(findings, seed.Options{Now: now, Damaged: true}) {
			lines, err := whole(o.Body)
			if len(lines) != o.Findings || !exportFile.MatchString(o.Key) {
				t.Errorf("Plan of %d: %s holds %d findings, want %d in an export file",
					n, o.Key, len(lines), o.Findings)
			}
			switch {
			case errors.Is(err, io.ErrUnexpectedEOF):
				truncated++
				if want := min(n, 3); o.Findings != want {
					t.Errorf("Plan of %d: the truncated object holds %d findings, want %d", n, o.Findings, want)
				}
			case errors.Is(err, gzip.ErrHeader) && bytes.HasPrefix(o.Body, []byte("<!DOCTYPE html>")):
				html++
			case err != nil:
				t.Errorf("Plan of %d: reading %s = %v, want nil", n, o.Key, err)
			}
			total += o.Findings
		}
		if truncated != 1 || html != 1 || total != n {
			t.Errorf("Plan of %d = %d truncated, %d HTML, %d findings, want 1, 1, %d", n, truncated, html, total, n)
		}
	}
}

func TestDamagedLines(t *testing.T) {
	badLine, empty := 0, 0
	for _, o := range seed.Plan(builtIn(t), seed.Options{Now: now, Damaged: true}) {
		zr, err := gzip.NewReader(bytes.NewReader(o.Body))
		if err != nil {
			continue
		}
		text, err := io.ReadAll(zr)
		if err != nil {
			continue
		}
		lines := strings.Split(string(text), "\n")
		valid := func(n int) bool { return json.Valid([]byte(lines[n])) }
		if len(lines) == 3 && valid(0) && !valid(1) && valid(2) {
			badLine++
		}
		if slices.Contains(lines, `{"findings":[]}`) && lines[0] == "" && o.Findings == 2 {
			empty++
		}
	}
	if badLine != 1 || empty != 1 {
		t.Errorf("Plan() = %d objects with a bad line between good ones and %d with empty lines, want 1 and 1",
			badLine, empty)
	}
}
