package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"rem"
	"rem/edge/blobstore"
	"rem/message"
	"rem/person/account"
)

// A transaction is one of the index, in which many ops are applied.
type transaction struct {
	x       *index
	s       *Store
	filed   int64 // evidences filed so far, in all
	before  int64 // filed when the present op began
	spilled []*intention
	unsure  bool
	careful bool // an op that was applied may yet be undone
	// changed holds the messages that were changed, nil for what has to be read.
	changed map[rem.MessageID]*view
}

func (t *transaction) begin() { t.before = t.filed }
func (t *transaction) undo()  { t.filed = t.before }

// isAnswer reports whether an op's error is its result, so that nothing of it
// was written and the transaction goes on.
func isAnswer(err error) bool {
	return errors.Is(err, message.ErrMoved) || errors.Is(err, message.ErrNotFound) ||
		errors.Is(err, account.ErrTaken) || errors.Is(err, account.ErrNotFound) || errors.Is(err, errDiffers)
}

// errDiffers: an account's address or holder is for ever.
var errDiffers = errors.New("an account keeps its address and its holder")

// resolve takes an intention out of the index, where it is there.
func (t *transaction) resolve(ctx context.Context, key string) error {
	if key == "" {
		return nil
	}
	if !t.unsure {
		t.s.mu.Lock()
		in := t.s.intentions.get(key)
		t.s.mu.Unlock()
		if in == nil || !in.inIndex {
			return nil
		}
	}
	_, err := t.x.exec(ctx, "dropIntention", key)
	return err
}

// spill puts an intention into the index.
func (t *transaction) spill(ctx context.Context, in *intention) error {
	_, err := t.x.exec(ctx, "keepIntention", in.Key, int64(in.Stage), micros(in.At), append([]byte{}, in.Body...), string(in.Content), int64(in.at.Segment), in.at.Offset)
	t.spilled = append(t.spilled, in)
	return err
}

// Commit applies a step. See [message.Ledger].
func (s *Store) Commit(ctx context.Context, st message.Step) error {
	return s.commit(ctx, &st, false)
}

// Hint applies a step that may be lost with the power. It has its place in the
// journal, so that after a crash the steps behind it meet what they met before;
// it only does not wait for the sync.
func (s *Store) Hint(ctx context.Context, st message.Step) error {
	return s.commit(ctx, &st, true)
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
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("committing a step of %s: %w", st.Message, err)
	}
	return nil
}

// apply looks first and writes then, so that a step which came too late has
// written nothing.
func (st *step) apply(ctx context.Context, t *transaction) error {
	seq, err := st.check(ctx, t)
	switch {
	case errors.Is(err, errSame):
		return t.resolve(ctx, st.Resolves)
	case isAnswer(err):
		// The intention stays, although a reader of the journal would take it
		// for resolved: the index remembers it.
		t.s.mu.Lock()
		in := t.s.intentions.get(st.Resolves)
		t.s.mu.Unlock()
		if in != nil && !in.inIndex {
			if err := t.spill(ctx, in); err != nil {
				return err
			}
		}
		return err
	case err != nil:
		return err
	}
	for _, write := range []func(context.Context, *transaction, int64) error{st.file, st.arrive, st.schedule} {
		if err := write(ctx, t, seq); err != nil {
			return err
		}
	}
	t.see(st, seq)
	return t.resolve(ctx, st.Resolves)
}

// errSame: the step was applied before, and its result stands.
var errSame = errors.New("the same step again")

// check finds the message or makes it, and moves the standings. It returns
// ErrMoved, ErrNotFound or errSame before anything was written.
func (st *step) check(ctx context.Context, t *transaction) (seq int64, err error) {
	if st.New != nil {
		return st.begin(ctx, t)
	}
	if v := t.view(st.Message); v != nil {
		seq = v.seq
	} else if m, ok := t.s.records.get(st.Message); ok {
		seq = m.seq
	} else {
		ok, err := t.x.row(ctx, "messageSeq", []any{string(st.Message)}, &seq)
		if err != nil {
			return 0, err
		}
		if !ok {
			if len(st.Changes)+len(st.Filed)+len(st.Arrivals)+st.Opens > 0 || st.envelope {
				return 0, message.ErrNotFound
			}
			return 0, nil // tasks and notes need no message
		}
	}
	switch len(st.Changes) {
	case 0:
		return seq, nil
	case 1:
		c := &st.Changes[0]
		n, err := t.x.exec(ctx, "moveFrom", int64(c.To), micros(st.At), micros(c.Due), seq, c.Recipient, int64(c.From))
		if err != nil || n == 1 {
			return seq, err
		}
	}
	now, err := t.standings(ctx, seq)
	if err != nil {
		return 0, err
	}
	after := make(map[int]message.Standing, len(st.Changes))
	moved := false
	for _, c := range st.Changes {
		s, ok := after[c.Recipient]
		if !ok {
			s, ok = now[c.Recipient]
		}
		if !ok || s.State != c.From {
			moved = true
			break
		}
		after[c.Recipient] = message.Standing{Recipient: c.Recipient, State: c.To, Since: st.At, Due: c.Due}
	}
	if moved {
		return 0, st.sameOrMoved(ctx, t, seq, now)
	}
	for n, s := range after {
		if _, err := t.x.exec(ctx, "move", int64(s.State), micros(s.Since), micros(s.Due), seq, n); err != nil {
			return 0, err
		}
	}
	return seq, nil
}

// begin makes the message ours.
func (st *step) begin(ctx context.Context, t *transaction) (int64, error) {
	written := card(st.New)
	if !st.Fingerprint.IsZero() {
		var other string
		days := fingerprintDays(st.At)
		ok, err := t.x.row(ctx, "submitted", []any{days[0], days[1], days[2], st.Fingerprint[:]}, &other)
		if err != nil {
			return 0, err
		}
		if ok && other != string(st.New.ID) {
			return 0, message.ErrMoved
		}
	}
	at := make(map[int]bool, len(st.Changes))
	for _, c := range st.Changes {
		if c.From != message.None || c.Recipient < 1 || c.Recipient > len(st.New.Recipients) || at[c.Recipient] {
			return 0, message.ErrMoved
		}
		at[c.Recipient] = true
	}
	var seq int64
	added, err := t.x.row(ctx, "addMessage", []any{string(st.New.ID), string(st.New.Actor.Account), written}, &seq)
	if err != nil {
		return 0, err
	}
	if !added {
		var there []byte
		if _, err := t.x.row(ctx, "findMessage", []any{string(st.New.ID)}, &seq, &there); err != nil {
			return 0, err
		}
		if !bytes.Equal(there, written) {
			return 0, message.ErrMoved
		}
		return 0, st.sameOrMoved(ctx, t, seq, nil)
	}
	for _, s := range st.first() {
		if _, err := t.x.exec(ctx, "addRecipient", seq, s.Recipient, int64(s.State), micros(s.Since), micros(s.Due)); err != nil {
			return 0, err
		}
	}
	if !st.Fingerprint.IsZero() {
		if _, err := t.x.exec(ctx, "addSubmission", day(st.At), st.Fingerprint[:], string(st.New.ID)); err != nil {
			return 0, err
		}
	}
	return seq, nil
}

// sameOrMoved tells the same step a second time from another one: every change
// it asks for stands as it would have left it, and every evidence is there with
// its outcome.
func (st *step) sameOrMoved(ctx context.Context, t *transaction, seq int64, now map[int]message.Standing) error {
	if st.New == nil {
		last := make(map[int]message.Change)
		for _, c := range st.Changes {
			last[c.Recipient] = c
		}
		for n, c := range last {
			if s := now[n]; s.State != c.To || !s.Since.Equal(st.At) {
				return message.ErrMoved
			}
		}
	}
	for i := range st.Filed {
		f := &st.Filed[i]
		var outcome int64
		ok, err := t.x.row(ctx, "filedAs", []any{seq, f.Recipient, int64(f.Kind), f.Issuer, flag(f.Conflict)}, &outcome)
		if err != nil {
			return err
		}
		if !ok || outcome != int64(f.Outcome) {
			return message.ErrMoved
		}
	}
	return errSame
}

func (t *transaction) standings(ctx context.Context, seq int64) (map[int]message.Standing, error) {
	m := make(map[int]message.Standing)
	err := t.x.rows(ctx, "standings", []any{seq}, func(rows *sql.Rows) error {
		s, err := scanStanding(rows)
		m[s.Recipient] = s
		return err
	})
	return m, err
}

// file files the evidence and the envelope.
func (st *step) file(ctx context.Context, t *transaction, seq int64) error {
	st.added = nil // it may have been applied in a transaction that came to nothing
	for i := range st.Filed {
		f := st.Filed[i]
		reasons := joinReasons(f.Reasons)
		f.Reasons, f.Ref = splitReasons(reasons), message.Ref(st.filed[i].String())
		n, err := t.x.exec(ctx, "file", seq, f.Recipient, int64(f.Kind), f.Issuer, flag(f.Conflict), t.filed, string(f.ID), int64(f.Outcome),
			micros(f.Time), flag(f.NoInformation), reasons, f.Digest[:], string(f.Ref))
		if err != nil {
			return err
		}
		if n == 1 { // else the first one stands
			st.added = append(st.added, f)
		}
		t.filed++
	}
	if st.envelope {
		if _, err := t.x.exec(ctx, "keepEnvelope", seq, st.envHead.String(), st.envTail.String()); err != nil {
			return err
		}
	}
	if st.Note != "" {
		if _, err := t.x.exec(ctx, "addNote", string(st.Message), micros(st.At), st.Note); err != nil {
			return err
		}
	}
	return nil
}

// arrive puts copies into mailboxes and marks those that were opened.
func (st *step) arrive(ctx context.Context, t *transaction, seq int64) error {
	for _, a := range st.Arrivals {
		var mailbox string
		var uid int64
		ok, err := t.x.row(ctx, "place", []any{seq, a.Recipient}, &mailbox, &uid)
		if err != nil {
			return err
		}
		if !ok || uid != 0 {
			continue // no such recipient, or it arrived before
		}
		if _, err := t.x.row(ctx, "arrive", []any{string(a.Account), a.Size}, &uid); err != nil {
			return err
		}
		if _, err := t.x.exec(ctx, "addEntry", string(a.Account), uid, string(st.Message), a.Recipient, micros(a.Time), a.Size); err != nil {
			return err
		}
		if _, err := t.x.exec(ctx, "putPlace", string(a.Account), uid, seq, a.Recipient); err != nil {
			return err
		}
	}
	if st.Opens == 0 {
		return nil
	}
	var mailbox string
	var uid int64
	ok, err := t.x.row(ctx, "place", []any{seq, st.Opens}, &mailbox, &uid)
	if err == nil && ok && uid != 0 {
		_, err = t.x.exec(ctx, "open", micros(st.At), string(st.Actor.Person), mailbox, uid)
	}
	return err
}

// schedule changes the queues.
func (st *step) schedule(ctx context.Context, t *transaction, _ int64) error {
	for _, task := range st.Done {
		if _, err := t.x.exec(ctx, "dropTask", int64(task.Stage), string(task.Message), task.Target); err != nil {
			return err
		}
	}
	for _, task := range st.Queue {
		if _, err := t.x.exec(ctx, "queueTask", int64(task.Stage), string(task.Message), task.Target, micros(task.Due), task.Attempts); err != nil {
			return err
		}
	}
	for _, task := range st.Again {
		if _, err := t.x.exec(ctx, "againTask", int64(task.Stage), string(task.Message), task.Target, micros(task.Due), task.Attempts+1); err != nil {
			return err
		}
	}
	return nil
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
