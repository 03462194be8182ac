package logsingestion_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"guardduty-sentinel/handler/internal/guardduty"
	"guardduty-sentinel/handler/internal/logsingestion"
)

func TestLongTextIsCutAtTheEndOfACharacter(t *testing.T) {
	for name, c := range map[string]struct {
		text string // as JSON
		want string // "" for the whole
	}{
		"as long as may be":     {strings.Repeat("a", maxField), ""},
		"escapes count decoded": {strings.Repeat(`\u0041`, maxField), ""},
		"one byte more":         {strings.Repeat("a", maxField+1), strings.Repeat("a", maxField)},
		"within a character":    {strings.Repeat("a", maxField-1) + "é", strings.Repeat("a", maxField-1)},
		"wide characters":       {strings.Repeat("€", maxField/3+5), strings.Repeat("€", maxField/3)},
		"surrogate pairs":       {strings.Repeat(`\ud83d\ude00`, maxField/4+9), strings.Repeat("😀", maxField/4)},
	} {
		t.Run(name, func(t *testing.T) {
			row := rowOf(t, with(`"title":"`+c.text+`"`))
			if c.want == "" {
				var got, want string
				if json.Unmarshal([]byte(row["title_s"]), &got) != nil ||
					json.Unmarshal([]byte(`"`+c.text+`"`), &want) != nil || got != want || row["Truncated_b"] != "" {
					t.Errorf("title_s has %d bytes, Truncated_b = %s, want the text as it was",
						len(got), row["Truncated_b"])
				}
				return
			}
			var got string
			if err := json.Unmarshal([]byte(row["title_s"]), &got); err != nil || got != c.want ||
				!utf8.ValidString(got) {
				t.Errorf("title_s has %d bytes and ends in %q, want %d",
					len(got), got[max(0, len(got)-8):], len(c.want))
			}
			if row["Truncated_b"] != "true" || row["TruncatedColumns_s"] != `"title_s"` {
				t.Errorf("Truncated_b = %s, TruncatedColumns_s = %s, want true and title_s",
					row["Truncated_b"], row["TruncatedColumns_s"])
			}
		})
	}
}

func TestLongDynamicIsShortened(t *testing.T) {
	var items []string
	for i := range 5000 {
		items = append(items, fmt.Sprintf(`{"port":%d,"name":"item"}`, i))
	}
	long := strings.Repeat("x", 40_000)
	for name, c := range map[string]struct {
		value string
		want  string // part of the result
	}{
		"array": {
			`{"before":1,"list":[` + strings.Join(items, ",") + `],"after":2}`,
			`"before":1,"list":[{"port":0,"name":"item"},`,
		},
		"texts":            {`{"a":"` + long + `","b":"` + long + `","c":3}`, `"c":3`},
		"members":          {manyMembers(20_000), `{"m0":0,"m1":1,`},
		"members below":    {`{"a":{"b":` + manyMembers(20_000) + `},"c":3}`, `,"m2000":2000,`},
		"array of arrays":  {`{"x":[[` + strings.Join(items, ",") + `],[1]]}`, `{"x":[[{"port":0,"name":"item"},`},
		"array of one":     {`[{"x":[` + strings.Join(items, ",") + `]}]`, `[{"x":[{"port":0,"name":"item"},`},
		"one long number":  {`{"n":` + strings.Repeat("1", 70_000) + `}`, `{}`},
		"scalar":           {strings.Repeat("1", 70_000), `{"truncated_bytes":70000}`},
		"escaped long key": {`{"` + strings.Repeat(`\u0041`, 12_000) + `":1,"z":2}`, `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			row := rowOf(t, with(`"resource":`+c.value))
			got := row["ResourceDetails"]
			if len(got) > maxField || !strings.Contains(got, c.want) {
				t.Errorf("ResourceDetails has %d bytes and is %.80s, want at most %d and %s in it",
					len(got), got, maxField, c.want)
			}
			if row["TruncatedColumns_s"] != `"ResourceDetails"` {
				t.Errorf("TruncatedColumns_s = %s, want ResourceDetails", row["TruncatedColumns_s"])
			}
		})
	}
}

func manyMembers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"m%d":%d`, i, i)
	}
	return "{" + b.String()[1:] + "}"
}

// The note says how many items an array lost, whatever it lost them in.
func TestShortenedArrayCountsWhatItLost(t *testing.T) {
	row := rowOf(t, with(`"service":{"list":[`+strings.Repeat(`"0123456789abcdef",`, 9999)+`"end"]}`))
	var got struct{ List []json.RawMessage }
	if err := json.Unmarshal([]byte(row["ServiceDetails"]), &got); err != nil {
		t.Fatal(err)
	}
	var note struct {
		Lost int `json:"truncated_items"`
	}
	if err := json.Unmarshal(got.List[len(got.List)-1], &note); err != nil {
		t.Fatal(err)
	}
	if kept := len(got.List) - 1; kept == 0 || kept+note.Lost != 10_000 {
		t.Errorf("%d items kept and %d lost, want 10000 together", kept, note.Lost)
	}
}

func TestAdditionalFieldsAreShortenedToo(t *testing.T) {
	row := rowOf(t, with(`"new":[`+strings.Repeat("1234567,", 20_000)+`1]`))
	got := row["AdditionalFields"]
	if len(got) > maxField || !strings.HasPrefix(got, `{"new":[1234567,`) ||
		row["TruncatedColumns_s"] != `"AdditionalFields"` {
		t.Errorf("AdditionalFields = %.60s of %d bytes, TruncatedColumns_s = %s",
			got, len(got), row["TruncatedColumns_s"])
	}
}

// However a value is built, the work to shorten it grows with its length.
func TestHostileDynamicEndsQuickly(t *testing.T) {
	const limit = 10 * time.Minute // work that grows with the square takes hours
	var named strings.Builder
	for i := range 90_000 {
		fmt.Fprintf(&named, `,"%x":[0]`, i)
	}
	within := func(open, content, end string) string {
		return strings.Repeat(open, 9_000) + content + strings.Repeat(end, 9_000)
	}
	for name, value := range map[string]string{
		"array of 300,000 arrays": `[` + strings.Repeat(`[0],`, 300_000) + `[0]]`,
		"object of 90,000 arrays": `{` + named.String()[1:] + `}`,
		"array within array":      within(`[`, strings.Repeat(`0,`, 100_000)+`0`, `]`),
		"objects in one another":  within(`{"a":`, `"`+strings.Repeat("x", 100_000)+`"`, `}`),
	} {
		t.Run(name, func(t *testing.T) {
			e := logsingestion.NewEncoder()
			p := guardduty.Parser{Paths: e.Paths()}
			f, err := p.Parse([]byte(with(`"resource":` + value)))
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			row, err := e.Row(nil, &f, source)
			if err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took > limit || len(row) > maxField+1000 {
				t.Errorf("shortened to %d bytes in %v, want at most %d within %v", len(row), took, maxField, limit)
			}
		})
	}
}

func TestRowThatIsTooLongIsAnError(t *testing.T) {
	var b strings.Builder
	long := strings.Repeat("x", 60_000)
	for _, group := range []struct {
		path  string
		names []string
	}{
		{"accessKeyDetails", []string{"accessKeyId", "principalId", "userName", "userType"}},
		{
			"instanceDetails",
			[]string{
				"instanceId", "instanceType", "instanceState", "availabilityZone", "imageId", "imageDescription",
				"outpostArn", "platform",
			},
		},
		{"eksClusterDetails", []string{"arn", "name", "status", "vpcId"}},
	} {
		fmt.Fprintf(&b, `,"%s":{`, group.path)
		for i, name := range group.names {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `"%s":"%s"`, name, long)
		}
		b.WriteByte('}')
	}
	e := logsingestion.NewEncoder()
	p := guardduty.Parser{Paths: e.Paths()}
	texts := `"title":"` + long + `","description":"` + long + `"`
	f, err := p.Parse([]byte(with(texts + `,"resource":{` + b.String()[1:] + `}`)))
	if err != nil {
		t.Fatal(err)
	}
	row, err := e.Row([]byte("before"), &f, source)
	if err == nil || !strings.Contains(err.Error(), "more than the") || strings.Contains(err.Error(), "xxx") {
		t.Errorf("Row of %d bytes = %v, want an error that says the size and quotes nothing", len(row), err)
	}
	if string(row) != "before" {
		t.Errorf("Row = %.20s, want what was there before", row)
	}
}

// A value of very many parts is shortened without a tree of them: what that
// would take of memory no bound on a line would bound.
func TestShortenOfVeryManyPartsTakesLittleMemory(t *testing.T) {
	value := []byte(`{"kept":{"a":[1,2]},"ones":[` + strings.Repeat("1,", 2_000_000) + `1],"last":"x"}`)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	got := logsingestion.Shorten(value, logsingestion.MaxField)
	runtime.ReadMemStats(&after)
	var parts struct {
		Kept json.RawMessage
		Ones []json.RawMessage
		Last string
	}
	if err := json.Unmarshal(got, &parts); err != nil || len(got) > logsingestion.MaxField ||
		string(parts.Kept) != `{"a":[1,2]}` || parts.Last != "x" {
		t.Fatalf("Shorten = %.100s… of %d bytes, %v, want its small members whole", got, len(got), err)
	}
	var note struct {
		Items int `json:"truncated_items"`
	}
	if err := json.Unmarshal(parts.Ones[len(parts.Ones)-1], &note); err != nil ||
		note.Items+len(parts.Ones)-1 != 2_000_001 || len(parts.Ones) < 10_000 {
		t.Errorf("of 2,000,001 items %d are kept and %d counted: %v", len(parts.Ones)-1, note.Items, err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 32<<20 {
		t.Errorf("Shorten allocated %d bytes, want at most 32 MiB", grown)
	}
}
