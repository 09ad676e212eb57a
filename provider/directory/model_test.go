package directory_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"rem"
	w "rem/internal/testkit/directorytest"
	"rem/person"
	"rem/privacy"
	"rem/provider/directory"
)

// REQ-75, REQ-76, S28, P-05: whatever happens in whatever order, also after a crash
// between any two steps, a person is found exactly while he chose to be, consents and
// has his account; and the central directory is told nothing that he took back
// before it was sent.
func TestOnlyWhoChoseAndConsentsIsFound(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		world := w.New(t, nil)
		ctx := t.Context()
		const people = 3
		type state struct{ consent, open, live, phone, phoneConsent bool }
		model := make([]state, people)
		particulars := make([]directory.Particulars, people)
		for n := range people {
			p := w.Person(n, "Ali", fmt.Sprint("Veli", string(rune('a'+n))))
			p.Title, p.Postal, p.Service, p.Certificate = person.Title{}, directory.Place{}, "", directory.Certificate{}
			particulars[n] = p
			model[n] = state{live: true}
			without := p
			without.Phone = person.Phone{}
			world.Enter(t, n, without, rapid.Bool().Draw(r, "wish")) // no consent yet: closed, whatever was wished
		}
		// What is told at any moment is what may be told then.
		world.Central.Took = func(rec directory.Record) {
			for n := range people {
				if rec.Account != w.Account(n) {
					continue
				}
				m := model[n]
				if rec.Open && !(m.consent && m.open && m.live) {
					r.Fatalf("the central directory was told that %d is open: %+v", n, m)
				}
				if slices.ContainsFunc(rec.Values, func(v directory.Value) bool { return v.Field == directory.Phone }) && !m.phoneConsent {
					r.Fatalf("the central directory was told the phone of %d: %+v", n, m)
				}
			}
		}
		settle := func(n int) { // what Settle does to the record
			m := &model[n]
			m.open, m.phone = m.open && m.consent, m.phone && m.phoneConsent && m.live
		}
		check := func() {
			for n := range people {
				m := model[n]
				a, err := world.Query(ctx, w.Asker(900), directory.ByAddress(particulars[n].Address, directory.ToSend))
				if err != nil {
					r.Fatal(err)
				}
				if found := a.Outcome == directory.Found; found != (m.open && m.consent && m.live) {
					r.Fatalf("%d is found: %t, and the model says %+v", n, found, m)
				}
				if len(a.Results) == 1 && (a.Results[0].Value(directory.Phone) != "") != (m.phone && m.phoneConsent) {
					r.Fatalf("the phone of %d is shown %q, and the model says %+v", n, a.Results[0].Value(directory.Phone), m)
				}
			}
		}
		action := func(f func(n int, m *state) error) func(*rapid.T) {
			return func(r *rapid.T) {
				n := rapid.IntRange(0, people-1).Draw(r, "who")
				if err := f(n, &model[n]); err != nil {
					r.Fatal(err)
				}
			}
		}
		world.Clock.Advance(time.Second)
		r.Repeat(map[string]func(*rapid.T){
			"": func(*rapid.T) { check() },
			"consent": action(func(n int, m *state) error {
				world.Consents.Give(w.Holder(n), privacy.DirectoryEntry)
				m.consent = true
				return nil
			}),
			"consent to the phone": action(func(n int, m *state) error {
				world.Consents.Give(w.Holder(n), privacy.DirectoryPhone)
				m.phoneConsent = true
				return nil
			}),
			// A crash behind it leaves the record as it was; the next use asks.
			"withdraw, and crash": action(func(n int, m *state) error {
				world.Consents.Withdraw(w.Holder(n), privacy.DirectoryEntry)
				m.consent = false
				world.Again(t)
				return nil
			}),
			"withdraw the phone": action(func(n int, m *state) error {
				world.Consents.Withdraw(w.Holder(n), privacy.DirectoryPhone)
				m.phoneConsent = false
				return nil
			}),
			"settle": action(func(n int, m *state) error {
				_, err := world.Settle(ctx, w.Account(n))
				settle(n)
				return err
			}),
			"settle all": func(r *rapid.T) {
				if _, err := world.SettleAll(ctx); err != nil {
					r.Fatal(err)
				}
				for n := range people { // those without a listing wait for their own
					if model[n].open && model[n].live {
						settle(n)
					}
				}
			},
			"open": action(func(n int, m *state) error {
				_, err := world.SetOpen(ctx, w.By(n), w.Account(n), true)
				if ok := m.live && (m.open || m.consent); ok != (err == nil) || err != nil && !refused(err) {
					return fmt.Errorf("opening with %+v: %w", *m, err)
				}
				m.open = m.open || err == nil
				return nil
			}),
			"close to query": action(func(n int, m *state) error {
				if _, err := world.SetOpen(ctx, w.By(n), w.Account(n), false); (err == nil) != m.live {
					return fmt.Errorf("closing with %+v: %w", *m, err)
				}
				m.open = m.open && !m.live
				return nil
			}),
			"add the phone": action(func(n int, m *state) error {
				_, err := world.Change(ctx, w.By(n), w.Account(n), particulars[n])
				if ok := m.live && m.phoneConsent; ok != (err == nil) || err != nil && !refused(err) {
					return fmt.Errorf("changing with %+v: %w", *m, err)
				}
				m.phone = m.phone || err == nil
				return nil
			}),
			"close the account": action(func(n int, m *state) error {
				_, err := world.Close(ctx, w.By(n), w.Account(n))
				m.live, m.open, m.phone = false, false, false
				return err
			}),
			"deliver": func(r *rapid.T) {
				if _, err := world.Deliver(ctx); err != nil {
					r.Fatal(err)
				}
			},
			"the central directory is away": func(*rapid.T) {
				world.Central.Fail(directory.ErrAway, nil)
				_, err := world.Deliver(ctx)
				world.Central.Fail(nil, nil)
				world.Clock.Advance(directory.LastPause)
				if err != nil {
					r.Fatal(err)
				}
			},
		})
		// In the end both say the same.
		for n := range people {
			if _, err := world.Settle(ctx, w.Account(n)); err != nil {
				r.Fatal(err)
			}
			settle(n)
		}
		world.Clock.Advance(directory.LastPause)
		if _, err := world.Deliver(ctx); err != nil {
			r.Fatal(err)
		}
		check()
		report, err := world.Reconcile(ctx, "p-staff")
		if err != nil || report.Faults != 0 || report.Pending != 0 || report.Ours != people || report.Theirs != people {
			r.Fatalf("%+v, %v", report, err)
		}
		for n := range people {
			if rec := world.Central.Records()[w.Account(n)]; rec.Open != (model[n].open && model[n].consent && model[n].live) {
				r.Fatalf("the central directory has %d open %t, and the model says %+v", n, rec.Open, model[n])
			}
		}
	})
}

// AT-27: no letter outside ASCII, in any place of an address, finds somebody else's
// address; and a name of look-alikes is no name.
func TestNoLookAlikeFindsAnothersAddress(t *testing.T) {
	world := w.New(t, nil)
	p := w.Person(1, "Isıl", "Ak")
	world.Consents.Give(w.Holder(1), privacy.DirectoryEntry)
	world.Enter(t, 1, p, true)
	whole := p.Address.String()
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		for _, at := range []int{0, 1, len("kisi.no.1"), len(whole)} {
			for _, typed := range []string{whole[:at] + string(r) + whole[at:], whole[:at] + string(r) + whole[min(at+1, len(whole)):]} {
				q, problems := directory.Read(directory.KeyAddress, directory.ToSend, map[string]string{directory.InAddress: typed})
				if len(problems) == 0 && r != 0xA0 {
					t.Fatalf("U+%04X at %d was taken as %s", r, at, q.Address().Pseudonym())
				}
			}
		}
	}
	for typed, found := range map[string]bool{"kisi.no.1@hs90.kep.test": true, "KISI.NO.1@HS90.KEP.TEST": true, "kisi.no.1@hs91.kep.test": false, "kisi.no.l@hs90.kep.test": false, "kisi.n0.1@hs90.kep.test": false} {
		q, problems := directory.Read(directory.KeyAddress, directory.ToSend, map[string]string{directory.InAddress: typed})
		if len(problems) > 0 {
			t.Fatal(typed, problems)
		}
		if a := ask(t, world, q); (a.Outcome == directory.Found) != found {
			t.Errorf("%s: %s", typed, a.Outcome)
		}
	}
	// Cyrillic, full width, styled and long letters.
	for _, given := range []string{"Іsıl", "Ｉsıl", "𝐈sıl", "Iſıl", "Isıl\u200d", "Isı\u0131\u0307l\u202e"} {
		if _, problems := directory.Read(directory.KeyName, directory.ToSend, map[string]string{directory.InGiven: given, directory.InFamily: "Ak"}); len(problems) == 0 && given != "Isıl" {
			t.Errorf("%+q was taken as a name", given)
		}
	}
}

// AT-15: what was resolved stays what it was, while accounts of one address close
// and open again: account, holder and time agree, and a version is never another.
// Run with -race.
func TestARecipientIsResolvedOnceAndForAll(t *testing.T) {
	world := w.New(t, nil)
	const addresses, turns = 4, 60
	seed := uint64(time.Now().UnixNano())
	t.Log("seed", seed)
	type owner struct {
		account rem.AccountID
		holder  rem.PersonID
	}
	var mu sync.Mutex
	owners := map[rem.AccountID]owner{}
	var writing, reading sync.WaitGroup
	done := make(chan struct{})
	for a := range addresses {
		writing.Go(func() {
			for turn := range turns {
				n := 1000*(a+1) + turn
				p := w.Person(a, "Ali", "Veli")
				by := directory.By{Actor: rem.Actor{Account: w.Account(n), Holder: w.Holder(a), Person: w.Holder(a)}, Role: privacy.AsHolder}
				mu.Lock()
				owners[w.Account(n)] = owner{w.Account(n), w.Holder(a)}
				mu.Unlock()
				if _, err := world.Directory.Enter(t.Context(), by, directory.Entry{Account: w.Account(n), Holder: w.Holder(a), Particulars: p}); err != nil {
					t.Error(err)
				}
				// Somebody else wants the address all the time.
				thief := directory.By{Actor: rem.Actor{Account: "a-thief", Holder: "p-thief", Person: "p-thief"}, Role: privacy.AsHolder}
				if _, err := world.Directory.Enter(t.Context(), thief, directory.Entry{Account: rem.AccountID(fmt.Sprint("a-thief-", n)), Holder: "p-thief", Particulars: p}); !errors.Is(err, directory.ErrTaken) {
					t.Errorf("another got the address: %v", err)
				}
				world.Clock.Advance(time.Millisecond)
				if _, err := world.Close(t.Context(), by, w.Account(n)); err != nil {
					t.Error(err)
				}
				world.Clock.Advance(time.Millisecond)
			}
		})
	}
	resolved := 0
	for i := range 4 {
		reading.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(i)))
			for {
				select {
				case <-done:
					return
				default:
				}
				a := w.Person(random.IntN(addresses), "Ali", "Veli").Address
				v, err := world.Resolve(t.Context(), a, world.Clock.Now())
				if errors.Is(err, directory.ErrNotFound) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				o := owners[v.Account]
				resolved++
				mu.Unlock()
				again, err := world.Store.Version(t.Context(), v.ID)
				if err != nil || v.Address != a || o.account != v.Account || o.holder != v.Holder || again.Account != v.Account || again.Holder != v.Holder || again.State != v.State || !again.From.Equal(v.From) {
					t.Errorf("resolved to %v, then %v, %v; it is %v's", v, again, err, o)
					return
				}
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	if resolved < turns {
		t.Errorf("only %d were resolved: the test shows little", resolved)
	}
	// The past stays: each address has had its accounts in their order.
	for a := range addresses {
		v, err := world.Resolve(t.Context(), w.Person(a, "Ali", "Veli").Address, world.Clock.Now())
		if err != nil || v.Account != w.Account(1000*(a+1)+turns-1) || v.State != directory.Closed {
			t.Errorf("%d: %v, %v", a, v.Account, err)
		}
	}
}
