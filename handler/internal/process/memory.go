// Package process is what the handler needs of its own process: a name that no
// other process ever has, whether the process of a name still runs, and how
// much memory the heap may take.
package process

import "runtime/debug"

// gcPercent is how far the heap may grow over what is live, in percent, before
// it is collected. A run makes much garbage and holds little: with the
// collector's own 100 the peaks are higher than they need be, and 60 misses
// what docs/performance.md asks for.
const gcPercent = 40

// TightenMemory puts that bound into force.
func TightenMemory() { debug.SetGCPercent(gcPercent) }
