package evidence

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"

	"rem"
	"rem/internal/testkit"
	"rem/trust/validation"
	"rem/trust/xades"
)

// goalsHeap is the collector's pace of a provider, whose heap holds some 64 MB
// between collections; a process that holds nothing collects every 4 MB.
const goalsHeap = 1600

// BenchmarkGoals measures goals G5 and G6 of docs/performance.md on whole
// evidence: made from its draft, and received as relay does it, from the bytes to
// what they say and a verdict on signature and token. The metric is the share
// that two bare signatures, or two bare verifications, have of it.
func BenchmarkGoals(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(goalsHeap))
	w := newWorld(b, "hs91")
	draft := sampleDraft(DeliveryNonDeliveryToRecipient, Positive)
	key := w.operation.Key.(*ecdsa.PrivateKey)
	sum := rem.DigestOf([]byte("evidence"))
	value, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		b.Fatal(err)
	}
	rawSign := func() error {
		_, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
		return err
	}
	rawVerify := func() error {
		if !ecdsa.VerifyASN1(&key.PublicKey, sum[:], value) {
			return errors.New("a good signature is refused")
		}
		return nil
	}
	sign := func() (Signed, error) {
		p, err := Prepare(draft)
		if err != nil {
			return Signed{}, err
		}
		return p.Sign(b.Context(), w.signer)
	}
	all := make([][]byte, 1024)
	for i := range all {
		signed, err := sign()
		if err != nil {
			b.Fatal(err)
		}
		all[i] = signed.XML
	}
	b.Logf("an evidence has %d bytes", len(all[0]))
	o := xades.VerifyOptions{Known: w.operation.Chain[:1], Cache: xades.NewCache(64)}
	var next atomic.Int64
	var validator atomic.Pointer[validation.Validator]
	receive := func() error {
		n := next.Add(1)
		if n%int64(len(all)) == 1 { // one that remembers none of the tokens
			v, err := validation.New(validation.Usual(w.Anchors()), w.clock, w.PKI)
			if err != nil {
				return err
			}
			validator.Store(v)
		}
		src := all[n%int64(len(all))]
		e, x, err := Verify(src, o)
		if err != nil {
			return err
		}
		if report := validator.Load().XAdES(b.Context(), validation.Operation, x); !report.Passed() {
			return fmt.Errorf("%s: %s", e.ID, report)
		}
		if rem.DigestOf(src).IsZero() {
			return errors.New("no digest")
		}
		return nil
	}
	goals := []struct {
		name        string
		workers     int
		side, other func() error
	}{
		{"G5-sign", 1, func() error { _, err := sign(); return err }, rawSign},
		{"G6-receive", 1, receive, rawVerify},
		{"G6-receive-all-cores", runtime.GOMAXPROCS(0), receive, rawVerify},
	}
	for _, goal := range goals {
		b.Run(goal.name, func(b *testing.B) {
			side, other := testkit.TakingTurns(b, goal.workers, goal.side, goal.other)
			b.ReportMetric(200*other/side, "%-of-raw")
			b.ReportMetric(side, "ns/side")
			b.ReportMetric(other, "ns/other")
		})
	}
}
