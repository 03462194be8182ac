package lock_test

import (
	"errors"
	"path/filepath"
	"testing"

	"guardduty-sentinel/dev/internal/lock"
)

func TestTake(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a", "b")
	first, err := lock.Take(folder, "the first, pid 1")
	if err != nil {
		t.Fatal(err)
	}
	_, err = lock.Take(folder, "the second, pid 2")
	if held, ok := errors.AsType[*lock.HeldError](err); !ok || held.Holder != "the first, pid 1" ||
		held.Folder != folder {
		t.Errorf("Take() of a folder that is taken = %v, want a HeldError that names the first", err)
	}
	other, err := lock.Take(filepath.Join(folder, "c"), "another")
	if err != nil {
		t.Errorf("Take() of another folder = %v, want nil", err)
	} else if err := other.Release(); err != nil {
		t.Error(err)
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	third, err := lock.Take(folder, "3")
	if err != nil {
		t.Fatalf("Take() after Release() = %v, want nil", err)
	}
	_, err = lock.Take(folder, "4")
	if held, ok := errors.AsType[*lock.HeldError](err); !ok || held.Holder != "3" {
		t.Errorf("Take() = %v, want a HeldError that names the third only", err)
	}
	if err := third.Release(); err != nil {
		t.Error(err)
	}
}
