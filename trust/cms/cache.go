package cms

import (
	"bytes"
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
// beside them. Both are found by the whole bytes, so that a changed certificate
// is another one. It says nothing about trust. It may be used concurrently. Its
// zero value is not usable: see [NewCache].
type Cache struct {
	size   int
	mu     sync.RWMutex
	parsed map[string]*x509.Certificate // guarded by mu; by their DER
	links  map[link]struct{}            // guarded by mu
}

// A link says that one certificate is signed with the key of the other.
type link struct{ child, issuer string } // in DER

// Bounds on what is kept, so that it stays within some megabytes whatever
// strangers carry: signers and authorities of a policy domain are few, and their
// certificates have one to two kilobytes.
const (
	maxCached = 256
	maxKept   = 4 << 10 // bytes of a certificate; a larger one is parsed each time
)

// NewCache makes a cache for at most size certificates, 256 at the most, and as
// many links. When it is full it forgets all of them and begins anew: strangers
// can only make it slower.
func NewCache(size int) *Cache {
	return &Cache{size: min(max(size, 1), maxCached), parsed: make(map[string]*x509.Certificate), links: make(map[link]struct{})}
}

// parse gives the certificate with this DER. A nil cache parses.
func (c *Cache) parse(der []byte) (*x509.Certificate, error) {
	if c == nil || len(der) > maxKept {
		return x509.ParseCertificate(der)
	}
	c.mu.RLock()
	found := c.parsed[string(der)]
	c.mu.RUnlock()
	if found != nil {
		return found, nil
	}
	made, err := x509.ParseCertificate(slices.Clone(der)) // it keeps what it is given
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	if len(c.parsed) >= c.size {
		clear(c.parsed)
	}
	c.parsed[string(der)] = made
	c.mu.Unlock()
	return made, nil
}

// checkLink checks that child is signed with the key of issuer. Only what was
// found good is kept.
func (c *Cache) checkLink(child, issuer *x509.Certificate) error {
	if c == nil || len(child.Raw) > maxKept || len(issuer.Raw) > maxKept {
		return issuer.CheckSignature(child.SignatureAlgorithm, child.RawTBSCertificate, child.Signature)
	}
	c.mu.RLock()
	_, found := c.links[link{string(child.Raw), string(issuer.Raw)}]
	c.mu.RUnlock()
	if found {
		return nil
	}
	err := issuer.CheckSignature(child.SignatureAlgorithm, child.RawTBSCertificate, child.Signature)
	if err != nil {
		return err
	}
	c.mu.Lock()
	if len(c.links) >= c.size {
		clear(c.links)
	}
	c.links[link{string(child.Raw), string(issuer.Raw)}] = struct{}{}
	c.mu.Unlock()
	return nil
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
