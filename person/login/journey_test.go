package login_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"rem/internal/testkit/logintest"
	"rem/person"
	"rem/person/login"
)

// REQ-30, REQ-42.
func TestAHolderSetsAPasswordAndAnAppAndLogsIn(t *testing.T) {
	w := newWorld(t, logintest.NewMemory())
	ctx := t.Context()
	o := w.enrols(isil, name)
	if o.Session.Level != login.Enrolling {
		t.Fatalf("a grant opened level %d", o.Session.Level)
	}
	w.is("logging in before there is anything", second(w.Password(ctx, w.Begin(login.Holder), home, name, good)), login.ErrWrong)
	o, err := w.SetPassword(ctx, o.Session, home, good, name)
	w.must(err)
	if o.Session.Level != login.Enrolling {
		t.Error("a password alone opened a session")
	}
	w.is("a password alone", second(w.Password(ctx, w.Begin(login.Holder), home, name, good)), login.ErrWrong)
	p, err := w.ProposeTOTP(ctx, o.Session, home, name)
	w.must(err)
	if !strings.HasPrefix(p.URI, "otpauth://totp/%C3%96rnek%20KEPHS:isil.ogutcu@hs90.kep.test?secret="+p.Typed) {
		t.Error(p.URI)
	}
	w.is("a wrong code", second(w.ConfirmTOTP(ctx, o.Session, home, "000000")), login.ErrWrong)
	o, err = w.ConfirmTOTP(ctx, o.Session, home, w.code(p.Typed))
	w.must(err)
	if o.Session.Level != login.TwoFactors || !w.alive(o.Secret) {
		t.Errorf("level %d", o.Session.Level)
	}
	w.clock.Advance(time.Minute)
	o, err = w.logIn(p.Typed, home)
	w.must(err)
	x, err := w.Session(ctx, o.Secret.Reveal())
	w.must(err)
	if x.Who != isil || x.Account != "acc-1" || x.Level != login.TwoFactors || x.Method != login.ByPasswordAndTOTP {
		t.Errorf("the session is %+v", x)
	}
	// The name is one in whatever letters (AT-27: ASCII alone folds).
	w.must(second(w.Password(ctx, w.Begin(login.Holder), home, " ISIL.OGUTCU@hs90.kep.test"[1:], good)))
	w.is("a dotless i", second(w.Password(ctx, w.Begin(login.Holder), home, "ısıl.ogutcu@hs90.kep.test", good)), login.ErrWrong)
}

func second[T any](_ T, err error) error { return err }

// REQ-42.
func TestACodeBySMSIsGoodForItsTermAndOnce(t *testing.T) {
	w := newWorld(t, logintest.NewMemory())
	ctx := t.Context()
	o := w.enrols(isil, name)
	o, err := w.SetPassword(ctx, o.Session, home, good)
	w.must(err)
	secret, err := w.ProposeSMS(ctx, o.Session)
	w.must(err)
	if p, err := w.Pending(ctx, secret); err == nil {
		t.Errorf("the confirmation of a phone is a log-in that waits: %v", p.Factors)
	}
	o, err = w.ConfirmSMS(ctx, o.Session, home, secret, w.messenger.last())
	w.must(err)
	if o.Session.Level != login.TwoFactors {
		t.Errorf("level %d", o.Session.Level)
	}
	begin := func() *login.Pending {
		w.clock.Advance(24 * time.Hour)
		p, err := w.Password(ctx, w.Begin(login.Holder), home, name, good)
		w.must(err)
		w.must(w.SendCode(ctx, p))
		return p
	}
	p := begin()
	w.is("a second code at once", w.SendCode(ctx, p), login.ErrSends)
	p, err = w.Pending(ctx, p.Secret) // the next request
	w.must(err)
	w.must(second(w.Code(ctx, p, home, w.messenger.last())))
	w.is("again", second(w.Code(ctx, p, home, w.messenger.last())), login.ErrOver)

	p = begin()
	w.clock.Advance(3 * time.Minute)
	w.is("too late", second(w.Code(ctx, p, home, w.messenger.last())), login.ErrWrong)
	w.must(w.SendCode(ctx, p))
	first := w.messenger.last()
	w.clock.Advance(time.Minute)
	w.must(w.SendCode(ctx, p))
	if first != w.messenger.last() { // one in a million it is the same
		w.is("the code before", second(w.Code(ctx, p, home, first)), login.ErrWrong)
	}
	w.clock.Advance(time.Minute)
	w.is("a fourth code", w.SendCode(ctx, p), login.ErrSends)
	w.must(second(w.Code(ctx, p, home, w.messenger.last())))
}

func TestCodesBySMSAreBoundedForAPerson(t *testing.T) {
	w := newWorld(t, logintest.NewMemory())
	ctx := t.Context()
	o := w.enrols(isil, name)
	o, err := w.SetPassword(ctx, o.Session, home, good)
	w.must(err)
	secret, err := w.ProposeSMS(ctx, o.Session)
	w.must(err)
	w.must(second(w.ConfirmSMS(ctx, o.Session, home, secret, w.messenger.last())))
	for range 200 {
		p, err := w.Password(ctx, w.Begin(login.Holder), home, name, good)
		w.must(err)
		if err := w.SendCode(ctx, p); err != nil {
			w.is("a code", err, login.ErrSends)
		}
		w.clock.Advance(30 * time.Second)
	}
	if n := len(w.messenger.codes); n > 16 {
		t.Errorf("%d codes in 100 minutes", n)
	}
}

func TestAHolderWithAPasskeyLogsInByItAlone(t *testing.T) {
	w := newWorld(t, logintest.NewMemory())
	ctx := t.Context()
	o, a := w.key(isil, name)
	if o.Session.Level != login.Strong {
		t.Errorf("level %d", o.Session.Level)
	}
	o, err := w.byPasskey(w.Begin(login.Holder), a, home)
	w.must(err)
	x, err := w.Session(ctx, o.Secret.Reveal())
	w.must(err)
	if x.Who != isil || x.Account != "acc-1" || x.Level != login.Strong {
		t.Errorf("the session is %+v", x)
	}
	f, err := w.FactorsOf(ctx, x)
	w.must(err)
	if len(f.Passkeys) != 1 || f.Passkeys[0].Name != "Telefonum" || f.Password {
		t.Errorf("%+v", f)
	}
	o, b := w.adds(x, "Anahtarlık")
	w.must(second(w.byPasskey(w.Begin(login.Holder), b, home)))
	o, err = w.byPasskey(w.Begin(login.Holder), b, home)
	w.must(err)
	o, err = w.RemovePasskey(ctx, o.Session, home, a.Credential)
	w.must(err)
	w.is("a passkey that was removed", second(w.byPasskey(w.Begin(login.Holder), a, home)), login.ErrWrong)
	w.is("the last", second(w.RemovePasskey(ctx, o.Session, home, b.Credential)), login.ErrLast)
	w.is("one of nobody", second(w.RemovePasskey(ctx, o.Session, home, a.Credential)), login.ErrWrong)
}

// REQ-43.
func TestASignatureOverTheChallengeLogsIn(t *testing.T) {
	w := newWorld(t, logintest.NewMemory())
	ctx := t.Context()
	number, err := person.ParseIdentityNumber("10000000146")
	w.must(err)
	w.must(w.Name(ctx, login.Granting{Who: isil, Account: "acc-1", Names: []string{name}, Number: number}))
	st := w.Begin(login.Holder)
	token, text, err := w.Challenge(st)
	w.must(err)
	for _, part := range []string{"origin: " + origin, "time: 2026-11-23T07:00:00", "nonce: ", "kind: holder"} {
		if !bytes.Contains(text, []byte(part)) {
			t.Errorf("what is signed lacks %q:\n%s", part, text)
		}
	}
	sign := func(by string, text []byte) []byte { return fmt.Appendf(nil, "%s over %s", by, text) }
	w.is("another person", second(w.Signed(ctx, st, home, token, sign("10000000078", text))), login.ErrWrong)
	w.is("another text", second(w.Signed(ctx, st, home, token, sign("10000000146", []byte("x")))), login.ErrWrong)
	w.is("as staff", second(w.Signed(ctx, w.Begin(login.Staff), home, token, sign("10000000146", text))), login.ErrOver)
	o, err := w.Signed(ctx, st, home, token, sign("10000000146", text))
	w.must(err)
	if o.Session.Who != isil || o.Session.Level != login.Strong || o.Session.Account != "acc-1" {
		t.Errorf("the session is %+v", o.Session)
	}
	w.restart()
	w.is("replayed", second(w.Signed(ctx, st, home, token, sign("10000000146", text))), login.ErrOver)
	token, text, err = w.Challenge(st)
	w.must(err)
	w.clock.Advance(11 * time.Minute)
	w.is("an old nonce", second(w.Signed(ctx, st, home, token, sign("10000000146", text))), login.ErrOver)
}

// REQ-44: recovery is a new identification and nothing else.
func TestAResetTakesEverythingAndAGrantBeginsAnew(t *testing.T) {
	w := newWorld(t, logintest.NewMemory())
	ctx := t.Context()
	o, secret := w.app(isil, name)
	_, err := w.Grant(ctx, login.Granting{Who: isil, Account: "acc-1", Names: []string{name}})
	w.is("a grant beside credentials", err, login.ErrReady)
	w.must(w.Reset(ctx, isil))
	if w.alive(o.Secret) {
		t.Error("a session outlived the reset")
	}
	w.is("the old factors", second(w.logIn(secret, home)), login.ErrWrong)
	fresh := w.enrols(isil, name)
	o, _ = w.adds(fresh.Session, "Yeni")
	if o.Session.Level != login.Strong {
		t.Errorf("level %d", o.Session.Level)
	}
	if _, err := w.Deliver(ctx, 100); err != nil {
		t.Error(err)
	}
	told := map[login.News]bool{}
	for _, n := range w.messenger.told {
		told[n.What] = true
		if n.What.Text().Turkish == "" || n.What.Text().English == "" {
			t.Errorf("%s has no text", n.What)
		}
	}
	if !told[login.WasReset] || !told[login.NewDevice] || !told[login.PasskeyAdded] {
		t.Errorf("told %v", told)
	}
}

func TestAGrantIsForOnceAndItsTerm(t *testing.T) {
	w := newWorld(t, logintest.NewMemory())
	ctx := t.Context()
	grant := func() login.Secret {
		g, err := w.Grant(ctx, login.Granting{Who: isil, Account: "acc-1", Names: []string{name}})
		w.must(err)
		return g
	}
	g := grant()
	w.must(second(w.Redeem(ctx, home, g)))
	w.is("again", second(w.Redeem(ctx, home, g)), login.ErrGrant)
	before, after := grant(), grant()
	w.is("one that another took the place of", second(w.Redeem(ctx, home, before)), login.ErrGrant)
	w.clock.Advance(7 * 24 * time.Hour)
	w.is("out of time", second(w.Redeem(ctx, home, after)), login.ErrGrant)
	w.is("made up", second(w.Redeem(ctx, home, login.NewSecret())), login.ErrGrant)
	// Who begins to enrol has an hour.
	o := w.enrols(isil)
	w.clock.Advance(time.Hour)
	if w.alive(o.Secret) {
		t.Error("an enrolment has no end")
	}
}

func TestAnApplicantHasHisApplicationAndNothingMore(t *testing.T) {
	w := newWorld(t, logintest.NewMemory())
	ctx := t.Context()
	o, err := w.Resume(ctx, home, "per-5")
	w.must(err)
	x, err := w.Session(ctx, o.Secret.Reveal())
	w.must(err)
	if x.Level != login.Resumed || x.Who != (login.Who{Kind: login.Applicant, Person: "per-5"}) {
		t.Errorf("%+v", x)
	}
	w.is("fresh", w.Fresh(x), login.ErrNotFresh)
	w.is("a password", second(w.SetPassword(ctx, x, home, good)), login.ErrNotForKind)
	w.is("a passkey", second(w.NewPasskey(ctx, x, name)), login.ErrNotForKind)
	w.is("a history", second(w.History(ctx, x, login.EventID{}, 10)), login.ErrNotForKind)
	w.is("an account", second(w.Use(ctx, x, "acc-1")), login.ErrWrong)
	w.is("raised by a passkey", second(w.PasskeyOptions(w.Raise(x))), login.ErrNotForKind)
	events, err := w.store.Events(ctx, x.Who, login.EventID{}, 10)
	w.must(err)
	if len(events) != 0 || !o.Device.IsZero() {
		t.Error("a log-in of an applicant is kept")
	}
	w.must(w.EndAll(ctx, "per-5"))
	if w.alive(o.Secret) {
		t.Error("it did not end")
	}
}

// REQ-45.
func TestAPersonSeesHisLogInsAndDevices(t *testing.T) {
	w := newWorld(t, logintest.NewMemory())
	ctx := t.Context()
	first, secret := w.app(isil, name)
	w.is("a wrong password", second(w.Password(ctx, w.Begin(login.Holder), at("198.51.100.1"), name, "not the password")), login.ErrWrong)
	w.clock.Advance(time.Minute)
	known := home
	known.Device = first.Device
	o, err := w.logIn(secret, known)
	w.must(err)
	if !o.Device.IsZero() {
		t.Error("a known device gets another mark")
	}
	before := len(w.vault.Log.Entries())
	list, err := w.History(ctx, o.Session, login.EventID{}, 3)
	w.must(err)
	if len(list) != 3 || list[0].Method != login.ByPasswordAndTOTP || list[0].Outcome != login.Succeeded || list[0].Address != "192.0.2.7" || list[0].Agent != "Firefox, Windows" ||
		list[1].Outcome != login.Failed || list[1].Address != "198.51.100.1" || list[2].What != login.CodeAppChanged {
		t.Errorf("the history is %+v", list)
	}
	if len(w.vault.Log.Entries()) != before+1 {
		t.Error("the history opened without an access entry")
	}
	more, err := w.History(ctx, o.Session, list[2].ID, 100)
	w.must(err)
	if len(more) != 2 || more[1].Method != login.ByGrant || more[1].What != login.LoggedIn {
		t.Errorf("before it %+v", more)
	}
	devices, err := w.Devices(ctx, o.Session)
	w.must(err)
	if len(devices) != 1 || !devices[0].This || devices[0].Agent != "Firefox, Windows" {
		t.Errorf("the devices are %+v", devices)
	}
	sessions, err := w.Sessions(ctx, o.Session)
	w.must(err)
	if len(sessions) != 2 || sessions[0].ID != o.Session.ID {
		t.Errorf("%d sessions", len(sessions))
	}
	w.must(w.End(ctx, o.Session, first.Session.ID))
	if w.alive(first.Secret) || !w.alive(o.Secret) {
		t.Error("the wrong session ended")
	}
}

func TestAnAccountIsChosenAmongOnesOwn(t *testing.T) {
	w := newWorld(t, logintest.NewMemory())
	ctx := t.Context()
	w.key(isil, name)
	w.must(w.Name(ctx, login.Granting{Who: isil, Account: "acc-2", Names: []string{"isil.2@hs90.kep.test"}}))
	w.is("another's name", w.Name(ctx, login.Granting{Who: login.Who{Kind: login.Holder, Person: "per-2"}, Account: "acc-3", Names: []string{name}}), login.ErrTaken)
	_, a := w.key(login.Who{Kind: login.Holder, Person: "per-3"}, "per3@hs90.kep.test")
	w.must(w.Name(ctx, login.Granting{Who: login.Who{Kind: login.Holder, Person: "per-3"}, Account: "acc-4", Names: []string{"x@hs90.kep.test"}}))
	o, err := w.byPasskey(w.Begin(login.Holder), a, home)
	w.must(err)
	if o.Session.Account != "" {
		t.Errorf("acts on %s without having chosen", o.Session.Account)
	}
	w.is("another's account", second(w.Use(ctx, o.Session, "acc-2")), login.ErrWrong)
	next, err := w.Use(ctx, o.Session, "acc-4")
	w.must(err)
	if w.alive(o.Secret) || !w.alive(next.Secret) || next.Session.Account != "acc-4" {
		t.Error("the account was not changed with a new secret")
	}
	w.must(w.Leave(ctx, "per-3", "acc-4"))
	if w.alive(next.Secret) {
		t.Error("the session on an account that was taken away goes on")
	}
}
