package main_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	main "guardduty-sentinel/handler"
	"guardduty-sentinel/handler/internal/config"
)

// usual is the settings from which each of the others is tried: those that are
// required, and a role, so that what belongs to a role can be set.
func usual() map[string]string {
	return map[string]string{
		"S3_BUCKET":                     "guardduty-export",
		"AWS_REGION":                    "eu-west-1",
		"KEY_VAULT_URI":                 "https://kv-1.vault.azure.net",
		"AWS_ROLE_ARN":                  "arn:aws:iam::111122223333:role/one",
		"LOGS_INGESTION_ENDPOINT":       "https://dce-1.westeurope-1.ingest.monitor.azure.com",
		"DCR_IMMUTABLE_ID":              "dcr-0123456789abcdef0123456789abcdef",
		"AzureWebJobsStorage":           "UseDevelopmentStorage=true",
		"StateStorage__tableServiceUri": "https://acct2.table.core.windows.net",
	}
}

// another is a value of each setting that is neither its default nor usual.
var another = map[string]string{
	"S3_BUCKET":                    "another-export",
	"S3_PREFIX":                    "security",
	"S3_BUCKET_OWNER":              "444455556666",
	"AWS_REGION":                   "us-east-2",
	"KEY_VAULT_URI":                "https://kv-2.vault.azure.net",
	"AWS_ACCESS_KEY_ID_SECRET":     "another-id",
	"AWS_SECRET_ACCESS_KEY_SECRET": "another-key",
	"AWS_ROLE_ARN":                 "arn:aws:iam::111122223333:role/two",
	"AWS_ROLE_EXTERNAL_ID":         "external",
	"AWS_WEB_IDENTITY_AUDIENCE":    "api://guardduty-sentinel",
	"STATE_CONNECTION":             "StateStorage",
	"STATE_TABLE":                  "AnotherState",
	"LOGS_INGESTION_ENDPOINT":      "https://dce-2.westeurope-1.ingest.monitor.azure.com",
	"DCR_IMMUTABLE_ID":             "dcr-fedcba9876543210fedcba9876543210",
	"DCR_STREAM":                   "Custom-Another_CL",
	"INITIAL_LOOKBACK":             "7d",
	"WATERMARK_OVERLAP":            "2h",
	"RUN_BUDGET":                   "5m",
	"FETCH_CONCURRENCY":            "8",
	"UPLOAD_CONCURRENCY":           "2",
	"MIN_SEVERITY":                 "4",
	"EXCLUDE_FINDING_TYPES":        "Recon:*",
	"ACCOUNTS":                     "111122223333",
	"ADMINISTRATOR_ACCOUNTS":       "111122223333",
	"MAX_PAIR_MB":                  "100",
	"EXCLUDE_SAMPLES":              "true",
	"LOG_LEVEL":                    "debug",
	"AWS_ENDPOINT_URL_S3":          "https://s3.example",
	"AWS_ENDPOINT_URL_STS":         "https://sts.example",
	"S3_PATH_STYLE":                "true",
}

// readByOthers is the settings that change nothing in what is assembled, and
// who reads them.
var readByOthers = map[string]string{
	"GUARDDUTY_SCHEDULE":      "the Functions host",
	"AZURE_CLIENT_ID":         "azidentity",
	"AZURE_TOKEN_CREDENTIALS": "azidentity",
}

// TestEverySettingWorks sets each setting to another value and looks for a
// difference in what a run works with. A setting that is declared, documented
// and deployed and that nothing reads fails here.
func TestEverySettingWorks(t *testing.T) {
	assemble := func(name, value string) []string {
		t.Helper()
		vars := usual()
		vars[name] = value
		var environ []string
		for name, value := range vars {
			environ = append(environ, name+"="+value)
		}
		parts, err := main.Assemble(environ)
		if err != nil {
			t.Fatalf("%s=%s is refused: %v", name, value, err)
		}
		return flatten(parts)
	}
	before := assemble("S3_BUCKET", usual()["S3_BUCKET"])
	if again := assemble("S3_BUCKET", usual()["S3_BUCKET"]); !slices.Equal(before, again) {
		t.Fatalf("the same settings give another connector: %q", differing(before, again))
	}
	for _, s := range config.Settings() {
		value, tried := another[s.Name]
		if by := readByOthers[s.Name]; s.ReadBy != by || tried == (by != "") {
			t.Errorf("%s: read by %q, want it in readByOthers or in another, and in one of them", s.Name, s.ReadBy)
			continue
		}
		if !tried {
			continue
		}
		if value == s.Default || value == usual()[s.Name] {
			t.Errorf("%s=%s is not another value", s.Name, value)
		} else if after := assemble(s.Name, value); slices.Equal(before, after) {
			t.Errorf("%s=%s changes nothing: no part of a run reads it", s.Name, value)
		}
	}
	names := slices.Concat(slices.Collect(maps.Keys(another)), slices.Collect(maps.Keys(readByOthers)))
	if len(names) != len(config.Settings()) {
		t.Errorf("another and readByOthers have %d settings, want %d", len(names), len(config.Settings()))
	}
}

// differing is what one has and the other lacks.
func differing(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(line string) bool { return slices.Contains(b, line) })
}

// flatten writes every value that parts hold or point to, one a line with its
// way there. Functions are only set or not, and the settings do not count.
func flatten(parts []any) []string {
	f := flattener{seen: map[uintptr]bool{}}
	for _, part := range parts {
		f.walk(fmt.Sprintf("%T", part), reflect.ValueOf(part))
	}
	slices.Sort(f.lines)
	return f.lines
}

type flattener struct {
	lines []string
	seen  map[uintptr]bool
}

func (f *flattener) walk(at string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Invalid:
		return
	case reflect.Pointer:
		if v.IsNil() || f.seen[v.Pointer()] || v.Type() == reflect.TypeFor[*config.Config]() {
			return
		}
		f.seen[v.Pointer()] = true
		f.walk(at, v.Elem())
	case reflect.Interface:
		if !v.IsNil() {
			f.walk(at+"("+v.Elem().Type().String()+")", v.Elem())
		}
	case reflect.Struct:
		for field, value := range v.Fields() {
			if field.Name != "CorrelationID" { // of the Azure SDK: random
				f.walk(at+"."+field.Name, value)
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			f.walk(fmt.Sprintf("%s[%d]", at, i), v.Index(i))
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		for _, key := range keys {
			f.walk(fmt.Sprintf("%s[%v]", at, key), v.MapIndex(key))
		}
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		f.lines = append(f.lines, fmt.Sprintf("%s set: %v", at, !v.IsNil()))
	default:
		f.lines = append(f.lines, strings.TrimSpace(fmt.Sprintf("%s = %v", at, v)))
	}
}
