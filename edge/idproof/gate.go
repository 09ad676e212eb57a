package idproof

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"time"

	"rem"
	"rem/edge/outward"
	"rem/person"
	"rem/person/identity"
)

// GateOptions say where the gate is.
type GateOptions struct {
	// Outward is the gate's back channel.
	Outward outward.Options
	// Page is where the person is sent, Return our page to which he comes back.
	// Both are https, without a query.
	Page, Return string
}

// A Gate identifies people who log in to it (e-Devlet). It may be used from many
// goroutines.
type Gate struct {
	client     *outward.Client
	page, back *url.URL
	clock      rem.Clock
}

// NewGate prepares the adapter.
func NewGate(o GateOptions) (*Gate, error) {
	c, err := outward.NewClient(o.Outward)
	if err != nil {
		return nil, err
	}
	g := &Gate{client: c, clock: o.Outward.Clock}
	for _, p := range []struct {
		text string
		to   **url.URL
	}{{o.Page, &g.page}, {o.Return, &g.back}} {
		u, err := url.Parse(p.text)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return nil, fmt.Errorf("preparing %s: its page and ours have to be https without a query", c.Name())
		}
		*p.to = u
	}
	// The person's browser is sent there, and with it who visits us.
	if err := o.Outward.Guard.Check(rem.FoldASCII(g.page.Hostname())); err != nil {
		return nil, fmt.Errorf("preparing %s: its page: %w", c.Name(), err)
	}
	return g, nil
}

// Begin begins a visit and gives the address to which the person is sent. The
// visit is kept before he goes.
func (g *Gate) Begin(a person.ApplicationID, form rem.Digest) (Visit, string) {
	v := NewVisit(a, form, g.clock.Now())
	to := *g.page
	sum := sha256.Sum256([]byte(v.derive("verifier")))
	to.RawQuery = url.Values{
		"reference": {v.Reference()}, "state": {v.derive("state")},
		"challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "return": {g.back.String()},
	}.Encode()
	return v, to.String()
}

// Of says whether a return, by its state, is that of the visit. A page that knows
// several visits asks it of each.
func (v *Visit) Of(state string) bool { return same(state, v.derive("state")) }

type gateQuestion struct {
	Reference string `json:"reference"`
	Code      string `json:"code"`
	Verifier  string `json:"verifier"`
}

type gateAnswer struct {
	Simulator      string `json:"simulator"`
	Reference      string `json:"reference"`
	Challenge      string `json:"challenge"`
	Result         string `json:"result"` // confirmed, declined, not-confirmed
	At             string `json:"at"`
	IdentityNumber string `json:"identity_number"`
	GivenNames     string `json:"given_names"`
	FamilyName     string `json:"family_name"`
	BirthDate      string `json:"birth_date"`
}

// maxCode bounds what comes back through the person's browser.
const maxCode = 512

// Finish takes what the person came back with, and fetches what the gate says of
// him. The same visit and code may be finished again, after a crash or a fault: the
// question has the same key. A code of another visit is refused, here by its state
// and at the gate by the verifier.
//
// The error wraps ErrMixedUp, ErrExpired, ErrDeclined, or an error of outward.
func (g *Gate) Finish(ctx context.Context, v Visit, state, code string, said identity.Shown) (*identity.Answer, error) {
	now := g.clock.Now()
	switch {
	case !v.Of(state):
		return nil, fmt.Errorf("returning from %s: %w", g.client.Name(), ErrMixedUp)
	case code == "" || len(code) > maxCode:
		return nil, fmt.Errorf("returning from %s: %w", g.client.Name(), unreadable("its code"))
	}
	if err := v.live(now); err != nil {
		return nil, fmt.Errorf("returning from %s: %w", g.client.Name(), err)
	}
	var got gateAnswer
	key := sha256.Sum256([]byte(v.Reference() + "\n" + code))
	a, err := g.client.Ask(ctx, "v1/result", base64.RawURLEncoding.EncodeToString(key[:]), gateQuestion{v.Reference(), code, v.derive("verifier")}, &got)
	if err != nil {
		return nil, err
	}
	at, err := time.Parse(time.RFC3339, got.At)
	sum := sha256.Sum256([]byte(v.derive("verifier")))
	switch {
	case !same(got.Reference, v.Reference()), !same(got.Challenge, base64.RawURLEncoding.EncodeToString(sum[:])):
		return nil, fmt.Errorf("returning from %s: %w", g.client.Name(), ErrMixedUp)
	case err != nil || !v.during(at, g.clock.Now()):
		return nil, fmt.Errorf("returning from %s: %w: its time is not one of the visit", g.client.Name(), outward.ErrGarbage)
	case got.Result == "declined":
		return nil, ErrDeclined
	case got.Result != "confirmed" && got.Result != "not-confirmed":
		return nil, fmt.Errorf("returning from %s: %w: no result", g.client.Name(), outward.ErrGarbage)
	}
	shown, err := g.read(&got)
	if err != nil {
		return nil, fmt.Errorf("returning from %s: %w", g.client.Name(), err)
	}
	return &identity.Answer{
		By: identity.Collector{Role: identity.ByAdapter, Adapter: g.client.Name(), Simulated: a.Simulated}, At: now,
		Checklist: []identity.Checked{{Item: identity.GateConfirmed, Passed: got.Result == "confirmed"}},
		Compared:  identity.CompareShown(said, shown),
		Evidence:  []identity.Kept{identity.KeepBytes(identity.AdapterAnswer, a.Body, at.UTC())},
	}, nil
}

// read reads the values of an answer. Of somebody who is not confirmed the gate
// need not say anything; whom it confirms it has to name whole.
func (g *Gate) read(got *gateAnswer) (s identity.Shown, err error) {
	garbage := func(what string) error { return fmt.Errorf("%w: %s", outward.ErrGarbage, what) }
	if got.Result != "confirmed" && got.IdentityNumber == "" {
		return s, nil
	}
	var errs [4]error
	s.Identity, errs[0] = person.ParseIdentityNumber(got.IdentityNumber)
	s.Given, errs[1] = person.ParseName(got.GivenNames)
	s.Family, errs[2] = person.ParseName(got.FamilyName)
	s.Birth, errs[3] = person.ParseDate(got.BirthDate)
	if errors.Join(errs[:]...) != nil {
		return s, garbage("whom it names cannot be read")
	}
	return s, nil
}
