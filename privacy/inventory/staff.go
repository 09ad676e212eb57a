package inventory

import (
	"slices"

	"rem/privacy"
)

// What is known about the provider's people and those of contracted institutions
// (provider/staff, provider/partner).
const (
	memberName     privacy.DatumID = "staff-member-name"
	memberNumber   privacy.DatumID = "staff-identity-number"
	memberID       privacy.DatumID = "staff-identifier"
	memberRole     privacy.DatumID = "staff-role"
	memberTraining privacy.DatumID = "staff-training"
	memberToken    privacy.DatumID = "staff-invitation"
)

func employees() []privacy.Datum {
	var (
		who    = []privacy.SubjectID{privacy.Staff, privacy.Partners}
		record = []privacy.PurposeID{privacy.Security, privacy.LegalRecord}
	)
	return []privacy.Datum{
		datum(memberName, text("Çalışanın adı ve soyadı", "Name of who works for us"), privacy.Identity, who, record, privacy.ByStaff, privacy.NotSpecial, privacy.Confidential, ""),
		datum(memberNumber, text("İmza atan çalışanın kimlik numarası", "Identity number of who signs for us"), privacy.Identity, who, append([]privacy.PurposeID{privacy.Identification}, record...), privacy.ByStaff, privacy.NotSpecial, privacy.Secret, ""),
		datum(memberID, text("Çalışanın kimliği (takma ad)", "Identifier of who works for us (a pseudonym)"), privacy.SecurityLog, who, record, privacy.ByProgram, privacy.NotSpecial, privacy.Internal, ""),
		datum(memberRole, text("Çalışanın rolleri, süreleri ve görevlendirenler", "Roles of who works for us, their terms, and who appointed"), privacy.SecurityLog, who, record, privacy.ByStaff, privacy.NotSpecial, privacy.Internal, ""),
		datum(memberTraining, text("Çalışanın eğitimleri ve onayladığı politikalar", "Training of who works for us, and policies acknowledged"), privacy.SecurityLog, who, record, privacy.ByStaff, privacy.NotSpecial, privacy.Internal, ""),
		datum(memberToken, text("Çalışana verilen davet", "Invitation given to who works for us"), privacy.SecurityLog, who, record, privacy.ByProgram, privacy.NotSpecial, privacy.Secret, ""),
	}
}

// staffRecords are the places of what is known about staff, and of contracted
// institutions and their work orders.
func staffRecords() []privacy.Holding {
	return slices.Concat(staffEntries(), partnerRecords(), staffColumns(), staffSocket())
}

// staffEntries are the fields of the entries of the chain of staff
// (docs/formats/staff.md). Names and numbers are sealed, each under its own
// person's key.
func staffEntries() []privacy.Holding {
	record := manner{privacy.Field, privacy.Plain, privacy.DataFolder, privacy.KeepStaff, []privacy.RecipientID{privacy.OwnStaff}}
	const entry = "staff.Entry."
	return slices.Concat(
		[]privacy.Holding{
			record.as(privacy.Sealed).holds(entry+"Name", memberName),
			record.as(privacy.Sealed).holds(entry+"Number", memberNumber),
			record.as(privacy.Pseudonym).holds(entry+"Person", memberID),
			record.as(privacy.Pseudonym).holds(entry+"By", memberID),
			record.as(privacy.Hashed).holds(entry+"Digest", memberToken, memberTraining),
			record.holds(entry+"Act", memberRole),
			record.holds(entry+"Method", memberTraining),
			record.holds(entry+"Role", memberRole),
			record.holds(entry+"From", memberRole, memberTraining),
			record.holds(entry+"Until", memberRole, memberTraining),
			record.holds(entry+"Reason", memberRole),
			record.holds(entry+"Institution", memberRole),
			record.holds(entry+"Subject", memberTraining),
			record.holds(entry+"Version", memberTraining),
		},
		technical(privacy.Field, ofCode, entry+"Door"),
		technical(privacy.Field, order, entry+"Proposal"),
		technical(privacy.Field, byParts, entry+"Link"),
	)
}

// partnerRecords are the fields of contracted institutions and of the steps of
// their work orders (docs/formats/work-order.md).
func partnerRecords() []privacy.Holding {
	record := manner{privacy.Field, privacy.Plain, privacy.DataFolder, privacy.KeepRecord, []privacy.RecipientID{privacy.OwnStaff, privacy.Contracted}}
	staff := record.as(privacy.Pseudonym)
	digests := record.as(privacy.Hashed)
	var list []privacy.Holding
	each := func(m manner, of string, data []privacy.DatumID, names ...string) {
		for _, name := range names {
			list = append(list, m.holds(of+"."+name, data...))
		}
	}
	of := func(d ...privacy.DatumID) []privacy.DatumID { return d }
	each(record, "partner.StepData", of(progress), "Order", "At", "Role", "On", "From", "To", "Reason")
	each(staff, "partner.StepData", of(memberID), "Who")
	each(record, "partner.StepData", of(memberTraining), "Method")
	each(digests, "partner.StepData", of(identification), "Text")
	each(record, "partner.Brief", of(progress), "ID", "Application", "Institution", "Kind", "Represented", "Documents", "Issued", "Expires")
	each(record, "partner.Brief", of(personID), "Subject")
	each(record, "partner.Brief", of(postalAddress), "Province")
	each(digests, "partner.Brief", of(identityNumber, applicantName), "Form")
	each(digests, "partner.Brief", of(postalAddress), "Address")
	each(record, "partner.Result", of(identification), "Order", "Application", "At", "Papers")
	each(staff, "partner.Result", of(memberID), "By")
	each(digests, "partner.Result", of(identityNumber, applicantName), "Form")
	each(digests, "partner.Result", of(postalAddress), "Visited")
	each(record, "partner.Handover", of(identification), "Papers", "At")
	each(staff, "partner.Handover", of(memberID), "From", "To")
	each(digests, "partner.Handover", of(identification), "Text")
	each(record, "partner.Handover", of(memberTraining), "Method")
	each(record, "partner.Institution", of(memberRole), "Added", "Ended")
	each(staff, "partner.Institution", of(memberID), "AddedBy", "EndedBy")
	return slices.Concat(list,
		technical(privacy.Field, order, "partner.StepData.Number"),
		technical(privacy.Field, ofCode, "partner.Handover.Ours"),
		technical(privacy.Field, ofPeer, "partner.Institution.ID", "partner.Institution.Name", "partner.Institution.Contract", "partner.Institution.From",
			"partner.Institution.Until", "partner.Institution.Provinces"),
		technical(privacy.Field, byParts, "partner.StepData.Brief", "partner.StepData.Result", "partner.StepData.Signature", "partner.StepData.Evidence",
			"partner.StepData.Custody", "partner.Result.Document", "partner.Result.Checklist", "partner.Result.Compared"),
	)
}

// staffColumns are those of edge/personstore/migrations/0003.sql.
func staffColumns() []privacy.Holding {
	staff := manner{privacy.Column, privacy.Plain, privacy.DataFolder, privacy.KeepStaff, []privacy.RecipientID{privacy.OwnStaff}}
	record := staff.keep(privacy.KeepRecord)
	record.to = []privacy.RecipientID{privacy.OwnStaff, privacy.Contracted}
	return slices.Concat(
		[]privacy.Holding{
			staff.holds("staff_entry.body", memberName, memberNumber, memberID, memberRole, memberTraining, memberToken),
			staff.holds("partner_institution.added", memberRole),
			staff.holds("partner_institution.added_by", memberID),
			staff.holds("partner_institution.ended", memberRole),
			staff.holds("partner_institution.ended_by", memberID),
			record.holds("partner_order.id", progress),
			record.holds("partner_order.application", progress),
			record.holds("partner_order.institution", progress),
			record.holds("partner_order.state", progress),
			record.holds("partner_order.due", progress),
			record.holds("partner_order.out", progress),
			record.holds("partner_step.body", progress, personID, postalAddress, identityNumber, applicantName, identification, certificate, memberID, memberTraining),
		},
		technical(privacy.Column, order, "staff_entry.number", "partner_order.n", "partner_order.steps", "partner_step.n", "partner_step.number"),
		technical(privacy.Column, ofPeer, "partner_institution.id", "partner_institution.name", "partner_institution.contract", "partner_institution.from_time",
			"partner_institution.until_time", "partner_institution.provinces"),
	)
}

// staffSocket are the fields of the control socket about staff and contracted
// institutions.
func staffSocket() []privacy.Holding {
	asked := manner{privacy.ControlField, privacy.Plain, privacy.Socket, privacy.KeepAnswer, []privacy.RecipientID{privacy.OwnStaff}}
	return slices.Concat(
		[]privacy.Holding{
			asked.holds("{person}", memberID),
			asked.holds("NewStaff.name", memberName),
			asked.holds("NewStaff.number", memberNumber),
			asked.holds("NewStaff.institution", memberRole),
			asked.holds("StaffWish.role", memberRole),
			asked.holds("StaffWish.from", memberRole),
			asked.holds("StaffWish.until", memberRole),
			asked.holds("StaffMember.person", memberID),
			asked.holds("StaffMember.name", memberName),
			asked.holds("StaffMember.institution", memberRole),
			asked.holds("StaffMember.roles", memberRole),
			asked.holds("StaffMember.joined", memberRole),
			asked.holds("StaffMember.left", memberRole),
			asked.holds("StaffMember.enrolled", memberRole),
			asked.holds("StaffMember.trained", memberTraining),
			asked.holds("StaffMember.bound", memberTraining),
			asked.holds("StaffMember.lacks", memberTraining),
			asked.holds("StaffProposal.person", memberID),
			asked.holds("StaffProposal.new", memberRole),
			asked.holds("StaffProposal.institution", memberRole),
			asked.holds("StaffProposal.by", memberID),
			asked.holds("StaffProposal.at", memberRole),
			asked.holds("StaffEnd.role", memberRole),
			asked.holds("StaffEnd.reason", memberRole),
			asked.holds("StaffTraining.subject", memberTraining),
			asked.holds("StaffTraining.version", memberTraining),
			asked.holds("StaffTraining.passed", memberTraining),
			asked.holds("StaffTraining.until", memberTraining),
			asked.holds("Invitation.token", memberToken),
			asked.holds("Invitation.until", memberToken),
		},
		technical(privacy.ControlField, order, "{number}", "StaffProposal.number", "StaffEnd.anyway"),
		technical(privacy.ControlField, ofSystem, "?case", "StaffPolicy.subject", "StaffPolicy.version", "StaffPolicy.digest", "StaffPolicy.from", "StaffPolicy.text"),
		technical(privacy.ControlField, ofPeer, "Institution.id", "Institution.name", "Institution.contract", "Institution.from", "Institution.until",
			"Institution.provinces", "Institution.ended"),
		technical(privacy.LogKey, ofPeer, "node:institution"),
	)
}
