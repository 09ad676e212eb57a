package inventory

import (
	"slices"

	"rem/privacy"
)

// What a log-in knows about people (person/login).
const (
	loginName    privacy.DatumID = "login-name"
	credential   privacy.DatumID = "login-credential"
	loginHistory privacy.DatumID = "login-history"
	knownDevice  privacy.DatumID = "known-device"
	browserKind  privacy.DatumID = "browser-kind"
	loginPerson  privacy.DatumID = "login-person"
)

func logins() []privacy.Datum {
	var (
		who  = []privacy.SubjectID{privacy.Holders, privacy.Operators, privacy.Staff, privacy.Partners}
		any  = append([]privacy.SubjectID{privacy.Applicants}, who...)
		safe = []privacy.PurposeID{privacy.Security, privacy.AccountUse}
	)
	return []privacy.Datum{
		datum(loginName, text("Giriş adı", "Log-in name"), privacy.ContactData, who, safe, privacy.ByPerson, privacy.NotSpecial, privacy.Confidential, ""),
		datum(credential, text("Giriş bilgileri (parola özeti, doğrulama uygulamasının anahtarı, geçiş anahtarı, sertifikadaki numaranın izi)", "Credentials (hash of the password, secret of the authenticator app, passkey, token of the number in a certificate)"), privacy.SecurityLog, who, safe, privacy.ByPerson, privacy.NotSpecial, privacy.Secret, ""),
		datum(loginHistory, text("Girişlerin zamanı, yöntemi ve sonucu; giriş bilgilerindeki değişiklikler", "Time, method and outcome of log-ins; changes of credentials"), privacy.SecurityLog, any, append([]privacy.PurposeID{privacy.Notices}, safe...), privacy.ByProgram, privacy.NotSpecial, privacy.Confidential, ""),
		datum(knownDevice, text("Tanınan cihaza verilen rastgele işaret", "Random mark given to a known device"), privacy.SecurityLog, who, []privacy.PurposeID{privacy.Security}, privacy.ByProgram, privacy.NotSpecial, privacy.Confidential, privacy.DeviceIdentifiers),
		datum(browserKind, text("Tarayıcının ve işletim sisteminin türü", "Kind of browser and of operating system"), privacy.SecurityLog, who, []privacy.PurposeID{privacy.Security}, privacy.ByProgram, privacy.NotSpecial, privacy.Confidential, privacy.OperatingSystem),
		datum(loginPerson, text("Giren kişinin kimliği (takma ad)", "Identifier of who logs in (a pseudonym)"), privacy.SecurityLog, any, append([]privacy.PurposeID{privacy.Notices}, safe...), privacy.ByProgram, privacy.NotSpecial, privacy.Internal, ""),
	}
}

// loginRecords are the fields of what person/login has a store keep, and the
// columns of edge/personstore/migrations/0002.sql, in which they lie one by one.
// A secret is known by its digest alone; names and numbers by tokens.
func loginRecords() []privacy.Holding {
	var list []privacy.Holding
	// both makes an entry for a field and its column.
	both := func(form privacy.FormID, keep privacy.RetentionID, to privacy.RecipientID, field, column string, data ...privacy.DatumID) {
		m := manner{privacy.Field, form, privacy.DataFolder, keep, []privacy.RecipientID{to}}
		if field != "" {
			list = append(list, m.holds("login."+field, data...))
		}
		if m.kind = privacy.Column; form == privacy.Sealed {
			list = append(list, technical(privacy.Column, byParts, "login_"+column)...)
		} else if column != "" {
			list = append(list, m.holds("login_"+column, data...))
		}
	}
	var (
		own = privacy.OwnPeople
		no  = privacy.Nobody
	)
	const (
		sealed, hashed, plain, pseudonym = privacy.Sealed, privacy.Hashed, privacy.Plain, privacy.Pseudonym
		secret, work, history, account   = privacy.KeepSecret, privacy.KeepWork, privacy.KeepLogins, privacy.KeepAccount
	)
	both(pseudonym, account, no, "Who.Person", "person.person", loginPerson)
	both(hashed, secret, no, "Person.Hash", "person.hash", credential)
	both(sealed, secret, no, "Person.TOTP", "person.totp", credential)
	both(sealed, secret, no, "Person.Proposed", "person.proposed", credential)
	both(hashed, account, no, "Person.Signatory", "person.signatory", credential)
	both(plain, account, own, "Person.Locked", "person.locked", loginHistory)
	both(plain, secret, own, "Person.SMS", "person.sms", credential)
	both(plain, secret, own, "Person.Passkeys", "person.passkeys", credential)
	both(plain, secret, no, "Person.Step", "person.step", loginHistory)

	both(hashed, account, no, "", "name.token", loginName)
	both(pseudonym, account, no, "", "name.person", loginPerson)
	both(plain, account, no, "Name.Account", "name.account", accountID)

	both(pseudonym, secret, no, "Passkey.Credential", "passkey.credential", credential)
	both(pseudonym, secret, no, "Passkey.Key", "passkey.key", credential)
	both(sealed, secret, own, "Passkey.Name", "passkey.name", credential)
	both(pseudonym, secret, no, "", "passkey.person", loginPerson)
	both(plain, secret, no, "Passkey.Counter", "passkey.counter", credential)
	both(plain, secret, no, "Passkey.Eligible", "passkey.eligible", credential)
	both(plain, secret, no, "Passkey.Backed", "passkey.backed", credential)
	both(plain, secret, no, "Passkey.Transports", "passkey.transports", credential)
	both(plain, secret, own, "Passkey.Made", "passkey.made", loginHistory)
	both(plain, secret, own, "Passkey.Used", "passkey.used", loginHistory)

	both(hashed, work, no, "Session.ID", "session.id", loginHistory)
	both(pseudonym, work, no, "", "session.person", loginPerson)
	both(plain, work, own, "Session.Account", "session.account", accountID)
	both(plain, work, own, "Session.Level", "session.level", loginHistory)
	both(plain, work, own, "Session.Method", "session.method", loginHistory)
	both(plain, work, own, "Session.Created", "session.created", loginHistory)
	both(plain, work, own, "Session.Proved", "session.proved", loginHistory)
	both(plain, work, own, "Session.Seen", "session.seen", loginHistory)
	both(hashed, work, own, "Session.Device", "session.device", knownDevice)
	both(pseudonym, work, own, "Session.Event", "session.event", loginHistory)

	both(hashed, work, no, "Attempt.ID", "attempt.id", loginHistory)
	both(pseudonym, work, no, "", "attempt.person", loginPerson)
	both(plain, work, no, "Attempt.Account", "attempt.account", accountID)
	both(plain, work, no, "Attempt.Made", "attempt.made", loginHistory)
	both(hashed, work, no, "Attempt.Raises", "attempt.raises", loginHistory)
	both(hashed, work, no, "Attempt.Code", "attempt.code", credential)
	both(plain, work, no, "Attempt.Sent", "attempt.sent", loginHistory)
	both(plain, work, no, "Attempt.Sends", "attempt.sends", loginHistory)
	both(plain, work, no, "Attempt.Tries", "attempt.tries", loginHistory)
	both(plain, work, no, "Attempt.Known", "attempt.known", knownDevice)

	both(hashed, history, own, "Device.ID", "device.id", knownDevice)
	both(pseudonym, history, no, "", "device.person", loginPerson)
	both(sealed, history, own, "Device.Agent", "device.agent", browserKind)
	both(plain, history, own, "Device.First", "device.first", loginHistory)
	both(plain, history, own, "Device.Last", "device.last", loginHistory)

	both(pseudonym, history, own, "Event.ID", "event.id", loginHistory)
	both(pseudonym, history, no, "", "event.person", loginPerson)
	both(plain, history, own, "Event.At", "event.at", loginHistory)
	both(plain, history, own, "Event.What", "event.what", loginHistory)
	both(plain, history, own, "Event.Method", "event.method", loginHistory)
	both(plain, history, own, "Event.Outcome", "event.outcome", loginHistory)
	both(sealed, history, own, "Event.Where", "event.place", network, browserKind)

	both(pseudonym, work, no, "Notice.ID", "notice.id", loginHistory)
	both(pseudonym, work, no, "", "notice.person", loginPerson)
	both(plain, work, own, "Notice.What", "notice.what", loginHistory)
	both(plain, work, own, "Notice.At", "notice.at", loginHistory)

	both(hashed, work, no, "Grant.ID", "grant.id", credential)
	both(pseudonym, work, no, "", "grant.person", loginPerson)
	both(plain, work, no, "Grant.Account", "grant.account", accountID)
	both(plain, work, no, "Grant.Until", "grant.until", loginHistory)

	// The key is a digest under a key of ours over who it is and from which
	// network or device.
	both(hashed, work, no, "Failure.Key", "failure.key", loginName, loginPerson, network, knownDevice)
	both(plain, work, no, "Failure.Count", "failure.count", loginHistory)
	both(plain, work, no, "Failure.Last", "failure.last", loginHistory)

	return slices.Concat(list,
		technical(privacy.Field, ofCode, "login.Who.Kind", "login.Attempt.Phone"),
		technical(privacy.Column, ofCode, "login_person.kind", "login_name.kind", "login_passkey.kind", "login_session.kind", "login_attempt.kind", "login_attempt.phone",
			"login_device.kind", "login_event.kind", "login_notice.kind", "login_grant.kind"),
		technical(privacy.Field, order, "login.Person.Epoch", "login.Attempt.Epoch"),
		technical(privacy.Column, order, "login_person.epoch", "login_attempt.epoch"),
		technical(privacy.Field, random, "login.Spent.ID", "login.Spent.Until"),
		technical(privacy.Column, random, "login_spent.id", "login_spent.until"),
		technical(privacy.Field, byParts, "login.Person.Who", "login.Name.Who", "login.Passkey.Who", "login.Session.Who", "login.Attempt.Who", "login.Device.Who",
			"login.Event.Who", "login.Notice.Who", "login.Grant.Who"),
	)
}
