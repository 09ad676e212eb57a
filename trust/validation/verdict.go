package validation

import (
	"crypto/x509"
	"fmt"
	"strings"
	"time"
)

// A Verdict is the indication of EN 319 102-1. The zero Verdict is
// INDETERMINATE: what was not judged is not believed.
type Verdict uint8

// The three indications.
const (
	Indeterminate Verdict = iota
	TotalPassed
	TotalFailed
)

// String spells the indication as the standard does.
func (v Verdict) String() string {
	switch v {
	case TotalPassed:
		return "TOTAL-PASSED"
	case TotalFailed:
		return "TOTAL-FAILED"
	}
	return "INDETERMINATE"
}

// MarshalText gives [Verdict.String].
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// A SubIndication says why a verdict is not TOTAL-PASSED.
type SubIndication string

// The sub-indications given with TOTAL-FAILED.
const (
	FormatFailure    SubIndication = "FORMAT_FAILURE"
	HashFailure      SubIndication = "HASH_FAILURE"
	SigCryptoFailure SubIndication = "SIG_CRYPTO_FAILURE"
	Revoked          SubIndication = "REVOKED"       // and shown to be made after the revocation
	Expired          SubIndication = "EXPIRED"       // and shown to be made after the certificate's end
	NotYetValid      SubIndication = "NOT_YET_VALID" // shown to be made before the certificate's beginning
)

// The sub-indications given with INDETERMINATE.
const (
	SigConstraintsFailure         SubIndication = "SIG_CONSTRAINTS_FAILURE"
	ChainConstraintsFailure       SubIndication = "CHAIN_CONSTRAINTS_FAILURE"
	CertificateChainFailure       SubIndication = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
	CryptoConstraintsFailure      SubIndication = "CRYPTO_CONSTRAINTS_FAILURE"
	CryptoConstraintsFailureNoPOE SubIndication = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
	PolicyProcessingError         SubIndication = "POLICY_PROCESSING_ERROR"
	SignaturePolicyNotAvailable   SubIndication = "SIGNATURE_POLICY_NOT_AVAILABLE"
	TimestampOrderFailure         SubIndication = "TIMESTAMP_ORDER_FAILURE"
	NoSigningCertificateFound     SubIndication = "NO_SIGNING_CERTIFICATE_FOUND"
	NoCertificateChainFound       SubIndication = "NO_CERTIFICATE_CHAIN_FOUND"
	RevokedNoPOE                  SubIndication = "REVOKED_NO_POE"
	RevokedCANoPOE                SubIndication = "REVOKED_CA_NO_POE"
	OutOfBoundsNoPOE              SubIndication = "OUT_OF_BOUNDS_NO_POE"
	RevocationOutOfBoundsNoPOE    SubIndication = "REVOCATION_OUT_OF_BOUNDS_NO_POE"
	NoPOE                         SubIndication = "NO_POE"
	TryLater                      SubIndication = "TRY_LATER"
	SignedDataNotFound            SubIndication = "SIGNED_DATA_NOT_FOUND"
)

// The checks by name, in the order in which they are made.
const (
	CheckProperty           = "further property"
	CheckFormat             = "format"
	CheckDigest             = "digest of the signed data"
	CheckSignature          = "signature value"
	CheckToken              = "time-stamp token"
	CheckProof              = "time of proof"
	CheckSigningTime        = "claimed signing time"
	CheckSigningCertificate = "signing certificate"
	CheckPath               = "path to a trust anchor"
	CheckCarried            = "carried certificates"
	CheckValidity           = "certificate valid at the time of proof"
	CheckUsage              = "certificate usage"
	CheckQualified          = "qualified certificate"
	CheckAlgorithms         = "algorithms acceptable at the time of proof"
	CheckRevocation         = "not revoked at the time of proof"
)

// A Check is one thing looked at. Detail says what was found, for people; it
// may be empty when Passed.
type Check struct {
	Name   string
	Passed bool
	Detail string
}

// A Report is what was found out about one signature or token. It is not
// changed after it was made; reports of tokens are shared between signatures.
type Report struct {
	Verdict Verdict
	Sub     SubIndication // "" with TOTAL-PASSED
	Role    Role
	Level   string // of the signature, such as "B-T"; "" where the form has none
	// Certificate is the signing certificate, Chain its path with the anchor
	// last; both are nil as far as they were not found.
	Certificate *x509.Certificate
	Chain       []*x509.Certificate
	SigningTime time.Time // as claimed; zero: not claimed
	// Proof is the time at which everything was judged. It is that of a token
	// where Proven, else the present.
	Proof  time.Time
	Proven bool
	Checks []Check
	Tokens []*Report
	// until is how long the findings about revocation may be repeated.
	until time.Time
}

// Passed reports whether the verdict is TOTAL-PASSED.
func (r *Report) Passed() bool { return r != nil && r.Verdict == TotalPassed }

// RevokedOrExpired reports whether it was the state of the signer's
// certificate in time that kept the verdict from passing, as a refusal with
// the reason UserCertExpiredOrRevoked has to know.
func (r *Report) RevokedOrExpired() bool {
	switch r.Sub {
	case Revoked, RevokedNoPOE, RevokedCANoPOE, Expired, NotYetValid, OutOfBoundsNoPOE:
		return true
	}
	return false
}

// String gives the verdict with its sub-indication and the first failed check,
// such as "INDETERMINATE NO_CERTIFICATE_CHAIN_FOUND (path to a trust anchor:
// ...)".
func (r *Report) String() string {
	if r.Verdict == TotalPassed {
		return r.Verdict.String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", r.Verdict, r.Sub)
	for _, c := range r.Checks {
		if !c.Passed {
			fmt.Fprintf(&b, " (%s: %s)", c.Name, c.Detail)
			break
		}
	}
	return b.String()
}

// pass notes a check that passed. The details of those are constants, so that
// a verdict that passes costs no formatting.
func (r *Report) pass(name, detail string) {
	r.Checks = append(r.Checks, Check{name, true, detail})
}

// fail notes a check that failed. The first failure gives the verdict and its
// sub-indication; a later one only where it weighs more.
func (r *Report) fail(f failure) {
	r.Checks = append(r.Checks, Check{f.check, false, f.detail})
	if r.Sub == "" || f.verdict() == TotalFailed && r.Verdict != TotalFailed {
		r.Verdict, r.Sub = f.verdict(), f.sub
	}
}

// conclude gives the verdict when all checks are made.
func (r *Report) conclude() *Report {
	if r.Sub == "" && len(r.Checks) > 0 {
		r.Verdict = TotalPassed
	}
	return r
}

// A failure is a check that failed and what it means.
type failure struct {
	check  string
	sub    SubIndication
	detail string
}

func (f failure) verdict() Verdict {
	switch f.sub {
	case FormatFailure, HashFailure, SigCryptoFailure, Revoked, Expired, NotYetValid:
		return TotalFailed
	}
	return Indeterminate
}
