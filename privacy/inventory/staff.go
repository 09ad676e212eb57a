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

// staffRecords are the fields of the entries of the chain of staff
// (docs/formats/staff.md). Names and numbers are sealed, each under its own
// person's key.
func staffRecords() []privacy.Holding {
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
