package ingestion_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"guardduty-sentinel/dev/internal/ingestion"
)

const at = `"TimeGenerated":"2026-11-21T10:00:00Z"`

func TestColumnsTakeTheirTypeOnly(t *testing.T) {
	fits := strings.Repeat("x", ingestion.MaxField)
	for _, tt := range []struct{ member, want string }{
		{`"s":""`, ""}, {`"s":"é\n\u0000"`, ""}, {`"s":1`, "not a string"}, {`"s":null`, "not a string"},
		{`"s":"` + fits + `"`, ""}, {`"s":"` + fits + `x"`, "65537 bytes"},
		{`"s":"` + strings.Repeat(`\u0041`, ingestion.MaxField) + `"`, ""}, // what counts is the text it stands for
		{`"r":1`, ""}, {`"r":-1.5e-3`, ""}, {`"r":"1"`, "not a number"}, {`"r":1e999`, "out of range"}, {`"r":null`,
			"not a number"}, {`"r":true`, "not a number"},
		{`"l":9223372036854775807`, ""}, {`"l":9223372036854775808`, "64 bits"}, {`"l":1.0`, "64 bits"}, {`"l":"1"`,
			"not a number"},
		{`"i":-2147483648`, ""}, {`"i":2147483648`, "32 bits"}, {`"i":1e2`, "32 bits"},
		{`"b":true`, ""}, {`"b":false`, ""}, {`"b":"true"`, "not a boolean"}, {`"b":1`, "not a boolean"},
		{`"d":null`, ""}, {`"d":"x"`, ""}, {`"d":[1,{"a":"b"},[]]`, ""},
		{`"d":"` + fits[2:] + `"`, ""}, {`"d":"` + fits[1:] + `"`, "65537 bytes"},
		{`"x":1`, "no such column"}, {`"S":"x"`, "no such column"},
		{`"id":"x"`, "reserved"}, {`"Title":"x"`, "reserved"}, {`"Type":"x"`, "reserved"}, {`"TenantId":"x"`,
			"reserved"},
		{`"UniqueId":"x"`, "reserved"}, {`"_ResourceId":"x"`, "reserved"}, {`"_SubscriptionId":"x"`, "reserved"},
	} {
		body := "[{" + at + "},{" + at + "," + tt.member + "}]"
		_, err := testSchema().Rows([]byte(body))
		if tt.want == "" {
			if err != nil {
				t.Errorf("Rows(%.60s) = %v, want no error", tt.member, err)
			}
			continue
		}
		name, _, _ := strings.Cut(tt.member[1:], `"`)
		re, ok := errors.AsType[*ingestion.RowError](err)
		if !ok || re.Row != 1 || re.Column != name || !strings.Contains(re.Error(), tt.want) {
			t.Errorf("Rows(%.60s) = %v, want row 1, column %q: %s", tt.member, err, name, tt.want)
		}
	}
}

func TestTimeGeneratedIsRFC3339(t *testing.T) {
	for text, ok := range map[string]bool{
		`"2026-11-21T10:00:00Z"`:              true,
		`"2026-11-21T10:00:00.1234567+05:30"`: true,
		`"2026-11-21T10:00:00\u005a"`:         true,
		`"2026-11-21T10:00:00"`:               false,
		`"2026-11-21 10:00:00Z"`:              false,
		`"2026-11-21T10:00:00,5Z"`:            false,
		`"2026-11-21T1:00:00Z"`:               false,
		`"2026-02-30T10:00:00Z"`:              false,
		`""`:                                  false,
		`1700000000`:                          false,
		`null`:                                false,
	} {
		if _, err := testSchema().Rows([]byte(`[{"TimeGenerated":` + text + `}]`)); (err == nil) != ok {
			t.Errorf("Rows(TimeGenerated %s) = %v, want success %t", text, err, ok)
		}
	}
	if _, err := testSchema().Rows([]byte(`[{"s":"x"}]`)); err == nil ||
		!strings.Contains(err.Error(), "TimeGenerated") {
		t.Errorf("Rows(no time) = %v, want an error that names TimeGenerated", err)
	}
}

func TestBodyIsOneStrictArray(t *testing.T) {
	for _, tt := range []struct{ body, want string }{
		{`{` + at + `}`, "not an array"},
		{`null`, "not an array"},
		{`[{` + at + `}] []`, "not one JSON text"},
		{`[{` + at + `}`, "not one JSON text"},
		{`[{` + at + `},]`, "not one JSON text"},
		{``, "not one JSON text"},
		{`[{` + at + `,"s":"` + "\xff" + `"}]`, "not UTF-8"},
		{`[{` + at + `},1]`, "row 1: is not an object"},
		{`[{` + at + `},[{` + at + `}]]`, "row 1: is not an object"},
		{`[{` + at + `,"s":"a","s":"b"}]`, `row 0: the name "s"`},
		{`[{` + at + `,"s":"a","\u0073":"b"}]`, `row 0: the name "s"`},
		{`[{` + at + `,"d":[{"a":1,"b":{"c":1,"c":2}}]}]`, `row 0: the name "c"`},
		{`[{` + at + `,"s":"\ud83d"}]`, "half a surrogate pair"},
		{`[{` + at + `,"s":"\ude00\ud83d"}]`, "half a surrogate pair"},
		{`[{` + at + `,"d":{"\ud83dx":1}}]`, "half a surrogate pair"},
		{`[{` + at + `,"d":` + strings.Repeat("[", 98) + strings.Repeat("]", 98) + `}]`, ""},
		{`[{` + at + `,"d":` + strings.Repeat("[", 101) + strings.Repeat("]", 101) + `}]`, "nesting"},
		{`[{` + at + `,"d":{"a":{"c":1},"b":{"c":2}}}]`, ""},
		{" [ ] ", ""},
	} {
		_, err := testSchema().Rows([]byte(tt.body))
		if got := errors.Join(err); (got == nil) != (tt.want == "") ||
			got != nil && !strings.Contains(got.Error(), tt.want) {
			t.Errorf("Rows(%.80q) = %v, want %q", tt.body, err, tt.want)
		}
	}
}

func TestSchemaOfTheProjectLoads(t *testing.T) {
	s, err := ingestion.LoadSchema(filepath.Join("..", "..", "..", "infra", "schema", "guardduty.columns.json"))
	if err != nil {
		t.Fatalf("LoadSchema() = %v, want no error", err)
	}
	if s.Stream != "Custom-AWSGuardDuty_CL" || s.Columns["Severity"] != "real" ||
		s.Columns["ResourceDetails"] != "dynamic" {
		t.Errorf("LoadSchema() = %q with Severity %q, want the stream of the project", s.Stream, s.Columns["Severity"])
	}
}

func TestSchemaThatAzureWouldNotMakeIsRefused(t *testing.T) {
	const time = `{"name":"TimeGenerated","type":"datetime"}`
	for _, tt := range []struct{ text, want string }{
		{`{"stream":"Custom-X","columns":[` + time + `]}`, ""},
		{`{"stream":"X","columns":[` + time + `]}`, "Custom-"},
		{`{"stream":"Custom-X","columns":[]}`, "TimeGenerated"},
		{`{"stream":"Custom-X","columns":[` + time + `,` + time + `]}`, "twice"},
		{`{"stream":"Custom-X","columns":[` + time + `,{"name":"Title","type":"string"}]}`, "Title"},
		{`{"stream":"Custom-X","columns":[` + time + `,{"name":"a-b","type":"string"}]}`, "a-b"},
		{`{"stream":"Custom-X","columns":[` + time + `,{"name":"a` + strings.Repeat("b", 45) + `","type":"string"}]}`,
			"name"},
		{`{"stream":"Custom-X","columns":[` + time + `,{"name":"a","type":"text"}]}`, "text"},
		{`[]`, "schema"},
	} {
		file := filepath.Join(t.TempDir(), "schema.json")
		if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ingestion.LoadSchema(file)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("LoadSchema(%s) = %v, want %q", tt.text, err, tt.want)
		}
	}
	if _, err := ingestion.LoadSchema(filepath.Join(t.TempDir(), "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("LoadSchema(missing) = %v, want %v", err, os.ErrNotExist)
	}
}

// FuzzRows holds the row checker against the standard library's parser: it
// never panics, and what it accepts are the very elements of the array, each
// an object of known columns.
func FuzzRows(f *testing.F) {
	for _, seed := range []string{
		`[]`, ` [ { ` + at + ` } ] `, `[{` + at + `},{` + at + `}]`, `[{` + at + `,"s":"a\"b\\"}]`,
		`[{` + at + `,"s":"\ud83d\ude00"}]`, `[{` + at + `,"s":"\ud83d\\ude00"}]`,
		`[{` + at + `,"d":{"a":[1,2,{"b":null}]}}]`,
		`[{` + at + `,"r":1.5e3,"l":1,"i":2,"b":true}]`, `[{"\u0054imeGenerated":"2026-11-21T10:00:00Z"}]`,
		`[1]`, `{}`, `[{]`, `[{"s":"a","s":"b"}]`, `[{` + at + `,"d":[[[[]]]]}]`, "[{\"s\":\"\xff\"}]",
	} {
		f.Add([]byte(seed))
	}
	s := testSchema()
	f.Fuzz(func(t *testing.T, body []byte) {
		rows, err := s.Rows(body)
		if err != nil {
			return
		}
		var want []json.RawMessage
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatalf("Rows(%q) = nil, want %v", body, err)
		}
		if len(rows) != len(want) {
			t.Fatalf("Rows(%q) = %d rows, want %d", body, len(rows), len(want))
		}
		for i, row := range rows {
			if !bytes.Equal(row, want[i]) {
				t.Errorf("Rows(%q)[%d] = %q, want %q", body, i, row, want[i])
			}
			var columns map[string]json.RawMessage
			if err := json.Unmarshal(row, &columns); err != nil || columns["TimeGenerated"] == nil {
				t.Errorf("row %q = %v, want an object with TimeGenerated", row, err)
			}
			for name := range columns {
				if s.Columns[name] == "" {
					t.Errorf("row %q has the column %q, which the stream has not", row, name)
				}
			}
		}
	})
}
