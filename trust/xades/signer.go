package xades

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"rem/trust/algorithm"
	"rem/trust/tsp"
)

// SignerOptions is what a [Signer] is made of.
type SignerOptions struct {
	// Key signs. It may be a device; it is asked concurrently.
	Key crypto.Signer
	// Chain is the signer's certificate, the one that issued it, and so on. An
	// anchor at its end, which issued itself, is not written into signatures.
	Chain []*x509.Certificate
	// Hash is the digest of every reference, of the signature and of the
	// stamp's imprint: SHA-256 when it is zero.
	Hash crypto.Hash
	// PSS makes an RSA key sign with RSASSA-PSS in place of PKCS #1 v1.5.
	PSS bool
	// Policy is named by every signature when it is not nil.
	Policy *SignaturePolicy
	// Authority stamps every signature, which makes it B-T. Without it
	// signatures are B-B.
	Authority tsp.Authority
	// MimeType is that of the documents: "application/xml" when it is empty.
	MimeType string
}

// A SignaturePolicy names the rules under which a signature is made:
// SignaturePolicyIdentifier of XAdES.
type SignaturePolicy struct {
	Identifier string      // an absolute URI, such as "urn:oid:1.2.3"
	Hash       crypto.Hash // of the policy document
	Digest     []byte
	URI        string // where the policy document lies; may be empty
}

// A Signer signs documents with one key. It is made by [NewSigner] and may be
// used concurrently.
type Signer struct {
	key       crypto.Signer
	chain     []*x509.Certificate
	algorithm algorithm.Signature
	authority tsp.Authority

	// What all signatures of this signer have in common, cut where Sign puts
	// an identifier, a digest or the time.
	info       [3]string
	properties [3]string
	keyInfo    string

	propertiesSize int // bytes of xades:SignedProperties
	size           int // bytes that a signature adds, its token left out

	tokenRoom atomic.Int64 // bytes of base64 that the next token is expected to need
}

// NewSigner checks that the chain is one, that the key belongs to its first
// certificate and that its algorithm is on the list, and prepares what all
// signatures have in common.
func NewSigner(o SignerOptions) (*Signer, error) {
	if o.Hash == 0 {
		o.Hash = crypto.SHA256
	}
	if o.MimeType == "" {
		o.MimeType = "application/xml"
	}
	s, err := newSigner(o)
	if err != nil {
		return nil, fmt.Errorf("making a signer: %w", err)
	}
	return s, nil
}

func newSigner(o SignerOptions) (*Signer, error) {
	if o.Key == nil || len(o.Chain) == 0 {
		return nil, errors.New("no key or no certificate")
	}
	public, ok := o.Key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(o.Chain[0].PublicKey) {
		return nil, errors.New("the key is not that of the first certificate")
	}
	a, err := algorithm.For(o.Key.Public(), o.Hash, o.PSS)
	if err != nil {
		return nil, err
	}
	chain, err := carried(o.Chain)
	if err != nil {
		return nil, err
	}
	if err := o.Policy.check(); err != nil {
		return nil, err
	}
	if !plain(o.MimeType) {
		return nil, errors.New("the MIME type is not plain")
	}
	s := &Signer{key: o.Key, chain: chain, algorithm: a, authority: o.Authority}
	s.prepare(o)
	return s, nil
}

// Algorithm is what the signer signs with.
func (s *Signer) Algorithm() algorithm.Signature { return s.algorithm }

// Chain gives the certificates that signatures carry, the signer's own first.
// The caller must not change it.
func (s *Signer) Chain() []*x509.Certificate { return s.chain }

// carried checks a chain and leaves out the anchor at its end.
func carried(chain []*x509.Certificate) ([]*x509.Certificate, error) {
	for i := 1; i < len(chain); i++ {
		if err := chain[i-1].CheckSignatureFrom(chain[i]); err != nil {
			return nil, fmt.Errorf("certificate %d did not issue certificate %d: %w", i, i-1, err)
		}
	}
	if last := len(chain) - 1; last > 0 && bytes.Equal(chain[last].RawIssuer, chain[last].RawSubject) {
		chain = chain[:last]
	}
	if len(chain) > maxCertificates {
		return nil, fmt.Errorf("a chain of more than %d certificates", maxCertificates)
	}
	return chain, nil
}

func (p *SignaturePolicy) check() error {
	switch {
	case p == nil:
		return nil
	case p.Identifier == "" || !plain(p.Identifier) || !plain(p.URI):
		return errors.New("the policy's identifier or address is not a plain URI")
	case !algorithm.KnownDigest(p.Hash) || len(p.Digest) != p.Hash.Size():
		return errors.New("the policy's digest is not one of the list")
	}
	return nil
}

// prepare writes down what all signatures have in common.
func (s *Signer) prepare(o SignerOptions) {
	digestMethod := algorithm.DigestURI(o.Hash)
	s.info = [3]string{
		infoOpen + s.algorithm.URI() + infoReference,
		infoTransforms + digestMethod + infoDigest,
		infoTransform + digestMethod + infoDigest,
	}

	var b strings.Builder
	b.WriteString(keyOpen)
	for _, c := range s.chain {
		b.WriteString(certificateOpen)
		b.WriteString(base64.StdEncoding.EncodeToString(c.Raw))
		b.WriteString(certificateClose)
	}
	b.WriteString(keyClose)
	s.keyInfo = b.String()

	b.Reset()
	b.WriteString(propertiesCerts)
	// The whole path is named, and so nobody can add to it or take from it:
	// the certificates of ds:KeyInfo are not signed otherwise.
	for _, c := range s.chain {
		b.WriteString(propertiesCert + digestMethod + propertiesDigest)
		b.WriteString(base64.StdEncoding.EncodeToString(appendSum(nil, o.Hash, c.Raw)))
		b.WriteString(propertiesSerial)
		b.WriteString(base64.StdEncoding.EncodeToString(issuerSerial(c)))
		b.WriteString(propertiesNext)
	}
	b.WriteString(propertiesPolicy)
	if p := o.Policy; p != nil {
		b.WriteString(policyOpen)
		if strings.HasPrefix(p.Identifier, "urn:oid:") {
			b.WriteString(policyOID)
		}
		b.WriteString(">" + p.Identifier + policyHash + algorithm.DigestURI(p.Hash) + propertiesDigest)
		b.WriteString(base64.StdEncoding.EncodeToString(p.Digest))
		b.WriteString(policyDigestEnd)
		if p.URI != "" {
			b.WriteString(policyQualifier + p.URI + policyQualifiers)
		}
		b.WriteString(policyClose)
	}
	b.WriteString(propertiesFormat)
	s.properties = [3]string{propertiesOpen, b.String(), propertiesMime + o.MimeType + propertiesClose}

	s.propertiesSize = len(s.properties[0]) + len(propertiesTime) + len(s.properties[1]) + len(s.properties[2]) +
		4*idBytes + len(timeForm)
	s.size = len(signatureOpen) + len(s.info[0]) + len(s.info[1]) + len(infoProperties) + len(s.info[2]) + len(infoClose) +
		len(valueOpen) + len(valueClose) + len(s.keyInfo) + len(objectOpen) + s.propertiesSize + len(stampOpen) +
		len(stampClose) + len(objectClose) + len(signatureClose) + 8*idBytes + 4 +
		2*base64.StdEncoding.EncodedLen(o.Hash.Size()) + base64.StdEncoding.EncodedLen(valueBytes(o.Key.Public()))
	s.tokenRoom.Store(tokenRoom)
}

// valueBytes is the length of a signature value in XML: one number of the width
// of the modulus, or two of the width of the field (RFC 6931 2.3.6).
func valueBytes(public crypto.PublicKey) int {
	n := (algorithm.KeyBits(public) + 7) / 8
	if _, ok := public.(*rsa.PublicKey); !ok {
		n *= 2
	}
	return n
}
