package logsingestion_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"guardduty-sentinel/handler/internal/guardduty"
	"guardduty-sentinel/handler/internal/logsingestion"
)

// keeps says what of a finding its row has lost: resource and service stand in
// it byte for byte unless they were shortened, which is then said, and every
// other member stands in a column or in AdditionalFields.
func keeps(finding *guardduty.Finding, line, row []byte, t testing.TB) error {
	in, out := members(t, line), members(t, row)
	cut := strings.Split(strings.Trim(out["TruncatedColumns_s"], `"`), ",")
	shortened := func(column string) bool {
		for _, c := range cut {
			if c == column {
				return true
			}
		}
		return false
	}
	for member, column := range map[string]string{"resource": "ResourceDetails", "service": "ServiceDetails"} {
		switch {
		case in[member] == "" || in[member] == "null":
			if out[column] != "" {
				return fmt.Errorf("%s = %.100s of a finding without %s", column, out[column], member)
			}
		case out[column] != in[member] && !shortened(column):
			return fmt.Errorf("%s = %.200s, want %.200s", column, out[column], in[member])
		}
	}
	rest := map[string]string{}
	if out["AdditionalFields"] != "" && !shortened("AdditionalFields") {
		rest = members(t, []byte(out["AdditionalFields"]))
	}
	for _, m := range finding.Rest {
		if m.Value[0] != 'n' && rest[m.Name] != string(m.Value) && !shortened("AdditionalFields") {
			return fmt.Errorf("member %q is not in AdditionalFields as it was", m.Name)
		}
	}
	return nil
}

// Make more with: go test ./handler/internal/logsingestion -run AnyFinding -findings 50000
var randomFindings = flag.Int("findings", 500, "random findings of TestAnyFindingMakesARowThatKeepsIt")

// TestAnyFindingMakesARowThatKeepsIt makes findings of random values, of the
// right types and of others, at the paths of columns and beside them.
func TestAnyFindingMakesARowThatKeepsIt(t *testing.T) {
	e, kinds := logsingestion.NewEncoder(), types(t)
	r := rand.New(rand.NewPCG(1, 2))
	for n := range *randomFindings {
		line := randomFinding(r)
		p := guardduty.Parser{Paths: e.Paths()}
		f, err := p.Parse(line)
		if err != nil {
			t.Fatalf("finding %d: Parse = %v: %.300s", n, err, line)
		}
		row, err := e.Row(nil, &f, source)
		if err != nil {
			t.Fatalf("finding %d: Row = %v: %.300s", n, err, line)
		}
		if err := fits(kinds, row); err != nil {
			t.Fatalf("finding %d: %v: %.300s", n, err, line)
		}
		if err := keeps(&f, line, row, t); err != nil {
			t.Fatalf("finding %d: %v: %.300s", n, err, line)
		}
	}
}

// randomFinding is a line with random values at some of the columns' paths.
func randomFinding(r *rand.Rand) []byte {
	root := map[string]any{}
	for _, c := range logsingestion.PathColumns() {
		if r.IntN(4) > 0 {
			continue
		}
		names := strings.Split(c.Path, ".")
		at := root
		for _, name := range names[:len(names)-1] {
			inner, ok := at[name].(map[string]any)
			if !ok {
				inner = map[string]any{}
				at[name] = inner
			}
			at = inner
		}
		if _, taken := at[names[len(names)-1]].(map[string]any); !taken {
			at[names[len(names)-1]] = randomValue(r, 3)
		}
	}
	for range r.IntN(4) {
		root[fmt.Sprintf("unknown%d", r.IntN(9))] = randomValue(r, 4)
	}
	root["id"] = jsontext.Value(fmt.Sprintf(`"%032x"`, r.Uint64()))
	root["type"] = jsontext.Value(`"Recon:EC2/Portscan"`)
	return appendJSON(nil, r, root)
}

// randomValue is JSON text, at times a long one.
func randomValue(r *rand.Rand, depth int) jsontext.Value {
	texts := []string{
		`"a text"`, `"é\u00e9\ud83d\ude00\n\"\\"`, `"2026-08-01T01:02:03.004Z"`,
		`"0a1b2c3d0a1b2c3d4e5f0a1b2c3d4e5f"`, `""`,
	}
	scalars := []string{"null", "true", "false", "0", "-0.0", "12345678901234567890", "1.639010703E9", "5.30", "1e400"}
	switch k := r.IntN(10); {
	case k < 4:
		return jsontext.Value(texts[r.IntN(len(texts))])
	case k < 7 || depth == 0:
		return jsontext.Value(scalars[r.IntN(len(scalars))])
	case k == 7 && r.IntN(20) == 0:
		return jsontext.Value(`"` + strings.Repeat("lông ", 1000*(1+r.IntN(20))) + `"`)
	case k < 9:
		var b bytes.Buffer
		for i := range r.IntN(5) {
			fmt.Fprintf(&b, "%s%s", strings.Repeat(", ", min(i, 1)), randomValue(r, depth-1))
		}
		return jsontext.Value("[" + b.String() + " ]")
	default:
		var b bytes.Buffer
		for i := range r.IntN(5) {
			fmt.Fprintf(&b, "%s\"n%d\": %s", strings.Repeat(",", min(i, 1)), i, randomValue(r, depth-1))
		}
		return jsontext.Value("{" + b.String() + "}")
	}
}

// appendJSON writes members in random order with some white space.
func appendJSON(b []byte, r *rand.Rand, v any) []byte {
	object, ok := v.(map[string]any)
	if !ok {
		return append(b, v.(jsontext.Value)...)
	}
	b = append(b, '{')
	first := true
	for name, value := range object {
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(b, strings.Repeat(" ", r.IntN(2))...)
		b = fmt.Appendf(b, "%q:", name)
		b = appendJSON(b, r, value)
	}
	return append(b, '}')
}
