package conformance_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"rem/internal/testkit/broken"
	"rem/internal/testkit/world"
	"rem/message"
)

// fails makes an effect of a provider fail as long as the test says so.
func fails(w *world.World, code, effect string) (stop func()) {
	w.Faults.When = func(p *world.Provider, e string) (world.Plan, bool) {
		return world.Plan{Way: broken.Undone, After: world.LivesOn}, e == effect && p.Domain == world.Domain(code)
	}
	return func() { w.Faults.When = nil }
}

// FailedButSaved. A submission fails after its intention, and its program comes
// back, the next day or the next week. The start after that finds the intention:
// there is one message all the same.
func TestSubmissionThatComesBackIsOneMessage(t *testing.T) {
	k := world.NewKit(t)
	for _, pause := range []time.Duration{time.Minute, 18 * time.Hour, 7 * 24 * time.Hour} {
		t.Run(pause.String(), func(t *testing.T) {
			w := k.New(t, world.Options{})
			original := letter(t, k, "Geri gelen", bora)
			stop := fails(w, "hs90", "stamp")
			if _, err := w.SubmitOnce("ayse", "hs90", original, bora); err == nil {
				t.Fatal("it was answered without a token")
			}
			stop()
			w.Run(pause)
			w.Submit("ayse", "hs90", original, bora)
			if err := w.Providers[world.Domain("hs90")].Restart(world.Crash); err != nil {
				t.Fatal(err)
			}
			w.Rest()
			w.MustHold()
		})
	}
}

// A take-over that failed after its intention got no answer, so that the
// sender's REM-MD never says that it was not relayed; the next start takes it
// over, when all periods are long over.
func TestTakeOverWithoutAnAnswerIsNeverCalledNotRelayed(t *testing.T) {
	k := world.NewKit(t)
	for _, effect := range []string{"stamp", "sign", "write", "sync"} {
		t.Run(effect, func(t *testing.T) {
			w := k.New(t, world.Options{})
			up := true
			w.Net.Fate = func(world.Packet, int) world.Fate {
				if up {
					return world.Pass
				}
				return world.Lose
			}
			w.SubmitOnce("ayse", "hs90", letter(t, k, "Yanıtsız", bora), bora)
			stop := fails(w, "hs91", effect)
			w.Now()
			stop()
			up = false
			w.Run(6 * time.Hour)
			if err := w.Providers[world.Domain("hs91")].Restart(world.Crash); err != nil {
				t.Fatal(err)
			}
			up = true
			w.Rest()
			w.MustHold()
		})
	}
}

// Nothing is read before it was delivered, nor what was refused.
func TestNothingOpensBeforeItsDelivery(t *testing.T) {
	k := world.NewKit(t)
	w := k.New(t, world.Options{})
	to := world.Address("cem", "hs90")
	r := send(t, w, k, "Erken", to)
	if _, err := w.Open("cem", "hs90", r.Message, 1); !errors.Is(err, message.ErrNotFound) {
		t.Fatalf("opening before delivery: %v, want %v", err, message.ErrNotFound)
	}
	w.Now()
	if _, err := w.Open("bora", "hs90", r.Message, 1); !errors.Is(err, message.ErrNotFound) {
		t.Errorf("opening somebody else's: %v, want %v", err, message.ErrNotFound)
	}
	if _, err := w.Open("cem", "hs90", r.Message, 2); !errors.Is(err, message.ErrNotFound) {
		t.Errorf("opening as a recipient that is not there: %v, want %v", err, message.ErrNotFound)
	}
	if _, err := w.Open("cem", "hs90", r.Message, 1); err != nil {
		t.Errorf("opening after delivery: %v", err)
	}
	w.Rest()
	w.MustHold()
	if got := fmt.Sprint(states(t, w)); got != "[retrieved]" {
		t.Error(got)
	}
}

// What cannot be proved is not shown: no content without the evidence of its
// opening, whatever of it fails.
func TestNobodyReadsWithoutEvidence(t *testing.T) {
	k := world.NewKit(t)
	for _, effect := range []string{"sign", "stamp", "write", "sync"} {
		t.Run(effect, func(t *testing.T) {
			w := k.New(t, world.Options{})
			r := send(t, w, k, "Delilsiz", bora)
			w.Run(time.Minute)
			stop := fails(w, "hs91", effect)
			if b, err := w.OpenOnce("bora", "hs91", r.Message, 1); err == nil {
				t.Errorf("%d octets were read", len(b))
			}
			stop()
			w.Run(time.Hour)
			open(t, w, "bora", "hs91", r.Message, 1)
			w.Rest()
			w.MustHold()
		})
	}
}

// A provider that stops for longer than every period goes on where it was: what
// it intended is tried before it is called late, and lies in the mailbox for its
// whole period.
func TestPeriodsBeginWhenWorkGoesOnAfterALongStop(t *testing.T) {
	k := world.NewKit(t)
	for _, code := range []string{"hs90", "hs91"} {
		t.Run(code, func(t *testing.T) {
			w := k.New(t, world.Options{})
			signs := 0
			w.Faults.When = func(p *world.Provider, e string) (world.Plan, bool) {
				if p.Domain != world.Domain(code) || e != "stamp" {
					return world.Plan{}, false
				}
				// The sender's fails at submission, the recipient's at delivery.
				signs++
				return world.Plan{Way: broken.Undone, After: world.LivesOn}, code == "hs90" || signs > 1
			}
			original := letter(t, k, "Uzun duruş", bora)
			_, err := w.SubmitOnce("ayse", "hs90", original, bora)
			if code == "hs91" {
				if err != nil {
					t.Fatal(err)
				}
				w.Step()
			}
			w.Clock.Advance(20 * 24 * time.Hour)
			w.Faults.When = nil
			if err := w.Providers[world.Domain(code)].Restart(world.Crash); err != nil {
				t.Fatal(err)
			}
			if code == "hs90" {
				w.Submit("ayse", "hs90", original, bora)
			}
			w.Run(11 * time.Hour)
			open(t, w, "bora", "hs91", w.Promises[0].Receipt.Message, 1)
			w.Rest()
			w.MustHold()
			if got := fmt.Sprint(states(t, w)); got != "[retrieved]" {
				t.Errorf("the recipient is %s, want [retrieved]\n%s", got, w.Story())
			}
		})
	}
}
