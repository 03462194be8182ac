package process_test

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"

	"guardduty-sentinel/handler/internal/process"
)

// The collector is to begin before the heap has grown by half of what is live.
// What it plans is looked at: when it gets there depends on the machine.
func TestTheHeapGrowsByLessThanHalf(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	process.TightenMemory()
	const size = 100 << 20
	held := make([]byte, size)
	runtime.GC()
	goal := []metrics.Sample{{Name: "/gc/heap/goal:bytes"}}
	metrics.Read(goal)
	runtime.KeepAlive(held)
	if got := goal[0].Value.Uint64(); got <= size || got > size*3/2 {
		t.Errorf("the heap may grow to %d MB with %d MB live, want more and at most half more", got>>20, size>>20)
	}
}
