package enrolment

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"rem"
	"rem/person"
	"rem/person/application"
	"rem/person/login"
	"rem/privacy"
)

// A Bearer is whoever has the secret of an application: who applies, or in a
// corporate application who has to show himself. [Applicants.Begin],
// [Applicants.Resume], [Applicants.Arrive] and [Applicants.Bearer] are its makers;
// the zero Bearer is nobody.
type Bearer struct {
	application person.ApplicationID
	person      rem.PersonID
	shower      bool
}

// Application is the one that he has.
func (b Bearer) Application() person.ApplicationID { return b.application }

// Person is the pseudonym of the bearer, which a session of login.Service.Resume
// is of.
func (b Bearer) Person() rem.PersonID { return b.person }

// Resume takes the secret of an application's link.
func (a *Applicants) Resume(ctx context.Context, secret login.Secret) (Bearer, error) {
	l, err := a.s.link(ctx, secret)
	if err != nil {
		return Bearer{}, err
	}
	if l.Mail { // that one opens the account: Arrive
		return Bearer{}, ErrLink
	}
	return l.bearer(), nil
}

func (l *Link) bearer() Bearer { return Bearer{l.Application, l.Bearer, l.Shower} }

func (s *Service) link(ctx context.Context, secret login.Secret) (Link, error) {
	l, err := s.Store.Link(ctx, secret.ID())
	if errors.Is(err, ErrNone) {
		return Link{}, ErrLink
	}
	if err != nil {
		return Link{}, fmt.Errorf("looking a link up: %w", err)
	}
	if !l.Until.IsZero() && !s.Clock.Now().Before(l.Until) {
		return Link{}, ErrLink
	}
	return l, nil
}

// Bearer gives the bearer whose session it is.
func (a *Applicants) Bearer(ctx context.Context, p rem.PersonID) (Bearer, error) {
	l, err := a.s.Store.Bearer(ctx, p)
	if errors.Is(err, ErrNone) || p == "" {
		return Bearer{}, ErrLink
	}
	if err != nil {
		return Bearer{}, fmt.Errorf("looking a bearer up: %w", err)
	}
	return l.bearer(), nil
}

// secret makes the secret of a link that is sent: the same one each time, so that
// a message that is told again says the same. Who does not have the key store
// cannot make it.
func (s *Service) secret(use string, a person.ApplicationID, n int) (login.Secret, error) {
	t := s.links.Token(fmt.Sprintf("%s\n%s\n%d", use, a, n))
	sum := sha256.Sum256(t.Bytes())
	return login.ParseSecret(base64.RawURLEncoding.EncodeToString(sum[:]))
}

// by is the bearer as the rules know him. Who has to show himself is known to them
// as the person whom the form names.
func (b Bearer) by(v *application.View, method string) application.By {
	p := b.person
	if b.shower && v.Submitted != nil {
		p = v.Submitted.Shower
	}
	return application.By{Actor: rem.Actor{Person: p, Method: method}, Role: application.Applicant}
}

// byLink is how a bearer is known.
const byLink = "application-link"

func system(name string) application.By {
	return application.By{Actor: rem.Actor{Method: name}, Role: application.System}
}

// access is how values of the application are opened for who moves it.
func access(v *application.View, by application.By, purpose privacy.PurposeID) privacy.Access {
	role := privacy.AsApplicant
	switch by.Role {
	case application.Officer:
		role = privacy.AsOfficer
	case application.Approver:
		role = privacy.AsApprover
	case application.Partner:
		role = privacy.AsPartner
	}
	return privacy.Access{Actor: rem.Actor{Person: by.Actor.Person, Method: by.Actor.Method}, Role: role, Purpose: purpose, Case: privacy.CaseID(v.ID)}
}

// same says whether the last step of a history is what somebody wants to do, so
// that a step made again is made.
type same func(d *application.StepData) bool

func whatever(*application.StepData) bool { return true }

// do reads an application, decides, commits, and tells those who are to know. A
// step that the same person made last is not made again; on is empty where made
// alone says which it is.
func (s *Service) do(ctx context.Context, id person.ApplicationID, on application.Event, by application.By, made same,
	decide func(v application.View, by application.By, now time.Time) (application.Step, error)) (application.View, error) {
	v, err := s.Ledger.Application(ctx, id)
	if err != nil {
		return v, fmt.Errorf("reading application %s: %w", id, err)
	}
	return s.from(ctx, v, on, by, made, decide)
}

func (s *Service) from(ctx context.Context, v application.View, on application.Event, by application.By, made same,
	decide func(v application.View, by application.By, now time.Time) (application.Step, error)) (application.View, error) {
	id := v.ID
	step, err := decide(v, by, s.Clock.Now())
	if errors.Is(err, application.ErrNotNow) {
		history, herr := s.Ledger.History(ctx, id)
		if herr != nil {
			return v, fmt.Errorf("reading the history of application %s: %w", id, herr)
		}
		last := history[len(history)-1]
		if (on == "" || last.On == on) && last.By.Role == by.Role && last.By.Actor.Person == by.Actor.Person && made(&last) {
			s.told(ctx, &v, &last)
			return v, nil
		}
	}
	if err != nil {
		return v, err
	}
	return s.commit(ctx, v, step)
}

// commit makes the step, and tells of it.
func (s *Service) commit(ctx context.Context, v application.View, step application.Step) (application.View, error) {
	d := step.Data()
	if d.Tells != 0 {
		if err := s.intend(ctx, tellKey(&d), d.Application); err != nil {
			return v, err
		}
	}
	if err := s.Ledger.Commit(ctx, step); err != nil {
		if errors.Is(err, person.ErrTaken) {
			err = ErrTaken
		}
		return v, fmt.Errorf("application %s: %w", d.Application, err)
	}
	v = v.After(d)
	s.told(ctx, &v, &d)
	return v, nil
}

// intend writes down what is to be done.
func (s *Service) intend(ctx context.Context, key string, a person.ApplicationID) error {
	_, err := s.Ledger.Intend(ctx, application.Intention{Key: key, Application: a, At: s.Clock.Now(), Body: []byte(intentionForm)})
	if err != nil {
		return fmt.Errorf("writing down what is to be done: %w", err)
	}
	return nil
}

// intentionForm is the body of an intention that its key says whole.
const intentionForm = "1"
