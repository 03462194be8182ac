package seed

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// expand turns a list of paths into files, in the order of the list and of
// their names, and notes what is not a file.
func expand(list string) (files, notes []string, err error) {
	for _, entry := range entries(list) {
		paths := []string{entry}
		if _, err := os.Stat(entry); err != nil {
			// a name may hold the signs of a pattern: the file comes first
			if paths, _ = filepath.Glob(entry); len(paths) == 0 {
				return nil, nil, missing(entry, err)
			}
		}
		for _, path := range paths {
			below, skipped, err := filesOf(path)
			if err != nil {
				return nil, nil, err
			}
			files, notes = append(files, below...), append(notes, skipped...)
		}
	}
	taken := make(map[string]bool)
	once := slices.DeleteFunc(files, func(file string) bool {
		again := taken[file]
		taken[file] = true
		return again
	})
	return once, notes, nil
}

// entries splits a list, unless a file has its name.
func entries(list string) []string {
	home, _ := os.UserHomeDir()
	full := func(path string) string {
		if rest, ok := strings.CutPrefix(path, "~/"); ok && home != "" {
			return filepath.Join(home, rest)
		}
		return path
	}
	if _, err := os.Stat(full(list)); err == nil {
		return []string{full(list)}
	}
	var out []string
	for _, entry := range strings.FieldsFunc(list, func(r rune) bool { return r == os.PathListSeparator || r == ',' }) {
		if entry = strings.TrimSpace(entry); entry != "" {
			out = append(out, full(entry))
		}
	}
	if len(out) == 0 {
		return []string{list}
	}
	return out
}

// missing says why a path that was asked for cannot be read.
func missing(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no file or folder %s", path)
	}
	return err
}

// filesOf is a file itself, or the files of a folder and of those below it.
// Hidden ones, such as .git, are skipped.
func filesOf(root string) (files, notes []string, err error) {
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && path == root:
			return err
		case err != nil:
			notes = append(notes, path+skippedMark+": "+reason(err))
			return nil
		case path != root && strings.HasPrefix(entry.Name(), "."):
			notes = append(notes, path+skippedMark+": its name begins with a dot")
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			return nil
		}
		info, err := os.Stat(path) // of what a link leads to
		switch {
		case err != nil:
			notes = append(notes, path+skippedMark+": "+reason(err))
		case info.IsDir() && path == root:
			// a link to a folder, named by the user
			below, skipped, err := filesOf(path + string(filepath.Separator) + ".")
			files, notes = append(files, below...), append(notes, skipped...)
			return err
		case !info.Mode().IsRegular():
			notes = append(notes, path+skippedMark+": not a file")
		default:
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %s", root, reason(err))
	}
	return files, notes, nil
}

// reason is an error without the path that it is about.
func reason(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err.Error()
	}
	return err.Error()
}
