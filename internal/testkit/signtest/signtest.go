// Package signtest gives tests a desk of signing on a whole provider: a world of
// internal/testkit/world, whose first user has drafts, and a signing.Service that
// submits to it.
package signtest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"rem"
	"rem/edge/simulator"
	"rem/internal/testkit/world"
	"rem/mail/mime"
	"rem/mail/smtp"
	"rem/message"
	"rem/message/signing"
	"rem/message/submission"
	"rem/person"
)

// A Desk is a service with what is around it. Fields are changed before its first
// use.
type Desk struct {
	*signing.Service
	Kit      *world.Kit
	World    *world.World
	Provider *world.Provider
	Login    submission.Login
	// Phone is the number of whoever is logged in; zero: none.
	Phone person.Phone
	// Before, where it is set, is asked before each submission; its error is a fault.
	Before func() error

	mu sync.Mutex
	// sent are the originals that were handed in; guarded by mu.
	sent [][]byte
}

const method = "urn:rem:authentication:application-password"

// New makes one. Its first user, ayse, signs as the first synthetic person.
func New(t testing.TB, p signing.Policy) *Desk {
	t.Helper()
	k := world.NewKit(t)
	w := k.New(t, world.Options{})
	d := &Desk{Kit: k, World: w, Provider: w.Providers[world.Domain("hs90")]}
	a := world.Account("ayse", d.Provider.Domain)
	d.Login = submission.Login{
		Actor:          rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: a.Holder.Person, Method: method},
		Authentication: message.Authentication{Time: w.Clock.Now(), Method: method},
	}
	validator := w.Validator(t)
	d.Service = &signing.Service{
		Clock: w.Clock, Random: w, Accounts: d.Provider.Store, Tokens: world.Tokens{}, Judge: validator,
		Signatures: submission.SignatureReader{Validator: validator}, Door: d, Policy: p, Known: k.Authorities(),
	}
	return d
}

// Submit implements signing.Door.
func (d *Desk) Submit(ctx context.Context, login submission.Login, _ signing.Draft, tx smtp.Transaction, original message.Content) (submission.Receipt, error) {
	b := make([]byte, original.Size())
	if _, err := original.ReadAt(b, 0); err != nil && len(b) == 0 {
		return submission.Receipt{}, err
	}
	d.mu.Lock()
	d.sent = append(d.sent, b)
	before := d.Before
	d.mu.Unlock()
	if before != nil {
		if err := before(); err != nil {
			return submission.Receipt{}, err
		}
	}
	return d.Provider.Submitter.Submit(ctx, login, tx, original)
}

// Sent returns what was handed in, in order.
func (d *Desk) Sent() [][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([][]byte(nil), d.sent...)
}

// Draft makes the n-th draft: from ayse to bora of another provider.
func Draft(n int) signing.Draft {
	return signing.Draft{ID: fmt.Sprintf("taslak-%d", n), Original: mime.Memory(world.Letter{
		From: world.Address("ayse", "hs90"), To: []string{world.Address("bora", "hs91")}, Subject: fmt.Sprintf("Sozlesme %d", n), ID: fmt.Sprintf("taslak-%d@hs90.kep.test", n),
		Body: fmt.Sprintf("Sayın ilgili,\r\n\r\n%d numaralı sözleşme ektedir.\r\n", n),
	}.Unsigned())}
}

// Drafts makes n of them.
func Drafts(n int) (list []signing.Draft) {
	for i := range n {
		list = append(list, Draft(i+1))
	}
	return list
}

// Begin begins a request of n drafts.
func (d *Desk) Begin(t testing.TB, n int) (signing.View, signing.Access) {
	t.Helper()
	v, err := d.Service.Begin(t.Context(), d.Login, Drafts(n))
	if err != nil {
		t.Fatal(err)
	}
	return v, signing.Access{ID: v.ID, Actor: d.Login.Actor}
}

// Chain is an identity's as it is sent.
func Chain(id *simulator.Identity) (chain [][]byte) {
	for _, c := range id.Chain {
		chain = append(chain, c.Raw)
	}
	return chain
}

// Sign signs what a choice asks for.
func Sign(t testing.TB, id *simulator.Identity, c signing.Choice) (values [][]byte) {
	t.Helper()
	for _, i := range c.Items {
		value, err := c.Algorithm.Sign(id.Key, i.Digest)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, value)
	}
	return values
}
