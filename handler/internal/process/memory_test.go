package process_test

import (
	"runtime"
	"runtime/debug"
	"testing"

	"guardduty-sentinel/handler/internal/process"
)

// The heap grows by less than half of what is live before it is collected.
func TestTheHeapGrowsByLessThanHalf(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	process.TightenMemory()
	const size = 100 << 20
	held := make([]byte, size)
	runtime.GC()
	var peak uint64
	for range 2 * size >> 20 {
		runtime.KeepAlive(make([]byte, 1<<20))
		var now runtime.MemStats
		runtime.ReadMemStats(&now)
		peak = max(peak, now.HeapAlloc)
	}
	runtime.KeepAlive(held)
	if peak > size*3/2 {
		t.Errorf("the heap grew to %d MB with %d MB live, want at most half more", peak>>20, size>>20)
	}
}
