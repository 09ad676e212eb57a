package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	sqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"rem/edge/blobstore"
	"rem/message"
)

const (
	// maxGroup bounds one transaction, so that its callers do not wait for
	// everybody's work.
	maxGroup = 256
	// maxBacklog bounds what waits while SQLite is away; behind it writers are
	// refused.
	maxBacklog = 10_000
	// The pauses between two tries to reach SQLite.
	firstPause = 20 * time.Millisecond
	lastPause  = time.Second
	// checkpointPages is when the index's log is copied back: 8 MiB, which an
	// ordinary disk takes in a few milliseconds.
	checkpointPages = 2048
)

// An op is a record in the form in which it is applied.
type op interface {
	apply(ctx context.Context, t *transaction) error
}

// A request is an op that waits for the applier. It comes when its record is
// written, so that it is applied while the disk syncs, and is committed and
// answered when the record is durable.
type request struct {
	op   op
	from blobstore.Position
	next blobstore.Position
	err  error // what apply said, once it was applied
	done func(error)

	synced *durability // of the record; nil when it is durable
}

// wait returns nil when the record is durable, or why it is not.
func (r *request) wait() error {
	if r.synced == nil {
		return nil
	}
	<-r.synced.known // bounded by the disk
	return r.synced.err
}

// isSynced reports whether it is known what became of the record.
func (r *request) isSynced() bool {
	if r.synced == nil {
		return true
	}
	select {
	case <-r.synced.known:
		return true
	default:
		return false
	}
}

// applier is the one goroutine that writes to SQLite.
type applier struct {
	s     *Store
	x     *index // owned by the goroutine once it runs; nil after a failure
	at    progress
	tries int // owned by the goroutine: transactions since the last look at the log
	// unsure is set once a transaction's end was not seen: from then on the
	// index may hold intentions that are not marked so. Owned by the goroutine.
	unsure bool

	mu      sync.Mutex
	queue   []*request // guarded by mu
	wakeup  chan struct{}
	ending  chan struct{}
	ended   chan struct{}
	context context.Context // ends with the applier
	cancel  context.CancelFunc
}

// progress is the row of that name.
type progress struct {
	applied, oldest blobstore.Position
	filed           int64
}

func (a *applier) init(s *Store, x *index) {
	a.s, a.x = s, x
	a.wakeup, a.ending, a.ended = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	a.context, a.cancel = context.WithCancel(context.Background())
}

func (a *applier) start() { go a.run() }

// stop applies what waits, unless SQLite is away, and ends.
func (a *applier) stop() error {
	close(a.ending)
	<-a.ended
	a.cancel()
	if a.x != nil {
		return a.x.close()
	}
	return nil
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
	select {
	case a.wakeup <- struct{}{}:
	default:
	}
}

func (a *applier) run() {
	defer close(a.ended)
	var batch []*request
	for {
		batch = a.take(batch[:0])
		if len(batch) > 0 {
			if !a.applyAll(batch) {
				return
			}
			clear(batch)
			continue
		}
		select {
		case <-a.wakeup:
		case <-a.ending:
			if a.backlog() == 0 {
				return
			}
		}
	}
}

// take returns the oldest requests: those whose records are synced, or, when
// there is none, those of the commit that is being synced. The former never
// wait for the latter's sync.
func (a *applier) take(batch []*request) []*request {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for n < len(a.queue) && n < maxGroup && a.queue[n].isSynced() {
		n++
	}
	if n == 0 {
		n = min(len(a.queue), maxGroup)
	}
	batch = append(batch, a.queue[:n]...)
	rest := copy(a.queue, a.queue[n:])
	clear(a.queue[rest:])
	a.queue = a.queue[:rest]
	return batch
}

// applyAll applies a batch however often SQLite fails, and answers it. It
// returns false when the applier has to end without it: the journal keeps the
// batch for the next start.
func (a *applier) applyAll(batch []*request) bool {
	answered := false
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		err := a.try(batch, answered)
		if errors.Is(err, errNotDurable) {
			batch = refuse(batch)
			pause = firstPause / 2
			if len(batch) == 0 {
				return true
			}
			continue
		}
		if err == nil {
			if answered {
				a.setFault(nil)
			}
			break
		}
		a.s.stats.retries.Add(1)
		if !answered && pause > firstPause {
			// Nobody waits for a disk that may stay away. The records are
			// durable, so the effect comes sooner or later.
			answered = true
			a.setFault(err)
			a.s.options.Alarm(fmt.Errorf("applying the journal: %w", err))
			for _, r := range batch {
				r.done(fmt.Errorf("%w: applying the journal: %w", ErrUnknown, err))
			}
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-a.ending:
			timer.Stop()
			if !answered {
				for _, r := range batch {
					r.done(fmt.Errorf("%w: applying the journal: %w", ErrUnknown, err))
				}
			}
			return false
		}
	}
	if !answered {
		for _, r := range batch {
			r.done(r.err)
		}
	}
	a.tend()
	return true
}

// errNotDurable: a record of the batch was written and did not become durable.
// Its effect is not committed.
var errNotDurable = errors.New("a record is not durable")

// settle waits until every record of a batch is durable.
func settle(batch []*request) error {
	for _, r := range batch {
		if r.wait() != nil {
			return errNotDurable
		}
	}
	return nil
}

// refuse answers those of a batch that did not become durable and returns the
// others.
func refuse(batch []*request) []*request {
	kept := batch[:0]
	for _, r := range batch {
		err := r.wait()
		if err == nil {
			kept = append(kept, r)
			continue
		}
		r.done(fmt.Errorf("%w: %w", ErrUnknown, err))
	}
	return kept
}

func (a *applier) setFault(err error) {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	a.s.fault = err
}

// try applies a batch in one transaction. After an error the connection is
// closed: what became of the transaction is read from the index itself.
func (a *applier) try(batch []*request, careful bool) (err error) {
	ctx := a.context
	defer func() {
		if err != nil && err != errNotDurable && a.x != nil {
			_ = a.x.close() // it has failed already
			a.x, a.unsure = nil, true
			a.s.views.clear()
		}
	}()
	if a.x == nil {
		if a.x, err = openIndex(ctx, a.s.path); err != nil {
			return err
		}
		careful = true
		if a.at, err = readProgress(ctx, a.x); err != nil {
			return err
		}
		if err = settle(batch); err != nil {
			return err
		}
		if !a.at.applied.Before(batch[len(batch)-1].next) {
			// The transaction was committed and only its answer was lost; r.err
			// holds what it said.
			a.finish(batch)
			return nil
		}
	}
	if err := a.asked("begin"); err != nil {
		return err
	}
	if _, err := a.x.exec(ctx, "begin"); err != nil {
		return err
	}
	t := &transaction{x: a.x, s: a.s, filed: a.at.filed, unsure: a.unsure, careful: careful}
	for _, r := range batch {
		if r.err, err = a.one(ctx, t, r, careful); err != nil {
			return err
		}
	}
	next := progress{applied: batch[len(batch)-1].next, filed: t.filed}
	if next.oldest, err = a.oldest(ctx, t, next.applied); err != nil {
		return err
	}
	_, err = a.x.exec(ctx, "advance", int64(next.applied.Segment), next.applied.Offset, int64(next.oldest.Segment), next.oldest.Offset, next.filed)
	if err != nil {
		return err
	}
	if err := settle(batch); err != nil {
		if _, undo := a.x.exec(ctx, "rollback"); undo != nil {
			return errors.Join(err, undo) // the connection goes, and the transaction with it
		}
		return err
	}
	a.s.views.hide(t.changed)
	if err := a.asked("commit"); err != nil {
		return err
	}
	if _, err := a.x.exec(ctx, "commit"); err != nil {
		return err
	}
	if err := a.asked("committed"); err != nil {
		return err
	}
	a.at = next
	for _, in := range t.spilled {
		in.inIndex = true
	}
	a.s.views.show(t.changed)
	a.finish(batch)
	return nil
}

func (a *applier) asked(what string) error {
	if a.s.options.Fault == nil {
		return nil
	}
	return a.s.options.Fault(what)
}

// one applies one request. The first result is the answer to its caller, the
// second ends the whole transaction. Nothing of an op that gives an answer was
// written: it looks before it writes. Only a fault of ours can break that, such
// as a row that the schema refuses; then the transaction is tried again with a
// savepoint around each op, and the faulty one alone is undone.
func (a *applier) one(ctx context.Context, t *transaction, r *request, careful bool) (answer, err error) {
	if careful {
		if _, err := a.x.exec(ctx, "savepoint"); err != nil {
			return nil, err
		}
	}
	t.begin()
	answer = r.op.apply(ctx, t)
	if answer != nil && !isAnswer(answer) {
		if !careful || !isRowsFault(answer) {
			return nil, answer
		}
		if _, err := a.x.exec(ctx, "undo"); err != nil {
			return nil, err
		}
		t.undo()
		a.s.options.Alarm(fmt.Errorf("a record that the index refuses, at %v: %w", r.from, answer))
	}
	if careful {
		if _, err := a.x.exec(ctx, "release"); err != nil {
			return nil, err
		}
	}
	return answer, nil
}

// isRowsFault reports whether SQLite refused what was to be written, and not
// the disk, the memory or another process.
func isRowsFault(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_RANGE:
		return true
	}
	return false
}

// finish does what follows from a committed batch in memory.
func (a *applier) finish(batch []*request) {
	a.s.stats.groups.Add(1)
	a.s.stats.applied.Add(uint64(len(batch)))
	a.s.mu.Lock()
	for _, r := range batch {
		if r.err == nil {
			if key := resolves(r.op); key != "" {
				a.s.intentions.remove(key)
			}
		}
	}
	a.s.mu.Unlock()
	if slices.ContainsFunc(batch, func(r *request) bool { _, ok := r.op.(*accountOp); return ok }) {
		a.s.accounts.forget()
	}
	for _, r := range batch {
		if s, ok := r.op.(*step); ok && r.err == nil {
			for _, list := range [][]message.Task{s.Queue, s.Again} {
				for _, t := range list {
					a.s.ring(t.Stage)
				}
			}
		}
	}
}

// resolves returns the intention that an op ends, or "".
func resolves(o op) string {
	switch o := o.(type) {
	case *step:
		return o.Resolves
	case abandon:
		return string(o)
	}
	return ""
}

// record makes a record durable and applied. make gives the form in which it
// is applied, once it is known where the record is.
// check, when not nil, is asked before the record is written.
func (s *Store) record(ctx context.Context, r blobstore.Record, form func(blobstore.Appended) (op, error), check func() error) error {
	if s.applier.backlog() > maxBacklog {
		return fmt.Errorf("the index is %d records behind", maxBacklog)
	}
	done := make(chan error, 1)
	var waiting *request // of the writer's goroutine alone, until it is pushed
	fate := &durability{known: make(chan struct{})}
	err := s.contents.Submit(ctx, []blobstore.Record{r}, blobstore.Watch{Check: check, Written: func(a blobstore.Appended) {
		o, err := form(a)
		if err != nil {
			o, err = nothing{}, fmt.Errorf("reading back what was written: %w", err)
			s.options.Alarm(err)
		}
		waiting = &request{op: o, from: a.From, next: a.To, done: func(e error) {
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
		case waiting != nil:
			fate.err = err
			close(fate.known)
		case errors.Is(err, blobstore.ErrFull):
			done <- translate(err)
		default:
			done <- fmt.Errorf("%w: %w", ErrUnknown, err)
		}
	}})
	if err != nil {
		return translate(err)
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

func (nothing) apply(context.Context, *transaction) error { return nil }
