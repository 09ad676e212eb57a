package xades_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"runtime"
	"runtime/debug"
	"testing"

	"rem/internal/testkit"
	"rem/internal/testkit/derkit"
	"rem/trust/xades"
)

// BenchmarkGoals measures goals G5 to G7 of docs/performance.md, each with
// its two sides taking turns. The metric is the goal's own ratio; G8 stands in
// message/evidence, on a document of the size that evidence has. The heap is
// allowed to grow to some 64 MB between collections, as that of a provider
// does; with the 4 MB of a process that holds nothing, the collector runs after
// every hundred operations, on either side.
func BenchmarkGoals(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(1600))
	h := holder(b, derkit.P256)
	root := evidence(b)
	digest := sha256.Sum256(root)
	value, err := h.Key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		b.Fatal(err)
	}
	public := h.Leaf().PublicKey.(*ecdsa.PublicKey)
	rawSign := func() error {
		_, err := h.Key.Sign(rand.Reader, digest[:], crypto.SHA256)
		return err
	}
	rawVerify := func() error {
		if !ecdsa.VerifyASN1(public, digest[:], value) {
			return xades.ErrValue
		}
		return nil
	}
	s := stamped(b, signings[0])
	signT := func() error {
		_, err := s.Sign(context.Background(), root, signingTime)
		return err
	}
	ownXML := sign(b, s, root)
	o := xades.VerifyOptions{Cache: xades.NewCache(64)}
	verifier := func(src []byte) func() error {
		return func() error { return verifyBoth(src, o, world.stamper.Chain) }
	}
	unparsed := xades.VerifyOptions{Cache: o.Cache, Unparsed: true}
	bulk := func() error { return verifyBoth(ownXML, unparsed, world.stamper.Chain) }
	own := verifier(ownXML)
	foreign := verifier(writer{augment: (*written).stampValue}.sign(b, root))
	goals := []struct {
		name        string
		workers     int
		side, other func() error
	}{
		{"G5-sign-xades-t", 1, signT, rawSign},
		{"G6-verify-bulk", 1, bulk, rawVerify},
		{"G6-verify-bulk-all-cores", runtime.GOMAXPROCS(0), bulk, rawVerify},
		{"G6-verify-and-read", 1, own, rawVerify},
		{"G7-verify-foreign", 1, foreign, rawVerify},
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
