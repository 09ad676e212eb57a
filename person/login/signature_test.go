package login_test

import (
	"crypto"
	"errors"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/edge/simulator"
	"rem/internal/testkit/pki"
	"rem/person/login"
	"rem/trust/cades"
	"rem/trust/validation"
)

// REQ-43: with real signatures.
func TestTheJudgeNamesWhoSigned(t *testing.T) {
	p := pki.New(t, simulator.Options{})
	j, err := login.NewJudge(validation.Usual(p.Anchors()), p.Clock, p.PKI)
	if err != nil {
		t.Fatal(err)
	}
	who := p.Signatory(1, "isil@hs90.kep.test")
	want := strings.TrimPrefix(who.Chain[0].Subject.SerialNumber, "PNOTR-")
	sign := func(id *simulator.Identity, text string) []byte {
		signer, err := cades.NewSigner(cades.Options{Key: id.Key, Chain: id.Chain, Hash: crypto.SHA256})
		if err != nil {
			t.Fatal(err)
		}
		d := rem.DigestOf([]byte(text))
		der, err := signer.Sign(t.Context(), d[:], p.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	number, err := j.Signer(t.Context(), []byte("challenge"), sign(who, "challenge"))
	if err != nil || number != want || len(number) != 11 {
		t.Errorf("%q, %v", number, err)
	}
	revoked, stranger := p.Signatory(2, "iki@hs90.kep.test"), pki.New(t, simulator.Options{})
	if err := p.Revoke(revoked.Chain[0], p.Clock.Now().Add(-time.Minute), 1); err != nil {
		t.Fatal(err)
	}
	for what, signature := range map[string][]byte{
		"another text": sign(who, "another"), "nothing": nil, "garbage": []byte("x"), "too long": make([]byte, 1<<20), "cut": sign(who, "challenge")[:100],
		"a revoked certificate": sign(revoked, "challenge"), "a certificate of others": sign(stranger.Signatory(1, "isil@hs90.kep.test"), "challenge"),
		"no certificate of a person": sign(p.REMMD("hs90.kep.test"), "challenge"),
	} {
		if number, err := j.Signer(t.Context(), []byte("challenge"), signature); !errors.Is(err, login.ErrSignature) || number != "" {
			t.Errorf("%s: %q, %v", what, number, err)
		}
	}
	if _, err := login.NewJudge(validation.Policy{}, p.Clock, p.PKI); err == nil {
		t.Error("a judge that believes anybody")
	}
}
