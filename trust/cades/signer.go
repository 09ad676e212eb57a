package cades

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"rem/trust/algorithm"
	"rem/trust/cms"
	"rem/trust/tsp"
)

// Options is what a [Signer] is made of.
type Options struct {
	// Key signs. It may be a device; it is asked concurrently.
	Key crypto.Signer
	// Chain is the signer's certificate, leaf first, and those to carry beside
	// it.
	Chain []*x509.Certificate
	// Hash is the digest of the content, of the signature and of the stamp's
	// imprint: SHA-256 when it is zero.
	Hash crypto.Hash
	// PSS makes an RSA key sign with RSASSA-PSS in place of PKCS #1 v1.5.
	PSS bool
	// Authority stamps every signature, which makes it B-T. Without it
	// signatures are B-B.
	Authority tsp.Authority
}

// A Signer signs content with one key. It is made by [NewSigner] and may be
// used concurrently.
type Signer struct {
	hash      crypto.Hash
	signer    *cms.Signer
	authority tsp.Authority
}

// NewSigner checks that the key belongs to the first certificate and that its
// algorithm is on the list, and lays out what all signatures have in common.
func NewSigner(o Options) (*Signer, error) {
	if o.Hash == 0 {
		o.Hash = crypto.SHA256
	}
	if o.Key == nil {
		return nil, errors.New("making a signer: no key")
	}
	signer, err := cms.NewSigner(cms.SignerOptions{Key: o.Key, Chain: o.Chain, Hash: o.Hash, PSS: o.PSS, Type: cms.Data})
	if err != nil {
		return nil, fmt.Errorf("making a signer: %w", err)
	}
	return &Signer{o.Hash, signer, o.Authority}, nil
}

// Hash gives the digest that Sign wants of the content.
func (s *Signer) Hash() crypto.Hash { return s.hash }

// Algorithm gives the algorithm of every signature.
func (s *Signer) Algorithm() algorithm.Signature { return s.signer.Method() }

// Sign signs content by its digest, computed with s.Hash, and gives the
// signature in DER, detached, stamped where the signer has an authority. The
// signing time is written in UTC and whole seconds; it is the signer's claim,
// the token is the proof. Sign fails when the key or the authority does, and
// then nothing was signed that anybody could see.
func (s *Signer) Sign(ctx context.Context, digest []byte, signingTime time.Time) ([]byte, error) {
	if signingTime.IsZero() {
		return nil, errors.New("signing content: no signing time")
	}
	signed, err := s.signer.Sign(digest, signingTime)
	if err != nil {
		return nil, fmt.Errorf("signing content: %w", err)
	}
	return stamp(ctx, s.signer, s.hash, s.authority, signed)
}

// stamp writes a signature, with a token over its value where there is an
// authority.
func stamp(ctx context.Context, signer *cms.Signer, hash crypto.Hash, authority tsp.Authority, signed cms.Signed) ([]byte, error) {
	var parts cms.Parts
	if authority != nil {
		// The imprint is of the octets of the value, without tag and length:
		// RFC 5126 6.1.1.
		d := hash.New()
		d.Write(signed.Value)
		token, err := authority.Stamp(ctx, hash, d.Sum(nil))
		if err != nil {
			return nil, fmt.Errorf("signing content: asking for a time stamp: %w", err)
		}
		parts.Unsigned = cms.NewAttribute(cms.SignatureTimeStamp, token.DER)
	}
	return signer.Append(nil, signed, parts), nil
}
