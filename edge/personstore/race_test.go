package personstore_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rem"
	"rem/edge/personstore"
	"rem/internal/testkit"
	"rem/internal/testkit/personledgertest"
	"rem/person"
	"rem/person/application"
)

func TestOfManyWhoWantAnAddressOnePersonEverHasIt(t *testing.T) {
	seed := uint64(14)
	rounds := 150
	if testkit.Long() {
		rounds = 5000
	}
	personledgertest.RaceAddresses(t, seed, rounds, func(t *testing.T) person.Addresses { return open(t, t.TempDir(), personstore.Options{}) })
}

// Whatever is asked in whatever order, the store answers as the ledger in memory
// does.
func TestAddressesGoTheSameWayAsInMemory(t *testing.T) {
	s := open(t, t.TempDir(), personstore.Options{})
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		memory := personledgertest.NewMemory()
		now := personledgertest.At
		name := func(kind string, n int) string { return fmt.Sprintf("%s-%d-%d", kind, run, n) }
		some := func(kind string) string { return name(kind, rapid.IntRange(0, 2).Draw(t, kind)) }
		address := func() rem.Address {
			return rem.MustAddress(strings.ReplaceAll(some("a"), "-", ".") + "@hs90.kep.test")
		}
		holder := func() rem.PersonID {
			return rem.PersonID(rapid.SampledFrom([]string{"", "per-0", "per-1"}).Draw(t, "holder"))
		}
		compare := func(what string, do func(b person.Addresses) error) {
			want, got := do(memory), do(s)
			for _, promised := range []error{person.ErrTaken, person.ErrNotReserved} {
				if errors.Is(want, promised) != errors.Is(got, promised) {
					t.Fatalf("%s: %v, and in memory %v", what, got, want)
				}
			}
			if (want == nil) != (got == nil) {
				t.Fatalf("%s: %v, and in memory %v", what, got, want)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"reserve": func(t *rapid.T) {
				r := person.Reservation{Address: address(), Application: person.ApplicationID(some("app")), Holder: holder()}
				if n := rapid.IntRange(0, 5).Draw(t, "hours"); n > 0 {
					r.Until = now.Add(time.Duration(n-1) * time.Hour)
				}
				compare("reserve", func(b person.Addresses) error { return b.Reserve(t.Context(), r, now) })
			},
			"release": func(t *rapid.T) {
				a, app := address(), person.ApplicationID(some("app"))
				compare("release", func(b person.Addresses) error { return b.Release(t.Context(), a, app) })
			},
			"assign": func(t *rapid.T) {
				a, app, account, h := address(), person.ApplicationID(some("app")), rem.AccountID(some("acc")), holder()
				compare("assign", func(b person.Addresses) error { return b.Assign(t.Context(), a, app, account, h, now) })
			},
			"close": func(t *rapid.T) {
				a, account := address(), rem.AccountID(some("acc"))
				compare("close", func(b person.Addresses) error { return b.Retire(t.Context(), a, account, now) })
			},
			"wait": func(t *rapid.T) { now = now.Add(time.Duration(rapid.IntRange(1, 3).Draw(t, "hours")) * time.Hour) },
			"": func(t *rapid.T) {
				for n := range 3 {
					a := rem.MustAddress(fmt.Sprintf("a.%d.%d@hs90.kep.test", run, n))
					want, err1 := memory.Address(t.Context(), a, now)
					got, err2 := s.Address(t.Context(), a, now)
					if err1 != nil || err2 != nil || want != got {
						t.Fatalf("the address is\n%+v (%v), and in memory\n%+v (%v)", got, err2, want, err1)
					}
				}
			},
		})
	})
}

// An address that was opened by command is nobody else's (AT-14).
func TestAnAdoptedAddressIsTheAccounts(t *testing.T) {
	ctx, s, at := t.Context(), open(t, t.TempDir(), personstore.Options{}), personledgertest.At
	a, b := rem.MustAddress("ali@hs90.kep.test"), rem.MustAddress("veli@hs90.kep.test")
	for range 2 {
		if err := s.Adopt(ctx, a, "acc-1", "per-1", at); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Reserve(ctx, person.Reservation{Address: a, Application: "app-1", Holder: "per-1"}, at); !errors.Is(err, person.ErrTaken) {
		t.Errorf("reserved: %v", err)
	}
	if err := s.Adopt(ctx, a, "acc-2", "per-1", at); !errors.Is(err, person.ErrTaken) {
		t.Errorf("adopted twice: %v", err)
	}
	if err := s.Reserve(ctx, person.Reservation{Address: b, Application: "app-1"}, at); err != nil {
		t.Fatal(err)
	}
	for _, account := range []rem.AccountID{"acc-2", ""} {
		if err := s.Adopt(ctx, b, account, "per-1", at); !errors.Is(err, person.ErrTaken) {
			t.Errorf("adopted while it was reserved: %v", err)
		}
	}
	if err := s.Retire(ctx, a, "acc-1", at); err != nil {
		t.Fatal(err)
	}
	if err := s.Adopt(ctx, a, "acc-1", "per-1", at); err != nil {
		t.Errorf("again, after it was closed: %v", err)
	}
	if e, err := s.Address(ctx, a, at); err != nil || e.State != person.AddressClosed {
		t.Errorf("it is %s, %v", e.State, err)
	}
}

// AT-27: what folds into an address is that address; what only looks like it, or
// folds into it by other rules, is none.
func TestEverySpellingOfAnAddressIsOneAddress(t *testing.T) {
	ctx, s, at := t.Context(), open(t, t.TempDir(), personstore.Options{}), personledgertest.At
	plain := "kisik.as@kisik.hs90.kep.test"
	if err := s.Reserve(ctx, person.Reservation{Address: rem.MustAddress(plain), Application: "app-1"}, at); err != nil {
		t.Fatal(err)
	}
	for _, spelt := range []string{plain, strings.ToUpper(plain), "Kisik.As@Kisik.HS90.kep.test", "kISIK.aS@kISIK.hS90.KEP.TEST"} {
		r := person.Reservation{Address: rem.MustAddress(spelt), Application: "app-2"}
		if err := s.Reserve(ctx, r, at); !errors.Is(err, person.ErrTaken) {
			t.Errorf("%s was to be had: %v", spelt, err)
		}
	}
	for letter, others := range map[string][]string{"k": {"\u212a"}, "i": {"ı", "İ", "i\u0307"}, "s": {"ſ"}} {
		for _, other := range others {
			spelt := strings.Replace(plain, letter, other, 1)
			if _, err := rem.ParseAddress(spelt); !errors.Is(err, rem.ErrAddress) {
				t.Errorf("%q is an address: %v", spelt, err)
			}
		}
	}
	// Nor does a step that was changed in the file bring a second spelling in.
	b, err := personstore.WriteStep(application.StepData{Reserve: &person.Reservation{Address: rem.MustAddress(plain)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := personstore.ReadStep([]byte(strings.Replace(string(b), "kisik.as@", "Kisik.as@", 1))); err == nil {
		t.Error("a step with another spelling was read")
	}
}
