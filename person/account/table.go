package account

import (
	"slices"
	"time"

	"rem"
)

// A State is that of an account (REQ-34).
type State string

// The states.
const (
	Open        State = "open"
	SendBlocked State = "send-blocked"
	Suspended   State = "suspended"
	Closed      State = "closed"
)

// States lists them.
func States() []Word[State] {
	return []Word[State]{
		{Open, rem.Text{Turkish: "açık", English: "open"}},
		{SendBlocked, rem.Text{Turkish: "gönderime kapalı", English: "send-blocked"}},
		{Suspended, rem.Text{Turkish: "askıda", English: "suspended"}},
		{Closed, rem.Text{Turkish: "kapalı", English: "closed"}},
	}
}

// An Act is something that an account's state may forbid.
type Act uint8

// The acts.
const (
	Receive  Act = iota + 1 // a message arrives
	Read                    // a message is opened
	Send                    // a message is submitted
	LogIn                   // somebody logs in
	BeFound                 // the directory names the account
	TakeAway                // messages are taken away in one piece
	Extend                  // the term is renewed
	Appoint                 // operators are appointed, changed, removed
)

// allowed is the table of REQ-34. A suspended account goes on receiving, so that
// a suspension never turns into lost messages, and its people log in, so that
// they see why; nobody reads or sends. A closed one gives its messages to its
// holder for a period, at the desk and not by logging in.
var allowed = map[Act]map[State]bool{
	Receive:  {Open: true, SendBlocked: true, Suspended: true},
	Read:     {Open: true, SendBlocked: true},
	Send:     {Open: true},
	LogIn:    {Open: true, SendBlocked: true, Suspended: true},
	BeFound:  {Open: true, SendBlocked: true, Suspended: true},
	TakeAway: {Open: true, SendBlocked: true, Closed: true},
	Extend:   {Open: true, SendBlocked: true},
	Appoint:  {Open: true, SendBlocked: true},
}

// Allows says what the table has. What no table names is not allowed.
func (s State) Allows(a Act) bool { return allowed[a][s] }

// An Event moves an account to another state.
type Event string

// The events.
const (
	Block    Event = "block"     // sending is blocked
	Suspend  Event = "suspend"   // everything but receiving rests
	Restore  Event = "restore"   // it is open again
	Close    Event = "close"     // for good
	EndTerm  Event = "term-over" // the term ended and was not renewed
	EndGrace Event = "grace-over"
	Renew    Event = "renew"  // the term is extended; opens what the term's end blocked
	Reopen   Event = "reopen" // never: a closed address comes back by a new application of its holder
)

// moves is where each event leads. What is not here does not happen.
var moves = map[Event]map[State]State{
	Block:    {Open: SendBlocked, Suspended: SendBlocked},
	Suspend:  {Open: Suspended, SendBlocked: Suspended},
	Restore:  {SendBlocked: Open, Suspended: Open},
	Close:    {Open: Closed, SendBlocked: Closed, Suspended: Closed},
	EndTerm:  {Open: SendBlocked},
	EndGrace: {SendBlocked: Closed},
	Renew:    {Open: Open, SendBlocked: SendBlocked}, // or Open, when the term's end was the reason
}

// Next is the state after an event, and false when it does not happen in s.
func (s State) Next(e Event) (State, bool) {
	to, ok := moves[e][s]
	return to, ok
}

// A Reason says why an account is in its state.
type Reason string

// The reasons.
const (
	ByRequest   Reason = "holder-request" // of the holder, by somebody who may
	ByTerm      Reason = "term-over"
	ByBreach    Reason = "breach"        // of the contract
	ByOrder     Reason = "order"         // of a court or an authority
	BySecurity  Reason = "security"      // until a danger is looked into
	ByAuthority Reason = "no-authority"  // a legal person has nobody who may act
	ByDeath     Reason = "death"         // of a natural person
	ByEnd       Reason = "holder-ended"  // a legal person is no more
	ByProvider  Reason = "provider-ends" // we end the service
	Settled     Reason = "settled"       // what was in the way is no more
)

// Reasons lists which reason may be given for which event.
func Reasons(e Event) []Word[Reason] {
	all := map[Reason]rem.Text{
		ByRequest:   {Turkish: "Hesap sahibinin talebi", English: "The holder asked for it"},
		ByTerm:      {Turkish: "Süre doldu ve yenilenmedi", English: "The term ended and was not renewed"},
		ByBreach:    {Turkish: "Sözleşmeye aykırılık", English: "Breach of the contract"},
		ByOrder:     {Turkish: "Mahkeme veya yetkili makam kararı", English: "Order of a court or an authority"},
		BySecurity:  {Turkish: "Güvenlik incelemesi", English: "A danger is being looked into"},
		ByAuthority: {Turkish: "Tüzel kişinin işlem yapabilecek yetkilisi yok", English: "Nobody may act for the legal person"},
		ByDeath:     {Turkish: "Hesap sahibinin vefatı", English: "The holder's death"},
		ByEnd:       {Turkish: "Tüzel kişiliğin sona ermesi", English: "The legal person has ended"},
		ByProvider:  {Turkish: "Hizmetin tarafımızdan sona erdirilmesi", English: "We end the service"},
		Settled:     {Turkish: "Engel ortadan kalktı", English: "What was in the way is no more"},
	}
	var list []Word[Reason]
	for _, r := range reasons[e] {
		list = append(list, Word[Reason]{r, all[r]})
	}
	return list
}

var reasons = map[Event][]Reason{
	Block:    {ByRequest, ByBreach, ByOrder, BySecurity},
	Suspend:  {BySecurity, ByOrder, ByAuthority, ByDeath},
	Restore:  {Settled, ByRequest},
	Close:    {ByRequest, ByBreach, ByOrder, ByDeath, ByEnd, ByProvider},
	EndTerm:  {ByTerm},
	EndGrace: {ByTerm},
}

func mayBe(e Event, r Reason) bool { return slices.Contains(reasons[e], r) }

// A Standing says how an account came into its state.
type Standing struct {
	Since  time.Time
	Reason Reason // empty since the opening, and after a renewal
	// By is the natural person who decided it; empty: the program, by the term.
	By rem.PersonID
	// Export is until when a closed account's messages are handed to its holder
	// on request; zero in every other state.
	Export time.Time
}

func (s *Standing) equal(t *Standing) bool {
	return s.Since.Equal(t.Since) && s.Reason == t.Reason && s.By == t.By && s.Export.Equal(t.Export)
}
