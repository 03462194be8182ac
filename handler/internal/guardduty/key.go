// Package guardduty reads what GuardDuty exports to S3: the key layout, the
// objects and their findings, each line kept as it came.
package guardduty

import (
	"regexp"
	"strings"
	"time"
)

// Key is the parts of an export object's key:
//
//	[prefix/]AWSLogs/[org/]<account>/GuardDuty/<region>/yyyy/mm/dd/<uuid>.jsonl.gz
//
// The object's name is a random UUID, so names of one day are in no order of
// time. (GuardDuty User Guide, "Exporting findings to Amazon S3".)
type Key struct {
	Pair Pair
	Day  time.Time // UTC midnight of the day folder
}

// Pair is one account's findings of one region: everything up to the region's
// folder, with the closing slash. One bucket holds many.
type Pair string

// Account returns the account whose folder it is. A finding in it may be of
// another account: an administrator's export has those of its members.
func (p Pair) Account() string {
	account, _, _ := strings.Cut(string(p), "/GuardDuty/")
	return account[strings.LastIndexByte(account, '/')+1:]
}

// AccountFolder returns the folder of the account, with its slash; that of an
// organization's account is below the organization's.
func (p Pair) AccountFolder() string {
	folder, _, _ := strings.Cut(string(p), "/GuardDuty/")
	return folder + "/"
}

// Region returns the Region of the pair's folder.
func (p Pair) Region() string {
	folder := strings.TrimSuffix(string(p), "/")
	return folder[strings.LastIndexByte(folder, '/')+1:]
}

// DayFolder returns the key prefix of a day, without the closing slash.
func (p Pair) DayFolder(day time.Time) string { return string(p) + day.UTC().Format("2006/01/02") }

// End returns a key that sorts after all of the pair's keys and before those of
// every other pair that sorts after it.
func (p Pair) End() string { return strings.TrimSuffix(string(p), "/") + "0" } // "0" is the character after "/"

// keyPattern has the pair and the day of a key below the root.
var keyPattern = regexp.MustCompile(
	`^((?:o-[a-z0-9]{10,32}/)?[0-9]{12}/GuardDuty/[a-z]{2,}(?:-[a-z]+)+-[0-9]{1,2}/)` +
		`([0-9]{4}/[0-9]{2}/[0-9]{2})/[^/]+\.jsonl\.gz$`)

// ParseKey splits a key below root, the part up to and including "AWSLogs/".
// It is false for everything that is not an export object: folder markers,
// objects of other services, other names.
func ParseKey(root, key string) (Key, bool) {
	rest, ok := strings.CutPrefix(key, root)
	if !ok {
		return Key{}, false
	}
	m := keyPattern.FindStringSubmatch(rest)
	if m == nil {
		return Key{}, false
	}
	day, err := time.Parse("2006/01/02", m[2])
	if err != nil {
		return Key{}, false
	}
	return Key{Pair: Pair(root + m[1]), Day: day}, true
}

// Root returns the folder that holds all accounts: [prefix/]AWSLogs/.
func Root(prefix string) string {
	if prefix == "" {
		return "AWSLogs/"
	}
	return prefix + "/AWSLogs/"
}
