package cms

import (
	"bytes"
	"crypto"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"rem/trust/algorithm"
)

// An Attribute is a type with its values, each a complete element in DER
// (RFC 5652 5.3).
type Attribute struct {
	Type   OID
	Values [][]byte
}

// A CertID names a certificate by its digest, RFC 5035 4 ESSCertIDv2.
type CertID struct {
	Hash   crypto.Hash
	Digest []byte

	issuer, serial []byte // of the certificate; nil when not given
}

// NewAttribute gives an attribute with one value, a complete element in DER.
func NewAttribute(id OID, value []byte) []byte {
	return Element(tagSequence, Element(tagOID, []byte(id)), Element(tagSet, value))
}

// find gives the only value of an attribute.
func find(attributes []Attribute, id OID) ([]byte, bool) {
	for _, a := range attributes {
		if a.Type == id {
			return a.Values[0], len(a.Values) == 1
		}
	}
	return nil, false
}

// readAttributes reads the content of a SET OF Attribute. The set is sorted, as
// DER wants; RFC 5652 5.3 asks it of signed attributes only, and we of all,
// since otherwise one signature would have many forms.
func readAttributes(in cryptobyte.String) ([]Attribute, error) {
	if in.Empty() {
		return nil, nil
	}
	list := make([]Attribute, 0, 6)
	single := make([][]byte, 0, cap(list)) // room for attributes of one value
	var previous []byte
	for !in.Empty() {
		var element, body, oid, values cryptobyte.String
		if !in.ReadASN1Element(&element, asn1.SEQUENCE) {
			return nil, malformed("attribute")
		}
		if bytes.Compare(previous, element) >= 0 {
			return nil, malformed("attributes are not sorted")
		}
		previous = element
		whole := element
		if !element.ReadASN1(&body, asn1.SEQUENCE) || !readOID(&body, &oid) ||
			!body.ReadASN1(&values, asn1.SET) || !body.Empty() || values.Empty() {
			return nil, malformed("attribute")
		}
		a := Attribute{Type: named(oid)}
		if n := len(list); n < cap(single) {
			a.Values = single[n : n : n+1]
		}
		switch a.Type {
		case SignatureTimeStamp, CertificateValues, RevocationValues:
			// Long, and read by parsers of their own.
		default:
			if err := CheckDER(whole); err != nil {
				return nil, err
			}
		}
		for _, b := range list {
			if a.Type == b.Type {
				return nil, malformed("attribute %v given twice", a.Type)
			}
		}
		for !values.Empty() {
			var value cryptobyte.String
			var tag asn1.Tag
			if len(a.Values) == maxValues || !values.ReadAnyASN1Element(&value, &tag) {
				return nil, malformed("values of attribute %v", a.Type)
			}
			a.Values = append(a.Values, value)
		}
		if len(list) == maxAttributes {
			return nil, malformed("more than %d attributes", maxAttributes)
		}
		list = append(list, a)
	}
	return list, nil
}

// readSigned reads the signed attributes that we know. RFC 5652 11 wants them
// among the signed ones, once and with one value.
func (i *SignerInfo) readSigned(contentType OID, method []byte) error {
	var oid, octets cryptobyte.String
	value, ok := find(i.Signed, ContentType)
	in := cryptobyte.String(value)
	if !ok || !readOID(&in, &oid) || !in.Empty() || OID(oid) != contentType {
		return malformed("content-type is not the content's")
	}
	value, ok = find(i.Signed, MessageDigest)
	in = value
	if !ok || !in.ReadASN1(&octets, asn1.OCTET_STRING) || !in.Empty() || len(octets) != i.Digest.Size() {
		return malformed("message-digest")
	}
	i.ContentDigest = octets
	value, ok = find(i.Signed, SigningCertificateV2)
	if !ok {
		return fmt.Errorf("%w: %w", ErrStructure, ErrUnnamed)
	}
	var err error
	if i.CertIDs, err = readCertIDs(value); err != nil {
		return err
	}
	if value, ok = find(i.Signed, SigningTime); ok {
		if i.Time, err = readSigningTime(value); err != nil {
			return err
		}
	} else if value != nil {
		return malformed("signing-time has many values")
	}
	if value, ok = find(i.Signed, AlgorithmProtection); ok {
		if err = i.readProtection(value, method); err != nil {
			return err
		}
		i.Protected = true
	} else if value != nil {
		return malformed("algorithm-protection has many values")
	}
	for _, a := range i.Unsigned {
		switch a.Type {
		case ContentType, MessageDigest, SigningCertificateV2, SigningTime, AlgorithmProtection:
			return malformed("attribute %v is not signed", a.Type)
		}
	}
	return nil
}

// readSigningTime reads a Time, RFC 5652 11.3: UTCTime from 1950 to 2049, else
// GeneralizedTime without a fraction.
func readSigningTime(value []byte) (time.Time, error) {
	in := cryptobyte.String(value)
	var c cryptobyte.String
	var tag asn1.Tag
	if !in.ReadAnyASN1(&c, &tag) || !in.Empty() || tag != tagUTCTime && tag != tagTime {
		return time.Time{}, malformed("signing-time")
	}
	t, err := parseTime(byte(tag), c)
	if err != nil {
		return time.Time{}, err
	}
	if tag == tagTime && (t.Nanosecond() != 0 || inUTCTime(t)) {
		return time.Time{}, malformed("signing-time %q", c)
	}
	return t, nil
}

func inUTCTime(t time.Time) bool { return 1950 <= t.Year() && t.Year() < 2050 }

// readProtection compares the protected algorithms with those in use, RFC 6211
// 3. A digest may be written with or without NULL, as everywhere.
func (i *SignerInfo) readProtection(value, method []byte) error {
	in := cryptobyte.String(value)
	var body, digest, signature cryptobyte.String
	if !in.ReadASN1(&body, asn1.SEQUENCE) || !in.Empty() || !body.ReadASN1Element(&digest, asn1.SEQUENCE) ||
		!body.ReadASN1(&signature, context1) || !body.Empty() {
		return malformed("algorithm-protection")
	}
	if h, err := algorithm.ParseDigestIdentifier(digest); err != nil || h != i.Digest {
		return malformed("digest algorithm is not the protected one")
	}
	// [1] is implicit: the content is that of the AlgorithmIdentifier.
	in = method
	if !in.ReadASN1(&body, asn1.SEQUENCE) || !bytes.Equal(body, signature) {
		return malformed("signature algorithm is not the protected one")
	}
	return nil
}

// readCertIDs reads a SigningCertificateV2, RFC 5035 3. Some writers spell out
// the default SHA-256, which DER would leave out; that is read, for it is under
// the signature, and never written.
func readCertIDs(value []byte) ([]CertID, error) {
	in := cryptobyte.String(value)
	var body, list, policies cryptobyte.String
	var present bool
	if !in.ReadASN1(&body, asn1.SEQUENCE) || !in.Empty() || !body.ReadASN1(&list, asn1.SEQUENCE) || list.Empty() ||
		!body.ReadOptionalASN1(&policies, &present, asn1.SEQUENCE) || !body.Empty() {
		return nil, malformed("signing-certificate-v2")
	}
	ids := make([]CertID, 0, 1)
	for !list.Empty() {
		if len(ids) == maxCertificates {
			return nil, malformed("more than %d certificate identifiers", maxCertificates)
		}
		id, err := readCertID(&list)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func readCertID(list *cryptobyte.String) (CertID, error) {
	id := CertID{Hash: crypto.SHA256}
	var body, digest, octets cryptobyte.String
	if !list.ReadASN1(&body, asn1.SEQUENCE) {
		return id, malformed("certificate identifier")
	}
	if body.PeekASN1Tag(asn1.SEQUENCE) {
		var err error
		if !body.ReadASN1Element(&digest, asn1.SEQUENCE) {
			return id, malformed("certificate identifier")
		}
		if id.Hash, err = algorithm.ParseDigestIdentifier(digest); err != nil {
			return id, err
		}
	}
	if !body.ReadASN1(&octets, asn1.OCTET_STRING) || len(octets) != id.Hash.Size() {
		return id, malformed("certificate digest")
	}
	id.Digest = octets
	if body.Empty() {
		return id, nil
	}
	const directoryName = asn1.Tag(tagContext0 | 4)
	var both, names, name, issuer, serial cryptobyte.String
	if !body.ReadASN1(&both, asn1.SEQUENCE) || !body.Empty() ||
		!both.ReadASN1(&names, asn1.SEQUENCE) || !readInteger(&both, &serial) || !both.Empty() ||
		!names.ReadASN1(&name, directoryName) || !names.Empty() ||
		!name.ReadASN1Element(&issuer, asn1.SEQUENCE) || !name.Empty() {
		return id, malformed("issuer and serial of a certificate identifier")
	}
	id.issuer, id.serial = issuer, serial
	return id, nil
}
