package account

import (
	"context"
	"errors"
	"fmt"

	"rem"
)

// A Keeper changes accounts by the rules. Its fields are set before its first use;
// it may be used concurrently. Each change is one step of the store and is in force
// when it returned nil: whoever acts next is judged by it. What comes after, ending
// sessions and telling people, is repeated until it is done.
type Keeper struct {
	Store     Store
	Sessions  Sessions
	Messenger Messenger
	Clock     rem.Clock
	Terms     Terms
}

// maxTries bounds how often a change is decided again because another one came
// between.
const maxTries = 8

// change reads, decides and writes, until nobody came between.
func (k *Keeper) change(ctx context.Context, id rem.AccountID, decide func(a *Account) (Account, error)) (Account, error) {
	for range maxTries {
		a, err := k.Store.Account(ctx, id)
		if err != nil {
			return a, fmt.Errorf("changing account %s: %w", id, err)
		}
		b, err := decide(&a)
		if err != nil {
			return a, err
		}
		if b.Equal(&a) {
			return a, nil
		}
		switch err := k.Store.Update(ctx, b); {
		case err == nil:
			b.Version++
			return b, nil
		case !errors.Is(err, ErrChanged):
			return a, fmt.Errorf("changing account %s: %w", id, err)
		}
	}
	return Account{}, fmt.Errorf("changing account %s: %d others came between: %w", id, maxTries, ErrChanged)
}

// end ends the sessions of a person, and of those under him, whose powers may be
// less now; an empty person is everybody.
func (k *Keeper) end(ctx context.Context, before *Account, p rem.PersonID) error {
	people := []rem.PersonID{p}
	if p != "" {
		for i := range before.Operators {
			if o := before.Operators[i].Person; before.under(p, o) {
				people = append(people, o)
			}
		}
	}
	for _, p := range people {
		if err := k.Sessions.End(ctx, before.ID, p); err != nil {
			return fmt.Errorf("ending sessions of account %s: %w", before.ID, err)
		}
	}
	return nil
}

// Appoint adds or changes an operator. See [Account.Appoint]. The sessions of
// somebody who is changed end, so that no page shows what he cannot do any more.
func (k *Keeper) Appoint(ctx context.Context, by By, id rem.AccountID, o Operator) error {
	now := k.Clock.Now().UTC()
	var before Account
	_, err := k.change(ctx, id, func(a *Account) (Account, error) {
		before = *a
		return a.Appoint(by, o, now)
	})
	if err != nil || before.Operator(o.Person) == nil {
		return err
	}
	return k.end(ctx, &before, o.Person)
}

// Remove takes an operator off at once, with his application password and his
// sessions. It may be repeated after a fault, when he is off already.
func (k *Keeper) Remove(ctx context.Context, by By, id rem.AccountID, p rem.PersonID) error {
	now := k.Clock.Now().UTC()
	var before Account
	if _, err := k.change(ctx, id, func(a *Account) (Account, error) {
		before = *a
		return a.Remove(by, p, now)
	}); err != nil {
		return err
	}
	if before.Operator(p) == nil && !by.Staff && !before.May(by.Actor.Person, Operators, now) && by.Actor.Person != p {
		return nil // nothing was there to remove, and he may not end others' sessions
	}
	if err := k.Store.SetPassword(ctx, id, p, ""); err != nil {
		return fmt.Errorf("taking the password of an operator of account %s: %w", id, err)
	}
	return k.end(ctx, &before, p)
}

// SetFourEyes asks for two persons, or no longer. See [Account.SetFourEyes].
func (k *Keeper) SetFourEyes(ctx context.Context, by By, id rem.AccountID, on bool) error {
	now := k.Clock.Now().UTC()
	_, err := k.change(ctx, id, func(a *Account) (Account, error) { return a.SetFourEyes(by, on, now) })
	return err
}

// Move carries an event out. See [Account.Move]. Every session of an account that
// nobody logs in to any more ends.
func (k *Keeper) Move(ctx context.Context, by By, id rem.AccountID, e Event, why Reason) error {
	now := k.Clock.Now().UTC()
	after, err := k.change(ctx, id, func(a *Account) (Account, error) {
		if a.State == Closed && e == Close && a.Standing.By == by.Actor.Person && a.Standing.Reason == why {
			return *a, nil // the same again, after a fault
		}
		return a.Move(by, e, why, k.Terms, now)
	})
	if err != nil || after.State.Allows(LogIn) {
		return err
	}
	return k.end(ctx, &after, "")
}

// Renew extends the term. See [Account.Extended].
func (k *Keeper) Renew(ctx context.Context, by By, id rem.AccountID) error {
	now := k.Clock.Now().UTC()
	_, err := k.change(ctx, id, func(a *Account) (Account, error) { return a.Extended(by, k.Terms, now) })
	return err
}

// tickPage is how many accounts Tick holds at once.
const tickPage = 256

// Tick carries out what time alone makes of every account, ends the sessions of
// what it closed, and tells what waits to be told. What fails is left for the next
// time, and the errors come back together, up to a few; the rest is done. It reads
// every account, so it is for once an hour and not for once a second.
func (k *Keeper) Tick(ctx context.Context) error {
	var errs []error
	after := rem.AccountID("")
	for {
		page, err := k.Store.Accounts(ctx, after, tickPage)
		if err != nil {
			return errors.Join(append(errs, fmt.Errorf("looking at the terms of accounts: %w", err))...)
		}
		if len(page) == 0 {
			return errors.Join(errs...)
		}
		for i := range page {
			if err := k.tick(ctx, &page[i]); err != nil && len(errs) < maxTries {
				errs = append(errs, err)
			}
			if err := ctx.Err(); err != nil {
				return errors.Join(append(errs, err)...)
			}
		}
		after = page[len(page)-1].ID
	}
}

func (k *Keeper) tick(ctx context.Context, a *Account) error {
	now := k.Clock.Now().UTC()
	if _, changed := a.Pass(k.Terms, now); changed {
		b, err := k.change(ctx, a.ID, func(a *Account) (Account, error) {
			b, _ := a.Pass(k.Terms, now)
			return b, nil
		})
		if err != nil {
			return err
		}
		*a = b
	}
	if len(a.Notices) == 0 {
		return nil
	}
	// A closed account's sessions end before people are told of it: the notices wait
	// until both are done, also across a crash.
	if !a.State.Allows(LogIn) {
		if err := k.end(ctx, a, ""); err != nil {
			return err
		}
	}
	told := map[string]bool{}
	var fault error
	for i := range a.Notices {
		n := a.Notices[i]
		if err := k.Messenger.Tell(ctx, n.Key(a.ID), a.Clone(), n); err != nil {
			fault = fmt.Errorf("telling the people of account %s: %w", a.ID, err)
			break
		}
		told[n.Key(a.ID)] = true
	}
	if len(told) == 0 {
		return fault
	}
	_, err := k.change(ctx, a.ID, func(a *Account) (Account, error) {
		b := a.Clone()
		b.Notices = nil
		for _, n := range a.Notices {
			if !told[n.Key(a.ID)] {
				b.Notices = append(b.Notices, n)
			}
		}
		return b, nil
	})
	return errors.Join(fault, err)
}
