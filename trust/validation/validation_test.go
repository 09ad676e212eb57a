package validation_test

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"rem/edge/simulator"
	"rem/internal/testkit/pki"
	"rem/trust/algorithm"
	"rem/trust/tsp"
	"rem/trust/validation"
)

// A scene is a world with a provider, an authority and a signature.
type scene struct {
	*pki.World
	t      testing.TB
	policy validation.Policy
	source validation.RevocationSource
	id     *simulator.Identity
	stamp  tsp.Authority
}

func newScene(t testing.TB) *scene {
	t.Helper()
	w := pki.New(t, simulator.Options{})
	s := &scene{World: w, t: t, policy: validation.Usual(w.Anchors()), source: w.PKI, id: w.REMMD("hs90.kep.test")}
	s.stamp = w.Stamper("TSA 1")
	return s
}

func (s *scene) validator() *validation.Validator {
	s.t.Helper()
	v, err := validation.New(s.policy, s.Clock, s.source)
	if err != nil {
		s.t.Fatal(err)
	}
	return v
}

func (s *scene) token(a tsp.Authority) *tsp.Token {
	s.t.Helper()
	imprint := sha256.Sum256([]byte("signature value"))
	made, err := a.Stamp(s.t.Context(), crypto.SHA256, imprint[:])
	if err != nil {
		s.t.Fatal(err)
	}
	t, err := tsp.Parse(made.DER)
	if err != nil {
		s.t.Fatal(err)
	}
	return t
}

// signature is one of the scene's identity, stamped now.
func (s *scene) signature() validation.Signature {
	s.t.Helper()
	return validation.Signature{
		Role:        validation.Operation,
		Certificate: s.id.Certificate,
		Carried:     s.id.Chain,
		Algorithm:   algorithm.Signature{Key: x509.ECDSA, Hash: crypto.SHA256},
		Digests:     []crypto.Hash{crypto.SHA256},
		SigningTime: s.Clock.Now(),
		Tokens:      []*tsp.Token{s.token(s.stamp)},
	}
}

func (s *scene) issue(purpose simulator.Purpose, change func(*x509.Certificate)) *simulator.Identity {
	s.t.Helper()
	return s.Must(s.Issue(purpose, simulator.Request{Change: change}))
}

func (s *scene) revoke(c *x509.Certificate, ago time.Duration, reason int) {
	s.t.Helper()
	if err := s.Revoke(c, s.Clock.Now().Add(-ago), reason); err != nil {
		s.t.Fatal(err)
	}
}

// silent is a source that has no answer.
type silent struct{ err error }

func (s silent) OCSP(context.Context, *x509.Certificate, *x509.Certificate) ([]byte, error) {
	return nil, s.err
}
func (s silent) CRL(context.Context, *x509.Certificate, *x509.Certificate) ([]byte, error) {
	return nil, s.err
}

// Each sub-indication of EN 319 102-1 that we give, by the state of the world
// that leads to it.
func TestVerdicts(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for _, c := range []struct {
		name    string
		arrange func(*scene) validation.Signature
		want    validation.Verdict
		sub     validation.SubIndication
		check   string // that failed first
	}{
		{"everything is in order", func(s *scene) validation.Signature { return s.signature() },
			validation.TotalPassed, "", ""},
		{"an old signature whose certificate ended since", func(s *scene) validation.Signature {
			sig := s.signature()
			sig.OCSP, sig.CRLs = s.carry(s.id)
			s.policy.TimeStamping.Revocation = validation.RevocationIfKnown
			s.Clock.Advance(4 * year)
			s.source = nil
			return sig
		}, validation.TotalPassed, "", ""},
		{"revoked after the time of proof", func(s *scene) validation.Signature {
			sig := s.signature()
			s.Clock.Advance(time.Hour)
			s.revoke(s.id.Certificate, time.Minute, simulator.KeyCompromise)
			return sig
		}, validation.TotalPassed, "", ""},
		{"revoked before the time of proof", func(s *scene) validation.Signature {
			s.revoke(s.id.Certificate, time.Minute, simulator.KeyCompromise)
			return s.signature()
		}, validation.Indeterminate, validation.RevokedNoPOE, validation.CheckRevocation},
		{"revoked, and shown to be made afterwards", func(s *scene) validation.Signature {
			s.revoke(s.id.Certificate, time.Minute, simulator.KeyCompromise)
			sig := s.signature()
			sig.After = s.Clock.Now()
			return sig
		}, validation.TotalFailed, validation.Revoked, validation.CheckRevocation},
		{"the issuing authority is revoked", func(s *scene) validation.Signature {
			s.revoke(s.Authority(simulator.Operation).Certificate, time.Minute, simulator.KeyCompromise)
			return s.signature()
		}, validation.Indeterminate, validation.RevokedCANoPOE, validation.CheckRevocation},
		{"nobody answers about revocation", func(s *scene) validation.Signature {
			sig := s.signature()
			s.policy.TimeStamping.Revocation = validation.RevocationIfKnown
			s.source = silent{errors.New("timeout")}
			return sig
		}, validation.Indeterminate, validation.TryLater, validation.CheckRevocation},
		{"nobody answers and the policy does not ask", func(s *scene) validation.Signature {
			s.policy.TimeStamping.Revocation = validation.RevocationIfKnown
			s.policy.Operation.Revocation = validation.RevocationIfKnown
			s.source = nil
			return s.signature()
		}, validation.TotalPassed, "", ""},
		{"known to be revoked though the policy does not ask", func(s *scene) validation.Signature {
			s.policy.Operation.Revocation = validation.RevocationIfKnown
			s.revoke(s.id.Certificate, time.Minute, simulator.Superseded)
			return s.signature()
		}, validation.Indeterminate, validation.RevokedNoPOE, validation.CheckRevocation},
		{"asked about a certificate after its end", func(s *scene) validation.Signature {
			s.policy.TimeStamping.Revocation = validation.RevocationIfKnown
			sig := s.signature()
			s.Clock.Advance(4 * year)
			return sig
		}, validation.Indeterminate, validation.RevocationOutOfBoundsNoPOE, validation.CheckRevocation},
		{"an unknown authority", func(s *scene) validation.Signature {
			other := pki.New(s.t, simulator.Options{})
			s.id = other.REMMD("hs90.kep.test")
			return s.signature()
		}, validation.Indeterminate, validation.NoCertificateChainFound, validation.CheckPath},
		{"the authority's certificate is missing", func(s *scene) validation.Signature {
			sig := s.signature()
			sig.Carried = sig.Carried[:1]
			return sig
		}, validation.Indeterminate, validation.NoCertificateChainFound, validation.CheckPath},
		{"no signing certificate", func(s *scene) validation.Signature {
			sig := s.signature()
			sig.Certificate = nil
			return sig
		}, validation.Indeterminate, validation.NoSigningCertificateFound, validation.CheckSigningCertificate},
		{"ended before the time of proof", func(s *scene) validation.Signature {
			s.id = s.Must(s.Issue(simulator.Operation, simulator.Request{Until: s.Clock.Now().Add(time.Hour)}))
			s.Clock.Advance(2 * time.Hour)
			return s.signature()
		}, validation.Indeterminate, validation.OutOfBoundsNoPOE, validation.CheckValidity},
		{"ended, and shown to be made afterwards", func(s *scene) validation.Signature {
			s.id = s.Must(s.Issue(simulator.Operation, simulator.Request{Until: s.Clock.Now().Add(time.Hour)}))
			s.Clock.Advance(2 * time.Hour)
			sig := s.signature()
			sig.After = s.Clock.Now()
			return sig
		}, validation.TotalFailed, validation.Expired, validation.CheckValidity},
		{"proved before the certificate began", func(s *scene) validation.Signature {
			s.id = s.Must(s.Issue(simulator.Operation, simulator.Request{From: s.Clock.Now().Add(time.Hour)}))
			return s.signature()
		}, validation.TotalFailed, validation.NotYetValid, validation.CheckValidity},
		{"not yet valid and without a token", func(s *scene) validation.Signature {
			s.id = s.Must(s.Issue(simulator.Operation, simulator.Request{From: s.Clock.Now().Add(time.Hour)}))
			s.policy.Operation.TokenRequired = false
			sig := s.signature()
			sig.Tokens = nil
			return sig
		}, validation.Indeterminate, validation.OutOfBoundsNoPOE, validation.CheckValidity},
		{"no token where one is required", func(s *scene) validation.Signature {
			sig := s.signature()
			sig.Tokens = nil
			return sig
		}, validation.Indeterminate, validation.NoPOE, validation.CheckProof},
		{"a token from the future", func(s *scene) validation.Signature {
			s.Clock.Advance(time.Hour)
			sig := s.signature()
			s.Clock.Advance(-time.Hour)
			return sig
		}, validation.Indeterminate, validation.NoPOE, validation.CheckToken},
		{"a signing time after the token", func(s *scene) validation.Signature {
			sig := s.signature()
			sig.SigningTime = s.Clock.Now().Add(time.Hour)
			return sig
		}, validation.Indeterminate, validation.TimestampOrderFailure, validation.CheckSigningTime},
		{"an algorithm whose time is over", func(s *scene) validation.Signature {
			s.policy.Algorithms = algorithm.Policy{
				Digests: algorithm.Default.Digests,
				Keys: []algorithm.KeyRule{{Key: x509.ECDSA, MinBits: 256, MaxBits: 384,
					Period: algorithm.Period{From: time.Date(2005, 1, 1, 0, 0, 0, 0, time.UTC), Until: s.Clock.Now().Add(-time.Hour)}}},
			}
			return s.signature()
		}, validation.Indeterminate, validation.CryptoConstraintsFailureNoPOE, validation.CheckToken},
		{"an algorithm that is on no list", func(s *scene) validation.Signature {
			sig := s.signature()
			sig.Algorithm = algorithm.Signature{Key: x509.ECDSA, Hash: crypto.SHA1}
			return sig
		}, validation.Indeterminate, validation.CryptoConstraintsFailureNoPOE, validation.CheckAlgorithms},
		{"a role that the policy does not have", func(s *scene) validation.Signature {
			sig := s.signature()
			sig.Role = 0
			return sig
		}, validation.Indeterminate, validation.PolicyProcessingError, validation.CheckPath},
		{"a check failed before", func(s *scene) validation.Signature {
			sig := s.signature()
			sig.Checks = []validation.Check{{Name: "archive", Passed: false, Detail: "no"}}
			return sig
		}, validation.Indeterminate, validation.SigConstraintsFailure, "archive"},

		// AT-22: what a certificate may be used for.
		{"a TLS certificate signs evidence", func(s *scene) validation.Signature {
			s.id = s.Must(s.TLS("hs90.kep.test"))
			return s.signature()
		}, validation.Indeterminate, validation.ChainConstraintsFailure, validation.CheckPath},
		{"any extended usage", func(s *scene) validation.Signature {
			s.id = s.issue(simulator.Operation, func(c *x509.Certificate) {
				c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny}
			})
			return s.signature()
		}, validation.Indeterminate, validation.ChainConstraintsFailure, validation.CheckUsage},
		{"no extended usage", func(s *scene) validation.Signature {
			s.id = s.issue(simulator.Operation, func(c *x509.Certificate) { c.ExtKeyUsage = nil })
			return s.signature()
		}, validation.Indeterminate, validation.ChainConstraintsFailure, validation.CheckUsage},
		{"a key for encipherment", func(s *scene) validation.Signature {
			s.id = s.issue(simulator.Operation, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment })
			return s.signature()
		}, validation.Indeterminate, validation.ChainConstraintsFailure, validation.CheckUsage},
		{"an authority signs evidence itself", func(s *scene) validation.Signature {
			s.id = &s.Authority(simulator.Operation).Identity
			return s.signature()
		}, validation.Indeterminate, validation.ChainConstraintsFailure, validation.CheckUsage},
		{"an unknown critical extension", func(s *scene) validation.Signature {
			s.id = s.issue(simulator.Operation, func(c *x509.Certificate) {
				c.ExtraExtensions = append(c.ExtraExtensions, extension("2.999.7", true))
			})
			return s.signature()
		}, validation.Indeterminate, validation.CertificateChainFailure, validation.CheckPath},
		{"a person without the statement of qualification", func(s *scene) validation.Signature {
			s.id = s.issue(simulator.Personal, func(c *x509.Certificate) { c.ExtraExtensions = nil })
			sig := s.signature()
			sig.Role, sig.Tokens = validation.Personal, nil
			return sig
		}, validation.Indeterminate, validation.ChainConstraintsFailure, validation.CheckQualified},
		{"a person's signature without a token", func(s *scene) validation.Signature {
			s.id = s.Signatory(0, "isil@hs90.kep.test")
			sig := s.signature()
			sig.Role, sig.Tokens = validation.Personal, nil
			return sig
		}, validation.TotalPassed, "", ""},
		{"statements that are critical", func(s *scene) validation.Signature {
			s.id = s.issue(simulator.Personal, func(c *x509.Certificate) { c.ExtraExtensions[0].Critical = true })
			sig := s.signature()
			sig.Role, sig.Tokens = validation.Personal, nil
			return sig
		}, validation.TotalPassed, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			sig := c.arrange(s)
			r := s.validator().Judge(t.Context(), sig)
			if r.Verdict != c.want || r.Sub != c.sub {
				t.Errorf("got %v %v, want %v %v\n%+v", r.Verdict, r.Sub, c.want, c.sub, r.Checks)
			}
			if r.Passed() != (c.want == validation.TotalPassed) {
				t.Error("Passed says otherwise than the verdict")
			}
			first := ""
			for _, check := range r.Checks {
				if !check.Passed {
					first = check.Name
					break
				}
			}
			if first != c.check {
				t.Errorf("the first check to fail is %q, want %q\n%+v", first, c.check, r.Checks)
			}
			if c.check != "" && !strings.Contains(r.String(), string(c.sub)) {
				t.Errorf("the report reads %q", r)
			}
		})
	}
}

// carry gives what B-LT would carry about an identity's certificates.
func (s *scene) carry(id *simulator.Identity) (ocsp, crls [][]byte) {
	s.t.Helper()
	for _, c := range id.Chain {
		der, err := s.OCSP(s.t.Context(), c, nil)
		if err != nil {
			s.t.Fatal(err)
		}
		ocsp = append(ocsp, der)
		if der, err = s.CRL(s.t.Context(), c, nil); err != nil {
			s.t.Fatal(err)
		}
		crls = append(crls, der)
	}
	return ocsp, crls
}

// What a retired or stolen authority's token is worth (AT-21, RFC 3161 4).
func TestTokens(t *testing.T) {
	for _, c := range []struct {
		name    string
		arrange func(*scene) *tsp.Token
		want    validation.Verdict
		sub     validation.SubIndication
	}{
		{"a good authority", func(s *scene) *tsp.Token { return s.token(s.stamp) }, validation.TotalPassed, ""},
		{"an authority of another world", func(s *scene) *tsp.Token {
			return s.token(pki.New(s.t, simulator.Options{Clock: s.Clock}).Stamper("TSA 1"))
		}, validation.Indeterminate, validation.NoCertificateChainFound},
		{"retired later", func(s *scene) *tsp.Token {
			id := s.Must(s.TSA("old"))
			tok := s.token(s.StamperOf(id))
			s.Clock.Advance(time.Hour)
			s.revoke(id.Certificate, time.Minute, simulator.CessationOfOperation)
			return tok
		}, validation.TotalPassed, ""},
		{"stolen later", func(s *scene) *tsp.Token {
			id := s.Must(s.TSA("old"))
			tok := s.token(s.StamperOf(id))
			s.Clock.Advance(time.Hour)
			s.revoke(id.Certificate, time.Minute, simulator.KeyCompromise)
			return tok
		}, validation.Indeterminate, validation.RevokedNoPOE},
		{"revoked later without a reason", func(s *scene) *tsp.Token {
			id := s.Must(s.TSA("old"))
			tok := s.token(s.StamperOf(id))
			s.Clock.Advance(time.Hour)
			s.revoke(id.Certificate, time.Minute, simulator.Unspecified)
			return tok
		}, validation.Indeterminate, validation.RevokedNoPOE},
		{"retired before", func(s *scene) *tsp.Token {
			id := s.Must(s.TSA("old"))
			s.revoke(id.Certificate, time.Hour, simulator.CessationOfOperation)
			return s.token(s.StamperOf(id))
		}, validation.TotalFailed, validation.Revoked},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			r := s.validator().Token(t.Context(), c.arrange(s))
			if r.Verdict != c.want || r.Sub != c.sub {
				t.Errorf("got %v %v, want %v %v\n%+v", r.Verdict, r.Sub, c.want, c.sub, r.Checks)
			}
		})
	}
}

// AT-21: a signature with one good and one bad token is not believed, in
// either order.
func TestOneBadTokenIsNotOutweighed(t *testing.T) {
	s := newScene(t)
	good := s.token(s.stamp)
	bad := s.token(pki.New(t, simulator.Options{Clock: s.Clock}).Stamper("TSA 1"))
	for _, tokens := range [][]*tsp.Token{{good, bad}, {bad, good}} {
		sig := s.signature()
		sig.Tokens = tokens
		if r := s.validator().Judge(t.Context(), sig); r.Verdict != validation.Indeterminate {
			t.Errorf("got %v", r)
		}
	}
}

func TestTheEarliestTokenIsTheTimeOfProof(t *testing.T) {
	s := newScene(t)
	first := s.token(s.stamp)
	s.Clock.Advance(time.Hour)
	sig := s.signature()
	sig.Tokens = append(sig.Tokens, first)
	sig.SigningTime = first.Time
	r := s.validator().Judge(t.Context(), sig)
	if !r.Passed() || !r.Proven || !r.Proof.Equal(first.Time) {
		t.Errorf("got %v, proven %v at %v, want %v", r, r.Proven, r.Proof, first.Time)
	}
}

func TestAPolicyThatBelievesTooMuchIsRefused(t *testing.T) {
	s := newScene(t)
	for _, c := range []struct {
		name   string
		change func(*validation.Policy)
	}{
		{"any extended usage", func(p *validation.Policy) { p.Operation.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} }},
		{"too many anchors", func(p *validation.Policy) { p.Personal.Anchors = make([]*x509.Certificate, 1000) }},
		{"a negative skew", func(p *validation.Policy) { p.Skew = -1 }},
	} {
		p := validation.Usual(s.Anchors())
		c.change(&p)
		if _, err := validation.New(p, s.Clock, nil); err == nil {
			t.Errorf("%s: no error", c.name)
		}
	}
}

func TestWithoutAnchorsNothingPasses(t *testing.T) {
	s := newScene(t)
	s.policy = validation.Usual(nil)
	sig := s.signature()
	if r := s.validator().Judge(t.Context(), sig); r.Verdict != validation.Indeterminate {
		t.Errorf("got %v", r)
	}
}
