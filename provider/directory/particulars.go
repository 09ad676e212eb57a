package directory

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"rem"
	"rem/person"
	"rem/privacy/canon"
)

// Bounds of a record.
const (
	// MaxOperators bounds the operators that a legal person's entry names.
	MaxOperators = 50
	// MaxCertificate bounds the signature-verification data, in octets: a qualified
	// certificate has some two thousand.
	MaxCertificate = 8 << 10
)

// A Form of service (REQ-31).
type Form string

// The forms.
const (
	ReceiveOnly    Form = "receive-only"
	SendAndReceive Form = "send-and-receive"
)

// Text is what people read.
func (f Form) Text() rem.Text {
	switch f {
	case ReceiveOnly:
		return text("Yalnız alıcı", "Receive only")
	case SendAndReceive:
		return text("Gönderici ve alıcı", "Send and receive")
	}
	return rem.Text{}
}

// A Place is a postal address.
type Place struct {
	Line, District person.Line
	Code           person.PostalCode
	Province       person.Province
}

// IsZero reports whether there is none.
func (p Place) IsZero() bool { return p == Place{} }

// A Certificate is signature-verification data in DER. It does not show itself.
type Certificate struct{ der func() string }

// NewCertificate keeps the octets of a certificate, which its caller has verified.
func NewCertificate(der []byte) Certificate {
	if len(der) == 0 {
		return Certificate{}
	}
	s := string(der)
	return Certificate{func() string { return s }}
}

// IsZero reports whether there is none.
func (c Certificate) IsZero() bool { return c.der == nil }

// Reveal gives the octets.
func (c Certificate) Reveal() []byte {
	if c.der == nil {
		return nil
	}
	return []byte(c.der())
}

// An Operator is one whom the entry of a legal person names, because he consents.
type Operator struct {
	Person        rem.PersonID
	Given, Family person.Name
	Title         person.Title // may be zero
}

// Particulars are the values of a record, as the application and the account have
// them. What is optional is in the record when it is not zero.
type Particulars struct {
	Kind    person.Kind
	Address rem.Address

	// Of a natural person. The service, title, postal address, certificate and phone
	// are optional.
	Given, Family person.Name
	Identity      person.IdentityNumber
	Service       Form
	Title         person.Title
	Certificate   Certificate
	Phone         person.Phone

	// Of a legal person. FullName is what the registry has, Operators are optional.
	FullName       person.Title
	MERSIS         person.MERSIS
	Registry       person.RegistryNumber
	RegistryOffice person.Line
	DETSIS         person.DETSIS
	Activity       person.Line
	Province       person.Province
	Operators      []Operator
	// Tax is a number under which senders look a legal person up. It is no field of
	// the directory: it is in no answer and does not leave.
	Tax person.VKN

	// Postal is mandatory for a legal person and optional for a natural one.
	Postal Place
}

// Check holds the particulars against the table. The problems are by the fields'
// names.
func (p *Particulars) Check() person.Problems {
	var list person.Problems
	fault := func(f Field, c person.Code) { list = append(list, &person.Problem{Field: string(f), Code: c}) }
	if !p.Kind.Valid() {
		return person.Problems{{Field: "kind", Code: person.NotAChoice}}
	}
	oneOf, some := []Field{}, false
	for _, f := range allFields {
		row, ok := RowOf(p.Kind, f)
		given := p.has(f)
		switch {
		case !ok && given:
			fault(f, person.NotAsked)
		case ok && row.Need == Mandatory && !given:
			fault(f, person.Missing)
		case ok && row.Need == OneOf:
			oneOf, some = append(oneOf, f), some || given
		}
	}
	if len(oneOf) > 0 && !some {
		fault(oneOf[0], person.OneOfTwo)
	}
	if !p.Tax.IsZero() && !p.Kind.Legal() {
		fault("tax-number", person.NotAsked)
	}
	if p.Service != "" && p.Service.Text() == (rem.Text{}) {
		fault(Service, person.NotAChoice)
	}
	if len(p.Certificate.Reveal()) > MaxCertificate {
		fault(Signature, person.TooLong)
	}
	if len(p.Operators) > MaxOperators {
		fault(Operators, person.TooLong)
	}
	for i, o := range p.Operators {
		if o.Person == "" || o.Given.IsZero() && o.Family.IsZero() {
			fault(Operators, person.Missing)
			break
		}
		if slices.ContainsFunc(p.Operators[:i], func(q Operator) bool { return q.Person == o.Person }) {
			fault(Operators, person.Repeated)
			break
		}
	}
	return list
}

// allFields in the order of records.
var allFields = []Field{Address, Identity, Name, MERSIS, Registry, DETSIS, Activity, Province, Service, Title, Postal, Signature, Phone, Operators}

func (p *Particulars) has(f Field) bool {
	if f == Operators {
		return len(p.Operators) > 0
	}
	return p.value(f) != ""
}

// value is the text of a field, "" where there is none. Operators have none.
func (p *Particulars) value(f Field) string {
	switch f {
	case Address:
		return p.Address.String()
	case Identity:
		return p.Identity.Reveal()
	case Name:
		if p.Kind.Legal() {
			return p.FullName.Reveal()
		}
		return fullName(p.Given, p.Family)
	case MERSIS:
		return p.MERSIS.Reveal()
	case Registry:
		return strings.TrimSpace(p.Registry.Reveal() + " " + p.RegistryOffice.Reveal())
	case DETSIS:
		return p.DETSIS.Reveal()
	case Activity:
		return p.Activity.Reveal()
	case Province:
		return p.Province.Name()
	case Service:
		return string(p.Service)
	case Title:
		return p.Title.Reveal()
	case Postal:
		return p.Postal.text()
	case Signature:
		return base64.StdEncoding.EncodeToString(p.Certificate.Reveal())
	case Phone:
		return p.Phone.Reveal()
	}
	return ""
}

func fullName(given, family person.Name) string {
	return strings.TrimSpace(given.Reveal() + " " + family.Reveal())
}

// text is the address in one line, as letters have it.
func (p Place) text() string {
	var parts []string
	for _, s := range []string{p.Line.Reveal(), p.District.Reveal(), strings.TrimSpace(p.Code.Reveal() + " " + p.Province.Name())} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ", ")
}

// The card is what is sealed of the mandatory fields, in canonical lines
// (docs/formats/directory.md). A field that is not there is left out.
const (
	cardKind    = "rem-directory-card"
	cardVersion = 1
)

func (p *Particulars) card() ([]byte, error) {
	w := canon.NewWriter(cardKind, cardVersion)
	w.Field("kind", string(p.Kind))
	for _, l := range p.lines() {
		w.Maybe(l.name, l.get())
	}
	return w.Bytes()
}

// A line of the card: its name, what is written, and how it is read.
type line struct {
	name string
	get  func() string
	set  func(string) error
}

// parsed makes a line of a value with its Parse function.
func parsed[T interface{ Reveal() string }](name string, v *T, parse func(string) (T, error)) line {
	return line{name, func() string { return (*v).Reveal() }, func(s string) (err error) { *v, err = parse(s); return err }}
}

// lines are those of the card, in their order.
func (p *Particulars) lines() []line {
	list := []line{{"address", p.Address.String, func(s string) (err error) { p.Address, err = rem.ParseAddress(s); return err }}}
	if !p.Kind.Legal() {
		return append(list,
			line{"identity", func() string { return p.identity(false) }, func(s string) (err error) { p.Identity, err = person.ParseIdentityNumber(s); return err }},
			line{"passport", func() string { return p.identity(true) }, func(s string) error {
				d, err := person.ParseDocumentNumber(s)
				p.Identity = person.PassportIdentity(d)
				return err
			}},
			parsed("given", &p.Given, person.ParseName),
			parsed("family", &p.Family, person.ParseName))
	}
	list = append(list,
		parsed("full-name", &p.FullName, person.ParseTitle),
		parsed("mersis", &p.MERSIS, person.ParseMERSIS),
		parsed("registry", &p.Registry, person.ParseRegistryNumber),
		parsed("registry-office", &p.RegistryOffice, person.ParseLine),
		parsed("detsis", &p.DETSIS, person.ParseDETSIS),
		parsed("tax", &p.Tax, person.ParseVKN),
		parsed("activity", &p.Activity, person.ParseLine),
		line{"province", func() string { return string(p.Province) }, func(s string) (err error) { p.Province, err = person.ParseProvince(s); return err }})
	return append(list, p.Postal.lines()...)
}

// identity gives the number when it is, or is not, that of a passport.
func (p *Particulars) identity(passport bool) string {
	if passport != (p.Identity.Kind() == person.Passport) {
		return ""
	}
	return p.Identity.Reveal()
}

var errCard = fmt.Errorf("not a card of the directory: %w", canon.ErrForm)

func (p *Place) lines() []line {
	return []line{
		parsed("street", &p.Line, person.ParseLine),
		parsed("district", &p.District, person.ParseLine),
		parsed("postal-code", &p.Code, person.ParsePostalCode),
		{"postal-province", func() string { return string(p.Province) }, func(s string) (err error) { p.Province, err = person.ParseProvince(s); return err }},
	}
}

// readLines reads what card wrote. The error quotes nothing.
func readLines(r *canon.Reader, lines []line) error {
	for _, l := range lines {
		if s := r.Maybe(l.name); s != "" {
			if err := l.set(s); err != nil {
				return errCard
			}
		}
	}
	if r.Done() != nil {
		return errCard
	}
	return nil
}

// parseCard reads a card.
func parseCard(b []byte) (Particulars, error) {
	r := canon.NewReader(b, cardKind, cardVersion)
	p := Particulars{Kind: person.Kind(r.Field("kind"))}
	if r.Err() != nil || !p.Kind.Valid() {
		return Particulars{}, errCard
	}
	if err := readLines(r, p.lines()); err != nil {
		return Particulars{}, err
	}
	return p, nil
}

// An optional field is sealed by itself, so that it goes with its consent. Its text
// is the value, but for the address, which is a card of its own.
func (p *Particulars) optional(f Field) ([]byte, error) {
	if f == Postal {
		return p.Postal.card()
	}
	return []byte(p.value(f)), nil
}

func (p *Place) card() ([]byte, error) {
	w := canon.NewWriter("rem-directory-place", cardVersion)
	for _, l := range p.lines() {
		w.Maybe(l.name, l.get())
	}
	return w.Bytes()
}

func (p *Particulars) setOptional(f Field, b []byte) (err error) {
	switch f {
	case Service:
		p.Service = Form(b)
	case Title:
		p.Title, err = person.ParseTitle(string(b))
	case Phone:
		p.Phone, err = person.ParsePhone(string(b))
	case Signature:
		var der []byte
		der, err = base64.StdEncoding.DecodeString(string(b))
		p.Certificate = NewCertificate(der)
	case Postal:
		err = readLines(canon.NewReader(b, "rem-directory-place", cardVersion), p.Postal.lines())
	default:
		err = errCard
	}
	if err != nil {
		return errCard
	}
	return nil
}

func (o *Operator) lines() []line {
	return []line{parsed("given", &o.Given, person.ParseName), parsed("family", &o.Family, person.ParseName), parsed("title", &o.Title, person.ParseTitle)}
}

func (o *Operator) card() ([]byte, error) {
	w := canon.NewWriter("rem-directory-operator", cardVersion)
	for _, l := range o.lines() {
		w.Maybe(l.name, l.get())
	}
	return w.Bytes()
}

func parseOperator(p rem.PersonID, b []byte) (Operator, error) {
	o := Operator{Person: p}
	if err := readLines(canon.NewReader(b, "rem-directory-operator", cardVersion), o.lines()); err != nil {
		return Operator{}, err
	}
	return o, nil
}
