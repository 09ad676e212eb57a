package enrolment_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit/enrolmenttest"
	"rem/internal/testkit/personledgertest"
	"rem/person"
	"rem/person/account"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/person/identity"
	"rem/person/login"
	"rem/person/news"
)

// newcomer is what somebody types who opens no account.
func newcomer() application.Input {
	in := personledgertest.Input(1, person.Natural, false)
	delete(in, "kep-address")
	delete(in, "service")
	in["identity-number"], in["given-names"], in["family-name"] = "12345678950", "Çağla", "Iğdır"
	in["mobile"], in["mail-address"] = "0533 765 43 21", "cagla@example.org"
	return in
}

// guest goes the whole way of somebody who opens no account, up to a state.
type guest struct {
	t  *testing.T
	w  *enrolmenttest.World
	s  *enrolment.Service
	b  enrolment.Begun
	in application.Input
}

func (g *guest) view() application.View {
	g.t.Helper()
	v, err := g.w.Ledger.Application(g.t.Context(), g.b.Bearer.Application())
	must(g.t, err)
	return v
}

func (g *guest) handIn() error {
	return g.s.Applicants().Submit(g.t.Context(), g.b.Bearer, false, g.in, nil)
}

// identify hands the form in and signs it; a second officer has the case then.
func (g *guest) identify() {
	g.t.Helper()
	ctx, a := g.t.Context(), g.s.Applicants()
	must(g.t, g.handIn())
	must(g.t, a.Choose(ctx, g.b.Bearer, identity.Signature))
	form, err := a.FormToSign(ctx, g.b.Bearer)
	must(g.t, err)
	must(g.t, a.Sign(ctx, g.b.Bearer, slices.Concat(enrolmenttest.Signature, form)))
	must(g.t, g.s.Desk().TakeUp(ctx, approver, g.b.Bearer.Application()))
}

func (g *guest) approve() error {
	if _, err := g.s.Desk().Open(g.t.Context(), approver, g.b.Bearer.Application()); err != nil {
		return err
	}
	return g.s.Desk().Approve(g.t.Context(), approver, g.b.Bearer.Application())
}

// show shows both channels.
func (g *guest) show() {
	g.t.Helper()
	ctx, a := g.t.Context(), g.s.Applicants()
	g.w.Clock.Advance(time.Second)
	secret, ok := g.w.Link(g.t, "etkinlestir")
	if !ok {
		g.t.Fatal("no link came")
	}
	_, err := a.Arrive(ctx, secret)
	must(g.t, err)
	must(g.t, a.SendCode(ctx, g.b.Bearer))
	must(g.t, a.Enter(ctx, g.b.Bearer, g.w.Code()))
}

// company is an account of a legal person with one operator.
func company(t *testing.T, w *enrolmenttest.World) account.Account {
	t.Helper()
	p := newTraveller(t, w, person.Private, false, identity.Office)
	p.travel()
	return w.Opened()[0]
}

func ask(t *testing.T, a *account.Account) enrolment.Invitation {
	t.Helper()
	number, err := person.ParseIdentityNumber("12345678950")
	must(t, err)
	mail, err := person.ParseMailAddress("davet@example.org")
	must(t, err)
	return enrolment.Invitation{
		By:     account.By{Actor: rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: a.Operators[0].Person, Method: "password+totp"}},
		Number: number, Mail: mail, May: account.Reading | account.Preparing,
	}
}

// another is the number of somebody else than the one that the kit's company has.
const another = "10000000146"

// REQ-18, REQ-39: who is asked acts only after he was identified and approved, and
// then at once.
func TestAnInvitedOperatorActsOnceHeIsIdentified(t *testing.T) {
	ctx, w := t.Context(), enrolmenttest.NewWorld(t)
	a := company(t, w)
	s := w.Service(t)
	in := ask(t, &a)
	in.Number, _ = person.ParseIdentityNumber(another)
	before := len(w.Told())
	in.Paper, in.Kind = bytes.NewReader(pdf), account.Authorisation
	id, err := s.Crew().Invite(ctx, in)
	must(t, err)
	told := w.Told()[before:]
	if len(told) != 1 || told[0].Kind != news.Invited || told[0].Mail.Reveal() != "davet@example.org" {
		t.Fatalf("told: %v", told)
	}
	waiting, err := s.Crew().Waiting(ctx, a.ID)
	must(t, err)
	if len(waiting) != 1 || waiting[0].State != application.None || waiting[0].May != in.May || waiting[0].Application != id {
		t.Fatalf("%+v", waiting)
	}
	secret, ok := w.Link(t, "davet")
	if !ok {
		t.Fatal("no link came")
	}
	g := &guest{t: t, w: w, s: s, in: newcomer()}
	begun, err := s.Applicants().Asked(ctx, secret)
	must(t, err)
	if begun {
		t.Error("opening the link began something")
	}
	wrong := w.Shown(t)
	wrong.Notice = rem.DigestOf([]byte("another notice"))
	_, err = s.Applicants().Accept(ctx, secret, wrong)
	is(t, "before the notice was shown", err, enrolment.ErrNotice)
	g.b, err = s.Applicants().Accept(ctx, secret, w.Shown(t))
	must(t, err)
	again, err := s.Applicants().Accept(ctx, secret, w.Shown(t))
	must(t, err)
	if again.Bearer != g.b.Bearer || !again.Secret.IsZero() {
		t.Error("the link began a second application")
	}
	if v := g.view(); v.Aim != application.ToOperate || v.For != a.ID || len(v.Papers) != 1 || v.Papers[0].Kind != application.Authorisation {
		t.Fatalf("%+v", v)
	}
	is(t, "somebody else's form", g.handIn(), enrolment.ErrInvitedSelf)
	g.in["identity-number"] = another
	g.identify()
	if x := w.Opened()[0]; len(x.Operators) != 1 {
		t.Error("he acts before a second officer approved")
	}
	must(t, g.approve())
	g.show()
	opened, err := s.Applicants().Activate(ctx, g.b.Bearer, s.Applicants().Results().Read)
	must(t, err)
	if opened != "" || len(w.Opened()) != 1 {
		t.Errorf("an account came of it: %s", opened)
	}
	v := g.view()
	x := w.Opened()[0]
	o := x.Operator(v.Submitted.Shower)
	if o == nil || o.May != in.May || o.By != in.By.Actor.Person || o.Proof.Kind != account.Authorisation || o.Proof.Digest != rem.DigestOf(pdf) || o.Identity == (account.Operator{}).Identity || o.Name.IsZero() {
		t.Fatalf("%+v", o)
	}
	if !x.May(o.Person, account.Reading, w.Clock.Now()) {
		t.Error("it has no effect at once")
	}
	entrance, err := s.Applicants().LogIn(ctx, g.b.Bearer)
	must(t, err)
	granted, ok := w.Granted(o.Person)
	if !ok || entrance.Secret.IsZero() || granted.Account != a.ID || entrance.Name != a.Address.String()+"/2" || !slices.Equal(granted.Names, []string{entrance.Name}) {
		t.Errorf("%+v, %+v", entrance, granted)
	}
	if c, ok := w.Contact(o.Person); !ok || c.Mail.Reveal() != "cagla@example.org" {
		t.Error("he cannot be told")
	}
	if waiting, err = s.Crew().Waiting(ctx, a.ID); err != nil || len(waiting) != 0 {
		t.Errorf("%d invitations wait (%v)", len(waiting), err)
	}
	must(t, s.Finish(ctx))
	if after := w.Opened()[0]; after.Version != x.Version || len(after.Operators) != 2 {
		t.Error("finishing again changed the account")
	}
	// The paper lies with the application, for the desk and nobody else.
	got, err := s.Desk().Paper(ctx, officer, id, rem.DigestOf(pdf))
	must(t, err)
	if !bytes.Equal(got, pdf) {
		t.Error("another paper")
	}
}

// REQ-38, REQ-39.
func TestAnInvitationGivesNoMoreThanItsMakerHas(t *testing.T) {
	ctx, w := t.Context(), enrolmenttest.NewWorld(t)
	a := company(t, w)
	s, now := w.Service(t), w.Clock.Now()
	sub := account.Operator{Person: "per-sub", May: account.Reading | account.Operators, From: now, Until: now.AddDate(0, 1, 0), Proof: account.Proof{Kind: account.Appointment, Digest: rem.DigestOf(nil)}}
	after, err := a.Appoint(account.By{Actor: rem.Actor{Person: a.Operators[0].Person}}, sub, now)
	must(t, err)
	w.Open(after)
	in := ask(t, &a)
	in.By.Actor.Person = "per-sub"
	refused := func(what string) {
		t.Helper()
		var refusal *rem.Refusal
		if _, err := s.Crew().Invite(ctx, in); !errors.As(err, &refusal) {
			t.Errorf("%s: %v", what, err)
		}
	}
	refused("more than he has")
	in.May = account.Reading
	refused("for longer than he has it")
	in.Until = now.AddDate(0, 0, 7)
	id, err := s.Crew().Invite(ctx, in)
	must(t, err)
	in.By.Actor.Person = "per-nobody"
	refused("who is no operator")
	in.By.Actor.Person, in.May = "per-sub", 0
	refused("nothing at all")
	// Whoever is above him takes it back; a stranger and another account do not.
	stranger := account.By{Actor: rem.Actor{Account: a.ID, Person: "per-nobody"}}
	is(t, "a stranger", s.Crew().TakeBack(ctx, stranger, id), enrolment.ErrNone)
	other := ask(t, &a).By
	other.Actor.Account = "acc-other"
	is(t, "on another account", s.Crew().TakeBack(ctx, other, id), enrolment.ErrNone)
	secret, _ := w.Link(t, "davet")
	must(t, s.Crew().TakeBack(ctx, ask(t, &a).By, id))
	_, err = s.Applicants().Accept(ctx, secret, w.Shown(t))
	is(t, "one that was taken back", err, enrolment.ErrUninvited)
}

// REQ-39: what changes on the way counts.
func TestAnInvitationWhoseMakerLeftAppointsNobody(t *testing.T) {
	ctx, w := t.Context(), enrolmenttest.NewWorld(t)
	a := company(t, w)
	s, now := w.Service(t), w.Clock.Now()
	sub := account.Operator{Person: "per-sub", May: account.Everything, From: now, Proof: account.Proof{Kind: account.Appointment, Digest: rem.DigestOf(nil)}}
	boss := account.By{Actor: rem.Actor{Person: a.Operators[0].Person}}
	with, err := a.Appoint(boss, sub, now)
	must(t, err)
	w.Open(with)
	in := ask(t, &a)
	in.Number, _ = person.ParseIdentityNumber(another)
	in.By.Actor.Person = "per-sub"
	_, err = s.Crew().Invite(ctx, in)
	must(t, err)
	secret, _ := w.Link(t, "davet")
	g := &guest{t: t, w: w, s: s, in: newcomer()}
	g.in["identity-number"] = another
	g.b, err = s.Applicants().Accept(ctx, secret, w.Shown(t))
	must(t, err)
	g.identify()
	without, err := with.Remove(boss, "per-sub", now)
	must(t, err)
	w.Open(without)
	is(t, "approving what nobody may give", g.approve(), enrolment.ErrUninvited)
	w.Open(with)
	must(t, g.approve())
	g.show()
	w.Open(without)
	_, err = s.Applicants().Activate(ctx, g.b.Bearer, s.Applicants().Results().Read)
	is(t, "completing it", err, enrolment.ErrUninvited)
	if x := w.Opened()[0]; len(x.Operators) != 1 {
		t.Error("somebody was appointed")
	}
}

func TestAnInvitationThatNobodyTakesIsForgotten(t *testing.T) {
	ctx, w := t.Context(), enrolmenttest.NewWorld(t)
	a := company(t, w)
	s := w.Service(t)
	_, err := s.Crew().Invite(ctx, ask(t, &a))
	must(t, err)
	before := len(w.Told())
	_, err = s.Tick(ctx)
	must(t, err)
	if len(w.Told()) != before {
		t.Error("he was told twice")
	}
	secret, _ := w.Link(t, "davet")
	w.Clock.Advance(31 * 24 * time.Hour)
	_, err = s.Applicants().Accept(ctx, secret, w.Shown(t))
	if !errors.Is(err, enrolment.ErrLink) && !errors.Is(err, enrolment.ErrUninvited) {
		t.Errorf("after its time: %v", err)
	}
	_, err = s.Tick(ctx)
	must(t, err)
	if waiting, err := s.Crew().Waiting(ctx, a.ID); err != nil || len(waiting) != 0 {
		t.Errorf("%d wait (%v)", len(waiting), err)
	}
}

// REQ-44: only a new identification leads back, and everything old ends with it.
func TestWhoLostTheWaysInIsIdentifiedAnew(t *testing.T) {
	ctx, w := t.Context(), enrolmenttest.NewWorld(t)
	p := newTraveller(t, w, person.Natural, false, identity.Office)
	p.travel()
	a := w.Opened()[0]
	w.Ready(a.Holder.Person)
	s := w.Service(t)
	g := &guest{t: t, w: w, s: s, in: newcomer()}
	for _, f := range []string{"identity-number", "given-names", "family-name"} {
		g.in[f] = p.in[f]
	}
	var err error
	g.b, err = s.Applicants().Lost(ctx, w.Shown(t))
	must(t, err)
	passport := newcomer()
	delete(passport, "identity-number")
	passport["passport-number"] = "U12345678"
	g.in, passport = passport, g.in
	is(t, "by a passport", g.handIn(), enrolment.ErrNumber)
	g.in = passport
	g.identify()
	v := g.view()
	if v.Submitted.Shower != a.Holder.Person || v.Submitted.Address != (rem.Address{}) {
		t.Fatalf("%+v", v.Submitted)
	}
	must(t, g.approve())
	if len(w.Passwords()) > 0 {
		t.Error("something ended before he completed it")
	}
	g.show()
	before := len(w.Told())
	_, err = s.Applicants().Activate(ctx, g.b.Bearer, s.Applicants().Results().Read)
	must(t, err)
	var warned []string
	for _, m := range w.Told()[before:] {
		if m.Kind == news.Security {
			warned = append(warned, m.To()+" "+string(m.Person))
		}
	}
	slices.Sort(warned)
	want := []string{"+905321234567 " + string(a.Holder.Person), "basvuru@example.com " + string(a.Holder.Person)}
	if !slices.Equal(warned, want) {
		t.Errorf("warned: %v, want %v", warned, want)
	}
	if got := w.Passwords(); !slices.Equal(got, []enrolmenttest.Taken{{Account: a.ID, Person: a.Holder.Person}}) {
		t.Errorf("passwords of mail programs: %v", got)
	}
	entrance, err := s.Applicants().LogIn(ctx, g.b.Bearer)
	must(t, err) // he is not ready any more
	if granted, ok := w.Granted(a.Holder.Person); !ok || entrance.Secret.IsZero() || granted.Account != a.ID || len(granted.Names) != 0 {
		t.Errorf("%+v", granted)
	}
	if c, _ := w.Contact(a.Holder.Person); c.Mail.Reveal() != "cagla@example.org" {
		t.Error("his new address is not where he is told")
	}
	// New credentials are not taken by a process that starts again.
	w.Ready(a.Holder.Person)
	must(t, w.Service(t).Finish(ctx))
	w.Clock.Advance(time.Minute)
	g.show()
	_, err = s.Applicants().LogIn(ctx, g.b.Bearer)
	is(t, "once he is ready", err, login.ErrReady)
	if len(w.Opened()) != 1 {
		t.Error("another account was opened")
	}
}

// REQ-44: who has no account reads the same until he was identified, and then a
// person refuses.
func TestWhoHasNoAccountLearnsItOnlyIdentified(t *testing.T) {
	ctx, w := t.Context(), enrolmenttest.NewWorld(t)
	s := w.Service(t)
	g := &guest{t: t, w: w, s: s, in: newcomer()}
	var err error
	g.b, err = s.Applicants().Lost(ctx, w.Shown(t))
	must(t, err)
	g.identify()
	is(t, "approving", g.approve(), enrolment.ErrNowhere)
	must(t, s.Desk().Refuse(ctx, approver, g.b.Bearer.Application(), application.NotEntitled))
	st, err := s.Applicants().View(ctx, g.b.Bearer)
	must(t, err)
	if st.State != application.Refused || strings.Contains(st.Refused.Turkish, "hesap yok") {
		t.Errorf("%+v", st)
	}
}

// A crash at any write, applied or not: he gets there all the same, and once.
func TestACrashOnTheWayOfAnInvitationOrAReturnIsGoneOnFrom(t *testing.T) {
	for _, aim := range []application.Aim{application.ToOperate, application.ToReturn} {
		for n := 0; n < 60; n++ {
			for _, applied := range []bool{false, true} {
				if !walkBroken(t, aim, n, applied) {
					n = 60
				}
			}
		}
	}
}

// walkBroken goes the way with its n-th write failing; false: there were fewer.
func walkBroken(t *testing.T, aim application.Aim, n int, applied bool) bool {
	t.Helper()
	w := enrolmenttest.NewWorld(t)
	kind := person.Private
	if aim == application.ToReturn {
		kind = person.Natural
	}
	p := newTraveller(t, w, kind, false, identity.Office)
	p.travel()
	a := w.Opened()[0]
	s, ctx := w.Service(t), context.Background()
	g := &guest{t: t, w: w, s: s, in: newcomer()}
	if aim == application.ToOperate {
		in := ask(t, &a)
		in.Number, _ = person.ParseIdentityNumber(another)
		g.in["identity-number"] = another
		_, err := s.Crew().Invite(ctx, in)
		must(t, err)
		secret, _ := w.Link(t, "davet")
		g.b, err = s.Applicants().Accept(ctx, secret, w.Shown(t))
		must(t, err)
	} else {
		for _, f := range []string{"identity-number", "given-names", "family-name"} {
			g.in[f] = p.in[f]
		}
		var err error
		g.b, err = s.Applicants().Lost(ctx, w.Shown(t))
		must(t, err)
	}
	g.identify()
	must(t, g.approve())
	g.show()
	writes, broke := 0, false
	w.Break(func(_ string, done bool) error {
		if done != applied {
			return nil
		}
		if writes++; writes == n+1 && !broke {
			broke = true
			return errors.New("the disk is away")
		}
		return nil
	})
	_, err := s.Applicants().Activate(ctx, g.b.Bearer, s.Applicants().Results().Read)
	w.Break(nil)
	if err != nil || len(w.Faults()) > 0 {
		s = w.Service(t)
		must(t, s.Finish(ctx))
		g.s = s
		if g.view().State != application.Activated {
			if _, err := s.Applicants().Activate(ctx, g.b.Bearer, s.Applicants().Results().Read); err != nil {
				t.Fatalf("%s, write %d (%t): %v", aim, n, applied, err)
			}
		}
	}
	entrance, err := s.Applicants().LogIn(ctx, g.b.Bearer)
	if errors.Is(err, enrolment.ErrProofs) {
		g.show()
		entrance, err = s.Applicants().LogIn(ctx, g.b.Bearer)
	}
	must(t, err)
	if entrance.Secret.IsZero() {
		t.Fatalf("%s, write %d (%t): no entrance", aim, n, applied)
	}
	x := w.Opened()[0]
	if want := map[application.Aim]int{application.ToOperate: 2, application.ToReturn: 1}[aim]; len(x.Operators) != want {
		t.Fatalf("%s, write %d (%t): %d operators", aim, n, applied, len(x.Operators))
	}
	if c, ok := w.Contact(g.view().Submitted.Shower); !ok || c.Mail.Reveal() != "cagla@example.org" {
		t.Errorf("%s, write %d (%t): he cannot be told", aim, n, applied)
	}
	return broke
}
