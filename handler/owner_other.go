//go:build !linux

package main

import (
	"fmt"
	"os"
	"time"
)

// owner names this process: its machine, its id and when it asked.
func owner() string {
	host, _ := os.Hostname()
	return fmt.Sprintf("host %s pid %d at %d", host, os.Getpid(), time.Now().UnixNano())
}

// ownerGone cannot tell here, so a lease lasts until it expires.
func ownerGone(string) bool { return false }
