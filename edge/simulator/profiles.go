package simulator

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"net"
	"net/url"
	"slices"
	"time"
)

// A Purpose says what a certificate is for. Each has its own issuing
// authority, and the usages of that authority keep the purposes apart.
type Purpose string

// The purposes.
const (
	Operation Purpose = "operation" // a REM-MD's: signs evidence and envelopes
	TLS       Purpose = "tls"       // servers and clients, between providers and to users
	TSA       Purpose = "tsa"       // signs time-stamp tokens
	Personal  Purpose = "personal"  // signs originals; qualified-like
)

var purposes = []Purpose{Operation, TLS, TSA, Personal}

var (
	oidOCSPNoCheck   = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5} // RFC 6960 4.2.2.2.1
	oidExtKeyUsage   = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidTimeStamping  = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}
	oidQCStatements  = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 3} // RFC 3739 3.2.6
	oidQCCompliance  = asn1.ObjectIdentifier{0, 4, 0, 1862, 1, 1}
	oidQCSSCD        = asn1.ObjectIdentifier{0, 4, 0, 1862, 1, 4}
	oidERDSEvidence  = asn1.ObjectIdentifier{0, 4, 0, 195223}
	oidREMBaseline   = asn1.ObjectIdentifier{0, 4, 0, 195324}
	errNoSuchPurpose = fmt.Errorf("no such purpose")
)

// A profile is what the certificates of a purpose have in common.
type profile struct {
	authorityUsages []x509.ExtKeyUsage
	keyUsage        x509.KeyUsage
	usages          []x509.ExtKeyUsage
	extensions      []pkix.Extension
	policies        []asn1.ObjectIdentifier
	term            time.Duration
}

var profiles = map[Purpose]profile{
	// As in the published kits of EN 319 532-4: digitalSignature,
	// emailProtection, the service's address, the two policies.
	Operation: {
		authorityUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
		keyUsage:        x509.KeyUsageDigitalSignature,
		usages:          []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
		policies:        []asn1.ObjectIdentifier{oidERDSEvidence, oidREMBaseline},
		term:            3 * year,
	},
	TLS: {
		authorityUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		keyUsage:        x509.KeyUsageDigitalSignature,
		usages:          []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		term:            1 * year,
	},
	// RFC 3161 2.3: exactly one extended usage, timeStamping, critical. The
	// standard library cannot mark it so, hence the extension by hand.
	TSA: {
		authorityUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping},
		keyUsage:        x509.KeyUsageDigitalSignature,
		extensions:      []pkix.Extension{{Id: oidExtKeyUsage, Critical: true, Value: must(asn1.Marshal([]asn1.ObjectIdentifier{oidTimeStamping}))}},
		term:            5 * year,
	},
	Personal: {
		authorityUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
		keyUsage:        x509.KeyUsageContentCommitment, // non-repudiation
		usages:          []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
		extensions:      []pkix.Extension{{Id: oidQCStatements, Value: must(asn1.Marshal([]qcStatement{{oidQCCompliance}, {oidQCSSCD}}))}},
		term:            3 * year,
	},
}

type qcStatement struct{ ID asn1.ObjectIdentifier }

// must is for the encodings of the constants above.
func must(der []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return der
}

// A Request asks an authority for a certificate.
type Request struct {
	Subject   pkix.Name // its country and marked organisation are filled in
	DNSNames  []string
	Addresses []string // rfc822 names
	IPs       []net.IP
	Key       KeyKind                 // of the new key; "": the world's
	Signer    crypto.Signer           // an existing key, as in a device; nil: a new one
	From      time.Time               // zero: a little before now
	Until     time.Time               // zero: three years after now
	Change    func(*x509.Certificate) // sees the certificate before it is signed; may be nil
}

// Issue makes a certificate of no particular purpose: what it may be used for
// is Change's matter.
func (a *Authority) Issue(r Request) (*Identity, error) {
	p := a.pki
	key := r.Signer
	if key == nil {
		var err error
		if key, err = newKey(orDefault(r.Key, p.options.Key), p.random); err != nil {
			return nil, err
		}
	}
	now := p.options.Clock.Now()
	if r.From.IsZero() {
		r.From = now.Add(-backdate)
	}
	if r.Until.IsZero() {
		r.Until = now.Add(3 * year)
	}
	subject := r.Subject
	if len(subject.Country) == 0 {
		subject.Country = []string{"TR"}
	}
	subject.Organization = append(slices.Clone(subject.Organization), Marker)
	template := &x509.Certificate{
		Subject:        subject,
		NotBefore:      r.From,
		NotAfter:       r.Until,
		DNSNames:       r.DNSNames,
		EmailAddresses: r.Addresses,
		IPAddresses:    r.IPs,
	}
	a.point(template)
	if r.Change != nil {
		r.Change(template)
	}
	cert, err := a.sign(template, key.Public())
	if err != nil {
		return nil, fmt.Errorf("issuing for %s: %w", r.Subject.CommonName, err)
	}
	return &Identity{Key: key, Certificate: cert, Chain: append([]*x509.Certificate{cert}, a.Chain...)}, nil
}

// point writes into a certificate where its issuer answers about it.
func (a *Authority) point(template *x509.Certificate) {
	base := a.pki.options.BaseURL
	if base == "" {
		return
	}
	name := url.PathEscape(a.Name)
	template.OCSPServer = []string{base + "/ocsp/" + name}
	template.CRLDistributionPoints = []string{base + "/crl/" + name + ".crl"}
	template.IssuingCertificateURL = []string{base + "/ca/" + name + ".crt"}
}

// Issue makes a certificate of a purpose; r.Change still has the last word.
func (p *PKI) Issue(purpose Purpose, r Request) (*Identity, error) {
	prof, ok := profiles[purpose]
	if !ok {
		return nil, fmt.Errorf("issuing for %s: %w: %s", r.Subject.CommonName, errNoSuchPurpose, purpose)
	}
	if r.Until.IsZero() {
		from := r.From
		if from.IsZero() {
			from = p.options.Clock.Now()
		}
		r.Until = from.Add(prof.term)
	}
	change := r.Change
	r.Change = func(c *x509.Certificate) {
		c.KeyUsage = prof.keyUsage
		c.ExtKeyUsage = prof.usages
		c.ExtraExtensions = append(c.ExtraExtensions, prof.extensions...)
		for _, policy := range prof.policies {
			if oid, err := x509.OIDFromInts(oidInts(policy)); err == nil {
				c.Policies = append(c.Policies, oid)
			}
		}
		if change != nil {
			change(c)
		}
	}
	return p.Authority(purpose).Issue(r)
}

func oidInts(oid asn1.ObjectIdentifier) []uint64 {
	ints := make([]uint64, len(oid))
	for i, n := range oid {
		ints[i] = uint64(n)
	}
	return ints
}

// Operation makes a REM-MD's operation certificate: name is the provider's,
// domain its domain, such as hs90.kep.test.
func (p *PKI) Operation(name, domain string, key KeyKind) (*Identity, error) {
	return p.Issue(Operation, Request{
		Subject:   pkix.Name{CommonName: name, SerialNumber: domain},
		Addresses: []string{"kep@" + domain},
		Key:       key,
	})
}

// TLS makes a certificate for servers and clients on loopback under the given
// host names: 127.0.0.1, ::1 and localhost are always among its names.
func (p *PKI) TLS(hosts ...string) (*Identity, error) {
	name := "localhost"
	if len(hosts) > 0 {
		name = hosts[0]
	}
	return p.Issue(TLS, Request{
		Subject:  pkix.Name{CommonName: name},
		DNSNames: append(slices.Clone(hosts), "localhost"),
		IPs:      []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	})
}

// TSA makes the certificate of a simulated time-stamping authority.
func (p *PKI) TSA(name string) (*Identity, error) {
	return p.Issue(TSA, Request{Subject: pkix.Name{CommonName: name}})
}

func orDefault(k, def KeyKind) KeyKind {
	if k == "" {
		return def
	}
	return k
}
