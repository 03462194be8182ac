// Package secret holds text that no printer shows.
package secret

import (
	"fmt"
	"log/slog"
)

// redacted is what every way of printing a String shows instead of its text.
const redacted = "[redacted]"

// String is text that prints as [redacted] through fmt, slog, encoding/json
// and every other encoder that knows encoding.TextMarshaler. It holds a
// pointer, so that even a printer that walks unexported fields shows an
// address and not the text.
type String struct{ text *string }

// New returns s as a secret.
func New(s string) String { return String{&s} }

// Reveal returns the text. Only the adapter that sends it calls Reveal.
func (s String) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether the text is empty.
func (s String) IsZero() bool { return s.Reveal() == "" }

// UnmarshalText takes text as the secret. It never fails.
func (s *String) UnmarshalText(text []byte) error {
	*s = New(string(text))
	return nil
}

// MarshalText returns [redacted], for encoding/json and its like.
func (s String) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Format writes [redacted] for every verb and flag.
func (s String) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// String returns [redacted].
func (s String) String() string { return redacted }

// LogValue returns [redacted].
func (s String) LogValue() slog.Value { return slog.StringValue(redacted) }
