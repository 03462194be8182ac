package logsingestion_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/aztoken"
	"guardduty-sentinel/handler/internal/guardduty"
	"guardduty-sentinel/handler/internal/ingest"
	"guardduty-sentinel/handler/internal/localtest"
	"guardduty-sentinel/handler/internal/logsingestion"
)

// table returns a table of the local cloud, after edit had its way.
func table(t *testing.T, edit ...func(*logsingestion.Config)) (*localtest.Cloud, *logsingestion.Table) {
	t.Helper()
	c := local.Cloud(t)
	c.UseIdentity(t)
	options := c.Options(t)
	credential, err := aztoken.Default(options)
	if err != nil {
		t.Fatal(err)
	}
	cfg := logsingestion.Config{
		Endpoint:   c.Settings["LOGS_INGESTION_ENDPOINT"],
		RuleID:     c.Settings["DCR_IMMUTABLE_ID"],
		Stream:     c.Settings["DCR_STREAM"],
		Credential: credential, Options: options,
	}
	for _, e := range edit {
		e(&cfg)
	}
	table, err := logsingestion.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c, table
}

// keepNoConnection is for virtual time, which a connection that waits for its
// next request would hold.
func keepNoConnection(cfg *logsingestion.Config) {
	cfg.Options.Transport.(*http.Client).Transport.(*http.Transport).DisableKeepAlives = true
}

// batch puts rows together as the packer does.
func batch(rows ...string) (b ingest.Batch) {
	for i, row := range rows {
		if i > 0 {
			b.Rows = append(b.Rows, ',')
		}
		b.Rows = append(b.Rows, row...)
		b.Ends = append(b.Ends, len(b.Rows))
	}
	return b
}

var (
	names  sync.Map // *testing.T to the name of its rows
	serial atomic.Int64
)

// name returns what the rows of a test are known by: its name, and a number
// that another run of the test in this process does not have.
func name(t *testing.T) string {
	n, _ := names.LoadOrStore(t, fmt.Sprintf("%s#%d", t.Name(), serial.Add(1)))
	return n.(string)
}

// rows makes n rows that the table takes, with the test's name.
func rows(t *testing.T, n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf(
			`{"TimeGenerated":"2026-08-01T00:00:00Z","Severity":5.30,"SourceObject_s":"%s %d"}`, name(t), i))
	}
	return list
}

// arrived returns the rows of this test that the service has.
func arrived(t *testing.T, c *localtest.Cloud) (list []string) {
	t.Helper()
	for _, row := range c.Rows(t) {
		if strings.Contains(row, `"`+name(t)+` `) {
			list = append(list, row)
		}
	}
	return list
}

// deliver delivers b and wants no error.
func deliver(t *testing.T, table *logsingestion.Table, b ingest.Batch) []ingest.Refusal {
	t.Helper()
	refusals, err := table.Deliver(t.Context(), b)
	if err != nil {
		t.Fatalf("Deliver = %v, want no error", err)
	}
	return refusals
}

// wantArrived checks what the service has of this test's rows.
func wantArrived(t *testing.T, c *localtest.Cloud, want []string) {
	t.Helper()
	if got := arrived(t, c); !slices.Equal(got, want) {
		t.Errorf("%d rows arrived: %.300q, want %d: %.300q", len(got), got, len(want), want)
	}
}

func TestDeliveredRowsArriveByteForByteAndCompressed(t *testing.T) {
	c, table := table(t)
	p := guardduty.Parser{Paths: table.Paths()}
	var lines []string
	src := ingest.Source{Bucket: name(t) + " ", Object: ingest.Object{Key: "k", LastModified: time.Now()}}
	for _, line := range findings(t)[:40] {
		f, err := p.Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		row, err := table.Row(nil, &f, src)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(row))
	}
	b := batch(lines...)
	if got := deliver(t, table, b); len(got) != 0 {
		t.Errorf("Deliver = %v, want no refusal", got)
	}
	var got []string
	for _, row := range c.Rows(t) {
		if strings.Contains(row, "s3://"+name(t)) {
			got = append(got, row)
		}
	}
	if !slices.Equal(got, lines) {
		t.Errorf("%d rows arrived, want the %d as they were sent", len(got), len(lines))
	}
	calls := c.Calls(t)
	last := calls[len(calls)-1]
	if last.Rows != len(lines) || last.Bytes != len(b.Rows)+2 || last.Compressed > last.Bytes/2 {
		t.Errorf("the call = %+v, want %d rows in %d bytes, compressed to less than half",
			last, len(lines), len(b.Rows)+2)
	}
	if len(b.Rows) > table.MaxBatch() {
		t.Errorf("MaxBatch = %d, want more than the %d delivered", table.MaxBatch(), len(b.Rows))
	}
}

func TestDeliverTriesAgain(t *testing.T) {
	for name, f := range map[string]localtest.Fault{
		"throttled":      {Status: http.StatusTooManyRequests, Times: 2},
		"unavailable":    {Status: http.StatusServiceUnavailable, Times: 3},
		"server error":   {Status: http.StatusInternalServerError},
		"refused before": {Drop: localtest.DropBefore, Times: 2},
	} {
		t.Run(name, func(t *testing.T) {
			c, table := table(t)
			c.Break(t, "ingestion", f)
			want := rows(t, 3)
			if got := deliver(t, table, batch(want...)); len(got) != 0 {
				t.Errorf("Deliver = %v, want no refusal", got)
			}
			wantArrived(t, c, want)
		})
	}
}

func TestDeliverWaitsAsAsked(t *testing.T) {
	local.Cloud(t).Break(t, "ingestion", localtest.Fault{
		Status: http.StatusTooManyRequests, Header: map[string]string{"Retry-After": "4"},
	})
	localtest.VirtualTime(t, func(t *testing.T) {
		c, table := table(t, keepNoConnection)
		want, start := rows(t, 2), time.Now()
		deliver(t, table, batch(want...))
		if took := time.Since(start); took != 4*time.Second {
			t.Errorf("Deliver tried again after %v, want 4 seconds", took)
		}
		wantArrived(t, c, want)
	})
}

func TestBatchThatIsTooLargeIsSplit(t *testing.T) {
	c, table := table(t)
	long := strings.Repeat("x", 60_000)
	var want []string
	for i := range 9 {
		want = append(want, fmt.Sprintf(`{"TimeGenerated":"2026-08-01T00:00:00Z","SourceObject_s":"%s %d",`+
			`"title_s":"%s","description_s":"%[3]s"}`, name(t), i, long))
	}
	if got := deliver(t, table, batch(want...)); len(got) != 0 {
		t.Errorf("Deliver = %v, want no refusal", got)
	}
	if got := arrived(t, c); !slices.Equal(got, want) {
		t.Errorf("%d rows arrived, want %d in order", len(got), len(want))
	}
	calls := c.Calls(t)
	if last := calls[len(calls)-1]; last.Rows != 5 {
		t.Errorf("the last call had %d rows, want 5: the later half", last.Rows)
	}
}
