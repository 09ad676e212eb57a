package evidence

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

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
//
// Goal G8 sets the same job beside goxmldsig, as its user has to do it: the
// same document and key, bytes in and signed bytes out; signed bytes in and a
// verdict out, by a store of trusted certificates. It reads its document into
// a tree with etree, as that is what it signs and verifies, and signs once.
// Ours has a token besides: two signatures made, or two verified and both judged
// with their paths and revocation; and what the evidence says is read. So both
// jobs stand beside it once more without the token, signature for signature.
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
	peer := newPeer(b, w)
	prepared, err := Prepare(draft)
	if err != nil {
		b.Fatal(err)
	}
	unsigned := prepared.XML()
	b.Logf("and %d before it is signed", len(unsigned))
	peerSigned, err := peer.sign(unsigned)
	if err != nil {
		b.Fatal(err)
	}
	signBytes := func() error {
		_, err := w.signer.xades.Sign(b.Context(), unsigned, w.clock.Now())
		return err
	}
	peerSign := func() error { _, err := peer.sign(unsigned); return err }
	peerVerify := func() error { return peer.verify(peerSigned) }
	bare, err := xades.NewSigner(xades.SignerOptions{Key: w.operation.Key, Chain: w.operation.Chain})
	if err != nil {
		b.Fatal(err)
	}
	signBare := func() error { _, err := bare.Sign(b.Context(), unsigned, w.clock.Now()); return err }
	withoutToken, err := bare.Sign(b.Context(), unsigned, w.clock.Now())
	if err != nil {
		b.Fatal(err)
	}
	verifyBare := func() error {
		_, x, err := Verify(withoutToken.XML, o)
		if err == nil && !x.Certificate.Equal(w.operation.Chain[0]) {
			return errors.New("another's certificate")
		}
		return err
	}
	const percentOfRaw, times = "%-of-raw", "x-goxmldsig"
	goals := []struct {
		name, unit  string
		workers     int
		side, other func() error
		factor      float64 // the ratio is factor · other / side
	}{
		{"G5-sign", percentOfRaw, 1, func() error { _, err := sign(); return err }, rawSign, 200},
		{"G6-receive", percentOfRaw, 1, receive, rawVerify, 200},
		{"G6-receive-all-cores", percentOfRaw, runtime.GOMAXPROCS(0), receive, rawVerify, 200},
		{"G8-sign", times, 1, signBytes, peerSign, 1},
		{"G8-sign-one-signature", times, 1, signBare, peerSign, 1},
		{"G8-verify", times, 1, receive, peerVerify, 1},
		{"G8-verify-one-signature", times, 1, verifyBare, peerVerify, 1},
	}
	for _, goal := range goals {
		b.Run(goal.name, func(b *testing.B) {
			side, other := testkit.TakingTurns(b, goal.workers, goal.side, goal.other)
			b.ReportMetric(goal.factor*other/side, goal.unit)
			b.ReportMetric(side, "ns/side")
			b.ReportMetric(other, "ns/other")
		})
	}
}

// A peer signs and verifies with goxmldsig: XMLDSig with one reference, no
// XAdES and no token.
type peer struct {
	signing    *dsig.SigningContext
	validation *dsig.ValidationContext
}

func newPeer(b *testing.B, w *world) peer {
	b.Helper()
	leaf := w.operation.Chain[0]
	s, err := dsig.NewSigningContext(w.operation.Key, [][]byte{leaf.Raw})
	if err != nil {
		b.Fatal(err)
	}
	s.IdAttribute = "Id"
	s.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if err := s.SetSignatureMethod(dsig.ECDSASHA256SignatureMethod); err != nil {
		b.Fatal(err)
	}
	v := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{leaf}})
	v.IdAttribute = s.IdAttribute
	v.Clock = dsig.NewFakeClockAt(w.clock.Now())
	return peer{s, v}
}

func (p peer) sign(src []byte) ([]byte, error) {
	d := etree.NewDocument()
	if err := d.ReadFromBytes(src); err != nil {
		return nil, err
	}
	signed, err := p.signing.SignEnveloped(d.Root())
	if err != nil {
		return nil, err
	}
	d.SetRoot(signed)
	return d.WriteToBytes()
}

func (p peer) verify(src []byte) error {
	d := etree.NewDocument()
	if err := d.ReadFromBytes(src); err != nil {
		return err
	}
	_, err := p.validation.Validate(d.Root())
	return err
}
