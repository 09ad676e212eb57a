package identity

import (
	"time"

	"rem"
	"rem/person"
)

// Shown is what an application says of a person, or what a source shows of one.
// A part that the source does not give is zero.
type Shown struct {
	Identity      person.IdentityNumber
	Given, Family person.Name
	Birth         person.Date
}

// CompareShown holds what a source shows against what the application says. A
// part that one of the two lacks is not compared, and the record then owes it.
// Names meet by Turkish rules; nothing that differs decides (REQ-111).
func CompareShown(said, shown Shown) []Comparison {
	var list []Comparison
	if !said.Identity.IsZero() && !shown.Identity.IsZero() {
		list = append(list, Comparison{PartNumber, said.Identity == shown.Identity})
	}
	if !said.Given.IsZero() && !shown.Given.IsZero() {
		list = append(list, Comparison{PartGiven, said.Given.Same(shown.Given)})
	}
	if !said.Family.IsZero() && !shown.Family.IsZero() {
		list = append(list, Comparison{PartFamily, said.Family.Same(shown.Family)})
	}
	if !said.Birth.IsZero() && !shown.Birth.IsZero() {
		list = append(list, Comparison{PartBirth, said.Birth == shown.Birth})
	}
	return list
}

// An Answer is what an adapter brings to a record: never a decision, only what
// was shown, how it compares, and the bytes that it rests on.
type Answer struct {
	By        Collector
	At        time.Time
	Document  *Document
	Checklist []Checked
	Compared  []Comparison
	Signed    *SignatureFinding
	// Evidence holds the bytes to keep, sealed. One without bytes is kept by whom
	// the adapter names; its digest binds it.
	Evidence []Kept
}

// Into puts the answer into a record, which keeps its identity, its application
// and its form.
func (a *Answer) Into(r Record) Record {
	r.By, r.At, r.Document, r.Signed = a.By, a.At, a.Document, a.Signed
	r.Checklist = append(r.Checklist[:len(r.Checklist):len(r.Checklist)], a.Checklist...)
	r.Compared = append(r.Compared[:len(r.Compared):len(r.Compared)], a.Compared...)
	r.Evidence = r.Evidence[:len(r.Evidence):len(r.Evidence)]
	for _, k := range a.Evidence {
		r.Evidence = append(r.Evidence, k.Evidence)
	}
	return r
}

// KeepBytes makes an evidence of bytes.
func KeepBytes(k EvidenceKind, b []byte, at time.Time) Kept {
	return Kept{Evidence{Kind: k, Digest: rem.DigestOf(b), Size: int64(len(b)), At: at}, b}
}
