package state_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/ingest"
	"guardduty-sentinel/handler/internal/localtest"
	"guardduty-sentinel/handler/internal/secret"
	"guardduty-sentinel/handler/internal/state"
)

var (
	local    = localtest.NewShared()
	identity = localtest.NewShared("-identity")
	embedded = localtest.NewShared("-tables", "embedded") // whose tables can be made to fail
)

func TestMain(m *testing.M) { localtest.Main(m, local, identity, embedded) }

// written is when the objects of these tests were last modified.
var written = time.Date(2026, 8, 1, 2, 3, 4, 0, time.UTC)

var tables atomic.Int64

// config is that of a table of the test's own, which is not there yet.
func config(t *testing.T) state.Config {
	t.Helper()
	return configOf(t, local)
}

func configOf(t *testing.T, shared *localtest.Shared) state.Config {
	t.Helper()
	c := shared.Cloud(t)
	return state.Config{
		ConnectionString: secret.New(c.Settings["AzureWebJobsStorage"]),
		Table:            fmt.Sprintf("GuardDutyState%d", tables.Add(1)),
		Bucket:           "guardduty-findings", Prefix: "exports/", Options: c.Options(t),
	}
}

func newStore(t *testing.T, cfg state.Config) *state.Store {
	t.Helper()
	s, err := state.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// store is a store whose table is there.
func store(t *testing.T) (state.Config, *state.Store) {
	t.Helper()
	cfg := config(t)
	s := newStore(t, cfg)
	load(t, s)
	return cfg, s
}

// raw rows of a test are in this partition.
const partition = "s3:guardduty-findings:exports:"

// insert writes a row as it is.
func insert(t *testing.T, cfg state.Config, key string, properties map[string]any) {
	t.Helper()
	row := map[string]any{"PartitionKey": partition, "RowKey": key}
	maps.Copy(row, properties)
	data, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	replace := &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeReplace}
	if _, err := raw(t, cfg).UpsertEntity(t.Context(), data, replace); err != nil {
		t.Fatal(err)
	}
}

// through is cfg by way of a proxy.
func through(t *testing.T, cfg state.Config) (state.Config, *localtest.Proxy) {
	t.Helper()
	text := cfg.ConnectionString.Reveal()
	_, endpoint, _ := strings.Cut(text, "TableEndpoint=")
	endpoint = strings.TrimSuffix(endpoint, ";")
	target, path, _ := strings.Cut(endpoint, "/devstoreaccount1")
	p := localtest.NewProxy(t, target)
	cfg.ConnectionString = secret.New(strings.Replace(text, endpoint, p.URL+"/devstoreaccount1"+path, 1))
	return cfg, p
}

// raw is the table itself.
func raw(t *testing.T, cfg state.Config) *aztables.Client {
	t.Helper()
	service, err := aztables.NewServiceClientFromConnectionString(cfg.ConnectionString.Reveal(),
		&aztables.ClientOptions{ClientOptions: azcore.ClientOptions{Retry: localtest.Retry()}})
	if err != nil {
		t.Fatal(err)
	}
	return service.NewClient(cfg.Table)
}

// rowsOf returns the table's rows by partition and row key, without what the
// service itself adds.
func rowsOf(t *testing.T, cfg state.Config) map[string]map[string]any {
	t.Helper()
	found := map[string]map[string]any{}
	pager := raw(t, cfg).NewListEntitiesPager(nil)
	for pager.More() {
		page, err := pager.NextPage(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, data := range page.Entities {
			r := map[string]any{}
			if err := json.Unmarshal(data, &r); err != nil {
				t.Fatal(err)
			}
			key := fmt.Sprint(r["PartitionKey"], " ", r["RowKey"])
			for name := range r {
				if strings.HasPrefix(name, "odata.") || strings.HasPrefix(name, "Timestamp") ||
					name == "PartitionKey" || name == "RowKey" {
					delete(r, name)
				}
			}
			found[key] = r
		}
	}
	return found
}

func load(t *testing.T, s *state.Store) ingest.Snapshot {
	t.Helper()
	snap, err := s.Load(t.Context())
	if err != nil {
		t.Fatalf("Load = %v", err)
	}
	return snap
}

func record(t *testing.T, s *state.Store, entries ...ingest.Entry) {
	t.Helper()
	if err := s.Record(t.Context(), entries); err != nil {
		t.Fatalf("Record = %v", err)
	}
}

// object is the nth object; each was written a minute after the one before.
func object(n int) ingest.Object {
	return ingest.Object{
		Key:  fmt.Sprintf("AWSLogs/1/GuardDuty/eu-west-1/2026/08/01/%d #?\\é.jsonl.gz", n),
		ETag: fmt.Sprintf("etag%d", n),
		Size: int64(n) << 32, LastModified: written.Add(time.Duration(n) * time.Minute),
	}
}

// done are entries of objects from to to-1 that are done.
func done(from, to int) (entries []ingest.Entry) {
	for n := from; n < to; n++ {
		entries = append(entries, ingest.Entry{Object: object(n), Findings: n})
	}
	return entries
}

// wantDone checks which objects a snapshot has as done.
func wantDone(t *testing.T, snap ingest.Snapshot, from, to int) {
	t.Helper()
	for n := from; n < to; n++ {
		if _, ok := snap.Done[object(n).ID()]; !ok {
			t.Errorf("Load lacks the done object %d", n)
		}
	}
	if len(snap.Done) != to-from {
		t.Errorf("Load = %d done objects, want %d", len(snap.Done), to-from)
	}
}

// wantPending checks the pending objects of a snapshot, in any order.
func wantPending(t *testing.T, snap ingest.Snapshot, want ...ingest.Pending) {
	t.Helper()
	for _, p := range want {
		if !slices.Contains(snap.Pending, p) {
			t.Errorf("Load = pending %+v, want %+v", snap.Pending, p)
		}
	}
	if len(snap.Pending) != len(want) {
		t.Errorf("Load = %d pending objects, want %d", len(snap.Pending), len(want))
	}
}

// wantFault checks the code of a fault, what it names, and that it shows no key.
func wantFault(t *testing.T, err error, code fault.Code, named string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", code)
	}
	if got := fault.Of(err); got.Code != code || !strings.Contains(err.Error(), named) {
		t.Errorf("error = %v, want %s and %q in it", err, code, named)
	}
	for _, part := range []string{
		"AccountKey", "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6", "sig=", "DefaultEndpointsProtocol",
	} {
		if strings.Contains(err.Error(), part) {
			t.Errorf("error = %v, which shows the connection string", err)
		}
	}
}

// at is a mark at t, with its floor an hour before.
func at(t time.Time) ingest.Mark { return ingest.Mark{Time: t, Floor: t.Add(-time.Hour)} }
