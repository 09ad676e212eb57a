package algorithm

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
)

// The sizes of RSA keys that we sign with and verify with, in bits. The upper
// bound keeps a stranger's key from costing a second of work.
const (
	MinRSABits = 2048
	MaxRSABits = 4096
)

// ErrUnknown says that an algorithm, a key type or a key size is not on the
// list.
var ErrUnknown = errors.New("algorithm is not on the list")

// ErrSignature says that a signature value does not match the key and the
// digest.
var ErrSignature = errors.New("signature value does not match")

// A Signature is a signature algorithm: a kind of key with a digest. The zero
// value is none of the list. Signatures compare with ==.
type Signature struct {
	Key  x509.PublicKeyAlgorithm // RSA or ECDSA
	Hash crypto.Hash
	PSS  bool // RSASSA-PSS with MGF1 over Hash and a salt as long as its digest
}

// For gives the algorithm that a key with this public part signs with. It
// refuses keys outside the list: RSA under 2048 or over 4096 bits, curves other
// than P-256 and P-384, and PSS asked of a key that is not RSA.
func For(public crypto.PublicKey, h crypto.Hash, pss bool) (Signature, error) {
	s := Signature{Hash: h, PSS: pss}
	switch public.(type) {
	case *rsa.PublicKey:
		s.Key = x509.RSA
	case *ecdsa.PublicKey:
		s.Key = x509.ECDSA
	default:
		return Signature{}, fmt.Errorf("key of type %T: %w", public, ErrUnknown)
	}
	if !s.Known() {
		return Signature{}, fmt.Errorf("%v: %w", s, ErrUnknown)
	}
	if err := s.fits(public); err != nil {
		return Signature{}, err
	}
	return s, nil
}

// Known tells whether s is on the list.
func (s Signature) Known() bool {
	switch s.Key {
	case x509.RSA:
		return KnownDigest(s.Hash)
	case x509.ECDSA:
		return KnownDigest(s.Hash) && !s.PSS
	}
	return false
}

// String gives the name that people read, such as "ECDSA with SHA-256".
func (s Signature) String() string {
	if !s.Known() {
		return "unknown signature algorithm"
	}
	name := s.Key.String()
	if s.PSS {
		name += "-PSS"
	}
	return name + " with " + DigestName(s.Hash)
}

// fits tells whether a public key is one that s may be used with.
func (s Signature) fits(public crypto.PublicKey) error {
	switch key := public.(type) {
	case *rsa.PublicKey:
		if s.Key != x509.RSA {
			return fmt.Errorf("RSA key for %v: %w", s, ErrUnknown)
		}
		if bits := key.N.BitLen(); bits < MinRSABits || bits > MaxRSABits {
			return fmt.Errorf("RSA key of %d bits: %w", bits, ErrUnknown)
		}
	case *ecdsa.PublicKey:
		if s.Key != x509.ECDSA {
			return fmt.Errorf("ECDSA key for %v: %w", s, ErrUnknown)
		}
		if key.Curve != elliptic.P256() && key.Curve != elliptic.P384() {
			return fmt.Errorf("ECDSA key on curve %s: %w", key.Curve.Params().Name, ErrUnknown)
		}
	default:
		return fmt.Errorf("key of type %T: %w", public, ErrUnknown)
	}
	return nil
}

// KeyBits gives the size of a public key as the policy counts it: the length
// of the RSA modulus or of the curve's field, and 0 for other keys.
func KeyBits(public crypto.PublicKey) int {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen()
	case *ecdsa.PublicKey:
		return key.Curve.Params().BitSize
	}
	return 0
}

// Options gives what a [crypto.Signer] wants to be told for s.
func (s Signature) Options() crypto.SignerOpts {
	if !s.PSS {
		return s.Hash
	}
	switch s.Hash {
	case crypto.SHA256:
		return pssSHA256
	case crypto.SHA384:
		return pssSHA384
	}
	return pssSHA512
}

var (
	pssSHA256 = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
	pssSHA384 = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA384}
	pssSHA512 = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA512}
)

// Sign signs a digest and gives the value as CMS and X.509 carry it: for ECDSA
// the DER of r and s (RFC 5753 7.2). The key may be a device.
func (s Signature) Sign(key crypto.Signer, digest []byte) ([]byte, error) {
	if len(digest) != s.Hash.Size() {
		return nil, fmt.Errorf("digest of %d bytes for %v", len(digest), s)
	}
	value, err := key.Sign(rand.Reader, digest, s.Options())
	if err != nil {
		return nil, fmt.Errorf("signing with %v: %w", s, err)
	}
	return value, nil
}

// Verify checks a value of the form that [Signature.Sign] gives. The error is
// [ErrUnknown] when the key does not belong to the algorithm or to the list,
// [ErrSignature] when the value is wrong.
func (s Signature) Verify(public crypto.PublicKey, digest, value []byte) error {
	if !s.Known() || len(digest) != s.Hash.Size() {
		return fmt.Errorf("%v over %d bytes of digest: %w", s, len(digest), ErrUnknown)
	}
	if err := s.fits(public); err != nil {
		return err
	}
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		if !ecdsa.VerifyASN1(key, digest, value) {
			return ErrSignature
		}
	case *rsa.PublicKey:
		var err error
		if s.PSS {
			err = rsa.VerifyPSS(key, s.Hash, digest, value, s.Options().(*rsa.PSSOptions))
		} else {
			err = rsa.VerifyPKCS1v15(key, s.Hash, digest, value)
		}
		if err != nil {
			return ErrSignature
		}
	}
	return nil
}
