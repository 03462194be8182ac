package logsingestion_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
	"guardduty-sentinel/handler/internal/logsingestion"

	"guardduty-sentinel/handler/internal/guardduty"
)

func TestEveryGeneratedFindingFitsTheTableAndKeepsItsBytes(t *testing.T) {
	e, kinds := logsingestion.NewEncoder(), types(t)
	dashed := regexp.MustCompile(`^"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"$`)
	lines := findings(t)
	if len(lines) != 224 {
		t.Errorf("%d findings, want 224", len(lines))
	}
	for _, line := range lines {
		in := members(t, line)
		row := encode(t, e, line)
		if err := fits(kinds, row); err != nil {
			t.Errorf("%s: %v", in["type"], err)
		}
		out := members(t, row)
		for column, want := range map[string]string{
			"ResourceDetails": in["resource"], "ServiceDetails": in["service"], "Severity": in["severity"],
			"type_s": in["type"], "title_s": in["title"], "TimeGenerated": in["updatedAt"],
			"updatedAt_t": in["updatedAt"],
		} {
			if out[column] != want {
				t.Errorf("%s: %s = %s, want %s", in["type"], column, out[column], want)
			}
		}
		if !dashed.MatchString(out["id_g"]) || strings.ReplaceAll(out["id_g"], "-", "") != in["id"] {
			t.Errorf("id_g = %s, want %s with dashes", out["id_g"], in["id"])
		}
		if out["SourceObject_s"] != `"s3://guardduty-findings/`+source.Object.Key+`"` {
			t.Errorf("SourceObject_s = %s", out["SourceObject_s"])
		}
	}
}

// Each column is given a value at its path, and must come out under its name.
func TestEveryColumnIsFilledFromItsPath(t *testing.T) {
	values := map[string]string{
		"string": `"a text"`, "real": "12.50", "boolean": "true", "datetime": `"2026-08-01T01:02:03Z"`,
	}
	for _, c := range logsingestion.PathColumns() {
		value := values[c.Type]
		switch {
		case c.Type == "dynamic" || c.Path == "id" || c.Path == "type":
			continue // the findings above have them
		case strings.HasSuffix(c.Name, "_g"):
			value = `"0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f"`
		}
		names := strings.Split(c.Path, ".")
		text := value
		for _, name := range slices.Backward(names) {
			text = `{"` + name + `":` + text + `}`
		}
		if got := rowOf(t, with(text[1:len(text)-1]))[c.Name]; got != value {
			t.Errorf("%s = %s from %s, want %s", c.Name, got, text, value)
		}
	}
}

func TestRowValues(t *testing.T) {
	const absent = ""
	for _, c := range []struct {
		name, more   string
		column, want string
	}{
		{"trailing zero", `"severity":5.30`, "Severity", "5.30"},
		{
			"exponent", `"service":{"ebsVolumeScanDetails":{"scanStartedAt":1.639010703E9}}`,
			"service_ebsVolumeScanDetails_scanStartedAt_d", "1.639010703E9",
		},
		{"many digits", `"service":{"count":12345678901234567890}`, "service_count_d", "12345678901234567890"},
		{"more than a real holds", `"severity":1e400`, "Severity", absent},
		{"more than a real holds, kept", `"severity":1e400`, "AdditionalFields", `{"severity":1e400}`},
		{"escapes", `"title":"a\/b\u00e9\n"`, "title_s", `"a\/b\u00e9\n"`},
		{"null", `"title":null`, "title_s", absent},
		{"null is not an additional field", `"title":null,"extra":null`, "AdditionalFields", absent},
		{
			"unknown members", `"extra":{"a":[1,2.0]},"odd\"name":"v"`, "AdditionalFields",
			`{"extra":{"a":[1,2.0]},"odd\"name":"v"}`,
		},
		{"number in text", `"severity":"high"`, "Severity", absent},
		{"number in text, kept", `"severity":"high"`, "AdditionalFields", `{"severity":"high"}`},
		{"time that is none", `"createdAt":"yesterday"`, "createdAt_t", absent},
		{"time that is none, kept", `"createdAt":"yesterday"`, "AdditionalFields", `{"createdAt":"yesterday"}`},
		{"time with a comma", `"createdAt":"2026-08-01T01:02:03,5Z"`, "createdAt_t", absent},
		{"time with a short hour", `"createdAt":"2026-08-01T1:02:03Z"`, "createdAt_t", absent},
		{"boolean in text", `"service":{"archived":"true"}`, "service_archived_b", absent},
		{"boolean in text, kept", `"service":{"archived":"true"}`, "ServiceDetails", `{"archived":"true"}`},
		{
			"array as text", `"resource":{"instanceDetails":{"tags":[ {"key":"a"} ]}}`,
			"resource_instanceDetails_tags_s", `"[ {\"key\":\"a\"} ]"`,
		},
		{"number as text", `"accountId":111122223333`, "accountId_s", `"111122223333"`},
		{"resource that is not an object", `"resource":"none"`, "ResourceDetails", `"none"`},
		{"resource null", `"resource":null`, "ResourceDetails", absent},
		{
			"GUID without dashes", `"service":{"detectorId":"12ABC34D567E8FA901BC2D34E56789F0"}`,
			"service_detectorId_g", `"12abc34d-567e-8fa9-01bc-2d34e56789f0"`,
		},
		{"GUID that is none", `"service":{"detectorId":"default"}`, "service_detectorId_g", absent},
		{"GUID that is none, as text", `"service":{"detectorId":"default"}`, "service_detectorId_s", `"default"`},
		{
			"GUID with dashes astray", `"service":{"detectorId":"12abc34-d567e-8fa9-01bc-2d34e56789f0"}`,
			"service_detectorId_s", `"12abc34-d567e-8fa9-01bc-2d34e56789f0"`,
		},
		{
			"GUID is not in the text column", `"service":{"detectorId":"12abc34d567e8fa901bc2d34e56789f0"}`,
			"service_detectorId_s", absent,
		},
		{"no time: created", `"createdAt":"2026-08-01T01:02:03Z"`, "TimeGenerated", `"2026-08-01T01:02:03Z"`},
		{
			"bad time: created", `"updatedAt":7,"createdAt":"2026-08-01T01:02:03Z"`, "TimeGenerated",
			`"2026-08-01T01:02:03Z"`,
		},
		{"no time at all: written", `"severity":1`, "TimeGenerated", `"2026-09-01T02:03:04Z"`},
		{"future: written", `"updatedAt":"2099-01-01T00:00:00Z"`, "TimeGenerated", `"2026-09-01T02:03:04Z"`},
		{"future kept", `"updatedAt":"2099-01-01T00:00:00Z"`, "updatedAt_t", `"2099-01-01T00:00:00Z"`},
		{
			"future: created does not count", `"updatedAt":"2026-09-01T02:04:05Z","createdAt":"2026-08-01T01:02:03Z"`,
			"TimeGenerated", `"2026-09-01T02:03:04Z"`,
		},
		{
			"clock a minute ahead", `"updatedAt":"2026-09-01T04:04:04+02:00"`, "TimeGenerated",
			`"2026-09-01T04:04:04+02:00"`,
		},
		{"whole row unmarked", `"severity":1`, "Truncated_b", absent},
	} {
		t.Run(c.name, func(t *testing.T) {
			row := rowOf(t, with(c.more))
			if row[c.column] != c.want {
				t.Errorf("%s of %s = %s, want %s", c.column, c.more, row[c.column], c.want)
			}
		})
	}
}

func TestRowOfAnIDThatIsNoGUID(t *testing.T) {
	row := rowOf(t, `{"id":"finding-1","type":"a"}`)
	if row["id_s"] != `"finding-1"` || row["id_g"] != "" || row["AdditionalFields"] != "" {
		t.Errorf("Row = %v, want only id_s", row)
	}
}

// A row is appended to what the buffer holds; after an error the buffer is as
// it was.
func TestRowAppends(t *testing.T) {
	e := logsingestion.NewEncoder()
	p := guardduty.Parser{Paths: e.Paths()}
	f, err := p.Parse([]byte(with(`"severity":1`)))
	if err != nil {
		t.Fatal(err)
	}
	row, _ := e.Row(nil, &f, source)
	got, err := e.Row([]byte("before,"), &f, source)
	if err != nil || string(got) != "before,"+string(row) {
		t.Errorf("Row = %s, %v, want before,%s", got, err, row)
	}
	src := ingest.Source{Bucket: "b", Object: ingest.Object{Key: "a\"\x01\xff/é", LastModified: time.Now()}}
	got, err = e.Row(nil, &f, src)
	if err != nil {
		t.Fatal(err)
	}
	if key := members(t, got)["SourceObject_s"]; key != `"s3://b/a\"\u0001`+"\uFFFD"+`/é"` {
		t.Errorf("SourceObject_s = %s", key)
	}
}

func TestRowFromAForeignFolderIsMarked(t *testing.T) {
	e := logsingestion.NewEncoder()
	p := guardduty.Parser{Paths: e.Paths()}
	f, err := p.Parse([]byte(with(`"ForeignFolder_b":"false","severity":1`)))
	if err != nil {
		t.Fatal(err)
	}
	for foreign, want := range map[bool]string{false: "", true: "true"} {
		src := source
		src.Foreign = foreign
		row, err := e.Row(nil, &f, src)
		if err != nil {
			t.Fatal(err)
		}
		if got := members(t, row)["ForeignFolder_b"]; got != want {
			t.Errorf("ForeignFolder_b of a row with Foreign %v = %q, want %q", foreign, got, want)
		}
	}
}
