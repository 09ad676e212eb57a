package simulator

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"
)

// How long an answer about revocation stays the newest one.
const (
	ocspTerm = time.Hour
	crlTerm  = 24 * time.Hour
)

// Reasons of revocation (RFC 5280 5.3.1).
const (
	Unspecified          = 0
	KeyCompromise        = 1
	AffiliationChanged   = 3
	Superseded           = 4
	CessationOfOperation = 5
)

type revocation struct {
	serial *big.Int
	at     time.Time
	reason int
}

// ErrNotIssued answers a question about a certificate of somebody else.
var ErrNotIssued = errors.New("not issued by this authority")

// Revoke makes the certificate invalid from at on. Responses and CRLs made
// from now on say so.
func (p *PKI) Revoke(cert *x509.Certificate, at time.Time, reason int) error {
	a := p.issuerOf(cert)
	if a == nil {
		return fmt.Errorf("revoking %s: %w", cert.Subject.CommonName, ErrNotIssued)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.revoked[cert.SerialNumber.String()] = revocation{cert.SerialNumber, at.UTC(), reason}
	return nil
}

func (p *PKI) issuerOf(cert *x509.Certificate) *Authority {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range p.authorities {
		if cert.CheckSignatureFrom(a.Certificate) == nil {
			return a
		}
	}
	return nil
}

// OCSP answers, as a validator asks for it, with a response about cert, signed
// by its issuer's delegated responder (RFC 6960).
func (p *PKI) OCSP(_ context.Context, cert, _ *x509.Certificate) ([]byte, error) {
	a := p.issuerOf(cert)
	if a == nil {
		return nil, fmt.Errorf("asking about %s: %w", cert.Subject.CommonName, ErrNotIssued)
	}
	return a.respond(cert.SerialNumber, crypto.SHA1)
}

// CRL returns the newest list of cert's issuer, as a validator asks for it.
func (p *PKI) CRL(_ context.Context, cert, _ *x509.Certificate) ([]byte, error) {
	a := p.issuerOf(cert)
	if a == nil {
		return nil, fmt.Errorf("asking about %s: %w", cert.Subject.CommonName, ErrNotIssued)
	}
	return a.RevocationList()
}

// respond makes the response about one serial number. The identifier of the
// certificate is written with the hash that the question used, or clients do
// not find their answer in it.
func (a *Authority) respond(serial *big.Int, idHash crypto.Hash) ([]byte, error) {
	now := a.pki.options.Clock.Now()
	template := ocsp.Response{
		Status:       ocsp.Good,
		SerialNumber: serial,
		ThisUpdate:   now.Add(-time.Second).Truncate(time.Second),
		NextUpdate:   now.Add(ocspTerm).Truncate(time.Second),
		IssuerHash:   idHash,
		Certificate:  a.responder.Certificate,
	}
	a.mu.Lock()
	r, revoked := a.revoked[serial.String()]
	issued := a.issued[serial.String()]
	a.mu.Unlock()
	if !issued {
		// "good" about a certificate that was never issued would bless a forgery
		// (RFC 6960 2.2).
		template.Status = ocsp.Unknown
	}
	if revoked && !r.at.After(now) {
		template.Status = ocsp.Revoked
		template.RevokedAt = r.at
		template.RevocationReason = r.reason
	}
	der, err := ocsp.CreateResponse(a.Certificate, a.responder.Certificate, template, a.responder.Key)
	if err != nil {
		return nil, fmt.Errorf("answering for authority %s: %w", a.Name, err)
	}
	return der, nil
}

// RevocationList makes the authority's CRL as of now (RFC 5280 5).
func (a *Authority) RevocationList() ([]byte, error) {
	now := a.pki.options.Clock.Now()
	a.mu.Lock()
	a.number++
	template := &x509.RevocationList{
		Number:     big.NewInt(a.number),
		ThisUpdate: now.Add(-time.Second),
		NextUpdate: now.Add(crlTerm),
	}
	for _, r := range a.revoked {
		if !r.at.After(now) {
			template.RevokedCertificateEntries = append(template.RevokedCertificateEntries,
				x509.RevocationListEntry{SerialNumber: r.serial, RevocationTime: r.at, ReasonCode: r.reason})
		}
	}
	a.mu.Unlock()
	slices.SortFunc(template.RevokedCertificateEntries, func(x, y x509.RevocationListEntry) int {
		return x.SerialNumber.Cmp(y.SerialNumber)
	})
	der, err := x509.CreateRevocationList(a.pki.random, template, a.Certificate, a.Key)
	if err != nil {
		return nil, fmt.Errorf("listing the revocations of authority %s: %w", a.Name, err)
	}
	return der, nil
}
