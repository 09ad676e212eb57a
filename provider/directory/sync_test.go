package directory_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rem"
	w "rem/internal/testkit/directorytest"
	"rem/person"
	"rem/privacy"
	"rem/provider/directory"
)

func deliver(t *testing.T, world *w.World, want int) {
	t.Helper()
	if n, err := world.Deliver(t.Context()); err != nil || n != want {
		t.Errorf("told %d, %v; want %d", n, err, want)
	}
}

// REQ-76, REQ-77: each change is told in its order, with the choice itself and with
// the identity number, which no asker gets.
func TestTheCentralDirectoryIsToldEachChange(t *testing.T) {
	world := w.New(t, nil)
	woken := 0
	world.Config.Wake = func() { woken++ }
	world.Again(t)
	world.Consents.Give(w.Holder(1), directory.ConsentsOf(person.Natural)...)
	var told []string
	world.Central.Took = func(r directory.Record) {
		has := func(f directory.Field) bool {
			return slices.ContainsFunc(r.Values, func(v directory.Value) bool { return v.Field == f && v.Text != "" })
		}
		told = append(told, fmt.Sprint(r.Account, " ", r.Number, " ", r.State, " open ", r.Open, " number ", has(directory.Identity) || has(directory.MERSIS), " phone ", has(directory.Phone)))
	}
	world.Enter(t, 1, w.Person(1, "Ali", "Veli"), false)
	world.Enter(t, 2, w.Company(2, "Bir A.Ş."), false)
	deliver(t, world, 2)
	if _, err := world.SetOpen(t.Context(), w.By(1), w.Account(1), true); err != nil {
		t.Fatal(err)
	}
	deliver(t, world, 1)
	world.Consents.Withdraw(w.Holder(1), directory.ConsentsOf(person.Natural)...)
	if _, err := world.Settle(t.Context(), w.Account(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := world.Close(t.Context(), w.By(1), w.Account(1)); err != nil {
		t.Fatal(err)
	}
	deliver(t, world, 2)
	deliver(t, world, 0)
	want := []string{
		"a-00000001 1 live open false number true phone true", "a-00000002 1 live open true number true phone false",
		"a-00000001 2 live open true number true phone true", "a-00000001 3 live open false number true phone false", "a-00000001 4 closed open false number true phone false",
	}
	if !slices.Equal(told, want) {
		t.Errorf("got  %s\nwant %s", strings.Join(told, "\n     "), strings.Join(want, "\n     "))
	}
	if woken != 5 {
		t.Errorf("woken %d times by 5 changes", woken)
	}
	if head, err := world.VerifyTransactions(t.Context()); err != nil || head.Number != 5 {
		t.Errorf("%+v, %v", head, err)
	}
}

// P-05: what was withdrawn before it was sent is not sent, though the change that
// published it still waits.
func TestWhatWasWithdrawnIsNotSentLate(t *testing.T) {
	world := w.New(t, nil)
	world.Consents.Give(w.Holder(1), directory.ConsentsOf(person.Natural)...)
	world.Enter(t, 1, w.Person(1, "Ali", "Veli"), true)
	world.Consents.Withdraw(w.Holder(1), directory.ConsentsOf(person.Natural)...)
	world.Central.Took = func(r directory.Record) {
		if r.Open || slices.ContainsFunc(r.Values, func(v directory.Value) bool { return v.Field == directory.Phone }) {
			t.Errorf("told of version %d: open %t", r.Number, r.Open)
		}
	}
	deliver(t, world, 1)
	if _, err := world.Settle(t.Context(), w.Account(1)); err != nil {
		t.Fatal(err)
	}
	deliver(t, world, 1)
	// The choice alone is taken back, the consent stands.
	world.Consents.Give(w.Holder(2), privacy.DirectoryEntry)
	world.Enter(t, 2, w.Person(2, "Ali", "Veli"), true)
	if _, err := world.SetOpen(t.Context(), w.By(2), w.Account(2), false); err != nil {
		t.Fatal(err)
	}
	deliver(t, world, 2)
}

// REQ-77: an account whose change is not taken holds up nobody else, keeps its order,
// and is tried again ever later; the lag says so.
func TestWhatIsNotTakenIsToldAgain(t *testing.T) {
	world := w.New(t, nil)
	world.Enter(t, 1, w.Company(1, "Bir A.Ş."), false)
	lag := func(want time.Duration, waiting int) {
		t.Helper()
		if d, n, err := world.Lag(t.Context()); err != nil || d != want || n != waiting {
			t.Errorf("lag %v of %d, %v; want %v of %d", d, n, err, want, waiting)
		}
	}
	lag(0, 1)
	world.Central.Fail(directory.ErrAway, nil)
	pause := directory.FirstPause
	waited := time.Duration(0)
	for range 12 {
		deliver(t, world, 0)
		keys := len(world.Central.Keys())
		world.Clock.Advance(pause - time.Millisecond)
		deliver(t, world, 0)
		if len(world.Central.Keys()) != keys {
			t.Fatal("asked before its time")
		}
		world.Clock.Advance(time.Millisecond)
		waited += pause
		pause = min(2*pause, directory.LastPause)
		lag(waited, 1)
	}
	world.Central.Fail(nil, nil)
	world.Enter(t, 2, w.Company(2, "İki A.Ş."), false)
	deliver(t, world, 2)
	lag(0, 0)
	results := map[string]int{}
	err := world.Store.TransactionChain(t.Context(), func(b []byte) error {
		tx, err := directory.ParseTransaction(b)
		results[tx.Result]++
		return err
	})
	if err != nil || results["away"] != 12 || results["done"] != 2 {
		t.Errorf("%v, %v", results, err)
	}
}

// REQ-77: every effect of telling fails once, before and behind it, with a
// restart; in the end each change was told, under one key, and both say the same.
func TestACrashAtEachEffectOfTellingLosesNothing(t *testing.T) {
	for _, at := range []string{"put", "put, answer lost", "told", "told, answer lost", "untold", "due"} {
		for n := range 6 {
			t.Run(fmt.Sprint(at, " ", n), func(t *testing.T) {
				store := &failing{Store: w.NewMemory(), at: at, n: n}
				world := w.New(t, store)
				world.Consents.Give(w.Holder(1), directory.ConsentsOf(person.Natural)...)
				world.Enter(t, 1, w.Person(1, "Ali", "Veli"), true)
				world.Enter(t, 2, w.Company(2, "Bir A.Ş."), false)
				if _, err := world.SetOpen(t.Context(), w.By(1), w.Account(1), false); err != nil {
					t.Fatal(err)
				}
				puts := 0
				world.Central.Took = func(directory.Record) { puts++ }
				switch at {
				case "put", "untold":
					world.Central.Fail(directory.ErrAway, nil)
				case "put, answer lost":
					world.Central.Fail(nil, directory.ErrAway)
				}
				for range n%3 + 1 {
					_, _ = world.Deliver(t.Context())
				}
				world.Central.Fail(nil, nil)
				for range 8 {
					world.Again(t)
					_, _ = world.Deliver(t.Context())
					world.Clock.Advance(directory.LastPause)
				}
				if n == 0 && store.calls == 0 && !strings.HasPrefix(at, "put") {
					t.Error("nothing failed")
				}
				report, err := world.Reconcile(t.Context(), "p-staff")
				if err != nil || report.Faults+report.Pending != 0 || report.Ours != 2 || report.Theirs != 2 {
					t.Errorf("%+v, %v", report, err)
				}
				keys := world.Central.Keys()
				if distinct := slices.Compact(slices.Sorted(slices.Values(keys))); len(distinct) != 3 {
					t.Errorf("told under %d keys: %q", len(distinct), keys)
				}
				if _, err := world.VerifyTransactions(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// failing is a store whose n-th call of a kind fails, before or behind it.
type failing struct {
	directory.Store
	at    string
	n     int
	calls int
}

var errCrash = errors.New("crash")

func (f *failing) effect(name string, do func() error) error {
	if f.at != name && f.at != name+", answer lost" {
		return do()
	}
	f.calls++
	if f.calls != f.n+1 {
		return do()
	}
	if f.at == name {
		return errCrash
	}
	return errors.Join(do(), errCrash)
}

func (f *failing) Told(ctx context.Context, n uint64, s directory.Sent, t directory.Transaction) error {
	return f.effect("told", func() error { return f.Store.Told(ctx, n, s, t) })
}

func (f *failing) Untold(ctx context.Context, n uint64, due time.Time, t directory.Transaction) error {
	return f.effect("untold", func() error { return f.Store.Untold(ctx, n, due, t) })
}

func (f *failing) Due(ctx context.Context, now time.Time, limit int) (list []directory.Outgoing, err error) {
	err = f.effect("due", func() (err error) { list, err = f.Store.Due(ctx, now, limit); return err })
	return list, err
}

// REQ-77, REQ-78: what differs is found and told again; what nobody here knows is
// reported.
func TestBothDirectoriesAreHeldAgainstEachOther(t *testing.T) {
	world := w.New(t, nil)
	for n := range 700 {
		world.Enter(t, n, w.Company(n, fmt.Sprint("Firma ", n, " A.Ş.")), false)
	}
	deliver(t, world, 700)
	world.Central.Edit(func(have map[rem.AccountID]directory.Record) {
		delete(have, w.Account(0))
		delete(have, w.Account(300))
		delete(have, w.Account(699))
		other := have[w.Account(5)]
		other.Values = slices.Clone(other.Values)
		other.Values[1].Text += " değişik"
		have[w.Account(5)] = other
		open := have[w.Account(6)]
		open.Open = false
		have[w.Account(6)] = open
		for _, a := range []rem.AccountID{"a", "a-00000300-x", "z"} {
			have[a] = directory.Record{Account: a, Number: 1, State: directory.Live, Kind: person.Private}
		}
	})
	report, err := world.Reconcile(t.Context(), "p-staff")
	if err != nil {
		t.Fatal(err)
	}
	same := func(what string, got []rem.AccountID, want ...rem.AccountID) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	same("missing", report.Missing, w.Account(0), w.Account(300), w.Account(699))
	same("extra", report.Extra, "a", "a-00000300-x", "z")
	same("different", report.Different, w.Account(5), w.Account(6))
	if report.Ours != 700 || report.Theirs != 700 || report.Faults != 8 || report.By != "p-staff" {
		t.Errorf("%d ours, %d theirs, %d faults, by %s", report.Ours, report.Theirs, report.Faults, report.By)
	}
	if opened := len(world.Vault.Log.Entries()); opened != 700 {
		t.Errorf("%d access entries: comparing opened something", opened)
	}
	if err := world.Repair(t.Context(), report); err != nil {
		t.Fatal(err)
	}
	deliver(t, world, 5)
	report, err = world.Reconcile(t.Context(), "p-staff")
	if err != nil || len(report.Missing)+len(report.Different) != 0 || len(report.Extra) != 3 {
		t.Errorf("after repair: %+v, %v", report, err)
	}
	// A list that is not in its order would never end.
	world.Config.Central = unordered{world.Central}
	world.Again(t)
	if _, err := world.Reconcile(t.Context(), "p-staff"); err == nil {
		t.Error("a list without order was taken")
	}
}

type unordered struct{ directory.Central }

func (u unordered) List(ctx context.Context, key string, after rem.AccountID, limit int) ([]directory.Record, error) {
	list, err := u.Central.List(ctx, key, after, limit)
	slices.Reverse(list)
	return list, err
}

// REQ-49, REQ-78: accounts of other providers are asked about at the central
// directory, and that it was asked is recorded.
func TestOthersAreAskedAboutAtTheCentralDirectory(t *testing.T) {
	world := w.New(t, nil)
	other := rem.MustAddress("bora.can@hs91.kep.test")
	ours := w.Company(1, "Bir A.Ş.")
	world.Enter(t, 1, ours, false)
	world.Central.Others(directory.Result{Kind: person.Natural, Address: other, Central: true}, directory.Result{Kind: person.Private, Address: ours.Address, Central: true})
	a := ask(t, world, directory.ByAddress(other, directory.ToSend))
	if a.Outcome != directory.Found || len(a.Results) != 1 || a.Results[0].Address != other || a.Partial {
		t.Errorf("%s, %d results", a.Outcome, len(a.Results))
	}
	// Ours are answered by us alone.
	if a := ask(t, world, directory.ByMERSIS(ours.MERSIS, directory.ToSend)); len(a.Results) != 2 || a.Results[0].Central || a.Results[1].Address != other {
		t.Errorf("%d results", len(a.Results))
	}
	list, err := world.Check(t.Context(), w.Asker(900), directory.ToSend, []rem.Address{other, ours.Address})
	if err != nil || !slices.Equal(list, []directory.Status{directory.Exists, directory.Exists}) {
		t.Errorf("%v, %v", list, err)
	}
	world.Central.Fail(directory.ErrAway, nil)
	if a := ask(t, world, directory.ByAddress(other, directory.ToSend)); a.Outcome != directory.None || !a.Partial {
		t.Errorf("away: %s, partial %t", a.Outcome, a.Partial)
	}
	list, err = world.Check(t.Context(), w.Asker(900), directory.ToSend, []rem.Address{other, ours.Address})
	if err != nil || !slices.Equal(list, []directory.Status{directory.NotAnswered, directory.Exists}) {
		t.Errorf("away: %v, %v", list, err)
	}
	finds := 0
	if err := world.Store.TransactionChain(t.Context(), func(b []byte) error {
		tx, err := directory.ParseTransaction(b)
		if tx.Act == directory.ActFind && tx.Person != "" && tx.Use == directory.ToSend && tx.Asked != (privacy.IndexToken{}) {
			finds++
		}
		return err
	}); err != nil || finds != 5 {
		t.Errorf("%d recorded, %v", finds, err)
	}
	world.Config.Central = nil
	world.Again(t)
	if a := ask(t, world, directory.ByAddress(other, directory.ToSend)); a.Outcome != directory.None || !a.Partial {
		t.Errorf("without one: %s, partial %t", a.Outcome, a.Partial)
	}
}

// An access to sealed values stands in the log in the name of whoever changed the
// record; the program itself opens nothing for its own sake (P-21).
func TestSendingOpensInTheNameOfWhoChanged(t *testing.T) {
	world := w.New(t, nil)
	c := w.Company(2, "Bir A.Ş.")
	p := w.Person(1, "Ali", "Veli")
	c.Operators = []directory.Operator{{Person: w.Holder(1), Given: p.Given, Family: p.Family}}
	world.Consents.Give(w.Holder(1), privacy.DirectoryOperator)
	by := directory.By{Actor: rem.Actor{Person: "p-officer"}, Role: privacy.AsApprover, Case: "app-7"}
	if _, err := world.Directory.Enter(t.Context(), by, directory.Entry{Account: w.Account(2), Holder: w.Holder(2), Particulars: c}); err != nil {
		t.Fatal(err)
	}
	deliver(t, world, 1)
	entries := world.Vault.Log.Entries()
	if len(entries) != 2 {
		t.Fatalf("%d entries", len(entries))
	}
	for _, e := range entries {
		if e.Actor != "p-officer" || e.Role != privacy.AsApprover || e.Case != "app-7" || e.Purpose != privacy.DirectoryEntry {
			t.Errorf("%+v", e)
		}
	}
}
