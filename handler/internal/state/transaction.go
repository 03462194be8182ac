package state

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

// maxTransaction is the most rows of one transaction (Table service REST API,
// "Performing entity group transactions"). With the largest rows there are, a
// transaction of so many stays below the 4 MiB that the service takes.
const maxTransaction = 100

// Waits before a transaction is made again: the first, and the last, which is
// before the fourth repeat. Each is twice the one before.
const (
	firstWait = time.Second
	lastWait  = 8 * time.Second
)

// change is one row that is written or deleted.
type change struct {
	key    string
	action aztables.TransactionAction
}

// group is changes that are made in one transaction.
type group []change

// put writes a row, over the one there is.
func put(r row) change {
	action := aztables.TransactionAction{ActionType: aztables.TransactionTypeInsertReplace, Entity: encode(r)}
	return change{r.Key, action}
}

// merge writes the properties of a row, and keeps others of the one there is.
func merge(r row) change {
	return change{r.Key, aztables.TransactionAction{ActionType: aztables.TransactionTypeInsertMerge, Entity: encode(r)}}
}

// drop deletes a row.
func (s *Store) drop(key string) change {
	entity := encode(row{Partition: s.partition, Key: key})
	return change{key, aztables.TransactionAction{ActionType: aztables.TransactionTypeDelete, Entity: entity}}
}

func (c change) deletes() bool { return c.action.ActionType == aztables.TransactionTypeDelete }

// transactions puts groups together, in their order, as many as one transaction
// takes. None has two changes of one row: the service refuses that.
func transactions(groups []group) (list [][]change) {
	var t []change
	seen := make(map[string]bool)
	for _, g := range groups {
		if len(t)+len(g) > maxTransaction || slices.ContainsFunc(g, func(c change) bool { return seen[c.key] }) {
			list, t = append(list, t), nil
			clear(seen)
		}
		for _, c := range g {
			seen[c.key] = true
		}
		t = append(t, g...)
	}
	if len(t) > 0 {
		list = append(list, t)
	}
	return list
}

// apply makes changes in one transaction. When a row that is to be deleted is
// not there, which fails a transaction, the others are written without it and
// then rows are deleted one by one.
func (s *Store) apply(ctx context.Context, t []change) error {
	err := s.submit(ctx, t)
	if err == nil {
		return nil
	}
	var writes []change
	var gone []string
	for _, c := range t {
		if c.deletes() {
			gone = append(gone, c.key)
		} else {
			writes = append(writes, c)
		}
	}
	if len(gone) == 0 || !missing(err) {
		return s.fault("write", err)
	}
	if len(writes) > 0 {
		if err := s.submit(ctx, writes); err != nil {
			return s.fault("write", err)
		}
	}
	return s.removeEach(ctx, gone)
}

// submit makes a transaction, and makes it again when the service was too busy
// for it: four times at most. Each change is one that may be made twice. The
// client reports a transaction that failed with the status of the outer answer,
// 202, and without a code, so any error means that nothing was written.
func (s *Store) submit(ctx context.Context, t []change) error {
	actions := make([]aztables.TransactionAction, len(t))
	for i, c := range t {
		actions[i] = c.action
	}
	for wait := firstWait; ; wait *= 2 {
		_, err := s.client.SubmitTransaction(ctx, actions, nil)
		if err == nil || !passing(err) || wait > lastWait {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return ctx.Err()
			}
			return err // says more than that the time ended
		}
	}
}

// remove deletes rows, whether they are still there or not.
func (s *Store) remove(ctx context.Context, keys []string) error {
	groups := make([]group, len(keys))
	for i, key := range keys {
		groups[i] = group{s.drop(key)}
	}
	for _, t := range transactions(groups) {
		if err := s.apply(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// removeEach deletes rows one by one, whether they are still there or not.
func (s *Store) removeEach(ctx context.Context, keys []string) error {
	for _, key := range keys {
		_, err := s.client.DeleteEntity(ctx, s.partition, key, nil)
		if err != nil && !isStatus(err, http.StatusNotFound) {
			return s.fault("write", err)
		}
	}
	return nil
}
