package state

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"guardduty-sentinel/handler/internal/ingest"
)

const watermarkKey = "watermark"

// timeKey is a time in a row key, in an order that sorts.
const timeKey = "20060102T150405Z"

// maxText bounds a reason or error in a row, in bytes. A property holds 32,000
// characters and a row 1 MB.
const maxText = 1000

// row is any row of the table; each kind has some of the properties. The names
// are stored: they may be added to and never renamed.
type row struct {
	Partition string `json:"PartitionKey"`
	Key       string `json:"RowKey"`

	Time  *time.Time `json:"Time,omitzero"` // watermark
	Floor *time.Time `json:"Floor,omitzero"`

	Owner     string     `json:"Owner,omitempty"` // lease
	Seconds   int        `json:"Seconds,omitempty"`
	Timestamp *time.Time `json:"Timestamp,omitzero"` // set by the service at every write

	Object       string     `json:"ObjectKey,omitempty"` // S3 key
	ETag         string     `json:"ObjectETag,omitempty"`
	Size         int64      `json:"Size,omitempty"`
	LastModified *time.Time `json:"LastModified,omitzero"`
	Findings     int        `json:"Findings,omitempty"`
	Sent         []byte     `json:"Sent,omitempty"` // updates that were accepted, one after the other, as base64

	Lines    int        `json:"Lines,omitempty"`
	Attempts int        `json:"Attempts,omitempty"`
	Next     *time.Time `json:"Next,omitzero"`
	Error    string     `json:"Error,omitempty"`

	Line   int    `json:"Line,omitempty"`
	Reason string `json:"Reason,omitempty"`
}

// MarshalJSON adds the type annotations that the table service needs: a JSON
// number is an Edm.Int32 to it, and an Edm.Int64 is written as text.
func (r row) MarshalJSON() ([]byte, error) {
	type plain row
	out := struct {
		plain
		Size     string `json:"Size,omitempty"`
		SizeType string `json:"Size@odata.type,omitempty"`
	}{plain: plain(r)}
	if r.Size != 0 {
		out.Size, out.SizeType = fmt.Sprint(r.Size), "Edm.Int64"
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *row) UnmarshalJSON(data []byte) error {
	type plain row
	in := struct {
		*plain
		Size json.Number `json:"Size"`
	}{plain: (*plain)(r)}
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	if in.Size != "" {
		n, err := in.Size.Int64()
		if err != nil {
			return err
		}
		r.Size = n
	}
	return nil
}

func encode(r row) []byte {
	data, err := json.Marshal(r)
	if err != nil {
		panic(err) // texts, numbers and times always encode
	}
	return data
}

func decode(data []byte) (row, error) {
	var r row
	if err := json.Unmarshal(data, &r); err != nil {
		var named struct{ RowKey string }
		_ = json.Unmarshal(data, &named) // what cannot be read at all stays without a name
		return r, fmt.Errorf("row %q is malformed: %w", named.RowKey, err)
	}
	return r, nil
}

// objectRow is the part that done, pending and quarantine rows share.
func (s *Store) objectRow(key string, o ingest.Object) row {
	modified := o.LastModified.UTC()
	return row{Partition: s.partition, Key: key, Object: o.Key, ETag: o.ETag, Size: o.Size, LastModified: &modified}
}

func doneKey(o ingest.Object) string {
	return "done|" + o.LastModified.UTC().Format(timeKey) + "|" + o.ID().String()
}

func pendingKey(o ingest.Object) string { return "pending|" + o.ID().String() }

func quarantineKey(o ingest.Object, line int) string {
	return fmt.Sprintf("quarantine|%s|%010d", o.ID(), line)
}

// furtherKey names a row of further updates of an object by the first of them.
// It sorts among the rows of objects that are done, so that one query finds both.
func furtherKey(o ingest.Object, first ingest.Update) string {
	return doneKey(o) + "|" + hex.EncodeToString(first[:])
}

// further reports whether a done row is one of further updates, which does not
// say that the object is done.
func (r row) further() bool { return strings.Count(r.Key, "|") == 3 }

// id reads the object's identity from the key of a done or pending row.
func (r row) id() (ingest.ID, error) {
	parts := strings.Split(r.Key, "|")
	text := parts[min(2, len(parts)-1)]
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(ingest.ID{}) {
		return ingest.ID{}, fmt.Errorf("row %q does not name an object", r.Key)
	}
	return ingest.ID(raw), nil
}

// pending reads a pending row.
func (r row) pending() (ingest.Pending, error) {
	if r.Object == "" || r.LastModified == nil || r.Next == nil {
		return ingest.Pending{}, fmt.Errorf("row %q is incomplete", r.Key)
	}
	return ingest.Pending{
		Object:   ingest.Object{Key: r.Object, ETag: r.ETag, Size: r.Size, LastModified: *r.LastModified},
		Lines:    r.Lines,
		Attempts: r.Attempts,
		Next:     *r.Next,
		Error:    r.Error,
	}, nil
}

// maxSent bounds the updates of one row: a text property holds 32,000
// characters.
const maxSent = 1900

// joined puts updates one after the other.
func joined(updates []ingest.Update) []byte {
	var b []byte
	for _, u := range updates {
		b = append(b, u[:]...)
	}
	return b
}

// updates reads what joined wrote.
func (r row) updates() ([]ingest.Update, error) {
	if len(r.Sent)%len(ingest.Update{}) != 0 {
		return nil, fmt.Errorf("row %q has a broken list of updates", r.Key)
	}
	var list []ingest.Update
	for part := range slices.Chunk(r.Sent, len(ingest.Update{})) {
		list = append(list, ingest.Update(part))
	}
	return list, nil
}

// between is a filter for row keys from low up to and without high.
func between(low, high string) string {
	return fmt.Sprintf("RowKey ge '%s' and RowKey lt '%s'", low, high)
}

// after returns the bound above all row keys of a kind: "}" is the character
// after "|".
func after(kind string) string { return kind + "}" }

// keys calls f with the key, and nothing else, of every row of the partition
// that filter lets through.
func (s *Store) keys(ctx context.Context, filter string, f func(row) error) error {
	only := "RowKey"
	return s.list(ctx, filter, &only, f)
}

// scan calls f with every row of the partition that filter lets through.
func (s *Store) scan(ctx context.Context, filter string, f func(row) error) error {
	return s.list(ctx, filter, nil, f)
}

// list is scan for the properties named; nil is for all.
func (s *Store) list(ctx context.Context, filter string, properties *string, f func(row) error) error {
	filter = fmt.Sprintf("PartitionKey eq '%s' and %s", s.partition, filter)
	pager := s.client.NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &filter, Select: properties})
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, data := range page.Entities {
			r, err := decode(data)
			if err == nil {
				err = f(r)
			}
			if err != nil {
				return &damagedError{err}
			}
		}
	}
	return nil
}
