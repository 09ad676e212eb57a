package relay_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit/world"
	"rem/message"
	"rem/message/relay"
	"rem/trust/trustlist"
)

const sender, receiver = "hs90", "hs91"

var bora, cem = world.Address("bora", receiver), world.Address("cem", receiver)

// exchanged is a world in which a message went to two recipients, with the
// dispatch and the first answer as they were on the wire.
func exchanged(t *testing.T, k *world.Kit) (w *world.World, dispatch, answer world.Packet) {
	t.Helper()
	w = k.New(t, world.Options{Codes: world.Codes[:3]})
	original := k.Sign(t, world.Letter{From: world.Address("ayse", sender), To: []string{bora, cem}, Subject: "Giden", Body: "Merhaba.\r\n"}, 0)
	w.Submit("ayse", sender, original, bora, cem)
	w.Run(time.Minute)
	for _, p := range slices.Backward(w.Net.Sent) {
		if p.Answer {
			answer = p
		} else {
			dispatch = p
		}
	}
	if answer.Body == nil || dispatch.Body == nil {
		t.Fatal("nothing was exchanged")
	}
	return w, dispatch, answer
}

// in gives a packet to its receiver as the provider's door does.
func in(t *testing.T, w *world.World, p world.Packet) error {
	t.Helper()
	return w.Providers[p.To].Relay.In(t.Context(), p.From, p.TX, message.InMemory(p.Body))
}

// What is refused at the door leaves nothing behind: no message, no evidence,
// no work.
func TestForeignEnvelopesAreRefusedAndLeaveNothing(t *testing.T) {
	k := world.NewKit(t)
	third := world.Domain("hs92")
	for _, c := range []struct {
		name   string
		change func(t *testing.T, w *world.World, dispatch, answer world.Packet) world.Packet
		alarm  bool
	}{
		{"no mail at all", func(_ *testing.T, _ *world.World, d, _ world.Packet) world.Packet { d.Body = []byte("x\r\n"); return d }, false},
		{"empty", func(_ *testing.T, _ *world.World, d, _ world.Packet) world.Packet { d.Body = nil; return d }, false},
		{"an ordinary message", func(_ *testing.T, w *world.World, d, _ world.Packet) world.Packet {
			d.Body = w.Promises[0].Original
			return d
		}, false},
		{"a dispatch of another provider", func(_ *testing.T, _ *world.World, d, _ world.Packet) world.Packet { d.From = third; return d }, false},
		{"a dispatch to a provider that has none of its recipients", func(_ *testing.T, _ *world.World, d, _ world.Packet) world.Packet {
			d.To = third
			return d
		}, false},
		{"a dispatch of a provider that is not on the list", func(_ *testing.T, _ *world.World, d, _ world.Packet) world.Packet {
			d.From = "hs77.kep.test"
			return d
		}, false},
		{"a dispatch of a provider that ended", func(_ *testing.T, w *world.World, d, _ world.Packet) world.Packet {
			w.SetStatus(sender, trustlist.Ended)
			return d
		}, false},
		{"evidence of another provider", func(_ *testing.T, _ *world.World, _, a world.Packet) world.Packet { a.From = third; return a }, true},
		{"evidence about a message that is not ours", func(_ *testing.T, _ *world.World, _, a world.Packet) world.Packet { a.To = third; return a }, true},
		{"changed evidence", func(t *testing.T, _ *world.World, _, a world.Packet) world.Packet {
			// The evidence is in base64: another letter in the middle.
			at := len(a.Body) / 2
			a.Body = slices.Clone(a.Body)
			if a.Body[at] == 'A' {
				a.Body[at] = 'B'
			} else {
				a.Body[at] = 'A'
			}
			return a
		}, true},
		{"evidence that is cut off", func(_ *testing.T, _ *world.World, _, a world.Packet) world.Packet {
			a.Body = a.Body[:len(a.Body)*2/3]
			return a
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, dispatch, answer := exchanged(t, k)
			before, count := len(ids(t, w)), w.Net.Count()
			p := c.change(t, w, dispatch, answer)
			alarms := len(w.Providers[p.To].Alarms())
			err := in(t, w, p)
			if _, refused := errors.AsType[*rem.Refusal](err); !refused {
				t.Errorf("got %v, want a refusal", err)
			}
			if got := len(w.Providers[p.To].Alarms()) > alarms; c.alarm && !got {
				t.Error("nobody was alarmed")
			}
			w.Run(time.Minute)
			if got := len(ids(t, w)); got != before {
				t.Errorf("there are %d messages, were %d", got, before)
			}
			if got := w.Net.Count(); got != count {
				t.Errorf("%d packets followed", got-count)
			}
		})
	}
}

func ids(t *testing.T, w *world.World) (all []rem.MessageID) {
	t.Helper()
	for _, p := range w.Providers {
		ids, _, err := p.Store.Messages(t.Context(), 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, ids...)
	}
	return all
}

// A dispatch whose envelope was changed on the way, around evidence that holds,
// is answered with evidence of rejection; what was said first stands after that.
func TestChangedDispatchIsRejectedWithEvidence(t *testing.T) {
	k := world.NewKit(t)
	w := k.New(t, world.Options{})
	original := k.Sign(t, world.Letter{From: world.Address("ayse", sender), To: []string{bora}, Subject: "Değişen", Body: "Merhaba.\r\n"}, 0)
	w.Net.Fate = func(p world.Packet, _ int) world.Fate {
		if p.Answer {
			return world.Pass
		}
		return world.Late
	}
	w.Submit("ayse", sender, original, bora)
	w.Now()
	w.Net.Release(func(late []world.Packet) {
		late[0].Body = bytes.Replace(late[0].Body, []byte("Merhaba."), []byte("Merhabb."), 1)
	})
	w.Net.Fate = nil
	w.Rest()
	w.MustHold()
	v, err := w.Providers[world.Domain(sender)].Store.Message(t.Context(), w.Promises[0].Receipt.Message)
	if err != nil || v.Standing(1).State != message.NotRelayed {
		t.Fatalf("the recipient is %v, %v", v, err)
	}
	i := slices.IndexFunc(v.Filed, func(f message.Filed) bool { return f.Kind == message.RelayREMMDAcceptanceRejection })
	if i < 0 || v.Filed[i].Outcome != message.Negative || len(v.Filed[i].Reasons) != 1 || v.Filed[i].Reasons[0] != rem.InvalidMessageFormat {
		t.Errorf("filed are %+v", v.Filed)
	}
}

// nobody is a scanner that cannot be reached.
type nobody struct{}

func (nobody) Scan(context.Context, io.Reader, int64) (string, error) {
	return "", errors.New("nobody answers")
}

// A fault before anything was written is an ordinary one, after which 451 is
// true. After it nobody knows, and the door gives no answer.
func TestFaultIsUncertainOnlyWhenSomethingMayStand(t *testing.T) {
	k := world.NewKit(t)
	failing := func(effect string) func(*world.World, *world.Provider) func() {
		return func(w *world.World, p *world.Provider) func() {
			w.Faults.When = func(at *world.Provider, e string) (world.Plan, bool) {
				return world.Plan{After: world.LivesOn}, at == p && e == effect
			}
			return func() { w.Faults.When = nil }
		}
	}
	for _, c := range []struct {
		name      string
		fail      func(*world.World, *world.Provider) (stop func())
		uncertain bool
	}{
		{"the scanner is away", func(_ *world.World, p *world.Provider) func() {
			p.Relay.Scanner = nobody{}
			return func() { p.Relay.Scanner = nil }
		}, false},
		{"there is no room", func(_ *world.World, p *world.Provider) func() {
			p.Disk().SetFree(0)
			return func() { p.Disk().SetFree(1 << 30) }
		}, false},
		{"the journal cannot be written", failing("write"), true},
		{"the journal cannot be synced", failing("sync"), true},
		{"the key is away", failing("sign"), true},
		{"the time-stamp authority is away", failing("stamp"), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := k.New(t, world.Options{})
			w.Net.Fate = func(world.Packet, int) world.Fate { return world.Late }
			original := k.Sign(t, world.Letter{From: world.Address("ayse", sender), To: []string{bora}, Subject: "Kararsız", Body: "x\r\n"}, 0)
			w.Submit("ayse", sender, original, bora)
			w.Now()
			var p world.Packet
			w.Net.Release(func(late []world.Packet) { p = late[0]; late[0].To = "hs77.kep.test" })
			stop := c.fail(w, w.Providers[p.To])
			err := in(t, w, p)
			stop()
			if err == nil || errors.Is(err, relay.ErrUncertain) != c.uncertain {
				t.Fatalf("got %v; want a fault, uncertain: %v", err, c.uncertain)
			}
			if strings.Contains(err.Error(), bora) {
				t.Errorf("the fault names a person: %v", err)
			}
			if !c.uncertain { // then the next start finds nothing either
				if err := w.Providers[p.To].Restart(world.Crash); err != nil {
					t.Fatal(err)
				}
				if len(ids(t, w)) != 1 {
					t.Error("it was taken over all the same")
				}
			}
			if err := in(t, w, p); err != nil {
				t.Errorf("the next offer: %v", err)
			}
			w.Net.Fate = nil
			w.Rest()
			w.MustHold()
		})
	}
}
