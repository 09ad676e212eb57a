package login

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"rem"
	"rem/person/account"
	"rem/privacy"
)

// Begin starts a log-in of the kind. Nothing is kept for it.
func (s *Service) Begin(kind Kind) Start { return Start{kind: kind} }

// Raise starts showing again who it is, within a session: what follows is the
// same as for a log-in, by the same person (AT-31), and gives the session a new
// secret.
func (s *Service) Raise(session Session) Start {
	return Start{kind: session.Who.Kind, raise: &session}
}

// ways says whether a kind logs in by a password at all.
func (k Kind) passwords() bool { return k == Holder }

// A Pending is a log-in of which the password was right. It opens nothing; a code
// has to follow. Only [Service.Password] and [Service.Pending] make one.
type Pending struct {
	// Secret names it in the next request: a hidden field of the form, or the
	// session cookie, which has no session yet.
	Secret Secret
	// Factors are those that he has; with SMS the code has not been sent yet.
	Factors []Factor

	attempt Attempt
	person  Person
}

// Raises reports whether it is to raise a session.
func (p *Pending) Raises() bool { return !p.attempt.Raises.IsZero() }

// Password takes name and password of a holder. A name that nobody has, a wrong
// password, somebody who has to wait, is locked, or has a passkey: all get
// ErrWrong after the same work, which is two look-ups, a count, one hash and one
// step (REQ-42). To raise a session it takes no name.
func (s *Service) Password(ctx context.Context, st Start, v Visitor, name, password string) (*Pending, error) {
	if !st.kind.passwords() {
		return nil, ErrNotForKind
	}
	now := s.Clock.Now()
	if err := s.limits.admit(v.Address, now); err != nil {
		return nil, err
	}
	token := s.names.Token(name)
	named, err := s.whose(ctx, st, token)
	if err != nil {
		return nil, fmt.Errorf("looking a log-in name up: %w", err)
	}
	p, err := s.Store.Person(ctx, named.Who)
	if err != nil {
		return nil, fmt.Errorf("reading how somebody logs in: %w", err)
	}
	known, err := s.knows(ctx, named.Who, v.Device)
	if err != nil {
		return nil, err
	}
	key := s.passwordKey(named.Who, token, v, known)
	g, err := s.guess(ctx, key, passwordWaiting)
	if err != nil {
		return nil, err
	}
	defer g.done()

	may := p.Who == named.Who && named.Who.Person != "" && !p.Locked && p.Passkeys == 0 && !g.held
	hash := ""
	if may {
		hash = p.Hash
	}
	err = s.Hasher.Check(ctx, hash, normal(password))
	var factors []Factor
	if !p.TOTP.IsZero() {
		factors = append(factors, TOTP)
	}
	if p.SMS && s.Messenger != nil {
		factors = append(factors, SMS)
	}
	if err == nil && len(factors) == 0 {
		err = account.ErrPassword // one factor opens nothing
	}
	switch {
	case errors.Is(err, account.ErrPassword):
		f := Failing{Key: key, At: now, Window: passwordWaiting.window, Held: g.held}
		if named.Who.Person != "" {
			if err := s.failed(ctx, &f, named.Who, v, ByPassword, g); err != nil {
				return nil, err
			}
		}
		if err := s.Store.Fail(ctx, f); err != nil {
			return nil, fmt.Errorf("counting a failed log-in: %w", err)
		}
		return nil, ErrWrong
	case err != nil:
		return nil, err
	}
	secret := NewSecret()
	a := Attempt{ID: secret.ID(), Who: named.Who, Account: named.Account, Epoch: p.Epoch, Made: now, Raises: st.session(), Known: known}
	if err := s.Store.Pend(ctx, a, []ID{key}); err != nil {
		return nil, over(err, "keeping a log-in that waits for its code")
	}
	return &Pending{secret, factors, a, p}, nil
}

// whose finds whom a name leads to. Nobody is no error: the zero Name.
func (s *Service) whose(ctx context.Context, st Start, token privacy.IndexToken) (Name, error) {
	named, err := s.Store.Named(ctx, st.kind, token)
	if errors.Is(err, ErrNone) {
		named, err = Name{}, nil
	}
	if st.raise != nil {
		named = Name{st.raise.Who, st.raise.Account}
	}
	return named, err
}

// knows reports whether the visitor's device is one with which the person logged
// in before. The device of nobody is looked up too.
func (s *Service) knows(ctx context.Context, who Who, device Secret) (bool, error) {
	if device.IsZero() {
		return false, nil
	}
	_, err := s.Store.Device(ctx, who, device.ID())
	if errors.Is(err, ErrNone) {
		return false, nil
	}
	return err == nil, err
}

// passwordKey names the count of wrong passwords: by the known device, or by the
// name and network.
func (s *Service) passwordKey(who Who, token privacy.IndexToken, v Visitor, known bool) ID {
	if known {
		id := v.Device.ID()
		return s.mac("device", append(who.parts(), id[:])...)
	}
	if who.Person != "" {
		// By the person: two names of one are no more guesses than one.
		return s.mac("password", append(who.parts(), []byte(networkOf(v.Address).String()))...)
	}
	return s.mac("name", token.Bytes(), []byte(networkOf(v.Address).String()))
}

// codeKey names the count of wrong codes.
func (s *Service) codeKey(a *Attempt, v Visitor) ID {
	if a.Known {
		id := v.Device.ID()
		return s.mac("device code", append(a.Who.parts(), id[:])...)
	}
	return s.mac("code", a.Who.parts()...)
}

// failed adds what a person sees of a failure, for the first few of a count: the
// rest of a storm says nothing new, and nobody is to fill the history with it.
func (s *Service) failed(ctx context.Context, f *Failing, who Who, v Visitor, m Method, g *guess) error {
	if g.held || g.count >= 2*passwordWaiting.free {
		return nil
	}
	e, err := s.event(ctx, who, v, LoggedIn, m, Failed)
	if err != nil {
		return err
	}
	f.Events = []Event{e}
	if g.count == passwordWaiting.free-1 {
		f.Notices = []Notice{{s.newEventID(e.At), who, ManyFailures, e.At}}
	}
	return nil
}

// Pending finds a log-in that waits for its code by its secret, or returns
// ErrOver.
func (s *Service) Pending(ctx context.Context, secret Secret) (*Pending, error) {
	a, err := s.Store.Attempt(ctx, secret.ID())
	if errors.Is(err, ErrNone) || err == nil && (a.Phone || past(a.Made, s.Clock.Now(), s.Settings.Attempt)) {
		return nil, ErrOver
	}
	if err != nil {
		return nil, fmt.Errorf("reading a log-in that waits: %w", err)
	}
	p, err := s.Store.Person(ctx, a.Who)
	if err != nil {
		return nil, fmt.Errorf("reading how somebody logs in: %w", err)
	}
	if p.Epoch != a.Epoch || p.Locked {
		return nil, ErrOver
	}
	out := &Pending{Secret: secret, attempt: a, person: p}
	if !p.TOTP.IsZero() {
		out.Factors = append(out.Factors, TOTP)
	}
	if p.SMS && s.Messenger != nil {
		out.Factors = append(out.Factors, SMS)
	}
	return out, nil
}

// SendCode sends a code by SMS. ErrSends: too many were sent, or the last one just
// now.
func (s *Service) SendCode(ctx context.Context, p *Pending) error {
	if !slices.Contains(p.Factors, SMS) {
		return ErrNotForKind
	}
	return s.send(ctx, &p.attempt)
}

// Code takes the code after a password and opens the session. A code is good
// once: of many at the same time one succeeds (AT-32).
func (s *Service) Code(ctx context.Context, p *Pending, v Visitor, code string) (Opened, error) {
	// No allowance of the network is taken: who is here knows the password, and
	// waits by the person.
	now := s.Clock.Now()
	a := &p.attempt
	if past(a.Made, now, s.Settings.Attempt) {
		return Opened{}, ErrOver
	}
	// The device is asked for again: its cookie may be gone, or another's.
	known, err := s.knows(ctx, a.Who, v.Device)
	if err != nil {
		return Opened{}, err
	}
	a.Known = known
	key := s.codeKey(a, v)
	g, err := s.guess(ctx, key, codeWaiting)
	if err != nil {
		return Opened{}, err
	}
	defer g.done()
	// Read inside the guess: tries that were written since count.
	fresh, err := s.Store.Attempt(ctx, a.ID)
	if errors.Is(err, ErrNone) {
		return Opened{}, ErrOver
	}
	if err != nil {
		return Opened{}, err
	}
	method, step, err := s.right(ctx, p, &fresh, code, g.held)
	if err != nil {
		return Opened{}, err
	}
	if method == "" {
		f := Failing{Key: key, At: now, Window: codeWaiting.window, Held: g.held, Attempt: a.ID}
		if err := s.failed(ctx, &f, a.Who, v, ByCode, g); err != nil {
			return Opened{}, err
		}
		if err := s.Store.Fail(ctx, f); err != nil {
			return Opened{}, fmt.Errorf("counting a failed code: %w", err)
		}
		return Opened{}, ErrWrong
	}
	o := Opening{Epoch: a.Epoch, Attempt: a.ID, Step: step, StepBefore: p.person.Step, Clears: []ID{key}}
	return s.open(ctx, o, a.Who, a.Account, method, v, a.Raises)
}

// right says by which method the code is right, and its step; "": by none.
func (s *Service) right(ctx context.Context, p *Pending, a *Attempt, code string, held bool) (Method, int64, error) {
	if !isCode(code) || held {
		return "", 0, nil
	}
	if s.sent(a, code) {
		return ByPasswordAndSMS, 0, nil
	}
	if p.person.TOTP.IsZero() {
		return "", 0, nil
	}
	step, err := s.totpStep(ctx, &p.person, fieldTOTP, p.person.TOTP, code)
	if err != nil || step == 0 {
		return "", 0, err
	}
	return ByPasswordAndTOTP, step, nil
}

// PasskeyOptions returns the options of a log-in by passkey, as the JSON that
// navigator.credentials.get takes.
func (s *Service) PasskeyOptions(st Start) ([]byte, error) {
	if st.kind == Applicant {
		return nil, ErrNotForKind
	}
	return s.Passkeys.Get(s.challenge(toLogIn, st.kind, st.session()))
}

// PasskeyFinish takes the browser's answer, as JSON, and opens the session.
func (s *Service) PasskeyFinish(ctx context.Context, st Start, v Visitor, answer []byte) (Opened, error) {
	if st.kind == Applicant {
		return Opened{}, ErrNotForKind
	}
	if err := s.limits.admit(v.Address, s.Clock.Now()); err != nil {
		return Opened{}, err
	}
	credential, challenge, err := s.Passkeys.Read(answer)
	if err != nil {
		return Opened{}, wrong(err, ErrCeremony)
	}
	spent, _, err := s.spend(ctx, challenge, toLogIn, st.kind, st.session())
	if err != nil {
		return Opened{}, err
	}
	key, err := s.Store.Passkey(ctx, credential)
	if err != nil {
		return Opened{}, wrong(err, ErrNone)
	}
	if key.Who.Kind != st.kind || st.raise != nil && key.Who != st.raise.Who {
		return Opened{}, ErrWrong
	}
	p, err := s.Store.Person(ctx, key.Who)
	if err != nil {
		return Opened{}, err
	}
	used, copied, err := s.Passkeys.Got(s.handle(key.Who), challenge, answer, key)
	if err != nil {
		return Opened{}, wrong(err, ErrCeremony)
	}
	if copied {
		// Two have the key. It is not known which of them this is.
		e, err := s.event(ctx, key.Who, v, PasskeyCopied, ByPasskey, Failed)
		if err != nil {
			return Opened{}, err
		}
		f := Failing{Key: s.mac("copied", key.Credential), At: e.At, Window: time.Hour, Events: []Event{e}, Notices: []Notice{{s.newEventID(e.At), key.Who, PasskeyCopied, e.At}}}
		if err := s.Store.Fail(ctx, f); err != nil {
			return Opened{}, fmt.Errorf("writing a copied passkey down: %w", err)
		}
		return Opened{}, ErrWrong
	}
	o := Opening{Epoch: p.Epoch, Spent: spent, Use: used}
	return s.openAny(ctx, o, key.Who, ByPasskey, st, v)
}

// Challenge returns what somebody signs to log in, and the token that comes back
// with the signature.
func (s *Service) Challenge(st Start) (token string, text []byte, err error) {
	if s.Signatures == nil || st.kind == Applicant {
		return "", nil, ErrNotForKind
	}
	c := s.challenge(toLogIn, st.kind, st.session())
	return base64.RawURLEncoding.EncodeToString(c), s.signedText(c, st), nil
}

// Signed takes a detached CAdES signature over the text of a challenge, and opens
// the session of whom the certificate names (REQ-43).
func (s *Service) Signed(ctx context.Context, st Start, v Visitor, token string, signature []byte) (Opened, error) {
	if s.Signatures == nil || st.kind == Applicant {
		return Opened{}, ErrNotForKind
	}
	if err := s.limits.admit(v.Address, s.Clock.Now()); err != nil {
		return Opened{}, err
	}
	challenge, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return Opened{}, ErrOver
	}
	spent, _, err := s.spend(ctx, challenge, toLogIn, st.kind, st.session())
	if err != nil {
		return Opened{}, err
	}
	number, err := s.Signatures.Signer(ctx, s.signedText(challenge, st), signature)
	if err != nil {
		return Opened{}, wrong(err, ErrSignature)
	}
	who, err := s.Store.Signatory(ctx, st.kind, s.numbers.Token(number))
	if err != nil {
		return Opened{}, wrong(err, ErrNone)
	}
	if who.Kind != st.kind || st.raise != nil && who != st.raise.Who {
		return Opened{}, ErrWrong
	}
	p, err := s.Store.Person(ctx, who)
	if err != nil {
		return Opened{}, err
	}
	return s.openAny(ctx, Opening{Epoch: p.Epoch, Spent: spent}, who, BySignature, st, v)
}

// openAny opens a session for who was found without an account: it is on his
// only one, or he chooses ([Service.Use]).
func (s *Service) openAny(ctx context.Context, o Opening, who Who, m Method, st Start, v Visitor) (Opened, error) {
	var on rem.AccountID
	if st.raise != nil {
		on = st.raise.Account
	} else {
		accounts, err := s.Store.Accounts(ctx, who)
		if err != nil {
			return Opened{}, err
		}
		if len(accounts) == 1 {
			on = accounts[0]
		}
	}
	return s.open(ctx, o, who, on, m, v, st.session())
}

// wrong makes ErrWrong of an expected error, and keeps a fault.
func wrong(err, expected error) error {
	if errors.Is(err, expected) {
		return ErrWrong
	}
	return err
}

// over makes ErrOver of a step that was overtaken, and keeps a fault.
func over(err error, doing string) error {
	if errors.Is(err, ErrStale) || errors.Is(err, ErrNone) {
		return ErrOver
	}
	return fmt.Errorf("%s: %w", doing, err)
}
