package notify

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"rem"
	"rem/edge/outward"
	"rem/person/news"
	"rem/privacy"
)

// A Parcel is what a sender hands over. It is in the clear and for memory alone.
type Parcel struct {
	// Key names the message to whoever takes it: the same in every attempt, and a
	// digest, so that it says nothing.
	Key  string
	To   string
	Text news.Written
	Told time.Time
}

// A Sender hands parcels over to a gateway or a mail server. Send returns nil when
// it was taken, an error that wraps ErrNever when it never will be, and any other
// when it may be tried again. Errors hold nothing of the parcel. It may be used
// from many goroutines.
type Sender interface {
	Send(ctx context.Context, p Parcel) error
}

// ErrNever is wrapped when a parcel will never be taken: the gateway says that
// there is no such number, the mail server that there is no such mailbox.
var ErrNever = errors.New("it will not be taken, however often it is sent")

// ErrNoChannel is returned for a message to a channel that the provider does not
// have.
var ErrNoChannel = errors.New("the provider has no such channel")

// The faults that a delivery names.
const (
	FaultAway      = "away"       // nobody answered, or not now
	FaultRefused   = "refused"    // the question or our log-in was refused
	FaultRejected  = "rejected"   // this destination is not taken
	FaultGarbage   = "garbage"    // the answer was none
	FaultSimulator = "simulator"  // a simulator answered in production
	FaultResidency = "residency"  // the host is not on the list
	FaultSealed    = "unreadable" // the sealed bytes do not open
	FaultChannel   = "no-channel" // the channel is no longer there
	FaultOther     = "fault"
)

func faultOf(err error) string {
	for _, f := range []struct {
		is   error
		name string
	}{
		{ErrNever, FaultRejected}, {outward.ErrAway, FaultAway}, {outward.ErrRefused, FaultRefused}, {outward.ErrGarbage, FaultGarbage},
		{outward.ErrSimulator, FaultSimulator}, {outward.ErrResidency, FaultResidency}, {errUnreadable, FaultSealed}, {ErrNoChannel, FaultChannel},
		{context.DeadlineExceeded, FaultAway},
	} {
		if errors.Is(err, f.is) {
			return f.name
		}
	}
	return FaultOther
}

// Options of a messenger.
type Options struct {
	Outbox news.Outbox
	Keys   privacy.KeyStore
	Clock  rem.Clock
	// Provider is the name by which people know the sender.
	Provider rem.Text
	// SMS and Mail send; nil: the provider has no such channel.
	SMS, Mail Sender
	// Log says that something was told, and what became of it, by kind and state.
	Log *slog.Logger
}

// Bounds.
const (
	// patience is how long one attempt may take.
	patience = 30 * time.Second
	// hands are attempts at once: a gateway that hangs must not hold up all.
	hands = 8
	// batch is how many entries are looked at together.
	batch = 64
	// rest is the longest pause without looking; nothing is lost when nobody woke
	// us.
	rest = time.Minute
	// stumble is the pause after the outbox itself failed.
	stumble = time.Second
)

// A Messenger tells people. It may be used from many goroutines.
type Messenger struct {
	o    Options
	wake chan struct{}
}

// NewMessenger prepares one.
func NewMessenger(o Options) (*Messenger, error) {
	if o.Outbox == nil || o.Keys == nil || o.Clock == nil || o.Provider.Turkish == "" || o.Provider.English == "" {
		return nil, errors.New("preparing to tell people: the outbox, the keys, the clock or the provider's name is missing")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Messenger{o, make(chan struct{}, 1)}, nil
}

func (m *Messenger) sender(c news.Channel) Sender {
	switch c {
	case news.SMS:
		return m.o.SMS
	case news.Mail:
		return m.o.Mail
	}
	return nil
}

// Tell keeps the message and returns; it is sent by Run, at once when Run is
// running. When it returns nil the message is durable. The same ID again changes
// nothing. It returns news.ErrMessage for what cannot be told, ErrNoChannel when
// the provider has no such channel.
func (m *Messenger) Tell(ctx context.Context, n news.Message) error {
	if err := n.Check(); err != nil {
		return err
	}
	if m.sender(n.Channel()) == nil {
		return fmt.Errorf("telling by %s: %w", n.Channel(), ErrNoChannel)
	}
	now := m.o.Clock.Now()
	due, until := now, n.Until
	if n.After.After(now) {
		due = n.After
	}
	if until.IsZero() {
		until = due.Add(n.Kind.Worth())
	}
	if !due.Before(until) {
		return fmt.Errorf("%w: it is over before it is told", news.ErrMessage)
	}
	e := news.Entry{Delivery: news.Delivery{ID: n.ID, Person: n.Person, Channel: n.Channel(), Kind: n.Kind, State: news.Waiting, Told: now, Until: until, Due: due}}
	text := n.Write(m.o.Provider, now)
	var err error
	if e.Sealed, err = seal(ctx, m.o.Keys, &e.Delivery, n.To(), text.Subject, text.Body); err != nil {
		return fmt.Errorf("telling somebody: sealing: %w", err)
	}
	if err := m.o.Outbox.Tell(ctx, e); err != nil {
		return err
	}
	select {
	case m.wake <- struct{}{}:
	default: // it is awake
	}
	return nil
}

// Delivery says what became of a message, for support: no destination, no text.
func (m *Messenger) Delivery(ctx context.Context, id news.ID) (news.Delivery, error) {
	return m.o.Outbox.Delivery(ctx, id)
}

// Deliveries says what a person was told, newest first, told before the given time
// when it is not zero.
func (m *Messenger) Deliveries(ctx context.Context, p rem.PersonID, before time.Time, limit int) ([]news.Delivery, error) {
	return m.o.Outbox.Deliveries(ctx, p, before, limit)
}

// Run sends what waits until ctx ends, and returns ctx's error then. One Run works
// on an outbox at a time.
func (m *Messenger) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		next, err := m.once(ctx)
		pause := rest
		switch now := m.o.Clock.Now(); {
		case err != nil:
			m.o.Log.Error("sending what people are told", "err", err)
			pause = stumble
		case !next.IsZero():
			pause = min(rest, max(0, next.Sub(now)))
		}
		m.pause(ctx, pause)
	}
	return ctx.Err()
}

// pause waits for the clock or for news.
func (m *Messenger) pause(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithCancel(ctx)
	var waker sync.WaitGroup
	waker.Go(func() {
		select {
		case <-m.wake:
			cancel()
		case <-ctx.Done():
		}
	})
	_ = m.o.Clock.Wait(ctx, d) // that it ended early is the point
	cancel()
	waker.Wait()
}

// once sends what is due, and says when something is due next; zero: when told.
func (m *Messenger) once(ctx context.Context) (next time.Time, err error) {
	for {
		list, next, err := m.o.Outbox.Waiting(ctx, m.o.Clock.Now(), batch)
		if err != nil || len(list) == 0 {
			return next, err
		}
		errs := make([]error, len(list))
		var all sync.WaitGroup
		free := make(chan struct{}, hands)
		for i := range list {
			free <- struct{}{}
			all.Go(func() {
				defer func() { <-free }()
				errs[i] = m.attempt(ctx, &list[i])
			})
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil || ctx.Err() != nil {
			return time.Time{}, errors.Join(err, ctx.Err())
		}
	}
}

// attempt makes one attempt: record that it is made, make it, record what came of
// it. The error is the outbox's.
func (m *Messenger) attempt(ctx context.Context, e *news.Entry) error {
	now := m.o.Clock.Now()
	if !now.Before(e.Until) {
		m.log(e, news.Expired, e.Fault)
		return m.o.Outbox.End(ctx, e.ID, news.Expired, e.Fault, now)
	}
	// If nothing more is heard of this attempt, the next is made when it must be
	// over, or the end comes.
	attempt := e.Attempts + 1
	again := now.Add(patience + e.Kind.Pause(attempt))
	if begun, err := m.o.Outbox.Begin(ctx, e.ID, attempt, again); err != nil || !begun {
		return err
	}
	err := m.send(ctx, e)
	now = m.o.Clock.Now()
	switch fault := faultOf(err); {
	case err == nil:
		m.log(e, news.Sent, "")
		return m.o.Outbox.End(ctx, e.ID, news.Sent, "", now)
	case ctx.Err() != nil:
		return nil // we are stopping: the attempt stands as begun, and is made again
	case errors.Is(err, ErrNever), errors.Is(err, errUnreadable):
		m.log(e, news.Failed, fault)
		return m.o.Outbox.End(ctx, e.ID, news.Failed, fault, now)
	default:
		m.log(e, news.Waiting, fault)
		due := now.Add(e.Kind.Pause(attempt))
		if due.After(e.Until) {
			due = e.Until
		}
		return m.o.Outbox.Postpone(ctx, e.ID, fault, due)
	}
}

func (m *Messenger) send(ctx context.Context, e *news.Entry) error {
	s := m.sender(e.Channel)
	if s == nil {
		return ErrNoChannel
	}
	p := Parcel{Key: Key(e.ID), Told: e.Told}
	if err := open(ctx, m.o.Keys, &e.Delivery, e.Sealed, &p.To, &p.Text.Subject, &p.Text.Body); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return s.Send(ctx, p)
}

// Key is the name of a message to gateways and mail servers: a digest, because an
// identifier of ours is nobody's business.
func Key(id news.ID) string {
	sum := sha256.Sum256([]byte("rem outbox key\x00" + string(id)))
	return base64.RawURLEncoding.EncodeToString(sum[:18])
}

func (m *Messenger) log(e *news.Entry, s news.State, fault string) {
	m.o.Log.Info("told somebody", "channel", string(e.Channel), "kind", string(e.Kind), "state", string(s), "fault", fault, "attempts", e.Attempts+1)
}
