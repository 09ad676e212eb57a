package personledgertest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rem"
	"rem/person"
)

// spellings are ways to write one address; all fold to the first (AT-27).
func spellings(n int) []string {
	return []string{
		fmt.Sprintf("isil.kaya%d@kaya.hs90.kep.test", n), fmt.Sprintf("ISIL.KAYA%d@KAYA.HS90.KEP.TEST", n),
		fmt.Sprintf("Isil.Kaya%d@Kaya.hs90.kep.test", n), fmt.Sprintf("isiL.kayA%d@kAYa.Hs90.kEp.teSt", n),
	}
}

// RaceAddresses lets many callers reserve, prolong, release, assign and close a
// few addresses in any spelling, while time passes and reservations end. What
// they were answered has to fit one history: an address has one account at a
// time, and all accounts that it ever had are of one holder (AT-14, AT-27).
func RaceAddresses(t *testing.T, seed uint64, rounds int, open func(t *testing.T) person.Addresses) {
	const callers, addresses = 12, 3
	b, ctx := open(t), t.Context()
	var clock atomic.Int64
	type given struct {
		account rem.AccountID
		holder  rem.PersonID
	}
	var mu sync.Mutex
	assigned := map[rem.Address]map[given]bool{} // guarded by mu
	retired := map[rem.Address]map[rem.AccountID]bool{}
	answers := map[string]int{}
	note := func(what string, err error, expected error) bool {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err == nil:
			answers[what]++
		case expected != nil && errors.Is(err, expected):
			answers[what+", refused"]++
		default:
			t.Errorf("%s: %v", what, err)
		}
		return err == nil
	}
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(c)))
			holder := rem.PersonID(fmt.Sprint("per-", c%4)) // some callers are one person
			tries := 0
			var mine []rem.AccountID
			for range rounds {
				spelt := spellings(random.IntN(addresses))
				a, err := rem.ParseAddress(spelt[random.IntN(len(spelt))])
				if err != nil {
					t.Error(err)
					return
				}
				now := At.Add(time.Duration(clock.Add(1)) * time.Second)
				app := person.ApplicationID(fmt.Sprintf("app-%d-%d", c, random.IntN(2)))
				r := person.Reservation{Address: a, Application: app, Holder: holder, Until: now.Add(time.Duration(5+random.IntN(900)) * time.Second)}
				switch random.IntN(8) {
				case 0, 1:
					note("reserve", b.Reserve(ctx, r, now), person.ErrTaken)
				case 2: // with another in the holder's place, or nobody
					r.Holder = rem.PersonID([]string{"", "per-x"}[random.IntN(2)])
					note("reserve for another", b.Reserve(ctx, r, now), person.ErrTaken)
				case 3:
					note("release", b.Release(ctx, a, app), nil)
				case 4, 5, 6:
					tries++
					g := given{rem.AccountID(fmt.Sprintf("acc-%d-%d", c, tries)), holder}
					if random.IntN(4) == 0 {
						g.holder = "per-x"
					}
					if note("assign", b.Assign(ctx, a, app, g.account, g.holder, now), person.ErrNotReserved) {
						mu.Lock()
						if assigned[a] == nil {
							assigned[a] = map[given]bool{}
						}
						assigned[a][g] = true
						mu.Unlock()
						mine = append(mine, g.account)
					}
				case 7:
					if len(mine) == 0 {
						continue
					}
					account := mine[random.IntN(len(mine))]
					if note("close", b.Retire(ctx, a, account, now), person.ErrNotReserved) {
						mu.Lock()
						if retired[a] == nil {
							retired[a] = map[rem.AccountID]bool{}
						}
						retired[a][account] = true
						mu.Unlock()
					}
				}
				if e, err := b.Address(ctx, a, now); err != nil || e.Address != a {
					t.Errorf("reading: %v", err)
				}
			}
		})
	}
	wg.Wait()
	end := At.AddDate(1, 0, 0)
	for n := range addresses {
		a := rem.MustAddress(spellings(n)[0])
		holders := map[rem.PersonID]bool{}
		for g := range assigned[a] {
			holders[g.holder] = true
		}
		if len(holders) > 1 {
			t.Errorf("an address was given to %d holders: %v", len(holders), assigned[a])
		}
		open := len(assigned[a]) - len(retired[a])
		e, err := b.Address(ctx, a, end)
		if err != nil {
			t.Fatal(err)
		}
		want := map[int]person.AddressState{0: person.AddressClosed, 1: person.AddressAssigned}[open]
		if len(assigned[a]) == 0 {
			want = person.AddressFree
		}
		if e.State != want {
			t.Errorf("%d accounts had the address, %d were closed, and it is %s", len(assigned[a]), len(retired[a]), e.State)
		}
		if e.Account != "" && !assigned[a][given{e.Account, e.Holder}] {
			t.Errorf("the address is %s's of %s, which nobody was told", e.Account, e.Holder)
		}
	}
	t.Logf("answers: %v", answers)
	for _, what := range []string{"reserve", "reserve, refused", "release", "assign", "assign, refused", "close"} {
		if answers[what] == 0 {
			t.Errorf("nobody was answered %q: the test shows nothing (%v)", what, answers)
		}
	}
}
