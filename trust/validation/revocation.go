package validation

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// A RevocationSource fetches what authorities say about their certificates. It
// may be called concurrently; it bounds the size of what it returns and ends
// when ctx ends. What it returns is checked here and may come from anywhere.
type RevocationSource interface {
	// OCSP returns a response about cert in DER (RFC 6960 4.2.1). The error is
	// [ErrNoSource] when nobody can be asked.
	OCSP(ctx context.Context, cert, issuer *x509.Certificate) ([]byte, error)
	// CRL returns the newest list of cert's issuer in DER (RFC 5280 5). The
	// error is [ErrNoSource] when there is none.
	CRL(ctx context.Context, cert, issuer *x509.Certificate) ([]byte, error)
}

// ErrNoSource says that a certificate names nobody who could be asked.
var ErrNoSource = errors.New("the certificate names no source of revocation information")

// A status is what one response or list says about one certificate.
type status struct {
	form       string // "OCSP" or "CRL"
	state      state
	at         time.Time // of the revocation
	reason     int       // RFC 5280 5.3.1; 0 also where none is given
	thisUpdate time.Time
	nextUpdate time.Time // zero: not said
}

type state uint8

const (
	unknown state = iota
	good
	revoked
)

type statusKey struct{ cert, issuer [32]byte }

// A remembered answer, or the failure to get one.
type remembered struct {
	statuses []status
	problem  string
	from     time.Time // when it was fetched
	until    time.Time // when it is asked for again
}

const (
	maxStatuses = 4096            // answers remembered
	retryAfter  = 5 * time.Second // a source that failed is left alone for as long
	maxEvidence = 64              // carried responses and lists of one document that are looked at
)

// A conclusion is what all that is known says of one certificate at the time
// of proof.
type conclusion struct {
	failure *failure
	detail  string    // of a check that passes
	until   time.Time // how long it may be repeated; zero: for ever
}

// checkRevocation concludes about p.certs[i]. What the document carries is
// looked at first, then what is remembered, then the source is asked.
func (v *Validator) checkRevocation(ctx context.Context, s *Signature, p *path, i int, at, now time.Time) conclusion {
	cert, issuer := p.certs[i], p.certs[i+1]
	ca := i > 0
	var found []status
	if len(s.OCSP)+len(s.CRLs) > 0 {
		found = v.carried(s, cert, issuer, at)
		if c, ok := v.conclude(s, cert, ca, found, at, now); ok {
			return c
		}
	}
	r := v.ask(ctx, statusKey{p.digests[i], p.digests[i+1]}, cert, issuer, at, now)
	if found == nil {
		found = r.statuses // which nobody changes
	} else {
		found = append(found, r.statuses...)
	}
	c, ok := v.conclude(s, cert, ca, found, at, now)
	c.until = r.until
	if ok {
		return c
	}
	rule, _ := v.policy.rule(s.Role)
	if rule.Revocation == RevocationIfKnown {
		c.failure, c.detail = nil, "nothing is known of it; the policy does not ask"
		return c
	}
	c.failure = &failure{CheckRevocation, TryLater, name(cert) + ": " + r.problem}
	for _, st := range found {
		if st.state == good && st.thisUpdate.After(cert.NotAfter) {
			c.failure.sub = RevocationOutOfBoundsNoPOE
			c.failure.detail = name(cert) + ": the answer is from after the certificate's end, when revocations may be forgotten"
		}
	}
	return c
}

// conclude weighs statuses whose signatures were checked. ok is false when
// they say nothing about the certificate at the time of proof.
func (v *Validator) conclude(s *Signature, cert *x509.Certificate, ca bool, found []status, at, now time.Time) (conclusion, bool) {
	var isGood *status
	for i := range found {
		st := &found[i]
		if st.thisUpdate.After(now.Add(v.policy.Skew)) {
			continue // from a future that has not come
		}
		switch st.state {
		case revoked:
			if f := v.revocationMatters(s, cert, ca, st, at); f != nil {
				return conclusion{failure: f}, true
			}
			isGood = st // it was not revoked yet
		case good:
			if v.covers(st, cert, at) {
				isGood = st
			}
		}
	}
	if isGood == nil {
		return conclusion{}, false
	}
	detail := "by OCSP"
	if isGood.form == "CRL" {
		detail = "by CRL"
	}
	if isGood.state == revoked {
		detail += "; revoked later"
	}
	return conclusion{detail: detail}, true
}

// covers reports whether a good status speaks about the time of proof: it is
// from then or later, or was the newest one then; and it is from within the
// certificate's term, because afterwards a list may leave it out (RFC 5280 3.3).
func (v *Validator) covers(st *status, cert *x509.Certificate, at time.Time) bool {
	if st.thisUpdate.After(cert.NotAfter) {
		return false
	}
	if !st.thisUpdate.Add(v.policy.Freshness + v.policy.Skew).Before(at) {
		return true
	}
	return !st.nextUpdate.IsZero() && !st.nextUpdate.Before(at)
}

// Reasons of a revocation after which tokens made before it stay good, where
// the reason is given (RFC 3161 4, 1).
const (
	affiliationChanged   = 3
	superseded           = 4
	cessationOfOperation = 5
)

// revocationMatters says whether a revocation touches what was signed by the
// time of proof.
func (v *Validator) revocationMatters(s *Signature, cert *x509.Certificate, ca bool, st *status, at time.Time) *failure {
	detail := fmt.Sprintf("%s was revoked on %s (%s)", name(cert), st.at.UTC().Format(time.RFC3339), st.form)
	if at.Before(st.at) {
		if s.Role != TimeStamping || ca {
			return nil
		}
		// A stolen authority's key can write any time into a token. Only a
		// reason that says otherwise lets older tokens stand; no reason does not.
		switch st.reason {
		case affiliationChanged, superseded, cessationOfOperation:
			return nil
		}
		return &failure{CheckRevocation, RevokedNoPOE, detail + ", and its reason does not spare older tokens"}
	}
	switch {
	case ca:
		return &failure{CheckRevocation, RevokedCANoPOE, detail}
	case !s.After.IsZero() && !s.After.Before(st.at):
		return &failure{CheckRevocation, Revoked, detail}
	}
	return &failure{CheckRevocation, RevokedNoPOE, detail}
}

// carried reads what the document carries about a certificate. What is of
// another certificate or does not verify is passed over: it proves nothing.
func (v *Validator) carried(s *Signature, cert, issuer *x509.Certificate, at time.Time) []status {
	var found []status
	for i, der := range s.OCSP {
		if st, err := v.readOCSP(der, cert, issuer); err == nil && i < maxEvidence {
			found = append(found, st)
		}
	}
	for i, der := range s.CRLs {
		if st, err := v.readCRL(der, cert, issuer); err == nil && i < maxEvidence {
			found = append(found, st)
		}
	}
	return found
}

// ask returns what is remembered about a certificate, or what its authority
// says now: by OCSP, and where that gives nothing, by its list. Callers that
// ask for the same at once wait for one answer.
func (v *Validator) ask(ctx context.Context, key statusKey, cert, issuer *x509.Certificate, at, now time.Time) remembered {
	fresh := func(r remembered) bool { return !now.Before(r.from) && now.Before(r.until) }
	if r, ok := v.statuses.get(key); ok && fresh(r) {
		return r
	}
	if v.source == nil {
		return remembered{problem: "there is no source of revocation information"}
	}
	for {
		done, wait := v.enter(key)
		if wait == nil {
			defer done()
			break
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return remembered{problem: "asking was given up: " + ctx.Err().Error()}
		}
		// The answer came while we waited, so it may begin a little after our
		// own now, which is no reason to leave it.
		if r, ok := v.statuses.get(key); ok && now.Before(r.until) {
			return r
		}
		// Whoever asked gave up; somebody else does, perhaps we.
	}
	r := v.fetch(ctx, cert, issuer, at, now)
	if ctx.Err() == nil {
		v.statuses.put(key, r) // an asker's own haste says nothing about the source
	}
	return r
}

// fetch asks the source.
func (v *Validator) fetch(ctx context.Context, cert, issuer *x509.Certificate, at, now time.Time) remembered {
	r := remembered{from: now, until: now.Add(retryAfter)}
	answers := []struct {
		form string
		get  func(context.Context, *x509.Certificate, *x509.Certificate) ([]byte, error)
		read func([]byte, *x509.Certificate, *x509.Certificate) (status, error)
	}{
		{"OCSP", v.source.OCSP, v.readOCSP},
		{"CRL", v.source.CRL, v.readCRL},
	}
	var problems []error
	for _, a := range answers {
		der, err := a.get(ctx, cert, issuer)
		var st status
		if err == nil {
			st, err = a.read(der, cert, issuer)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", a.form, err))
			continue
		}
		r.statuses = append(r.statuses, st)
		switch {
		case st.state == unknown:
			problems = append(problems, fmt.Errorf("%s: the authority does not know the certificate", a.form))
			continue
		case st.state == good && !v.covers(&st, cert, at):
			problems = append(problems, fmt.Errorf("%s: the answer of %s is too old", a.form, st.thisUpdate.UTC().Format(time.RFC3339)))
			continue
		}
		r.until = now.Add(v.policy.Memory)
		if !st.nextUpdate.IsZero() && st.nextUpdate.Before(r.until) {
			r.until = st.nextUpdate
		}
		return r
	}
	r.problem = errors.Join(problems...).Error()
	return r
}

// enter makes the caller the one that asks about key, and then done has to be
// called; or gives a channel that closes when the one who asks has done.
func (v *Validator) enter(key statusKey) (done func(), wait <-chan struct{}) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if ch, ok := v.asking[key]; ok {
		return nil, ch
	}
	ch := make(chan struct{})
	v.asking[key] = ch
	return func() {
		v.mu.Lock()
		delete(v.asking, key)
		v.mu.Unlock()
		close(ch)
	}, nil
}
