package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"time"
)

// status reads a figure of a process, such as VmHWM, in bytes.
func status(pid int, name string) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(text) {
		if rest, ok := strings.CutPrefix(string(line), name+":"); ok {
			kb := 0
			_, err := fmt.Sscan(rest, &kb)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("the status of process %d has no %s", pid, name)
}

// tick is what /proc counts processor time in: USER_HZ, which is 100 on every
// platform that Go runs on.
const tick = time.Second / 100

// processorTime is what a process has used of the processors so far.
func processorTime(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The program's name stands in parentheses and may hold anything; the third
	// field comes after it.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("the stat of process %d is cut short", pid)
	}
	var user, system int
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		return 0, err
	}
	return time.Duration(user+system) * tick, nil
}

// forgetPeak sets VmHWM back to what the process holds now.
func forgetPeak(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}
