// Package state keeps the watermark and the ledger of one source in a table
// of Azure Table Storage.
//
// All rows of a source share one partition, so that a group of them is written
// in one transaction:
//
//	watermark                          the watermark; its ETag is the version
//	lease                              who runs, and for how long from the row's Timestamp
//	done|<last modified>|<id>          an object that is done
//	done|<last modified>|<id>|<first>  updates of an object's findings that have no room in its own row
//	held|<folder>                      a folder that is held, with a watermark of its own
//	pending|<id>                       an object that a later run tries again
//	quarantine|<id>|<line>             what was quarantined, with its reason
//	run|<descending time>              the summary of a run, for a week
//
// A row of further updates is named by the first of them. It does not say that
// its object is done: an object that is pending has no room for updates in its
// own row. The order of the kinds matters: one query from the watermark's floor
// to pending reads all that a run begins with.
//
// Row keys cannot hold the characters / \ # ? of S3 keys, so an object and a
// folder are named by a hash, and the key stands whole in the property ObjectKey
// or Folder.
//
// docs/design.md, "State rows", has who writes and who deletes each kind, and
// how many there can be. The names of properties may be added to, never changed:
// versions before this one read the same table. They read all rows from done to
// pending into one struct, so that a name has one type in all of these.
package state

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
	Setting          string                 // the name of the connection, for faults

	Table  string
	Bucket string // the source: its rows are kept apart from
	Prefix string // those of every other bucket and prefix
	// Destination says in words where the findings of the source go: the state
	// of a source belongs to one destination. Empty is for any.
	Destination string
	Options     azcore.ClientOptions
}

// Store is the state of one source. It is safe for concurrent use.
type Store struct {
	client      *aztables.Client
	where       string
	access      access
	table       string
	partition   string
	destination string
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
	return &Store{
		client:      service.NewClient(cfg.Table),
		where:       where,
		access:      accessOf(cfg),
		table:       cfg.Table,
		partition:   partition(cfg.Bucket, cfg.Prefix),
		destination: cfg.Destination,
	}, nil
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
