// Package rows shows the rows of a local run without the KQL engine, which
// needs Node.
package rows

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"guardduty-sentinel/dev/internal/text"
)

// Row is one row of AWSGuardDuty_CL.
type Row struct {
	TimeGenerated time.Time
	Severity      float64
	Type          string `json:"type_s"`
	Title         string `json:"title_s"`
	ResourceType  string `json:"resource_resourceType_s"`
	ResourceRole  string `json:"service_resourceRole_s"`
	Account       string `json:"accountId_s"`
	Region        string `json:"region_s"`
	ID            string `json:"id_g"`
	Sample        bool   `json:"service_additionalInfo_sample_b"`
}

// Read reads a file of rows, one JSON object a line.
func Read(file string) ([]Row, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("rows: %w", err)
	}
	defer f.Close()
	var list []Row
	for d := json.NewDecoder(f); ; {
		var r Row
		switch err := d.Decode(&r); {
		case errors.Is(err, io.EOF):
			return list, nil
		case err != nil:
			return nil, fmt.Errorf("rows: %s: %w", file, err)
		}
		for _, text := range []*string{&r.Type, &r.Title, &r.ResourceType, &r.ResourceRole, &r.Account} {
			*text = Line(*text)
		}
		list = append(list, r)
	}
}

// Line is text in one line, and nothing in it that a terminal would act on: what
// a finding says comes from outside.
func Line(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.In(c, unicode.Cc, unicode.Cf) {
			return utf8.RuneError
		}
		return c
	}, strings.Join(strings.Fields(text), " "))
}

// Count is the number of lines of a file of rows.
func Count(file string) (int, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("rows: %w", err)
	}
	return bytes.Count(text, []byte("\n")), nil
}

// guideLimit is the limit of the guide's query.
const guideLimit = 20

// Guide prints what the guide's query gives: the newest rows of a severity
// above 2, six columns of each. Only titles are shortened, to keep lines within
// width.
func Guide(w io.Writer, list []Row, width int) {
	list = slices.DeleteFunc(slices.Clone(list), func(r Row) bool { return r.Severity <= 2 })
	slices.SortStableFunc(list, func(a, b Row) int { return b.TimeGenerated.Compare(a.TimeGenerated) })
	list = list[:min(guideLimit, len(list))]
	t := table{
		columns: []string{
			"TimeGenerated",
			"Severity",
			"type_s",
			"title_s",
			"resource_resourceType_s",
			"service_resourceRole_s",
		},
		shortened: 3,
	}
	for _, r := range list {
		t.lines = append(t.lines, []string{
			r.TimeGenerated.UTC().Format("2006-01-02T15:04:05.000Z"),
			fmt.Sprintf("%8.1f", r.Severity),
			r.Type,
			r.Title,
			r.ResourceType,
			r.ResourceRole,
		})
	}
	t.print(w, width)
	fmt.Fprintf(w, "(%s)\n", text.Plural(len(list), "row"))
}

// severities are the bands of GuardDuty that call for attention.
const (
	critical = 9.0
	high     = 7.0
)

// Alarming prints how many findings of High and Critical severity each account
// has, by the latest row of each finding, and the gravest one's title. Samples
// do not count.
func Alarming(w io.Writer, list []Row, width int) {
	type account struct {
		critical, high int
		gravest        Row
	}
	accounts := map[string]*account{}
	for _, r := range latest(list) {
		if r.Severity < high || r.Sample {
			continue
		}
		a := accounts[r.Account]
		if a == nil {
			a = &account{}
			accounts[r.Account] = a
		}
		if r.Severity >= critical {
			a.critical++
		} else {
			a.high++
		}
		if r.Severity > a.gravest.Severity {
			a.gravest = r
		}
	}
	t := table{columns: []string{"account", "Critical", "High", "gravest finding"}, shortened: 3}
	for id, a := range accounts {
		t.lines = append(t.lines,
			[]string{id, fmt.Sprintf("%8d", a.critical), fmt.Sprintf("%4d", a.high), a.gravest.Title})
	}
	slices.SortFunc(t.lines, func(a, b []string) int {
		return cmp.Or(cmp.Compare(b[1], a[1]), cmp.Compare(b[2], a[2]), cmp.Compare(a[0], b[0]))
	})
	if len(t.lines) == 0 {
		fmt.Fprintln(w, "None.")
		return
	}
	t.print(w, width)
}

// latest is the newest row of each finding.
func latest(list []Row) []Row {
	type finding struct{ account, region, id string }
	newest := map[finding]int{}
	var kept []Row
	for _, r := range list {
		key := finding{r.Account, r.Region, r.ID}
		at, ok := newest[key]
		switch {
		case !ok:
			newest[key] = len(kept)
			kept = append(kept, r)
		case !r.TimeGenerated.Before(kept[at].TimeGenerated):
			kept[at] = r
		}
	}
	return kept
}
