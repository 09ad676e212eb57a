package login

import (
	"context"
	"net/netip"
	"sync"
	"time"
)

// The allowance of a network, whoever is tried from it: a burst, then one log-in
// each interval. A company, or a street behind its provider, has one address, so
// they are wide: they are there against work for free. Guessing is held by the
// waiting below, which a restart does not forget (REQ-46).
const (
	networkBurst = 600
	networkEvery = time.Second / 5
	addressBurst = 120
	addressEvery = time.Second
	// maxBuckets bounds what strangers can make us remember: 65,536 buckets are
	// about 6 MiB. When there are more, one that has most of its allowance left
	// goes: its loss forgives least.
	maxBuckets = 1 << 16
)

// The waiting of a name and network, or of a known device, after wrong passwords:
// a few are free, then the pause doubles up to its longest, and is forgotten after
// the window. Another network waits by its own count, so nobody can keep the
// person out from there; what a guesser gains by many networks he loses at the
// second factor, whose count is the person's own.
var (
	passwordWaiting = waiting{free: 5, first: 2 * time.Second, longest: 15 * time.Minute, window: time.Hour}
	// Whoever gets here knows the password. Six digits stand some 40 tries a day.
	codeWaiting = waiting{free: 5, first: 10 * time.Second, longest: time.Hour, window: 24 * time.Hour}
	sendWaiting = waiting{free: 5, first: time.Minute, longest: 2 * time.Hour, window: 24 * time.Hour}
)

type waiting struct {
	free           int
	first, longest time.Duration
	window         time.Duration
}

// until returns when the next try is taken after count failures, the last at last.
func (w waiting) until(count int, last time.Time) time.Time {
	if count < w.free {
		return time.Time{}
	}
	pause := w.longest
	if n := count - w.free; n < 20 { // doubling 2 s twenty times is weeks
		pause = min(w.first<<n, w.longest)
	}
	return last.Add(pause)
}

// limits are what is counted in memory.
type limits struct {
	mu      sync.Mutex
	buckets map[netip.Prefix]bucket // guarded by mu
	busy    map[ID]int              // guarded by mu; guesses under way
}

type bucket struct {
	left float64
	at   time.Time
}

func newLimits() *limits {
	return &limits{buckets: map[netip.Prefix]bucket{}, busy: map[ID]int{}}
}

// networkOf is what one person can hardly leave: 256 addresses of IPv4, what a
// subscriber gets in IPv6. An address that is not known has the zero prefix.
func networkOf(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 24
	if a.Is6() {
		bits = 48
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// hostOf is one machine: an address of IPv4, a link of IPv6.
func hostOf(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// admit takes one from the allowances of an address, or says how long to wait.
func (l *limits) admit(a netip.Addr, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	host, network := hostOf(a), networkOf(a)
	h, waitHost := l.bucket(host, addressBurst, addressEvery, now)
	n, waitNetwork := l.bucket(network, networkBurst, networkEvery, now)
	if wait := max(waitHost, waitNetwork); wait > 0 {
		return &TooMany{wait}
	}
	h.left--
	n.left--
	l.keep(host, h)
	l.keep(network, n)
	return nil
}

func (l *limits) bucket(p netip.Prefix, burst float64, every time.Duration, now time.Time) (bucket, time.Duration) {
	b, ok := l.buckets[p]
	if !ok {
		return bucket{burst, now}, 0
	}
	if passed := now.Sub(b.at); passed > 0 {
		b.left = min(burst, b.left+float64(passed)/float64(every))
	}
	b.at = now // a clock that went back must not stop the filling
	if b.left < 1 {
		l.buckets[p] = b
		return b, time.Duration((1 - b.left) * float64(every))
	}
	return b, 0
}

// keep keeps a bucket. When there are too many, of a few that the map happens to
// give the fullest goes: it is the one whose loss forgives least.
func (l *limits) keep(p netip.Prefix, b bucket) {
	if _, ok := l.buckets[p]; !ok && len(l.buckets) >= maxBuckets {
		var fullest netip.Prefix
		most, seen := -1.0, 0
		for q, c := range l.buckets {
			if c.left > most {
				fullest, most = q, c.left
			}
			if seen++; seen == 8 {
				break
			}
		}
		delete(l.buckets, fullest)
	}
	l.buckets[p] = b
}

// A guess is a try that was let in and is under way. Whoever has one calls done.
type guess struct {
	key  ID
	held bool // it has to wait: the answer is no, whatever it is
	// count is how many failures were written down before it.
	count int
	done  func()
}

// guess counts a try for a key. Tries that are under way count as failures, so
// that many at the same time are not more than many in turn (AT-32).
func (s *Service) guess(ctx context.Context, key ID, w waiting) (*guess, error) {
	now := s.Clock.Now()
	s.limits.mu.Lock()
	busy := s.limits.busy[key]
	s.limits.busy[key] = busy + 1
	s.limits.mu.Unlock()
	g := &guess{key: key, done: func() {
		s.limits.mu.Lock()
		defer s.limits.mu.Unlock()
		if s.limits.busy[key]--; s.limits.busy[key] <= 0 {
			delete(s.limits.busy, key)
		}
	}}
	// Read after it was counted: a failure that is written in between is seen
	// twice rather than not at all.
	f, err := s.Store.Failure(ctx, key)
	if err != nil {
		g.done()
		return nil, err
	}
	// One that a clock counted which was ahead must not hold until then (AT-25).
	if now.Sub(f.Last) >= w.window || f.Last.Sub(now) > w.longest {
		f.Count = 0
	}
	g.count = f.Count
	if f.Count+busy >= w.free {
		last := f.Last
		if busy > 0 {
			last = now // one under way fails now at the earliest
		}
		g.held = now.Before(w.until(f.Count+busy, last))
	}
	return g, nil
}
