package bulk

import (
	"context"
	"errors"
	"time"

	"rem"
	"rem/message"
	"rem/message/mailbox"
	"rem/privacy"
)

// ErrNotFound: there is no such job on the account.
var ErrNotFound = errors.New("no such bulk sending")

// An ID names a job; it begins with the time.
type ID string

// A Kind is what a job was made of.
type Kind string

// The kinds.
const (
	Templated Kind = "template" // a list and a template; each letter is signed here
	Presigned Kind = "signed"   // messages that were signed beforehand
)

// A State is that of a job.
type State string

// The states.
const (
	Preparing  State = "preparing" // its drafts are being written
	Running    State = "running"
	Paused     State = "paused"
	Cancelling State = "cancelling" // what was not handed in is being taken back
	Done       State = "done"       // every item is where it stays
	Abandoned  State = "abandoned"  // the process ended while drafts were written
)

// A Step is where an item is.
type Step string

// The steps.
const (
	Prepared  Step = "prepared"
	ToSign    Step = "to-sign"
	Signed    Step = "signed"
	Released  Step = "released"
	Submitted Step = "submitted"
	Refused   Step = "refused"
	Stopped   Step = "stopped"
	Cancelled Step = "cancelled"
)

// Steps are all, in their order.
var Steps = []Step{Prepared, ToSign, Signed, Released, Submitted, Refused, Stopped, Cancelled}

// Over reports whether an item stays in the step.
func (s Step) Over() bool { return s == Submitted || s == Refused || s == Stopped || s == Cancelled }

// A Job is one bulk sending.
type Job struct {
	ID             ID
	Actor          rem.Actor // who began it
	Authentication message.Authentication
	Kind           Kind
	Made           time.Time
	State          State
	// Cursor is up to which event of the account it was brought.
	Cursor int64
	// Counts are the items in each step.
	Counts map[Step]int
}

// Rows is how many items it has.
func (j *Job) Rows() (n int) {
	for _, c := range j.Counts {
		n += c
	}
	return n
}

// An Item is one recipient's letter.
type Item struct {
	Row     int // from 1
	Address privacy.SealedValue
	Draft   mailbox.DraftID
	// Digest is that of what was signed beforehand; zero: nothing was.
	Digest rem.Digest
	Step   Step
	At     time.Time // of the step, or of the last look at it
	// Message is what it became; also a refused one has a name.
	Message rem.MessageID
	Why     rem.Text // of a stopped one
}

// sealedFields are what is kept sealed, under its name in the inventory.
type sealedFields struct{ Address privacy.SealedValue }

var _ sealedFields

// AddressField is Item.Address, sealed as the holder's.
const AddressField privacy.FieldID = "bulk.sealedFields.Address"

// A Change moves items of a job from one of some steps to another.
type Change struct {
	Rows    []int
	From    []Step
	To      Step
	At      time.Time
	Message rem.MessageID
	Why     rem.Text
}

// A Store keeps jobs. Methods that write are durable when they return nil, whole or
// not at all; all may be called concurrently.
type Store interface {
	// AddJob keeps a job with its items.
	AddJob(ctx context.Context, j Job, items []Item) error
	// Job gives one of the account, or ErrNotFound; Jobs its newest ones.
	Job(ctx context.Context, a rem.AccountID, id ID) (Job, error)
	Jobs(ctx context.Context, a rem.AccountID, limit int) ([]Job, error)
	// JobsIn are those of every account in a state, without their counts.
	JobsIn(ctx context.Context, states []State, limit int) ([]Job, error)
	// SetState moves a job; false when it was in none of the states.
	SetState(ctx context.Context, id ID, from []State, to State) (bool, error)
	// Items are those after a row in one of the steps (none: in any), in order.
	Items(ctx context.Context, id ID, steps []Step, after, limit int) ([]Item, error)
	// ItemByDraft and ItemByDigest find one that is not over as submitted.
	ItemOf(ctx context.Context, id ID, draft mailbox.DraftID, d rem.Digest) (Item, error)
	// Apply makes changes, and moves the cursor where it is not less than 0, in one
	// step. An item that is in none of a change's From stays.
	Apply(ctx context.Context, id ID, changes []Change, cursor int64) error
}
