package personledgertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rem"
	"rem/person"
	"rem/person/application"
	"rem/privacy"
)

// Run checks every promise of application.Ledger. open returns an empty ledger
// and sees to its end.
func Run(t *testing.T, open func(t *testing.T) application.Ledger) {
	t.Run("addresses", func(t *testing.T) {
		RunAddresses(t, func(t *testing.T) person.Addresses { return open(t) })
	})
	for _, c := range []struct {
		name string
		run  func(t *testing.T, k *Kit, l application.Ledger)
	}{
		{"every kind comes to its account, and each move may be made again", journeys},
		{"an intention stands until its step", intentions},
		{"the same step again changes nothing, and another in its place is lost", steps},
		{"a step whose address is taken is not made", taken},
		{"an address is given back at every end but one", ends},
		{"what is not there is not found", notFound},
		{"those that wait are listed, longest first", waiting},
		{"deadlines come in order", deadlines},
		{"of many who take a case up one gets it", oneWins},
		{"of many who want an address one gets it", oneAddress},
		{"the history tells how the view came to be", history},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, NewKit(t), open(t)) })
	}
}

// Same fails the test unless both are equal; sealed values by their bytes.
func Same(t testing.TB, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.AllowUnexported(rem.Address{}),
		cmp.Comparer(func(a, b privacy.SealedValue) bool { return a.Equal(b) })); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func view(t testing.TB, l application.Ledger, n int) application.View {
	t.Helper()
	v, err := l.Application(context.Background(), ID(n))
	must(t, err)
	return v
}

func addressState(t testing.TB, l application.Ledger, v application.View, want person.AddressState) {
	t.Helper()
	e, err := l.Address(context.Background(), v.Submitted.Address, At.AddDate(1, 0, 0))
	must(t, err)
	if e.State != want {
		t.Errorf("%s: its address is %s, want %s", v.State, e.State, want)
	}
}

func journeys(t *testing.T, k *Kit, l application.Ledger) {
	n := 0
	for _, kind := range person.Kinds() {
		for _, represented := range []bool{false, true} {
			if represented && kind != person.Natural {
				continue
			}
			n++
			for _, m := range k.Journey(n, kind, represented) {
				for range 2 {
					if err := m.Do(t.Context(), l); err != nil {
						t.Fatalf("%s, %s: %v", kind, m.Name, err)
					}
				}
			}
			v := view(t, l, n)
			if v.State != application.Activated || v.Account != application.AccountOf(ID(n)) || !v.Due.IsZero() {
				t.Errorf("%s: %s, account %s, due %v", kind, v.State, v.Account, v.Due)
			}
			addressState(t, l, v, person.AddressAssigned)
			o, err := application.OpeningOf(v)
			if err != nil || o.IsZero() || o.View().ID != v.ID {
				t.Errorf("%s: no opening: %v", kind, err)
			}
		}
	}
	if left, err := l.Unfinished(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("unfinished: %v, %v", left, err)
	}
}

func intentions(t *testing.T, k *Kit, l application.Ledger) {
	ctx := t.Context()
	v := k.Walk(t, l, 1, person.Natural, "hand in")
	in := func(key, body string, at time.Time) application.Intention {
		return application.Intention{Key: key, Application: v.ID, At: at, Body: []byte(body)}
	}
	firstOne, err := l.Intend(ctx, in("k1", "first", At))
	must(t, err)
	again, err := l.Intend(ctx, in("k1", "second", At.Add(time.Hour)))
	must(t, err)
	Same(t, "the second of one key", firstOne, again)
	_, err = l.Intend(ctx, in("k2", "two", At))
	must(t, err)
	list, err := l.Unfinished(ctx)
	must(t, err)
	Same(t, "unfinished", []application.Intention{in("k1", "first", At), in("k2", "two", At)}, list)
	must(t, l.Abandon(ctx, "k2"))
	must(t, l.Abandon(ctx, "never there"))
	s, err := k.Rules.Found(v, Record(&v, "staff-o", At.Add(24*time.Hour)), Officer, At.Add(24*time.Hour))
	must(t, err)
	must(t, l.Commit(ctx, s.Resolving("k1")))
	if list, err = l.Unfinished(ctx); err != nil || len(list) > 0 {
		t.Errorf("still unfinished: %v, %v", list, err)
	}
	if _, err := l.Intend(ctx, in("k1", "anew", At)); err != nil {
		t.Error(err)
	}
	is(t, "a step that lost", l.Commit(ctx, mustStep(t)(k.Rules.Withdraw(v, Person, At.Add(48*time.Hour))).Resolving("k1")), application.ErrMoved)
	if list, err = l.Unfinished(ctx); err != nil || len(list) != 1 {
		t.Errorf("a lost step resolved its intention: %v, %v", list, err)
	}
}

func mustStep(t testing.TB) func(application.Step, error) application.Step {
	return func(s application.Step, err error) application.Step {
		t.Helper()
		must(t, err)
		return s
	}
}

func steps(t *testing.T, k *Kit, l application.Ledger) {
	ctx := t.Context()
	if err := l.Commit(ctx, application.Step{}); err == nil {
		t.Error("a step that nobody decided was taken")
	}
	begin := mustStep(t)(k.Rules.Begin(ID(1), person.Natural, Notice, Person, At))
	for range 2 {
		must(t, l.Commit(ctx, begin))
	}
	is(t, "another beginning", l.Commit(ctx, mustStep(t)(k.Rules.Begin(ID(1), person.Public, Notice, Person, At))), application.ErrMoved)
	v := k.Walk(t, l, 1, person.Natural, "submit")
	before := v
	choose := mustStep(t)(k.Rules.Choose(v, "office", Person, At.Add(9*time.Hour)))
	withdraw := mustStep(t)(k.Rules.Withdraw(v, Person, At.Add(9*time.Hour)))
	for range 2 {
		must(t, l.Commit(ctx, choose))
	}
	chosen := view(t, l, 1)
	is(t, "from a state that is over", l.Commit(ctx, withdraw), application.ErrMoved)
	must(t, l.Commit(ctx, choose))
	Same(t, "the view", chosen, view(t, l, 1))
	Same(t, "the view before", application.Submitted, before.State)
	addressState(t, l, chosen, person.AddressReserved)
}

func taken(t *testing.T, k *Kit, l application.Ledger) {
	ctx := t.Context()
	k.Walk(t, l, 1, person.Natural, "submit")
	v := k.Walk(t, l, 2, person.Natural, "save")
	h, err := k.Handing(ctx, 1, person.Natural, false) // the address of the first
	must(t, err)
	h.Header.Application = v.ID
	s := mustStep(t)(k.Rules.Submit(v, h, Person, At.Add(9*time.Hour)))
	is(t, "an address that is reserved", l.Commit(ctx, s), person.ErrTaken)
	Same(t, "the view", v, view(t, l, 2))
	must(t, l.Commit(ctx, mustStep(t)(k.Rules.Withdraw(view(t, l, 1), Person, At.Add(9*time.Hour)))))
	must(t, l.Commit(ctx, s))
	addressState(t, l, view(t, l, 2), person.AddressReserved)
}

func ends(t *testing.T, k *Kit, l application.Ledger) {
	ctx, late := t.Context(), At.AddDate(1, 0, 0)
	for n, end := range []func(v application.View) (application.Step, error){
		func(v application.View) (application.Step, error) {
			return k.Rules.Withdraw(v, Person, At.Add(99*time.Hour))
		},
		func(v application.View) (application.Step, error) {
			return k.Rules.Refuse(v, application.NotShown, Officer, late)
		},
		func(v application.View) (application.Step, error) { return k.Rules.Expire(v, Clock, late) },
	} {
		v := k.Walk(t, l, n, person.Natural, "choose")
		addressState(t, l, v, person.AddressReserved)
		must(t, l.Commit(ctx, mustStep(t)(end(v))))
		v = view(t, l, n)
		if !v.State.Final() || !v.Due.IsZero() {
			t.Errorf("%s is no end, or something is due", v.State)
		}
		addressState(t, l, v, person.AddressFree)
	}
}

func notFound(t *testing.T, k *Kit, l application.Ledger) {
	_, err := l.Application(t.Context(), ID(1))
	is(t, "Application", err, application.ErrNotFound)
	_, err = l.History(t.Context(), ID(1))
	is(t, "History", err, application.ErrNotFound)
	other := NewMemory()
	v := k.Walk(t, other, 1, person.Natural, "save")
	is(t, "a step of another ledger", l.Commit(t.Context(), mustStep(t)(k.Rules.Withdraw(v, Person, At.Add(9*time.Hour)))), application.ErrNotFound)
}

func waiting(t *testing.T, k *Kit, l application.Ledger) {
	ctx := t.Context()
	for _, n := range []int{3, 1, 2} {
		k.Walk(t, l, n, person.Natural, "choose")
	}
	k.Walk(t, l, 4, person.Natural, "submit")
	list, err := l.Waiting(ctx, application.Pending, "", 10)
	must(t, err)
	Same(t, "pending", []person.ApplicationID{ID(1), ID(2), ID(3)}, list)
	// Papers that come in do not send it to the end of the queue.
	v := view(t, l, 1)
	must(t, l.Commit(ctx, mustStep(t)(k.Rules.HandIn(v, AllPapers(&v, At), Officer, At.Add(90*time.Hour)))))
	list, err = l.Waiting(ctx, application.Pending, "", 2)
	must(t, err)
	Same(t, "the first two", []person.ApplicationID{ID(1), ID(2)}, list)
	list, err = l.Waiting(ctx, application.Pending, ID(2), 10)
	must(t, err)
	Same(t, "after the second", []person.ApplicationID{ID(3)}, list)
	list, err = l.Waiting(ctx, application.InReview, "", 10)
	must(t, err)
	Same(t, "in review", []person.ApplicationID{}, list)
}

func deadlines(t *testing.T, k *Kit, l application.Ledger) {
	ctx := t.Context()
	early := k.Walk(t, l, 1, person.Natural, "begin")
	late := k.Walk(t, l, 2, person.Natural, "choose")
	k.Walk(t, l, 3, person.Natural, "activate")
	if !early.Due.Before(late.Due) {
		t.Fatalf("due %v and %v", early.Due, late.Due)
	}
	list, next, err := l.Due(ctx, early.Due.Add(-time.Second), 10)
	must(t, err)
	if len(list) > 0 || !next.Equal(early.Due) {
		t.Errorf("before anything is due: %v, %v", list, next)
	}
	list, next, err = l.Due(ctx, late.Due, 1)
	must(t, err)
	if !slices.Equal(list, []person.ApplicationID{ID(1)}) || !next.Equal(late.Due) {
		t.Errorf("the first: %v, %v", list, next)
	}
	list, next, err = l.Due(ctx, late.Due, 10)
	must(t, err)
	if !slices.Equal(list, []person.ApplicationID{ID(1), ID(2)}) || !next.IsZero() {
		t.Errorf("all: %v, %v", list, next)
	}
}

func oneWins(t *testing.T, k *Kit, l application.Ledger) {
	v := k.Walk(t, l, 1, person.Natural, "identify")
	const many = 16
	var wg sync.WaitGroup
	won := make(chan rem.PersonID, many)
	for i := range many {
		who := By(rem.PersonID(fmt.Sprint("staff-p", i)), application.Approver)
		s := mustStep(t)(k.Rules.TakeUp(v, who, At.Add(99*time.Hour)))
		wg.Go(func() {
			switch err := l.Commit(t.Context(), s); {
			case err == nil:
				won <- who.Actor.Person
			case !errors.Is(err, application.ErrMoved):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Fatalf("%d won", len(won))
	}
	if v := view(t, l, 1); v.Reviewer != <-won || v.State != application.InReview {
		t.Errorf("%s, reviewed by %s", v.State, v.Reviewer)
	}
}

func oneAddress(t *testing.T, k *Kit, l application.Ledger) {
	const many = 16
	var wg sync.WaitGroup
	won := make(chan person.ApplicationID, many)
	for n := range many {
		v := k.Walk(t, l, n, person.Natural, "save")
		h, err := k.Handing(t.Context(), 0, person.Natural, false)
		must(t, err)
		h.Header.Application = v.ID
		s := mustStep(t)(k.Rules.Submit(v, h, Person, At.Add(9*time.Hour)))
		wg.Go(func() {
			switch err := l.Commit(t.Context(), s); {
			case err == nil:
				won <- v.ID
			case !errors.Is(err, person.ErrTaken):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Fatalf("%d won", len(won))
	}
}

func history(t *testing.T, k *Kit, l application.Ledger) {
	v := k.Walk(t, l, 1, person.Private, "activate")
	list, err := l.History(t.Context(), v.ID)
	must(t, err)
	var told application.View
	var names []application.Event
	for i, d := range list {
		if d.Number != i+1 || d.From != told.State {
			t.Errorf("step %d has number %d and comes from %q", i+1, d.Number, d.From)
		}
		told = told.After(d)
		names = append(names, d.On)
	}
	Same(t, "what the history tells", v, told)
	Same(t, "the events", []application.Event{application.Begin, application.Save, application.Submit, application.Choose, application.HandIn,
		application.Identify, application.TakeUp, application.Approve, application.Activate}, names)
}
