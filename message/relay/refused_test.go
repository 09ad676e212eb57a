package relay_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/internal/testkit/broken"
	"rem/internal/testkit/world"
	"rem/mail/smtp"
	"rem/message"
	"rem/message/envelope"
	"rem/message/relay"
)

// saying is a courier that brings one answer.
type saying relay.Attempt

func (s saying) Carry(context.Context, string, smtp.Transaction, io.Reader, int64) relay.Attempt {
	return relay.Attempt(s)
}

// offered submits a message to two recipients at hs91, and gives what looks at it
// once with a courier that brings the answer.
func offered(t *testing.T, k *world.Kit) (w *world.World, look func(relay.Attempt) error, states func() [2]message.State) {
	t.Helper()
	w = k.New(t, world.Options{})
	p := w.Providers[world.Domain("hs90")]
	to := []string{world.Address("bora", "hs91"), world.Address("cem", "hs91")}
	original := k.Sign(t, world.Letter{From: world.Address("ayse", "hs90"), To: to, Subject: "Deneme", Body: "x\r\n"}, 0)
	id := w.Submit("ayse", "hs90", original, to...).Message
	task := message.Task{Stage: message.RelayStage, Message: id, Target: world.Domain("hs91")}
	look = func(a relay.Attempt) error {
		p.Relay.Courier = saying(a)
		return p.Relay.Out(t.Context(), task)
	}
	states = func() [2]message.State {
		view, err := p.Store.Message(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return [2]message.State{view.Standing(1).State, view.Standing(2).State}
	}
	return w, look, states
}

// Who was turned away for good has his answer, and nobody else's.
func TestRefusalOfOneRecipientIsNotAnothers(t *testing.T) {
	k := world.NewKit(t)
	bora, cem := rem.MustAddress("bora@hs91.kep.test"), rem.MustAddress("cem@hs91.kep.test")
	for name, c := range map[string]struct {
		attempt relay.Attempt
		want    [2]message.State
	}{
		"the other for the time being": {relay.Attempt{Class: relay.NotTaken, Refused: map[rem.Address]rem.Reason{bora: rem.PolicyViolation, cem: ""}},
			[2]message.State{message.NotRelayed, message.Relaying}},
		"the other taken": {relay.Attempt{Class: relay.Taken, Refused: map[rem.Address]rem.Reason{bora: rem.PolicyViolation}},
			[2]message.State{message.NotRelayed, message.Asked}},
		"the other not known": {relay.Attempt{Class: relay.Unknown, Refused: map[rem.Address]rem.Reason{bora: rem.UnknownRecipient}},
			[2]message.State{message.NotRelayed, message.Asked}},
		"the message refused, one only for now": {relay.Attempt{Class: relay.NotTaken, Permanent: true, Refused: map[rem.Address]rem.Reason{cem: ""}},
			[2]message.State{message.NotRelayed, message.Relaying}},
	} {
		_, look, states := offered(t, k)
		if err := look(c.attempt); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := states(); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// A refusal for which no evidence can be made at the moment is not forgotten
// for "nobody can know".
func TestRefusalWhileTheAuthorityIsAwayIsAskedForAgain(t *testing.T) {
	k := world.NewKit(t)
	w, look, states := offered(t, k)
	refusal := relay.Attempt{Class: relay.NotTaken, Permanent: true, Reason: rem.PolicyViolation}
	away := true
	w.Faults.When = func(_ *world.Provider, e string) (world.Plan, bool) {
		return world.Plan{Way: broken.Undone, After: world.LivesOn}, away && e == "stamp"
	}
	for range 3 {
		if err := look(refusal); err == nil {
			t.Fatal("there is evidence without a token")
		}
		if got, want := states(), [2]message.State{message.Relaying, message.Relaying}; got != want {
			t.Fatalf("while the authority is away: %v, want %v", got, want)
		}
	}
	away = false
	if err := look(refusal); err != nil {
		t.Fatal(err)
	}
	if got, want := states(), [2]message.State{message.NotRelayed, message.NotRelayed}; got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

// A REM-MD that takes only so many recipients at once takes the rest next, and
// not those again of whom it has the message.
func TestThoseWhoCannotHaveTheMessageAreOfferedFirst(t *testing.T) {
	k := world.NewKit(t)
	w, look, states := offered(t, k)
	bora, cem := rem.MustAddress("bora@hs91.kep.test"), rem.MustAddress("cem@hs91.kep.test")
	if err := look(relay.Attempt{Class: relay.Taken, Refused: map[rem.Address]rem.Reason{cem: ""}}); err != nil {
		t.Fatal(err)
	}
	if got, want := states(), [2]message.State{message.Asked, message.Relaying}; got != want {
		t.Fatalf("%v, want %v", got, want)
	}
	p := w.Providers[world.Domain("hs90")]
	tasks, _, err := p.Store.Due(t.Context(), message.RelayStage, w.Clock.Now().AddDate(1, 0, 0), 10)
	if err != nil || len(tasks) != 1 {
		t.Fatalf("%d tasks (%v)", len(tasks), err)
	}
	var order []string
	p.Relay.Courier = listening{func(tx smtp.Transaction) relay.Attempt {
		for _, to := range tx.Recipients {
			order = append(order, string(to.Path))
		}
		return relay.Attempt{Class: relay.NotTaken}
	}}
	if err := p.Relay.Out(t.Context(), tasks[0]); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{cem.String(), bora.String()}, order); diff != "" {
		t.Error(diff)
	}
}

// A listening courier answers by the transaction.
type listening struct {
	answer func(smtp.Transaction) relay.Attempt
}

func (l listening) Carry(_ context.Context, _ string, tx smtp.Transaction, _ io.Reader, _ int64) relay.Attempt {
	return l.answer(tx)
}

// What was given back is not given again because of a fault with the rest.
func TestAnswersThatWereGivenAreNotGivenAgain(t *testing.T) {
	k := world.NewKit(t)
	w := k.New(t, world.Options{})
	p := w.Providers[world.Domain("hs91")]
	to := world.Address("bora", "hs91")
	original := k.Sign(t, world.Letter{From: world.Address("ayse", "hs90"), To: []string{to}, Subject: "Deneme", Body: "x\r\n"}, 0)
	id := w.Submit("ayse", "hs90", original, to).Message
	w.Run(time.Minute)
	filed, err := p.Store.EvidenceOf(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	good := message.Task{Stage: message.ReturnStage, Message: id, Target: string(filed[len(filed)-1].ID)}
	tasks := []message.Task{}
	for range envelope.MaxEvidence {
		tasks = append(tasks, good)
	}
	lost := message.Task{Stage: message.ReturnStage, Message: id, Target: "_yok"}
	err = p.Relay.Back(t.Context(), append(tasks, lost))
	u, ok := errors.AsType[*message.Unfinished](err)
	if !ok {
		t.Fatalf("%v, want a *message.Unfinished", err)
	}
	if diff := cmp.Diff([]message.Task{lost}, u.Tasks); diff != "" {
		t.Error(diff)
	}
}
