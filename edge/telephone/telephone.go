package telephone

import (
	"context"
	"crypto"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"rem"
	"rem/edge/simulator"
	"rem/message/signing"
	"rem/trust/algorithm"
)

// Telephones stand in for the operators of mobile signatures: each line has a
// synthetic person's key, and its person confirms or declines. They speak
// signing.Mobile, as an adapter to a real operator does; no real operator's protocol is
// spoken here. A production provider has no use for them: their certificates are
// SIMULATOR's, which its anchors do not hold.
//
// They may be used from many goroutines.
type Telephones struct {
	clock rem.Clock

	mu    sync.Mutex
	lines map[string]*simulator.Identity      // guarded by mu
	asked map[signing.MobileHandle]*telephone // guarded by mu
}

// A telephone is one request to a line.
type telephone struct {
	number, code string
	digest       []byte
	until        time.Time
	answer       signing.MobileAnswer
}

const (
	telephoneTerm = 2 * time.Minute
	maxTelephones = 1000
)

// NewTelephones returns operators without a line.
func NewTelephones(clock rem.Clock) *Telephones {
	return &Telephones{clock: clock, lines: map[string]*simulator.Identity{}, asked: map[signing.MobileHandle]*telephone{}}
}

// Line gives somebody a line.
func (t *Telephones) Line(number string, id *simulator.Identity) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines[number] = id
}

// Simulated is how pages name it (web.Config.Simulated).
func (t *Telephones) Simulated() rem.Text {
	return rem.Text{Turkish: "mobil imza", English: "mobile signature"}
}

// Operators implements signing.Mobile.
func (t *Telephones) Operators() []signing.MobileOperator {
	return []signing.MobileOperator{{ID: "simulator", Name: rem.Text{Turkish: "Deneme operatörü (SIMULATOR)", English: "Test operator (SIMULATOR)"}}}
}

// Certificate implements signing.Mobile.
func (t *Telephones) Certificate(_ context.Context, operator, number string) ([][]byte, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	id := t.lines[number]
	if operator != "simulator" || id == nil {
		return nil, rem.Refuse(rem.PolicyViolation, "Bu hatta mobil imza yok.", "This line has no mobile signature.")
	}
	var chain [][]byte
	for _, c := range id.Chain {
		chain = append(chain, c.Raw)
	}
	return chain, nil
}

// Ask implements signing.Mobile.
func (t *Telephones) Ask(_ context.Context, r signing.MobileRequest) (signing.MobileHandle, string, error) {
	b := make([]byte, 18)
	if _, err := rand.Read(b); err != nil {
		return "", "", err
	}
	h, code := signing.MobileHandle(hex.EncodeToString(b[:16])), fmt.Sprintf("%04d", (int(b[16])<<8|int(b[17]))%10000)
	now := t.clock.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	for h, x := range t.asked {
		if !now.Before(x.until) {
			delete(t.asked, h)
		}
	}
	if t.lines[r.Number] == nil || len(t.asked) >= maxTelephones {
		return "", "", errors.New("the simulated operator cannot reach the line")
	}
	t.asked[h] = &telephone{number: r.Number, code: code, digest: r.Digest, until: now.Add(telephoneTerm), answer: signing.MobileAnswer{Waiting: true}}
	return h, code, nil
}

// Answer implements signing.Mobile.
func (t *Telephones) Answer(_ context.Context, h signing.MobileHandle) (signing.MobileAnswer, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	x := t.asked[h]
	if x == nil || x.answer.Waiting && !t.clock.Now().Before(x.until) {
		return signing.MobileAnswer{Declined: true}, nil
	}
	return x.answer, nil
}

// Codes are those that a line shows now: what its person sees.
func (t *Telephones) Codes(number string) (codes []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, x := range t.asked {
		if x.number == number && x.answer.Waiting {
			codes = append(codes, x.code)
		}
	}
	return codes
}

// Press is what the line's person does about all that it shows.
func (t *Telephones) Press(number string, confirm bool) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, x := range t.asked {
		if x.number != number || !x.answer.Waiting {
			continue
		}
		if !confirm {
			x.answer = signing.MobileAnswer{Declined: true}
			continue
		}
		key := t.lines[number].Key
		method, err := algorithm.For(key.Public(), crypto.SHA256, false)
		if err != nil {
			return err
		}
		value, err := method.Sign(key, x.digest)
		if err != nil {
			return fmt.Errorf("signing on the simulated telephone %s: %w", strings.Repeat("*", len(number)), err)
		}
		x.answer = signing.MobileAnswer{Value: value}
	}
	return nil
}

var _ signing.Mobile = (*Telephones)(nil)
