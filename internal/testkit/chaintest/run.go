package chaintest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rem/privacy/chain"
)

// A Shelf opens stores: Open returns the one store, New at first, and again with
// what was kept as after a restart.
type Shelf struct {
	Name string
	// New returns a function that opens the same store each time; what it
	// opened before is ended.
	New func(t testing.TB) func() chain.Store
}

// InMemory is the shelf of stores in memory.
var InMemory = Shelf{"memory", func(testing.TB) func() chain.Store {
	m := &Memory{}
	return func() chain.Store { return m }
}}

// Run checks every promise of chain.Store.
func Run(t *testing.T, s Shelf) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, open func() chain.Store)
	}{
		{"an empty store has nothing", empty},
		{"entries come back in order, and after a restart", inOrder},
		{"an error of the visitor ends the replay and comes back as it is", visitor},
		{"a context that ended keeps nothing", ended},
		{"large entries", large},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, s.New(t)) })
	}
}

func all(t *testing.T, s chain.Store) (list []string) {
	t.Helper()
	if err := s.Replay(t.Context(), func(e []byte) error { list = append(list, string(e)); return nil }); err != nil {
		t.Fatal(err)
	}
	return list
}

func empty(t *testing.T, open func() chain.Store) {
	s := open()
	if got := all(t, s); len(got) != 0 {
		t.Errorf("%d entries", len(got))
	}
	for _, n := range []uint64{0, 1} {
		if _, err := s.Entry(t.Context(), n); !errors.Is(err, chain.ErrNotFound) {
			t.Errorf("entry %d: %v", n, err)
		}
	}
}

func inOrder(t *testing.T, open func() chain.Store) {
	s := open()
	var want []string
	for i := range 40 {
		if i == 20 {
			s = open()
		}
		e := fmt.Sprintf("entry %d\n", i)
		if err := s.Append(t.Context(), []byte(e)); err != nil {
			t.Fatal(err)
		}
		want = append(want, e)
	}
	for range 2 {
		if d := cmp.Diff(want, all(t, s)); d != "" {
			t.Error(d)
		}
		for n, e := range want {
			got, err := s.Entry(t.Context(), uint64(n+1))
			if err != nil || string(got) != e {
				t.Errorf("entry %d: %q, %v", n+1, got, err)
			}
		}
		s = open()
	}
}

func visitor(t *testing.T, open func() chain.Store) {
	s := open()
	for range 3 {
		if err := s.Append(t.Context(), []byte("x\n")); err != nil {
			t.Fatal(err)
		}
	}
	stop, seen := errors.New("stop"), 0
	if err := s.Replay(t.Context(), func([]byte) error { seen++; return stop }); err != stop || seen != 1 {
		t.Errorf("%v after %d", err, seen)
	}
}

func ended(t *testing.T, open func() chain.Store) {
	s := open()
	ctx, end := context.WithCancel(t.Context())
	end()
	if err := s.Append(ctx, []byte("x\n")); !errors.Is(err, chain.ErrNothingKept) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if got := all(t, open()); len(got) != 0 {
		t.Errorf("%d entries", len(got))
	}
}

func large(t *testing.T, open func() chain.Store) {
	e := bytes.Repeat([]byte("bildirim "), 50_000)
	if err := open().Append(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	got, err := open().Entry(t.Context(), 1)
	if err != nil || !bytes.Equal(got, e) {
		t.Errorf("%d octets, %v", len(got), err)
	}
}
