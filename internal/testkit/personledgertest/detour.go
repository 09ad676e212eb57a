package personledgertest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rem"
	"rem/person"
	"rem/person/application"
	"rem/person/identity"
	"rem/privacy"
)

// DetourEnds are the events with which a detour may end.
var DetourEnds = []application.Event{application.Activate, application.Refuse, application.Withdraw, application.Expire}

// Detour is the longest way of application n, of a natural person, through every
// event of the table but the ends, of which it takes one: doubts are cleared, the
// case is given back and returned, and the form is handed in again with another
// address. Each move may be made again.
func (k *Kit) Detour(n int, end application.Event) []Move {
	id, number := ID(n), 0
	var moves []Move
	step := func(on application.Event, decide func(ctx context.Context, v application.View, at time.Time) (application.Step, error)) {
		number++
		mine, at := number, At.Add(time.Duration(number)*time.Hour)
		moves = append(moves, Move{fmt.Sprintf("%02d %s", mine, on), func(ctx context.Context, l application.Ledger) error {
			v, err := l.Application(ctx, id)
			if err != nil && !(errors.Is(err, application.ErrNotFound) && mine == 1) {
				return err
			}
			if v.Steps >= mine {
				return nil
			}
			s, err := decide(ctx, v, at)
			if err != nil {
				return err
			}
			return l.Commit(ctx, s)
		}})
	}
	key := func(i int) string { return fmt.Sprintf("ask/%s/%d", id, i) }
	ask := func(i int) {
		after := number
		moves = append(moves, Move{fmt.Sprintf("%02d ask", after), func(ctx context.Context, l application.Ledger) error {
			v, err := l.Application(ctx, id)
			if err != nil || v.Steps > after {
				return err
			}
			_, err = l.Intend(ctx, application.Intention{Key: key(i), Application: id, At: At, Body: []byte("1 ask")})
			return err
		}})
	}
	type c = context.Context
	type view = application.View
	type made = application.Step
	save := func(ctx c, v view, at time.Time) (made, error) {
		typed, err := k.Vault.Seal(ctx, "per-a", "application.StepData.Typed", privacy.NewValue("{}", privacy.ByDeclaration(at)))
		if err != nil {
			return made{}, err
		}
		return k.Rules.Save(v, typed, Person, at)
	}
	submit := func(address int) func(c, view, time.Time) (made, error) {
		return func(ctx c, v view, at time.Time) (made, error) {
			h, err := k.Handing(ctx, address, person.Natural, false)
			if err != nil {
				return made{}, err
			}
			h.Header.Application = id
			return k.Rules.Submit(v, h, Person, at)
		}
	}
	choose := func(_ c, v view, at time.Time) (made, error) { return k.Rules.Choose(v, identity.Office, Person, at) }
	handIn := func(_ c, v view, at time.Time) (made, error) {
		return k.Rules.HandIn(v, AllPapers(&v, at), Person, at)
	}
	found := func(i int, same bool) func(c, view, time.Time) (made, error) {
		return func(_ c, v view, at time.Time) (made, error) {
			r := Record(&v, Officer.Actor.Person, at)
			r.Compared[2].Same = same
			s, err := k.Rules.Found(v, r, Officer, at)
			return s.Resolving(key(i)), err
		}
	}
	takeUp := func(by application.By) func(c, view, time.Time) (made, error) {
		return func(_ c, v view, at time.Time) (made, error) { return k.Rules.TakeUp(v, by, at) }
	}
	other := By("staff-r", application.Approver)

	step(application.Begin, func(_ c, _ view, at time.Time) (made, error) {
		return k.Rules.Begin(id, person.Natural, Notice, Person, at)
	})
	step(application.Save, save)
	step(application.Save, save)
	step(application.Submit, submit(n))
	step(application.Choose, choose)
	step(application.HandIn, handIn)
	ask(1)
	step(application.Object, found(1, false))
	step(application.Return, func(_ c, v view, at time.Time) (made, error) {
		return k.Rules.Return(v, application.AnotherMethod, Officer, at)
	})
	step(application.Choose, choose)
	ask(2)
	step(application.Object, found(2, false))
	step(application.Clear, func(_ c, v view, at time.Time) (made, error) { return k.Rules.Clear(v, "married", Officer, at) })
	step(application.TakeUp, takeUp(Approver))
	step(application.GiveBack, func(_ c, v view, at time.Time) (made, error) { return k.Rules.GiveBack(v, Approver, at) })
	step(application.TakeUp, takeUp(other))
	step(application.Return, func(_ c, v view, at time.Time) (made, error) {
		return k.Rules.Return(v, application.WrongForm, other, at)
	})
	step(application.Save, save)
	step(application.Submit, submit(n+500_000)) // another address
	step(application.Choose, choose)
	ask(3)
	step(application.Identify, found(3, true))
	step(application.TakeUp, takeUp(other))
	if end == application.Refuse {
		step(end, func(_ c, v view, at time.Time) (made, error) {
			return k.Rules.Refuse(v, application.NotEntitled, other, at)
		})
		return moves
	}
	step(application.Approve, func(_ c, v view, at time.Time) (made, error) {
		done, err := identity.Complete(*v.Newest())
		if err != nil {
			return made{}, err
		}
		return k.Rules.Approve(v, done, other, at)
	})
	step(end, func(_ c, v view, at time.Time) (made, error) {
		switch end {
		case application.Withdraw:
			return k.Rules.Withdraw(v, Person, at)
		case application.Expire:
			return k.Rules.Expire(v, Clock, v.Due)
		}
		done, err := identity.Complete(*v.Newest())
		if err != nil {
			return made{}, err
		}
		return k.Rules.Activate(v, done, application.Channels{application.BySigning}, Person, at)
	})
	return moves
}

// DetourAddresses are those that application n asks for on its detour.
func DetourAddresses(n int) (first, second rem.Address) {
	at := func(n int) rem.Address {
		return rem.MustAddress(Input(n, person.Natural, false)["kep-address"])
	}
	return at(n), at(n + 500_000)
}
