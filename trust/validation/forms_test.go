package validation_test

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"

	"rem/internal/testkit"
	"rem/trust/algorithm"
	"rem/trust/cades"
	"rem/trust/cms"
	"rem/trust/tsp"
	"rem/trust/validation"
	"rem/trust/xades"
)

const document = `<letter xmlns="urn:test"><to>bora@hs91.kep.test</to></letter>`

// judge verifies and judges a document as the stages do.
func judge(t *testing.T, v *validation.Validator, src []byte) *validation.Report {
	t.Helper()
	x, err := xades.Verify(src, xades.VerifyOptions{})
	if err != nil {
		return validation.Refused(validation.Operation, err)
	}
	return v.XAdES(t.Context(), validation.Operation, x)
}

func (s *scene) signed(authority tsp.Authority) []byte {
	s.t.Helper()
	signed, err := s.Signer(s.id, authority).Sign(s.t.Context(), []byte(document), s.Clock.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	return signed.XML
}

func TestAnXAdESDocumentIsJudged(t *testing.T) {
	s := newScene(t)
	v := s.validator()
	r := judge(t, v, s.signed(s.stamp))
	if !r.Passed() || r.Level != "B-T" || !r.Proven || len(r.Chain) != 3 {
		t.Errorf("got %v, level %s, proven %v, %d certificates\n%+v", r, r.Level, r.Proven, len(r.Chain), r.Checks)
	}
	if r := judge(t, v, s.signed(nil)); r.Sub != validation.NoPOE {
		t.Errorf("without a token: got %v", r)
	}
}

// No change of a byte of a signed document is believed (a part of the
// sampling that remverify's tests do at large).
func TestNoChangedByteIsBelieved(t *testing.T) {
	s := newScene(t)
	v := s.validator()
	src := s.signed(s.stamp)
	step := 17
	if testkit.Long() {
		step = 1
	}
	seen := make(map[validation.SubIndication]int)
	for i := 0; i < len(src); i += step {
		changed := bytes.Clone(src)
		changed[i] ^= 1
		r := judge(t, v, changed)
		if r.Passed() {
			t.Errorf("byte %d changed from %q to %q: %v", i, src[i], changed[i], r)
		}
		seen[r.Sub]++
	}
	t.Logf("%d changes: %v", (len(src)+step-1)/step, seen)
	for _, want := range []validation.SubIndication{validation.FormatFailure, validation.HashFailure} {
		if seen[want] == 0 {
			t.Errorf("no change gave %s", want)
		}
	}
}

func TestACAdESSignatureIsJudged(t *testing.T) {
	s := newScene(t)
	s.id = s.Signatory(0, "isil@hs90.kep.test")
	content := []byte("Content-Type: text/plain\r\n\r\nMerhaba\r\n")
	digest := sha256.Sum256(content)
	for _, c := range []struct {
		authority tsp.Authority
		level     string
	}{{nil, "B-B"}, {s.stamp, "B-T"}} {
		signer, err := cades.NewSigner(cades.Options{Key: s.id.Key, Chain: s.id.Chain, Hash: crypto.SHA256, Authority: c.authority})
		if err != nil {
			t.Fatal(err)
		}
		der, err := signer.Sign(t.Context(), digest[:], s.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		v := s.validator()
		judge := func(der, content []byte) *validation.Report {
			found, err := cades.Verify(der, func(h crypto.Hash) []byte {
				w := h.New()
				w.Write(content)
				return w.Sum(nil)
			}, cades.VerifyOptions{})
			if err != nil {
				return validation.Refused(validation.Personal, err)
			}
			return v.CAdES(t.Context(), validation.Personal, found)
		}
		if r := judge(der, content); !r.Passed() || r.Level != c.level || r.Proven != (c.authority != nil) {
			t.Errorf("%s: got %v, level %s, proven %v\n%+v", c.level, r, r.Level, r.Proven, r.Checks)
		}
		if r := judge(der, content[1:]); r.Verdict != validation.TotalFailed || r.Sub != validation.HashFailure {
			t.Errorf("%s over other content: got %v", c.level, r)
		}
		step := 13
		if testkit.Long() {
			step = 1
		}
		for i := 0; i < len(der); i += step {
			changed := bytes.Clone(der)
			changed[i] ^= 1
			if r := judge(changed, content); r.Passed() {
				t.Errorf("%s: byte %d changed: %v", c.level, i, r)
			}
		}
	}
}

// Every reason for which the other packages refuse has its sub-indication.
func TestRefusalsHaveTheirSubIndication(t *testing.T) {
	for _, c := range []struct {
		err     error
		verdict validation.Verdict
		sub     validation.SubIndication
	}{
		{xades.ErrForm, validation.TotalFailed, validation.FormatFailure},
		{xades.ErrDigest, validation.TotalFailed, validation.HashFailure},
		{xades.ErrValue, validation.TotalFailed, validation.SigCryptoFailure},
		{xades.ErrCertificate, validation.Indeterminate, validation.NoSigningCertificateFound},
		{xades.ErrAlgorithm, validation.Indeterminate, validation.CryptoConstraintsFailure},
		{xades.ErrStamp, validation.Indeterminate, validation.NoPOE},
		{cms.ErrStructure, validation.TotalFailed, validation.FormatFailure},
		{cms.ErrDigest, validation.TotalFailed, validation.HashFailure},
		{cms.ErrSignature, validation.TotalFailed, validation.SigCryptoFailure},
		{cms.ErrNoSigner, validation.Indeterminate, validation.NoSigningCertificateFound},
		{tsp.ErrImprint, validation.TotalFailed, validation.HashFailure},
		{tsp.ErrAuthority, validation.Indeterminate, validation.SigConstraintsFailure},
		{algorithm.ErrUnknown, validation.Indeterminate, validation.CryptoConstraintsFailure},
		{algorithm.ErrSignature, validation.TotalFailed, validation.SigCryptoFailure},
		{errors.New("anything else"), validation.TotalFailed, validation.FormatFailure},
	} {
		r := validation.Refused(validation.Operation, fmt.Errorf("verifying: %w", c.err))
		if r.Verdict != c.verdict || r.Sub != c.sub {
			t.Errorf("%v: got %v %v, want %v %v", c.err, r.Verdict, r.Sub, c.verdict, c.sub)
		}
	}
}

// BenchmarkJudge measures what judging adds to the verification of a
// signature once chains are known: with a token seen before, and with the new
// token that every evidence has.
func BenchmarkJudge(b *testing.B) {
	s := newScene(b)
	v, err := validation.New(s.policy, s.Clock, s.source)
	if err != nil {
		b.Fatal(err)
	}
	sig := s.signature()
	b.Run("token known", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if r := v.Judge(b.Context(), sig); !r.Passed() {
				b.Fatal(r)
			}
		}
	})
	b.Run("token new", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			sig.Tokens = []*tsp.Token{s.token(s.stamp)}
			b.StartTimer()
			if r := v.Judge(b.Context(), sig); !r.Passed() {
				b.Fatal(r)
			}
		}
	})
	b.Run("token alone, raw", func(b *testing.B) {
		tok := s.token(s.stamp)
		for b.Loop() {
			if _, err := tok.Verify(tok.Hash, tok.Imprint, tsp.VerifyOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
