package sentinel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
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
	bodies sync.Pool
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
	cfg.Options.PerRetryPolicies = append(slices.Clone(cfg.Options.PerRetryPolicies), keepAnswer{})
	client, err := azlogs.NewClient(cfg.Endpoint, cfg.Credential, &azlogs.ClientOptions{ClientOptions: cfg.Options})
	if err != nil {
		return nil, fmt.Errorf("logs ingestion client: %w", err)
	}
	t := &Table{Encoder: NewEncoder(), client: client, cfg: cfg}
	t.bodies.New = func() any {
		b := &body{}
		// Level 1: the upload is bounded by its uncompressed size, so all that
		// better compression would save is bandwidth, at several times the cost.
		b.gz, _ = gzip.NewWriterLevel(&b.buf, gzip.BestSpeed)
		return b
	}
	return t, nil
}

// MaxBatch returns MaxBody.
func (t *Table) MaxBatch() int { return MaxBody }

// body is a compressed request body, kept for the next one.
type body struct {
	buf bytes.Buffer
	gz  *gzip.Writer
}

// encode makes the body of rows, JSON objects with commas between them.
func (b *body) encode(rows []byte) ([]byte, error) {
	b.buf.Reset()
	b.gz.Reset(&b.buf)
	for _, part := range [][]byte{{'['}, rows, {']'}} {
		if _, err := b.gz.Write(part); err != nil {
			return nil, err
		}
	}
	if err := b.gz.Close(); err != nil {
		return nil, err
	}
	return b.buf.Bytes(), nil
}

// upload makes one call. The client retries 429 and 5xx, and waits as told.
//
// Only after a success is the body free for another call: the transport may
// still be sending it when the service has refused it or ctx has ended.
func (t *Table) upload(ctx context.Context, rows []byte) error {
	b := t.bodies.Get().(*body)
	data, err := b.encode(rows)
	if err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	encoding := "gzip"
	kept, last := withAnswer(ctx)
	if _, err = t.client.Upload(kept, t.cfg.RuleID, t.cfg.Stream, data, &azlogs.UploadOptions{ContentEncoding: &encoding}); err != nil {
		if errors.Is(err, context.DeadlineExceeded) && last.refusal != nil {
			return last.refusal
		}
		return err
	}
	t.bodies.Put(b)
	return nil
}
