package site_test

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"rem"
	"rem/edge/simulator"
	"rem/edge/site"
	"rem/edge/web"
	"rem/internal/testkit"
	"rem/internal/testkit/chaintest"
	"rem/internal/testkit/noticetest"
	"rem/message/evidence"
	"rem/message/verification"
	"rem/privacy/canon"
	"rem/privacy/notice"
	"rem/provider"
	"rem/provider/publication"
	"rem/trust/tsp"
	"rem/trust/validation"
	"rem/trust/xades"
)

var epoch = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)

// A world is a site with real ledgers, a real verifier and two evidences of one
// message.
type world struct {
	services site.Services
	clock    *testkit.Clock
	original []byte
	files    map[string][]byte
	site     *web.Site
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{clock: testkit.NewClock(epoch), files: map[string][]byte{}}
	pki := must(simulator.New(simulator.Options{Clock: w.clock}))(t)
	tsa := must(pki.TSA("Damga"))(t)
	authority := must(tsp.NewResponder(tsp.ResponderOptions{Key: tsa.Key, Chain: tsa.Chain, Hash: crypto.SHA256, Policy: asn1.ObjectIdentifier{1, 2, 3}, Clock: w.clock}))(t)
	w.evidence(t, pki, authority)
	verifier := must(verification.New(verification.Options{Clock: w.clock, Revocation: pki, Policy: validation.Usual([]*x509.Certificate{pki.Root().Certificate})}))(t)
	w.services = site.Services{
		Provider: provider.REMMD{Domain: "hs90.kep.test", Name: rem.Text{Turkish: "Örnek KEP", English: "Sample KEP"}, Service: rem.MustAddress("rem-service@hs90.kep.test")},
		Practice: provider.DefaultPractice(), Notices: w.notices(t), Documents: w.documents(t, authority), Verifier: verifier,
		Health: func(context.Context) []site.Condition {
			return []site.Condition{
				{Name: rem.Text{Turkish: "Gönderim", English: "Submission"}, Well: true},
				{Name: rem.Text{Turkish: "Zaman damgası", English: "Time stamps"}, Well: false, Note: rem.Text{Turkish: "Yetkiliye ulaşılamıyor.", English: "The authority cannot be reached."}},
			}
		},
		Security: "mailto:guvenlik@kep.test",
	}
	return w
}

// evidence makes two steps of one message.
func (w *world) evidence(t testing.TB, pki *simulator.PKI, authority tsp.Authority) {
	t.Helper()
	operation := must(pki.Operation("Örnek KEPHS", "hs90.kep.test", simulator.P256))(t)
	x := must(xades.NewSigner(xades.SignerOptions{Key: operation.Key, Chain: operation.Chain, Authority: authority}))(t)
	signer := must(evidence.NewSigner(x, "hs90", w.clock))(t)
	w.original = []byte("From: ayse@hs90.kep.test\r\nTo: bora@hs90.kep.test\r\nSubject: =?utf-8?q?=C3=96rnek?=\r\n\r\nMerhaba\r\n")
	id := rem.NewMessageID("01jd8f0s2k4w9q7x3v5n6p8r1t", "hs90.kep.test")
	for name, d := range map[string]evidence.Draft{
		"gonderim.xml": {Kind: evidence.SubmissionAcceptanceRejection, EventTime: epoch, SenderAuthentication: evidence.Authentication{Time: epoch, Method: "http://uri.etsi.org/REM/AuthMethod#Strong"}},
		"teslim.xml":   {Kind: evidence.DeliveryNonDeliveryToRecipient, EventTime: epoch.Add(time.Minute), RefersTo: 1},
	} {
		d.ID, d.Outcome, d.PolicyIDs = rem.NewEvidenceID(id, name[:3], d.RefersTo, "hs90"), evidence.Positive, []string{"urn:oid:1.2.3"}
		d.Issuer = evidence.Party{Name: "Örnek KEPHS", Address: rem.MustAddress("rem-service@hs90.kep.test")}
		d.SubmissionTime, d.Sender = epoch, evidence.Party{Address: rem.MustAddress("ayse@hs90.kep.test")}
		d.Recipients = []evidence.Party{{Name: "Bora \u202e<script>", Address: rem.MustAddress("bora@hs90.kep.test")}}
		d.Message = evidence.MessageDetails{ID: id, Digest: rem.DigestOf(w.original)}
		signed := must(must(evidence.Prepare(d))(t).Sign(context.Background(), signer))(t)
		w.files[name] = signed.XML
	}
	w.files["orijinal.eml"] = w.original
}

func (w *world) notices(t testing.TB) *notice.Ledger {
	t.Helper()
	ledger := must(notice.Open(context.Background(), &chaintest.Memory{}, &chaintest.Memory{}, w.clock))(t)
	terms := notice.Terms{By: "p-1", Register: noticetest.Register(t), AllowSample: true}
	must(ledger.Publish(context.Background(), noticetest.Filled(t), terms))(t)
	w.clock.Advance(time.Hour)
	must(ledger.Publish(context.Background(), noticetest.Own(t, 2, func(n *notice.Notice) {
		facts := n.Section(notice.ContactSection).Facts
		for i := range facts {
			if facts[i].Name == "phone" {
				facts[i].Value = "+90 312 000 00 01"
			}
		}
	}), terms))(t)
	return ledger
}

var places = map[string]string{
	"provider.name-tr": "Örnek KEP Hizmetleri A.Ş.", "provider.name-en": "Sample Registered Mail Inc.", "provider.code": "hs90", "provider.domain": "hs90.kep.test",
	"contact.address": "Örnek Mahallesi, Deneme Sokağı 1, 06000 Ankara", "contact.phone": "+90 312 000 00 00", "contact.kep": "destek@hs90.kep.test", "contract.court": "Ankara",
}

// documents publishes the practice statement and the contract, and no tariff.
func (w *world) documents(t testing.TB, authority tsp.Authority) *publication.Ledger {
	t.Helper()
	ledger := must(publication.Open(context.Background(), &chaintest.Memory{}, w.clock, authority))(t)
	for _, k := range []publication.Kind{publication.PracticeStatement, publication.Contract} {
		values := map[string]string{}
		for _, name := range canon.Placeholders(publication.Sample(k)) {
			values[name] = places[name]
		}
		filled := must(publication.Fill(publication.Sample(k), values))(t)
		must(ledger.Publish(context.Background(), filled, publication.Terms{By: "p-1", AllowSample: true}))(t)
	}
	return ledger
}

// open makes the site at an address.
func (w *world) open(t testing.TB) func(base string) http.Handler {
	return func(base string) http.Handler {
		w.services.Base = base
		w.site = must(web.New(web.Config{
			Base: base, Name: w.services.Provider.Name, Clock: w.clock, Log: slog.New(slog.DiscardHandler), Strict: true,
			Menu: site.Menu(), Foot: site.Foot(), Simulated: []rem.Text{{Turkish: "zaman damgası", English: "time stamps"}},
		}, site.Part(w.services)))(t)
		return w.site
	}
}
