// Package lock keeps two programs out of one folder. The lock ends with the
// process that holds it, however that ends.
package lock

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// HeldError says that another process has the folder.
type HeldError struct {
	Folder string
	Holder string // as the holder describes itself
}

func (e *HeldError) Error() string { return fmt.Sprintf("%s is in use: %s", e.Folder, e.Holder) }

// errHeld is what acquire fails with when another process has the lock.
var errHeld = errors.New("held")

// Lock is a folder that was taken.
type Lock struct{ file *os.File }

// Take takes a folder, which is made if there is none. holder describes the
// caller to those who come later. The error is a *HeldError when another
// process has the folder.
func Take(folder, holder string) (*Lock, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if err := acquire(file); err != nil {
		text, readErr := os.ReadFile(file.Name())
		err = errors.Join(err, readErr, file.Close())
		if errors.Is(err, errHeld) {
			return nil, &HeldError{Folder: folder, Holder: strings.TrimSpace(string(text))}
		}
		return nil, fmt.Errorf("lock %s: %w", folder, err)
	}
	err = file.Truncate(0)
	if err == nil {
		_, err = file.WriteString(holder + "\n")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock: %w", err), file.Close())
	}
	return &Lock{file}, nil
}

// Release gives the folder back. The file stays: to remove it would let two
// processes lock two files of one name.
func (l *Lock) Release() error { return l.file.Close() }
