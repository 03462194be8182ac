package seed

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"time"
)

var (
	accountNumber = regexp.MustCompile(`^[0-9]{12}$`)
	regionName    = regexp.MustCompile(`^[a-z]+(-[a-z]+)+-[0-9]+$`)
)

// placeOf is the account and Region that a finding names; false when it does
// not name both, as a folder has to.
func placeOf(finding []byte) (place, bool) {
	var f struct {
		AccountID string `json:"accountId"`
		Region    string `json:"region"`
	}
	if json.Unmarshal(finding, &f) != nil {
		return place{}, false
	}
	return place{f.AccountID, f.Region}, accountNumber.MatchString(f.AccountID) && regionName.MatchString(f.Region)
}

// withPlaces sets the accounts and Regions that are not given to those of the
// findings, for what has no place of its own.
func withPlaces(opts Options, findings [][]byte) Options {
	accounts, regions := map[string]bool{}, map[string]bool{}
	for _, f := range findings {
		if p, ok := placeOf(f); ok {
			accounts[p.account], regions[p.region] = true, true
		}
	}
	if opts.Accounts == nil {
		opts.Accounts = slices.Sorted(maps.Keys(accounts))
	}
	if opts.Regions == nil {
		opts.Regions = slices.Sorted(maps.Keys(regions))
	}
	return opts
}

// together is how many of the findings, from the first, have the same place.
func together(findings [][]byte) int {
	first, _ := placeOf(findings[0])
	for n, f := range findings {
		if p, _ := placeOf(f); p != first {
			return n
		}
	}
	return len(findings)
}

// keyOf names the export file of findings.
func (p *planner) keyOf(findings [][]byte, at time.Time) string {
	if p.OwnFolders && len(findings) > 0 {
		if own, ok := placeOf(findings[0]); ok {
			return p.regionFolder(own, at) + p.uuid() + ".jsonl.gz"
		}
	}
	return p.exportKey(at)
}

// regionFolder is a day folder of GuardDuty.
func (p *planner) regionFolder(at place, day time.Time) string {
	return p.accountFolder(at.account) + "GuardDuty/" + at.region + day.Format("/2006/01/02/")
}
