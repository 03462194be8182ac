package text_test

import (
	"slices"
	"testing"

	"guardduty-sentinel/dev/internal/text"
)

func TestWrap(t *testing.T) {
	tests := map[string]struct {
		text  string
		width int
		want  []string
	}{
		"fits":          {"one two", 7, []string{"one two"}},
		"a word over":   {"one two three", 7, []string{"one two", "three"}},
		"a long word":   {"a s3://bucket/key b", 5, []string{"a", "s3://bucket/key", "b"}},
		"characters":    {"äöü äöü", 7, []string{"äöü äöü"}},
		"nothing":       {"", 10, []string{""}},
		"width too low": {"a b", 0, []string{"a", "b"}},
	}
	for name, tt := range tests {
		if got := text.Wrap(tt.text, tt.width); !slices.Equal(got, tt.want) {
			t.Errorf("%s: Wrap(%q, %d) = %q, want %q", name, tt.text, tt.width, got, tt.want)
		}
	}
}

func TestPlural(t *testing.T) {
	for n, want := range map[int]string{0: "0 rows", 1: "1 row", 2: "2 rows"} {
		if got := text.Plural(n, "row"); got != want {
			t.Errorf("Plural(%d, row) = %q, want %q", n, got, want)
		}
	}
}
