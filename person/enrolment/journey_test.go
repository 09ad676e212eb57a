package enrolment_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit"
	"rem/internal/testkit/enrolmenttest"
	"rem/internal/testkit/personledgertest"
	"rem/person"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/person/identity"
	"rem/provider/partner"
)

// Staff, as the gate makes it.
var (
	officer  = personledgertest.Officer
	approver = personledgertest.Approver
)

var pdf = []byte("%PDF-1.7\nbelge\n%%EOF\n")

// png is a picture of one white point.
var png = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde\x00\x00\x00\x0cIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\r\xefF\xb8\x00\x00\x00\x00IEND\xaeB`\x82")

// A traveller is somebody on the way to an account, as a person is: what he cannot
// do now he does again, and after the process has ended he goes on with the link
// that he has.
type traveller struct {
	t           testing.TB
	w           *enrolmenttest.World
	s           *enrolment.Service
	kind        person.Kind
	represented bool
	method      identity.Method
	signs       bool // opens the account by signing
	n           int  // whose address ends with it
	in          application.Input

	reopen func() // ends the process of the stores and opens them again; may be nil

	begun enrolment.Begun
	saved bool
	code  string
	open  rem.AccountID
	over  bool
}

func newTraveller(t testing.TB, w *enrolmenttest.World, k person.Kind, represented bool, m identity.Method) *traveller {
	return &traveller{t: t, w: w, s: w.Service(t), kind: k, represented: represented, method: m, n: 1, in: personledgertest.Input(1, k, represented)}
}

func shownOf(in application.Input, k person.Kind, represented bool) identity.Shown {
	f, problems := application.Check{Forms: personledgertest.Forms, Now: personledgertest.At}.Read(k, represented, in)
	if problems != nil {
		panic(problems)
	}
	s := f.Shower()
	return identity.Shown{Identity: s.Identity, Given: s.Given, Family: s.Family, Birth: s.Born}
}

// step does the next thing. No error: it was done.
func (p *traveller) step(ctx context.Context) error {
	a, d := p.s.Applicants(), p.s.Desk()
	if p.begun.Secret.IsZero() {
		b, err := a.Begin(ctx, p.kind, p.w.Shown(p.t))
		if err == nil {
			p.begun = b
		}
		return err
	}
	b, err := a.Resume(ctx, p.begun.Secret)
	if err != nil {
		return err
	}
	v, err := a.View(ctx, b)
	if err != nil {
		return err
	}
	p.w.Clock.Advance(time.Minute)
	switch v.State {
	case application.Draft:
		if !p.saved {
			err := a.Save(ctx, b, p.represented, p.in)
			p.saved = err == nil
			return err
		}
		texts, err := p.s.Texts()
		if err != nil {
			return err
		}
		return a.Submit(ctx, b, p.represented, p.in, texts)
	case application.Submitted:
		for _, h := range v.Papers {
			if h.At.IsZero() {
				_, err := a.HandIn(ctx, b, h.Kind, bytes.NewReader(append(slices.Clone(pdf), h.Kind...)[:len(pdf)]))
				return err
			}
		}
		return a.Choose(ctx, b, p.method)
	case application.Pending:
		return p.identify(ctx, b, v)
	case application.Identified:
		return d.TakeUp(ctx, approver, v.Application)
	case application.InReview:
		if _, err := d.Open(ctx, approver, v.Application); err != nil {
			return err
		}
		return d.Approve(ctx, approver, v.Application)
	case application.Approved:
		return p.activate(ctx, b)
	case application.Activated:
		_, err := a.LogIn(ctx, b)
		p.over = err == nil
		if errors.Is(err, enrolment.ErrProofs) { // what he showed was spent when the process ended
			return p.show(ctx)
		}
		return err
	}
	return fmt.Errorf("the application is %s", v.State)
}

func (p *traveller) seen(ctx context.Context) (enrolment.Seen, error) {
	shown := shownOf(p.in, p.kind, p.represented)
	s := enrolment.Seen{
		At: p.w.Clock.Now(), Document: identity.Document{Kind: identity.IdentityCard, Number: "*******99", Issuer: "TUR", Until: p.w.Clock.Now().AddDate(1, 0, 0), Genuine: true},
		Shown: shown, Areas: map[enrolment.Area]enrolment.Covered{enrolment.Religion: enrolment.Masked, enrolment.BloodType: enrolment.NotThere},
	}
	for _, i := range identity.Required(p.method, p.represented) {
		s.Checklist = append(s.Checklist, identity.Checked{Item: i, Passed: true})
	}
	if p.method == identity.Video {
		s.Captures = []identity.Evidence{{Kind: identity.Recording, Digest: rem.DigestOf([]byte("recording")), Size: 9, At: s.At}}
		return s, nil
	}
	e, err := p.s.Desk().Capture(ctx, officer, p.begun.Bearer.Application(), bytes.NewReader(png))
	s.Captures = []identity.Evidence{e}
	return s, err
}

func (p *traveller) identify(ctx context.Context, b enrolment.Bearer, v enrolment.Standing) error {
	a, d := p.s.Applicants(), p.s.Desk()
	switch p.method {
	case identity.Signature:
		form, err := a.FormToSign(ctx, b)
		if err != nil {
			return err
		}
		return a.Sign(ctx, b, slices.Concat(enrolmenttest.Signature, form))
	case identity.Office:
		if v.Appointment == nil {
			slots, err := a.Slots(ctx, b, "ankara", p.w.Clock.Now().AddDate(0, 0, 1))
			if err != nil {
				return err
			}
			return a.Book(ctx, b, "ankara", slots[0].At)
		}
		fallthrough
	case identity.Video:
		seen, err := p.seen(ctx)
		if err != nil {
			return err
		}
		return d.Identify(ctx, officer, v.Application, seen)
	case identity.OnSite:
		o, err := p.order(ctx)
		if err != nil {
			return err
		}
		return d.Visited(ctx, officer, o)
	}
	if _, err := a.Visit(ctx, b); err != nil {
		return err
	}
	return a.Came(ctx, b, enrolment.Return{Code: "good"})
}

// order is a work order whose visit is done and whose papers are with an officer.
func (p *traveller) order(ctx context.Context) (*partner.Order, error) {
	v, err := p.w.Ledger.Application(ctx, p.begun.Bearer.Application())
	if err != nil {
		return nil, err
	}
	if v.Submitted == nil {
		return nil, application.ErrNotNow
	}
	now, address := p.w.Clock.Now(), rem.DigestOf([]byte("address"))
	o := &partner.Order{
		Brief: partner.Brief{ID: "order-1", Application: v.ID, Institution: "ins-1", Form: v.Submitted.Form, Kind: v.Kind, Represented: v.Submitted.Represented,
			Subject: v.Submitted.Shower, Address: address, Documents: partner.Documents(), Issued: now.Add(-time.Hour), Expires: now.AddDate(0, 0, 7)},
		State: partner.Done, Partner: "staff-q", Signature: &identity.SignatureFinding{Verdict: "TOTAL-PASSED"}, Text: rem.DigestOf([]byte("result")),
		Result: &partner.Result{Order: "order-1", Application: v.ID, Form: v.Submitted.Form, By: "staff-q", At: now.Add(-time.Minute), Visited: address,
			Document: identity.Document{Kind: identity.IdentityCard, Number: "*******99", Issuer: "TUR", Until: now.AddDate(1, 0, 0), Genuine: true}},
		Custody: []partner.Handover{{From: v.Submitted.Shower, To: "staff-q", At: now, Method: "passkey"}, {From: "staff-q", To: officer.Actor.Person, At: now, Ours: true, Method: "passkey"}},
	}
	for _, i := range identity.Required(identity.OnSite, v.Submitted.Represented) {
		o.Result.Checklist = append(o.Result.Checklist, identity.Checked{Item: i, Passed: true})
	}
	for _, c := range []identity.Part{identity.PartNumber, identity.PartGiven, identity.PartFamily} {
		o.Result.Compared = append(o.Result.Compared, identity.Comparison{Part: c, Same: true})
	}
	return o, nil
}

// show shows both channels again.
func (p *traveller) show(ctx context.Context) error {
	a := p.s.Applicants()
	secret, ok := p.w.Link(p.t, "etkinlestir")
	if !ok {
		p.t.Fatal("no link came")
	}
	b, err := a.Arrive(ctx, secret)
	if err != nil {
		return err
	}
	if err := a.SendCode(ctx, b); err != nil {
		return err
	}
	return a.Enter(ctx, b, p.w.Code())
}

func (p *traveller) activate(ctx context.Context, b enrolment.Bearer) error {
	a := p.s.Applicants()
	if p.signs {
		text, err := a.ActivationText(ctx, b)
		if err != nil {
			return err
		}
		p.open, err = a.ActivateSigned(ctx, b, slices.Concat(enrolmenttest.Signature, text), a.Results().Read)
		return err
	}
	secret, ok := p.w.Link(p.t, "etkinlestir")
	if !ok { // nobody told him yet: time passes
		_, err := p.s.Tick(ctx)
		return err
	}
	arrived, err := a.Arrive(ctx, secret)
	if err != nil {
		return err
	}
	if p.code == "" {
		if err := a.SendCode(ctx, arrived); err != nil {
			return err
		}
		p.code = p.w.Code()
		return nil
	}
	if p.code != "entered" {
		err := a.Enter(ctx, arrived, p.code)
		if err == nil {
			p.code = "entered"
		} else if errors.Is(err, enrolment.ErrCode) { // it was taken before the process ended
			p.code = "entered"
			err = nil
		}
		return err
	}
	p.open, err = a.Activate(ctx, arrived, a.Results().Read)
	return err
}

// travel goes all the way. After each error the process ends and another one starts.
func (p *traveller) travel() (errs []error) {
	p.t.Helper()
	ctx := context.Background()
	for range 200 {
		if p.over {
			return errs
		}
		err := p.step(ctx)
		if err == nil {
			continue
		}
		errs = append(errs, err)
		if len(errs) > 20 {
			p.t.Fatalf("he does not get on: %v", errs)
		}
		if p.reopen != nil {
			p.reopen()
		}
		p.s = p.w.Service(p.t)
		for i := 0; ; i++ {
			if err := p.s.Finish(ctx); err == nil {
				break
			} else if errs = append(errs, err); i > 5 {
				p.t.Fatalf("what a crash left is not finished: %v", errs)
			}
		}
	}
	p.t.Fatalf("he does not arrive: %v", errs)
	return errs
}

// arrived says what has to be so at the end, once.
func (p *traveller) arrived() {
	p.t.Helper()
	ctx := context.Background()
	id := p.begun.Bearer.Application()
	v, err := p.w.Ledger.Application(ctx, id)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := application.OpeningOf(v); err != nil {
		p.t.Fatalf("what was opened opens nothing: %v", err)
	}
	list := p.w.Opened()
	if len(list) != 1 {
		p.t.Fatalf("%d accounts", len(list))
	}
	a := list[0]
	if a.ID != application.AccountOf(id) || a.Address != v.Submitted.Address || a.Holder.Person != v.Submitted.Holder || a.Holder.Legal != p.kind.Legal() ||
		len(a.Operators) != 1 || a.Operators[0].Person != v.Submitted.Shower || a.Holder.Name.IsZero() || a.Operators[0].Name.IsZero() {
		p.t.Errorf("the account is %s %s of %s", a.ID, a.Address, a.Holder.Person)
	}
	if (p.kind.Legal() || p.represented) == a.Operators[0].Proof.IsZero() {
		p.t.Error("who represents somebody stands on a paper, and nobody else does")
	}
	e, err := p.w.Ledger.Address(ctx, a.Address, p.w.Clock.Now())
	if err != nil || e.State != person.AddressAssigned || e.Account != a.ID {
		p.t.Errorf("the address is %s of %s, %v", e.State, e.Account, err)
	}
	if _, ok := p.w.Entry(a.ID); !ok {
		p.t.Error("the directory does not have it")
	}
	if _, ok := p.w.Granted(v.Submitted.Shower); !ok {
		p.t.Error("nobody can log in")
	}
	if at, err := p.w.Store.Known(ctx, v.Submitted.Shower); err != nil || at.IsZero() {
		p.t.Errorf("who was identified is not known: %v", err)
	}
	profile, err := p.w.Store.Profile(ctx, a.ID)
	if err != nil || len(profile.Details) == 0 || profile.Mobile.IsZero() || profile.Mail.IsZero() {
		p.t.Errorf("the profile is not whole: %v", err)
	}
	if _, err := p.s.Tick(ctx); err != nil {
		p.t.Error(err)
	}
	left, err := p.w.Ledger.Unfinished(ctx)
	if err != nil || len(left) > 0 {
		p.t.Errorf("left: %v, %v", left, err)
	}
	for _, r := range v.Records { // whatever the record names is kept
		for _, e := range r.Evidence {
			if e.Kind == identity.Recording || e.Digest == rem.DigestOf([]byte("result")) {
				continue
			}
			if _, err := p.w.Papers.Get(ctx, id, e.Digest); err != nil {
				p.t.Errorf("evidence %s: %v", e.Kind, err)
			}
		}
	}
}

type way struct {
	kind        person.Kind
	represented bool
	method      identity.Method
}

func (w way) String() string { return fmt.Sprintf("%s %t %s", w.kind, w.represented, w.method) }

// ways are all that are possible.
func ways() (list []way) {
	for _, m := range identity.Methods() {
		for _, w := range []way{{person.Natural, false, m}, {person.Natural, true, m}, {person.Private, false, m}, {person.Public, false, m}} {
			c := identity.Case{Kind: w.kind, Represented: w.represented, Identity: person.Citizen, Province: "34"}
			if identity.Possible(m, c, identity.Offer{Methods: identity.Methods(), Institutions: person.Provinces()}).Possible() {
				list = append(list, w)
			}
		}
	}
	return list
}

// REQ-8, REQ-9, REQ-11 to REQ-17, REQ-19, REQ-22, REQ-30.
func TestEveryKindOfApplicantArrivesByEveryMethod(t *testing.T) {
	for _, way := range ways() {
		for _, signs := range []bool{false, true} {
			t.Run(fmt.Sprint(way, " signs ", signs), func(t *testing.T) {
				p := newTraveller(t, enrolmenttest.NewWorld(t), way.kind, way.represented, way.method)
				p.signs = signs
				if errs := p.travel(); len(errs) > 0 {
					t.Fatal(errs)
				}
				p.arrived()
				if f := p.w.Faults(); len(f) > 0 {
					t.Error(f)
				}
			})
		}
	}
}

var errBroken = errors.New("injected")

// Each call of everything that the service works with fails once, before or after
// it did its work, and the process ends there. The person goes on with what he has,
// and comes to the same end.
func TestAJourneySurvivesEveryFailure(t *testing.T) {
	few := []way{{person.Natural, false, identity.Signature}, {person.Natural, true, identity.Office}, {person.Private, false, identity.OnSite}}
	for _, way := range ways() {
		if !testkit.Long() && !slices.Contains(few, way) {
			continue
		}
		t.Run(way.String(), func(t *testing.T) {
			calls := 0
			p := newTraveller(t, enrolmenttest.NewWorld(t), way.kind, way.represented, way.method)
			p.w.Break(func(string, bool) error { calls++; return nil })
			p.travel()
			if calls < 50 {
				t.Fatalf("only %d calls", calls)
			}
			for at := range calls {
				p, n, what := newTraveller(t, enrolmenttest.NewWorld(t), way.kind, way.represented, way.method), 0, ""
				p.w.Break(func(name string, done bool) error {
					if n++; n == at+1 {
						what = fmt.Sprint(name, " done ", done)
						return errBroken
					}
					return nil
				})
				for _, err := range p.travel() {
					if !errors.Is(err, errBroken) {
						t.Errorf("%s: he met %v", what, err)
					}
				}
				p.arrived()
				if t.Failed() {
					t.Fatalf("call %d, %s", at+1, what)
				}
			}
		})
	}
}
