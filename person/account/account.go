package account

import (
	"errors"
	"slices"
	"time"

	"rem"
)

// Errors of looking accounts up.
var (
	// ErrNotFound: no account has, or ever had, this address or identifier.
	ErrNotFound = errors.New("no such account")
	// ErrTaken: the address belongs, or belonged, to an account. A closed
	// address is never given to another (REQ-27).
	ErrTaken = errors.New("the address is taken")
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

// An Act is something that an account's state may forbid.
type Act uint8

// The acts.
const (
	Receive Act = iota + 1
	Read
	Send
)

// Allows is the table of REQ-34. A suspended account goes on receiving, so that
// a suspension never turns into lost messages.
func (s State) Allows(a Act) bool {
	switch s {
	case Open:
		return true
	case SendBlocked:
		return a != Send
	case Suspended:
		return a == Receive
	}
	return false // closed, or no state at all
}

// A Holder is the natural or legal person whom an account belongs to.
type Holder struct {
	Person rem.PersonID
	Name   string
	Legal  bool // a company or a public body
}

// An Operator is a natural person who acts on the account: the holder himself,
// or somebody whom a legal person authorised (REQ-37, REQ-38).
type Operator struct {
	Person rem.PersonID
	Name   string
	// Identity is the serialNumber in the subject of the operator's qualified
	// certificate, by which his signature is recognised (REQ-48). Empty: he has
	// none on record and cannot sign for this account.
	Identity    string
	Send, Read  bool
	From, Until time.Time // a zero time has no bound
}

// Active reports whether the authority holds at now.
func (o *Operator) Active(now time.Time) bool {
	return (o.From.IsZero() || !now.Before(o.From)) && (o.Until.IsZero() || now.Before(o.Until))
}

// An Account is one version of an account.
type Account struct {
	ID      rem.AccountID
	Address rem.Address
	Holder  Holder
	State   State
	Created time.Time
	// Quota is the mailbox's size in octets; zero has no bound. Nothing is ever
	// turned away for it (REQ-70).
	Quota     int64
	Operators []Operator
}

// Operator finds the person among the operators, or nil.
func (a *Account) Operator(p rem.PersonID) *Operator {
	i := slices.IndexFunc(a.Operators, func(o Operator) bool { return o.Person == p })
	if i < 0 {
		return nil
	}
	return &a.Operators[i]
}

// Signatory finds the operator whom a certificate's serialNumber names, or nil.
func (a *Account) Signatory(identity string) *Operator {
	if identity == "" {
		return nil
	}
	i := slices.IndexFunc(a.Operators, func(o Operator) bool { return o.Identity == identity })
	if i < 0 {
		return nil
	}
	return &a.Operators[i]
}

// MaySend reports whether the person may send from the account now, and why
// not otherwise.
func (a *Account) MaySend(p rem.PersonID, now time.Time) *rem.Refusal {
	o := a.Operator(p)
	switch {
	case !a.State.Allows(Send):
		return rem.Refuse(rem.PolicyViolation, "Hesap gönderime açık değil.", "The account is not open for sending.")
	case o == nil || !o.Active(now) || !o.Send:
		return rem.Refuse(rem.PolicyViolation, "Bu kişinin bu hesaptan gönderme yetkisi yok.", "This person may not send from this account.")
	}
	return nil
}

// MayRead reports whether the person may open the account's messages now.
func (a *Account) MayRead(p rem.PersonID, now time.Time) *rem.Refusal {
	o := a.Operator(p)
	switch {
	case !a.State.Allows(Read):
		return rem.Refuse(rem.PolicyViolation, "Hesap okumaya açık değil.", "The account is not open for reading.")
	case o == nil || !o.Active(now) || !o.Read:
		return rem.Refuse(rem.PolicyViolation, "Bu kişinin bu hesabı okuma yetkisi yok.", "This person may not read this account.")
	}
	return nil
}
