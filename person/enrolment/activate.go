package enrolment

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"rem"
	"rem/person"
	"rem/person/application"
	"rem/person/identity"
	"rem/person/login"
	"rem/person/news"
	"rem/privacy"
	"rem/privacy/canon"
)

// Bounds on codes. Five tries at one code, and five codes an hour, leave a stranger
// one chance in forty thousand an hour; who has the mail's link too is no stranger.
const (
	codeTries  = 5
	codeSends  = 5
	codePeriod = time.Hour
	codeWorth  = 5 * time.Minute
	// loginProof is how long what was shown of the channels lets somebody set his
	// first credentials.
	loginProof = 30 * time.Minute
	// linkAfter is how long the mail's link works once the account is open.
	linkAfter = 30 * 24 * time.Hour
)

// Arrive takes the secret of the link that came by mail when the application was
// approved: one of the two channels.
func (a *Applicants) Arrive(ctx context.Context, secret login.Secret) (Bearer, error) {
	s := a.s
	l, err := s.link(ctx, secret)
	if err != nil {
		return Bearer{}, err
	}
	if !l.Mail {
		return Bearer{}, ErrLink
	}
	b := l.bearer()
	v, err := s.view(ctx, b)
	if err != nil {
		return Bearer{}, err
	}
	if v.State != application.Approved && v.State != application.Activated {
		return Bearer{}, ErrLink
	}
	return b, s.prove(ctx, v.ID, func(p *Proofs, now time.Time) error { p.Mail = now; return nil })
}

// proveTries bounds how often a change of proofs is made again that another's came
// before.
const proveTries = 8

// prove changes what was shown of the channels. An error of change is returned
// after what it changed was kept.
func (s *Service) prove(ctx context.Context, id person.ApplicationID, change func(p *Proofs, now time.Time) error) error {
	for range proveTries {
		p, err := s.Store.Proofs(ctx, id)
		if err != nil {
			return fmt.Errorf("reading what was shown of application %s: %w", id, err)
		}
		before := p
		answer := change(&p, s.Clock.Now().UTC())
		if p == before {
			return answer
		}
		switch err := s.Store.SetProofs(ctx, p); {
		case err == nil:
			return answer
		case !errors.Is(err, ErrChanged):
			return fmt.Errorf("keeping what was shown of application %s: %w", id, err)
		}
	}
	return fmt.Errorf("keeping what was shown of application %s: %w", id, ErrChanged)
}

// contact is who is told of an application.
func (s *Service) contact(ctx context.Context, v *application.View) (Link, error) {
	l, err := s.Store.Shower(ctx, v.ID)
	if errors.Is(err, ErrNone) {
		l, err = Link{Application: v.ID, Bearer: v.Applicant}, nil
	}
	if err != nil {
		return l, fmt.Errorf("finding whom to tell of application %s: %w", v.ID, err)
	}
	return l, nil
}

// SendCode sends a code to the mobile phone of the form: the other channel. An
// earlier code is void. ErrCodes when there were too many.
func (a *Applicants) SendCode(ctx context.Context, b Bearer) error {
	s := a.s
	v, err := s.view(ctx, b)
	if err != nil {
		return err
	}
	if v.State != application.Approved && v.State != application.Activated {
		return application.ErrNotNow
	}
	digits, err := s.digits()
	if err != nil {
		return err
	}
	var sent Proofs
	err = s.prove(ctx, v.ID, func(p *Proofs, now time.Time) error {
		if now.Sub(p.First) >= codePeriod {
			p.First, p.Sends = now, 0
		}
		if p.Sends >= codeSends {
			return ErrCodes
		}
		p.Sends++
		p.Sent++
		p.Code, p.Until, p.Tries = s.code(v.ID, p.Sent, digits), now.Add(codeWorth), 0
		sent = *p
		return nil
	})
	if err != nil {
		return err
	}
	to, err := s.contact(ctx, &v)
	if err != nil {
		return err
	}
	who := to.Bearer
	if v.State == application.Activated {
		who = v.Submitted.Shower
	}
	err = s.Messenger.Tell(ctx, news.SMS, news.Message{ID: news.ID(fmt.Sprintf("enrol.%s.code%d", v.ID, sent.Sent)), Person: who, Kind: news.Code, Code: digits, Until: sent.Until})
	if err != nil {
		return fmt.Errorf("sending a code of application %s: %w", v.ID, err)
	}
	return nil
}

// digits draws six.
func (s *Service) digits() (string, error) {
	const limit = 1 << 32 / 1_000_000 * 1_000_000
	for {
		var b [4]byte
		if _, err := io.ReadFull(s.Random, b[:]); err != nil {
			return "", fmt.Errorf("drawing a code: %w", err)
		}
		n := uint64(b[0])<<24 | uint64(b[1])<<16 | uint64(b[2])<<8 | uint64(b[3])
		if n < limit { // each of the million is as likely
			return fmt.Sprintf("%06d", n%1_000_000), nil
		}
	}
}

// code is what is kept of a code: under a key, because a million are soon tried.
func (s *Service) code(a person.ApplicationID, number uint64, digits string) privacy.IndexToken {
	return s.codes.Token(fmt.Sprintf("%s\n%d\n%s", a, number, digits))
}

// Enter takes the code. ErrCode when it is wrong, over, or was tried too often.
func (a *Applicants) Enter(ctx context.Context, b Bearer, digits string) error {
	s := a.s
	v, err := s.view(ctx, b)
	if err != nil {
		return err
	}
	return s.prove(ctx, v.ID, func(p *Proofs, now time.Time) error {
		if p.Code == (privacy.IndexToken{}) || p.Tries >= codeTries || !now.Before(p.Until) {
			return ErrCode
		}
		// The token is that of one code of one application.
		if s.code(v.ID, p.Sent, digits) != p.Code {
			p.Tries++
			return ErrCode
		}
		p.Code, p.Mobile = privacy.IndexToken{}, now
		return nil
	})
}

// activationText is what is signed to open an account: docs/formats/enrolment.md.
func activationText(v *application.View) ([]byte, error) {
	w := canon.NewWriter("rem-account-activation", 1)
	if v.Aim != application.ToOpen {
		w = canon.NewWriter("rem-admission", 1)
	}
	w.Word("application", string(v.ID))
	switch v.Aim {
	case application.ToOpen:
		w.Word("account", string(application.AccountOf(v.ID)))
		w.Field("address", v.Submitted.Address.String())
	case application.ToOperate:
		w.Word("aim", string(v.Aim))
		w.Word("account", string(v.For))
	default:
		w.Word("aim", string(v.Aim))
	}
	w.Digest("form", v.Submitted.Form)
	w.Word("identification", string(v.Decision.Identity))
	b, err := w.Bytes()
	if err != nil {
		return nil, fmt.Errorf("writing the activation of application %s: %w", v.ID, err)
	}
	return b, nil
}

// ActivationText gives the bytes to sign, for who opens the account so.
func (a *Applicants) ActivationText(ctx context.Context, b Bearer) ([]byte, error) {
	v, err := a.s.view(ctx, b)
	if err != nil {
		return nil, err
	}
	if v.State != application.Approved {
		return nil, application.ErrNotNow
	}
	return activationText(&v)
}

// Activate opens the account (step 11) when both channels were shown since the
// approval (REQ-30). It is the act of who showed himself: the mail's link and the
// phone's code are his. read are the texts that he ticked that he read, which the
// step keeps: [Applicants.Results] has to be among them (REQ-98), ErrResults.
func (a *Applicants) Activate(ctx context.Context, b Bearer, read ...application.Agreement) (rem.AccountID, error) {
	s := a.s
	v, err := s.view(ctx, b)
	if err != nil {
		return "", err
	}
	p, err := s.Store.Proofs(ctx, v.ID)
	if err != nil {
		return "", fmt.Errorf("reading what was shown of application %s: %w", v.ID, err)
	}
	var channels application.Channels
	if v.State == application.Approved {
		if !p.Mail.Before(v.Since) {
			channels = append(channels, application.MailLink)
		}
		if !p.Mobile.Before(v.Since) {
			channels = append(channels, application.MobileCode)
		}
	}
	return s.activate(ctx, v, b, channels, "mail-link+mobile-code", read)
}

// ActivateSigned opens the account for who signed the activation text with his
// qualified certificate.
func (a *Applicants) ActivateSigned(ctx context.Context, b Bearer, signature []byte, read ...application.Agreement) (rem.AccountID, error) {
	s := a.s
	v, err := s.view(ctx, b)
	if err != nil {
		return "", err
	}
	if v.State != application.Approved {
		return s.activate(ctx, v, b, nil, BySignature, read)
	}
	f, err := s.form(ctx, access(&v, b.by(&v, byLink), privacy.AccountOpening), &v)
	if err != nil {
		return "", err
	}
	text, err := activationText(&v)
	if err != nil {
		return "", err
	}
	result, err := s.Judge.Verify(ctx, text, signature, claimed(f))
	if err != nil {
		return "", err
	}
	same := slices.Contains(result.Compared, identity.Comparison{Part: identity.PartNumber, Same: true})
	if result.Finding.Verdict != totalPassed || !same {
		return "", application.ErrChannels
	}
	if err := s.keepAll(ctx, &v, result.Evidence); err != nil {
		return "", err
	}
	return s.activate(ctx, v, b, application.Channels{application.BySigning}, BySignature, read)
}

// totalPassed is the verdict of a signature that is believed (EN 319 102-1).
const totalPassed = "TOTAL-PASSED"

func openKey(id person.ApplicationID) string { return "open/" + string(id) }

func (s *Service) activate(ctx context.Context, v application.View, b Bearer, channels application.Channels, method string, read []application.Agreement) (rem.AccountID, error) {
	if v.Submitted == nil {
		return "", application.ErrNotNow
	}
	// A corporate application is opened by who showed himself and not by who applied.
	if l, err := s.contact(ctx, &v); err != nil {
		return "", err
	} else if l.Shower && !b.shower {
		return "", application.ErrNotYou
	}
	by := application.By{Actor: rem.Actor{Person: v.Submitted.Shower, Method: method}, Role: application.Applicant}
	if v.State == application.Approved {
		if err := s.intend(ctx, openKey(v.ID), v.ID); err != nil {
			return "", err
		}
	}
	v, err := s.from(ctx, v, application.Activate, by, whatever, func(v application.View, by application.By, now time.Time) (application.Step, error) {
		if v.State != application.Approved {
			return application.Step{}, application.ErrNotNow
		}
		done, err := completed(&v)
		if err != nil {
			return application.Step{}, err
		}
		step, err := s.Rules.Activate(v, done, channels, by, now)
		if err == nil {
			err = s.possible(ctx, &v)
		}
		if err == nil {
			err = s.known(&v, read)
		}
		return step.Knowing(read), err
	})
	if err != nil {
		return "", err
	}
	if err := s.finish(ctx, v.ID); err != nil {
		return "", err
	}
	return v.Account, nil
}

// LogIn gives who has opened his account the secret with which he sets his first
// credentials (login.Service.Redeem), shown to him at once. What he showed of the
// channels has to be fresh, and gives one log-in, so that nobody who has only a link
// comes after him: ErrProofs, and then he takes the mail's link and a code again. login.ErrReady: he can log in already, by what he has; the new account's
// name leads to him.
func (a *Applicants) LogIn(ctx context.Context, b Bearer) (Entrance, error) {
	s := a.s
	v, err := s.view(ctx, b)
	if err != nil {
		return Entrance{}, err
	}
	if v.State != application.Activated || s.Logins == nil {
		return Entrance{}, application.ErrNotNow
	}
	if l, err := s.contact(ctx, &v); err != nil {
		return Entrance{}, err
	} else if l.Shower && !b.shower {
		return Entrance{}, application.ErrNotYou
	}
	if err := s.finished(ctx, &v); err != nil {
		return Entrance{}, err
	}
	signed := slices.Contains(v.Channels, application.BySigning)
	err = s.prove(ctx, v.ID, func(p *Proofs, now time.Time) error {
		fresh := func(shown time.Time) bool { return shown.After(p.Spent) && now.Sub(shown) < loginProof }
		if !(fresh(p.Mail) && fresh(p.Mobile)) && !(signed && fresh(v.Since)) {
			return ErrProofs
		}
		p.Spent = now
		return nil
	})
	if err != nil {
		return Entrance{}, err
	}
	f, err := s.form(ctx, access(&v, application.By{Actor: rem.Actor{Person: v.Submitted.Shower, Method: byLink}, Role: application.Applicant}, privacy.AccountOpening), &v)
	if err != nil {
		return Entrance{}, err
	}
	if v.Aim != application.ToOpen {
		return s.admitted(ctx, &v, f)
	}
	g := login.Granting{Who: login.Who{Kind: login.Holder, Person: v.Submitted.Shower}, Account: v.Account, Names: []string{v.Submitted.Address.String()}}
	if n := f.Shower().Identity; numbered(n) {
		g.Number = n
	}
	return s.grant(ctx, g, "")
}

// finished finishes what a crash left of an application that was activated. Of who
// gets back in it looks first: a reset that came after his new credentials would
// take them.
func (s *Service) finished(ctx context.Context, v *application.View) error {
	if v.Aim == application.ToOpen {
		_, err := s.Accounts.Account(ctx, v.Account)
		if isNotFound(err) {
			return s.finish(ctx, v.ID)
		}
		if err != nil {
			return fmt.Errorf("reading account %s: %w", v.Account, err)
		}
		return nil
	}
	all, err := s.Ledger.Unfinished(ctx)
	if err != nil {
		return fmt.Errorf("finishing application %s: %w", v.ID, err)
	}
	if slices.ContainsFunc(all, func(in application.Intention) bool { return in.Key == openKey(v.ID) }) {
		return s.finish(ctx, v.ID)
	}
	return nil
}

// numbered: an identity number of the country, which a qualified certificate has
// too.
func numbered(n person.IdentityNumber) bool {
	return n.Kind() == person.Citizen || n.Kind() == person.Foreigner
}
