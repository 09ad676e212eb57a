package retrieval_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"rem"
	"rem/message"
	"rem/message/retrieval"
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
