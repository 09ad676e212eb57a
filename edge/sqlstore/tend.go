package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"rem/edge/blobstore"
)

// oldest returns where the next start has to begin reading intentions. Those
// that would make it read more than two segments go into the index.
func (a *applier) oldest(ctx context.Context, t *transaction, applied blobstore.Position) (blobstore.Position, error) {
	a.s.mu.Lock()
	var old []*intention
	oldest := applied
	for e := a.s.intentions.order.Front(); e != nil; e = e.Next() {
		in := e.Value.(*intention)
		if in.inIndex || in.synced.failed() {
			continue
		}
		if in.at.Segment+1 < applied.Segment {
			old = append(old, in)
			continue
		}
		if in.at.Before(oldest) {
			oldest = in.at
		}
		break
	}
	a.s.mu.Unlock()
	for _, in := range old {
		if err := t.spill(ctx, in); err != nil {
			return oldest, err
		}
	}
	return oldest, nil
}

// tend looks after the index every few transactions.
func (a *applier) tend() {
	a.tries++
	if a.tries < 64 || a.x == nil {
		return
	}
	a.tries = 0
	a.forget()
	a.checkpoint()
}

// checkpoint copies the index's log back when it has grown. The journal is
// synced by then for all but hints, so the index never gets ahead of what it
// can be made from again by more than those.
func (a *applier) checkpoint() {
	var busy, pages, copied int
	// The log is copied only if it has grown; asking costs a few microseconds.
	row := a.x.conn.QueryRowContext(a.context, "PRAGMA wal_checkpoint(NOOP)")
	if err := row.Scan(&busy, &pages, &copied); err != nil || pages-copied < checkpointPages && pages < 4*checkpointPages {
		return
	}
	row = a.x.conn.QueryRowContext(a.context, "PRAGMA wal_checkpoint(PASSIVE)")
	if err := row.Scan(&busy, &pages, &copied); err != nil {
		a.s.options.Alarm(fmt.Errorf("copying the index's log back: %w", err))
	}
}

// forget takes a few fingerprints out that nobody asks for any more, so that
// they do not grow with the years. It is a transaction of its own, and one that
// fails is tried again later.
func (a *applier) forget() {
	if _, err := a.x.exec(a.context, "forgetSubmissions"); err != nil {
		a.s.options.Alarm(fmt.Errorf("forgetting old fingerprints: %w", err))
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
