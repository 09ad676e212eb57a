package sqlstore

import (
	"context"
	"errors"
	"fmt"
)

// tend looks after the index.
func (f *flusher) tend() {
	if f.x == nil {
		return
	}
	if f.flushes++; f.flushes%16 == 0 {
		f.forget()
	}
	f.checkpoint()
}

// checkpoint copies the index's log back when it has grown. The journal is
// synced by then for all but hints, so the index never gets ahead of what it
// can be made from again by more than those.
func (f *flusher) checkpoint() {
	var busy, pages, copied int
	// The log is copied only if it has grown; asking costs a few microseconds.
	row := f.x.conn.QueryRowContext(f.s.applier.context, "PRAGMA wal_checkpoint(NOOP)")
	if err := row.Scan(&busy, &pages, &copied); err != nil || pages-copied < checkpointPages && pages < 4*checkpointPages {
		return
	}
	row = f.x.conn.QueryRowContext(f.s.applier.context, "PRAGMA wal_checkpoint(PASSIVE)")
	if err := row.Scan(&busy, &pages, &copied); err != nil {
		f.s.options.Alarm(fmt.Errorf("copying the index's log back: %w", err))
	}
}

// forget takes a few fingerprints out that nobody asks for any more, so that
// they do not grow with the years. It is a transaction of its own, and one that
// fails is tried again later.
func (f *flusher) forget() {
	if _, err := f.x.exec(f.s.applier.context, "forgetSubmissions"); err != nil {
		f.s.options.Alarm(fmt.Errorf("forgetting old fingerprints: %w", err))
	}
}

func readProgress(ctx context.Context, x *index) (progress, error) {
	var p progress
	var segment, oldest int64
	ok, err := x.row(ctx, "progress", nil, &segment, &p.applied.Offset, &oldest, &p.oldest.Offset, &p.filed)
	if err == nil && !ok {
		err = errors.New("the index has lost its progress")
	}
	p.applied.Segment, p.oldest.Segment = uint64(segment), uint64(oldest)
	return p, err
}
