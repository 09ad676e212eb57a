package personstore_test

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"rem"
	"rem/edge/personstore"
	"rem/internal/testkit/personledgertest"
	"rem/person/application"
	"rem/privacy"
)

// standing is everything that a store says about an application, but for sealed
// bytes, which differ each time.
func standing(t testing.TB, s *personstore.Store, n int) string {
	t.Helper()
	ctx, id := t.Context(), personledgertest.ID(n)
	fatal := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	v, err := s.Application(ctx, id)
	fatal(err)
	history, err := s.History(ctx, id)
	fatal(err)
	var again application.View
	for _, d := range history {
		again = again.After(d)
	}
	personledgertest.Same(t, "the view that the history tells", again, v)
	unfinished, err := s.Unfinished(ctx)
	fatal(err)
	counts, err := s.Counts(ctx)
	fatal(err)
	list, err := s.List(ctx, application.Filter{State: v.State}, application.Place{}, 9)
	fatal(err)
	of, err := s.Of(ctx, "per-a", 9)
	fatal(err)
	due, next, err := s.Due(ctx, personledgertest.At, 9)
	fatal(err)
	var b strings.Builder
	write := func(name string, x any) {
		leaves(reflect.ValueOf(x), name, func(path string, v reflect.Value) {
			switch x := v.Interface().(type) {
			case privacy.SealedValue:
				fmt.Fprintln(&b, path, !x.IsZero())
			case rem.Address:
				fmt.Fprintln(&b, path, x.String())
			default:
				fmt.Fprintln(&b, path, x)
			}
		})
	}
	write("view", v)
	write("history", history)
	write("unfinished", unfinished)
	for _, state := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintln(&b, "counts", state, counts[state])
	}
	write("list", list)
	write("of", of)
	fmt.Fprintln(&b, "due", due, next)
	first, second := personledgertest.DetourAddresses(n)
	for _, a := range []rem.Address{first, second} {
		e, err := s.Address(ctx, a, personledgertest.At.AddDate(1, 0, 0))
		fatal(err)
		write("address", e)
	}
	return b.String()
}

// Every durable step of the longest journey fails, once before it is made and
// once after, and the process ends there. The next one opens the same file, makes
// the journey again and comes to the same end (REQ-9).
func TestAJourneySurvivesEveryEndOfItsProcess(t *testing.T) {
	k := personledgertest.NewKit(t)
	crash := errors.New("the process ends")
	seen := map[application.Event]bool{}
	for _, end := range personledgertest.DetourEnds {
		effects := 0
		s := open(t, t.TempDir(), personstore.Options{Effect: func(string) error { effects++; return nil }})
		for _, m := range k.Detour(1, end) {
			if err := m.Do(t.Context(), s); err != nil {
				t.Fatalf("%s: %v", m.Name, err)
			}
		}
		want := standing(t, s, 1)
		history, err := s.History(t.Context(), personledgertest.ID(1))
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range history {
			seen[d.On] = true
		}
		if effects < 2*20 {
			t.Fatalf("only %d effects", effects)
		}
		from := 0
		if end != personledgertest.DetourEnds[0] {
			from = effects - 4 // the way to the end is the same
		}
		for at := from; at < effects; at++ {
			dir, n, crashes := t.TempDir(), 0, 0
			o := personstore.Options{Effect: func(string) error {
				if n++; n == at+1 {
					return crash
				}
				return nil
			}}
			for range 2 {
				s := open(t, dir, o)
				for _, m := range k.Detour(1, end) {
					err := m.Do(t.Context(), s)
					if errors.Is(err, crash) {
						crashes++
						break
					}
					if err != nil {
						t.Fatalf("%s, effect %d, %s: %v", end, at, m.Name, err)
					}
				}
				if crashes == 1 && n > at+1 {
					personledgertest.Same(t, fmt.Sprintf("%s, effect %d", end, at), want, standing(t, s, 1))
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
			if crashes != 1 {
				t.Fatalf("%s, effect %d: %d crashes", end, at, crashes)
			}
		}
	}
	for _, on := range application.Events() {
		if !seen[on] {
			t.Errorf("no journey passes %q", on)
		}
	}
}

// A view that this program cannot read is told from the history, and the next
// step writes it anew.
func TestAViewOfAnotherVersionIsToldFromTheHistory(t *testing.T) {
	k, s := personledgertest.NewKit(t), open(t, t.TempDir(), personstore.Options{})
	moves := k.Detour(1, application.Activate)
	id := personledgertest.ID(1)
	for _, m := range moves {
		before, err := s.Application(t.Context(), id)
		if err == nil {
			for _, view := range [][]byte{{99}, {}, []byte("nonsense")} {
				if err := s.Spoil(string(id), view); err != nil {
					t.Fatal(err)
				}
				v, err := s.Application(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				personledgertest.Same(t, "the view", before, v)
			}
		}
		for range 2 {
			if err := m.Do(t.Context(), s); err != nil {
				t.Fatalf("%s: %v", m.Name, err)
			}
		}
	}
	if v, err := s.Application(t.Context(), id); err != nil || v.State != application.Activated {
		t.Errorf("%s, %v", v.State, err)
	}
	standing(t, s, 1)
}
