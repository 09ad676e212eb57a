package simulator

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"io"
)

// A KeyKind names the kind of a new key pair.
type KeyKind string

// The kinds that operation certificates may have. P256 is the default: an
// authority with all its certificates is then made in a few milliseconds.
const (
	P256    KeyKind = "p256"
	P384    KeyKind = "p384"
	RSA2048 KeyKind = "rsa2048"
	RSA3072 KeyKind = "rsa3072"
)

// KeyKinds lists the kinds, the default first.
var KeyKinds = []KeyKind{P256, P384, RSA2048, RSA3072}

// newKey makes a key pair. Elliptic keys depend on random alone, so that a
// seed repeats them; RSA keys come from the system's source, because the
// standard library takes its primes nowhere else.
func newKey(kind KeyKind, random io.Reader) (crypto.Signer, error) {
	switch kind {
	case P256, "":
		return newECKey(elliptic.P256(), 32, random)
	case P384:
		return newECKey(elliptic.P384(), 48, random)
	case RSA2048:
		return rsa.GenerateKey(rand.Reader, 2048)
	case RSA3072:
		return rsa.GenerateKey(rand.Reader, 3072)
	}
	return nil, fmt.Errorf("making a key: no kind %q", kind)
}

func newECKey(curve elliptic.Curve, size int, random io.Reader) (crypto.Signer, error) {
	scalar := make([]byte, size)
	for range 16 {
		if _, err := io.ReadFull(random, scalar); err != nil {
			return nil, fmt.Errorf("drawing a key: %w", err)
		}
		// Zero and what is not below the order are refused and drawn again: by
		// chance that does not happen once in 2^32 times.
		if key, err := ecdsa.ParseRawPrivateKey(curve, scalar); err == nil {
			return key, nil
		}
	}
	return nil, fmt.Errorf("drawing a key: the source gives no number below the order of %s", curve.Params().Name)
}
