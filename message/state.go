package message

// A State is where a message stands for one recipient, as this REM-MD knows it.
type State uint8

// The states. None is that of a message that we do not have.
const (
	None State = iota

	// Refused: the submission was rejected. The end.
	Refused
	// Accepted: the submission was accepted; the recipient's mailbox is ours
	// too, and delivery is next.
	Accepted

	// Relaying: to be relayed; no attempt so far can have been taken by the
	// other REM-MD.
	Relaying
	// Attempting: an attempt is under way, and none before it can have been
	// taken. A restart finds this state and must assume that it was.
	Attempting
	// Asked: an attempt was taken, or ended so that nobody here can know. We
	// go on asking with the same dispatch and wait for an answer.
	Asked
	// Relayed: the other REM-MD has taken over.
	Relayed
	// NotRelayed: it was rejected by the other REM-MD, or could not be given
	// to it in time. The end.
	NotRelayed
	// Overdue: no delivery information came in time. Information that comes
	// later is still taken.
	Overdue

	// TakenOver: we have taken over from the sender's REM-MD; delivery is next.
	TakenOver
	// RelayRefused: we did not take over. The end.
	RelayRefused

	// Delivered: in the recipient's mailbox.
	Delivered
	// NotDelivered: not put into the mailbox. The end.
	NotDelivered
	// Retrieved: opened by an authorised person. The end.
	Retrieved
	// NotRetrieved: not opened within the period. The end.
	NotRetrieved
)

var stateNames = [...]string{
	None: "none", Refused: "refused", Accepted: "accepted", Relaying: "relaying", Attempting: "attempting",
	Asked: "asked", Relayed: "relayed", NotRelayed: "not-relayed", Overdue: "overdue", TakenOver: "taken-over",
	RelayRefused: "relay-refused", Delivered: "delivered", NotDelivered: "not-delivered",
	Retrieved: "retrieved", NotRetrieved: "not-retrieved",
}

// String returns the state's name in logs, tables and the ledger.
func (s State) String() string {
	if int(s) >= len(stateNames) {
		return "unknown state"
	}
	return stateNames[s]
}

// StateNamed finds a state by its name.
func StateNamed(name string) (State, bool) {
	for s, n := range stateNames {
		if n == name {
			return State(s), true
		}
	}
	return None, false
}

// A Leg is the way from the sender's REM-MD to one recipient, seen from here.
type Leg uint8

// The three legs.
const (
	Outbound Leg = iota + 1 // our sender, another's recipient
	Inbound                 // another's sender, our recipient
	Local                   // both ours: no relay, so no relay evidence
)

// String returns the leg's name.
func (l Leg) String() string {
	switch l {
	case Outbound:
		return "outbound"
	case Inbound:
		return "inbound"
	case Local:
		return "local"
	}
	return "unknown leg"
}

// An Event is what happened to a message for one recipient.
type Event uint8

// The events. The Peer ones are evidences that the other REM-MD sent.
const (
	AcceptSubmission Event = iota + 1
	RefuseSubmission

	BeginAttempt   // recorded before the first byte leaves
	FailAttempt    // the other side certainly did not take it; try again later
	RefuseAttempt  // the other side said no for good, without evidence
	LeaveAttempt   // it was taken, or nobody can know
	RelayDeadline  // the period for relaying is over
	AnswerDeadline // the period for delivery information is over

	PeerAccept
	PeerReject
	PeerDeliver
	PeerNotDeliver
	PeerRetrieve
	PeerNotRetrieve

	TakeOver
	RefuseRelay

	Deliver
	RefuseDelivery
	Open
	RetrievalDeadline
)

var eventNames = [...]string{
	AcceptSubmission: "accept-submission", RefuseSubmission: "refuse-submission",
	BeginAttempt: "begin-attempt", FailAttempt: "fail-attempt", RefuseAttempt: "refuse-attempt", LeaveAttempt: "leave-attempt",
	RelayDeadline: "relay-deadline", AnswerDeadline: "answer-deadline",
	PeerAccept: "peer-accept", PeerReject: "peer-reject", PeerDeliver: "peer-deliver", PeerNotDeliver: "peer-not-deliver",
	PeerRetrieve: "peer-retrieve", PeerNotRetrieve: "peer-not-retrieve",
	TakeOver: "take-over", RefuseRelay: "refuse-relay",
	Deliver: "deliver", RefuseDelivery: "refuse-delivery", Open: "open", RetrievalDeadline: "retrieval-deadline",
}

// String returns the event's name.
func (e Event) String() string {
	if int(e) >= len(eventNames) || eventNames[e] == "" {
		return "unknown event"
	}
	return eventNames[e]
}

// PeerEvent gives the event that an evidence of the other REM-MD means for us,
// or false for a kind that no other REM-MD owes us.
func PeerEvent(k Kind, o Outcome) (Event, bool) {
	if !k.Allows(o) {
		return 0, false
	}
	pick := func(positive, negative Event) (Event, bool) {
		if o == Positive {
			return positive, true
		}
		return negative, true
	}
	switch k {
	case RelayREMMDAcceptanceRejection:
		return pick(PeerAccept, PeerReject)
	case DeliveryNonDeliveryToRecipient:
		return pick(PeerDeliver, PeerNotDeliver)
	case RetrievalNonRetrievalByRecipient, DownloadNonDownloadByRecipient:
		return pick(PeerRetrieve, PeerNotRetrieve)
	}
	return 0, false
}
