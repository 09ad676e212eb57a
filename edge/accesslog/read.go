package accesslog

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"

	"rem"
	"rem/edge/blobstore"
	"rem/privacy"
)

// A Report says what a verification found.
type Report struct {
	Log     string
	Entries uint64           // that were read
	End     privacy.ChainEnd // of the chain
	// Problems are places where the chain does not hold, at most a hundred. None
	// means that every entry is the one that was written, from the first on.
	Problems []error
}

// Holds reports whether the whole chain holds.
func (r Report) Holds() bool { return len(r.Problems) == 0 }

// Verify reads the whole log from the disk and checks every link of the chain.
func (l *Log) Verify(ctx context.Context) (Report, error) { return verify(ctx, l.journal) }

// Verify reads a folder beside the process that writes it; see [Log.Verify].
func Verify(ctx context.Context, folder blobstore.FS) (Report, error) {
	journal, err := blobstore.Open(folder, blobstore.Options{ReadOnly: true})
	if err != nil {
		return Report{}, fmt.Errorf("verifying the access log: %w", err)
	}
	report, err := verify(ctx, journal)
	return report, errors.Join(err, journal.Close())
}

func verify(ctx context.Context, journal *blobstore.Store) (Report, error) {
	r := &reading{}
	if err := r.all(ctx, journal); err != nil {
		return Report{}, fmt.Errorf("verifying the access log: %w", err)
	}
	return Report{Log: r.id, Entries: r.entries, End: r.end, Problems: r.problems}, nil
}

// errStop ends a replay.
var errStop = errors.New("that was all")

// maxPage bounds what Concerning returns at once.
const maxPage = 1000

// Concerning returns the entries about a person, newest first, with numbers
// below before (0 for the newest of all), up to limit or a thousand (P-21).
func (l *Log) Concerning(ctx context.Context, person rem.PersonID, before uint64, limit int) ([]privacy.AccessEntry, error) {
	var list []privacy.AccessEntry
	l.mu.RLock()
	at := l.last[maphash.String(l.seed, string(person))]
	l.mu.RUnlock()
	var have blobstore.Position
	var entries []privacy.AccessEntry // of the record at have
	for at != 0 && len(list) < min(limit, maxPage) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		l.mu.RLock()
		p := l.places[at-1]
		l.mu.RUnlock()
		at = p.before
		pos := blobstore.Position{Segment: uint64(p.segment), Offset: int64(p.offset)}
		if pos != have {
			var err error
			if entries, err = l.read(pos); err != nil {
				return nil, fmt.Errorf("reading the access log: %w", err)
			}
			have = pos
		}
		if int(p.nth) >= len(entries) {
			return nil, fmt.Errorf("reading the access log: %w", ErrDamaged)
		}
		// Two persons may share a place in the index.
		if e := entries[p.nth]; e.Person == person && (before == 0 || e.Number < before) {
			list = append(list, e)
		}
	}
	return list, nil
}

// read reads the entries of one record.
func (l *Log) read(at blobstore.Position) (list []privacy.AccessEntry, _ error) {
	err := l.journal.Replay(at, func(e blobstore.Entry) error {
		if e.At != at || e.Kind != kindEntries {
			return ErrDamaged
		}
		err := links(e.Meta, func(_ int, l privacy.Link) error {
			entry, err := privacy.ParseEntry(l.Entry)
			list = append(list, entry)
			return err
		})
		if err != nil {
			return err
		}
		return errStop
	})
	if errors.Is(err, errStop) {
		return list, nil
	}
	if err == nil {
		err = ErrDamaged
	}
	return nil, err
}

// Has checks that the log still has an end that was noted earlier: the entry of
// that number, with that hash. An error that wraps privacy.ErrChain says that
// the log was shortened or written anew since (AT-26). It reads the whole log.
func (l *Log) Has(ctx context.Context, end privacy.ChainEnd) error {
	found := end.Number == 0
	r := &reading{}
	r.after = func(at privacy.ChainEnd) { found = found || at.Number == end.Number && at.Hash == end.Hash }
	if err := r.all(ctx, l.journal); err != nil {
		return fmt.Errorf("looking for entry %d: %w", end.Number, err)
	}
	if !found {
		return fmt.Errorf("%w: entry %d is not the one that was noted", privacy.ErrChain, end.Number)
	}
	return nil
}
