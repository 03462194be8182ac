package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The names of the package's files. The handler's is the one in host.json.
const (
	handlerFile  = "bin/handler"
	functionFile = "GuardDutyTimer/function.json"
	hostFile     = "host.json"
	licenceFile  = "LICENSE"
	noticesFile  = "THIRD_PARTY_NOTICES"
)

// An entry is a file of the package.
type entry struct {
	name string
	mode fs.FileMode
	body []byte
}

// collect builds the handler and gathers the package's files, in the order of
// their names.
func collect(root string) ([]entry, error) {
	binary, err := build(root)
	if err != nil {
		return nil, err
	}
	notices, err := gatherNotices(root, binary)
	if err != nil {
		return nil, err
	}
	entries := []entry{
		{handlerFile, 0o755, binary},
		{noticesFile, 0o644, notices},
	}
	for _, name := range []string{hostFile, functionFile, licenceFile} {
		body, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{name, 0o644, body})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return entries, checkHost(entries)
}

// checkHost refuses a package whose host.json names another executable than
// the one that is packed: the host would start nothing.
func checkHost(entries []entry) error {
	i := slices.IndexFunc(entries, func(e entry) bool { return e.name == hostFile })
	var host struct {
		CustomHandler struct {
			Description struct {
				DefaultExecutablePath string `json:"defaultExecutablePath"`
			} `json:"description"`
		} `json:"customHandler"`
	}
	if err := json.Unmarshal(entries[i].body, &host); err != nil {
		return fmt.Errorf("%s: %w", hostFile, err)
	}
	if got := host.CustomHandler.Description.DefaultExecutablePath; got != handlerFile {
		return fmt.Errorf("%s: defaultExecutablePath is %q, want %q", hostFile, got, handlerFile)
	}
	return nil
}
