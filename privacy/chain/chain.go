package chain

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"rem"
	"rem/privacy/canon"
)

// Errors of stores and chains.
var (
	// ErrNothingKept says that an Append kept nothing, for certain.
	ErrNothingKept = errors.New("nothing was kept")
	// ErrNotFound says that there is no entry of the number.
	ErrNotFound = errors.New("there is no such entry")
	// ErrUncertain is returned by a chain after a write with an unknown end.
	ErrUncertain = errors.New("whether an entry was kept is not known until the chain is opened again")
	// ErrBroken says that the entries of a store make no chain.
	ErrBroken = errors.New("the chain does not fit together")
)

// A Store keeps the entries of one chain, in their order, for ever.
type Store interface {
	// Append keeps an entry behind all others and returns when it is durable.
	// An error that wraps ErrNothingKept says that it was not kept; after any
	// other nobody knows until the store is opened again. One Append runs at a
	// time.
	Append(ctx context.Context, entry []byte) error
	// Entry returns the entry of a number, from 1. The error wraps ErrNotFound
	// where there is none. It may be called at any time.
	Entry(ctx context.Context, number uint64) ([]byte, error)
	// Replay visits all entries in order. It returns the error of visit as it
	// is, and an error of its own when an entry cannot be read.
	Replay(ctx context.Context, visit func(entry []byte) error) error
}

// A Kind is what sort of record the entries of a chain are.
type Kind struct {
	Name    string // the first word of the first line
	Version int
}

// A Link is what every entry begins with.
type Link struct {
	Number   uint64     // from 1, without gaps
	Previous rem.Digest // of the entry before; zero in the first one
	Time     time.Time  // UTC, whole microseconds; our clock's, never a proof
}

// Write writes the link's fields.
func (l Link) Write(w *canon.Writer) {
	w.Number("number", l.Number)
	w.Digest("previous", l.Previous)
	w.Time("time", l.Time)
}

// ReadLink reads what Write wrote.
func ReadLink(r *canon.Reader) Link {
	l := Link{Number: r.Number("number"), Previous: r.Digest("previous"), Time: r.Time("time")}
	if r.Err() == nil && (l.Number == 0 || (l.Number == 1) != l.Previous.IsZero()) {
		r.Fail("the first entry, and no other, has none before it")
	}
	return l
}

// A Head is where a chain stands: its last entry. The zero Head is that of an
// empty chain.
type Head struct {
	Number uint64
	Digest rem.Digest
	Time   time.Time
}

// A Chain adds entries to a store. It may be used from many goroutines.
type Chain struct {
	store Store
	kind  Kind
	clock rem.Clock

	mu   sync.Mutex
	head Head // guarded by mu

	uncertain atomic.Bool // set with mu held, and never taken back
}

// Open reads the whole store and checks that its entries make a chain. visit,
// which may be nil, is given each entry's link, its digest, and a reader that
// stands behind the link; it reads the rest to its end and calls Done.
func Open(ctx context.Context, store Store, kind Kind, clock rem.Clock, visit func(Link, rem.Digest, *canon.Reader) error) (*Chain, error) {
	c := &Chain{store: store, kind: kind, clock: clock}
	err := store.Replay(ctx, func(entry []byte) error {
		r := canon.NewReader(entry, kind.Name, kind.Version)
		link := ReadLink(r)
		if err := r.Err(); err != nil {
			return fmt.Errorf("entry %d: %w: %w", c.head.Number+1, ErrBroken, err)
		}
		if link.Number != c.head.Number+1 || link.Previous != c.head.Digest || link.Time.Before(c.head.Time) {
			return fmt.Errorf("entry %d: %w: it is not what comes after the one before", c.head.Number+1, ErrBroken)
		}
		digest := rem.DigestOf(entry)
		if visit != nil {
			if err := visit(link, digest, r); err != nil {
				return fmt.Errorf("entry %d: %w: %w", link.Number, ErrBroken, err)
			}
		}
		c.head = Head{link.Number, digest, link.Time}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the chain of %s: %w", kind.Name, err)
	}
	return c, nil
}

// Head returns where the chain stands.
func (c *Chain) Head() Head {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.head
}

// Uncertain returns ErrUncertain when the chain takes nothing more until it is
// opened again. It waits for no write.
func (c *Chain) Uncertain() error {
	if c.uncertain.Load() {
		return ErrUncertain
	}
	return nil
}

// Clock is the chain's clock.
func (c *Chain) Clock() rem.Clock { return c.clock }

// Append adds an entry whose fields behind the link are written by write, and
// returns when it is durable. An entry's time is the clock's, or that of the
// entry before where the clock went back.
//
// An error that wraps ErrNothingKept, or one of package canon, leaves the chain
// as it was. After another one it wraps ErrUncertain, and so does every further
// call.
func (c *Chain) Append(ctx context.Context, write func(*canon.Writer)) (Link, rem.Digest, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.uncertain.Load() {
		return Link{}, rem.Digest{}, ErrUncertain
	}
	link := Link{Number: c.head.Number + 1, Previous: c.head.Digest, Time: canon.Instant(c.clock.Now())}
	if link.Time.Before(c.head.Time) {
		link.Time = c.head.Time
	}
	w := canon.NewWriter(c.kind.Name, c.kind.Version)
	link.Write(w)
	write(w)
	entry, err := w.Bytes()
	if err != nil {
		return Link{}, rem.Digest{}, fmt.Errorf("writing a %s: %w: %w", c.kind.Name, ErrNothingKept, err)
	}
	if err := c.store.Append(ctx, entry); err != nil {
		if !errors.Is(err, ErrNothingKept) {
			c.uncertain.Store(true)
			err = errors.Join(ErrUncertain, err)
		}
		return Link{}, rem.Digest{}, fmt.Errorf("keeping a %s: %w", c.kind.Name, err)
	}
	c.head = Head{link.Number, rem.DigestOf(entry), link.Time}
	return link, c.head.Digest, nil
}

// Entry returns the bytes of an entry that Append answered or Open read.
func (c *Chain) Entry(ctx context.Context, number uint64) ([]byte, error) {
	if head := c.Head(); number == 0 || number > head.Number {
		return nil, fmt.Errorf("entry %d: %w", number, ErrNotFound)
	}
	return c.store.Entry(ctx, number)
}
