package evidence

import (
	"time"

	"rem"
	"rem/message"
)

// Kind and Outcome are package message's, under the names that readers of
// evidence expect.
type (
	Kind    = message.Kind
	Outcome = message.Outcome
)

// The nine kinds, spelled as their schema elements.
const (
	SubmissionAcceptanceRejection    = message.SubmissionAcceptanceRejection
	RelayREMMDAcceptanceRejection    = message.RelayREMMDAcceptanceRejection
	RelayREMMDFailure                = message.RelayREMMDFailure
	DeliveryNonDeliveryToRecipient   = message.DeliveryNonDeliveryToRecipient
	DownloadNonDownloadByRecipient   = message.DownloadNonDownloadByRecipient
	RetrievalNonRetrievalByRecipient = message.RetrievalNonRetrievalByRecipient
	AcceptanceRejectionByRecipient   = message.AcceptanceRejectionByRecipient
	RelayToNonREMSystem              = message.RelayToNonREMSystem
	ReceivedFromNonREMSystem         = message.ReceivedFromNonREMSystem
)

// The two outcomes.
const (
	Positive = message.Positive
	Negative = message.Negative
)

// A Draft says what happened, apart from any written form. Times are UTC and
// are written with milliseconds. The zero value of an optional field means
// that it is not written.
//
// A Draft is a value: nobody changes its slices once it was given away.
type Draft struct {
	// ID is the evidence's identifier and its xs:ID; see rem.NewEvidenceID.
	ID      rem.EvidenceID
	Kind    Kind
	Outcome Outcome
	// Reasons say why. A negative evidence has at least one.
	Reasons []Reason
	// PolicyIDs are the URIs of the practice statement and policies that the
	// issuer follows. The schema makes them optional, the standard's text does
	// not, so there is at least one.
	PolicyIDs []string
	// Issuer is the REM-MD that signs; its address is its service address.
	Issuer Party
	// SenderAuthentication says how the sender proved who he is when he
	// submitted; RecipientAuthentication the same of who opened or answered.
	SenderAuthentication, RecipientAuthentication Authentication
	// EventTime is the clock's word for when it happened; the token of the
	// signature is the proof.
	EventTime time.Time
	// SubmissionTime is copied into every later evidence of the message.
	SubmissionTime time.Time
	ReplyTo        rem.Address
	Sender         Party
	// Recipients are all recipients of the message (To, then Cc), in the order
	// that every evidence of the message keeps.
	Recipients []Party
	// Delegates are the natural persons who acted for recipients, such as a
	// company's operator who opened the message.
	Delegates []Delegate
	// RefersTo is the 1-based place in Recipients that the evidence is about;
	// 0 when it is about all of them.
	RefersTo int
	Message  MessageDetails
	// Notification is the notice of store-and-notify that this evidence is
	// about, its ID empty when there is none.
	Notification MessageDetails
	// ForwardedTo names the ordinary mail or printing system of the two kinds
	// that know one.
	ForwardedTo string
	// Log tells the steps that led here, oldest first.
	Log []LogEntry
	// Answers is the evidence that this one follows from.
	Answers Answer
}

// A Reason says why the event took its course. Detail is for people and may be
// empty: then the table's own words are written.
type Reason struct {
	Code   rem.Reason
	Detail rem.Text
}

// A Party is somebody whom an evidence names.
type Party struct {
	Name string
	// Address is the party's KEP address.
	Address rem.Address
	// Foreign is an address that is no KEP address. An accepted submission has
	// none; other evidence names what a sender or another REM-MD wrote.
	Foreign string
	// Person names a natural person of ours without saying who he is.
	Person rem.PersonID
}

// An Authentication says when and how somebody proved who he is.
// TS 102 640-2 AuthenticationDetailsType.
type Authentication struct {
	Time   time.Time
	Method string // a URI
}

// IsZero reports whether nothing is said.
func (a Authentication) IsZero() bool { return a == Authentication{} }

// A Delegate acted for the recipients at the given 1-based places.
type Delegate struct {
	Party
	Recipients []int
}

// MessageDetails names the message. Digest and Size are those of the original
// from its first byte to its last CRLF; the CRLF before a MIME boundary is not
// among them (RFC 2046 5.1.1). Size is in octets, 0 when not known.
// TS 102 640-2 SenderMessageDetails, NotificationMessageDetails.
type MessageDetails struct {
	Subject string
	// UAMessageID is the Message-ID that the sender's program gave, as it
	// stands in the header, brackets and all.
	UAMessageID string
	ID          rem.MessageID
	Digest      rem.Digest
	Size        int64
}

// A LogEntry is one step on the way to the evidence. Actor is a pseudonym or
// an identifier, never a name.
type LogEntry struct {
	Event string
	Time  time.Time
	Actor string
}

// An Answer points to an earlier evidence: its identifier and the SHA-256 of
// its signed XML, byte for byte as it was received.
type Answer struct {
	ID     rem.EvidenceID
	Digest rem.Digest
}

// IsZero reports whether nothing is answered.
func (a Answer) IsZero() bool { return a == Answer{} }

// Recipient returns the recipient the evidence is about; ok is false when it
// is about all of them or about nobody in the list.
func (d *Draft) Recipient() (p Party, ok bool) {
	if d.RefersTo < 1 || d.RefersTo > len(d.Recipients) {
		return Party{}, false
	}
	return d.Recipients[d.RefersTo-1], true
}

// String returns the address, of whatever world it is.
func (p Party) String() string {
	if !p.Address.IsZero() {
		return p.Address.String()
	}
	return p.Foreign
}
