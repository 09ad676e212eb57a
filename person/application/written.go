package application

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"rem"
	"rem/person"
)

// A Header is what the written form says beside the answers.
type Header struct {
	Application person.ApplicationID
	Provider    string // our domain
	Made        time.Time
	// Notice is the digest of the privacy notice that the applicant was shown.
	Notice     rem.Digest
	Agreements []Agreement
}

// An AgreementKind is a text that the applicant accepts.
type AgreementKind string

// The texts (REQ-23).
const (
	Contract    AgreementKind = "contract"
	Undertaking AgreementKind = "undertaking"
	Practice    AgreementKind = "practice-statement"
	// LegalResults are read and not agreed to, when an account is opened (REQ-98).
	LegalResults AgreementKind = "legal-results"
)

// Agreements lists the texts that every application accepts.
func Agreements() []AgreementKind { return []AgreementKind{Contract, Undertaking, Practice} }

// An Agreement is a version of a text that was accepted, by its digest.
type Agreement struct {
	Kind    AgreementKind
	Version int
	Digest  rem.Digest
}

// These begin a written form; docs/formats/application-form.md. Version 2 says what
// it is for, where that is no account.
const (
	formVersion = "KEP-APPLICATION-FORM 1"
	aimVersion  = "KEP-APPLICATION-FORM 2"
)

// MaxForm bounds a written form, in octets.
const MaxForm = 64 << 10

// ErrForm is wrapped when bytes are no written form.
var ErrForm = errors.New("not a written application form")

// Write gives the canonical bytes of the form: what the applicant signs, and
// whose digest a record of identification names.
func (f *Form) Write(h Header) []byte {
	var b strings.Builder
	line := func(name, value string) {
		b.WriteString(name)
		b.WriteString(": ")
		b.WriteString(value)
		b.WriteByte('\n')
	}
	if f.aim == ToOpen {
		b.WriteString(formVersion + "\n")
	} else {
		b.WriteString(aimVersion + "\n")
		line("aim", string(f.aim))
		if f.on != "" {
			line("account", string(f.on))
		}
	}
	line("application", string(h.Application))
	line("provider", h.Provider)
	line("made", h.Made.UTC().Format(time.RFC3339))
	line("kind", string(f.kind))
	if f.represented {
		line("represented", "yes")
	}
	if !f.company.IsZero() {
		line("company", f.company.Reveal())
	}
	line("notice", h.Notice.String())
	for _, a := range h.Agreements {
		line("agreement", fmt.Sprintf("%s %d %s", a.Kind, a.Version, a.Digest))
	}
	b.WriteByte('\n')
	for _, field := range Fields(f.kind, f.represented) {
		if v := f.get(field.Name); v != "" {
			line(field.Name, v)
		}
	}
	return []byte(b.String())
}

// ParseForm reads a written form. It is strict: what it takes is exactly what
// Write gives for what was read, with every answer checked as on the day on
// which the form was made.
func ParseForm(b []byte, forms person.Forms) (*Form, Header, error) {
	f, h, err := parseForm(b, forms)
	if err != nil {
		return nil, Header{}, fmt.Errorf("%w: %w", ErrForm, err)
	}
	if string(f.Write(h)) != string(b) {
		return nil, Header{}, fmt.Errorf("%w: it is not in its canonical form", ErrForm)
	}
	return f, h, nil
}

func parseForm(b []byte, forms person.Forms) (*Form, Header, error) {
	var h Header
	if len(b) > MaxForm {
		return nil, h, fmt.Errorf("longer than %d octets", MaxForm)
	}
	head, body, ok := strings.Cut(string(b), "\n\n")
	if !ok {
		return nil, h, errors.New("no line between head and answers")
	}
	lines := strings.Split(head, "\n")
	if lines[0] != formVersion && lines[0] != aimVersion {
		return nil, h, errors.New("of another version")
	}
	var aim Aim
	var on rem.AccountID
	var kind person.Kind
	var company person.Title
	represented := false
	for _, l := range lines[1:] {
		name, value, ok := strings.Cut(l, ": ")
		if !ok {
			return nil, h, errors.New("a line of the head has no name")
		}
		var err error
		switch name {
		case "aim":
			aim = Aim(value)
		case "account":
			on = rem.AccountID(value)
		case "application":
			h.Application = person.ApplicationID(value)
		case "provider":
			h.Provider = value
		case "made":
			h.Made, err = time.Parse(time.RFC3339, value)
		case "kind":
			kind = person.Kind(value)
		case "represented":
			represented = value == "yes"
		case "company":
			company, err = person.ParseTitle(value)
		case "notice":
			h.Notice, err = readDigest(value)
		case "agreement":
			var a Agreement
			a, err = readAgreement(value)
			h.Agreements = append(h.Agreements, a)
		default:
			err = errors.New("a line of the head has an unknown name")
		}
		if err != nil {
			return nil, h, err
		}
	}
	in := Input{}
	for l := range strings.SplitSeq(strings.TrimSuffix(body, "\n"), "\n") {
		name, value, ok := strings.Cut(l, ": ")
		if _, twice := in[name]; !ok || twice {
			return nil, h, errors.New("an answer has no name, or one that was there before")
		}
		in[name] = value
	}
	f, problems := Check{Forms: forms, Now: h.Made, Company: company, Aim: aim, On: on}.Read(kind, represented, in)
	if problems != nil {
		return nil, h, problems
	}
	return f, h, nil
}

func readAgreement(s string) (a Agreement, err error) {
	parts := strings.Split(s, " ")
	if len(parts) != 3 {
		return a, errors.New("an agreement has three parts")
	}
	a.Kind = AgreementKind(parts[0])
	if a.Version, err = strconv.Atoi(parts[1]); err != nil || a.Version < 1 {
		return a, errors.New("an agreement has no version")
	}
	a.Digest, err = readDigest(parts[2])
	return a, err
}

func readDigest(s string) (d rem.Digest, err error) {
	if len(s) != 2*len(d) {
		return d, errors.New("a digest has 64 digits")
	}
	for i := range d {
		n, err := strconv.ParseUint(s[2*i:2*i+2], 16, 8)
		if err != nil {
			return d, errors.New("a digest is written in hexadecimal digits")
		}
		d[i] = byte(n)
	}
	return d, nil
}
