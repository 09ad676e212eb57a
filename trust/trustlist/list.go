package trustlist

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"rem"
)

// A List is one issue of the list of providers.
type List struct {
	Sequence   uint64    // from 1; each issue has a higher one
	IssueTime  time.Time // UTC, whole seconds, as all times here
	NextUpdate time.Time // when the next issue is due at the latest
	Operator   rem.Text  // who keeps the list
	Providers  []Provider
}

// A Provider is one REM-MD.
type Provider struct {
	Code    string   // such as "hs90"; never given to another provider
	Domains []string // folded, each beginning with the code
	Name    rem.Text
	// Relays are the endpoints, host:port, at which it takes messages from
	// other providers, the preferred first. One that ended has none.
	Relays []string
	// Service is the address that evidence for this provider goes to; empty is
	// [Provider.ServiceAddress]'s default.
	Service string
	// Operation holds the certificates that sign its evidence and envelopes,
	// TLS those by which its connections are known, incoming and outgoing.
	Operation, TLS []Certificate
	// Policies are the URIs of the policies that its evidence may name.
	Policies []string
	// Profile is the written form that it reads and writes.
	Profile Profile
	// SizeLimit is the largest signed package that it takes, in bytes.
	SizeLimit int64
	// History holds its states, the oldest first.
	History []Change
}

// A Certificate is trusted for its provider from From, up to and not including
// Until; a zero Until leaves the end open. Its own term holds beside these.
type Certificate struct {
	*x509.Certificate
	From, Until time.Time
}

// InForce reports whether the list and the certificate itself allow it at a
// time.
func (c Certificate) InForce(at time.Time) bool {
	return !at.Before(c.From) && (c.Until.IsZero() || at.Before(c.Until)) && !at.Before(c.NotBefore) && !at.After(c.NotAfter)
}

// A Change is the beginning of a state.
type Change struct {
	Status Status
	From   time.Time
}

// A Status is a provider's standing.
type Status string

// The states. Unlisted is that of a provider before its first one.
const (
	Unlisted  Status = ""
	Granted   Status = "granted"   // exchanges registered mail
	Suspended Status = "suspended" // does not, for the time being
	Ended     Status = "ended"     // never will again; what it signed stays
)

// A Profile names a written form of evidence and envelopes.
type Profile string

// The profiles that are known now.
const (
	TS102640 Profile = "http://uri.etsi.org/02640/v2#"
	EN319532 Profile = "http://uri.etsi.org/19532/v1#/REMbaseline"
)

// ServiceAddress is where evidence for the provider goes about messages of one
// of its domains: the address that the list names, or else rem-service@ and the
// domain.
func (p *Provider) ServiceAddress(domain string) string {
	if p.Service != "" {
		return p.Service
	}
	return "rem-service@" + domain
}

// StatusAt returns the provider's standing at a time.
func (p *Provider) StatusAt(at time.Time) Status {
	s := Unlisted
	for _, c := range p.History {
		if at.Before(c.From) {
			break
		}
		s = c.Status
	}
	return s
}

// Why a provider or a certificate is not accepted. Errors of the lookups wrap
// one of them.
var (
	ErrUnknown    = errors.New("the trust list does not know it")
	ErrNotGranted = errors.New("the provider was not granted at that time")
	ErrNotInForce = errors.New("the certificate was not in force at that time")
)

// ByDomain returns the provider of a domain that was granted at a time. With
// ErrNotGranted it returns the provider beside the error, so that a refusal
// can name it.
func (l *List) ByDomain(domain string, at time.Time) (*Provider, error) {
	folded := rem.FoldASCII(domain)
	for i := range l.Providers {
		for _, d := range l.Providers[i].Domains {
			if d == folded {
				return l.granted(i, at)
			}
		}
	}
	return nil, fmt.Errorf("looking for domain %.255q: %w", domain, ErrUnknown)
}

// SameProvider reports whether two domains are listed for one provider, whatever
// its state.
func (l *List) SameProvider(a, b string) bool {
	a, b = rem.FoldASCII(a), rem.FoldASCII(b)
	for i := range l.Providers {
		if slices.Contains(l.Providers[i].Domains, a) {
			return slices.Contains(l.Providers[i].Domains, b)
		}
	}
	return false
}

// ByCode returns the provider of a code that was granted at a time.
func (l *List) ByCode(code string, at time.Time) (*Provider, error) {
	for i := range l.Providers {
		if l.Providers[i].Code == code {
			return l.granted(i, at)
		}
	}
	return nil, fmt.Errorf("looking for provider %.16q: %w", code, ErrUnknown)
}

// ByOperationCertificate returns the provider whose evidence and envelopes a
// certificate could sign at a time: that of the proof, not of the looking.
func (l *List) ByOperationCertificate(c *x509.Certificate, at time.Time) (*Provider, error) {
	return l.byCertificate(c, at, func(p *Provider) []Certificate { return p.Operation })
}

// ByTLSCertificate returns the provider whose connections a certificate could
// stand for at a time.
func (l *List) ByTLSCertificate(c *x509.Certificate, at time.Time) (*Provider, error) {
	return l.byCertificate(c, at, func(p *Provider) []Certificate { return p.TLS })
}

func (l *List) byCertificate(c *x509.Certificate, at time.Time, of func(*Provider) []Certificate) (*Provider, error) {
	for i := range l.Providers {
		for _, known := range of(&l.Providers[i]) {
			if !bytes.Equal(known.Raw, c.Raw) {
				continue
			}
			if !known.InForce(at) {
				return &l.Providers[i], fmt.Errorf("certificate of %s on %s: %w", l.Providers[i].Code, at.UTC().Format(time.RFC3339), ErrNotInForce)
			}
			return l.granted(i, at)
		}
	}
	return nil, fmt.Errorf("looking for a certificate: %w", ErrUnknown)
}

func (l *List) granted(i int, at time.Time) (*Provider, error) {
	p := &l.Providers[i]
	if s := p.StatusAt(at); s != Granted {
		return p, fmt.Errorf("provider %s on %s: %w", p.Code, at.UTC().Format(time.RFC3339), ErrNotGranted)
	}
	return p, nil
}

// Overdue reports whether a newer issue should have come. An overdue list goes
// on speaking about the past; a caller that exchanges mail raises an alarm.
func (l *List) Overdue(at time.Time) bool { return at.After(l.NextUpdate) }
