package lock

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// acquire locks a byte far behind the text, since what is locked cannot be read
// by others on Windows.
func acquire(file *os.File) error {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err := windows.LockFileEx(windows.Handle(file.Fd()), flags, 0, 1, 0, &windows.Overlapped{Offset: 1 << 30})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return errHeld
	}
	return err
}
