// Package process is what the handler needs of its own process: a name that no
// other process ever has, whether the process of a name still runs, and how
// much memory the heap may take.
package process

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// The collector's own rule lets the heap grow to twice what is live. A run
// makes much garbage and holds little, so a tighter rule costs next to no time
// where little is live: the heap may grow to smallHeap in all, and from there on
// by three fifths of what is live.
const smallHeap = 31 << 20

// TightenMemory puts that rule into force, and adapts it after every collection.
func TightenMemory() {
	debug.SetMemoryLimit(smallHeap)
	onCollection(func() {
		read := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
		metrics.Read(read)
		live, stacks := read[0].Value.Uint64(), read[1].Value.Uint64()
		debug.SetMemoryLimit(max(smallHeap, int64(live*8/5+stacks)+6<<20))
	})
}

// onCollection calls f after every collection.
func onCollection(f func()) {
	marker := new([16]byte) // not so small that it shares its memory with others
	runtime.AddCleanup(marker, func(struct{}) {
		f()
		onCollection(f)
	}, struct{}{})
}
