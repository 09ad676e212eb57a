package login

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"rem"
	"rem/privacy"
)

// touchEvery is how rough Session.Seen is: a write for each request would cost
// more than what it tells.
const touchEvery = time.Minute

// Session returns whose cookie it is, or ErrNoSession. It is asked at each
// request: the store each time, and the Gate for staff and partners, whose
// refusal is returned. What ended a moment ago is not found (AT-29).
func (s *Service) Session(ctx context.Context, cookie string) (Session, error) {
	secret, err := ParseSecret(cookie)
	if err != nil {
		return Session{}, ErrNoSession
	}
	session, err := s.Store.Session(ctx, secret.ID())
	if errors.Is(err, ErrNone) {
		return Session{}, ErrNoSession
	}
	if err != nil {
		return Session{}, fmt.Errorf("looking a session up: %w", err)
	}
	now := s.Clock.Now()
	if s.ended(&session, now) {
		return Session{}, ErrNoSession
	}
	if session.Who.Kind.gated() && session.Level != Enrolling {
		if err := s.gate(ctx, session.Who); err != nil {
			return Session{}, err
		}
	}
	if now.Sub(session.Seen) >= touchEvery {
		if err := s.Store.Touch(ctx, session.ID, now); err != nil {
			return Session{}, fmt.Errorf("noting that a session is used: %w", err)
		}
		session.Seen = now
	}
	return session, nil
}

// ahead is how far a clock may be set back before what it stamped is void: a
// session that was opened while it showed next year must not last until then
// (AT-25).
const ahead = time.Hour

// past reports whether a term has passed since a time, or the time is none that
// can be.
func past(since, now time.Time, term time.Duration) bool {
	age := now.Sub(since)
	return age >= term || age < -ahead
}

func (s *Service) ended(x *Session, now time.Time) bool {
	return past(x.Created, now, s.whole(x)) || past(x.Seen, now, s.idle(x))
}

func (s *Service) whole(x *Session) time.Duration {
	if x.Level == Enrolling {
		return s.Settings.Enrol
	}
	return s.Settings.Whole[x.Who.Kind]
}

func (s *Service) idle(x *Session) time.Duration {
	if x.Level == Enrolling {
		return s.Settings.Enrol
	}
	return s.Settings.Idle[x.Who.Kind]
}

func (s *Service) gate(ctx context.Context, who Who) error {
	if s.Gate == nil {
		return ErrNotForKind
	}
	return s.Gate.May(ctx, who)
}

// Fresh returns nil when the person showed who he is a short time ago, and
// ErrNotFresh otherwise: then [Service.Raise] comes before what is sensitive.
func (s *Service) Fresh(x Session) error {
	age := s.Clock.Now().Sub(x.Proved)
	if x.Level < TwoFactors || age >= s.Settings.Fresh || age < -s.Settings.Fresh {
		return ErrNotFresh
	}
	return nil
}

// open makes a session of an opening.
func (s *Service) open(ctx context.Context, o Opening, who Who, on rem.AccountID, m Method, v Visitor, raises ID) (Opened, error) {
	now := s.Clock.Now()
	if who.Kind.gated() && m != ByGrant {
		if err := s.gate(ctx, who); err != nil {
			return Opened{}, err
		}
	}
	secret := NewSecret()
	out := Opened{Secret: secret, Session: Session{ID: secret.ID(), Who: who, Account: on, Level: m.Level(), Method: m, Created: now, Proved: now, Seen: now}}
	x := &out.Session
	if !raises.IsZero() {
		before, err := s.Store.Session(ctx, raises)
		if errors.Is(err, ErrNone) || err == nil && before.Who != who {
			return Opened{}, ErrNoSession
		}
		if err != nil {
			return Opened{}, err
		}
		o.Replaces = raises
		x.Created, x.Account, x.Device, x.Event = before.Created, before.Account, before.Device, before.Event
		if before.Level > x.Level {
			x.Level, x.Method = before.Level, before.Method
		}
	} else if who.Kind != Applicant {
		// An applicant has no page that would show it: nothing is kept.
		if err := s.enter(ctx, &o, &out, v); err != nil {
			return Opened{}, err
		}
	}
	o.Session = *x
	if err := s.Store.Open(ctx, o); err != nil {
		return Opened{}, over(err, "opening a session")
	}
	return out, nil
}

// enter adds what a log-in leaves: an entry in the history, the device, and a
// notice when the device is new.
func (s *Service) enter(ctx context.Context, o *Opening, out *Opened, v Visitor) error {
	x := &out.Session
	e, err := s.event(ctx, x.Who, v, LoggedIn, x.Method, Succeeded)
	if err != nil {
		return err
	}
	x.Event = e.ID
	o.Events = append(o.Events, e)
	device := v.Device
	known, err := s.knows(ctx, x.Who, device)
	if err != nil {
		return err
	}
	d := Device{Who: x.Who, First: x.Created, Last: x.Created}
	if !known {
		if device.IsZero() {
			device = NewSecret()
			out.Device = device
		}
		if d.Agent, err = s.seal(ctx, x.Who, fieldAgent, agentOf(v.Agent), privacy.ByDerivation(x.Created)); err != nil {
			return err
		}
		o.Notices = append(o.Notices, Notice{s.newEventID(x.Created), x.Who, NewDevice, x.Created})
	}
	d.ID = device.ID()
	x.Device = d.ID
	o.Device = d
	return nil
}

// Use changes the account on which somebody acts to another of his own. The
// session gets a new secret.
func (s *Service) Use(ctx context.Context, x Session, account rem.AccountID) (Opened, error) {
	accounts, err := s.Store.Accounts(ctx, x.Who)
	if err != nil {
		return Opened{}, err
	}
	if x.Who.Kind != Holder || x.Level < TwoFactors || !slices.Contains(accounts, account) {
		return Opened{}, ErrWrong
	}
	p, err := s.Store.Person(ctx, x.Who)
	if err != nil {
		return Opened{}, err
	}
	secret := NewSecret()
	next := x
	next.ID, next.Account = secret.ID(), account
	if err := s.Store.Open(ctx, Opening{Session: next, Epoch: p.Epoch, Replaces: x.ID}); err != nil {
		return Opened{}, over(err, "changing the account of a session")
	}
	return Opened{Session: next, Secret: secret}, nil
}

// AccountsOf lists the accounts that somebody's log-in names lead to.
func (s *Service) AccountsOf(ctx context.Context, who Who) ([]rem.AccountID, error) {
	list, err := s.Store.Accounts(ctx, who)
	if err != nil {
		return nil, fmt.Errorf("reading somebody's accounts: %w", err)
	}
	return list, nil
}

// Sessions lists those of the session's person, newest first.
func (s *Service) Sessions(ctx context.Context, x Session) ([]Session, error) {
	all, err := s.Store.Sessions(ctx, x.Who)
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	return slices.DeleteFunc(all, func(y Session) bool {
		return s.ended(&y, now)
	}), nil
}

// End ends one of the sessions of x's person, which may be x itself. One that is
// not his, or is gone, is left as it is.
func (s *Service) End(ctx context.Context, x Session, id ID) error {
	return s.Store.End(ctx, x.Who, id)
}

// EndOthers ends every session of x's person but this one, which gets a new secret.
func (s *Service) EndOthers(ctx context.Context, x Session, v Visitor) (Opened, error) {
	p, err := s.changing(ctx, x)
	if err != nil {
		return Opened{}, err
	}
	return s.change(ctx, x, Change{Person: p}, SessionsEnded, "", v)
}

// EndAll ends every session of a person, of all kinds, and what was begun: for
// who loses a role, or whose account is suspended. It holds for the next request,
// after a restart too (AT-29).
func (s *Service) EndAll(ctx context.Context, person rem.PersonID) error {
	if err := s.Store.EndAll(ctx, person); err != nil {
		return fmt.Errorf("ending the sessions of a person: %w", err)
	}
	return nil
}

// Leave takes an account from somebody: its names no longer lead to him, and his
// sessions on it end.
func (s *Service) Leave(ctx context.Context, person rem.PersonID, account rem.AccountID) error {
	if err := s.Store.Leave(ctx, Who{Holder, person}, account); err != nil {
		return fmt.Errorf("taking an account from somebody: %w", err)
	}
	return nil
}

// Resume opens the session of an applicant whose application's secret the caller
// has just verified. It opens that application and nothing else.
func (s *Service) Resume(ctx context.Context, v Visitor, applicant rem.PersonID) (Opened, error) {
	if applicant == "" {
		return Opened{}, ErrWrong
	}
	if err := s.limits.admit(v.Address, s.Clock.Now()); err != nil {
		return Opened{}, err
	}
	who := Who{Applicant, applicant}
	p, err := s.Store.Person(ctx, who)
	if err != nil {
		return Opened{}, err
	}
	return s.open(ctx, Opening{Epoch: p.Epoch}, who, "", ByApplication, v, ID{})
}
