package node

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"rem"
	"rem/edge/control"
	"rem/edge/simulator"
	"rem/internal/setup"
	"rem/person"
	"rem/person/account"
	"rem/person/login"
)

// REQ-27: the program may stop between the address book and the account. The command
// made again opens the account; what an application or another account has stays taken.
func TestOpeningByCommandGoesOnAfterACrash(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	n, c, ctx := s.nodes[here], s.control(here), t.Context()
	address := rem.MustAddress(isil)
	// What is left when the crash came right after the address book's step.
	left, err := controller{n}.adopt(ctx, address, n.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	s.stop(here)
	s.start(here)
	n = s.nodes[here]
	if _, err := n.Store.ByAddress(ctx, address); !errors.Is(err, account.ErrNotFound) {
		t.Fatalf("there is an account: %v", err)
	}
	wish := control.NewAccount{Address: isil, Holder: "Işıl Öğütçü", Identity: "10000000146", Password: password}
	id, err := c.AddAccount(ctx, wish)
	if err != nil || id != left {
		t.Fatalf("the command made again: %q, %v; want %q", id, err, left)
	}
	if _, err := s.mailer(here, isil, password); err != nil {
		t.Error(err)
	}
	taken := func(what, address string) {
		t.Helper()
		wish.Address = address
		if _, err := c.AddAccount(ctx, wish); err == nil || !strings.Contains(err.Error(), account.ErrTaken.Error()) {
			t.Errorf("%s: %v", what, err)
		}
	}
	taken("an open account's", isil)
	// An account that an application is about to open is not the command's.
	other := rem.MustAddress("bora@" + here)
	now := n.clock.Now()
	if err := n.Records.Persons.Reserve(ctx, person.Reservation{Address: other, Application: "app-1", Holder: "per-1"}, now); err != nil {
		t.Fatal(err)
	}
	taken("a reserved one", other.String())
	if err := n.Records.Persons.Assign(ctx, other, "app-1", "acc-1", "per-1", now); err != nil {
		t.Fatal(err)
	}
	taken("an application's", other.String())
	if err := c.SetState(ctx, isil, account.Closed, account.ByEnd); err != nil {
		t.Fatal(err)
	}
	taken("a closed account's", isil)
	if err := n.Keeper.Tick(ctx); err != nil {
		t.Fatal(err)
	}
	taken("a closed account's, later", isil)
	if e, err := n.Records.Persons.Address(ctx, address, now); err != nil || e.State != person.AddressClosed || e.Account != id {
		t.Errorf("in the address book it is %s of %s, %v", e.State, e.Account, err)
	}
}

// REQ-27, REQ-28: who closed his account applies again and has his address back, as
// another account; his old one stays as it was, and nobody else gets the address.
func TestAClosedAddressComesBackToItsHolder(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	h, ctx := s.house(here), t.Context()
	team, err := h.Found(ctx, [4]simulator.Subject(simulator.People[1:5]))
	if err != nil {
		t.Fatal(err)
	}
	address := rem.MustAddress("isil.ogutcu@" + here)
	who, err := s.world.Person(0, address.String())
	if err != nil {
		t.Fatal(err)
	}
	first, err := h.Apply(ctx, team, who.Applicant(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Apply(ctx, team, who.Applicant(true)); err == nil {
		t.Error("he has two accounts with one address")
	}
	n := s.nodes[here]
	if err := errors.Join(s.control(here).SetState(ctx, address.String(), account.Closed, account.ByEnd), n.Keeper.Tick(ctx)); err != nil {
		t.Fatal(err)
	}
	if err := n.Records.Persons.Reserve(ctx, person.Reservation{Address: address, Application: "app-1", Holder: "per-of-somebody-else"}, n.clock.Now()); !errors.Is(err, person.ErrTaken) {
		t.Errorf("somebody else with the same name: %v", err)
	}
	// He is somebody who can log in already, so that he is given no way in.
	if _, err := h.Apply(ctx, team, who.Applicant(true)); !errors.Is(err, login.ErrReady) {
		t.Fatal(err)
	}
	now, err := n.Store.ByAddress(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	old, err := n.Store.Account(ctx, first.Account)
	if err != nil {
		t.Fatal(err)
	}
	if now.ID == old.ID || now.State != account.Open || old.State != account.Closed || old.Address != now.Address || old.Holder.Person != now.Holder.Person {
		t.Errorf("the address is %s's, %s; the old account %s is %s", now.ID, now.State, old.ID, old.State)
	}
	v := s.visitor(here)
	v.must(v.post("/tr/login", "name", address.String(), "password", first.Password), "/tr/login", "Tek kullanımlık kod")
	pending := v.find(`name="pending" value="([^"]+)"`)
	code, err := totp.GenerateCode(first.TOTP, time.Now().Add(30*time.Second)) // the one of now was used
	if err != nil {
		t.Fatal(err)
	}
	v.must(v.post("/tr/login/code", "pending", pending, "code", code), "/tr/account", address.String())
}
