package validation

import (
	"context"
	"crypto"
	"crypto/sha256"
	"fmt"
	"time"

	"rem/trust/tsp"
)

// maxTokens is how many judged tokens are remembered. A message through two
// providers has about eight, each read a few times within seconds.
const maxTokens = 16384

type tokenEntry struct {
	report      *Report
	from, until time.Time
}

// Token says whether a time-stamp token is believed: its signature, and its
// authority's certificate judged by the rule for time stamping at the token's
// own time. The imprint was compared before, by whoever knows the bytes that
// are stamped. The verdict about a token that was judged a short time ago is
// given again without verifying anything.
//
// A token's time is its authority's word, so the authority's certificate is
// judged there even when it has ended since; a revocation without a reason
// that spares older tokens undoes them all (RFC 3161 4).
func (v *Validator) Token(ctx context.Context, t *tsp.Token) *Report {
	now := v.clock.Now()
	key := sha256.Sum256(t.DER)
	if e, ok := v.tokens.get(key); ok && !now.Before(e.from) && now.Before(e.until) {
		return e.report
	}
	r := v.judgeToken(ctx, t, now)
	if r.Sub == TryLater {
		return r // the next asker may be luckier
	}
	until := now.Add(v.policy.Memory)
	if !r.until.IsZero() && r.until.Before(until) {
		until = r.until
	}
	v.tokens.put(key, &tokenEntry{r, now, until})
	return r
}

func (v *Validator) judgeToken(ctx context.Context, t *tsp.Token, now time.Time) *Report {
	rule := &v.policy.TimeStamping
	r := &Report{Role: TimeStamping, Proof: t.Time, Proven: true, SigningTime: t.Time}
	r.Checks = make([]Check, 0, 8)
	cert, err := t.Verify(t.Hash, t.Imprint, tsp.VerifyOptions{Known: rule.Known, Cache: v.inTokens})
	if err != nil {
		check, sub := meaning(err)
		r.fail(failure{check, sub, err.Error()})
		return r.conclude()
	}
	r.Certificate = cert
	r.pass(CheckSignature, "")
	if t.Time.After(now.Add(v.policy.Skew)) {
		r.fail(failure{CheckProof, NoPOE, fmt.Sprintf("the token is from %s, which has not come", t.Time.UTC().Format(time.RFC3339))})
	}
	method, digest := t.Algorithms()
	s := Signature{
		Role:        TimeStamping,
		Certificate: cert,
		Carried:     t.Certificates,
		Algorithm:   method,
		Digests:     []crypto.Hash{t.Hash, digest},
		After:       t.Time,
	}
	s.OCSP, s.CRLs = revocations(t.Revocations())
	v.judgeCertificate(ctx, r, rule, &s, now)
	return r.conclude()
}
