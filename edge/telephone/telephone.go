package telephone

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"rem"
	"rem/edge/simulator"
	"rem/message/signing"
	"rem/person"
	"rem/trust/algorithm"
)

// Telephones stand in for the operators of mobile signatures: each line has a
// synthetic person's key, and its person confirms or declines. They speak
// signing.Mobile in the same program, and by Handler the form that edge/mobile asks in;
// no real operator's protocol is spoken here. A production provider has no use for
// them: their certificates are SIMULATOR's, which its anchors do not hold.
//
// They may be used from many goroutines. Nothing is kept after their end.
type Telephones struct {
	clock rem.Clock

	mu    sync.Mutex
	lines map[person.Phone]*simulator.Identity // guarded by mu
	asked map[signing.MobileHandle]*request    // guarded by mu
	order int                                  // guarded by mu; of the newest request
}

// A request is one to a line. Its answer stays until keep has passed.
type request struct {
	signing.MobileRequest
	order  int
	answer signing.MobileAnswer
}

const (
	keep        = 15 * time.Minute // after a request's end its answer is still told
	maxRequests = 1000
	maxLines    = 100_000
)

// New returns operators without a line.
func New(clock rem.Clock) *Telephones {
	return &Telephones{clock: clock, lines: map[person.Phone]*simulator.Identity{}, asked: map[signing.MobileHandle]*request{}}
}

// Line gives somebody a line, or another key to one.
func (t *Telephones) Line(number string, id *simulator.Identity) error {
	n, err := person.ParseMobile(number)
	if err != nil {
		return fmt.Errorf("giving a simulated line: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) >= maxLines {
		return errors.New("giving a simulated line: there are too many")
	}
	t.lines[n] = id
	return nil
}

// Certificate implements signing.Mobile.
func (t *Telephones) Certificate(_ context.Context, number person.Phone) ([][]byte, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	id := t.lines[number]
	if id == nil {
		return nil, signing.NoMobileSignature()
	}
	var chain [][]byte
	for _, c := range id.Chain {
		chain = append(chain, c.Raw)
	}
	return chain, nil
}

// Ask implements signing.Mobile.
func (t *Telephones) Ask(_ context.Context, r signing.MobileRequest) error {
	now := t.clock.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	for h, x := range t.asked {
		if !now.Before(x.Until.Add(keep)) {
			delete(t.asked, h)
		}
	}
	switch x := t.asked[r.Handle]; {
	case x != nil && x.Number == r.Number && bytes.Equal(x.Digest, r.Digest):
		return nil // it rings already, or did
	case x != nil:
		return errors.New("the simulated operator knows this request as another one")
	case t.lines[r.Number] == nil:
		return signing.NoMobileSignature()
	case len(r.Digest) != crypto.SHA256.Size() || len(t.asked) >= maxRequests:
		return errors.New("the simulated operator takes no such request now")
	}
	t.order++
	t.asked[r.Handle] = &request{MobileRequest: r, order: t.order, answer: signing.MobileAnswer{Word: signing.WordWaiting}}
	return nil
}

// Answer implements signing.Mobile.
func (t *Telephones) Answer(_ context.Context, h signing.MobileHandle) (signing.MobileAnswer, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	x := t.asked[h]
	if x == nil {
		return signing.MobileAnswer{Word: signing.WordUnknown}, nil
	}
	t.expire(x)
	return x.answer, nil
}

// expire ends a request whose time has passed. The caller holds mu.
func (t *Telephones) expire(x *request) {
	if x.answer.Word == signing.WordWaiting && !t.clock.Now().Before(x.Until) {
		x.answer = signing.MobileAnswer{Word: signing.WordExpired}
	}
}

// Withdraw implements signing.Mobile.
func (t *Telephones) Withdraw(_ context.Context, h signing.MobileHandle) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if x := t.asked[h]; x != nil && x.answer.Word == signing.WordWaiting {
		x.answer = signing.MobileAnswer{Word: signing.WordExpired}
	}
	return nil
}

// A Shown is what a telephone shows now.
type Shown struct {
	Number string // whole: it is nobody's
	Text   string
	// Code is reckoned here from what is to be signed, and not believed of the asker.
	Code   string
	Until  time.Time
	Handle signing.MobileHandle
}

// Shows are all that telephones show now, in the order in which they came.
func (t *Telephones) Shows() []Shown {
	t.mu.Lock()
	defer t.mu.Unlock()
	var waiting []*request
	for _, x := range t.asked {
		if t.expire(x); x.answer.Word == signing.WordWaiting {
			waiting = append(waiting, x)
		}
	}
	slices.SortFunc(waiting, func(a, b *request) int { return a.order - b.order })
	var list []Shown
	for _, x := range waiting {
		list = append(list, Shown{x.Number.Reveal(), x.Text, signing.MobileCode(x.Digest), x.Until, x.Handle})
	}
	return list
}

// Press is what a line's person does about a request that it shows.
func (t *Telephones) Press(h signing.MobileHandle, confirm bool) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	x := t.asked[h]
	if x == nil {
		return errors.New("the simulated telephone shows no such request")
	}
	if t.expire(x); x.answer.Word != signing.WordWaiting {
		return nil // answered: a button that is pressed twice
	}
	if !confirm {
		x.answer = signing.MobileAnswer{Word: signing.WordDeclined}
		return nil
	}
	key := t.lines[x.Number].Key
	method, err := algorithm.For(key.Public(), crypto.SHA256, false)
	if err != nil {
		return fmt.Errorf("signing on a simulated telephone: %w", err)
	}
	value, err := method.Sign(key, x.Digest)
	if err != nil {
		return fmt.Errorf("signing on a simulated telephone: %w", err)
	}
	x.answer = signing.MobileAnswer{Word: signing.WordSigned, Value: value}
	return nil
}

// PressAll presses the same on all that a line shows, and says how many there were.
func (t *Telephones) PressAll(number string, confirm bool) (n int, err error) {
	for _, s := range t.Shows() {
		if s.Number == strings.ReplaceAll(number, " ", "") {
			n++
			err = errors.Join(err, t.Press(s.Handle, confirm))
		}
	}
	return n, err
}

// Forget is an operator that lost everything it was asked.
func (t *Telephones) Forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.asked)
}

var _ signing.Mobile = (*Telephones)(nil)
