package personstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"rem"
	"rem/person"
	"rem/person/application"
	"rem/person/identity"
	"rem/privacy"
)

// Versions of what is written; docs/formats/application-step.md. A view of
// another version is made again from the steps.
const (
	stepVersion = 2
	viewVersion = 2
)

// maxList bounds every list, and maxBody what is read at all: far more than an
// application may have, and little enough for a reader.
const (
	maxList = 10_000
	maxBody = 16 << 20
)

// errForm is wrapped when bytes are no step or no view of ours: of a later
// version, or damaged.
var errForm = errors.New("not the record of an application")

// A form goes over the fields of a record, in the order of the page: it writes
// them, or it reads them. One function for both ways cannot differ from itself.
// What is written is not touched, for others may be writing it too. After the
// first fault everything read is zero.
type form struct {
	writing bool
	b       []byte // written so far, or not read yet
	bad     bool
}

func (f *form) fail() { f.bad, f.b = true, nil }

// num has one spelling, the shortest.
func (f *form) num(v *uint64) {
	if f.writing {
		f.b = binary.AppendUvarint(f.b, *v)
		return
	}
	n, size := binary.Uvarint(f.b)
	if size <= 0 || size > 1 && f.b[size-1] == 0 {
		f.fail()
		*v = 0
		return
	}
	f.b, *v = f.b[size:], n
}

func (f *form) long(v *int64) {
	n := uint64(*v)<<1 ^ uint64(*v>>63)
	if f.num(&n); !f.writing {
		*v = int64(n>>1) ^ -int64(n&1)
	}
}

func (f *form) int(v *int) {
	n := int64(*v)
	if f.long(&n); !f.writing {
		*v = int(n)
	}
}

func (f *form) octets(v *[]byte) {
	n := uint64(len(*v))
	f.num(&n)
	switch {
	case f.writing:
		f.b = append(f.b, *v...)
	case n > uint64(len(f.b)):
		f.fail()
		*v = nil
	default:
		*v, f.b = f.b[:n:n], f.b[n:]
	}
}

func (f *form) bool(v *bool) {
	var n uint64
	if *v {
		n = 1
	}
	if f.num(&n); f.writing {
		return
	}
	if n > 1 {
		f.fail()
	}
	*v = n == 1
}

// small is a number of one octet.
func small[T ~uint8](f *form, v *T) {
	n := uint64(*v)
	if f.num(&n); f.writing {
		return
	}
	if n > math.MaxUint8 {
		f.fail()
	}
	*v = T(n)
}

func text[T ~string](f *form, v *T) {
	b := []byte(*v)
	if f.octets(&b); !f.writing {
		*v = T(b)
	}
}

// The years that a time may have.
var (
	firstSecond = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	lastSecond  = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).Unix()
)

// time is 0 for none; else nanoseconds of the second plus one, and seconds.
func (f *form) time(v *time.Time) {
	var nanos uint64
	if !v.IsZero() {
		nanos = uint64(v.Nanosecond()) + 1
	}
	seconds := v.Unix()
	if f.num(&nanos); nanos == 0 {
		if !f.writing {
			*v = time.Time{}
		}
		return
	}
	if f.long(&seconds); f.writing {
		return
	}
	*v = time.Unix(seconds, int64(nanos)-1).UTC()
	if nanos > uint64(time.Second) || seconds < firstSecond || seconds > lastSecond || v.IsZero() || f.bad {
		f.fail()
		*v = time.Time{}
	}
}

// digest is empty, or its octets.
func (f *form) digest(v *rem.Digest) {
	var b []byte
	if !v.IsZero() {
		b = v[:]
	}
	if f.octets(&b); f.writing {
		return
	}
	switch *v = (rem.Digest{}); {
	case len(b) == len(v):
		if copy(v[:], b); v.IsZero() {
			f.fail()
		}
	case len(b) != 0:
		f.fail()
	}
}

func (f *form) address(v *rem.Address) {
	s := v.String()
	if text(f, &s); f.writing {
		return
	}
	if *v = (rem.Address{}); s == "" {
		return
	}
	a, err := rem.ParseAddress(s)
	if err != nil || a.String() != s {
		f.fail()
		return
	}
	*v = a
}

func (f *form) sealed(v *privacy.SealedValue) {
	b := v.Bytes()
	if f.octets(&b); f.writing {
		return
	}
	s, err := privacy.ParseSealed(b)
	if err != nil {
		f.fail()
	}
	*v = s
}

// list is a number of items, and them.
func list[T any](f *form, v *[]T, item func(*T)) {
	n := uint64(len(*v))
	if f.num(&n); n > maxList || !f.writing && n > uint64(len(f.b)) {
		f.fail()
		n = 0
	}
	switch {
	case f.bad || n == 0:
		if !f.writing {
			*v = nil
		}
		return
	case !f.writing:
		*v = make([]T, n)
	}
	for i := range *v {
		item(&(*v)[i])
	}
}

func texts[T ~string](f *form, v *[]T) { list(f, v, func(t *T) { text(f, t) }) }

// maybe is whether there is one, and it.
func maybe[T any](f *form, v **T, item func(*T)) {
	there := *v != nil
	switch f.bool(&there); {
	case !there && !f.writing:
		*v = nil
	case there && !f.writing:
		*v = new(T)
		fallthrough
	case there:
		item(*v)
	}
}

// version begins a record.
func (f *form) version(v uint64) {
	have := v
	if f.num(&have); have != v {
		f.fail()
	}
}

// written gives what was written. What nobody could read is not written.
func (f *form) written(what string) ([]byte, error) {
	if f.bad || len(f.b) > maxBody {
		return nil, fmt.Errorf("writing %s: it is larger than any may be", what)
	}
	return f.b, nil
}

// read says whether everything was read.
func (f *form) read(what string) error {
	if f.bad || len(f.b) > 0 {
		return fmt.Errorf("reading %s: %w", what, errForm)
	}
	return nil
}

func writeStep(d application.StepData) ([]byte, error) {
	f := &form{writing: true}
	f.step(&d)
	return f.written("a step")
}

func readStep(b []byte) (d application.StepData, err error) {
	f := &form{b: b[:min(len(b), maxBody)]}
	f.step(&d)
	if err := f.read("a step"); err != nil {
		return application.StepData{}, err
	}
	return d, nil
}

func writeView(v application.View) ([]byte, error) {
	f := &form{writing: true}
	f.view(&v)
	return f.written("a view")
}

func readView(b []byte) (v application.View, err error) {
	f := &form{b: b[:min(len(b), maxBody)]}
	f.view(&v)
	if err := f.read("a view"); err != nil {
		return application.View{}, err
	}
	return v, nil
}

func (f *form) step(d *application.StepData) {
	have := uint64(stepVersion)
	if f.num(&have); have != 1 && have != stepVersion {
		f.fail()
	}
	text(f, &d.Application)
	f.int(&d.Number)
	f.time(&d.At)
	f.actor(&d.By.Actor)
	small(f, &d.By.Role)
	text(f, &d.On)
	text(f, &d.From)
	text(f, &d.To)
	text(f, &d.Owes)
	small(f, &d.Tells)
	f.time(&d.Due)
	text(f, &d.Resolves)
	text(f, &d.Kind)
	maybe(f, &d.Notice, f.notice)
	f.sealed(&d.Typed)
	maybe(f, &d.Submitted, f.submission)
	list(f, &d.Papers, f.paper)
	text(f, &d.Method)
	maybe(f, &d.Identity, f.record)
	maybe(f, &d.Decision, f.decision)
	text(f, &d.Reason)
	maybe(f, &d.Reserve, func(r *person.Reservation) {
		f.address(&r.Address)
		text(f, &r.Application)
		text(f, &r.Holder)
		f.time(&r.Until)
	})
	f.bool(&d.Release)
	text(f, &d.Account)
	texts(f, &d.Channels)
	if have >= 2 {
		text(f, &d.Aim)
		text(f, &d.For)
		list(f, &d.Known, f.agreement)
	}
}

func (f *form) view(v *application.View) {
	f.version(viewVersion)
	text(f, &v.ID)
	text(f, &v.Kind)
	text(f, &v.Applicant)
	text(f, &v.State)
	f.time(&v.Since)
	f.time(&v.Due)
	f.int(&v.Steps)
	f.notice(&v.Notice)
	f.sealed(&v.Typed)
	maybe(f, &v.Submitted, f.submission)
	list(f, &v.Papers, f.paper)
	text(f, &v.Method)
	list(f, &v.Records, f.record)
	text(f, &v.Reviewer)
	texts(f, &v.Hands)
	maybe(f, &v.Decision, f.decision)
	text(f, &v.Returned)
	text(f, &v.Account)
	texts(f, &v.Channels)
	text(f, &v.Aim)
	text(f, &v.For)
}

func (f *form) actor(a *rem.Actor) {
	text(f, &a.Account)
	text(f, &a.Holder)
	text(f, &a.Person)
	text(f, &a.Method)
}

func (f *form) notice(n *application.Notice) {
	f.digest(&n.Digest)
	text(f, &n.Delivery)
	f.time(&n.At)
}

func (f *form) submission(s *application.Submission) {
	f.answers(&s.Answers)
	f.digest(&s.Form)
	text(f, &s.Header.Application)
	text(f, &s.Header.Provider)
	f.time(&s.Header.Made)
	f.digest(&s.Header.Notice)
	list(f, &s.Header.Agreements, f.agreement)
	f.bool(&s.Represented)
	f.sealed(&s.Company)
	text(f, &s.Case.Kind)
	small(f, &s.Case.Identity)
	f.bool(&s.Case.Represented)
	text(f, &s.Case.Province)
	text(f, &s.Holder)
	text(f, &s.Shower)
	f.address(&s.Address)
	text(f, &s.Service)
	f.time(&s.At)
}

func (f *form) agreement(a *application.Agreement) {
	text(f, &a.Kind)
	f.int(&a.Version)
	f.digest(&a.Digest)
}

func (f *form) answers(a *application.Answers) {
	for _, v := range []*privacy.SealedValue{
		&a.IdentityNumber, &a.PassportNumber, &a.GivenNames, &a.FamilyName, &a.BirthDate, &a.Profession,
		&a.RepresentativeIdentity, &a.RepresentativeGiven, &a.RepresentativeFamily, &a.RepresentativeBirth, &a.RepresentativeCapacity,
		&a.MERSIS, &a.RegistryNumber, &a.RegistryOffice, &a.TaxNumber, &a.DETSIS, &a.Title, &a.ShortName, &a.Activity,
		&a.AddressLine, &a.District, &a.Province, &a.PostalCode,
		&a.Mobile, &a.MailAddress, &a.Address, &a.Service,
	} {
		f.sealed(v)
	}
}

func (f *form) paper(p *application.Paper) {
	text(f, &p.Kind)
	f.digest(&p.Digest)
	f.long(&p.Size)
	text(f, &p.Media)
	f.time(&p.At)
	small(f, &p.Scan) // a flag in version 1
}

func (f *form) decision(d *application.Decision) {
	text(f, &d.By)
	f.time(&d.At)
	text(f, &d.Reason)
	text(f, &d.Text.Turkish)
	text(f, &d.Text.English)
	text(f, &d.Identity)
}

func (f *form) record(r *identity.Record) {
	text(f, &r.ID)
	text(f, &r.Application)
	f.digest(&r.Form)
	text(f, &r.Kind)
	text(f, &r.Subject)
	f.bool(&r.Represented)
	text(f, &r.Method)
	f.time(&r.At)
	text(f, &r.By.Role)
	text(f, &r.By.Person)
	text(f, &r.By.Adapter)
	f.bool(&r.By.Simulated)
	maybe(f, &r.Document, func(d *identity.Document) {
		text(f, &d.Kind)
		text(f, &d.Number)
		text(f, &d.Issuer)
		f.time(&d.Until)
		f.bool(&d.Genuine)
	})
	list(f, &r.Checklist, func(c *identity.Checked) {
		text(f, &c.Item)
		f.bool(&c.Passed)
	})
	list(f, &r.Compared, func(c *identity.Comparison) {
		text(f, &c.Part)
		f.bool(&c.Same)
	})
	maybe(f, &r.Signed, func(s *identity.SignatureFinding) {
		text(f, &s.Verdict)
		f.digest(&s.Certificate)
		list(f, &s.Chain, f.digest)
		f.time(&s.Claimed)
		f.time(&s.Proof)
		f.bool(&s.Proven)
	})
	maybe(f, &r.Order, func(o *identity.WorkOrder) {
		text(f, &o.ID)
		text(f, &o.Institution)
		f.time(&o.Issued)
		f.time(&o.Expires)
		f.digest(&o.Address)
		f.digest(&o.Visited)
		f.bool(&o.HandedOver)
	})
	maybe(f, &r.Registry, func(g *identity.RegistryFinding) {
		f.time(&g.Asked)
		f.digest(&g.Answer)
		f.bool(&g.Certificate)
		texts(f, &g.Differs)
	})
	list(f, &r.Evidence, func(e *identity.Evidence) {
		text(f, &e.Kind)
		f.digest(&e.Digest)
		f.long(&e.Size)
		f.time(&e.At)
	})
	maybe(f, &r.Cleared, func(c *identity.Clearance) {
		text(f, &c.By)
		f.time(&c.At)
		texts(f, &c.Doubts)
		text(f, &c.Reason)
	})
}
