package message

import (
	"context"
	"errors"
	"time"

	"rem"
)

// Errors that every ledger promises.
var (
	// ErrNotFound: there is no such message, content or evidence.
	ErrNotFound = errors.New("not found")
	// ErrMoved: somebody else's step came first and its result stands. Nothing
	// of the step was applied. Read again and decide again.
	ErrMoved = errors.New("another step came first")
	// ErrReplaced: another intention stands where the step's own stood. Nothing
	// of the step was applied. Go on from the one that stands.
	ErrReplaced = errors.New("another intention has taken the place of its own")
	// ErrFull: there is no room for new messages. What was accepted can still
	// be finished. An edge answers with a temporary error.
	ErrFull = errors.New("no room for new messages")
)

// An Intention is what a stage is about to sign, written down before it signs.
// Whoever finds one without its step goes on from it.
type Intention struct {
	// Key is the durable identity of the step: stage, message, recipient. An
	// intention with a key that is already there is the same one.
	Key   string
	Stage Stage
	At    time.Time
	// Body is the stage's own, with its version inside.
	Body []byte
	// Content is kept with it, when the step brings new bytes.
	Content Content
}

// A Kept is an intention as the ledger gives it back.
type Kept struct {
	Key   string
	Stage Stage
	At    time.Time
	Body  []byte
	// Content is where Intention.Content was kept; empty when there was none.
	Content Ref
}

// maxSkew is how far a clock may be put back in the ordinary course of things.
const maxSkew = time.Minute

// Ahead reports whether the intention was written by a clock that has been put
// back since. What such a clock decided, above all that a period was over, is
// not carried out: it is abandoned and decided again (AT-25).
func (k Kept) Ahead(now time.Time) bool { return k.At.Sub(now) > maxSkew }

// An Intender is the part of a ledger that keeps intentions.
type Intender interface {
	Intend(ctx context.Context, in Intention) (Kept, error)
	Abandon(ctx context.Context, key string) error
}

// Intend records an intention and returns what stands. One that is there
// already stands, unless it is from a time that has not come.
func Intend(ctx context.Context, l Intender, in Intention) (Kept, error) {
	kept, err := l.Intend(ctx, in)
	if err != nil || !kept.Ahead(in.At) {
		return kept, err
	}
	if err := l.Abandon(ctx, in.Key); err != nil {
		return kept, err
	}
	return l.Intend(ctx, in)
}

// A Change moves one recipient of one message along the table.
type Change struct {
	Recipient int
	From, To  State
	On        Event
	// Due is when the new state's deadline passes; zero for none.
	Due time.Time
}

// A Step is what a stage decided about one message. It is applied whole or not
// at all, and applying it again changes nothing.
type Step struct {
	Message rem.MessageID
	At      time.Time
	Actor   rem.Actor // who acted; zero when the system did by itself

	// Resolves is the key of the intention that this step fulfils.
	Resolves string
	// New is set by the step that makes the message ours. If the message is
	// already there the whole step is [ErrMoved].
	New *Record
	// Fingerprint is set with New by submission: a second submission with the
	// same one is the same message.
	Fingerprint rem.Digest
	// Changes must all find their From; else the whole step is [ErrMoved].
	Changes []Change
	// Filed are evidences, made or received. One that is already there (same
	// message, recipient, kind and issuer) keeps its first form.
	Filed []Filed
	// Arrivals go into mailboxes. A second arrival of a message for a recipient
	// is none (I4).
	Arrivals []Arrival
	// Opens marks the recipient's copy as opened by Actor at At, whether or not
	// it was the first time.
	Opens int
	// Queue puts work into the queues; a task that is already there (stage,
	// message, target) gets the earlier due time and keeps its attempts, unless
	// it is also in Done or Again.
	Queue []Task
	// Done takes tasks out of the queues.
	Done []Task
	// Again puts tasks back with a new due time and one attempt more.
	Again []Task
	// Envelope keeps the dispatch that relay signed for this message: Head and
	// Tail around the original. The first one stays.
	Envelope *Envelope
	// Note is a line for operators about what happened, without personal data.
	Note string
}

// An Envelope is a signed dispatch without the original inside it: sent as
// Head, original, Tail.
type Envelope struct {
	Head, Tail []byte
}

// An Entry is one line of a mailbox.
type Entry struct {
	UID       int64 // grows with every arrival in the mailbox, never used twice
	Message   rem.MessageID
	Recipient int
	Arrived   time.Time
	Size      int64
	Opened    time.Time // zero until the first opening
	OpenedBy  rem.PersonID
}

// A Usage is how full a mailbox is.
type Usage struct {
	Messages int64
	Bytes    int64
	Quota    int64 // zero: none
}

// Percent returns how full the mailbox is, or zero without a quota.
func (u Usage) Percent() int {
	if u.Quota <= 0 {
		return 0
	}
	return int(min(u.Bytes/(u.Quota/100+1), 1000))
}

// A View is a message as the ledger has it.
type View struct {
	Record    Record
	Standings []Standing // one per recipient, in order
	Filed     []Filed    // without XML
	Envelope  bool       // whether a dispatch has been kept
}

// Standing returns that of recipient n.
func (v *View) Standing(n int) Standing {
	for _, s := range v.Standings {
		if s.Recipient == n {
			return s
		}
	}
	return Standing{Recipient: n}
}

// Evidence finds the evidence with the identifier, the first one that was filed.
func (v *View) Evidence(id rem.EvidenceID) (Filed, bool) {
	for _, f := range v.Filed {
		if f.ID == id {
			return f, true
		}
	}
	return Filed{}, false
}

// Submission finds the positive evidence of submission.
func (v *View) Submission() (Filed, bool) {
	for _, f := range v.Filed {
		if f.Kind == SubmissionAcceptanceRejection && f.Recipient == 0 {
			return f, true
		}
	}
	return Filed{}, false
}

// A Ledger keeps the lives of messages. The stages declare the part of it that
// each needs; internal/testkit/ledgertest is what any ledger must pass.
//
// Every method may be called concurrently. A method that writes has made its
// effect durable when it returns nil, but for Intend and Hint. When it returns
// an error that is not defined here, the effect may or may not have happened;
// calling it again is harmless.
type Ledger interface {
	// Intend records the intention and its content and returns what stands. It
	// outlives the process from then on; it outlives a loss of power when its
	// step does, which is durable only together with it. When an unresolved
	// intention with this key is already there, that one stands, with its body
	// and content, and the caller goes on from it. ErrFull refuses only
	// intentions with content.
	Intend(ctx context.Context, in Intention) (Kept, error)
	// Commit applies the step. It must not be called before its intention. A New
	// with another original than the intention that stands under Resolves is
	// ErrReplaced.
	Commit(ctx context.Context, s Step) error
	// Hint applies a step that may be lost in a crash, such as a task's next
	// due time. It returns once the step is visible to readers.
	Hint(ctx context.Context, s Step) error
	// Abandon forgets an intention that will not be carried out.
	Abandon(ctx context.Context, key string) error
	// Unfinished returns the intentions of a stage that have no step, oldest
	// first. It is asked at start, before new work.
	Unfinished(ctx context.Context, stage Stage) ([]Kept, error)

	// Message returns the message, or ErrNotFound.
	Message(ctx context.Context, id rem.MessageID) (*View, error)
	// Submitted finds an accepted or refused submission by its fingerprint,
	// within the last two days at least, or ErrNotFound.
	Submitted(ctx context.Context, fingerprint rem.Digest, now time.Time) (rem.MessageID, error)
	// Envelope returns the kept dispatch, or ErrNotFound.
	Envelope(ctx context.Context, id rem.MessageID) (Envelope, error)
	// Evidence returns one evidence with its XML, or ErrNotFound. Who has the
	// message finds it there, and loads it, with less work.
	Evidence(ctx context.Context, id rem.EvidenceID) (Filed, error)
	// EvidenceOf returns those of a message with their XML, in the order filed.
	EvidenceOf(ctx context.Context, id rem.MessageID) ([]Filed, error)
	// Open gives a content, verified against its digest as it is read.
	Open(ctx context.Context, ref Ref) (Content, error)

	// Due returns up to limit tasks of the stage that are due at now, the
	// earliest first, and when the next one after them is due (zero: none).
	Due(ctx context.Context, stage Stage, now time.Time, limit int) ([]Task, time.Time, error)
	// Wake returns a channel that gets a value after a commit queued work for
	// the stage. It has room for one value; the receiver then asks Due.
	Wake(stage Stage) <-chan struct{}

	// Mailbox returns entries with a UID over after, in order of UID.
	Mailbox(ctx context.Context, account rem.AccountID, after int64, limit int) ([]Entry, error)
	// Usage returns how full a mailbox is.
	Usage(ctx context.Context, account rem.AccountID) (Usage, error)
	// Sent returns the newest messages that the account submitted, at most
	// limit, those before the given one when it is not empty.
	Sent(ctx context.Context, account rem.AccountID, before rem.MessageID, limit int) ([]rem.MessageID, error)
	// Messages gives every message in the order in which it became ours, for
	// audits: those after the position, with the position of the last one.
	Messages(ctx context.Context, after int64, limit int) ([]rem.MessageID, int64, error)
}
