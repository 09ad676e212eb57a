package login

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// REQ-46: what strangers can make us remember has a bound, and who tried much is
// not forgiven by a crowd of others.
func TestTheAllowancesHaveABound(t *testing.T) {
	l, now := newLimits(), time.Unix(0, 0)
	guesser := netip.MustParseAddr("198.51.100.9")
	for range addressBurst {
		if err := l.admit(guesser, now); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 * maxBuckets {
		a := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		if err := l.admit(a, now); err != nil {
			if _, ok := errors.AsType[*TooMany](err); !ok {
				t.Fatal(err)
			}
		}
	}
	if len(l.buckets) > maxBuckets {
		t.Errorf("%d buckets", len(l.buckets))
	}
	err := l.admit(guesser, now)
	wait, ok := errors.AsType[*TooMany](err)
	if !ok {
		t.Fatal("a crowd forgave the guesser")
	}
	if err := l.admit(guesser, now.Add(wait.Wait)); err != nil {
		t.Errorf("he waited as he was told: %v", err)
	}
}

func TestANetworkHasAnAllowanceOfItsOwn(t *testing.T) {
	for _, same := range []struct{ from, to string }{{"192.0.2.0", "192.0.2.255"}, {"2001:db8:1:0::", "2001:db8:1:ffff::"}} {
		l, now := newLimits(), time.Unix(0, 0)
		admitted := 0
		a := netip.MustParseAddr(same.from)
		for i := range 2 * networkBurst {
			// Each from an address of its own in the network.
			b := a.As16()
			if a.Is4() {
				b[15] = byte(i)
			} else {
				b[7] = byte(i)
			}
			if l.admit(netip.AddrFrom16(b), now) == nil {
				admitted++
			}
		}
		if admitted != networkBurst {
			t.Errorf("%s: %d were admitted, want %d", same.from, admitted, networkBurst)
		}
		if err := l.admit(netip.MustParseAddr(same.to), now); err == nil {
			t.Errorf("%s is of another network than %s", same.to, same.from)
		}
		if err := l.admit(netip.MustParseAddr("203.0.113.1"), now); err != nil {
			t.Errorf("another network waits: %v", err)
		}
	}
	// An address of IPv4 written as one of IPv6 is the same; a zone says nothing.
	if networkOf(netip.MustParseAddr("::ffff:192.0.2.1")) != networkOf(netip.MustParseAddr("192.0.2.9")) || hostOf(netip.MustParseAddr("fe80::1%eth0")) != hostOf(netip.MustParseAddr("fe80::2%eth1")) {
		t.Error("one network has two names")
	}
	// Whoever has no address shares one allowance, and nothing crashes.
	l := newLimits()
	for range 10 {
		l.admit(netip.Addr{}, time.Unix(0, 0))
	}
}

// The pause never gets shorter by another failure, and never longer than its bound.
func TestThePauseGrowsUpToItsBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := rapid.SampledFrom([]waiting{passwordWaiting, codeWaiting, sendWaiting}).Draw(t, "waiting")
		n := rapid.IntRange(0, 1_000_000).Draw(t, "failures")
		last := time.Unix(1_000_000, 0)
		a, b := w.until(n, last), w.until(n+1, last)
		if b.Before(a) || b.After(last.Add(w.longest)) || n < w.free && !a.IsZero() || n >= w.free && !a.After(last) {
			t.Fatalf("after %d failures until %s, after one more until %s", n, a, b)
		}
	})
}
