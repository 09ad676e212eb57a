package algorithm

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"time"
)

// A Policy says between which dates each algorithm is acceptable. It is a
// setting: the authority of a policy domain may shorten or lengthen the lives
// in [Default]. An algorithm that no rule covers is never acceptable.
type Policy struct {
	Digests []DigestRule
	Keys    []KeyRule
}

// A Period runs from From up to, and not including, Until.
type Period struct{ From, Until time.Time }

// Covers tells whether at lies in the period.
func (p Period) Covers(at time.Time) bool { return !at.Before(p.From) && at.Before(p.Until) }

// A DigestRule makes a digest acceptable for a period.
type DigestRule struct {
	Hash crypto.Hash
	Period
}

// A KeyRule makes keys of MinBits to MaxBits acceptable for a period.
type KeyRule struct {
	Key              x509.PublicKeyAlgorithm
	PSS              bool
	MinBits, MaxBits int
	Period
}

// The dates of the default policy. The beginnings lie before any signature
// that this house can meet. RSA under 3072 bits has about 112 bits of strength
// and ends first; everything else gets an end too, so that somebody has to look
// at the state of the art again before it comes, and renew it or not.
var (
	begin     = time.Date(2005, 1, 1, 0, 0, 0, 0, time.UTC)
	endShort  = time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
	endNormal = time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC)
)

// Default is the policy of a provider that set none. The caller must not
// change it.
var Default = Policy{
	Digests: []DigestRule{
		{crypto.SHA256, Period{begin, endNormal}},
		{crypto.SHA384, Period{begin, endNormal}},
		{crypto.SHA512, Period{begin, endNormal}},
	},
	Keys: []KeyRule{
		{x509.ECDSA, false, 256, 256, Period{begin, endNormal}},
		{x509.ECDSA, false, 384, 384, Period{begin, endNormal}},
		{x509.RSA, false, MinRSABits, 3071, Period{begin, endShort}},
		{x509.RSA, false, 3072, MaxRSABits, Period{begin, endNormal}},
		{x509.RSA, true, MinRSABits, 3071, Period{begin, endShort}},
		{x509.RSA, true, 3072, MaxRSABits, Period{begin, endNormal}},
	},
}

// Digest tells whether h is acceptable at a time: nil, or an error whose text
// names the digest and the date.
func (p Policy) Digest(h crypto.Hash, at time.Time) error {
	for _, rule := range p.Digests {
		if rule.Hash == h && rule.Covers(at) {
			return nil
		}
	}
	name := DigestName(h)
	if name == "" {
		name = "unknown digest"
	}
	return fmt.Errorf("%s is not acceptable on %s", name, at.UTC().Format(time.DateOnly))
}

// Signature tells whether s with a key of keyBits, as [KeyBits] counts them, is
// acceptable at a time: nil, or an error whose text names what is not.
func (p Policy) Signature(s Signature, keyBits int, at time.Time) error {
	if err := p.Digest(s.Hash, at); err != nil {
		return err
	}
	for _, rule := range p.Keys {
		if rule.Key == s.Key && rule.PSS == s.PSS && rule.MinBits <= keyBits && keyBits <= rule.MaxBits && rule.Covers(at) {
			return nil
		}
	}
	return fmt.Errorf("%v and a key of %d bits is not acceptable on %s", s, keyBits, at.UTC().Format(time.DateOnly))
}

// Acceptable asks [Default] about s with a key of keyBits at a time.
func Acceptable(s Signature, keyBits int, at time.Time) bool {
	return Default.Signature(s, keyBits, at) == nil
}
