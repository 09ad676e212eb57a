package partner

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"rem"
	"rem/person"
	"rem/person/application"
	"rem/person/identity"
	"rem/privacy"
	"rem/provider/staff"
)

// Staff is the part of the book of staff that a desk asks.
type Staff interface {
	Act(ctx context.Context, p rem.PersonID, r staff.Role, method string) (application.By, error)
	ActFor(ctx context.Context, p rem.PersonID, method string) (application.By, string, error)
	Member(ctx context.Context, p rem.PersonID) (*staff.Member, error)
}

// Applications are those that orders are about.
type Applications interface {
	Application(ctx context.Context, id person.ApplicationID) (application.View, error)
}

// A Desk is where institutions and orders are worked on. It may be used from many
// goroutines.
type Desk struct {
	Staff        Staff
	Institutions Institutions
	Orders       Ledger
	Applications Applications
	Vault        *privacy.Vault
	// Addresses is the indexer of [AddressIndex].
	Addresses *privacy.BlindIndexer
	// Judge verifies the signatures of visitors; while it is nil no result is taken.
	Judge Judge
	Clock rem.Clock
	// Term is how long an order is good; zero stands for [UsualTerm].
	Term time.Duration
}

// A Judge verifies signatures: identity.SignatureJudge.
type Judge interface {
	Verify(ctx context.Context, text, signature []byte, who identity.Claimed) (*identity.SignedResult, error)
}

// Officer makes who acts: one of ours, whom the gate lets.
func (d *Desk) Officer(ctx context.Context, p rem.PersonID, method string) (Acting, error) {
	by, err := d.Staff.Act(ctx, p, staff.Officer, method)
	return Acting{by: by}, err
}

// Partner makes who acts: a person of an institution, whom the gate lets, while
// the contract runs.
func (d *Desk) Partner(ctx context.Context, p rem.PersonID, method string) (Acting, error) {
	by, institution, err := d.Staff.ActFor(ctx, p, method)
	if err != nil {
		return Acting{}, err
	}
	i, err := d.Institutions.Institution(ctx, institution)
	if errors.Is(err, ErrNotFound) || err == nil && !i.InForce(d.Clock.Now()) {
		return Acting{}, ErrInstitution
	}
	return Acting{by, institution}, err
}

// Add contracts an institution. by is a manager of staff; the caller asked the
// gate, or is the machine.
func (d *Desk) Add(ctx context.Context, by rem.PersonID, i Institution) (string, error) {
	now := d.Clock.Now().UTC()
	id, err := rem.NewToken(now, rand.Reader)
	if err != nil {
		return "", err
	}
	i.ID, i.Added, i.AddedBy = "ins-"+id, now, by
	slices.Sort(i.Provinces)
	i.Provinces = slices.Compact(i.Provinces)
	if !i.Whole() {
		return "", ErrForm
	}
	return i.ID, d.Institutions.AddInstitution(ctx, i)
}

// Provinces are those in which some institution calls now: the offer of the method.
func (d *Desk) Provinces(ctx context.Context) ([]person.Province, error) {
	all, err := d.Institutions.AllInstitutions(ctx)
	if err != nil {
		return nil, err
	}
	var list []person.Province
	for _, i := range all {
		if i.InForce(d.Clock.Now()) {
			list = append(list, i.Provinces...)
		}
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// Issue gives an institution an order for an application. Its identifier comes
// from the application's and how many orders there were, so that a step made
// again after a crash finds the order that it made. a is an officer of ours or
// the application's own course; officer opens the address.
func (d *Desk) Issue(ctx context.Context, id person.ApplicationID, institution string, officer privacy.Access, a Acting) (OrderID, error) {
	v, err := d.Applications.Application(ctx, id)
	if err != nil {
		return "", err
	}
	i, err := d.Institutions.Institution(ctx, institution)
	if err != nil {
		return "", err
	}
	before, err := d.Orders.Orders(ctx, Filter{Application: id}, "", MaxListed)
	if err != nil {
		return "", err
	}
	for _, o := range before {
		if !o.State.Final() {
			if v.Submitted != nil && o.Form == v.Submitted.Form && o.Institution == institution {
				return o.ID, nil
			}
			return "", ErrNotNow
		}
	}
	order := OrderID(fmt.Sprintf("%s-v%d", id, len(before)+1))
	lines, err := d.open(ctx, officer, &v, address(v.Kind))
	if err != nil {
		return "", err
	}
	term := d.Term
	if term == 0 {
		term = UsualTerm
	}
	s, err := Rules{}.Issue(order, &v, &i, AddressDigest(d.Addresses, order, lines...), term, a, d.Clock.Now())
	if err != nil {
		return "", err
	}
	return order, d.Orders.CommitOrder(ctx, s)
}

// What is seen is under the names under which the application sealed it.
type shown struct {
	label rem.Text
	field privacy.FieldID
	at    func(*application.Answers) privacy.SealedValue
}

var (
	givenNames = shown{text("Ad", "Given names"), "application.Answers.GivenNames", func(a *application.Answers) privacy.SealedValue { return a.GivenNames }}
	familyName = shown{text("Soyadı", "Family name"), "application.Answers.FamilyName", func(a *application.Answers) privacy.SealedValue { return a.FamilyName }}
	title      = shown{text("Unvan", "Name"), "application.Answers.Title", func(a *application.Answers) privacy.SealedValue { return a.Title }}
	actGiven   = shown{text("Temsilcinin adı", "Given names of the representative"), "application.Answers.RepresentativeGiven", func(a *application.Answers) privacy.SealedValue { return a.RepresentativeGiven }}
	actFamily  = shown{text("Temsilcinin soyadı", "Family name of the representative"), "application.Answers.RepresentativeFamily", func(a *application.Answers) privacy.SealedValue { return a.RepresentativeFamily }}
	line       = shown{text("Adres", "Address"), "application.Answers.AddressLine", func(a *application.Answers) privacy.SealedValue { return a.AddressLine }}
	district   = shown{text("İlçe", "District"), "application.Answers.District", func(a *application.Answers) privacy.SealedValue { return a.District }}
	province   = shown{text("İl", "Province"), "application.Answers.Province", func(a *application.Answers) privacy.SealedValue { return a.Province }}
	postal     = shown{text("Posta kodu", "Postal code"), "application.Answers.PostalCode", func(a *application.Answers) privacy.SealedValue { return a.PostalCode }}
)

func address(person.Kind) []shown { return []shown{line, district, province, postal} }

// names are those of who is called on, and of whom he represents.
func names(k person.Kind, represented bool) []shown {
	switch {
	case k.Legal():
		return []shown{title, actGiven, actFamily}
	case represented:
		return []shown{givenNames, familyName, actGiven, actFamily}
	}
	return []shown{givenNames, familyName}
}

// Sees lists the fields of an application that an institution's person may see:
// names and address, and nothing else.
func Sees(k person.Kind, represented bool) []privacy.FieldID {
	var list []privacy.FieldID
	for _, s := range append(names(k, represented), address(k)...) {
		list = append(list, s.field)
	}
	return list
}

func (d *Desk) open(ctx context.Context, a privacy.Access, v *application.View, what []shown) ([]string, error) {
	if v.Submitted == nil {
		return nil, ErrForm
	}
	items := make([]privacy.Item, len(what))
	for i, s := range what {
		items[i] = privacy.Item{Person: v.Submitted.Holder, Field: s.field, Sealed: s.at(&v.Submitted.Answers)}
	}
	values, err := d.Vault.OpenAll(ctx, a, items)
	if err != nil {
		return nil, fmt.Errorf("opening what a visit needs: %w", err)
	}
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = v.Text()
	}
	return list, nil
}

// A Line is one answer as it is seen. It must not be logged.
type Line struct {
	Label rem.Text
	Value privacy.Value
}

// Seen is all that an institution's person sees of an application.
type Seen struct {
	Order       OrderID
	Application person.ApplicationID
	Method      identity.Method
	Documents   []identity.DocumentKind
	Expires     time.Time
	Lines       []Line // names, then the address
}

// See opens what the visit needs for the person who accepted the order, while it
// can still be visited, after the access log has him.
func (d *Desk) See(ctx context.Context, a Acting, id OrderID) (*Seen, error) {
	o, v, access, err := d.mine(ctx, a, id)
	if err != nil {
		return nil, err
	}
	if o.State != Accepted {
		return nil, ErrNotNow
	}
	if !d.Clock.Now().Before(o.Expires) {
		return nil, ErrTooLate
	}
	what := append(names(o.Kind, o.Represented), address(o.Kind)...)
	lines, err := d.open(ctx, access, v, what)
	if err != nil {
		return nil, err
	}
	s := &Seen{Order: o.ID, Application: o.Application, Method: identity.OnSite, Documents: o.Documents, Expires: o.Expires}
	for i, l := range what {
		if lines[i] != "" {
			s.Lines = append(s.Lines, Line{l.label, privacy.NewValue(lines[i], l.at(&v.Submitted.Answers).Provenance())})
		}
	}
	return s, nil
}

// mine gives an order to the person who accepted it, with its application as it
// was when the order was issued, and how he opens what is in it.
func (d *Desk) mine(ctx context.Context, a Acting, id OrderID) (*Order, *application.View, privacy.Access, error) {
	none := privacy.Access{}
	o, err := d.Orders.Order(ctx, id)
	if err != nil {
		return nil, nil, none, err
	}
	if a.institution == "" || a.institution != o.Institution || a.Person() != o.Partner {
		return nil, nil, none, ErrNotYou
	}
	v, err := d.Applications.Application(ctx, o.Application)
	if err != nil {
		return nil, nil, none, err
	}
	if v.State != application.Pending || v.Submitted == nil || v.Submitted.Form != o.Form {
		return nil, nil, none, ErrNotNow
	}
	// The gate once more: a page may have been open for a while.
	if _, err := d.Partner(ctx, a.Person(), a.by.Actor.Method); err != nil {
		return nil, nil, none, err
	}
	access := privacy.Access{Actor: rem.Actor{Person: a.Person()}, Role: staff.Partner.Opens(), Purpose: privacy.Identification, Case: privacy.CaseID(o.Application)}
	return &o, &v, access, nil
}

// There gives the digest of the application's address, for a result whose visitor
// says that he was there; anywhere else he was gives [Desk.Elsewhere].
func There(o *Order) rem.Digest { return o.Address }

// Elsewhere is the digest of another address than the application's.
func (d *Desk) Elsewhere(o *Order, typed string) rem.Digest {
	return AddressDigest(d.Addresses, o.ID, typed)
}

// List gives the orders of the institution of who asks.
func (d *Desk) List(ctx context.Context, a Acting, s State, after OrderID, limit int) ([]Order, error) {
	if a.institution == "" {
		return nil, ErrNotYou
	}
	return d.Orders.Orders(ctx, Filter{Institution: a.institution, State: s}, after, min(limit, MaxListed))
}

// do reads the order, decides and commits.
func (d *Desk) do(ctx context.Context, id OrderID, decide func(o Order, now time.Time) (Step, error)) error {
	o, err := d.Orders.Order(ctx, id)
	if err != nil {
		return err
	}
	s, err := decide(o, d.Clock.Now())
	if err != nil {
		return err
	}
	return d.Orders.CommitOrder(ctx, s)
}

// Accept takes an order.
func (d *Desk) Accept(ctx context.Context, a Acting, id OrderID) error {
	return d.do(ctx, id, func(o Order, now time.Time) (Step, error) { return Rules{}.Accept(o, a, now) })
}

// GiveBack leaves an order to the others of the institution.
func (d *Desk) GiveBack(ctx context.Context, a Acting, id OrderID) error {
	return d.do(ctx, id, func(o Order, now time.Time) (Step, error) { return Rules{}.GiveBack(o, a, now) })
}

// Return gives an order back to us, with a reason.
func (d *Desk) Return(ctx context.Context, a Acting, id OrderID, why Reason) error {
	return d.do(ctx, id, func(o Order, now time.Time) (Step, error) { return Rules{}.Return(o, why, a, now) })
}

// Visit takes the result of a visit with the signature over its written form. The
// signer has to be the visitor, by the number that the book of staff has of him.
// keep keeps each evidence, sealed, before the step is committed.
func (d *Desk) Visit(ctx context.Context, a Acting, r Result, signature []byte, keep func(identity.Kept) error) error {
	if d.Judge == nil {
		return errors.New("taking the result of a visit: nobody judges its signature")
	}
	_, _, access, err := d.mine(ctx, a, r.Order)
	if err != nil {
		return err
	}
	m, err := d.Staff.Member(ctx, a.Person())
	if err != nil {
		return err
	}
	if m.Number.IsZero() {
		return ErrSignature
	}
	value, err := d.Vault.Open(ctx, access, m.Person, staff.NumberField, m.Number)
	if err != nil {
		return err
	}
	number, err := person.ParseIdentityNumber(value.Text())
	if err != nil {
		return fmt.Errorf("reading the number of who visited: %w", err)
	}
	written, err := r.Write()
	if err != nil {
		return ErrForm
	}
	signed, err := d.Judge.Verify(ctx, written, signature, identity.Claimed{Identity: number})
	if err != nil {
		if errors.Is(err, identity.ErrUnreadable) {
			return ErrSignature
		}
		return err
	}
	return d.do(ctx, r.Order, func(o Order, now time.Time) (Step, error) {
		s, err := Rules{}.Visit(o, r, signed, a, now)
		if err != nil {
			return s, err
		}
		for _, k := range signed.Evidence {
			if err := keep(k); err != nil {
				return Step{}, fmt.Errorf("keeping an evidence of a visit: %w", err)
			}
		}
		return s, nil
	})
}

// Take and HandOver pass papers on: to a colleague, to an officer of ours. text is
// the digest of what the receiver confirmed at the time ([HandoverText]).
func (d *Desk) Take(ctx context.Context, a Acting, id OrderID, text rem.Digest, at time.Time) error {
	return d.do(ctx, id, func(o Order, now time.Time) (Step, error) { return Rules{}.Take(o, text, at, a, now) })
}

// HandOver: see [Desk.Take].
func (d *Desk) HandOver(ctx context.Context, a Acting, id OrderID, text rem.Digest, at time.Time) error {
	return d.do(ctx, id, func(o Order, now time.Time) (Step, error) { return Rules{}.HandOver(o, text, at, a, now) })
}

// Finish ends a visited order whose papers are with us. [Record] is what follows.
func (d *Desk) Finish(ctx context.Context, a Acting, id OrderID) error {
	return d.do(ctx, id, func(o Order, now time.Time) (Step, error) { return Rules{}.Finish(o, a, now) })
}

// Cancel ends an order that is not needed any more.
func (d *Desk) Cancel(ctx context.Context, a Acting, id OrderID) error {
	return d.do(ctx, id, func(o Order, now time.Time) (Step, error) { return Rules{}.Cancel(o, a, now) })
}

// Sweep expires up to limit orders whose term has passed, and returns how many.
// One that somebody moved meanwhile is left.
func (d *Desk) Sweep(ctx context.Context, limit int) (int, error) {
	due, err := d.Orders.OrdersDue(ctx, d.Clock.Now(), limit)
	if err != nil {
		return 0, err
	}
	done := 0
	for _, id := range due {
		err := d.do(ctx, id, func(o Order, now time.Time) (Step, error) { return Rules{}.Expire(o, System("clock"), now) })
		switch {
		case err == nil:
			done++
		case !errors.Is(err, ErrMoved) && !errors.Is(err, ErrNotNow):
			return done, err
		}
	}
	return done, nil
}
