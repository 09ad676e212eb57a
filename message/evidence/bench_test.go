package evidence

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"errors"
	"runtime/debug"
	"testing"

	"rem"
	"rem/internal/testkit"
	"rem/trust/tsp"
	"rem/trust/validation"
	"rem/trust/xades"
)

// BenchmarkStages measures what stands beside the signatures when an evidence
// is made and received, stage by stage: what goals G5 and G6 have left to lose.
func BenchmarkStages(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(goalsHeap))
	w := newWorld(b, "hs91")
	draft := sampleDraft(DeliveryNonDeliveryToRecipient, Positive)
	prepared, err := Prepare(draft)
	if err != nil {
		b.Fatal(err)
	}
	signed, err := prepared.Sign(b.Context(), w.signer)
	if err != nil {
		b.Fatal(err)
	}
	o := xades.VerifyOptions{Known: w.operation.Chain[:1], Cache: xades.NewCache(64), Unparsed: true}
	x, err := xades.Verify(signed.XML, o)
	if err != nil {
		b.Fatal(err)
	}
	v, err := validation.New(validation.Usual(w.Anchors()), w.clock, w.PKI)
	if err != nil {
		b.Fatal(err)
	}
	token := x.Tokens[0]
	key := w.operation.Key.(*ecdsa.PrivateKey)
	sum := rem.DigestOf(signed.XML)
	value, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		b.Fatal(err)
	}
	rawVerify := func() error {
		if !ecdsa.VerifyASN1(&key.PublicKey, sum[:], value) {
			return errors.New("a good signature is refused")
		}
		return nil
	}
	stages := []struct {
		name string
		run  func() error
	}{
		{"prepare", func() error { _, err := Prepare(draft); return err }},
		{"signature", func() error { _, err := xades.Verify(signed.XML, o); return err }},
		{"read", func() error { _, err := Read(x); return err }},
		{"read-token", func() error {
			_, err := tsp.ParseKnown(token.DER, tsp.VerifyOptions{Cache: o.Cache.Carried()})
			return err
		}},
		{"token", func() error {
			_, err := token.Verify(token.Hash, token.Imprint, tsp.VerifyOptions{Cache: o.Cache.Carried()})
			return err
		}},
		{"judge-token-known", func() error {
			v.XAdES(b.Context(), validation.Operation, x)
			return nil
		}},
	}
	for _, s := range stages {
		b.Run(s.name, func(b *testing.B) {
			side, other := testkit.TakingTurns(b, 1, s.run, rawVerify)
			b.ReportMetric(100*side/other, "%-of-a-verification")
			b.ReportMetric(side, "ns/side")
			b.ReportMetric(testing.AllocsPerRun(100, func() { s.run() }), "allocs/side")
		})
	}
}
