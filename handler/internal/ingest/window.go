package ingest

import "time"

const day = 24 * time.Hour

// window is a range of day folders that is listed and processed together.
type window struct {
	from, to time.Time // first and last day
}

// windows divides the days from the one before since to the one after now into
// windows, oldest first. Later days are not listed: GuardDuty has none. A source that is up to date has only that
// one; a backlog has a window for each day, so that memory is bounded by a day
// and not by the backlog.
//
// The day before since belongs to the first window: an object written just
// after midnight may be in the folder of the day before.
func windows(since, now time.Time) []window {
	from := since.UTC().Truncate(day).Add(-day)
	last := now.UTC().Truncate(day).Add(-day)
	var list []window
	for to := from.Add(day); to.Before(last); to = from {
		list = append(list, window{from, to})
		from = to.Add(day)
	}
	return append(list, window{from, now.UTC().Truncate(day).Add(day)})
}

// days divides a backlog that ends at until into windows of a day, oldest first.
// The last one has the day after until: an object may be in a folder that was
// chosen by a clock ahead of the one that dated it.
func days(since, until time.Time) []window {
	var list []window
	from := since.UTC().Truncate(day).Add(-day)
	for to := from.Add(day); to.Before(until.Add(day)); to = from {
		list = append(list, window{from, to})
		from = to.Add(day)
	}
	return append(list, window{from, later(from, until.UTC().Truncate(day).Add(day))})
}

// end is the time up to which everything is recorded once the window is
// processed. Later folders hold later objects; an hour is left for a folder that
// was chosen by a clock ahead of the one that dated its objects.
func (w window) end(now time.Time) time.Time {
	return earlier(w.to.Add(day-time.Hour), now)
}

// holds reports whether a day folder is in the window.
func (w window) holds(d time.Time) bool {
	return !d.Before(w.from) && !d.After(w.to)
}
