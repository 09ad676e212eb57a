package inventory

import (
	"slices"

	"rem/privacy"
)

// settings are the fields of the configuration file. It names no natural person.
func settings() []privacy.Holding {
	return slices.Concat(
		technical(privacy.Setting, ofPeer, "provider.domain", "provider.nameTR", "provider.nameEN", "provider.service"),
		technical(privacy.Setting, ofSystem,
			"mode", "data", "log",
			"practice.policyIDs", "practice.signing", "practice.maxPackage", "practice.maxRecipients", "practice.relayPeriod", "practice.answerPeriod",
			"practice.retrievalPeriod", "practice.deemedRead", "practice.firstRetry", "practice.lastRetry", "practice.askAgain",
			"practice.accountTerm", "practice.accountGrace", "practice.accountExport", "practice.accountReminders",
			"listen.submission", "listen.submissionStartTLS", "listen.relay", "listen.web", "identification.offices.id", "identification.offices.nameTR", "identification.offices.nameEN", "identification.offices.address", "identification.offices.from",
			"identification.offices.until", "identification.videoCalls", "identification.offices.slot", "identification.offices.seats", "web.base", "web.tls.certificate", "web.tls.key", "web.security", "listen.operations",
			"operation.certificate", "operation.key", "submissionTLS.certificate", "submissionTLS.key", "relayTLS.certificate", "relayTLS.key",
			"timestamp.url", "timestamp.certificates", "timestamp.policy", "timestamp.simulator",
			"trustList.file", "trustList.signers", "trustList.every", "anchors.operation", "anchors.timestamp", "anchors.personal", "anchors.issuers",
			"revocation.require", "keys.folder", "keys.passphrase", "keys.destroyed", "keys.demonstration", "scanner.clamd", "scanner.none", "programs.eventDays", "programs.bulkPerMinute", "limits.connections", "limits.perAddress", "limits.workers"),
	)
}

// logKeys are the keys of all log lines, with the package that writes them.
// Addresses and people stand in a log as pseudonyms and identifiers (AT-34).
func logKeys() []privacy.Holding {
	log := manner{privacy.LogKey, privacy.Pseudonym, privacy.LogSink, privacy.KeepLog, []privacy.RecipientID{privacy.OwnStaff}}
	plain := log.as(privacy.Plain)
	return slices.Concat(
		[]privacy.Holding{
			log.holds("rem:account", accountID),
			log.holds("rem:person", personID),
			log.holds("smtpin:actor", accountID, personID),
			log.holds("smtpin:from", network),
			log.holds("node:account", accountID),
			log.holds("node:message", messageID),
			log.holds("relay:message", messageID),
			log.holds("message:message", messageID),
			plain.holds("node:state", accountState),
			plain.holds("node:percent", accountState),
			plain.holds("node:by", staffName),
			plain.holds("control:by", staffName),
			plain.holds("control:route", staffAct),
			plain.holds("node:detail", replyText),
			plain.holds("relay:detail", replyText),
		},
		technical(privacy.LogKey, counted, "smtpin:octets", "smtpin:code", "smtpin:recipients", "relay:recipients", "relay:evidences", "trustlistfile:providers", "node:left", "node:version"),
		technical(privacy.LogKey, ofCode, "node:kind"),
		technical(privacy.LogKey, random, "smtpin:session"),
		technical(privacy.LogKey, ofCode, "smtpin:face", "smtpin:while", "node:what", "relay:class", "node:mode", "node:notice", "node:stage", "message:stage"),
		technical(privacy.LogKey, ofPeer, "relay:to", "node:domain", "tsa:authority", "trustlistfile:sequence", "trustlistfile:next_update", "tsa:left_alone"),
		technical(privacy.LogKey, ofFault, "smtpin:err", "control:err", "node:err", "message:err", "tsa:error", "trustlistfile:error"),
	)
}

// metrics are counters without a personal label (AT-38).
func metrics() []privacy.Holding {
	return slices.Concat(
		technical(privacy.Metric, counted,
			"rem_submissions_accepted_total", "rem_submissions_refused_total", "rem_envelopes_taken_total", "rem_refused_full_total", "rem_alarms_total",
			"rem_relay_attempts_total", "rem_journal_syncs_total", "rem_journal_records_total", "rem_index_records_total"),
		technical(privacy.Label, ofCode, "reason", "what", "class"),
	)
}

// controlFields are what the control socket takes and gives: fields of JSON as
// type.field, variables of routes as {name}, parameters as ?name, headers by name.
func controlFields() []privacy.Holding {
	asked := manner{privacy.ControlField, privacy.Plain, privacy.Socket, privacy.KeepAnswer, []privacy.RecipientID{privacy.OwnStaff}}
	own := asked
	own.to = []privacy.RecipientID{privacy.OwnPeople} // asked with the holder's password
	return slices.Concat(
		[]privacy.Holding{
			asked.holds("Rem-Person", staffName),
			asked.holds("Authorization", accountAddress, password),
			asked.holds("{address}", accountAddress),
			asked.holds("{id}", messageID),
			asked.holds("?after", accountID, messageID),
			asked.holds("setPassword.password", password),
			asked.holds("setState.state", accountState),
			asked.holds("setState.reason", accountState),
			asked.holds("accountNames.case", staffAct),
			asked.holds("AccountNames.holder", holderName),
			asked.holds("AccountNames.operators", operatorName),
			asked.holds("NewAccount.address", accountAddress),
			asked.holds("NewAccount.holder", holderName),
			asked.holds("NewAccount.legal", holderKind),
			asked.holds("NewAccount.operator", operatorName),
			asked.holds("NewAccount.identity", operatorIdentity),
			asked.holds("NewAccount.quota", accountState),
			asked.holds("NewAccount.password", password),
			asked.holds("Account.id", accountID),
			asked.holds("Account.address", accountAddress),
			asked.holds("Account.holder", personID),
			asked.holds("Account.state", accountState),
			asked.holds("Account.quota", accountState),
			asked.holds("Account.bytes", accountState),
			asked.holds("Account.messages", accountState),
			asked.holds("Account.operators", personID),
			asked.holds("Line.evidence", messageID),
			asked.holds("Line.kind", traffic),
			asked.holds("Line.outcome", traffic),
			asked.holds("Line.time", traffic),
			asked.holds("Line.reasons", traffic),
			asked.holds("Line.conflict", traffic),
			asked.holds("Line.noInformation", traffic),
			asked.holds("Recipient.address", accountAddress, otherAddress),
			asked.holds("Recipient.state", traffic),
			asked.holds("Recipient.leg", traffic),
			asked.holds("Recipient.since", traffic),
			asked.holds("Recipient.due", traffic),
			asked.holds("Timeline.message", messageID),
			asked.holds("Timeline.sender", accountAddress, otherAddress),
			asked.holds("Timeline.subject", subject),
			asked.holds("Timeline.submitted", traffic),
			asked.holds("Timeline.digest", digest),
			asked.holds("Timeline.unscanned", traffic),
			asked.holds("Timeline.size", digest),
			own.holds("Entry.message", messageID),
			own.holds("Entry.sender", accountAddress, otherAddress),
			own.holds("Entry.subject", subject),
			own.holds("Entry.arrived", traffic),
			own.holds("Entry.opened", opening),
			own.holds("Entry.size", digest),
			asked.holds("Notice.by", staffName),
			asked.holds("Document.by", staffName),
			asked.holds("Finding.message", messageID),
			asked.holds("Finding.evidence", messageID),
			asked.holds("Task.Message", messageID),
			asked.holds("Task.Target", messageID),
			asked.holds("Task.Due", traffic),
			asked.holds("Task.Attempts", traffic),
			own.holds("dispatch (message/rfc822)", append([]privacy.DatumID{content, certificate}, inEvidence...)...),
			asked.holds("evidence (application/xml)", inEvidence...),
			own.holds("message (message/rfc822)", content, certificate),
		},
		technical(privacy.ControlField, order, "{uid}", "{stage}", "?limit", "Line.recipient", "Line.size", "Recipient.number", "Entry.uid", "Entry.recipient",
			"Finding.done", "Finding.total", "Task.Stage"),
		technical(privacy.ControlField, byParts, "Timeline.recipients", "Timeline.lines"),
		technical(privacy.ControlField, ofFault, "Finding.problem"),
		technical(privacy.ControlField, ofSystem, "source.source", "Notice.version", "Notice.digest", "Notice.published", "Notice.effective", "Notice.status", "Notice.sample",
			"Document.kind", "Document.version", "Document.digest", "Document.published", "Document.effective", "Document.status", "Document.sample"),
		technical(privacy.ControlField, ofPeer, "Line.issuer", "Peer.code", "Peer.domains", "Peer.name", "Peer.status", "Peer.relays", "Peer.service", "TrustList.sequence",
			"TrustList.issueTime", "TrustList.nextUpdate", "TrustList.digest", "TrustList.providers"),
	)
}

// files are the names in the data folder, as patterns of path.Match. No name
// comes from outside (AT-11), so none of them says anything about people; what
// is in the files is listed as columns and records.
func files() []privacy.Holding {
	return slices.Concat(
		technical(privacy.File, ofSystem,
			"lock", "control.sock", ".c*/s", "trustlist.sequence", "trustlist.sequence.new-*",
			"index.sqlite", "index.sqlite-wal", "index.sqlite-shm",
			"contents/lock", "contents/reserve", "contents/segments/??????????", "contents/corrupt/*"),
		// Chains of edge/chainstore, each a small journal.
		technical(privacy.File, ofSystem,
			"notices/lock", "notices/reserve", "notices/segments/??????????", "notices/corrupt/*",
			"deliveries/lock", "deliveries/reserve", "deliveries/segments/??????????", "deliveries/corrupt/*",
			"publications/lock", "publications/reserve", "publications/segments/??????????", "publications/corrupt/*",
			"consents/lock", "consents/reserve", "consents/segments/??????????", "consents/corrupt/*"),
		// Keys, the list of destroyed ones, the access log, the person's journey.
		technical(privacy.File, ofSystem,
			"keys/keys", "keys/keys.new", "keys/passphrase.demo", "keys/passphrase.demo.new", "keys/lock", "datakeys.sqlite", "datakeys.sqlite-wal", "datakeys.sqlite-shm",
			"destroyed/lock", "destroyed/reserve", "destroyed/segments/??????????", "destroyed/corrupt/*",
			"access/lock", "access/reserve", "access/segments/??????????", "access/corrupt/*",
			"persons.sqlite", "persons.sqlite-wal", "persons.sqlite-shm", "papers/lock", "policies/*"),
		technical(privacy.File, random, "papers/new/??????????????????????????", "papers/papers/*/*", "contents/large/????/??????????????????????????", "contents/tmp/??????????????????????????"),
	)
}
