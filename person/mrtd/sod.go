package mrtd

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"rem"
	"rem/trust/algorithm"
	"rem/trust/cms"
)

// Why a chip's data is not believed.
var (
	// ErrStructure: the bytes are not those of a chip, or not in their one form.
	ErrStructure = errors.New("not the data of a document's chip")
	// ErrDigest: a data group is not the one that was signed.
	ErrDigest = errors.New("a data group is not the one that the document's issuer signed")
	// ErrSignature: the signature is not the signer's, or by an algorithm that is
	// not believed.
	ErrSignature = errors.New("the signature of the document's chip is not believed")
	// ErrIssuer: the signer is not of the state that the document names, by the
	// anchors that we were given, or not valid now, or revoked.
	ErrIssuer = errors.New("the signer of the document's chip does not lead to the anchor of its state")
)

// An Anchor is the certificate of a state's own authority for its documents
// (CSCA), with the state whose documents it vouches for, as zones write it.
type Anchor struct {
	State       string // TUR
	Certificate *x509.Certificate
	// Revoked is its newest list of revoked signers; nil: none is at hand. One
	// that it did not sign, or that is over its time, is believed in nothing.
	Revoked *x509.RevocationList
}

// Chip is what was read from a document: the files as they are on the chip.
type Chip struct {
	SOD []byte // EF.SOD
	DG1 []byte // EF.DG1, the zone
	DG2 []byte // EF.DG2, the picture; hashed and not looked at
}

// Bounds in octets; a picture has some ten thousand.
const (
	maxSOD = 64 << 10
	maxDG1 = 256
	maxDG2 = 512 << 10
	// maxCarried bounds the certificates in a signed object; one is usual.
	maxCarried = 4
	maxDigests = 4
	dataGroups = 16
)

// An Authentic is a document whose chip's data is what its issuer signed.
type Authentic struct {
	Zone *Zone
	// Signer and Anchor are the digests of the certificates.
	Signer, Anchor rem.Digest
	Algorithm      string
	// Signed is when the signer says that he signed; zero: he does not.
	Signed time.Time
	// Listed: a list of revoked signers was at hand, valid, and does not have him.
	Listed bool
}

const (
	tagSOD = 0x77
	tagDG1 = 0x61
	tagDG2 = 0x75
)

var (
	oidSignedData    = cms.OID("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02") // RFC 5652 5.1
	oidContentType   = cms.OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03") // RFC 5652 11.1
	oidMessageDigest = cms.OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04") // RFC 5652 11.2
	oidSigningTime   = cms.OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05") // RFC 5652 11.3
	oidSecurity      = cms.OID("\x67\x81\x08\x01\x01\x01")             // 2.23.136.1.1.1, the security object
)

// Authenticate shows that the data groups are what the document's state signed:
// digest by digest, signature, signer, anchor. now is when the chip was read.
func (c *Chip) Authenticate(anchors []Anchor, now time.Time) (*Authentic, error) {
	if len(c.SOD) > maxSOD || len(c.DG1) > maxDG1 || len(c.DG2) > maxDG2 {
		return nil, structure("a file is too long")
	}
	zone, err := readDG1(c.DG1, now)
	if err != nil {
		return nil, err
	}
	if !whole(c.DG2, tagDG2) {
		return nil, structure("data group 2")
	}
	s, err := readSOD(c.SOD)
	if err != nil {
		return nil, err
	}
	h, digests, err := readSecurity(s.content)
	if err != nil {
		return nil, err
	}
	for n, group := range map[int][]byte{1: c.DG1, 2: c.DG2} {
		if want, ok := digests[n]; !ok || !bytes.Equal(want, cms.AppendSum(nil, h, group)) {
			return nil, fmt.Errorf("%w: group %d", ErrDigest, n)
		}
	}
	signer, err := s.verify(now)
	if err != nil {
		return nil, err
	}
	anchor, listed, err := lead(signer, zone.Issuer, anchors, now)
	if err != nil {
		return nil, err
	}
	if !s.time.IsZero() && (s.time.Before(signer.NotBefore) || s.time.After(now.Add(time.Hour))) {
		return nil, fmt.Errorf("%w: it was signed outside the signer's time", ErrIssuer)
	}
	return &Authentic{
		Zone: zone, Signer: rem.DigestOf(signer.Raw), Anchor: rem.DigestOf(anchor.Raw),
		Algorithm: s.method.String(), Signed: s.time, Listed: listed,
	}, nil
}

// Zone reads the zone alone, and believes it in nothing.
func (c *Chip) Zone(now time.Time) (*Zone, error) {
	if len(c.DG1) > maxDG1 {
		return nil, structure("a file is too long")
	}
	return readDG1(c.DG1, now)
}

func structure(what string) error { return fmt.Errorf("%w: %s", ErrStructure, what) }

// readDG1 takes the zone out of its file: tag 61, and in it tag 5F1F, of two
// octets.
func readDG1(file []byte, now time.Time) (*Zone, error) {
	in := cryptobyte.String(file)
	var body cryptobyte.String
	if !in.ReadASN1(&body, tagDG1) || !in.Empty() || len(body) < 3 || body[0] != 0x5f || body[1] != 0x1f || int(body[2]) != len(body)-3 {
		return nil, structure("data group 1")
	}
	return ParseZone(string(body[3:]), now)
}

func whole(file []byte, tag asn1.Tag) bool {
	in := cryptobyte.String(file)
	var body cryptobyte.String
	return in.ReadASN1(&body, tag) && in.Empty() && !body.Empty()
}

// A signed is an EF.SOD taken apart.
type signed struct {
	content      []byte
	certificates []*x509.Certificate
	issuer       []byte // in DER
	serial       []byte
	keyID        []byte
	hash         crypto.Hash
	method       algorithm.Signature
	attributes   []byte // their content, without header
	digest       []byte
	time         time.Time
	value        []byte
}

// readSOD reads the SignedData of RFC 5652 5.1 that a chip holds. It is not the
// reader of trust/cms: chips have no signing-certificate attribute, which that one
// asks of every signature.
func readSOD(file []byte) (*signed, error) {
	in := cryptobyte.String(file)
	var info cryptobyte.String
	if !in.ReadASN1(&info, tagSOD) || !in.Empty() || cms.CheckDER(info) != nil {
		return nil, structure("the signed object")
	}
	ctx := func(n uint8) asn1.Tag { return asn1.Tag(n).ContextSpecific().Constructed() }
	var content, outer, body, oid, digests, encap, octets, bag, signers, one cryptobyte.String
	var version int
	if !info.ReadASN1(&content, asn1.SEQUENCE) || !info.Empty() ||
		!content.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) || cms.OID(oid) != oidSignedData ||
		!content.ReadASN1(&outer, ctx(0)) || !content.Empty() || !outer.ReadASN1(&body, asn1.SEQUENCE) || !outer.Empty() ||
		!body.ReadASN1Integer(&version) || version != 3 || !body.ReadASN1(&digests, asn1.SET) || !body.ReadASN1(&encap, asn1.SEQUENCE) {
		return nil, structure("the head of the signed object")
	}
	if !encap.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) || cms.OID(oid) != oidSecurity || !encap.ReadASN1(&outer, ctx(0)) || !encap.Empty() ||
		!outer.ReadASN1(&octets, asn1.OCTET_STRING) || !outer.Empty() {
		return nil, structure("its content is no security object")
	}
	s := &signed{content: octets}
	if !body.ReadASN1(&bag, ctx(0)) || !body.ReadASN1(&signers, asn1.SET) || !body.Empty() || !signers.ReadASN1(&one, asn1.SEQUENCE) || !signers.Empty() {
		return nil, structure("certificates and exactly one signer")
	}
	for !bag.Empty() {
		var der cryptobyte.String
		if !bag.ReadASN1Element(&der, asn1.SEQUENCE) || len(s.certificates) == maxCarried {
			return nil, structure("the certificates that it carries")
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, structure("a certificate that it carries")
		}
		s.certificates = append(s.certificates, c)
	}
	if err := s.readSigner(one); err != nil {
		return nil, err
	}
	for n := 0; ; n++ {
		var id cryptobyte.String
		if digests.Empty() || n == maxDigests || !digests.ReadASN1Element(&id, asn1.SEQUENCE) {
			return nil, structure("the signer's digest is not among those that it names")
		}
		if h, err := algorithm.ParseDigestIdentifier(id); err == nil && h == s.hash {
			return s, nil
		}
	}
}

func (s *signed) readSigner(in cryptobyte.String) error {
	var version int
	var id, issuer, serial, keyID, digest, attributes, method, value cryptobyte.String
	var byKey bool
	if !in.ReadASN1Integer(&version) || !in.ReadOptionalASN1(&keyID, &byKey, asn1.Tag(0).ContextSpecific()) {
		return structure("the signer's version")
	}
	if byKey {
		if s.keyID = keyID; version != 3 || len(keyID) == 0 {
			return structure("who the signer is")
		}
	} else if version != 1 || !in.ReadASN1(&id, asn1.SEQUENCE) || !id.ReadASN1Element(&issuer, asn1.SEQUENCE) || !id.ReadASN1(&serial, asn1.INTEGER) || !id.Empty() {
		return structure("who the signer is")
	}
	s.issuer, s.serial = issuer, serial
	if !in.ReadASN1Element(&digest, asn1.SEQUENCE) || !in.ReadASN1(&attributes, asn1.Tag(0).ContextSpecific().Constructed()) ||
		!in.ReadASN1Element(&method, asn1.SEQUENCE) || !in.ReadASN1(&value, asn1.OCTET_STRING) || !in.Empty() {
		return structure("the signer's signature")
	}
	var err error
	if s.hash, err = algorithm.ParseDigestIdentifier(digest); err == nil {
		s.method, err = algorithm.ParseIdentifier(method, s.hash)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	s.attributes, s.value = attributes, value
	return s.readAttributes(attributes)
}

// readAttributes reads what is signed: the content's type and digest, once each,
// and the time when it is there. That the set is sorted CheckDER cannot know under
// its implicit tag, so it is looked at here.
func (s *signed) readAttributes(in cryptobyte.String) error {
	seen := map[cms.OID]bool{}
	var previous []byte
	for !in.Empty() {
		var element, attribute, oid, values, v cryptobyte.String
		if !in.ReadASN1Element(&element, asn1.SEQUENCE) || bytes.Compare(previous, element) >= 0 {
			return structure("the signed attributes are not a set")
		}
		previous = element
		if !element.ReadASN1(&attribute, asn1.SEQUENCE) || !attribute.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) || seen[cms.OID(oid)] ||
			!attribute.ReadASN1(&values, asn1.SET) || !attribute.Empty() {
			return structure("a signed attribute")
		}
		seen[cms.OID(oid)] = true
		ok := true
		switch cms.OID(oid) {
		case oidContentType:
			ok = values.ReadASN1(&v, asn1.OBJECT_IDENTIFIER) && values.Empty() && cms.OID(v) == oidSecurity
		case oidMessageDigest:
			ok = values.ReadASN1(&v, asn1.OCTET_STRING) && values.Empty()
			s.digest = v
		case oidSigningTime:
			if values.PeekASN1Tag(asn1.UTCTime) {
				ok = values.ReadASN1UTCTime(&s.time) && values.Empty()
			} else {
				ok = values.ReadASN1GeneralizedTime(&s.time) && values.Empty()
			}
		}
		if !ok {
			return structure("a signed attribute")
		}
	}
	if !seen[oidContentType] || !seen[oidMessageDigest] {
		return structure("a signed attribute that has to be there")
	}
	return nil
}

// verify finds the signer and checks his signature.
func (s *signed) verify(now time.Time) (*x509.Certificate, error) {
	if !bytes.Equal(s.digest, cms.AppendSum(nil, s.hash, s.content)) {
		return nil, fmt.Errorf("%w: the security object", ErrDigest)
	}
	i := slices.IndexFunc(s.certificates, func(c *x509.Certificate) bool {
		if s.keyID != nil {
			return bytes.Equal(s.keyID, c.SubjectKeyId)
		}
		return bytes.Equal(s.issuer, c.RawIssuer) && bytes.Equal(s.serial, serialOf(c))
	})
	if i < 0 {
		return nil, fmt.Errorf("%w: the signer's certificate is not there", ErrSignature)
	}
	c := s.certificates[i]
	set := append(cms.AppendHeader(nil, byte(asn1.SET), len(s.attributes)), s.attributes...) // RFC 5652 5.4
	if err := s.method.Verify(c.PublicKey, cms.AppendSum(nil, s.hash, set), s.value); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	if !algorithm.Acceptable(s.method, algorithm.KeyBits(c.PublicKey), now) {
		return nil, fmt.Errorf("%w: %s is no longer acceptable", ErrSignature, s.method)
	}
	return c, nil
}

func serialOf(c *x509.Certificate) []byte {
	var b cryptobyte.Builder
	b.AddASN1BigInt(c.SerialNumber)
	in := cryptobyte.String(b.BytesOrPanic())
	var out cryptobyte.String
	in.ReadASN1(&out, asn1.INTEGER)
	return out
}

// lead finds the anchor of the document's state that issued the signer's
// certificate. A chip's signer is issued by the anchor itself.
func lead(signer *x509.Certificate, state string, anchors []Anchor, now time.Time) (anchor *x509.Certificate, listed bool, err error) {
	switch {
	case signer.IsCA || signer.KeyUsage&x509.KeyUsageDigitalSignature == 0 || len(signer.UnhandledCriticalExtensions) > 0:
		return nil, false, fmt.Errorf("%w: the certificate is not one for signing documents", ErrIssuer)
	case now.Before(signer.NotBefore) || now.After(signer.NotAfter):
		return nil, false, fmt.Errorf("%w: the signer's certificate is not valid now", ErrIssuer)
	}
	for _, a := range anchors {
		if a.State != state || !bytes.Equal(a.Certificate.RawSubject, signer.RawIssuer) || now.Before(a.Certificate.NotBefore) || now.After(a.Certificate.NotAfter) {
			continue
		}
		if signer.CheckSignatureFrom(a.Certificate) != nil {
			continue
		}
		if l := a.Revoked; l != nil && l.CheckSignatureFrom(a.Certificate) == nil && !now.After(l.NextUpdate) {
			if slices.ContainsFunc(l.RevokedCertificateEntries, func(e x509.RevocationListEntry) bool { return e.SerialNumber.Cmp(signer.SerialNumber) == 0 }) {
				return nil, false, fmt.Errorf("%w: the signer was revoked", ErrIssuer)
			}
			listed = true
		}
		return a.Certificate, listed, nil
	}
	return nil, false, ErrIssuer
}

// readSecurity reads the security object: the digest's algorithm, and the digest of
// each data group.
func readSecurity(der []byte) (crypto.Hash, map[int][]byte, error) {
	in := cryptobyte.String(der)
	var body, id, list cryptobyte.String
	var version int
	if cms.CheckDER(der) != nil || !in.ReadASN1(&body, asn1.SEQUENCE) || !in.Empty() || !body.ReadASN1Integer(&version) || version < 0 || version > 1 ||
		!body.ReadASN1Element(&id, asn1.SEQUENCE) || !body.ReadASN1(&list, asn1.SEQUENCE) {
		return 0, nil, structure("the security object")
	}
	// Version 1 says more about the chip's layout, which changes nothing here.
	var more cryptobyte.String
	if version == 1 && !body.ReadASN1(&more, asn1.SEQUENCE) || !body.Empty() {
		return 0, nil, structure("the end of the security object")
	}
	h, err := algorithm.ParseDigestIdentifier(id)
	if err != nil {
		return 0, nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	digests := map[int][]byte{}
	last := 0
	for !list.Empty() {
		var group, digest cryptobyte.String
		var n int
		if !list.ReadASN1(&group, asn1.SEQUENCE) || !group.ReadASN1Integer(&n) || !group.ReadASN1(&digest, asn1.OCTET_STRING) || !group.Empty() ||
			n <= last || n > dataGroups || len(digest) != h.Size() {
			return 0, nil, structure("a digest of the security object")
		}
		digests[n], last = digest, n
	}
	return h, digests, nil
}
