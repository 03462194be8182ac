// Package state keeps the watermark and the ledger of one source in a table
// of Azure Table Storage.
//
// All rows of a source share one partition, so that a group of them is written
// in one transaction:
//
//	watermark                          the watermark; its ETag is the version
//	lease                              who runs, and for how long from the row's Timestamp
//	done|<last modified>|<id>          an object that is recorded, while it can be listed again
//	done|<last modified>|<id>|<first>  updates of an object's findings that have no room in its own row
//	pending|<id>                       an object that a later run tries again
//	quarantine|<id>|<line>             what was quarantined, with its reason
//	run|<descending time>              the summary of a run, for a week
//
// A row of further updates is named by the first of them. It does not say that
// its object is done: an object that is pending has no room for updates in its
// own row. The order of the kinds matters: one query from done to pending reads
// the ledger.
//
// Row keys cannot hold the characters / \ # ? of S3 keys, so an object is
// named by a hash and its key stands whole in the property ObjectKey.
package state

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"guardduty-sentinel/handler/internal/ingest"
	"guardduty-sentinel/handler/internal/secret"
)

// Config says where the table is.
type Config struct {
	ConnectionString secret.String          // or:
	URL              string                 // of the table service, with
	Credential       azcore.TokenCredential // an identity

	Table   string
	Bucket  string // the source: its rows are kept apart from
	Prefix  string // those of every other bucket and prefix
	Options azcore.ClientOptions
}

// Store is the state of one source. It is safe for concurrent use.
type Store struct {
	client    *aztables.Client
	where     string
	partition string
}

var _ ingest.State = (*Store)(nil)

// New returns the store. It makes no call.
func New(cfg Config) (*Store, error) {
	options := &aztables.ClientOptions{ClientOptions: cfg.Options}
	var service *aztables.ServiceClient
	var err error
	where := "the state table " + cfg.Table
	if cfg.URL != "" {
		service, err = aztables.NewServiceClient(cfg.URL, cfg.Credential, options)
		where += " of " + cfg.URL
	} else {
		service, err = aztables.NewServiceClientFromConnectionString(cfg.ConnectionString.Reveal(), options)
	}
	if err != nil {
		// The client's own error quotes the text.
		return nil, errors.New("the storage connection is not one that the table client can read")
	}
	return &Store{client: service.NewClient(cfg.Table), where: where, partition: partition(cfg.Bucket, cfg.Prefix)}, nil
}

// partition names a source in the characters that a partition key may hold.
func partition(bucket, prefix string) string {
	var b strings.Builder
	b.WriteString("s3:" + bucket + ":")
	for _, c := range []byte(prefix) {
		switch {
		case c == '/':
			b.WriteByte(':')
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-_.", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "=%02X", c)
		}
	}
	return b.String()
}

// Load reads the watermark, the recorded objects with their updates, and the
// objects to be tried again: one query up to 1,000 rows, and the watermark. It
// creates the table when there is none.
func (s *Store) Load(ctx context.Context) (ingest.Snapshot, error) {
	snap := ingest.Snapshot{Done: make(map[ingest.ID]struct{}), Sent: make(map[ingest.Update]struct{})}
	err := s.scan(ctx, between("done|", after("pending")), func(r row) error {
		switch kind, _, _ := strings.Cut(r.Key, "|"); kind {
		case "done":
			return addDone(snap, r)
		case "pending":
			p, err := r.pending()
			snap.Pending = append(snap.Pending, p)
			return err
		default: // the lease
			return nil
		}
	})
	if isCode(err, string(aztables.TableNotFound)) {
		return snap, s.create(ctx)
	}
	if err != nil {
		return snap, s.fault("read", err)
	}
	snap.Pending = slices.DeleteFunc(snap.Pending, func(p ingest.Pending) bool {
		_, done := snap.Done[p.Object.ID()]
		return done
	})
	snap.Mark, err = s.mark(ctx)
	return snap, err
}

// addDone adds what a done row says to the snapshot.
func addDone(snap ingest.Snapshot, r row) error {
	if !r.further() {
		id, err := r.id()
		if err != nil {
			return err
		}
		snap.Done[id] = struct{}{}
	}
	updates, err := r.updates()
	for _, u := range updates {
		snap.Sent[u] = struct{}{}
	}
	return err
}

func (s *Store) create(ctx context.Context) error {
	_, err := s.client.CreateTable(ctx, nil)
	if err != nil && !isCode(err, string(aztables.TableAlreadyExists)) {
		return s.fault("create", err)
	}
	return nil
}

// mark reads the watermark; none is the zero Mark.
func (s *Store) mark(ctx context.Context) (ingest.Mark, error) {
	got, err := s.client.GetEntity(ctx, s.partition, watermarkKey, nil)
	if isStatus(err, http.StatusNotFound) {
		return ingest.Mark{}, nil
	}
	if err != nil {
		return ingest.Mark{}, s.fault("read", err)
	}
	r, err := decode(got.Value)
	if err == nil && r.Time == nil {
		err = fmt.Errorf("row %q has no Time", watermarkKey)
	}
	if err != nil {
		return ingest.Mark{}, s.damaged(err)
	}
	mark := ingest.Mark{Time: *r.Time, Version: string(got.ETag)}
	if r.Floor != nil { // without one, the watermark was written by hand
		mark.Floor = *r.Floor
	}
	return mark, nil
}

// Advance moves the watermark by compare-and-swap. A conflict with what this
// call itself wrote, when its answer was lost and the client tried again, is
// distinguished from one with another run by reading the watermark.
func (s *Store) Advance(ctx context.Context, mark, next ingest.Mark) (ingest.Mark, error) {
	next.Time, next.Floor = next.Time.UTC(), next.Floor.UTC()
	r := row{Partition: s.partition, Key: watermarkKey, Time: &next.Time, Floor: &next.Floor}
	version, err := s.swap(ctx, r, mark.Version)
	if err == nil {
		next.Version = version
		return next, nil
	}
	if !errors.Is(err, ingest.ErrConflict) {
		return mark, err
	}
	now, err := s.mark(ctx)
	switch {
	case err != nil:
		return mark, err
	case now.Time.Equal(next.Time) && now.Version != "":
		return now, nil
	default:
		return mark, s.conflict()
	}
}

// swap writes a row over the version given, or where there is none when that
// is empty, and returns the new version. When the row is not at that version it
// fails with ErrConflict.
func (s *Store) swap(ctx context.Context, r row, version string) (string, error) {
	var etag azcore.ETag
	var err error
	if version == "" {
		var added aztables.AddEntityResponse
		added, err = s.client.AddEntity(ctx, encode(r), nil)
		etag = added.ETag
	} else {
		var updated aztables.UpdateEntityResponse
		match := azcore.ETag(version)
		options := &aztables.UpdateEntityOptions{IfMatch: &match, UpdateMode: aztables.UpdateModeReplace}
		updated, err = s.client.UpdateEntity(ctx, encode(r), options)
		etag = updated.ETag
	}
	switch {
	case err == nil:
		return string(etag), nil
	case isStatus(err, http.StatusConflict), isStatus(err, http.StatusPreconditionFailed),
		isStatus(err, http.StatusNotFound):
		return "", ingest.ErrConflict
	default:
		return "", s.fault("write", err)
	}
}
