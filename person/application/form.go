package application

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"rem"
	"rem/person"
	"rem/person/identity"
	"rem/privacy"
)

// A Form is a form that was filled in and found good: every mandatory field is
// there, each in its one spelling. [Check.Read] and [ParseForm] are its only makers.
// It does not show itself.
type Form struct {
	kind        person.Kind
	represented bool
	company     person.Title
	aim         Aim
	on          rem.AccountID // of ToOperate
	// get gives the answer of a field. It is a function because fmt prints what
	// lies in maps, and of a function its address alone.
	get func(name string) string
}

// Bounds on what is typed.
const (
	maxTyped  = 2000 // octets of one field
	maxInputs = 64   // fields that a request may bring
)

// An Input is what somebody typed, by the names of the fields.
type Input map[string]string

// A Check is what forms are checked by.
type Check struct {
	Forms person.Forms
	Now   time.Time
	// Company is set for a row of a corporate application: the legal person that
	// applies for this natural person.
	Company person.Title
	// Aim is what the application is for, On the account of who is to be its operator.
	Aim Aim
	On  rem.AccountID
}

// Read checks what was typed for a kind of applicant. The problems are in the
// order of the form, those of fields that are not asked first, one for each field
// at most; the form is nil if there is any.
func (c Check) Read(k person.Kind, represented bool, in Input) (*Form, person.Problems) {
	var problems person.Problems
	fault := func(name string, code person.Code) {
		if problems.Of(name) == nil {
			problems = append(problems, &person.Problem{Field: name, Code: code})
		}
	}
	if !k.Valid() || represented && (k != person.Natural || c.Aim != ToOpen) || c.Aim != ToOpen && k != person.Natural || !c.Aim.Valid() {
		fault("kind", person.NotAChoice)
		return nil, problems
	}
	asked := c.Aim.Fields(k, represented)
	values := make(map[string]string, len(asked))
	grouped := map[string]bool{}
	for _, f := range asked {
		typed := in[f.Name]
		if len(typed) > maxTyped {
			fault(f.Name, person.TooLong)
			continue
		}
		value, err := c.field(&f, typed)
		switch code := person.CodeOf(err); {
		case code == person.Missing && f.Need == Mandatory:
			fault(f.Name, code)
		case code == person.Missing:
		case err != nil:
			fault(f.Name, code)
			grouped[f.Group] = true // what is wrong there is already said
		default:
			values[f.Name] = value
			grouped[f.Group] = true
		}
	}
	for _, f := range asked {
		if f.Need == OneOf && !grouped[f.Group] {
			code := person.Missing
			if f.Group == "registry" {
				code = person.OneOfTwo
			}
			fault(f.Name, code)
			grouped[f.Group] = true
		}
	}
	form := &Form{k, represented, c.Company, c.Aim, c.On, func(name string) string { return values[name] }}
	form.together(c, values, in, fault)
	names := make([]string, 0, len(in))
	for name := range in {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names[:min(len(names), maxInputs)] {
		if in[name] != "" && !slices.ContainsFunc(asked, func(f Field) bool { return f.Name == name }) {
			fault(name, person.NotAsked)
		}
	}
	if len(names) > maxInputs {
		fault("form", person.TooLong)
	}
	if len(problems) > 0 {
		place := func(p *person.Problem) int {
			return slices.IndexFunc(asked, func(f Field) bool { return f.Name == p.Field })
		}
		slices.SortStableFunc(problems, func(a, b *person.Problem) int { return place(a) - place(b) })
		return nil, problems
	}
	return form, nil
}

// field reads one field by itself.
func (c Check) field(f *Field, typed string) (string, error) {
	switch {
	case len(f.Choices) > 0:
		if typed == "" {
			return "", &person.Problem{Code: person.Missing}
		}
		if !slices.ContainsFunc(f.Choices, func(c Choice) bool { return c.Value == typed }) {
			return "", &person.Problem{Code: person.NotAChoice}
		}
		return typed, nil
	case f.read == nil: // the address: read when it is known whose it is
		if typed == "" {
			return "", &person.Problem{Code: person.Missing}
		}
		return typed, nil
	}
	return f.read(typed, c.Now)
}

// together checks what fields say about one another.
func (f *Form) together(c Check, values map[string]string, in Input, fault func(string, person.Code)) {
	if wish, ok := values["kep-address"]; ok {
		if n, ok := f.naming(); ok {
			a, err := c.Forms.Check(wish, n)
			if err != nil {
				fault("kep-address", person.CodeOf(err))
			}
			values["kep-address"] = a.String()
		}
	}
	if values["identity-number"] != "" && values["passport-number"] != "" {
		fault("passport-number", person.NotAsked)
	}
	if values["registry-number"] != "" && values["registry-office"] == "" {
		fault("registry-office", person.Missing)
	}
	born, err := person.ParseDate(values["birth-date"])
	if err == nil && !f.represented && !born.Adult(c.Now) {
		fault("birth-date", person.NotOfAge)
	}
	if n := values["representative-identity-number"]; n != "" && n == values["identity-number"] {
		fault("representative-identity-number", person.SamePerson)
	}
}

// Kind says what kind of applicant it is of.
func (f *Form) Kind() person.Kind { return f.kind }

// Represented reports whether a representative at law applies for a natural person.
func (f *Form) Represented() bool { return f.represented }

// Value gives the answer of a field, "" for none. It reveals it.
func (f *Form) Value(name string) string { return f.get(name) }

// Format keeps the answers out of every print.
func (f *Form) Format(s fmt.State, _ rune) { io.WriteString(s, privacy.Hidden) }

// LogValue keeps them out of logs.
func (f *Form) LogValue() slog.Value { return slog.StringValue(privacy.Hidden) }

// MarshalText refuses, and so do encoding/json and encoding/xml.
func (f *Form) MarshalText() ([]byte, error) { return nil, privacy.ErrHidden }

// Address is the wished address, as it was checked.
func (f *Form) Address() rem.Address {
	a, err := rem.ParseAddress(f.get("kep-address"))
	if err != nil {
		return rem.Address{} // of a form that is still being checked
	}
	return a
}

// Naming is what the address is made of.
func (f *Form) Naming() person.Naming {
	n, _ := f.naming()
	return n
}

// naming reads the answers again; each was read before, so an error is one that
// is not there.
func (f *Form) naming() (n person.Naming, whole bool) {
	n = person.Naming{Kind: f.kind, Company: f.company}
	if f.kind == person.Natural {
		n.Given, _ = person.ParseName(f.get("given-names"))
		n.Family, _ = person.ParseName(f.get("family-name"))
		return n, !n.Given.IsZero() && !n.Family.IsZero()
	}
	n.Title, _ = person.ParseTitle(f.get("title"))
	n.Short, _ = person.ParseTitle(f.get("short-name"))
	n.MERSIS, _ = person.ParseMERSIS(f.get("mersis"))
	return n, !n.Title.IsZero()
}

// A Shower is who has to show himself: the applicant, or who applies for him.
type Shower struct {
	Identity      person.IdentityNumber
	Given, Family person.Name
	Born          person.Date
}

// Shower says who has to show himself.
func (f *Form) Shower() Shower { return ShowerOf(f.kind, f.represented, f.get) }

// ShowerOf reads it from the answers that [ShowerFields] names, as a form that was
// handed in has them.
func ShowerOf(k person.Kind, represented bool, get func(name string) string) Shower {
	prefix := ""
	if k.Legal() || represented {
		prefix = "representative-"
	}
	var s Shower
	s.Identity, _ = person.ParseIdentityNumber(get(prefix + "identity-number"))
	if n, err := person.ParseDocumentNumber(get(prefix + "passport-number")); err == nil {
		s.Identity = person.PassportIdentity(n)
	}
	s.Given, _ = person.ParseName(get(prefix + "given-names"))
	s.Family, _ = person.ParseName(get(prefix + "family-name"))
	s.Born, _ = person.ParseDate(get(prefix + "birth-date"))
	return s
}

// ShowerFields name the answers of who has to show himself.
func ShowerFields(k person.Kind, represented bool) []string {
	names := []string{"identity-number", "passport-number", "given-names", "family-name", "birth-date"}
	if k.Legal() || represented {
		for i := range names {
			names[i] = "representative-" + names[i]
		}
	}
	return names
}

// Case is what decides which methods of identification are possible.
func (f *Form) Case() identity.Case {
	c := identity.Case{Kind: f.kind, Identity: f.Shower().Identity.Kind(), Represented: f.represented}
	for _, name := range []string{"seat-province", "province"} {
		if p := person.Province(f.get(name)); p != "" {
			c.Province = p
		}
	}
	if f.get("address") == "" && f.get("seat-address") == "" {
		c.Province = "" // a province is nowhere to call
	}
	return c
}

// Business is what the form says of a private legal person, and who represents
// it, for comparing with the registry.
func (f *Form) Business() (identity.Business, identity.Representative) {
	return BusinessOf(f.kind, f.get)
}

// BusinessOf reads it from the answers that [BusinessFields] and [ShowerFields] name.
func BusinessOf(k person.Kind, get func(name string) string) (identity.Business, identity.Representative) {
	var b identity.Business
	b.Number, _ = person.ParseMERSIS(get("mersis"))
	b.Title, _ = person.ParseTitle(get("title"))
	b.Office, _ = person.ParseLine(get("registry-office"))
	b.Registry, _ = person.ParseRegistryNumber(get("registry-number"))
	s := ShowerOf(k, false, get)
	return b, identity.Representative{Identity: s.Identity, Given: s.Given, Family: s.Family}
}

// BusinessFields name the answers about a private legal person that are compared
// with the registry; of anybody else there are none.
func BusinessFields(k person.Kind) []string {
	if k != person.Private {
		return nil
	}
	return []string{"mersis", "title", "registry-office", "registry-number"}
}

// A Sealer seals a value for a person and a field; [privacy.Vault] is one.
type Sealer interface {
	Seal(ctx context.Context, person rem.PersonID, field privacy.FieldID, v privacy.Value) (privacy.SealedValue, error)
}

// Seal seals every answer for the applicant, as declared at the time.
func (f *Form) Seal(ctx context.Context, s Sealer, applicant rem.PersonID, at time.Time) (Answers, error) {
	var a Answers
	for _, field := range Fields(f.kind, f.represented) {
		value := f.get(field.Name)
		if value == "" {
			continue
		}
		sealed, err := s.Seal(ctx, applicant, field.key, privacy.NewValue(value, privacy.ByDeclaration(at)))
		if err != nil {
			return Answers{}, fmt.Errorf("sealing the field %s: %w", field.Name, err)
		}
		*field.at(&a) = sealed
	}
	return a, nil
}

// SealVerified seals again what an identification has shown to be so, as verified
// by its record; everything else stays as declared (REQ-24, S21, P-02). Of a
// legal person the number and the title are verified where the registry answered.
func (f *Form) SealVerified(ctx context.Context, s Sealer, applicant rem.PersonID, a Answers, done identity.Completed) (Answers, error) {
	record := done.Record()
	if done.IsZero() || record.Kind != f.kind || record.Represented != f.represented {
		return Answers{}, errors.New("sealing what was verified: the record is not of this form")
	}
	from, err := privacy.ByVerification(string(record.Method), string(record.ID), record.At)
	if err != nil {
		return Answers{}, fmt.Errorf("sealing what was verified: %w", err)
	}
	prefix := ""
	if f.kind.Legal() || f.represented {
		prefix = "representative-"
	}
	var shown []string
	for _, c := range record.Compared {
		if c.Same {
			shown = append(shown, prefix+string(c.Part))
		}
	}
	if slices.Contains(shown, "identity-number") {
		shown = append(shown, "passport-number") // it stands in its place
	}
	if r := record.Registry; r != nil && !r.Certificate && len(r.Differs) == 0 {
		shown = append(shown, "mersis", "title")
	}
	for _, field := range Fields(f.kind, f.represented) {
		value := f.get(field.Name)
		if value == "" || !slices.Contains(shown, field.Name) {
			continue
		}
		if *field.at(&a), err = s.Seal(ctx, applicant, field.key, privacy.NewValue(value, from)); err != nil {
			return Answers{}, fmt.Errorf("sealing the field %s: %w", field.Name, err)
		}
	}
	return a, nil
}

// Items lists the sealed answers of a kind of form, for opening them in one step.
func (a *Answers) Items(k person.Kind, represented bool, applicant rem.PersonID) (names []string, items []privacy.Item) {
	for _, field := range Fields(k, represented) {
		if s := *field.at(a); !s.IsZero() {
			names = append(names, field.Name)
			items = append(items, privacy.Item{Person: applicant, Field: field.key, Sealed: s})
		}
	}
	return names, items
}
