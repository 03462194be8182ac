package fault_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"guardduty-sentinel/handler/internal/fault"
)

func TestFaultIsOneLine(t *testing.T) {
	tests := map[string]struct {
		f    fault.Fault
		want string
	}{
		"all parts": {
			fault.Fault{Code: fault.BucketMissing, What: "there is no bucket b", Err: io.EOF, Fix: "set S3_BUCKET"},
			"GD1302 there is no bucket b: EOF; set S3_BUCKET",
		},
		"no cause": {
			fault.Fault{Code: fault.SecretMissing, What: "the secret is empty", Fix: "store the key"},
			"GD1202 the secret is empty; store the key",
		},
		"the fix of the catalogue": {
			fault.Fault{Code: fault.BucketRegion, What: "bucket b is elsewhere", Err: io.EOF},
			"GD1305 bucket b is elsewhere: EOF; set AWS_REGION to the bucket's region",
		},
		"many-line cause": {
			fault.Fault{Code: fault.Other, What: "a\r\nb", Err: errors.New("c\nd\re"), Fix: "f\n"},
			"GD1003 a b: c d e; f ",
		},
	}
	for name, tt := range tests {
		if got := tt.f.Error(); got != tt.want {
			t.Errorf("Error(), %s = %q, want %q", name, got, tt.want)
		}
	}
}

func TestCauseIsWrapped(t *testing.T) {
	f := &fault.Fault{Code: fault.StateConflict, What: "conflict", Err: io.ErrUnexpectedEOF}
	if !errors.Is(fmt.Errorf("run: %w", f), io.ErrUnexpectedEOF) {
		t.Errorf("errors.Is(%v) = false, want its cause found", f)
	}
}

func TestOf(t *testing.T) {
	known := &fault.Fault{Code: fault.ListRefused, What: "S3 refused to list"}
	inner := &fault.Fault{Code: fault.Token, What: "no token"}
	tests := map[string]struct {
		err  error
		want *fault.Fault
	}{
		"itself":              {known, known},
		"wrapped":             {fmt.Errorf("list: %w", fmt.Errorf("page: %w", known)), known},
		"joined":              {errors.Join(io.EOF, known), known},
		"fault within faults": {&fault.Fault{Code: fault.VaultUnreachable, Err: inner}, nil},
	}
	for name, tt := range tests {
		want := tt.want
		if want == nil {
			want = tt.err.(*fault.Fault) // the outermost counts
		}
		if got := fault.Of(tt.err); got != want {
			t.Errorf("Of(%s) = %v, want %v", name, got, want)
		}
	}
}

func TestOfForeignError(t *testing.T) {
	err := fmt.Errorf("load: %w", io.ErrUnexpectedEOF)
	got := fault.Of(err)
	want := "GD1003 the run failed: load: unexpected EOF; see the log of this invocation"
	if got.Code != fault.Other || got.Error() != want || !errors.Is(got, io.ErrUnexpectedEOF) {
		t.Errorf("Of(%v) = %v, want %s", err, got, want)
	}
}

func TestLine(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"short":           {"dial tcp: refused", "dial tcp: refused"},
		"many lines":      {"a\r\n\t----\n\nb ", "a b"},
		"empty":           {"", ""},
		"as long":         {strings.Repeat("x", 300), strings.Repeat("x", 300)},
		"longer":          {strings.Repeat("x", 301), strings.Repeat("x", 300) + "..."},
		"cut in a letter": {strings.Repeat("x", 299) + "éé", strings.Repeat("x", 299) + "..."},
		"invalid UTF-8":   {"a\xff\xfeb", "a\uFFFDb"},
		"invalid at cut":  {strings.Repeat("x", 300) + "\xff", strings.Repeat("x", 300) + "..."},
	}
	for name, tt := range tests {
		got := fault.Line(errors.New(tt.text)).Error()
		if got != tt.want || !utf8.ValidString(got) {
			t.Errorf("Line(%s) = %q, want %q", name, got, tt.want)
		}
	}
}

// TestLineWrapsNothing: its origin may hold a whole answer.
func TestLineWrapsNothing(t *testing.T) {
	if err := fault.Line(io.EOF); errors.Is(err, io.EOF) || errors.Unwrap(err) != nil {
		t.Errorf("Line(%v) wraps its error, want it not to", err)
	}
}

// FuzzLine: the result is one bounded line that every log takes.
func FuzzLine(f *testing.F) {
	for _, text := range []string{"", "a\nb", "\xff", strings.Repeat("é", 200), strings.Repeat("\xff a", 200)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := fault.Line(errors.New(text)).Error()
		if len(got) > 300+len("…") || strings.ContainsAny(got, "\r\n") || !utf8.ValidString(got) {
			t.Errorf("Line(%q) = %q, want one line of valid UTF-8 and at most 300 bytes and a mark", text, got)
		}
	})
}
