package retrieval_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit/world"
	"rem/message"
	"rem/message/retrieval"
	"rem/person/account"
)

// counting is a ledger that counts the openings that are recorded.
type counting struct {
	retrieval.Ledger
	opens atomic.Int64
}

func (c *counting) Commit(ctx context.Context, s message.Step) error {
	if s.Opens > 0 {
		c.opens.Add(1)
	}
	return c.Ledger.Commit(ctx, s)
}

// A mail program fetches a message in parts, a page is loaded anew: that is one
// opening. Another person's, and one after an hour, is another.
func TestOpeningsThatFollowOneAnotherAreOne(t *testing.T) {
	w, p, _, open := mailbox(t)
	c := &counting{Ledger: p.Retriever.Ledger}
	p.Retriever.Ledger = c
	for i, step := range []struct {
		person rem.PersonID
		later  time.Duration
		want   int64
	}{
		{"kisi-ilk", 0, 1}, {"kisi-ilk", 0, 1}, {"kisi-ilk", 59 * time.Minute, 1},
		{"kisi-son", 0, 2}, {"kisi-son", time.Minute, 2},
		{"kisi-ilk", time.Hour, 3}, {"kisi-ilk", 0, 3},
		{"kisi-son", 2 * time.Hour, 4},
	} {
		w.Clock.Advance(step.later)
		if err := open(step.person); err != nil {
			t.Fatal(err)
		}
		if got := c.opens.Load(); got != step.want {
			t.Errorf("opening %d by %s: %d are recorded, want %d", i, step.person, got, step.want)
		}
	}
	w.Rest()
	w.MustHold()
}

// What follows within the hour is not asked of the ledger again, but who may read is:
// an authority that was taken away ends at once, and nobody else's account is opened
// by what somebody opened.
func TestWhatFollowsAnOpeningIsGivenToWhoMayReadNow(t *testing.T) {
	k := world.NewKit(t)
	w, p, id := delivered(t, k)
	if _, err := w.OpenOnce(user, code, id, 1); err != nil {
		t.Fatal(err)
	}
	a := world.Account(user, world.Domain(code))
	person := a.Operators[0].Person
	who := retrieval.Login{Actor: rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: person}}
	c, err := p.Retriever.Open(t.Context(), who, id, 1)
	if err != nil {
		t.Fatal(err)
	}
	view, err := p.Store.Message(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, c.Size())
	if n, _ := c.ReadAt(b, 0); int64(n) != view.Record.Length || rem.DigestOf(b) != view.Record.Digest || c.Digest() != view.Record.Digest {
		t.Errorf("%d octets with the digest %s were given, want %d with %s", n, rem.DigestOf(b), view.Record.Length, view.Record.Digest)
	}
	beside := world.Account("ayse", world.Domain(code))
	beside.Operators = append(beside.Operators, a.Operators[0])
	if err := p.Store.Update(t.Context(), beside); err != nil {
		t.Fatal(err)
	}
	other := who
	other.Actor.Account = beside.ID
	if _, err := p.Retriever.Open(t.Context(), other, id, 1); !errors.Is(err, message.ErrNotFound) {
		t.Errorf("on another account on which he may read: %v, want %v", err, message.ErrNotFound)
	}
	a.Operators[0].May &^= account.Reading
	if err := p.Store.Update(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	_, err = p.Retriever.Open(t.Context(), who, id, 1)
	if _, refused := errors.AsType[*rem.Refusal](err); !refused {
		t.Errorf("who may not read any more: %v, want a refusal", err)
	}
}
