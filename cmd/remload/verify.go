package main

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"runtime"
	"sync/atomic"
	"time"

	"rem"
	"rem/edge/clock"
	"rem/edge/simulator"
	"rem/internal/node"
	"rem/message"
	"rem/message/evidence"
	"rem/trust/tsp"
	"rem/trust/xades"
)

// verifyCmd measures bulk verification of evidence on all cores.
type verifyCmd struct {
	Key    string        `help:"Kind of operation certificate: ${enum}." enum:"p256,p384,rsa2048,rsa3072" default:"p256"`
	Count  int           `help:"Different evidences." default:"1000"`
	Time   time.Duration `help:"How long each side is measured in a round." default:"1s"`
	Rounds int           `help:"Undisturbed rounds of each side." default:"5"`
}

// Run verifies evidence of ours, read and compared with its profile, beside the
// two raw signatures that are in it. How others' evidence fares is measured by
// the benchmark of trust/xades, which writes it as others do.
func (c *verifyCmd) Run(ctx context.Context, r *report) error {
	node.CollectSeldom() // as a provider does
	own, known, raw, err := c.evidence(ctx)
	if err != nil {
		return err
	}
	cores := runtime.GOMAXPROCS(0)
	o := xades.VerifyOptions{Cache: xades.NewCache(64)}
	var at atomic.Int64
	bulk := func() error {
		_, x, err := evidence.Verify(own[int(at.Add(1))%len(own)], o)
		if err != nil {
			return err
		}
		t := x.Tokens[0]
		_, err = t.Verify(t.Hash, t.Imprint, tsp.VerifyOptions{Known: known})
		return err
	}
	timed := func(op func() error) func(context.Context) ([]float64, error) {
		return func(context.Context) ([]float64, error) {
			n, err := rate(cores, c.Time, op)
			return []float64{n}, err
		}
	}
	return takeTurns(ctx, r, "bulk verification, all cores, "+c.Key, c.Rounds, []string{"a second"}, []side{
		{"evidence with its token", timed(bulk)},
		{"raw, the signatures of both", timed(raw)},
	}, []share{{"evidence ÷ raw", 0, 1, 0, 0, 1, "G6 ≥ 0.9, aim 0.95"}})
}

// evidence makes evidences of delivery with tokens, and gives an operation that
// verifies two raw signatures of their kinds.
func (c *verifyCmd) evidence(ctx context.Context) (own [][]byte, known []*x509.Certificate, raw func() error, err error) {
	pki, err := simulator.New(simulator.Options{Clock: clock.System{}})
	if err != nil {
		return nil, nil, nil, err
	}
	stamper, err := pki.TSA("TSA")
	if err != nil {
		return nil, nil, nil, err
	}
	authority, err := tsp.NewResponder(tsp.ResponderOptions{Key: stamper.Key, Chain: stamper.Chain, Policy: stampPolicy, Accuracy: time.Second, Clock: clock.System{}})
	if err != nil {
		return nil, nil, nil, err
	}
	operation, err := pki.Operation("Simulated provider", recipients, simulator.KeyKind(c.Key))
	if err != nil {
		return nil, nil, nil, err
	}
	x, err := xades.NewSigner(xades.SignerOptions{Key: operation.Key, Chain: operation.Chain, Authority: authority})
	if err != nil {
		return nil, nil, nil, err
	}
	signer, err := evidence.NewSigner(x, "hs91", clock.System{})
	if err != nil {
		return nil, nil, nil, err
	}
	for range c.Count {
		d, err := delivered()
		if err != nil {
			return nil, nil, nil, err
		}
		prepared, err := evidence.Prepare(d)
		if err != nil {
			return nil, nil, nil, err
		}
		signed, err := prepared.Sign(ctx, signer)
		if err != nil {
			return nil, nil, nil, err
		}
		own = append(own, signed.XML)
	}
	made, err := schemes()
	if err != nil {
		return nil, nil, nil, err
	}
	of, token := schemeOf(made, c.Key), made[0]
	raw = func() error { return errors.Join(of.verify(), token.verify()) }
	return own, stamper.Chain, raw, nil
}

// delivered is what an evidence of delivery says.
func delivered() (evidence.Draft, error) {
	now := time.Now().UTC().Truncate(time.Millisecond)
	token, err := rem.NewToken(now, rand.Reader)
	if err != nil {
		return evidence.Draft{}, err
	}
	var parties []message.Party
	for _, address := range []string{"isil.ogutcu@" + senders, "bora.agaoglu@" + recipients, "rem-service@" + recipients} {
		a, err := rem.ParseAddress(address)
		if err != nil {
			return evidence.Draft{}, err
		}
		parties = append(parties, message.Party{Address: a, Name: "Işıl Çağrı Öğütçü"})
	}
	record := message.Record{
		ID: rem.MessageID(token + "@" + senders), Origin: senders, Sender: parties[0], Subject: "Sözleşmenin feshi hakkında",
		SenderAuthentication: message.Authentication{Time: now, Method: "urn:rem:authentication:application-password"},
		Digest:               rem.DigestOf([]byte(token)), Size: 5120, Submitted: now,
		Recipients: []message.Recipient{{Party: parties[1], Leg: message.Inbound}},
	}
	d := evidence.About(&record)
	d.Kind, d.Outcome, d.RefersTo = evidence.DeliveryNonDeliveryToRecipient, evidence.Positive, 1
	d.ID = rem.NewEvidenceID(record.ID, d.Kind.Code(d.Outcome), 1, "hs91")
	d.PolicyIDs = []string{"urn:oid:2.16.792.3.0.4.90.1"}
	d.Issuer = evidence.PartyOf(parties[2])
	d.EventTime = now
	d.Log = []evidence.LogEntry{{Event: "delivery", Time: now, Actor: "hs91"}}
	return d, nil
}
