package application

import (
	"context"
	"errors"
	"time"

	"rem/person"
)

// Errors that every ledger promises.
var (
	// ErrNotFound: there is no such application.
	ErrNotFound = errors.New("no such application")
	// ErrMoved: somebody else's step came first and its result stands. Nothing
	// of the step was applied. Read again and decide again.
	ErrMoved = errors.New("another step came first")
)

// An Intention is a question to somebody outside, written down before it is
// asked: an adapter of identification, the registry, a partner. Whoever finds
// one without its step asks again with the same key.
type Intention struct {
	Key         string
	Application person.ApplicationID
	At          time.Time
	// Body is the asker's own, with its version inside, and nothing of a person
	// that is not sealed.
	Body []byte
}

// A Ledger keeps applications. Every method may be called concurrently. A method
// that writes has made its effect durable when it returns nil; when it returns an
// error other than those promised here, the effect may or may not have happened,
// and calling it again is harmless. Steps keep their times as they are; where a
// ledger compares times it does so to a microsecond, and a deadline never passes
// early.
//
// internal/testkit/personledgertest is what any ledger must pass.
type Ledger interface {
	person.Addresses

	// Intend keeps the intention and returns what stands: when one with this key
	// is there and not resolved, the first one. It does not ask whether there is
	// such an application.
	Intend(ctx context.Context, in Intention) (Intention, error)
	// Abandon forgets an intention that will not be carried out. One that is not
	// there is no error.
	Abandon(ctx context.Context, key string) error
	// Unfinished returns the intentions that have no step, oldest first. It is
	// asked at start, before new work.
	Unfinished(ctx context.Context) ([]Intention, error)

	// Commit applies the step whole or not at all: the view, the history, the
	// address, the intention that it resolves. The same step again changes
	// nothing. ErrMoved when the step's number is taken by another,
	// person.ErrTaken when its address is not to be had, person.ErrNotReserved
	// when an account is opened without one, ErrNotFound for a step that begins
	// nothing of an application that is not there.
	Commit(ctx context.Context, s Step) error

	// Application returns the application, or ErrNotFound.
	Application(ctx context.Context, id person.ApplicationID) (View, error)
	// History returns its steps in order, or ErrNotFound.
	History(ctx context.Context, id person.ApplicationID) ([]StepData, error)
	// Waiting returns the applications that are in the state, those longest in it
	// first, at most limit, after the given one when it is not empty, by the time
	// at which that one came into the state that it has now.
	Waiting(ctx context.Context, s State, after person.ApplicationID, limit int) ([]person.ApplicationID, error)
	// Due returns up to limit applications whose deadline has passed at now, the
	// earliest first, and when the next one after them passes (zero: none).
	Due(ctx context.Context, now time.Time, limit int) ([]person.ApplicationID, time.Time, error)
}
