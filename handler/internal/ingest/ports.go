// Package ingest moves new GuardDuty findings from an archive to a table.
//
// A run reads, delivers, records and then advances the watermark, in that
// order and never another: a crash anywhere delivers some findings twice and
// loses none. A finding is settled when the table accepted it, when it is in
// quarantine with its object, line and reason, or when a filter dropped it and
// the run counted it.
package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
)

// Object is one object of the archive as listed.
type Object struct {
	Key          string
	ETag         string // without quotes; empty when the archive has none
	Size         int64  // bytes as stored
	LastModified time.Time
	Archived     string // storage class from which it has to be restored first; empty when it can be read
}

// ID identifies one version of an object: the same key written again with
// other content is another object.
type ID [16]byte

// ID returns the identity of o.
func (o Object) ID() ID {
	sum := sha256.Sum256([]byte(o.Key + "\x00" + o.ETag))
	return ID(sum[:16])
}

// String returns the identity as 32 hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Errors of Archive.Open that say what became of an object. Every other error
// of Open, or of reading, is taken as transient: a later run tries again.
var (
	ErrGone     = errors.New("object is gone")      // it was deleted
	ErrReplaced = errors.New("object was replaced") // another version has its key now
	ErrArchived = errors.New("object is archived")  // it has to be restored before it can be read
)

// ErrConflict is the error of a compare-and-swap of State, and of Leases.Renew,
// when another run advanced the watermark, changed a held folder or took the lease.
var ErrConflict = errors.New("state changed meanwhile")

// Update identifies one update of a finding: the same id, account, Region,
// updatedAt and count, in the folder of one account and Region. An update that is
// in two objects of a folder is sent once.
type Update [12]byte

// UpdateOf returns the identity of the finding's update in a folder. Each folder
// gives it another one: so whoever writes into one account's folder cannot have
// the finding of another skipped. In the folder of the finding's own account and
// Region it does not depend on the folder, as in the states of earlier versions.
// A finding that does not say when it was updated is the same only when its whole
// line is.
func UpdateOf(f *guardduty.Finding, folder guardduty.Pair) Update {
	var room [160]byte
	identity := room[:0]
	add := func(parts ...string) {
		for _, part := range parts {
			identity = append(append(identity, 0), part...)
		}
	}
	if f.UpdatedAt == "" {
		identity = append(identity, f.Line...)
	} else {
		identity = append(identity, f.ID...)
		add(f.Account, f.Region, f.UpdatedAt, f.Count)
	}
	if account, region := folder.Account(), folder.Region(); account != f.Account || region != f.Region {
		add(account, region)
	}
	sum := sha256.Sum256(identity)
	return Update(sum[:12])
}

// Page is part of a listing.
type Page struct {
	Objects []Object  // in key order
	More    bool      // another page follows; then this one has objects
	Time    time.Time // the archive's own clock; zero when it is not known
}

// MaxPage is the most objects of a page (Amazon S3 API reference,
// "ListObjectsV2").
const MaxPage = 1000

// Archive holds export objects. Its methods retry what can be retried and are
// called from many goroutines.
type Archive interface {
	// Folders returns the folders directly below prefix, in byte order, each
	// with prefix in front and a slash at its end, and the archive's own clock,
	// zero when it is not known.
	Folders(ctx context.Context, prefix string) ([]string, time.Time, error)
	// List returns the first page of objects below prefix whose keys sort
	// after after, in byte order: at most limit, which is at most MaxPage.
	List(ctx context.Context, prefix, after string, limit int) (Page, error)
	// Open returns the object's bytes as stored. The object must be the version
	// that was listed: ErrReplaced otherwise, and ErrGone when there is none. For
	// one that is listed as archived it makes no call: ErrArchived.
	Open(ctx context.Context, o Object) (io.ReadCloser, error)
}

// Source says where a finding was read.
type Source struct {
	Object  Object
	Bucket  string
	Foreign bool // in a folder that has no business with the finding's account
}

// Batch is rows for one call of Deliver.
type Batch struct {
	Rows []byte // the rows' JSON objects, with a comma between each two
	Ends []int  // where each row ends in Rows
}

// Len returns the number of rows.
func (b Batch) Len() int { return len(b.Ends) }

// Slice returns rows i to j-1 as they stand in Rows, commas between them.
func (b Batch) Slice(i, j int) []byte {
	start := 0
	if i > 0 {
		start = b.Ends[i-1] + 1
	}
	return b.Rows[start:b.Ends[j-1]]
}

// Refusal is one row that the table rejected for its content. The same row is
// rejected every time, so it is quarantined.
type Refusal struct {
	Row    int // index in the batch
	Reason string
}

// Table takes rows. Its methods are called from many goroutines.
type Table interface {
	// Paths are the places of a finding that a row is made of.
	Paths() *guardduty.Paths
	// Row appends the row of a finding that was parsed with Paths, one JSON
	// object, to dst. An error means that no row can be made of the finding, now
	// or later.
	Row(dst []byte, f *guardduty.Finding, src Source) ([]byte, error)
	// MaxBatch is the largest Batch.Rows that Deliver takes, in bytes.
	MaxBatch() int
	// Deliver returns when the table has accepted every row that is not among
	// the refusals. With an error, any of the rows may or may not have been
	// accepted. It retries what can be retried.
	Deliver(ctx context.Context, b Batch) ([]Refusal, error)
}

// Mark is the watermark: every object of the archive with LastModified up to
// Time is recorded. Version is the store's, for compare-and-swap; the zero Mark
// is that of a source that never ran.
type Mark struct {
	Time    time.Time
	Floor   time.Time // the ledger is whole from here on: what was recorded before may be forgotten
	Kept    time.Time // of objects modified from here on every row is kept, for the sweep
	Swept   time.Time // when the last sweep began; zero for never
	Claimed bool      // something was delivered: the state belongs to the table's destination from now on
	Version string

	// Relists counts the calls of Relist: each makes it another mark.
	Relists int

	// Lookback is how far back the first run started; zero when that is not known.
	Lookback time.Duration
}

// Held is a folder that could not be listed or read while others could. Its
// objects are recorded up to Mark, a watermark of its own, and the common
// watermark advances without it. There is one for a folder.
//
// While Until is zero the folder is left out of all listings, and probed. Once a
// probe succeeds its objects after Until are listed with all others again, and
// what is left is the backlog from Mark to Until.
type Held struct {
	Folder string    // of an organization, an account or a pair, with a slash at its end
	Since  time.Time // when it was held
	Mark   time.Time // every object below Folder with LastModified up to Mark is recorded
	Floor  time.Time // the ledger is whole for Folder from here on
	Until  time.Time
	Tries  int       // failures in a row
	Next   time.Time // not tried before
	Error  string    // of the last failure

	Version string // the store's, for compare-and-swap; empty for a folder that is not known yet
}

// Pending is an object that a later run continues: it could not be read to its
// end, or a run ended before it was processed to its end.
type Pending struct {
	Object   Object
	Lines    int       // leading lines whose findings are settled; the next attempt skips them
	BadLines int       // of these, more or less, those that could not be read
	Attempts int       // failed attempts, while others of the pair could be read
	Tries    int       // attempts that do not count: the table refused every row that it was given
	Opens    int       // times it was opened by careful runs that did not come to an end
	Next     time.Time // not before
	Error    string    // of the last attempt
}

// Quarantined is a line of an object, or with line 0 the object itself, that is
// not tried again. The object stays in the archive.
type Quarantined struct {
	Line   int
	Reason string
	Lines  int // with line 0: the object's unreadable lines, of which not all have an entry; zero for the object itself
}

// Entry records what became of one object.
type Entry struct {
	Object     Object
	Pending    *Pending // nil: the object is done
	WasPending bool     // a pending row exists and has to go or to be replaced
	Findings   int      // of this run: accepted, known from another object, or dropped by a filter
	Sent       []Update // accepted since the object's last entry
	Quarantine []Quarantined
}

// Ledger is what is recorded of some objects.
type Ledger struct {
	Done map[ID]struct{} // objects that are done
	// Updates that were accepted from these, and from objects that are pending: at
	// most MaxSent.
	Sent map[Update]struct{}
}

// MaxSent is the most updates of a Ledger, some 15 MB of memory: where more were
// accepted, one that is read again may be sent again.
const MaxSent = 500_000

// Snapshot is the state at the start of a run.
type Snapshot struct {
	Mark      Mark
	Recovered string // where the mark is from when its row could not be read; otherwise empty
	Ledger           // of objects modified from Mark.Floor on; of older ones it may lack some
	Pending   []Pending
	Held      []Held
}

// State keeps the watermark and the ledger. Its writes are durable when they
// return, and repeating one is harmless. It retries what can be retried.
type State interface {
	Load(ctx context.Context) (Snapshot, error)
	// Recorded returns what is recorded of the objects below folder, modified
	// from from up to to.
	Recorded(ctx context.Context, folder string, from, to time.Time) (Ledger, error)
	// Record writes the entries. After an error any of them may be written.
	Record(ctx context.Context, entries []Entry) error
	// Advance moves the watermark from mark to next, or fails with ErrConflict
	// when it is no longer at mark. next.Version is ignored.
	Advance(ctx context.Context, mark, next Mark) (Mark, error)
	// Hold keeps what it is given of a folder in place of the version that h
	// names, and returns the new version. Unhold forgets that version; it is not
	// an error when nothing is there. Both fail with ErrConflict when another
	// version is.
	Hold(ctx context.Context, h Held) (version string, err error)
	Unhold(ctx context.Context, h Held) error
	// Relist does what Hold does, or Unhold where h has no Until, for a folder that
	// is listed again from now on, and in the same step gives the watermark a new
	// version: a run that knows the folder as held still can not advance it past
	// the folder's objects any more. It returns the new mark and the folder's new
	// version.
	Relist(ctx context.Context, mark Mark, h Held) (next Mark, version string, err error)
	// Prune forgets objects that are done, and updates that were accepted,
	// where the object was last modified before t. Those of an object that is
	// still pending stay, and those of objects below a held folder that were
	// modified from its Floor on.
	Prune(ctx context.Context, t time.Time, held []Held) error
	// PruneQuarantine forgets what was quarantined before t, by the store's clock.
	PruneQuarantine(ctx context.Context, t time.Time) error
	// Summarize keeps the summary of a run, and forgets those of runs that began
	// more than a week before it.
	Summarize(ctx context.Context, s Summary) error
}

// Lease is the right to run, held by one owner at a time.
type Lease struct {
	Owner   string
	Expires time.Time // by the store's clock; set only in HeldError.Holder
	Since   time.Time // when it was taken, by the store's clock; zero when that is not known
	Crashes int       // owners before this one, in a row, that did not give it back
	Version string    // the store's, for compare-and-swap
}

// HeldError says that the lease is held by a live owner.
type HeldError struct{ Holder Lease }

// Error names the holder.
func (e *HeldError) Error() string {
	return fmt.Sprintf("the lease is held by %s until %s", e.Holder.Owner, e.Holder.Expires.UTC().Format(time.RFC3339))
}

// Leases keeps the lease of one source. A lease counts as expired by the
// store's own clock. It retries what can be retried.
type Leases interface {
	// Acquire takes the lease for owner when it is free, when owner itself holds
	// it, when it has expired, or when gone reports that its holder will never
	// return. Otherwise it fails with a HeldError. A lease that another owner did
	// not give back has one crash more than that owner's.
	Acquire(ctx context.Context, owner string, ttl time.Duration, gone func(owner string) bool) (Lease, error)
	// Renew extends the lease to ttl from now, or fails with ErrConflict when
	// its owner no longer holds it.
	Renew(ctx context.Context, lease Lease, ttl time.Duration) (Lease, error)
	// Release gives the lease back. It is not an error when another owner has it.
	Release(ctx context.Context, lease Lease) error
}
