//go:build !linux

package servers

import "syscall"

// childAttr is nothing special: where no parent-death signal exists, a child
// stays in its starter's process group, so that an interrupt typed at the
// terminal reaches both.
func childAttr() *syscall.SysProcAttr { return nil }
