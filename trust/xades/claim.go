package xades

import (
	"crypto"
	"math/big"
	"time"

	"rem/trust/algorithm"
	"rem/trust/strictxml"
	"rem/trust/tsp"
)

// A claim is a signature as read and not yet believed: its form was found to
// be one that is accepted, and the bytes that are to be hashed stand apart from
// each other. Both readers, of our own form and of everybody's, give one.
type claim struct {
	root       reference // the document
	properties reference // xades:SignedProperties

	info      []byte // ds:SignedInfo, canonical
	algorithm algorithm.Signature
	value     []byte // of ds:SignatureValue, decoded

	signingTime time.Time
	references  []certificateReference // the signer's first
	policy      *SignaturePolicy

	keyInfo []*certificate // of ds:KeyInfo, in order
	carried []*certificate // of the unsigned properties
	ocsp    [][]byte
	crls    [][]byte

	stamps  []stamp
	archive []stamp
	revoked bool     // revocation data are carried
	beside  []string // names of properties that are not verified

	document *strictxml.Document // of root.data, when it was parsed already
	id       []byte              // of the signature, in our own form

	// room is memory for what a signature of our own form has, in one piece:
	// whatever needs more gets it elsewhere.
	room struct {
		keyInfo    [3]*certificate
		references [3]certificateReference
		stamps     [1]stamp
		values     [smallValues]byte
	}
}

// A reference is a ds:Reference: what it covers and what it says of it.
type reference struct {
	data   []byte // after all transforms
	rest   []byte // what follows data, where both stand apart in the source
	hash   crypto.Hash
	digest []byte // as it says

	sum  [maxDigest]byte // of data, in the first bytes, once size is not 0
	size int
}

// computed gives the digest of the data, which is hashed once.
func (r *reference) computed() []byte {
	switch {
	case r.size > 0:
	case len(r.rest) == 0:
		r.size = len(appendSum(r.sum[:0], r.hash, r.data))
	default:
		r.size = len(appendSums(r.sum[:0], r.hash, r.data, r.rest))
	}
	return r.sum[:r.size]
}

// A certificateReference names a certificate: Cert of SigningCertificateV2 or
// of SigningCertificate.
type certificateReference struct {
	hash         crypto.Hash
	digest       []byte
	issuerSerial []byte   // in DER; nil when there is none
	serial       *big.Int // of SigningCertificate, which names the issuer in text
}

// A stamp is a time-stamp token beside the bytes it is said to be over.
type stamp struct {
	der  []byte
	over func(h crypto.Hash) []byte // the imprint; nil when it is that of value
	// value is ds:SignatureValue in canonical form.
	value []byte
}

// token reads the token of a stamp and checks that it is over what it is said
// to be over.
func (s stamp) token(cache *Cache) (*tsp.Token, error) {
	t, err := cache.parseToken(s.der)
	if err != nil {
		return nil, err
	}
	if !algorithm.KnownDigest(t.Hash) {
		return nil, tsp.ErrImprint
	}
	var room [maxDigest]byte
	imprint := room[:0]
	if s.over != nil {
		imprint = s.over(t.Hash)
	} else {
		imprint = appendSum(imprint, t.Hash, s.value)
	}
	if err := t.Matches(t.Hash, imprint); err != nil {
		return nil, err
	}
	return t, nil
}
