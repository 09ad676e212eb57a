package tsp

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"

	"rem/trust/cms"
)

// MaxToken bounds a token in bytes. Tokens have two to eight kilobytes; one
// that carries certificates and answers about them for the archive, more.
const MaxToken = 256 << 10

// ErrAuthority reports a token whose signer may not stamp time, or did so
// outside the life of its certificate or under another name.
var ErrAuthority = errors.New("signer of the time-stamp token may not stamp time")

// Parse reads a token. It checks the structure only: strict DER, bounded, one
// signer, no trailing bytes. The token keeps der, which must not change any
// more. The error wraps cms.ErrStructure or algorithm.ErrUnknown.
func Parse(der []byte) (*Token, error) { return ParseKnown(der, VerifyOptions{}) }

// ParseKnown is Parse for a caller who holds certificates already parsed, as
// VerifyOptions describes.
func ParseKnown(der []byte, o VerifyOptions) (*Token, error) {
	if len(der) > MaxToken {
		return nil, malformed("token of %d bytes", len(der))
	}
	signed, err := cms.Parse(der)
	if err != nil {
		return nil, fmt.Errorf("reading time-stamp token: %w", err)
	}
	if signed.ContentType != cms.TSTInfo || signed.Content == nil {
		return nil, malformed("content is not a time stamp")
	}
	for _, a := range signed.Signer.Unsigned {
		switch a.Type {
		case cms.CertificateValues, cms.RevocationValues, cms.ArchiveTimeStampV3:
			// Augmentation of an archive: carried, never believed unseen.
		default:
			return nil, malformed("unsigned attribute %v", a.Type)
		}
	}
	t := &Token{DER: der, signed: signed}
	if err := t.readInfo(signed.Content); err != nil {
		return nil, fmt.Errorf("reading time-stamp token: %w", err)
	}
	if t.Certificates, err = signed.ParseCertificates(o); err != nil {
		return nil, fmt.Errorf("reading time-stamp token: %w", err)
	}
	return t, nil
}

// Revocations gives what the token carries about the state of certificates; a
// hint that validation judges.
func (t *Token) Revocations() []cms.Revocation {
	if t.signed == nil {
		return nil
	}
	return t.signed.Revocations
}

// Matches reports with ErrImprint a token that is over another imprint.
func (t *Token) Matches(h crypto.Hash, imprint []byte) error {
	if h != t.Hash || len(imprint) != h.Size() || !bytes.Equal(imprint, t.Imprint) {
		return ErrImprint
	}
	return nil
}

// Verify checks that the token is over the imprint and signed by the
// certificate that its signing-certificate-v2 names; that this certificate was
// made for stamping time and nothing else (RFC 3161 2.3) and was not expired;
// and returns it. Whether it was trusted and not revoked at the time is judged
// by trust/validation. The error wraps ErrImprint, ErrAuthority or one of
// package cms.
func (t *Token) Verify(h crypto.Hash, imprint []byte, o VerifyOptions) (*x509.Certificate, error) {
	if err := t.Matches(h, imprint); err != nil {
		return nil, err
	}
	signed := t.signed
	if signed == nil { // a token that our own Responder made
		parsed, err := ParseKnown(t.DER, VerifyOptions{Known: append(slices.Clone(o.Known), t.Certificates...)})
		if err != nil {
			return nil, err
		}
		if err := parsed.Matches(h, imprint); err != nil {
			return nil, err
		}
		return parsed.Verify(h, imprint, o)
	}
	var room [64]byte
	signer, err := signed.Verify(cms.AppendSum(room[:0], signed.Signer.Digest, signed.Content), t.Certificates, o)
	if err != nil {
		return nil, fmt.Errorf("verifying time-stamp token: %w", err)
	}
	if err := mayStamp(signer); err != nil {
		return nil, err
	}
	if t.Time.Before(signer.NotBefore) || t.Time.After(signer.NotAfter) {
		return nil, fmt.Errorf("%w: its certificate was not valid at %v", ErrAuthority, t.Time)
	}
	if t.Name != nil && !named(signer, t.Name) {
		return nil, fmt.Errorf("%w: the token names another authority", ErrAuthority)
	}
	return signer, nil
}

var (
	extKeyUsage    = asn1.ObjectIdentifier{2, 5, 29, 37}
	subjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}
)

// mayStamp checks that a certificate has the extended key usage timeStamping,
// no other, and critical (RFC 3161 2.3).
func mayStamp(c *x509.Certificate) error {
	if len(c.ExtKeyUsage) != 1 || c.ExtKeyUsage[0] != x509.ExtKeyUsageTimeStamping || len(c.UnknownExtKeyUsage) != 0 {
		return fmt.Errorf("%w: extended key usage is not timeStamping alone", ErrAuthority)
	}
	const signing = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	if c.KeyUsage&^signing != 0 {
		return fmt.Errorf("%w: key usage goes beyond signatures", ErrAuthority)
	}
	for _, e := range c.Extensions {
		if e.Id.Equal(extKeyUsage) && e.Critical {
			return nil
		}
	}
	return fmt.Errorf("%w: extended key usage is not critical", ErrAuthority)
}

// named tells whether a GeneralName is among the subject names of a
// certificate, as RFC 3161 2.4.2 asks of the field tsa.
func named(c *x509.Certificate, name []byte) bool {
	const directoryName = tag.Tag(0xa4)
	in := cryptobyte.String(name)
	var directory cryptobyte.String
	if in.ReadASN1(&directory, directoryName) && in.Empty() && bytes.Equal(directory, c.RawSubject) {
		return true
	}
	for _, e := range c.Extensions {
		if !e.Id.Equal(subjectAltName) {
			continue
		}
		value := cryptobyte.String(e.Value)
		var names, other cryptobyte.String
		var kind tag.Tag
		if !value.ReadASN1(&names, tag.SEQUENCE) {
			return false
		}
		for names.ReadAnyASN1Element(&other, &kind) {
			if bytes.Equal(other, name) {
				return true
			}
		}
	}
	return false
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", cms.ErrStructure, fmt.Sprintf(format, args...))
}
