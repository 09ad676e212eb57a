package news

import (
	"context"
	"errors"
	"time"

	"rem"
)

// A State is how far a message has come.
type State string

// The states. Sent, Failed and Expired are ends: the destination and the text of
// such a message are gone.
const (
	Waiting State = "waiting"
	// Sent: the gateway or the mail server has taken it. Whether a phone or a
	// mailbox got it is not known here.
	Sent State = "sent"
	// Failed: the gateway or the mail server will never take it.
	Failed State = "failed"
	// Expired: it was not taken before it stopped being worth sending.
	Expired State = "expired"
)

// Ended reports whether nothing more happens.
func (s State) Ended() bool { return s == Sent || s == Failed || s == Expired }

// A Delivery is what anybody but the sender may know of a message: no
// destination, no text. Support reads it.
type Delivery struct {
	ID       ID
	Person   rem.PersonID
	Channel  Channel
	Kind     Kind
	State    State
	Told     time.Time
	Until    time.Time // when it stops being worth sending
	Due      time.Time // of a waiting one: when it is tried next
	Ended    time.Time // of an ended one
	Attempts int       // begun
	// Fault is a code of the last attempt that failed: see Faults of edge/notify.
	Fault string
}

// An Entry is a delivery with its sealed destination and text, for the sender
// alone. Nobody but the program opens it (docs/formats/outbox.md).
type Entry struct {
	Delivery
	Sealed []byte
}

// ErrNotFound: there is no such message.
var ErrNotFound = errors.New("no such message to a person")

// An Outbox keeps what waits to be sent. Every method may be called
// concurrently; one that writes has made its effect durable when it returns nil.
// After another error than those promised here the effect may or may not have
// happened, and calling again is harmless.
type Outbox interface {
	// Tell keeps a new entry. One whose ID is there already changes nothing, also
	// when that has ended: the first one stands.
	Tell(ctx context.Context, e Entry) error
	// Waiting returns up to limit entries whose time has come at now, the earliest
	// first, and when the next one after them comes (zero: none).
	Waiting(ctx context.Context, now time.Time, limit int) ([]Entry, time.Time, error)
	// Begin records that an attempt is made, before it is made: it is the
	// attempt-th, and when nothing is heard of it the next is due at due. False:
	// the entry has ended or another attempt is recorded, and none is to be made.
	Begin(ctx context.Context, id ID, attempt int, due time.Time) (bool, error)
	// Postpone records why an attempt failed, and when the next one is due.
	Postpone(ctx context.Context, id ID, fault string, due time.Time) error
	// End records the end and wipes what is sealed, in one step. An entry that has
	// ended stays as it ended.
	End(ctx context.Context, id ID, s State, fault string, at time.Time) error
	// Delivery returns what is known of a message, or ErrNotFound.
	Delivery(ctx context.Context, id ID) (Delivery, error)
	// Deliveries returns those to a person, newest first, at most limit, told
	// before the given time when it is not zero.
	Deliveries(ctx context.Context, p rem.PersonID, before time.Time, limit int) ([]Delivery, error)
	// Backlog counts what waits, and says since when the oldest does.
	Backlog(ctx context.Context) (n int, oldest time.Time, err error)
}

// Pauses between attempts. A code is wanted now; everything else may wait for a
// gateway that is being repaired.
const (
	firstPause = 5 * time.Second
	longest    = 15 * time.Minute
	codePause  = 5 * time.Second
)

// Pause is how long to wait after the attempt-th attempt (from 1) failed: it
// doubles, up to a bound.
func (k Kind) Pause(attempt int) time.Duration {
	if k == Code {
		return codePause
	}
	p := firstPause
	for i := 1; i < attempt && p < longest; i++ {
		p *= 2
	}
	return min(p, longest)
}
