package azfunc_test

import (
	"strings"
	"testing"

	"guardduty-sentinel/handler/internal/azfunc"
)

func TestReason(t *testing.T) {
	a := strings.Repeat("a", azfunc.MaxReason)
	tests := map[string]struct{ text, want string }{
		"plain": {
			"GD1302 there is no bucket b in eu-west-1; set S3_BUCKET",
			"GD1302 there is no bucket b in eu-west-1; set S3_BUCKET",
		},
		"line ends":           {"a\r\nb\nc\rd", "a b c d"},
		"white space":         {"  a \t\v\f b\u00a0c\u2028d  ", "a b c d"},
		"non-ASCII":           {"naïve…", "na%C3%AFve%E2%80%A6"},
		"control characters":  {"a\x00b\x1bc\x7f", "a%00b%1Bc%7F"},
		"invalid UTF-8":       {"a\xffb", "a%FFb"},
		"all visible ASCII":   {`!"#$%&'()*+,-./:;<=>?@[\]^_{|}~` + "`", `!"#$%&'()*+,-./:;<=>?@[\]^_{|}~` + "`"},
		"empty":               {"", "no reason was given"},
		"blank":               {" \r\n", "no reason was given"},
		"as long as can be":   {a, a},
		"a byte too long":     {a + "a", a[:997] + "..."},
		"much too long":       {a + a + a, a[:997] + "..."},
		"escape at the bound": {a[:996] + "é", a[:996] + "..."},
		"escapes up to it":    {a[:994] + "é", a[:994] + "%C3%A9"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := azfunc.Reason(tt.text); got != tt.want {
				t.Errorf("Reason(%q) = %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}

// FuzzReason: whatever the text, the status line stays one line that every
// HTTP client reads.
func FuzzReason(f *testing.F) {
	for _, text := range []string{
		"", "GD1003 x", "a\r\nb: c", "é…\x00\xff", strings.Repeat("é", 600), strings.Repeat("a b", 400), "%41%",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := azfunc.Reason(text)
		if got == "" || len(got) > azfunc.MaxReason {
			t.Errorf("Reason(%q) has %d bytes, want 1 to %d", text, len(got), azfunc.MaxReason)
		}
		for i := range len(got) {
			if got[i] < ' ' || got[i] > '~' {
				t.Fatalf("Reason(%q) = %q, want visible ASCII only", text, got)
			}
		}
		if strings.TrimSpace(got) != got {
			t.Errorf("Reason(%q) = %q, want no space at its ends", text, got)
		}
	})
}
