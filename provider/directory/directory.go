package directory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"rem"
	"rem/person"
	"rem/privacy"
	"rem/privacy/canon"
	"rem/privacy/consent"
)

// Consents says whether a person's data may be used for a purpose that rests on
// consent, now; *consent.Ledger is one. It is asked at each use, and nothing but nil
// allows anything.
type Consents interface {
	Allowed(ctx context.Context, p rem.PersonID, purpose privacy.PurposeID) error
}

// A Vault seals and opens values; *privacy.Vault is one.
type Vault interface {
	Seal(ctx context.Context, p rem.PersonID, f privacy.FieldID, v privacy.Value) (privacy.SealedValue, error)
	OpenAll(ctx context.Context, a privacy.Access, items []privacy.Item) ([]privacy.Value, error)
}

// Config is what a directory works with. All fields are needed but Central, Limits
// and Wake.
type Config struct {
	Provider string // our domain: hs90.kep.test
	Store    Store
	Vault    Vault
	Consents Consents
	Tokens   *Tokens
	Clock    rem.Clock
	Random   io.Reader // cryptographic
	// Central answers about accounts of other providers; nil: they cannot be asked
	// about.
	Central Central
	Limits  Limits
	// Wake is called after each change, so that the central directory is told at once.
	Wake func()
}

// A Directory changes records and answers questions. It may be used from many
// goroutines.
type Directory struct {
	Config
	store  Store
	tokens *Tokens
	burst  burst
}

// New returns a directory.
func New(c Config) (*Directory, error) {
	if c.Provider == "" || c.Store == nil || c.Vault == nil || c.Consents == nil || c.Tokens == nil || c.Clock == nil || c.Random == nil {
		return nil, errors.New("making a directory: something that it works with is missing")
	}
	c.Limits = c.Limits.withDefaults()
	if c.Wake == nil {
		c.Wake = func() {}
	}
	d := &Directory{Config: c, store: c.Store, tokens: c.Tokens}
	d.burst.limit, d.burst.window = c.Limits.Burst, c.Limits.Window
	return d, nil
}

// An Entry is an account that comes into the directory.
type Entry struct {
	Account     rem.AccountID
	Holder      rem.PersonID
	Particulars Particulars
	// Open is that a natural person chose to be open to query.
	Open bool
}

// Enter makes the record of an account that was opened. What rests on a consent
// that does not stand is left out, and the record is closed to query when the choice
// to be open has none. An account that has a record keeps it: entering it again
// returns the newest version. The error is person.Problems when the particulars are
// not whole, and wraps [ErrTaken] when the address is another's.
func (d *Directory) Enter(ctx context.Context, by By, e Entry) (Version, error) {
	fail := func(err error) (Version, error) {
		return Version{}, fmt.Errorf("entering account %s into the directory: %w", e.Account, err)
	}
	if e.Account == "" || e.Holder == "" || by.Actor.Person == "" {
		return fail(errors.New("the account, its holder or who enters it is not said"))
	}
	if v, err := d.store.Newest(ctx, e.Account); err == nil {
		return d.same(v, e)
	} else if !errors.Is(err, ErrNotFound) {
		return fail(err)
	}
	p := e.Particulars
	if problems := p.Check(); len(problems) > 0 {
		return fail(problems)
	}
	if p.Address.Provider() != d.Provider {
		return fail(person.Problems{{Field: string(Address), Code: person.AddressProvider}})
	}
	open, err := p.Kind.Legal(), error(nil)
	if e.Open && !open {
		open, err = d.allowed(ctx, e.Holder, privacy.DirectoryEntry)
	}
	if err == nil {
		p, _, err = d.allowedParts(ctx, e.Holder, p)
	}
	if err != nil {
		return fail(err)
	}
	v := Version{Account: e.Account, Address: p.Address, Holder: e.Holder, Kind: p.Kind, State: Live, Open: open}
	if err := d.seal(ctx, &v, &p); err != nil {
		return fail(err)
	}
	v, err = d.commit(ctx, by, Version{}, v, &p)
	if errors.Is(err, ErrChanged) { // somebody entered it meanwhile
		if v, err = d.store.Newest(ctx, e.Account); err == nil {
			return d.same(v, e)
		}
	}
	if err != nil {
		return fail(err)
	}
	return v, nil
}

// same: one account has one holder, one kind and one address for ever (REQ-28).
func (d *Directory) same(v Version, e Entry) (Version, error) {
	if v.Holder != e.Holder || v.Kind != e.Particulars.Kind || v.Address != e.Particulars.Address {
		return Version{}, fmt.Errorf("entering account %s into the directory: it is there, of another holder, kind or address", e.Account)
	}
	return v, nil
}

// allowed says whether a consent stands; an error is a fault, and allows nothing.
func (d *Directory) allowed(ctx context.Context, p rem.PersonID, purpose privacy.PurposeID) (bool, error) {
	err := d.Consents.Allowed(ctx, p, purpose)
	if errors.Is(err, consent.ErrNotAllowed) {
		return false, nil
	}
	return err == nil, err
}

// allowedParts leaves what rests on consents that stand, and names the fields that
// do not.
func (d *Directory) allowedParts(ctx context.Context, holder rem.PersonID, p Particulars) (Particulars, []Field, error) {
	var without []Field
	for _, row := range table[p.Kind] {
		if row.Consent == "" || row.Field == Operators || !p.has(row.Field) {
			continue
		}
		ok, err := d.allowed(ctx, holder, row.Consent)
		if err != nil {
			return Particulars{}, nil, err
		}
		if !ok {
			without = append(without, row.Field)
			p.clear(row.Field)
		}
	}
	var named []Operator
	for _, o := range p.Operators {
		ok, err := d.allowed(ctx, o.Person, privacy.DirectoryOperator)
		if err != nil {
			return Particulars{}, nil, err
		}
		if ok {
			named = append(named, o)
		}
	}
	if len(named) < len(p.Operators) {
		without = append(without, Operators)
	}
	p.Operators = named
	return p, without, nil
}

func (p *Particulars) clear(f Field) {
	switch f {
	case Service:
		p.Service = ""
	case Title:
		p.Title = person.Title{}
	case Postal:
		p.Postal = Place{}
	case Signature:
		p.Certificate = Certificate{}
	case Phone:
		p.Phone = person.Phone{}
	}
}

// seal puts the particulars into the version.
func (d *Directory) seal(ctx context.Context, v *Version, p *Particulars) error {
	from := privacy.ByDerivation(d.Clock.Now()) // made from the application and the account, which say how they know it
	put := func(of rem.PersonID, f privacy.FieldID, b []byte, err error) (privacy.SealedValue, error) {
		if err != nil {
			return privacy.SealedValue{}, err
		}
		return d.Vault.Seal(ctx, of, f, privacy.NewBytes(b, from))
	}
	b, err := p.card()
	if v.Card, err = put(v.Holder, CardField, b, err); err != nil {
		return err
	}
	v.Optional, v.Operators = nil, nil
	for _, row := range table[p.Kind] {
		if row.Consent == "" || row.Field == Operators || !p.has(row.Field) {
			continue
		}
		b, err := p.optional(row.Field)
		s, err := put(v.Holder, OptionalField, b, err)
		if err != nil {
			return err
		}
		v.Optional = append(v.Optional, SealedField{row.Field, s})
	}
	for i := range p.Operators {
		b, err := p.Operators[i].card()
		s, err := put(p.Operators[i].Person, OperatorField, b, err)
		if err != nil {
			return err
		}
		v.Operators = append(v.Operators, SealedOperator{p.Operators[i].Person, s})
	}
	return nil
}

// access is how the values of a version are opened: in the name of the person who
// acts, for the directory.
func (by *By) access(v *Version) privacy.Access {
	a := privacy.Access{Actor: by.Actor, Role: by.Role, Purpose: privacy.DirectoryEntry, Case: by.Case}
	if a.Case == "" {
		a.Case = privacy.CaseID("directory-" + string(v.Account)) // an operator's name is not the holder's own
	}
	return a
}

// open gives the particulars of a version, after the access log has it.
func (d *Directory) open(ctx context.Context, by *By, v *Version) (Particulars, error) {
	items := []privacy.Item{{Person: v.Holder, Field: CardField, Sealed: v.Card}}
	for _, f := range v.Optional {
		items = append(items, privacy.Item{Person: v.Holder, Field: OptionalField, Sealed: f.Value})
	}
	for _, o := range v.Operators {
		items = append(items, privacy.Item{Person: o.Person, Field: OperatorField, Sealed: o.Card})
	}
	values, err := d.Vault.OpenAll(ctx, by.access(v), items)
	if err != nil {
		return Particulars{}, err
	}
	p, err := parseCard(values[0].Bytes())
	for i, f := range v.Optional {
		if err == nil {
			err = p.setOptional(f.Field, values[1+i].Bytes())
		}
	}
	for i, o := range v.Operators {
		var op Operator
		if err == nil {
			op, err = parseOperator(o.Person, values[1+len(v.Optional)+i].Bytes())
			p.Operators = append(p.Operators, op)
		}
	}
	return p, err
}

// commit makes next the version after before, with what is published of p. When p
// is nil, listing says what is published.
func (d *Directory) commit(ctx context.Context, by By, before, next Version, p *Particulars) (Version, error) {
	s := Step{Version: next}
	if err := d.follow(&s.Version, &before, by); err != nil {
		return Version{}, err
	}
	if s.Version.Published() && p != nil {
		l := d.listing(&s.Version, p)
		s.Listing = &l
	}
	return s.Version, d.keep(ctx, s)
}

func (d *Directory) keep(ctx context.Context, s Step) error {
	if err := d.store.Commit(ctx, s); err != nil {
		return err
	}
	d.Wake()
	return nil
}

// follow gives the version its name, number and time.
func (d *Directory) follow(v, before *Version, by By) error {
	now := canon.Instant(d.Clock.Now())
	if now.Before(before.From) {
		now = before.From
	}
	token, err := rem.NewToken(now, d.Random)
	v.ID, v.Number, v.From, v.By = VersionID(token), before.Number+1, now, by
	return err
}

// listing is what is published of a record.
func (d *Directory) listing(v *Version, p *Particulars) Listing {
	l := Listing{Account: v.Account, Version: v.ID, Holder: v.Holder, Kind: v.Kind, Address: v.Address, Tokens: d.tokens.tokensOf(p)}
	for _, f := range allFields {
		row, ok := RowOf(v.Kind, f)
		if s := p.value(f); ok && s != "" && !row.Hidden {
			l.Values = append(l.Values, Value{f, s})
		}
	}
	for _, o := range p.Operators {
		l.Operators = append(l.Operators, ListedOperator{o.Person, fullName(o.Given, o.Family), o.Title.Reveal()})
	}
	if v.Kind.Legal() {
		l.NameKey = p.FullName.Key()
		l.Words = wordsOf(l.NameKey)
	} else {
		l.NameKey = nameKey(p.Given, p.Family)
	}
	return l
}

// maxTries bounds how often a change is decided again because another one came
// between.
const maxTries = 8

// change reads the newest version, decides and commits, until nobody came between.
// decide returns nil when nothing changes.
func (d *Directory) change(ctx context.Context, a rem.AccountID, what string, decide func(before Version) (*Step, error)) (Version, error) {
	var err error
	for range maxTries {
		var v Version
		var s *Step
		if v, err = d.store.Newest(ctx, a); err != nil {
			break
		}
		if s, err = decide(v); err != nil {
			break
		}
		if s == nil {
			return v, nil
		}
		if err = d.keep(ctx, *s); err == nil {
			return s.Version, nil
		}
		if !errors.Is(err, ErrChanged) {
			break
		}
	}
	return Version{}, fmt.Errorf("%s account %s in the directory: %w", what, a, err)
}

// refuse makes the answer to what may not be.
func refuse(tr, en string) error { return rem.Refuse(rem.PolicyViolation, tr, en) }

var errClosed = refuse("Kapatılmış bir hesabın rehber kaydı değiştirilemez.", "The record of a closed account cannot be changed.")

// may says who may choose for the record: the holder himself, or staff in a case. An
// operator of a legal person may change its record, and chooses nothing for a
// natural person.
func may(by *By, v *Version) error {
	switch {
	case by.Role.Staff() && by.Case != "",
		by.Role == privacy.AsHolder && by.Actor.Person == v.Holder,
		by.Role == privacy.AsOperator && by.Actor.Account == v.Account && v.Kind.Legal():
		return nil
	}
	return refuse("Bu rehber kaydını değiştirme yetkiniz yok.", "You may not change this record of the directory.")
}

// SetOpen is a natural person's choice whether the record is open to query. Opening
// needs a consent that stands; closing hides in the same step, and the choice itself
// goes to the central directory (REQ-75, REQ-76). What is chosen already changes
// nothing.
func (d *Directory) SetOpen(ctx context.Context, by By, a rem.AccountID, open bool) (Version, error) {
	return d.change(ctx, a, "opening or closing", func(v Version) (*Step, error) {
		if v.Kind.Legal() {
			return nil, refuse("Tüzel kişilerin rehber kaydı her zaman sorguya açıktır.", "Records of legal persons are always open to query.")
		}
		if err := may(&by, &v); err != nil {
			return nil, err
		}
		if v.State != Live {
			return nil, errClosed
		}
		if v.Open == open {
			return nil, nil
		}
		s := &Step{Version: v.Clone()}
		s.Version.Open = open
		if err := d.follow(&s.Version, &v, by); err != nil || !open {
			return s, err
		}
		ok, err := d.allowed(ctx, v.Holder, privacy.DirectoryEntry)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, refuse("Rehberde sorguya açılmak için açık rızanız gerekir.", "Being open to query in the directory needs your consent.")
		}
		p, err := d.open(ctx, &by, &v)
		if err != nil {
			return nil, err
		}
		l := d.listing(&s.Version, &p)
		s.Listing = &l
		return s, nil
	})
}

// Change puts other values in the place of the record's. Address, kind, and the
// identity number of a natural person stay. An optional field without its consent is
// refused.
func (d *Directory) Change(ctx context.Context, by By, a rem.AccountID, p Particulars) (Version, error) {
	return d.change(ctx, a, "changing", func(v Version) (*Step, error) {
		if err := may(&by, &v); err != nil {
			return nil, err
		}
		if v.State != Live {
			return nil, errClosed
		}
		if problems := p.Check(); len(problems) > 0 {
			return nil, problems
		}
		before, err := d.open(ctx, &by, &v)
		if err != nil {
			return nil, err
		}
		if p.Kind != v.Kind || p.Address != v.Address || p.Identity != before.Identity {
			return nil, refuse("Rehber kaydının adresi, türü ve kimlik numarası değiştirilemez.", "Address, kind and identity number of a record cannot be changed.")
		}
		_, without, err := d.allowedParts(ctx, v.Holder, p)
		if err != nil {
			return nil, err
		}
		if len(without) > 0 {
			return nil, refuse("İsteğe bağlı her alan için ayrı açık rıza gerekir.", "Each optional field needs a consent of its own.")
		}
		s := &Step{Version: v.Clone()}
		if err := d.seal(ctx, &s.Version, &p); err != nil {
			return nil, err
		}
		if err := d.follow(&s.Version, &v, by); err != nil {
			return nil, err
		}
		if s.Version.Published() {
			l := d.listing(&s.Version, &p)
			s.Listing = &l
		}
		return s, nil
	})
}

// Close takes the record of an account that was closed out of what is published, for
// ever (REQ-33). Closing again changes nothing.
func (d *Directory) Close(ctx context.Context, by By, a rem.AccountID) (Version, error) {
	return d.change(ctx, a, "closing", func(v Version) (*Step, error) {
		if v.State == Closed {
			return nil, nil
		}
		s := &Step{Version: v.Clone()}
		s.Version.State, s.Version.Open, s.Version.Optional, s.Version.Operators = Closed, v.Kind.Legal(), nil, nil
		return s, d.follow(&s.Version, &v, by)
	})
}

// Settle takes out of the record what rests on consents that do not stand any more:
// the listing itself, optional fields, operators. It is called when somebody has
// withdrawn, and is safe at any time; queries do not wait for it. It opens nothing.
func (d *Directory) Settle(ctx context.Context, a rem.AccountID) (Version, error) {
	return d.change(ctx, a, "settling", func(v Version) (*Step, error) {
		next := v.Clone()
		by := By{Actor: rem.Actor{Account: v.Account, Holder: v.Holder, Person: v.Holder}, Role: privacy.AsHolder}
		if next.Open && !v.Kind.Legal() {
			ok, err := d.allowed(ctx, v.Holder, privacy.DirectoryEntry)
			if err != nil {
				return nil, err
			}
			next.Open = ok
		}
		var fault error
		gone := func(p rem.PersonID, purpose privacy.PurposeID) bool {
			ok, err := d.allowed(ctx, p, purpose)
			if err != nil {
				fault = err
			}
			return !ok && err == nil
		}
		next.Optional = slices.DeleteFunc(next.Optional, func(f SealedField) bool {
			row, _ := RowOf(v.Kind, f.Field)
			return gone(v.Holder, row.Consent)
		})
		next.Operators = slices.DeleteFunc(next.Operators, func(o SealedOperator) bool {
			if !gone(o.Person, privacy.DirectoryOperator) {
				return false
			}
			by.Actor.Person, by.Role = o.Person, privacy.AsOperator // his withdrawal
			return true
		})
		if fault != nil {
			return nil, fault
		}
		if next.Open == v.Open && len(next.Optional) == len(v.Optional) && len(next.Operators) == len(v.Operators) {
			return nil, nil
		}
		s := &Step{Version: next}
		if err := d.follow(&s.Version, &v, by); err != nil {
			return nil, err
		}
		if !s.Version.Published() {
			return s, nil
		}
		l, err := d.store.ListingOf(ctx, a)
		if errors.Is(err, ErrNotFound) {
			err = ErrChanged // between our two reads
		}
		if err != nil {
			return nil, err
		}
		if l.Version != v.ID {
			return nil, ErrChanged
		}
		l = l.Clone()
		l.Version = s.Version.ID
		l.Values = slices.DeleteFunc(l.Values, func(x Value) bool {
			row, _ := RowOf(v.Kind, x.Field)
			return row.Consent != "" && !slices.ContainsFunc(next.Optional, func(f SealedField) bool { return f.Field == x.Field })
		})
		l.Operators = slices.DeleteFunc(l.Operators, func(x ListedOperator) bool {
			return !slices.ContainsFunc(next.Operators, func(o SealedOperator) bool { return o.Person == x.Person })
		})
		s.Listing = &l
		return s, nil
	})
}

// settlePage is how many listings SettleAll holds at once.
const settlePage = 256

// SettleAll settles every record with a listing that rests on consent: after a
// start, because a crash may have come between a withdrawal and [Directory.Settle],
// and when a notice changed. It returns how many records changed.
func (d *Directory) SettleAll(ctx context.Context) (changed int, err error) {
	after := rem.AccountID("")
	for {
		page, err := d.store.Listings(ctx, after, settlePage)
		if err != nil {
			return changed, fmt.Errorf("settling the directory: %w", err)
		}
		for i := range page {
			after = page[i].Account
			stands, err := d.stands(ctx, &page[i])
			if err != nil {
				return changed, fmt.Errorf("settling the directory: %w", err)
			}
			if stands {
				continue
			}
			v, err := d.Settle(ctx, page[i].Account)
			if err != nil {
				return changed, err
			}
			if v.ID != page[i].Version {
				changed++
			}
		}
		if len(page) < settlePage {
			return changed, nil
		}
	}
}

// stands reports whether everything of a listing has its consent: then there is
// nothing to settle, and its record need not be read.
func (d *Directory) stands(ctx context.Context, l *Listing) (bool, error) {
	r, ok, err := d.visible(ctx, l)
	return ok && len(r.Values) == len(l.Values) && len(r.Operators) == len(l.Operators), err
}

// Resolve returns the version that the address has at the time, ours alone: what the
// directory said then. Sending needs none: it resolves an address once, to its account,
// which has that address and one holder for ever (AT-15). Resolve says nothing to
// askers: records that are closed to query are resolved too.
func (d *Directory) Resolve(ctx context.Context, a rem.Address, at time.Time) (Version, error) {
	v, err := d.store.At(ctx, a, at)
	if err != nil {
		return Version{}, fmt.Errorf("resolving a recipient: %w", err)
	}
	return v, nil
}

// Own opens the record for the page of whoever may change it.
func (d *Directory) Own(ctx context.Context, by By, a rem.AccountID) (Version, Particulars, error) {
	v, err := d.store.Newest(ctx, a)
	if err == nil {
		err = may(&by, &v)
	}
	var p Particulars
	if err == nil {
		p, err = d.open(ctx, &by, &v)
	}
	if err != nil {
		return Version{}, Particulars{}, fmt.Errorf("reading the record of account %s: %w", a, err)
	}
	return v, p, nil
}

// PublicView is what senders see of an account now, and false when they see nothing.
func (d *Directory) PublicView(ctx context.Context, a rem.AccountID) (Result, bool, error) {
	l, err := d.store.ListingOf(ctx, a)
	if errors.Is(err, ErrNotFound) {
		return Result{}, false, nil
	}
	var r Result
	var ok bool
	if err == nil {
		r, ok, err = d.visible(ctx, &l)
	}
	if err != nil {
		return Result{}, false, fmt.Errorf("reading what is published of account %s: %w", a, err)
	}
	return r, ok, nil
}
