package e2e_test

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/servers"
)

// token is what an Entra token looks like, whole or in part.
var token = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{16,}`)

// secretsOf are the secrets of a cloud, apart from its tokens.
func secretsOf(c *cloud.Cloud) []string {
	return []string{c.SecretAccessKey, servers.AccountKey, c.Identity.Header}
}

// leaks returns the secrets and tokens that are in text, cut short. A secret
// counts in any spelling that a URL, a JSON text or a header gives it.
func leaks(text string, secrets []string) []string {
	var found []string
	for _, secret := range secrets {
		for _, form := range []string{
			secret, url.QueryEscape(secret), url.PathEscape(secret), strings.ReplaceAll(secret, "/", `\/`),
			strings.ReplaceAll(secret, "+", `\u002b`), base64.StdEncoding.EncodeToString([]byte(secret)),
		} {
			if strings.Contains(text, form) {
				found = append(found, secret[:4]+"...")
				break
			}
		}
	}
	for _, t := range token.FindAllString(text, -1) {
		found = append(found, t[:8]+"...")
	}
	return found
}

// The check that every other test ends with is itself checked here.
func TestLeaksAreSeen(t *testing.T) {
	const secret = "ab+/cdEFgh"
	tests := []struct {
		text string
		want int
	}{
		{"nothing here, not even eyJ as a word", 0},
		{"key=ab+/cdEFgh;", 1},
		{"sig=ab%2B%2FcdEFgh&x", 1},
		{`{"k":"ab+\/cdEFgh"}`, 1},
		{"Authorization: Bearer eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.e30.x", 1},
		{"ab+/cdEFgh eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJodHRwczovL3ZhdWx0Ln0.x", 3},
	}
	for _, tt := range tests {
		if got := leaks(tt.text, []string{secret}); len(got) != tt.want {
			t.Errorf("leaks(%q) = %q, want %d", tt.text, got, tt.want)
		}
	}
}
