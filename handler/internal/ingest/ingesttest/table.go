package ingesttest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"guardduty-sentinel/handler/internal/guardduty"
	"guardduty-sentinel/handler/internal/ingest"
)

// TableFixture is a table and the way to look into it.
type TableFixture struct {
	Table ingest.Table
	Breaker
	// Accepted lists the rows that the table accepted since the fixture was
	// made, in any order, each as often as it was accepted.
	Accepted func(t *testing.T) []string
	// Bad is a row that the table never takes.
	Bad string
}

// Table checks a table. Each case has a new fixture.
func Table(t *testing.T, fresh func(t *testing.T) TableFixture) {
	cases := map[string]func(*testing.T, table){
		"row": row, "one row": oneRow, "many rows": manyRows, "largest batch": largestBatch,
		"rows refused": rowsRefused, "all rows refused": allRefused, "canceled": canceled,
		"concurrent": deliverConcurrently,
	}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		t.Run(name, func(t *testing.T) { cases[name](t, table{fresh(t)}) })
	}
	t.Run("lost", func(t *testing.T) {
		eachLoss(t, func(t *testing.T, l loss) { deliverLost(t, table{fresh(t)}, l) })
	})
}

// table is a table under test.
type table struct{ f TableFixture }

// source is where the findings of the suite were read.
var source = ingest.Source{
	Bucket: "findings",
	Object: ingest.Object{Key: "AWSLogs/1/GuardDuty/eu-west-1/2026/08/01/a.jsonl.gz", LastModified: written},
}

// row makes the row of a finding by its id, behind what is in dst.
func (tb table) row(t *testing.T, dst []byte, id string) []byte {
	t.Helper()
	p := guardduty.Parser{Paths: tb.f.Table.Paths()}
	f, err := p.Parse(fmt.Appendf(nil, `{"id":%q,"type":"Recon:EC2/Portscan","severity":5.30,`+
		`"updatedAt":"2026-08-01T02:03:04.000Z","title":"a \"title\"é"}`, id))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	out, err := tb.f.Table.Row(dst, &f, source)
	if err != nil {
		t.Fatalf("Row = %v", err)
	}
	return out
}

// rows are n rows whose findings have kind in their ids.
func (tb table) rows(t *testing.T, kind string, n int) (list []string) {
	t.Helper()
	for i := range n {
		list = append(list, string(tb.row(t, nil, fmt.Sprintf("%s-%d", kind, i))))
	}
	return list
}

// batch puts rows together.
func batch(rows []string) ingest.Batch {
	b := ingest.Batch{Rows: []byte(strings.Join(rows, ","))}
	end := -1
	for _, r := range rows {
		end += 1 + len(r)
		b.Ends = append(b.Ends, end)
	}
	return b
}

// deliver delivers rows and wants no error and no refusal.
func (tb table) deliver(t *testing.T, rows []string) {
	t.Helper()
	if refusals, err := tb.f.Table.Deliver(t.Context(), batch(rows)); err != nil || len(refusals) != 0 {
		t.Errorf("Deliver of %d rows = %v, %v, want nothing refused", len(rows), refusals, err)
	}
}

// wantAccepted checks what the table has, byte for byte.
func (tb table) wantAccepted(t *testing.T, want []string) {
	t.Helper()
	got, want := slices.Sorted(slices.Values(tb.f.Accepted(t))), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("the table accepted %d rows, %.300q, want %d, %.300q", len(got), got, len(want), want)
	}
}

func row(t *testing.T, tb table) {
	row := tb.row(t, nil, "a")
	var members map[string]any
	if err := json.Unmarshal(row, &members); err != nil || len(members) == 0 {
		t.Errorf("Row = %q, %v, want a JSON object", row, err)
	}
	if got := tb.row(t, []byte("before,"), "a"); string(got) != "before,"+string(row) {
		t.Errorf("Row behind other bytes = %q, want those and %q", got, row)
	}
	if other := tb.row(t, nil, "b"); string(other) == string(row) {
		t.Errorf("the rows of two findings are both %q", row)
	}
}

func oneRow(t *testing.T, tb table) {
	rows := tb.rows(t, "one", 1)
	tb.deliver(t, rows)
	tb.wantAccepted(t, rows)
}

func manyRows(t *testing.T, tb table) {
	first, second := tb.rows(t, "first", 20), tb.rows(t, "second", 7)
	tb.deliver(t, first)
	tb.deliver(t, second)
	tb.wantAccepted(t, slices.Concat(first, second))
}

// largestBatch has exactly as many bytes as a batch may have.
func largestBatch(t *testing.T, tb table) {
	room := tb.f.Table.MaxBatch()
	long := func(i, size int) string { return fmt.Sprintf("%d-%s", i, strings.Repeat("x", size)) }
	var rows []string
	for {
		r := string(tb.row(t, nil, long(len(rows), room/50)))
		if room < 2*(len(r)+1)+10 {
			break
		}
		rows, room = append(rows, r), room-len(r)-1
	}
	last := string(tb.row(t, nil, long(len(rows), 1)))
	rows = append(rows, string(tb.row(t, nil, long(len(rows), 1+room-len(last)))))
	if size := len(batch(rows).Rows); size != tb.f.Table.MaxBatch() {
		t.Fatalf("the batch has %d bytes, want %d", size, tb.f.Table.MaxBatch())
	}
	tb.deliver(t, rows)
	tb.wantAccepted(t, rows)
}

func rowsRefused(t *testing.T, tb table) {
	var arrive []string
	for name, bad := range map[string][]int{
		"first": {0}, "last": {8}, "middle": {4}, "several": {1, 2, 7}, "but-one": {0, 1, 2, 3, 4, 5, 6, 8},
	} {
		rows := tb.rows(t, name, 9)
		for i, r := range rows {
			if slices.Contains(bad, i) {
				rows[i] = tb.f.Bad
			} else {
				arrive = append(arrive, r)
			}
		}
		tb.wantRefused(t, rows, bad)
	}
	tb.wantAccepted(t, arrive)
}

// wantRefused delivers rows and wants those at the indexes refused.
func (tb table) wantRefused(t *testing.T, rows []string, bad []int) {
	t.Helper()
	refusals, err := tb.f.Table.Deliver(t.Context(), batch(rows))
	var got []int
	for _, r := range refusals {
		got = append(got, r.Row)
		if r.Reason == "" {
			t.Errorf("row %d was refused without a reason", r.Row)
		}
	}
	slices.Sort(got)
	if err != nil || !slices.Equal(got, bad) {
		t.Errorf("Deliver refused the rows %v, %v, want %v", got, err, bad)
	}
}

// allRefused is not an error: whether the rows or the table are at fault is for
// the caller to decide, who sees other batches too.
func allRefused(t *testing.T, tb table) {
	tb.wantRefused(t, []string{tb.f.Bad}, []int{0})
	tb.wantRefused(t, []string{tb.f.Bad, tb.f.Bad, tb.f.Bad}, []int{0, 1, 2})
	tb.wantAccepted(t, nil)
}

func canceled(t *testing.T, tb table) {
	rows := tb.rows(t, "canceled", 3)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tb.f.Table.Deliver(ctx, batch(rows)); err == nil {
		t.Error("Deliver with a canceled context = nil, want an error")
	}
	tb.deliver(t, rows)
}

func deliverConcurrently(t *testing.T, tb table) {
	var all []string
	var group sync.WaitGroup
	for i := range 8 {
		rows := tb.rows(t, fmt.Sprintf("c%d", i), 24)
		all = append(all, rows...)
		group.Go(func() {
			for part := range slices.Chunk(rows, 6) {
				tb.deliver(t, part)
			}
		})
	}
	group.Wait()
	tb.wantAccepted(t, all)
}

// deliverLost loses a call between two others and repeats it when it returned
// an error. Rows whose answer was lost come again, and no others: twice when
// that was one try.
func deliverLost(t *testing.T, tb table, l loss) {
	before, lost, after := tb.rows(t, "before", 3), tb.rows(t, "lost", 3), tb.rows(t, "after", 3)
	tb.deliver(t, before)
	var err error
	tb.f.lose(t, l, func() error {
		_, err = tb.f.Table.Deliver(t.Context(), batch(lost))
		return err
	})
	if err != nil {
		tb.deliver(t, lost)
	}
	tb.deliver(t, after)
	once := slices.Concat(before, lost, after)
	accepted := tb.f.Accepted(t)
	for _, r := range accepted {
		if !slices.Contains(once, r) {
			t.Errorf("the table accepted %q, which was never sent", r)
		}
	}
	for _, r := range once {
		times := 0
		for _, a := range accepted {
			if a == r {
				times++
			}
		}
		again := l.fault == AnswerLost && slices.Contains(lost, r) && (times == 2 || l.tries == EveryTry && times > 1)
		if times != 1 && !again {
			t.Errorf("the table accepted %q %d times", r, times)
		}
	}
}
