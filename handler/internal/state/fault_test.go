package state_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/aztoken"
	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/ingest"
	"guardduty-sentinel/handler/internal/localtest"
	"guardduty-sentinel/handler/internal/secret"
	"guardduty-sentinel/handler/internal/state"
)

// calls are all methods of a store, each by its error.
func calls(s *state.Store) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Load":   func(ctx context.Context) error { _, err := s.Load(ctx); return err },
		"Record": func(ctx context.Context) error { return s.Record(ctx, done(0, 1)) },
		"Settle": func(ctx context.Context) error {
			return s.Record(ctx, []ingest.Entry{{Object: object(1), WasPending: true}})
		},
		"Advance": func(ctx context.Context) error { _, err := s.Advance(ctx, ingest.Mark{}, at(written)); return err },
		"Replace": func(ctx context.Context) error {
			_, err := s.Advance(ctx, ingest.Mark{Time: written, Version: `W/"datetime'2026'"`}, at(written))
			return err
		},
		"Prune": func(ctx context.Context) error { return s.Prune(ctx, written, nil) },
		"Recorded": func(ctx context.Context) error {
			_, err := s.Recorded(ctx, "AWSLogs/1/", written, written)
			return err
		},
		"Hold": func(ctx context.Context) error {
			_, err := s.Hold(ctx, ingest.Held{Folder: "AWSLogs/1/", Since: written, Mark: written})
			return err
		},
		"Relist": func(ctx context.Context) error {
			mark, h := at(written), ingest.Held{Folder: "AWSLogs/1/", Since: written, Mark: written, Until: written}
			mark.Version, h.Version = `W/"datetime'2026'"`, `W/"datetime'2026'"`
			_, _, err := s.Relist(ctx, mark, h)
			return err
		},
		"Unhold": func(ctx context.Context) error {
			return s.Unhold(ctx, ingest.Held{Folder: "AWSLogs/1/", Since: written, Version: `W/"datetime'2026'"`})
		},
		"Summarize": func(ctx context.Context) error { return s.Summarize(ctx, ingest.Summary{Started: written}) },
		"Acquire": func(ctx context.Context) error {
			_, err := s.Acquire(ctx, "one", time.Minute, noneGone)
			return err
		},
	}
}

func TestWrongKeyIsRefused(t *testing.T) {
	cfg, _ := store(t)
	cfg.ConnectionString = secret.New(strings.Replace(cfg.ConnectionString.Reveal(), "Eby8vdM0", "Eby8vdM1", 1))
	for name, call := range calls(newStore(t, cfg)) {
		t.Run(name, func(t *testing.T) {
			wantFault(t, call(t.Context()), fault.StateRefused, "correct the key in AzureWebJobsStorage")
		})
	}
}

func TestUnreachable(t *testing.T) {
	for name, drop := range map[string]string{
		"refused before": localtest.DropBefore, "answer lost": localtest.DropAfter,
	} {
		t.Run(name, func(t *testing.T) {
			cfg, _ := store(t)
			cfg, proxy := through(t, cfg)
			proxy.Drop(drop, -1, func(*http.Request) bool { return true })
			for name, call := range calls(newStore(t, cfg)) {
				err := call(t.Context())
				if name == "Replace" && drop == localtest.DropAfter {
					continue // which of its answers is lost depends on the others' order
				}
				wantFault(t, err, fault.StateUnreachable, "cannot reach the state table "+cfg.Table)
			}
		})
	}
}

// A service that answers was reached: neither the connection nor the network is
// to be checked.
func TestUnavailable(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()
	cfg := config(t)
	before, _, _ := strings.Cut(cfg.ConnectionString.Reveal(), "TableEndpoint=")
	cfg.ConnectionString = secret.New(before + "TableEndpoint=" + server.URL + "/devstoreaccount1;")
	_, err := newStore(t, cfg).Load(t.Context())
	wantFault(t, err, fault.StateUnreachable, "Service Unavailable (HTTP 503); a later run tries again")
}

func TestWithoutATokenNothingIsReached(t *testing.T) {
	c := identity.Cloud(t)
	c.UseIdentity(t)
	t.Setenv("AZURE_CLIENT_ID", "5b0c6a53-0d5c-4d5a-9a3f-6a0f7a1b2c3d")
	options := c.Options(t)
	credential, err := aztoken.Default(options)
	if err != nil {
		t.Fatal(err)
	}
	s := newStore(t, state.Config{
		URL:        c.Settings["AzureWebJobsStorage__tableServiceUri"],
		Credential: credential,
		Table:      "NoToken",
		Options:    options,
	})
	_, err = s.Load(t.Context())
	wantFault(t, err, fault.Token, "https://storage.azure.com")
}

func TestCancelEndsAtOnce(t *testing.T) {
	cfg, _ := store(t)
	cfg, proxy := through(t, cfg)
	for name, call := range calls(newStore(t, cfg)) {
		ctx, cancel := context.WithCancel(t.Context())
		proxy.Drop(localtest.DropBefore, -1, func(*http.Request) bool { cancel(); return true })
		if err := call(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s = %v, want %v", name, err, context.Canceled)
		}
	}
}

// Another run deletes rows between this run's look and its transaction.
func TestPruneToleratesRowsDeletedMeanwhile(t *testing.T) {
	cfg, s := store(t)
	record(t, s, done(0, 130)...)
	own, proxy := through(t, cfg)
	proxy.Drop(localtest.DropBefore, -1, func(r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "$batch") {
			if err := s.Prune(context.Background(), object(50).LastModified, nil); err != nil {
				t.Error(err)
			}
		}
		return false
	})
	if err := newStore(t, own).Prune(t.Context(), object(125).LastModified, nil); err != nil {
		t.Errorf("Prune = %v", err)
	}
	wantDone(t, load(t, s), 125, 130)
}

// The client gives a failed transaction the status of the outer answer, 202.
func TestFailedTransactionIsAnErrorWithItsOwnStatus(t *testing.T) {
	cfg, s := store(t)
	bad := object(1)
	bad.Key = strings.Repeat("k", 40_000)
	err := s.Record(t.Context(), []ingest.Entry{{Object: object(0)}, {Object: bad}})
	wantFault(t, err, fault.StateUnreachable, "PropertyValueTooLarge (HTTP 400)")
	if n := len(rowsOf(t, cfg)); n != 0 {
		t.Errorf("the table has %d rows, want none: the transaction failed", n)
	}
}

// A damaged row is named, with what to do about one of its kind: to delete the
// row of what is behind would lose it.
func TestDamagedRowIsNamed(t *testing.T) {
	id := object(1).ID().String()
	const at = "2026-08-01T02:04:04Z"
	const remove, keep = "delete the row; ", "correct the row; if it were deleted, "
	held := map[string]any{"Folder": "f/", "Since": at, "Mark": at}
	without := func(m map[string]any, name string) map[string]any {
		m = maps.Clone(m)
		delete(m, name)
		return m
	}
	with := func(m map[string]any, name string, value any) map[string]any {
		m = maps.Clone(m)
		m[name] = value
		return m
	}
	waits := map[string]any{"ObjectKey": "k", "LastModified": at, "Next": at}
	for name, row := range map[string]struct {
		properties map[string]any
		fix        string
	}{
		"done|20260801T020404Z|zz":                                {nil, remove},
		"done|20260801T020404Z|" + id + "0":                       {nil, remove},
		"done|20260801T020404Z|" + strings.ToUpper(id[:31]) + "x": {nil, remove},
		"done|20260801T020404Z|" + id:                             {map[string]any{"Sent": "AAAA"}, remove},
		"pending|" + id:                                           {without(waits, "Next"), keep},
		"pending|" + object(2).ID().String():                      {with(waits, "LastModified", "yesterday"), keep},
		"pending|" + object(3).ID().String():                      {with(waits, "Size", "many"), keep},
		"pending|" + object(4).ID().String():                      {without(waits, "ObjectKey"), keep},
		"held|" + id:                                              {without(held, "Mark"), keep},
		"held|" + id[:31] + "0":                                   {without(held, "Folder"), keep},
		"held|" + id[:31] + "1":                                   {with(held, "Until", 5), keep},
		"held|" + id[:31] + "2":                                   {with(held, "Since", "Monday"), keep},
		"watermark": {
			map[string]any{"Time": 5},
			"delete the row, and the source starts",
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, s := store(t)
			insert(t, cfg, name, row.properties)
			_, err := s.Load(t.Context())
			for _, part := range []string{"row " + strconv.Quote(name), partition, row.fix, "A damaged row"} {
				wantFault(t, err, fault.StateDamaged, part)
			}
		})
	}
}

func TestDamagedLeaseIsNamed(t *testing.T) {
	cfg, s := store(t)
	insert(t, cfg, "lease", map[string]any{"Seconds": 5})
	_, err := s.Acquire(t.Context(), "one", time.Minute, noneGone)
	wantFault(t, err, fault.StateDamaged, `row "lease" lacks its Owner; delete the row when no run is in progress`)
}

func TestConnectionThatIsNoneIsAnErrorWithoutItsText(t *testing.T) {
	for _, text := range []string{"", "AccountKey=c2VjcmV0", "AccountName=a;AccountKey=not base64 sig=", "sig=secret"} {
		_, err := state.New(state.Config{ConnectionString: secret.New(text), Table: "T"})
		if err == nil || strings.Contains(err.Error(), "sig=") || strings.Contains(err.Error(), "c2VjcmV0") {
			t.Errorf("New(%q) = %v, want an error that does not show it", text, err)
		}
	}
}

// The signature of a shared access signature is part of every address.
func TestSignatureIsNeverShown(t *testing.T) {
	cfg := config(t)
	cfg.ConnectionString = secret.New("AccountName=nosuchaccount;SharedAccessSignature=sv=2022-11-02&sig=c2VjcmV0")
	for name, call := range calls(newStore(t, cfg)) {
		err := call(t.Context())
		wantFault(t, err, fault.StateUnreachable, "cannot reach")
		if strings.Contains(err.Error(), "c2VjcmV0") {
			t.Errorf("%s = %v, which shows the signature", name, err)
		}
	}
}

func TestWatermarkWithoutATimeIsNamed(t *testing.T) {
	cfg, s := store(t)
	row := []byte(`{"PartitionKey":"s3:guardduty-findings:exports:","RowKey":"watermark"}`)
	if _, err := raw(t, cfg).AddEntity(t.Context(), row, nil); err != nil {
		t.Fatal(err)
	}
	_, err := s.Load(t.Context())
	wantFault(t, err, fault.StateDamaged, `row "watermark" has no Time`)
}
