package node

import (
	"context"
	"time"
)

// followPace is how long after a look at the journal the next one follows at the
// earliest. What happened meanwhile is followed together: a store's step and its sync
// stand for many of the journal's. The first happening after a rest is seen at once.
const followPace = 200 * time.Millisecond

// A pace keeps who follows the journal from looking at each step by itself. It belongs
// to one goroutine.
type pace struct{ last time.Time }

// done tells that the journal was looked at.
func (p *pace) done() { p.last = time.Now() }

// wait waits until the journal may be looked at again, or ctx ends.
func (p *pace) wait(ctx context.Context) {
	rest := time.Until(p.last.Add(followPace))
	if rest <= 0 {
		return
	}
	timer := time.NewTimer(rest)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
