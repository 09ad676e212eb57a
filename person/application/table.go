package application

import (
	"slices"
	"time"

	"rem"
)

// A State is that of an application. It is written, so the list is only added to.
type State string

// The states. Those from Refused on are ends.
const (
	None       State = ""
	Draft      State = "draft"
	Submitted  State = "submitted"              // a method is to be chosen
	Pending    State = "identification-pending" // by the chosen method
	Doubtful   State = "doubtful"               // something speaks against; a person looks
	Identified State = "identified"             // waits for an approver
	InReview   State = "in-review"              // an approver has it
	Approved   State = "approved"               // waits for activation
	Refused    State = "refused"
	Withdrawn  State = "withdrawn"
	Expired    State = "expired"
	Activated  State = "activated"
)

// States lists all of them in the order of the journey.
func States() []State {
	return []State{Draft, Submitted, Pending, Doubtful, Identified, InReview, Approved, Refused, Withdrawn, Expired, Activated}
}

var stateNames = map[State]rem.Text{
	Draft:      text("Taslak", "Draft"),
	Submitted:  text("Gönderildi; doğrulama yöntemi seçilecek", "Submitted; a method has to be chosen"),
	Pending:    text("Kimlik doğrulaması bekleniyor", "Waiting for identification"),
	Doubtful:   text("Görevli inceliyor", "An officer is looking at it"),
	Identified: text("Kimlik doğrulandı; onay bekliyor", "Identified; waiting for approval"),
	InReview:   text("Onay incelemesinde", "Being reviewed"),
	Approved:   text("Onaylandı; hesabı açmanız bekleniyor", "Approved; waiting for you to open the account"),
	Refused:    text("Reddedildi", "Refused"),
	Withdrawn:  text("Geri çekildi", "Withdrawn"),
	Expired:    text("Süresi doldu", "Expired"),
	Activated:  text("Hesap açıldı", "The account is open"),
}

// Name is what pages call the state.
func (s State) Name() rem.Text { return stateNames[s] }

// Final reports whether nothing follows.
func (s State) Final() bool {
	return s == Refused || s == Withdrawn || s == Expired || s == Activated
}

// An Event moves an application.
type Event string

// The events.
const (
	Begin    Event = "begin"
	Save     Event = "save"
	Submit   Event = "submit"
	HandIn   Event = "hand-in" // papers
	Choose   Event = "choose"
	Identify Event = "identify"
	Object   Event = "object" // a record that speaks against, or is not complete
	Clear    Event = "clear"
	Return   Event = "return"
	TakeUp   Event = "take-up"
	GiveBack Event = "give-back"
	Approve  Event = "approve"
	Refuse   Event = "refuse"
	Withdraw Event = "withdraw"
	Expire   Event = "expire"
	Activate Event = "activate"
)

// Events lists all of them.
func Events() []Event {
	return []Event{Begin, Save, Submit, HandIn, Choose, Identify, Object, Clear, Return, TakeUp, GiveBack, Approve, Refuse, Withdraw, Expire, Activate}
}

// A Role is in what capacity somebody moves an application; a set, as bits.
type Role uint8

// The roles. The system is a clock or an adapter, and never decides against
// anybody.
const (
	Applicant Role = 1 << iota
	Officer
	Partner
	Approver
	System
)

// An Owed is the record that a transition owes.
type Owed string

// The records.
const (
	Nothing       Owed = ""
	NoticeShown   Owed = "notice-delivery"      // S02, P-06
	TypedSoFar    Owed = "typed-answers"        // nothing typed is lost
	FormAccepted  Owed = "form-and-agreements"  // REQ-23
	PapersKept    Owed = "papers"               // REQ-17
	MethodChosen  Owed = "method"               // REQ-13
	IdentityFound Owed = "identification"       // REQ-9
	IdentityMade  Owed = "identification-whole" // a completed one
	Reasoned      Owed = "reason"               // why it goes back
	Decided       Owed = "decision"             // REQ-20
	Opened        Owed = "opening"              // REQ-30
)

// A Period names a deadline; its length is a setting.
type Period uint8

// The periods. ReviewPeriod is ours: when it passes, the desk is reminded.
const (
	NoPeriod Period = iota
	DraftPeriod
	ChoicePeriod
	IdentificationPeriod
	ReviewPeriod
	ActivationPeriod
)

// Periods are their lengths.
type Periods struct{ Draft, Choice, Identification, Review, Activation time.Duration }

// UsualPeriods are those of a practice statement that sets none.
var UsualPeriods = Periods{Draft: 30 * day, Choice: 30 * day, Identification: 30 * day, Review: 3 * day, Activation: 30 * day}

const day = 24 * time.Hour

// Of gives the length of a period, 0 for none.
func (p Periods) Of(which Period) time.Duration {
	switch which {
	case DraftPeriod:
		return p.Draft
	case ChoicePeriod:
		return p.Choice
	case IdentificationPeriod:
		return p.Identification
	case ReviewPeriod:
		return p.Review
	case ActivationPeriod:
		return p.Activation
	}
	return 0
}

// A Told is somebody who learns of a transition; a set, as bits.
type Told uint8

// Who is told.
const (
	TellApplicant Told = 1 << iota
	TellDesk
	TellPartner
)

// A Transition is one line of the table.
type Transition struct {
	From  State
	On    Event
	Who   Role // any of these
	To    State
	Owes  Owed
	Tells Told
	// Until is the deadline that begins. A transition that stays in its state and
	// begins none leaves the old one.
	Until Period
}

// Table holds every transition. What is not in it does not happen.
var Table = []Transition{
	{None, Begin, Applicant, Draft, NoticeShown, 0, DraftPeriod},
	{Draft, Save, Applicant, Draft, TypedSoFar, 0, DraftPeriod},
	{Draft, Submit, Applicant, Submitted, FormAccepted, TellApplicant, ChoicePeriod},

	{Draft, HandIn, Applicant, Draft, PapersKept, 0, NoPeriod},
	{Submitted, HandIn, Applicant | Officer, Submitted, PapersKept, 0, NoPeriod},
	{Pending, HandIn, Applicant | Officer | Partner, Pending, PapersKept, 0, NoPeriod},
	{Doubtful, HandIn, Applicant | Officer, Doubtful, PapersKept, TellDesk, NoPeriod},
	{Identified, HandIn, Applicant | Officer, Identified, PapersKept, TellDesk, NoPeriod},

	{Submitted, Choose, Applicant, Pending, MethodChosen, TellApplicant | TellDesk | TellPartner, IdentificationPeriod},
	{Pending, Choose, Applicant, Pending, MethodChosen, TellApplicant | TellDesk | TellPartner, IdentificationPeriod},
	{Pending, Identify, Officer | Partner | System, Identified, IdentityMade, TellApplicant | TellDesk, ReviewPeriod},
	{Pending, Object, Officer | Partner | System, Doubtful, IdentityFound, TellDesk, ReviewPeriod},
	{Doubtful, Clear, Officer, Identified, IdentityMade, TellApplicant | TellDesk, ReviewPeriod},
	{Doubtful, Return, Officer, Submitted, Reasoned, TellApplicant, ChoicePeriod},

	{Identified, TakeUp, Approver, InReview, Nothing, 0, ReviewPeriod},
	{InReview, GiveBack, Approver, Identified, Nothing, TellDesk, ReviewPeriod},
	{InReview, Return, Approver, Draft, Reasoned, TellApplicant, DraftPeriod},
	{InReview, Approve, Approver, Approved, Decided, TellApplicant, ActivationPeriod},

	// Only people refuse: there is no line for System.
	{Submitted, Refuse, Officer | Approver, Refused, Decided, TellApplicant, NoPeriod},
	{Pending, Refuse, Officer | Approver, Refused, Decided, TellApplicant, NoPeriod},
	{Doubtful, Refuse, Officer | Approver, Refused, Decided, TellApplicant, NoPeriod},
	{InReview, Refuse, Approver, Refused, Decided, TellApplicant, NoPeriod},

	{Approved, Activate, Applicant, Activated, Opened, TellApplicant, NoPeriod},

	{Draft, Withdraw, Applicant, Withdrawn, Nothing, TellApplicant, NoPeriod},
	{Submitted, Withdraw, Applicant, Withdrawn, Nothing, TellApplicant, NoPeriod},
	{Pending, Withdraw, Applicant, Withdrawn, Nothing, TellApplicant | TellPartner, NoPeriod},
	{Doubtful, Withdraw, Applicant, Withdrawn, Nothing, TellApplicant | TellDesk, NoPeriod},
	{Identified, Withdraw, Applicant, Withdrawn, Nothing, TellApplicant | TellDesk, NoPeriod},
	{InReview, Withdraw, Applicant, Withdrawn, Nothing, TellApplicant | TellDesk, NoPeriod},
	{Approved, Withdraw, Applicant, Withdrawn, Nothing, TellApplicant, NoPeriod},

	// What waits for the applicant expires, and what waits for us does not.
	{Draft, Expire, System, Expired, Nothing, 0, NoPeriod},
	{Submitted, Expire, System, Expired, Nothing, TellApplicant, NoPeriod},
	{Pending, Expire, System, Expired, Nothing, TellApplicant | TellPartner, NoPeriod},
	{Approved, Expire, System, Expired, Nothing, TellApplicant, NoPeriod},
}

// Next looks a transition up.
func Next(from State, on Event) (Transition, bool) {
	i := slices.IndexFunc(Table, func(t Transition) bool { return t.From == from && t.On == on })
	if i < 0 {
		return Transition{}, false
	}
	return Table[i], true
}
