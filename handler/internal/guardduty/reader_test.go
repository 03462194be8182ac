package guardduty_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"guardduty-sentinel/handler/internal/guardduty"
)

func zip(t *testing.T, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, content)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// read returns the lines as "number:text" and the error.
func read(r io.Reader) ([]string, error) {
	var lines []string
	_, err := new(guardduty.Reader).ReadObject(r, func(n int, text []byte, err error) error {
		if err != nil {
			text = []byte(err.Error())
		}
		lines = append(lines, fmt.Sprintf("%d:%s", n, text))
		return nil
	})
	return lines, err
}

func TestReadObjectYieldsLines(t *testing.T) {
	tests := map[string]struct {
		content string
		want    []string
	}{
		"last newline missing": {"a\nb", []string{"1:a", "2:b"}},
		"carriage returns":     {"a\r\nb\r\n", []string{"1:a", "2:b"}},
		"empty lines":          {"\na\n\n  \nb\n\n", []string{"2:a", "5:b"}},
		"nothing":              {"", nil},
		"one byte":             {"x", []string{"1:x"}},
		"longer than a buffer": {
			strings.Repeat("x", 100_000) + "\ny\n",
			[]string{"1:" + strings.Repeat("x", 100_000), "2:y"},
		},
	}
	for name, tt := range tests {
		half := len(tt.content) / 2
		for form, content := range map[string][]byte{
			"gzip": zip(t, tt.content), "plain": []byte(tt.content),
			"two members": slices.Concat(zip(t, tt.content[:half]), zip(t, tt.content[half:])),
		} {
			t.Run(name+", "+form, func(t *testing.T) {
				for _, r := range []io.Reader{
					bytes.NewReader(content), iotest.OneByteReader(bytes.NewReader(content)),
				} {
					got, err := read(r)
					if err != nil || !slices.Equal(got, tt.want) {
						t.Errorf("ReadObject(%.20q…) = %.200q, %v, want %.200q", tt.content, got, err, tt.want)
					}
				}
			})
		}
	}
}

func TestReadObjectOfDamagedContent(t *testing.T) {
	whole := zip(t, "first\nsecond\n"+strings.Repeat("x", 50_000)+"\n")
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-6] ^= 0xff // in the checksum
	for name, content := range map[string][]byte{
		"truncated": whole[:len(whole)-20], "header only": whole[:5], "wrong checksum": flipped,
		"text after the end": append(bytes.Clone(whole), "tail"...),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := read(bytes.NewReader(content))
			if !errors.Is(err, guardduty.ErrDamaged) {
				t.Errorf("ReadObject = %v, want ErrDamaged", err)
			}
			if name != "header only" && (len(got) < 2 || got[0] != "1:first" || got[1] != "2:second") {
				t.Errorf("ReadObject yielded %.60q, want the whole lines before the damage", got)
			}
		})
	}
}

func TestReadObjectTellsABrokenConnectionFromDamage(t *testing.T) {
	broken := errors.New("connection reset")
	content := zip(t, "first\nsecond\n")
	_, err := read(io.MultiReader(bytes.NewReader(content[:len(content)-4]), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) || errors.Is(err, guardduty.ErrDamaged) {
		t.Errorf("ReadObject = %v, want %v", err, broken)
	}
}

func TestReadObjectStopsOnTheCallersError(t *testing.T) {
	stop := errors.New("stop")
	n, err := new(guardduty.Reader).ReadObject(strings.NewReader("a\nb\nc\n"), func(n int, _ []byte, _ error) error {
		if n == 2 {
			return stop
		}
		return nil
	})
	if n != 2 || err != stop {
		t.Errorf("ReadObject = %d, %v, want 2, %v", n, err, stop)
	}
}

// noughts is what zeros reads, a block at a time.
var noughts = bytes.Repeat([]byte("0"), 64<<10)

// zeros is an endless line.
type zeros struct{ left int64 }

func (z *zeros) Read(p []byte) (int, error) {
	if z.left <= 0 {
		return 0, io.EOF
	}
	n := int64(copy(p[:min(int64(len(p)), z.left)], noughts))
	z.left -= n
	return int(n), nil
}

// TestReadObjectOfAHugeLineIsBounded reads a line of 256 MiB, then a good one.
func TestReadObjectOfAHugeLineIsBounded(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	got, err := read(io.MultiReader(&zeros{256 << 20}, strings.NewReader("\ngood\n")))
	runtime.ReadMemStats(&after)
	if want := []string{"1:" + guardduty.ErrLineTooLong.Error(), "2:good"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("ReadObject = %.100q, %v, want %q", got, err, want)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 8*guardduty.MaxLine {
		t.Errorf("ReadObject allocated %d bytes, want at most eight times MaxLine", grown)
	}
}

func TestReadObjectOfAnEndlessObjectEnds(t *testing.T) {
	_, err := read(&zeros{2 << 30})
	if !errors.Is(err, guardduty.ErrObjectTooLong) {
		t.Errorf("ReadObject = %v, want ErrObjectTooLong", err)
	}
}

func FuzzReadObject(f *testing.F) {
	f.Add([]byte("a\nb\r\n\n"))
	f.Add([]byte{0x1f, 0x8b})
	f.Fuzz(func(t *testing.T, data []byte) {
		last := 0
		new(guardduty.Reader).ReadObject(bytes.NewReader(data), func(n int, text []byte, err error) error {
			if n <= last {
				t.Fatalf("line %d after line %d", n, last)
			}
			if last = n; err == nil && (len(bytes.TrimSpace(text)) == 0 || bytes.ContainsRune(text, '\n')) {
				t.Fatalf("line %d is %q", n, text)
			}
			return nil
		})
	})
}
