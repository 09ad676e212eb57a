package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"rem/edge/blobstore"
	"rem/message"
)

const (
	// maxBacklog bounds the records that wait to be applied; behind it writers
	// are refused.
	maxBacklog = 10_000
	// maxAhead bounds the records that are applied and that the index does not
	// have yet: what a start after a crash applies again, and the memory it takes.
	// Behind it the applier waits for the index.
	maxAhead = 20_000
	// The pauses between two tries to reach SQLite.
	firstPause = 20 * time.Millisecond
	lastPause  = time.Second
)

// An op is a record in the form in which it is applied. What it returns is
// its answer (see isAnswer), errLater, or a fault after which it is tried again.
type op interface {
	apply(ctx context.Context, s *Store) error
}

// A request is an op that waits for the applier. It comes when its record is
// written and is applied when the record is durable.
type request struct {
	op   op
	next blobstore.Position
	done func(error) // called once, then nil
	// result is what became of an act on an account. Owned by the flusher.
	result error

	synced *durability // of the record; nil when nobody waits for that
}

// A durability is the fate of a record that is on its way to the disk.
type durability struct {
	known chan struct{} // closed when err is set
	err   error
}

// failed reports whether the record is known to be lost.
func (d *durability) failed() bool { return d.isKnown() && d != nil && d.err != nil }

// isKnown reports whether it is known what became of the record.
func (d *durability) isKnown() bool {
	if d == nil {
		return true
	}
	select {
	case <-d.known:
		return true
	default:
		return false
	}
}

// applier changes the state. It is a goroutine, in whose place a writer applies
// his own record when nothing else waits.
type applier struct {
	s *Store

	turn sync.Mutex // held by who applies

	// lost is set when a hint that was applied has lost its record: its segment
	// was left before it was synced.
	lost atomic.Bool

	mu      sync.Mutex
	queue   []*request // guarded by mu
	wakeup  chan struct{}
	ending  chan struct{}
	ended   chan struct{}
	context context.Context // ends with the applier
	cancel  context.CancelFunc
}

func (a *applier) init(s *Store) {
	a.s = s
	a.wakeup, a.ending, a.ended = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	a.context, a.cancel = context.WithCancel(context.Background())
}

// stop applies what waits, unless the index is away, and ends.
func (a *applier) stop() {
	close(a.ending)
	<-a.ended
}

// backlog returns how much waits.
func (a *applier) backlog() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.queue)
}

// push adds a request. It is called in the order of the journal.
func (a *applier) push(r *request) {
	a.mu.Lock()
	a.queue = append(a.queue, r)
	a.mu.Unlock()
	if r.synced == nil {
		a.wake()
	}
}

func (a *applier) wake() {
	select {
	case a.wakeup <- struct{}{}:
	default:
	}
}

func (a *applier) run() {
	defer close(a.ended)
	var batch []*request
	for {
		a.turn.Lock()
		batch = a.take(batch[:0])
		ok := a.applyAll(batch)
		a.turn.Unlock()
		if !ok {
			return
		}
		if len(batch) > 0 {
			clear(batch)
			continue
		}
		select {
		case <-a.wakeup:
		case <-a.ending:
			if a.backlog() == 0 {
				return
			}
			// The contents are closed, so that the fate of every record is known.
		}
	}
}

// take returns the oldest requests, those whose records' fate is known.
func (a *applier) take(batch []*request) []*request {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for n < len(a.queue) && a.queue[n].synced.isKnown() {
		n++
	}
	batch = append(batch, a.queue[:n]...)
	rest := copy(a.queue, a.queue[n:])
	clear(a.queue[rest:])
	a.queue = a.queue[:rest]
	return batch
}

// alone applies the one request that waits, in the goroutine that waits for it.
// Where more wait, or anything is not as always, the applier's own goroutine is
// woken.
func (a *applier) alone() {
	if !a.turn.TryLock() {
		a.wake()
		return
	}
	defer a.turn.Unlock()
	a.mu.Lock()
	var r *request
	if len(a.queue) == 1 && a.queue[0].synced.isKnown() && !a.queue[0].synced.failed() {
		r = a.queue[0]
	}
	a.mu.Unlock()
	if r == nil || a.lost.Load() || a.s.flusher.ahead() || a.s.apply(a.context, r) != nil {
		a.wake()
		return
	}
	a.mu.Lock()
	rest := copy(a.queue, a.queue[1:]) // others are pushed behind it alone
	clear(a.queue[rest:])
	a.queue = a.queue[:rest]
	a.mu.Unlock()
}

// applyAll applies a batch and answers it. It returns false when the applier has
// to end without it: the journal keeps the batch for the next start.
func (a *applier) applyAll(batch []*request) bool {
	if len(batch) == 0 {
		return true
	}
	if !a.s.flusher.room(a.ending) {
		return a.leave(batch, errors.New("the index does not follow"))
	}
	// What rests on a hint without a record is certain when the index has the
	// hint: else the next start would not find it, and refuse what came behind.
	uncertain := a.lost.Swap(false) && !a.s.flusher.follow(a.ending)
	if uncertain {
		a.lost.Store(true)
	}
	for i, r := range batch {
		if r.synced.failed() {
			// Its effect may come at the next start, or never. Its intention
			// stays: a start that begins behind the record must find it.
			a.s.spill(resolves(r.op))
			a.s.flusher.ask()
			r.answer(fmt.Errorf("%w: %w", ErrUnknown, r.synced.err))
			continue
		}
		for pause := firstPause; ; pause = min(2*pause, lastPause) {
			if uncertain {
				r.answer(fmt.Errorf("%w: it rests on a step whose record was lost", ErrUnknown))
			}
			err := a.s.apply(a.context, r)
			if err == nil {
				break
			}
			a.s.stats.retries.Add(1)
			if pause > firstPause {
				// Nobody waits for a disk that may stay away. The records are
				// durable, so the effect comes sooner or later.
				a.s.failing(fmt.Errorf("applying the journal: %w", err))
				a.leave(batch[i:], err)
			}
			timer := time.NewTimer(pause)
			select {
			case <-timer.C:
			case <-a.ending:
				timer.Stop()
				return a.leave(batch[i:], err)
			}
		}
	}
	return true
}

// leave answers requests whose effect is not known yet.
func (a *applier) leave(batch []*request, err error) bool {
	for _, r := range batch {
		r.answer(fmt.Errorf("%w: applying the journal: %w", ErrUnknown, err))
	}
	return false
}

// answer tells whoever waits, once.
func (r *request) answer(err error) {
	if r.done != nil {
		r.done(err)
		r.done = nil
	}
}

// apply applies one record and answers it. An error is a fault, after which
// nothing has changed.
func (s *Store) apply(ctx context.Context, r *request) error {
	err := r.op.apply(ctx, s)
	switch {
	case errors.Is(err, errLater):
		s.live.mu.Lock()
		s.live.accounts = append(s.live.accounts, r)
		s.live.mu.Unlock()
	case err != nil && !isAnswer(err):
		return err
	}
	s.passed(r)
	if errors.Is(err, errLater) {
		s.flusher.ask()
		return nil
	}
	if st, ok := r.op.(*step); ok && err == nil {
		for _, list := range [][]message.Task{st.Queue, st.Again} {
			for _, t := range list {
				s.ring(t.Stage)
			}
		}
	}
	r.answer(err)
	return nil
}

// passed moves the position of what is applied.
func (s *Store) passed(r *request) {
	l := &s.live
	l.mu.Lock()
	l.applied = r.next
	l.records++
	l.appliedCount++
	n := l.records
	l.mu.Unlock()
	s.flusher.note(n)
	s.stats.applied.Add(1)
	s.feed.ring()
}

// record makes a record durable and applied. form gives the form in which it
// is applied, once it is known where the record is.
// check, when not nil, is asked before the record is written.
func (s *Store) record(ctx context.Context, r blobstore.Record, form func(blobstore.Appended) (op, error), check func() error) error {
	if s.applier.backlog() > maxBacklog {
		return fmt.Errorf("the index is %d records behind", maxBacklog)
	}
	done := make(chan error, 1)
	var waiting *request // of the writer's goroutine alone, until it is pushed
	fate := &durability{known: make(chan struct{})}
	within := false // the commit is made in this goroutine
	err := s.contents.Submit(ctx, []blobstore.Record{r}, blobstore.Watch{Check: check, Within: func() { within = true }, Written: func(a blobstore.Appended) {
		o, err := form(a)
		if err != nil {
			o, err = nothing{}, fmt.Errorf("reading back what was written: %w", err)
			s.options.Alarm(err)
		}
		waiting = &request{op: o, next: a.To, done: func(e error) {
			if e == nil {
				e = err
			}
			done <- e
		}}
		if !r.Lazy {
			waiting.synced = fate
		}
		s.applier.push(waiting)
	}, Then: func(_ blobstore.Appended, err error) {
		switch {
		case waiting != nil && r.Lazy: // it was answered when it was applied
			if err != nil {
				s.applier.lost.Store(true)
			}
			s.feed.ring() // only now a follower is given it
		case waiting != nil:
			fate.err = err
			close(fate.known)
			if !within {
				s.applier.wake()
			}
		case errors.Is(err, blobstore.ErrFull):
			done <- translate(err)
		case errors.Is(err, message.ErrReplaced): // it was not written
			done <- err
		default:
			done <- fmt.Errorf("%w: %w", ErrUnknown, err)
		}
	}})
	if err != nil {
		return translate(err)
	}
	if within {
		s.applier.alone()
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrUnknown, ctx.Err())
	}
}

// nothing is a record that cannot be applied.
type nothing struct{}
