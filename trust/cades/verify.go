package cades

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"rem/trust/algorithm"
	"rem/trust/cms"
	"rem/trust/tsp"
)

// VerifyOptions tells [Verify] what its caller knows. The zero value knows
// nothing.
type VerifyOptions = cms.VerifyOptions

// Verified is what a signature was found to say. Everything in it was hashed
// and matched, except where a field says otherwise. It is not changed after it
// was made.
type Verified struct {
	// Certificate is the one whose digest the signer signed, and whose key
	// made the signature value. It is not judged here.
	Certificate *x509.Certificate
	// Chain begins with Certificate and goes on with the others that the
	// signature carries. They are hints.
	Chain []*x509.Certificate
	// Carried are the certificates of certificate-values; hints.
	Carried []*x509.Certificate
	// OCSP and CRLs are revocation data in DER, carried beside the signature:
	// OCSPResponse (RFC 6960 4.2.1) and CertificateList. They are not judged
	// here.
	OCSP, CRLs [][]byte

	// SigningTime is the signer's claim, in UTC.
	SigningTime time.Time

	Algorithm algorithm.Signature
	// Digests are the digests that the signature rests on: of the content and
	// of the certificate, each named once.
	Digests []crypto.Hash

	// Tokens are those of signature-time-stamp, in order. Each is over this
	// signature's value. Their signatures are not verified here.
	Tokens []*tsp.Token

	// Level is the baseline level that the carried attributes reach by their
	// presence: "B-B", "B-T", "B-LT" or "B-LTA". Whether what is carried
	// suffices is for validation to say.
	Level string

	// Checks tells what was checked, in order. All that are not Passed are
	// attributes that are present and not verified here.
	Checks []Check
}

// A Check is one thing that was looked at.
type Check struct {
	Name   string
	Passed bool
	Detail string // why not, or what was found; may be empty
}

// The names of checks.
const (
	CheckForm        = "signature form"
	CheckContent     = "content digest"
	CheckCertificate = "signing certificate"
	CheckValue       = "signature value"
	CheckStamp       = "signature time-stamp imprint"
	CheckAttribute   = "attribute" // its Detail names one that is not verified here
)

// maxTokens bounds the signature time-stamps of one signature.
const maxTokens = 8

// Verify reads a detached signature in DER and checks it over content, whose
// digest the function gives for the algorithm that the signature names. The
// error wraps one of package cms, algorithm.ErrUnknown, or tsp.ErrImprint for a
// time stamp over something else; bytes in BER are cms.ErrStructure.
func Verify(der []byte, contentDigest func(crypto.Hash) []byte, o VerifyOptions) (*Verified, error) {
	v, err := verify(der, contentDigest, o)
	if err != nil {
		return nil, fmt.Errorf("verifying a signature: %w", err)
	}
	return v, nil
}

func verify(der []byte, contentDigest func(crypto.Hash) []byte, o VerifyOptions) (*Verified, error) {
	signed, err := cms.Parse(der)
	if err != nil {
		return nil, err
	}
	info := &signed.Signer
	switch {
	case signed.ContentType != cms.Data || signed.Content != nil:
		return nil, malformed("content is not detached data")
	case info.Time.IsZero():
		return nil, malformed("signing-time is absent")
	}
	carried, err := signed.ParseCertificates(o)
	if err != nil {
		return nil, err
	}
	certificate, err := signed.Verify(contentDigest(info.Digest), carried, o)
	if err != nil {
		return nil, err
	}
	v := &Verified{
		Certificate: certificate,
		Chain:       leafFirst(certificate, carried),
		SigningTime: info.Time,
		Algorithm:   info.Method,
		Digests:     []crypto.Hash{info.Digest},
		Level:       "B-B",
		Checks:      []Check{{CheckForm, true, ""}, {CheckContent, true, ""}, {CheckCertificate, true, ""}, {CheckValue, true, ""}},
	}
	if h := info.CertIDs[0].Hash; h != info.Digest {
		v.Digests = append(v.Digests, h)
	}
	for _, r := range signed.Revocations {
		switch r.Format {
		case "":
			v.CRLs = append(v.CRLs, r.DER)
		case cms.OCSPResponse:
			v.OCSP = append(v.OCSP, r.DER)
		default:
			v.Checks = append(v.Checks, Check{CheckAttribute, false, "revocation data of form " + r.Format.String()})
		}
	}
	if err := v.readUnsigned(info, o); err != nil {
		return nil, err
	}
	return v, nil
}

func leafFirst(leaf *x509.Certificate, carried []*x509.Certificate) []*x509.Certificate {
	chain := append(make([]*x509.Certificate, 0, len(carried)+1), leaf)
	for _, c := range carried {
		if c != leaf {
			chain = append(chain, c)
		}
	}
	return chain
}

// readUnsigned reads what was added after signing. Each level builds on the one
// below: an attribute other than signature-time-stamp stands beside one or is
// refused, so that no change can make a lower level of a higher one unnoticed.
func (v *Verified) readUnsigned(info *cms.SignerInfo, o VerifyOptions) error {
	archived := false
	for _, a := range info.Unsigned {
		switch a.Type {
		case cms.SignatureTimeStamp:
			if err := v.readTokens(a, info.Value, o); err != nil {
				return err
			}
		case cms.CertificateValues:
			if err := v.readCertificateValues(a); err != nil {
				return err
			}
		case cms.RevocationValues:
			if err := v.readRevocationValues(a); err != nil {
				return err
			}
		default:
			archived = archived || a.Type == cms.ArchiveTimeStampV3
			v.Checks = append(v.Checks, Check{CheckAttribute, false, a.Type.String()})
		}
	}
	switch {
	case len(v.Tokens) == 0 && len(info.Unsigned) > 0:
		return malformed("unsigned attributes without a signature time-stamp")
	case len(v.Tokens) == 0:
	case archived:
		v.Level = "B-LTA"
	case len(v.CRLs)+len(v.OCSP) > 0:
		v.Level = "B-LT"
	default:
		v.Level = "B-T"
	}
	return nil
}

// readTokens reads signature-time-stamp, whose every value is a token over the
// octets of the signature value (RFC 5126 6.1.1).
func (v *Verified) readTokens(a cms.Attribute, value []byte, o VerifyOptions) error {
	if len(a.Values) > maxTokens {
		return malformed("more than %d signature time-stamps", maxTokens)
	}
	for _, der := range a.Values {
		token, err := tsp.ParseKnown(der, o)
		if err != nil {
			return err
		}
		d := token.Hash.New()
		d.Write(value)
		if err := token.Matches(token.Hash, d.Sum(nil)); err != nil {
			return err
		}
		v.Tokens = append(v.Tokens, token)
		v.Checks = append(v.Checks, Check{CheckStamp, true, ""})
	}
	return nil
}

// maxCarried bounds the elements of certificate-values and revocation-values.
const maxCarried = 64

// readCertificateValues reads a sequence of certificates, RFC 5126 6.3.3.
func (v *Verified) readCertificateValues(a cms.Attribute) error {
	list, ok := sequence(a, asn1.SEQUENCE)
	if !ok {
		return malformed("certificate-values")
	}
	for _, der := range list {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return malformed("certificate-values: %v", err)
		}
		v.Carried = append(v.Carried, c)
	}
	return nil
}

// sequence gives the elements of the only value of an attribute.
func sequence(a cms.Attribute, tag asn1.Tag) ([][]byte, bool) {
	in := cryptobyte.String(a.Values[0])
	var body cryptobyte.String
	if len(a.Values) != 1 || !in.ReadASN1(&body, asn1.SEQUENCE) || !in.Empty() {
		return nil, false
	}
	return elements(body, tag)
}

func elements(in cryptobyte.String, tag asn1.Tag) ([][]byte, bool) {
	var list [][]byte
	for !in.Empty() {
		var e cryptobyte.String
		if len(list) == maxCarried || !in.ReadASN1Element(&e, tag) {
			return nil, false
		}
		list = append(list, e)
	}
	return list, true
}

// readRevocationValues reads the lists and answers of RFC 5126 6.3.4. It
// carries a BasicOCSPResponse, which is given back in its OCSPResponse
// (RFC 6960 4.2.1), as everywhere else.
func (v *Verified) readRevocationValues(a cms.Attribute) error {
	const list, answers = asn1.Tag(0xa0), asn1.Tag(0xa1)
	in := cryptobyte.String(a.Values[0])
	var body cryptobyte.String
	if len(a.Values) != 1 || !in.ReadASN1(&body, asn1.SEQUENCE) || !in.Empty() {
		return malformed("revocation-values")
	}
	for _, tag := range []asn1.Tag{list, answers} {
		if !body.PeekASN1Tag(tag) {
			continue
		}
		var outer, inner cryptobyte.String
		if !body.ReadASN1(&outer, tag) || !outer.ReadASN1(&inner, asn1.SEQUENCE) || !outer.Empty() {
			return malformed("revocation-values")
		}
		found, ok := elements(inner, asn1.SEQUENCE)
		if !ok {
			return malformed("revocation-values")
		}
		if tag == list {
			v.CRLs = append(v.CRLs, found...)
			continue
		}
		for _, basic := range found {
			v.OCSP = append(v.OCSP, wrapBasic(basic))
		}
	}
	if !body.Empty() {
		v.Checks = append(v.Checks, Check{CheckAttribute, false, "revocation-values of another form"})
	}
	return nil
}

// wrapBasic makes a successful OCSPResponse of a BasicOCSPResponse.
func wrapBasic(basic []byte) []byte {
	kind := slices.Concat([]byte{0x06, 9}, []byte("\x2b\x06\x01\x05\x05\x07\x30\x01\x01")) // id-pkix-ocsp-basic
	response := cms.Element(0x30, kind, cms.Element(0x04, basic))
	return cms.Element(0x30, []byte{0x0a, 1, 0}, cms.Element(0xa0, response))
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", cms.ErrStructure, fmt.Sprintf(format, args...))
}
