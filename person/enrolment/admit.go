package enrolment

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"rem"
	"rem/person"
	"rem/person/account"
	"rem/person/application"
	"rem/person/identity"
	"rem/person/login"
	"rem/person/news"
	"rem/privacy"
)

// A Keeper appoints operators by the rules of accounts; *account.Keeper is one.
type Keeper interface {
	Appoint(ctx context.Context, by account.By, id rem.AccountID, o account.Operator) error
}

// Lost begins the application of somebody who cannot log in any more (REQ-44), after
// the notice was shown. Whether he has an account is not asked: who is not
// identified learns nothing of it.
func (a *Applicants) Lost(ctx context.Context, shown Shown) (Begun, error) {
	s := a.s
	now := s.Clock.Now()
	token, err := rem.NewToken(now, s.Random)
	if err != nil {
		return Begun{}, err
	}
	p, err := s.newPerson(now)
	if err != nil {
		return Begun{}, err
	}
	return s.begin(ctx, person.ApplicationID(token), p, person.Natural, application.ToReturn, "", shown)
}

// admit carries out what an application that opens no account was for. It may be
// made again, after any crash: what is there stays.
func (s *Service) admit(ctx context.Context, v application.View) error {
	admission, err := application.AdmissionOf(v)
	if err != nil {
		return fmt.Errorf("carrying out application %s: %w", v.ID, err)
	}
	v = admission.View()
	if err := s.Store.Know(ctx, v.Submitted.Shower, v.Since); err != nil {
		return fmt.Errorf("knowing the person of application %s: %w", v.ID, err)
	}
	by := application.By{Actor: rem.Actor{Person: v.Submitted.Shower, Method: "activation"}, Role: application.Applicant}
	f, err := s.form(ctx, access(&v, by, privacy.AccountOpening), &v)
	if err != nil {
		return err
	}
	switch v.Aim {
	case application.ToOperate:
		err = s.appoint(ctx, &v, f)
	case application.ToReturn:
		err = s.reset(ctx, &v)
	}
	if err != nil {
		return fmt.Errorf("carrying out application %s: %w", v.ID, err)
	}
	return s.handOver(ctx, &v, f)
}

// appoint makes who was asked an operator, in the name of who asked him: effect at
// once (REQ-39). What does not hold any more appoints nobody.
func (s *Service) appoint(ctx context.Context, v *application.View, f *application.Form) error {
	m, err := s.mandate(ctx, v.ID)
	if errors.Is(err, ErrUninvited) {
		return nil // done before, or taken back in the last moment
	}
	if err != nil {
		return err
	}
	a, err := s.Accounts.Account(ctx, m.account)
	if err != nil {
		return err
	}
	who := v.Submitted.Shower
	if was := a.Operator(who); was == nil || was.Proof != m.proof {
		done, err := identity.Complete(*v.Newest())
		if err != nil {
			return err
		}
		verified, err := f.SealVerified(ctx, s.Vault, who, v.Submitted.Answers, done)
		if err != nil {
			return err
		}
		o := m.operator(who)
		name := privacy.NewValue(f.Value("given-names")+" "+f.Value("family-name"), verified.FamilyName.Provenance())
		if o.Name, err = s.seal(ctx, who, account.OperatorName, name); err != nil {
			return err
		}
		o.Identity = account.TokenOf(s.Signatory, f.Shower().Identity.Reveal())
		if o.From.IsZero() {
			o.From = v.Since
		}
		err = s.Keeper.Appoint(ctx, m.appointer(), m.account, o)
		if refusal, ok := errors.AsType[*rem.Refusal](err); ok {
			s.Fault(fmt.Errorf("application %s appoints nobody: %s", v.ID, refusal.Detail.English))
		} else if err != nil {
			return err
		}
	}
	return s.void(ctx, m)
}

// reset takes every way in, session, device and password of mail programs from who
// was identified anew (REQ-44). He is told first where he was told until now, so
// that somebody else's try does not go unseen.
func (s *Service) reset(ctx context.Context, v *application.View) error {
	who := login.Who{Kind: login.Holder, Person: v.Submitted.Shower}
	for channel, name := range map[news.Channel]string{news.Mail: "mail", news.SMS: "sms"} {
		m := news.Message{ID: news.ID(fmt.Sprintf("enrol.%s.reset.%s", v.ID, name)), Person: who.Person, Kind: news.Security}
		if err := s.Messenger.Tell(ctx, channel, m); err != nil && !errors.Is(err, news.ErrNoContact) {
			return fmt.Errorf("telling of a reset: %w", err)
		}
	}
	list, err := s.Logins.AccountsOf(ctx, who)
	if err != nil {
		return err
	}
	for _, id := range list {
		if err := s.Accounts.SetPassword(ctx, id, who.Person, ""); err != nil {
			return fmt.Errorf("taking a password of account %s: %w", id, err)
		}
	}
	if err := s.Logins.Reset(ctx, who); err != nil {
		return err
	}
	return s.Logins.EndAll(ctx, who.Person)
}

// returns lists the accounts to which somebody gets back: those on which he can act
// now.
func (s *Service) returns(ctx context.Context, p rem.PersonID) (list []rem.AccountID, err error) {
	if s.Logins == nil {
		return nil, nil
	}
	all, err := s.Logins.AccountsOf(ctx, login.Who{Kind: login.Holder, Person: p})
	if err != nil {
		return nil, err
	}
	for _, id := range all {
		a, err := s.Accounts.Account(ctx, id)
		if isNotFound(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading account %s: %w", id, err)
		}
		if a.MayLogIn(p, s.Clock.Now()) {
			list = append(list, id)
		}
	}
	return list, nil
}

// ErrNowhere: who was identified has no account to get back to. It is for the desk,
// which refuses such an application.
var ErrNowhere = deny("nowhere", "Kimliği doğrulanan kişinin giriş yapabileceği bir hesap yok; başvuru reddedilmelidir.", "Who was identified has no account that he could log in to; the application has to be refused.")

// possible says whether what an application is for can still be carried out.
func (s *Service) possible(ctx context.Context, v *application.View) error {
	switch v.Aim {
	case application.ToOperate:
		_, err := s.holds(ctx, v.ID)
		return err
	case application.ToReturn:
		if v.Submitted == nil {
			return application.ErrNotNow
		}
		list, err := s.returns(ctx, v.Submitted.Shower)
		if err == nil && len(list) == 0 {
			err = ErrNowhere
		}
		return err
	}
	return nil
}

// maxNames bounds how many names of operators of one account are tried.
const maxNames = 400

// admitted gives who was admitted the secret by which he sets his first credentials.
func (s *Service) admitted(ctx context.Context, v *application.View, f *application.Form) (Entrance, error) {
	g := login.Granting{Who: login.Who{Kind: login.Holder, Person: v.Submitted.Shower}}
	if n := f.Shower().Identity; numbered(n) {
		g.Number = n
	}
	if v.Aim == application.ToReturn {
		list, err := s.returns(ctx, g.Who.Person)
		if err != nil {
			return Entrance{}, err
		}
		if len(list) == 0 {
			return Entrance{}, application.ErrNotNow
		}
		if len(list) == 1 {
			g.Account = list[0]
		}
		return s.grant(ctx, g, "")
	}
	a, err := s.Accounts.Account(ctx, v.For)
	if err != nil {
		return Entrance{}, fmt.Errorf("reading account %s: %w", v.For, err)
	}
	if a.Operator(g.Who.Person) == nil {
		return Entrance{}, ErrUninvited
	}
	g.Account = a.ID
	// The address leads to who opened the account. A further operator's name has a
	// number behind it: the first that is nobody else's.
	first := slices.IndexFunc(a.Operators, func(o account.Operator) bool { return o.Person == g.Who.Person }) + 1
	for n := max(first, 2); n < maxNames; n++ {
		name := fmt.Sprintf("%s/%d", a.Address, n)
		g.Names = []string{name}
		e, err := s.grant(ctx, g, name)
		if errors.Is(err, login.ErrTaken) {
			continue
		}
		return e, err
	}
	return Entrance{}, fmt.Errorf("naming an operator of account %s: %w", a.ID, login.ErrTaken)
}

// An Entrance is how somebody logs in from now on. The secret sets his first
// credentials and is zero for who has credentials already.
type Entrance struct {
	Secret login.Secret
	Name   string // his log-in name where it is not the account's address; it may be shown to him alone
}

// grant grants a log-in; who can log in already gets the names alone.
func (s *Service) grant(ctx context.Context, g login.Granting, name string) (Entrance, error) {
	secret, err := s.Logins.Grant(ctx, g)
	if errors.Is(err, login.ErrReady) {
		if err := s.Logins.Name(ctx, g); err != nil {
			return Entrance{}, fmt.Errorf("giving account %s its name: %w", g.Account, err)
		}
		return Entrance{Name: name}, login.ErrReady
	}
	if err != nil {
		return Entrance{}, fmt.Errorf("granting a log-in: %w", err)
	}
	return Entrance{secret, name}, nil
}
