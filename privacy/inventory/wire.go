package inventory

import (
	"slices"

	"rem/privacy"
)

// outgoing are the questions that leave the house for services other than
// providers of registered mail.
func outgoing() []privacy.Holding {
	sent := manner{privacy.Outgoing, privacy.Hashed, privacy.Links, privacy.KeepHandover, []privacy.RecipientID{privacy.Stamper}}
	status := sent.as(privacy.Plain)
	status.to = []privacy.RecipientID{privacy.Certifier}
	scan := sent.as(privacy.Plain)
	scan.to = []privacy.RecipientID{privacy.Scanner}
	return slices.Concat(
		[]privacy.Holding{
			// RFC 3161 2.4.1: the authority sees a digest of a signature and no name.
			sent.holds("tsp.Request.Imprint", digest),
			// RFC 6960 4.1.1: the issuer learns that its certificate was looked at.
			// The question goes by HTTP, as the certificate names its address.
			status.holds("OCSP serialNumber", certificate),
			scan.holds("clamd stream", content, certificate),
		},
		technical(privacy.Outgoing, ofSystem, "tsp.Request.Hash", "tsp.Request.Policy", "tsp.Request.Certificates"),
		technical(privacy.Outgoing, random, "tsp.Request.Nonce"),
		technical(privacy.Outgoing, ofPeer, "OCSP issuerNameHash", "OCSP issuerKeyHash", "CRL address", "name look-up of hosts"),
	)
}

// wire is what other providers, and users, are given: SMTP, evidence
// (docs/formats/evidence.md) and the header of envelopes (docs/formats/envelope.md).
func wire() []privacy.Holding {
	sent := manner{privacy.Wire, privacy.Encrypted, privacy.Links, privacy.KeepHandover, []privacy.RecipientID{privacy.OtherREMMD, privacy.OwnPeople}}
	both := []privacy.DatumID{accountAddress, otherAddress}
	return slices.Concat(
		[]privacy.Holding{
			sent.holds("smtp RCPT TO", both...),
			sent.holds("smtp DATA", append([]privacy.DatumID{content, certificate}, inEvidence...)...),
			sent.holds("smtp reply", messageID, traffic),

			sent.holds("evidence EvidenceIdentifier", messageID),
			sent.holds("evidence EventCode", traffic),
			sent.holds("evidence Code", traffic),
			sent.holds("evidence AuthenticationTime", login),
			sent.holds("evidence AuthenticationMethod", login),
			sent.holds("evidence EventTime", traffic),
			sent.holds("evidence SubmissionTime", traffic),
			sent.holds("evidence ReplyToAddress", both...),
			sent.holds("evidence Name", otherName),
			sent.holds("evidence AttributedElectronicAddress", append([]privacy.DatumID{personID}, both...)...),
			sent.holds("evidence MessageSubject", subject),
			sent.holds("evidence UAMessageIdentifier", programID),
			sent.holds("evidence MessageIdentifierByREMMD", messageID),
			sent.holds("evidence DigestValue", digest),
			sent.as(privacy.Pseudonym).holds("evidence Entry", append([]privacy.DatumID{personID, traffic}, both...)...),
			sent.holds("evidence Answers", messageID, digest),
			sent.holds("evidence MessageSize", digest),
			sent.holds("evidence NotificationSize", digest),

			sent.holds("header From", both...),
			sent.holds("header To", append([]privacy.DatumID{otherName}, both...)...),
			sent.holds("header Cc", append([]privacy.DatumID{otherName}, both...)...),
			sent.holds("header Reply-To", append([]privacy.DatumID{otherName}, both...)...),
			sent.holds("header Subject", subject),
			sent.holds("header Date", traffic),
			sent.holds("header Message-ID", messageID),
			sent.holds("header In-Reply-To", messageID, programID),
			sent.holds("header References", messageID, programID),
			sent.holds("header X-REM-Evidence-Type", traffic),
			sent.holds("header X-REM-Event", traffic),
			sent.holds("header X-REM-Evidence-Identifier", messageID),
			sent.holds("header X-REM-Message-Identifier", messageID),
			sent.holds("header X-REM-DigestValue", digest),
			sent.holds("header REM-DigestValue", digest),
			sent.holds("header REM-UAMessageIdentifier", programID),
			sent.holds("header REM-EventIdentifier", traffic),
			sent.holds("header REM-Evidence-ID", messageID),
			sent.holds("header REM-ReasonIdentifier", traffic),
			sent.holds("header REM-MD08", append([]privacy.DatumID{otherName}, both...)...),
		},
		technical(privacy.Wire, ofPeer, "smtp EHLO", "smtp MAIL FROM", "smtp client certificate", "evidence PolicyID", "evidence ForwardedToExternalSystem"),
		technical(privacy.Wire, byParts,
			"evidence EventReasons", "evidence EventReason", "evidence EvidenceIssuerPolicyID", "evidence EvidenceIssuerDetails", "evidence SenderAuthenticationDetails",
			"evidence RecipientAuthenticationDetails", "evidence SenderDetails", "evidence RecipientsDetails", "evidence RecipientsDelegatesDetails",
			"evidence EntityDetails", "evidence DelegateDetails", "evidence NamesPostalAddresses", "evidence NamePostalAddress", "evidence EntityName",
			"evidence SenderMessageDetails", "evidence NotificationMessageDetails", "evidence TransactionLogInformation", "evidence TransactionLog",
			"evidence Extensions", "evidence Extension"),
		technical(privacy.Wire, order, "evidence EvidenceRefersToRecipient", "evidence DelegatingRecipients"),
		technical(privacy.Wire, ofSentence, "evidence Details"),
		technical(privacy.Wire, ofCode, "evidence DigestMethod", "header X-REM-Msg-Type", "header X-REM-DigestMethod", "header REM-MessageType", "header REM-DigestAlgorithm",
			"header Auto-Submitted", "header MIME-Version", "header Content-Type", "header Content-Transfer-Encoding"),
	)
}
