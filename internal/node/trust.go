package node

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"rem"
	"rem/edge/config"
	"rem/edge/simulator"
	"rem/edge/trustlistfile"
	"rem/edge/tsa"
	"rem/trust/trustlist"
	"rem/trust/tsp"
	"rem/trust/validation"
)

// ErrSimulator: production mode met a simulator (REQ-1).
var ErrSimulator = errors.New("production mode refuses simulators")

// readCertificates reads a PEM file of certificates.
func readCertificates(file string) ([]*x509.Certificate, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading certificates: %w", err)
	}
	var certs []*x509.Certificate
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("reading certificates of %s: %w", file, err)
		}
		certs = append(certs, c)
	}
	if len(certs) == 0 {
		return nil, fmt.Errorf("reading certificates: %s holds none in PEM", file)
	}
	return certs, nil
}

// readKeyPair reads a chain, leaf first, and its key. A key store takes the
// key's place later: a crypto.Signer is all that the rest sees.
func readKeyPair(p config.KeyPair) (crypto.Signer, []*x509.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(p.Certificate, p.Key)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the key of %s: %w", p.Certificate, err)
	}
	key, ok := pair.PrivateKey.(crypto.Signer)
	if !ok {
		return nil, nil, fmt.Errorf("reading the key of %s: it cannot sign", p.Certificate)
	}
	chain, err := readCertificates(p.Certificate)
	return key, chain, err
}

// refuseSimulators fails in production mode when a certificate is one of the
// simulator's (rule: simulators are marked, and never in production).
func refuseSimulators(mode config.Mode, certs ...*x509.Certificate) error {
	if mode != config.Production {
		return nil
	}
	for _, c := range certs {
		if slices.Contains(c.Subject.Organization, simulator.Marker) || slices.Contains(c.Issuer.Organization, simulator.Marker) {
			return fmt.Errorf("%w: certificate %s", ErrSimulator, c.Subject.CommonName)
		}
	}
	return nil
}

type anchors struct{ operation, timestamp, personal, issuers []*x509.Certificate }

func readAnchors(c *config.Config) (a anchors, err error) {
	for _, f := range []struct {
		file string
		into *[]*x509.Certificate
	}{{c.Anchors.Operation, &a.operation}, {c.Anchors.Timestamp, &a.timestamp}, {c.Anchors.Personal, &a.personal}, {c.Anchors.Issuers, &a.issuers}} {
		if f.file == "" {
			continue // issuers may be missing; check-config asks for the others
		}
		if *f.into, err = readCertificates(f.file); err != nil {
			return anchors{}, err
		}
		if err := refuseSimulators(c.Mode, *f.into...); err != nil {
			return anchors{}, err
		}
	}
	return a, nil
}

// policy is what signatures are judged by. The operation certificates of other
// providers stand and fall with the trust list, which names each; the others'
// status is asked for.
func (a anchors) policy(c *config.Config) validation.Policy {
	p := validation.Usual(nil)
	p.Operation.Anchors, p.TimeStamping.Anchors, p.Personal.Anchors = a.operation, a.timestamp, a.personal
	p.Personal.Known = a.issuers
	p.Operation.Revocation, p.TimeStamping.Revocation = validation.RevocationIfKnown, validation.RevocationIfKnown
	if !c.Revocation.Require {
		p.Personal.Revocation = validation.RevocationIfKnown
	}
	return p
}

// peers answers what doors and stages ask about other providers.
type peers struct {
	list  func() *trustlist.List
	clock rem.Clock
}

// Known implements submission.Peers.
func (p peers) Known(domain string, at time.Time) bool {
	_, err := p.list().ByDomain(domain, at)
	return err == nil
}

// service returns the address that evidence for a provider goes to.
func (p peers) service(domain string) (rem.Address, bool) {
	// An ended provider still gets what is owed to it, as long as it listens.
	provider, err := p.list().ByDomain(domain, p.clock.Now())
	if provider == nil || err != nil && !errors.Is(err, trustlist.ErrNotGranted) {
		return rem.Address{}, false
	}
	a, err := rem.ParseAddress(provider.ServiceAddress(domain))
	return a, err == nil
}

// same reports whether two domains are one provider's.
func (p peers) same(a, b string) bool { return a == b || p.list().SameProvider(a, b) }

// byTLS says whose connection a certificate stands for: the provider's first
// domain, which stands for all of them.
func (p peers) byTLS(c *x509.Certificate, at time.Time) (string, bool) {
	provider, err := p.list().ByTLSCertificate(c, at)
	if err != nil || len(provider.Domains) == 0 {
		return "", false
	}
	return provider.Domains[0], true
}

// openTrustList reads the list and keeps it fresh.
func openTrustList(c *config.Config, n *Node) (*trustlistfile.Watcher, error) {
	signers, err := readCertificates(c.TrustList.Signers)
	if err != nil {
		return nil, err
	}
	if err := refuseSimulators(c.Mode, signers...); err != nil {
		return nil, err
	}
	return trustlistfile.Open(trustlistfile.Options{
		Path: c.TrustList.File, State: filepath.Join(c.Data, "trustlist.sequence"), Pinned: signers,
		Clock: n.clock, Interval: c.TrustList.Every, Log: n.Log,
	})
}

// mayIssue says whether a certificate signs for a domain at a time, by the
// trust list (REQ-81).
func (n *Node) mayIssue(cert *x509.Certificate, domain string, at time.Time) error {
	p, err := n.list().ByOperationCertificate(cert, at)
	if err != nil {
		return err
	}
	if !slices.Contains(p.Domains, domain) {
		return fmt.Errorf("the certificate is that of %s, not of %s: %w", p.Code, domain, trustlist.ErrUnknown)
	}
	return nil
}

// authorities are the configured time-stamp authorities.
func (n *Node) authorities(c *config.Config) (tsp.Authority, error) {
	o := tsa.ClientOptions{Clock: n.clock, Log: n.Log}
	for _, a := range c.Timestamp {
		certs, err := readCertificates(a.Certificates)
		if err != nil {
			return nil, err
		}
		if err := refuseSimulators(c.Mode, certs...); err != nil {
			return nil, err
		}
		e := tsa.Endpoint{URL: a.URL, Certificates: certs}
		if a.Policy != "" {
			if e.Policy, err = parseOID(a.Policy); err != nil {
				return nil, fmt.Errorf("timestamp policy %q: %w", a.Policy, err)
			}
		}
		o.Endpoints = append(o.Endpoints, e)
	}
	client, err := tsa.NewClient(o)
	if err != nil {
		return nil, err
	}
	return &clockWatch{Authority: client, node: n}, nil
}

// alarmClock is the alarm of REQ-66.
const alarmClock = "the clock and the time-stamp authority disagree"

// alarmPause is how often the clock is alarmed about.
const alarmPause = time.Minute

// A clockWatch raises the alarm when an authority's time is not ours (REQ-66).
// Nothing is signed meanwhile: the token is refused. It may be used from many
// goroutines.
type clockWatch struct {
	tsp.Authority
	node *Node
	last atomic.Int64 // when the alarm was last raised, in nanoseconds of Unix time
}

// Stamp asks the authority.
func (w *clockWatch) Stamp(ctx context.Context, h crypto.Hash, imprint []byte) (*tsp.Token, error) {
	token, err := w.Authority.Stamp(ctx, h, imprint)
	if errors.Is(err, tsp.ErrTime) {
		now, last := w.node.clock.Now().UnixNano(), w.last.Load()
		// A clock that was put back alarms too.
		if apart := time.Duration(now - last).Abs(); apart >= alarmPause && w.last.CompareAndSwap(last, now) {
			w.node.alarmOf(alarmClock)(err)
		}
	}
	return token, err
}

func parseOID(s string) (oid asn1.ObjectIdentifier, err error) {
	for arc := range strings.SplitSeq(s, ".") {
		n, err := strconv.Atoi(arc)
		if err != nil || n < 0 {
			return nil, errors.New("an OID is numbers with dots between")
		}
		oid = append(oid, n)
	}
	if len(oid) < 2 {
		return nil, errors.New("an OID has two numbers at least")
	}
	return oid, nil
}

// doorName is our name in greetings.
func doorName(c *config.Config) string { return strings.TrimPrefix(c.Provider.Domain, ".") }

func tlsConfig(p config.KeyPair) (*tls.Config, *x509.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(p.Certificate, p.Key)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the TLS certificate %s: %w", p.Certificate, err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, pair.Leaf, nil
}

// readList reads a trust list's file, within the bounds of a list.
func readList(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("reading the trust list: %w", err)
	}
	if info.Size() > 2*trustlist.MaxBytes {
		return nil, fmt.Errorf("reading the trust list: %s has %d bytes; at most %d are read", file, info.Size(), 2*trustlist.MaxBytes)
	}
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the trust list: %w", err)
	}
	return src, nil
}
