package delivery_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/internal/testkit/world"
	"rem/message"
	"rem/person/account"
)

// told keeps what people were told.
type told struct{ said []string }

func (n *told) Arrived(_ context.Context, id rem.AccountID) {
	n.said = append(n.said, "arrived "+string(id))
}

func (n *told) Filling(_ context.Context, id rem.AccountID, percent int) {
	n.said = append(n.said, fmt.Sprint("filling ", id, " ", percent))
}

// here is a recipient at the sender's own REM-MD.
var here = world.Address("cem", "hs90")

func send(t *testing.T, w *world.World, k *world.Kit, subject string, to ...string) rem.MessageID {
	t.Helper()
	original := k.Sign(t, world.Letter{From: world.Address("ayse", "hs90"), To: to, Subject: subject, Body: "Merhaba.\r\n"}, 0)
	return w.Submit("ayse", "hs90", original, to...).Message
}

// A full mailbox never stops an arrival; its holder is told at 80, 90 and 100 %,
// once at each. REQ-70.
func TestFullMailboxStopsNoArrival(t *testing.T) {
	k := world.NewKit(t)
	w := k.New(t, world.Options{})
	p := w.Providers[world.Domain("hs90")]
	notices := &told{}
	p.Deliverer.Notices = notices
	first := send(t, w, k, "0", here)
	w.Now()
	v, err := p.Store.Message(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	a := world.Account("cem", world.Domain("hs90"))
	a.Quota = v.Record.Size * 10
	if err := p.Store.Update(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	for i := 1; i < 13; i++ {
		send(t, w, k, fmt.Sprint(i%10), here)
		w.Clock.Advance(72 * time.Hour) // the same subjects again are other submissions by then
		w.Now()
	}
	entries, err := p.Store.Mailbox(t.Context(), a.ID, 0, 100)
	if err != nil || len(entries) != 13 {
		t.Errorf("%d messages arrived, want 13 (%v)", len(entries), err)
	}
	notices.said = slices.DeleteFunc(notices.said, func(s string) bool { return s == "arrived hesap-cem" })
	want := []string{"filling hesap-cem 80", "filling hesap-cem 90", "filling hesap-cem 100"}
	if diff := cmp.Diff(want, notices.said); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The state of the account at the moment of delivery decides: who is suspended
// or may not send still receives, who closed does not (REQ-34, REQ-36).
func TestStateOfTheAccountDecidesDelivery(t *testing.T) {
	k := world.NewKit(t)
	for _, c := range []struct {
		state account.State
		want  message.State
	}{
		{account.Open, message.Delivered}, {account.SendBlocked, message.Delivered}, {account.Suspended, message.Delivered}, {account.Closed, message.NotDelivered},
	} {
		t.Run(string(c.state), func(t *testing.T) {
			w := k.New(t, world.Options{})
			p := w.Providers[world.Domain("hs90")]
			id := send(t, w, k, "Durum", here)
			a := world.Account("cem", world.Domain("hs90"))
			a.State = c.state
			if err := p.Store.Update(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			w.Now()
			v, err := p.Store.Message(t.Context(), id)
			if err != nil || v.Standing(1).State != c.want {
				t.Fatalf("it stands at %v, want %s (%v)", v, c.want, err)
			}
			w.Rest()
			w.MustHold()
		})
	}
}

// Doing a task again changes nothing, and neither does one that is nobody's.
func TestDeliveryIsMadeOnce(t *testing.T) {
	k := world.NewKit(t)
	w := k.New(t, world.Options{})
	p := w.Providers[world.Domain("hs90")]
	id := send(t, w, k, "Bir kez", here)
	task := message.Task{Stage: message.DeliveryStage, Message: id, Target: "1"}
	for range 3 {
		if err := p.Deliverer.Do(t.Context(), task); err != nil {
			t.Fatal(err)
		}
	}
	for _, target := range []string{"", "0", "2", "x", "-1"} {
		if err := p.Deliverer.Do(t.Context(), message.Task{Stage: message.DeliveryStage, Message: id, Target: target}); err == nil {
			t.Errorf("the target %q was carried out", target)
		}
	}
	entries, err := p.Store.Mailbox(t.Context(), "hesap-cem", 0, 10)
	if err != nil || len(entries) != 1 {
		t.Errorf("%d arrivals, want 1 (%v)", len(entries), err)
	}
	w.Rest()
	w.MustHold()
}
