package message_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rem/internal/testkit/broken"
	"rem/internal/testkit/world"
	"rem/message"
)

type unfinished []message.Kept

func (u unfinished) Unfinished(context.Context, message.Stage) ([]message.Kept, error) { return u, nil }

func TestOneIntentionThatCannotBeFinishedKeepsNoOtherWaiting(t *testing.T) {
	all := unfinished{{Key: "a"}, {Key: "b"}, {Key: "c"}}
	fault := errors.New("no token")
	var tried []string
	finish := func(_ context.Context, k message.Kept) error {
		tried = append(tried, k.Key)
		if k.Key == "b" {
			return fault
		}
		return nil
	}
	left, err := message.Resume(t.Context(), all, message.DeliveryStage, nil, finish)
	if !errors.Is(err, fault) || len(left) != 1 || left[0].Key != "b" {
		t.Errorf("left %v (%v), want b", left, err)
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, tried); diff != "" {
		t.Error(diff)
	}
	// Later, work that is under way is left alone, and so is an intention that
	// came in the place of the old one.
	tried = nil
	all = unfinished{{Key: "b"}, {Key: "d"}, {Key: "e", At: time.Unix(2, 0)}}
	left, err = message.Resume(t.Context(), all, message.DeliveryStage, []message.Kept{{Key: "b"}, {Key: "e", At: time.Unix(1, 0)}}, finish)
	if diff := cmp.Diff([]string{"b"}, tried); diff != "" || len(left) != 1 || err == nil {
		t.Errorf("left %v (%v)\n%s", left, err, diff)
	}
}

// A provider that finds begun work starts also while no time-stamp authority
// answers, and finishes the work when one does.
func TestProviderStartsWhileTheAuthorityIsAway(t *testing.T) {
	k := world.NewKit(t)
	w := k.New(t, world.Options{})
	p := w.Providers[world.Domain("hs90")]
	cem := world.Address("cem", "hs90")
	original := k.Sign(t, world.Letter{From: world.Address("ayse", "hs90"), To: []string{cem}, Subject: "Yarım", Body: "Merhaba.\r\n"}, 0)
	w.Submit("ayse", "hs90", original, cem)
	away := true
	w.Faults.When = func(_ *world.Provider, e string) (world.Plan, bool) {
		return world.Plan{Way: broken.Undone, After: world.LivesOn}, away && e == "stamp"
	}
	w.Step() // delivery is intended
	if left, err := p.Store.Unfinished(t.Context(), message.DeliveryStage); err != nil || len(left) != 1 {
		t.Fatalf("%d deliveries are begun (%v), want 1", len(left), err)
	}
	if err := p.Restart(world.Crash); err != nil {
		t.Fatalf("starting: %v", err)
	}
	w.Clock.Advance(3 * time.Hour)
	away = false
	w.Rest()
	w.MustHold()
}
