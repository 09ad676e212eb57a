package identity

import (
	"slices"
	"time"

	"rem"
	"rem/person"
)

// A RecordID names a record of identification. It is the evidence that values
// verified by it name (P-02).
type RecordID string

// A DocumentKind is an official document with a photograph (S25, REQ-10).
type DocumentKind string

// The kinds.
const (
	IdentityCard   DocumentKind = "identity-card"
	PassportBook   DocumentKind = "passport"
	DrivingLicence DocumentKind = "driving-licence"
)

// A Document is an identity document as it was seen. Its number is masked; who
// needs the whole one looks at the document.
type Document struct {
	Kind    DocumentKind
	Number  string // masked, by person.DocumentNumber
	Issuer  string // the authority or the state, as a code
	Until   time.Time
	Genuine bool // the collector held it for genuine
}

// A Checked is a line of the collector's checklist.
type Checked struct {
	Item   Item
	Passed bool
}

// An Item is what a collector looks at.
type Item string

// The items.
const (
	FaceMatches    Item = "face-matches-photograph"
	DocumentIntact Item = "document-intact"
	SecurityMarks  Item = "security-marks"
	SpecialCovered Item = "special-categories-covered" // religion, blood group: masked in every capture
	PersonPresent  Item = "person-present-and-willing"
	AddressAsGiven Item = "address-as-in-application"
	LivePicture    Item = "live-picture"
	ChipAuthentic  Item = "chip-authentic"
	CardSigned     Item = "signed-with-card"
	GateConfirmed  Item = "gate-confirmed"
	PowerSeen      Item = "proof-of-representation-seen"
)

// A Part is what is compared between application and what was shown.
type Part string

// The parts.
const (
	PartNumber Part = "identity-number"
	PartGiven  Part = "given-names"
	PartFamily Part = "family-name"
	PartBirth  Part = "birth-date"
)

// A Comparison is how a part came out.
type Comparison struct {
	Part Part
	Same bool
}

// An Evidence names bytes that are kept as evidence: a signature, a certificate,
// an answer about revocation, a capture, an adapter's answer. The bytes are
// kept apart, sealed; here is what they are.
type Evidence struct {
	Kind   EvidenceKind
	Digest rem.Digest
	Size   int64
	// At is the time that the evidence itself states, such as thisUpdate of an
	// answer; zero when it states none.
	At time.Time
}

// An EvidenceKind says what the bytes are.
type EvidenceKind string

// The kinds.
const (
	SignedForm     EvidenceKind = "signed-form"
	FormSignature  EvidenceKind = "form-signature"
	SignerCert     EvidenceKind = "signer-certificate"
	AuthorityCert  EvidenceKind = "authority-certificate"
	OCSPAnswer     EvidenceKind = "ocsp-answer"
	CRLAnswer      EvidenceKind = "crl"
	Capture        EvidenceKind = "capture"
	Recording      EvidenceKind = "recording"
	AdapterAnswer  EvidenceKind = "adapter-answer"
	PartnerResult  EvidenceKind = "partner-result"
	RegistryAnswer EvidenceKind = "registry-answer"
	// OfficerNote is what an officer stated beside the record: which areas of the
	// copy he covered.
	OfficerNote EvidenceKind = "officer-note"
)

// A WorkOrder is what a contracted institution got and gave back.
type WorkOrder struct {
	ID          string
	Institution string // its number in the register of partners
	Issued      time.Time
	Expires     time.Time
	// Address is the digest of the application's address as it was given, and of
	// the one where the visit was: they have to be one (REQ-15).
	Address, Visited rem.Digest
	// Custody: the documents are with the institution, or handed over to us.
	HandedOver bool
}

// A CollectorRole is in what capacity somebody collected a record.
type CollectorRole string

// The roles.
const (
	ByOfficer CollectorRole = "officer"
	ByPartner CollectorRole = "partner"
	ByAdapter CollectorRole = "adapter"
)

// A Collector is who collected a record: a natural person, or an adapter by its
// name.
type Collector struct {
	Role    CollectorRole
	Person  rem.PersonID
	Adapter string
	// Simulated marks a simulator's answer. A provider in production takes none.
	Simulated bool
}

// A Record is the record of one identification: what was shown by whom to whom,
// by which method. It holds no name, no whole number and no picture: those are
// in the application and the evidence, sealed.
type Record struct {
	ID          RecordID
	Application person.ApplicationID
	// Form is the digest of the canonical form that was held against what was
	// shown. Another form needs another record.
	Form    rem.Digest
	Kind    person.Kind
	Subject rem.PersonID // who showed himself
	// Represented: Subject applies for another natural person.
	Represented bool
	Method      Method
	At          time.Time
	By          Collector
	Document    *Document
	Checklist   []Checked
	Compared    []Comparison
	Signed      *SignatureFinding
	Order       *WorkOrder
	Registry    *RegistryFinding
	Evidence    []Evidence
	// Cleared is by whom and why a doubt was settled in favour of the applicant.
	Cleared *Clearance
}

// A Clearance is a natural person's decision about doubts.
type Clearance struct {
	By     rem.PersonID
	At     time.Time
	Doubts []Doubt // exactly those that he looked at
	Reason string  // a code of the practice statement, no free text about people
}

func (r *Record) has(k EvidenceKind) bool {
	return slices.ContainsFunc(r.Evidence, func(e Evidence) bool { return e.Kind == k && !e.Digest.IsZero() })
}

func (r *Record) passed(i Item) bool {
	found := false
	for _, c := range r.Checklist {
		if c.Item != i {
			continue
		}
		if !c.Passed {
			return false
		}
		found = true
	}
	return found
}

func (r *Record) compared(p Part) (same, known bool) {
	for _, c := range r.Compared {
		if c.Part == p {
			if !c.Same {
				return false, true
			}
			same, known = true, true
		}
	}
	return same, known
}

// Hands are the natural persons who had a hand in the record. None of them may
// approve the application (REQ-22).
func (r *Record) Hands() []rem.PersonID {
	var list []rem.PersonID
	if r.By.Person != "" {
		list = append(list, r.By.Person)
	}
	if r.Cleared != nil && r.Cleared.By != "" && !slices.Contains(list, r.Cleared.By) {
		list = append(list, r.Cleared.By)
	}
	return list
}
