package validation

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"

	"rem/trust/algorithm"
)

// A Role says in what capacity somebody signed; each has its [Rule].
type Role uint8

// The roles.
const (
	Operation    Role = iota + 1 // a REM-MD: evidence and envelopes
	TimeStamping                 // a TSA: tokens
	Personal                     // a person: originals
	numRoles
)

// String names the role.
func (r Role) String() string {
	switch r {
	case Operation:
		return "operation"
	case TimeStamping:
		return "time stamping"
	case Personal:
		return "personal"
	}
	return "unknown role"
}

// A RevocationRule says what it means that nothing is known of a certificate's
// revocation. A certificate that is known to be revoked never passes.
type RevocationRule uint8

// The rules. The zero rule is the strict one.
const (
	// RevocationRequired gives TRY_LATER.
	RevocationRequired RevocationRule = iota
	// RevocationIfKnown goes on: for verifying offline, where what is carried
	// or configured is all there is.
	RevocationIfKnown
)

// A Rule says what is required of signers in one role.
type Rule struct {
	// Anchors are the certificates trusted without further proof. An anchor
	// may be a signer's own certificate.
	Anchors []*x509.Certificate
	// Known are certificates that help to find a path and prove nothing.
	Known []*x509.Certificate
	// KeyUsage holds the bits of which the certificate needs at least one.
	KeyUsage x509.KeyUsage
	// ExtKeyUsage holds the usages of which the certificate and every authority
	// above it need one. anyExtendedKeyUsage in a signer's certificate does not
	// stand for them (AT-22).
	ExtKeyUsage []x509.ExtKeyUsage
	// UsageOptional lets a certificate pass that names no extended usage at
	// all, as many qualified ones do.
	UsageOptional bool
	// Policies, when not empty, holds the certificate policies of which the
	// certificate needs one.
	Policies []asn1.ObjectIdentifier
	// Qualified asks for the statement that the certificate is a qualified one
	// (RFC 3739 3.2.6; EN 319 412-5 QcCompliance).
	Qualified  bool
	Revocation RevocationRule
	// TokenRequired asks for a proof of time; without one the verdict is NO_POE.
	TokenRequired bool
}

// A Policy is all that a validator requires. Roles whose Rule has no anchors
// are refused with NO_CERTIFICATE_CHAIN_FOUND.
type Policy struct {
	Operation, TimeStamping, Personal Rule
	// Algorithms gives the dates between which each is acceptable; the zero
	// value stands for [algorithm.Default].
	Algorithms algorithm.Policy
	// Skew is how far clocks of others may be off. 0: one minute.
	Skew time.Duration
	// Freshness is how old an answer about revocation may be at the time of
	// proof once it is past its own next update. 0: none.
	Freshness time.Duration
	// Memory is how long a judged token and an answer about revocation are
	// remembered at most. 0: ten minutes.
	Memory time.Duration
}

// The defaults of [Policy].
const (
	defaultSkew   = time.Minute
	defaultMemory = 10 * time.Minute
)

// Usual returns the rules that REM-MDs, authorities and people are judged by
// when the provider set nothing else, with one set of anchors for all.
func Usual(anchors []*x509.Certificate) Policy {
	return Policy{
		Operation: Rule{
			Anchors:       anchors,
			KeyUsage:      x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
			ExtKeyUsage:   []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
			TokenRequired: true,
		},
		TimeStamping: Rule{
			Anchors:     anchors,
			KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping},
		},
		Personal: Rule{
			Anchors:       anchors,
			KeyUsage:      x509.KeyUsageContentCommitment,
			ExtKeyUsage:   []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
			UsageOptional: true,
			Qualified:     true,
		},
	}
}

func (p *Policy) rule(r Role) (*Rule, bool) {
	switch r {
	case Operation:
		return &p.Operation, true
	case TimeStamping:
		return &p.TimeStamping, true
	case Personal:
		return &p.Personal, true
	}
	return nil, false
}

// Bounds on a policy: a pool is searched for every path.
const (
	maxAnchors = 256
	maxKnown   = 256
)

// check completes the policy with its defaults and refuses one that would
// believe too much.
func (p *Policy) check() error {
	if len(p.Algorithms.Digests) == 0 && len(p.Algorithms.Keys) == 0 {
		p.Algorithms = algorithm.Default
	}
	if p.Skew == 0 {
		p.Skew = defaultSkew
	}
	if p.Memory == 0 {
		p.Memory = defaultMemory
	}
	if p.Skew < 0 || p.Memory < 0 || p.Freshness < 0 {
		return errors.New("a duration is negative")
	}
	for role := Operation; role < numRoles; role++ {
		rule, _ := p.rule(role)
		if len(rule.Anchors) > maxAnchors || len(rule.Known) > maxKnown {
			return fmt.Errorf("%s: more than %d anchors or %d known certificates", role, maxAnchors, maxKnown)
		}
		for _, usage := range rule.ExtKeyUsage {
			if usage == x509.ExtKeyUsageAny {
				return fmt.Errorf("%s: any extended usage is no rule", role)
			}
		}
	}
	return nil
}
