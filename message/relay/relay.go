package relay

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"time"

	"rem"
	"rem/mail/smtp"
	"rem/message"
	"rem/message/evidence"
	"rem/person/account"
	"rem/provider"
)

// A Ledger keeps what relay decides; see [message.Ledger] for the promises.
type Ledger interface {
	Message(ctx context.Context, id rem.MessageID) (*message.View, error)
	Envelope(ctx context.Context, id rem.MessageID) (message.Envelope, error)
	Open(ctx context.Context, ref message.Ref) (message.Content, error)
	Intend(ctx context.Context, in message.Intention) (message.Kept, error)
	Commit(ctx context.Context, s message.Step) error
	Hint(ctx context.Context, s message.Step) error
	Abandon(ctx context.Context, key string) error
	Unfinished(ctx context.Context, stage message.Stage) ([]message.Kept, error)
}

// Accounts finds our accounts by address, closed ones too.
type Accounts interface {
	ByAddress(ctx context.Context, a rem.Address) (account.Account, error)
}

// A Class says what is certain after an attempt.
type Class uint8

// The classes of an attempt.
const (
	// NotTaken: the other side certainly does not have the message from this
	// attempt. No end of data was sent, or it was answered with a refusal.
	NotTaken Class = iota + 1
	// Taken: the end of data was answered with 250.
	Taken
	// Unknown: the end of data was sent and no answer was read.
	Unknown
)

// An Attempt is what became of offering a message to another REM-MD.
type Attempt struct {
	Class Class
	// Permanent is set with NotTaken when the other side said that it will not
	// take the message at all.
	Permanent bool
	// Refused are recipients that were turned away one by one, whatever became
	// of the others: each for good with its reason, or, with none, for the time
	// being. It goes before Permanent.
	Refused map[rem.Address]rem.Reason
	// Reason is what a failure evidence would give.
	Reason rem.Reason
	// Detail is for the log: codes, no personal data.
	Detail string
}

// A Courier offers a message to another REM-MD over its protected channel.
type Courier interface {
	// Carry sends size octets of body to the REM-MD with the domain. It never
	// sends over a channel that is not authenticated on both sides (AT-03). The
	// attempt says all that is known; there is no error beside it.
	Carry(ctx context.Context, domain string, tx smtp.Transaction, body io.Reader, size int64) Attempt
}

// An Enveloper signs envelopes as our REM-MD.
type Enveloper interface {
	// Dispatch signs a REM dispatch around the original.
	Dispatch(ctx context.Context, r *message.Record, original message.Content, submission message.Filed, at time.Time) (message.Envelope, error)
	// Message signs a REM-MD message with evidence about a message, addressed
	// to another REM-MD's service address.
	Message(ctx context.Context, r *message.Record, filed []message.Filed, to rem.Address, at time.Time) ([]byte, error)
}

// A Verifier reads what another REM-MD sent, and returns only what its
// signatures cover.
type Verifier interface {
	// Read verifies an envelope from the REM-MD with the domain. A *rem.Refusal
	// says that the envelope does not hold, with as much of Incoming as can be
	// relied on to answer; any other error is a fault, to be tried again.
	Read(ctx context.Context, domain string, envelope message.Content, at time.Time) (Incoming, error)
}

// An Incoming is what a verified envelope holds.
type Incoming struct {
	// Dispatch says that it holds an original message; else it is a REM-MD
	// message.
	Dispatch bool
	// Record is the message as the sender's REM-MD describes it in its signed
	// submission evidence; only for a dispatch. Its Original is not set.
	Record message.Record
	// Filed are the evidences in the envelope, verified, with their XML.
	Filed []About
}

// An About is an evidence of another REM-MD and the message that it is about.
type About struct {
	Message rem.MessageID
	Digest  rem.Digest // of the original message, as the evidence names it
	// To is the recipient whom the evidence is about, as it names him; zero where
	// it is about all. Filed.Recipient is his place in the evidence's own list,
	// which need not be ours.
	To    rem.Address
	Filed message.Filed
}

// A Scanner looks for malware in what another REM-MD sends.
type Scanner interface {
	// Scan returns the name of what it found, or "". An error means that it
	// could not tell: the other side has to try again.
	Scan(ctx context.Context, r io.Reader, size int64) (found string, err error)
}

// An Alarm is told what an operator must look at. It does not fail and it gets
// no personal data.
type Alarm func(what string, id rem.MessageID, detail string)

// A Relay carries the stage out. Its fields are set before its first use; it
// may be used concurrently.
type Relay struct {
	Provider provider.REMMD
	Practice provider.Practice
	Ledger   Ledger
	Accounts Accounts
	Courier  Courier
	Envelope Enveloper
	Verifier Verifier
	Scanner  Scanner                                 // nil: there is none, as the practice statement says
	Service  func(domain string) (rem.Address, bool) // another REM-MD's service address, from the trust list
	// Same reports whether two domains are those of one REM-MD, by the trust
	// list. nil: every REM-MD has one.
	Same   func(a, b string) bool
	Signer *evidence.Signer
	Clock  rem.Clock
	Alarm  Alarm
	Log    *slog.Logger
}

// borrowed reports whether another REM-MD's evidence goes by an identifier of
// the form that only we give (rem.NewEvidenceID). It could be that of an
// evidence that we have yet to make.
func (r *Relay) borrowed(f message.Filed) bool {
	return strings.HasSuffix(string(f.ID), "."+r.Provider.HSCode())
}

// same reports whether two domains are one REM-MD's.
func (r *Relay) same(a, b string) bool { return a == b || r.Same != nil && r.Same(a, b) }

// base is a draft with what all relay evidence of ours says.
func (r *Relay) base(rec *message.Record, kind evidence.Kind, outcome evidence.Outcome, n int, filed []message.Filed) evidence.Draft {
	now := r.Clock.Now().UTC()
	d := evidence.About(rec)
	d.Kind, d.Outcome, d.RefersTo = kind, outcome, n
	d.ID = rem.NewEvidenceID(rec.ID, kind.Code(outcome), n, r.Provider.HSCode())
	d.PolicyIDs = r.Practice.PolicyIDs
	d.Issuer = evidence.Party{Name: r.Provider.Name.Turkish, Address: r.Provider.Service}
	d.EventTime = now
	d.Log = []evidence.LogEntry{{Event: "relay", Time: now, Actor: r.Provider.HSCode()}}
	d.Answers = evidence.AnswerTo(filed, n)
	return d
}
