package sqlstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"rem"
	"rem/edge/blobstore"
	"rem/message"
	"rem/person/account"
)

// isAnswer reports whether an op's error is its result, so that nothing of it
// was applied and the next one follows.
func isAnswer(err error) bool {
	return errors.Is(err, message.ErrMoved) || errors.Is(err, message.ErrNotFound) ||
		errors.Is(err, account.ErrTaken) || errors.Is(err, account.ErrNotFound) || errors.Is(err, account.ErrChanged) || errors.Is(err, errDiffers)
}

// errDiffers: an account's address or holder is for ever.
var errDiffers = errors.New("an account keeps its address and its holder")

// Commit applies a step. See [message.Ledger].
func (s *Store) Commit(ctx context.Context, st message.Step) error {
	return s.commit(ctx, &st, false)
}

// Hint applies a step that may be lost with the power. It has its place in the
// journal, so that after a crash the steps behind it meet what they met before;
// it only does not wait for the sync. One that moves a recipient or brings
// something waits all the same: what comes behind rests on it, and would be lost
// with it when its segment cannot be synced.
func (s *Store) Hint(ctx context.Context, st message.Step) error {
	return s.commit(ctx, &st, len(st.Changes)+len(st.Filed)+len(st.Arrivals)+st.Opens == 0 && st.New == nil && st.Envelope == nil)
}

func (s *Store) commit(ctx context.Context, st *message.Step, lazy bool) error {
	meta, content := encodeStep(st)
	r := blobstore.Record{Kind: kindStep, Meta: meta, Content: content, Inline: true, Promised: true, Lazy: lazy}
	form := func(a blobstore.Appended) (op, error) { return decodeStep(meta, a.Refs[0]) }
	err := s.record(ctx, r, form, func() error {
		// A step must not outlive the content that its intention was to keep.
		s.mu.Lock()
		defer s.mu.Unlock()
		if in := s.intentions.get(st.Resolves); in != nil && in.synced.failed() {
			return fmt.Errorf("its intention was lost: %w", in.synced.err)
		} else if in != nil && st.New != nil && st.New.Original != "" && in.Content != st.New.Original {
			return message.ErrReplaced
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("committing a step of %s: %w", st.Message, err)
	}
	return nil
}

// apply decides by what stands, and changes the state when the step holds: a
// step that came too late has changed nothing.
func (st *step) apply(ctx context.Context, s *Store) error {
	id := st.Message
	if st.New != nil {
		id = st.New.ID
	}
	before, err := s.look(ctx, id)
	if err != nil {
		return err
	}
	after, err := st.check(ctx, s, before)
	switch {
	case errors.Is(err, errSame):
		s.resolve(st.Resolves)
		return nil
	case isAnswer(err):
		// The intention stays, although a reader of the journal would take it
		// for resolved: the index remembers it.
		s.spill(st.Resolves)
		return err
	case err != nil:
		return err
	}
	boxes, err := st.arrive(ctx, s, after)
	if err != nil {
		return err
	}
	// From here on nothing fails but the reading of another message's tasks.
	elsewhere, err := st.elsewhere(ctx, s, id)
	if err != nil {
		return err
	}
	l := &s.live
	l.mu.Lock()
	for account, m := range boxes {
		l.setMailbox(account, m)
		l.entries[account] = append(l.entries[account], id)
	}
	if i := after.copyOf(st.Opens); i >= 0 {
		account := after.copies[i].account
		l.entries[account] = append(l.entries[account], id)
	}
	if st.New != nil {
		l.seq++
		after.seq = l.seq
		if !st.Fingerprint.IsZero() {
			p := print{day(st.At), st.New.ID}
			l.prints[st.Fingerprint] = append(l.prints[st.Fingerprint], p)
			l.sieve.add(p.day, &st.Fingerprint)
		}
	}
	st.file(l, after)
	if st.Note != "" {
		l.notes = append(l.notes, note{st.Message, st.At, st.Note})
	}
	st.schedule(l, id, after)
	if before != nil || after.known() || len(after.tasks) > 0 {
		s.set(id, before, after)
	}
	for other, v := range elsewhere {
		changed := *v
		st.schedule(l, other, &changed)
		s.set(other, v, &changed)
	}
	l.mu.Unlock()
	s.resolve(st.Resolves)
	return nil
}

// errSame: the step was applied before, and its result stands.
var errSame = errors.New("the same step again")

// check returns the message as the step's changes leave it, or ErrMoved,
// ErrNotFound or errSame.
func (st *step) check(ctx context.Context, s *Store, before *view) (*view, error) {
	if st.New != nil {
		return st.begin(ctx, s, before)
	}
	if !before.known() {
		if len(st.Changes)+len(st.Filed)+len(st.Arrivals)+st.Opens > 0 || st.envelope {
			return nil, message.ErrNotFound
		}
		if before == nil {
			return &view{}, nil // tasks and notes need no message
		}
	}
	after := *before
	if len(st.Changes) > 0 {
		after.standings = slices.Clone(before.standings)
	}
	for _, c := range st.Changes {
		i := after.standing(c.Recipient)
		if i < 0 || after.standings[i].State != c.From {
			return nil, st.sameOrMoved(before)
		}
		after.standings[i] = message.Standing{Recipient: c.Recipient, State: c.To, Since: st.At, Due: c.Due}
	}
	return &after, nil
}

// begin makes the message ours.
func (st *step) begin(ctx context.Context, s *Store, before *view) (*view, error) {
	if !st.Fingerprint.IsZero() {
		other, ok, err := s.submitted(ctx, st.Fingerprint, fingerprintDays(st.At))
		if err != nil {
			return nil, err
		}
		if ok && other != st.New.ID {
			return nil, message.ErrMoved
		}
	}
	seen := make(map[int]bool, len(st.Changes))
	for _, c := range st.Changes {
		if c.From != message.None || c.Recipient < 1 || c.Recipient > len(st.New.Recipients) || seen[c.Recipient] {
			return nil, message.ErrMoved
		}
		seen[c.Recipient] = true
	}
	if before.known() {
		if !bytes.Equal(card(before.record), card(st.New)) {
			return nil, message.ErrMoved
		}
		return nil, st.sameOrMoved(before)
	}
	after := &view{record: st.New, standings: st.first()}
	if before != nil {
		after.tasks = before.tasks
	}
	return after, nil
}

// first gives the standings of a new message.
func (st *step) first() []message.Standing {
	list := make([]message.Standing, len(st.New.Recipients))
	for i := range list {
		list[i] = message.Standing{Recipient: i + 1, Since: st.At}
	}
	for _, c := range st.Changes {
		s := &list[c.Recipient-1] // begin has checked that it is one of them
		s.State, s.Due = c.To, c.Due
	}
	return list
}

// sameOrMoved tells the same step a second time from another one: every change
// it asks for stands as it would have left it, and every evidence is there with
// its outcome.
func (st *step) sameOrMoved(v *view) error {
	if st.New == nil {
		last := make(map[int]message.Change)
		for _, c := range st.Changes {
			last[c.Recipient] = c
		}
		for n, c := range last {
			i := v.standing(n)
			if i < 0 || v.standings[i].State != c.To || !v.standings[i].Since.Equal(st.At) {
				return message.ErrMoved
			}
		}
	}
	for i := range st.Filed {
		f := v.filedAs(&st.Filed[i])
		if f == nil || f.Outcome != st.Filed[i].Outcome {
			return message.ErrMoved
		}
	}
	return errSame
}

// arrive puts copies into mailboxes and marks those that were opened. It returns
// the counters that change.
func (st *step) arrive(ctx context.Context, s *Store, v *view) (map[rem.AccountID]mailbox, error) {
	var boxes map[rem.AccountID]mailbox
	for _, a := range st.Arrivals {
		if v.standing(a.Recipient) < 0 || v.copyOf(a.Recipient) >= 0 {
			continue // no such recipient, or it arrived before
		}
		m, ok := boxes[a.Account]
		if !ok {
			var err error
			if m, err = s.mailbox(ctx, a.Account); err != nil {
				return nil, err
			}
		}
		m.uid++
		m.messages++
		m.bytes += a.Size
		if boxes == nil {
			boxes = make(map[rem.AccountID]mailbox)
		}
		boxes[a.Account] = m
		v.copies = append(v.copies, mailCopy{recipient: a.Recipient, account: a.Account, uid: m.uid, arrived: a.Time, size: a.Size})
	}
	if i := v.copyOf(st.Opens); i >= 0 && v.copies[i].opened.IsZero() {
		v.copies = slices.Clone(v.copies)
		v.copies[i].opened, v.copies[i].by = st.At, st.Actor.Person
	}
	return boxes, nil
}

// file files the evidence and the envelope. The caller holds the state's lock.
func (st *step) file(l *live, v *view) {
	for i := range st.Filed {
		f := st.Filed[i]
		f.Ref = message.Ref(st.filed[i].String())
		if v.filedAs(&f) == nil { // else the first one stands
			v.filed, v.numbers = append(v.filed, f), append(v.numbers, l.filed)
		}
		l.filed++
	}
	if st.envelope && !v.envelope {
		v.envelope, v.head, v.tail = true, st.envHead, st.envTail
	}
}

// elsewhere returns the other messages whose tasks the step changes.
func (st *step) elsewhere(ctx context.Context, s *Store, id rem.MessageID) (map[rem.MessageID]*view, error) {
	var m map[rem.MessageID]*view
	for _, list := range [][]message.Task{st.Done, st.Queue, st.Again} {
		for _, t := range list {
			if t.Message == id || m[t.Message] != nil {
				continue
			}
			v, err := s.look(ctx, t.Message)
			if err != nil {
				return nil, err
			}
			if v == nil {
				v = new(view)
			}
			if m == nil {
				m = make(map[rem.MessageID]*view)
			}
			m[t.Message] = v
		}
	}
	return m, nil
}

// schedule changes the tasks of one message. The caller holds the state's lock.
func (st *step) schedule(l *live, id rem.MessageID, v *view) {
	own := false
	at := func(t *message.Task) int {
		if !own && len(v.tasks) > 0 {
			v.tasks = slices.Clone(v.tasks)
		}
		own = true
		return v.task(t.Stage, t.Target)
	}
	put := func(i int, t message.Task) {
		if i < 0 {
			v.tasks = append(v.tasks, t)
		} else {
			l.unqueue(v.tasks[i])
			v.tasks[i] = t
		}
		l.queue(t)
	}
	for _, t := range st.Done {
		if t.Message != id {
			continue
		}
		if i := at(&t); i >= 0 {
			l.unqueue(v.tasks[i])
			v.tasks = slices.Delete(v.tasks, i, i+1)
		}
	}
	for _, t := range st.Queue {
		if t.Message != id {
			continue
		}
		i := at(&t)
		if i >= 0 {
			there := v.tasks[i]
			if !t.Due.Before(there.Due) {
				continue
			}
			t.Attempts = there.Attempts
		}
		put(i, t)
	}
	for _, t := range st.Again {
		if t.Message != id {
			continue
		}
		i := at(&t)
		if i >= 0 {
			t.Attempts = v.tasks[i].Attempts
		}
		t.Attempts++
		put(i, t)
	}
}

// queue and unqueue keep the tasks of a stage in order. The caller holds mu.
func (l *live) queue(t message.Task) {
	if int(t.Stage) < stages {
		l.queues[t.Stage].put(t)
	}
}

func (l *live) unqueue(t message.Task) {
	if int(t.Stage) < stages {
		l.queues[t.Stage].drop(t)
	}
}

// apply of an act on an account leaves it to the flusher, which answers it.
func (o *accountOp) apply(context.Context, *Store) error { return errLater }

// errLater: what became of it is known when the index has it.
var errLater = errors.New("not yet known")

// apply is that of an abandoned intention.
func (key abandon) apply(_ context.Context, s *Store) error {
	s.resolve(string(key))
	return nil
}

func (nothing) apply(context.Context, *Store) error { return nil }

// resolve takes an intention out.
func (s *Store) resolve(key string) {
	if key == "" {
		return
	}
	s.mu.Lock()
	in := s.intentions.get(key)
	s.intentions.remove(key)
	s.mu.Unlock()
	if in != nil && in.inIndex {
		l := &s.live
		l.mu.Lock()
		l.kept = slices.DeleteFunc(l.kept, func(k *intention) bool { return k == in })
		l.dropped[key] = struct{}{}
		l.mu.Unlock()
	}
}

// spill makes the index remember an intention.
func (s *Store) spill(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if in := s.intentions.get(key); in != nil && !in.inIndex && !in.synced.failed() {
		in.inIndex = true
		s.live.mu.Lock()
		s.live.kept = append(s.live.kept, in)
		s.live.mu.Unlock()
	}
}

// day is the number of the day, by which fingerprints are kept together.
func day(t time.Time) int64 { return t.Unix() / 86400 }

// fingerprintDays are today and the two days before it.
func fingerprintDays(t time.Time) [3]int64 { return [3]int64{day(t), day(t) - 1, day(t) - 2} }

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
