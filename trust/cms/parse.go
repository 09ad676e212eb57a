package cms

import (
	"bytes"
	"crypto"
	"errors"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"rem/trust/algorithm"
)

// The reasons why signed data is not believed. Errors of this package wrap one
// of them, or algorithm.ErrUnknown for an algorithm or key outside the list.
var (
	ErrStructure = errors.New("signed data is malformed")
	ErrDigest    = errors.New("signed data is over other content")
	ErrSignature = errors.New("signature of signed data is wrong")
	ErrNoSigner  = errors.New("signing certificate is not at hand")
	// ErrUnnamed says more of an ErrStructure: the signed attributes do not name the
	// signing certificate, once. Many mail programs sign so (AT-20).
	ErrUnnamed = errors.New("signing-certificate-v2 is absent or has many values")
)

// SignedData is one signed structure with one signer, RFC 5652 5.1, taken
// apart. Its slices point into the bytes it was read from.
type SignedData struct {
	ContentType  OID
	Content      []byte       // nil when the content is elsewhere
	Certificates [][]byte     // as carried; a hint, not a proof
	Revocations  []Revocation // likewise
	Signer       SignerInfo
}

// A Revocation is what was carried about the state of certificates: a
// CertificateList in DER when Format is empty, else what Format says, such as
// OCSPResponse (RFC 5652 10.2.1, RFC 5940).
type Revocation struct {
	Format OID
	DER    []byte
}

// A SignerInfo is the part of one signer, RFC 5652 5.3.
type SignerInfo struct {
	Digest   crypto.Hash
	Method   algorithm.Signature
	Signed   []Attribute // sorted, each type once
	Unsigned []Attribute // likewise
	Value    []byte      // the signature value

	ContentDigest []byte    // message-digest
	Time          time.Time // signing-time: a claim; zero when absent
	CertIDs       []CertID  // signing-certificate-v2; the first is the signer's
	Protected     bool      // the algorithms are among the signed attributes (RFC 6211)

	attributes     []byte // the signed attributes without their header
	issuer, serial []byte // the signer by issuer, in DER, and serial number
	keyID          []byte // or by subject key identifier
}

// Parse reads a SignedData in its ContentInfo. It checks the structure and
// bounds only. The error wraps ErrStructure or algorithm.ErrUnknown.
func Parse(der []byte) (*SignedData, error) {
	if len(der) > MaxSize {
		return nil, malformed("%d bytes", len(der))
	}
	in := cryptobyte.String(der)
	var info, outer, body, oid cryptobyte.String
	if !in.ReadASN1(&info, asn1.SEQUENCE) || !in.Empty() ||
		!info.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) || OID(oid) != signedData ||
		!info.ReadASN1(&outer, context0) || !info.Empty() ||
		!outer.ReadASN1(&body, asn1.SEQUENCE) || !outer.Empty() {
		return nil, malformed("not a ContentInfo with SignedData")
	}
	s := new(SignedData)
	var version int
	var digests, digest cryptobyte.String
	if !body.ReadASN1Integer(&version) ||
		!body.ReadASN1(&digests, asn1.SET) || !digests.ReadASN1Element(&digest, asn1.SEQUENCE) || !digests.Empty() {
		return nil, malformed("version or digest algorithms")
	}
	if err := s.readContent(&body); err != nil {
		return nil, err
	}
	if err := s.readCertificates(&body); err != nil {
		return nil, err
	}
	if err := s.readRevocations(&body); err != nil {
		return nil, err
	}
	var infos, signer cryptobyte.String
	if !body.ReadASN1(&infos, asn1.SET) || !body.Empty() ||
		!infos.ReadASN1(&signer, asn1.SEQUENCE) || !infos.Empty() {
		return nil, malformed("not exactly one signer")
	}
	if err := s.Signer.read(signer, s.ContentType); err != nil {
		return nil, err
	}
	if h, err := algorithm.ParseDigestIdentifier(digest); err != nil || h != s.Signer.Digest {
		return nil, malformed("digest algorithms are not the signer's")
	}
	if version != s.version() {
		return nil, malformed("version %d", version)
	}
	return s, nil
}

// version gives the version that RFC 5652 5.1 computes.
func (s *SignedData) version() int {
	switch {
	case slices.ContainsFunc(s.Revocations, func(r Revocation) bool { return r.Format != "" }):
		return 5
	case s.ContentType != Data || s.Signer.keyID != nil:
		return 3
	}
	return 1
}

func (s *SignedData) readContent(body *cryptobyte.String) error {
	var encap, oid, content, octets cryptobyte.String
	var present bool
	if !body.ReadASN1(&encap, asn1.SEQUENCE) || !readOID(&encap, &oid) ||
		!encap.ReadOptionalASN1(&content, &present, context0) || !encap.Empty() {
		return malformed("encapsulated content")
	}
	s.ContentType = named(oid)
	if present {
		if !content.ReadASN1(&octets, asn1.OCTET_STRING) || !content.Empty() {
			return malformed("encapsulated content is not one octet string")
		}
		s.Content = octets
	}
	return nil
}

func (s *SignedData) readCertificates(body *cryptobyte.String) error {
	var bag cryptobyte.String
	var present bool
	if !body.ReadOptionalASN1(&bag, &present, context0) || present && bag.Empty() {
		return malformed("certificates")
	}
	if present {
		s.Certificates = make([][]byte, 0, 4)
	}
	for !bag.Empty() {
		var certificate cryptobyte.String
		// Attribute certificates and the obsolete forms have context tags.
		if !bag.ReadASN1Element(&certificate, asn1.SEQUENCE) {
			return malformed("certificate of another form")
		}
		if slices.ContainsFunc(s.Certificates, func(c []byte) bool { return bytes.Equal(c, certificate) }) {
			return malformed("certificate given twice")
		}
		if len(s.Certificates) == maxCertificates {
			return malformed("more than %d certificates", maxCertificates)
		}
		s.Certificates = append(s.Certificates, certificate)
	}
	return nil
}

func (s *SignedData) readRevocations(body *cryptobyte.String) error {
	var bag cryptobyte.String
	var present bool
	if !body.ReadOptionalASN1(&bag, &present, context1) || present && bag.Empty() {
		return malformed("revocations")
	}
	for !bag.Empty() {
		var r Revocation
		var element, oid cryptobyte.String
		switch {
		case bag.PeekASN1Tag(asn1.SEQUENCE):
			if !bag.ReadASN1Element(&element, asn1.SEQUENCE) {
				return malformed("certificate list")
			}
			r.DER = element
		default:
			if !bag.ReadASN1(&element, context1) || !readOID(&element, &oid) || CheckDER(element) != nil {
				return malformed("revocation of another form")
			}
			r = Revocation{OID(oid), element}
		}
		if len(s.Revocations) == maxRevocations {
			return malformed("more than %d revocations", maxRevocations)
		}
		s.Revocations = append(s.Revocations, r)
	}
	return nil
}

// read takes a SignerInfo apart, RFC 5652 5.3.
func (i *SignerInfo) read(in cryptobyte.String, contentType OID) error {
	var version int
	if !in.ReadASN1Integer(&version) {
		return malformed("version of the signer")
	}
	var id, keyID cryptobyte.String
	var byKey bool
	if !in.ReadOptionalASN1(&keyID, &byKey, asn1.Tag(0).ContextSpecific()) {
		return malformed("signer identifier")
	}
	if byKey {
		if version != 3 || keyID.Empty() {
			return malformed("signer identifier")
		}
		i.keyID = keyID
	} else {
		var issuer, serial cryptobyte.String
		if version != 1 || !in.ReadASN1(&id, asn1.SEQUENCE) ||
			!id.ReadASN1Element(&issuer, asn1.SEQUENCE) || !readInteger(&id, &serial) || !id.Empty() || CheckDER(issuer) != nil {
			return malformed("signer identifier")
		}
		i.issuer, i.serial = issuer, serial
	}
	var digest, method, attributes, value, unsigned cryptobyte.String
	if !in.ReadASN1Element(&digest, asn1.SEQUENCE) {
		return malformed("digest algorithm of the signer")
	}
	if !in.ReadASN1(&attributes, context0) || attributes.Empty() {
		return malformed("signed attributes are absent")
	}
	var hasUnsigned bool
	if !in.ReadASN1Element(&method, asn1.SEQUENCE) || !in.ReadASN1(&value, asn1.OCTET_STRING) ||
		!in.ReadOptionalASN1(&unsigned, &hasUnsigned, context1) || !in.Empty() || hasUnsigned && unsigned.Empty() {
		return malformed("signature of the signer")
	}
	i.Value, i.attributes = value, attributes
	var err error
	if i.Digest, err = algorithm.ParseDigestIdentifier(digest); err != nil {
		return err
	}
	if i.Method, err = algorithm.ParseIdentifier(method, i.Digest); err != nil {
		return err
	}
	if i.Signed, err = readAttributes(attributes); err != nil {
		return err
	}
	if i.Unsigned, err = readAttributes(unsigned); err != nil {
		return err
	}
	return i.readSigned(contentType, method)
}

// readOID reads an object identifier whose arcs are in their shortest form.
func readOID(in *cryptobyte.String, out *cryptobyte.String) bool {
	return in.ReadASN1(out, asn1.OBJECT_IDENTIFIER) && OID(*out).valid()
}

// readInteger reads the content of an integer in its shortest form.
func readInteger(in *cryptobyte.String, out *cryptobyte.String) bool {
	return in.ReadASN1(out, asn1.INTEGER) && shortest(*out) && len(*out) <= maxInteger
}
