package validation

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"rem/trust/algorithm"
)

// Bounds on paths.
const (
	maxCarried = 32   // certificates of one document that are looked at
	maxPath    = 8    // certificates from the signer's to the anchor, both counted
	maxPaths   = 4096 // paths remembered
	// maxAttempts bounds the signatures that are checked to vouch for what one
	// document carries: a ring of authorities is no reason to search for long.
	maxAttempts = 64
)

// A path runs from a signing certificate to an anchor.
type path struct {
	certs       []*x509.Certificate // the signer's first, the anchor last
	from, until time.Time           // when all of them are within their terms
	digests     [][32]byte          // of certs
}

type pathKey struct {
	role Role
	leaf [32]byte
}

// findPath returns a path for the role at a time. A path found before is
// returned again as long as it holds at that time: its signatures need no
// second look (docs/performance.md, chains by digest).
//
// When the signer's own certificate is outside its term, the path is looked
// for at the nearest end of it, so that an unknown authority is told from an
// old certificate; the validity is checked by the caller.
func (v *Validator) findPath(role Role, leaf *x509.Certificate, carried []*x509.Certificate, at time.Time) (*path, *failure) {
	switch {
	case at.Before(leaf.NotBefore):
		at = leaf.NotBefore
	case at.After(leaf.NotAfter):
		at = leaf.NotAfter
	}
	key := pathKey{role, sha256.Sum256(leaf.Raw)}
	if p, ok := v.paths.get(key); ok && !at.Before(p.from) && !at.After(p.until) {
		return p, nil
	}
	rule, _ := v.policy.rule(role)
	if len(carried) > maxCarried {
		return nil, &failure{CheckPath, CertificateChainFailure, fmt.Sprintf("the document carries more than %d certificates", maxCarried)}
	}
	intermediates := x509.NewCertPool()
	for _, c := range rule.Known {
		intermediates.AddCert(c)
	}
	for _, c := range carried {
		if c.IsCA {
			intermediates.AddCert(c)
		}
	}
	usages := rule.ExtKeyUsage
	if len(usages) == 0 {
		usages = []x509.ExtKeyUsage{x509.ExtKeyUsageAny}
	}
	chains, err := withoutStatements(leaf).Verify(x509.VerifyOptions{
		Roots:         v.roots[role],
		Intermediates: intermediates,
		CurrentTime:   at,
		KeyUsages:     usages,
	})
	if err != nil {
		return nil, pathFailure(leaf, err)
	}
	var best []*x509.Certificate
	for _, chain := range chains {
		if len(chain) <= maxPath && (best == nil || len(chain) < len(best)) {
			best = chain
		}
	}
	if best == nil {
		return nil, &failure{CheckPath, ChainConstraintsFailure, fmt.Sprintf("every path has more than %d certificates", maxPath)}
	}
	if subjectAddressConstrained(best) {
		return nil, &failure{CheckPath, ChainConstraintsFailure, "the subject holds an address that name constraints do not reach"}
	}
	p := &path{certs: append([]*x509.Certificate{leaf}, best[1:]...), from: leaf.NotBefore, until: leaf.NotAfter}
	for _, c := range p.certs {
		if c.NotBefore.After(p.from) {
			p.from = c.NotBefore
		}
		if c.NotAfter.Before(p.until) {
			p.until = c.NotAfter
		}
		p.digests = append(p.digests, sha256.Sum256(c.Raw))
	}
	v.paths.put(key, p)
	return p, nil
}

// checkCarried checks that every certificate that a document carries is one of
// the path, or is signed by a certificate that is vouched for. So a byte that
// was changed in any of them is noticed, also where the path is one that was
// found before and nobody needed to look at what is carried.
func (v *Validator) checkCarried(carried []*x509.Certificate, p *path) *failure {
	if len(carried) > maxCarried {
		return &failure{CheckCarried, CertificateChainFailure, fmt.Sprintf("the document carries more than %d certificates", maxCarried)}
	}
	var open []*x509.Certificate
	for _, c := range carried {
		if !slices.ContainsFunc(p.certs, func(known *x509.Certificate) bool { return same(known, c) }) {
			open = append(open, c)
		}
	}
	if len(open) == 0 {
		return nil
	}
	issuers := slices.Clone(p.certs)
	for role := Operation; role < numRoles; role++ {
		rule, _ := v.policy.rule(role)
		issuers = append(append(issuers, rule.Anchors...), rule.Known...)
	}
	for attempts := 0; len(open) > 0; {
		before := len(open)
		open = slices.DeleteFunc(open, func(c *x509.Certificate) bool {
			key := sha256.Sum256(c.Raw)
			_, ok := v.vouched.get(key)
			for i := 0; !ok && i < len(issuers) && attempts < maxAttempts; i++ {
				if ok = same(issuers[i], c); ok || !bytes.Equal(issuers[i].RawSubject, c.RawIssuer) {
					continue
				}
				attempts++
				ok = c.CheckSignatureFrom(issuers[i]) == nil
			}
			if ok {
				v.vouched.put(key, struct{}{})
				issuers = append(issuers, c)
			}
			return ok
		})
		if len(open) == before {
			return &failure{CheckCarried, CertificateChainFailure, "no anchor leads to the carried certificate of " + name(open[0])}
		}
	}
	return nil
}

// pathFailure puts the library's refusal into the standard's words.
func pathFailure(leaf *x509.Certificate, err error) *failure {
	f := &failure{CheckPath, CertificateChainFailure, err.Error()}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		f.sub = NoCertificateChainFound
		f.detail = "no path from " + name(leaf) + " to an anchor"
		return f
	}
	switch invalid, ok := errors.AsType[x509.CertificateInvalidError](err); {
	case ok && invalid.Reason == x509.Expired:
		// The signer's own term was respected, so an authority is meant.
		f.check, f.sub = CheckValidity, OutOfBoundsNoPOE
	case ok:
		f.sub = ChainConstraintsFailure
	}
	return f
}

// oidEmailAddress is the attribute that holds an address in a subject's name.
// x509 applies constraints to alternative names alone; RFC 5280 4.2.1.10 wants
// the attribute held to them as well, so a constrained path with it is refused.
const oidEmailAddress = "1.2.840.113549.1.9.1"

func subjectAddressConstrained(chain []*x509.Certificate) bool {
	has := false
	for _, n := range chain[0].Subject.Names {
		has = has || n.Type.String() == oidEmailAddress
	}
	if !has {
		return false
	}
	for _, c := range chain[1:] {
		if len(c.PermittedEmailAddresses) > 0 || len(c.ExcludedEmailAddresses) > 0 {
			return true
		}
	}
	return false
}

// checkUsage checks what the signer's certificate may be used for.
func checkUsage(rule *Rule, leaf *x509.Certificate) *failure {
	fail := func(detail string) *failure { return &failure{CheckUsage, ChainConstraintsFailure, detail} }
	if leaf.IsCA {
		return fail("the certificate is an authority's")
	}
	if rule.KeyUsage != 0 && leaf.KeyUsage&rule.KeyUsage == 0 {
		return fail("the key may not be used for this kind of signature")
	}
	if len(rule.ExtKeyUsage) > 0 {
		none := len(leaf.ExtKeyUsage) == 0 && len(leaf.UnknownExtKeyUsage) == 0
		found := none && rule.UsageOptional
		for _, want := range rule.ExtKeyUsage {
			for _, has := range leaf.ExtKeyUsage {
				found = found || has == want
			}
		}
		if !found {
			return fail("none of the required extended usages is named")
		}
	}
	if len(rule.Policies) > 0 {
		found := false
		for _, want := range rule.Policies {
			for _, has := range leaf.PolicyIdentifiers {
				found = found || has.Equal(want)
			}
		}
		if !found {
			return fail("the certificate was issued under none of the required policies")
		}
	}
	return nil
}

// checkAlgorithms holds every algorithm of the signature and of the path, the
// anchor's own signature left out, against the dates of the policy.
func (v *Validator) checkAlgorithms(s *Signature, p *path, at time.Time) *failure {
	fail := func(what string, err error) *failure {
		return &failure{CheckAlgorithms, CryptoConstraintsFailureNoPOE, what + ": " + err.Error()}
	}
	bits := algorithm.KeyBits(p.certs[0].PublicKey)
	if err := v.policy.Algorithms.Signature(s.Algorithm, bits, at); err != nil {
		return fail("the signature", err)
	}
	for _, h := range s.Digests {
		if err := v.policy.Algorithms.Digest(h, at); err != nil {
			return fail("a digest", err)
		}
	}
	for i, c := range p.certs[:len(p.certs)-1] {
		bits := algorithm.KeyBits(p.certs[i+1].PublicKey)
		if err := v.policy.Algorithms.Signature(certificateAlgorithm(c.SignatureAlgorithm), bits, at); err != nil {
			return fail("the certificate of "+name(c), err)
		}
	}
	return nil
}

// certificateAlgorithm names the algorithm of a certificate, response or list;
// what is not known here gives the zero Signature, which is never acceptable.
func certificateAlgorithm(a x509.SignatureAlgorithm) algorithm.Signature {
	switch a {
	case x509.SHA256WithRSA:
		return algorithm.Signature{Key: x509.RSA, Hash: crypto.SHA256}
	case x509.SHA384WithRSA:
		return algorithm.Signature{Key: x509.RSA, Hash: crypto.SHA384}
	case x509.SHA512WithRSA:
		return algorithm.Signature{Key: x509.RSA, Hash: crypto.SHA512}
	case x509.SHA256WithRSAPSS:
		return algorithm.Signature{Key: x509.RSA, Hash: crypto.SHA256, PSS: true}
	case x509.SHA384WithRSAPSS:
		return algorithm.Signature{Key: x509.RSA, Hash: crypto.SHA384, PSS: true}
	case x509.SHA512WithRSAPSS:
		return algorithm.Signature{Key: x509.RSA, Hash: crypto.SHA512, PSS: true}
	case x509.ECDSAWithSHA256:
		return algorithm.Signature{Key: x509.ECDSA, Hash: crypto.SHA256}
	case x509.ECDSAWithSHA384:
		return algorithm.Signature{Key: x509.ECDSA, Hash: crypto.SHA384}
	case x509.ECDSAWithSHA512:
		return algorithm.Signature{Key: x509.ECDSA, Hash: crypto.SHA512}
	}
	return algorithm.Signature{}
}

// name is how a certificate is called in details: by its common name, which in
// personal certificates is personal data and so stays out of logs by being in
// a report alone.
func name(c *x509.Certificate) string {
	if c.Subject.CommonName != "" {
		return c.Subject.CommonName
	}
	return c.Subject.String()
}

// same reports whether two certificates are one.
func same(a, b *x509.Certificate) bool { return a == b || bytes.Equal(a.Raw, b.Raw) }
