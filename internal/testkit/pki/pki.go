package pki

import (
	"crypto"
	"encoding/asn1"
	"testing"
	"time"

	"rem/edge/simulator"
	"rem/internal/testkit"
	"rem/trust/tsp"
	"rem/trust/xades"
)

// A World is a simulated PKI for one test.
type World struct {
	*simulator.PKI
	Clock *testkit.Clock
	t     testing.TB
}

// Policy is the policy of the tokens that tests make, under the arc of examples.
var Policy = asn1.ObjectIdentifier{2, 999, 1}

// New makes a world whose clock shows [testkit.Epoch], unless the options
// bring a clock of testkit. Its keys differ from those of every other world,
// unless the options bring a seeded source.
func New(t testing.TB, o simulator.Options) *World {
	t.Helper()
	w := &World{Clock: testkit.NewClock(time.Time{}), t: t}
	if c, ok := o.Clock.(*testkit.Clock); ok {
		w.Clock = c
	}
	o.Clock = w.Clock
	p, err := simulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	w.PKI = p
	return w
}

// Must returns the identity or ends the test.
func (w *World) Must(id *simulator.Identity, err error) *simulator.Identity {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// REMMD makes an operation certificate for a provider's domain.
func (w *World) REMMD(domain string) *simulator.Identity {
	w.t.Helper()
	return w.Must(w.Operation("KEPHS "+domain, domain, ""))
}

// Signatory makes the n-th synthetic person's certificate.
func (w *World) Signatory(n int, address string) *simulator.Identity {
	w.t.Helper()
	return w.Must(w.Person(simulator.People[n%len(simulator.People)], address, ""))
}

// Stamper makes a time-stamping authority that works in process and keeps the
// world's time.
func (w *World) Stamper(name string) *tsp.Responder {
	w.t.Helper()
	return w.StamperOf(w.Must(w.TSA(name)))
}

// StamperOf makes a time-stamping authority of a given identity.
func (w *World) StamperOf(id *simulator.Identity) *tsp.Responder {
	w.t.Helper()
	r, err := tsp.NewResponder(tsp.ResponderOptions{
		Key: id.Key, Chain: id.Chain, Hash: crypto.SHA256, Policy: Policy, Accuracy: time.Second, Clock: w.Clock,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// Signer makes a signer of an identity; a nil authority gives level B-B.
func (w *World) Signer(id *simulator.Identity, authority tsp.Authority) *xades.Signer {
	w.t.Helper()
	s, err := xades.NewSigner(xades.SignerOptions{Key: id.Key, Chain: id.Chain, Hash: crypto.SHA256, Authority: authority})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}
