package throttle

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

func TestThrottleForgetsAndStaysBounded(t *testing.T) {
	th := New(time.Minute)
	now := time.Unix(0, 0)
	if !th.Take(now, "a", 1) || th.Take(now, "a", 1) {
		t.Error("the limit is not kept")
	}
	if !th.Take(now.Add(2*time.Minute), "a", 1) {
		t.Error("the window does not pass")
	}
	th.GiveBack("a")
	if !th.Take(now.Add(2*time.Minute), "a", 1) {
		t.Error("a success was not given back")
	}
	for i := range maxThrottled + 5000 {
		th.Take(now, fmt.Sprint(i), 1)
	}
	if len(th.seen) > maxThrottled {
		t.Errorf("%d keys are remembered", len(th.seen))
	}
}

func TestCustomerNetworksCountAsOneAddress(t *testing.T) {
	for _, c := range []struct{ a, b string }{
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff::9"}, {"::ffff:192.0.2.1", "192.0.2.1"}, {"fe80::1%eth0", "fe80::2"},
	} {
		if a, b := AddressKey(netip.MustParseAddr(c.a)), AddressKey(netip.MustParseAddr(c.b)); a != b {
			t.Errorf("%s is %s and %s is %s", c.a, a, c.b, b)
		}
	}
	if AddressKey(netip.MustParseAddr("192.0.2.1")) == AddressKey(netip.MustParseAddr("192.0.2.2")) {
		t.Error("two addresses are one")
	}
}
