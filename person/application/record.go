package application

import (
	"slices"
	"time"

	"rem"
	"rem/person"
	"rem/person/identity"
	"rem/privacy"
)

// A By is who moves an application, and in what capacity. For the system the
// actor's Method names the adapter or the clock, and there is no person.
type By struct {
	Actor rem.Actor
	Role  Role
}

// A Notice says that the privacy notice was shown before anything was asked. It
// is no consent (S02, P-06).
type Notice struct {
	Digest   rem.Digest
	Delivery string // the record of the delivery
	At       time.Time
}

// A Submission is a form as it was handed in.
type Submission struct {
	Answers Answers
	// Form is the digest of the written form. Its bytes are made again from the
	// answers and Header.
	Form        rem.Digest
	Header      Header
	Represented bool
	Company     privacy.SealedValue // of a corporate application; zero otherwise
	// Case is what decides which methods are possible.
	Case identity.Case
	// Holder will have the account; Shower has to show himself. They are one for
	// a natural person who applies for himself.
	Holder, Shower rem.PersonID
	Address        rem.Address
	Service        string
	At             time.Time
}

// A PaperKind is a document that an applicant hands in beside the form.
type PaperKind string

// The papers (REQ-17, REQ-19).
const (
	RegistryCertificate PaperKind = "registry-certificate"
	SignatureCircular   PaperKind = "signature-circular"
	Authorisation       PaperKind = "authorisation"
	RepresentationPaper PaperKind = "representation"
)

// A Paper is one that was handed in. Its bytes are kept apart, sealed.
type Paper struct {
	Kind   PaperKind
	Digest rem.Digest
	Size   int64
	Media  string // by its content, not by its name
	At     time.Time
	// Scan is what is known about malware in it.
	Scan Scan
}

// Papers lists what a kind of applicant has to hand in. What a natural person
// shows is in the record of identification.
func Papers(k person.Kind, represented bool) []PaperKind {
	switch {
	case k == person.Private:
		return []PaperKind{RegistryCertificate, SignatureCircular, Authorisation}
	case k == person.Public:
		return []PaperKind{Authorisation}
	case represented:
		return []PaperKind{RepresentationPaper}
	}
	return nil
}

// A Reason is why an application was refused or goes back; of a closed list,
// each with its text to the applicant.
type Reason string

// The reasons.
const (
	NotShown          Reason = "identity-not-shown"
	FalseDocument     Reason = "document-not-accepted"
	PapersMissing     Reason = "papers-missing"
	NoRepresentation  Reason = "representation-not-shown"
	RegistryDisagrees Reason = "registry-disagrees"
	WrongForm         Reason = "form-to-be-corrected"
	NotEntitled       Reason = "not-entitled"
	AddressRefused    Reason = "address-not-acceptable"
	AnotherMethod     Reason = "another-method-needed"
)

var reasonTexts = map[Reason]rem.Text{
	NotShown:          text("Kimliğiniz doğrulanamadı.", "Your identity could not be verified."),
	FalseDocument:     text("Sunulan belge kabul edilemedi.", "The document that was shown could not be accepted."),
	PapersMissing:     text("Gerekli belgelerden biri eksik veya okunamıyor.", "One of the papers needed is missing or cannot be read."),
	NoRepresentation:  text("Temsil yetkisi belgelenemedi.", "The power to represent was not shown."),
	RegistryDisagrees: text("Başvuru, MERSİS veya sicil kaydıyla uyuşmuyor.", "The application does not agree with the registry."),
	WrongForm:         text("Başvuru formunun düzeltilmesi gerekiyor.", "The application form has to be corrected."),
	NotEntitled:       text("Mevzuata göre bu başvuru kabul edilemez.", "The law does not allow this application."),
	AddressRefused:    text("İstenen KEP adresi verilemez.", "The wished address cannot be given."),
	AnotherMethod:     text("Bu yöntemle doğrulama tamamlanamadı; başka bir yöntem seçiniz.", "Verification could not be completed this way; please choose another method."),
}

// Text is what the applicant reads.
func (r Reason) Text() rem.Text { return reasonTexts[r] }

// Valid reports whether it is of the list.
func (r Reason) Valid() bool { _, ok := reasonTexts[r]; return ok }

// Reasons lists all of them, sorted.
func Reasons() []Reason {
	var list []Reason
	for r := range reasonTexts {
		list = append(list, r)
	}
	slices.Sort(list)
	return list
}

// A Decision is an approver's, or an officer's refusal.
type Decision struct {
	By     rem.PersonID
	At     time.Time
	Reason Reason   // of a refusal
	Text   rem.Text // as the applicant was told; kept, because lists change
	// Identity is the record that an approval rests on.
	Identity identity.RecordID
}

// A Channel is a way by which the applicant shows that the account's beginning
// reached him (REQ-30).
type Channel string

// The channels.
const (
	MailLink   Channel = "mail-link"
	MobileCode Channel = "mobile-code"
	BySigning  Channel = "signature"
)

// A View is an application as its ledger has it.
type View struct {
	ID        person.ApplicationID
	Kind      person.Kind
	Aim       Aim
	For       rem.AccountID // of ToOperate: whose operator he is to be
	Applicant rem.PersonID  // who applies: natural, and the only one that may withdraw
	State     State
	Since     time.Time
	Due       time.Time // zero: nothing is due
	Steps     int       // committed so far
	Notice    Notice
	// Typed is what was typed so far, sealed whole.
	Typed privacy.SealedValue
	// Submitted is the newest form, or nil.
	Submitted *Submission
	Papers    []Paper
	Method    identity.Method
	// Records are those of identification, oldest first. The newest counts, and
	// only while it is of the newest form.
	Records  []identity.Record
	Reviewer rem.PersonID
	// Hands are the members of staff and partners who collected or cleared.
	Hands    []rem.PersonID
	Decision *Decision
	Returned Reason // why it last went back
	Account  rem.AccountID
	Channels []Channel
}

// Newest returns the newest record of identification for the newest form, or nil.
func (v *View) Newest() *identity.Record {
	if len(v.Records) == 0 || v.Submitted == nil {
		return nil
	}
	r := &v.Records[len(v.Records)-1]
	if r.Form != v.Submitted.Form {
		return nil
	}
	return r
}
