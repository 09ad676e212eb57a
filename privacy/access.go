package privacy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"rem"
)

// A Role is as what somebody opens values.
type Role string

// The roles. The first two are the account's own people, the third has an
// application and its secret; the others are the provider's staff and those who
// work for it.
const (
	AsHolder    Role = "holder"
	AsOperator  Role = "operator"
	AsApplicant Role = "applicant"

	AsOfficer  Role = "officer"  // takes applications and identifies
	AsApprover Role = "approver" // decides on what an officer collected
	AsPartner  Role = "partner"  // of a contracted institution
	AsSupport  Role = "support"
	AsSecurity Role = "security" // looks into an incident
	AsPrivacy  Role = "privacy"  // answers data subjects
	AsManager  Role = "manager"  // appoints staff, and sees whom
)

// Roles returns the closed list.
func Roles() []Word[Role] {
	return []Word[Role]{
		{AsHolder, rem.Text{Turkish: "hesap sahibi", English: "account holder"}, ""},
		{AsOperator, rem.Text{Turkish: "işlem yetkilisi", English: "operator of the account"}, ""},
		{AsApplicant, rem.Text{Turkish: "başvuran", English: "applicant"}, ""},
		{AsOfficer, rem.Text{Turkish: "başvuru görevlisi", English: "application officer"}, ""},
		{AsApprover, rem.Text{Turkish: "onay görevlisi", English: "approving officer"}, ""},
		{AsPartner, rem.Text{Turkish: "sözleşmeli kurumun görevlisi", English: "officer of a contracted institution"}, ""},
		{AsSupport, rem.Text{Turkish: "destek görevlisi", English: "support officer"}, ""},
		{AsSecurity, rem.Text{Turkish: "bilgi güvenliği görevlisi", English: "security officer"}, ""},
		{AsPrivacy, rem.Text{Turkish: "kişisel veri görevlisi", English: "data protection officer"}, ""},
		{AsManager, rem.Text{Turkish: "personel yöneticisi", English: "manager of staff"}, ""},
	}
}

var roles = Roles()

// Staff reports whether the role is not that of an account's own people, or of an
// applicant.
func (r Role) Staff() bool { return r != AsHolder && r != AsOperator && r != AsApplicant }

// A CaseID names the matter for which staff looks at values: an application, a
// request, an incident. It is an identifier of ours and holds no personal data.
type CaseID string

// An Access is who opens values, as what, for which purpose, in which case.
type Access struct {
	Actor   rem.Actor
	Role    Role
	Purpose PurposeID
	Case    CaseID // staff always has one
	// Sitting, where it is set and the account's own people open, lets one entry
	// stand for the same opening again within [SittingLasts]. "": each has its own.
	Sitting Sitting
}

// Why an access is refused. The errors of [Vault.Open] that wrap one of them
// wrap a *rem.Refusal too, with the text for whoever asked.
var (
	ErrNobody      = errors.New("no natural person asks")
	ErrRole        = errors.New("the role is not of the closed list")
	ErrNoCase      = errors.New("no case is named")
	ErrNotDeclared = errors.New("the purpose is not declared for the field")
)

// An Act is what was done with values (S01).
type Act string

// The acts.
const (
	Opened Act = "open"
	Erased Act = "erase"
	// Exported: messages were taken away in one piece, with everything in them.
	Exported Act = "export"
)

// AccountMessages stands for all messages of an account, in the entry of an export.
const AccountMessages FieldID = "account messages"

// Acts returns the closed list.
func Acts() []Word[Act] {
	return []Word[Act]{
		{Opened, rem.Text{Turkish: "görüntülendi", English: "opened"}, ""},
		{Erased, rem.Text{Turkish: "imha edildi", English: "erased"}, ""},
		{Exported, rem.Text{Turkish: "dışa aktarıldı", English: "exported"}, ""},
	}
}

// An AccessEntry is one line of the access log: who did what with which values
// of whom, when, why. It holds identifiers and no value. The log gives Number
// and Time. docs/formats/access-log.md.
type AccessEntry struct {
	Number  uint64    // from 1, without gaps
	Time    time.Time // UTC, never before that of the entry before
	Act     Act
	Actor   rem.PersonID // the natural person
	Account rem.AccountID
	Role    Role
	Purpose PurposeID
	Case    CaseID
	Person  rem.PersonID // whom the values are about
	Fields  []FieldID
}

// An AccessLog takes entries before values are opened. It may be used from many
// goroutines.
type AccessLog interface {
	// Record appends the entries, together and in their order. They are durable
	// when it returns nil; after an error they may be there or not.
	Record(ctx context.Context, entries ...AccessEntry) error
}

// check says whether the access may be at all, whatever it opens.
func (a *Access) check(person rem.PersonID) error {
	switch {
	case a.Actor.Person == "":
		return refuseAccess(ErrNobody, "Kişisel veriyi yalnızca belirli bir gerçek kişi açabilir.", "Only a named natural person can open personal data.")
	case !known(roles, a.Role):
		return refuseAccess(ErrRole, "Kişisel veri bu rolle açılamaz.", "Personal data cannot be opened in this role.")
	case a.Case == "" && a.Role.Staff():
		return refuseAccess(ErrNoCase, "Kişisel veri ancak bir dosya için açılabilir.", "Personal data can be opened for a case only.")
	case a.Case == "" && person != a.Actor.Person && person != a.Actor.Holder:
		return refuseAccess(ErrNoCase, "Başkasının verisi ancak bir dosya için açılabilir.", "Data of others can be opened for a case only.")
	case len(a.Actor.Person) > maxName || len(a.Actor.Account) > maxName || len(a.Case) > maxName:
		return refuseAccess(ErrNoCase, "Kimlik veya dosya adı çok uzun.", "An identifier or the name of the case is too long.")
	}
	return nil
}

func refuseAccess(why error, turkish, english string) error {
	return fmt.Errorf("%w: %w", why, rem.Refuse(rem.PolicyViolation, turkish, english))
}

// allows says whether the access may open the field.
func (f *field) allows(p PurposeID) error {
	if !slices.Contains(f.purposes, p) {
		return refuseAccess(ErrNotDeclared, "Bu alan bu amaçla açılamaz.", "This field cannot be opened for this purpose.")
	}
	return nil
}
