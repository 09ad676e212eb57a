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
	now     time.Time     // guarded by mu
	moved   chan struct{} // guarded by mu; closed and replaced at each move
	waiting int           // guarded by mu
	changed *sync.Cond    // on mu; woken when waiting changes
}

// Epoch is where the clocks of tests start unless a test needs another day:
// a Monday morning in Istanbul.
var Epoch = time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)

// NewClock returns a clock that shows now; the zero time stands for [Epoch].
func NewClock(now time.Time) *Clock {
	if now.IsZero() {
		now = Epoch
	}
	c := &Clock{now: now.UTC(), moved: make(chan struct{})}
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
	until := c.now.Add(d)
	c.add(1)
	defer func() {
		c.add(-1)
		c.mu.Unlock()
	}()
	for c.now.Before(until) {
		moved := c.moved
		c.mu.Unlock()
		select {
		case <-ctx.Done():
			c.mu.Lock()
			return ctx.Err()
		case <-moved:
		}
		c.mu.Lock()
	}
	return nil
}

// Advance moves the clock and wakes everyone whose time has come. A negative d
// moves it back, as a stepped machine clock does (AT-25).
func (c *Clock) Advance(d time.Duration) { c.Set(c.Now().Add(d)) }

// Set moves the clock to now, forwards or back.
func (c *Clock) Set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now.UTC()
	close(c.moved)
	c.moved = make(chan struct{})
}

// AwaitWaiters returns when at least n goroutines are inside Wait, so that a
// test moves the clock when there is somebody to wake.
func (c *Clock) AwaitWaiters(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.waiting < n {
		c.changed.Wait()
	}
}

// add changes the number of waiters; the caller holds mu.
func (c *Clock) add(n int) {
	c.waiting += n
	c.changed.Broadcast()
}
