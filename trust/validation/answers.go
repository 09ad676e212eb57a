package validation

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/crypto/ocsp"

	"rem/trust/algorithm"
)

// Bounds on what authorities answer, in bytes.
const (
	maxOCSP = 64 << 10
	maxCRL  = 16 << 20
)

// readOCSP reads a response and checks that it is about cert, signed by its
// issuer or by a responder whom that issuer certified for the purpose (RFC 6960
// 3.2, 4.2.2.2), with an algorithm that is acceptable.
func (v *Validator) readOCSP(der []byte, cert, issuer *x509.Certificate) (status, error) {
	if len(der) > maxOCSP {
		return status{}, fmt.Errorf("the response is longer than %d bytes", maxOCSP)
	}
	// Without an issuer the library checks the response against the certificate
	// in it, if there is one; the rest is ours. With an issuer it would refuse a
	// response that holds the issuer's own certificate.
	r, err := ocsp.ParseResponseForCert(der, cert, nil)
	if err != nil {
		return status{}, fmt.Errorf("reading the response: %w", err)
	}
	signer := issuer
	switch c := r.Certificate; {
	case c == nil:
		if err := r.CheckSignatureFrom(issuer); err != nil {
			return status{}, fmt.Errorf("checking the response: %w", err)
		}
	case !same(c, issuer):
		if err := v.checkResponder(c, issuer, r.ProducedAt); err != nil {
			return status{}, err
		}
		signer = c
	}
	if err := v.acceptable(r.SignatureAlgorithm, signer, r.ProducedAt); err != nil {
		return status{}, fmt.Errorf("the response: %w", err)
	}
	if !namesIssuer(r, cert, issuer) {
		return status{}, errors.New("the response is about another authority's certificate")
	}
	st := status{form: "OCSP", thisUpdate: r.ThisUpdate, nextUpdate: r.NextUpdate}
	switch r.Status {
	case ocsp.Good:
		st.state = good
	case ocsp.Revoked:
		st.state, st.at, st.reason = revoked, r.RevokedAt, r.RevocationReason
	}
	return st, nil
}

// checkResponder checks that the issuer certified c to answer for it at a time:
// without the usage any customer of the authority could.
func (v *Validator) checkResponder(c, issuer *x509.Certificate, at time.Time) error {
	switch err := issuer.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature); {
	case err != nil:
		return fmt.Errorf("the response is signed by a stranger: %w", err)
	case !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning) || len(c.UnhandledCriticalExtensions) > 0:
		return errors.New("the response is signed by a certificate that is not a responder's")
	case at.Before(c.NotBefore) || at.After(c.NotAfter):
		return errors.New("the response was made outside the responder's term")
	}
	if err := v.acceptable(c.SignatureAlgorithm, issuer, at); err != nil {
		return fmt.Errorf("the responder's certificate: %w", err)
	}
	return nil
}

// namesIssuer reports whether the response holds a CertID of cert as issued by
// issuer (RFC 6960 4.1.1). The library finds the answer by serial number alone,
// and serial numbers mean nothing without their issuer.
func namesIssuer(r *ocsp.Response, cert, issuer *x509.Certificate) bool {
	var key cryptobyte.String
	in := cryptobyte.String(issuer.RawSubjectPublicKeyInfo)
	if !in.ReadASN1(&in, tag.SEQUENCE) || !in.SkipASN1(tag.SEQUENCE) || !in.ReadASN1(&key, tag.BIT_STRING) || len(key) < 1 {
		return false
	}
	if !r.IssuerHash.Available() {
		return false
	}
	digest := func(b []byte) []byte {
		h := r.IssuerHash.New()
		h.Write(b)
		return h.Sum(nil)
	}
	var b cryptobyte.Builder
	b.AddASN1OctetString(digest(issuer.RawSubject))
	b.AddASN1OctetString(digest(key[1:])) // without the count of unused bits
	b.AddASN1BigInt(cert.SerialNumber)
	want, err := b.Bytes()
	return err == nil && bytes.Contains(r.TBSResponseData, want)
}

// readCRL reads a list and checks that it is the whole list of cert's issuer.
func (v *Validator) readCRL(der []byte, cert, issuer *x509.Certificate) (status, error) {
	if len(der) > maxCRL {
		return status{}, fmt.Errorf("the list is longer than %d bytes", maxCRL)
	}
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		return status{}, fmt.Errorf("reading the list: %w", err)
	}
	if !bytes.Equal(list.RawIssuer, cert.RawIssuer) {
		return status{}, errors.New("the list is another authority's")
	}
	if err := list.CheckSignatureFrom(issuer); err != nil {
		return status{}, fmt.Errorf("checking the list: %w", err)
	}
	if err := v.acceptable(list.SignatureAlgorithm, issuer, list.ThisUpdate); err != nil {
		return status{}, fmt.Errorf("the list: %w", err)
	}
	// A critical extension narrows what the list speaks of: a part, a
	// difference, other authorities' certificates (RFC 5280 5.2.4, 5.2.5).
	for _, e := range list.Extensions {
		if e.Critical {
			return status{}, fmt.Errorf("the list has a critical extension %v", e.Id)
		}
	}
	st := status{form: "CRL", state: good, thisUpdate: list.ThisUpdate, nextUpdate: list.NextUpdate}
	for i := range list.RevokedCertificateEntries {
		entry := &list.RevokedCertificateEntries[i]
		for _, e := range entry.Extensions {
			if e.Critical {
				return status{}, fmt.Errorf("an entry of the list has a critical extension %v", e.Id)
			}
		}
		if entry.SerialNumber.Cmp(cert.SerialNumber) == 0 {
			st.state, st.at, st.reason = revoked, entry.RevocationTime, entry.ReasonCode
			if at, ok := invaliditySince(entry); ok && at.Before(st.at) {
				st.at = at
			}
			break
		}
	}
	return st, nil
}

var oidInvalidityDate = asn1.ObjectIdentifier{2, 5, 29, 24} // RFC 5280 5.3.2

// invaliditySince gives the time from which the authority knows or suspects
// the key to be lost, which may be before it revoked the certificate.
func invaliditySince(entry *x509.RevocationListEntry) (time.Time, bool) {
	for _, e := range entry.Extensions {
		if !e.Id.Equal(oidInvalidityDate) {
			continue
		}
		var at time.Time
		in := cryptobyte.String(e.Value)
		if in.ReadASN1GeneralizedTime(&at) && in.Empty() {
			return at, true
		}
	}
	return time.Time{}, false
}

// acceptable holds the algorithm of an answer against the dates of the policy.
func (v *Validator) acceptable(a x509.SignatureAlgorithm, signer *x509.Certificate, at time.Time) error {
	return v.policy.Algorithms.Signature(certificateAlgorithm(a), algorithm.KeyBits(signer.PublicKey), at)
}
