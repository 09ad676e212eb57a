package algorithm

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// signatureURIs are the names of signature algorithms in XML: RFC 6931 2.3.2
// to 2.3.4 (RSA), 2.3.6 (ECDSA) and 2.3.10 (PSS without parameters, so that
// the salt is as long as the digest).
var signatureURIs = []struct {
	signature Signature
	uri       string
}{
	{Signature{x509.ECDSA, crypto.SHA256, false}, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"},
	{Signature{x509.ECDSA, crypto.SHA384, false}, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"},
	{Signature{x509.ECDSA, crypto.SHA512, false}, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"},
	{Signature{x509.RSA, crypto.SHA256, false}, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"},
	{Signature{x509.RSA, crypto.SHA384, false}, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"},
	{Signature{x509.RSA, crypto.SHA512, false}, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"},
	{Signature{x509.RSA, crypto.SHA256, true}, "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"},
	{Signature{x509.RSA, crypto.SHA384, true}, "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1"},
	{Signature{x509.RSA, crypto.SHA512, true}, "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1"},
}

// URI gives the name of s in XML, and "" when s is not on the list.
func (s Signature) URI() string {
	for i := range signatureURIs {
		if signatureURIs[i].signature == s {
			return signatureURIs[i].uri
		}
	}
	return ""
}

// SignatureByURI finds a signature algorithm by its name in XML. The error is
// [ErrUnknown].
func SignatureByURI(uri string) (Signature, error) {
	for i := range signatureURIs {
		if signatureURIs[i].uri == uri {
			return signatureURIs[i].signature, nil
		}
	}
	return Signature{}, fmt.Errorf("signature algorithm %.100q: %w", uri, ErrUnknown)
}

// maxField is the length in bytes of the largest curve's field.
const maxField = 48

// SignXML signs a digest and gives the value as ds:SignatureValue carries it:
// for ECDSA r and s, each as long as the curve's order, one after the other
// (RFC 6931 2.3.6); for RSA the same bytes as [Signature.Sign].
func (s Signature) SignXML(key crypto.Signer, digest []byte) ([]byte, error) {
	value, err := s.Sign(key, digest)
	if err != nil || s.Key != x509.ECDSA {
		return value, err
	}
	public, ok := key.Public().(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("key of type %T for %v: %w", key.Public(), s, ErrUnknown)
	}
	fixed, err := fixedWidth(value, fieldBytes(public))
	if err != nil {
		return nil, fmt.Errorf("reading the value a key returned: %w", err)
	}
	return fixed, nil
}

// VerifyXML checks a value of the form that [Signature.SignXML] gives. An
// ECDSA value of any other length, the DER form among them, is refused. The
// errors are those of [Signature.Verify].
func (s Signature) VerifyXML(public crypto.PublicKey, digest, value []byte) error {
	key, ok := public.(*ecdsa.PublicKey)
	if !ok || s.Key != x509.ECDSA {
		return s.Verify(public, digest, value)
	}
	if err := s.fits(key); err != nil {
		return err
	}
	n := fieldBytes(key)
	if len(value) != 2*n {
		return fmt.Errorf("ECDSA value of %d bytes: %w", len(value), ErrSignature)
	}
	var buffer [2*(maxField+3) + 2]byte
	return s.Verify(public, digest, derPair(buffer[:0], value[:n], value[n:]))
}

func fieldBytes(key *ecdsa.PublicKey) int { return (key.Curve.Params().BitSize + 7) / 8 }

// derPair appends SEQUENCE { r INTEGER, s INTEGER }. Its contents are at most
// 102 bytes, so that every length fits one byte.
func derPair(dst, r, s []byte) []byte {
	dst = append(dst, 0x30, 0)
	dst = derPositive(dst, r)
	dst = derPositive(dst, s)
	dst[1] = byte(len(dst) - 2)
	return dst
}

func derPositive(dst, n []byte) []byte {
	for len(n) > 1 && n[0] == 0 {
		n = n[1:]
	}
	if n[0]&0x80 != 0 {
		dst = append(dst, 0x02, byte(len(n)+1), 0)
	} else {
		dst = append(dst, 0x02, byte(len(n)))
	}
	return append(dst, n...)
}

// fixedWidth turns the DER of two integers into two strings of n bytes.
func fixedWidth(der []byte, n int) ([]byte, error) {
	in := cryptobyte.String(der)
	var pair cryptobyte.String
	var r, s []byte
	if !in.ReadASN1(&pair, asn1.SEQUENCE) || !in.Empty() ||
		!pair.ReadASN1Integer(&r) || !pair.ReadASN1Integer(&s) || !pair.Empty() || len(r) > n || len(s) > n {
		return nil, errors.New("not an ECDSA value in DER")
	}
	out := make([]byte, 2*n)
	copy(out[n-len(r):], r)
	copy(out[2*n-len(s):], s)
	return out, nil
}
