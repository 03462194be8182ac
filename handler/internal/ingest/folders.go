package ingest

import (
	"slices"
	"strings"
	"sync"
)

// folders knows which accounts have a folder, and so whose findings a folder is
// expected to carry.
//
// AWS does not say into whose folder an administrator's export puts the findings
// of its members. So both are usual: each account's in its own folder, and all in
// the administrator's.
type folders struct {
	administrators []string

	mu  sync.Mutex
	own map[string]bool // accounts that have a folder
}

// add notes the accounts of folders.
func (f *folders) add(paths []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.own == nil {
		f.own = make(map[string]bool)
	}
	for _, path := range paths {
		for part := range strings.SplitSeq(path, "/") {
			if isAccount(part + "/") {
				f.own[part] = true
			}
		}
	}
}

// foreign reports whether a folder of one account has no business with a finding
// of another: it is not an administrator's. Where no administrator is named any
// folder may be one's, unless the other account has a folder of its own.
func (f *folders) foreign(folder, account string) bool {
	if account == "" || account == folder {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.administrators) > 0 {
		return !slices.Contains(f.administrators, folder)
	}
	return f.own[account]
}
