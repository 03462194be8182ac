package ingesttest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

// Two folders: the key of the second begins like that of the first, and what
// comes after it sorts next to it.
const (
	oddFolder  = `it's #?\é|/AWSLogs/1/GuardDuty/eu-west-1/`
	nextFolder = `it's #?\é|/AWSLogs/1/GuardDuty/eu-west-10/`
)

// in is the nth object, in a folder.
func in(folder string, n int) ingest.Object {
	o := object(n)
	o.Key = folder + o.Key[strings.Index(o.Key, "2026/"):]
	return o
}

// ins are the objects from to to-1, in a folder.
func ins(folder string, from, to int) (list []ingest.Object) {
	for n := from; n < to; n++ {
		list = append(list, in(folder, n))
	}
	return list
}

// always is a time after every other of a suite.
var always = written.Add(1000 * time.Hour)

// wantKept checks the pending objects, and what is recorded as done and as sent
// whenever it was modified: Load may leave out what is before the floor.
func (s state) wantKept(t *testing.T, done []ingest.Object, pending []ingest.Pending, sent []ingest.Update) {
	t.Helper()
	snap := s.load(t)
	var waits []string
	for _, p := range snap.Pending {
		waits = append(waits, fmt.Sprintf("%+v", p))
	}
	for _, p := range pending {
		if !slices.Contains(waits, fmt.Sprintf("%+v", p)) {
			t.Errorf("Load = pending %s, want %+v", waits, p)
		}
	}
	if len(snap.Pending) != len(pending) {
		t.Errorf("Load has %d pending, want %d", len(snap.Pending), len(pending))
	}
	s.wantRecorded(t, "", time.Time{}, always, done, sent)
}

// wantRecorded checks what is recorded of a folder and a time. Updates of
// objects that are pending may be there without being wanted.
func (s state) wantRecorded(t *testing.T, folder string, from, to time.Time,
	done []ingest.Object, sent []ingest.Update, may ...ingest.Update) {
	t.Helper()
	got, err := s.f.State.Recorded(t.Context(), folder, from, to)
	if err != nil {
		t.Fatalf("Recorded = %v", err)
	}
	contains(t, got, done, sent)
	if len(got.Done) != len(done) {
		t.Errorf("Recorded has %d done, want %d", len(got.Done), len(done))
	}
	for _, u := range slices.Concat(sent, may) {
		delete(got.Sent, u)
	}
	if len(got.Sent) > 0 {
		t.Errorf("Recorded has %d updates more than the %d that are wanted", len(got.Sent), len(sent))
	}
}

// contains checks that nothing lacks in a ledger.
func contains(t *testing.T, l ingest.Ledger, done []ingest.Object, sent []ingest.Update) {
	t.Helper()
	for _, o := range done {
		if _, ok := l.Done[o.ID()]; !ok {
			t.Errorf("the ledger lacks the done object %s", o.Key)
		}
	}
	for _, u := range sent {
		if _, ok := l.Sent[u]; !ok {
			t.Errorf("the ledger lacks the update %x", u)
			break
		}
	}
}

func recorded(t *testing.T, s state) {
	var entries []ingest.Entry
	for n := range 4 {
		entries = append(entries,
			ingest.Entry{Object: in(oddFolder, n), Sent: updates(byte(n), 2)},
			ingest.Entry{Object: in(nextFolder, n), Sent: updates(byte(n+20), 2)})
	}
	waits := ingest.Pending{Object: in(oddFolder, 4), Next: written}
	first := ingest.Pending{Object: in(oddFolder, 6), Next: written}
	many := updates(5, 5000)
	s.record(t, append(entries,
		ingest.Entry{Object: waits.Object, Pending: &waits, Sent: updates(4, 2)},
		ingest.Entry{Object: in(oddFolder, 5), Sent: many},
		ingest.Entry{Object: in(nextFolder, 5), Sent: updates(25, 4000)},
		ingest.Entry{Object: first.Object, Pending: &first, Sent: updates(6, 2)})...)
	s.record(t, ingest.Entry{Object: first.Object, WasPending: true, Sent: updates(16, 2)})
	s.advance(t, ingest.Mark{}, at(written.Add(24*time.Hour)))

	middle := slices.Concat(updates(1, 2), updates(2, 2), updates(3, 2), updates(4, 2), many)
	minute := func(n int) time.Time { return object(n).LastModified }
	s.wantRecorded(t, oddFolder, minute(1), minute(5),
		slices.Concat(ins(oddFolder, 1, 4), ins(oddFolder, 5, 6)), middle)
	s.wantRecorded(t, oddFolder, minute(1).Add(1), minute(3).Add(-1),
		ins(oddFolder, 2, 3), updates(2, 2), updates(4, 2)...)
	s.wantRecorded(t, oddFolder, minute(6), minute(6), ins(oddFolder, 6, 7),
		slices.Concat(updates(6, 2), updates(16, 2)), updates(4, 2)...)
	s.wantRecorded(t, nextFolder, time.Time{}, minute(1), ins(nextFolder, 0, 2),
		slices.Concat(updates(20, 2), updates(21, 2)), updates(4, 2)...)
	s.wantRecorded(t, "it's/", time.Time{}, always, nil, nil, updates(4, 2)...)
	s.wantRecorded(t, "", minute(7), always, nil, nil, updates(4, 2)...)
	s.wantRecorded(t, "", minute(2), minute(2), slices.Concat(ins(oddFolder, 2, 3), ins(nextFolder, 2, 3)),
		slices.Concat(updates(2, 2), updates(22, 2)), updates(4, 2)...)
}

// recordedMany is more than the answer to one request has.
func recordedMany(t *testing.T, s state) {
	s.record(t, slices.Concat(done(ins(oddFolder, 0, 1100)), done(ins(nextFolder, 0, 10)))...)
	s.advance(t, ingest.Mark{}, at(written.Add(24*time.Hour)))
	s.wantRecorded(t, oddFolder, written, always, ins(oddFolder, 0, 1100), nil)
	s.wantRecorded(t, "", written, always, slices.Concat(ins(oddFolder, 0, 1100), ins(nextFolder, 0, 10)), nil)
}

// floor has Load know all from the floor on, and of older objects those that are
// pending with the updates that were accepted of them, in whatever entry.
func floor(t *testing.T, s state) {
	var entries []ingest.Entry
	for n := range 7 {
		entries = append(entries, ingest.Entry{Object: object(n), Sent: updates(byte(n), 2)})
	}
	for n := range 4 {
		waits := pendingEntry(n)
		if n%2 == 1 {
			waits.Sent = updates(byte(n), 3)
		}
		entries[n] = waits
	}
	s.record(t, entries...)
	for n := 1; n < 3; n++ { // the second entry of one has no updates, that of the other has the first
		again := pendingEntry(n)
		if again.WasPending = true; n == 2 {
			again.Sent = updates(2, 3)
		}
		s.record(t, again)
	}
	s.record(t, ingest.Entry{Object: object(3), WasPending: true})
	s.advance(t, ingest.Mark{}, ingest.Mark{Time: written.Add(24 * time.Hour), Floor: object(5).LastModified})
	snap := s.load(t)
	contains(t, snap.Ledger, objects(5, 7), slices.Concat(updates(1, 3), updates(2, 3), updates(5, 2), updates(6, 2)))
	for n := range 3 {
		if !slices.Contains(snap.Pending, waiting(n)) {
			t.Errorf("Load = pending %+v, want %+v", snap.Pending, waiting(n))
		}
	}
	if len(snap.Pending) != 3 {
		t.Errorf("Load has %d pending, want 3", len(snap.Pending))
	}
	for _, o := range objects(0, 3) {
		if _, ok := snap.Done[o.ID()]; ok {
			t.Errorf("Load has the pending object %s as done", o.Key)
		}
	}
}
