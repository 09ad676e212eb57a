package cades_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"testing"

	"rem/internal/testkit"
	"rem/internal/testkit/derkit"
	"rem/trust/cades"
	"rem/trust/cms"
)

func BenchmarkSign(b *testing.B) {
	for _, kind := range []string{derkit.P256, derkit.RSA2048, derkit.RSA3072} {
		person, _ := holder(b, kind)
		sum := sha256.Sum256([]byte(original))
		b.Run("raw/"+kind, func(b *testing.B) {
			for b.Loop() {
				if _, err := person.Key.Sign(nil, sum[:], crypto.SHA256); err != nil {
					b.Fatal(err)
				}
			}
		})
		s, err := cades.NewSigner(cades.Options{Key: person.Key, Chain: person.Chain})
		if err != nil {
			b.Fatal(err)
		}
		b.Run("cades-b/"+kind, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Sign(context.Background(), sum[:], testkit.Epoch); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkVerify takes turns with one bare verification, whose share is the
// metric. The signature carries its signer's authority, as those of envelopes do.
func BenchmarkVerify(b *testing.B) {
	person, _ := holder(b, derkit.P256)
	der := sign(b, cades.Options{Key: person.Key, Chain: person.Chain})
	sum := digest(crypto.SHA256)
	value, err := person.Key.Sign(rand.Reader, sum, crypto.SHA256)
	if err != nil {
		b.Fatal(err)
	}
	raw := func() error {
		if !ecdsa.VerifyASN1(person.Leaf().PublicKey.(*ecdsa.PublicKey), sum, value) {
			return cms.ErrSignature
		}
		return nil
	}
	for name, o := range map[string]cades.VerifyOptions{
		"unknown": {}, "known": {Known: person.Chain[:1]}, "remembered": {Known: person.Chain[:1], Cache: cms.NewCache(8)},
	} {
		b.Run("cades-b/p256/"+name, func(b *testing.B) {
			b.ReportAllocs()
			side, other := testkit.TakingTurns(b, 1, func() error {
				_, err := cades.Verify(der, func(crypto.Hash) []byte { return sum }, o)
				return err
			}, raw)
			b.ReportMetric(100*other/side, "%-of-raw")
			b.ReportMetric(side, "ns/side")
			b.ReportMetric(other, "ns/other")
		})
	}
}
