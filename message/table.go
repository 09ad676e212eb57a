package message

import "time"

// A Stage carries out steps of the table.
type Stage uint8

// The stages, in the order of the journey. Return is relay's other half: it
// takes our evidence to the sender's REM-MD.
const (
	NoStage Stage = iota
	SubmissionStage
	RelayStage
	DeliveryStage
	RetrievalStage
	ReturnStage
)

var stageNames = [...]string{NoStage: "none", SubmissionStage: "submission", RelayStage: "relay", DeliveryStage: "delivery", RetrievalStage: "retrieval", ReturnStage: "return"}

// String returns the stage's name.
func (s Stage) String() string {
	if int(s) >= len(stageNames) {
		return "unknown stage"
	}
	return stageNames[s]
}

// AnswerLinger is how long the answer that a message was taken over waits, at
// most, for the one about its delivery, so that both travel in one envelope: they
// leave as soon as it is recorded. It is far below any period, and longer than a
// busy provider takes to deliver; a delivery that takes longer is told by itself.
const AnswerLinger = 5 * time.Second

// A Told is somebody who learns of a transition; a set, as bits.
type Told uint8

// Who is told. The sender sees it in his message's timeline; the other REM-MD
// gets our evidence; the recipient gets a notice without content.
const (
	TellSender Told = 1 << iota
	TellPeer
	TellRecipient
)

// A Period names a deadline of the practice statement.
type Period uint8

// The periods. Their lengths are settings (package provider).
const (
	NoPeriod        Period = iota
	RelayPeriod            // to get the message taken by the other REM-MD
	AnswerPeriod           // to learn what became of it
	RetrievalPeriod        // for the recipient to open it
)

// An Owed is the evidence that a transition owes.
type Owed struct {
	Kind    Kind
	Outcome Outcome
	// NoInformation marks a negative delivery evidence that says only that we
	// were told nothing in time (DeliveryExpiration). It does not say that the
	// message is not in the mailbox.
	NoInformation bool
}

// IsZero reports whether nothing is owed.
func (o Owed) IsZero() bool { return o == Owed{} }

// A Transition is one line of the table.
type Transition struct {
	Leg   Leg
	From  State
	On    Event
	To    State
	Owes  Owed   // the evidence that we make
	Tells Told   // who learns of it
	Next  Stage  // which stage takes the message on
	Until Period // the deadline that begins
}

// Table holds every transition of every leg. What is not in it does not
// happen: an event without a line leaves everything as it is.
var Table = []Transition{
	// Submission.
	{Outbound, None, AcceptSubmission, Relaying, Owed{Kind: SubmissionAcceptanceRejection, Outcome: Positive}, TellSender, RelayStage, RelayPeriod},
	{Outbound, None, RefuseSubmission, Refused, Owed{Kind: SubmissionAcceptanceRejection, Outcome: Negative}, TellSender, NoStage, NoPeriod},
	{Local, None, AcceptSubmission, Accepted, Owed{Kind: SubmissionAcceptanceRejection, Outcome: Positive}, TellSender, DeliveryStage, NoPeriod},
	{Local, None, RefuseSubmission, Refused, Owed{Kind: SubmissionAcceptanceRejection, Outcome: Negative}, TellSender, NoStage, NoPeriod},

	// Relay, our side. We may say "not relayed" by ourselves only from
	// Relaying, where nobody can have taken the message.
	{Outbound, Relaying, BeginAttempt, Attempting, Owed{}, 0, NoStage, NoPeriod},
	{Outbound, Attempting, FailAttempt, Relaying, Owed{}, 0, RelayStage, NoPeriod},
	{Outbound, Attempting, RefuseAttempt, NotRelayed, Owed{Kind: RelayREMMDFailure, Outcome: Negative}, TellSender, NoStage, NoPeriod},
	{Outbound, Attempting, LeaveAttempt, Asked, Owed{}, 0, RelayStage, AnswerPeriod},
	{Outbound, Relaying, RelayDeadline, NotRelayed, Owed{Kind: RelayREMMDFailure, Outcome: Negative}, TellSender, NoStage, NoPeriod},
	{Outbound, Asked, AnswerDeadline, Overdue, Owed{DeliveryNonDeliveryToRecipient, Negative, true}, TellSender, NoStage, NoPeriod},
	{Outbound, Relayed, AnswerDeadline, Overdue, Owed{DeliveryNonDeliveryToRecipient, Negative, true}, TellSender, NoStage, NoPeriod},

	// What the other REM-MD tells us. Answers may overtake one another, so a
	// later one may come first.
	{Outbound, Relaying, PeerAccept, Relayed, Owed{}, TellSender, NoStage, AnswerPeriod},
	{Outbound, Attempting, PeerAccept, Relayed, Owed{}, TellSender, NoStage, AnswerPeriod},
	{Outbound, Asked, PeerAccept, Relayed, Owed{}, TellSender, NoStage, AnswerPeriod},
	{Outbound, Overdue, PeerAccept, Overdue, Owed{}, TellSender, NoStage, NoPeriod},
	{Outbound, Delivered, PeerAccept, Delivered, Owed{}, TellSender, NoStage, NoPeriod},
	{Outbound, NotDelivered, PeerAccept, NotDelivered, Owed{}, TellSender, NoStage, NoPeriod},
	{Outbound, Retrieved, PeerAccept, Retrieved, Owed{}, TellSender, NoStage, NoPeriod},
	{Outbound, NotRetrieved, PeerAccept, NotRetrieved, Owed{}, TellSender, NoStage, NoPeriod},

	{Outbound, Relaying, PeerReject, NotRelayed, Owed{Kind: RelayREMMDFailure, Outcome: Negative}, TellSender, NoStage, NoPeriod},
	{Outbound, Attempting, PeerReject, NotRelayed, Owed{Kind: RelayREMMDFailure, Outcome: Negative}, TellSender, NoStage, NoPeriod},
	{Outbound, Asked, PeerReject, NotRelayed, Owed{Kind: RelayREMMDFailure, Outcome: Negative}, TellSender, NoStage, NoPeriod},
	{Outbound, Overdue, PeerReject, NotRelayed, Owed{Kind: RelayREMMDFailure, Outcome: Negative}, TellSender, NoStage, NoPeriod},

	{Outbound, Relaying, PeerDeliver, Delivered, Owed{}, TellSender, NoStage, NoPeriod},
	{Outbound, Attempting, PeerDeliver, Delivered, Owed{}, TellSender, NoStage, NoPeriod},
	{Outbound, Asked, PeerDeliver, Delivered, Owed{}, TellSender, NoStage, NoPeriod},
	{Outbound, Relayed, PeerDeliver, Delivered, Owed{}, TellSender, NoStage, NoPeriod},
	{Outbound, Overdue, PeerDeliver, Delivered, Owed{}, TellSender, NoStage, NoPeriod},
	{Outbound, Retrieved, PeerDeliver, Retrieved, Owed{}, TellSender, NoStage, NoPeriod},
	{Outbound, NotRetrieved, PeerDeliver, NotRetrieved, Owed{}, TellSender, NoStage, NoPeriod},

	{Outbound, Relaying, PeerNotDeliver, NotDelivered, Owed{}, TellSender, NoStage, NoPeriod},
	{Outbound, Attempting, PeerNotDeliver, NotDelivered, Owed{}, TellSender, NoStage, NoPeriod},
	{Outbound, Asked, PeerNotDeliver, NotDelivered, Owed{}, TellSender, NoStage, NoPeriod},
	{Outbound, Relayed, PeerNotDeliver, NotDelivered, Owed{}, TellSender, NoStage, NoPeriod},
	{Outbound, Overdue, PeerNotDeliver, NotDelivered, Owed{}, TellSender, NoStage, NoPeriod},

	{Outbound, Relaying, PeerRetrieve, Retrieved, Owed{}, TellSender, NoStage, NoPeriod},
	{Outbound, Attempting, PeerRetrieve, Retrieved, Owed{}, TellSender, NoStage, NoPeriod},
	{Outbound, Asked, PeerRetrieve, Retrieved, Owed{}, TellSender, NoStage, NoPeriod},
	{Outbound, Relayed, PeerRetrieve, Retrieved, Owed{}, TellSender, NoStage, NoPeriod},
	{Outbound, Overdue, PeerRetrieve, Retrieved, Owed{}, TellSender, NoStage, NoPeriod},
	{Outbound, Delivered, PeerRetrieve, Retrieved, Owed{}, TellSender, NoStage, NoPeriod},

	{Outbound, Relaying, PeerNotRetrieve, NotRetrieved, Owed{}, TellSender, NoStage, NoPeriod},
	{Outbound, Attempting, PeerNotRetrieve, NotRetrieved, Owed{}, TellSender, NoStage, NoPeriod},
	{Outbound, Asked, PeerNotRetrieve, NotRetrieved, Owed{}, TellSender, NoStage, NoPeriod},
	{Outbound, Relayed, PeerNotRetrieve, NotRetrieved, Owed{}, TellSender, NoStage, NoPeriod},
	{Outbound, Overdue, PeerNotRetrieve, NotRetrieved, Owed{}, TellSender, NoStage, NoPeriod},
	{Outbound, Delivered, PeerNotRetrieve, NotRetrieved, Owed{}, TellSender, NoStage, NoPeriod},

	// Relay, the other side.
	{Inbound, None, TakeOver, TakenOver, Owed{Kind: RelayREMMDAcceptanceRejection, Outcome: Positive}, TellPeer, DeliveryStage, NoPeriod},
	{Inbound, None, RefuseRelay, RelayRefused, Owed{Kind: RelayREMMDAcceptanceRejection, Outcome: Negative}, TellPeer, NoStage, NoPeriod},

	// Delivery and retrieval.
	{Inbound, TakenOver, Deliver, Delivered, Owed{Kind: DeliveryNonDeliveryToRecipient, Outcome: Positive}, TellPeer | TellRecipient, RetrievalStage, RetrievalPeriod},
	{Inbound, TakenOver, RefuseDelivery, NotDelivered, Owed{Kind: DeliveryNonDeliveryToRecipient, Outcome: Negative}, TellPeer, NoStage, NoPeriod},
	{Inbound, Delivered, Open, Retrieved, Owed{Kind: RetrievalNonRetrievalByRecipient, Outcome: Positive}, TellPeer, NoStage, NoPeriod},
	{Inbound, Delivered, RetrievalDeadline, NotRetrieved, Owed{Kind: RetrievalNonRetrievalByRecipient, Outcome: Negative}, TellPeer, NoStage, NoPeriod},

	{Local, Accepted, Deliver, Delivered, Owed{Kind: DeliveryNonDeliveryToRecipient, Outcome: Positive}, TellSender | TellRecipient, RetrievalStage, RetrievalPeriod},
	{Local, Accepted, RefuseDelivery, NotDelivered, Owed{Kind: DeliveryNonDeliveryToRecipient, Outcome: Negative}, TellSender, NoStage, NoPeriod},
	{Local, Delivered, Open, Retrieved, Owed{Kind: RetrievalNonRetrievalByRecipient, Outcome: Positive}, TellSender, NoStage, NoPeriod},
	{Local, Delivered, RetrievalDeadline, NotRetrieved, Owed{Kind: RetrievalNonRetrievalByRecipient, Outcome: Negative}, TellSender, NoStage, NoPeriod},
}

type step struct {
	leg  Leg
	from State
	on   Event
}

var index = func() map[step]Transition {
	m := make(map[step]Transition, len(Table))
	for _, t := range Table {
		m[step{t.Leg, t.From, t.On}] = t
	}
	return m
}()

// Next looks an event up in the table. When ok is false the event changes
// nothing: it is a repetition, or it contradicts what is already known.
func Next(leg Leg, from State, on Event) (t Transition, ok bool) {
	t, ok = index[step{leg, from, on}]
	return t, ok
}

// A Claim is what an evidence asserts about one message and one recipient.
type Claim struct {
	Kind          Kind
	Outcome       Outcome
	NoInformation bool // see [Owed]
}

// Disagree reports whether two evidences about one message and one recipient
// cannot both be true. It is symmetric. An evidence that only says that no
// information came disagrees with nothing that was learnt later.
func Disagree(a, b Claim) bool {
	return disagree(a, b) || disagree(b, a)
}

func disagree(a, b Claim) bool {
	if a.NoInformation || b.NoInformation {
		// It presupposes that the submission was accepted, and nothing else.
		return a.NoInformation && b == Claim{Kind: SubmissionAcceptanceRejection, Outcome: Negative}
	}
	switch a {
	case Claim{Kind: SubmissionAcceptanceRejection, Outcome: Negative}:
		return b != a // nothing else can be true of a message that was refused
	case Claim{Kind: RelayREMMDAcceptanceRejection, Outcome: Negative}:
		return b == Claim{Kind: RelayREMMDAcceptanceRejection, Outcome: Positive} || reached(b)
	case Claim{Kind: RelayREMMDFailure, Outcome: Negative}:
		return b == Claim{Kind: RelayREMMDAcceptanceRejection, Outcome: Positive} || reached(b)
	case Claim{Kind: DeliveryNonDeliveryToRecipient, Outcome: Negative}:
		return reached(b)
	case Claim{Kind: RetrievalNonRetrievalByRecipient, Outcome: Negative}:
		return b == Claim{Kind: RetrievalNonRetrievalByRecipient, Outcome: Positive}
	case Claim{Kind: DownloadNonDownloadByRecipient, Outcome: Negative}:
		return b == Claim{Kind: DownloadNonDownloadByRecipient, Outcome: Positive}
	case Claim{Kind: AcceptanceRejectionByRecipient, Outcome: Negative}:
		return b == Claim{Kind: AcceptanceRejectionByRecipient, Outcome: Positive}
	case Claim{Kind: RelayToNonREMSystem, Outcome: Negative}:
		return b == Claim{Kind: RelayToNonREMSystem, Outcome: Positive}
	}
	return false
}

// reached reports whether a claim presupposes that the message was in the
// recipient's mailbox.
func reached(c Claim) bool {
	switch c.Kind {
	case DeliveryNonDeliveryToRecipient:
		return c.Outcome == Positive
	case DownloadNonDownloadByRecipient, RetrievalNonRetrievalByRecipient, AcceptanceRejectionByRecipient:
		return true
	}
	return false
}
