package seed_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"guardduty-sentinel/dev/internal/seed"
)

func decode(t *testing.T, text []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}

// write makes a file, and the folders above it.
func write(t *testing.T, dir, name string, text []byte) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func zipped(text string) []byte {
	var buf bytes.Buffer
	zw := gzip.NewWriter(&buf)
	zw.Write([]byte(text)) // to memory
	zw.Close()
	return buf.Bytes()
}

func utf16Text(text string, order binary.ByteOrder) []byte {
	out := order.(binary.AppendByteOrder).AppendUint16(nil, 0xfeff)
	for _, unit := range utf16.Encode([]rune(text)) {
		out = order.(binary.AppendByteOrder).AppendUint16(out, unit)
	}
	return out
}

// one is a small finding in the export's form.
func one(id string) string {
	return fmt.Sprintf(`{"id":"%s","type":"Trojan:EC2/DropPoint","severity": 5.0 }`, id)
}

func texts(findings [][]byte) []string {
	var out []string
	for _, f := range findings {
		out = append(out, string(f))
	}
	return out
}

func TestReadForms(t *testing.T) {
	pretty := "{\n  \"id\": \"p\",\r\n  \"type\": \"T\"\n}\n"
	tests := []struct {
		name string
		text []byte
		want []string
	}{
		{"lines.jsonl", []byte(one("1") + "\n\n \n" + one("2")), []string{one("1"), one("2")}},
		{"CRLF.jsonl", []byte(one("1") + "\r\n" + one("2") + "\r\n"), []string{one("1"), one("2")}},
		{"lines.ndjson", []byte(one("1") + "\n"), []string{one("1")}},
		{"no-newlines.json", []byte(one("1") + one("2")), []string{one("1"), one("2")}},
		{"array.json", []byte("[" + one("1") + ",\n" + one("2") + "]"), []string{one("1"), one("2")}},
		{"arrays.jsonl", []byte("[" + one("1") + "]\n[[" + one("2") + "]]"), []string{one("1"), one("2")}},
		{"pretty.json", []byte(pretty + pretty[:len(pretty)-1]),
			[]string{`{"id":"p","type":"T"}`, `{"id":"p","type":"T"}`}},
		{"mark.json", []byte("\xef\xbb\xbf" + one("1")), []string{one("1")}},
		{"windows.json", utf16Text(one("é"), binary.LittleEndian), []string{one("é")}},
		{"big-endian.json", utf16Text(one("é"), binary.BigEndian), []string{one("é")}},
		{"lines.jsonl.gz", zipped(one("1") + "\n" + one("2") + "\n"), []string{one("1"), one("2")}},
		{"pretty.json.gz", zipped(pretty), []string{`{"id":"p","type":"T"}`}},
		{"other-name", zipped("[" + one("1") + "]"), []string{one("1")}},
		{"arn.jsonl", []byte(`{"arn":"arn:aws:guardduty:x/finding/1","type":"T"}`),
			[]string{`{"arn":"arn:aws:guardduty:x/finding/1","type":"T"}`}},
		{"rest-api.json", []byte(`{"findings":[` + one("1") + `]}`), []string{one("1")}},
	}
	for _, tt := range tests {
		in, err := seed.Read(write(t, t.TempDir(), tt.name, tt.text))
		if err != nil || len(in.Notes) != 0 || !slices.Equal(texts(in.Findings), tt.want) {
			t.Errorf("Read(%s) = %q, notes %q, %v, want %q", tt.name, in.Findings, in.Notes, err, tt.want)
		}
	}
}

func TestReadFolders(t *testing.T) {
	dir := t.TempDir()
	b := write(t, dir, "b.jsonl", []byte(one("b")))
	write(t, dir, "a/2026/c.jsonl.gz", zipped(one("c")))
	write(t, dir, "a/a.json", []byte(one("a")))
	spaced := write(t, dir, "with space, and comma.json", []byte(one("s")))
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	all := []string{one("c"), one("a"), one("b"), one("s")}
	sub := filepath.Join(dir, "a")
	tests := []struct {
		list string
		want []string
	}{
		{dir, all},
		{link, all},
		{b, []string{one("b")}},
		{spaced, []string{one("s")}},
		{b + string(os.PathListSeparator) + sub, []string{one("b"), one("c"), one("a")}},
		{b + ", " + sub + ",", []string{one("b"), one("c"), one("a")}},
		{sub + "," + sub, []string{one("c"), one("a")}},
		{filepath.Join(dir, "*.json*"), []string{one("b"), one("s")}},
	}
	for _, tt := range tests {
		in, err := seed.Read(tt.list)
		if err != nil || len(in.Notes) != 0 || !slices.Equal(texts(in.Findings), tt.want) {
			t.Errorf("Read(%s) = %q, notes %q, %v, want %q", tt.list, in.Findings, in.Notes, err, tt.want)
		}
	}
	t.Setenv("HOME", dir)
	if in, err := seed.Read("~/b.jsonl"); err != nil || len(in.Findings) != 1 {
		t.Errorf("Read(~/b.jsonl) = %v, %v, want the finding below the home folder", in, err)
	}
}

// TestReadSkips is about what stands beside findings: it is named, with its line.
func TestReadSkips(t *testing.T) {
	update := `{"id":"1","type":"T","updatedAt":"2026-01-01T00:00:00Z","service":{"count":%d}}`
	half := string(zipped(one("1") + "\n" + strings.Repeat(one("2")+"\n", 2000))[:90])
	again := fmt.Sprintf(update+"\n"+update+"\n"+update, 1, 1, 2)
	tests := []struct {
		name string
		text string
		note string // without the file's name
		n    int    // findings
	}{
		{"a.jsonl", one("1") + "\n{\"id\":\n" + one("2"), ":2: skipped: not JSON: ", 2},
		{"cut.jsonl", one("1") + "\n" + one("2")[:20], ":2: skipped: not JSON: unexpected EOF", 1},
		{"pretty.json", "{\n  \"id\": nix,\n  \"type\": \"T\"\n}\n{\n  \"id\": \"1\", \"type\": \"T\"\n}",
			":1: skipped: not JSON: ", 1},
		{"names.txt", "Findings of May\n", ": skipped: not JSON", 0},
		{"empty.json", " \n", ": skipped: it is empty", 0},
		{"text.jsonl", one("1") + "\n\"no\"", ":2: skipped: not a JSON object", 1},
		{"list.json", "[" + one("1") + ",\n\n7]", ":3: skipped: not a JSON object", 1},
		{"none.json", "\n{\"findings\":[]}", ":2: skipped: an empty list", 0},
		{"ids.json", `{"FindingIds":["1"]}`, ":1: skipped: ids of findings only; aws guardduty get-findings gives", 0},
		{"trail.json", `{"Records":[{}]}`, ":1: skipped: records of another service", 0},
		{"ocsf.json", `{"class_uid":2004}`, ":1: skipped: in OCSF", 0},
		{"no-id.jsonl", `{"schemaVersion":"2.0","type":"T"}`,
			":1: skipped: not a finding: it lacks its type, or both id and arn", 0},
		{"other.json", `{"a":1}`, ":1: skipped: not a GuardDuty finding", 0},
		{"events.json", `{"detail-type":"EC2 State Change","detail":{}}`,
			`:1: skipped: an event "EC2 State Change", which is not a GuardDuty finding`, 0},
		{"again.jsonl", again, ": skipped: 1 repeat (same id, updatedAt and count)", 2},
		{".hidden.json", one("1"), ": skipped: its name begins with a dot", 0},
		{"many.jsonl", one("1") + strings.Repeat("\n7", 8), ": skipped: 3 values more", 1},
		{"broken.jsonl", strings.Repeat("{\n", 120) + one("1"), ": skipped: the rest of it, after 100 values", 0},
		{"damaged.gz", "\x1f\x8bno", ": skipped: damaged gzip: ", 0},
		{"half.gz", half, ": skipped: its end: damaged gzip: ", 1},
	}
	for _, tt := range tests {
		dir := t.TempDir()
		file := write(t, dir, tt.name, []byte(tt.text))
		write(t, dir, "zz.json", []byte(one("z"))) // one more, so that there is always a finding
		in, err := seed.Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		found := slices.ContainsFunc(in.Notes, func(n string) bool { return strings.HasPrefix(n, file+tt.note) })
		if !found || (len(in.Findings) != tt.n+1 && tt.name != "half.gz") {
			t.Errorf("Read(%s) = %d findings, notes %q, want %d and %q",
				tt.name, len(in.Findings), in.Notes, tt.n+1, tt.note)
		}
	}
}

// A file that cannot be read does not keep the others of its folder out.
func TestReadUnreadableFile(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.json")
	if err := os.Symlink("/proc/self/mem", bad); err != nil {
		t.Fatal(err)
	}
	damaged := write(t, dir, "damaged.gz", []byte("\x1f\x8bno"))
	write(t, dir, "good.json", []byte(one("1")))
	in, err := seed.Read(dir)
	if err != nil || len(in.Findings) != 1 || len(in.Notes) != 2 ||
		!strings.HasPrefix(in.Notes[0], bad+": skipped: ") ||
		!strings.HasPrefix(in.Notes[1], damaged+": skipped: damaged gzip: ") {
		t.Errorf("Read() = %d findings, notes %q, %v, want 1 and a note on each other file",
			len(in.Findings), in.Notes, err)
	}
}

func TestReadErrors(t *testing.T) {
	dir := t.TempDir()
	junk := write(t, dir, "junk/notes.md", []byte("# no findings"))
	big := write(t, dir, "big.jsonl", []byte(one("1")+"\n"+one("2")))
	bomb := write(t, dir, "bomb.gz", zipped(strings.Repeat(" ", 1000)))
	small := seed.Reader{Max: 100}
	tests := []struct {
		read func(string) (seed.Input, error)
		list string
		want []string
	}{
		{seed.Read, dir + "/missing", []string{"there is no file or folder " + dir + "/missing"}},
		{seed.Read, filepath.Dir(junk), []string{"none in", junk + ": skipped: not JSON", seed.Forms}},
		{seed.Read, t.TempDir(), []string{"none in", seed.Forms}},
		{small.Read, big, []string{big, "more than 100 bytes"}},
		{small.Read, bomb, []string{bomb, "more than 100 bytes"}},
	}
	for _, tt := range tests {
		_, err := tt.read(tt.list)
		for _, want := range tt.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Read(%s) = %v, want an error with %q", tt.list, err, want)
			}
		}
	}
	if in, err := (seed.Reader{Max: 1000}).Read(big); err != nil || len(in.Findings) != 2 {
		t.Errorf("Read(%s) = %v, %v, want two findings", big, in, err)
	}
}

func TestReadShortensLongNotes(t *testing.T) {
	dir := t.TempDir()
	for n := range 50 {
		write(t, dir, fmt.Sprintf("%02d.txt", n), []byte("no"))
	}
	write(t, dir, "a.json", []byte(one("1")))
	in, err := seed.Read(dir)
	if err != nil || len(in.Notes) != 21 || in.Notes[20] != "... and 30 notes more, 30 of them on what was skipped" {
		t.Errorf("Read() = %d notes, the last %q, %v, want 21", len(in.Notes), in.Notes[len(in.Notes)-1], err)
	}
}

func TestReadFindingsTakesNothingElse(t *testing.T) {
	dir := t.TempDir()
	good := write(t, dir, "good.jsonl", []byte(one("1")+"\n"))
	if got, err := seed.ReadFindings(good); err != nil || !slices.Equal(texts(got), []string{one("1")}) {
		t.Errorf("ReadFindings(%s) = %q, %v, want the finding", good, got, err)
	}
	bad := write(t, dir, "bad.jsonl", []byte(one("1")+"\n7\n"))
	if _, err := seed.ReadFindings(bad); err == nil || !strings.Contains(err.Error(), bad+":2: ") {
		t.Errorf("ReadFindings(%s) = %v, want an error with the line", bad, err)
	}
}

func TestBuiltInFindings(t *testing.T) {
	if got := len(builtIn(t)); got != 224 {
		t.Errorf("ReadFindings(BuiltIn) = %d findings, want 224", got)
	}
}
