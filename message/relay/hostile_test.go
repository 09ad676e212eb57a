package relay_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit/world"
	"rem/mail/smtp"
	"rem/message"
	"rem/message/relay"
	"rem/trust/trustlist"
)

// altered reads as another REM-MD could have written it.
type altered struct {
	relay.Verifier
	alter func(*relay.Incoming)
}

func (a altered) Read(ctx context.Context, domain string, envelope message.Content, at time.Time) (relay.Incoming, error) {
	in, err := a.Verifier.Read(ctx, domain, envelope, at)
	if err == nil {
		a.alter(&in)
	}
	return in, err
}

// A dispatch about which no evidence can be made is refused at the door. Once it
// was intended, no start could finish it.
func TestDispatchThatNoEvidenceCanNameIsRefusedAtTheDoor(t *testing.T) {
	k := world.NewKit(t)
	for name, alter := range map[string]func(*relay.Incoming){
		"a recipient named twice":            func(in *relay.Incoming) { in.Record.Recipients = append(in.Record.Recipients, in.Record.Recipients[0]) },
		"an identifier with a space":         func(in *relay.Incoming) { in.Record.ID = "a b@hs90.kep.test" },
		"an identifier without a side":       func(in *relay.Incoming) { in.Record.ID = "@hs90.kep.test" },
		"an identifier of a thousand octets": func(in *relay.Incoming) { in.Record.ID = rem.MessageID(strings.Repeat("a", 1000) + "@hs90.kep.test") },
		"a method that is no URI":            func(in *relay.Incoming) { in.Record.SenderAuthentication.Method = "şifre ile" },
		"a sender with two addresses":        func(in *relay.Incoming) { in.Record.Sender.Raw = "x@y.test" },
		"a subject of a megabyte":            func(in *relay.Incoming) { in.Record.Subject = strings.Repeat("a", 1<<20) },
		"no digest":                          func(in *relay.Incoming) { in.Record.Digest = rem.Digest{} },
		"an evidence with a long identifier": func(in *relay.Incoming) { in.Filed[0].Filed.ID = rem.EvidenceID(strings.Repeat("a", 300)) },
	} {
		t.Run(name, func(t *testing.T) {
			w := k.New(t, world.Options{})
			p := w.Providers[world.Domain("hs91")]
			real := p.Relay.Verifier
			p.Relay.Verifier = altered{real, alter}
			to := world.Address("bora", "hs91")
			original := k.Sign(t, world.Letter{From: world.Address("ayse", "hs90"), To: []string{to}, Subject: "Deneme", Body: "x\r\n"}, 0)
			w.Submit("ayse", "hs90", original, to)
			w.Step()
			if len(w.Net.Sent) != 1 {
				t.Fatalf("%d packets", len(w.Net.Sent))
			}
			err := w.Net.Arrive(w.Net.Sent[0])
			if _, refused := errors.AsType[*rem.Refusal](err); !refused {
				t.Errorf("it was answered with %v, want a refusal", err)
			}
			if left, err := p.Store.Unfinished(t.Context(), message.RelayStage); err != nil || len(left) > 0 {
				t.Errorf("%d intentions are left (%v)", len(left), err)
			}
			if ids, _, err := p.Store.Messages(t.Context(), 0, 10); err != nil || len(ids) > 0 {
				t.Errorf("it was taken over: %v (%v)", ids, err)
			}
		})
	}
}

// AT-14: an evidence is about whom it names, and not about who has his number
// with us.
func TestEvidenceIsAboutTheRecipientThatItNames(t *testing.T) {
	k := world.NewKit(t)
	bora, cem := world.Address("bora", "hs91"), world.Address("cem", "hs91")
	for name, c := range map[string]struct {
		alter func(*relay.Incoming)
		want  [2]message.State
	}{
		"as they came": {func(*relay.Incoming) {}, [2]message.State{message.Delivered, message.Delivered}},
		"each at the other's place": {func(in *relay.Incoming) {
			for i := range in.Filed {
				in.Filed[i].Filed.Recipient = 3 - in.Filed[i].Filed.Recipient
			}
		}, [2]message.State{message.Delivered, message.Delivered}},
		"of cem, at bora's place": {func(in *relay.Incoming) {
			var kept []relay.About
			for _, a := range in.Filed {
				if a.To == rem.MustAddress(cem) {
					a.Filed.Recipient = 1
					kept = append(kept, a)
				}
			}
			in.Filed = kept
		}, [2]message.State{message.Asked, message.Delivered}},
		"of somebody else": {func(in *relay.Incoming) {
			for i := range in.Filed {
				in.Filed[i].To = rem.MustAddress("derya@hs91.kep.test")
			}
		}, [2]message.State{message.Asked, message.Asked}},
		"of nobody": {func(in *relay.Incoming) {
			for i := range in.Filed {
				in.Filed[i].To = rem.Address{}
			}
		}, [2]message.State{message.Asked, message.Asked}},
	} {
		t.Run(name, func(t *testing.T) {
			w := k.New(t, world.Options{})
			p := w.Providers[world.Domain("hs90")]
			p.Relay.Verifier = altered{p.Relay.Verifier, c.alter}
			original := k.Sign(t, world.Letter{From: world.Address("ayse", "hs90"), To: []string{bora, cem}, Subject: "Deneme", Body: "x\r\n"}, 0)
			id := w.Submit("ayse", "hs90", original, bora, cem).Message
			w.Run(5 * time.Minute)
			view, err := p.Store.Message(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if got := [2]message.State{view.Standing(1).State, view.Standing(2).State}; got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

// A certificate that is not on the list may be on its next issue. As long as that
// is late, nobody is refused for good by what the old one does not know.
func TestAnOldTrustListRefusesNobodyForGood(t *testing.T) {
	k := world.NewKit(t)
	for name, late := range map[string]bool{"a list in its time": false, "a list that is late": true} {
		t.Run(name, func(t *testing.T) {
			w := k.New(t, world.Options{})
			p := w.Providers[world.Domain("hs91")]
			reader := *p.Relay.Verifier.(*relay.TrustedReader)
			reader.List = func() *trustlist.List {
				list := *w.List()
				list.Providers = slices.Clone(list.Providers)
				list.Providers[0].Operation = list.Providers[1].Operation // hs90 has a new one
				if late {
					list.NextUpdate = w.Clock.Now().Add(-time.Hour)
				}
				return &list
			}
			p.Relay.Verifier = &reader
			to := world.Address("bora", "hs91")
			original := k.Sign(t, world.Letter{From: world.Address("ayse", "hs90"), To: []string{to}, Subject: "Deneme", Body: "x\r\n"}, 0)
			w.Submit("ayse", "hs90", original, to)
			w.Step()
			err := w.Net.Arrive(w.Net.Sent[0])
			if _, refused := errors.AsType[*rem.Refusal](err); err == nil || refused == late {
				t.Errorf("it was answered with %v; refused %t", err, refused)
			}
			if errors.Is(err, relay.ErrUncertain) {
				t.Errorf("it is not certain that nothing was taken: %v", err)
			}
		})
	}
}

// A blind copy at the door of another REM-MD: nobody is taken over, and nobody
// lost, of whom no evidence speaks. It was answered with 250 and dropped.
func TestNobodyIsTakenOverWhomTheEvidenceDoesNotName(t *testing.T) {
	k := world.NewKit(t)
	for _, known := range []bool{false, true} {
		for name, extra := range map[string]bool{"beside one who is named": true, "alone": false} {
			w := k.New(t, world.Options{})
			to := world.Address("bora", "hs91")
			original := k.Sign(t, world.Letter{From: world.Address("ayse", "hs90"), To: []string{to}, Subject: "Deneme", Body: "x\r\n"}, 0)
			w.Submit("ayse", "hs90", original, to)
			if !known {
				w.Net.Fate = func(world.Packet, int) world.Fate { return world.Late }
			}
			w.Now()
			var packet world.Packet
			w.Net.Release(func(late []world.Packet) {
				if len(late) > 0 {
					packet = late[0]
					late[0].From = "hs77.kep.test" // it gets lost
				}
			})
			if known {
				packet = w.Net.Sent[0]
			}
			blind := smtp.Recipient{Path: smtp.Path(world.Address("cem", "hs91"))}
			if extra {
				packet.TX.Recipients = append(slices.Clone(packet.TX.Recipients), blind)
			} else {
				packet.TX.Recipients = []smtp.Recipient{blind}
			}
			err := w.Net.Arrive(packet)
			if _, refused := errors.AsType[*rem.Refusal](err); !refused {
				t.Errorf("%s, known %t: answered with %v, want a refusal", name, known, err)
			}
		}
	}
}
