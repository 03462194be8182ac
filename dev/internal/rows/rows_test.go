package rows_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"guardduty-sentinel/dev/internal/rows"
)

// written writes lines to a file and reads them as rows.
func written(t *testing.T, lines ...string) []rows.Row {
	t.Helper()
	file := filepath.Join(t.TempDir(), "rows.ndjson")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := rows.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := rows.Count(file); err != nil || n != len(lines) || len(list) != n {
		t.Errorf("Count() = %d, %v and Read() gives %d rows, want %d", n, err, len(list), len(lines))
	}
	return list
}

// row is a row of an account 1 to 9.
func row(at string, severity float64, account int, id, title string) string {
	return fmt.Sprintf(`{"TimeGenerated":"2026-11-28T%sZ","Severity":%v,"type_s":"Recon:EC2/Portscan","title_s":%q,`+
		`"resource_resourceType_s":"Instance","service_resourceRole_s":"ACTOR","accountId_s":"%012d","region_s":"eu-west-1","id_g":%q}`,
		at, severity, title, account, id)
}

func TestGuide(t *testing.T) {
	long := "An EC2 instance " + strings.Repeat("scans ", 20)
	list := written(t,
		row("10:00:00", 5, 1, "a", "older"),
		row("11:00:00.5", 8.5, 1, "b", long),
		row("12:00:00", 2, 1, "c", "too low"),
	)
	for _, width := range []int{125, 60} {
		want, err := os.ReadFile(filepath.Join("testdata", fmt.Sprintf("guide-%d.txt", width)))
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if rows.Guide(&out, list, width); out.String() != string(want) {
			t.Errorf("Guide in %d columns:\n%s\nwant\n%s", width, out.String(), want)
		}
	}
}

// A terminal of three columns shows nothing useful, and no control character
// reaches one.
func TestTerminal(t *testing.T) {
	list := written(t, strings.Replace(row("10:00:00", 8, 1, "a", "TITLE"), "TITLE", `a\u001b[31mb\nc\u202ed`, 1))
	var out bytes.Buffer
	if rows.Guide(&out, list, 200); !strings.Contains(out.String(), "  a\uFFFD[31mb c\uFFFDd  ") {
		t.Errorf("Guide = %q, want the title in one line without control characters", out.String())
	}
	rows.Guide(&out, list, 3)
	rows.Alarming(&out, list, 3)
	if strings.ContainsAny(out.String(), "\x1b\u202e") {
		t.Errorf("printed = %q, want no control character", out.String())
	}
}

func TestGuideStopsAtItsLimit(t *testing.T) {
	var lines []string
	for i := range 25 {
		lines = append(lines, row(fmt.Sprintf("10:%02d:00", i), 5, 1, fmt.Sprint(i), "title"))
	}
	var out bytes.Buffer
	rows.Guide(&out, written(t, lines...), 200)
	shown := strings.Split(out.String(), "\n")
	if len(shown) != 24 || !strings.HasPrefix(shown[2], "2026-11-28T10:24") || shown[22] != "(20 rows)" {
		t.Errorf("Guide of 25 rows has %d lines:\n%s\nwant the newest 20 under two lines of head", len(shown),
			out.String())
	}
}

func TestAlarming(t *testing.T) {
	list := written(t,
		row("10:00:00", 7, 1, "a", "rose"), row("11:00:00", 9, 1, "a", "rose"),
		row("10:00:00", 7, 1, "b", "stayed"),
		row("10:00:00", 8, 2, "a", "fell"), row("11:00:00", 5, 2, "a", "fell"),
		row("10:00:00", 8, 3, "c", "grave"), row("10:00:00", 7.5, 3, "d", "less"),
		row("10:00:00", 6.9, 4, "e", "medium"),
		strings.Replace(row("10:00:00", 9, 5, "f", "made up"), "{", `{"service_additionalInfo_sample_b":true,`, 1),
	)
	const want = `account       Critical  High  gravest finding
------------  --------  ----  ---------------
000000000001         1     1  rose
000000000003         0     2  grave
`
	var out bytes.Buffer
	if rows.Alarming(&out, list, 100); out.String() != want {
		t.Errorf("Alarming:\n%s\nwant\n%s", out.String(), want)
	}
	out.Reset()
	if rows.Alarming(&out, list[:0], 100); out.String() != "None.\n" {
		t.Errorf("Alarming of no rows = %q, want None.", out.String())
	}
}

func TestReadBrokenFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rows.ndjson")
	if _, err := rows.Read(file); err == nil {
		t.Error("Read() of no file = nil, want an error")
	}
	if err := os.WriteFile(file, []byte("{\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := rows.Read(file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("Read() of half a row = %v, want an error that names the file", err)
	}
}
