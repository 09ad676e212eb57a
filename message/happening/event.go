package happening

import (
	"context"
	"time"

	"rem"
	"rem/message"
)

// A Kind is what happened.
type Kind string

// The kinds.
const (
	Arrived   Kind = "arrived"   // a message came into the mailbox
	Opened    Kind = "opened"    // a message in the mailbox was opened for the first time, within its term
	Submitted Kind = "submitted" // a message of the account was accepted
	Refused   Kind = "refused"   // a message of the account was refused
	Filed     Kind = "evidence"  // an evidence came about a message of the account
)

// Kinds are all, in the order in which people are asked.
var Kinds = []Kind{Arrived, Opened, Submitted, Refused, Filed}

// An Event is one thing that happened on an account.
type Event struct {
	// Number is the event's on its account, from 1.
	Number  int64
	At      time.Time
	Kind    Kind
	Message rem.MessageID
	// Recipient is the number of the one that it is about; 0: all.
	Recipient int
	// Evidence, Of and Outcome are set for Filed.
	Evidence rem.EvidenceID
	Of       message.Kind
	Outcome  message.Outcome
}

// A Told is an event of an account that has no number yet.
type Told struct {
	Account rem.AccountID
	Event   Event
}

// Bounds.
const (
	// Keep is how long events stay where the provider sets nothing else: longer than
	// any holiday of who looks after a program.
	Keep = 90 * 24 * time.Hour
	// MaxKeep bounds what a provider may set.
	MaxKeep = 400 * 24 * time.Hour
	// MaxPage bounds the events of one answer.
	MaxPage = 1000
)

// A Store keeps events. Methods that write are durable when they return nil, whole
// or not at all; all may be called concurrently.
type Store interface {
	// Position is up to where the feed was followed; "" at first.
	Position(ctx context.Context) (string, error)
	// Append numbers the events and moves the position from one to the next, in one
	// step. When the position is another it changes nothing: they were appended.
	Append(ctx context.Context, told []Told, from, to string) error
	// After gives up to limit events of the account after the number, and the number
	// of the newest one that there ever was.
	After(ctx context.Context, a rem.AccountID, after int64, limit int) (events []Event, newest int64, err error)
	// Forget drops events before the time. Their numbers are not given again.
	Forget(ctx context.Context, before time.Time) error
	// Watch returns a channel that gets a value after an event of the account came; it
	// has room for one. stop ends it.
	Watch(a rem.AccountID) (changed <-chan struct{}, stop func())
}
