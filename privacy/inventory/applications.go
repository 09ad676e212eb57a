package inventory

import (
	"slices"

	"rem/privacy"
)

// What is known about applicants. The form's fields name these data
// (person/application).
const (
	identityNumber privacy.DatumID = "identity-number"
	applicantName  privacy.DatumID = "applicant-name"
	birthDate      privacy.DatumID = "birth-date"
	applicantTitle privacy.DatumID = "applicant-title"
	businessNumber privacy.DatumID = "business-number"
	businessTitle  privacy.DatumID = "business-title"
	postalAddress  privacy.DatumID = "postal-address"
	phone          privacy.DatumID = "phone"
	mailAddress    privacy.DatumID = "mail-address"
	wishedAddress  privacy.DatumID = "wished-address"
	service        privacy.DatumID = "account-service"
	progress       privacy.DatumID = "application-progress"
	identification privacy.DatumID = "identification"
	decision       privacy.DatumID = "application-decision"
)

func applicants() []privacy.Datum {
	var (
		who      = []privacy.SubjectID{privacy.Applicants, privacy.Holders, privacy.Operators}
		identify = []privacy.PurposeID{privacy.Identification, privacy.AccountOpening, privacy.LegalRecord}
		open     = []privacy.PurposeID{privacy.AccountOpening, privacy.LegalRecord}
		reach    = []privacy.PurposeID{privacy.AccountOpening, privacy.Notices, privacy.LegalRecord}
		// What is only in the answers is no record of twenty years before the
		// account takes it over.
		asked   = []privacy.PurposeID{privacy.Identification, privacy.AccountOpening}
		contact = []privacy.PurposeID{privacy.AccountOpening, privacy.Notices}
	)
	return []privacy.Datum{
		datum(identityNumber, text("Kimlik numarası (T.C., yabancı veya pasaport)", "Identity number (citizen's, foreigner's or of a passport)"), privacy.Identity, who, identify, privacy.ByPerson, privacy.NotSpecial, privacy.Secret, ""),
		datum(applicantName, text("Başvuranın ve temsilcinin adı ve soyadı", "Names of the applicant and of who represents him"), privacy.Identity, who, identify, privacy.ByPerson, privacy.NotSpecial, privacy.Confidential, ""),
		datum(birthDate, text("Doğum tarihi", "Date of birth"), privacy.Identity, who, asked, privacy.ByPerson, privacy.NotSpecial, privacy.Secret, ""),
		datum(applicantTitle, text("Unvan, görev veya temsil sıfatı", "Title, office or capacity"), privacy.Identity, who, asked, privacy.ByPerson, privacy.NotSpecial, privacy.Confidential, ""),
		datum(businessNumber, text("Tüzel kişinin numaraları (MERSİS, sicil, vergi, DETSİS)", "Numbers of a legal person (MERSİS, registry, tax, DETSİS)"), privacy.Identity, who, identify, privacy.ByPerson, privacy.NotSpecial, privacy.Confidential, ""),
		datum(businessTitle, text("Tüzel kişinin unvanı ve faaliyet alanı", "Name and field of activity of a legal person"), privacy.Identity, who, identify, privacy.ByPerson, privacy.NotSpecial, privacy.Confidential, ""),
		datum(postalAddress, text("Posta adresi", "Postal address"), privacy.ContactData, who, identify, privacy.ByPerson, privacy.NotSpecial, privacy.Confidential, privacy.GeographicPlace),
		datum(phone, text("Cep telefonu", "Mobile phone"), privacy.ContactData, who, append(slices.Clone(contact), privacy.Carriage), privacy.ByPerson, privacy.NotSpecial, privacy.Confidential, ""),
		datum(mailAddress, text("Bildirim için e-posta adresi", "E-mail address for notices"), privacy.ContactData, who, contact, privacy.ByPerson, privacy.NotSpecial, privacy.Confidential, privacy.MailAddresses),
		datum(wishedAddress, text("İstenen KEP adresi", "Wished KEP address"), privacy.ContactData, who, open, privacy.ByPerson, privacy.NotSpecial, privacy.Confidential, privacy.MailAddresses),
		datum(service, text("Hizmet alma şekli", "Form of service"), privacy.Customer, who, open, privacy.ByPerson, privacy.NotSpecial, privacy.Internal, ""),
		datum(progress, text("Başvurunun adımları, zamanları ve kabul edilen metinler", "Steps of an application, their times, and the texts accepted"), privacy.Customer, who, append([]privacy.PurposeID{privacy.Identification}, reach...), privacy.ByProgram, privacy.NotSpecial, privacy.Internal, ""),
		datum(identification, text("Kimlik doğrulama kaydı (yöntem, belge türü, maskeli numara, denetim listesi)", "Record of identification (method, kind of document, masked number, checklist)"), privacy.Identity, who, identify, privacy.ByProgram, privacy.NotSpecial, privacy.Confidential, ""),
		datum(decision, text("Başvuru hakkında karar ve gerekçesi", "Decision about an application, and its reason"), privacy.Legal, who, reach, privacy.ByProgram, privacy.NotSpecial, privacy.Confidential, ""),
	}
}

// applications are the fields of what a ledger of applications keeps. Every
// answer of the form is sealed; the rest points at people by identifiers alone,
// but for the address, which has to be compared.
func applications() []privacy.Holding {
	answer := manner{privacy.Field, privacy.Sealed, privacy.DataFolder, privacy.KeepApplication, []privacy.RecipientID{privacy.OwnPeople, privacy.OwnStaff}}
	step := answer.as(privacy.Plain)
	record := step.keep(privacy.KeepRecord)
	// What somebody sees who calls on the applicant (provider/partner).
	seen := answer
	seen.to = []privacy.RecipientID{privacy.OwnPeople, privacy.OwnStaff, privacy.Contracted}
	digests := record.as(privacy.Hashed)
	var list []privacy.Holding
	each := func(m manner, of string, data []privacy.DatumID, names ...string) {
		for _, name := range names {
			list = append(list, m.holds(of+"."+name, data...))
		}
	}
	of := func(d ...privacy.DatumID) []privacy.DatumID { return d }

	const answers = "application.Answers"
	each(answer, answers, of(identityNumber), "IdentityNumber", "PassportNumber", "RepresentativeIdentity")
	each(seen, answers, of(applicantName), "GivenNames", "FamilyName", "RepresentativeGiven", "RepresentativeFamily")
	each(answer, answers, of(birthDate), "BirthDate", "RepresentativeBirth")
	each(answer, answers, of(applicantTitle), "Profession", "RepresentativeCapacity")
	each(answer, answers, of(businessNumber), "MERSIS", "RegistryNumber", "RegistryOffice", "TaxNumber", "DETSIS")
	each(seen, answers, of(businessTitle), "Title")
	each(answer, answers, of(businessTitle), "ShortName", "Activity")
	each(seen, answers, of(postalAddress), "AddressLine", "District", "Province", "PostalCode")
	each(answer, answers, of(phone), "Mobile")
	each(answer, answers, of(mailAddress), "MailAddress")
	each(answer, answers, of(wishedAddress), "Address")
	each(answer, answers, of(service), "Service")
	each(answer, "application.StepData", of(identityNumber, applicantName, birthDate, applicantTitle, businessNumber, businessTitle, postalAddress, phone, mailAddress, wishedAddress, service), "Typed")
	each(answer, "application.Submission", of(businessTitle), "Company")

	each(record, "application.StepData", of(progress), "At", "On", "From", "To", "Owes", "Tells", "Due", "Resolves", "Kind", "Aim", "Release", "Channels", "Method")
	each(record, "application.StepData", of(accountID), "Account", "For")
	each(record, "application.StepData", of(decision), "Reason")
	each(record, "application.By", of(staffAct, progress), "Role")
	each(record, "application.Notice", of(progress), "Delivery", "At")
	each(digests, "application.Submission", of(identityNumber, applicantName), "Form")
	each(record, "application.Submission", of(progress), "Represented", "At")
	each(record, "application.Submission", of(personID), "Holder", "Shower")
	each(record, "application.Submission", of(wishedAddress), "Address")
	each(record, "application.Submission", of(service), "Service")
	each(record, "application.Header", of(progress), "Made")
	each(record, "identity.Case", of(progress), "Kind", "Identity", "Represented")
	each(record, "identity.Case", of(postalAddress), "Province")
	each(record, "application.Paper", of(progress), "Kind", "Size", "Media", "At", "Scan")
	each(digests, "application.Paper", of(businessTitle, applicantName), "Digest")
	each(record, "application.Decision", of(decision), "At", "Reason", "Identity")
	each(record, "application.Decision", of(personID, staffAct), "By")
	each(record, "person.Reservation", of(wishedAddress), "Address")
	each(record, "person.Reservation", of(personID), "Holder")
	each(record, "person.Reservation", of(progress), "Until", "Application")
	each(record, "application.StepData", of(progress), "Application")
	each(record, "application.Header", of(progress), "Application")
	each(record, "application.Intention", of(progress), "Key", "Application", "At", "Body")

	each(record, "identity.Record", of(identification), "ID", "Application", "Kind", "Represented", "Method", "At")
	each(record, "identity.Record", of(personID), "Subject")
	each(digests, "identity.Record", of(identityNumber, applicantName), "Form")
	each(record, "identity.Collector", of(personID, staffAct), "Person")
	each(record, "identity.Collector", of(identification), "Role", "Adapter", "Simulated")
	each(record, "identity.Document", of(identification), "Kind", "Number", "Issuer", "Until", "Genuine")
	each(record, "identity.Checked", of(identification), "Item", "Passed")
	each(record, "identity.Comparison", of(identification), "Part", "Same")
	each(record, "identity.Evidence", of(identification), "Kind", "Size", "At")
	each(digests, "identity.Evidence", of(identification, certificate), "Digest")
	each(record, "identity.SignatureFinding", of(identification), "Verdict", "Claimed", "Proof", "Proven")
	each(digests, "identity.SignatureFinding", of(certificate), "Certificate", "Chain")
	each(record, "identity.WorkOrder", of(identification), "ID", "Institution", "Issued", "Expires", "HandedOver")
	each(digests, "identity.WorkOrder", of(postalAddress), "Address", "Visited")
	each(record, "identity.RegistryFinding", of(identification), "Asked", "Certificate", "Differs")
	each(digests, "identity.RegistryFinding", of(businessNumber, businessTitle), "Answer")
	each(record, "identity.Clearance", of(personID, staffAct), "By")
	each(record, "identity.Clearance", of(identification), "At", "Doubts", "Reason")

	return slices.Concat(list,
		technical(privacy.Field, order, "application.StepData.Number", "application.Agreement.Version"),
		technical(privacy.Field, ofCode, "application.Agreement.Kind"),
		technical(privacy.Field, ofSystem, "application.Header.Notice", "application.Agreement.Digest", "application.Notice.Digest"),
		technical(privacy.Field, ofPeer, "application.Header.Provider"),
		technical(privacy.Field, ofSentence, "application.Decision.Text"),
		technical(privacy.Field, byParts,
			"application.StepData.By", "application.By.Actor", "application.StepData.Notice", "application.StepData.Submitted", "application.StepData.Papers",
			"application.StepData.Identity", "application.StepData.Decision", "application.StepData.Reserve", "application.StepData.Known", "application.Submission.Answers",
			"application.Submission.Header", "application.Submission.Case", "application.Header.Agreements", "identity.Record.By", "identity.Record.Document",
			"identity.Record.Checklist", "identity.Record.Compared", "identity.Record.Signed", "identity.Record.Order", "identity.Record.Registry",
			"identity.Record.Evidence", "identity.Record.Cleared"),
	)
}

// applicationColumns are the tables of edge/personstore/migrations/0001.sql. What
// an applicant answered is in body and view, sealed value by value as
// application.Answers says. The address stands in the clear, as it does in the
// index of messages: it has to be unique exactly, it is shown to whoever writes
// to it, and every step of a registered message names it.
func applicationColumns() []privacy.Holding {
	record := manner{privacy.Column, privacy.Plain, privacy.DataFolder, privacy.KeepRecord, []privacy.RecipientID{privacy.OwnPeople, privacy.OwnStaff}}
	account := record.keep(privacy.KeepAccount)
	token := record.as(privacy.Hashed).keep(privacy.KeepApplication)
	work := record.keep(privacy.KeepWork)
	inStep := []privacy.DatumID{progress, wishedAddress, service, identification, decision, personID, staffAct, accountID, identityNumber, applicantName, certificate}
	return slices.Concat([]privacy.Holding{
		record.holds("application.id", progress),
		record.holds("application.kind", progress),
		record.holds("application.applicant", personID),
		record.holds("application.state", progress, decision),
		record.holds("application.since", progress),
		record.holds("application.due", progress),
		record.holds("application.method", progress),
		record.holds("application.reviewer", personID, staffAct),
		record.holds("application.view", inStep...),
		record.holds("application_step.body", inStep...),
		record.holds("application_person.person", personID),
		record.holds("application_person.application", progress),
		token.holds("application_token.token", identityNumber, businessNumber),
		token.holds("application_token.application", progress),
		work.holds("application_intention.key", progress),
		work.holds("application_intention.application", progress),
		work.holds("application_intention.at", progress),
		work.holds("application_intention.body", progress, identification),
		account.holds("address.address", wishedAddress),
		account.holds("address.application", progress),
		account.holds("address.wanted_by", personID),
		account.holds("address.until", progress),
		account.holds("address.reserved", progress),
		account.holds("address.account", accountID),
		account.holds("address.holder", personID),
		account.holds("address.closed", progress),
		account.holds("address.since", progress),
	},
		technical(privacy.Column, order, "application.n", "application.steps", "application_step.application", "application_step.number", "application_intention.n"),
		technical(privacy.Column, ofCode, "application_count.state"),
		technical(privacy.Column, order, "application_count.n"),
	)
}
