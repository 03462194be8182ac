package guardduty_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"guardduty-sentinel/handler/internal/guardduty"
)

// wide is a finding with n names of its own.
func wide(n int) string {
	var b strings.Builder
	b.WriteString(`{"id":"1","type":"a","service":{"count":1`)
	for i := range n {
		fmt.Fprintf(&b, `,"%x":1`, i)
	}
	return b.String() + "}}"
}

func TestParseRefusesVeryManyNames(t *testing.T) {
	var p guardduty.Parser
	_, err := p.Parse([]byte(wide(100_001)))
	if err == nil || !strings.Contains(err.Error(), "more than 100000 colons") {
		t.Errorf("Parse = %v, want an error that says how many colons", err)
	}
	if f, err := p.Parse([]byte(wide(90_000))); err != nil || f.ID != "1" {
		t.Errorf("Parse of 90,000 names = %+v, %v", f, err)
	}
}

// TestParserForgetsLongLines holds what 64 fetchers keep between their lines.
func TestParserForgetsLongLines(t *testing.T) {
	lines := []string{
		wide(90_000), wide(300_000), `{"id":"1","type":"a"` + strings.Repeat(`,"x":{"y":1`, 3000),
		`{"id":"1","type":"a","x":"` + strings.Repeat("x", 1<<20) + `"}`,
	}
	parsers := make([]guardduty.Parser, 64)
	before := heap()
	for i := range parsers {
		for _, line := range lines {
			parsers[i].Parse([]byte(line))
		}
	}
	if kept := heap() - before; kept > 2<<20 {
		t.Errorf("64 parsers keep %d bytes, want at most 2 MB", kept)
	}
	runtime.KeepAlive(parsers)
}

// heap is the memory in use after a collection.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestLinesOfManyPartsWaitForRoom(t *testing.T) {
	for name, line := range map[string]string{
		"names":   wide(3000),
		"numbers": `{"x":[` + strings.Repeat("1,", 3000) + `1]}`,
		"depth":   strings.Repeat("[", 5000),
		"objects": strings.Repeat(`{`, 5000),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				room := guardduty.NewLongLines()
				for range cap(room) {
					room <- struct{}{}
				}
				seen := 0
				go func() {
					rd := guardduty.Reader{Long: room}
					rd.ReadObject(strings.NewReader("short\n"+line+"\nshort\n"), func(int, []byte, error) error {
						seen++
						return nil
					})
				}()
				synctest.Wait()
				if seen != 1 {
					t.Errorf("lines before there is room = %d, want 1", seen)
				}
				<-room
				synctest.Wait()
				if seen != 3 || len(room) != cap(room)-1 {
					t.Errorf("lines = %d, room taken %d, want 3 and %d", seen, len(room), cap(room)-1)
				}
			})
		})
	}
}
