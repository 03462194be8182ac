package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// stamp is the time of every file: the earliest that a zip can hold.
var stamp = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

// writeZip writes the archive and its sum beside it, and returns the sum and
// the archive's size. Modes are as on Unix, whatever the machine.
func writeZip(name string, entries []entry) (sum string, size int, err error) {
	var b bytes.Buffer
	if err := archive(&b, entries); err != nil {
		return "", 0, fmt.Errorf("zip: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return "", 0, err
	}
	hash := sha256.Sum256(b.Bytes())
	sum = hex.EncodeToString(hash[:])
	line := sum + "  " + filepath.Base(name) + "\n"
	err = errors.Join(os.WriteFile(name, b.Bytes(), 0o644), os.WriteFile(name+".sha256", []byte(line), 0o644))
	return sum, b.Len(), err
}

func archive(w io.Writer, entries []entry) error {
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	for _, e := range entries {
		header := &zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: stamp}
		header.SetMode(e.mode)
		file, err := z.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := file.Write(e.body); err != nil {
			return err
		}
	}
	return z.Close()
}

// owned marks a folder as one that writeFolder made and may empty.
const owned = noticesFile

// writeFolder writes the package's files to a folder, for tools that zip a
// folder themselves. A folder with files that this program did not write is
// refused, not emptied.
func writeFolder(dir string, entries []entry) error {
	found, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if len(found) > 0 {
		if _, err := os.Stat(filepath.Join(dir, owned)); err != nil {
			return fmt.Errorf("%s is not empty and no package", dir)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	for _, e := range entries {
		file := filepath.Join(dir, filepath.FromSlash(e.name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, e.body, e.mode); err != nil {
			return err
		}
	}
	return nil
}
