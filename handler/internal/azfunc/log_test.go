package azfunc_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"

	"guardduty-sentinel/handler/internal/azfunc"
)

// TestLevelChoosesTheStream: the host takes stdout for Information, and stderr
// for Error unless the line contains "warn".
func TestLevelChoosesTheStream(t *testing.T) {
	hostWarns := regexp.MustCompile(`(?i)warn`)
	tests := map[string]struct {
		level          slog.Level
		stdout, warned bool
	}{
		"debug":       {slog.LevelDebug, true, false},
		"info":        {slog.LevelInfo, true, false},
		"info and 2":  {slog.LevelInfo + 2, true, false},
		"warn":        {slog.LevelWarn, false, true},
		"warn and 2":  {slog.LevelWarn + 2, false, true},
		"error":       {slog.LevelError, false, false},
		"error and 4": {slog.LevelError + 4, false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			log := azfunc.NewLogger(&out, &errs, slog.LevelDebug)
			log.Log(t.Context(), tt.level, "msg")
			used, other := &out, &errs
			if !tt.stdout {
				used, other = &errs, &out
			}
			if other.Len() != 0 {
				t.Errorf("the other stream = %q, want nothing", other)
			}
			if got := fields(t, used.String()); got["msg"] != "msg" || got["level"] != tt.level.String() {
				t.Errorf("line = %v, want msg at %v", got, tt.level)
			}
			if !tt.stdout && hostWarns.MatchString(used.String()) != tt.warned {
				t.Errorf("line %q contains warn: %v, want %v", used, !tt.warned, tt.warned)
			}
		})
	}
}

func TestLevelIsRespectedAndMayChange(t *testing.T) {
	level := new(slog.LevelVar)
	var out bytes.Buffer
	log := azfunc.NewLogger(&out, &out, level)
	log.Debug("hidden")
	level.Set(slog.LevelDebug)
	log.Debug("shown")
	level.Set(slog.LevelError)
	log.Warn("hidden")
	if got := fields(t, out.String()); got["msg"] != "shown" {
		t.Errorf("lines = %s, want only shown", &out)
	}
}

// TestErrorLineHidesTheWordWarn: or the host would show an error as a warning.
// A JSON reader gets the text as it was, wherever the word stood.
func TestErrorLineHidesTheWordWarn(t *testing.T) {
	for _, text := range []string{
		"warn", "WARN", "Warning: wArNwarn", `\warn`, `"warn"`, "a\nwarn", "\\u0077arn", "forewarned is <warn>",
		"é…warn\u2028WARN",
	} {
		var out, errs bytes.Buffer
		log := azfunc.NewLogger(&out, &errs, slog.LevelInfo).With("Warn_key", text).WithGroup("warned")
		log.Error(text, slog.Any("error", errors.New(text)), slog.Any("list", []string{text}))
		line := errs.String()
		if strings.Contains(strings.ToLower(line), "warn") {
			t.Errorf("line for %q = %s, want no warn in it", text, line)
		}
		got := fields(t, line)
		if got["msg"] != text || got["Warn_key"] != text ||
			fmt.Sprint(got["warned"]) != fmt.Sprint(map[string]any{"error": text, "list": []any{text}}) {
			t.Errorf("line for %q = %s, want the same text decoded", text, line)
		}
	}
}

func TestAttributesAndGroupsAreKept(t *testing.T) {
	for _, level := range []slog.Level{slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		var out bytes.Buffer
		log := azfunc.NewLogger(&out, &out, slog.LevelInfo).With("id", "1").WithGroup("g").With("a", 2)
		log.Log(t.Context(), level, "m", "b", "x\ny\r\n")
		got := fields(t, out.String())
		if got["id"] != "1" || !strings.Contains(out.String(), `"g":{"a":2,"b":"x\ny\r\n"}`) {
			t.Errorf("line at %v = %s, want the attributes and the group", level, &out)
		}
	}
}

// TestConcurrentLinesStayWhole writes to one pipe from many goroutines, as
// both streams of a process may end in one file.
func TestConcurrentLinesStayWhole(t *testing.T) {
	const writers, each = 8, 50
	r, w := io.Pipe()
	log := azfunc.NewLogger(w, w, slog.LevelInfo)
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for j := range each {
				level := []slog.Level{slog.LevelInfo, slog.LevelWarn, slog.LevelError}[j%3]
				log.Log(t.Context(), level, fmt.Sprintf("%d/%d", i, j), "text", strings.Repeat("warn\n", 2000))
			}
		})
	}
	go func() { wg.Wait(); w.Close() }()
	seen := map[any]bool{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		seen[fields(t, lines.Text()+"\n")["msg"]] = true
	}
	if lines.Err() != nil || len(seen) != writers*each {
		t.Errorf("%d whole lines, %v, want %d", len(seen), lines.Err(), writers*each)
	}
}

func TestFailedWriteIsReported(t *testing.T) {
	r, w := io.Pipe()
	r.Close()
	log := azfunc.NewLogger(w, w, slog.LevelInfo)
	if err := log.Handler().Handle(t.Context(), slog.Record{Message: "m"}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("Handle = %v, want %v", err, io.ErrClosedPipe)
	}
}

// fields reads text, one line that is a JSON object.
func fields(t *testing.T, text string) map[string]any {
	t.Helper()
	if strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") {
		t.Fatalf("log = %q, want one line", text)
	}
	var m map[string]any
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatalf("line %q: %v", text, err)
	}
	return m
}
