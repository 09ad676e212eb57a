package enrolment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"rem"
	"rem/person"
	"rem/person/account"
	"rem/person/application"
	"rem/person/identity"
	"rem/person/login"
	"rem/person/news"
	"rem/privacy"
	"rem/privacy/notice"
	"rem/provider/publication"
)

// A Shown is the privacy notice as it stood before somebody: the digest of the
// version, its language, and where he read it.
type Shown struct {
	Notice   rem.Digest
	Language privacy.Language
	Channel  privacy.ChannelID
}

// A Begun is an application that has begun. The secret is shown once: only its
// digest is kept.
type Begun struct {
	Bearer Bearer
	Secret login.Secret
}

// Begin begins an application of a kind (step 1), after it has recorded that the
// notice was shown. The version shown has to be the one in force: ErrNotice.
func (a *Applicants) Begin(ctx context.Context, k person.Kind, shown Shown) (Begun, error) {
	s := a.s
	if !k.Valid() {
		return Begun{}, application.ErrNotNow
	}
	now := s.Clock.Now()
	token, err := rem.NewToken(now, s.Random)
	if err != nil {
		return Begun{}, err
	}
	p, err := s.newPerson(now)
	if err != nil {
		return Begun{}, err
	}
	return s.begin(ctx, person.ApplicationID(token), p, k, application.ToOpen, "", shown)
}

func (s *Service) begin(ctx context.Context, id person.ApplicationID, p rem.PersonID, k person.Kind, aim application.Aim, on rem.AccountID, shown Shown) (Begun, error) {
	n, err := s.tell(ctx, p, shown)
	if err != nil {
		return Begun{}, err
	}
	b := Begun{Bearer{id, p, false}, login.NewSecret()}
	step, err := s.Rules.BeginFor(aim, on, id, k, n, b.Bearer.by(&application.View{}, byLink), s.Clock.Now())
	if err != nil {
		return Begun{}, err
	}
	// The link comes first: a link to nothing opens nothing, an application without
	// one is lost.
	if err := s.Store.AddLink(ctx, Link{ID: b.Secret.ID(), Application: b.Bearer.application, Bearer: p, Made: s.Clock.Now()}); err != nil {
		return Begun{}, fmt.Errorf("keeping the link of an application: %w", err)
	}
	if err := s.Ledger.Commit(ctx, step); err != nil {
		return Begun{}, fmt.Errorf("beginning an application: %w", err)
	}
	return b, nil
}

func (s *Service) newPerson(now time.Time) (rem.PersonID, error) {
	t, err := rem.NewToken(now, s.Random)
	return rem.PersonID("per-" + t), err
}

// tell records that the notice was shown.
func (s *Service) tell(ctx context.Context, p rem.PersonID, shown Shown) (application.Notice, error) {
	_, digest, err := s.Notices.NoticeInForce(s.Clock.Now())
	if errors.Is(err, notice.ErrNotFound) {
		return application.Notice{}, ErrNotice // there is none to show
	}
	if err != nil {
		return application.Notice{}, fmt.Errorf("finding the notice in force: %w", err)
	}
	if digest != shown.Notice || digest.IsZero() {
		return application.Notice{}, ErrNotice
	}
	d, err := s.Notices.Deliver(ctx, notice.Delivery{Person: p, Digest: digest, Language: shown.Language, Channel: shown.Channel, Act: notice.Shown})
	if errors.Is(err, notice.ErrNotHeld) {
		return application.Notice{}, ErrNotice
	}
	if err != nil {
		return application.Notice{}, fmt.Errorf("recording that the notice was shown: %w", err)
	}
	return application.Notice{Digest: digest, Delivery: fmt.Sprintf("notice-delivery-%d", d.Link.Number), At: d.Link.Time}, nil
}

// Told records that the notice was shown to who has to show himself in a corporate
// application: his data came from the company, and nothing is asked of him before.
func (a *Applicants) Told(ctx context.Context, b Bearer, shown Shown) error {
	_, err := a.s.tell(ctx, b.person, shown)
	return err
}

// informed refuses somebody who was not told: his application may have been begun
// by another.
func (s *Service) informed(b Bearer, v *application.View) error {
	if b.shower && !s.Notices.WasTold(b.person, v.Notice.Digest) {
		_, now, err := s.Notices.NoticeInForce(s.Clock.Now())
		if err != nil || !s.Notices.WasTold(b.person, now) {
			return ErrNotice
		}
	}
	return nil
}

// maxTyped bounds what is kept of a form that is being filled in, in octets.
const maxTyped = 128 << 10

// A typed is what is sealed whole.
type typed struct {
	Represented bool              `json:"represented,omitempty"`
	Fields      map[string]string `json:"fields"`
}

// Save keeps what was typed so far (step 2), right or wrong.
func (a *Applicants) Save(ctx context.Context, b Bearer, represented bool, in application.Input) error {
	s := a.s
	text, err := json.Marshal(typed{represented, in})
	if err != nil {
		return errors.New("keeping what was typed: it cannot be written")
	}
	if len(text) > maxTyped {
		return ErrTooLarge
	}
	_, err = s.do(ctx, b.application, application.Save, b.by(&application.View{}, byLink), whatever, func(v application.View, by application.By, now time.Time) (application.Step, error) {
		// First the rules: nothing is sealed for who may not.
		if _, err := s.Rules.Save(v, privacy.SealedValue{}, by, now); err != nil {
			return application.Step{}, err
		}
		sealed, err := s.Vault.Seal(ctx, v.Applicant, TypedField, privacy.NewBytes(text, privacy.ByDeclaration(now)))
		if err != nil {
			return application.Step{}, err
		}
		return s.Rules.Save(v, sealed, by, now)
	})
	return err
}

// Typed gives back what was typed: what was saved last, or the form that was handed
// in. The access log has the bearer.
func (a *Applicants) Typed(ctx context.Context, b Bearer) (in application.Input, represented bool, err error) {
	s := a.s
	v, err := s.view(ctx, b)
	if err != nil {
		return nil, false, err
	}
	if v.Typed.IsZero() {
		if v.Submitted == nil {
			return application.Input{}, false, nil
		}
		f, err := s.form(ctx, access(&v, b.by(&v, byLink), privacy.AccountOpening), &v)
		if err != nil {
			return nil, false, err
		}
		in = application.Input{}
		for _, field := range v.Aim.Fields(f.Kind(), f.Represented()) {
			if t := f.Value(field.Name); t != "" {
				in[field.Name] = t
			}
		}
		return in, f.Represented(), nil
	}
	value, err := s.Vault.Open(ctx, access(&v, b.by(&v, byLink), privacy.AccountOpening), v.Applicant, TypedField, v.Typed)
	if err != nil {
		return nil, false, fmt.Errorf("opening what was typed: %w", err)
	}
	var t typed
	if err := json.Unmarshal(value.Bytes(), &t); err != nil {
		return nil, false, errors.New("reading what was typed: it is not of its form")
	}
	return t.Fields, t.Represented, nil
}

// view reads the bearer's application.
func (s *Service) view(ctx context.Context, b Bearer) (application.View, error) {
	if b.application == "" {
		return application.View{}, ErrLink
	}
	v, err := s.Ledger.Application(ctx, b.application)
	if errors.Is(err, application.ErrNotFound) {
		return v, ErrLink
	}
	if err != nil {
		return v, fmt.Errorf("reading application %s: %w", b.application, err)
	}
	return v, nil
}

// Check holds what was typed against the form, field by field.
func (a *Applicants) Check(ctx context.Context, b Bearer, represented bool, in application.Input) (person.Problems, error) {
	v, err := a.s.view(ctx, b)
	if err != nil {
		return nil, err
	}
	_, problems := a.s.check(&v).Read(v.Kind, represented, in)
	return problems, nil
}

func (s *Service) check(v *application.View) application.Check {
	return application.Check{Forms: s.Settings.Forms, Now: s.Clock.Now(), Aim: v.Aim, On: v.For}
}

// Proposals lists up to most addresses that the typed name or title allows and
// that nobody has.
func (a *Applicants) Proposals(ctx context.Context, b Bearer, in application.Input, most int) ([]rem.Address, error) {
	s := a.s
	v, err := s.view(ctx, b)
	if err != nil {
		return nil, err
	}
	n := person.Naming{Kind: v.Kind}
	if v.Kind == person.Natural {
		n.Given, _ = person.ParseName(in["given-names"])
		n.Family, _ = person.ParseName(in["family-name"])
		if n.Given.IsZero() || n.Family.IsZero() {
			return nil, nil
		}
	} else {
		n.Title, _ = person.ParseTitle(in["title"])
		n.Short, _ = person.ParseTitle(in["short-name"])
		n.MERSIS, _ = person.ParseMERSIS(in["mersis"])
		if n.Title.IsZero() {
			return nil, nil
		}
	}
	free, err := person.Propose(ctx, s.Ledger, s.Settings.Forms, n, person.Reservation{Application: b.application}, most, s.Clock.Now())
	if err != nil {
		return nil, fmt.Errorf("proposing addresses: %w", err)
	}
	var list []rem.Address
	for _, address := range free {
		taken, err := s.opened(ctx, address, "")
		if err != nil {
			return nil, err
		}
		if !taken {
			list = append(list, address)
		}
	}
	return list, nil
}

// opened reports whether an account has, or ever had, the address: also one that
// came from nowhere that the book of addresses knows. A closed account's address is
// free for its own holder (REQ-27).
func (s *Service) opened(ctx context.Context, a rem.Address, holder rem.PersonID) (bool, error) {
	had, err := s.Accounts.ByAddress(ctx, a)
	switch {
	case err == nil:
		return had.State != account.Closed || holder == "" || had.Holder.Person != holder, nil
	case isNotFound(err):
		return false, nil
	}
	return false, fmt.Errorf("looking an address up: %w", err)
}

// Texts lists the versions that an applicant accepts now.
func (s *Service) Texts() ([]application.Agreement, error) {
	var list []application.Agreement
	for _, k := range application.Agreements() {
		v, err := s.Documents.InForce(publication.Kind(k), s.Clock.Now())
		if err != nil {
			return nil, fmt.Errorf("finding the texts that are accepted: %w", err)
		}
		list = append(list, application.Agreement{Kind: k, Version: int(v.Document.Version), Digest: v.Digest})
	}
	return list, nil
}

// textsOf lists those of an aim.
func (s *Service) textsOf(a application.Aim) ([]application.Agreement, error) {
	if len(a.Agreements()) == 0 {
		return nil, nil
	}
	return s.Texts()
}

// Submit hands the form in (step 3): checked, sealed answer by answer, with the
// texts accepted as they stood before the applicant, and the address reserved in the
// same step. Problems are person.Problems. ErrTaken, ErrTexts.
func (a *Applicants) Submit(ctx context.Context, b Bearer, represented bool, in application.Input, accepted []application.Agreement) error {
	s := a.s
	_, err := s.do(ctx, b.application, application.Submit, b.by(&application.View{}, byLink), whatever, func(v application.View, by application.By, now time.Time) (application.Step, error) {
		if v.State != application.Draft {
			return application.Step{}, application.ErrNotNow
		}
		form, problems := s.check(&v).Read(v.Kind, represented, in)
		if problems != nil {
			return application.Step{}, problems
		}
		return s.handing(ctx, v, form, accepted, b.person, by)
	})
	return err
}

// handing seals a form and decides about it. contact is who is told of it.
func (s *Service) handing(ctx context.Context, v application.View, form *application.Form, accepted []application.Agreement, contact rem.PersonID, by application.By) (application.Step, error) {
	none := application.Step{}
	texts, err := s.textsOf(v.Aim)
	if err != nil {
		return none, err
	}
	if !slices.Equal(texts, accepted) {
		return none, ErrTexts
	}
	switch v.Aim {
	case application.ToOperate:
		err = s.invited(ctx, v.ID, form)
	case application.ToReturn:
		if number(form.Shower().Identity) == "" {
			err = ErrNumber // by a passport nobody is found again
		}
	}
	if err != nil {
		return none, err
	}
	now := s.Clock.Now().UTC().Truncate(time.Second) // the written form has whole seconds
	h := application.Handing{Form: form, Header: application.Header{Application: v.ID, Provider: s.Settings.Domain, Made: now, Notice: v.Notice.Digest, Agreements: texts}}
	if h.Holder, h.Shower, err = s.whose(ctx, form); err != nil {
		return none, err
	}
	if v.Aim != application.ToOpen {
		// There is no address.
	} else if taken, err := s.opened(ctx, form.Address(), h.Holder); err != nil || taken {
		if err == nil {
			err = ErrTaken
		}
		return none, err
	}
	if err := s.Ledger.Tag(ctx, v.ID, s.tokens(form)...); err != nil {
		return none, fmt.Errorf("noting the numbers of application %s: %w", v.ID, err)
	}
	seal := func() (err error) {
		if h.Answers, err = form.Seal(ctx, s.Vault, h.Holder, now); err != nil {
			return err
		}
		if c := form.Naming().Company; !c.IsZero() {
			h.Company, err = s.Vault.Seal(ctx, h.Holder, "application.Submission.Company", privacy.NewValue(c.Reveal(), privacy.ByDeclaration(now)))
		}
		return err
	}
	err = seal()
	if errors.Is(err, privacy.ErrDestroyed) { // somebody whose data was erased comes back
		if err = s.Vault.Renew(ctx, h.Holder, privacy.ApplicationClass); err == nil {
			err = seal()
		}
	}
	if err != nil {
		return none, fmt.Errorf("sealing the form of application %s: %w", v.ID, err)
	}
	step, err := s.Rules.Submit(v, h, by, s.Clock.Now())
	if err != nil {
		return none, err
	}
	var c news.Contact
	c.Mobile, _ = person.ParseMobile(form.Value("mobile"))
	c.Mail, _ = person.ParseMailAddress(form.Value("mail-address"))
	if err := s.Messenger.Set(ctx, contact, c); err != nil {
		return none, fmt.Errorf("keeping where the applicant is told: %w", err)
	}
	return step, nil
}

// whose finds whom the form names: who will have the account, and who has to show
// himself. A number is one person each time. A passport's is not: two states may
// give the same, so that who comes with one is a new person; and so is a legal
// person without a number of its own.
func (s *Service) whose(ctx context.Context, f *application.Form) (holder, shower rem.PersonID, err error) {
	if shower, err = s.person(ctx, number(f.Shower().Identity)); err != nil {
		return "", "", err
	}
	of := ""
	switch {
	case f.Kind() == person.Natural && !f.Represented():
		return shower, shower, nil
	case f.Kind() == person.Natural:
		if n, err := person.ParseIdentityNumber(f.Value("identity-number")); err == nil {
			of = number(n)
		}
	case f.Value("mersis") != "":
		of = ofMERSIS + f.Value("mersis")
	case f.Value("detsis") != "":
		of = ofDETSIS + f.Value("detsis")
	}
	holder, err = s.person(ctx, of)
	return holder, shower, err
}

// number is what finds a natural person: the number of the country, or "".
func number(n person.IdentityNumber) string {
	if !numbered(n) {
		return ""
	}
	return n.Reveal()
}

// Numbers of legal persons are told from one another by what stands before them.
const (
	ofMERSIS = "mersis "
	ofDETSIS = "detsis "
)

// tokens are those under which the desk finds the application: of everybody whose
// number is in the form, a passport's too.
func (s *Service) tokens(f *application.Form) (list []privacy.IndexToken) {
	for name, before := range map[string]string{
		"identity-number": "", "passport-number": "", "representative-identity-number": "", "mersis": ofMERSIS, "detsis": ofDETSIS,
	} {
		if n := f.Value(name); n != "" {
			list = append(list, s.Identity.Token(before+n))
		}
	}
	return list
}

func (s *Service) person(ctx context.Context, number string) (rem.PersonID, error) {
	now := s.Clock.Now()
	fresh, err := s.newPerson(now)
	if err != nil || number == "" {
		return fresh, err
	}
	p, err := s.Store.Claim(ctx, s.Identity.Token(number), fresh, now)
	if err != nil {
		return "", fmt.Errorf("finding a person by number: %w", err)
	}
	return p, nil
}

// form opens the form that was handed in. Its digest has to be that of the step.
func (s *Service) form(ctx context.Context, a privacy.Access, v *application.View) (*application.Form, error) {
	if v.Submitted == nil {
		return nil, application.ErrNotNow
	}
	sub := v.Submitted
	names, items := sub.Answers.Items(v.Kind, sub.Represented, sub.Holder)
	if !sub.Company.IsZero() {
		items = append(items, privacy.Item{Person: sub.Holder, Field: "application.Submission.Company", Sealed: sub.Company})
	}
	values, err := s.Vault.OpenAll(ctx, a, items)
	if err != nil {
		return nil, fmt.Errorf("opening the form of application %s: %w", v.ID, err)
	}
	c := application.Check{Forms: s.Settings.Forms, Now: sub.Header.Made, Aim: v.Aim, On: v.For}
	if !sub.Company.IsZero() {
		if c.Company, err = person.ParseTitle(values[len(names)].Text()); err != nil {
			return nil, fmt.Errorf("opening the form of application %s: the company cannot be read", v.ID)
		}
	}
	in := application.Input{}
	for i, name := range names {
		in[name] = values[i].Text()
	}
	f, problems := c.Read(v.Kind, sub.Represented, in)
	if problems != nil || rem.DigestOf(f.Write(sub.Header)) != sub.Form {
		return nil, fmt.Errorf("opening the form of application %s: it is not the one that was handed in", v.ID)
	}
	return f, nil
}

// Methods lists every method of identification, those that are not possible with
// the reason (REQ-13).
func (a *Applicants) Methods(ctx context.Context, b Bearer) ([]identity.Choice, error) {
	v, err := a.s.view(ctx, b)
	if err != nil {
		return nil, err
	}
	if v.Submitted == nil {
		return nil, application.ErrNotNow
	}
	o, err := a.s.Offer(ctx)
	if err != nil {
		return nil, err
	}
	return identity.Choices(v.Submitted.Case, o), nil
}

// Offer returns which methods there are at this moment, and where.
func (s *Service) Offer(ctx context.Context) (identity.Offer, error) {
	if s.Offered == nil {
		return s.Rules.Offer, nil
	}
	o, err := s.Offered(ctx)
	if err != nil {
		return o, fmt.Errorf("reading which methods are offered: %w", err)
	}
	return o, nil
}

// Choose chooses a method (step 5).
func (a *Applicants) Choose(ctx context.Context, b Bearer, m identity.Method) error {
	s := a.s
	v, err := s.view(ctx, b)
	if err != nil {
		return err
	}
	if err := s.informed(b, &v); err != nil {
		return err
	}
	if v.Method == m && v.State == application.Pending {
		return nil
	}
	rules := s.Rules
	if rules.Offer, err = s.Offer(ctx); err != nil {
		return err
	}
	_, err = s.from(ctx, v, application.Choose, b.by(&v, byLink), func(d *application.StepData) bool { return d.Method == m },
		func(v application.View, by application.By, now time.Time) (application.Step, error) {
			return rules.Choose(v, m, by, now)
		})
	if err == nil && m != identity.Office {
		err = s.Store.Cancel(ctx, v.ID)
	}
	return err
}

// Withdraw takes the application back.
func (a *Applicants) Withdraw(ctx context.Context, b Bearer) error {
	s := a.s
	v, err := s.view(ctx, b)
	if err != nil {
		return err
	}
	_, err = s.from(ctx, v, application.Withdraw, b.by(&v, byLink), whatever, s.Rules.Withdraw)
	return err
}
