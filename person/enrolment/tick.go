package enrolment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"rem/person"
	"rem/person/application"
	"rem/person/login"
	"rem/person/news"
)

// The kinds of intentions of this package, by how their keys begin.
const (
	tellPrefix     = "tell/"     // a step of which somebody has to be told
	openPrefix     = "open/"     // an account to create
	registryPrefix = "registry/" // a question that the next collection asks again
	visitPrefix    = "visit/"    // somebody is away to be identified
	bulkPrefix     = "bulk/"     // a company's file
	invitePrefix   = "invite/"   // somebody who was asked to act on an account
)

func tellKey(d *application.StepData) string {
	return fmt.Sprintf("%s%s/%d", tellPrefix, d.Application, d.Number)
}

// told tells those whom a step concerns, and forgets the intention. What cannot be
// told now waits for the next tick: the step was made, whatever of this fails.
func (s *Service) told(ctx context.Context, v *application.View, d *application.StepData) {
	if d.Tells == 0 {
		return
	}
	if err := s.tellOf(ctx, v, d); err != nil {
		s.Fault(fmt.Errorf("telling of application %s: %w", v.ID, err))
		return
	}
	if err := s.Ledger.Abandon(ctx, tellKey(d)); err != nil {
		s.Fault(fmt.Errorf("telling of application %s: %w", v.ID, err))
	}
}

// tellOf tells of a step: that there is news, never which. An approval comes with
// the link that opens the account, everything else with one that leads back to the
// application. Made again it tells nothing twice.
func (s *Service) tellOf(ctx context.Context, v *application.View, d *application.StepData) error {
	if s.OnTold != nil && d.Tells&(application.TellDesk|application.TellPartner) != 0 {
		s.OnTold(d.Application, d.Tells)
	}
	// Who has not handed a form in has not said where he can be told.
	if d.Tells&application.TellApplicant == 0 || v.Submitted == nil {
		return nil
	}
	to, err := s.contact(ctx, v)
	if err != nil {
		return err
	}
	m := news.Message{ID: news.ID(fmt.Sprintf("enrol.%s.step%d", d.Application, d.Number)), Person: to.Bearer, Kind: news.Application}
	l := Link{Application: v.ID, Bearer: to.Bearer, Shower: to.Shower, Made: d.At, Until: d.At.Add(linkAfter)}
	switch d.On {
	case application.Approve:
		m.Kind, l.Mail, l.Until = news.Activation, true, d.Due.Add(linkAfter)
		if v.Aim != application.ToOpen {
			m.Kind = news.Confirmed
		}
		if m.Link, err = s.mailed(ctx, l, "activation", d.Number, s.Settings.Activation); err != nil {
			return err
		}
		m.Until = d.Due
	case application.Activate:
		return nil // OpenAccount tells, when there is an account
	default:
		if m.Link, err = s.mailed(ctx, l, "resume", d.Number, s.Settings.Resume); err != nil {
			return err
		}
	}
	// Without a contact nothing that is tried again would reach him: his application
	// has ended, and he was told.
	if err := s.Messenger.Tell(ctx, news.Mail, m); err != nil && !errors.Is(err, news.ErrNoContact) {
		return err
	}
	if d.To.Final() && d.To != application.Activated {
		// What waits has its destination; nothing more is told.
		return s.Messenger.Set(ctx, to.Bearer, news.Contact{})
	}
	return nil
}

// mailed keeps a link whose secret can be made again, and gives its address.
func (s *Service) mailed(ctx context.Context, l Link, use string, n int, address func(login.Secret) string) (string, error) {
	secret, err := s.secret(use, l.Application, n)
	if err != nil {
		return "", err
	}
	l.ID = secret.ID()
	if err := s.Store.AddLink(ctx, l); err != nil {
		return "", fmt.Errorf("keeping a link: %w", err)
	}
	return address(secret), nil
}

// Finish finishes what a crash left: accounts that are to be created, people who are
// to be told, companies' files. It is called once at start, before anything else of
// the service; what could not be finished is tried at each Tick.
func (s *Service) Finish(ctx context.Context) error { return s.settle(ctx, true) }

// Reopen opens the accounts of all applications that were activated and have none,
// and returns how many there were. Finish does so for those that a crash left; this
// one goes through all, for when the accounts come from a backup that is older than
// the applications. What was opened stays.
func (s *Service) Reopen(ctx context.Context) (opened int, err error) {
	const page = 200
	var after person.ApplicationID
	for {
		list, err := s.Ledger.Waiting(ctx, application.Activated, after, page)
		if err != nil {
			return opened, fmt.Errorf("finding accounts to open: %w", err)
		}
		for _, id := range list {
			_, err := s.Accounts.Account(ctx, application.AccountOf(id))
			switch {
			case err == nil:
				continue
			case !isNotFound(err):
				return opened, fmt.Errorf("finding accounts to open: %w", err)
			}
			if err := s.finish(ctx, id); err != nil {
				return opened, err
			}
			opened++
		}
		if len(list) < page {
			return opened, nil
		}
		after = list[len(list)-1]
	}
}

// unsettled is how long an intention without its step is left to whoever is making
// it.
const unsettled = time.Hour

func (s *Service) settle(ctx context.Context, atStart bool) error {
	all, err := s.Ledger.Unfinished(ctx)
	if err != nil {
		return fmt.Errorf("finishing applications: %w", err)
	}
	var errs []error
	for _, in := range all {
		if err := ctx.Err(); err != nil {
			return err
		}
		left := atStart || s.Clock.Now().Sub(in.At) >= unsettled
		if err := s.settleOne(ctx, in, left); err != nil {
			errs = append(errs, fmt.Errorf("finishing application %s: %w", in.Application, err))
		}
	}
	return errors.Join(errs...)
}

// settleOne finishes one intention. left: nobody is making its step now, so that one
// that was not made never will be.
func (s *Service) settleOne(ctx context.Context, in application.Intention, left bool) error {
	kind, _, _ := strings.Cut(in.Key, "/")
	switch kind + "/" {
	case tellPrefix:
		number, err := strconv.Atoi(in.Key[strings.LastIndexByte(in.Key, '/')+1:])
		if err != nil {
			return s.Ledger.Abandon(ctx, in.Key)
		}
		history, err := s.Ledger.History(ctx, in.Application)
		if err != nil && !errors.Is(err, application.ErrNotFound) {
			return err
		}
		if number < 1 || number > len(history) {
			if left {
				return s.Ledger.Abandon(ctx, in.Key)
			}
			return nil
		}
		// News of yesterday are none when there are newer ones.
		if slices.ContainsFunc(history[number:], func(d application.StepData) bool { return d.Tells&application.TellApplicant != 0 }) {
			return s.Ledger.Abandon(ctx, in.Key)
		}
		v, err := s.Ledger.Application(ctx, in.Application)
		if err != nil {
			return err
		}
		if err := s.tellOf(ctx, &v, &history[number-1]); err != nil {
			return err
		}
		return s.Ledger.Abandon(ctx, in.Key)
	case openPrefix:
		v, err := s.Ledger.Application(ctx, in.Application)
		if err != nil {
			return err
		}
		if v.State != application.Activated {
			if left {
				return s.Ledger.Abandon(ctx, in.Key)
			}
			return nil
		}
		return s.finish(ctx, in.Application)
	case registryPrefix, visitPrefix:
		v, err := s.Ledger.Application(ctx, in.Application)
		if err != nil && !errors.Is(err, application.ErrNotFound) {
			return err
		}
		// The applicant, or who collects, begins it again; it ends with the record.
		number, err := strconv.Atoi(in.Key[strings.LastIndexByte(in.Key, '/')+1:])
		if v.State == application.Pending && err == nil && number == len(v.Records)+1 {
			return nil
		}
		return s.Ledger.Abandon(ctx, in.Key)
	case invitePrefix:
		return s.settleInvitation(ctx, in)
	case bulkPrefix:
		if !left {
			return nil
		}
		return s.resumeBulk(ctx, in)
	}
	return nil // another's
}

// maxDue bounds what one Tick looks at. What waits for us stays due until somebody
// works on it, so that the bound is above any backlog of a desk.
const maxDue = 5000

// byClock is what the clock is called in steps.
const byClock = "clock"

// Tick does what time makes due: what waits for the applicant expires, applicants
// are reminded of what becomes due, and what could not be finished is tried again.
// It returns when it is to be called next at the latest; calling it more often does
// nothing more. One caller at a time.
func (s *Service) Tick(ctx context.Context) (next time.Time, err error) {
	now := s.Clock.Now()
	next = now.Add(unsettled)
	errs := []error{s.settle(ctx, false)}
	due, after, err := s.Ledger.Due(ctx, now, maxDue)
	if err != nil {
		return next, errors.Join(append(errs, fmt.Errorf("finding what is due: %w", err))...)
	}
	if !after.IsZero() && after.Before(next) {
		next = after
	}
	for _, id := range due {
		errs = append(errs, s.expire(ctx, id))
	}
	soon, _, err := s.Ledger.Due(ctx, now.Add(s.Settings.Remind), maxDue)
	if err != nil {
		return next, errors.Join(append(errs, fmt.Errorf("finding what becomes due: %w", err))...)
	}
	for _, id := range soon {
		errs = append(errs, s.remind(ctx, id, now))
	}
	return next, errors.Join(errs...)
}

func (s *Service) expire(ctx context.Context, id person.ApplicationID) error {
	v, err := s.Ledger.Application(ctx, id)
	if err != nil {
		return fmt.Errorf("reading application %s: %w", id, err)
	}
	if _, expires := application.Next(v.State, application.Expire); !expires {
		return nil // it waits for us: the desk sees that it is late
	}
	_, err = s.from(ctx, v, application.Expire, system(byClock), whatever, s.Rules.Expire)
	if errors.Is(err, application.ErrMoved) || errors.Is(err, application.ErrNotNow) {
		return nil // somebody went on with it
	}
	return err
}

// remind tells an applicant once for each deadline that it comes.
func (s *Service) remind(ctx context.Context, id person.ApplicationID, now time.Time) error {
	v, err := s.Ledger.Application(ctx, id)
	if err != nil {
		return fmt.Errorf("reading application %s: %w", id, err)
	}
	if _, expires := application.Next(v.State, application.Expire); !expires || v.Submitted == nil || v.Due.IsZero() || !now.Before(v.Due) {
		return nil
	}
	to, err := s.contact(ctx, &v)
	if err != nil {
		return err
	}
	m := news.Message{ID: news.ID(fmt.Sprintf("enrol.%s.due%d", id, v.Due.Unix())), Person: to.Bearer, Kind: news.Reminder, Day: v.Due, Until: v.Due}
	if err := s.Messenger.Tell(ctx, news.Mail, m); err != nil && !errors.Is(err, news.ErrNoContact) {
		return fmt.Errorf("reminding of application %s: %w", id, err)
	}
	return nil
}
