package staff

import (
	"slices"

	"rem"
	"rem/person/application"
	"rem/privacy"
)

// A Role is what somebody may do for the provider. It is written, so the list is
// only ever added to.
type Role string

// The roles.
const (
	Manager  Role = "manager"  // appoints, ends, records training; confirms another's proposal
	Officer  Role = "officer"  // takes applications and identifies
	Approver Role = "approver" // decides on what an officer collected (REQ-22)
	Support  Role = "support"
	Security Role = "security" // looks into incidents
	Privacy  Role = "privacy"  // answers data subjects
	Operator Role = "operator" // runs the machines
	Auditor  Role = "auditor"  // reads records and changes nothing
	Partner  Role = "partner"  // identifies on site for a contracted institution (REQ-15)
)

type right struct {
	role Role
	name rem.Text
	// moves is the capacity in which it moves applications; 0: it moves none.
	moves application.Role
	// opens is as what it opens sealed values; "": it opens none. Contents of
	// messages are no sealed values, and no role has a way to them.
	opens privacy.Role
	// alone: nobody who has it has another.
	alone bool
}

// rights are what each role is in the other parts of the program; this is the
// only place that says so.
var rights = []right{
	{Manager, text("personel yöneticisi", "manager of staff"), 0, privacy.AsManager, false},
	{Officer, text("başvuru görevlisi", "application officer"), application.Officer, privacy.AsOfficer, false},
	{Approver, text("onay görevlisi", "approving officer"), application.Approver, privacy.AsApprover, false},
	{Support, text("destek görevlisi", "support officer"), 0, privacy.AsSupport, false},
	{Security, text("bilgi güvenliği görevlisi", "security officer"), 0, privacy.AsSecurity, false},
	{Privacy, text("kişisel veri görevlisi", "data protection officer"), 0, privacy.AsPrivacy, false},
	{Operator, text("sistem işletmeni", "operator of the system"), 0, "", false},
	{Auditor, text("denetçi", "auditor"), 0, "", true},
	{Partner, text("sözleşmeli kurumun görevlisi", "officer of a contracted institution"), application.Partner, privacy.AsPartner, true},
}

func text(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }

// Roles lists all of them.
func Roles() []Role {
	list := make([]Role, len(rights))
	for i, r := range rights {
		list[i] = r.role
	}
	return list
}

func (r Role) index() int {
	return slices.IndexFunc(rights, func(x right) bool { return x.role == r })
}

// Valid reports whether it is of the list.
func (r Role) Valid() bool { return r.index() >= 0 }

// Name is what people call it; the zero Text for none of the list.
func (r Role) Name() rem.Text {
	if i := r.index(); i >= 0 {
		return rights[i].name
	}
	return rem.Text{}
}

// Moves is the capacity in which it moves applications, 0 for none.
func (r Role) Moves() application.Role {
	if i := r.index(); i >= 0 {
		return rights[i].moves
	}
	return 0
}

// Opens is as what it opens sealed values, "" for none.
func (r Role) Opens() privacy.Role {
	if i := r.index(); i >= 0 {
		return rights[i].opens
	}
	return ""
}

// beside reports whether one person may have both roles.
func (r Role) beside(o Role) bool {
	i, j := r.index(), o.index()
	return i >= 0 && j >= 0 && (r == o || !rights[i].alone && !rights[j].alone)
}
