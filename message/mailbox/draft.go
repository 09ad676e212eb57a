package mailbox

import (
	"time"

	"rem"
	"rem/message"
)

// A DraftID is a draft's: random, and the name of nothing else.
type DraftID string

// A Step is where a draft is on its way to a message.
type Step string

// The steps.
const (
	Writing   Step = "writing"
	ToSign    Step = "to-sign"   // its preparer handed it to a signer
	Scheduled Step = "scheduled" // it is signed, and waits for its time
	Sending   Step = "sending"   // it is signed, and submission has yet to answer
	Stopped   Step = "stopped"   // at its time it could not be sent; Draft.Why says why
)

// A Draft is a message that is being written. Its text, names and addresses are
// sealed where it is kept.
type Draft struct {
	ID      DraftID
	Version int64 // grows with each saving
	Step    Step
	// Author began it; Signer is to sign it, when it was handed over.
	Author, Signer rem.PersonID
	Saved          time.Time

	To, Cc  []string // as typed
	Subject string
	// HTML is what was written with form, made safe; "" when Text alone was.
	HTML, Text string
	Files      []File
	// Answers is the message that it answers, Forwards the one that it passes on; when
	// it is sent, their items are marked so.
	Answers, Forwards rem.MessageID

	// SendAt is when it is to be submitted, as its writer wants it; zero: at once.
	// Original is its signed bytes' digest; they are a file of the draft ([Sender]).
	SendAt   time.Time
	Original rem.Digest
	Why      rem.Text
	// Handed is who hands it in, once it was handed to a signer or signed.
	Handed Handed
}

// Handed is a natural person who hands a draft in, and how he proved to be himself
// when he did: what is submitted later is submitted as by him.
type Handed struct {
	Person         rem.PersonID
	Method         string
	Authentication message.Authentication
}

// InTurn is the SendAt of a signed draft that waits for its turn in a bulk sending,
// and not for a time: nothing sends it by itself.
var InTurn = time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)

// A File is an attachment of a draft.
type File struct {
	ID     string // random
	Name   string // as declared
	Type   string // by content
	Size   int64
	Digest rem.Digest
	// AsIs: it is a message whose octets stand in the composed one as they are
	// (RFC 2046 5.2.1); [Box.Enclose] says of which this can be said.
	AsIs bool
}

// Bounds of a draft.
const (
	MaxRecipients = 500
	MaxSubject    = 500     // characters
	MaxText       = 1 << 20 // octets, of HTML and of Text
	MaxFiles      = 100
	MaxAttached   = 100 << 20 // octets of all files; several times what a package holds
	// MaxAhead is how long before its time a message may be signed: certificates and
	// authorities end, and a sender forgets.
	MaxAhead = 30 * 24 * time.Hour
)

// A Keepsake is what people keep for writing: contacts, groups of them, templates
// and signatures.
type Keepsake struct {
	ID   string // random
	Kind KeepsakeKind
	// Name is what lists show; Fields are by the kind: address and note of a
	// contact, addresses (one a line) of a group, subject and text (or html) of a
	// template, text (or html) of a signature.
	Name   string
	Fields map[string]string
	// Person is whose it is; "": everybody's of the account.
	Person rem.PersonID
}

// A KeepsakeKind is what a keepsake is.
type KeepsakeKind string

// The kinds of keepsakes.
const (
	Contact   KeepsakeKind = "contact"
	Group     KeepsakeKind = "group"
	Template  KeepsakeKind = "template"
	Signature KeepsakeKind = "signature"
)

// Preferences are one person's on one account.
type Preferences struct {
	// AskFirst: before a message is opened for the first time, a page says that
	// opening is evidence, and asks.
	AskFirst bool
	// Channels are by which a person is told of arrivals, without content.
	Mail, SMS bool
	// Digest gathers what arrived into one notice a day, at this hour of Türkiye's
	// time; -1: none.
	Digest int
	// QuietFrom and QuietUntil are hours of Türkiye's time between which nobody is
	// told; the same hour: none.
	QuietFrom, QuietUntil int
}

// DefaultPreferences ask before a first opening and tell by mail.
var DefaultPreferences = Preferences{AskFirst: true, Mail: true, Digest: -1}
