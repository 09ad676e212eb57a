package cades

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"time"

	"rem/trust/algorithm"
	"rem/trust/cms"
	"rem/trust/tsp"
)

// RemoteOptions is what a [Remote] is made of.
type RemoteOptions struct {
	// Chain is the signer's certificate, leaf first, and those to carry beside it.
	Chain []*x509.Certificate
	// Hash and PSS are as in [Options].
	Hash crypto.Hash
	PSS  bool
	// Authority stamps every signature that is completed. Without it signatures
	// are B-B.
	Authority tsp.Authority
}

// A Remote signs in two steps with a key that is elsewhere, such as on the card
// in somebody's reader: Begin gives what is to be signed, Complete takes the
// value. It is made by [NewRemote] and may be used concurrently.
type Remote struct {
	hash      crypto.Hash
	public    crypto.PublicKey
	signer    *cms.Signer
	authority tsp.Authority
}

// A Pending is a signature that lacks its value. What it was begun with makes it
// again, to the byte, so that nothing needs to be kept between the two steps
// but content digest and time.
type Pending struct {
	// Content is the digest of the content, Time the claimed signing time.
	Content []byte
	Time    time.Time
	// Attributes are the signed attributes as they are signed: a SET in DER
	// (RFC 5652 5.4).
	Attributes []byte
	// Digest is the digest of Attributes: what a device is given.
	Digest []byte
}

// NewRemote checks that the first certificate's algorithm is on the list, and
// lays out what all signatures have in common.
func NewRemote(o RemoteOptions) (*Remote, error) {
	if o.Hash == 0 {
		o.Hash = crypto.SHA256
	}
	signer, err := cms.NewSigner(cms.SignerOptions{Chain: o.Chain, Hash: o.Hash, PSS: o.PSS, Type: cms.Data})
	if err != nil {
		return nil, fmt.Errorf("preparing to sign elsewhere: %w", err)
	}
	return &Remote{o.Hash, o.Chain[0].PublicKey, signer, o.Authority}, nil
}

// Hash gives the digest that Begin wants of the content.
func (r *Remote) Hash() crypto.Hash { return r.hash }

// Algorithm gives the algorithm of every signature.
func (r *Remote) Algorithm() algorithm.Signature { return r.signer.Method() }

// Begin gives what is to be signed for content of this digest. The signing time
// is the signer's claim, in whole seconds.
func (r *Remote) Begin(digest []byte, signingTime time.Time) (Pending, error) {
	if signingTime.IsZero() {
		return Pending{}, errors.New("preparing to sign elsewhere: no signing time")
	}
	attributes, err := r.signer.Attributes(digest, signingTime)
	if err != nil {
		return Pending{}, fmt.Errorf("preparing to sign elsewhere: %w", err)
	}
	return Pending{Content: digest, Time: signingTime, Attributes: attributes, Digest: cms.AppendSum(nil, r.hash, attributes)}, nil
}

// Complete makes the signature of a value over p.Digest, and checks it first: the
// error wraps [cms.ErrSignature] for a value of another key, over something else,
// or over other attributes than those that Begin gives for p.Content and p.Time.
// For ECDSA the value may be in DER, or r and s one after the other as tokens
// give them. The result is what a [Signer] with the same key and value would have
// made.
func (r *Remote) Complete(ctx context.Context, p Pending, value []byte) ([]byte, error) {
	again, err := r.Begin(p.Content, p.Time)
	if err != nil {
		return nil, err
	}
	method := r.signer.Method()
	if method.Verify(r.public, again.Digest, value) != nil {
		der, ok := fromToken(r.public, value)
		if !ok || method.Verify(r.public, again.Digest, der) != nil {
			return nil, fmt.Errorf("completing a signature: %w", cms.ErrSignature)
		}
		value = der
	}
	return stamp(ctx, r.signer, r.hash, r.authority, r.signer.Join(again.Attributes, value))
}

// fromToken rewrites r and s, each as long as the curve's order, to DER.
func fromToken(public crypto.PublicKey, value []byte) (der []byte, ok bool) {
	key, ok := public.(*ecdsa.PublicKey)
	if !ok || len(value) != 2*((key.Curve.Params().N.BitLen()+7)/8) {
		return nil, false
	}
	return cms.Element(0x30, integer(value[:len(value)/2]), integer(value[len(value)/2:])), true
}

// integer gives a positive INTEGER in DER.
func integer(b []byte) []byte {
	n := new(big.Int).SetBytes(b).Bytes()
	if len(n) == 0 || n[0] >= 0x80 {
		n = append([]byte{0}, n...)
	}
	return cms.Element(0x02, n)
}
