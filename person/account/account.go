package account

import (
	"errors"
	"slices"
	"time"

	"rem"
	"rem/privacy"
)

// Errors of looking accounts up and changing them.
var (
	// ErrNotFound: no account has, or ever had, this address or identifier.
	ErrNotFound = errors.New("no such account")
	// ErrTaken: the address belongs, or belonged, to an account. A closed
	// address is never given to another (REQ-27).
	ErrTaken = errors.New("the address is taken")
	// ErrChanged: the account was changed since it was read. Whoever wanted to
	// change it reads it again and decides again.
	ErrChanged = errors.New("the account was changed since it was read")
)

// The sealed fields, by the names under which the inventory has them.
const (
	HolderName   privacy.FieldID = "account.Holder.Name"
	OperatorName privacy.FieldID = "account.Operator.Name"
)

// A Holder is the natural or legal person whom an account belongs to.
type Holder struct {
	Person rem.PersonID
	Name   privacy.SealedValue // under HolderName, of Person; zero: none is kept
	Legal  bool                // a company or a public body
}

// An Operator is a natural person who acts on the account: the holder himself,
// or somebody whom a legal person authorised (REQ-37, REQ-38).
type Operator struct {
	Person rem.PersonID
	Name   privacy.SealedValue // under OperatorName, of Person; zero: none is kept
	// Identity stands for the serialNumber in the subject of the operator's
	// qualified certificate, by which his signature is recognised (REQ-48): its
	// token in the blind index "account.signatory". Zero: he has none on record
	// and cannot sign for this account.
	Identity privacy.IndexToken
	// May is what he was given. What he can do now is [Account.Powers]: never
	// more than who appointed him can do now.
	May         Permissions
	From, Until time.Time // a zero time has no bound
	// By is the operator who appointed him (REQ-38); empty: he stands on the
	// holder's own papers, or is the holder.
	By    rem.PersonID
	Proof Proof
}

// Active reports whether the authority's own term holds at now.
func (o *Operator) Active(now time.Time) bool {
	return (o.From.IsZero() || !now.Before(o.From)) && (o.Until.IsZero() || now.Before(o.Until))
}

// A Proof is the paper on which an operator's authority rests. The paper itself
// is kept elsewhere, sealed; the digest says which one it was.
type Proof struct {
	Kind   ProofKind
	Digest rem.Digest
}

// IsZero reports that there is none: the holder himself needs none.
func (p Proof) IsZero() bool { return p == Proof{} }

// An Account is one version of an account.
type Account struct {
	ID      rem.AccountID
	Address rem.Address
	Holder  Holder
	State   State
	// Standing says since when the account is in its state, why, and who said so.
	Standing Standing
	Created  time.Time
	// Version counts the changes: [Store.Update] takes an account only with the
	// version that is kept, and keeps it with the next.
	Version uint64
	// Quota is the mailbox's size in octets; zero has no bound. Nothing is ever
	// turned away for it (REQ-70).
	Quota int64
	// ReceiveOnly is the form of service without sending (REQ-31).
	ReceiveOnly bool
	// FourEyes asks for two persons: who prepares a message does not sign it
	// (REQ-41).
	FourEyes bool
	// Until is the end of the term (REQ-35); zero: it has none.
	Until time.Time
	// Reminded is up to when reminders were decided.
	Reminded time.Time
	// Notices are those that were decided and not told yet.
	Notices   []Notice
	Operators []Operator
	// Before is what the account's record holds in clear, when it was written
	// before names were sealed; nil otherwise. No store takes it.
	Before *Unsealed
}

// Operator finds the person among the operators, or nil.
func (a *Account) Operator(p rem.PersonID) *Operator {
	i := slices.IndexFunc(a.Operators, func(o Operator) bool { return o.Person == p })
	if i < 0 {
		return nil
	}
	return &a.Operators[i]
}

// Signatory finds the operator whom a certificate's serialNumber names, by its
// token in the blind index, or nil.
func (a *Account) Signatory(identity privacy.IndexToken) *Operator {
	if identity == (privacy.IndexToken{}) {
		return nil
	}
	i := slices.IndexFunc(a.Operators, func(o Operator) bool { return o.Identity == identity })
	if i < 0 {
		return nil
	}
	return &a.Operators[i]
}

// Clone returns a copy that shares nothing which changes.
func (a *Account) Clone() Account {
	c := *a
	c.Operators, c.Notices = slices.Clone(a.Operators), slices.Clone(a.Notices)
	if a.Before != nil {
		before := *a.Before
		before.Operators = slices.Clone(before.Operators)
		c.Before = &before
	}
	return c
}

// Equal reports whether two versions are the same. Two sealings of one name are
// not.
func (a *Account) Equal(b *Account) bool {
	if a.ID != b.ID || a.Address != b.Address || a.Holder.Person != b.Holder.Person || a.Holder.Legal != b.Holder.Legal ||
		!a.Holder.Name.Equal(b.Holder.Name) || a.State != b.State || !a.Standing.equal(&b.Standing) || !a.Created.Equal(b.Created) ||
		a.Version != b.Version || a.Quota != b.Quota || a.ReceiveOnly != b.ReceiveOnly || a.FourEyes != b.FourEyes ||
		!a.Until.Equal(b.Until) || !a.Reminded.Equal(b.Reminded) || (a.Before == nil) != (b.Before == nil) {
		return false
	}
	if a.Before != nil && (a.Before.Holder != b.Before.Holder || !slices.Equal(a.Before.Operators, b.Before.Operators)) {
		return false
	}
	return slices.EqualFunc(a.Notices, b.Notices, func(x, y Notice) bool { return x.equal(&y) }) &&
		slices.EqualFunc(a.Operators, b.Operators, func(x, y Operator) bool { return x.equal(&y) })
}

func (o *Operator) equal(p *Operator) bool {
	return o.Person == p.Person && o.Name.Equal(p.Name) && o.Identity == p.Identity && o.May == p.May &&
		o.From.Equal(p.From) && o.Until.Equal(p.Until) && o.By == p.By && o.Proof == p.Proof
}
