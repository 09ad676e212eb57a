package login

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rem"
	"rem/person"
	"rem/privacy"
)

// A Granting is whom a grant is for, and by what he may log in.
type Granting struct {
	Who     Who
	Account rem.AccountID // of a holder
	// Names are log-in names that lead to him on that account: the address, and
	// for one of several operators whatever was agreed with him.
	Names []string
	// Number is the identity number in his qualified certificate; zero: it stays
	// as it is.
	Number person.IdentityNumber
	For    time.Duration // how long it waits; zero: as the settings say
}

// Grant lets somebody set his first credentials, once. The secret goes to him by
// the caller, who has made sure that it reaches him and nobody else (REQ-30). An
// earlier grant of his is void. ErrTaken: a name or number is another's. ErrReady:
// he can log in by credentials of his own; [Service.Name] is for him, or Reset.
func (s *Service) Grant(ctx context.Context, g Granting) (Secret, error) {
	if !g.Who.Kind.Known() || g.Who.Kind == Applicant || g.Who.Person == "" {
		return Secret{}, ErrNotForKind
	}
	if g.For <= 0 {
		g.For = s.Settings.Grant
	}
	p, err := s.Store.Person(ctx, g.Who)
	if err != nil {
		return Secret{}, fmt.Errorf("reading how somebody logs in: %w", err)
	}
	if p.set() {
		return Secret{}, ErrReady
	}
	secret := NewSecret()
	grant := Grant{ID: secret.ID(), Who: g.Who, Account: g.Account, Until: s.Clock.Now().Add(g.For)}
	if err := s.Store.Grant(ctx, grant, s.naming(g)); err != nil {
		return Secret{}, fmt.Errorf("granting a log-in: %w", err)
	}
	return secret, nil
}

// Name gives somebody who can log in already the names of a further account.
func (s *Service) Name(ctx context.Context, g Granting) error {
	if err := s.Store.Name(ctx, s.naming(g)); err != nil {
		return fmt.Errorf("giving log-in names: %w", err)
	}
	return nil
}

func (s *Service) naming(g Granting) Naming {
	n := Naming{Who: g.Who, Account: g.Account}
	for _, name := range g.Names {
		n.Names = append(n.Names, s.names.Token(strings.TrimSpace(name)))
	}
	if !g.Number.IsZero() {
		n.Signatory = s.numbers.Token(g.Number.Reveal())
	}
	return n
}

// Redeem takes a grant and opens the session in which credentials are set. The
// grant is gone then, also when he leaves in the middle.
func (s *Service) Redeem(ctx context.Context, v Visitor, grant Secret) (Opened, error) {
	if err := s.limits.admit(v.Address, s.Clock.Now()); err != nil {
		return Opened{}, err
	}
	g, err := s.Store.Granted(ctx, grant.ID())
	if err != nil {
		if errors.Is(err, ErrNone) {
			return Opened{}, ErrGrant
		}
		return Opened{}, fmt.Errorf("reading a grant: %w", err)
	}
	p, err := s.Store.Person(ctx, g.Who)
	if err != nil {
		return Opened{}, fmt.Errorf("reading how somebody logs in: %w", err)
	}
	if p.set() || p.Locked || !s.Clock.Now().Before(g.Until) {
		return Opened{}, ErrGrant
	}
	o, err := s.open(ctx, Opening{Epoch: p.Epoch, Grant: g.ID}, g.Who, g.Account, ByGrant, v, ID{})
	if errors.Is(err, ErrOver) {
		return Opened{}, ErrGrant
	}
	return o, err
}

// changing returns how x's person logs in, when x may change it now: while
// enrolling, or freshly shown.
func (s *Service) changing(ctx context.Context, x Session) (Person, error) {
	switch {
	case x.Level == Resumed:
		return Person{}, ErrNotForKind
	case x.Level != Enrolling:
		if err := s.Fresh(x); err != nil {
			return Person{}, err
		}
	}
	p, err := s.Store.Person(ctx, x.Who)
	if err != nil {
		return Person{}, fmt.Errorf("reading how somebody logs in: %w", err)
	}
	p.Who = x.Who
	return p, nil
}

// change makes a change within a session, which gets a new secret; all others of
// the person end.
func (s *Service) change(ctx context.Context, x Session, c Change, what News, m Method, v Visitor) (Opened, error) {
	e, err := s.event(ctx, x.Who, v, what, x.Method, Changed)
	if err != nil {
		return Opened{}, err
	}
	secret := NewSecret()
	c.By, c.Session = x.ID, x
	c.Session.ID = secret.ID()
	if x.Level == Enrolling && m != "" && ready(&c.Person, m) {
		// Who has just set a password and confirmed his app, or used his passkey,
		// has shown both; he goes on without logging in.
		now := s.Clock.Now()
		c.Session.Level, c.Session.Method = m.Level(), m
		c.Session.Created, c.Session.Proved, c.Session.Seen = now, now, now
	}
	c.Events = append(c.Events, e)
	c.Notices = append(c.Notices, Notice{s.newEventID(e.At), x.Who, what, e.At})
	if err := s.Store.Change(ctx, c); err != nil {
		if errors.Is(err, ErrTaken) {
			return Opened{}, ErrTaken
		}
		return Opened{}, over(err, "changing how somebody logs in")
	}
	return Opened{Session: c.Session, Secret: secret}, nil
}

// ready reports whether an enrolment is done once a credential of the method was
// set.
func ready(p *Person, m Method) bool {
	switch m {
	case ByPasskey:
		return true
	case ByPasswordAndTOTP:
		return p.Hash != "" && !p.TOTP.IsZero()
	case ByPasswordAndSMS:
		return p.Hash != "" && p.SMS
	}
	return false
}

// weaker returns an error when somebody may not have a password, or a code after
// one.
func weaker(p *Person) error {
	switch {
	case !p.Who.Kind.passwords():
		return ErrNotForKind
	case p.Passkeys > 0:
		return ErrStronger
	}
	return nil
}

// SetPassword sets or changes the web password; every other session ends. about
// are words that it must not hold: the address and the name. A *[Weak] says what
// is wrong with it.
func (s *Service) SetPassword(ctx context.Context, x Session, v Visitor, password string, about ...string) (Opened, error) {
	p, err := s.changing(ctx, x)
	if err != nil {
		return Opened{}, err
	}
	if err := weaker(&p); err != nil {
		return Opened{}, err
	}
	password = normal(password)
	if err := CheckPassword(password, about...); err != nil {
		return Opened{}, err
	}
	if p.Hash, err = s.Hasher.Hash(ctx, password); err != nil {
		return Opened{}, err
	}
	m := ByPasswordAndTOTP
	if p.TOTP.IsZero() {
		m = ByPasswordAndSMS
	}
	return s.change(ctx, x, Change{Person: p}, PasswordChanged, m, v)
}

// A Proposal is a secret for an authenticator app that waits to be confirmed.
type Proposal struct {
	Opened
	// URI is what the square code says, Secret what is typed instead. They are
	// shown once.
	URI, Typed string
}

// ProposeTOTP makes a secret for an authenticator app. It counts once ConfirmTOTP
// had a code of it; until then one that he has already goes on.
func (s *Service) ProposeTOTP(ctx context.Context, x Session, v Visitor, label string) (Proposal, error) {
	p, err := s.changing(ctx, x)
	if err == nil {
		err = weaker(&p)
	}
	if err != nil {
		return Proposal{}, err
	}
	secret := newTOTP()
	if p.Proposed, err = s.seal(ctx, x.Who, fieldProposed, secret, privacy.ByDerivation(s.Clock.Now())); err != nil {
		return Proposal{}, err
	}
	if err := s.Store.Change(ctx, Change{Person: p, By: x.ID}); err != nil {
		return Proposal{}, over(err, "proposing an authenticator app")
	}
	return Proposal{Opened{Session: x}, totpURI(s.Issuer, label, secret), secret}, nil
}

// ConfirmTOTP takes a code of the proposed secret, which then takes the place of
// an earlier one.
func (s *Service) ConfirmTOTP(ctx context.Context, x Session, v Visitor, code string) (Opened, error) {
	p, err := s.changing(ctx, x)
	if err == nil {
		err = weaker(&p)
	}
	if err != nil {
		return Opened{}, err
	}
	g, err := s.confirming(ctx, x)
	if err != nil {
		return Opened{}, err
	}
	defer g.done()
	var step int64
	if isCode(code) && !g.held && !p.Proposed.IsZero() {
		fresh := p
		fresh.Step = 0 // another secret has other codes
		if step, err = s.totpStep(ctx, &fresh, fieldProposed, p.Proposed, code); err != nil {
			return Opened{}, err
		}
	}
	if step == 0 {
		return Opened{}, s.notConfirmed(ctx, g)
	}
	secret, err := s.Vault.Open(ctx, own(x.Who, x.Account), x.Who.Person, fieldProposed, p.Proposed)
	if err != nil {
		return Opened{}, err
	}
	if p.TOTP, err = s.seal(ctx, x.Who, fieldTOTP, secret.Text(), secret.Provenance()); err != nil {
		return Opened{}, err
	}
	p.Proposed, p.Step = privacy.SealedValue{}, step
	return s.change(ctx, x, Change{Person: p}, CodeAppChanged, ByPasswordAndTOTP, v)
}

// confirming counts a try to confirm a factor within a session.
func (s *Service) confirming(ctx context.Context, x Session) (*guess, error) {
	return s.guess(ctx, s.mac("confirm", x.Who.parts()...), codeWaiting)
}

func (s *Service) notConfirmed(ctx context.Context, g *guess) error {
	if err := s.Store.Fail(ctx, Failing{Key: g.key, At: s.Clock.Now(), Window: codeWaiting.window, Held: g.held}); err != nil {
		return fmt.Errorf("counting a failed code: %w", err)
	}
	return ErrWrong
}

// ProposeSMS sends a code to the person's phone, to confirm that it is his. The
// secret names it for ConfirmSMS.
func (s *Service) ProposeSMS(ctx context.Context, x Session) (Secret, error) {
	p, err := s.changing(ctx, x)
	if err == nil {
		err = weaker(&p)
	}
	if err != nil {
		return Secret{}, err
	}
	if s.Messenger == nil {
		return Secret{}, ErrNotForKind
	}
	secret := NewSecret()
	a := Attempt{ID: secret.ID(), Who: x.Who, Account: x.Account, Epoch: p.Epoch, Made: s.Clock.Now(), Raises: x.ID, Phone: true}
	if err := s.Store.Pend(ctx, a, nil); err != nil {
		return Secret{}, over(err, "beginning to confirm a phone")
	}
	return secret, s.send(ctx, &a)
}

// ConfirmSMS takes the code; codes by SMS count from then on.
func (s *Service) ConfirmSMS(ctx context.Context, x Session, v Visitor, secret Secret, code string) (Opened, error) {
	p, err := s.changing(ctx, x)
	if err == nil {
		err = weaker(&p)
	}
	if err != nil {
		return Opened{}, err
	}
	g, err := s.confirming(ctx, x)
	if err != nil {
		return Opened{}, err
	}
	defer g.done()
	a, err := s.Store.Attempt(ctx, secret.ID())
	if errors.Is(err, ErrNone) || err == nil && (!a.Phone || a.Raises != x.ID || a.Who != x.Who || a.Epoch != p.Epoch) {
		return Opened{}, ErrOver
	}
	if err != nil {
		return Opened{}, err
	}
	if !isCode(code) || g.held || !s.sent(&a, code) {
		return Opened{}, s.notConfirmed(ctx, g)
	}
	p.SMS = true
	return s.change(ctx, x, Change{Person: p, Attempt: a.ID}, PhoneConfirmed, ByPasswordAndSMS, v)
}

// NewPasskey returns the options of a registration, as the JSON that
// navigator.credentials.create takes. The label is what the authenticator shows.
func (s *Service) NewPasskey(ctx context.Context, x Session, label string) ([]byte, error) {
	p, err := s.changing(ctx, x)
	if err != nil {
		return nil, err
	}
	if p.Passkeys >= MaxPasskeys {
		return nil, ErrMany
	}
	have, err := s.Store.Passkeys(ctx, x.Who)
	if err != nil {
		return nil, err
	}
	return s.Passkeys.Create(s.handle(x.Who), s.challenge(toRegister, x.Who.Kind, x.ID), label, have)
}

// maxName bounds the name of a passkey, in octets.
const maxName = 100

// AddPasskey takes the browser's answer, as JSON. Password and codes are gone
// then, and every other session: with a passkey there is no weaker way (AT-31).
func (s *Service) AddPasskey(ctx context.Context, x Session, v Visitor, name string, answer []byte) (Opened, error) {
	p, err := s.changing(ctx, x)
	if err != nil {
		return Opened{}, err
	}
	if p.Passkeys >= MaxPasskeys {
		return Opened{}, ErrMany
	}
	_, challenge, err := s.Passkeys.Read(answer)
	if err != nil {
		return Opened{}, wrong(err, ErrCeremony)
	}
	spent, at, err := s.spend(ctx, challenge, toRegister, x.Who.Kind, x.ID)
	if err != nil {
		return Opened{}, err
	}
	key, err := s.Passkeys.Created(s.handle(x.Who), challenge, answer)
	if err != nil {
		return Opened{}, wrong(err, ErrCeremony)
	}
	key.Who, key.Made = x.Who, at
	if len(name) > maxName {
		name = strings.ToValidUTF8(name[:maxName], "")
	}
	if key.Name, err = s.seal(ctx, x.Who, fieldPasskeyName, name, privacy.ByDeclaration(at)); err != nil {
		return Opened{}, err
	}
	p.Hash, p.TOTP, p.Proposed, p.SMS, p.Step = "", privacy.SealedValue{}, privacy.SealedValue{}, false, 0
	return s.change(ctx, x, Change{Person: p, Spent: spent, Adds: key}, PasskeyAdded, ByPasskey, v)
}

// RemovePasskey takes a passkey away; not the last one, which only
// [Service.Reset] does.
func (s *Service) RemovePasskey(ctx context.Context, x Session, v Visitor, credential []byte) (Opened, error) {
	p, err := s.changing(ctx, x)
	if err != nil {
		return Opened{}, err
	}
	have, err := s.Store.Passkeys(ctx, x.Who)
	if err != nil {
		return Opened{}, err
	}
	if !slices.ContainsFunc(have, func(k Passkey) bool { return string(k.Credential) == string(credential) }) {
		return Opened{}, ErrWrong
	}
	if len(have) == 1 {
		return Opened{}, ErrLast
	}
	return s.change(ctx, x, Change{Person: p, Removes: credential}, PasskeyRemoved, "", v)
}

// Reset takes every way in, device and session from somebody who was identified
// anew: the only recovery there is (REQ-44). A [Service.Grant] follows it. He is
// told.
func (s *Service) Reset(ctx context.Context, who Who) error {
	e := s.eventWithout(who, WasReset)
	if err := s.Store.Reset(ctx, who, e, Notice{s.newEventID(e.At), who, WasReset, e.At}); err != nil {
		return fmt.Errorf("resetting how somebody logs in: %w", err)
	}
	return nil
}

// Lock keeps somebody out, by a decision of staff, until Unlock; his sessions
// end. He is told.
func (s *Service) Lock(ctx context.Context, who Who) error { return s.lock(ctx, who, true, WasLocked) }

// Unlock lets him in again, by the credentials that he had.
func (s *Service) Unlock(ctx context.Context, who Who) error {
	return s.lock(ctx, who, false, WasUnlocked)
}

func (s *Service) lock(ctx context.Context, who Who, locked bool, what News) error {
	e := s.eventWithout(who, what)
	if err := s.Store.Lock(ctx, who, locked, e, Notice{s.newEventID(e.At), who, what, e.At}); err != nil {
		return fmt.Errorf("locking or unlocking somebody: %w", err)
	}
	return nil
}
