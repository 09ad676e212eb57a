package verification_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	cryptorand "crypto/rand"
	"errors"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
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

// BenchmarkGoals measures goal G6 of docs/performance.md on whole reports: an
// evidence read, judged and told about, its token not met before, while two
// bare verifications take turns. The metric is their share of it.
func BenchmarkGoals(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(1600))
	w := newWorld(b)
	key, err := ecdsa.GenerateKey(elliptic.P256(), cryptorand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	sum := rem.DigestOf([]byte("x"))
	value, err := ecdsa.SignASN1(cryptorand.Reader, key, sum[:])
	if err != nil {
		b.Fatal(err)
	}
	raw := func() error {
		if !ecdsa.VerifyASN1(&key.PublicKey, sum[:], value) {
			return errors.New("a good signature is refused")
		}
		return nil
	}
	var all [][]byte
	for range 1024 {
		all = append(all, w.sign(w.draft("hs91", evidence.DeliveryNonDeliveryToRecipient, evidence.Positive, 1)).XML)
	}
	var next atomic.Int64
	var verifier atomic.Pointer[verification.Verifier]
	report := func() error {
		n := next.Add(1)
		if n%int64(len(all)) == 1 { // one that remembers none of the tokens
			verifier.Store(w.newVerifier(func(*verification.Options) {}))
		}
		r, err := verifier.Load().Verify(b.Context(), input("e", all[n%int64(len(all))]))
		if err == nil && r.Verdict != validation.TotalPassed {
			err = errors.New(worst(r.Findings))
		}
		return err
	}
	for name, workers := range map[string]int{"G6-report": 1, "G6-report-all-cores": runtime.GOMAXPROCS(0)} {
		b.Run(name, func(b *testing.B) {
			side, other := testkit.TakingTurns(b, workers, report, raw)
			b.ReportMetric(200*other/side, "%-of-raw")
			b.ReportMetric(side, "ns/side")
			b.ReportMetric(other, "ns/other")
		})
	}
}
