// Package throttle bounds how often somebody may be wrong: attempts by key in
// windows of time, such as wrong passwords by network address and by account. The
// doors for programs (edge/smtpin, edge/ldapd, edge/api) share it; that of people,
// whose devices are known, has rules of its own (person/login).
package throttle

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

// A Throttle counts attempts by key in windows of time. Attempts are counted
// before they are made and given back when they succeed, so that many at once
// do not slip through together. It may be used from many goroutines.
type Throttle struct {
	seed   maphash.Seed
	window time.Duration

	mu   sync.Mutex
	seen map[uint64]attempts // guarded by mu
}

type attempts struct {
	since time.Time
	n     int
}

// New returns a throttle with nothing counted.
func New(window time.Duration) *Throttle {
	return &Throttle{seed: maphash.MakeSeed(), window: window, seen: map[uint64]attempts{}}
}

// Take counts an attempt and reports whether it is within the limit.
func (t *Throttle) Take(now time.Time, key string, limit int) bool {
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
func (t *Throttle) makeRoom(now time.Time) {
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

// GiveBack takes an attempt back that succeeded.
func (t *Throttle) GiveBack(key string) {
	h := maphash.String(t.seed, key)
	t.mu.Lock()
	defer t.mu.Unlock()
	if a, ok := t.seen[h]; ok && a.n > 0 {
		a.n--
		t.seen[h] = a
	}
}

// AddressKey is what limits count as one address: an IPv4 address, or the /64
// that an IPv6 customer has.
func AddressKey(a netip.Addr) string {
	a = a.Unmap()
	if a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}
