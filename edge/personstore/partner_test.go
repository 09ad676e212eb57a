package personstore_test

import (
	"errors"
	"path/filepath"
	"testing"

	"rem"
	"rem/edge/personstore"
	"rem/internal/testkit"
	"rem/internal/testkit/chaintest"
	"rem/internal/testkit/partnertest"
	"rem/internal/testkit/vaulttest"
	"rem/person"
	"rem/person/identity"
	"rem/privacy"
	"rem/privacy/chain"
	"rem/privacy/inventory"
	"rem/provider/partner"
	"rem/provider/staff"
)

func TestTheStoreKeepsOrdersAndInstitutions(t *testing.T) {
	partnertest.Run(t, func(t *testing.T) partnertest.Store { return open(t, t.TempDir(), personstore.Options{}) })
}

// reopened is a shelf of chains: each opening ends the one before.
var reopened = chaintest.Shelf{Name: "sqlite", New: func(t testing.TB) func() chain.Store {
	var last *personstore.Store
	name := filepath.Join(t.TempDir(), "persons.sqlite")
	t.Cleanup(func() {
		if last != nil {
			last.Close()
		}
	})
	return func() chain.Store {
		if last != nil {
			if err := last.Close(); err != nil {
				t.Fatal(err)
			}
		}
		var err error
		if last, err = personstore.Open(t.Context(), name, personstore.Options{}); err != nil {
			t.Fatal(err)
		}
		return last.StaffChain()
	}
}}

func TestTheStoreKeepsTheChainOfStaff(t *testing.T) { chaintest.Run(t, reopened) }

// Every durable step of an institution fails, once before it is made and once
// after, and the process ends there. Whoever makes it again finds it made, or
// makes it.
func TestAnInstitutionSurvivesEveryEndOfItsProcess(t *testing.T) {
	crash := errors.New("the process ends")
	for at := 1; ; at++ {
		dir, n := t.TempDir(), 0
		o := personstore.Options{Effect: func(string) error {
			if n++; n == at {
				return crash
			}
			return nil
		}}
		s := open(t, dir, o)
		i := partner.Institution{ID: "ins-1", Name: "Örnek A.Ş.", Contract: "S-1", From: testkit.Epoch, Until: testkit.Epoch.AddDate(1, 0, 0),
			Provinces: []person.Province{"34"}, Added: testkit.Epoch, AddedBy: "stf-1"}
		step := func(do func() error) {
			if err := do(); err != nil {
				if !errors.Is(err, crash) {
					t.Fatal(err)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				s = open(t, dir, o)
				if err := do(); err != nil { // made again
					t.Fatalf("effect %d, made again: %v", at, err)
				}
			}
		}
		step(func() error { return s.AddInstitution(t.Context(), i) })
		step(func() error { return s.EndInstitution(t.Context(), "ins-1", testkit.Epoch, "stf-2") })
		got, err := s.Institution(t.Context(), "ins-1")
		if err != nil || got.EndedBy != "stf-2" {
			t.Fatalf("effect %d: %+v, %v", at, got, err)
		}
		if n < at {
			break
		}
	}
}

// The book of staff on the disk: a crash at every effect leaves a book that opens,
// with the entry or without it, and whoever asks again comes to the same people.
func TestTheBookOfStaffSurvivesEveryEndOfItsProcess(t *testing.T) {
	crash := errors.New("the process ends")
	name := func(s string) person.Name {
		n, err := person.ParseName(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for at := 1; ; at++ {
		dir, n := t.TempDir(), 0
		vault := vaulttest.New(t, inventory.Today())
		o := personstore.Options{Effect: func(string) error {
			if n++; n == at {
				return crash
			}
			return nil
		}}
		s := open(t, dir, o)
		book := func() *staff.Book {
			b, err := staff.Open(t.Context(), staff.Config{Store: s.StaffChain(), Vault: vault.Vault, Clock: vault.Clock})
			if err != nil {
				t.Fatalf("effect %d: the book does not open: %v", at, err)
			}
			return b
		}
		b := book()
		// do makes a step unless done says that it was made, and again after a crash.
		do := func(done func() bool, make func() error) {
			t.Helper()
			for range 2 {
				if done() {
					return
				}
				err := make()
				if err == nil {
					return
				}
				if !errors.Is(err, crash) {
					t.Fatalf("effect %d: %v", at, err)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				s = open(t, dir, o)
				b = book()
			}
			if !done() {
				t.Fatalf("effect %d: it was not made", at)
			}
		}
		members := func() []*staff.Member {
			list, err := b.Members(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		proposals := func() []staff.Proposal {
			list, err := b.Proposals(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		machine := func(p rem.PersonID) staff.Hand { return staff.Hand{Person: p, Door: staff.Machine} }
		do(func() bool { return len(members()) > 0 }, func() error {
			_, err := b.First(t.Context(), staff.NewPerson{Name: name("Ayşe Işık")})
			return err
		})
		first := members()[0].Person
		do(func() bool { return len(proposals()) > 0 || len(members()) > 1 }, func() error {
			_, _, err := b.Appoint(t.Context(), machine(first), staff.NewPerson{Name: name("Bora Öz")}, staff.Wish{Role: staff.Manager})
			return err
		})
		do(func() bool { return len(members()) > 1 }, func() error {
			p := proposals()[0]
			return b.Confirm(t.Context(), machine(p.Person), p.Number)
		})
		list := members()
		if len(list) != 2 || len(list[1].Terms) != 1 || list[1].Terms[0].ProposedBy != first || list[1].Terms[0].ConfirmedBy != list[1].Person {
			t.Fatalf("effect %d: %+v", at, list)
		}
		if n < at {
			break
		}
	}
}

// Every durable step of a work order fails, once before it is made and once after,
// and the process ends there. The next one finds the order as it was or as it
// became, goes on, and comes to the same end.
func TestAWorkOrderSurvivesEveryEndOfItsProcess(t *testing.T) {
	crash := errors.New("the process ends")
	for at := 1; ; at++ {
		dir, n, armed := t.TempDir(), 0, false
		o := personstore.Options{Effect: func(string) error {
			if armed {
				if n++; n == at {
					return crash
				}
			}
			return nil
		}}
		s := open(t, dir, o)
		k := partnertest.New(t, s)
		ctx := t.Context()
		v := k.Pending(1)
		access, err := k.Book.Access(ctx, k.Officer, staff.Officer, privacy.Identification, privacy.CaseID(v.ID))
		if err != nil {
			t.Fatal(err)
		}
		armed = true
		id := partner.OrderID(string(v.ID) + "-v1")
		// step makes a step unless the order has so many already.
		step := func(number int, do func() error) {
			t.Helper()
			for range 2 {
				had, err := s.Order(ctx, id)
				if err != nil && !errors.Is(err, partner.ErrNotFound) {
					t.Fatal(err)
				}
				if had.Steps >= number {
					return
				}
				if err = do(); err == nil {
					return
				}
				if !errors.Is(err, crash) {
					t.Fatalf("effect %d, step %d: %v", at, number, err)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				s = open(t, dir, o)
				k.Orders, k.Institutions = s, s
			}
			t.Fatalf("effect %d, step %d was not made", at, number)
		}
		step(1, func() error {
			_, err := k.Issue(ctx, v.ID, k.Institution, access, k.Officers())
			return err
		})
		step(2, func() error { return k.Accept(ctx, k.Partners(k.First), id) })
		step(3, func() error {
			o, err := s.Order(ctx, id)
			if err != nil {
				return err
			}
			r := partnertest.Result(&o, k.Clock.Now())
			text, err := r.Write()
			if err != nil {
				return err
			}
			return k.Visit(ctx, k.Partners(k.First), r, partnertest.Sign(text, "10000000146"), func(identity.Kept) error { return nil })
		})
		now := k.Clock.Now()
		step(4, func() error { return k.HandOver(ctx, k.Officers(), id, k.Confirmed(id, k.Officer, now), now) })
		step(5, func() error { return k.Finish(ctx, k.Officers(), id) })
		history, err := s.OrderHistory(ctx, id)
		if err != nil || len(history) != 5 || history[4].To != partner.Done {
			t.Fatalf("effect %d: %d steps, %v", at, len(history), err)
		}
		if out, err := s.OrdersOut(ctx, "", 9); err != nil || len(out) != 0 {
			t.Fatalf("effect %d: %d orders have papers out, %v", at, len(out), err)
		}
		if n < at {
			if at < 2*5 {
				t.Fatalf("only %d effects", n)
			}
			break
		}
	}
}
