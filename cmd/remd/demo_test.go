package main

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rem"
	"rem/person/application"
	"rem/person/login"
)

// REQ-9, REQ-22, REQ-30: who sends and who receives in the demonstration applied, was
// approved by another, and gets in by the log-in that is printed.
func TestTheHoldersOfTheDemonstrationAppliedAndGetIn(t *testing.T) {
	dir, err := os.MkdirTemp("", "rem") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	s, err := open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range s.logins {
		v, err := s.nodes[r.house.Provider.Domain].Records.Persons.Application(t.Context(), r.Application)
		if err != nil {
			t.Fatal(err)
		}
		if v.State != application.Activated || v.Decision == nil || v.Decision.By != r.team.Approver || v.Account != r.Account {
			t.Errorf("%s: the application is %s, decided by %+v", r.who.Address, v.State, v.Decision)
		}
		if signed := len(v.Channels) == 1 && v.Channels[0] == application.BySigning; signed != (i == 1) {
			t.Errorf("%s: the account was opened by %v", r.who.Address, v.Channels)
		}
		account, err := s.nodes[r.house.Provider.Domain].Store.ByAddress(t.Context(), rem.MustAddress(r.who.Address))
		if err != nil || account.ID != r.Account {
			t.Errorf("%s: account %s, %v", r.who.Address, account.ID, err)
		}
		visitor, l := login.Visitor{Address: netip.MustParseAddr("127.0.0.1"), Agent: "test"}, r.house.Login
		p, err := l.Password(t.Context(), l.Begin(login.Holder), visitor, r.who.Address, r.Password)
		if err != nil {
			t.Fatalf("%s: the password: %v", r.who.Address, err)
		}
		code, err := r.Code()
		if err != nil {
			t.Fatal(err)
		}
		in, err := l.Code(t.Context(), p, visitor, code)
		if err != nil || in.Session.Who.Person != r.Person {
			t.Errorf("%s: the code of now: %v", r.who.Address, err)
		}
	}
	d := demo{Dir: dir, Timeout: 30 * time.Second}
	if err := errors.Join(d.show(t.Context(), s, time.Now()), s.stop()); err != nil {
		t.Fatal(err)
	}
	if made, err := filepath.Glob(filepath.Join(dir, "message", "*.xml")); err != nil || len(made) != 4 {
		t.Errorf("the letter left %d evidences, %v", len(made), err)
	}
}
