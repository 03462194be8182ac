package ingest

import (
	"cmp"
	"container/heap"
	"sync"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
)

// shares hands out tasks so that each pair has its share of the fetchers,
// whatever the objects of others cost. Next comes an object of the pair with the
// fewest that are being read, and of these the one whose objects took the least
// time. What failed before comes after everything else: it may only cost time.
type shares struct {
	mu    sync.Mutex
	queue shareQueue // those with tasks left
}

// share is what a pair has left.
type share struct {
	tasks   []*task // in their order
	again   bool    // they failed before
	reading int
	spent   time.Duration
	order   int // among the shares, when all else is equal
	place   int // in the queue; -1 outside
}

func newShares(tasks []*task) *shares {
	type of struct {
		pair  guardduty.Pair
		again bool
	}
	s, known := &shares{}, make(map[of]*share)
	for _, t := range tasks {
		key := of{t.pair, t.failedBefore()}
		if known[key] == nil {
			known[key] = &share{again: key.again, order: len(known), place: len(known)}
			s.queue = append(s.queue, known[key])
		}
		known[key].tasks = append(known[key].tasks, t)
	}
	heap.Init(&s.queue)
	return s
}

// next returns the next task, and what to call when it has been read; nil when
// there is none.
func (s *shares) next() (*task, func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return nil, nil
	}
	one := s.queue[0]
	t := one.tasks[0]
	one.tasks[0] = nil
	one.tasks = one.tasks[1:]
	one.reading++
	if len(one.tasks) == 0 {
		heap.Pop(&s.queue)
	} else {
		heap.Fix(&s.queue, 0)
	}
	begun := time.Now()
	return t, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		one.reading--
		one.spent += time.Since(begun)
		if one.place >= 0 {
			heap.Fix(&s.queue, one.place)
		}
	}
}

// shareQueue is a heap, the share whose turn it is first.
type shareQueue []*share

func (q shareQueue) Len() int { return len(q) }

func (q shareQueue) Less(i, j int) bool {
	a, b := q[i], q[j]
	if a.again != b.again {
		return b.again
	}
	return cmp.Or(cmp.Compare(a.reading, b.reading), cmp.Compare(a.spent, b.spent), cmp.Compare(a.order, b.order)) < 0
}

func (q shareQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

func (q *shareQueue) Push(any) {} // none comes back

func (q *shareQueue) Pop() any {
	last := len(*q) - 1
	one := (*q)[last]
	one.place = -1
	(*q)[last] = nil
	*q = (*q)[:last]
	return one
}
