package state

import (
	"context"
	"errors"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"guardduty-sentinel/handler/internal/ingest"
)

const watermarkKey = "watermark"

// mark reads the watermark; none is the zero Mark. Of a row that cannot be read
// it returns the version beside a damagedError. A watermark of another
// destination is an error.
func (s *Store) mark(ctx context.Context) (ingest.Mark, error) {
	got, err := s.client.GetEntity(ctx, s.partition, watermarkKey, nil)
	if isCode(err, string(aztables.ResourceNotFound)) {
		return ingest.Mark{}, nil
	}
	if err != nil {
		return ingest.Mark{}, err
	}
	if err := s.owns(got.Value); err != nil {
		return ingest.Mark{}, err
	}
	mark := ingest.Mark{Version: string(got.ETag)}
	r, err := decode(got.Value)
	if err != nil {
		return mark, err
	}
	if r.Time == nil {
		return mark, r.damaged("has no Time")
	}
	// Without the others the watermark was written by hand or by an older version.
	mark.Time, mark.Floor, mark.Kept, mark.Swept = value(r.Time), value(r.Floor), value(r.Kept), value(r.Swept)
	mark.Claimed, mark.Lookback = r.Destination != "", time.Duration(r.Lookback)*time.Second
	mark.Relists = r.Relists
	return mark, nil
}

// Advance moves the watermark by compare-and-swap. A conflict with what this
// call itself wrote, when its answer was lost and the client tried again, is
// distinguished from one with another run by reading the watermark.
func (s *Store) Advance(ctx context.Context, mark, next ingest.Mark) (ingest.Mark, error) {
	next.Time, next.Floor = next.Time.UTC(), next.Floor.UTC()
	next.Kept, next.Swept = next.Kept.UTC(), next.Swept.UTC()
	version, err := s.swap(ctx, s.markRow(next), mark.Version)
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
		return mark, s.fault("read", err)
	case now.Version != "" && sameMark(now, next):
		return now, nil
	default:
		return mark, s.conflict("advanced the watermark")
	}
}

// sameMark reports whether two marks say the same; their versions may differ.
func sameMark(a, b ingest.Mark) bool {
	return a.Time.Equal(b.Time) && a.Floor.Equal(b.Floor) && a.Kept.Equal(b.Kept) && a.Swept.Equal(b.Swept) &&
		a.Relists == b.Relists
}

func (s *Store) markRow(mark ingest.Mark) row {
	r := row{
		Partition: s.partition, Key: watermarkKey,
		Time: new(mark.Time.UTC()), Floor: new(mark.Floor.UTC()), Kept: set(mark.Kept), Swept: set(mark.Swept),
		Lookback: int(mark.Lookback / time.Second), Relists: mark.Relists,
	}
	if mark.Claimed {
		r.Destination = s.destination
	}
	return r
}
