package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"rem/edge/blobstore"
	"rem/message"
	"rem/person/account"
)

// ErrUnknown is wrapped when a step may or may not have happened. Doing it
// again is harmless.
var ErrUnknown = errors.New("the outcome is not known")

// ErrClosed is returned after Close.
var ErrClosed = errors.New("the ledger is closed")

// Options of a ledger.
type Options struct {
	// Dir is the folder of the provider's data.
	Dir string
	// Contents keeps the journal and all contents. The ledger closes it. Nil
	// opens Dir/contents with Window and Alarm.
	Contents *blobstore.Store
	// Window is how long a commit waits for others while more than one waits;
	// see blobstore.Options.
	Window time.Duration
	// MinFree is the free space below which new messages are refused; see
	// blobstore.Options.
	MinFree int64
	// Alarm is told of damaged contents, and of trouble with the index, which
	// the ledger goes on trying to overcome.
	Alarm func(error)
	// Fault, when not nil, is asked before the index begins a transaction
	// ("begin"), before it commits ("commit") and after it did ("committed");
	// an error takes the place of the real outcome. For tests.
	Fault func(op string) error
	// Views is how many of the newest messages that the index has are answered
	// from memory; 0 means 8192, a negative number none.
	Views int
}

// A Store is a ledger and the accounts. It implements [message.Ledger] and
// [account.Store].
type Store struct {
	options  Options
	contents *blobstore.Store
	path     string

	applier applier
	flusher flusher
	live    live
	readers *readers
	closing sync.Once
	closed  error // what the first Close said

	mu         sync.Mutex
	intentions intentions // guarded by mu
	fault      error      // guarded by mu: why the index cannot follow, nil when it can

	views    views
	accounts accounts
	wake     [stages]chan struct{}
	feed     feed
	stats    counters
}

var (
	_ message.Ledger = (*Store)(nil)
	_ account.Store  = (*Store)(nil)
)

// stages is how many stages package message has, NoStage included.
const stages = int(message.ReturnStage) + 1

// Open opens the ledger in a folder and brings its index up to the journal.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Alarm == nil {
		o.Alarm = func(error) {}
	}
	if o.Contents == nil {
		folder, err := blobstore.Disk(filepath.Join(o.Dir, "contents"))
		if err != nil {
			return nil, fmt.Errorf("opening the ledger: %w", err)
		}
		o.Contents, err = blobstore.Open(folder, blobstore.Options{
			Window: o.Window, MinFree: o.MinFree,
			Alarm: func(a blobstore.Alarm) { o.Alarm(fmt.Errorf("%w (set aside as %q)", a.Err, a.SetAside)) },
		})
		if err != nil {
			return nil, fmt.Errorf("opening the ledger: %w", err)
		}
	}
	s := &Store{options: o, contents: o.Contents, path: filepath.Join(o.Dir, "index.sqlite")}
	s.intentions.init()
	s.live.init()
	s.views.limit = cmp.Or(o.Views, maxViews)
	for i := range s.wake {
		s.wake[i] = make(chan struct{}, 1)
	}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the ledger: %w", err), s.contents.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	x, err := openIndex(ctx, s.path)
	if err != nil {
		return err
	}
	s.applier.init(s)
	s.flusher.init(s, x)
	if s.readers, err = openReaders(ctx, s.path); err == nil {
		err = s.replay(ctx)
	}
	for stage := 0; err == nil && stage < stages; stage++ {
		err = s.refill(ctx, message.Stage(stage), 0)
	}
	if err != nil {
		if s.readers != nil {
			err = errors.Join(err, s.readers.close())
		}
		if s.flusher.x != nil { // else it was closed when it failed
			err = errors.Join(err, s.flusher.x.close())
		}
		return err
	}
	go s.applier.run()
	go s.flusher.run()
	return nil
}

// Close answers what waits, brings the index up, and ends. What the index could
// not be told any more it is told by the next Open. Closing again does nothing.
func (s *Store) Close() error {
	s.closing.Do(func() {
		err := s.contents.Close() // no further record reaches the applier
		s.applier.stop()
		s.closed = errors.Join(err, s.flusher.stop(), s.readers.close())
		s.applier.cancel()
	})
	return s.closed
}

// Contents returns the store of contents, for spools and audits.
func (s *Store) Contents() *blobstore.Store { return s.contents }

// Spool begins a content that arrives; see [blobstore.Spool]. An Intention with
// a sealed spool as its content does not copy or hash it again.
func (s *Store) Spool() *blobstore.Spool { return s.contents.Spool() }

// Open gives a content, verified against its digest as it is read.
func (s *Store) Open(_ context.Context, ref message.Ref) (message.Content, error) {
	r, err := blobstore.ParseRef(string(ref))
	if err != nil || r.IsZero() {
		return nil, fmt.Errorf("opening a content: %w", errors.Join(message.ErrNotFound, err))
	}
	c, err := s.contents.Open(r)
	if errors.Is(err, blobstore.ErrErased) {
		return nil, fmt.Errorf("%w: %w", message.ErrNotFound, err)
	}
	return c, err
}

// Wake returns a channel that gets a value after a commit queued work for the
// stage.
func (s *Store) Wake(stage message.Stage) <-chan struct{} { return s.wake[int(stage)%stages] }

func (s *Store) ring(stage message.Stage) {
	select {
	case s.wake[int(stage)%stages] <- struct{}{}:
	default: // it has one already
	}
}

// Stats counts what the ledger did since it was opened.
type Stats struct {
	blobstore.Stats
	Applied  uint64 // records applied
	Indexed  uint64 // of Applied, those that the index has
	Groups   uint64 // transactions that told the index of them
	Replayed uint64 // of Applied, those that Open found in the journal
	Retries  uint64 // transactions and readings that had to be tried again
}

type counters struct{ applied, groups, replayed, retries atomic.Uint64 }

// Stats returns the counters.
func (s *Store) Stats() Stats {
	c := &s.stats
	indexed, _ := s.flusher.position()
	return Stats{s.contents.Stats(), c.applied.Load(), indexed, c.groups.Load(), c.replayed.Load(), c.retries.Load()}
}

// Fault returns why the index cannot follow the journal, or nil. While it is
// not nil, lists may be those of the past, and what is not in memory cannot be
// read; steps go on until the state is too far ahead of the index.
func (s *Store) Fault() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault
}

// failing takes note that the index does not follow.
func (s *Store) failing(err error) {
	s.mu.Lock()
	first := s.fault == nil
	s.fault = err
	s.mu.Unlock()
	if first {
		s.options.Alarm(err)
	}
}

// recovered takes note that it does again.
func (s *Store) recovered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = nil
}
