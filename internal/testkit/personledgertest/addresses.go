package personledgertest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit"
	"rem/person"
)

// At is where the suites' time begins.
var At = testkit.Epoch

var (
	first  = rem.MustAddress("isil.ogutcu@hs90.kep.test")
	second = rem.MustAddress("isil.ogutcu.1@hs90.kep.test")
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t testing.TB, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func reserve(a rem.Address, by string, holder rem.PersonID, until time.Duration) person.Reservation {
	return person.Reservation{Address: a, Application: person.ApplicationID(by), Holder: holder, Until: At.Add(until)}
}

// RunAddresses checks every promise of person.Addresses. open returns an empty
// book and sees to its end.
func RunAddresses(t *testing.T, open func(t *testing.T) person.Addresses) {
	state := func(t *testing.T, b person.Addresses, a rem.Address, now time.Time, want person.AddressState) person.AddressEntry {
		t.Helper()
		e, err := b.Address(t.Context(), a, now)
		must(t, err)
		if e.State != want || e.Address != a {
			t.Errorf("%s is %s, want %s", e.Address, e.State, want)
		}
		return e
	}
	t.Run("a reserved address is nobody else's", func(t *testing.T) {
		ctx, b := t.Context(), open(t)
		state(t, b, first, At, person.AddressFree)
		for range 2 {
			must(t, b.Reserve(ctx, reserve(first, "app-1", "per-1", time.Hour), At))
		}
		is(t, "another application", b.Reserve(ctx, reserve(first, "app-2", "per-1", time.Hour), At), person.ErrTaken)
		if e := state(t, b, first, At, person.AddressReserved); e.Reservation.Application != "app-1" {
			t.Errorf("reserved for %s", e.Reservation.Application)
		}
		must(t, b.Release(ctx, first, "app-2")) // not his
		state(t, b, first, At, person.AddressReserved)
		must(t, b.Release(ctx, first, "app-1"))
		must(t, b.Release(ctx, first, "app-1"))
		state(t, b, first, At, person.AddressFree)
		must(t, b.Reserve(ctx, reserve(first, "app-2", "", time.Hour), At))
	})
	t.Run("a reservation ends, and can be prolonged before", func(t *testing.T) {
		ctx, b := t.Context(), open(t)
		must(t, b.Reserve(ctx, reserve(first, "app-1", "", time.Hour), At))
		must(t, b.Reserve(ctx, reserve(first, "app-1", "", 2*time.Hour), At))
		is(t, "an hour later", b.Reserve(ctx, reserve(first, "app-2", "", 3*time.Hour), At.Add(time.Hour)), person.ErrTaken)
		state(t, b, first, At.Add(2*time.Hour), person.AddressFree)
		is(t, "assigned after its end", b.Assign(ctx, first, "app-1", "acc-1", "per-1", At.Add(2*time.Hour)), person.ErrNotReserved)
		must(t, b.Reserve(ctx, reserve(first, "app-2", "", 3*time.Hour), At.Add(2*time.Hour)))
		endless := reserve(second, "app-3", "", 0)
		endless.Until = time.Time{}
		must(t, b.Reserve(ctx, endless, At))
		state(t, b, second, At.AddDate(5, 0, 0), person.AddressReserved)
	})
	t.Run("an application has one address", func(t *testing.T) {
		ctx, b := t.Context(), open(t)
		must(t, b.Reserve(ctx, reserve(first, "app-1", "", time.Hour), At))
		must(t, b.Reserve(ctx, reserve(second, "app-1", "", time.Hour), At))
		state(t, b, first, At, person.AddressFree)
		must(t, b.Reserve(ctx, reserve(first, "app-2", "", time.Hour), At))
		is(t, "back to one that is taken", b.Reserve(ctx, reserve(first, "app-1", "", time.Hour), At), person.ErrTaken)
		state(t, b, second, At, person.AddressReserved) // nothing was lost by trying
	})
	t.Run("only what is reserved is assigned, to its holder, for ever", func(t *testing.T) {
		ctx, b := t.Context(), open(t)
		is(t, "without a reservation", b.Assign(ctx, first, "app-1", "acc-1", "per-1", At), person.ErrNotReserved)
		must(t, b.Reserve(ctx, reserve(first, "app-1", "per-1", time.Hour), At))
		is(t, "by another application", b.Assign(ctx, first, "app-2", "acc-1", "per-1", At), person.ErrNotReserved)
		is(t, "for another holder", b.Assign(ctx, first, "app-1", "acc-1", "per-2", At), person.ErrNotReserved)
		for range 2 {
			must(t, b.Assign(ctx, first, "app-1", "acc-1", "per-1", At))
		}
		if e := state(t, b, first, At.AddDate(20, 0, 0), person.AddressAssigned); e.Account != "acc-1" || e.Holder != "per-1" {
			t.Errorf("assigned to %s of %s", e.Account, e.Holder)
		}
		must(t, b.Release(ctx, first, "app-1"))
		state(t, b, first, At, person.AddressAssigned)
		for _, holder := range []rem.PersonID{"per-1", "per-2", ""} {
			is(t, "reserved again", b.Reserve(ctx, reserve(first, "app-3", holder, time.Hour), At), person.ErrTaken)
		}
	})
	t.Run("a closed address comes back to its own holder and to nobody else", func(t *testing.T) {
		ctx, b := t.Context(), open(t)
		must(t, b.Reserve(ctx, reserve(first, "app-1", "per-1", time.Hour), At))
		must(t, b.Assign(ctx, first, "app-1", "acc-1", "per-1", At))
		is(t, "closed by another account", b.Retire(ctx, first, "acc-2", At), person.ErrNotReserved)
		for range 2 {
			must(t, b.Retire(ctx, first, "acc-1", At))
		}
		later := At.AddDate(30, 0, 0)
		state(t, b, first, later, person.AddressClosed)
		again := reserve(first, "app-2", "per-2", 0)
		again.Until = later.Add(time.Hour)
		is(t, "for another", b.Reserve(ctx, again, later), person.ErrTaken)
		again.Holder = ""
		is(t, "for nobody known", b.Reserve(ctx, again, later), person.ErrTaken)
		again.Holder = "per-1"
		must(t, b.Reserve(ctx, again, later))
		for _, holder := range []rem.PersonID{"per-2", ""} {
			other := again
			other.Holder = holder
			is(t, "for another by the application that has it", b.Reserve(ctx, other, later), person.ErrTaken)
		}
		must(t, b.Release(ctx, first, "app-2"))
		if e := state(t, b, first, later, person.AddressClosed); !e.Since.Equal(At) {
			t.Errorf("closed since %s", e.Since)
		}
		must(t, b.Reserve(ctx, again, later))
		state(t, b, first, again.Until, person.AddressClosed) // its reservation has passed
		must(t, b.Assign(ctx, first, "app-2", "acc-2", "per-1", later))
		state(t, b, first, later, person.AddressAssigned)
	})
	t.Run("of many who want an address one gets it", func(t *testing.T) {
		ctx, b := t.Context(), open(t)
		const many = 32
		var wg sync.WaitGroup
		won := make(chan person.ApplicationID, many)
		for i := range many {
			wg.Go(func() {
				r := reserve(first, fmt.Sprint("app-", i), "", time.Hour)
				switch err := b.Reserve(ctx, r, At); {
				case err == nil:
					won <- r.Application
				case !errors.Is(err, person.ErrTaken):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(won) != 1 {
			t.Fatalf("%d won", len(won))
		}
		if e := state(t, b, first, At, person.AddressReserved); e.Reservation.Application != <-won {
			t.Error("it is reserved for one who lost")
		}
	})
}
