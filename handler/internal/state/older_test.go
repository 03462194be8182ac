package state_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
	"guardduty-sentinel/handler/internal/state"
)

// olderRow is the struct into which the version before held folders reads every
// row from done to pending. Encoding/json matches names without their case.
type olderRow struct {
	PartitionKey, RowKey string
	Time, Floor          *time.Time
	Owner                string
	Seconds              int
	Timestamp            *time.Time
	ObjectKey            string
	ObjectETag           string
	LastModified         *time.Time
	Findings             int
	Sent                 []byte
	Size                 json.Number
	Lines, Attempts      int
	Next                 *time.Time
	Error                string
	Line                 int
	Reason               string
}

// A version that is put back reads the table that this one wrote.
func TestOlderVersionsReadTheRows(t *testing.T) {
	cfg, _ := store(t)
	cfg.Destination = "https://one dcr-1 Custom-T"
	s := newStore(t, cfg)
	p := waiting(2)
	record(t, s, ingest.Entry{Object: object(1), Sent: updates(5000)},
		ingest.Entry{Object: p.Object, Pending: &p, Sent: updates(2)})
	for _, owner := range []string{"one", "two"} {
		if _, err := s.Acquire(t.Context(), owner, time.Minute, allGone); err != nil {
			t.Fatal(err)
		}
	}
	mark := ingest.Mark{Time: written, Floor: written, Kept: written, Swept: written.Add(1)}
	if _, err := s.Advance(t.Context(), ingest.Mark{}, mark); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Hold(t.Context(), ingest.Held{
		Folder: "AWSLogs/1/", Since: written, Mark: written, Floor: written, Until: written, Tries: 9, Next: written,
		Error: "AccessDenied",
	}); err != nil {
		t.Fatal(err)
	}
	rows := rowsOf(t, cfg)
	if len(rows) != 8 {
		t.Errorf("the table has %d rows, want 3 and 2 of objects, held, lease and watermark", len(rows))
	}
	for key, properties := range rows {
		text, err := json.Marshal(properties)
		if err != nil {
			t.Fatal(err)
		}
		var r olderRow
		if err := json.Unmarshal(text, &r); err != nil {
			t.Errorf("row %s: %v", key, err)
		}
	}
}

// updates are n updates of a finding.
func updates(n int) (list []ingest.Update) {
	for i := range n {
		list = append(list, ingest.Update{byte(i), byte(i >> 8)})
	}
	return list
}

// ofOlder writes the nth object as the version before held folders did: done,
// with an update in its own row, or pending; and with one in a row of its own
// that does not say whose it is.
func ofOlder(t *testing.T, cfg state.Config, n int, kind string) (own, further ingest.Update) {
	t.Helper()
	o := object(n)
	own, further = ingest.Update{1, byte(n)}, ingest.Update{2, byte(n)}
	text := func(u ingest.Update) string { return base64.StdEncoding.EncodeToString(u[:]) }
	at := "done|" + o.LastModified.Format("20060102T150405Z") + "|" + o.ID().String()
	insert(t, cfg, at+"|"+hex.EncodeToString(further[:]), map[string]any{"Sent": text(further)})
	row := map[string]any{"ObjectKey": o.Key, "ObjectETag": o.ETag, "LastModified": o.LastModified}
	switch kind {
	case "done":
		row["Sent"], row["Findings"] = text(own), 1
		insert(t, cfg, at, row)
	case "pending":
		maps.Copy(row, map[string]any{"Next": written, "Attempts": 3})
		insert(t, cfg, "pending|"+o.ID().String(), row)
	}
	return own, further
}

// wantUpdates checks which updates are known.
func wantUpdates(t *testing.T, l ingest.Ledger, want ...ingest.Update) {
	t.Helper()
	for _, u := range want {
		if _, ok := l.Sent[u]; !ok {
			t.Errorf("the update %x is not known", u)
		}
	}
	if len(l.Sent) != len(want) {
		t.Errorf("%d updates are known, want %d", len(l.Sent), len(want))
	}
}

// An older version did not say on a pending row whether updates were accepted.
// One that left the row beside that of the object that was done by then is of an
// object that is done, however old.
func TestOlderPendingRowsBeforeTheFloor(t *testing.T) {
	cfg, s := store(t)
	_, further := ofOlder(t, cfg, 1, "pending")
	doneToo, more := ofOlder(t, cfg, 2, "pending")
	ofOlder(t, cfg, 2, "done")
	mark := ingest.Mark{Time: written.Add(24 * time.Hour), Floor: written.Add(time.Hour)}
	if _, err := s.Advance(t.Context(), ingest.Mark{}, mark); err != nil {
		t.Fatal(err)
	}
	snap := load(t, s)
	wantPending(t, snap, ingest.Pending{
		Object: ingest.Object{Key: object(1).Key, ETag: "etag1", LastModified: object(1).LastModified},
		Next:   written, Attempts: 3,
	})
	wantUpdates(t, snap.Ledger, further, doneToo, more)

	again := snap.Pending[0]
	record(t, s, ingest.Entry{Object: again.Object, Pending: &again, WasPending: true})
	wantUpdates(t, load(t, s).Ledger, further, doneToo, more) // what is not known stays unknown
}

func TestOlderFurtherRowsOfAFolder(t *testing.T) {
	for name, n := range map[string]int{"few": 3, "many": 60} {
		t.Run(name, func(t *testing.T) {
			cfg, s := store(t)
			var want []ingest.Update
			for i := range n {
				own, further := ofOlder(t, cfg, i, "done")
				want = append(want, own, further)
			}
			foreign := object(n + 1)
			foreign.Key = "AWSLogs/2/x"
			record(t, s, ingest.Entry{Object: foreign, Sent: updates(4000)})
			for _, folder := range []string{"AWSLogs/1/", ""} {
				got, err := s.Recorded(t.Context(), folder, object(1).LastModified, object(n).LastModified)
				if err != nil {
					t.Fatal(err)
				}
				wantUpdates(t, got, want[2:]...)
				if len(got.Done) != n-1 {
					t.Errorf("Recorded(%s) has %d done, want %d", folder, len(got.Done), n-1)
				}
			}
		})
	}
}

func TestOlderFurtherRowsArePrunedWithTheirObject(t *testing.T) {
	cfg, s := store(t)
	own, further := ofOlder(t, cfg, 1, "done")
	held := ingest.Held{Folder: "AWSLogs/1/", Floor: written}
	for _, keep := range []bool{true, false} {
		if !keep {
			held.Floor = written.Add(time.Hour)
		}
		if err := s.Prune(t.Context(), object(3).LastModified, []ingest.Held{held}); err != nil {
			t.Fatal(err)
		}
		want := map[bool][]ingest.Update{true: {own, further}}[keep]
		wantUpdates(t, load(t, s).Ledger, want...)
	}
	if keys := slices.Collect(maps.Keys(rowsOf(t, cfg))); len(keys) != 0 {
		t.Errorf("the table has the rows %s, want none", strings.Join(keys, ", "))
	}
}
