package conformance_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit/world"
	"rem/message"
	"rem/message/submission"
	"rem/person/account"
	"rem/trust/trustlist"
)

// A scenario is a journey: what users do, and what the network does meanwhile.
type scenario struct {
	name    string
	options world.Options
	play    func(t *testing.T, w *world.World, k *world.Kit)
	// states are those of the recipients at the sender's REM-MD when all is
	// over, when nothing failed.
	states []message.State
}

var (
	bora = world.Address("bora", "hs91")
	cem  = world.Address("cem", "hs91")
)

// letter is signed by its sender, who is the first user.
func letter(t testing.TB, k *world.Kit, subject string, to ...string) []byte {
	t.Helper()
	return k.Sign(t, world.Letter{
		From: world.Address("ayse", "hs90"), To: to, Subject: subject, Body: "Sayın ilgili,\r\nekteki sözleşmeyi bilginize sunarım.\r\n",
	}, 0)
}

// send submits a letter of the first user to the recipients.
func send(t testing.TB, w *world.World, k *world.Kit, subject string, to ...string) submission.Receipt {
	t.Helper()
	return w.Submit("ayse", "hs90", letter(t, k, subject, to...), to...)
}

// open reads a message at its recipient's REM-MD as soon as it is there.
func open(t testing.TB, w *world.World, user, code string, id rem.MessageID, n int) {
	t.Helper()
	original := w.Promises[0].Original
	for range 40 {
		b, err := w.Open(user, code, id, n)
		if err == nil {
			if !bytes.Equal(b, original) {
				t.Fatalf("%s reads other bytes than were sent", user)
			}
			return
		}
		w.Run(10 * time.Minute)
	}
	t.Fatalf("%s never gets %s\n%s", user, id, w.Story())
}

// closed closes a user's account.
func closed(t testing.TB, w *world.World, user, code string) {
	t.Helper()
	a := world.Account(user, world.Domain(code))
	a.State = account.Closed
	w.Must(func() error { return w.Providers[world.Domain(code)].Store.Update(context.Background(), a) })
}

// A finder finds malware by its words.
type finder struct{}

func (finder) Scan(_ context.Context, r io.Reader, _ int64) (string, error) {
	b, err := io.ReadAll(r)
	if bytes.Contains(b, []byte("ZARARLI")) {
		return "Deneme.Zararli", err
	}
	return "", err
}

// crowd is twenty recipients at four other providers, mixed.
func crowd() (to []string) {
	for i := range 20 {
		to = append(to, world.Address(world.Users[i/4], []string{"hs91", "hs92", "hs93", "hs94"}[i%4]))
	}
	return to
}

var scenarios = []scenario{
	{
		name: "one recipient at another REM-MD opens",
		play: func(t *testing.T, w *world.World, k *world.Kit) {
			r := send(t, w, k, "Uzak", bora)
			open(t, w, "bora", "hs91", r.Message, 1)
		},
		states: []message.State{message.Retrieved},
	},
	{
		name: "a recipient at the sender's REM-MD opens",
		play: func(t *testing.T, w *world.World, k *world.Kit) {
			r := send(t, w, k, "Yakın", world.Address("cem", "hs90"))
			open(t, w, "cem", "hs90", r.Message, 1)
		},
		states: []message.State{message.Retrieved},
	},
	{
		name: "nobody opens",
		play: func(t *testing.T, w *world.World, k *world.Kit) {
			send(t, w, k, "Okunmayan", bora, world.Address("cem", "hs90"))
		},
		states: []message.State{message.NotRetrieved, message.NotRetrieved},
	},
	{
		name:    "twenty recipients at four providers: slow, down, refusing, ended",
		options: world.Options{Codes: []string{"hs90", "hs91", "hs93", "hs94"}},
		play: func(t *testing.T, w *world.World, k *world.Kit) {
			w.Net.Fate = func(p world.Packet, n int) world.Fate {
				switch {
				case p.To == world.Domain("hs93"):
					return world.Forbid
				case p.To == world.Domain("hs91") && n < 3:
					return world.Hang
				}
				return world.Pass
			}
			r := send(t, w, k, "Kalabalık", crowd()...)
			w.SetStatus("hs94", trustlist.Ended)
			open(t, w, "ayse", "hs91", r.Message, 1)
		},
		states: slices.Concat([]message.State{message.Retrieved, message.NotRelayed, message.NotRelayed, message.NotRelayed},
			slices.Repeat([]message.State{message.NotRetrieved, message.NotRelayed, message.NotRelayed, message.NotRelayed}, 4)),
	},
	{
		name: "recipients that are not there, there and here",
		play: func(t *testing.T, w *world.World, k *world.Kit) {
			send(t, w, k, "Bilinmeyen", world.Address("yok", "hs91"), world.Address("yok", "hs90"), bora)
		},
		states: []message.State{message.NotDelivered, message.NotDelivered, message.NotRetrieved},
	},
	{
		name: "accounts that were closed on the way",
		play: func(t *testing.T, w *world.World, k *world.Kit) {
			send(t, w, k, "Kapalı", bora, world.Address("cem", "hs90"), cem)
			closed(t, w, "bora", "hs91")
			closed(t, w, "cem", "hs90")
		},
		states: []message.State{message.NotDelivered, message.NotDelivered, message.NotRetrieved},
	},
	{
		name: "a submission that is repeated",
		play: func(t *testing.T, w *world.World, k *world.Kit) {
			original := letter(t, k, "Yinelenen", bora)
			first := w.Submit("ayse", "hs90", original, bora)
			w.Run(time.Hour)
			if again := w.Submit("ayse", "hs90", original, bora); again.Message != first.Message || again.Evidence != first.Evidence {
				t.Fatalf("the second answer is %v, the first was %v", again, first)
			}
			w.Run(26 * time.Hour)
			if again := w.Submit("ayse", "hs90", original, bora); again.Message != first.Message {
				t.Fatalf("the answer of the next day is %v, the first was %v", again, first)
			}
		},
		states: []message.State{message.NotRetrieved},
	},
	{
		// A positive receipt for a duplicate of a message that had failed.
		name:    "malware, submitted twice",
		options: world.Options{Scanners: map[string]submission.Scanner{"hs90": finder{}}},
		play: func(t *testing.T, w *world.World, k *world.Kit) {
			original := k.Sign(t, world.Letter{From: world.Address("ayse", "hs90"), To: []string{bora}, Subject: "Ek", Body: "ZARARLI\r\n"}, 0)
			for range 2 {
				if r := w.Submit("ayse", "hs90", original, bora); r.Refusal == nil || r.Refusal.Reason != rem.MalwareFound {
					t.Fatalf("the answer is %v", r)
				}
			}
		},
		states: []message.State{message.Refused},
	},
	{
		name: "a dispatch that comes twice, and again",
		play: func(t *testing.T, w *world.World, k *world.Kit) {
			w.Net.Fate = func(world.Packet, int) world.Fate { return world.Twice }
			r := send(t, w, k, "İki kez", bora, cem)
			w.Run(time.Minute)
			for _, p := range slices.Clone(w.Net.Sent) {
				w.Net.Arrive(p)
			}
			open(t, w, "bora", "hs91", r.Message, 1)
			for _, p := range slices.Backward(slices.Clone(w.Net.Sent)) {
				w.Net.Arrive(p)
			}
		},
		states: []message.State{message.Retrieved, message.NotRetrieved},
	},
	{
		name: "answers to dispatch and evidence that are lost",
		play: func(t *testing.T, w *world.World, k *world.Kit) {
			w.Net.Fate = func(_ world.Packet, n int) world.Fate {
				switch {
				case n > 6:
					return world.Pass
				case n%2 == 1:
					return world.LoseAnswer
				}
				return world.Lose
			}
			send(t, w, k, "Kayıp yanıt", bora)
		},
		states: []message.State{message.NotRetrieved},
	},
	{
		name: "evidence that comes when its time is over",
		play: func(t *testing.T, w *world.World, k *world.Kit) {
			hold := true
			w.Net.Fate = func(p world.Packet, _ int) world.Fate {
				if p.Answer && hold {
					return world.Late
				}
				return world.Pass
			}
			r := send(t, w, k, "Geç", bora)
			open(t, w, "bora", "hs91", r.Message, 1)
			w.Run(5 * time.Hour)
			hold = false
			w.Net.Release(slices.Reverse[[]world.Packet])
		},
		states: []message.State{message.Retrieved},
	},
	{
		name: "a dispatch that comes when its time is over",
		play: func(t *testing.T, w *world.World, k *world.Kit) {
			w.Net.Fate = func(p world.Packet, _ int) world.Fate {
				if !p.Answer {
					return world.Late
				}
				return world.Pass
			}
			send(t, w, k, "Çok geç", bora)
			w.Run(5 * time.Hour)
			w.Net.Release(nil)
		},
		states: []message.State{message.NotRetrieved},
	},
	{
		name:    "the other REM-MD refuses with evidence",
		options: world.Options{Scanners: map[string]submission.Scanner{"hs91": finder{}}},
		play: func(t *testing.T, w *world.World, k *world.Kit) {
			original := k.Sign(t, world.Letter{From: world.Address("ayse", "hs90"), To: []string{bora, cem}, Subject: "Ek", Body: "ZARARLI\r\n"}, 0)
			w.Submit("ayse", "hs90", original, bora, cem)
		},
		states: []message.State{message.NotRelayed, message.NotRelayed},
	},
	{
		name: "recipients that are turned away one by one for a while",
		play: func(t *testing.T, w *world.World, k *world.Kit) {
			w.Net.Fate = func(p world.Packet, n int) world.Fate {
				if !p.Answer && n < 3 {
					return world.TurnAway
				}
				return world.Pass
			}
			send(t, w, k, "Bölünen", bora, cem, world.Address("derya", "hs91"))
		},
		states: []message.State{message.NotRetrieved, message.NotRetrieved, message.NotRetrieved},
	},
	{
		name: "an original that is larger than a segment takes",
		play: func(t *testing.T, w *world.World, k *world.Kit) {
			original := k.Sign(t, world.Letter{
				From: world.Address("ayse", "hs90"), To: []string{bora}, Subject: "Büyük", Body: strings.Repeat("Uzun bir satır, yüz seksen kilobayt olana kadar.\r\n", 3600),
			}, 0)
			r := w.Submit("ayse", "hs90", original, bora)
			open(t, w, "bora", "hs91", r.Message, 1)
		},
		states: []message.State{message.Retrieved},
	},
	{
		name: "two messages that cross",
		play: func(t *testing.T, w *world.World, k *world.Kit) {
			r := send(t, w, k, "Gidiş", bora)
			back := world.Address("ayse", "hs90")
			reply := k.Sign(t, world.Letter{From: bora, To: []string{back}, Subject: "Dönüş", Body: "Aldım.\r\n"}, 1)
			w.Submit("bora", "hs91", reply, back)
			open(t, w, "bora", "hs91", r.Message, 1)
		},
		states: []message.State{message.Retrieved},
	},
}

// end plays a scenario to its end.
func end(t *testing.T, k *world.Kit, s scenario) *world.World {
	t.Helper()
	w := k.New(t, s.options)
	s.play(t, w, k)
	w.Rest()
	return w
}

func TestEveryJourneyEndsWithItsEvidence(t *testing.T) {
	k := world.NewKit(t)
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			w := end(t, k, s)
			w.MustHold()
			if got := states(t, w); fmt.Sprint(got) != fmt.Sprint(s.states) {
				t.Errorf("the recipients are %v, want %v\n%s", got, s.states, w.Story())
			}
		})
	}
}

// states reads where the first message stands at its sender's REM-MD, or at
// the recipient's where both are one.
func states(t *testing.T, w *world.World) (states []message.State) {
	t.Helper()
	p := w.Promises[0]
	v, err := p.At.Store.Message(t.Context(), p.Receipt.Message)
	if err != nil {
		t.Fatal(err)
	}
	for n := range v.Record.Recipients {
		states = append(states, v.Standing(n+1).State)
	}
	return states
}
