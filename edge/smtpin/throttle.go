package smtpin

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// maxThrottled bounds the keys that a throttle remembers: 65,536 keys are some
// 4 MB. When it is full, any key makes room for a new one; to flush a key on
// purpose takes more attempts than it grants.
const maxThrottled = 1 << 16

// A throttle counts attempts by key in windows of time. Attempts are counted
// before they are made and given back when they succeed, so that many at once
// do not slip through together.
type throttle struct {
	seed   maphash.Seed
	window time.Duration

	mu   sync.Mutex
	seen map[uint64]attempts // guarded by mu
}

type attempts struct {
	since time.Time
	n     int
}

func newThrottle(window time.Duration) *throttle {
	return &throttle{seed: maphash.MakeSeed(), window: window, seen: map[uint64]attempts{}}
}

// take counts an attempt and reports whether it is within the limit.
func (t *throttle) take(now time.Time, key string, limit int) bool {
	h := maphash.String(t.seed, key)
	t.mu.Lock()
	defer t.mu.Unlock()
	a, ok := t.seen[h]
	if !ok || now.Sub(a.since) > t.window {
		a = attempts{since: now}
	}
	if a.n >= limit {
		return false
	}
	a.n++
	if !ok && len(t.seen) >= maxThrottled {
		t.makeRoom(now)
	}
	t.seen[h] = a
	return true
}

// makeRoom drops what is over among a few keys, and one in any case.
func (t *throttle) makeRoom(now time.Time) {
	looked, dropped := 0, 0
	var last uint64
	for h, a := range t.seen {
		if now.Sub(a.since) > t.window {
			delete(t.seen, h)
			dropped++
		}
		last = h
		if looked++; looked == 32 {
			break
		}
	}
	if dropped == 0 {
		delete(t.seen, last)
	}
}

// giveBack takes an attempt back that succeeded.
func (t *throttle) giveBack(key string) {
	h := maphash.String(t.seed, key)
	t.mu.Lock()
	defer t.mu.Unlock()
	if a, ok := t.seen[h]; ok && a.n > 0 {
		a.n--
		t.seen[h] = a
	}
}

// A tally counts what is open at present by key.
type tally struct {
	mu   sync.Mutex
	open map[string]int // guarded by mu
}

func (t *tally) enter(key string, limit int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open[key] >= limit {
		return false
	}
	if t.open == nil {
		t.open = map[string]int{}
	}
	t.open[key]++
	return true
}

func (t *tally) leave(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open[key]--; t.open[key] <= 0 {
		delete(t.open, key)
	}
}

// addressKey is what limits count as one address: an IPv4 address, or the /64
// that an IPv6 customer has.
func addressKey(a netip.Addr) string {
	a = a.Unmap()
	if a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}
