package ingest

import (
	"cmp"
	"container/heap"
	"sync"
	"time"
)

// shares hands out tasks so that each account, and of an account each pair, has
// its share of the fetchers, whatever the objects of others cost. Next comes an
// object of the account with the fewest that are being read, and of these the one
// whose objects took the least time; of its pairs likewise. What failed before
// comes after all else of its pair: it may only cost time.
type shares struct {
	mu   sync.Mutex
	root share
}

// share is what a pair has left, or the pairs of an account, or the accounts.
type share struct {
	parent  *share
	parts   shareQueue
	tasks   []*task // of a pair, in their order
	reading int
	spent   time.Duration
	order   int // among the parts of the parent, when all else is equal
	place   int // in the parent's queue; -1 outside
}

func newShares(tasks []*task) *shares {
	s, known := &shares{}, make(map[string]*share)
	part := func(name string, of *share) *share {
		if known[name] == nil {
			known[name] = &share{parent: of, order: len(known)}
			heap.Push(&of.parts, known[name])
		}
		return known[name]
	}
	for _, again := range []bool{false, true} {
		for _, t := range tasks {
			if t.failedBefore() == again {
				one := part(string(t.pair), part(t.pair.Account(), &s.root))
				one.tasks = append(one.tasks, t)
			}
		}
	}
	return s
}

// next returns the next task, and what to call when it has been read; nil when
// there is none.
func (s *shares) next() (*task, func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := &s.root
	for len(one.parts) > 0 {
		one = one.parts[0]
	}
	if len(one.tasks) == 0 {
		return nil, nil
	}
	t := one.tasks[0]
	one.tasks[0] = nil
	one.tasks = one.tasks[1:]
	one.count(1, 0)
	begun := time.Now()
	return t, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		one.count(-1, time.Since(begun))
	}
}

// count adds to what is being read and was spent, here and above, and puts each
// share where it belongs in its queue: outside when nothing is left of it.
func (s *share) count(reading int, spent time.Duration) {
	for one := s; one.parent != nil; one = one.parent {
		one.reading += reading
		one.spent += spent
		switch {
		case one.place < 0:
		case len(one.tasks) == 0 && len(one.parts) == 0:
			heap.Remove(&one.parent.parts, one.place)
		default:
			heap.Fix(&one.parent.parts, one.place)
		}
	}
}

// shareQueue is a heap, the share whose turn it is first.
type shareQueue []*share

func (q shareQueue) Len() int { return len(q) }

func (q shareQueue) Less(i, j int) bool {
	a, b := q[i], q[j]
	return cmp.Or(cmp.Compare(a.reading, b.reading), cmp.Compare(a.spent, b.spent), cmp.Compare(a.order, b.order)) < 0
}

func (q shareQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

func (q *shareQueue) Push(one any) {
	one.(*share).place = len(*q)
	*q = append(*q, one.(*share))
}

func (q *shareQueue) Pop() any {
	last := len(*q) - 1
	one := (*q)[last]
	one.place = -1
	(*q)[last] = nil
	*q = (*q)[:last]
	return one
}
