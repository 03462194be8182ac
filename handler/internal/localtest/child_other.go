//go:build !linux

package localtest

import "syscall"

func childAttr() *syscall.SysProcAttr { return nil }
