package sqlstore_test

import (
	"errors"
	"os"
	"path/filepath"
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

// The index is made anew from the journal, with the updates that were refused in
// it: they are refused again, and the account is the same.
func TestAnAccountIsTheSameFromTheJournalAlone(t *testing.T) {
	dir := t.TempDir()
	s, err := sqlstore.Open(t.Context(), sqlstore.Options{Dir: dir, MinFree: -1})
	if err != nil {
		t.Fatal(err)
	}
	a := account.Account{ID: "a-1", Address: rem.MustAddress("bora@hs91.kep.test"), State: account.Open, Holder: account.Holder{Person: "h-1", Name: ledgertest.Sealed}}
	if err := s.Create(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from  uint64
		quota int64
		want  error
	}{{0, 1, nil}, {0, 2, account.ErrChanged}, {1, 3, nil}, {1, 3, nil}, {7, 4, account.ErrChanged}} {
		a.Version, a.Quota = c.from, c.quota
		if err := s.Update(t.Context(), a); !errors.Is(err, c.want) {
			t.Fatalf("from version %d: %v, want %v", c.from, err, c.want)
		}
	}
	want, err := s.Account(t.Context(), "a-1")
	if err != nil || want.Version != 2 || want.Quota != 3 {
		t.Fatalf("%+v, %v", want, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "index.sqlite*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no index (%v)", err)
	}
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
	s = open(t, sqlstore.Options{Dir: dir, MinFree: -1})
	if got, err := s.Account(t.Context(), "a-1"); err != nil || !got.Equal(&want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}
