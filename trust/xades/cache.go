package xades

import (
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"sync"
)

// A Cache keeps parsed certificates by the digest of their DER, so that bulk
// verification parses each once. It says nothing about trust. It may be used
// concurrently. Its zero value is not usable: see [NewCache].
type Cache struct {
	size int
	mu   sync.RWMutex
	kept map[[sha256.Size]byte]*certificate // guarded by mu
}

// A certificate is one that was parsed, with what verification compares.
type certificate struct {
	*x509.Certificate
	sha256       [sha256.Size]byte // of the DER
	issuerSerial []byte            // as IssuerSerialV2 has it
}

// NewCache makes a cache for at most size certificates. When it is full it
// forgets all of them and begins anew: the certificates of one policy domain
// fit by far, and strangers can only make it slower.
func NewCache(size int) *Cache {
	return &Cache{size: max(size, 1), kept: make(map[[sha256.Size]byte]*certificate)}
}

// parse gives the certificate with this DER. A nil cache parses.
func (c *Cache) parse(der []byte) (*certificate, error) {
	sum := sha256.Sum256(der)
	if c != nil {
		c.mu.RLock()
		found := c.kept[sum]
		c.mu.RUnlock()
		if found != nil {
			return found, nil
		}
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading a certificate: %w", err)
	}
	made := &certificate{parsed, sum, issuerSerial(parsed)}
	if c != nil {
		c.mu.Lock()
		if len(c.kept) >= c.size {
			clear(c.kept)
		}
		c.kept[sum] = made
		c.mu.Unlock()
	}
	return made, nil
}
