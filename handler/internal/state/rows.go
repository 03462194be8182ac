package state

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

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
	version   string // as read; never written

	Time        *time.Time `json:"Time,omitzero"` // watermark
	Floor       *time.Time `json:"Floor,omitzero"`
	Kept        *time.Time `json:"Kept,omitzero"`
	Swept       *time.Time `json:"Swept,omitzero"`
	Lookback    int        `json:"Lookback,omitempty"` // seconds
	Relists     int        `json:"Relists,omitempty"`
	Destination string     `json:"Destination,omitempty"`

	Owner     string     `json:"Owner,omitempty"` // lease
	Seconds   int        `json:"Seconds,omitempty"`
	Crashes   int        `json:"Crashes,omitempty"`
	Taken     *time.Time `json:"Taken,omitzero"`     // by the service's clock
	Timestamp *time.Time `json:"Timestamp,omitzero"` // set by the service at every write

	Object       string     `json:"ObjectKey,omitempty"` // S3 key
	ETag         string     `json:"ObjectETag,omitempty"`
	Size         int64      `json:"Size,omitempty"`
	LastModified *time.Time `json:"LastModified,omitzero"`
	Findings     int        `json:"Findings,omitempty"`
	Sent         []byte     `json:"Sent,omitempty"` // updates that were accepted, one after the other, as base64
	// Further says whether rows of further updates of the object exist, each with
	// the object's key. Without it nothing is known of them.
	Further *bool `json:"Further,omitempty"`

	Lines    *int       `json:"Lines,omitempty"` // pending: they are written when zero too, over what there was
	BadLines *int       `json:"BadLines,omitempty"`
	Attempts *int       `json:"Attempts,omitempty"`
	Opens    *int       `json:"Opens,omitempty"`
	Refused  *int       `json:"Refused,omitempty"`
	Next     *time.Time `json:"Next,omitzero"`
	Error    *string    `json:"Error,omitempty"`

	Folder string     `json:"Folder,omitempty"` // held, with Floor, Next and Error
	Since  *time.Time `json:"Since,omitzero"`
	Mark   *time.Time `json:"Mark,omitzero"`
	Until  *time.Time `json:"Until,omitzero"`
	Tries  int        `json:"Tries,omitempty"`

	Line   int    `json:"Line,omitempty"` // quarantine
	Reason string `json:"Reason,omitempty"`

	Started   *time.Time `json:"Started,omitzero"` // run, of which no other property is read
	Watermark *time.Time `json:"Watermark,omitzero"`
}

// set points to a time; nil is for the zero time.
func set(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// value is what p points to; the zero value for nil.
func value[T any](p *T) T {
	if p == nil {
		return *new(T)
	}
	return *p
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
		Size    json.Number `json:"Size"`
		Version string      `json:"odata.etag"`
	}{plain: (*plain)(r)}
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	r.version = in.Version
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
		return r, &damagedError{named.RowKey, fmt.Errorf("row %q is malformed: %w", named.RowKey, err)}
	}
	return r, nil
}

// objectRow is the part that done, pending and quarantine rows share.
func (s *Store) objectRow(key string, o ingest.Object) row {
	modified := o.LastModified.UTC()
	return row{Partition: s.partition, Key: key, Object: o.Key, ETag: o.ETag, Size: o.Size, LastModified: &modified}
}

// doneAt begins the keys of the rows of objects that were modified in the second
// of t.
func doneAt(t time.Time) string { return "done|" + t.UTC().Format(timeKey) }

func doneKey(o ingest.Object) string { return doneAt(o.LastModified) + "|" + o.ID().String() }

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
		return ingest.ID{}, r.damaged("does not name an object")
	}
	return ingest.ID(raw), nil
}

// modified is when the object of a done row was last modified; rows of further
// updates of older versions say it in their keys only, without parts of a second.
func (r row) modified() (time.Time, error) {
	if r.LastModified != nil {
		return *r.LastModified, nil
	}
	t, err := time.Parse(timeKey, strings.Split(r.Key+"|", "|")[1])
	if err != nil {
		return t, r.damaged("does not say when its object was modified")
	}
	return t, nil
}

// pending reads a pending row.
func (r row) pending() (ingest.Pending, error) {
	if r.Object == "" || r.LastModified == nil || r.Next == nil {
		return ingest.Pending{}, r.damaged("lacks ObjectKey, LastModified or Next")
	}
	return ingest.Pending{
		Object:   ingest.Object{Key: r.Object, ETag: r.ETag, Size: r.Size, LastModified: *r.LastModified},
		Lines:    value(r.Lines),
		BadLines: value(r.BadLines),
		Attempts: value(r.Attempts),
		Opens:    value(r.Opens),
		Tries:    value(r.Refused),
		Next:     *r.Next,
		Error:    value(r.Error),
	}, nil
}

// damaged is the error of a row that cannot be read.
func (r row) damaged(how string) error {
	return &damagedError{r.Key, fmt.Errorf("row %q %s", r.Key, how)}
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
		return nil, r.damaged("has a broken list of updates")
	}
	var list []ingest.Update
	for part := range slices.Chunk(r.Sent, len(ingest.Update{})) {
		list = append(list, ingest.Update(part))
	}
	return list, nil
}
