package happening_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rem"
	"rem/internal/testkit"
	"rem/message"
	"rem/message/happening"
)

// A world is a journal with its ledger and a store, each of whose calls may fail:
// before it did anything, or after.
type world struct {
	clock  *testkit.Clock
	steps  []message.Step
	views  map[rem.MessageID]*message.View
	at     string
	events map[rem.AccountID][]happening.Event
	newest map[rem.AccountID]int64
	fail   func(point string) bool
}

var errCut = errors.New("cut")

func (w *world) Steps(_ context.Context, after string, limit int) ([]message.Step, string, error) {
	if w.fail("steps") {
		return nil, "", errCut
	}
	n, _ := strconv.Atoi(after)
	end := min(len(w.steps), n+min(limit, 3)) // small pages
	if end == n {
		return nil, after, nil
	}
	return w.steps[n:end], strconv.Itoa(end), nil
}

func (w *world) Message(_ context.Context, id rem.MessageID) (*message.View, error) {
	if w.fail("message") {
		return nil, errCut
	}
	if v := w.views[id]; v != nil {
		return v, nil
	}
	return nil, message.ErrNotFound
}

func (w *world) Position(context.Context) (string, error) {
	if w.fail("position") {
		return "", errCut
	}
	return w.at, nil
}

func (w *world) Append(_ context.Context, told []happening.Told, from, to string) error {
	if w.fail("append") {
		return errCut
	}
	if w.at == from {
		for _, x := range told {
			w.newest[x.Account]++
			x.Event.Number = w.newest[x.Account]
			w.events[x.Account] = append(w.events[x.Account], x.Event)
		}
		w.at = to
	}
	if w.fail("appended") {
		return errCut
	}
	return nil
}

func (w *world) After(_ context.Context, a rem.AccountID, after int64, limit int) ([]happening.Event, int64, error) {
	return nil, w.newest[a], nil
}

func (w *world) Forget(_ context.Context, before time.Time) error {
	for a, list := range w.events {
		w.events[a] = slices.DeleteFunc(list, func(e happening.Event) bool { return e.At.Before(before) })
	}
	return nil
}

func (w *world) Watch(rem.AccountID) (<-chan struct{}, func()) { return nil, func() {} }

func newWorld() *world {
	return &world{
		clock: testkit.NewClock(time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)), views: map[rem.MessageID]*message.View{},
		events: map[rem.AccountID][]happening.Event{}, newest: map[rem.AccountID]int64{}, fail: func(string) bool { return false },
	}
}

func (w *world) follower() *happening.Follower {
	return &happening.Follower{Feed: w, Ledger: w, Store: w, Clock: w.clock}
}

// journey puts the whole life of a message from one account to another into the
// journal: submitted, evidence, arrived, opened twice.
func (w *world) journey(n int, from, to rem.AccountID, refused bool) {
	id := rem.MessageID(fmt.Sprint("m-", n))
	now := w.clock.Now()
	rec := message.Record{ID: id, Actor: rem.Actor{Account: from}, Submitted: now, Recipients: []message.Recipient{{Account: to}}}
	evidence := message.Filed{ID: rem.EvidenceID(fmt.Sprint("e-", n)), Recipient: 1, Kind: message.DeliveryNonDeliveryToRecipient, Outcome: message.Positive}
	w.views[id] = &message.View{Record: rec, Filed: []message.Filed{evidence}}
	first := message.Step{Message: id, At: now, New: &rec}
	if refused {
		first.Changes = []message.Change{{Recipient: 1, To: message.Refused}}
		w.steps = append(w.steps, first)
		return
	}
	opened := message.Step{Message: id, At: now, Opens: 1, Changes: []message.Change{{Recipient: 1, To: message.Retrieved}}}
	w.steps = append(w.steps, first,
		message.Step{Message: id, At: now, Arrivals: []message.Arrival{{Account: to, Recipient: 1, Time: now}}},
		message.Step{Message: id, At: now, Filed: []message.Filed{evidence}},
		message.Step{Message: id, At: now, Changes: []message.Change{{Recipient: 1, To: message.Delivered}}}, // tells nobody anything
		opened, message.Step{Message: id, At: now, Opens: 1})
}

func (w *world) told(a rem.AccountID) (all []string) {
	for i, e := range w.events[a] {
		if e.Number != int64(i+1) {
			all = append(all, fmt.Sprint("GAP at ", e.Number))
		}
		all = append(all, fmt.Sprint(e.Kind, " ", e.Message))
	}
	return all
}

// Whatever fails, before it was done or after, and however often: each thing that
// happened is told once, in the order of the journal, with numbers without a gap.
func TestEachHappeningIsToldOnceWhateverFails(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld()
		want := map[rem.AccountID][]string{}
		add := func(a rem.AccountID, n int, kind happening.Kind) {
			if a != "" {
				want[a] = append(want[a], fmt.Sprintf("%s m-%d", kind, n))
			}
		}
		accounts := rapid.SampledFrom([]rem.AccountID{"a", "b", ""}) // "": at another provider
		messages := rapid.IntRange(1, 8).Draw(r, "messages")
		w.fail = func(point string) bool { return rapid.IntRange(0, 4).Draw(r, point) == 0 }
		for n := range messages {
			from, to, refused := accounts.Draw(r, "from"), accounts.Draw(r, "to"), rapid.Bool().Draw(r, "refused")
			w.journey(n, from, to, refused)
			if refused {
				add(from, n, happening.Refused)
			} else {
				add(from, n, happening.Submitted)
				add(to, n, happening.Arrived)
				add(from, n, happening.Filed)
				add(to, n, happening.Opened)
			}
			for range rapid.IntRange(0, 2).Draw(r, "rounds") {
				_, _ = w.follower().Follow(t.Context()) // a new one each time, as after a restart
			}
		}
		w.fail = func(string) bool { return false }
		if _, err := w.follower().Follow(t.Context()); err != nil {
			r.Fatal(err)
		}
		if moved, err := w.follower().Follow(t.Context()); err != nil || moved {
			r.Fatalf("at the end it moves on: %v", err)
		}
		for _, a := range []rem.AccountID{"a", "b"} {
			if got := w.told(a); !slices.Equal(got, want[a]) {
				r.Fatalf("%s was told\n%q, want\n%q", a, got, want[a])
			}
		}
		if len(w.events[""]) > 0 {
			r.Fatal("somebody without an account was told")
		}
	})
}

// What is older than events are kept is not told when it is read late, and numbers that
// were forgotten are not given again.
func TestWhatIsOldIsNotTold(t *testing.T) {
	w := newWorld()
	w.journey(1, "a", "b", false)
	w.clock.Advance(happening.Keep + time.Hour)
	w.journey(2, "a", "b", false)
	f := w.follower()
	if _, err := f.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(w.told("a")); got != "[submitted m-2 evidence m-2]" {
		t.Errorf("told were %s", got)
	}
	w.clock.Advance(happening.Keep + time.Hour)
	if err := f.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.journey(3, "a", "b", true)
	if _, err := f.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	if list := w.events["a"]; len(list) != 1 || list[0].Number != 3 {
		t.Errorf("after forgetting there are %+v", list)
	}
}

// Evidence that contradicts another is told to nobody as true.
func TestConflictingEvidenceIsNotTold(t *testing.T) {
	w := newWorld()
	w.journey(1, "a", "b", false)
	conflict := message.Filed{ID: "e-x", Recipient: 1, Kind: message.DeliveryNonDeliveryToRecipient, Conflict: true}
	w.views["m-1"].Filed = append(w.views["m-1"].Filed, conflict)
	w.steps = append(w.steps, message.Step{Message: "m-1", At: w.clock.Now(), Filed: []message.Filed{conflict}})
	if _, err := w.follower().Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, e := range w.events["a"] {
		if e.Evidence == "e-x" {
			t.Errorf("told was %+v", e)
		}
	}
}

// Pauses double from the first to the last, and an account's address is one that leaks
// nothing on its way.
func TestPausesDoubleAndAddressesAreWhole(t *testing.T) {
	for n := 1; n < 200; n++ {
		p, next := happening.Pause(n), happening.Pause(n+1)
		if p < happening.First || p > happening.Last || next != min(2*p, happening.Last) {
			t.Fatalf("pauses %d and after: %v, %v", n, p, next)
		}
	}
	for _, s := range []string{"", "erp.example/kep", "http://erp.example/", "https://", "https://u:p@erp.example/", "https://erp.example/?a", "https://erp.example/?", "https://erp.example/#x", "https://erp.example:0/", "https://erp.example:99999/", "mailto:a@b"} {
		if whole, _, err := happening.ParseURL(s); err == nil {
			t.Errorf("%q is taken as %q", s, whole)
		}
	}
	if whole, host, err := happening.ParseURL("https://ERP.Example:8443"); err != nil || whole != "https://erp.example:8443/" || host != "erp.example" {
		t.Errorf("%q %q %v", whole, host, err)
	}
}
