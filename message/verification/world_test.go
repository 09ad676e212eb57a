package verification_test

import (
	"crypto"
	"encoding/asn1"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/edge/simulator"
	"rem/internal/testkit"
	"rem/mail/mime"
	"rem/message/evidence"
	"rem/message/verification"
	"rem/trust/tsp"
	"rem/trust/validation"
	"rem/trust/xades"
)

// A world has two providers, an authority and a verifier that trusts them.
type world struct {
	*simulator.PKI
	t         testing.TB
	clock     *testkit.Clock
	authority *tsp.Responder
	signers   map[string]*evidence.Signer
	verifier  *verification.Verifier
}

var epoch = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, clock: testkit.NewClock(epoch), signers: map[string]*evidence.Signer{}}
	var err error
	if w.PKI, err = simulator.New(simulator.Options{Clock: w.clock}); err != nil {
		t.Fatal(err)
	}
	w.authority = w.stamper()
	for _, hs := range []string{"hs90", "hs91"} {
		w.signers[hs] = w.signer(hs, w.authority)
	}
	w.verifier = w.newVerifier(func(*verification.Options) {})
	return w
}

func (w *world) stamper() *tsp.Responder {
	w.t.Helper()
	tsa, err := w.TSA("Damga")
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := tsp.NewResponder(tsp.ResponderOptions{
		Key: tsa.Key, Chain: tsa.Chain, Hash: crypto.SHA256, Policy: asn1.ObjectIdentifier{1, 2, 3, 4}, Clock: w.clock,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) signer(hs string, a tsp.Authority) *evidence.Signer {
	w.t.Helper()
	id, err := w.Operation("KEPHS "+hs, hs+".kep.test", simulator.P256)
	if err != nil {
		w.t.Fatal(err)
	}
	x, err := xades.NewSigner(xades.SignerOptions{Key: id.Key, Chain: id.Chain, Authority: a})
	if err != nil {
		w.t.Fatal(err)
	}
	s, err := evidence.NewSigner(x, hs, w.clock)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) newVerifier(change func(*verification.Options)) *verification.Verifier {
	w.t.Helper()
	o := verification.Options{Policy: validation.Usual(w.Anchors()), Clock: w.clock, Revocation: w.PKI}
	change(&o)
	v, err := verification.New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

const original = "From: ayse@hs90.kep.test\r\nTo: bora@hs91.kep.test, can@hs91.kep.test\r\nSubject: =?UTF-8?Q?S=C3=B6zle=C5=9Fme?=\r\n" +
	"Message-ID: <1@posta.test>\r\nMIME-Version: 1.0\r\n\r\nMerhaba.\r\n"

// draft says what happened to the original above.
func (w *world) draft(hs string, k evidence.Kind, o evidence.Outcome, recipient int) evidence.Draft {
	id := rem.NewMessageID("01jd8f0s2k4w9q7x3v5n6p8r1t", "hs90.kep.test")
	d := evidence.Draft{
		ID: rem.NewEvidenceID(id, k.Code(o), recipient, hs), Kind: k, Outcome: o,
		PolicyIDs:      []string{"urn:oid:2.16.792.0.0.0.1"},
		Issuer:         evidence.Party{Name: "KEPHS " + hs, Address: rem.MustAddress("kep@" + hs + ".kep.test")},
		EventTime:      w.clock.Now(),
		SubmissionTime: epoch,
		Sender:         evidence.Party{Name: "Ayşe", Address: rem.MustAddress("ayse@hs90.kep.test")},
		Recipients: []evidence.Party{
			{Address: rem.MustAddress("bora@hs91.kep.test")}, {Address: rem.MustAddress("can@hs91.kep.test")},
		},
		RefersTo: recipient,
		Message:  evidence.MessageDetails{Subject: "Sözleşme", UAMessageID: "<1@posta.test>", ID: id, Digest: rem.DigestOf([]byte(original)), Size: int64(len(original))},
	}
	login := evidence.Authentication{Time: epoch.Add(-time.Minute), Method: "urn:oid:1.2.3"}
	switch k {
	case evidence.SubmissionAcceptanceRejection:
		d.SenderAuthentication = login
	case evidence.RetrievalNonRetrievalByRecipient, evidence.DownloadNonDownloadByRecipient, evidence.AcceptanceRejectionByRecipient:
		d.RecipientAuthentication = login
	case evidence.RelayToNonREMSystem:
		d.ForwardedTo = "mx.posta.test"
	}
	if o == evidence.Negative {
		d.Reasons = []evidence.Reason{{Code: rem.PolicyViolation}}
	}
	return d
}

func (w *world) sign(d evidence.Draft) evidence.Signed {
	w.t.Helper()
	p, err := evidence.Prepare(d)
	if err != nil {
		w.t.Fatal(err)
	}
	s, err := p.Sign(w.t.Context(), w.signers[d.Issuer.Address.HSCode()])
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// story signs the evidences of a message that was read by its first recipient,
// a minute apart.
func (w *world) story() []evidence.Signed {
	w.t.Helper()
	var all []evidence.Signed
	for _, step := range []struct {
		hs        string
		kind      evidence.Kind
		recipient int
	}{
		{"hs90", evidence.SubmissionAcceptanceRejection, 0},
		{"hs91", evidence.RelayREMMDAcceptanceRejection, 0},
		{"hs91", evidence.DeliveryNonDeliveryToRecipient, 1},
		{"hs91", evidence.DeliveryNonDeliveryToRecipient, 2},
		{"hs91", evidence.RetrievalNonRetrievalByRecipient, 1},
	} {
		d := w.draft(step.hs, step.kind, evidence.Positive, step.recipient)
		if len(all) > 0 {
			d.Answers = all[len(all)-1].Answer()
		}
		all = append(all, w.sign(d))
		w.clock.Advance(time.Minute)
	}
	return all
}

func files(signed ...evidence.Signed) []verification.Input {
	var in []verification.Input
	for _, s := range signed {
		in = append(in, input(string(s.ID)+".xml", s.XML))
	}
	return in
}

func input(name string, b []byte) verification.Input {
	return verification.Input{Name: name, Source: mime.Memory(b)}
}

func (w *world) verify(in ...verification.Input) *verification.Report {
	w.t.Helper()
	return verify(w.t, w.verifier, in...)
}

func verify(t testing.TB, v *verification.Verifier, in ...verification.Input) *verification.Report {
	t.Helper()
	r, err := v.Verify(t.Context(), in...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// find returns the first finding with the subject, in the order of the report.
func find(fs []*verification.Finding, s verification.Subject) *verification.Finding {
	for _, f := range fs {
		if f.Subject == s {
			return f
		}
		if found := find(f.Parts, s); found != nil {
			return found
		}
	}
	return nil
}

// worst writes what did not pass, for failures.
func worst(fs []*verification.Finding) string {
	var b strings.Builder
	for _, f := range fs {
		if f.Verdict != validation.TotalPassed && len(f.Parts) == 0 {
			b.WriteString(string(f.Subject) + " " + f.Name + ": " + f.Verdict.String() + " " + string(f.Sub) + " (" + f.Detail + ")\n")
		}
		b.WriteString(worst(f.Parts))
	}
	return b.String()
}
