package simulator

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"sync"
	"time"

	"rem"
)

// How long the certificates are valid unless a request says otherwise.
const (
	year           = 365 * 24 * time.Hour
	rootTerm       = 25 * year
	authorityTerm  = 20 * year
	responderTerm  = 1 * year
	backdate       = 10 * time.Minute // clocks of others may be a little behind
	maxAuthorities = 64               // authorities of one world, tests' own included
)

// Marker stands in the organisation of every certificate made here.
const Marker = "SIMULATOR - BENZETIM - NOT FOR LEGAL USE"

// Options say how a world is made. The zero Options need a Clock alone.
type Options struct {
	Clock  rem.Clock
	Random io.Reader // keys and serial numbers; nil: the system's source
	Key    KeyKind   // of authorities, and of certificates whose request names none
	// BaseURL is where Handler will be served, such as http://127.0.0.1:8089.
	// Certificates then name their OCSP responder and CRL; without it they name
	// none, and revocation is known to those who ask the PKI itself.
	BaseURL string
}

// A PKI is one simulated world of certification. It is safe for concurrent use.
type PKI struct {
	options Options
	random  io.Reader
	root    *Authority

	mu          sync.Mutex
	authorities []*Authority // guarded by mu; the root first
}

// An Identity is a key with its certificate and the certificates up to the
// anchor, leaf first, the root left out.
type Identity struct {
	Key         crypto.Signer
	Certificate *x509.Certificate
	Chain       []*x509.Certificate
}

// An Authority issues certificates and answers for them.
type Authority struct {
	Identity
	Name      string // as in URLs and file names
	pki       *PKI
	issuer    *Authority // nil: it is its own
	responder *Identity  // the delegated OCSP responder

	mu      sync.Mutex
	issued  map[string]bool       // guarded by mu; by serial number
	revoked map[string]revocation // guarded by mu; by serial number
	number  int64                 // guarded by mu; of the newest CRL
}

// New makes a world: the root and one issuing authority for each [Purpose].
func New(o Options) (*PKI, error) {
	if o.Clock == nil {
		return nil, fmt.Errorf("making a simulated PKI: no clock given")
	}
	p := &PKI{options: o, random: o.Random}
	if p.random == nil {
		p.random = rand.Reader
	}
	p.random = &lockedReader{r: p.random}
	root, err := p.newAuthority(nil, "root", nil)
	if err != nil {
		return nil, err
	}
	p.root = root
	for _, purpose := range purposes {
		if _, err := root.NewAuthority(string(purpose), func(c *x509.Certificate) {
			c.ExtKeyUsage = profiles[purpose].authorityUsages
			c.MaxPathLenZero = true
		}); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Root returns the authority that signs the others; its certificate is the
// anchor.
func (p *PKI) Root() *Authority { return p.root }

// Anchors returns the certificates that a verifier of this world trusts.
func (p *PKI) Anchors() []*x509.Certificate { return []*x509.Certificate{p.root.Certificate} }

// Authority returns the authority that issues for a purpose.
func (p *PKI) Authority(purpose Purpose) *Authority { return p.named(string(purpose)) }

func (p *PKI) named(name string) *Authority {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range p.authorities {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// NewAuthority makes a further authority below this one. change, when given,
// sees the certificate before it is signed: tests make odd ones with it.
func (a *Authority) NewAuthority(name string, change func(*x509.Certificate)) (*Authority, error) {
	return a.pki.newAuthority(a, name, change)
}

func (p *PKI) newAuthority(issuer *Authority, name string, change func(*x509.Certificate)) (*Authority, error) {
	if p.named(name) != nil {
		return nil, fmt.Errorf("making authority %s: there is one of that name", name)
	}
	key, err := newKey(p.options.Key, p.random)
	if err != nil {
		return nil, fmt.Errorf("making authority %s: %w", name, err)
	}
	a := &Authority{Name: name, pki: p, issuer: issuer, issued: make(map[string]bool), revoked: make(map[string]revocation)}
	a.Key = key
	now := p.options.Clock.Now()
	template := &x509.Certificate{
		Subject:               pkix.Name{Country: []string{"TR"}, Organization: []string{Marker}, CommonName: "Simulated authority: " + name},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(authorityTerm),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	if issuer == nil {
		template.NotAfter = now.Add(rootTerm)
		issuer = a
		a.Certificate = template // the root signs itself
	} else {
		issuer.point(template)
	}
	if change != nil {
		change(template)
	}
	cert, err := issuer.sign(template, key.Public())
	if err != nil {
		return nil, fmt.Errorf("making authority %s: %w", name, err)
	}
	a.Certificate = cert
	if a.issuer != nil {
		a.Chain = append([]*x509.Certificate{cert}, a.issuer.Chain...)
	}
	if err := a.newResponder(now); err != nil {
		return nil, fmt.Errorf("making authority %s: %w", name, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.authorities) >= maxAuthorities {
		return nil, fmt.Errorf("making authority %s: there are %d already", name, maxAuthorities)
	}
	p.authorities = append(p.authorities, a)
	return a, nil
}

// newResponder gives the authority its delegated OCSP responder (RFC 6960
// 4.2.2.2), which need not be asked about itself (4.2.2.2.1).
func (a *Authority) newResponder(now time.Time) error {
	r, err := a.Issue(Request{
		Subject: pkix.Name{CommonName: "Simulated OCSP responder: " + a.Name},
		From:    now.Add(-backdate),
		Until:   now.Add(responderTerm),
		Change: func(c *x509.Certificate) {
			c.KeyUsage = x509.KeyUsageDigitalSignature
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: oidOCSPNoCheck, Value: []byte{5, 0}})
			c.OCSPServer, c.CRLDistributionPoints = nil, nil
		},
	})
	if err != nil {
		return err
	}
	a.responder = r
	return nil
}

// sign gives the template a serial number and the authority's signature.
func (a *Authority) sign(template *x509.Certificate, public crypto.PublicKey) (*x509.Certificate, error) {
	if template.SerialNumber == nil {
		serial := make([]byte, 16)
		if _, err := io.ReadFull(a.pki.random, serial); err != nil {
			return nil, fmt.Errorf("drawing a serial number: %w", err)
		}
		serial[0] = serial[0]&0x7f | 0x40 // positive and always of one length
		template.SerialNumber = new(big.Int).SetBytes(serial)
	}
	der, err := x509.CreateCertificate(a.pki.random, template, a.Certificate, public, a.Key)
	if err != nil {
		return nil, fmt.Errorf("signing a certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading the new certificate: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.issued[cert.SerialNumber.String()] = true
	return cert, nil
}

// A lockedReader lets goroutines share a source.
type lockedReader struct {
	mu sync.Mutex
	r  io.Reader // guarded by mu
}

func (l *lockedReader) Read(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.Read(b)
}
