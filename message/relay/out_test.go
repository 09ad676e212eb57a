package relay_test

import (
	"context"
	"io"
	"testing"
	"time"

	"rem/internal/testkit/world"
	"rem/mail/smtp"
	"rem/message"
	"rem/message/relay"
)

// A stub is a courier whose attempts end as a test says, when it has stopped
// the program, or not.
type stub struct {
	class relay.Class
	stop  context.CancelFunc // nil: the program goes on
}

func (s stub) Carry(_ context.Context, _ string, _ smtp.Transaction, body io.Reader, _ int64) relay.Attempt {
	if s.stop != nil {
		s.stop()
	}
	return relay.Attempt{Class: s.class, Detail: "as the test says"}
}

// attempt makes attempts to relay one message, and gives where the message
// stands for its recipient and how long the next look waits.
func attempt(t *testing.T, w *world.World, couriers ...func(context.CancelFunc) stub) (state message.State, wait time.Duration) {
	t.Helper()
	p := w.Providers[world.Domain("hs90")]
	for _, courier := range couriers {
		tasks, _, err := p.Store.Due(t.Context(), message.RelayStage, w.Clock.Now().AddDate(1, 0, 0), 10)
		if err != nil || len(tasks) != 1 {
			t.Fatalf("%d tasks, %v", len(tasks), err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		p.Relay.Courier = courier(cancel)
		if err := p.Relay.Out(ctx, tasks[0]); err != nil {
			t.Fatal(err)
		}
		left, _, err := p.Store.Due(t.Context(), message.RelayStage, w.Clock.Now().AddDate(1, 0, 0), 10)
		if err != nil || len(left) != 1 {
			t.Fatalf("%d tasks left, %v", len(left), err)
		}
		view, err := p.Store.Message(t.Context(), tasks[0].Message)
		if err != nil {
			t.Fatal(err)
		}
		state, wait = view.Standing(1).State, left[0].Due.Sub(w.Clock.Now())
	}
	return state, wait
}

func goingOn(class relay.Class) func(context.CancelFunc) stub {
	return func(context.CancelFunc) stub { return stub{class: class} }
}

func stopping(class relay.Class) func(context.CancelFunc) stub {
	return func(stop context.CancelFunc) stub { return stub{class, stop} }
}

// What is certain about an attempt is certain when it ends, also when a stop of
// the program ended it; and only who said that he has the message is given the
// time of one who owes an answer.
func TestAttemptIsFollowedByWhatIsCertain(t *testing.T) {
	k := world.NewKit(t)
	const ask = 30 * time.Minute // of the world's practice statement
	for name, test := range map[string]struct {
		couriers []func(context.CancelFunc) stub
		state    message.State
		least    time.Duration
		most     time.Duration
	}{
		"not reached":                       {[]func(context.CancelFunc) stub{goingOn(relay.NotTaken)}, message.Relaying, time.Minute, 2 * time.Minute},
		"not reached, as a stop cut it off": {[]func(context.CancelFunc) stub{stopping(relay.NotTaken)}, message.Relaying, time.Minute, 2 * time.Minute},
		"taken":                             {[]func(context.CancelFunc) stub{goingOn(relay.Taken)}, message.Asked, ask, ask},
		"taken, while a stop went on":       {[]func(context.CancelFunc) stub{stopping(relay.Taken)}, message.Asked, ask, ask},
		"the answer was lost":               {[]func(context.CancelFunc) stub{goingOn(relay.Unknown)}, message.Asked, time.Minute, 2 * time.Minute},
		"the answer was lost in a stop":     {[]func(context.CancelFunc) stub{stopping(relay.Unknown)}, message.Asked, time.Minute, 2 * time.Minute},
		"lost, and then not reached":        {[]func(context.CancelFunc) stub{goingOn(relay.Unknown), goingOn(relay.NotTaken)}, message.Asked, time.Minute, 4 * time.Minute},
		"lost, and then taken":              {[]func(context.CancelFunc) stub{goingOn(relay.Unknown), goingOn(relay.Taken)}, message.Asked, ask, ask},
	} {
		t.Run(name, func(t *testing.T) {
			w := k.New(t, world.Options{})
			to := world.Address("bora", "hs91")
			original := k.Sign(t, world.Letter{From: world.Address("ayse", "hs90"), To: []string{to}, Subject: "Deneme", Body: "x\r\n"}, 0)
			if r, err := w.SubmitOnce("ayse", "hs90", original, to); err != nil || r.Refusal != nil {
				t.Fatalf("%v %v", r.Refusal, err)
			}
			state, wait := attempt(t, w, test.couriers...)
			if state != test.state || wait < test.least || wait > test.most {
				t.Errorf("%s and looked at again after %s, want %s and %s to %s", state, wait, test.state, test.least, test.most)
			}
		})
	}
}
