package partner

import (
	"slices"
	"time"

	"rem"
	"rem/person/application"
)

// A State is where an order stands.
type State string

// The states. None is before the order.
const (
	None      State = ""
	Open      State = "open"
	Accepted  State = "accepted"
	Visited   State = "visited"
	Done      State = "done"
	Returned  State = "returned" // the institution could not carry it out
	Expired   State = "expired"
	Cancelled State = "cancelled"
)

func text(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }

var stateNames = map[State]rem.Text{
	Open:      text("Bekliyor", "Open"),
	Accepted:  text("Üstlenildi", "Accepted"),
	Visited:   text("Ziyaret yapıldı; belgeler bekleniyor", "Visited; papers are awaited"),
	Done:      text("Tamamlandı", "Done"),
	Returned:  text("Kurum iade etti", "Returned by the institution"),
	Expired:   text("Süresi doldu", "Expired"),
	Cancelled: text("İptal edildi", "Cancelled"),
}

// States lists them, without None.
func States() []State {
	return []State{Open, Accepted, Visited, Done, Returned, Expired, Cancelled}
}

// Name is what pages call it.
func (s State) Name() rem.Text { return stateNames[s] }

// Final reports whether no other state follows.
func (s State) Final() bool {
	return s == Done || s == Returned || s == Expired || s == Cancelled
}

// An Event moves an order.
type Event string

// The events.
const (
	Issue    Event = "issue"
	Accept   Event = "accept"
	GiveBack Event = "give-back" // to the others of the institution
	Visit    Event = "visit"
	Take     Event = "take"      // a colleague takes the papers over
	HandOver Event = "hand-over" // an officer of ours takes the papers over
	Finish   Event = "finish"
	Return   Event = "return"
	Expire   Event = "expire"
	Cancel   Event = "cancel"
)

// Events lists all of them.
func Events() []Event {
	return []Event{Issue, Accept, GiveBack, Visit, Take, HandOver, Finish, Return, Expire, Cancel}
}

// A Transition is one line of the table.
type Transition struct {
	From State
	On   Event
	Who  application.Role // any of these
	To   State
}

// Table holds every transition. What is not in it does not happen. What was
// visited does not expire: the visit was in time, and the papers are on their
// way. Papers of a cancelled order still come home.
var Table = []Transition{
	{None, Issue, application.Officer | application.System, Open},
	{Open, Accept, application.Partner, Accepted},
	{Accepted, GiveBack, application.Partner, Open},
	{Accepted, Visit, application.Partner, Visited},
	{Visited, Take, application.Partner, Visited},
	{Visited, HandOver, application.Officer, Visited},
	{Visited, Finish, application.Officer, Done},

	{Open, Return, application.Partner, Returned},
	{Accepted, Return, application.Partner, Returned},
	{Open, Expire, application.System, Expired},
	{Accepted, Expire, application.System, Expired},
	{Open, Cancel, application.Officer | application.System, Cancelled},
	{Accepted, Cancel, application.Officer | application.System, Cancelled},
	{Visited, Cancel, application.Officer | application.System, Cancelled},
	{Cancelled, Take, application.Partner, Cancelled},
	{Cancelled, HandOver, application.Officer, Cancelled},
}

// Next looks a transition up.
func Next(from State, on Event) (Transition, bool) {
	i := slices.IndexFunc(Table, func(t Transition) bool { return t.From == from && t.On == on })
	if i < 0 {
		return Transition{}, false
	}
	return Table[i], true
}

// A Reason is why an institution returns an order; a code.
type Reason string

// The reasons.
const (
	NotThere     Reason = "nobody-there"
	NoDocument   Reason = "no-document-shown"
	Refused      Reason = "applicant-refused"
	WrongAddress Reason = "address-not-found"
	NoCapacity   Reason = "institution-cannot"
)

var reasonTexts = map[Reason]rem.Text{
	NotThere:     text("Başvuran adreste bulunamadı.", "The applicant was not at the address."),
	NoDocument:   text("Kimlik belgesi gösterilmedi.", "No identity document was shown."),
	Refused:      text("Başvuran doğrulamadan vazgeçti.", "The applicant refused."),
	WrongAddress: text("Adres bulunamadı.", "The address was not found."),
	NoCapacity:   text("Kurum işi yerine getiremiyor.", "The institution cannot do it."),
}

// Text is what pages say.
func (r Reason) Text() rem.Text { return reasonTexts[r] }

// Reasons lists them, sorted.
func Reasons() []Reason {
	var list []Reason
	for r := range reasonTexts {
		list = append(list, r)
	}
	slices.Sort(list)
	return list
}

// UsualTerm is how long an order is good where nothing else is set.
const UsualTerm = 15 * 24 * time.Hour
