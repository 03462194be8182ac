//go:build profile

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
)

// init takes main's place in a build for measurements (make bench PROFILE=1):
// it runs the handler until it is asked to stop, and then writes profiles of its
// processor time and its memory to the folder PROFILE_DIR. Without that setting
// main runs as usual.
func init() {
	dir := os.Getenv("PROFILE_DIR")
	if dir == "" {
		return
	}
	cpu := create(dir, "cpu.pprof")
	must(pprof.StartCPUProfile(cpu))
	code := run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	pprof.StopCPUProfile()
	must(cpu.Close())
	heap := create(dir, "heap.pprof")
	runtime.GC() // the profile is of the last collection
	must(pprof.WriteHeapProfile(heap))
	must(heap.Close())
	os.Exit(code)
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
