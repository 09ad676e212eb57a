package testkit

import (
	"context"
	"sync"
	"time"

	"rem"
)

var _ rem.Clock = (*Clock)(nil)

// A Clock is a rem.Clock that stands still until a test moves it. It may be
// used from many goroutines.
type Clock struct {
	mu      sync.Mutex
	now     time.Time        // guarded by mu
	waiting map[*waiter]bool // guarded by mu; those whose time has not come
	changed *sync.Cond       // on mu; woken when somebody begins to wait
}

type waiter struct {
	until time.Time
	done  chan struct{} // closed when the time has come
}

// Epoch is where the clocks of tests start unless a test needs another day:
// a Monday morning in Istanbul.
var Epoch = time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)

// NewClock returns a clock that shows now; the zero time stands for [Epoch].
func NewClock(now time.Time) *Clock {
	if now.IsZero() {
		now = Epoch
	}
	c := &Clock{now: now.UTC(), waiting: make(map[*waiter]bool)}
	c.changed = sync.NewCond(&c.mu)
	return c
}

// Now returns the time that the test has set.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Wait returns when the clock was moved by d or more, or ctx has ended.
func (c *Clock) Wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	c.mu.Lock()
	w := &waiter{until: c.now.Add(d), done: make(chan struct{})}
	c.waiting[w] = true
	c.changed.Broadcast()
	c.mu.Unlock()
	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.waiting, w)
		return ctx.Err()
	}
}

// Advance moves the clock and wakes everyone whose time has come. A negative d
// moves it back, as a stepped machine clock does (AT-25).
func (c *Clock) Advance(d time.Duration) { c.Set(c.Now().Add(d)) }

// Set moves the clock to now, forwards or back.
func (c *Clock) Set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now.UTC()
	for w := range c.waiting {
		if !c.now.Before(w.until) {
			delete(c.waiting, w)
			close(w.done)
		}
	}
}

// AwaitWaiters returns when at least n goroutines wait for a time that has not
// come. Who was woken by a move does not count, so a test that moves the clock
// and then awaits the waiters knows that they have done their work and wait
// again.
func (c *Clock) AwaitWaiters(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.waiting) < n {
		c.changed.Wait()
	}
}
