package inventory

import (
	"slices"

	"rem/privacy"
)

// What is known for the directory (provider/directory).
const (
	directoryRecord privacy.DatumID = "directory-record"
	directoryChoice privacy.DatumID = "directory-optional"
	directoryName   privacy.DatumID = "directory-operator-name"
	directoryState  privacy.DatumID = "directory-state"
	directoryLookup privacy.DatumID = "directory-lookup"
	directoryAsked  privacy.DatumID = "directory-question"
)

func directoryData() []privacy.Datum {
	holder := []privacy.SubjectID{privacy.Holders}
	own := []privacy.SubjectID{privacy.Holders, privacy.Operators}
	entry := []privacy.PurposeID{privacy.DirectoryEntry, privacy.LegalRecord}
	asking := []privacy.PurposeID{privacy.DirectoryEntry, privacy.Security, privacy.LegalRecord}
	return []privacy.Datum{
		datum(directoryRecord, text("Rehber kaydının zorunlu alanları (ad veya unvan, KEP adresi, kimlik veya kayıt numarası, faaliyet alanı, il, tüzel kişinin adresi)", "Mandatory fields of the directory record (name or title, KEP address, identity or registration number, field of activity, province, address of a legal person)"),
			privacy.Identity, holder, entry, privacy.ByProgram, privacy.NotSpecial, privacy.Confidential, ""),
		datum(directoryChoice, text("Rehber kaydının isteğe bağlı alanları (hizmet alma şekli, unvan, adres, imza doğrulama verisi, telefon)", "Optional fields of the directory record (form of service, title, address, signature-verification data, phone)"),
			privacy.ContactData, holder, []privacy.PurposeID{privacy.DirectoryEntry, privacy.DirectoryService, privacy.DirectoryTitle, privacy.DirectoryPostal, privacy.DirectorySignature, privacy.DirectoryPhone},
			privacy.ByPerson, privacy.NotSpecial, privacy.Confidential, ""),
		datum(directoryName, text("Rehberde gösterilen işlem yetkilisinin adı ve unvanı", "Name and title of an operator whom the directory shows"), privacy.Identity, []privacy.SubjectID{privacy.Operators},
			[]privacy.PurposeID{privacy.DirectoryEntry, privacy.DirectoryOperator}, privacy.ByPerson, privacy.NotSpecial, privacy.Confidential, ""),
		datum(directoryState, text("Rehber kaydının sürümleri, sorguya açıklığı ve merkezi rehbere bildirilmesi", "Versions of the directory record, whether it is open to query, and that the central directory was told"), privacy.Customer, own,
			entry, privacy.ByProgram, privacy.NotSpecial, privacy.Internal, ""),
		datum(directoryLookup, text("Rehberi kimin, ne zaman, ne için sorguladığı ve kimi bulduğu", "Who asked the directory, when and what for, and whom he found"), privacy.SecurityLog, own,
			asking, privacy.ByProgram, privacy.NotSpecial, privacy.Confidential, ""),
		datum(directoryAsked, text("Rehbere sorulan değer (numara, ad, adres)", "What the directory was asked by (number, name, address)"), privacy.Identity, append([]privacy.SubjectID{privacy.Correspondents}, own...),
			asking, privacy.ByPerson, privacy.NotSpecial, privacy.Confidential, ""),
	}
}

// directoryHoldings are the columns of edge/personstore/directory.go, the fields of
// provider/directory that are kept, what the central directory is told, what askers
// get over LDAP, and the settings.
func directoryHoldings() []privacy.Holding {
	people := []privacy.RecipientID{privacy.OwnPeople, privacy.OwnStaff}
	account := manner{privacy.Column, privacy.Plain, privacy.DataFolder, privacy.KeepAccount, people}
	record := account.keep(privacy.KeepRecord)
	published := manner{privacy.Column, privacy.Plain, privacy.DataFolder, privacy.KeepPublished, []privacy.RecipientID{privacy.OwnPeople, privacy.OwnStaff, privacy.DirectoryAskers}}
	index := manner{privacy.Column, privacy.Hashed, privacy.DataFolder, privacy.KeepPublished, []privacy.RecipientID{privacy.Nobody}}
	work := manner{privacy.Column, privacy.Plain, privacy.DataFolder, privacy.KeepWork, []privacy.RecipientID{privacy.OwnStaff}}
	central := manner{privacy.Outgoing, privacy.Encrypted, privacy.Links, privacy.KeepHandover, []privacy.RecipientID{privacy.CentralDirectory}}
	told := manner{privacy.Wire, privacy.Encrypted, privacy.Links, privacy.KeepHandover, []privacy.RecipientID{privacy.DirectoryAskers}}
	field := func(m manner) manner { m.kind = privacy.Field; return m }
	var list []privacy.Holding
	each := func(m manner, of string, data []privacy.DatumID, names ...string) {
		for _, name := range names {
			list = append(list, m.holds(of+name, data...))
		}
	}
	of := func(d ...privacy.DatumID) []privacy.DatumID { return d }

	each(account, "directory_version.", of(directoryState), "id", "state", "open", "at")
	each(account, "directory_version.", of(accountID), "account", "by_account")
	each(account, "directory_version.", of(personID), "holder", "by_holder", "by_person")
	each(account, "directory_version.", of(personID, directoryState), "by_role", "by_case", "by_method")
	each(account, "directory_version.", of(accountAddress), "address")
	each(account, "directory_version.", of(holderKind), "kind")
	each(account, "directory_account.", of(accountID), "account")
	each(account, "directory_account.", of(accountAddress), "address")
	each(account, "directory_account.", of(personID), "holder")
	each(account, "directory_account.", of(directoryState), "closed")
	each(published, "directory_choice.", of(accountID), "account")
	each(published, "directory_choice.", of(directoryState), "field")
	each(published, "directory_operator.", of(accountID), "account")
	each(published, "directory_operator.", of(personID), "person")
	each(published, "directory_listing.", of(accountID), "account")
	each(published, "directory_listing.", of(directoryState), "version", "legal", "consents")
	each(published, "directory_listing.", of(personID), "holder")
	each(published, "directory_listing.", of(holderKind), "kind")
	each(published, "directory_listing.", of(accountAddress), "address")
	each(published, "directory_listing.", of(directoryRecord), "name_key")
	each(published, "directory_listing.", of(directoryRecord, directoryChoice, directoryName), "body")
	each(index, "directory_listing.", of(directoryRecord), "tokens")
	each(index, "directory_token.", of(directoryRecord), "token")
	each(index.as(privacy.Plain), "directory_word.", of(directoryRecord), "word")
	each(index.as(privacy.Plain), "directory_word_count.", of(directoryRecord), "word")
	each(record, "directory_lookup.", of(directoryLookup, accountID, personID), "entry")
	each(record, "directory_found.", of(directoryLookup, accountID), "account")
	each(work, "directory_quota.", of(accountID), "account")
	each(work, "directory_quota.", of(directoryLookup), "n")
	each(work, "directory_outbox.", of(directoryState), "version", "at", "due", "attempts")
	each(work, "directory_outbox.", of(accountID), "account")
	each(account, "directory_sent.", of(accountID), "account")
	each(account, "directory_sent.", of(directoryState), "version", "at")
	each(account.as(privacy.Hashed), "directory_sent.", of(directoryRecord, directoryChoice, directoryName), "record")
	each(record, "directory_transaction.", of(directoryState, directoryLookup, accountID, personID), "entry")

	of1 := func(m manner, of string, data []privacy.DatumID, names ...string) {
		each(field(m), "directory."+of+".", data, names...)
	}
	of1(account, "Version", of(directoryState), "ID", "State", "Open", "From")
	of1(account, "Version", of(accountID), "Account")
	of1(account, "Version", of(accountAddress), "Address")
	of1(account, "Version", of(personID), "Holder")
	of1(account, "Version", of(holderKind), "Kind")
	of1(account.as(privacy.Sealed), "Version", of(directoryRecord), "Card")
	of1(account, "By", of(directoryState, personID), "Role", "Case")
	of1(published, "SealedField", of(directoryState), "Field")
	of1(published.as(privacy.Sealed), "SealedField", of(directoryChoice), "Value")
	of1(published, "SealedOperator", of(personID), "Person")
	of1(published.as(privacy.Sealed), "SealedOperator", of(directoryName), "Card")
	of1(published, "Listing", of(accountID), "Account")
	of1(published, "Listing", of(directoryState), "Version")
	of1(published, "Listing", of(personID), "Holder")
	of1(published, "Listing", of(holderKind), "Kind")
	of1(published, "Listing", of(accountAddress), "Address")
	of1(published, "Listing", of(directoryRecord), "NameKey", "Words")
	of1(index, "Listing", of(directoryRecord), "Tokens")
	of1(published, "Value", of(directoryRecord, directoryChoice), "Text")
	of1(published, "ListedOperator", of(directoryName), "Name", "Title")
	of1(published, "ListedOperator", of(personID), "Person")
	of1(record, "Lookup", of(directoryLookup), "Door", "Use", "Key", "Outcome")
	of1(record, "Lookup", of(directoryLookup, accountID), "Found")
	of1(record.as(privacy.Hashed), "Lookup", of(directoryAsked), "Asked")
	of1(record, "Transaction", of(directoryState, directoryLookup), "Act", "Use", "Result")
	of1(record, "Transaction", of(accountID), "Account")
	of1(record, "Transaction", of(personID), "Person")
	of1(record.as(privacy.Hashed), "Transaction", of(directoryAsked), "Asked")
	of1(work, "Outgoing", of(directoryState), "Version", "At", "Attempts")
	of1(work, "Outgoing", of(accountID), "Account")
	of1(account, "Sent", of(accountID), "Account")
	of1(account, "Sent", of(directoryState), "Version", "At")
	of1(account.as(privacy.Hashed), "Sent", of(directoryRecord), "Record")

	each(central, "central directory ", of(directoryRecord, directoryChoice, directoryName, directoryState, accountID), "record")
	each(central, "central directory ", of(directoryAsked), "question")

	return slices.Concat(list,
		technical(privacy.Column, order, "directory_version.n", "directory_version.number", "directory_account.newest", "directory_choice.place", "directory_operator.place",
			"directory_listing.n", "directory_token.listing", "directory_word.listing", "directory_lookup.n", "directory_found.lookup", "directory_quota.day", "directory_outbox.n", "directory_transaction.n"),
		technical(privacy.Column, counted, "directory_word_count.n"),
		technical(privacy.Metric, counted, "rem_central_directory_lag_seconds", "rem_central_directory_waiting", "rem_central_directory_faults", "rem_central_directory_compared_seconds"),
		technical(privacy.LogKey, counted, "node:faults"),
		comparison(),
		// Sealed: directory.Version.Card, directory.SealedField.Value, directory.SealedOperator.Card.
		technical(privacy.Column, byParts, "directory_version.card", "directory_choice.value", "directory_operator.card"),
		technical(privacy.Field, order, "directory.Version.Number", "directory.Outgoing.Number"),
		technical(privacy.Field, ofCode, "directory.Value.Field"),
		technical(privacy.Field, random, "directory.Transaction.Key"),
		technical(privacy.Field, byParts, "directory.Version.Optional", "directory.Version.Operators", "directory.Version.By", "directory.By.Actor", "directory.Listing.Values", "directory.Listing.Operators",
			"directory.Lookup.Link", "directory.Lookup.Asker", "directory.Transaction.Link"),
		ldapHoldings(told),
		directorySettings(),
	)
}

// comparison is the report of holding our directory against the central one, as the
// control socket gives it.
func comparison() []privacy.Holding {
	asked := manner{privacy.ControlField, privacy.Plain, privacy.Socket, privacy.KeepAnswer, []privacy.RecipientID{privacy.OwnStaff}}
	list := technical(privacy.ControlField, counted, "DirectoryReport.begun", "DirectoryReport.ended", "DirectoryReport.ours", "DirectoryReport.theirs", "DirectoryReport.pending", "DirectoryReport.faults",
		"DirectoryReport.again", "DirectoryAsk.again")
	for _, name := range []string{"missing", "extra", "different"} {
		list = append(list, asked.holds("DirectoryReport."+name, accountID, directoryState))
	}
	return list
}

// ldapHoldings are the attributes that the door of address books gives (edge/ldapd).
func ldapHoldings(told manner) []privacy.Holding {
	var list []privacy.Holding
	each := func(d privacy.DatumID, names ...string) {
		for _, name := range names {
			list = append(list, told.holds("ldap "+name, d))
		}
	}
	each(accountAddress, "mail")
	each(directoryRecord, "cn", "displayName", "sn", "o", "businessCategory", "st", "mersisNumber", "tradeRegistryNumber", "detsisNumber")
	each(directoryChoice, "title", "telephoneNumber", "userCertificate;binary", "kepService")
	each(directoryName, "kepOperator")
	list = append(list, told.holds("ldap postalAddress", directoryRecord, directoryChoice))
	return append(list, technical(privacy.LogKey, ofFault, "ldapd:err", "centraldirectory:err", "api:err", "soap:err")...)
}

// directorySettings are the doors of address books and the section centralDirectory.
func directorySettings() []privacy.Holding {
	names := []string{"listen.directory", "listen.directoryStartTLS"}
	for _, field := range []string{"url", "anchors", "pins", "certificate", "key", "authorization", "timeout", "simulator"} {
		names = append(names, "centralDirectory."+field)
	}
	return technical(privacy.Setting, ofSystem, names...)
}
