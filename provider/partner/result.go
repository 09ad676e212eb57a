package partner

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"rem"
	"rem/person"
	"rem/person/identity"
	"rem/privacy"
	"rem/privacy/canon"
)

// A Result is what a partner's person found at a visit. He signs its written form
// ([Result.Write]) with a qualified certificate of his own. It holds no name, no
// whole number and no address.
type Result struct {
	Order       OrderID
	Application person.ApplicationID
	Form        rem.Digest
	By          rem.PersonID
	At          time.Time
	// Visited is the keyed digest of the address where the visit was. It is the
	// order's own, or the record owes a comparison that cannot be settled.
	Visited   rem.Digest
	Document  identity.Document
	Checklist []identity.Checked
	Compared  []identity.Comparison
	// Papers are those that he took along.
	Papers []PaperKind
}

const (
	resultKind    = "rem-visit-result"
	handoverKind  = "rem-paper-handover"
	formatVersion = 1
)

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func (r *Result) fields(w *canon.Writer) {
	w.Word("order", string(r.Order))
	w.Word("application", string(r.Application))
	w.Digest("form", r.Form)
	w.Word("visitor", string(r.By))
	w.Time("visited-at", r.At)
	w.Digest("visited-address", r.Visited)
	w.Word("document", string(r.Document.Kind))
	w.Field("document-number", r.Document.Number)
	w.Word("document-issuer", r.Document.Issuer)
	w.Time("document-until", r.Document.Until)
	w.Word("document-genuine", yes(r.Document.Genuine))
	for _, c := range r.Checklist {
		w.Field("checked", string(c.Item)+" "+yes(c.Passed))
	}
	for _, c := range r.Compared {
		w.Field("compared", string(c.Part)+" "+yes(c.Same))
	}
	for _, p := range r.Papers {
		w.Word("taken-along", string(p))
	}
}

// Write gives the text that is signed. docs/formats/work-order.md.
func (r *Result) Write() ([]byte, error) {
	w := canon.NewWriter(resultKind, formatVersion)
	r.fields(w)
	b, err := w.Bytes()
	if err != nil {
		return nil, fmt.Errorf("writing the result of a visit: %w", err)
	}
	return b, nil
}

func readResult(r *canon.Reader) *Result {
	v := &Result{Order: OrderID(r.Word("order")), Application: person.ApplicationID(r.Word("application")), Form: r.Digest("form")}
	v.By, v.At, v.Visited = rem.PersonID(r.Word("visitor")), r.Time("visited-at"), r.Digest("visited-address")
	v.Document = identity.Document{Kind: identity.DocumentKind(r.Word("document")), Number: r.Field("document-number"), Issuer: r.Word("document-issuer"),
		Until: r.Time("document-until"), Genuine: answer(r, r.Word("document-genuine"))}
	for r.Next() == "checked" {
		item, passed := pair(r, "checked")
		v.Checklist = append(v.Checklist, identity.Checked{Item: identity.Item(item), Passed: passed})
	}
	for r.Next() == "compared" {
		part, same := pair(r, "compared")
		v.Compared = append(v.Compared, identity.Comparison{Part: identity.Part(part), Same: same})
	}
	for r.Next() == "taken-along" {
		v.Papers = append(v.Papers, PaperKind(r.Word("taken-along")))
	}
	return v
}

func answer(r *canon.Reader, s string) bool {
	if s != "yes" && s != "no" {
		r.Fail("yes or no is needed")
	}
	return s == "yes"
}

func pair(r *canon.Reader, name string) (string, bool) {
	word, said, _ := strings.Cut(r.Field(name), " ")
	if err := canon.CheckWord(word); err != nil {
		r.Fail("%s: no identifier", name)
	}
	return word, answer(r, said)
}

// HandoverText is what somebody confirms who takes papers over.
func HandoverText(o OrderID, h *Handover) ([]byte, error) {
	w := canon.NewWriter(handoverKind, formatVersion)
	w.Word("order", string(o))
	w.Word("from", string(h.From))
	w.Word("to", string(h.To))
	w.Time("at", h.At)
	for _, p := range h.Papers {
		w.Word("paper", string(p))
	}
	b, err := w.Bytes()
	if err != nil {
		return nil, fmt.Errorf("writing a handover: %w", err)
	}
	return b, nil
}

// AddressIndex is the blind index whose key digests the addresses of orders.
var AddressIndex = privacy.BlindIndex{Name: "partner.address", Version: 1}

// AddressDigest is the keyed digest of an address for one order. Two orders to one
// address have different ones, and without the key nobody finds the address.
func AddressDigest(x *privacy.BlindIndexer, o OrderID, lines ...string) rem.Digest {
	t := x.Token(string(o) + "\n" + strings.Join(lines, "\n"))
	return rem.DigestOf(t.Bytes())
}

// whole reports whether the result says what it has to.
func (r *Result) whole() bool {
	return r.Order != "" && r.Application != "" && r.By != "" && !r.At.IsZero() && !r.Visited.IsZero() && r.Document.Kind != "" &&
		!slices.ContainsFunc(r.Papers, func(p PaperKind) bool { return !slices.Contains(PaperKinds(), p) })
}
