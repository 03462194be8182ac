package e2e_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/faults"
	"guardduty-sentinel/dev/internal/ingestion"
	"guardduty-sentinel/dev/internal/s3server"
	"guardduty-sentinel/dev/internal/seed"
)

// stateRow is what tests look at of a row of the state table.
type stateRow struct {
	PartitionKey, RowKey string
	ObjectKey            string
}

// state opens the state table; the cloud must be one that has a key.
func (f *fixture) state() *aztables.Client {
	f.Helper()
	service, err := aztables.NewServiceClientFromConnectionString(f.settings["AzureWebJobsStorage"], nil)
	if err != nil {
		f.Fatal(err)
	}
	return service.NewClient("GuardDutyState")
}

// stateRows returns the rows of one kind, such as "done". A table that is not
// there yet has none.
func (f *fixture) stateRows(kind string) []stateRow {
	f.Helper()
	filter := "RowKey ge '" + kind + "|' and RowKey lt '" + kind + "}'"
	pager := f.state().NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &filter})
	var rows []stateRow
	for pager.More() {
		page, err := pager.NextPage(context.WithoutCancel(f.Context()))
		if err != nil {
			return nil
		}
		for _, data := range page.Entities {
			var row stateRow
			if err := json.Unmarshal(data, &row); err != nil {
				f.Fatal(err)
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// An object that cannot be read holds nothing else back, and a later run tries
// it again when its time has come.
func TestOneUnreadableObjectIsTriedAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.WithKey)
	const n = 50
	objects := f.export(f.builtIn()[:n], seed.Options{Seed: 6, OneFindingPerObject: true})
	bad := "/" + f.cloud.S3.Bucket() + "/" + objects[n/2].Key
	f.strike("s3", faults.Fault{Method: "GET", Path: bad, Times: -1, Status: 503, Body: xmlError("SlowDown")})
	f.start()
	first := f.run()
	f.deliveredOnce(n - 1)
	f.tells(first, "1 object waiting to be read again.")
	if tries := f.cloud.Faults["s3"].Fired(); tries < 2 {
		t.Errorf("tries of the object in one run = %d, want 2 or more", tries)
	}
	f.cloud.Faults["s3"].Reset()

	f.cloud.S3.ResetRequests()
	f.run()
	if got := f.cloud.S3.Count(s3server.GetObject); got != 0 {
		t.Errorf("reads before the object's time = %d, want 0", got)
	}
	f.makeDue(1)
	f.run()
	f.deliveredOnce(n)
	if left := f.stateRows("pending"); len(left) > 0 {
		t.Errorf("pending rows = %+v, want none", left)
	}
}

// makeDue lets the time of all n pending objects come.
func (f *fixture) makeDue(n int) {
	f.Helper()
	rows := f.stateRows("pending")
	if len(rows) != n {
		f.Fatalf("pending rows = %+v, want %d", rows, n)
	}
	for _, row := range rows {
		due, err := json.Marshal(map[string]string{
			"PartitionKey": row.PartitionKey, "RowKey": row.RowKey,
			"Next": time.Now().UTC().Add(-time.Minute).Format(time.RFC3339),
		})
		if err != nil {
			f.Fatal(err)
		}
		if _, err := f.state().UpdateEntity(f.Context(), due,
			&aztables.UpdateEntityOptions{UpdateMode: aztables.UpdateModeMerge}); err != nil {
			f.Fatal(err)
		}
	}
}

// The service takes a batch and its answer is lost: nothing is lost, and no
// more than that batch arrives again.
func TestAnswerOfIngestionLost(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.InMemory)
	findings := f.builtIn()
	f.export(findings, seed.Options{Seed: 8})
	f.strike("ingestion", faults.Fault{Method: "POST", Drop: faults.DropAfter})
	f.start()
	f.run()
	if got := f.cloud.Faults["ingestion"].Fired(); got != 1 {
		t.Errorf("answers lost = %d, want 1", got)
	}
	f.delivered(len(findings), 2)
	again := len(f.deliveries()) - len(findings)
	if calls := f.cloud.Ingestion.Calls(); !slices.ContainsFunc(calls,
		func(c ingestion.Call) bool { return c.Rows == again }) {
		t.Errorf("rows that came again = %d, want those of one of the calls %+v", again, calls)
	}
	f.runsForNothing()
}

// The connection is cut before the service has acted: nothing is lost and
// nothing comes twice.
func TestCallOfIngestionLost(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.InMemory)
	findings := f.builtIn()
	f.export(findings, seed.Options{Seed: 8})
	f.strike("ingestion", faults.Fault{Method: "POST", Drop: faults.DropBefore})
	f.start()
	f.run()
	f.deliveredOnce(len(findings))
}
