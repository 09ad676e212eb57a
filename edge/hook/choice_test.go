package hook_test

import (
	"fmt"
	"testing"
	"time"

	"rem/message/happening"
)

// kinds are events of the account, one of each kind that is named.
func (b *bench) kinds(all ...happening.Kind) {
	b.t.Helper()
	var told []happening.Told
	for _, k := range all {
		told = append(told, happening.Told{Account: "acc-1", Event: happening.Event{At: b.clock.Now(), Kind: k, Message: "m-1"}})
	}
	from := ""
	if b.at > 0 {
		from = fmt.Sprint(b.at)
	}
	b.at++
	if err := b.store.Append(b.t.Context(), told, from, fmt.Sprint(b.at)); err != nil {
		b.t.Fatal(err)
	}
}

// A hook is sent the kinds that its person chose, and its cursor passes the others by.
// What became of each delivery can be looked at.
func TestOnlyChosenKindsAreSent(t *testing.T) {
	b := newBench(t)
	h := b.create()
	d := b.deliverer(b.guard("127.0.0.0/8"), nil)
	choose := func(kinds ...happening.Kind) {
		t.Helper()
		if err := b.hooks.Choose(t.Context(), b.by, h.ID, kinds); err != nil {
			t.Fatal(err)
		}
	}
	choose(happening.Refused, happening.Arrived, happening.Arrived)
	if got := b.hook(h.ID).Kinds; fmt.Sprint(got) != "[arrived refused]" {
		t.Errorf("chosen were %v", got)
	}
	b.kinds(happening.Submitted, happening.Arrived, happening.Filed, happening.Refused, happening.Opened) // 1 to 5
	b.rounds(d)
	b.kinds(happening.Submitted, happening.Filed) // 6, 7
	b.rounds(d)
	if got := b.hook(h.ID); got.Cursor != 7 {
		t.Errorf("its cursor is at %d", got.Cursor)
	}
	confirmed := b.hook(h.ID).Confirmed
	b.clock.Advance(time.Minute)
	b.kinds(happening.Opened) // 8
	b.rounds(d)
	if got := b.hook(h.ID); !got.Confirmed.Equal(confirmed) || got.Cursor != 8 {
		t.Errorf("passing by counts as confirmed: %+v", got)
	}
	// A batch that fails is the same when it is tried again, whatever came meanwhile.
	b.receiver.set(func() { b.receiver.fail = 500 })
	b.kinds(happening.Arrived, happening.Opened) // 9, 10
	b.rounds(d)
	b.kinds(happening.Arrived) // 11
	b.clock.Advance(happening.First)
	b.rounds(d)
	b.receiver.set(func() { b.receiver.fail = 0 })
	b.clock.Advance(happening.Last)
	b.rounds(d)
	if got := fmt.Sprint(b.receiver.numbers); got != "[2 4 9 11]" {
		t.Errorf("sent were %s", got)
	}
	all, err := b.hooks.Deliveries(t.Context(), b.by, h.ID)
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	for _, x := range all {
		seen = append(seen, fmt.Sprintf("(%d,%d] %d in %d%s", x.After, x.Upto, x.Events, x.Tries, x.Fault))
	}
	if got := fmt.Sprint(seen); got != "[(10,11] 1 in 1 (8,10] 1 in 3 (0,5] 2 in 1]" {
		t.Errorf("its deliveries are %s", got)
	}
	// All kinds are no choice at all: kinds of later years are sent too.
	choose(happening.Kinds...)
	if got := b.hook(h.ID).Kinds; got != nil {
		t.Errorf("all of them are kept as %v", got)
	}
	if err := b.hooks.Choose(t.Context(), b.by, h.ID, []happening.Kind{"read"}); err == nil {
		t.Error("a kind that there is not was taken")
	}
}

// What came after a batch that is not kept any more is not passed by with it.
func TestForgettingABatchLosesNothingAfterIt(t *testing.T) {
	b := newBench(t)
	h := b.create()
	d := b.deliverer(b.guard("127.0.0.0/8"), nil)
	b.receiver.set(func() { b.receiver.fail = 500 })
	b.happen(3)
	b.rounds(d)
	if err := b.hooks.Pause(t.Context(), b.by, h.ID); err != nil {
		t.Fatal(err)
	}
	b.clock.Advance(happening.Keep)
	b.happen(5) // 4 to 8
	if err := b.store.Forget(t.Context(), b.clock.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	b.receiver.set(func() { b.receiver.fail = 0 })
	if err := b.hooks.Resume(t.Context(), b.by, h.ID); err != nil {
		t.Fatal(err)
	}
	b.rounds(d)
	if got := fmt.Sprint(b.receiver.numbers); got != "[4 5 6 7 8]" {
		t.Errorf("after the time the receiver got %s", got)
	}
}

// The list of deliveries does not grow for ever, and ends with its hook.
func TestDeliveriesAreBounded(t *testing.T) {
	b := newBench(t)
	h := b.create()
	d := b.deliverer(b.guard("127.0.0.0/8"), nil)
	for range happening.MaxDeliveries + 5 {
		b.clock.Advance(time.Second)
		b.happen(1)
		b.rounds(d)
	}
	all, err := b.hooks.Deliveries(t.Context(), b.by, h.ID)
	if err != nil || len(all) != happening.MaxDeliveries || all[0].Upto != happening.MaxDeliveries+5 {
		t.Fatalf("%d are kept, the newest of them %+v: %v", len(all), all[0], err)
	}
	if err := b.hooks.Remove(t.Context(), b.by, h.ID); err != nil {
		t.Fatal(err)
	}
	if err := b.hooks.Remove(t.Context(), b.by, h.ID); err == nil {
		t.Error("it is removed twice")
	}
}
