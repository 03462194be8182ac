package ingest

import (
	"encoding/binary"
	"testing"
)

// TestUpdatesAreForgottenBeforeTheyFillMemory settles many more updates than are
// remembered, in one window, beside one that stays in flight.
func TestUpdatesAreForgottenBeforeTheyFillMemory(t *testing.T) {
	d := newDedupe(make(map[Update]struct{}))
	one := &task{}
	flying := origin{task: one, line: 1, update: Update{0xff}}
	if !d.first(flying) {
		t.Fatal("the first line counts as a repeat")
	}
	var u Update
	for i := range 5 * maxSettled {
		binary.BigEndian.PutUint64(u[:], uint64(i))
		from := origin{task: one, line: i + 2, update: u}
		if !d.first(from) {
			t.Fatalf("update %d counts as a repeat", i)
		}
		d.accept(u)
		one.land(from.line)
	}
	if n := len(d.now) + len(d.before); n > 2*maxSettled+2 {
		t.Errorf("updates remembered = %d, want at most %d", n, 2*maxSettled+2)
	}
	if d.first(origin{task: one, line: 1 << 30, update: u}) {
		t.Error("the last update is forgotten")
	}
	if d.first(origin{task: &task{}, line: 1, update: flying.update}) {
		t.Error("an update in flight is forgotten")
	}
	if waiting := d.accept(flying.update); len(waiting) != 1 {
		t.Errorf("lines that waited for the update in flight = %d, want 1", len(waiting))
	}
}

func TestUpdatesOfEarlierRunsAreBounded(t *testing.T) {
	d := newDedupe(make(map[Update]struct{}))
	for round := range 3 {
		sent := make(map[Update]struct{})
		for i := range MaxSent/2 + 1 {
			u := Update{byte(round)}
			binary.BigEndian.PutUint32(u[1:], uint32(i))
			sent[u] = struct{}{}
		}
		d.know(sent)
	}
	if len(d.sent) > MaxSent {
		t.Errorf("updates remembered = %d, want at most %d", len(d.sent), MaxSent)
	}
	if d.first(origin{task: &task{}, line: 1, update: Update{2}}) {
		t.Error("an update of the last earlier run is not known")
	}
}

// TestLinesThatAreAllTheSameDoNotWait has many lines of one update, while its first
// is in flight.
func TestLinesThatAreAllTheSameDoNotWait(t *testing.T) {
	d := newDedupe(make(map[Update]struct{}))
	one, other := &task{}, &task{}
	line := func(of *task, n int, sum uint64) bool {
		return d.first(origin{task: of, line: n, update: Update{1}, sum: sum})
	}
	if !line(one, 1, 7) {
		t.Fatal("the first line counts as a repeat")
	}
	for n := range 1000 {
		if line(one, n+2, 7) || line(other, n+1, 7) {
			t.Fatalf("line %d counts as the first", n)
		}
	}
	if n := len(d.now[Update{1}].waiting); n != 1 || len(one.flight) != 1 || len(other.flight) != 1 {
		t.Errorf("%d lines wait, and %d and %d are in flight, want one of the other object",
			n, len(one.flight), len(other.flight))
	}
	sent := 0
	for n := range 2 * maxWaiting { // other content under the same update
		if line(one, n+2000, uint64(n+100)) {
			sent++
		}
	}
	if n := len(d.now[Update{1}].waiting); n != maxWaiting || sent != maxWaiting+1 {
		t.Errorf("%d lines wait and %d are sent, want %d and %d", n, sent, maxWaiting, maxWaiting+1)
	}
}
