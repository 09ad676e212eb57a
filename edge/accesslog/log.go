package accesslog

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"rem"
	"rem/edge/blobstore"
	"rem/privacy"
)

var _ privacy.AccessLog = (*Log)(nil)

// Errors of the log.
var (
	// ErrClosed: the log takes no entries any more.
	ErrClosed = errors.New("the access log is closed")
	// ErrDamaged is wrapped by what the alarm is told.
	ErrDamaged = errors.New("the access log is damaged")
)

// Options of a log.
type Options struct {
	// Clock gives the entries their time.
	Clock rem.Clock
	// Alarm is told of damage and of links that do not hold; it may be called
	// from any goroutine and must not call the log.
	Alarm func(error)
	// MinFree is the free space below which entries, and so openings, are
	// refused; see blobstore.Options.
	MinFree int64
	// Segment is the length of a segment in octets; zero for the default. It is
	// at least twice what one Record may hold.
	Segment int64
}

// DefaultSegment is the length of a segment, of which two are on the disk from
// the first day: some 50,000 entries.
const DefaultSegment = 16 << 20

// Bounds on what is written together.
const (
	maxGroup = 512 << 10 // octets; half of what a record may hold
	maxQueue = 1024      // who may wait before Record itself waits
)

// A Log is an open access log. It may be used from many goroutines.
type Log struct {
	options Options
	id      string
	journal *blobstore.Store

	ending sync.RWMutex // held for reading while something is put into queue
	ended  bool         // guarded by ending
	queue  chan *waiting
	closed chan struct{} // closed when run has returned

	mu     sync.RWMutex
	end    privacy.ChainEnd  // guarded by mu; changed by run alone
	places []place           // guarded by mu
	last   map[uint64]uint32 // guarded by mu: of a person's hash, 1 + the index of the newest entry
	seed   maphash.Seed
}

// A place says where an entry is.
type place struct {
	segment, offset uint32
	nth             uint32 // within its record
	before          uint32 // 1 + the index of the entry before about the same person, 0 for none
}

// waiting is a call of Record.
type waiting struct {
	entries []privacy.AccessEntry
	size    int
	done    chan error
}

// Open opens the log in a folder, which it takes over, and reads all of it. A
// new folder becomes a new log. Damage does not keep it from opening: it goes to
// the alarm, and the entries that are left stay readable.
func Open(folder blobstore.FS, o Options) (*Log, error) {
	if o.Alarm == nil {
		o.Alarm = func(error) {}
	}
	l := &Log{options: o, queue: make(chan *waiting, maxQueue), closed: make(chan struct{}), last: map[uint64]uint32{}, seed: maphash.MakeSeed()}
	if o.Segment == 0 {
		o.Segment = DefaultSegment
	}
	var err error
	l.journal, err = blobstore.Open(folder, blobstore.Options{Segment: o.Segment, MinFree: o.MinFree, Alarm: func(a blobstore.Alarm) {
		o.Alarm(fmt.Errorf("%w: %s at %d: %w", ErrDamaged, a.Name, a.Offset, a.Err))
	}})
	if err != nil {
		return nil, fmt.Errorf("opening the access log: %w", err)
	}
	if err := l.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the access log: %w", err), l.journal.Close())
	}
	go l.run()
	return l, nil
}

// load reads the journal, and says that the log was opened.
func (l *Log) load() error {
	r := &reading{}
	r.visit = func(e *privacy.AccessEntry, at blobstore.Position, nth int) { l.index(e.Person, at, nth) }
	if err := r.all(context.Background(), l.journal); err != nil {
		return err
	}
	for _, p := range r.problems {
		l.options.Alarm(p)
	}
	if r.id == "" {
		if len(l.places) > 0 {
			return fmt.Errorf("%w: no record of its name is left", ErrDamaged)
		}
		var id [16]byte
		rand.Read(id[:])
		r.id = hex.EncodeToString(id[:])
		r.end.Hash = privacy.BeginChain(r.id)
	}
	l.id, l.end = r.id, r.end
	_, err := l.journal.Append(context.Background(), blobstore.Record{Kind: kindOpened, Meta: opened(l.id, l.end.Number)})
	return err
}

// ID returns the log's name, which is drawn when it is made.
func (l *Log) ID() string { return l.id }

// End returns the end of the chain as far as it is durable. Kept elsewhere, it
// shows later that nothing was taken away from before it.
func (l *Log) End() privacy.ChainEnd {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.end
}

// Record implements privacy.AccessLog. The log gives number and time. When ctx
// ends while the entries wait, they may come to be written all the same.
func (l *Log) Record(ctx context.Context, entries ...privacy.AccessEntry) error {
	w := &waiting{entries: entries, done: make(chan error, 1)}
	for i := range entries {
		if err := entries[i].Check(); err != nil {
			return fmt.Errorf("recording an access: %w", err)
		}
		w.size += sizeOf(&entries[i])
	}
	if len(entries) == 0 {
		return nil
	}
	if w.size > maxGroup {
		return fmt.Errorf("recording an access: %d entries are too many at once", len(entries))
	}
	if err := l.put(ctx, w); err != nil {
		return fmt.Errorf("recording an access: %w", err)
	}
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("recording an access: %w", ctx.Err())
	}
}

func (l *Log) put(ctx context.Context, w *waiting) error {
	l.ending.RLock()
	defer l.ending.RUnlock()
	if l.ended {
		return ErrClosed
	}
	select {
	case l.queue <- w:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close writes what waits and gives the folder back. Closing again does nothing.
func (l *Log) Close() error {
	l.ending.Lock()
	ended := l.ended
	if !ended {
		l.ended = true
		close(l.queue)
	}
	l.ending.Unlock()
	<-l.closed
	if ended {
		return nil
	}
	// The mark shows at the next start that everything before it was answered.
	_, err := l.journal.Append(context.Background(), blobstore.Record{Kind: kindMark, Meta: mark(l.End().Number)})
	return errors.Join(err, l.journal.Close())
}

// run writes groups until the queue is closed and empty.
func (l *Log) run() {
	defer close(l.closed)
	var held *waiting
	for {
		first := held
		if held = nil; first == nil {
			var ok bool
			if first, ok = <-l.queue; !ok {
				return
			}
		}
		group, size := []*waiting{first}, first.size
	gather:
		for {
			select {
			case w, ok := <-l.queue:
				if !ok {
					break gather
				}
				if size+w.size > maxGroup {
					held = w
					break gather
				}
				group, size = append(group, w), size+w.size
			default:
				break gather
			}
		}
		err := l.write(group, size)
		for _, w := range group {
			w.done <- err
		}
		if err == nil && held == nil && len(l.queue) == 0 {
			// Nobody follows who would show that the group was answered. The
			// mark is lazy: nobody waits for it, and it costs no sync of its own
			// while entries come in. Without it the group is as durable.
			_, _ = l.journal.Append(context.Background(), blobstore.Record{Kind: kindMark, Meta: mark(l.end.Number), Lazy: true})
		}
	}
}

// write links the entries of a group and keeps them in one record. After an
// error the chain is where it was: what the journal may still have of the group
// follows that place, and is left behind with its segment when the next group is
// written.
func (l *Log) write(group []*waiting, size int) error {
	now := l.options.Clock.Now().UTC().Truncate(time.Microsecond)
	end := l.end
	if now.Before(end.Time) {
		now = end.Time // time does not fall (AT-25)
	}
	meta := make([]byte, 0, size)
	for _, w := range group {
		for i := range w.entries {
			e := w.entries[i]
			e.Number, e.Time = end.Number+1, now
			meta, end = appendLink(meta, end, &e)
		}
	}
	a, err := l.journal.Append(context.Background(), blobstore.Record{Kind: kindEntries, Meta: meta})
	if err != nil {
		return fmt.Errorf("recording an access: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end = end
	nth := 0
	for _, w := range group {
		for i := range w.entries {
			l.index(w.entries[i].Person, a.From, nth)
			nth++
		}
	}
	return nil
}

// index notes where an entry is. The caller holds mu, or is alone.
func (l *Log) index(person rem.PersonID, at blobstore.Position, nth int) {
	key := maphash.String(l.seed, string(person))
	l.places = append(l.places, place{uint32(at.Segment), uint32(at.Offset), uint32(nth), l.last[key]})
	l.last[key] = uint32(len(l.places))
}
