package world

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"

	"rem"
	"rem/internal/testkit/broken"
	"rem/mail/smtp"
	"rem/message"
	"rem/message/relay"
)

// A Fate is what the network does with one attempt.
type Fate uint8

// The fates.
const (
	Pass       Fate = iota
	Lose            // no connection: it certainly was not taken
	LoseAnswer      // it arrives, and the answer is lost
	Hang            // it does not arrive, and nobody can know
	Forbid          // refused for good at the door, without evidence
	Twice           // it arrives a second time right after the first
	Late            // it arrives when the test says so (Release); until then nobody knows
	TurnAway        // the first recipient is turned away for the time being, the others pass
)

// A Packet is what was carried once.
type Packet struct {
	From, To string
	Answer   bool // a REM-MD message with evidence, not a dispatch
	TX       smtp.Transaction
	Body     []byte
}

// A Network lies between the providers of a world.
type Network struct {
	// Fate decides about the n-th packet, from 1, of those from one provider to
	// another. Nil lets all pass.
	Fate func(p Packet, n int) Fate
	// Sent holds every packet that arrived, for replays. It is read while
	// nothing runs.
	Sent []Packet

	w      *World
	mu     sync.Mutex
	counts map[string]int // guarded by mu
	late   []Packet       // guarded by mu
}

// Count returns how many packets there were.
func (n *Network) Count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	total := 0
	for _, c := range n.counts {
		total += c
	}
	return total
}

// Release lets the late packets arrive, in the order that the permutation
// gives (nil: as they were sent), and returns how many there were.
func (n *Network) Release(order func([]Packet)) int {
	n.mu.Lock()
	late := n.late
	n.late = nil
	n.mu.Unlock()
	if order != nil {
		order(late)
	}
	for _, p := range late {
		n.Arrive(p)
		n.w.settle()
	}
	return len(late)
}

// Arrive gives a packet to its receiver, as often as the test likes.
func (n *Network) Arrive(p Packet) error {
	to := n.w.Providers[p.To]
	if to == nil || to.dead.Load() {
		return broken.ErrCrashed
	}
	n.mu.Lock()
	n.Sent = append(n.Sent, p)
	n.mu.Unlock()
	return to.Relay.In(context.Background(), p.From, p.TX, message.InMemory(p.Body))
}

// A courier carries for one provider.
type courier struct {
	n *Network
	p *Provider
}

// Carry implements relay.Courier.
func (c courier) Carry(_ context.Context, domain string, tx smtp.Transaction, body io.Reader, size int64) relay.Attempt {
	b, err := io.ReadAll(body)
	if err != nil || int64(len(b)) != size {
		return relay.Attempt{Class: relay.NotTaken, Reason: rem.PeerUnreachable, Detail: "reading what is to be sent"}
	}
	nothing := relay.Attempt{Class: relay.NotTaken, Reason: rem.PeerUnreachable, Detail: "no connection"}
	var a relay.Attempt
	carried := false
	err = c.p.effect("connection", func() error {
		carried = true
		a = c.n.carry(Packet{From: c.p.Domain, To: domain, Answer: tx.Sender.IsNull(), TX: tx, Body: b})
		return nil
	})
	switch {
	case err != nil && !carried:
		return nothing
	case err != nil: // done, and nobody knows
		return relay.Attempt{Class: relay.Unknown, Reason: rem.PeerUnreachable, Detail: "the answer was lost"}
	}
	return a
}

func (n *Network) carry(p Packet) relay.Attempt {
	key := p.From + " " + p.To
	n.mu.Lock()
	n.counts[key]++
	count := n.counts[key]
	n.mu.Unlock()
	fate := Pass
	if n.Fate != nil {
		fate = n.Fate(p, count)
	}
	nothing := relay.Attempt{Class: relay.NotTaken, Reason: rem.PeerUnreachable, Detail: "no connection"}
	unknown := relay.Attempt{Class: relay.Unknown, Reason: rem.PeerUnreachable, Detail: "the answer was lost"}
	if _, err := n.w.List().ByDomain(p.To, n.w.Clock.Now()); err != nil {
		nothing.Reason = rem.PeerNotIdentified
		return nothing
	}
	if n.w.Providers[p.To] == nil {
		return nothing
	}
	switch fate {
	case Lose:
		return nothing
	case Hang:
		return unknown
	case Forbid:
		return relay.Attempt{Class: relay.NotTaken, Permanent: true, Reason: rem.PolicyViolation, Detail: "550"}
	case Late:
		n.mu.Lock()
		n.late = append(n.late, p)
		n.mu.Unlock()
		return unknown
	case LoseAnswer:
		n.Arrive(p)
		return unknown
	case Twice:
		a := n.attempt(p)
		n.Arrive(p)
		return a
	case TurnAway:
		turned, err := p.TX.Recipients[0].Path.Address()
		if err != nil {
			return nothing
		}
		p.TX.Recipients = slices.Clone(p.TX.Recipients[1:])
		if len(p.TX.Recipients) == 0 {
			return nothing
		}
		a := n.attempt(p)
		a.Refused = map[rem.Address]rem.Reason{turned: ""}
		return a
	}
	return n.attempt(p)
}

// attempt is what SMTP makes of the receiver's answer.
func (n *Network) attempt(p Packet) relay.Attempt {
	to := n.w.Providers[p.To]
	if to.dead.Load() {
		return relay.Attempt{Class: relay.NotTaken, Reason: rem.PeerUnreachable, Detail: "no connection"}
	}
	err := n.Arrive(p)
	if to.dead.Load() {
		return relay.Attempt{Class: relay.Unknown, Reason: rem.PeerUnreachable, Detail: "the connection ended"}
	}
	switch _, refused := errors.AsType[*rem.Refusal](err); {
	case err == nil:
		return relay.Attempt{Class: relay.Taken}
	case refused:
		return relay.Attempt{Class: relay.NotTaken, Permanent: true, Reason: rem.PolicyViolation, Detail: "550"}
	case errors.Is(err, relay.ErrUncertain):
		return relay.Attempt{Class: relay.Unknown, Reason: rem.PeerUnreachable, Detail: "the connection ended"}
	}
	return relay.Attempt{Class: relay.NotTaken, Reason: rem.PeerUnreachable, Detail: "451"}
}
