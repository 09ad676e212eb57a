package verification_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	cryptorand "crypto/rand"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"rem"
	"rem/internal/testkit"
	"rem/message/evidence"
	"rem/message/verification"
	"rem/trust/validation"
)

func long() bool { return testkit.Long() }

// random is seeded, and the seed is shown by a test that fails.
func random(t testing.TB) *rand.Rand {
	seed := uint64(20261123)
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func FuzzVerify(f *testing.F) {
	w := newWorld(f)
	for _, s := range w.story() {
		f.Add(s.XML)
	}
	f.Add([]byte(original))
	sum := rem.DigestOf([]byte(original))
	token, err := w.authority.Stamp(f.Context(), crypto.SHA256, sum[:])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token.DER)
	f.Fuzz(func(t *testing.T, src []byte) {
		r, err := w.verifier.Verify(t.Context(), input("f", src))
		if err != nil {
			t.Fatal(err)
		}
		if r.Verdict == validation.TotalPassed && find(r.Findings, verification.Signature) == nil {
			t.Error("something passes without a signature")
		}
	})
}

// Bulk verification on all cores, two signatures each, against bare ones.
func BenchmarkVerify(b *testing.B) {
	w := newWorld(b)
	b.Run("raw/p256", func(b *testing.B) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), cryptorand.Reader)
		if err != nil {
			b.Fatal(err)
		}
		sum := rem.DigestOf([]byte("x"))
		sig, err := ecdsa.SignASN1(cryptorand.Reader, key, sum[:])
		if err != nil {
			b.Fatal(err)
		}
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				for range 2 {
					if !ecdsa.VerifyASN1(&key.PublicKey, sum[:], sig) {
						b.Error("a good signature is refused")
					}
				}
			}
		})
	})
	b.Run("bulk/p256", func(b *testing.B) {
		// Different evidence each time: nothing is found in a memory but chains.
		var all [][]byte
		for range 512 {
			all = append(all, w.sign(w.draft("hs91", evidence.DeliveryNonDeliveryToRecipient, evidence.Positive, 1)).XML)
		}
		var next atomic.Int64
		b.ReportAllocs()
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			v := w.newVerifier(func(*verification.Options) {})
			for pb.Next() {
				n := next.Add(1)
				if n%512 == 0 {
					v = w.newVerifier(func(*verification.Options) {})
				}
				r, err := v.Verify(b.Context(), input("e", all[n%512]))
				if err != nil || r.Verdict != validation.TotalPassed {
					b.Errorf("%v %v", r, err)
				}
			}
		})
	})
}
