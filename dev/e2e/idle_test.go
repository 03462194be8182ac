package e2e_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/s3server"
)

// idleTableCalls is how many calls to the state table a run with nothing new
// makes at most, whatever there is in the bucket: for the lease three, for the
// ledger and the watermark three, one to prune, and two for the run's summary.
const idleTableCalls = 9

// A run with nothing new costs at most two LISTs for each pair of account and
// region and two more, however many pairs there are and whatever their history.
func TestIdleRunCosts(t *testing.T) {
	for _, tt := range []struct{ accounts, regions, history int }{
		{1, 1, ifLarge(100_000, 20_000)}, {20, 5, ifLarge(1000, 200)}, {ifLarge(250, 50), 20, ifLarge(20, 10)},
	} {
		pairs := tt.accounts * tt.regions
		t.Run(fmt.Sprintf("%d pairs", pairs), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, cloud.InMemory)
			f.with(map[string]string{"LOG_LEVEL": "info"})
			var tableCalls atomic.Int64
			f.inFront(func(w http.ResponseWriter, r *http.Request, tables http.Handler) {
				tableCalls.Add(1)
				tables.ServeHTTP(w, r)
			})
			findings := f.many([][]byte{[]byte(small)}, pairs)
			now := time.Now()
			for i, finding := range findings {
				pair := fmt.Sprintf("AWSLogs/%012d/GuardDuty/xx-region-%d/", i/tt.regions, i%tt.regions)
				f.store(pair+now.UTC().Format("2006/01/02/")+"new.jsonl.gz", finding, now.Add(-2*time.Hour))
				for n := range tt.history {
					old := now.AddDate(0, 0, -30-n%300)
					f.store(fmt.Sprintf("%s%s%06d.jsonl.gz", pair, old.UTC().Format("2006/01/02/"), n), []byte("old"),
						old)
				}
			}
			f.start()
			f.run()
			f.deliveredOnce(pairs)
			f.run() // the ledger's rows of the first go
			f.cloud.S3.ResetRequests()
			tableCalls.Store(0)
			inv := f.run()
			lists, reads := f.cloud.S3.Count(s3server.ListObjectsV2), f.cloud.S3.Count(s3server.GetObject)
			if lists > 2*pairs+2 || reads != 0 {
				t.Errorf("an idle run made %d LIST and %d GET calls, want at most %d and none", lists, reads, 2*pairs+2)
			}
			if calls := tableCalls.Load(); calls > idleTableCalls {
				t.Errorf("an idle run made %d calls to the state table, want at most %d", calls, idleTableCalls)
			}
			t.Logf("%d pairs with %d old objects each: %d LIST, %d GET and %d table calls in %v", pairs, tt.history,
				lists, reads, tableCalls.Load(), inv.Duration.Round(time.Millisecond))
		})
	}
}

// store puts an object into the bucket, as it is.
func (f *fixture) store(key string, body []byte, modified time.Time) {
	f.Helper()
	if err := f.cloud.S3.Put(key, body, modified); err != nil {
		f.Fatal(err)
	}
}
