package notice

import (
	"fmt"
	"slices"
	"time"

	"rem"
	"rem/privacy/canon"
)

// The limits of a notice; canon.MaxBytes bounds the whole.
const (
	maxSections = 32
	maxItems    = 64 // of a section
	maxFacts    = 16 // of a section or item
	maxText     = 64 // paragraphs of a section or item
)

const (
	noticeKind    = "rem-notice"
	noticeVersion = 1 // of the form
)

// A Notice is what one version says. It is read from its canonical bytes, and
// written as the same bytes again.
type Notice struct {
	Version uint64 // its place among the versions, from 1
	// Sample marks a notice that was not yet made a provider's own.
	Sample bool
	// Effective is from when it holds; the zero Time: from its publication.
	Effective time.Time
	Title     rem.Text
	Sections  []Section
}

// A Section is one part of a notice.
type Section struct {
	ID    SectionID
	Title rem.Text
	Facts []Fact
	Text  []rem.Text
	Items []Item
}

// An Item is one thing of a list, such as one purpose.
type Item struct {
	ID    string // of the closed list that the section is about
	Facts []Fact
	Text  []rem.Text
}

// A Fact is something that a program reads as well.
type Fact struct{ Name, Value string }

// fact returns the value of a fact, or "".
func fact(list []Fact, name string) string {
	for _, f := range list {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// Section finds a section, or nil.
func (n *Notice) Section(id SectionID) *Section {
	i := slices.IndexFunc(n.Sections, func(s Section) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	return &n.Sections[i]
}

// Item finds an item, or nil.
func (s *Section) Item(id string) *Item {
	i := slices.IndexFunc(s.Items, func(it Item) bool { return it.ID == id })
	if i < 0 {
		return nil
	}
	return &s.Items[i]
}

// structural are the names of fields that are not facts.
var structural = []string{"section", "item", "tr", "en", "title-tr", "title-en"}

// Parse reads a notice. It takes canonical bytes alone: a text in one language
// without the other, a fact that stands twice, two spaces anywhere are errors
// that name their line. The error wraps canon.ErrForm.
func Parse(source []byte) (*Notice, error) {
	r := canon.NewReader(source, noticeKind, noticeVersion)
	n := &Notice{Version: r.Number("version")}
	if r.Err() == nil && n.Version == 0 {
		r.Fail("versions count from 1")
	}
	if sample := r.Maybe("sample"); sample != "" {
		if sample != "yes" {
			r.Fail("a notice that is no sample does not say so")
		}
		n.Sample = true
	}
	if r.Next() == "effective" {
		n.Effective = r.Time("effective")
	}
	n.Title = title(r)
	for r.More() {
		r.Blank()
		s := Section{ID: SectionID(r.Word("section")), Title: title(r)}
		s.Facts, s.Text = facts(r), paragraphs(r)
		for r.Next() == "item" {
			it := Item{ID: r.Word("item")}
			if s.Item(it.ID) != nil {
				r.Fail("the item %s stands twice", it.ID)
			}
			it.Facts, it.Text = facts(r), paragraphs(r)
			s.Items = append(s.Items, it)
			if len(s.Items) > maxItems {
				r.Fail("more than %d items", maxItems)
			}
		}
		if n.Section(s.ID) != nil {
			r.Fail("the section %s stands twice", s.ID)
		}
		n.Sections = append(n.Sections, s)
		if len(n.Sections) > maxSections {
			r.Fail("more than %d sections", maxSections)
		}
	}
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("reading a notice: %w", err)
	}
	return n, nil
}

func title(r *canon.Reader) rem.Text {
	return rem.Text{Turkish: r.Field("title-tr"), English: r.Field("title-en")}
}

func facts(r *canon.Reader) (list []Fact) {
	for name := r.Next(); name != "" && !slices.Contains(structural, name); name = r.Next() {
		if fact(list, name) != "" {
			r.Fail("the fact %s stands twice", name)
		}
		list = append(list, Fact{name, r.Field(name)})
		if len(list) > maxFacts {
			r.Fail("more than %d facts", maxFacts)
		}
	}
	return list
}

// paragraphs come in pairs: each in Turkish, then in English.
func paragraphs(r *canon.Reader) (list []rem.Text) {
	for r.Next() == "tr" {
		list = append(list, rem.Text{Turkish: r.Field("tr"), English: r.Field("en")})
		if len(list) > maxText {
			r.Fail("more than %d paragraphs", maxText)
		}
	}
	return list
}

// Bytes writes the notice in canonical form. The error wraps canon.ErrForm when
// the notice holds what cannot be written.
func (n *Notice) Bytes() ([]byte, error) {
	w := canon.NewWriter(noticeKind, noticeVersion)
	w.Number("version", n.Version)
	if n.Sample {
		w.Field("sample", "yes")
	}
	if !n.Effective.IsZero() {
		w.Time("effective", n.Effective)
	}
	put(w, "title-tr", "title-en", n.Title)
	for _, s := range n.Sections {
		w.Blank()
		w.Word("section", string(s.ID))
		put(w, "title-tr", "title-en", s.Title)
		block(w, s.Facts, s.Text)
		for _, it := range s.Items {
			w.Word("item", it.ID)
			block(w, it.Facts, it.Text)
		}
	}
	b, err := w.Bytes()
	if err == nil {
		_, err = Parse(b) // what stands twice, or under a name that is taken
	}
	if err != nil {
		return nil, fmt.Errorf("writing a notice: %w", err)
	}
	return b, nil
}

func put(w *canon.Writer, tr, en string, t rem.Text) {
	w.Field(tr, t.Turkish)
	w.Field(en, t.English)
}

func block(w *canon.Writer, facts []Fact, text []rem.Text) {
	for _, f := range facts {
		w.Field(f.Name, f.Value)
	}
	for _, t := range text {
		put(w, "tr", "en", t)
	}
}
