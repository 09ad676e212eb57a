package inventory

import (
	"slices"

	"rem/privacy"
)

// What enrolment keeps beside the application (person/enrolment).
const (
	handedPaper privacy.DatumID = "handed-in-paper"
	shownProof  privacy.DatumID = "channel-proof"
)

func enrolled() []privacy.Datum {
	who := []privacy.SubjectID{privacy.Applicants, privacy.Holders, privacy.Operators}
	return []privacy.Datum{
		datum(handedPaper, text("Verilen ve kimlik doğrulamasının dayandığı belgeler (maskeli kopya, imza sirküleri, imzalı form, sertifika)", "Papers handed in, and those that an identification rests on (masked copy, signature circular, signed form, certificate)"), privacy.Identity, who,
			[]privacy.PurposeID{privacy.Identification, privacy.AccountOpening}, privacy.ByPerson, privacy.NotSpecial, privacy.Secret, ""),
		datum(shownProof, text("E-posta bağlantısının açıldığı, SMS kodunun girildiği zaman; randevu", "When the mail's link was opened and the code entered; appointment"), privacy.Customer, who,
			[]privacy.PurposeID{privacy.AccountOpening, privacy.Identification, privacy.Security}, privacy.ByProgram, privacy.NotSpecial, privacy.Internal, ""),
	}
}

// enrolment are the fields of what enrolment has its store keep. Papers are sealed
// in pieces; an account's answers are sealed for the account, one by one.
func enrolment() []privacy.Holding {
	answer := manner{privacy.Field, privacy.Sealed, privacy.DataFolder, privacy.KeepApplication, []privacy.RecipientID{privacy.OwnPeople, privacy.OwnStaff}}
	account := answer.keep(privacy.KeepAccount)
	plain := account.as(privacy.Plain)
	work := plain.keep(privacy.KeepApplication)
	digests := work.as(privacy.Hashed)
	var list []privacy.Holding
	each := func(m manner, of string, data []privacy.DatumID, names ...string) {
		for _, name := range names {
			list = append(list, m.holds("enrolment."+of+"."+name, data...))
		}
	}
	of := func(d ...privacy.DatumID) []privacy.DatumID { return d }
	each(answer, "Paper", of(handedPaper), "Chunk")
	each(account, "Detail", of(identityNumber, applicantName, birthDate, applicantTitle, businessNumber, businessTitle, postalAddress, phone, mailAddress, wishedAddress, service), "Value")
	each(plain, "Detail", of(progress), "Name")
	each(account, "Profile", of(phone), "Mobile")
	each(account, "Profile", of(mailAddress), "Mail")
	each(plain, "Profile", of(accountID), "Account")
	each(plain, "Profile", of(progress), "Application", "Kind", "At")
	each(plain, "Profile", of(personID), "Holder", "Shower")
	each(digests, "Link", of(progress), "ID")
	each(work, "Link", of(progress), "Application", "Shower", "Mail", "Made", "Until")
	each(work, "Link", of(personID), "Bearer")
	each(digests, "Proofs", of(shownProof), "Code")
	each(work, "Proofs", of(shownProof), "Application", "Mail", "Until", "Sent", "Tries", "Sends", "First", "Mobile", "Spent")
	each(work.keep(privacy.KeepWork), "Appointment", of(shownProof), "Application", "Office", "At", "Made")
	each(work, "batch", of(progress), "id", "made", "notice", "rows")
	each(digests, "batch", of(applicantName, identityNumber), "file")
	return slices.Concat(list,
		technical(privacy.Field, order, "enrolment.Proofs.Version"),
		technical(privacy.Field, byParts, "enrolment.Profile.Details", "enrolment.batch.by"),
	)
}

// enrolmentColumns are those of edge/personstore/migrations/0005.sql.
func enrolmentColumns() []privacy.Holding {
	record := manner{privacy.Column, privacy.Plain, privacy.DataFolder, privacy.KeepAccount, []privacy.RecipientID{privacy.OwnPeople, privacy.OwnStaff}}
	work := record.keep(privacy.KeepApplication)
	return slices.Concat([]privacy.Holding{
		record.as(privacy.Hashed).holds("person_number.token", identityNumber, businessNumber),
		record.holds("person_number.person", personID),
		record.holds("person_number.at", progress),
		record.holds("person_known.person", personID),
		record.holds("person_known.at", identification),
		work.as(privacy.Hashed).holds("enrolment_link.id", progress),
		work.holds("enrolment_link.application", progress),
		work.holds("enrolment_link.bearer", personID),
		work.holds("enrolment_link.shower", progress),
		work.holds("enrolment_link.mail", progress),
		work.holds("enrolment_link.made", progress),
		work.holds("enrolment_link.until", progress),
		work.holds("enrolment_proof.application", progress),
		work.holds("enrolment_proof.mail", shownProof),
		work.as(privacy.Hashed).holds("enrolment_proof.code", shownProof),
		work.holds("enrolment_proof.until", shownProof),
		work.holds("enrolment_proof.sent", shownProof),
		work.holds("enrolment_proof.tries", shownProof),
		work.holds("enrolment_proof.sends", shownProof),
		work.holds("enrolment_proof.first", shownProof),
		work.holds("enrolment_proof.mobile", shownProof),
		work.holds("enrolment_proof.spent", shownProof),
		work.keep(privacy.KeepWork).holds("enrolment_appointment.application", progress),
		work.keep(privacy.KeepWork).holds("enrolment_appointment.office", shownProof),
		work.keep(privacy.KeepWork).holds("enrolment_appointment.at", shownProof),
		work.keep(privacy.KeepWork).holds("enrolment_appointment.made", shownProof),
		record.holds("enrolment_profile.account", accountID),
		record.holds("enrolment_profile.application", progress),
		record.holds("enrolment_profile.kind", progress),
		record.holds("enrolment_profile.holder", personID),
		record.holds("enrolment_profile.shower", personID),
		record.holds("enrolment_profile.at", progress),
		record.holds("enrolment_detail.name", progress),
	},
		technical(privacy.Column, order, "enrolment_link.n", "enrolment_proof.version", "enrolment_profile.n", "enrolment_detail.profile", "enrolment_detail.number"),
		technical(privacy.Column, byParts, "enrolment_profile.mobile", "enrolment_profile.mail", "enrolment_detail.value"),
	)
}
