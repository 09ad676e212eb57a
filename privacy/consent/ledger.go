package consent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"rem"
	"rem/privacy"
	"rem/privacy/canon"
	"rem/privacy/chain"
)

// Errors of a ledger.
var (
	// ErrNotTold says that the person was not told the notice in force, without
	// which a consent is not an informed one (KVKK 3).
	ErrNotTold = errors.New("the person was not told the notice in force")
	// ErrNothingGiven says that there is no consent to withdraw.
	ErrNothingGiven = errors.New("there is no consent that could be withdrawn")
)

// Notices are what a ledger asks about the notice; notice.Ledger answers. They
// may be called at any time.
type Notices interface {
	// NoticeInForce gives number and digest of the version that holds at a time.
	NoticeInForce(at time.Time) (version uint64, digest rem.Digest, err error)
	// WasTold reports whether a person was told a version.
	WasTold(person rem.PersonID, version rem.Digest) bool
	// StillSays reports whether what a version said, as far as consents rest on
	// it, holds at a time.
	StillSays(version rem.Digest, at time.Time) bool
}

// A State is where a person stands with a purpose, as derived from the entries.
type State string

// The states.
const (
	Unasked   State = ""
	Given     State = "given"
	Refused   State = "refused"
	Withdrawn State = "withdrawn"
)

// A Standing is a state with the entry that made it.
type Standing struct {
	Purpose privacy.PurposeID
	State   State
	Number  uint64     // of the entry
	Digest  rem.Digest // of the entry
	Notice  rem.Digest // the version that was in force
	Time    time.Time
	text    rem.Digest
}

type key struct {
	person  rem.PersonID
	purpose privacy.PurposeID
}

// A Ledger keeps consents. It may be used from many goroutines.
type Ledger struct {
	chain    *chain.Chain
	register *privacy.Register
	notices  Notices

	recording sync.Mutex // held while an entry is made

	mu       sync.RWMutex
	standing map[key]Standing          // guarded by mu
	stopping map[key]bool              // guarded by mu; a withdrawal or refusal is being recorded
	of       map[rem.PersonID][]uint64 // guarded by mu; numbers of a person's entries
}

// Open reads the whole chain. One that does not fit together, or holds what could
// not have been recorded, is an error: nothing is allowed on a ledger that was
// touched.
func Open(ctx context.Context, store chain.Store, clock rem.Clock, r *privacy.Register, n Notices) (*Ledger, error) {
	l := &Ledger{register: r, notices: n, standing: map[key]Standing{}, stopping: map[key]bool{}, of: map[rem.PersonID][]uint64{}}
	var err error
	l.chain, err = chain.Open(ctx, store, entryKind, clock, func(link chain.Link, digest rem.Digest, r *canon.Reader) error {
		e, err := readEntry(link, r)
		if err != nil {
			return err
		}
		if s := l.standing[key{e.Person, e.Purpose}]; e.Action == Withdraw && (s.State != Given || s.Digest != e.Withdraws) {
			return fmt.Errorf("%w: it withdraws what was not given", canon.ErrForm)
		}
		l.apply(e, digest)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("opening the consents: %w", err)
	}
	return l, nil
}

// apply takes an entry in. Open calls it alone, others with mu held.
func (l *Ledger) apply(e *Entry, digest rem.Digest) {
	state := map[Action]State{Give: Given, Refuse: Refused, Withdraw: Withdrawn}[e.Action]
	l.standing[key{e.Person, e.Purpose}] = Standing{e.Purpose, state, e.Link.Number, digest, e.Notice, e.Link.Time, e.TextDigest()}
	l.of[e.Person] = append(l.of[e.Person], e.Link.Number)
}

// Record keeps one answer, to one question. It is durable when Record returns.
// Answering the same again, to the same text under the same notice, changes
// nothing and returns the entry that stands.
//
// The error wraps ErrUnanswered for the zero Answer, ErrNotAsked when the purpose
// has ceased to rest on consent, ErrNotTold when the person was not told the
// notice in force, canon.ErrForm when the circumstances do not fit, or is one of
// package chain: with chain.ErrUncertain nobody knows whether it was kept, and
// nothing is allowed before the ledger is opened again.
func (l *Ledger) Record(ctx context.Context, a Answer, c Circumstances) (*Entry, error) {
	if a == (Answer{}) {
		return nil, fmt.Errorf("recording a consent: %w", ErrUnanswered)
	}
	if err := restsOnConsent(l.register, a.purpose); err != nil {
		return nil, fmt.Errorf("recording a consent: %w", err)
	}
	l.recording.Lock()
	defer l.recording.Unlock()
	e := &Entry{Circumstances: c, Purpose: a.purpose, Action: a.action, Language: a.language, Text: a.text}
	if err := l.inForce(e); err != nil {
		return nil, fmt.Errorf("recording a consent: %w", err)
	}
	if !l.notices.WasTold(e.Person, e.Notice) {
		return nil, fmt.Errorf("recording a consent: %w", ErrNotTold)
	}
	s := l.Standing(e.Person, e.Purpose)
	same := s.State == Given && a.action == Give || s.State == Refused && a.action == Refuse
	if same && s.text == e.TextDigest() && s.Notice == e.Notice {
		return l.entry(ctx, s.Number)
	}
	return l.keep(ctx, e)
}

// Withdraw ends a consent: as easily as it was given, without a reason and
// without a text to agree to. From the call on nothing is allowed any more, even
// while the entry is being written; where the error says that nothing was kept,
// the consent stands as it was, and the person has to be told. Withdrawing again returns the entry that
// stands; ErrNothingGiven says that there was none to withdraw.
func (l *Ledger) Withdraw(ctx context.Context, purpose privacy.PurposeID, c Circumstances) (*Entry, error) {
	l.recording.Lock()
	defer l.recording.Unlock()
	s := l.Standing(c.Person, purpose)
	switch s.State {
	case Withdrawn:
		return l.entry(ctx, s.Number)
	case Given:
	default:
		return nil, fmt.Errorf("withdrawing consent to %s: %w", purpose, ErrNothingGiven)
	}
	e := &Entry{Circumstances: c, Purpose: purpose, Action: Withdraw, Withdraws: s.Digest}
	if err := l.inForce(e); err != nil {
		return nil, fmt.Errorf("withdrawing a consent: %w", err)
	}
	return l.keep(ctx, e)
}

// inForce fills in the notice, and checks the entry.
func (l *Ledger) inForce(e *Entry) (err error) {
	e.NoticeVersion, e.Notice, err = l.notices.NoticeInForce(l.chain.Clock().Now())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotTold, err)
	}
	return e.check()
}

// keep makes the entry durable, then takes it in; recording is held.
func (l *Ledger) keep(ctx context.Context, e *Entry) (*Entry, error) {
	k := key{e.Person, e.Purpose}
	stop := func(on bool) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if on {
			l.stopping[k] = true
		} else {
			delete(l.stopping, k)
		}
	}
	if e.Action != Give {
		stop(true)
		defer stop(false)
	}
	link, digest, err := l.chain.Append(ctx, e.write)
	if err != nil {
		return nil, fmt.Errorf("recording a consent: %w", err)
	}
	e.Link = link
	l.mu.Lock()
	defer l.mu.Unlock()
	l.apply(e, digest)
	return e, nil
}

func (l *Ledger) entry(ctx context.Context, number uint64) (*Entry, error) {
	b, err := l.chain.Entry(ctx, number)
	if err != nil {
		return nil, fmt.Errorf("reading a consent: %w", err)
	}
	return ParseEntry(b)
}

// Standing returns where a person stands with a purpose.
func (l *Ledger) Standing(person rem.PersonID, purpose privacy.PurposeID) Standing {
	l.mu.RLock()
	defer l.mu.RUnlock()
	s, ok := l.standing[key{person, purpose}]
	if !ok {
		return Standing{Purpose: purpose}
	}
	return s
}

// Standings returns where a person stands with every purpose that was ever asked
// about, in the order of privacy.Purposes.
func (l *Ledger) Standings(person rem.PersonID) (list []Standing) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, p := range privacy.Purposes() {
		if s, ok := l.standing[key{person, p.ID}]; ok {
			list = append(list, s)
		}
	}
	return list
}

// History returns a person's entries, oldest first.
func (l *Ledger) History(ctx context.Context, person rem.PersonID) (list []*Entry, err error) {
	l.mu.RLock()
	numbers := slices.Clone(l.of[person])
	l.mu.RUnlock()
	for _, n := range numbers {
		e, err := l.entry(ctx, n)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

// Head returns where the chain stands, for whoever witnesses it.
func (l *Ledger) Head() chain.Head { return l.chain.Head() }
