package tsa

import (
	"sync"
	"time"
)

const (
	// maxFailures in a row open a breaker: one may be chance, three are not.
	maxFailures = 3
	// openFor is how long an authority is left alone. It is short: mail waits
	// meanwhile, and one question every few seconds burdens nobody.
	openFor = 5 * time.Second
)

// A breaker keeps a failing authority from being asked by everybody at once.
// After maxFailures it is open for openFor; then one question at a time is let
// through until one succeeds. Its zero value is closed.
type breaker struct {
	mu       sync.Mutex
	failures int       // guarded by mu; in a row
	until    time.Time // guarded by mu; open until then
	trying   bool      // guarded by mu; one question is under way after that
	last     error     // guarded by mu
}

// allow tells whether to ask now. Who was allowed reports or forgets.
func (b *breaker) allow(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures < maxFailures {
		return true
	}
	// A clock that went back must not keep it open for longer.
	if now.Before(b.until) && b.until.Sub(now) <= openFor || b.trying {
		return false
	}
	b.trying = true
	return true
}

// report records how asking went and tells whether the breaker is open now.
func (b *breaker) report(now time.Time, err error) (open bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trying = false
	b.last = err
	if err == nil {
		b.failures, b.until = 0, time.Time{}
		return false
	}
	b.failures++
	if b.failures >= maxFailures {
		b.until = now.Add(openFor)
	}
	return b.failures >= maxFailures
}

// forget takes allow back.
func (b *breaker) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trying = false
}

func (b *breaker) state() State {
	b.mu.Lock()
	defer b.mu.Unlock()
	return State{Failures: b.failures, LeftUntil: b.until, Last: b.last}
}
