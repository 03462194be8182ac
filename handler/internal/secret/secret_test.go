package secret_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"guardduty-sentinel/handler/internal/secret"
)

const text = "wJalrXUtnFEMI"

// TestNoPrinterShowsTheText prints a secret every way there is, bare, inside
// a struct, behind a pointer and in an unexported field.
func TestNoPrinterShowsTheText(t *testing.T) {
	type inner struct{ S secret.String }
	type outer struct {
		Exported secret.String
		hidden   secret.String
		Pointer  *secret.String
		Inner    inner
	}
	s := secret.New(text)
	v := outer{Exported: s, hidden: s, Pointer: &s, Inner: inner{s}}
	values := map[string]any{
		"bare": s, "pointer": &s, "struct": v, "struct pointer": &v, "slice": []secret.String{s},
		"map": map[string]secret.String{"k": s},
	}
	for name, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
			check(t, name+" "+verb, fmt.Sprintf(verb, v))
		}
		j, err := json.Marshal(v)
		if err != nil {
			t.Errorf("json.Marshal(%s) = %v", name, err)
		}
		check(t, name+" json", string(j))
		var b bytes.Buffer
		slog.New(slog.NewJSONHandler(&b, nil)).Info("m", "v", v)
		slog.New(slog.NewTextHandler(&b, nil)).Info("m", "v", v)
		check(t, name+" slog", b.String())
		check(t, name+" error", fmt.Errorf("x %v: %w", v, errors.ErrUnsupported).Error())
	}
}

func check(t *testing.T, how, got string) {
	t.Helper()
	hex := fmt.Sprintf("%x", text)
	if strings.Contains(got, text) || strings.Contains(strings.ToLower(got), hex) {
		t.Errorf("%s shows the secret: %s", how, got)
	}
}

func TestRevealReturnsTheText(t *testing.T) {
	var s secret.String
	if !s.IsZero() || s.Reveal() != "" {
		t.Errorf("zero String = %q, IsZero %v, want empty", s.Reveal(), s.IsZero())
	}
	if err := s.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if got := s.Reveal(); got != text {
		t.Errorf("Reveal() = %q, want %q", got, text)
	}
}
