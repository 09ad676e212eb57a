package privacy_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"rem/internal/testkit/vaulttest"
	"rem/privacy"
)

// P-21: within a sitting one entry stands for what the same person opens of the same
// fields; it is durable before the first value is opened, and anything else is recorded.
func TestOneEntryStandsForASitting(t *testing.T) {
	w := vaulttest.New(t, register())
	s, other := seal(t, w, "p-1", identityField, secret), seal(t, w, "p-1", nameField, "Işıl")
	mine := officer()
	mine.Role, mine.Actor.Person, mine.Actor.Holder, mine.Sitting = privacy.AsHolder, "p-1", "p-1", "draft 1"
	open := func(a privacy.Access, items ...privacy.Item) error {
		t.Helper()
		_, err := w.OpenAll(context.Background(), a, items)
		return err
	}
	identity, name := privacy.Item{Person: "p-1", Field: identityField, Sealed: s}, privacy.Item{Person: "p-1", Field: nameField, Sealed: other}
	want := func(what string, n int) {
		t.Helper()
		if got := len(w.Log.Entries()); got != n {
			t.Fatalf("%s: %d entries, want %d", what, got, n)
		}
	}
	full := errors.New("no room")
	w.Log.Fail(full)
	if err := open(mine, identity); !errors.Is(err, full) {
		t.Fatalf("without its entry: %v", err)
	}
	w.Log.Fail(nil)
	for range 20 {
		if err := open(mine, identity); err != nil {
			t.Fatal(err)
		}
	}
	want("the same again", 1)
	if open(mine, identity, name) != nil {
		t.Fatal("both")
	}
	want("one more field", 2)
	if open(mine, name) != nil || open(mine, identity) != nil {
		t.Fatal("each")
	}
	want("fields that were named", 2)
	for i, change := range []func(*privacy.Access){
		func(a *privacy.Access) { a.Sitting = "draft 2" }, func(a *privacy.Access) { a.Sitting = "" }, func(a *privacy.Access) { a.Sitting = "" },
		func(a *privacy.Access) { a.Role, a.Actor.Person = privacy.AsOperator, "p-2" }, func(a *privacy.Access) { a.Case = "another" }, func(a *privacy.Access) { a.Actor.Account = "another" },
	} {
		a := mine
		change(&a)
		if err := open(a, identity); err != nil {
			t.Fatal(err)
		}
		want("something else", 3+i)
	}
	// Of staff each look is said.
	staff := officer()
	staff.Sitting = "draft 1"
	for range 2 {
		if err := open(staff, identity); err != nil {
			t.Fatal(err)
		}
	}
	want("staff", 10)
	// An entry stands for an hour, and not for what was before it.
	w.Clock.Advance(privacy.SittingLasts - time.Second)
	if open(mine, identity) != nil {
		t.Fatal()
	}
	want("at the end of the hour", 10)
	w.Clock.Advance(time.Second)
	if open(mine, identity) != nil {
		t.Fatal()
	}
	want("after the hour", 11)
	// What was erased does not open, sitting or not.
	if err := w.Erase(t.Context(), officer(), "p-1", privacy.AccountClass, "account-record-ended"); err != nil {
		t.Fatal(err)
	}
	if err := open(mine, identity); !errors.Is(err, privacy.ErrDestroyed) {
		t.Errorf("after erasing: %v", err)
	}
}
