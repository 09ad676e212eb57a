package inventory

import (
	"slices"

	"rem/privacy"
)

// What is known about what people are told outside of registered mail
// (person/news), and what leaves for the services by which they are told and
// identified (edge/notify, edge/idproof).
const (
	noticeText  privacy.DatumID = "notice-text"
	noticeState privacy.DatumID = "notice-state"
)

func notices() []privacy.Datum {
	who := []privacy.SubjectID{privacy.Applicants, privacy.Holders, privacy.Operators}
	return []privacy.Datum{
		datum(noticeText, text("Gönderilen bildirimin metni (tek kullanımlık kod, bağlantı)", "Text of a notice that is sent (one-time code, link)"), privacy.Customer, who,
			[]privacy.PurposeID{privacy.Notices, privacy.Security}, privacy.ByProgram, privacy.NotSpecial, privacy.Secret, ""),
		datum(noticeState, text("Hangi bildirimin ne zaman, hangi yolla gönderildiği", "Which notice was sent when, and by what way"), privacy.Customer, who,
			[]privacy.PurposeID{privacy.Notices, privacy.Security, privacy.LegalRecord}, privacy.ByProgram, privacy.NotSpecial, privacy.Internal, ""),
	}
}

// toldColumns are those of edge/personstore/notify.go. Destination and text are
// sealed for the program alone and wiped when the message has ended; that
// something was told, and when, is a record. Where a person is told is kept with
// the account, sealed likewise.
func toldColumns() []privacy.Holding {
	record := manner{privacy.Column, privacy.Plain, privacy.DataFolder, privacy.KeepRecord, []privacy.RecipientID{privacy.OwnPeople, privacy.OwnStaff}}
	waiting := manner{privacy.Column, privacy.ProgramSealed, privacy.DataFolder, privacy.KeepWork, []privacy.RecipientID{privacy.Nobody}}
	return slices.Concat([]privacy.Holding{
		waiting.holds("news.sealed", phone, mailAddress, noticeText),
		waiting.keep(privacy.KeepAccount).holds("news_contact.sealed", phone, mailAddress),
		record.as(privacy.Pseudonym).keep(privacy.KeepAccount).holds("news_contact.person", personID),
		record.keep(privacy.KeepAccount).holds("news_contact.since", noticeState),
		record.holds("news.id", noticeState),
		record.as(privacy.Pseudonym).holds("news.person", personID),
		record.holds("news.channel", noticeState),
		record.holds("news.kind", noticeState),
		record.holds("news.state", noticeState),
		record.holds("news.told", noticeState),
		record.holds("news.until", noticeState),
		record.holds("news.due", noticeState),
		record.holds("news.ended", noticeState),
		record.holds("news.attempts", noticeState),
	},
		technical(privacy.Column, order, "news.seq"),
		technical(privacy.Column, ofCode, "news.fault"),
	)
}

// asked is what leaves for the gate, the registry, the gateway of text messages
// and the mail server for notices, all over TLS.
func asked() []privacy.Holding {
	to := func(r privacy.RecipientID) manner {
		return manner{privacy.Outgoing, privacy.Encrypted, privacy.Links, privacy.KeepHandover, []privacy.RecipientID{r}}
	}
	return slices.Concat([]privacy.Holding{
		to(privacy.TextGateway).holds("notify.smsQuestion.to", phone),
		to(privacy.TextGateway).holds("notify.smsQuestion.text", noticeText),
		to(privacy.NoticeServer).holds("notice RCPT TO", mailAddress),
		to(privacy.NoticeServer).holds("notice DATA", mailAddress, noticeText),
		to(privacy.BusinessRegistry).holds("idproof.registryQuestion.mersis", businessNumber),
		// The person himself goes to the gate's page; the gate learns that he applies.
		to(privacy.IdentityGate).holds("gate page", progress),
	},
		technical(privacy.Outgoing, random, "idproof.gateQuestion.reference", "idproof.gateQuestion.code", "idproof.gateQuestion.verifier", "Idempotency-Key"),
	)
}

// outsideSettings are the fields of residency, identification, sms, mobileSignature
// and mailNotices.
func outsideSettings() []privacy.Holding {
	var names []string
	for _, of := range []string{"identification.gate", "identification.registry", "sms", "mobileSignature"} {
		for _, field := range []string{"url", "anchors", "pins", "certificate", "key", "authorization", "timeout", "simulator"} {
			names = append(names, of+"."+field)
		}
	}
	return technical(privacy.Setting, ofSystem, append(names,
		"residency.host", "residency.country", "residency.networks", "identification.gatePage", "identification.gateReturn",
		"identification.states.state", "identification.states.anchors", "identification.states.revoked", "identification.states.simulator", "identification.attester", "identification.cards",
		"mailNotices.address", "mailNotices.startTLS", "mailNotices.anchors", "mailNotices.user", "mailNotices.password", "mailNotices.from", "mailNotices.simulator")...)
}

func toldLog() []privacy.Holding {
	return slices.Concat(
		technical(privacy.LogKey, ofCode, "notify:channel", "notify:kind", "notify:state", "notify:fault"),
		technical(privacy.LogKey, counted, "notify:attempts"),
		technical(privacy.LogKey, ofFault, "notify:err"),
	)
}
