package ingesttest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

// objects are the objects from to to-1.
func objects(from, to int) (list []ingest.Object) {
	for n := from; n < to; n++ {
		list = append(list, object(n))
	}
	return list
}

// done are entries of objects that are done.
func done(list []ingest.Object) (entries []ingest.Entry) {
	for i, o := range list {
		entries = append(entries, ingest.Entry{Object: o, Findings: i})
	}
	return entries
}

// updates are n updates; those of another kind differ.
func updates(kind byte, n int) (list []ingest.Update) {
	for i := range n {
		list = append(list, ingest.Update{byte(i), byte(i >> 8), kind})
	}
	return list
}

// waiting is the nth object to be tried again, with every field set.
func waiting(n int) ingest.Pending {
	return ingest.Pending{
		Object:   object(n),
		Lines:    17,
		Attempts: 3,
		Opens:    2,
		Next:     written.Add(90*time.Minute + 123456789),
		Error:    "unexpected EOF",
	}
}

func pendingEntry(n int) ingest.Entry {
	p := waiting(n)
	return ingest.Entry{Object: p.Object, Pending: &p}
}

func empty(t *testing.T, s state) {
	for range 2 {
		s.want(t, nil, nil, nil)
		if mark := s.load(t).Mark; mark != (ingest.Mark{}) {
			t.Errorf("Load = %+v, want the mark of a source that never ran", mark)
		}
	}
	s.wantQuarantine(t)
}

func recordDone(t *testing.T, s state) {
	entries := done(objects(0, 3))
	entries[1].Sent = updates(1, 2)
	for range 2 { // to repeat it changes nothing
		s.record(t, entries...)
		s.want(t, objects(0, 3), nil, updates(1, 2))
	}
	s.wantQuarantine(t)
}

func recordPending(t *testing.T, s state) {
	first, second := pendingEntry(1), pendingEntry(2)
	second.Sent = updates(1, 3)
	for range 2 {
		s.record(t, first, second)
		s.want(t, nil, []ingest.Pending{waiting(1), waiting(2)}, updates(1, 3))
	}
}

func recordQuarantine(t *testing.T, s state) {
	o, p := object(0), pendingEntry(1)
	p.Quarantine = []ingest.Quarantined{{Line: 3, Reason: "refused"}}
	whole := ingest.Entry{Object: object(2), Quarantine: []ingest.Quarantined{{Reason: "holds no findings"}}}
	for range 2 {
		s.record(t, ingest.Entry{
			Object:     o,
			Findings:   2,
			Quarantine: []ingest.Quarantined{{Line: 7, Reason: "not JSON"}, {Line: 12, Reason: "not JSON"}},
		}, p, whole)
		s.want(t, []ingest.Object{o, object(2)}, []ingest.Pending{waiting(1)}, nil)
		s.wantQuarantine(t, o.Key+":7", o.Key+":12", object(1).Key+":3", object(2).Key+":0")
	}
}

// versions has the same key written again with other content.
func versions(t *testing.T, s state) {
	first, second := object(0), object(0)
	second.ETag = "another"
	s.record(t, done([]ingest.Object{first})...)
	if _, ok := s.load(t).Done[second.ID()]; ok {
		t.Error("Load has another version of the object as done")
	}
	s.record(t, done([]ingest.Object{second})...)
	s.want(t, []ingest.Object{first, second}, nil, nil)
}

// manyEntries are more than one transaction takes, and so are the lines of one.
func manyEntries(t *testing.T, s state) {
	entries := done(objects(0, 251))
	var want []string
	for line := range 150 {
		entries[250].Quarantine = append(entries[250].Quarantine,
			ingest.Quarantined{Line: line + 1, Reason: "not JSON"})
		want = append(want, fmt.Sprintf("%s:%d", object(250).Key, line+1))
	}
	s.record(t, entries...)
	s.want(t, objects(0, 251), nil, nil)
	s.wantQuarantine(t, want...)
}

// manyUpdates are more than a row holds.
func manyUpdates(t *testing.T, s state) {
	first, second := ingest.Entry{Object: object(1), Sent: updates(1, 5000)}, pendingEntry(2)
	second.Sent = updates(2, 2000)
	s.record(t, first, second)
	s.want(t, objects(1, 2), []ingest.Pending{waiting(2)}, slices.Concat(updates(1, 5000), updates(2, 2000)))
}

func pendingThenDone(t *testing.T, s state) {
	before := pendingEntry(1)
	before.Sent = updates(1, 2)
	s.record(t, before, pendingEntry(2))
	for range 2 {
		s.record(t, ingest.Entry{Object: object(1), WasPending: true, Sent: updates(2, 2)})
		s.want(t, objects(1, 2), []ingest.Pending{waiting(2)}, slices.Concat(updates(1, 2), updates(2, 2)))
	}
}

func pendingReplaced(t *testing.T, s state) {
	s.record(t, pendingEntry(1))
	again := pendingEntry(1)
	again.WasPending, again.Pending.Attempts, again.Pending.Lines, again.Pending.Error = true, 4, 20, "connection reset"
	for range 2 {
		s.record(t, again)
		s.want(t, nil, []ingest.Pending{*again.Pending}, nil)
	}
	none := ingest.Pending{Object: object(1), Next: written}
	s.record(t, ingest.Entry{Object: none.Object, Pending: &none, WasPending: true})
	s.want(t, nil, []ingest.Pending{none}, nil)
}
