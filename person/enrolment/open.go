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
	"rem/person/news"
	"rem/privacy"
	"rem/provider/directory"
)

func isNotFound(err error) bool { return errors.Is(err, account.ErrNotFound) }

// finish opens the account of an application that was activated, or carries out what
// else it was for, and forgets the intention. Whatever of it was done is not done again.
func (s *Service) finish(ctx context.Context, id person.ApplicationID) error {
	v, err := s.Ledger.Application(ctx, id)
	if err != nil {
		return fmt.Errorf("reading application %s: %w", id, err)
	}
	if v.Aim != application.ToOpen {
		if err := s.admit(ctx, v); err != nil {
			return err
		}
	} else {
		o, err := application.OpeningOf(v)
		if err != nil {
			return fmt.Errorf("opening the account of application %s: %w", id, err)
		}
		if err := s.OpenAccount(ctx, o); err != nil {
			return err
		}
	}
	if err := s.Ledger.Abandon(ctx, openKey(id)); err != nil {
		return fmt.Errorf("opening the account of application %s: %w", id, err)
	}
	return nil
}

// OpenAccount creates the account of an opening (step 12): the only function by
// which an account comes from an application, and an Opening is made of nothing but
// a completed identification with a second officer's approval (REQ-9, REQ-22). The
// order is: the person is known, the profile, the account, its entry in the
// directory, telling its people. It may be made again at any time, after any
// crash: what is there stays.
//
// The answers are opened in the name of who activated: it is his act that goes on.
func (s *Service) OpenAccount(ctx context.Context, o application.Opening) error {
	if o.IsZero() {
		return application.ErrNotNow
	}
	v := o.View()
	fail := func(what string, err error) error {
		return fmt.Errorf("opening account %s: %s: %w", v.Account, what, err)
	}
	sub := v.Submitted
	for _, p := range []rem.PersonID{sub.Shower, sub.Holder} {
		if err := s.Store.Know(ctx, p, v.Since); err != nil {
			return fail("knowing the person", err)
		}
	}
	by := application.By{Actor: rem.Actor{Person: sub.Shower, Account: v.Account, Holder: sub.Holder, Method: "activation"}, Role: application.Applicant}
	f, err := s.form(ctx, access(&v, by, privacy.AccountOpening), &v)
	if err != nil {
		return fail("the form", err)
	}
	done, err := identity.Complete(*v.Newest())
	if err != nil {
		return fail("the identification", err)
	}
	verified, err := f.SealVerified(ctx, s.Vault, sub.Holder, sub.Answers, done)
	if err != nil {
		return fail("what was verified", err)
	}
	if err := s.profile(ctx, &v, f, &verified); err != nil {
		return fail("the profile", err)
	}
	if err := s.create(ctx, &v, f, &verified); err != nil {
		return fail("the account", err)
	}
	if s.Directory != nil {
		e := directory.Entry{Account: v.Account, Holder: sub.Holder, Particulars: particulars(f)}
		who := directory.By{Actor: by.Actor, Role: privacy.AsHolder, Case: privacy.CaseID(v.ID)}
		if _, err := s.Directory.Enter(ctx, who, e); err != nil {
			return fail("the directory", err)
		}
	}
	if err := s.handOver(ctx, &v, f); err != nil {
		return fail("telling its people", err)
	}
	return nil
}

// handOver: the channels that were shown are those of the person from now on, and
// no longer the application's.
func (s *Service) handOver(ctx context.Context, v *application.View, f *application.Form) error {
	to, err := s.contact(ctx, v)
	if err != nil {
		return err
	}
	who := v.Submitted.Shower
	if err := s.Messenger.Set(ctx, who, contactOf(f)); err != nil {
		return err
	}
	m := news.Message{ID: news.ID(fmt.Sprintf("enrol.%s.opened", v.ID)), Person: who, Kind: news.Application}
	if err := s.Messenger.Tell(ctx, news.Mail, m); err != nil {
		return err
	}
	return s.Messenger.Set(ctx, to.Bearer, news.Contact{})
}

func contactOf(f *application.Form) (c news.Contact) {
	c.Mobile, _ = person.ParseMobile(f.Value("mobile"))
	c.Mail, _ = person.ParseMailAddress(f.Value("mail-address"))
	return c
}

// seal seals what an account keeps. Somebody whose account was erased, and who
// comes back, gets a further key: what was erased stays so.
func (s *Service) seal(ctx context.Context, p rem.PersonID, f privacy.FieldID, v privacy.Value) (privacy.SealedValue, error) {
	x, err := s.Vault.Seal(ctx, p, f, v)
	if errors.Is(err, privacy.ErrDestroyed) {
		if err = s.Vault.Renew(ctx, p, privacy.AccountClass); err == nil {
			x, err = s.Vault.Seal(ctx, p, f, v)
		}
	}
	return x, err
}

// profile keeps every answer for the account, each with where it comes from.
func (s *Service) profile(ctx context.Context, v *application.View, f *application.Form, verified *application.Answers) error {
	holder := v.Submitted.Holder
	p := Profile{Account: v.Account, Application: v.ID, Kind: v.Kind, Holder: holder, Shower: v.Submitted.Shower, At: v.Since}
	names, items := verified.Items(v.Kind, v.Submitted.Represented, holder)
	for i, name := range names {
		from := items[i].Sealed.Provenance()
		x, err := s.seal(ctx, holder, DetailField, privacy.NewValue(name+": "+f.Value(name), from))
		if err != nil {
			return err
		}
		p.Details = append(p.Details, Detail{name, x})
		switch name {
		case "mobile":
			p.Mobile, err = s.seal(ctx, holder, MobileField, privacy.NewValue(f.Value(name), from))
		case "mail-address":
			p.Mail, err = s.seal(ctx, holder, MailField, privacy.NewValue(f.Value(name), from))
		}
		if err != nil {
			return err
		}
	}
	return s.Store.KeepProfile(ctx, p)
}

// create creates the account, once.
func (s *Service) create(ctx context.Context, v *application.View, f *application.Form, verified *application.Answers) error {
	_, err := s.Accounts.Account(ctx, v.Account)
	if err == nil || !isNotFound(err) {
		return err
	}
	sub, at := v.Submitted, v.Since
	a := account.Account{
		ID: v.Account, Address: sub.Address, Holder: account.Holder{Person: sub.Holder, Legal: v.Kind.Legal()}, State: account.Open,
		Standing: account.Standing{Since: at}, Created: at, Quota: s.Settings.Quota, ReceiveOnly: sub.Service == application.ReceiveOnly,
		Operators: []account.Operator{{Person: sub.Shower, May: account.Everything, From: at, Proof: proof(v)}},
	}
	if s.Settings.Term != nil {
		a.Until = s.Settings.Term(at)
	}
	holder, from := f.Value("title"), verified.Title.Provenance()
	if v.Kind == person.Natural {
		holder, from = f.Value("given-names")+" "+f.Value("family-name"), verified.FamilyName.Provenance()
	}
	if a.Holder.Name, err = s.seal(ctx, sub.Holder, account.HolderName, privacy.NewValue(holder, from)); err != nil {
		return err
	}
	operator := holder
	if who := f.Shower(); sub.Shower != sub.Holder {
		operator, from = who.Given.Reveal()+" "+who.Family.Reveal(), verified.RepresentativeFamily.Provenance()
	}
	if a.Operators[0].Name, err = s.seal(ctx, sub.Shower, account.OperatorName, privacy.NewValue(operator, from)); err != nil {
		return err
	}
	if n := f.Shower().Identity; numbered(n) {
		a.Operators[0].Identity = account.TokenOf(s.Signatory, n.Reveal())
	}
	err = s.Accounts.Create(ctx, a)
	if errors.Is(err, account.ErrTaken) {
		// Another run of this function came first, with names sealed otherwise; or
		// somebody else has the address, and nothing is opened.
		if _, again := s.Accounts.Account(ctx, v.Account); again == nil {
			return nil
		}
	}
	return err
}

// proof is the paper on which somebody stands who represents the holder.
func proof(v *application.View) account.Proof {
	kind, paper := account.ProofKind(""), application.PaperKind("")
	switch {
	case v.Kind == person.Private:
		kind, paper = account.Authorisation, application.Authorisation
	case v.Kind == person.Public:
		kind, paper = account.OfficialLetter, application.Authorisation
	case v.Submitted.Represented:
		kind, paper = account.PowerOfAttorney, application.RepresentationPaper
	default:
		return account.Proof{}
	}
	for _, p := range slices.Backward(v.Papers) {
		if p.Kind == paper && p.Usable() {
			return account.Proof{Kind: kind, Digest: p.Digest}
		}
	}
	return account.Proof{}
}

// particulars are those of the directory. Nothing that rests on a consent is among
// them: nobody was asked yet.
func particulars(f *application.Form) directory.Particulars {
	p := directory.Particulars{Kind: f.Kind(), Address: f.Address()}
	if p.Kind == person.Natural {
		p.Given, _ = person.ParseName(f.Value("given-names"))
		p.Family, _ = person.ParseName(f.Value("family-name"))
		if f.Value("passport-number") != "" {
			if n, err := person.ParseDocumentNumber(f.Value("passport-number")); err == nil {
				p.Identity = person.PassportIdentity(n)
			}
		} else {
			p.Identity, _ = person.ParseIdentityNumber(f.Value("identity-number"))
		}
		return p
	}
	p.FullName, _ = person.ParseTitle(f.Value("title"))
	p.MERSIS, _ = person.ParseMERSIS(f.Value("mersis"))
	p.Registry, _ = person.ParseRegistryNumber(f.Value("registry-number"))
	p.RegistryOffice, _ = person.ParseLine(f.Value("registry-office"))
	p.DETSIS, _ = person.ParseDETSIS(f.Value("detsis"))
	p.Activity, _ = person.ParseLine(f.Value("activity"))
	p.Tax, _ = person.ParseVKN(f.Value("tax-number"))
	p.Province = person.Province(f.Value("seat-province"))
	p.Postal.Line, _ = person.ParseLine(f.Value("seat-address"))
	p.Postal.District, _ = person.ParseLine(f.Value("seat-district"))
	p.Postal.Province = p.Province
	p.Postal.Code, _ = person.ParsePostalCode(f.Value("seat-postal-code"))
	return p
}
