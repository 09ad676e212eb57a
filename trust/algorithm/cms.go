package algorithm

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

var (
	oidRSA  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}  // rsaEncryption
	oidMGF1 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}  // id-mgf1
	oidPSS  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10} // id-RSASSA-PSS
)

// signatureOIDs are the signature algorithms whose object identifier names the
// digest too: RFC 5754 3.2 (RSA) and 3.3 (ECDSA).
var signatureOIDs = []struct {
	signature Signature
	oid       asn1.ObjectIdentifier
}{
	{Signature{x509.ECDSA, crypto.SHA256, false}, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}},
	{Signature{x509.ECDSA, crypto.SHA384, false}, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}},
	{Signature{x509.ECDSA, crypto.SHA512, false}, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 4}},
	{Signature{x509.RSA, crypto.SHA256, false}, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}},
	{Signature{x509.RSA, crypto.SHA384, false}, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 12}},
	{Signature{x509.RSA, crypto.SHA512, false}, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 13}},
}

// written holds the identifiers that we write, in the order of their tables.
// Nearly all that is read is one of them, and to compare it takes no memory.
var written = func() (w struct{ digests, signatures []string }) {
	for i := range digests {
		w.digests = append(w.digests, string(digestIdentifier(digests[i].oid)))
	}
	for i := range signatureOIDs {
		w.signatures = append(w.signatures, string(signatureOIDs[i].signature.Identifier()))
	}
	return w
}()

// Identifier gives the DER of the AlgorithmIdentifier of s as X.509 writes it
// and as we write it in CMS: with NULL for RSA, without parameters for ECDSA
// (RFC 5754 3.2, 3.3), with all of RSASSA-PSS-params for PSS (RFC 4055 3.1).
// It gives nil when s is not on the list. The result is the caller's.
func (s Signature) Identifier() []byte {
	if !s.Known() {
		return nil
	}
	var b cryptobyte.Builder
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		if s.PSS {
			b.AddASN1ObjectIdentifier(oidPSS)
			b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) { addPSSParameters(b, s.Hash) })
			return
		}
		for i := range signatureOIDs {
			if signatureOIDs[i].signature == s {
				b.AddASN1ObjectIdentifier(signatureOIDs[i].oid)
			}
		}
		if s.Key == x509.RSA {
			b.AddASN1NULL()
		}
	})
	return b.BytesOrPanic() // every length here is a constant
}

// DigestIdentifier gives the DER of the AlgorithmIdentifier of a digest, its
// parameters left out as RFC 5754 2 asks of writers, and nil for a digest that
// is not on the list. The result is the caller's.
func DigestIdentifier(h crypto.Hash) []byte {
	for i := range written.digests {
		if digests[i].hash == h {
			return []byte(written.digests[i])
		}
	}
	return nil
}

func digestIdentifier(oid asn1.ObjectIdentifier) []byte {
	var b cryptobyte.Builder
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oid) })
	return b.BytesOrPanic()
}

// ParseDigestIdentifier reads the DER of the AlgorithmIdentifier of a digest.
// Parameters are absent or NULL: readers take both (RFC 5754 2).
func ParseDigestIdentifier(der []byte) (crypto.Hash, error) {
	for i := range written.digests {
		if string(der) == written.digests[i] {
			return digests[i].hash, nil
		}
	}
	in := cryptobyte.String(der)
	h, ok := readDigest(&in)
	if !ok || !in.Empty() {
		return 0, fmt.Errorf("digest algorithm: %w", ErrUnknown)
	}
	return h, nil
}

// ParseIdentifier reads the DER of the AlgorithmIdentifier of a signature.
// CMS may name the key only (rsaEncryption, RFC 5754 3.2) and leave the digest
// to the signer's digest algorithm, which digest gives; where the identifier
// names a digest too, it must be the same, and its NULL may be left out, as
// readers have to accept (RFC 5754 3.2). A digest of 0 stands for none given:
// then the identifier has to name it. The error is [ErrUnknown] for all that is
// not on the list, such as PSS whose salt is not as long as its digest.
func ParseIdentifier(der []byte, digest crypto.Hash) (Signature, error) {
	s, ok := parseIdentifier(der, digest)
	if !ok || !s.Known() || digest != 0 && s.Hash != digest {
		return Signature{}, fmt.Errorf("signature algorithm: %w", ErrUnknown)
	}
	return s, nil
}

func parseIdentifier(der []byte, digest crypto.Hash) (Signature, bool) {
	for i := range written.signatures {
		if string(der) == written.signatures[i] {
			return signatureOIDs[i].signature, true
		}
	}
	in := cryptobyte.String(der)
	var id cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&id, tag.SEQUENCE) || !in.Empty() || !id.ReadASN1ObjectIdentifier(&oid) {
		return Signature{}, false
	}
	switch {
	case oid.Equal(oidRSA):
		return Signature{Key: x509.RSA, Hash: digest}, isNULL(id)
	case oid.Equal(oidPSS):
		h, ok := pssDigest(id)
		return Signature{Key: x509.RSA, Hash: h, PSS: true}, ok
	}
	for i := range signatureOIDs {
		if signatureOIDs[i].oid.Equal(oid) {
			s := signatureOIDs[i].signature
			return s, s.Key == x509.RSA && (id.Empty() || isNULL(id)) || s.Key == x509.ECDSA && id.Empty()
		}
	}
	return Signature{}, false
}

func isNULL(s cryptobyte.String) bool { return bytes.Equal(s, []byte{5, 0}) }

// addPSSParameters writes the fields of RSASSA-PSS-params: the digest, MGF1
// over the same digest, the salt's length; the trailer has its default and is
// left out. Inside these parameters a digest carries NULL (RFC 4055 2.1).
func addPSSParameters(b *cryptobyte.Builder, h crypto.Hash) {
	digest := func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(DigestOID(h))
		b.AddASN1NULL()
	}
	b.AddASN1(tag.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
		b.AddASN1(tag.SEQUENCE, digest)
	})
	b.AddASN1(tag.Tag(1).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidMGF1)
			b.AddASN1(tag.SEQUENCE, digest)
		})
	})
	b.AddASN1(tag.Tag(2).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
		b.AddASN1Int64(int64(h.Size()))
	})
}

// pssDigest reads RSASSA-PSS-params and gives its digest, if the mask is MGF1
// over the same digest, the salt as long as it and the trailer the default one.
func pssDigest(parameters cryptobyte.String) (crypto.Hash, bool) {
	var fields, field, mask cryptobyte.String
	if !parameters.ReadASN1(&fields, tag.SEQUENCE) || !parameters.Empty() {
		return 0, false
	}
	if !fields.ReadASN1(&field, tag.Tag(0).ContextSpecific().Constructed()) {
		return 0, false // the default is SHA-1
	}
	h, ok := readDigest(&field)
	if !ok || !field.Empty() {
		return 0, false
	}
	var oid asn1.ObjectIdentifier
	if !fields.ReadASN1(&field, tag.Tag(1).ContextSpecific().Constructed()) ||
		!field.ReadASN1(&mask, tag.SEQUENCE) || !field.Empty() ||
		!mask.ReadASN1ObjectIdentifier(&oid) || !oid.Equal(oidMGF1) {
		return 0, false
	}
	if mgf, ok := readDigest(&mask); !ok || mgf != h || !mask.Empty() {
		return 0, false
	}
	var salt int
	if !fields.ReadASN1(&field, tag.Tag(2).ContextSpecific().Constructed()) ||
		!field.ReadASN1Integer(&salt) || !field.Empty() || salt != h.Size() {
		return 0, false
	}
	return h, fields.Empty()
}

func readDigest(in *cryptobyte.String) (crypto.Hash, bool) {
	var id cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&id, tag.SEQUENCE) || !id.ReadASN1ObjectIdentifier(&oid) || !id.Empty() && !isNULL(id) {
		return 0, false
	}
	return DigestByOID(oid)
}
