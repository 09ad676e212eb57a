package identity

import (
	"fmt"
	"slices"
	"strings"

	"rem"
	"rem/person"
)

// A Lack is something that a record owes and does not have. Its name is stable.
type Lack string

// The lacks.
const (
	LacksIdentity   Lack = "identity-of-record" // its own number, application, form, subject or time
	LacksMethod     Lack = "method"             // none of the list
	LacksCollector  Lack = "collector"          // nobody, or of a wrong role for the method
	LacksDocument   Lack = "document"           // none with a photograph, or not whole
	LacksValidity   Lack = "document-not-valid" // at the time of the record
	LacksChecklist  Lack = "checklist"          // an item of the method is absent or did not pass
	LacksComparison Lack = "comparison"         // number or name was not compared
	LacksEvidence   Lack = "evidence"           // bytes that the method owes
	LacksSignature  Lack = "signature-finding"  // not whole
	LacksOrder      Lack = "work-order"         // none, or not whole, or past its term
	LacksAddress    Lack = "address-of-visit"   // another than the application's
	LacksRegistry   Lack = "registry-finding"   // of a private legal person
	LacksPower      Lack = "proof-of-representation"
	LacksClearance  Lack = "doubt-not-settled" // by a natural person, for exactly these doubts
)

// An Incomplete says what a record lacks.
type Incomplete struct{ Lacks []Lack }

// Error names all.
func (e *Incomplete) Error() string {
	list := make([]string, len(e.Lacks))
	for i, l := range e.Lacks {
		list[i] = string(l)
	}
	return "the record of identification is not complete: " + strings.Join(list, ", ")
}

// A Doubt is something that speaks against an applicant and that a natural
// person has to look at.
type Doubt string

// The doubts.
const (
	DoubtNumber    Doubt = "identity-number-differs"
	DoubtName      Doubt = "name-differs"
	DoubtBirth     Doubt = "birth-date-differs"
	DoubtAnswer    Doubt = "adapter-said-no"
	DoubtSignature Doubt = "signature-not-believed"
	DoubtRegistry  Doubt = "registry-differs"
	DoubtDocument  Doubt = "document-not-genuine"
)

var doubtTexts = map[Doubt]rem.Text{
	DoubtNumber:    {Turkish: "Kimlik numarası başvurudakinden farklı.", English: "The identity number differs from the application's."},
	DoubtName:      {Turkish: "Ad veya soyadı başvurudakinden farklı.", English: "A name differs from the application's."},
	DoubtBirth:     {Turkish: "Doğum tarihi başvurudakinden farklı.", English: "The date of birth differs from the application's."},
	DoubtAnswer:    {Turkish: "Otomatik doğrulama olumsuz sonuç verdi.", English: "The automated verification came out negative."},
	DoubtSignature: {Turkish: "Başvuru formunun imzasına güvenilemedi.", English: "The signature of the application form could not be relied on."},
	DoubtRegistry:  {Turkish: "MERSİS kaydı başvurudan farklı.", English: "The registry's entry differs from the application."},
	DoubtDocument:  {Turkish: "Belgenin gerçekliğinden şüphe edildi.", English: "The document was held for doubtful."},
}

// Text is what the desk reads.
func (d Doubt) Text() rem.Text { return doubtTexts[d] }

// Doubts finds everything in a record that speaks against the applicant. It
// never refuses him: a person decides (REQ-16).
func (r *Record) Doubts() []Doubt {
	var list []Doubt
	add := func(d Doubt, when bool) {
		if when && !slices.Contains(list, d) {
			list = append(list, d)
		}
	}
	differs := func(p Part) bool {
		same, known := r.compared(p)
		return known && !same
	}
	add(DoubtNumber, differs(PartNumber))
	add(DoubtName, differs(PartGiven) || differs(PartFamily))
	add(DoubtBirth, differs(PartBirth))
	add(DoubtSignature, r.Signed != nil && r.Signed.Verdict != believed)
	add(DoubtDocument, r.Document != nil && !r.Document.Genuine)
	add(DoubtRegistry, r.Registry != nil && len(r.Registry.Differs) > 0)
	if r.By.Role == ByAdapter {
		for _, c := range r.Checklist {
			add(DoubtAnswer, !c.Passed)
		}
	}
	return list
}

// owed is what each method owes beside what all owe.
var owed = map[Method]struct {
	by        []CollectorRole
	document  bool
	items     []Item
	evidence  []EvidenceKind
	signature bool
	order     bool
}{
	Signature: {by: []CollectorRole{ByAdapter}, signature: true, evidence: []EvidenceKind{SignedForm, FormSignature, SignerCert, AuthorityCert}},
	Office:    {by: []CollectorRole{ByOfficer}, document: true, items: []Item{FaceMatches, DocumentIntact, SecurityMarks, PersonPresent, SpecialCovered}, evidence: []EvidenceKind{Capture}},
	OnSite: {by: []CollectorRole{ByPartner}, document: true, order: true,
		items: []Item{FaceMatches, DocumentIntact, SecurityMarks, PersonPresent, SpecialCovered, AddressAsGiven}, evidence: []EvidenceKind{PartnerResult}},
	EDevlet: {by: []CollectorRole{ByAdapter}, items: []Item{GateConfirmed}, evidence: []EvidenceKind{AdapterAnswer}},
	Chip: {by: []CollectorRole{ByAdapter, ByOfficer}, document: true, items: []Item{ChipAuthentic, FaceMatches, LivePicture},
		evidence: []EvidenceKind{AdapterAnswer, Recording}},
	ChipCard: {by: []CollectorRole{ByAdapter}, items: []Item{ChipAuthentic, CardSigned}, evidence: []EvidenceKind{AdapterAnswer, FormSignature}},
	Video: {by: []CollectorRole{ByOfficer}, document: true, items: []Item{FaceMatches, DocumentIntact, SecurityMarks, PersonPresent, LivePicture, SpecialCovered},
		evidence: []EvidenceKind{Recording}},
}

// Required lists the items of a method's checklist, and one more where somebody
// is represented.
func Required(m Method, represented bool) []Item {
	items := slices.Clone(owed[m].items)
	if represented {
		items = append(items, PowerSeen)
	}
	return items
}

// A Completed is a record that was found complete. [Complete] is its only maker,
// and the zero Completed is that of nobody: whoever takes one asks IsZero.
type Completed struct{ record *Record }

// IsZero reports that there is no record.
func (c Completed) IsZero() bool { return c.record == nil }

// Record returns a copy of the record; the lists in it must not be changed.
func (c Completed) Record() Record {
	if c.record == nil {
		return Record{}
	}
	return *c.record
}

// Complete judges a record by what its method owes. The error is an [*Incomplete]
// with everything that it lacks. It is asked again after every restart: what
// opens an account is never read from a store as a bare yes (REQ-9).
func Complete(r Record) (Completed, error) {
	var lacks []Lack
	need := func(l Lack, ok bool) {
		if !ok && !slices.Contains(lacks, l) {
			lacks = append(lacks, l)
		}
	}
	need(LacksIdentity, r.ID != "" && r.Application != "" && !r.Form.IsZero() && r.Subject != "" && !r.At.IsZero() && r.Kind.Valid())
	need(LacksIdentity, !r.Represented || r.Kind == person.Natural)
	rule, ok := owed[r.Method]
	need(LacksMethod, ok)
	if !ok {
		return Completed{}, &Incomplete{lacks}
	}

	need(LacksCollector, slices.Contains(rule.by, r.By.Role))
	if r.By.Role == ByAdapter {
		need(LacksCollector, r.By.Adapter != "" && r.By.Person == "")
	} else {
		need(LacksCollector, r.By.Person != "" && r.By.Person != r.Subject)
	}

	if rule.document {
		d := r.Document
		need(LacksDocument, d != nil && (d.Kind == IdentityCard || d.Kind == PassportBook || d.Kind == DrivingLicence) && d.Number != "" && d.Issuer != "")
		need(LacksValidity, d != nil && r.At.Before(d.Until))
	}
	doubts := r.Doubts()
	settled := len(doubts) == 0 || r.Cleared.settles(&r, doubts)
	need(LacksClearance, settled)
	for _, i := range Required(r.Method, r.Represented) {
		// What an adapter said against somebody may be cleared by a person; what
		// an officer himself did not see to may not.
		noted := slices.ContainsFunc(r.Checklist, func(c Checked) bool { return c.Item == i })
		need(LacksChecklist, r.passed(i) || noted && r.By.Role == ByAdapter && settled)
	}
	if r.Represented {
		need(LacksPower, r.passed(PowerSeen))
	}
	for _, p := range []Part{PartNumber, PartGiven, PartFamily} {
		_, known := r.compared(p)
		need(LacksComparison, known)
	}
	for _, k := range rule.evidence {
		need(LacksEvidence, r.has(k))
	}
	if rule.signature {
		need(LacksSignature, r.Signed.whole())
		need(LacksEvidence, r.has(OCSPAnswer) || r.has(CRLAnswer))
		// A signature that is not believed shows nobody: another method is
		// needed, however well a person means.
		need(LacksSignature, r.Signed != nil && r.Signed.Verdict == believed)
	}
	// Nor does somebody else's number: it is what the directory will say.
	if same, known := r.compared(PartNumber); known && !same {
		need(LacksComparison, false)
	}
	if rule.order {
		o := r.Order
		need(LacksOrder, o != nil && o.ID != "" && o.Institution != "" && o.HandedOver && !o.Issued.IsZero() && !r.At.Before(o.Issued) && r.At.Before(o.Expires))
		need(LacksAddress, o != nil && !o.Address.IsZero() && o.Address == o.Visited)
	}
	if r.Kind == person.Private {
		need(LacksRegistry, r.Registry.whole() && r.has(RegistryAnswer))
	}
	if len(lacks) > 0 {
		return Completed{}, &Incomplete{lacks}
	}
	kept := r
	return Completed{&kept}, nil
}

// settles reports whether a natural person other than the subject looked at
// exactly these doubts.
func (c *Clearance) settles(r *Record, doubts []Doubt) bool {
	if c == nil || c.By == "" || c.By == r.Subject || c.Reason == "" || c.At.Before(r.At) || len(c.Doubts) != len(doubts) {
		return false
	}
	for _, d := range doubts {
		if !slices.Contains(c.Doubts, d) {
			return false
		}
	}
	return true
}

// NewRecordID makes the number of an application's n-th record, so that a step
// that runs twice makes the same one.
func NewRecordID(a person.ApplicationID, n int) RecordID {
	return RecordID(fmt.Sprintf("%s.id%d", a, n))
}
