package process

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"strings"
)

// Owner names this process among all that ever ran: its machine first, for
// people to read, the machine's boot, the
// process id and its namespace, and when it started.
func Owner() string {
	if place() == "" {
		return host() + " process " + rand.Text()
	}
	return place() + processName(os.Getpid())
}

// OwnerGone reports that the owner was a process of this very machine that no
// longer runs: a handler that was killed. In doubt it is false.
func OwnerGone(owner string) bool {
	name, here := strings.CutPrefix(owner, place())
	var pid int
	if _, err := fmt.Sscanf(name, "pid %d", &pid); !here || err != nil || place() == "" {
		return false
	}
	return processName(pid) != name
}

// host is the machine's name in one word.
func host() string {
	name, err := os.Hostname()
	if err != nil || strings.ContainsAny(name, " ") || name == "" {
		return "unknown"
	}
	return name
}

// place is the machine since its last start, and the process namespace. It is
// empty where the machine has no such files.
func place() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	namespace, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s boot %s %s ", host(), bytes.TrimSpace(boot), namespace)
}

// processName is the process id with its start time, in ticks after the boot:
// ids are used again. The start time is the 22nd field of the file, the 20th
// after the program's name in brackets.
func processName(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return fmt.Sprintf("pid %d gone", pid)
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 20 || bytes.Equal(fields[0], []byte("Z")) {
		return fmt.Sprintf("pid %d gone", pid)
	}
	return fmt.Sprintf("pid %d started %s", pid, fields[19])
}
