package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rem"
	"rem/message"
)

// A Move is one call of a ledger that writes. Applied to two ledgers in the
// same state it must give the same answer.
type Move struct {
	Name string
	Do   func(ctx context.Context, l Ledger) error
}

// Walk draws a sequence of moves over a few messages: intentions, submissions,
// changes from right and wrong states, evidence, arrivals, tasks, repetitions.
func Walk(random *rand.Rand, length int) []Move {
	w := &walk{random: random}
	moves := make([]Move, length)
	for i := range moves {
		moves[i] = w.next()
	}
	return moves
}

const walkMessages = 5

type walk struct {
	random *rand.Rand
	clock  int
	last   Move
}

func (w *walk) next() Move {
	w.clock++
	at := At.Add(time.Duration(w.clock) * time.Second)
	n := w.random.IntN(walkMessages)
	key := fmt.Sprint("key/", w.random.IntN(6))
	switch kind := w.random.IntN(12); {
	case kind == 0 && w.last.Do != nil:
		return w.last // the same again, as after an answer that was lost
	case kind < 3:
		body := fmt.Append(nil, "body ", w.clock)
		var content message.Content
		if w.random.IntN(2) == 0 {
			content = message.InMemory(make([]byte, w.random.IntN(2000)))
		}
		return Move{"intend " + key, func(ctx context.Context, l Ledger) error {
			_, err := l.Intend(ctx, message.Intention{Key: key, Stage: message.SubmissionStage, At: at, Body: body, Content: content})
			return err
		}}
	case kind == 3:
		return Move{"abandon " + key, func(ctx context.Context, l Ledger) error { return l.Abandon(ctx, key) }}
	}
	s := w.step(n, at)
	if w.random.IntN(3) == 0 {
		s.Resolves = key
	}
	hint := w.random.IntN(5) == 0
	w.last = Move{fmt.Sprintf("step of %d, hint %v: %v", n, hint, s.Changes), func(ctx context.Context, l Ledger) error {
		if hint {
			return l.Hint(ctx, s)
		}
		return l.Commit(ctx, s)
	}}
	return w.last
}

func (w *walk) step(n int, at time.Time) message.Step {
	r := w.random
	if r.IntN(4) == 0 {
		s := Submission(n, 3)
		s.At = at
		if r.IntN(4) == 0 {
			s.Fingerprint = rem.DigestOf([]byte("shared"))
		}
		return s
	}
	states := []message.State{message.None, message.Relaying, message.Attempting, message.Asked, message.Accepted, message.Delivered}
	s := message.Step{Message: id(n), At: at, Actor: rem.Actor{Person: rem.PersonID(fmt.Sprint("per-", r.IntN(3)))}}
	for range r.IntN(3) {
		s.Changes = append(s.Changes, message.Change{
			Recipient: 1 + r.IntN(4), From: states[r.IntN(len(states))], To: states[1+r.IntN(len(states)-1)], Due: at.Add(time.Hour),
		})
	}
	for range r.IntN(3) {
		f := Evidence(n, message.Kind(1+r.IntN(9)), message.Outcome(1+r.IntN(2)), r.IntN(4), fmt.Sprintf("hs9%d.kep.test", r.IntN(2)))
		f.Conflict = r.IntN(4) == 0
		s.Filed = append(s.Filed, f)
	}
	if r.IntN(4) == 0 {
		s.Arrivals = []message.Arrival{{Account: rem.AccountID(fmt.Sprint("acc-", r.IntN(2))), Recipient: 1 + r.IntN(4), Time: at, Size: int64(r.IntN(1000))}}
	}
	if r.IntN(4) == 0 {
		s.Opens = 1 + r.IntN(3)
	}
	if r.IntN(6) == 0 {
		s.Envelope = &message.Envelope{Head: fmt.Append(nil, "head ", w.clock), Tail: []byte("tail")}
	}
	for _, list := range []*[]message.Task{&s.Queue, &s.Done, &s.Again} {
		if r.IntN(3) == 0 {
			*list = []message.Task{{Stage: message.DeliveryStage, Message: id(r.IntN(walkMessages)), Target: fmt.Sprint(r.IntN(3)), Due: at.Add(time.Duration(r.IntN(100)) * time.Second)}}
		}
	}
	return s
}

// Journey is the way of message n to its second recipient: intended, submitted,
// delivered, opened. Each move may be made again.
func Journey(n int) []Move {
	key := fmt.Sprint("submission/", n)
	return []Move{
		{"intend", func(ctx context.Context, l Ledger) error {
			_, err := l.Intend(ctx, message.Intention{Key: key, Stage: message.SubmissionStage, At: At, Body: []byte(key), Content: message.InMemory(make([]byte, 70_000))})
			return err
		}},
		{"submit", func(ctx context.Context, l Ledger) error {
			s := Submission(n, 2)
			s.Resolves = key
			return l.Commit(ctx, s)
		}},
		{"deliver", func(ctx context.Context, l Ledger) error {
			s := move(n, 2, message.Accepted, message.Delivered)
			s.Filed = []message.Filed{Evidence(n, message.DeliveryNonDeliveryToRecipient, message.Positive, 2, "hs90.kep.test")}
			s.Arrivals = []message.Arrival{{Account: "acc-1", Recipient: 2, Time: At, Size: 5000}}
			return past(l.Commit(ctx, s))
		}},
		{"open", func(ctx context.Context, l Ledger) error {
			s := move(n, 2, message.Delivered, message.Retrieved)
			s.Filed = []message.Filed{Evidence(n, message.RetrievalNonRetrievalByRecipient, message.Positive, 2, "hs90.kep.test")}
			s.Opens = 2
			return past(l.Commit(ctx, s))
		}},
	}
}

// past takes a step that lost for one that was made before: in a journey that
// is repeated the message may be further on.
func past(err error) error {
	if errors.Is(err, message.ErrMoved) {
		return nil
	}
	return err
}

// Answer is what of an error two ledgers must have in common.
func Answer(err error) error {
	for _, known := range []error{message.ErrMoved, message.ErrNotFound, message.ErrFull} {
		if errors.Is(err, known) {
			return known
		}
	}
	return err
}

// Compare fails the test unless both ledgers tell the same about the messages
// of a walk.
func Compare(t *testing.T, want, got Ledger) {
	t.Helper()
	if diff := cmp.Diff(Tell(t, want), Tell(t, got), cmpopts.EquateEmpty(), cmp.AllowUnexported(rem.Address{})); diff != "" {
		t.Errorf("the ledgers differ (-want +got):\n%s", diff)
	}
}

// Told is what a ledger tells about the messages of a walk.
type Told struct {
	Order      []rem.MessageID
	Views      map[rem.MessageID]message.View
	XML        map[rem.MessageID][]string
	Envelopes  map[rem.MessageID]message.Envelope
	Tasks      []message.Task
	Mailboxes  map[rem.AccountID][]message.Entry
	Usage      map[rem.AccountID]message.Usage
	Unfinished []message.Kept
	Sent       []rem.MessageID
}

// Tell asks a ledger everything.
func Tell(t *testing.T, l Ledger) Told {
	t.Helper()
	ctx := t.Context()
	told := Told{
		Views: map[rem.MessageID]message.View{}, XML: map[rem.MessageID][]string{}, Envelopes: map[rem.MessageID]message.Envelope{},
		Mailboxes: map[rem.AccountID][]message.Entry{}, Usage: map[rem.AccountID]message.Usage{},
	}
	var err error
	told.Order, _, err = l.Messages(ctx, 0, 1000)
	must(t, err)
	for _, id := range told.Order {
		v, err := l.Message(ctx, id)
		must(t, err)
		for i := range v.Filed {
			v.Filed[i].Ref = ""
		}
		told.Views[id] = *v
		list, err := l.EvidenceOf(ctx, id)
		must(t, err)
		for _, f := range list {
			told.XML[id] = append(told.XML[id], string(f.XML))
		}
		if e, err := l.Envelope(ctx, id); err == nil {
			told.Envelopes[id] = e
		}
	}
	told.Tasks, _, err = l.Due(ctx, message.DeliveryStage, At.Add(24*time.Hour), 1000)
	must(t, err)
	for _, a := range []rem.AccountID{"acc-0", "acc-1"} {
		told.Mailboxes[a], err = l.Mailbox(ctx, a, 0, 1000)
		must(t, err)
		told.Usage[a], err = l.Usage(ctx, a)
		must(t, err)
	}
	told.Unfinished, err = l.Unfinished(ctx, message.SubmissionStage)
	must(t, err)
	for i := range told.Unfinished {
		if told.Unfinished[i].Content != "" {
			told.Unfinished[i].Content = "some"
		}
	}
	told.Sent, err = l.Sent(ctx, "acc-1", "", 1000)
	must(t, err)
	return told
}
