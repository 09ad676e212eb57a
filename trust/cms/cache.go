package cms

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"sync"
)

// VerifyOptions tells what the caller of [SignedData.ParseCertificates] and
// [SignedData.Verify] knows beforehand. The zero value knows nothing.
type VerifyOptions struct {
	// Known holds certificates already parsed and trusted to be intact, such
	// as a configured authority's. The signer of a signature that carries no
	// certificate is found here; one that it carries is not parsed or checked
	// again.
	Known []*x509.Certificate
	// Cache keeps what was found out about carried certificates between calls.
	// Without one each call finds it out anew.
	Cache *Cache
}

// A Cache keeps the certificates that signatures carried, parsed, and which of
// them signed which: one authority carries the same two or three in all that
// it signs, and to check that they hang together costs as much as the signature
// beside them. Certificates are found by the whole bytes and links by the digests
// of both, so that a changed certificate is another one. That one signed the
// other stays true for ever; it says nothing about trust, which is judged each
// time. A Cache may be used concurrently. Its zero value is not usable: see
// [NewCache].
type Cache struct {
	mu      sync.RWMutex
	parsed  generations[string, *x509.Certificate]            // guarded by mu; by their DER
	digests generations[*x509.Certificate, [sha256.Size]byte] // guarded by mu; of those parsed here
	links   generations[link, struct{}]                       // guarded by mu
}

// A link says that one certificate is signed with the key of the other. It is
// named by the SHA-256 of both.
type link struct{ child, issuer [sha256.Size]byte }

// Bounds on what is kept, so that it stays within some megabytes whatever
// strangers carry: signers and authorities of a policy domain are few, and their
// certificates have one to two kilobytes. A link has 64 bytes, and there is one
// for each holder who sends.
const (
	maxCached = 512
	maxLinks  = 8192
	maxKept   = 4 << 10 // bytes of a certificate; a larger one is parsed each time
)

// NewCache makes a cache for size certificates, or one more, 512 at the most, and for
// sixteen times as many links. What was not asked for in a long while is
// forgotten first: strangers can only make it slower.
func NewCache(size int) *Cache {
	size = min(max(size, 1), maxCached)
	c := new(Cache)
	c.parsed.half, c.digests.half = (size+1)/2, (size+1)/2
	c.links.half = min(16*size, maxLinks) / 2
	return c
}

// parse gives the certificate with this DER. A nil cache parses.
func (c *Cache) parse(der []byte) (*x509.Certificate, error) {
	if c == nil || len(der) > maxKept {
		return x509.ParseCertificate(der)
	}
	c.mu.RLock()
	found, fresh := c.parsed.young[string(der)]
	if !fresh {
		found = c.parsed.old[string(der)]
	}
	c.mu.RUnlock()
	switch {
	case fresh:
		return found, nil
	case found == nil:
		made, err := x509.ParseCertificate(slices.Clone(der)) // it keeps what it is given
		if err != nil {
			return nil, err
		}
		found = made
	}
	sum := sha256.Sum256(found.Raw)
	c.mu.Lock()
	c.parsed.put(string(der), found)
	c.digests.put(found, sum)
	c.mu.Unlock()
	return found, nil
}

// digest gives the SHA-256 of a certificate, without computing it for one that
// was parsed here.
func (c *Cache) digest(of *x509.Certificate) [sha256.Size]byte {
	if c != nil {
		c.mu.RLock()
		sum, ok := c.digests.get(of)
		c.mu.RUnlock()
		if ok {
			return sum
		}
	}
	return sha256.Sum256(of.Raw)
}

// checkLink checks that child is signed with the key of issuer. Only what was
// found good is kept.
func (c *Cache) checkLink(child, issuer *x509.Certificate) error {
	if c == nil {
		return issuer.CheckSignature(child.SignatureAlgorithm, child.RawTBSCertificate, child.Signature)
	}
	key := link{c.digest(child), c.digest(issuer)}
	c.mu.RLock()
	_, fresh := c.links.young[key]
	_, found := c.links.old[key]
	c.mu.RUnlock()
	if fresh {
		return nil
	}
	if !found {
		if err := issuer.CheckSignature(child.SignatureAlgorithm, child.RawTBSCertificate, child.Signature); err != nil {
			return err
		}
	}
	c.mu.Lock()
	c.links.put(key, struct{}{})
	c.mu.Unlock()
	return nil
}

// generations is a bounded memory. When the young generation is full it becomes
// the old one, and what was in the old one and not asked for since is forgotten.
type generations[K comparable, V any] struct {
	half       int // entries of a generation
	young, old map[K]V
}

func (g *generations[K, V]) get(k K) (V, bool) {
	v, ok := g.young[k]
	if !ok {
		v, ok = g.old[k]
	}
	return v, ok
}

func (g *generations[K, V]) put(k K, v V) {
	if _, ok := g.young[k]; !ok && len(g.young) >= g.half || g.young == nil {
		g.old, g.young = g.young, make(map[K]V)
	}
	g.young[k] = v
}

// ParseCertificates parses the carried certificates. One that is byte for byte
// among those known or in the cache is taken from there.
func (s *SignedData) ParseCertificates(o VerifyOptions) ([]*x509.Certificate, error) {
	if len(s.Certificates) == 0 {
		return nil, nil
	}
	carried := make([]*x509.Certificate, 0, len(s.Certificates))
	for _, der := range s.Certificates {
		c := among(o.Known, der)
		if c == nil {
			var err error
			if c, err = o.Cache.parse(der); err != nil {
				return nil, malformed("carried certificate: %v", err)
			}
		}
		carried = append(carried, c)
	}
	return carried, nil
}

func among(list []*x509.Certificate, der []byte) *x509.Certificate {
	for _, c := range list {
		if bytes.Equal(c.Raw, der) {
			return c
		}
	}
	return nil
}
