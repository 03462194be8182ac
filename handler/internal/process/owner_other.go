//go:build !linux

package process

import (
	"fmt"
	"os"
	"time"
)

// Owner names this process: its machine, its id and when it asked.
func Owner() string {
	host, _ := os.Hostname()
	return fmt.Sprintf("%s pid %d at %d", host, os.Getpid(), time.Now().UnixNano())
}

// OwnerGone cannot tell here, so a lease lasts until it expires.
func OwnerGone(string) bool { return false }
