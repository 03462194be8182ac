package state_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"guardduty-sentinel/handler/internal/ingest"
)

// largest notes the largest request that goes through it.
type largest struct {
	next policy.Transporter
	size int64
}

func (l *largest) Do(r *http.Request) (*http.Response, error) {
	l.size = max(l.size, r.ContentLength)
	return l.next.Do(r)
}

// The service takes a transaction of 4 MiB at most, and a row of 1 MiB. The
// longest keys of S3 have 1,024 bytes, the longest keys of a partition 1,024
// characters; "<" is among the characters that JSON writes with six.
func TestLargestTransaction(t *testing.T) {
	cfg := config(t)
	l := &largest{next: cfg.Options.Transport}
	cfg.Options.Transport = l
	cfg.Bucket, cfg.Prefix = strings.Repeat("b", 63), strings.Repeat("<", 90)+"/"
	s := newStore(t, cfg)
	load(t, s)
	key := func(i int) string {
		return fmt.Sprintf("%s%s%04d.jsonl.gz", cfg.Prefix, strings.Repeat("<", 1024-104), i)
	}
	object := func(i int) ingest.Object {
		return ingest.Object{Key: key(i), ETag: strings.Repeat("e", 40), Size: 1 << 40, LastModified: time.Now().Add(1)}
	}
	for name, entry := range map[string]func(i int) ingest.Entry{
		"done": func(i int) ingest.Entry {
			return ingest.Entry{Object: object(i), Findings: 1e9, Sent: some(i, 1900)}
		},
		"further": func(i int) ingest.Entry {
			return ingest.Entry{Object: object(i), Findings: 1e9, Sent: some(i, 3*1900)}
		},
		"pending": func(i int) ingest.Entry {
			p := ingest.Pending{
				Object: object(i), Lines: 1e9, Attempts: 1e9, Opens: 1e9, Next: time.Now().Add(1),
				Error: strings.Repeat("<", 2000),
			}
			return ingest.Entry{Object: object(i), Pending: &p, Sent: some(i, 1900)}
		},
		"quarantine": func(i int) ingest.Entry {
			q := ingest.Quarantined{Line: 1e9, Reason: strings.Repeat("<", 2000)}
			return ingest.Entry{Object: object(i), Quarantine: []ingest.Quarantined{q}}
		},
	} {
		l.size = 0
		var entries []ingest.Entry
		for i := range 100 {
			entries = append(entries, entry(i))
		}
		record(t, s, entries...)
		t.Logf("%s: %d bytes of %d", name, l.size, 4<<20)
		if l.size < 1<<19 || l.size > 4<<20 {
			t.Errorf("the largest transaction of entries %s has %d bytes, want at most %d", name, l.size, 4<<20)
		}
	}
}

// some are n updates that differ from those of other objects.
func some(i, n int) []ingest.Update {
	list := updates(n)
	for j := range list {
		list[j][2] = byte(i)
	}
	return list
}
