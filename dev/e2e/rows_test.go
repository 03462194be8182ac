package e2e_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"guardduty-sentinel/dev/internal/seed"
)

// members are the members of a JSON object, their values byte for byte.
type members map[string]json.RawMessage

// text is the text of a member that is a string, else "".
func (m members) text(name string) string {
	var s string
	_ = json.Unmarshal(m[name], &s) // "" for anything else is what is wanted
	return s
}

func (f *fixture) parse(text []byte) members {
	f.Helper()
	var m members
	if err := json.Unmarshal(text, &m); err != nil {
		f.Fatalf("Unmarshal(%.80q) = %v, want nil", text, err)
	}
	return m
}

// bare is an id as GuardDuty writes it, whatever column it came from.
func bare(id string) string { return strings.ReplaceAll(id, "-", "") }

// isGUID tells the ids that go to id_g from those that go to id_s.
var isGUID = regexp.MustCompile(`^[0-9a-fA-F]{32}$`).MatchString

// idOf is the id of a row.
func idOf(row members) string {
	if id := row.text("id_g"); id != "" {
		return bare(id)
	}
	return row.text("id_s")
}

// isFinding says whether a line is a finding: it has a type, and an id or an
// ARN that ends in it.
func isFinding(m members) bool {
	return m.text("type") != "" && (m.text("id") != "" || m.text("arn") != "")
}

// content is what a row and its finding have in common, byte for byte.
func content(id string, resource, service json.RawMessage) string {
	return fmt.Sprintf("id %s\nresource %s\nservice %s", id, resource, service)
}

// arrivedOnce fails the test unless the rows are those of the findings, each
// once, with the source's bytes and the columns that queries read. Lines that
// are not findings must not be there.
func (f *fixture) arrivedOnce(findings [][]byte, objects []seed.Object) {
	f.Helper()
	holders := holders(objects)
	want := make(map[string][]string) // content to the findings' lines
	for _, line := range findings {
		m := f.parse(line)
		if !isFinding(m) {
			continue
		}
		id := m.text("id")
		if isGUID(bare(id)) {
			id = strings.ToLower(bare(id))
		}
		c := content(id, m["resource"], m["service"])
		want[c] = append(want[c], string(line))
	}
	for _, text := range f.cloud.Ingestion.Rows() {
		row := f.parse(text)
		c := content(idOf(row), row["ResourceDetails"], row["ServiceDetails"])
		lines := want[c]
		if len(lines) == 0 {
			f.Errorf("row %.300s: want none, or other bytes", c)
			continue
		}
		want[c] = lines[1:]
		if f.checkColumns(row, f.parse([]byte(lines[0]))); len(lines) == 1 {
			f.checkSource(row, holders[lines[0]])
		}
	}
	for _, c := range slices.Sorted(maps.Keys(want)) {
		if n := len(want[c]); n > 0 {
			f.Errorf("%d rows of finding %.80s are missing, want none", n, c)
		}
	}
}

// checkColumns compares the columns that queries read most.
func (f *fixture) checkColumns(row, finding members) {
	f.Helper()
	for column, member := range map[string]string{"Severity": "severity", "type_s": "type", "title_s": "title"} {
		want := finding[member]
		if member == "severity" && bytes.HasPrefix(want, []byte(`"`)) {
			want = nil // no number, so not in the column
		}
		if !bytes.Equal(row[column], want) {
			f.Errorf("%s of %s = %s, want %s", column, idOf(row), row[column], want)
		}
	}
	id := bare(finding.text("id"))
	if !isGUID(id) {
		return
	}
	want := strings.ToLower(id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:])
	if got := row.text("id_g"); got != want {
		f.Errorf("id_g = %q, want %q", got, want)
	}
}

// checkSource compares the object that a row names with those that hold it.
func (f *fixture) checkSource(row members, keys []string) {
	f.Helper()
	got := row.text("SourceObject_s")
	for _, key := range keys {
		if got == "s3://"+f.cloud.S3.Bucket()+"/"+key {
			return
		}
	}
	f.Errorf("SourceObject_s of %s = %q, want one of %q in %s", idOf(row), got, keys, f.cloud.S3.Bucket())
}

// holders maps each line to the keys of the objects that hold it.
func holders(objects []seed.Object) map[string][]string {
	found := make(map[string][]string)
	for _, o := range objects {
		text := o.Body
		if zr, err := gzip.NewReader(bytes.NewReader(o.Body)); err == nil {
			text, _ = io.ReadAll(zr) // up to where it is damaged
		}
		for line := range bytes.Lines(text) {
			line := string(bytes.TrimRight(line, "\r\n"))
			found[line] = append(found[line], o.Key)
		}
	}
	return found
}

// delivery is a row by what tells it from others.
type delivery struct{ id, object string }

// deliveries returns the rows so far, in order.
func (f *fixture) deliveries() []delivery {
	f.Helper()
	var all []delivery
	for _, text := range f.cloud.Ingestion.Rows() {
		var row struct {
			ID     string `json:"id_g"`
			Object string `json:"SourceObject_s"`
		}
		if err := json.Unmarshal(text, &row); err != nil {
			f.Fatal(err)
		}
		all = append(all, delivery{bare(row.ID), row.Object})
	}
	return all
}

// times counts the rows of each id.
func (f *fixture) times() map[string]int {
	n := make(map[string]int)
	for _, d := range f.deliveries() {
		n[d.id]++
	}
	return n
}

// deliveredOnce fails the test unless each of n findings has one row.
func (f *fixture) deliveredOnce(n int) {
	f.Helper()
	f.delivered(n, 1)
}

// stopGrace is what the handler gives work in flight once it is asked to stop.
const stopGrace = 10 * time.Second

// deliveredInOrder fails the test unless each of n findings has one row after a
// handler that was asked to stop took some time to end. Where the machine was so
// busy that its grace had passed, what was accepted and not yet recorded has two.
func (f *fixture) deliveredInOrder(n int, took time.Duration) {
	f.Helper()
	if took < stopGrace {
		f.delivered(n, 1)
		return
	}
	f.Logf("the handler took %v to end, and has %v: rows may be repeated", took.Round(time.Millisecond), stopGrace)
	f.delivered(n, 2)
}

// delivered fails the test unless each of n findings has one row or more, up
// to most.
func (f *fixture) delivered(n, most int) {
	f.Helper()
	times := f.times()
	for id, got := range times {
		if got > most {
			f.Errorf("rows of finding %s = %d, want at most %d", id, got, most)
		}
	}
	if len(times) != n {
		f.Errorf("findings that arrived = %d, want %d", len(times), n)
	}
}

// runsForNothing makes a run that must succeed and deliver nothing.
func (f *fixture) runsForNothing() {
	f.Helper()
	rows := len(f.deliveries())
	f.run()
	if got := len(f.deliveries()); got != rows {
		f.Errorf("rows after another run = %d, want %d as before", got, rows)
	}
}

// builtIn returns the findings of the repository.
func (f *fixture) builtIn() [][]byte {
	f.Helper()
	in, err := f.cloud.Findings("")
	if err != nil {
		f.Fatal(err)
	}
	return in.Findings
}

// many returns n findings made of those given, each with an id of its own.
func (f *fixture) many(findings [][]byte, n int) [][]byte {
	f.Helper()
	ids := make([][]byte, len(findings))
	for i, line := range findings {
		ids[i] = []byte(f.parse(line).text("id"))
	}
	made := make([][]byte, n)
	for i := range made {
		from := i % len(findings)
		made[i] = bytes.ReplaceAll(findings[from], ids[from], fmt.Appendf(nil, "%08x%024x", i, i))
	}
	return made
}
