package validation

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"
	"sync"
	"time"

	"rem"
	"rem/trust/algorithm"
	"rem/trust/cms"
	"rem/trust/tsp"
)

// A Validator judges signatures and tokens by one policy. It is safe for
// concurrent use.
type Validator struct {
	policy Policy
	clock  rem.Clock
	source RevocationSource
	roots  [numRoles]*x509.CertPool

	paths    *cache[pathKey, *path]
	vouched  *cache[[32]byte, struct{}] // certificates whose bytes an anchor stands for
	statuses *cache[statusKey, remembered]
	tokens   *cache[[32]byte, *tokenEntry]
	inTokens *cms.Cache // the certificates that tokens carry

	mu     sync.Mutex
	asking map[statusKey]chan struct{} // guarded by mu; whoever asks, deletes and closes
}

// New returns a validator. source may be nil: then only what documents carry
// is known about revocation.
func New(p Policy, clock rem.Clock, source RevocationSource) (*Validator, error) {
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("reading the validation policy: %w", err)
	}
	v := &Validator{
		policy:   p,
		clock:    clock,
		source:   source,
		paths:    newCache[pathKey, *path](maxPaths),
		vouched:  newCache[[32]byte, struct{}](maxPaths),
		statuses: newCache[statusKey, remembered](maxStatuses),
		tokens:   newCache[[32]byte, *tokenEntry](maxTokens),
		inTokens: cms.NewCache(maxPaths),
		asking:   make(map[statusKey]chan struct{}),
	}
	for role := Operation; role < numRoles; role++ {
		rule, _ := p.rule(role)
		v.roots[role] = x509.NewCertPool()
		for _, anchor := range rule.Anchors {
			v.roots[role].AddCert(anchor)
		}
	}
	return v, nil
}

// A Signature is what is judged: what xades, cades or tsp found to be signed
// by whom. Its digests and its value were verified before.
type Signature struct {
	Role        Role
	Level       string
	Certificate *x509.Certificate // whose key made the value; nil: not found
	Carried     []*x509.Certificate
	Algorithm   algorithm.Signature
	Digests     []crypto.Hash
	SigningTime time.Time // as claimed; zero: not claimed
	// After is a time before which the signature cannot have been made, where
	// there is proof of one, such as the time of an evidence that it answers.
	// It makes REVOKED of REVOKED_NO_POE and EXPIRED of OUT_OF_BOUNDS_NO_POE.
	After time.Time
	// Tokens are over the signature's value; that was checked.
	Tokens     []*tsp.Token
	OCSP, CRLs [][]byte // carried, in DER
	// Checks are those made before, by the package that verified the value.
	Checks []Check
}

// Judge says whether a verified signature is believed (EN 319 102-1, the
// process for signatures with time). It makes every check that it can, so that
// the report is complete, and asks the source of revocation where needed. It
// has no error: what could not be found out makes the verdict INDETERMINATE.
func (v *Validator) Judge(ctx context.Context, s Signature) *Report {
	r := &Report{Role: s.Role, Level: s.Level, Certificate: s.Certificate, SigningTime: s.SigningTime}
	r.Checks = make([]Check, 0, len(s.Checks)+12)
	for _, c := range s.Checks {
		if c.Passed {
			r.Checks = append(r.Checks, c)
		} else {
			r.fail(failure{c.Name, SigConstraintsFailure, c.Detail})
		}
	}
	rule, ok := v.policy.rule(s.Role)
	if !ok {
		r.fail(failure{CheckPath, PolicyProcessingError, "the policy has no such role"})
		return r.conclude()
	}
	now := v.clock.Now()
	v.judgeTime(ctx, r, rule, &s, now)
	v.judgeCertificate(ctx, r, rule, &s, now)
	return r.conclude()
}

// judgeTime finds the time of proof: the earliest of the tokens, all of which
// have to be believed, or the present.
func (v *Validator) judgeTime(ctx context.Context, r *Report, rule *Rule, s *Signature, now time.Time) {
	r.Proof = now
	for _, t := range s.Tokens {
		judged := v.Token(ctx, t)
		r.Tokens = append(r.Tokens, judged)
		if !judged.Passed() {
			sub := judged.Sub
			if judged.Verdict == TotalFailed {
				sub = NoPOE // the token proves nothing; the signature may be good
			}
			r.fail(failure{CheckToken, sub, judged.String()})
			continue
		}
		r.pass(CheckToken, "")
		if !r.Proven || t.Time.Before(r.Proof) {
			r.Proof, r.Proven = t.Time, true
		}
	}
	switch {
	case r.Proven:
		r.pass(CheckProof, "by time-stamp token")
	case rule.TokenRequired && len(s.Tokens) == 0:
		r.fail(failure{CheckProof, NoPOE, "there is no time-stamp token"})
	case !rule.TokenRequired && len(s.Tokens) == 0:
		r.pass(CheckProof, "none; judged at the present")
	}
	if s.SigningTime.IsZero() {
		return
	}
	if s.SigningTime.After(r.Proof.Add(v.policy.Skew)) {
		r.fail(failure{CheckSigningTime, TimestampOrderFailure,
			fmt.Sprintf("%s is after the time of proof %s", s.SigningTime.UTC().Format(time.RFC3339), r.Proof.UTC().Format(time.RFC3339))})
	} else {
		r.pass(CheckSigningTime, "")
	}
}

// judgeCertificate judges the signing certificate at the time of proof.
func (v *Validator) judgeCertificate(ctx context.Context, r *Report, rule *Rule, s *Signature, now time.Time) {
	leaf, at := s.Certificate, r.Proof
	if leaf == nil {
		r.fail(failure{CheckSigningCertificate, NoSigningCertificateFound, "the signing certificate was not found"})
		return
	}
	p, f := v.findPath(s.Role, leaf, s.Carried, at)
	if f != nil {
		r.fail(*f)
	} else {
		r.Chain = p.certs
		r.pass(CheckPath, "")
		if f := v.checkCarried(s.Carried, p); f != nil {
			r.fail(*f)
		} else {
			r.pass(CheckCarried, "")
		}
	}
	if f := validity(leaf, r, s); f != nil {
		r.fail(*f)
	} else if p != nil {
		r.pass(CheckValidity, "")
	}
	if f := checkUsage(rule, leaf); f != nil {
		r.fail(*f)
	} else {
		r.pass(CheckUsage, "")
	}
	if rule.Qualified {
		if f := checkQualified(leaf); f != nil {
			r.fail(*f)
		} else {
			r.pass(CheckQualified, "")
		}
	}
	if p == nil {
		return // without a path nobody can be asked about revocation
	}
	if f := v.checkAlgorithms(s, p, at); f != nil {
		r.fail(*f)
	} else {
		r.pass(CheckAlgorithms, "")
	}
	for i := range len(p.certs) - 1 {
		c := v.checkRevocation(ctx, s, p, i, at, now)
		if c.failure != nil {
			r.fail(*c.failure)
		} else {
			r.pass(CheckRevocation, c.detail)
		}
		if !c.until.IsZero() && (r.until.IsZero() || c.until.Before(r.until)) {
			r.until = c.until
		}
	}
}

// validity checks the signer's own term at the time of proof.
func validity(leaf *x509.Certificate, r *Report, s *Signature) *failure {
	switch {
	case r.Proof.Before(leaf.NotBefore):
		detail := name(leaf) + " is valid from " + leaf.NotBefore.UTC().Format(time.RFC3339)
		if r.Proven || s.Role == TimeStamping {
			return &failure{CheckValidity, NotYetValid, detail}
		}
		return &failure{CheckValidity, OutOfBoundsNoPOE, detail}
	case r.Proof.After(leaf.NotAfter):
		detail := name(leaf) + " was valid until " + leaf.NotAfter.UTC().Format(time.RFC3339)
		if s.After.After(leaf.NotAfter) {
			return &failure{CheckValidity, Expired, detail}
		}
		return &failure{CheckValidity, OutOfBoundsNoPOE, detail}
	}
	return nil
}

func checkQualified(leaf *x509.Certificate) *failure {
	s, err := ReadStatements(leaf)
	if err != nil {
		return &failure{CheckQualified, ChainConstraintsFailure, err.Error()}
	}
	if !s.Compliance {
		return &failure{CheckQualified, ChainConstraintsFailure, "the certificate does not say that it is a qualified one"}
	}
	return nil
}
