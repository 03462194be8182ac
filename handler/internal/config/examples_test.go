package config_test

import (
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"testing"

	"guardduty-sentinel/handler/internal/config"
)

// TestExamples reads the values that the portal form is tried with too: what
// one takes the other takes, and what one refuses the other refuses.
func TestExamples(t *testing.T) {
	data, err := os.ReadFile("testdata/examples.json")
	if err != nil {
		t.Fatal(err)
	}
	var examples map[string]struct{ Taken, Refused []string }
	if err := json.Unmarshal(data, &examples); err != nil {
		t.Fatal(err)
	}
	for name, of := range examples {
		for _, value := range of.Taken {
			if wrong := refusal(name, value); wrong != "" {
				t.Errorf("%s=%q is refused: %s", name, value, wrong)
			}
		}
		for _, value := range of.Refused {
			if refusal(name, value) == "" {
				t.Errorf("%s=%q is taken, want it refused", name, value)
			}
		}
	}
}

// TestLengths: the longest value is taken and a longer one is not.
func TestLengths(t *testing.T) {
	tried := 0
	for _, s := range config.Settings() {
		if s.MaxLength == 0 {
			continue
		}
		tried++
		if wrong := refusal(s.Name, strings.Repeat("a", s.MaxLength)); wrong != "" {
			t.Errorf("%s with %d letters is refused: %s", s.Name, s.MaxLength, wrong)
		}
		if refusal(s.Name, strings.Repeat("a", s.MaxLength+1)) == "" {
			t.Errorf("%s with %d letters is taken, want it refused", s.Name, s.MaxLength+1)
		}
	}
	if tried == 0 {
		t.Error("no setting has a MaxLength")
	}
}

// TestPrefixOfOddBytes: each counts as three, as it does in a partition key.
func TestPrefixOfOddBytes(t *testing.T) {
	if wrong := refusal("S3_PREFIX", strings.Repeat("é", 66)); wrong != "" {
		t.Errorf("132 odd bytes are refused: %s", wrong)
	}
	if wrong := refusal("S3_PREFIX", strings.Repeat("é", 67)); !strings.Contains(wrong, "counts as three") {
		t.Errorf("134 odd bytes = %q, want them refused with how they count", wrong)
	}
}

// refusal is why a value of a setting is a fault, or why the host refuses it.
func refusal(name, value string) string {
	changes := []string{name, value}
	if name == "AWS_WEB_IDENTITY_AUDIENCE" || name == "AWS_ROLE_EXTERNAL_ID" {
		changes = append(changes, "AWS_ROLE_ARN", good["AWS_ROLE_ARN"])
	}
	c, err := read(changes...)
	if err != nil {
		return err.Error()
	}
	return strings.Join(notices(c, slog.LevelError), "; ")
}
