package privacy

import (
	"bytes"
	"errors"
	"fmt"
	"time"
)

// An Origin is how a value came to be known.
type Origin uint8

// The origins. Their numbers are written (docs/formats/sealed.md).
const (
	Declared Origin = iota + 1 // by the person, not verified (S21)
	Imported                   // taken over from a register or another provider
	Verified                   // compared with an evidence
	Derived                    // made by the program from other values
)

// String names the origin.
func (o Origin) String() string {
	if o < Declared || o > Derived {
		return "unknown"
	}
	return [...]string{"declared", "imported", "verified", "derived"}[o-1]
}

// A Provenance says where a value comes from and, when it was verified, how: by
// which method, by which evidence, when (S21 to S26, P-02). It is only made by
// the functions here, so that there is no verified value without an evidence.
// The zero Provenance is that of no value.
type Provenance struct {
	origin           Origin
	method, evidence string
	at               time.Time
}

// ErrProvenance is wrapped when a provenance is not whole.
var ErrProvenance = errors.New("where a personal value comes from is not said")

// maxSource bounds the texts of a provenance, in octets: both are names and
// identifiers of ours.
const maxSource = 128

// ByDeclaration is the provenance of what the person said at the time.
func ByDeclaration(at time.Time) Provenance { return Provenance{origin: Declared, at: micro(at)} }

// ByDerivation is the provenance of what the program made from other values.
func ByDerivation(at time.Time) Provenance { return Provenance{origin: Derived, at: micro(at)} }

// ByImport is the provenance of what was taken over from source at the time.
func ByImport(source string, at time.Time) (Provenance, error) {
	return Provenance{origin: Imported, method: source, at: micro(at)}.whole()
}

// ByVerification is the provenance of what was verified: the method, the
// identifier of the evidence that shows it, and the time. An empty one of them
// is refused (P-02).
func ByVerification(method, evidence string, at time.Time) (Provenance, error) {
	return Provenance{origin: Verified, method: method, evidence: evidence, at: micro(at)}.whole()
}

func micro(at time.Time) time.Time { return at.UTC().Truncate(time.Microsecond) }

func (p Provenance) whole() (Provenance, error) {
	fault := ""
	switch {
	case p.origin < Declared || p.origin > Derived:
		fault = "it is of no kind"
	case p.at.IsZero() || p.at.UnixMicro() == 0:
		fault = "it has no time"
	case p.origin == Verified && (p.method == "" || p.evidence == ""):
		fault = "a verified value needs a method and an evidence"
	case p.origin == Imported && p.method == "":
		fault = "an imported value needs its source"
	case p.origin != Verified && p.evidence != "", (p.origin == Declared || p.origin == Derived) && p.method != "":
		fault = "it names an evidence that its kind does not have"
	case !sourceName(p.method) || !sourceName(p.evidence):
		fault = "a name in it is too long or is no name"
	}
	if fault != "" {
		return Provenance{}, fmt.Errorf("%w: %s", ErrProvenance, fault)
	}
	return p, nil
}

// sourceName allows visible ASCII, so that nobody's name gets into a part that
// is not sealed.
func sourceName(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return len(s) <= maxSource
}

// Origin returns how the value came to be known.
func (p Provenance) Origin() Origin { return p.origin }

// Method returns by which method it was verified, or the source it was imported from.
func (p Provenance) Method() string { return p.method }

// Evidence returns the identifier of the evidence of a verified value.
func (p Provenance) Evidence() string { return p.evidence }

// At returns when it was declared, imported, verified or derived, in UTC.
func (p Provenance) At() time.Time { return p.at }

// IsZero reports whether nothing is said.
func (p Provenance) IsZero() bool { return p == Provenance{} }

// Equal compares two provenances.
func (p Provenance) Equal(q Provenance) bool {
	return p.origin == q.origin && p.method == q.method && p.evidence == q.evidence && p.at.Equal(q.at)
}

// Hidden is what stands wherever a personal value was about to be printed.
const Hidden = "[kişisel veri]"

// ErrHidden is returned by every way of marshalling a personal value: a text in
// its place would be kept as if it were the value.
var ErrHidden = errors.New("personal values are not marshalled: seal them, and keep the sealed bytes")

// A Value is a personal value in the clear, on its way between a form and
// [Vault.Seal], or between [Vault.Open] and a page. It is for memory alone: it
// prints as [Hidden] with every verb, in logs and in templates, and marshalling
// it is an error (P-03). Only Text and Bytes give it out. The zero Value is none.
//
// The bytes lie behind a function because package fmt looks into unexported
// fields of other structs without asking their methods, and with a wrong verb
// through pointers too; of a function it prints where it is.
type Value struct{ clear func() *clearValue }

type clearValue struct {
	b    []byte
	from Provenance
}

// MaxValue bounds a value, in octets; what is larger (a scanned document) is
// kept as a file of its own with its own key.
const MaxValue = 1 << 20

// NewValue makes a value of a text.
func NewValue(text string, from Provenance) Value { return NewBytes([]byte(text), from) }

// NewBytes makes a value of bytes, which must not change afterwards.
func NewBytes(b []byte, from Provenance) Value {
	v := &clearValue{b, from}
	return Value{func() *clearValue { return v }}
}

// Text gives the value out.
func (v Value) Text() string { return string(v.Bytes()) }

// Bytes gives the value out; they must not be changed.
func (v Value) Bytes() []byte {
	if v.clear == nil {
		return nil
	}
	return v.clear().b
}

// Provenance returns where the value comes from.
func (v Value) Provenance() Provenance {
	if v.clear == nil {
		return Provenance{}
	}
	return v.clear().from
}

// IsZero reports whether there is no value.
func (v Value) IsZero() bool { return v.clear == nil }

// Equal reports whether two values are the same and come from the same.
func (v Value) Equal(o Value) bool {
	return v.IsZero() == o.IsZero() && bytes.Equal(v.Bytes(), o.Bytes()) && v.Provenance().Equal(o.Provenance())
}
