package chainstore

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"rem/edge/blobstore"
	"rem/privacy/chain"
)

// kind marks an entry in the folder's journal.
const kind = 'E'

// segment is the length of a segment: there are two of them on the disk from the
// first day, and a year of consents of a hundred thousand people fills some ten.
const segment = 8 << 20

// A Store keeps one chain in one folder. It is a chain.Store.
type Store struct {
	journal *blobstore.Store

	mu   sync.RWMutex
	refs []blobstore.Ref // guarded by mu; of entry n at n-1
}

// Open opens the store in a folder, which it takes over, and reads where its
// entries are. alarm, which may be nil, is told of damage; damage is an error of
// Open as well.
func Open(folder blobstore.FS, alarm func(blobstore.Alarm)) (*Store, error) {
	j, err := blobstore.Open(folder, blobstore.Options{Segment: segment, MinFree: -1, Alarm: alarm})
	if err != nil {
		return nil, err
	}
	s := &Store{journal: j}
	err = j.Replay(blobstore.Position{}, func(e blobstore.Entry) error {
		if e.Kind != kind || e.Ref.IsZero() {
			return fmt.Errorf("a record of the kind %q is none of a chain", e.Kind)
		}
		s.refs = append(s.refs, e.Ref)
		return nil
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reading a chain's entries: %w", err), j.Close())
	}
	return s, nil
}

// Append keeps an entry; see chain.Store.
func (s *Store) Append(ctx context.Context, entry []byte) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", chain.ErrNothingKept, err)
	}
	// Promised: a withdrawal finds room on a full disk.
	a, err := s.journal.Append(context.WithoutCancel(ctx), blobstore.Record{Kind: kind, Content: entry, Inline: true, Promised: true})
	switch {
	case errors.Is(err, blobstore.ErrFull), errors.Is(err, blobstore.ErrTooLarge), errors.Is(err, blobstore.ErrClosed):
		return fmt.Errorf("%w: %w", chain.ErrNothingKept, err)
	case err != nil:
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refs = append(s.refs, a.Refs[0])
	return nil
}

// Entry returns an entry by its number; see chain.Store.
func (s *Store) Entry(_ context.Context, number uint64) ([]byte, error) {
	s.mu.RLock()
	if number == 0 || number > uint64(len(s.refs)) {
		s.mu.RUnlock()
		return nil, fmt.Errorf("entry %d: %w", number, chain.ErrNotFound)
	}
	ref := s.refs[number-1]
	s.mu.RUnlock()
	b, err := s.journal.Bytes(ref)
	if err != nil {
		return nil, fmt.Errorf("reading entry %d: %w", number, err)
	}
	return b, nil
}

// Replay visits all entries; see chain.Store.
func (s *Store) Replay(ctx context.Context, visit func([]byte) error) error {
	for n := uint64(1); ; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		b, err := s.Entry(ctx, n)
		if errors.Is(err, chain.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := visit(b); err != nil {
			return err
		}
	}
}

// Close ends the store and gives its folder back.
func (s *Store) Close() error { return s.journal.Close() }
