package sqlstore_test

import (
	"sync"
	"testing"
	"time"

	"rem"
	"rem/edge/sqlstore"
	"rem/internal/testkit/ledgertest"
	"rem/person/account"
)

// Accounts are kept in memory while they do not change. Whoever was told of a
// change sees it, however many read at the same time.
func TestAChangedAccountIsSeenByWhoeverWasToldOfTheChange(t *testing.T) {
	s := open(t, sqlstore.Options{MinFree: -1})
	address, err := rem.ParseAddress("bora@hs91.kep.test")
	if err != nil {
		t.Fatal(err)
	}
	a := account.Account{
		ID: "a-1", Address: address, State: account.Open, Created: time.Unix(1_800_000_000, 0).UTC(),
		Holder:    account.Holder{Person: "h-1", Name: ledgertest.Sealed},
		Operators: []account.Operator{{Person: "h-1", Name: ledgertest.Sealed, May: account.Everything}},
	}
	if err := s.Create(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				got, err := s.ByAddress(t.Context(), address)
				if err != nil {
					t.Error(err)
					return
				}
				got.Operators[0].Person = "somebody else" // a reader's copy is his
				if _, err := s.Account(t.Context(), a.ID); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for quota := range int64(100) {
		a.Quota = quota + 1
		if err := s.Update(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		a.Version++
		byID, err := s.Account(t.Context(), a.ID)
		if err != nil {
			t.Fatal(err)
		}
		byAddress, err := s.ByAddress(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range []account.Account{byID, byAddress} {
			if got.Quota != a.Quota || got.Operators[0].Person != "h-1" {
				t.Fatalf("got quota %d and operator %q, want %d and the one who was stored", got.Quota, got.Operators[0].Person, a.Quota)
			}
		}
	}
	close(stop)
	readers.Wait()
}
