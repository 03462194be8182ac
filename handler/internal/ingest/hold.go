package ingest

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// The wait between two probes of a held folder grows from firstProbe, doubling
// each time, up to lastProbe.
const (
	firstProbe = 5 * time.Minute
	lastProbe  = time.Hour
)

// holds are the folders that are held, and those of which a backlog is left.
type holds struct {
	state State
	log   *slog.Logger
	reads func(folder string) bool // the others stay as they are
	list  []Held
	begun map[string]error // held, or found still held, by this run
}

func newHolds(job *Job, list []Held) *holds {
	slices.SortFunc(list, func(a, b Held) int {
		return cmp.Or(a.Next.Compare(b.Next), strings.Compare(a.Folder, b.Folder))
	})
	return &holds{state: job.State, log: job.Log, reads: job.reads, list: list, begun: make(map[string]error)}
}

// notAfter keeps no mark of a held folder after the common one: somebody may have
// moved that back.
func (h *holds) notAfter(ctx context.Context, mark Mark) error {
	for _, held := range h.open() {
		if held.Mark.After(mark.Time) {
			held.Mark, held.Floor = mark.Time, mark.Floor
			if err := h.put(ctx, held); err != nil {
				return err
			}
		}
	}
	return nil
}

// now is what is kept of the folder of held now, if anything is.
func (h *holds) now(held Held) (Held, bool) {
	if i := slices.IndexFunc(h.list, held.same); i >= 0 {
		return h.list[i], true
	}
	return Held{}, false
}

// within returns the folders that the backlog of held leaves out: those that are
// held, and those below it with a backlog of their own that begins no later and
// ends no earlier.
func (h *holds) within(held Held) map[string]bool {
	folders := h.others(held.Folder)
	for _, part := range h.list {
		if held.contains(part) && !part.Mark.After(held.Mark) && !part.Until.Before(held.Until) {
			folders[part.Folder] = true
		}
	}
	return folders
}

// widen lets the folders below held that are held themselves begin no later than
// it does: its backlog leaves them out.
func (h *holds) widen(ctx context.Context, held Held) error {
	for _, part := range slices.Clone(h.list) {
		if held.contains(part) && !part.isBacklog() && part.Mark.After(held.Mark) {
			part.Mark, part.Floor = held.Mark, earlier(held.Floor, part.Floor)
			if err := h.put(ctx, part); err != nil {
				return err
			}
		}
	}
	return nil
}

// folders returns those that are left out of the listings.
func (h *holds) folders() map[string]bool {
	folders := make(map[string]bool)
	for _, held := range h.list {
		if !held.isBacklog() || held.isSlow() {
			folders[held.Folder] = true
		}
	}
	return folders
}

// others returns those that are left out of the listings, but for one.
func (h *holds) others(folder string) map[string]bool {
	folders := h.folders()
	delete(folders, folder)
	return folders
}

// backlogs returns the folders of which a backlog is left.
func (h *holds) backlogs() map[string]bool {
	folders := make(map[string]bool)
	for _, held := range h.oldest(Held.isBacklog) {
		folders[held.Folder] = true
	}
	return folders
}

// oldestMark returns the oldest of a mark and those of the backlogs.
func (h *holds) oldestMark(mark time.Time) time.Time {
	for _, held := range h.oldest(Held.isBacklog) {
		mark = earlier(mark, held.Mark)
	}
	return mark
}

// hold begins to hold a folder, or continues to hold it. What is left of an earlier
// hold becomes part of it: of the folders that are listed here the ledger keeps
// everything from their floor on.
func (h *holds) hold(ctx context.Context, held Held, why error) error {
	if other, known := h.now(held); known {
		held = held.with(other)
	}
	held.Tries++
	held.Next = held.Next.Add(wait(firstProbe, lastProbe, held.Tries))
	held.Error = why.Error()
	h.begun[held.Folder] = why
	h.log.WarnContext(ctx, "folder held: it cannot be listed or read; all others are delivered",
		slog.String("folder", held.Folder), slog.Time("since", held.Since), slog.Time("next_probe", held.Next),
		slog.Any("error", why))
	return h.put(ctx, held)
}

// leave keeps what is left of a pair for the backlogs of later runs.
func (h *holds) leave(ctx context.Context, held Held) error {
	if other, known := h.now(held); known {
		if !other.Mark.After(held.Mark) && !other.Until.Before(held.Until) {
			return nil // it is there already
		}
		if held = held.with(other); other.Tries > 0 {
			held.Error, held.Next = other.Error, later(held.Next, other.Next)
		}
	}
	return h.put(ctx, held)
}

// put keeps what is known of a folder.
func (h *holds) put(ctx context.Context, held Held) (err error) {
	held.Version = h.version(held)
	if held.Version, err = h.state.Hold(ctx, held); err != nil {
		return fmt.Errorf("hold %s: %w", held.Folder, err)
	}
	h.list = append(slices.DeleteFunc(h.list, held.same), held)
	return nil
}

// drop forgets a folder of which nothing is left.
func (h *holds) drop(ctx context.Context, held Held) error {
	held.Version = h.version(held)
	if err := h.state.Unhold(ctx, held); err != nil {
		return fmt.Errorf("end the hold of %s: %w", held.Folder, err)
	}
	h.list = slices.DeleteFunc(h.list, held.same)
	return nil
}

// relist has a folder listed again that was held: with Until for its backlog, and
// without when nothing is left. It returns the new mark.
func (h *holds) relist(ctx context.Context, mark Mark, held Held) (Mark, error) {
	held.Version = h.version(held)
	next, version, err := h.state.Relist(ctx, mark, held)
	if err != nil {
		return mark, fmt.Errorf("list %s again: %w", held.Folder, err)
	}
	held.Version = version
	h.list = slices.DeleteFunc(h.list, held.same)
	if held.isBacklog() {
		h.list = append(h.list, held)
	}
	return next, nil
}

// version is that of the folder as this run knows it.
func (h *holds) version(held Held) string {
	known, _ := h.now(held)
	return known.Version
}

// open returns the folders that are held now, the longest held first.
func (h *holds) open() []Held {
	return h.oldest(func(held Held) bool { return !held.isBacklog() })
}

// oldest returns the folders that are wanted and read, the longest held first.
func (h *holds) oldest(wanted func(Held) bool) []Held {
	list := slices.DeleteFunc(slices.Clone(h.list), func(held Held) bool {
		return !wanted(held) || !h.reads(held.Folder)
	})
	slices.SortFunc(list, func(a, b Held) int { return a.Since.Compare(b.Since) })
	return list
}

// failing returns the folders that are held now, and those of which the backlog
// could not be listed or read when it was tried last; the longest held first.
func (h *holds) failing() []Held {
	return h.oldest(func(held Held) bool { return !held.isBacklog() || held.Tries > 0 })
}

// verdict is the error of a run while folders are held.
func (h *holds) verdict() error {
	if failing := h.failing(); len(failing) > 0 {
		return &FoldersHeldError{Held: failing, Err: firstOf(h.begun)}
	}
	return nil
}

// contains reports whether the folder of part lies below that of h.
func (h Held) contains(part Held) bool {
	return part.Folder != h.Folder && strings.HasPrefix(part.Folder, h.Folder)
}

// heldAbove reports whether a folder lies in one that is held.
func (h *holds) heldAbove(folder string) bool { return below(h.others(folder), folder) }

// isBacklog reports whether the folder is well, and something of it is left.
func (h Held) isBacklog() bool { return !h.Until.IsZero() }

// isSlow reports whether the folder takes too long to list. Until its backlog has
// been listed whole it is left out of the listing of what is new.
func (h Held) isSlow() bool { return h.Error == ErrListingSlow.Error() }

// same reports whether other is of the same folder.
func (h Held) same(other Held) bool { return h.Folder == other.Folder }

// with returns what holds all that h and other, of the same folder, hold.
func (h Held) with(other Held) Held {
	h.Since, h.Mark, h.Floor = earlier(h.Since, other.Since), earlier(h.Mark, other.Mark), earlier(h.Floor, other.Floor)
	h.Tries = max(h.Tries, other.Tries)
	if h.Until.IsZero() || other.Until.IsZero() {
		h.Until = time.Time{}
	} else {
		h.Until = later(h.Until, other.Until)
	}
	return h
}

// Place names the organization, the account, or the account and Region of the
// folder.
func (h Held) Place() string {
	_, rest, _ := strings.Cut("/"+h.Folder, "/AWSLogs/")
	var parts []string
	for part := range strings.SplitSeq(strings.Trim(rest, "/"), "/") {
		if part != "GuardDuty" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " ")
}

// FoldersHeldError says that folders are held. Everything else is delivered.
type FoldersHeldError struct {
	Held []Held // the longest held first
	Err  error  // of one that this run tried; nil when it tried none
}

// Error names the first folders, since when they are held, and why.
func (e *FoldersHeldError) Error() string {
	const most = 3
	var b strings.Builder
	for i, h := range e.Held[:min(most, len(e.Held))] {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s since %s: %s", h.Place(), h.Since.UTC().Format(time.RFC3339), h.Error)
	}
	if more := len(e.Held) - most; more > 0 {
		fmt.Fprintf(&b, "; and %d more", more)
	}
	return b.String()
}

// Unwrap returns the error of one of the folders.
func (e *FoldersHeldError) Unwrap() error { return e.Err }

// wait is the n-th of waits that double from first up to last.
func wait(first, last time.Duration, n int) time.Duration {
	for range n - 1 {
		if first *= 2; first >= last {
			return last
		}
	}
	return first
}
