package xades

import (
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"slices"
	"sync"

	"rem/trust/cms"
	"rem/trust/tsp"
)

// A Cache keeps parsed certificates by the digest of their DER, so that bulk
// verification parses each once. It says nothing about trust. It may be used
// concurrently. Its zero value is not usable: see [NewCache].
type Cache struct {
	size int
	mu   sync.RWMutex
	kept map[[sha256.Size]byte]*certificate // guarded by mu
	text map[string]*certificate            // guarded by mu; by their base64

	carried *cms.Cache // for what tokens carry
}

// maxKept bounds, in bytes, the certificates that are kept: the number of those
// kept bounds the memory for them only together with it. Qualified certificates
// have some two kilobytes; a larger one is parsed each time.
const maxKept = 8 << 10

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
	return &Cache{size: max(size, 1), kept: make(map[[sha256.Size]byte]*certificate), text: make(map[string]*certificate), carried: cms.NewCache(size)}
}

// Carried gives the cache of the certificates that time-stamp tokens carry, for
// the verification of those tokens and of whatever else is in CMS. It is nil
// for a nil cache.
func (c *Cache) Carried() *cms.Cache {
	if c == nil {
		return nil
	}
	return c.carried
}

// decode gives the certificate with this DER in base64. To look up a text is
// much cheaper than to decode it.
func (c *Cache) decode(text []byte) (*certificate, error) {
	if c != nil {
		c.mu.RLock()
		found := c.text[string(text)]
		c.mu.RUnlock()
		if found != nil {
			return found, nil
		}
	}
	der, err := decode(text)
	if err != nil {
		return nil, err
	}
	made, err := c.parse(der)
	if err == nil && c != nil && len(der) <= maxKept {
		c.mu.Lock()
		if len(c.text) >= c.size {
			clear(c.text)
		}
		c.text[string(text)] = made
		c.mu.Unlock()
	}
	return made, err
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
	parsed, err := x509.ParseCertificate(slices.Clone(der)) // it keeps what it is given
	if err != nil {
		return nil, fmt.Errorf("reading a certificate: %w", err)
	}
	made := &certificate{parsed, sum, issuerSerial(parsed)}
	if c != nil && len(der) <= maxKept {
		c.mu.Lock()
		if len(c.kept) >= c.size {
			clear(c.kept)
		}
		c.kept[sum] = made
		c.mu.Unlock()
	}
	return made, nil
}

// parseToken reads a token, with the certificates that it carries. A nil cache
// parses all of them.
func (c *Cache) parseToken(der []byte) (*tsp.Token, error) {
	return tsp.ParseKnown(der, tsp.VerifyOptions{Cache: c.Carried()})
}
