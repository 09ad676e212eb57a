package inventory

import (
	"slices"

	"rem/privacy"
)

// inRecord is what the record of a message holds.
var inRecord = []privacy.DatumID{
	messageID, programID, accountAddress, otherAddress, otherName, accountID, personID, login, subject, digest, traffic,
}

// inAccount is what the record of an account holds.
var inAccount = []privacy.DatumID{
	accountID, accountAddress, holderName, holderKind, personID, accountState, operatorName, operatorIdentity, operatorPowers,
}

// columns are those of the index (edge/sqlstore/migrations) and of the data keys.
func columns() []privacy.Holding {
	record := manner{privacy.Column, privacy.Plain, privacy.DataFolder, privacy.KeepRecord, []privacy.RecipientID{privacy.OwnPeople, privacy.OwnStaff}}
	account := record.keep(privacy.KeepAccount)
	work := manner{privacy.Column, privacy.Plain, privacy.DataFolder, privacy.KeepWork, []privacy.RecipientID{privacy.Nobody}}
	queue := manner{privacy.Column, privacy.Plain, privacy.DataFolder, privacy.KeepWork, []privacy.RecipientID{privacy.OwnStaff}}
	secret := manner{privacy.Column, privacy.Hashed, privacy.DataFolder, privacy.KeepSecret, []privacy.RecipientID{privacy.Nobody}}
	destroyed := record.as(privacy.Pseudonym)
	return slices.Concat(
		// edge/keystore/migrations, in a file of their own
		[]privacy.Holding{
			destroyed.holds("datakey.person", personID),
			destroyed.holds("datakey.class", accessRecord),
			destroyed.holds("destroyed.person", personID),
			destroyed.holds("destroyed.class", accessRecord),
			destroyed.holds("destroyed.at", accessRecord),
			destroyed.holds("destroyed.by", personID, accessRecord),
			destroyed.holds("destroyed.reason", accessRecord),
		},
		technical(privacy.Column, order, "datakey.serial", "datakey.number", "destroyed.serial"),
		technical(privacy.Column, random, "datakey.wrapped"),
		technical(privacy.Column, position, "applied.one", "applied.segment", "applied.offset"),

		technical(privacy.Column, position, "progress.one", "progress.segment", "progress.position", "progress.oldest_segment", "progress.oldest_position", "progress.filed"),

		[]privacy.Holding{
			work.holds("intention.key", messageID, digest),
			work.holds("intention.at", traffic),
			work.holds("intention.body", inRecord...),
			work.holds("intention.content", digest),
		},
		technical(privacy.Column, order, "intention.stage"),
		technical(privacy.Column, position, "intention.segment", "intention.position"),

		technical(privacy.Column, order, "message.seq"),
		[]privacy.Holding{
			record.holds("message.id", messageID),
			record.holds("message.account", accountID),
			record.holds("message.card", inRecord...),

			record.holds("recipient.message", messageID),
			record.holds("recipient.state", traffic),
			record.holds("recipient.since", traffic),
			record.holds("recipient.due", traffic),
			record.holds("recipient.account", accountID),
			record.holds("recipient.uid", traffic),

			record.holds("evidence.message", messageID),
			record.holds("evidence.kind", traffic),
			record.holds("evidence.id", messageID),
			record.holds("evidence.outcome", traffic),
			record.holds("evidence.time", traffic),
			record.holds("evidence.no_information", traffic),
			record.holds("evidence.reasons", traffic),
			record.as(privacy.Hashed).holds("evidence.digest", digest),
			record.as(privacy.Hashed).holds("evidence.ref", digest),

			record.holds("envelope.message", messageID),
			record.as(privacy.Hashed).holds("envelope.head", digest),
			record.as(privacy.Hashed).holds("envelope.tail", digest),
		},
		technical(privacy.Column, order, "recipient.n", "evidence.n", "evidence.conflict", "evidence.filed"),
		technical(privacy.Column, ofPeer, "evidence.issuer"),

		technical(privacy.Column, order, "submission.day"),
		[]privacy.Holding{
			work.as(privacy.Hashed).keep(privacy.KeepFingerprint).holds("submission.fingerprint", digest),
			work.keep(privacy.KeepFingerprint).holds("submission.message", messageID),

			queue.holds("task.message", messageID),
			queue.holds("task.target", messageID),
			queue.holds("task.due", traffic),
			queue.holds("task.attempts", traffic),
		},
		technical(privacy.Column, order, "task.stage"),

		[]privacy.Holding{
			account.holds("mailbox.account", accountID),
			account.holds("mailbox.messages", accountState),
			account.holds("mailbox.bytes", accountState),

			record.holds("entry.account", accountID),
			record.holds("entry.message", messageID),
			record.holds("entry.arrived", traffic),
			record.holds("entry.size", digest),
			record.holds("entry.opened", opening),
			record.holds("entry.opened_by", opening, personID),

			record.holds("note.message", messageID),
			record.holds("note.at", traffic),
		},
		technical(privacy.Column, order, "mailbox.uid", "entry.uid", "entry.n", "note.seq"),
		technical(privacy.Column, ofFault, "note.note"),

		[]privacy.Holding{
			account.holds("account.id", accountID),
			account.holds("account.address", accountAddress),
			account.holds("account.quota", accountState),
			account.holds("account.card", inAccount...),

			secret.as(privacy.Plain).holds("password.account", accountID),
			secret.as(privacy.Plain).holds("password.person", personID),
			secret.holds("password.hash", passwordHash),
		},
	)
}
