package process

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// The limit follows what is live, so that a run that holds much is not spent
// collecting, and comes back down.
func TestTheMemoryLimitFollowsWhatIsLive(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1))
	TightenMemory()
	if limit := debug.SetMemoryLimit(-1); limit != smallHeap {
		t.Errorf("the limit is %d at first, want %d", limit, smallHeap)
	}
	const size = 100 << 20
	held := make([]byte, size)
	limitBecomes(t, func(limit int64) bool { return limit > size*3/2 && limit < 3*size })
	runtime.KeepAlive(held)
	held = nil
	limitBecomes(t, func(limit int64) bool { return limit < size })
}

// limitBecomes collects until the limit is as wanted.
func limitBecomes(t *testing.T, wanted func(int64) bool) {
	t.Helper()
	const patience = 10 * time.Minute
	var limit int64
	// What follows a collection runs beside this.
	for end := time.Now().Add(patience); time.Now().Before(end); runtime.Gosched() {
		runtime.GC()
		if limit = debug.SetMemoryLimit(-1); wanted(limit) {
			return
		}
	}
	t.Errorf("the limit is %d after %v of collections", limit, patience)
}
