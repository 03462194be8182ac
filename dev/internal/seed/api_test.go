package seed_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/seed"
)

// TestEveryNameOfTheAPI converts a finding that has every member of the model.
func TestEveryNameOfTheAPI(t *testing.T) {
	var api any
	want := map[string]string{} // type by path of the export
	for _, m := range apiNames(t) {
		api = build(api, m.api, example(m.kind))
		want[m.wire] = m.kind
	}
	delete(want, "service.additionalInfo.value") // tried elsewhere
	finding := api.(map[string]any)
	at(finding, "Service.AdditionalInfo").(map[string]any)["Value"] = ""
	text, err := json.Marshal(map[string]any{"Findings": []any{finding}})
	if err != nil {
		t.Fatal(err)
	}
	in, err := seed.Read(write(t, t.TempDir(), "api.json", text))
	if err != nil {
		t.Fatal(err)
	}
	var got any
	decode(t, in.Findings[0], &got)
	leaves(got, "", func(path string, leaf any) {
		kind, known := want[path]
		if !known && path != "service.additionalInfo.value" {
			t.Errorf("the converted finding has %s, which no export has", path)
		}
		if _, isNumber := leaf.(float64); kind == "timestamp" && !isNumber {
			t.Errorf("%s = %v, want seconds", path, leaf)
		}
		delete(want, path)
	})
	for path := range want {
		t.Errorf("the converted finding lacks %s", path)
	}
}

// TestRoundTrip turns each generated finding into the form of the API and has it
// converted back.
func TestRoundTrip(t *testing.T) {
	apiName := map[string]string{}
	seconds := map[string]bool{}
	for _, m := range apiNames(t) {
		api, wire := strings.Split(m.api, "."), strings.Split(m.wire, ".")
		for n := range wire {
			apiName[strings.Join(wire[:n+1], ".")] = strings.TrimRight(api[n], "[]{}")
		}
		seconds[m.wire] = m.kind == "timestamp"
	}
	dir := t.TempDir()
	for n, line := range builtIn(t) {
		var f map[string]any
		decode(t, line, &f)
		want := withoutNulls(f)
		back := toAPI(t, want, "", apiName, seconds)
		text, err := json.MarshalIndent(map[string]any{"Findings": []any{back}}, "", "    ")
		if err != nil {
			t.Fatal(err)
		}
		in, err := seed.Read(write(t, dir, fmt.Sprintf("%d.json", n), text))
		if err != nil {
			t.Fatal(err)
		}
		var got any
		decode(t, in.Findings[0], &got)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s came back as %v, want %v", f["type"], got, want)
		}
	}
}

// apiMember is a line of api_names.tsv.
type apiMember struct{ api, wire, kind string }

func apiNames(t *testing.T) []apiMember {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "api_names.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var out []apiMember
	for line := range strings.Lines(string(text)) {
		parts := strings.Split(strings.TrimSpace(line), "\t")
		out = append(out, apiMember{parts[0], parts[1], parts[2]})
	}
	return out
}

func example(kind string) any {
	switch kind {
	case "timestamp":
		return "2026-02-25T20:40:06.250000+00:00"
	case "boolean":
		return true
	case "string":
		return "x"
	}
	return 1
}

// build adds a value at a path such as "A.B[].C{}".
func build(v any, path string, value any) any {
	if path == "" {
		return value
	}
	if rest, ok := strings.CutPrefix(path, "[]"); ok {
		list, _ := v.([]any)
		if list == nil {
			list = []any{nil}
		}
		list[0] = build(list[0], strings.TrimPrefix(rest, "."), value)
		return list
	}
	m, _ := v.(map[string]any)
	if m == nil {
		m = map[string]any{}
	}
	if rest, ok := strings.CutPrefix(path, "{}"); ok {
		m["AWS::Some::Name"] = build(m["AWS::Some::Name"], strings.TrimPrefix(rest, "."), value)
		return m
	}
	end := strings.IndexAny(path, ".[{")
	if end < 0 {
		end = len(path)
	}
	name := path[:end]
	m[name] = build(m[name], strings.TrimPrefix(path[end:], "."), value)
	return m
}

// leaves visits the values that are not objects or lists, with their paths as in
// api_names.tsv.
func leaves(v any, path string, visit func(path string, leaf any)) {
	switch v := v.(type) {
	case map[string]any:
		for name, below := range v {
			if name == "AWS::Some::Name" {
				leaves(below, path+"{}", visit)
			} else {
				leaves(below, strings.TrimPrefix(path+"."+name, "."), visit)
			}
		}
	case []any:
		for _, below := range v {
			leaves(below, path+"[]", visit)
		}
	default:
		visit(path, v)
	}
}

// withoutNulls leaves out what the API does not return.
func withoutNulls(v map[string]any) map[string]any {
	out := map[string]any{}
	for name, below := range v {
		switch below := below.(type) {
		case nil:
		case map[string]any:
			out[name] = withoutNulls(below)
		case []any:
			list := []any{}
			for _, element := range below {
				if m, ok := element.(map[string]any); ok {
					element = withoutNulls(m)
				}
				list = append(list, element)
			}
			out[name] = list
		default:
			out[name] = below
		}
	}
	return out
}

// toAPI gives the members of a finding the names of the API, and its times the
// form in which the AWS CLI prints them.
func toAPI(t *testing.T, v any, path string, names map[string]string, seconds map[string]bool) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, below := range v {
			inner := strings.TrimPrefix(path+"."+name, ".")
			if path == "service.additionalInfo" && name != "value" && name != "type" {
				continue // in value
			}
			if strings.HasSuffix(path, "affectedResources") {
				out[name] = below
				continue
			}
			api, list := names[inner], names[inner+"[]"]
			if api == "" {
				api = list
			}
			if api == "" {
				api = names[inner+"{}"]
			}
			if api == "" {
				t.Fatalf("the API has no %s", inner)
			}
			out[api] = toAPI(t, below, inner, names, seconds)
		}
		return out
	case []any:
		out := []any{}
		for _, element := range v {
			out = append(out, toAPI(t, element, path+"[]", names, seconds))
		}
		return out
	case float64:
		if seconds[path] {
			return time.UnixMilli(int64(v * 1000)).UTC().Format("2006-01-02T15:04:05.000000+00:00")
		}
	}
	return v
}
