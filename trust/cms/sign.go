package cms

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"rem/trust/algorithm"
)

// A Signer writes SignedData with one key. Everything that does not change from
// one signature to the next is laid out once: a signature costs two short
// hashes and the key's work. It may be used concurrently if its key may.
type Signer struct {
	key    crypto.Signer
	method algorithm.Signature
	chain  []*x509.Certificate

	forms  [3]form // signed attributes by form of time
	head   []byte  // version and digest algorithms
	oid    []byte  // the content type, an element
	bag    []byte  // the certificates, [0]
	info   []byte  // version, identifier and digest algorithm of the signer
	scheme []byte  // the signature algorithm
}

// A form is the sorted signed attributes with their header as a SET, with
// holes for what changes.
type form struct {
	der          []byte
	digest, time int // where the message digest and the signing time stand
}

const (
	withoutTime = iota
	withUTCTime
	withTime
)

// SignerOptions says how a Signer signs.
type SignerOptions struct {
	Key   crypto.Signer       // the leaf's private key; may be a device
	Chain []*x509.Certificate // leaf first, then those to carry beside it
	Hash  crypto.Hash         // SHA-256 unless the profile says otherwise
	PSS   bool                // RSASSA-PSS in place of PKCS #1 v1.5
	Type  OID                 // of the content
}

// NewSigner prepares a signer. The key must be the leaf's and on the list of
// package algorithm.
//
// Without a key the signer only lays out: its Sign fails, and whoever holds the
// key signs what Attributes gives.
func NewSigner(o SignerOptions) (*Signer, error) {
	if len(o.Chain) == 0 || len(o.Chain) > maxCertificates {
		return nil, errors.New("preparing signer: no certificate, or too many")
	}
	leaf := o.Chain[0]
	if o.Key != nil {
		public, ok := o.Key.Public().(interface{ Equal(crypto.PublicKey) bool })
		if !ok || !public.Equal(leaf.PublicKey) {
			return nil, fmt.Errorf("preparing signer: key is not that of %q", leaf.Subject)
		}
	}
	method, err := algorithm.For(leaf.PublicKey, o.Hash, o.PSS)
	if err != nil {
		return nil, fmt.Errorf("preparing signer: %w", err)
	}
	digest := algorithm.DigestIdentifier(o.Hash)
	version := byte(3)
	if o.Type == Data {
		version = 1
	}
	certificates := make([][]byte, len(o.Chain))
	for i, c := range o.Chain {
		certificates[i] = c.Raw
	}
	slices.SortFunc(certificates, bytes.Compare) // DER SET OF
	serial := leafSerial(leaf)
	s := &Signer{
		key: o.Key, method: method, chain: slices.Clone(o.Chain),
		head:   slices.Concat([]byte{tagInteger, 1, version}, Element(tagSet, digest)),
		oid:    Element(tagOID, []byte(o.Type)),
		bag:    Element(tagContext0, certificates...),
		info:   slices.Concat([]byte{tagInteger, 1, 1}, Element(tagSequence, leaf.RawIssuer, serial), digest),
		scheme: method.Identifier(),
	}
	fixed := [][]byte{
		NewAttribute(ContentType, s.oid),
		NewAttribute(SigningCertificateV2, s.certID(o.Hash, serial)),
		NewAttribute(AlgorithmProtection, s.protection(digest)),
	}
	s.forms[withoutTime] = s.layout(fixed, nil)
	s.forms[withUTCTime] = s.layout(fixed, Element(tagUTCTime, make([]byte, len(utcTime))))
	s.forms[withTime] = s.layout(fixed, Element(tagTime, make([]byte, len(longTime))))
	return s, nil
}

// The times of signing-time, RFC 5652 11.3.
const (
	utcTime  = "060102150405Z"
	longTime = "20060102150405Z"
)

// leafSerial gives the serial number as its certificate writes it.
func leafSerial(c *x509.Certificate) []byte {
	n := c.SerialNumber.Bytes()
	if len(n) == 0 || n[0] >= 0x80 {
		n = slices.Concat([]byte{0}, n)
	}
	return Element(tagInteger, n)
}

// certID gives a SigningCertificateV2 with the leaf's ESSCertIDv2 and its
// issuer and serial (RFC 5035 3, 4). SHA-256 is the default and left out.
func (s *Signer) certID(h crypto.Hash, serial []byte) []byte {
	d := h.New()
	d.Write(s.chain[0].Raw)
	var id []byte
	if h != crypto.SHA256 {
		id = algorithm.DigestIdentifier(h)
	}
	id = append(id, Element(tagOctetString, d.Sum(nil))...)
	name := Element(tagSequence, Element(tagContext0|4, s.chain[0].RawIssuer))
	id = append(id, Element(tagSequence, name, serial)...)
	return Element(tagSequence, Element(tagSequence, Element(tagSequence, id)))
}

// protection gives a CMSAlgorithmProtection, RFC 6211 2. Its signature
// algorithm is implicitly tagged: the same content under another tag.
func (s *Signer) protection(digest []byte) []byte {
	scheme := slices.Clone(s.scheme)
	scheme[0] = tagContext1
	return Element(tagSequence, digest, scheme)
}

// layout sorts the attributes and finds the holes. The order of a SET OF is
// decided before the holes: the attributes differ in length or in type.
func (s *Signer) layout(fixed [][]byte, signingTime []byte) form {
	digest := NewAttribute(MessageDigest, Element(tagOctetString, make([]byte, s.method.Hash.Size())))
	list := append(slices.Clone(fixed), digest)
	var timed []byte
	if signingTime != nil {
		timed = NewAttribute(SigningTime, signingTime)
		list = append(list, timed)
	}
	slices.SortFunc(list, bytes.Compare)
	f := form{der: Element(tagSet, list...), time: -1}
	end := len(f.der)
	for _, a := range slices.Backward(list) {
		switch {
		case &a[0] == &digest[0]:
			f.digest = end - s.method.Hash.Size()
		case timed != nil && &a[0] == &timed[0]:
			f.time = end - len(signingTime) + 2
		}
		end -= len(a)
	}
	return f
}

// A Signed is a signature that was made and not written yet: what may be asked
// about it first is a time-stamp token over its value.
type Signed struct {
	Value      []byte
	attributes []byte // with the header of a SET
}

// Method gives the algorithm of every signature of s.
func (s *Signer) Method() algorithm.Signature { return s.method }

// Chain gives the certificates, leaf first. The caller must not change it.
func (s *Signer) Chain() []*x509.Certificate { return s.chain }

// Sign signs content by its digest. A zero time is left out; another one is
// written in whole seconds of UTC.
func (s *Signer) Sign(digest []byte, at time.Time) (Signed, error) {
	if s.key == nil {
		return Signed{}, errors.New("signing: the key is not here")
	}
	attributes, err := s.Attributes(digest, at)
	if err != nil {
		return Signed{}, err
	}
	var sum [64]byte
	value, err := s.method.Sign(s.key, AppendSum(sum[:0], s.method.Hash, attributes))
	if err != nil {
		return Signed{}, err
	}
	return Signed{Value: value, attributes: attributes}, nil
}

// Join puts a value to the attributes that it was made over, as
// [Signer.Attributes] gave them. Both are taken as they are.
func (s *Signer) Join(attributes, value []byte) Signed {
	return Signed{Value: value, attributes: attributes}
}

// Attributes gives what is signed for content of this digest: the signed
// attributes as a SET in DER (RFC 5652 5.4), the same for the same digest and
// second. A zero time is left out.
func (s *Signer) Attributes(digest []byte, at time.Time) ([]byte, error) {
	if len(digest) != s.method.Hash.Size() {
		return nil, fmt.Errorf("signing a digest of %d bytes with %v", len(digest), s.method)
	}
	f, layout := &s.forms[withoutTime], ""
	if !at.IsZero() {
		at = at.UTC()
		f, layout = &s.forms[withUTCTime], utcTime
		if !inUTCTime(at) {
			f, layout = &s.forms[withTime], longTime
		}
		if at.Year() < 0 || at.Year() > 9999 {
			return nil, fmt.Errorf("signing at %v", at)
		}
	}
	attributes := slices.Clone(f.der)
	copy(attributes[f.digest:], digest)
	if f.time >= 0 {
		at.AppendFormat(attributes[:f.time], layout)
	}
	return attributes, nil
}

// Parts says what a SignedData is written with besides its signature.
type Parts struct {
	Content  []byte // encapsulated; nil when the content is elsewhere
	Unsigned []byte // one unsigned attribute, from NewAttribute, or nil
	Bare     bool   // leaves the certificates out
}

// Append appends the ContentInfo with the SignedData.
func (s *Signer) Append(dst []byte, signed Signed, p Parts) []byte {
	info := len(s.info) + len(signed.attributes) + len(s.scheme) + Size(len(signed.Value))
	if p.Unsigned != nil {
		info += Size(len(p.Unsigned))
	}
	encap := len(s.oid)
	if p.Content != nil {
		encap += Size(Size(len(p.Content)))
	}
	bag := s.bag
	if p.Bare {
		bag = nil
	}
	body := len(s.head) + Size(encap) + len(bag) + Size(Size(info))
	whole := Size(len(signedData)) + Size(Size(body))

	dst = slices.Grow(dst, Size(whole))
	dst = AppendHeader(dst, tagSequence, whole)
	dst = append(AppendHeader(dst, tagOID, len(signedData)), signedData...)
	dst = AppendHeader(dst, tagContext0, Size(body))
	dst = AppendHeader(dst, tagSequence, body)
	dst = append(dst, s.head...)
	dst = AppendHeader(dst, tagSequence, encap)
	dst = append(dst, s.oid...)
	if p.Content != nil {
		dst = AppendHeader(dst, tagContext0, Size(len(p.Content)))
		dst = appendTLV(dst, tagOctetString, p.Content)
	}
	dst = append(dst, bag...)
	dst = AppendHeader(dst, tagSet, Size(info))
	dst = AppendHeader(dst, tagSequence, info)
	dst = append(dst, s.info...)
	dst = append(dst, tagContext0)
	dst = append(dst, signed.attributes[1:]...)
	dst = append(dst, s.scheme...)
	dst = appendTLV(dst, tagOctetString, signed.Value)
	if p.Unsigned != nil {
		dst = appendTLV(dst, tagContext1, p.Unsigned)
	}
	return dst
}
