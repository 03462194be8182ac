package config_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"guardduty-sentinel/handler/internal/config"
)

var update = flag.Bool("update", false, "write what is made from the settings")

const (
	page  = "../../../docs/settings.md"
	list  = "../../../infra/schema/settings.json"
	begin = "<!-- made by make docs: begin -->\n"
	end   = "<!-- made by make docs: end -->\n"
)

// TestSettingsPage holds the table of docs/settings.md to the settings.
func TestSettingsPage(t *testing.T) {
	text := readText(t, page)
	before, rest, found := strings.Cut(text, begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s lacks the marks between which its table stands", page)
	}
	same(t, page, text, before+begin+table()+end+after)
}

// TestSettingsFile holds infra/schema/settings.json to the settings: the tests
// of the templates and of the portal form read it.
func TestSettingsFile(t *testing.T) {
	var want bytes.Buffer
	out := json.NewEncoder(&want)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	if err := out.Encode(config.Settings()); err != nil {
		t.Fatal(err)
	}
	same(t, list, readText(t, list), want.String())
}

// table is the table of docs/settings.md.
func table() string {
	var b strings.Builder
	b.WriteString("| setting | default | meaning | set by Bicep from |\n| --- | --- | --- | --- |\n")
	for _, s := range config.Settings() {
		help := s.Help
		if s.Values != nil {
			help = code(s.Values...) + ": " + help
		}
		if s.ReadBy != "" {
			help += " (read by " + s.ReadBy + ")"
		}
		from := cmp.Or(s.Bicep.Resource, "not set: "+s.Bicep.Unset)
		if s.Bicep.Parameter != "" {
			from = code(s.Bicep.Parameter)
		}
		if s.Bicep.Values != nil {
			from += ", only " + code(s.Bicep.Values...)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", code(s.Name), defaultOf(s), help, from)
	}
	return b.String()
}

// defaultOf says what holds where a setting is not set.
func defaultOf(s config.Setting) string {
	switch {
	case s.Default != "":
		return code(s.Default)
	case s.Unless != "":
		return "required without " + code(s.Unless)
	case s.Required != "":
		return "required"
	case s.Kind == config.Schedule:
		return "none"
	default:
		return "empty"
	}
}

func code(words ...string) string { return "`" + strings.Join(words, "`, `") + "`" }

func readText(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil && !*update {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(data), "\r\n", "\n")
}

// same fails when a file is not as wanted, or writes it.
func same(t *testing.T, name, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	if !*update {
		t.Errorf("%s differs from the settings in settings.go: make docs writes it", name)
		return
	}
	if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
