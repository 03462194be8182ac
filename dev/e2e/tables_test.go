package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/seed"
)

// What measurements say of the table service in memory holds only if the
// handler leaves the same rows there as in Azurite.
func TestTablesInMemoryKeepTheStateThatAzuriteKeeps(t *testing.T) {
	t.Parallel()
	now := time.Now()
	kept := make(map[cloud.Storage][]string)
	for _, storage := range []cloud.Storage{cloud.WithKey, cloud.InMemory} {
		f := newFixture(t, storage)
		findings := f.many(f.builtIn(), 300)
		for i, o := range seed.Plan(findings, seed.Options{Now: now, Seed: 21, OneFindingPerObject: true,
			Damaged: true}) {
			age := []time.Duration{10 * time.Minute, 20 * time.Hour}[i%2] // well within the overlap, and well beyond
			f.store(o.Key, o.Body, now.Add(-age))
		}
		f.start()
		f.run()
		f.run() // what is older than the overlap goes
		f.run()
		kept[storage] = f.ledger()
	}
	if azurite, memory := kept[cloud.WithKey], kept[cloud.InMemory]; len(azurite) == 0 ||
		!slices.Equal(azurite, memory) {
		t.Errorf("the ledger in memory has %d rows: %q, want the %d of Azurite: %q", len(memory), memory, len(azurite),
			azurite)
	}
}

// ledger returns the rows of objects: the keys and the names of their members.
func (f *fixture) ledger() []string {
	f.Helper()
	var rows []string
	filter := "RowKey ge 'done|' and RowKey lt 'run|'"
	pager := f.state().NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &filter})
	for pager.More() {
		page, err := pager.NextPage(f.Context())
		if err != nil {
			f.Fatal(err)
		}
		for _, data := range page.Entities {
			var row map[string]json.RawMessage
			if err := json.Unmarshal(data, &row); err != nil {
				f.Fatal(err)
			}
			names := slices.DeleteFunc(slices.Sorted(maps.Keys(row)),
				func(name string) bool { return strings.HasPrefix(name, "odata.") })
			rows = append(rows, fmt.Sprintf("%s %q", row["RowKey"], names))
		}
	}
	return rows
}
