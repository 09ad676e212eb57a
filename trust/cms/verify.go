package cms

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"

	"rem/trust/algorithm"
)

// checkCarried shows that carried certificates hang together: where one names
// an issuer that was carried too, that issuer signed it, and none is a stranger
// to all others. So a changed certificate is noticed wherever the bytes can
// tell. Those that are known need no look; trust is judged elsewhere.
func checkCarried(carried []*x509.Certificate, o VerifyOptions) error {
	if len(carried) == 1 {
		return nil // it has to be the signer's
	}
	for _, c := range carried {
		if among(o.Known, c.Raw) == nil {
			if err := checkLinks(c, carried, o.Cache); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkLinks(c *x509.Certificate, carried []*x509.Certificate, cache *Cache) error {
	linked, refuted := false, false
	for _, other := range carried {
		if other != c && bytes.Equal(other.RawIssuer, c.RawSubject) {
			linked = true // that other one is checked for itself
		}
		if !bytes.Equal(other.RawSubject, c.RawIssuer) {
			continue
		}
		err := cache.checkLink(c, other)
		if err == nil {
			return nil
		}
		if _, insecure := errors.AsType[x509.InsecureAlgorithmError](err); insecure {
			linked = true // SHA-1 under an old root: validation will not follow it
		} else {
			refuted = true
		}
	}
	if refuted {
		return malformed("carried certificate is not signed by its carried issuer")
	}
	if !linked {
		return malformed("carried certificate belongs to no other")
	}
	return nil
}

// Verify checks the signature over content with the given digest, computed
// with s.Signer.Digest, and returns the certificate of the signer. That is the
// one that signing-certificate-v2 names by digest, among carried (from
// ParseCertificates) or, when nothing was carried, among o.Known; the signer
// identifier has to name it too. Carried certificates that do not hang together
// are refused. The error wraps ErrNoSigner, ErrDigest, ErrSignature,
// ErrStructure or algorithm.ErrUnknown.
func (s *SignedData) Verify(digest []byte, carried []*x509.Certificate, o VerifyOptions) (*x509.Certificate, error) {
	i := &s.Signer
	if !bytes.Equal(digest, i.ContentDigest) {
		return nil, ErrDigest
	}
	from := carried
	if len(s.Certificates) == 0 {
		from = o.Known
	}
	signer := i.find(from, o.Cache)
	if signer == nil {
		return nil, ErrNoSigner
	}
	if err := checkCarried(carried, o); err != nil {
		return nil, err
	}
	var room [64]byte
	err := i.Method.Verify(signer.PublicKey, i.appendAttributesDigest(room[:0]), i.Value)
	switch {
	case errors.Is(err, algorithm.ErrUnknown):
		return nil, fmt.Errorf("verifying signed data: %w", err)
	case err != nil:
		return nil, ErrSignature
	}
	return signer, nil
}

// appendAttributesDigest hashes the signed attributes as a SET, RFC 5652 5.4.
func (i *SignerInfo) appendAttributesDigest(dst []byte) []byte {
	var room [1024]byte // more moves to the heap
	set := append(AppendHeader(room[:0], tagSet, len(i.attributes)), i.attributes...)
	return AppendSum(dst, i.Digest, set)
}

// AppendSum appends the digest of data; nothing where it is none of the list's.
func AppendSum(dst []byte, h crypto.Hash, data []byte) []byte {
	switch h {
	case crypto.SHA256:
		d := sha256.Sum256(data)
		return append(dst, d[:]...)
	case crypto.SHA384:
		d := sha512.Sum384(data)
		return append(dst, d[:]...)
	case crypto.SHA512:
		d := sha512.Sum512(data)
		return append(dst, d[:]...)
	}
	return dst
}

// find gives the certificate that both the signer identifier and the first
// identifier of signing-certificate-v2 name, or nil.
func (i *SignerInfo) find(certificates []*x509.Certificate, cache *Cache) *x509.Certificate {
	id := &i.CertIDs[0]
	var room [64]byte
	for _, c := range certificates {
		if i.keyID != nil {
			if !bytes.Equal(i.keyID, c.SubjectKeyId) {
				continue
			}
		} else if !bytes.Equal(i.issuer, c.RawIssuer) || !sameInteger(i.serial, c.SerialNumber) {
			continue
		}
		if id.issuer != nil && (!bytes.Equal(id.issuer, c.RawIssuer) || !sameInteger(id.serial, c.SerialNumber)) {
			continue
		}
		digest := room[:0]
		if id.Hash == crypto.SHA256 {
			sum := cache.digest(c)
			digest = append(digest, sum[:]...)
		} else {
			digest = AppendSum(digest, id.Hash, c.Raw)
		}
		if bytes.Equal(digest, id.Digest) {
			return c
		}
	}
	return nil
}

// sameInteger compares the content of an integer in DER with a number.
func sameInteger(der []byte, n *big.Int) bool {
	if n.Sign() > 0 && len(der) > 0 && der[0] < 0x80 {
		var buf [maxInteger]byte
		size := (n.BitLen() + 7) / 8
		if size > len(der) || len(der) > maxInteger {
			return false
		}
		return bytes.Equal(n.FillBytes(buf[:len(der)]), der)
	}
	in := cryptobyte.String(appendTLV(nil, tagInteger, der))
	var got big.Int
	return in.ReadASN1Integer(&got) && got.Cmp(n) == 0
}

// Identifier gives o as the standard library has it.
func (o OID) Identifier() asn1.ObjectIdentifier {
	in := cryptobyte.String(appendTLV(nil, tagOID, []byte(o)))
	var id asn1.ObjectIdentifier
	if !in.ReadASN1ObjectIdentifier(&id) {
		return nil
	}
	return id
}
