package node

import (
	"strings"
	"testing"

	"rem"
	"rem/edge/control"
	"rem/edge/web"
	"rem/internal/setup"
	"rem/person/account"
	"rem/person/login"
)

// REQ-21, REQ-37: a legal person's account applies for many, through an operator
// who may appoint others, and nobody else does.
func TestOnlyWhoMayAppointAppliesForACompany(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	n := s.nodes[here]
	s.holder(0, isil)
	const address, title = "ogutcu@" + here, "Öğütçü Gıda A.Ş."
	clerk, err := s.world.Person(1, address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.control(here).AddAccount(t.Context(), control.NewAccount{
		Address: address, Holder: title, Legal: true, Operator: clerk.Name(), Identity: clerk.IdentityNumber,
	}); err != nil {
		t.Fatal(err)
	}
	session := func(address string, p rem.PersonID) login.Session {
		a, err := n.Store.ByAddress(t.Context(), rem.MustAddress(address))
		if err != nil {
			t.Fatal(err)
		}
		if p == "" {
			p = a.Operators[0].Person
		}
		return login.Session{Who: login.Who{Kind: login.Holder, Person: p}, Account: a.ID, Method: "passkey"}
	}
	company := session(address, "")
	actor, got, err := n.company(t.Context(), company)
	if err != nil || got.Reveal() != title || actor.Account != company.Account || actor.Person != company.Who.Person || actor.Holder == "" || actor.Holder == actor.Person {
		t.Errorf("the company's operator: %v, %v", actor, err)
	}
	for name, c := range map[string]struct {
		session login.Session
		says    string
	}{
		"a natural person": {session(isil, ""), "legal person"}, "a stranger": {session(address, "p-nobody"), "permission"}, "no account": {login.Session{}, "no account"},
	} {
		if _, _, err := n.company(t.Context(), c.session); !forbidden(err, c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	clerkOnly := account.Operator{Person: "p-clerk", May: account.Reading, From: n.clock.Now(), Proof: account.Proof{Kind: account.Authorisation, Digest: rem.DigestOf([]byte("paper"))}}
	if err := n.Keeper.Appoint(t.Context(), account.By{Actor: actor}, company.Account, clerkOnly); err != nil {
		t.Fatal(err)
	}
	if _, _, err := n.company(t.Context(), session(address, "p-clerk")); !forbidden(err, "permission") {
		t.Errorf("who may only read: %v", err)
	}
}

func forbidden(err error, says string) bool {
	f, ok := err.(*web.Forbidden)
	return ok && strings.Contains(f.Why.English, says)
}
