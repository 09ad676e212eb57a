package inventory

import (
	"slices"

	"rem/privacy"
)

// records are the fields of everything that the journal keeps: steps,
// intentions of the stages, accounts. Their written form is
// docs/formats/journal.md and docs/formats/evidence.md.
func records() []privacy.Holding {
	record := manner{privacy.Field, privacy.Plain, privacy.DataFolder, privacy.KeepRecord, []privacy.RecipientID{privacy.OwnPeople, privacy.OwnStaff}}
	digests := record.as(privacy.Hashed)
	account := record.keep(privacy.KeepAccount)
	access := record.as(privacy.Pseudonym) // identifiers of people, and no value
	return slices.Concat(
		[]privacy.Holding{
			record.holds("message.Step.Message", messageID),
			record.holds("message.Step.At", traffic),
			record.holds("message.Step.Resolves", messageID, digest),
			digests.holds("message.Step.Fingerprint", digest),
			record.holds("message.Step.Opens", opening),
			record.holds("message.Intention.Key", messageID, digest),
			record.holds("message.Intention.At", traffic),
			record.holds("message.Intention.Body", inRecord...),
			record.keep(privacy.KeepContent).holds("message.Intention.Content", content, certificate),

			record.holds("rem.Actor.Account", accountID),
			record.holds("rem.Actor.Holder", personID),
			record.holds("rem.Actor.Person", personID),
			record.holds("rem.Actor.Method", login),

			record.holds("message.Party.Address", accountAddress, otherAddress),
			record.holds("message.Party.Raw", accountAddress, otherAddress),
			record.holds("message.Party.Name", otherName),
			record.holds("message.Authentication.Time", login),
			record.holds("message.Authentication.Method", login),
			record.holds("message.Recipient.Copy", traffic),
			record.holds("message.Recipient.Leg", traffic),
			record.holds("message.Recipient.Account", accountID),

			record.holds("message.Record.ID", messageID),
			record.holds("message.Record.Subject", subject),
			record.holds("message.Record.UAMessageID", programID),
			digests.holds("message.Record.Digest", digest),
			record.holds("message.Record.Size", digest),
			record.holds("message.Record.Submitted", traffic),
			record.holds("message.Record.Unscanned", traffic),
			digests.holds("message.Record.Original", digest),
			record.holds("message.Record.Length", digest),

			record.holds("message.Change.From", traffic),
			record.holds("message.Change.To", traffic),
			record.holds("message.Change.On", traffic),
			record.holds("message.Change.Due", traffic),

			record.holds("message.Filed.ID", messageID),
			record.holds("message.Filed.Kind", traffic),
			record.holds("message.Filed.Outcome", traffic),
			record.holds("message.Filed.Time", traffic),
			record.holds("message.Filed.Reasons", traffic),
			record.holds("message.Filed.NoInformation", traffic),
			digests.holds("message.Filed.Digest", digest),
			digests.holds("message.Filed.Ref", digest),
			record.holds("message.Filed.XML", inEvidence...),

			record.holds("message.Arrival.Account", accountID),
			record.holds("message.Arrival.Time", traffic),
			record.holds("message.Arrival.Size", digest),
			record.holds("message.Task.Message", messageID),
			record.holds("message.Task.Target", messageID),
			record.holds("message.Task.Due", traffic),
			record.holds("message.Task.Attempts", traffic),
			record.holds("message.Envelope.Head", append([]privacy.DatumID{programID}, inEvidence...)...),
			record.holds("message.Envelope.Tail", inEvidence...),

			digests.holds("submission.storedIntention.Fingerprint", digest),
			record.holds("relay.takeover.At", traffic),
			record.holds("relay.storedSettlement.On", traffic),
			record.holds("relay.storedSettlement.Draft", inEvidence...),
			record.holds("rem.Refusal.Reason", traffic),

			record.holds("evidence.Draft.ID", messageID),
			record.holds("evidence.Draft.Kind", traffic),
			record.holds("evidence.Draft.Outcome", traffic),
			record.holds("evidence.Draft.EventTime", traffic),
			record.holds("evidence.Draft.SubmissionTime", traffic),
			record.holds("evidence.Draft.ReplyTo", accountAddress, otherAddress),
			record.holds("evidence.Reason.Code", traffic),
			record.holds("evidence.Party.Name", otherName),
			record.holds("evidence.Party.Address", accountAddress, otherAddress),
			record.holds("evidence.Party.Foreign", otherAddress),
			record.holds("evidence.Party.Person", personID),
			record.holds("evidence.Authentication.Time", login),
			record.holds("evidence.Authentication.Method", login),
			record.holds("evidence.MessageDetails.Subject", subject),
			record.holds("evidence.MessageDetails.UAMessageID", programID),
			record.holds("evidence.MessageDetails.ID", messageID),
			digests.holds("evidence.MessageDetails.Digest", digest),
			record.holds("evidence.MessageDetails.Size", digest),
			record.holds("evidence.LogEntry.Event", traffic),
			record.holds("evidence.LogEntry.Time", traffic),
			record.as(privacy.Pseudonym).holds("evidence.LogEntry.Actor", personID, accountAddress, otherAddress),
			record.holds("evidence.Answer.ID", messageID),
			digests.holds("evidence.Answer.Digest", digest),

			account.holds("sqlstore.accountOp.id", accountID),
			account.holds("sqlstore.accountOp.person", personID),
			account.as(privacy.Hashed).keep(privacy.KeepSecret).holds("sqlstore.accountOp.hash", passwordHash),

			access.holds("privacy.AccessEntry.Time", accessRecord),
			access.holds("privacy.AccessEntry.Act", accessRecord),
			access.holds("privacy.AccessEntry.Actor", personID, accessRecord),
			access.holds("privacy.AccessEntry.Account", accountID),
			access.holds("privacy.AccessEntry.Role", accessRecord),
			access.holds("privacy.AccessEntry.Purpose", accessRecord),
			access.holds("privacy.AccessEntry.Case", accessRecord),
			access.holds("privacy.AccessEntry.Person", personID),
			access.holds("privacy.AccessEntry.Fields", accessRecord),

			access.holds("privacy.Destruction.At", accessRecord),
			access.holds("privacy.Destruction.By", personID, accessRecord),
			access.holds("privacy.Destruction.Reason", accessRecord),
			access.holds("privacy.KeyName.Person", personID),
			access.holds("privacy.KeyName.Class", accessRecord),
		},
		technical(privacy.Field, order, "privacy.AccessEntry.Number", "privacy.KeyName.Serial"),
		accountFields(),
		technical(privacy.Field, byParts,
			"message.Step.Actor", "message.Step.New", "message.Step.Changes", "message.Step.Filed", "message.Step.Arrivals", "message.Step.Queue",
			"message.Step.Done", "message.Step.Again", "message.Step.Envelope", "message.Record.Sender", "message.Record.Actor",
			"message.Record.SenderAuthentication", "message.Record.Recipients", "message.Recipient.Party",
			"sqlstore.accountOp.account", "privacy.Destruction.Key", "submission.storedIntention.Record", "submission.storedIntention.Refusal", "relay.takeover.Record",
			"relay.takeover.Refusal", "relay.takeover.Received", "relay.storedSettlement.Received", "evidence.Draft.Reasons",
			"evidence.Draft.SenderAuthentication", "evidence.Draft.RecipientAuthentication", "evidence.Draft.Sender", "evidence.Draft.Recipients",
			"evidence.Draft.Delegates", "evidence.Draft.Message", "evidence.Draft.Notification", "evidence.Draft.Log", "evidence.Draft.Answers", "evidence.Delegate.Party"),
		technical(privacy.Field, order,
			"message.Intention.Stage", "message.Change.Recipient", "message.Filed.Recipient", "message.Filed.Conflict", "message.Arrival.Recipient",
			"message.Task.Stage", "message.Record.From", "sqlstore.accountOp.act", "submission.storedIntention.Version", "relay.takeover.Version",
			"relay.takeover.Recipients", "relay.takeover.Lengths", "relay.storedSettlement.Version", "evidence.Draft.RefersTo", "evidence.Delegate.Recipients"),
		technical(privacy.Field, ofPeer, "message.Record.Origin", "message.Filed.Issuer", "evidence.Draft.Issuer", "evidence.Draft.PolicyIDs", "evidence.Draft.ForwardedTo"),
		technical(privacy.Field, ofFault, "message.Step.Note"),
		technical(privacy.Field, ofSentence,
			"rem.Refusal.Detail", "evidence.Reason.Detail", "rem.Text.Turkish", "rem.Text.English"),
	)
}

// inEvidence is what an evidence says.
var inEvidence = []privacy.DatumID{
	messageID, programID, accountAddress, otherAddress, otherName, personID, login, subject, digest, traffic, opening,
}

// blobs are the kinds of records in the journal (docs/formats/journal.md), in the
// access log (docs/formats/access-log.md) and in the list of destroyed keys
// (docs/formats/key-store.md), each with its content. All of them are only ever
// appended to: nothing in them is destroyed yet.
func blobs() []privacy.Holding {
	record := manner{privacy.Blob, privacy.Plain, privacy.DataFolder, privacy.KeepRecord, []privacy.RecipientID{privacy.OwnPeople, privacy.OwnStaff}}
	access := record.as(privacy.Pseudonym)
	return append(technical(privacy.Blob, order, "access log B", "access log M"), []privacy.Holding{
		access.holds("access log E", accessRecord, personID, accountID),
		access.holds("destroyed keys D", accessRecord, personID),
		record.keep(privacy.KeepContent).holds("I", append([]privacy.DatumID{content, certificate}, inRecord...)...),
		record.holds("S", append([]privacy.DatumID{accountID, opening}, inEvidence[:len(inEvidence)-1]...)...),
		record.holds("X", messageID, digest),
		record.keep(privacy.KeepAccount).holds("A", append([]privacy.DatumID{passwordHash}, inAccount...)...),
	}...)
}
