package trustlist

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"rem"
)

// Bounds on a list. Türkiye has had ten providers in fourteen years; the bounds
// leave room for a list of all of Europe's.
const (
	MaxBytes      = 4 << 20 // of the written list
	maxProviders  = 256
	maxDomains    = 16
	maxRelays     = 8
	maxPolicies   = 16
	maxHistory    = 64
	maxKeys       = 64  // certificates of one kind for one provider
	maxText       = 256 // bytes of a name
	maxURI        = 512
	maxSizeLimit  = 1 << 32
	maxDomainSize = 253 // RFC 1035 2.3.4, as text
)

// check refuses a list that could not be written or that contradicts itself.
func (l *List) check() error {
	switch {
	case l.Sequence == 0 || l.Sequence > math.MaxInt64:
		return errors.New("the sequence number is not from 1 to 2^63 - 1")
	case len(l.Providers) > maxProviders:
		return fmt.Errorf("more than %d providers", maxProviders)
	case !whole(l.IssueTime) || !whole(l.NextUpdate) || !l.NextUpdate.After(l.IssueTime):
		return errors.New("issue time and next update are not two whole seconds in order")
	}
	if err := checkText(l.Operator); err != nil {
		return fmt.Errorf("operator: %w", err)
	}
	seen := make(map[string]string)
	for i := range l.Providers {
		p := &l.Providers[i]
		if err := p.check(); err != nil {
			return fmt.Errorf("provider %.16q: %w", p.Code, err)
		}
		// A code, a domain and a certificate each mean one provider for ever.
		names := append([]string{p.Code}, p.Domains...)
		for _, c := range p.Operation {
			names = append(names, "operation "+string(c.Raw))
		}
		for _, c := range p.TLS {
			names = append(names, "TLS "+string(c.Raw))
		}
		for _, n := range names {
			if other, ok := seen[n]; ok {
				return fmt.Errorf("provider %s: a code, domain or certificate of it is also listed for %s", p.Code, other)
			}
			seen[n] = p.Code
		}
	}
	return nil
}

func (p *Provider) check() error {
	if len(p.Code) != 4 || p.Code[:2] != "hs" || !isDigit(p.Code[2]) || !isDigit(p.Code[3]) {
		return errors.New("the code is not hs and two digits")
	}
	if len(p.Domains) == 0 || len(p.Domains) > maxDomains {
		return fmt.Errorf("it has %d domains, not 1 to %d", len(p.Domains), maxDomains)
	}
	for _, d := range p.Domains {
		if !isHost(d) || !strings.HasPrefix(d, p.Code+".") {
			return fmt.Errorf("domain %.255q is not its code and a domain in small letters", d)
		}
	}
	if err := checkText(p.Name); err != nil {
		return fmt.Errorf("name: %w", err)
	}
	if len(p.Relays) > maxRelays {
		return fmt.Errorf("more than %d relays", maxRelays)
	}
	for _, r := range p.Relays {
		if !isEndpoint(r) {
			return fmt.Errorf("relay %.255q is not a host and a port", r)
		}
	}
	if p.Service != "" {
		a, err := rem.ParseAddress(p.Service)
		if err != nil || a.String() != p.Service || !slices.Contains(p.Domains, a.Provider()) {
			return fmt.Errorf("service address %.255q is not a folded address of one of its domains", p.Service)
		}
	}
	if err := checkCertificates(p.Operation); err != nil {
		return fmt.Errorf("operation certificates: %w", err)
	}
	if err := checkCertificates(p.TLS); err != nil {
		return fmt.Errorf("TLS certificates: %w", err)
	}
	if len(p.Policies) > maxPolicies {
		return fmt.Errorf("more than %d policies", maxPolicies)
	}
	for _, u := range append([]string{string(p.Profile)}, p.Policies...) {
		if !isURI(u) {
			return fmt.Errorf("%.100q is not a URI", u)
		}
	}
	if p.SizeLimit <= 0 || p.SizeLimit > maxSizeLimit {
		return fmt.Errorf("a size limit of %d bytes", p.SizeLimit)
	}
	return checkHistory(p.History)
}

func checkHistory(h []Change) error {
	if len(h) == 0 || len(h) > maxHistory {
		return fmt.Errorf("it has %d states, not 1 to %d", len(h), maxHistory)
	}
	for i, c := range h {
		switch {
		case c.Status != Granted && c.Status != Suspended && c.Status != Ended:
			return fmt.Errorf("a state of %.32q is unknown", c.Status)
		case !whole(c.From):
			return errors.New("a state does not begin at a whole second")
		case i > 0 && !c.From.After(h[i-1].From):
			return errors.New("its states are not in the order of time")
		case i > 0 && h[i-1].Status == Ended:
			return errors.New("it goes on after its end")
		}
	}
	return nil
}

func checkCertificates(certs []Certificate) error {
	if len(certs) > maxKeys {
		return fmt.Errorf("more than %d", maxKeys)
	}
	for _, c := range certs {
		switch {
		case c.Certificate == nil:
			return errors.New("one is missing")
		case !whole(c.From) || !c.Until.IsZero() && (!whole(c.Until) || !c.Until.After(c.From)):
			return errors.New("the time of one is not two whole seconds in order")
		}
	}
	return nil
}

func checkText(t rem.Text) error {
	for _, s := range []string{t.Turkish, t.English} {
		if s == "" || len(s) > maxText || !utf8.ValidString(s) {
			return fmt.Errorf("it is empty or longer than %d bytes in one language", maxText)
		}
		for _, r := range s {
			// What XML forbids, what lines are broken with, and what turns the
			// direction of the text around it.
			if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == utf8.RuneError || r&0xfffe == 0xfffe {
				return fmt.Errorf("it holds the character %U", r)
			}
		}
	}
	return nil
}

// whole reports whether t can be written: UTC, whole seconds, a year of four
// digits.
func whole(t time.Time) bool {
	return !t.IsZero() && t.Location() == time.UTC && t.Nanosecond() == 0 && t.Year() >= 1970 && t.Year() <= 9999
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isHost reports whether s is a domain name of folded labels (RFC 1123 2.1).
func isHost(s string) bool {
	if len(s) > maxDomainSize {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if c := label[i]; (c < 'a' || c > 'z') && !isDigit(c) && c != '-' {
				return false
			}
		}
	}
	return true
}

// isEndpoint reports whether s is host:port. Hosts are names or IPv4
// addresses, which have the form of names; IPv6 addresses get a name.
func isEndpoint(s string) bool {
	host, port, ok := strings.Cut(s, ":")
	n, err := strconv.ParseUint(port, 10, 16)
	return ok && isHost(host) && err == nil && n > 0 && strconv.FormatUint(n, 10) == port
}

// isURI reports whether s is an absolute URI of printable ASCII that needs no
// escaping where we write it.
func isURI(s string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || scheme == "" || rest == "" || len(s) > maxURI {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || strings.IndexByte(`"<>&'\^`+"`{|}", c) >= 0 {
			return false
		}
	}
	return true
}
