package publication

import (
	"fmt"
	"slices"
	"time"

	"rem"
	"rem/privacy/canon"
)

// A Kind is what sort of document it is. It is written, so the list is only
// added to; the first three are spelt as the agreements of an application.
type Kind string

// The kinds.
const (
	Contract          Kind = "contract"
	Undertaking       Kind = "undertaking"
	PracticeStatement Kind = "practice-statement"
	Tariff            Kind = "tariff"
)

// Kinds lists all of them.
func Kinds() []Kind { return []Kind{PracticeStatement, Contract, Undertaking, Tariff} }

var kindNames = map[Kind]rem.Text{
	Contract:          {Turkish: "Hizmet sözleşmesi", English: "Service contract"},
	Undertaking:       {Turkish: "Taahhütname", English: "Undertaking"},
	PracticeStatement: {Turkish: "KEP uygulama esasları (KEPUE)", English: "Practice statement"},
	Tariff:            {Turkish: "Tarife", English: "Tariff"},
}

// Name is what pages call the kind.
func (k Kind) Name() rem.Text { return kindNames[k] }

// Valid reports whether it is of the list.
func (k Kind) Valid() bool { _, ok := kindNames[k]; return ok }

// The limits of a document; canon.MaxBytes bounds the whole.
const (
	maxSections   = 128
	maxParagraphs = 128 // of a section
)

const (
	documentKind = "rem-document"
	formVersion  = 1
)

// A Document is what one version says. It is read from its canonical bytes, and
// written as the same bytes again.
type Document struct {
	Kind    Kind
	Version uint64 // its place among those of its kind, from 1
	// Sample marks a document that was not yet made a provider's own.
	Sample bool
	// Effective is from when it holds; the zero Time: from its publication.
	Effective time.Time
	Title     rem.Text
	Sections  []Section
}

// A Section is one part of a document.
type Section struct {
	ID    string // an identifier, once in a document, by which others point at it
	Title rem.Text
	Text  []rem.Text // paragraphs
}

// Parse reads a document from its canonical form. The error wraps canon.ErrForm.
func Parse(source []byte) (*Document, error) {
	r := canon.NewReader(source, documentKind, formVersion)
	d := &Document{Kind: Kind(r.Word("document")), Version: r.Number("version")}
	if r.Err() == nil && !d.Kind.Valid() {
		r.Fail("%q is no kind of document", d.Kind)
	}
	if r.Err() == nil && d.Version == 0 {
		r.Fail("versions count from 1")
	}
	if sample := r.Maybe("sample"); sample != "" {
		if sample != "yes" {
			r.Fail("a document that is no sample does not say so")
		}
		d.Sample = true
	}
	if r.Next() == "effective" {
		d.Effective = r.Time("effective")
	}
	d.Title = bilingual(r, "title-tr", "title-en")
	for r.More() {
		r.Blank()
		s := Section{ID: r.Word("section"), Title: bilingual(r, "title-tr", "title-en")}
		for r.Next() == "tr" {
			s.Text = append(s.Text, bilingual(r, "tr", "en"))
			if len(s.Text) > maxParagraphs {
				r.Fail("more than %d paragraphs", maxParagraphs)
			}
		}
		if slices.ContainsFunc(d.Sections, func(o Section) bool { return o.ID == s.ID }) {
			r.Fail("the section %s stands twice", s.ID)
		}
		if d.Sections = append(d.Sections, s); len(d.Sections) > maxSections {
			r.Fail("more than %d sections", maxSections)
		}
	}
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("reading a document: %w", err)
	}
	return d, nil
}

func bilingual(r *canon.Reader, tr, en string) rem.Text {
	return rem.Text{Turkish: r.Field(tr), English: r.Field(en)}
}

// Bytes writes the document in canonical form. The error wraps canon.ErrForm
// when it holds what cannot be written.
func (d *Document) Bytes() ([]byte, error) {
	w := canon.NewWriter(documentKind, formVersion)
	w.Word("document", string(d.Kind))
	w.Number("version", d.Version)
	if d.Sample {
		w.Field("sample", "yes")
	}
	if !d.Effective.IsZero() {
		w.Time("effective", d.Effective)
	}
	put := func(tr, en string, t rem.Text) {
		w.Field(tr, t.Turkish)
		w.Field(en, t.English)
	}
	put("title-tr", "title-en", d.Title)
	for _, s := range d.Sections {
		w.Blank()
		w.Word("section", s.ID)
		put("title-tr", "title-en", s.Title)
		for _, t := range s.Text {
			put("tr", "en", t)
		}
	}
	b, err := w.Bytes()
	if err == nil {
		_, err = Parse(b)
	}
	if err != nil {
		return nil, fmt.Errorf("writing a document: %w", err)
	}
	return b, nil
}

// Fill puts values into the places of a document, as canon.Fill does, and
// returns its canonical bytes.
func Fill(source []byte, values map[string]string) ([]byte, error) {
	filled, err := canon.Fill(source, values)
	if err == nil {
		_, err = Parse(filled)
	}
	if err != nil {
		return nil, fmt.Errorf("filling a document: %w", err)
	}
	return filled, nil
}
