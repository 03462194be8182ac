//go:build profile

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
)

// measured calls main and then writes profiles of its processor time and its
// memory to the folder PROFILE_DIR, if that is set: make bench PROFILE=1.
func measured(main func() int) int {
	dir := os.Getenv("PROFILE_DIR")
	if dir == "" {
		return main()
	}
	cpu := create(dir, "cpu.pprof")
	must(pprof.StartCPUProfile(cpu))
	code := main()
	pprof.StopCPUProfile()
	must(cpu.Close())
	heap := create(dir, "heap.pprof")
	runtime.GC() // the profile is of the last collection
	must(pprof.WriteHeapProfile(heap))
	must(heap.Close())
	return code
}

func create(dir, name string) *os.File {
	f, err := os.Create(filepath.Join(dir, name))
	must(err)
	return f
}

// must ends a process that cannot be measured.
func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "handler: profile:", err)
		os.Exit(exitFailed)
	}
}
