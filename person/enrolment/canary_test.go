package enrolment_test

import (
	"bytes"
	"context"
	"crypto"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"rem"
	"rem/edge/simulator"
	"rem/internal/testkit/enrolmenttest"
	"rem/internal/testkit/personledgertest"
	"rem/internal/testkit/pki"
	"rem/person"
	"rem/person/application"
	"rem/person/identity"
	"rem/trust/cades"
	"rem/trust/validation"
)

// canary is an applicant whose every value is found wherever it stands. The wished
// address is not among them: it is kept in clear (privacy/inventory).
func canary() (in application.Input, values []string) {
	in = personledgertest.Input(1, person.Natural, true)
	for name, v := range map[string]string{
		"identity-number": "11111111110", "given-names": "Kanaryacan", "family-name": "Ötergençoğlu", "birth-date": "17.03.2011", "address": "Kafesli Sokak No: 7719",
		"district": "Tüneklice", "mobile": "0532 998 71 23", "mail-address": "kanaryakusu@example.com", "kep-address": "kanaryacan.otergencoglu@" + enrolmenttest.Domain,
		"representative-given-names": "Serçekadın", "representative-family-name": "Gagalıoğlu", "representative-capacity": "Kuşbakıcısı", "profession": "Ötücübaşı",
	} {
		in[name] = v
	}
	for _, v := range []string{"11111111110", "Kanaryacan", "Ötergençoğlu", "17.03.2011", "2011-03-17", "Kafesli", "Tüneklice", "5329987123", "998 71 23", "kanaryakusu", "Serçekadın", "Gagalıoğlu", "Kuşbakıcısı", "Ötücübaşı", "12345678950"} {
		values = append(values, rem.FoldASCII(v))
	}
	return in, values
}

// AT-34, P-27, P-03: nothing of a person stands in an error, a fault, an identifier,
// a message's words, or in clear in what is kept, whatever fails.
func TestNothingOfAPersonStandsInErrorsOrInClear(t *testing.T) {
	in, values := canary()
	ctx := context.Background()
	search := func(where string, text string) {
		t.Helper()
		folded := strings.ReplaceAll(rem.FoldASCII(text), in["kep-address"], "")
		for _, v := range values {
			if strings.Contains(folded, v) {
				t.Fatalf("%s says %q", where, v)
			}
		}
	}
	way := func(at int) (calls int) {
		p := newTraveller(t, enrolmenttest.NewWorld(t), person.Natural, true, identity.Office)
		p.in = in
		what := ""
		p.w.Break(func(name string, done bool) error {
			if calls++; calls == at {
				what = fmt.Sprint(name, " done ", done)
				return errBroken
			}
			return nil
		})
		for _, err := range append(p.travel(), p.w.Faults()...) {
			search(what, fmt.Sprintf("%v %+v %q", err, err, err))
		}
		id := p.begun.Bearer.Application()
		view := p.view()
		history, err := p.w.Ledger.History(ctx, id)
		must(t, err)
		var log bytes.Buffer
		line := slog.New(slog.NewTextHandler(&log, nil))
		line.Info("view", "view", view, "bearer", p.begun, "by", history[0].By)
		search("a log line", log.String())
		search("the ledger", fmt.Sprintf("%+v %+v", view, history))
		file, err := p.s.Desk().Open(ctx, approver, id)
		must(t, err)
		search("an opened file that is printed", fmt.Sprintf("%+v %v", file, file.Answers))
		for _, m := range p.w.Told() {
			w := m.Write(rem.Text{Turkish: "Örnek", English: "Sample"}, p.w.Clock.Now())
			search("a message", w.Subject+w.Body+string(m.ID)+m.Link)
		}
		profile, err := p.w.Store.Profile(ctx, application.AccountOf(id))
		must(t, err)
		for _, d := range profile.Details {
			search("the profile", string(d.Value.Bytes()))
		}
		for _, d := range history {
			if d.Submitted != nil {
				search("the steps", string(d.Submitted.Answers.Mobile.Bytes())+string(d.Submitted.Answers.FamilyName.Bytes()))
			}
			search("the steps", string(d.Typed.Bytes()))
		}
		search("an account", fmt.Sprintf("%+v", p.w.Opened()))
		p.arrived()
		return calls
	}
	calls := way(0)
	for at := 1; at <= calls; at += 3 {
		way(at)
	}
	// What the applicant does wrong says nothing either.
	w := enrolmenttest.NewWorld(t)
	p := newTraveller(t, w, person.Natural, true, identity.Office)
	must(t, p.step(ctx))
	a, b := p.s.Applicants(), p.begun.Bearer
	for name := range in {
		broken := application.Input{}
		for k, v := range in {
			broken[k] = v
		}
		broken[name] += "¤" + strings.Repeat("x", 3000)
		if err := a.Submit(ctx, b, true, broken, nil); err != nil {
			search("a problem of "+name, fmt.Sprintf("%v %+v", err, err))
		}
	}
	_, err := a.HandIn(ctx, b, application.RepresentationPaper, strings.NewReader("Kanaryacan"))
	search("a paper that is not taken", fmt.Sprint(err))
	_, err = p.s.Corporate().Apply(ctx, requester(t, w, p.s), []byte("identity-number;Kanaryacan\n1;2\n"))
	search("a file that is not taken", fmt.Sprint(err))
}

// signer signs as people do who have a qualified certificate.
type signer struct {
	*pki.World
	t testing.TB
}

func (s signer) sign(n int, text []byte) []byte {
	s.t.Helper()
	id := s.Signatory(n, "")
	k, err := cades.NewSigner(cades.Options{Key: id.Key, Chain: id.Chain, Hash: crypto.SHA256})
	must(s.t, err)
	d := rem.DigestOf(text)
	der, err := k.Sign(s.t.Context(), d[:], s.Clock.Now())
	must(s.t, err)
	return der
}

// REQ-11, REQ-30, REQ-48: the real judge, with certificates and answers about
// revocation of a simulated authority.
func TestAnApplicantIsIdentifiedAndOpensHisAccountByHisSignature(t *testing.T) {
	ctx := t.Context()
	authority := signer{pki.New(t, simulator.Options{}), t}
	judge, err := identity.NewSignatureJudge(validation.Usual(authority.Anchors()), authority.Clock, authority.PKI)
	must(t, err)
	w := enrolmenttest.NewWorld(t)
	w.Judge = judge
	p := newTraveller(t, w, person.Natural, false, identity.Signature)
	p.until(application.Pending)
	a, b := p.s.Applicants(), p.begun.Bearer
	form, err := a.FormToSign(ctx, b)
	must(t, err)
	is(t, "a signature over something else", a.Sign(ctx, b, authority.sign(0, []byte("x"))), identity.ErrUnreadable)
	must(t, a.Sign(ctx, b, authority.sign(0, form)))
	v := p.until(application.Approved)
	if r := v.Newest(); r.Signed == nil || len(r.Evidence) < 5 {
		t.Errorf("the record is %+v", r)
	}
	answered := slices.ContainsFunc(v.Newest().Evidence, func(e identity.Evidence) bool { return e.Kind == identity.OCSPAnswer || e.Kind == identity.CRLAnswer })
	if !answered {
		t.Error("the authority's answer is not kept")
	}
	for _, e := range v.Newest().Evidence {
		if _, err := p.s.Desk().Paper(ctx, approver, v.ID, e.Digest); err != nil {
			t.Errorf("evidence %s: %v", e.Kind, err)
		}
	}
	text, err := a.ActivationText(ctx, b)
	must(t, err)
	_, err = a.ActivateSigned(ctx, b, authority.sign(1, text), a.Results().Read)
	is(t, "signed by another", err, application.ErrChannels)
	_, err = a.ActivateSigned(ctx, b, authority.sign(0, form), a.Results().Read)
	if err == nil {
		t.Error("the form's signature opens the account")
	}
	id, err := a.ActivateSigned(ctx, b, authority.sign(0, text), a.Results().Read)
	must(t, err)
	grant, err := a.LogIn(ctx, b)
	must(t, err)
	if grant.Secret.IsZero() || len(w.Opened()) != 1 || w.Opened()[0].ID != id {
		t.Error("he cannot log in")
	}
	// Another's certificate over the right form is recorded, and identifies nobody.
	q := newTraveller(t, w, person.Natural, false, identity.Signature)
	q.in = personledgertest.Input(2, person.Natural, false)
	q.until(application.Pending)
	form, err = a.FormToSign(ctx, q.begun.Bearer)
	must(t, err)
	must(t, a.Sign(ctx, q.begun.Bearer, authority.sign(1, form)))
	if got := q.view(); got.State != application.Doubtful {
		t.Errorf("it is %s", got.State)
	}
	is(t, "clearing", q.s.Desk().Clear(ctx, officer, q.begun.Bearer.Application(), "seen"), application.ErrIncomplete)
}
