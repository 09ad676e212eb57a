package rem

import "fmt"

// A Reason is the name of an event reason of TS 102 640-2, annex D, as
// docs/formats/evidence.md lists them, such as "UnknownRecipient". The written
// form turns it into a URI.
type Reason string

// The reasons that the stages give. The list is the one that two
// implementations of the standard share (requirements register, REQ-60).
const (
	InvalidMessageFormat      Reason = "InvalidMessageFormat"
	MalwareFound              Reason = "MalwareFound"
	InvalidUserSignature      Reason = "InvalidUserSignature"
	UserCertExpiredOrRevoked  Reason = "UserCertExpiredOrRevoked"
	PolicyViolation           Reason = "PolicyViolation"
	PeerMalfunction           Reason = "R_REMMD_Malfunction"
	PeerNotIdentified         Reason = "R_REMMD_NotIdentified"
	PeerUnreachable           Reason = "R_REMMD_Unreachable"
	NoDeliveryInformation     Reason = "S_REMMD_ReceivedNoDeliveryInfoFromR_REMMD"
	UnknownRecipient          Reason = "UnknownRecipient"
	MailboxFull               Reason = "MailboxFull"
	TechnicalMalfunction      Reason = "TechnicalMalfunction"
	AttachmentNotAccepted     Reason = "AttachementFormatNotAccepted"
	RecipientRejection        Reason = "RecipientRejection"
	RetentionPeriodExpired    Reason = "RetentionPeriodExpired"
	RegularMailUnreachable    Reason = "RegularEmailUnreachable"
	RegularMailNonOperational Reason = "RegularEmailNonOperational"
	RegularMailRejection      Reason = "RegularEmailRejection"
	PrintingUnreachable       Reason = "PrintingSystemUnreachable"
	PrintingNonOperational    Reason = "PrintingSystemNonOperational"
	PrintingBufferFull        Reason = "PrintingBufferFull"
	Other                     Reason = "Other"
)

// A Refusal is an answer with legal weight: somebody asked for something that
// the rules do not allow. It produces evidence wherever the transition table
// owes one. Everything else that fails is a fault, ours to retry and repair.
type Refusal struct {
	Reason Reason
	Detail Text
}

// Error gives the English text; it holds no personal data.
func (r *Refusal) Error() string { return fmt.Sprintf("refused (%s): %s", r.Reason, r.Detail.English) }

// Refuse makes a refusal with its texts for the person, Turkish first.
func Refuse(reason Reason, turkish, english string) *Refusal {
	return &Refusal{Reason: reason, Detail: Text{Turkish: turkish, English: english}}
}

// A Text is one sentence for people in the languages that users read.
type Text struct{ Turkish, English string }

// String gives both, Turkish first.
func (t Text) String() string {
	if t.Turkish == "" || t.English == "" {
		return t.Turkish + t.English
	}
	return t.Turkish + " / " + t.English
}
