package outward

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"rem"
)

// Home is the country in which everything stays (S39).
const Home = "TR"

// ErrResidency is wrapped when a host is not on the residency list, or is where
// the list does not say it is. Nothing was sent.
var ErrResidency = errors.New("the host is not on the residency list")

// A Host is an entry of the residency list: a host that the provider has made
// sure to be in the country.
type Host struct {
	// Name is a DNS name or an IP address, as URLs have it, without a port.
	Name string
	// Country of the host, ISO 3166-1; only TR is taken.
	Country string
	// Networks are those in which the host's addresses have to be. Without any,
	// every public address will do; a loopback or private one needs its network.
	Networks []netip.Prefix
}

// A Resolver looks addresses up. A *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// A Guard opens connections to the hosts of the list and to no other. It may be
// used from many goroutines.
type Guard struct {
	hosts    map[string][]netip.Prefix // never changed
	resolver Resolver
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
}

// NewGuard takes the list. A host abroad, or one that is no name or address in
// its one spelling, is refused. resolver nil is the machine's.
func NewGuard(list []Host, resolver Resolver) (*Guard, error) {
	if resolver == nil {
		resolver = &net.Resolver{}
	}
	g := &Guard{hosts: map[string][]netip.Prefix{}, resolver: resolver, dial: (&net.Dialer{}).DialContext}
	for _, h := range list {
		switch _, twice := g.hosts[h.Name]; {
		case h.Country != Home:
			return nil, fmt.Errorf("%w: %s is said to be in %q; everything stays in %s", ErrResidency, h.Name, h.Country, Home)
		case !spelled(h.Name):
			return nil, fmt.Errorf("%w: %q is no host name in small letters and no IP address in its one spelling", ErrResidency, h.Name)
		case twice:
			return nil, fmt.Errorf("%w: %s stands twice", ErrResidency, h.Name)
		}
		for _, p := range h.Networks {
			if !p.IsValid() || p != p.Masked() || p.Addr().Is4In6() {
				return nil, fmt.Errorf("%w: a network of %s is no prefix in its one spelling", ErrResidency, h.Name)
			}
		}
		g.hosts[h.Name] = h.Networks
	}
	return g, nil
}

// spelled allows names of letters, digits, hyphens and dots in small letters that
// no reader takes for an address, and addresses as netip writes them.
func spelled(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.String() == host && a.Zone() == "" && !a.Is4In6()
	}
	if host == "" || len(host) > 253 {
		return false
	}
	last := ""
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if c := label[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
		last = label
	}
	// 127.1, 0x7f.1 and 2130706433 are addresses to some resolvers.
	_, err := strconv.ParseUint(last, 0, 64)
	return err != nil && last[0] > '9'
}

// Check says whether the host, as a URL has it, is on the list.
func (g *Guard) Check(host string) error {
	if g == nil {
		return fmt.Errorf("%w: there is no list", ErrResidency)
	}
	if _, ok := g.hosts[host]; !ok || !spelled(host) {
		return fmt.Errorf("%w: %q", ErrResidency, host)
	}
	return nil
}

// DialContext opens a TCP connection to a host of the list. The name is looked up
// here, every address has to be where the list says, and the connection goes to
// the address that was looked at.
func (g *Guard) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if network != "tcp" {
		return nil, fmt.Errorf("%w: by %s", ErrResidency, network)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("%w: the address is no host and port", ErrResidency)
	}
	if err := g.Check(host); err != nil {
		return nil, err
	}
	addresses := []netip.Addr{}
	if a, err := netip.ParseAddr(host); err == nil {
		addresses = append(addresses, a)
	} else if addresses, err = g.resolver.LookupNetIP(ctx, "ip", host); err != nil {
		return nil, fmt.Errorf("looking up %s: %w", host, err)
	}
	if len(addresses) == 0 {
		return nil, fmt.Errorf("looking up %s: it has no address", host)
	}
	// All are looked at before any is called: one that is elsewhere says that
	// somebody else answers for the name.
	for i, a := range addresses {
		addresses[i] = a.Unmap()
		if !g.within(host, addresses[i]) {
			return nil, fmt.Errorf("%w: %s has an address outside the networks of the list", ErrResidency, host)
		}
	}
	var errs []error
	for _, a := range addresses {
		conn, err := g.dial(ctx, "tcp", net.JoinHostPort(a.String(), port))
		if err == nil {
			return conn, nil
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("connecting to %s: %w", host, errors.Join(errs...))
}

func (g *Guard) within(host string, a netip.Addr) bool {
	networks := g.hosts[host]
	if len(networks) == 0 {
		return a.IsGlobalUnicast() && !a.IsPrivate() && a.Zone() == ""
	}
	for _, p := range networks {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// hostOf gives the host of a URL's authority as the list spells it; an upper-case
// letter is the same host.
func hostOf(host string) string { return rem.FoldASCII(host) }
