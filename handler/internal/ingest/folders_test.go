package ingest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
	"guardduty-sentinel/handler/internal/ingest"
)

const (
	victim = "222222222222"
	writer = "111111111111"
)

// of is a finding of an account, in a Region.
func of(account, region, id string) string {
	return strings.Replace(update(id, "2026-11-22T01:00:00Z", 1), "{",
		fmt.Sprintf(`{"accountId":%q,"region":%q,`, account, region), 1)
}

// in is the key of an object in the folder of an account and a Region.
func in(account, region, name string) string {
	pair := guardduty.Root("") + account + "/GuardDuty/" + region + "/"
	return pair + today.Format("2006/01/02/") + name + ".jsonl.gz"
}

// TestNoFolderSilencesAnother has a forger write the line of another account's
// finding before the finding itself is read: in the same run, and in one before.
func TestNoFolderSilencesAnother(t *testing.T) {
	for name, forged := range map[string]string{
		"same identity": of(victim, "eu-west-1", "f"),
		"whole line":    strings.Replace(of(victim, "eu-west-1", "f"), "updatedAt", "x", 1),
		"parts moved": strings.Replace(of(writer, "eu-west-1", "f"), `"id":"f"`,
			`"id":"f\u0000`+victim+`\u0000eu-west-1\u00002026-11-22T01:00:00Z\u00001"`, 1),
	} {
		for _, before := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, before %v", name, before), func(t *testing.T) {
				genuine := of(victim, "eu-west-1", "f")
				if name == "whole line" {
					genuine = forged
				}
				c := newCloud(t)
				c.putBody(in(writer, "eu-west-1", "forged"), now.Add(-2*time.Minute), zipped(forged))
				if before {
					c.run()
				}
				c.putBody(in(victim, "eu-west-1", "genuine"), now.Add(-time.Minute), zipped(genuine+genuine), "f")
				c.run()
				c.mu.Lock()
				defer c.mu.Unlock()
				rows := 0
				for _, n := range c.accepted {
					rows += n
				}
				if rows != 2 || c.accepted["f"] < 1 {
					t.Errorf("rows = %v, want the forged one and the genuine one", c.accepted)
				}
			})
		}
	}
}

// TestUpdateInTheOwnFolderKeepsItsIdentity: states of earlier versions hold it.
func TestUpdateInTheOwnFolderKeepsItsIdentity(t *testing.T) {
	f, err := new(guardduty.Parser).Parse([]byte(strings.TrimSpace(of(victim, "eu-west-1", "f"))))
	if err != nil {
		t.Fatal(err)
	}
	own := ingest.UpdateOf(&f, guardduty.Pair("AWSLogs/"+victim+"/GuardDuty/eu-west-1/"))
	if got := fmt.Sprintf("%x", own); got != "fe9a18d9e1a5229b5646dd4d" {
		t.Errorf("UpdateOf = %s, want the sum of its id, account, Region, updatedAt and count", got)
	}
	seen := map[ingest.Update]string{own: "own"}
	for _, folder := range []string{writer + "/GuardDuty/eu-west-1/", victim + "/GuardDuty/us-east-1/"} {
		u := ingest.UpdateOf(&f, guardduty.Pair("AWSLogs/"+folder))
		if same, ok := seen[u]; ok {
			t.Errorf("in %s the update is that in %s", folder, same)
		}
		seen[u] = folder
	}
	org := ingest.UpdateOf(&f, guardduty.Pair("p/AWSLogs/o-a1b2c3d4e5/"+victim+"/GuardDuty/eu-west-1/"))
	if org != own {
		t.Error("in an organization's folder the update is another, want the account and Region to decide")
	}
}

// TestFindingsInForeignFolders puts findings of several accounts into the folder
// of one.
func TestFindingsInForeignFolders(t *testing.T) {
	const administrator = "999999999999"
	tests := map[string]struct {
		folder, account string
		owned           bool // the account has a folder of its own
		administrators  []string
		foreign         bool
	}{
		"own":                                {victim, victim, true, nil, false},
		"own, with an administrator":         {victim, victim, true, []string{administrator}, false},
		"member without a folder":            {administrator, victim, false, nil, false},
		"member with a folder":               {writer, victim, true, nil, true},
		"administrator":                      {administrator, victim, true, []string{writer, administrator}, false},
		"another's, with an administrator":   {writer, victim, false, []string{administrator}, true},
		"administrator's own, in a member's": {writer, administrator, false, []string{administrator}, true},
		"a line without an account":          {writer, "", true, []string{administrator}, false},
		"a text in the account's place":      {writer, "../" + victim, true, nil, false},
		"a text, with an administrator":      {writer, "x", true, []string{administrator}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			line := of(tt.account, "us-east-1", "f")
			c.putBody(in(tt.folder, "eu-west-1", "a"), now.Add(-time.Minute), zipped(line), "f")
			if tt.owned && tt.folder != tt.account { // an old object: its day is not listed
				c.putBody(guardduty.Root("")+victim+"/GuardDuty/us-east-1/2026/01/01/a.jsonl.gz",
					now.Add(-300*24*time.Hour), zipped(of(victim, "us-east-1", "old")))
			}
			job := c.job()
			job.Administrators = tt.administrators
			s, err := job.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			c.expect(1)
			if got := c.foreign["f"]; got != tt.foreign || s.Foreign != map[bool]int{true: 1}[tt.foreign] {
				t.Errorf("row marked %v, counted %d, want %v", got, s.Foreign, tt.foreign)
			}
		})
	}
}
