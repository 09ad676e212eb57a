package message

import (
	"context"
	"fmt"
	"io"
	"time"

	"rem"
	"rem/mail/archive"
)

// A Ref names a content in the ledger's store. It is opaque, short and ours:
// nothing from outside is ever part of it (AT-11).
type Ref string

// A Content is bytes that do not change: an original message, an envelope, an
// evidence. Reading is safe from many goroutines.
type Content interface {
	io.ReaderAt
	Size() int64
	Digest() rem.Digest
}

// An Authentication says when and how a person proved to be himself: the
// fields of AuthenticationDetailsType, TS 102 640-2.
type Authentication struct {
	Time   time.Time
	Method string // a URI, see docs/formats/evidence.md
}

// A Party is a sender or a recipient as evidence names it.
type Party struct {
	Address rem.Address
	// Raw is what was written where Address could not be read; evidence of a
	// refusal names it as it stood.
	Raw  string
	Name string
}

// A Recipient is one person of To or Cc, in the order of the header fields.
// Its number is its place, from 1.
type Recipient struct {
	Party
	Copy    bool // from Cc
	Leg     Leg
	Account rem.AccountID // ours, for Inbound and Local
}

// A Record is what does not change about a message once it is ours.
type Record struct {
	ID     rem.MessageID
	Origin string // domain of the sender's REM-MD
	Sender Party
	Actor  rem.Actor // who submitted it; zero for another REM-MD's sender
	// SenderAuthentication is the login behind the submission.
	SenderAuthentication Authentication
	Subject              string
	UAMessageID          string // the Message-ID that the sender's program gave, as it stands
	Digest               rem.Digest
	Size                 int64
	Submitted            time.Time // SubmissionTime of TS 102 640-2
	Recipients           []Recipient

	// Original is where the content with the original message is: the original
	// itself for our own sender, the dispatch as it came for another's. From
	// and Length say which part of that content the original is.
	Original     Ref
	From, Length int64

	// Unscanned is why a scanner was kept from a part of what another REM-MD sent
	// (archive.Finding.Beyond): each kind once, in order. Empty: it read everything, or
	// there is none (AT-09).
	Unscanned []archive.Kind `json:",omitempty"`
}

// Recipient returns the recipient with number n, from 1, or nil.
func (r *Record) Recipient(n int) *Recipient {
	if n < 1 || n > len(r.Recipients) {
		return nil
	}
	return &r.Recipients[n-1]
}

// A Standing is what does change, for one recipient.
type Standing struct {
	Recipient int
	State     State
	Since     time.Time
	// Due is when the deadline of the state passes; zero when it has none.
	Due time.Time
}

// A Filed is an evidence as the ledger keeps it: ours or another's.
type Filed struct {
	ID        rem.EvidenceID
	Kind      Kind
	Outcome   Outcome
	Recipient int    // 0 when it concerns all
	Issuer    string // the issuer's domain
	Time      time.Time
	// Reasons are the codes, for lists; the XML has the whole.
	Reasons       []rem.Reason
	NoInformation bool
	// Conflict marks an evidence of another REM-MD that contradicts what was
	// already known. It is kept and alarmed, and told to nobody as true.
	Conflict bool
	// Digest is the SHA-256 of XML; it is there also when XML was not asked for.
	Digest rem.Digest
	XML    []byte
	// Ref is set by the ledger when it reads: where the bytes are.
	Ref Ref
}

// An Opener is the part of a ledger that gives contents.
type Opener interface {
	Open(ctx context.Context, ref Ref) (Content, error)
}

// Load returns the evidence with its XML, which the ledger keeps at f.Ref.
func (f Filed) Load(ctx context.Context, from Opener) (Filed, error) {
	c, err := from.Open(ctx, f.Ref)
	if err == nil {
		f.XML = make([]byte, c.Size())
		if n, readErr := c.ReadAt(f.XML, 0); n < len(f.XML) {
			err = readErr
		}
	}
	if err != nil {
		return f, fmt.Errorf("reading evidence %s: %w", f.ID, err)
	}
	return f, nil
}

// Claim returns what the evidence asserts.
func (f Filed) Claim() Claim { return Claim{f.Kind, f.Outcome, f.NoInformation} }

// An Arrival puts a message into a mailbox.
type Arrival struct {
	Account   rem.AccountID
	Recipient int
	Time      time.Time
	// Size is what it counts against the quota. A full mailbox never stops an
	// arrival (REQ-70): what is over is accounted as overflow.
	Size int64
}

// A Task is work that waits for a stage.
type Task struct {
	Stage   Stage
	Message rem.MessageID
	// Target is what the stage works on: the other REM-MD's domain for relay
	// and return, the recipient's number for delivery and retrieval.
	Target   string
	Due      time.Time
	Attempts int
}
