package submission_test

import (
	"errors"
	"testing"
	"time"

	"rem/internal/testkit/broken"
	"rem/internal/testkit/world"
	"rem/message/submission"
)

var bora = world.Address("bora", "hs91")

func letter(t testing.TB, k *world.Kit, subject string) []byte {
	t.Helper()
	return k.Sign(t, world.Letter{From: world.Address("ayse", "hs90"), To: []string{bora}, Subject: subject, Body: "Merhaba.\r\n"}, 0)
}

// fails makes effects of the sender's provider fail as long as the test says so.
func fails(w *world.World, effects ...string) (stop func()) {
	w.Faults.When = func(p *world.Provider, e string) (world.Plan, bool) {
		for _, name := range effects {
			if e == name && p.Domain == world.Domain("hs90") {
				return world.Plan{Way: broken.Undone, After: world.LivesOn}, true
			}
		}
		return world.Plan{}, false
	}
	return func() { w.Faults.When = nil }
}

// Who was told to try again later, and did not, has sent nothing: neither then
// nor when the provider starts the next time, weeks later. RFC 5321 4.2.1.
func TestWhatWasPutOffIsNotSubmittedByALaterStart(t *testing.T) {
	k := world.NewKit(t)
	for _, effect := range []string{"stamp", "sign"} {
		t.Run(effect, func(t *testing.T) {
			w := k.New(t, world.Options{})
			p := w.Providers[world.Domain("hs90")]
			stop := fails(w, effect)
			_, err := w.SubmitOnce("ayse", "hs90", letter(t, k, "Vazgeçilen"), bora)
			stop()
			if err == nil || errors.Is(err, submission.ErrUncertain) {
				t.Fatalf("submitting without evidence: %v, want a certain fault", err)
			}
			w.Clock.Advance(20 * 24 * time.Hour)
			if err := p.Restart(world.Crash); err != nil {
				t.Fatal(err)
			}
			w.Rest()
			if ids, _, err := p.Store.Messages(t.Context(), 0, 10); err != nil || len(ids) > 0 {
				t.Errorf("the provider has %v (%v), although the submission was put off", ids, err)
			}
			w.MustHold()
		})
	}
}

// Where the intention cannot be taken back, nobody knows what becomes of it, and
// no answer is given.
func TestWhatMayStillBeSubmittedGetsNoAnswer(t *testing.T) {
	k := world.NewKit(t)
	for _, c := range []struct {
		name    string
		effects []string
	}{
		{"journal fails", []string{"write"}},
		{"sync fails", []string{"sync"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := k.New(t, world.Options{})
			stop := fails(w, c.effects...)
			_, err := w.SubmitOnce("ayse", "hs90", letter(t, k, "Belirsiz"), bora)
			stop()
			if !errors.Is(err, submission.ErrUncertain) {
				t.Fatalf("submitting: %v, want %v", err, submission.ErrUncertain)
			}
			w.Submit("ayse", "hs90", letter(t, k, "Belirsiz"), bora)
			w.Rest()
			w.MustHold()
		})
	}
}

// The journal is what counts: a submission is accepted while the index cannot be
// written, and is in the index when that is back.
func TestAnIndexThatFailsDoesNotStopASubmission(t *testing.T) {
	k := world.NewKit(t)
	w := k.New(t, world.Options{})
	stop := fails(w, "index commit")
	if _, err := w.SubmitOnce("ayse", "hs90", letter(t, k, "Dizin"), bora); err != nil {
		t.Fatalf("submitting: %v", err)
	}
	store := w.Providers[world.Domain("hs90")].Store
	if _, _, err := store.Messages(t.Context(), 0, 1); err != nil { // asks the index to follow
		t.Fatal(err)
	}
	if store.Fault() == nil {
		t.Error("the index did not fail")
	}
	stop()
	w.Rest()
	w.MustHold()
}
