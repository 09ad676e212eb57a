package inventory

import (
	"rem"
	"rem/privacy"
)

// What is known about people. An identifier says what it is, wherever it is kept.
const (
	holderName       privacy.DatumID = "holder-name"
	holderKind       privacy.DatumID = "holder-kind"
	accountAddress   privacy.DatumID = "account-address"
	accountID        privacy.DatumID = "account-identifier"
	accountState     privacy.DatumID = "account-state"
	operatorName     privacy.DatumID = "operator-name"
	operatorIdentity privacy.DatumID = "operator-identity-number"
	operatorPowers   privacy.DatumID = "operator-powers"
	personID         privacy.DatumID = "person-identifier"
	password         privacy.DatumID = "application-password"
	passwordHash     privacy.DatumID = "password-hash"
	login            privacy.DatumID = "login"
	otherAddress     privacy.DatumID = "correspondent-address"
	otherName        privacy.DatumID = "correspondent-name"
	subject          privacy.DatumID = "message-subject"
	content          privacy.DatumID = "message-content"
	messageID        privacy.DatumID = "message-identifier"
	programID        privacy.DatumID = "program-message-id"
	digest           privacy.DatumID = "message-digest"
	traffic          privacy.DatumID = "message-traffic"
	opening          privacy.DatumID = "message-opening"
	certificate      privacy.DatumID = "signature-certificate"
	network          privacy.DatumID = "network-address"
	staffName        privacy.DatumID = "staff-name"
	staffAct         privacy.DatumID = "staff-act"
	replyText        privacy.DatumID = "peer-reply"
	accessRecord     privacy.DatumID = "access-record"
)

func text(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }

// datum makes one row of the table.
func datum(id privacy.DatumID, name rem.Text, category privacy.CategoryID, of []privacy.SubjectID, purposes []privacy.PurposeID,
	from privacy.SourceID, special privacy.SpecialID, class privacy.ClassID, collected privacy.CollectedID) privacy.Datum {
	return privacy.Datum{ID: id, Name: name, Category: category, Subjects: of, Purposes: purposes, Source: from, Special: special, Class: class, Collected: collected}
}

// data returns what is known about people.
func data() []privacy.Datum {
	var (
		ours    = []privacy.SubjectID{privacy.Holders, privacy.Operators}
		all     = []privacy.SubjectID{privacy.Holders, privacy.Operators, privacy.Correspondents}
		service = []privacy.PurposeID{privacy.AccountUse, privacy.Carriage, privacy.LegalRecord}
		carried = []privacy.PurposeID{privacy.Carriage, privacy.LegalRecord}
	)
	return []privacy.Datum{
		datum(holderName, text("Hesap sahibinin adı veya unvanı", "Name of the account's holder"), privacy.Identity, []privacy.SubjectID{privacy.Holders},
			[]privacy.PurposeID{privacy.AccountOpening, privacy.AccountUse, privacy.Carriage, privacy.LegalRecord}, privacy.ByStaff, privacy.NotSpecial, privacy.Confidential, ""),
		datum(holderKind, text("Hesap sahibinin gerçek veya tüzel kişi olması", "Whether the holder is a natural or a legal person"), privacy.Identity, []privacy.SubjectID{privacy.Holders},
			[]privacy.PurposeID{privacy.AccountOpening, privacy.AccountUse, privacy.LegalRecord}, privacy.ByStaff, privacy.NotSpecial, privacy.Internal, ""),
		datum(accountAddress, text("KEP adresi", "KEP address"), privacy.ContactData, ours, service, privacy.ByStaff, privacy.NotSpecial, privacy.Confidential, privacy.MailAddresses),
		datum(accountID, text("Hesap kimliği", "Identifier of the account"), privacy.Customer, ours, append([]privacy.PurposeID{privacy.Security, privacy.Notices}, service...), privacy.ByProgram, privacy.NotSpecial, privacy.Internal, ""),
		datum(accountState, text("Hesabın durumu, açılışı, kotası ve doluluğu", "State, opening, quota and filling of the account"), privacy.Customer, []privacy.SubjectID{privacy.Holders},
			[]privacy.PurposeID{privacy.AccountUse, privacy.Notices, privacy.LegalRecord}, privacy.ByProgram, privacy.NotSpecial, privacy.Internal, ""),
		datum(operatorName, text("İşlem yetkilisinin adı", "Name of the operator"), privacy.Identity, []privacy.SubjectID{privacy.Operators},
			[]privacy.PurposeID{privacy.AccountOpening, privacy.AccountUse, privacy.Carriage, privacy.LegalRecord}, privacy.ByStaff, privacy.NotSpecial, privacy.Confidential, ""),
		datum(operatorIdentity, text("İşlem yetkilisinin sertifikasındaki kimlik numarası", "Identity number in the operator's certificate"), privacy.Identity, []privacy.SubjectID{privacy.Operators},
			[]privacy.PurposeID{privacy.Identification, privacy.Carriage, privacy.LegalRecord}, privacy.BySignature, privacy.NotSpecial, privacy.Secret, ""),
		datum(operatorPowers, text("İşlem yetkilisinin yetkileri ve süresi", "Powers of the operator and their term"), privacy.Legal, []privacy.SubjectID{privacy.Operators},
			[]privacy.PurposeID{privacy.AccountUse, privacy.Carriage, privacy.LegalRecord}, privacy.ByStaff, privacy.NotSpecial, privacy.Internal, ""),
		datum(personID, text("Kişi kimliği (takma ad)", "Identifier of a person (a pseudonym)"), privacy.Customer, ours, append([]privacy.PurposeID{privacy.Security}, service...), privacy.ByProgram, privacy.NotSpecial, privacy.Internal, ""),
		datum(password, text("Uygulama parolası", "Application password"), privacy.SecurityLog, []privacy.SubjectID{privacy.Operators}, []privacy.PurposeID{privacy.Security, privacy.AccountUse}, privacy.ByPerson, privacy.NotSpecial, privacy.Secret, ""),
		datum(passwordHash, text("Uygulama parolasının özeti", "Hash of the application password"), privacy.SecurityLog, []privacy.SubjectID{privacy.Operators}, []privacy.PurposeID{privacy.Security, privacy.AccountUse}, privacy.ByProgram, privacy.NotSpecial, privacy.Secret, ""),
		datum(login, text("Oturumun zamanı ve yöntemi", "Time and method of a log-in"), privacy.SecurityLog, all, []privacy.PurposeID{privacy.Carriage, privacy.Security, privacy.LegalRecord}, privacy.ByProgram, privacy.NotSpecial, privacy.Internal, ""),
		datum(otherAddress, text("Karşı tarafın adresi", "Address of the other side"), privacy.ContactData, []privacy.SubjectID{privacy.Correspondents}, carried, privacy.ByPerson, privacy.NotSpecial, privacy.Confidential, privacy.MailAddresses),
		datum(otherName, text("İletide yazan gönderici ve alıcı adı", "Names of sender and recipients, as the message has them"), privacy.Identity, all, carried, privacy.ByPerson, privacy.NotSpecial, privacy.Confidential, ""),
		datum(subject, text("İletinin konusu", "Subject of the message"), privacy.Letters, append(all, privacy.Mentioned), carried, privacy.ByPerson, privacy.Unseen, privacy.Confidential, ""),
		datum(content, text("İletinin kendisi (orijinal ileti)", "The message itself (the original)"), privacy.Letters, append(all, privacy.Mentioned), []privacy.PurposeID{privacy.Carriage}, privacy.ByPerson, privacy.Unseen, privacy.Secret, ""),
		datum(messageID, text("İleti kimliği", "Identifier of the message"), privacy.Customer, all, append([]privacy.PurposeID{privacy.Security}, carried...), privacy.ByProgram, privacy.NotSpecial, privacy.Internal, ""),
		datum(programID, text("Gönderenin programının verdiği Message-ID", "Message-ID of the sender's program"), privacy.Customer, all, carried, privacy.ByPerson, privacy.NotSpecial, privacy.Internal, ""),
		datum(digest, text("İletinin özeti ve boyutu", "Digest and size of the message"), privacy.Customer, all, carried, privacy.ByProgram, privacy.NotSpecial, privacy.Internal, ""),
		datum(traffic, text("Gönderim, iletim ve teslimin zamanı ve sonucu", "Time and outcome of submission, relay and delivery"), privacy.Customer, all, append([]privacy.PurposeID{privacy.Notices, privacy.Security}, carried...), privacy.ByProgram, privacy.NotSpecial, privacy.Internal, ""),
		datum(opening, text("İletiyi açan kişi ve zamanı", "Who opened a message, and when"), privacy.Customer, ours, carried, privacy.ByProgram, privacy.NotSpecial, privacy.Confidential, ""),
		datum(certificate, text("İmza sertifikası (seri no, veren kurum)", "Signature certificate (serial number, issuer)"), privacy.Identity, all, []privacy.PurposeID{privacy.Identification, privacy.Carriage}, privacy.ByPerson, privacy.NotSpecial, privacy.Confidential, ""),
		datum(network, text("Ağ (IP) adresi", "Network address"), privacy.SecurityLog, all, []privacy.PurposeID{privacy.Security}, privacy.ByProgram, privacy.NotSpecial, privacy.Confidential, privacy.NetworkAddresses),
		datum(staffName, text("İşlemi yapan çalışanın adı", "Name of the member of staff who asks"), privacy.SecurityLog, []privacy.SubjectID{privacy.Staff}, []privacy.PurposeID{privacy.Security}, privacy.ByPerson, privacy.NotSpecial, privacy.Internal, ""),
		datum(staffAct, text("Çalışanın yaptığı işlem", "What a member of staff asked for"), privacy.SecurityLog, []privacy.SubjectID{privacy.Staff}, []privacy.PurposeID{privacy.Security}, privacy.ByProgram, privacy.NotSpecial, privacy.Internal, ""),
		datum(accessRecord, text("Kimin hangi veriye, ne zaman ve neden baktığı", "Who looked at which data, when and why"), privacy.SecurityLog,
			[]privacy.SubjectID{privacy.Holders, privacy.Operators, privacy.Staff}, []privacy.PurposeID{privacy.Security, privacy.LegalRecord}, privacy.ByProgram, privacy.NotSpecial, privacy.Confidential, ""),
		datum(replyText, text("Karşı sunucunun yanıtı; içinde adres geçebilir", "Reply of another server; an address may stand in it"), privacy.SecurityLog, []privacy.SubjectID{privacy.Correspondents}, []privacy.PurposeID{privacy.Security, privacy.Carriage}, privacy.ByOtherREMMD, privacy.NotSpecial, privacy.Confidential, ""),
	}
}
