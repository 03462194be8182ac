package logsingestion

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/monitor/ingestion/azlogs"
	"github.com/klauspost/compress/gzip"

	"guardduty-sentinel/handler/internal/ingest"
)

// Config says where rows go.
type Config struct {
	Endpoint   string // https://….ingest.monitor.azure.com
	RuleID     string // immutable id of the data collection rule
	Stream     string // of the rule
	Credential azcore.TokenCredential
	Options    azcore.ClientOptions
}

// Table is one stream of a data collection rule. It is safe for concurrent
// use.
type Table struct {
	*Encoder
	client *azlogs.Client
	cfg    Config
	bodies sync.Pool // of *bytes.Buffer: one for each call in flight
	zips   sync.Pool // of *gzip.Writer: one for each that is made, which are fewer
}

var _ ingest.Table = (*Table)(nil)

// New returns the table. It makes no call.
func New(cfg Config) (*Table, error) {
	// The service says how long to wait when a rule's 2 GB or 12,000 requests
	// a minute are used up; a wait of up to two minutes is worth it, the run's
	// own deadline permitting.
	if retry := &cfg.Options.Retry; retry.MaxRetries == 0 {
		retry.MaxRetries, retry.RetryDelay, retry.MaxRetryDelay = 6, 500*time.Millisecond, 2*time.Minute
	}
	cfg.Options.Cloud = cloudOf(cfg.Endpoint)
	client, err := azlogs.NewClient(cfg.Endpoint, cfg.Credential, &azlogs.ClientOptions{ClientOptions: cfg.Options})
	if err != nil {
		return nil, fmt.Errorf("logs ingestion client: %w", err)
	}
	t := &Table{Encoder: NewEncoder(), client: client, cfg: cfg}
	t.bodies.New = func() any { return new(bytes.Buffer) }
	t.zips.New = func() any {
		// Level 1: the upload is bounded by its uncompressed size, so all that
		// better compression would save is bandwidth, at several times the cost.
		gz, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed)
		return gz
	}
	return t, nil
}

// MaxBatch returns MaxBody.
func (t *Table) MaxBatch() int { return MaxBody }

// compress writes the body of rows, JSON objects with commas between them.
func (t *Table) compress(body *bytes.Buffer, rows []byte) error {
	gz := t.zips.Get().(*gzip.Writer)
	defer t.zips.Put(gz)
	body.Reset()
	gz.Reset(body)
	for _, part := range [][]byte{{'['}, rows, {']'}} {
		if _, err := gz.Write(part); err != nil {
			return err
		}
	}
	return gz.Close()
}

// upload makes one call. The client retries 429 and 5xx, and waits as long as
// the service asks for.
//
// Only after a success is the body free for another call: the transport may
// still be sending it when the service has refused it or ctx has ended.
func (t *Table) upload(ctx context.Context, rows []byte) error {
	body := t.bodies.Get().(*bytes.Buffer)
	err := t.compress(body, rows)
	if err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	encoding := "gzip"
	options := &azlogs.UploadOptions{ContentEncoding: &encoding}
	if _, err = t.client.Upload(ctx, t.cfg.RuleID, t.cfg.Stream, body.Bytes(), options); err != nil {
		return err
	}
	t.bodies.Put(body)
	return nil
}
