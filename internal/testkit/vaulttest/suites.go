package vaulttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/privacy"
)

var at = time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)

// A ReadableLog is an access log that subjects can be answered from.
type ReadableLog interface {
	privacy.AccessLog
	Concerning(ctx context.Context, person rem.PersonID, before uint64, limit int) ([]privacy.AccessEntry, error)
}

// RunAccessLog checks what privacy.AccessLog promises, on empty logs from open.
func RunAccessLog(t *testing.T, open func(t *testing.T) ReadableLog) {
	entry := func(person rem.PersonID, actor rem.PersonID) privacy.AccessEntry {
		return privacy.AccessEntry{Act: privacy.Opened, Actor: actor, Account: "a-1", Role: privacy.AsOfficer, Purpose: privacy.Identification,
			Case: "case-1", Person: person, Fields: []privacy.FieldID{"x.Y.Z", "x.Y.W"}}
	}
	t.Run("entries are given back as they were, newest first, with numbers", func(t *testing.T) {
		l := open(t)
		for i := range 5 {
			if err := l.Record(t.Context(), entry("p-1", rem.PersonID(fmt.Sprint("s-", i))), entry("p-2", "s")); err != nil {
				t.Fatal(err)
			}
		}
		got, err := l.Concerning(t.Context(), "p-1", 0, 3)
		if err != nil || len(got) != 3 {
			t.Fatalf("%d entries, %v", len(got), err)
		}
		for i, e := range got {
			want := entry("p-1", rem.PersonID(fmt.Sprint("s-", 4-i)))
			want.Number, want.Time = e.Number, e.Time
			if d := cmp.Diff(want, e); d != "" || e.Number != uint64(9-2*i) {
				t.Errorf("entry %d: %s", e.Number, d)
			}
		}
		rest, err := l.Concerning(t.Context(), "p-1", got[2].Number, 100)
		if err != nil || len(rest) != 2 || rest[0].Number != 3 {
			t.Errorf("the next page: %v, %v", rest, err)
		}
		none, err := l.Concerning(t.Context(), "p-3", 0, 100)
		if err != nil || len(none) != 0 {
			t.Errorf("of nobody: %v, %v", none, err)
		}
	})
	t.Run("an entry that does not say enough is not taken", func(t *testing.T) {
		l := open(t)
		e := entry("p-1", "")
		if err := l.Record(t.Context(), entry("p-1", "s"), e); err == nil {
			t.Error("nobody acted")
		}
		if got, err := l.Concerning(t.Context(), "p-1", 0, 100); err != nil || len(got) != 0 {
			t.Errorf("%v, %v", got, err)
		}
	})
	t.Run("many at once", func(t *testing.T) {
		l := open(t)
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				for range 8 {
					if err := l.Record(context.Background(), entry("p-1", "s")); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		got, err := l.Concerning(t.Context(), "p-1", 0, 1000)
		if err != nil || len(got) != 128 {
			t.Fatalf("%d entries, %v", len(got), err)
		}
		for i, e := range got {
			if e.Number != uint64(128-i) {
				t.Fatalf("entry %d stands at place %d", e.Number, i)
			}
		}
	})
}

// RunKeyStore checks what privacy.KeyStore promises. rotate begins a further
// wrapping key.
func RunKeyStore(t *testing.T, open func(t *testing.T) (k privacy.KeyStore, rotate func())) {
	key, name := bytes.Repeat([]byte{7}, 32), []byte("name")
	t.Run("a wrapped key opens under its name alone", func(t *testing.T) {
		k, _ := open(t)
		w, err := k.Wrap(t.Context(), key, name)
		if err != nil || w.Number != k.Newest() || bytes.Contains(w.Bytes, key) {
			t.Fatalf("%v, %v", w, err)
		}
		if got, err := k.Unwrap(t.Context(), w, name); err != nil || !bytes.Equal(got, key) {
			t.Errorf("%v", err)
		}
		if _, err := k.Unwrap(t.Context(), w, []byte("other")); !errors.Is(err, privacy.ErrWrapped) {
			t.Errorf("under another name: %v", err)
		}
		for i := range w.Bytes {
			b := bytes.Clone(w.Bytes)
			b[i] ^= 1
			if _, err := k.Unwrap(t.Context(), privacy.WrappedKey{Number: w.Number, Bytes: b}, name); !errors.Is(err, privacy.ErrWrapped) {
				t.Fatalf("octet %d changed: %v", i, err)
			}
			if _, err := k.Unwrap(t.Context(), privacy.WrappedKey{Number: w.Number, Bytes: w.Bytes[:i]}, name); !errors.Is(err, privacy.ErrWrapped) {
				t.Fatalf("cut to %d octets: %v", i, err)
			}
		}
		for _, n := range []privacy.KeyNumber{0, w.Number + 1, 1 << 31} {
			if _, err := k.Unwrap(t.Context(), privacy.WrappedKey{Number: n, Bytes: w.Bytes}, name); !errors.Is(err, privacy.ErrNoKey) {
				t.Errorf("number %d: %v", n, err)
			}
		}
	})
	t.Run("after a rotation old keys open and new ones have the new number", func(t *testing.T) {
		k, rotate := open(t)
		before, err := k.Wrap(t.Context(), key, name)
		if err != nil {
			t.Fatal(err)
		}
		use, err := k.IndexKey(t.Context(), "use", 1)
		if err != nil || len(use) != 32 {
			t.Fatalf("%d octets, %v", len(use), err)
		}
		rotate()
		if k.Newest() <= before.Number {
			t.Errorf("the newest is %d, it was %d", k.Newest(), before.Number)
		}
		after, err := k.Wrap(t.Context(), key, name)
		if err != nil || after.Number != k.Newest() {
			t.Errorf("%v, %v", after, err)
		}
		for _, w := range []privacy.WrappedKey{before, after} {
			if got, err := k.Unwrap(t.Context(), w, name); err != nil || !bytes.Equal(got, key) {
				t.Errorf("number %d: %v", w.Number, err)
			}
		}
		if _, err := k.Unwrap(t.Context(), privacy.WrappedKey{Number: after.Number, Bytes: before.Bytes}, name); !errors.Is(err, privacy.ErrWrapped) {
			t.Errorf("under another number: %v", err)
		}
		if again, err := k.IndexKey(t.Context(), "use", 1); err != nil || !bytes.Equal(again, use) {
			t.Error("the key of an index changed with the wrapping key")
		}
	})
	t.Run("each use and version has a key of its own", func(t *testing.T) {
		k, _ := open(t)
		seen := map[string]bool{}
		for _, use := range []string{"a", "b", "a1", ""} {
			for _, version := range []uint32{1, 2, 11, 256} {
				b, err := k.IndexKey(t.Context(), use, version)
				if err != nil || seen[string(b)] {
					t.Errorf("use %q, version %d: the same key as another, or %v", use, version, err)
				}
				seen[string(b)] = true
			}
		}
	})
}

// RunDataKeys checks what privacy.DataKeys promises, on empty stores from open.
func RunDataKeys(t *testing.T, open func(t *testing.T) privacy.DataKeys) {
	const class, other = privacy.AccountClass, privacy.RecordClass
	name := func(person rem.PersonID, serial uint64) privacy.KeyName {
		return privacy.KeyName{Person: person, Class: class, Serial: serial}
	}
	wrapped := func(n int) privacy.WrappedKey {
		return privacy.WrappedKey{Number: privacy.KeyNumber(1 + n/100), Bytes: []byte(fmt.Sprint("wrapped ", n))}
	}
	add := func(t *testing.T, d privacy.DataKeys, n privacy.KeyName, w privacy.WrappedKey) {
		t.Helper()
		if got, err := d.Add(t.Context(), n, w); err != nil || !cmp.Equal(got, w) {
			t.Fatalf("%v, %v", got, err)
		}
	}
	t.Run("the first key of a name stays", func(t *testing.T) {
		d := open(t)
		if _, _, err := d.Newest(t.Context(), "p-1", class); !errors.Is(err, privacy.ErrNoKey) {
			t.Errorf("of nobody: %v", err)
		}
		if _, err := d.Get(t.Context(), name("p-1", 1)); !errors.Is(err, privacy.ErrNoKey) {
			t.Errorf("of nobody: %v", err)
		}
		add(t, d, name("p-1", 1), wrapped(1))
		if got, err := d.Add(t.Context(), name("p-1", 1), wrapped(2)); err != nil || !cmp.Equal(got, wrapped(1)) {
			t.Errorf("a second one: %v, %v", got, err)
		}
		n, got, err := d.Newest(t.Context(), "p-1", class)
		if err != nil || n != name("p-1", 1) || !cmp.Equal(got, wrapped(1)) {
			t.Errorf("%v, %v, %v", n, got, err)
		}
		for _, serial := range []uint64{0, 2, 3} {
			if _, err := d.Add(t.Context(), name("p-1", serial), wrapped(3)); err == nil {
				t.Errorf("key %d follows a living key 1", serial)
			}
		}
		if _, err := d.Add(t.Context(), name("p-2", 2), wrapped(3)); err == nil {
			t.Error("the first key is the second")
		}
	})
	t.Run("a destroyed key stays destroyed, and its record is kept", func(t *testing.T) {
		d := open(t)
		add(t, d, name("p-1", 1), wrapped(1))
		add(t, d, privacy.KeyName{Person: "p-1", Class: other, Serial: 1}, wrapped(2))
		add(t, d, name("p-2", 1), wrapped(3))
		destroy := func(person rem.PersonID, reason string) error {
			return d.Destroy(t.Context(), person, class, at, "staff-1", reason)
		}
		if err := destroy("p-3", "r"); !errors.Is(err, privacy.ErrNoKey) {
			t.Errorf("of nobody: %v", err)
		}
		if err := destroy("p-1", "r-1"); err != nil {
			t.Fatal(err)
		}
		if err := destroy("p-1", "r-2"); !errors.Is(err, privacy.ErrDestroyed) {
			t.Errorf("again: %v", err)
		}
		if _, err := d.Get(t.Context(), name("p-1", 1)); !errors.Is(err, privacy.ErrDestroyed) {
			t.Errorf("getting it: %v", err)
		}
		if n, _, err := d.Newest(t.Context(), "p-1", class); !errors.Is(err, privacy.ErrDestroyed) || n.Serial != 1 {
			t.Errorf("the newest: %v, %v", n, err)
		}
		if _, err := d.Add(t.Context(), name("p-1", 1), wrapped(4)); !errors.Is(err, privacy.ErrDestroyed) {
			t.Errorf("keeping it again: %v", err)
		}
		if err := d.Replace(t.Context(), name("p-1", 1), wrapped(1), wrapped(5)); err != nil {
			t.Errorf("wrapping it anew: %v", err)
		}
		if _, err := d.Get(t.Context(), name("p-1", 1)); !errors.Is(err, privacy.ErrDestroyed) {
			t.Errorf("after that: %v", err)
		}
		for _, n := range []privacy.KeyName{{Person: "p-1", Class: other, Serial: 1}, name("p-2", 1)} {
			if _, err := d.Get(t.Context(), n); err != nil {
				t.Errorf("%v: %v", n, err)
			}
		}
		add(t, d, name("p-1", 2), wrapped(6))
		if n, _, err := d.Newest(t.Context(), "p-1", class); err != nil || n.Serial != 2 {
			t.Errorf("the newest: %v, %v", n, err)
		}
		if _, err := d.Get(t.Context(), name("p-1", 1)); !errors.Is(err, privacy.ErrDestroyed) {
			t.Errorf("the old one: %v", err)
		}
		if err := destroy("p-1", "r-3"); err != nil {
			t.Error(err)
		}
		got, err := d.Destroyed(t.Context(), "p-1")
		want := []privacy.Destruction{{Key: name("p-1", 1), At: at, By: "staff-1", Reason: "r-1"}, {Key: name("p-1", 2), At: at, By: "staff-1", Reason: "r-3"}}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Error(err, diff)
		}
		if got, err := d.Destroyed(t.Context(), "p-2"); err != nil || len(got) != 0 {
			t.Errorf("of another: %v, %v", got, err)
		}
	})
	t.Run("keys are wrapped anew", func(t *testing.T) {
		d := open(t)
		for i := range 10 {
			add(t, d, name(rem.PersonID(fmt.Sprint("p-", i)), 1), wrapped(i))
		}
		names, keys, err := d.Behind(t.Context(), 2, 4)
		if err != nil || len(names) != 4 || len(keys) != 4 {
			t.Fatalf("%d names, %d keys, %v", len(names), len(keys), err)
		}
		if err := d.Replace(t.Context(), names[0], wrapped(99), wrapped(100)); err != nil {
			t.Errorf("of something else: %v", err)
		}
		if got, err := d.Get(t.Context(), names[0]); err != nil || !cmp.Equal(got, keys[0]) {
			t.Errorf("it was replaced: %v, %v", got, err)
		}
		for range 2 { // repeating is harmless
			if err := d.Replace(t.Context(), names[0], keys[0], wrapped(100)); err != nil {
				t.Error(err)
			}
		}
		if got, err := d.Get(t.Context(), names[0]); err != nil || !cmp.Equal(got, wrapped(100)) {
			t.Errorf("it was not: %v, %v", got, err)
		}
		rest, _, err := d.Behind(t.Context(), 2, 100)
		if err != nil || len(rest) != 9 || slices.Contains(rest, names[0]) {
			t.Errorf("%d are behind, %v", len(rest), err)
		}
	})
	t.Run("many make one key", func(t *testing.T) {
		d := open(t)
		var wg sync.WaitGroup
		got := make([]privacy.WrappedKey, 16)
		for i := range got {
			wg.Go(func() {
				var err error
				if got[i], err = d.Add(context.Background(), name("p-1", 1), wrapped(i)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, w := range got {
			if !cmp.Equal(w, got[0]) {
				t.Fatal("two were kept")
			}
		}
	})
}
