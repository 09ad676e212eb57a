package enrolment

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"rem"
	"rem/person"
	"rem/person/account"
	"rem/person/application"
	"rem/person/login"
	"rem/person/news"
	"rem/privacy"
	"rem/privacy/canon"
)

// Crew is where an account's people ask somebody new to act on it (REQ-18, REQ-39).
// Nobody acts before he was identified as an applicant is, and approved by a second
// officer: an invitation gives nothing by itself.
type Crew struct{ s *Service }

// Crew returns where an account's people ask somebody new to act on it.
func (s *Service) Crew() *Crew { return &Crew{s} }

// An Invitation is what somebody is asked to, and by whom. The caller has asked who
// is logged in; the powers are judged here, and again when it takes effect.
type Invitation struct {
	By account.By // with the account on which he acts
	// Number is the identity number of whom he means. It is kept as a token, against
	// which the form of who comes is held: the mail may have gone to somebody else.
	Number person.IdentityNumber
	Mail   person.MailAddress // where the invitation goes, and nothing else does
	May    account.Permissions
	// From and Until bound the authority; a zero time has no bound.
	From, Until time.Time
	// Kind and Paper are what it rests on. Without a paper it is the appointment
	// itself, as it is written down.
	Kind  account.ProofKind
	Paper io.Reader
}

// Bounds on invitations.
const (
	// inviteTerm is how long somebody may begin.
	inviteTerm = 30 * 24 * time.Hour
	// maxInvited bounds what one account can have sent at a time.
	maxInvited = 50
)

// What is denied of invitations.
var (
	ErrInvited     = deny("invited", "Bu sayıda davet zaten bekliyor; önce birini geri çekin.", "So many invitations wait already; take one back first.")
	ErrInvitedSelf = deny("invited-other", "Davet edilen kişinin kimlik numarası formdakinden farklı. Davet size değilse bu başvuruyu sürdürmeyin.", "Another identity number was invited than stands in the form. If it was not you, do not go on.")
	ErrUninvited   = deny("uninvited", "Davet geri çekilmiş ya da davet eden kişinin yetkisi sona ermiş.", "The invitation was taken back, or who invited may not do so any more.")
	ErrNumber      = deny("number", "T.C. kimlik numarası veya yabancı kimlik numarası gerekir.", "A citizen's or a foreigner's identity number is needed.")
)

// A mandate is what is written down of an invitation: docs/formats/enrolment.md. It
// is an intention until whoever was asked acts on the account, or never will.
type mandate struct {
	application person.ApplicationID
	account     rem.AccountID
	holder      rem.PersonID
	by          rem.PersonID
	method      string
	bearer      rem.PersonID // the pseudonym of who was asked
	number      privacy.IndexToken
	may         account.Permissions
	from, until time.Time
	proof       account.Proof
	size        int64
	media       string
	scan        application.Scan
	made        time.Time
}

const mandateForm = "rem-mandate"

func (m *mandate) write() ([]byte, error) {
	w := canon.NewWriter(mandateForm, 1)
	w.Word("application", string(m.application))
	w.Word("account", string(m.account))
	w.Word("holder", string(m.holder))
	w.Word("person", string(m.by))
	w.Field("method", m.method)
	w.Word("bearer", string(m.bearer))
	w.Word("number", hex.EncodeToString(m.number.Bytes()))
	w.Number("may", uint64(m.may))
	w.Number("from", micros(m.from))
	w.Number("until", micros(m.until))
	w.Word("proof", string(m.proof.Kind))
	w.Digest("paper", m.proof.Digest)
	w.Number("size", uint64(m.size))
	w.Field("media", m.media)
	w.Number("scan", uint64(m.scan))
	w.Time("made", m.made)
	out, err := w.Bytes()
	if err != nil {
		return nil, fmt.Errorf("writing an invitation down: %w", err)
	}
	return out, nil
}

// micros are those of Unix time; 0 is none.
func micros(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(t.UnixMicro())
}

func fromMicros(n uint64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(n)).UTC()
}

func readMandate(body []byte) (*mandate, error) {
	r := canon.NewReader(body, mandateForm, 1)
	m := &mandate{application: person.ApplicationID(r.Word("application")), account: rem.AccountID(r.Word("account"))}
	m.holder, m.by, m.method, m.bearer = rem.PersonID(r.Word("holder")), rem.PersonID(r.Word("person")), r.Field("method"), rem.PersonID(r.Word("bearer"))
	number, bad := hex.DecodeString(r.Word("number"))
	m.may, m.from, m.until = account.Permissions(r.Number("may")), fromMicros(r.Number("from")), fromMicros(r.Number("until"))
	m.proof = account.Proof{Kind: account.ProofKind(r.Word("proof")), Digest: r.Digest("paper")}
	m.size, m.media, m.scan, m.made = int64(r.Number("size")), r.Field("media"), application.Scan(r.Number("scan")), r.Time("made")
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("reading an invitation: %w", err)
	}
	if bad != nil {
		return nil, fmt.Errorf("reading an invitation: %w", bad)
	}
	var err error
	if m.number, err = privacy.ParseIndexToken(number); err != nil {
		return nil, fmt.Errorf("reading an invitation: %w", err)
	}
	return m, nil
}

// appointer is who asked, as the rules of accounts know him.
func (m *mandate) appointer() account.By {
	return account.By{Actor: rem.Actor{Account: m.account, Holder: m.holder, Person: m.by, Method: m.method}}
}

func (m *mandate) operator(p rem.PersonID) account.Operator {
	return account.Operator{Person: p, May: m.may, From: m.from, Until: m.until, Proof: m.proof}
}

func inviteKey(id person.ApplicationID) string { return invitePrefix + string(id) }

// statement is what an authority rests on where nobody brought a paper: the act
// itself, as it was confirmed. docs/formats/enrolment.md.
func (m *mandate) statement() ([]byte, error) {
	w := canon.NewWriter("rem-operator-appointment", 1)
	w.Word("application", string(m.application))
	w.Word("account", string(m.account))
	w.Word("holder", string(m.holder))
	w.Word("person", string(m.by))
	w.Field("method", m.method)
	w.Number("may", uint64(m.may))
	w.Number("from", micros(m.from))
	w.Number("until", micros(m.until))
	w.Time("made", m.made)
	return w.Bytes()
}

// placeholder stands for somebody who is nobody yet.
const placeholder rem.PersonID = "per-invited"

// Invite asks somebody to act on an account: the paper is kept, the invitation
// written down, and then he is told by mail. A *rem.Refusal says why he could not
// be appointed, a *application.Denial what else is wrong. The application that he
// may begin has the name that is returned.
func (c *Crew) Invite(ctx context.Context, in Invitation) (person.ApplicationID, error) {
	s := c.s
	if s.Settings.Invitation == nil || s.Keeper == nil {
		return "", application.ErrNotNow
	}
	if !numbered(in.Number) {
		return "", ErrNumber
	}
	if in.Mail.IsZero() {
		return "", &person.Problem{Field: "mail-address", Code: person.Missing}
	}
	now := s.Clock.Now().UTC().Truncate(time.Microsecond)
	a, err := s.Accounts.Account(ctx, in.By.Actor.Account)
	if err != nil {
		return "", fmt.Errorf("inviting an operator: %w", err)
	}
	m := mandate{
		account: a.ID, holder: a.Holder.Person, by: in.By.Actor.Person, method: in.By.Actor.Method, number: s.Identity.Token(in.Number.Reveal()),
		may: in.May, from: in.From.UTC(), until: in.Until.UTC(), made: now, media: "text/plain", scan: application.Scanned,
		proof: account.Proof{Kind: account.Appointment},
	}
	if in.Paper != nil {
		m.proof.Kind = in.Kind
	}
	m.proof.Digest = rem.DigestOf([]byte(mandateForm)) // for the question whether he may at all
	if _, err := a.Appoint(m.appointer(), m.operator(placeholder), now); err != nil {
		return "", err
	}
	waiting, err := s.mandates(ctx, a.ID)
	if err != nil {
		return "", err
	}
	if len(waiting) >= maxInvited {
		return "", ErrInvited
	}
	token, err := rem.NewToken(now, s.Random)
	if err != nil {
		return "", err
	}
	m.application = person.ApplicationID(token)
	if m.bearer, err = s.newPerson(now); err != nil {
		return "", err
	}
	paper, err := m.statement()
	if err != nil {
		return "", err
	}
	if in.Paper != nil {
		if paper, m.media, m.scan, err = s.take(ctx, in.Paper); err != nil {
			return "", err
		}
	}
	if m.proof.Digest, err = s.keep(ctx, &application.View{ID: m.application, Applicant: m.bearer}, paper, now); err != nil {
		return "", err
	}
	m.size = int64(len(paper))
	if err := s.Messenger.Set(ctx, m.bearer, news.Contact{Mail: in.Mail}); err != nil {
		return "", fmt.Errorf("keeping where an invitation goes: %w", err)
	}
	body, err := m.write()
	if err != nil {
		return "", err
	}
	if _, err := s.Ledger.Intend(ctx, application.Intention{Key: inviteKey(m.application), Application: m.application, At: now, Body: body}); err != nil {
		return "", fmt.Errorf("writing an invitation down: %w", err)
	}
	if err := s.invite(ctx, &m); err != nil {
		s.Fault(err) // it is told at the next tick
	}
	return m.application, nil
}

// invite tells whoever was asked, once.
func (s *Service) invite(ctx context.Context, m *mandate) error {
	until := m.made.Add(inviteTerm)
	l := Link{Application: m.application, Bearer: m.bearer, Made: m.made, Until: until}
	link, err := s.mailed(ctx, l, "invite", 0, s.Settings.Invitation)
	if err != nil {
		return err
	}
	message := news.Message{ID: news.ID(fmt.Sprintf("enrol.%s.invited", m.application)), Person: m.bearer, Kind: news.Invited, Link: link, Until: until}
	if err := s.Messenger.Tell(ctx, news.Mail, message); err != nil && !errors.Is(err, news.ErrNoContact) {
		return fmt.Errorf("telling of invitation %s: %w", m.application, err)
	}
	return nil
}

// mandates are the invitations that wait: those of an account, or all.
func (s *Service) mandates(ctx context.Context, on rem.AccountID) (list []*mandate, err error) {
	all, err := s.Ledger.Unfinished(ctx)
	if err != nil {
		return nil, fmt.Errorf("looking for invitations: %w", err)
	}
	for _, in := range all {
		if !strings.HasPrefix(in.Key, invitePrefix) {
			continue
		}
		m, err := readMandate(in.Body)
		if err != nil {
			return nil, err
		}
		if on == "" || m.account == on {
			list = append(list, m)
		}
	}
	return list, nil
}

// mandate is that of an application, or ErrUninvited.
func (s *Service) mandate(ctx context.Context, id person.ApplicationID) (*mandate, error) {
	all, err := s.mandates(ctx, "")
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(m *mandate) bool { return m.application == id })
	if i < 0 {
		return nil, ErrUninvited
	}
	return all[i], nil
}

// holds reports whether an invitation could take effect now: it was not taken back,
// and who made it may still give what it gives.
func (s *Service) holds(ctx context.Context, id person.ApplicationID) (*mandate, error) {
	m, err := s.mandate(ctx, id)
	if err != nil {
		return nil, err
	}
	a, err := s.Accounts.Account(ctx, m.account)
	if err != nil {
		return nil, fmt.Errorf("reading account %s: %w", m.account, err)
	}
	if _, err := a.Appoint(m.appointer(), m.operator(placeholder), s.Clock.Now()); err != nil {
		return nil, ErrUninvited
	}
	return m, nil
}

// An Invited is an invitation that waits, as the account's people see it: how far it
// is, and nothing of who was asked.
type Invited struct {
	Application person.ApplicationID
	By          rem.PersonID
	May         account.Permissions
	From, Until time.Time
	Made        time.Time
	// State is application.None until he began.
	State application.State
}

// Waiting lists those of an account, the oldest first.
func (c *Crew) Waiting(ctx context.Context, on rem.AccountID) ([]Invited, error) {
	if on == "" {
		return nil, nil
	}
	all, err := c.s.mandates(ctx, on)
	if err != nil {
		return nil, err
	}
	var list []Invited
	for _, m := range all {
		v, err := c.s.Ledger.Application(ctx, m.application)
		if err != nil && !errors.Is(err, application.ErrNotFound) {
			return nil, fmt.Errorf("reading application %s: %w", m.application, err)
		}
		list = append(list, Invited{m.application, m.by, m.may, m.from, m.until, m.made, v.State})
	}
	return list, nil
}

// TakeBack takes an invitation of his account back; by who made it, or by who may
// appoint those whom that person appoints. One that is not there is no error.
func (c *Crew) TakeBack(ctx context.Context, by account.By, id person.ApplicationID) error {
	m, err := c.s.mandate(ctx, id)
	if errors.Is(err, ErrUninvited) || err == nil && m.account != by.Actor.Account {
		return ErrNone
	}
	if err != nil {
		return err
	}
	a, err := c.s.Accounts.Account(ctx, m.account)
	if err != nil {
		return fmt.Errorf("reading account %s: %w", m.account, err)
	}
	if !a.May(by.Actor.Person, account.Operators, c.s.Clock.Now()) || m.by != by.Actor.Person && !a.Under(by.Actor.Person, m.by) {
		return ErrNone
	}
	return c.s.void(ctx, m)
}

// void ends an invitation; where nothing began, nobody is told anything more either.
func (s *Service) void(ctx context.Context, m *mandate) error {
	if err := s.Ledger.Abandon(ctx, inviteKey(m.application)); err != nil {
		return fmt.Errorf("ending invitation %s: %w", m.application, err)
	}
	if _, err := s.Ledger.Application(ctx, m.application); errors.Is(err, application.ErrNotFound) {
		return s.Messenger.Set(ctx, m.bearer, news.Contact{})
	} else if err != nil {
		return fmt.Errorf("reading application %s: %w", m.application, err)
	}
	return nil
}

// Asked reports whether the secret is that of an invitation that waits, and whether
// it was begun. ErrLink, ErrUninvited.
func (a *Applicants) Asked(ctx context.Context, secret login.Secret) (begun bool, err error) {
	l, m, err := a.s.asked(ctx, secret)
	if err != nil {
		return false, err
	}
	_, err = a.s.Ledger.Application(ctx, l.Application)
	if errors.Is(err, application.ErrNotFound) && !a.s.Clock.Now().Before(m.made.Add(inviteTerm)) {
		return false, ErrUninvited
	}
	if errors.Is(err, application.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func (s *Service) asked(ctx context.Context, secret login.Secret) (Link, *mandate, error) {
	l, err := s.link(ctx, secret)
	if err != nil {
		return l, nil, err
	}
	if l.Mail {
		return l, nil, ErrLink
	}
	m, err := s.mandate(ctx, l.Application)
	return l, m, err
}

// Accept begins the application of who was asked to act on an account (step 1),
// after the notice was shown to him. Of one that has begun the secret is zero: the
// link leads back to it.
func (a *Applicants) Accept(ctx context.Context, secret login.Secret, shown Shown) (Begun, error) {
	s := a.s
	begun, err := a.Asked(ctx, secret)
	if err != nil {
		return Begun{}, err
	}
	l, m, err := s.asked(ctx, secret)
	if err != nil {
		return Begun{}, err
	}
	if begun {
		return Begun{Bearer: l.bearer()}, nil
	}
	b, err := s.begin(ctx, m.application, m.bearer, person.Natural, application.ToOperate, m.account, shown)
	if err != nil {
		return Begun{}, err
	}
	if err := s.proven(ctx, m); err != nil {
		s.Fault(err) // it is handed in at the next tick
	}
	return b, nil
}

// proven hands the paper of an invitation in for who was asked: it stands in his
// application like one that he brought.
func (s *Service) proven(ctx context.Context, m *mandate) error {
	v, err := s.Ledger.Application(ctx, m.application)
	if err != nil {
		return fmt.Errorf("reading application %s: %w", m.application, err)
	}
	p := application.Paper{Kind: application.Authorisation, Digest: m.proof.Digest, Size: m.size, Media: m.media, At: m.made, Scan: m.scan}
	if v.State != application.Draft || slices.Contains(v.Papers, p) {
		return nil
	}
	by := application.By{Actor: rem.Actor{Person: v.Applicant, Method: byLink}, Role: application.Applicant}
	_, err = s.from(ctx, v, application.HandIn, by, func(d *application.StepData) bool { return slices.Contains(d.Papers, p) },
		func(v application.View, by application.By, now time.Time) (application.Step, error) {
			return s.Rules.HandIn(v, []application.Paper{p}, by, now)
		})
	return err
}

// settleInvitation goes on with one: whoever was asked is told, the paper is in his
// application, and what can come to nothing any more is forgotten.
func (s *Service) settleInvitation(ctx context.Context, in application.Intention) error {
	m, err := readMandate(in.Body)
	if err != nil {
		return err
	}
	v, err := s.Ledger.Application(ctx, m.application)
	switch {
	case errors.Is(err, application.ErrNotFound) && !s.Clock.Now().Before(m.made.Add(inviteTerm)):
		return s.void(ctx, m)
	case errors.Is(err, application.ErrNotFound):
		return s.invite(ctx, m)
	case err != nil:
		return err
	case v.State.Final() && v.State != application.Activated:
		return s.void(ctx, m)
	case v.State == application.Draft:
		return s.proven(ctx, m)
	}
	return nil
}

// invited holds a form against the invitation that it came of.
func (s *Service) invited(ctx context.Context, id person.ApplicationID, f *application.Form) error {
	m, err := s.holds(ctx, id)
	if err != nil {
		return err
	}
	n := number(f.Shower().Identity)
	token := s.Identity.Token(n)
	if n == "" || !bytes.Equal(token.Bytes(), m.number.Bytes()) {
		return ErrInvitedSelf
	}
	return nil
}
