package node

import (
	"errors"
	"net/smtp"
	"testing"
	"time"

	"rem"
	"rem/edge/smtpin"
	"rem/edge/sqlstore"
	"rem/internal/setup"
	"rem/internal/testkit"
	"rem/person/account"
)

// A mail program may keep its session for hours. What its evidence says about
// the login is when the login was.
func TestEvidenceTellsWhenTheSenderLoggedIn(t *testing.T) {
	store, err := sqlstore.Open(t.Context(), sqlstore.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	clock := testkit.NewClock(time.Time{})
	n := &Node{Store: store, clock: clock, hasher: account.NewHasher(1)}
	a := account.Account{
		ID: "hesap", Address: rem.MustAddress("ayse@hs90.kep.test"), State: account.Open, Created: clock.Now(),
		Holder: account.Holder{Person: "kisi"}, Operators: []account.Operator{{Person: "kisi", May: account.Everything}},
	}
	hash, err := n.hasher.Hash(t.Context(), password)
	if err == nil {
		err = store.Create(t.Context(), a)
	}
	if err == nil {
		err = store.SetPassword(t.Context(), a.ID, "kisi", hash)
	}
	if err != nil {
		t.Fatal(err)
	}
	began := clock.Now().UTC()
	p, err := submissionDoor{n}.Authenticate(t.Context(), &smtpin.Session{}, "ayse@hs90.kep.test", password)
	if err != nil {
		t.Fatal(err)
	}
	clock.Advance(3 * time.Hour)
	login := loginOf(p)
	if got := login.Authentication.Time; !got.Equal(began) || got.Location() != time.UTC {
		t.Errorf("the login was at %s, want %s in UTC", got, began)
	}
	if login.Actor.Person != "kisi" || login.Authentication.Method != methodPassword {
		t.Errorf("%+v", login)
	}
}

// AT-29: a session that is logged in does not outlive the password that opened
// it, nor the account. What happens to others' accounts does not touch it.
func TestASessionDoesNotOutliveItsPassword(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	const other = "kanarya.ayse@" + here
	from, ctx := s.holder(0, isil), t.Context()
	s.holder(1, other)
	c := s.control(here)
	try := func(m *smtp.Client, id string) error {
		return hand(m, isil, []string{isil}, s.sign(from, letter{id: id, subject: "x", to: []string{isil}}))
	}
	login := func(password string) *smtp.Client {
		t.Helper()
		m, err := s.mailer(here, isil, password)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { m.Close() })
		return m
	}
	before, within := login(password), login(password)
	if err := errors.Join(c.SetPassword(ctx, other, "başkasının parolası"), try(before, "1@ev"), try(before, "2@ev")); err != nil {
		t.Fatalf("somebody else's new password: %v", err)
	}
	// This one is in the middle of a message.
	if err := errors.Join(within.Mail(isil), within.Rcpt(isil)); err != nil {
		t.Fatal(err)
	}
	w, err := within.Data()
	if err == nil {
		_, err = w.Write(s.sign(from, letter{id: "3@ev", subject: "x", to: []string{isil}}))
	}
	if err == nil {
		err = c.SetPassword(ctx, isil, "yeni parola 1234")
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); refusal(err) != 421 {
		t.Errorf("the message that was under way: %v", err)
	}
	if err := try(before, "4@ev"); refusal(err) != 421 {
		t.Errorf("after a new password: %v", err)
	}
	after := login("yeni parola 1234")
	if err := try(after, "5@ev"); err != nil {
		t.Errorf("the new password: %v", err)
	}
	// A block is answered with evidence, and ends with the block.
	for _, step := range []struct {
		state account.State
		reply int
	}{{account.SendBlocked, 550}, {account.Suspended, 550}, {account.Open, 0}, {account.Closed, 421}} {
		if err := c.SetState(ctx, isil, step.state, ""); err != nil {
			t.Fatal(err)
		}
		if err := try(after, string(step.state)+"@ev"); refusal(err) != step.reply {
			t.Errorf("%s: %v, want %d", step.state, err, step.reply)
		}
	}
	if got := len(s.sent(isil)); got != 6 {
		t.Errorf("%d messages of his are known, want 4 taken and 2 refused", got)
	}
}
