package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	sqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"rem"
	"rem/edge/blobstore"
	"rem/message"
)

const (
	// flushAfter is how long the index lags behind the state when nobody asks
	// for it. A message's steps follow one another within such a time, and the
	// index is told of them once.
	flushAfter = 500 * time.Millisecond
	// flushAt is how many records do not wait that long.
	flushAt = 4096
	// checkpointPages is when the index's log is copied back: 8 MiB, which an
	// ordinary disk takes in a few milliseconds.
	checkpointPages = 2048
)

// flusher is the one goroutine that writes to SQLite: it brings the index to
// where the state is, in one transaction, again and again.
type flusher struct {
	s *Store
	x *index // owned by the goroutine once it runs; nil after a failure
	// flushes counts transactions since the last look at the log. Owned by the
	// goroutine.
	flushes int

	mu      sync.Mutex
	reached uint64        // guarded by mu: how many applied records the index has
	moved   chan struct{} // guarded by mu: closed when reached grows or SQLite fails

	asked   chan struct{} // something waits for the index
	changed chan struct{} // something is to be written
	ending  chan struct{}
	ended   chan struct{}
}

// progress is the row of that name.
type progress struct {
	applied, oldest blobstore.Position
	filed           int64
}

func (f *flusher) init(s *Store, x *index) {
	f.s, f.x = s, x
	f.moved = make(chan struct{})
	f.asked, f.changed = make(chan struct{}, 1), make(chan struct{}, 1)
	f.ending, f.ended = make(chan struct{}), make(chan struct{})
}

// stop writes what is to be written, unless SQLite is away, and ends.
func (f *flusher) stop() error {
	close(f.ending)
	<-f.ended
	if f.x != nil {
		return f.x.close()
	}
	return nil
}

// note tells that a record was applied; n are to be written.
func (f *flusher) note(n uint64) {
	select {
	case f.changed <- struct{}{}:
	default:
	}
	if n >= flushAt {
		f.ask()
	}
}

// ask tells that somebody waits for the index.
func (f *flusher) ask() {
	select {
	case f.asked <- struct{}{}:
	default:
	}
}

func (f *flusher) run() {
	defer close(f.ended)
	for {
		select {
		case <-f.changed:
			timer := time.NewTimer(flushAfter)
			select {
			case <-timer.C:
			case <-f.asked:
			case <-f.ending:
			}
			timer.Stop()
		case <-f.asked:
		case <-f.ending:
			f.flush()
			return
		}
		if !f.flush() {
			return
		}
	}
}

// progressed wakes those who wait for the index, or for news of it.
func (f *flusher) progressed(reached uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reached = max(f.reached, reached)
	close(f.moved)
	f.moved = make(chan struct{})
}

// position returns how far the index is, and what closes when that changes.
func (f *flusher) position() (uint64, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reached, f.moved
}

// ahead reports whether the state is so far ahead of the index that it waits.
func (f *flusher) ahead() bool {
	reached, _ := f.position()
	l := &f.s.live
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.appliedCount-reached >= maxAhead
}

// room waits until the state is not too far ahead. It returns false at the end.
func (f *flusher) room(ending <-chan struct{}) bool {
	for {
		_, moved := f.position()
		if !f.ahead() {
			return true
		}
		f.ask()
		select {
		case <-moved:
		case <-ending:
			return false
		}
	}
}

// follow waits until the index has all that is applied now. It returns false
// when a try fails meanwhile and SQLite stays away, when stop closes, and at the
// end.
func (f *flusher) follow(stop <-chan struct{}) bool {
	l := &f.s.live
	l.mu.Lock()
	want := l.appliedCount
	l.mu.Unlock()
	for {
		reached, moved := f.position()
		if reached >= want {
			return true
		}
		f.ask()
		select {
		case <-moved:
			if reached, _ := f.position(); reached < want && f.s.Fault() != nil {
				return false
			}
		case <-stop:
			return false
		case <-f.ended:
			return false
		}
	}
}

// catchUp waits until the index has all that is applied now. While the index
// cannot follow it waits for the next try alone: readers then see the past.
func (s *Store) catchUp(ctx context.Context) error {
	if s.flusher.follow(ctx.Done()) {
		return nil
	}
	return ctx.Err()
}

// flush writes what the index does not have, however often SQLite fails. It
// returns false when it has to end without: the journal keeps it for the next
// start.
func (f *flusher) flush() bool {
	next, reached, ok := f.begin()
	if !ok {
		return true
	}
	c := &f.s.live.flushing // nobody changes it until end
	failed := false
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		err := f.write(next, failed)
		if err == nil {
			break
		}
		failed = true
		f.s.stats.retries.Add(1)
		if pause > firstPause {
			f.s.failing(fmt.Errorf("writing the index: %w", err))
			for _, r := range c.accounts {
				r.answer(fmt.Errorf("%w: writing the index: %w", ErrUnknown, err))
			}
			f.progressed(0)
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-f.asked: // somebody waits: sooner, but not at once
			time.Sleep(firstPause)
			timer.Stop()
		case <-f.ending:
			timer.Stop()
			for _, r := range c.accounts {
				r.answer(fmt.Errorf("%w: writing the index: %w", ErrUnknown, err))
			}
			return false
		}
	}
	if failed {
		f.s.recovered()
	}
	f.end(reached)
	f.tend()
	return true
}

// begin takes what is to be written out of the state; ok is false when there is
// nothing.
func (f *flusher) begin() (next progress, reached uint64, ok bool) {
	s, l := f.s, &f.s.live
	s.mu.Lock()
	defer s.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.records == 0 && len(l.kept)+len(l.dropped) == 0 {
		return next, l.appliedCount, false
	}
	next = progress{applied: l.applied, filed: l.filed}
	next.oldest = s.oldest(l.applied)
	l.flushing, l.changes = l.changes, changes{}
	l.changes.init()
	return next, l.appliedCount, true
}

// oldest returns where the next start has to begin reading intentions. Those
// that would make it read more than two segments go into the index. The caller
// holds both locks.
func (s *Store) oldest(applied blobstore.Position) blobstore.Position {
	for e := s.intentions.order.Front(); e != nil; e = e.Next() {
		in := e.Value.(*intention)
		if in.inIndex || in.synced.failed() {
			continue
		}
		if in.at.Segment+1 < applied.Segment {
			in.inIndex = true
			s.live.kept = append(s.live.kept, in)
			continue
		}
		if in.at.Before(applied) {
			return in.at
		}
		break
	}
	return applied
}

// end does what follows from a committed transaction.
func (f *flusher) end(reached uint64) {
	s, l := f.s, &f.s.live
	s.stats.groups.Add(1)
	if len(l.flushing.accounts) > 0 {
		s.accounts.forget()
	}
	l.mu.Lock()
	done := l.flushing
	l.flushing = changes{}
	for id, c := range done.changed {
		if _, again := l.changed[id]; !again {
			s.views.put(id, c.after)
		}
	}
	l.mu.Unlock()
	f.progressed(reached)
	for _, r := range done.accounts {
		r.answer(r.result)
	}
	for _, r := range done.refused {
		s.options.Alarm(fmt.Errorf("what the index refuses of %s: %w", r.id, r.err))
	}
}

// write brings the index forward in one transaction. After an error the
// connection is closed: what became of the transaction is read from the index.
func (f *flusher) write(next progress, careful bool) (err error) {
	ctx := f.s.applier.context
	defer func() {
		if err != nil && f.x != nil {
			_ = f.x.close() // it has failed already
			f.x = nil
		}
	}()
	if f.x == nil {
		if f.x, err = openIndex(ctx, f.s.path); err != nil {
			return err
		}
		there, err := readProgress(ctx, f.x)
		if err != nil {
			return err
		}
		if there == next {
			return nil // it was committed, and only the answer was lost
		}
	}
	if err := f.fault("begin"); err != nil {
		return err
	}
	if _, err := f.x.exec(ctx, "begin"); err != nil {
		return err
	}
	c := &f.s.live.flushing
	c.refused = nil
	if err := f.writeAll(ctx, c, careful); err != nil {
		return err
	}
	_, err = f.x.exec(ctx, "advance", int64(next.applied.Segment), next.applied.Offset, int64(next.oldest.Segment), next.oldest.Offset, next.filed)
	if err != nil {
		return err
	}
	if err := f.fault("commit"); err != nil {
		return err
	}
	if _, err := f.x.exec(ctx, "commit"); err != nil {
		return err
	}
	return f.fault("committed")
}

func (f *flusher) fault(op string) error {
	if f.s.options.Fault == nil {
		return nil
	}
	return f.s.options.Fault(op)
}

// writeAll writes everything of c, the messages in the order of their numbers,
// so that rows stand side by side.
func (f *flusher) writeAll(ctx context.Context, c *changes, careful bool) error {
	x := f.x
	ids := slices.SortedFunc(maps.Keys(c.changed), func(a, b rem.MessageID) int {
		return cmp.Or(cmp.Compare(c.changed[a].after.seq, c.changed[b].after.seq), cmp.Compare(a, b))
	})
	for _, id := range ids {
		if err := f.one(ctx, c, id, careful); err != nil {
			return err
		}
	}
	for fingerprint, list := range c.prints {
		for _, p := range list {
			if _, err := x.exec(ctx, "addSubmission", p.day, fingerprint[:], string(p.id)); err != nil {
				return err
			}
		}
	}
	for id, m := range c.mailboxes {
		if _, err := x.exec(ctx, "setMailbox", string(id), m.uid, m.messages, m.bytes); err != nil {
			return err
		}
	}
	for _, n := range c.notes {
		if _, err := x.exec(ctx, "addNote", string(n.message), micros(n.at), n.text); err != nil {
			return err
		}
	}
	for key := range c.dropped {
		if _, err := x.exec(ctx, "dropIntention", key); err != nil {
			return err
		}
	}
	for _, in := range c.kept {
		if _, err := x.exec(ctx, "dropIntention", in.Key); err != nil {
			return err
		}
		_, err := x.exec(ctx, "keepIntention", in.Key, int64(in.Stage), micros(in.At), append([]byte{}, in.Body...), string(in.Content), int64(in.at.Segment), in.at.Offset)
		if err != nil {
			return err
		}
	}
	for _, r := range c.accounts {
		r.result = r.op.(*accountOp).write(ctx, x)
		if r.result != nil && !isAnswer(r.result) {
			return r.result
		}
	}
	return nil
}

// one writes one message. A row that SQLite refuses would stop the index for
// ever: when a transaction failed already, such a message is left out, with an
// alarm.
func (f *flusher) one(ctx context.Context, c *changes, id rem.MessageID, careful bool) error {
	if !careful {
		return f.message(ctx, id, c.changed[id])
	}
	if _, err := f.x.exec(ctx, "savepoint"); err != nil {
		return err
	}
	if err := f.message(ctx, id, c.changed[id]); err != nil {
		if !isRowsFault(err) {
			return err
		}
		if _, err := f.x.exec(ctx, "undo"); err != nil {
			return err
		}
		c.refused = append(c.refused, refused{id, err})
	}
	_, err := f.x.exec(ctx, "release")
	return err
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

// nobody is what the index has of a message that it does not know.
var nobody view

// message writes what has changed about a message.
func (f *flusher) message(ctx context.Context, id rem.MessageID, c change) error {
	x, before, v := f.x, c.before, c.after
	if before == nil {
		before = &nobody
	}
	fresh := v.known() && !before.known()
	if fresh {
		if _, err := x.exec(ctx, "addMessage", v.seq, string(id), string(v.record.Actor.Account), card(v.record)); err != nil {
			return err
		}
	}
	for i, s := range v.standings {
		switch {
		case fresh:
			var at mailCopy
			if j := v.copyOf(s.Recipient); j >= 0 {
				at = v.copies[j]
			}
			if _, err := x.exec(ctx, "addRecipient", v.seq, s.Recipient, int64(s.State), micros(s.Since), micros(s.Due), string(at.account), at.uid); err != nil {
				return err
			}
		case s != before.standings[i]:
			if _, err := x.exec(ctx, "move", int64(s.State), micros(s.Since), micros(s.Due), v.seq, s.Recipient); err != nil {
				return err
			}
		}
	}
	for i, e := range v.copies {
		if i >= len(before.copies) {
			_, err := x.exec(ctx, "addEntry", string(e.account), e.uid, string(id), e.recipient, micros(e.arrived), e.size, micros(e.opened), string(e.by))
			if err == nil && !fresh {
				_, err = x.exec(ctx, "putPlace", string(e.account), e.uid, v.seq, e.recipient)
			}
			if err != nil {
				return err
			}
		} else if !e.opened.Equal(before.copies[i].opened) {
			if _, err := x.exec(ctx, "open", micros(e.opened), string(e.by), string(e.account), e.uid); err != nil {
				return err
			}
		}
	}
	for i := len(before.filed); i < len(v.filed); i++ {
		e := &v.filed[i]
		_, err := x.exec(ctx, "file", v.seq, e.Recipient, int64(e.Kind), e.Issuer, flag(e.Conflict), v.numbers[i], string(e.ID), int64(e.Outcome),
			micros(e.Time), flag(e.NoInformation), joinReasons(e.Reasons), e.Digest[:], string(e.Ref))
		if err != nil {
			return err
		}
	}
	if v.envelope && !before.envelope {
		if _, err := x.exec(ctx, "keepEnvelope", v.seq, v.head.String(), v.tail.String()); err != nil {
			return err
		}
	}
	return f.tasks(ctx, before, v)
}

// tasks writes what has changed in the queues.
func (f *flusher) tasks(ctx context.Context, before, v *view) error {
	for _, t := range before.tasks {
		if v.task(t.Stage, t.Target) >= 0 {
			continue
		}
		if _, err := f.x.exec(ctx, "dropTask", int64(t.Stage), string(t.Message), t.Target); err != nil {
			return err
		}
	}
	for _, t := range v.tasks {
		if i := before.task(t.Stage, t.Target); i >= 0 && sameTask(before.tasks[i], t) {
			continue
		}
		if _, err := f.x.exec(ctx, "putTask", int64(t.Stage), string(t.Message), t.Target, micros(t.Due), t.Attempts); err != nil {
			return err
		}
	}
	return nil
}

func sameTask(a, b message.Task) bool { return a.Due.Equal(b.Due) && a.Attempts == b.Attempts }
