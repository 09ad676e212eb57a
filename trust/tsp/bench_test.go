package tsp_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"testing"

	"rem/internal/testkit/derkit"
	"rem/trust/tsp"
)

func BenchmarkStamp(b *testing.B) {
	for _, kind := range []string{derkit.P256, derkit.P384, derkit.RSA3072} {
		r, holder := authority(b, kind, nil)
		sum := imprint("hello")
		b.Run(kind+"/raw", func(b *testing.B) {
			for b.Loop() {
				if _, err := holder.Key.Sign(rand.Reader, sum, crypto.SHA256); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(kind, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Stamp(context.Background(), crypto.SHA256, sum); err != nil {
					b.Fatal(err)
				}
			}
		})
		request, err := (&tsp.Request{Hash: crypto.SHA256, Imprint: sum, Nonce: nonce(), Certificates: true}).DER()
		if err != nil {
			b.Fatal(err)
		}
		b.Run(kind+"/respond", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Respond(context.Background(), request); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkToken(b *testing.B) {
	r, holder := authority(b, derkit.P256, nil)
	sum := imprint("hello")
	token := stamp(b, r, "hello")
	value, err := holder.Key.Sign(rand.Reader, sum, crypto.SHA256)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("raw", func(b *testing.B) {
		public := holder.Key.Public().(*ecdsa.PublicKey)
		for b.Loop() {
			if !ecdsa.VerifyASN1(public, sum, value) {
				b.Fatal("not verified")
			}
		}
	})
	for _, c := range []struct {
		name    string
		options tsp.VerifyOptions
	}{{"verify", tsp.VerifyOptions{Known: holder.Chain}}, {"verify-unknown", tsp.VerifyOptions{}}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				parsed, err := tsp.ParseKnown(token.DER, c.options)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := parsed.Verify(crypto.SHA256, sum, c.options); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
