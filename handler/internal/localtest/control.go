package localtest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Fault is a fault of one of the services s3, identity, vault, ingestion and,
// where the cloud was started with -tables embedded, tables: for requests by
// Method and by how their Path starts, it lets Skip of them pass and strikes
// Times (0 is one, negative is all) with a status, a dropped connection or a
// delay.
type Fault struct {
	Method string            `json:"method,omitempty"`
	Path   string            `json:"path,omitempty"`
	Skip   int               `json:"skip,omitempty"`
	Times  int               `json:"times,omitempty"`
	Status int               `json:"status,omitempty"`
	Header map[string]string `json:"header,omitempty"`
	Body   string            `json:"body,omitempty"`
	Delay  string            `json:"delay,omitempty"` // such as 1.5s
	Drop   string            `json:"drop,omitempty"`  // DropBefore or DropAfter
}

// Values of Fault.Drop.
const (
	DropBefore = "before" // the server does not act
	DropAfter  = "after"  // the server acts and its answer is lost
)

// Call is one upload that Logs Ingestion accepted.
type Call struct {
	Time                    time.Time
	Rows, Bytes, Compressed int
}

// ask makes a request to the control and reads its answer into result.
func (c *Cloud) ask(t testing.TB, method, path string, body []byte, result any) {
	t.Helper()
	req, err := http.NewRequest(method, c.Control+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode == http.StatusNotImplemented {
		missing(t, strings.TrimSpace(string(text)))
	}
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s %s %v", method, path, res.Status, text, err)
	}
	if result != nil {
		if err := json.Unmarshal(text, result); err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
	}
}

// Break adds a fault to a service for the rest of the test.
func (c *Cloud) Break(t testing.TB, service string, f Fault) {
	t.Helper()
	body, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	c.ask(t, http.MethodPost, "/faults/"+service, body, nil)
	t.Cleanup(func() { c.Heal(t, service) })
}

// Heal removes all faults of a service.
func (c *Cloud) Heal(t testing.TB, service string) {
	t.Helper()
	c.ask(t, http.MethodDelete, "/faults/"+service, nil, nil)
}

// Forbid makes vault, identity or ingestion refuse whoever asks, for the rest
// of the test.
func (c *Cloud) Forbid(t testing.TB, service string) {
	t.Helper()
	c.ask(t, http.MethodPost, "/forbid/"+service, nil, nil)
	t.Cleanup(func() { c.ask(t, http.MethodPost, "/forbid/"+service+"?on=false", nil, nil) })
}

// SetSecret gives a secret of the vault a new version.
func (c *Cloud) SetSecret(t testing.TB, name, value string) {
	t.Helper()
	c.ask(t, http.MethodPut, "/vault/"+name, []byte(value), nil)
}

// Reads returns how often a secret's value was handed out.
func (c *Cloud) Reads(t testing.TB, name string) (n int) {
	t.Helper()
	c.ask(t, http.MethodGet, "/reads/"+name, nil, &n)
	return n
}

// Put stores an object in the bucket of the settings.
func (c *Cloud) Put(t testing.TB, key string, body []byte, modified time.Time) {
	t.Helper()
	c.ask(t, http.MethodPut, "/s3/"+escape(key)+"?modified="+url.QueryEscape(modified.Format(time.RFC3339)), body, nil)
}

// Delete removes an object.
func (c *Cloud) Delete(t testing.TB, key string) {
	t.Helper()
	c.ask(t, http.MethodDelete, "/s3/"+escape(key), nil, nil)
}

// Place is where S3 stores an object: a storage class, the archive tier of one in
// INTELLIGENT_TIERING, and whether it is being restored or until when it is.
type Place struct {
	Class, Tier string
	Restoring   bool
	Restored    time.Time
}

// Move puts an object to another place, as a lifecycle rule or a restore does.
func (c *Cloud) Move(t testing.TB, key string, to Place) {
	t.Helper()
	body, err := json.Marshal(to)
	if err != nil {
		t.Fatal(err)
	}
	c.ask(t, http.MethodPost, "/s3place/"+escape(key), body, nil)
}

func escape(key string) string {
	parts := strings.Split(key, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}

// AcceptKeys replaces the key ids that S3 knows, for the rest of the test.
func (c *Cloud) AcceptKeys(t testing.TB, ids ...string) {
	t.Helper()
	c.ask(t, http.MethodPost, "/s3keys?ids="+url.QueryEscape(strings.Join(ids, " ")), nil, nil)
	t.Cleanup(func() { c.ask(t, http.MethodPost, "/s3keys?ids="+c.AccessKeyID, nil, nil) })
}

// Deny makes S3 refuse an operation below a prefix, for good.
func (c *Cloud) Deny(t testing.TB, operation, prefix string) {
	t.Helper()
	c.ask(t, http.MethodPost, "/s3deny?operation="+operation+"&prefix="+url.QueryEscape(prefix), nil, nil)
}

// Counts returns the numbers of S3 requests by operation.
func (c *Cloud) Counts(t testing.TB) (counts map[string]int) {
	t.Helper()
	c.ask(t, http.MethodGet, "/s3counts", nil, &counts)
	return counts
}

// Rows returns the rows that Logs Ingestion accepted, in order, byte for byte:
// from the cloud's file, since its control would format them again.
func (c *Cloud) Rows(t testing.TB) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir, "rows.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for line := range strings.Lines(string(text)) {
		rows = append(rows, strings.TrimSuffix(line, "\n"))
	}
	return rows
}

// Calls returns the uploads that Logs Ingestion accepted, in order.
func (c *Cloud) Calls(t testing.TB) (calls []Call) {
	t.Helper()
	c.ask(t, http.MethodGet, "/calls", nil, &calls)
	return calls
}

// Refused returns the hosts that something tried to reach outside the cloud.
func (c *Cloud) Refused(t testing.TB) (hosts []string) {
	t.Helper()
	c.ask(t, http.MethodGet, "/refused", nil, &hosts)
	return hosts
}
