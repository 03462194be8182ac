package state

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

// between is a filter for row keys from low up to and without high.
func between(low, high string) string {
	return fmt.Sprintf("RowKey ge '%s' and RowKey lt '%s'", low, high)
}

// after returns the bound above all row keys of a kind: "}" is the character
// after "|".
func after(kind string) string { return kind + "}" }

// below is a filter, with an "and" before it, for the rows of objects in a
// folder, which ends in a slash; empty for all. A row without ObjectKey is in
// none.
func below(folder string) string {
	if folder == "" {
		return ""
	}
	low := strings.ReplaceAll(folder, "'", "''")
	// "0" is the character after "/".
	return fmt.Sprintf(" and ObjectKey ge '%s' and ObjectKey lt '%s0'", low, strings.TrimSuffix(low, "/"))
}

// keys calls f with the key, and nothing else, of every row of the partition
// that filter lets through.
func (s *Store) keys(ctx context.Context, filter string, f func(row) error) error {
	return s.list(ctx, filter, f, "RowKey")
}

// errEnough ends a listing that has shown what was looked for.
var errEnough = errors.New("enough")

// list calls f with every row of the partition that filter lets through, in the
// order of their keys: with the properties named, or with all. It ends without
// an error when f returns errEnough.
func (s *Store) list(ctx context.Context, filter string, f func(row) error, properties ...string) error {
	filter = fmt.Sprintf("PartitionKey eq '%s' and %s", s.partition, filter)
	options := &aztables.ListEntitiesOptions{Filter: &filter}
	if len(properties) > 0 {
		only := strings.Join(properties, ",")
		options.Select = &only
	}
	pager := s.client.NewListEntitiesPager(options)
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, data := range page.Entities {
			r, err := decode(data)
			if err == nil {
				err = f(r)
			}
			if err == errEnough {
				return nil
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}
