package envelope

import (
	"rem"
	"rem/message"
	"rem/message/evidence"
)

// The header fields of the two standards. docs/formats/envelope.md says which
// are written where. Those of TS 102 640 begin with X-.
const (
	fieldMsgType          = "X-REM-Msg-Type"
	fieldEvidenceType     = "X-REM-Evidence-Type"
	fieldEvent            = "X-REM-Event"
	fieldEvidenceID       = "X-REM-Evidence-Identifier"
	fieldMessageID        = "X-REM-Message-Identifier"
	fieldDigestMethod     = "X-REM-DigestMethod"
	fieldDigestValue      = "X-REM-DigestValue"
	fieldSection          = "X-REM-Section-Type"
	fieldMessageType522   = "REM-MessageType"         // EN 319 532-3 MD13
	fieldDigestMethod522  = "REM-DigestAlgorithm"     // MD14
	fieldDigestValue522   = "REM-DigestValue"         // MD14
	fieldUAID522          = "REM-UAMessageIdentifier" // MD14
	fieldEvent522         = "REM-EventIdentifier"     // G03
	fieldEvidenceID522    = "REM-Evidence-ID"         // G01
	fieldReason522        = "REM-ReasonIdentifier"    // G04
	fieldSender522        = "REM-MD08"                // sender's identifier
	fieldSection522       = "REM-Section-Type"        // of a part
	fieldExtensionCode    = "X-REM-Extension-Code"    // of an extension part
	fieldExtensionCode522 = "REM-Extension-Code"
)

const (
	sha256URI    = "http://www.w3.org/2001/04/xmlenc#sha256"
	messageType  = "http://uri.etsi.org/19522/v1#/ERDMessageType/"
	originalName = "AttachedMimeMessage.eml"

	// MaxEvidence bounds the evidences of one envelope: a message has at most
	// three about each recipient, and a provider groups what is near in time.
	MaxEvidence = 64
)

// A tale says in plain words what an evidence means. Name is what people call
// it (REQ-59); Event is the value of X-REM-Event.
type tale struct {
	event      string
	name, what rem.Text
}

type happening struct {
	kind    message.Kind
	outcome message.Outcome
}

// eventURIs are the values of REM-EventIdentifier.
var eventURIs = func() map[happening]string {
	out := map[happening]string{}
	for h := range tales {
		out[h] = evidence.EventURI(h.kind, h.outcome)
	}
	return out
}()

var tales = map[happening]tale{
	{message.SubmissionAcceptanceRejection, message.Positive}: {"Submission acceptance",
		rem.Text{Turkish: "Gönderim kabul delili", English: "Evidence of accepted submission"},
		rem.Text{Turkish: "Göndericinin KEPHS'si iletiyi alıcılara ulaştırmak üzere kabul etti.", English: "The sender's provider accepted the message and took charge of conveying it to the recipients."}},
	{message.SubmissionAcceptanceRejection, message.Negative}: {"Submission non acceptance",
		rem.Text{Turkish: "Gönderim ret delili", English: "Evidence of refused submission"},
		rem.Text{Turkish: "Göndericinin KEPHS'si iletiyi kabul etmedi; ileti hiçbir alıcıya gönderilmedi.", English: "The sender's provider did not accept the message; it was sent to nobody."}},
	{message.RelayREMMDAcceptanceRejection, message.Positive}: {"Relay acceptance",
		rem.Text{Turkish: "Alıcı KEPHS kabul delili", English: "Evidence of acceptance by the recipient's provider"},
		rem.Text{Turkish: "Alıcının KEPHS'si iletiyi devraldı; bundan sonrası onun sorumluluğundadır.", English: "The recipient's provider took the message over and answers for it from then on."}},
	{message.RelayREMMDAcceptanceRejection, message.Negative}: {"Relay non acceptance",
		rem.Text{Turkish: "Alıcı KEPHS ret delili", English: "Evidence of refusal by the recipient's provider"},
		rem.Text{Turkish: "Alıcının KEPHS'si iletiyi devralmadı.", English: "The recipient's provider did not take the message over."}},
	{message.RelayREMMDFailure, message.Negative}: {"Relay failure",
		rem.Text{Turkish: "İletim hatası delili", English: "Evidence of failed relay"},
		rem.Text{Turkish: "İleti süresi içinde alıcının KEPHS'sine iletilemedi.", English: "The message could not be conveyed to the recipient's provider in time."}},
	{message.DeliveryNonDeliveryToRecipient, message.Positive}: {"Delivery",
		rem.Text{Turkish: "Teslim delili", English: "Evidence of delivery"},
		rem.Text{Turkish: "İleti alıcının KEP kutusuna kondu.", English: "The message was put into the recipient's mailbox."}},
	{message.DeliveryNonDeliveryToRecipient, message.Negative}: {"Non delivery within a given retention period",
		rem.Text{Turkish: "Teslim edilemedi delili", English: "Evidence of non-delivery"},
		rem.Text{Turkish: "İleti alıcının KEP kutusuna konamadı ya da süresi içinde teslim bilgisi alınamadı.", English: "The message could not be put into the recipient's mailbox, or no news of it came in time."}},
	{message.DownloadNonDownloadByRecipient, message.Positive}: {"Download",
		rem.Text{Turkish: "İndirme delili", English: "Evidence of download"},
		rem.Text{Turkish: "Alıcı, bildirimdeki iletiyi indirdi.", English: "The recipient fetched the message that a notice had told of."}},
	{message.DownloadNonDownloadByRecipient, message.Negative}: {"Non download within a given retention period",
		rem.Text{Turkish: "İndirilmedi delili", English: "Evidence of non-download"},
		rem.Text{Turkish: "Alıcı, bildirimdeki iletiyi süresi içinde indirmedi.", English: "The recipient did not fetch the message in time."}},
	{message.RetrievalNonRetrievalByRecipient, message.Positive}: {"Retrieval",
		rem.Text{Turkish: "Okundu delili", English: "Evidence of retrieval"},
		rem.Text{Turkish: "Alıcı ya da yetkilisi iletiyi açtı.", English: "The recipient, or a person authorised by him, opened the message."}},
	{message.RetrievalNonRetrievalByRecipient, message.Negative}: {"Non retrieval within a given retention period",
		rem.Text{Turkish: "Okunmadı delili", English: "Evidence of non-retrieval"},
		rem.Text{Turkish: "İleti süresi içinde açılmadı.", English: "The message was not opened in time."}},
	{message.AcceptanceRejectionByRecipient, message.Positive}: {"Acceptance by recipient",
		rem.Text{Turkish: "Alıcı kabul delili", English: "Evidence of acceptance by the recipient"},
		rem.Text{Turkish: "Alıcı iletiyi kabul ettiğini bildirdi.", English: "The recipient declared that he accepts the message."}},
	{message.AcceptanceRejectionByRecipient, message.Negative}: {"Rejection by recipient",
		rem.Text{Turkish: "Alıcı ret delili", English: "Evidence of refusal by the recipient"},
		rem.Text{Turkish: "Alıcı iletiyi reddettiğini bildirdi.", English: "The recipient declared that he refuses the message."}},
	{message.RelayToNonREMSystem, message.Positive}: {"Relay to non REM system",
		rem.Text{Turkish: "KEP dışı sisteme iletim delili", English: "Evidence of relay to a system outside registered mail"},
		rem.Text{Turkish: "İleti kayıtlı elektronik posta olmayan bir sisteme verildi; sonrası izlenemez.", English: "The message was handed to a system that is not registered mail; what follows cannot be followed."}},
	{message.RelayToNonREMSystem, message.Negative}: {"Non relay to non REM system",
		rem.Text{Turkish: "KEP dışı sisteme iletilemedi delili", English: "Evidence of failed relay to a system outside registered mail"},
		rem.Text{Turkish: "İleti kayıtlı elektronik posta olmayan sisteme verilemedi.", English: "The message could not be handed to the system that is not registered mail."}},
	{message.ReceivedFromNonREMSystem, message.Positive}: {"Received from non REM system",
		rem.Text{Turkish: "KEP dışı sistemden alındı delili", English: "Evidence of receipt from a system outside registered mail"},
		rem.Text{Turkish: "İleti kayıtlı elektronik posta dışından geldi; gönderenin kimliği doğrulanmamıştır.", English: "The message came from outside registered mail; who sent it is not proved."}},
}

// Told gives what people call an evidence, and what it means in plain words; empty
// for an outcome that its kind does not have (REQ-59).
func Told(k message.Kind, o message.Outcome) (name, what rem.Text) {
	t := tales[happening{k, o}]
	return t.name, t.what
}
