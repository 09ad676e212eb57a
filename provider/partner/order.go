package partner

import (
	"context"
	"errors"
	"slices"
	"time"

	"rem"
	"rem/person"
	"rem/person/application"
	"rem/person/identity"
)

// An OrderID names a work order for ever.
type OrderID string

// A Brief is what an order is about, as it was issued.
type Brief struct {
	ID          OrderID
	Application person.ApplicationID
	Institution string
	// Form is the digest of the form whose applicant is to be visited.
	Form        rem.Digest
	Kind        person.Kind
	Represented bool
	Subject     rem.PersonID // who has to show himself
	Province    person.Province
	// Address is a keyed digest of the application's address ([AddressDigest]).
	Address rem.Digest
	// Documents are those of which one has to be shown.
	Documents       []identity.DocumentKind
	Issued, Expires time.Time
}

// Documents are those of which one has to be shown (REQ-10).
func Documents() []identity.DocumentKind {
	return []identity.DocumentKind{identity.IdentityCard, identity.PassportBook, identity.DrivingLicence}
}

// A PaperKind is something that is taken along from a visit; a code.
type PaperKind string

// The kinds.
const (
	SignedForm PaperKind = "signed-form"
	Contract   PaperKind = "signed-contract"
	Copy       PaperKind = "document-copy" // special categories masked
	Power      PaperKind = "proof-of-representation"
)

// PaperKinds lists them.
func PaperKinds() []PaperKind { return []PaperKind{SignedForm, Contract, Copy, Power} }

// A Handover is papers passing from one natural person to another, who signs for
// having them. That the first one took them from the applicant is in his signed
// result.
type Handover struct {
	Papers []PaperKind
	From   rem.PersonID // who had them; the applicant's at the visit
	To     rem.PersonID // who has them now
	At     time.Time
	// Ours: To is an officer of the provider.
	Ours bool
	// Text is the digest of what To confirmed ([HandoverText]), Method how he proved
	// to be himself.
	Text   rem.Digest
	Method string
}

// An Order is a work order as its ledger has it.
type Order struct {
	Brief
	State State
	Since time.Time
	Steps int
	// Partner is who accepted it; he alone visits.
	Partner rem.PersonID
	Result  *Result
	// Text is the digest of what was signed, Signature what the signature shows.
	Text      rem.Digest
	Signature *identity.SignatureFinding
	Evidence  []identity.Evidence
	Custody   []Handover
	Reason    Reason
}

// Holder is who has the papers, and whether he is ours; "" when there are none.
func (o *Order) Holder() (holder rem.PersonID, ours bool) {
	if len(o.Custody) == 0 {
		return "", false
	}
	last := o.Custody[len(o.Custody)-1]
	return last.To, last.Ours
}

// WorkOrder is what a record of identification says of it.
func (o *Order) WorkOrder() *identity.WorkOrder {
	_, ours := o.Holder()
	w := &identity.WorkOrder{ID: string(o.ID), Institution: o.Institution, Issued: o.Issued, Expires: o.Expires, Address: o.Address, HandedOver: ours}
	if o.Result != nil {
		w.Visited = o.Result.Visited
	}
	return w
}

// A Step is one decision about one order. [Rules] are its only makers; the zero
// Step is none.
type Step struct{ data *StepData }

// IsZero reports that there is no step.
func (s Step) IsZero() bool { return s.data == nil }

// Data gives what a ledger keeps. Its lists must not be changed.
func (s Step) Data() StepData {
	if s.data == nil {
		return StepData{}
	}
	return *s.data
}

// StepData is what a step says.
type StepData struct {
	Order  OrderID
	Number int // from 1; one whose number is taken has lost
	At     time.Time
	Who    rem.PersonID // "" for the system
	Role   application.Role
	Method string
	On     Event
	From   State
	To     State

	Brief     *Brief // of the first
	Result    *Result
	Text      rem.Digest
	Signature *identity.SignatureFinding
	Evidence  []identity.Evidence
	Custody   *Handover
	Reason    Reason
}

// After is the order after the step; every ledger computes it by this.
func (o Order) After(d StepData) Order {
	if d.From != d.To {
		o.Since = d.At
	}
	o.State, o.Steps = d.To, d.Number
	if d.Brief != nil {
		o.Brief = *d.Brief
	}
	switch d.On {
	case Accept:
		o.Partner = d.Who
	case GiveBack:
		o.Partner = ""
	case Visit:
		o.Result, o.Text, o.Signature, o.Evidence = d.Result, d.Text, d.Signature, d.Evidence
	}
	if d.Custody != nil {
		o.Custody = append(slices.Clip(o.Custody), *d.Custody)
	}
	if d.Reason != "" {
		o.Reason = d.Reason
	}
	return o
}

// ErrMoved: somebody else's step came first and its result stands.
var ErrMoved = errors.New("another step of the work order came first")

// A Filter says which orders a list has; at least one of the first three is given.
type Filter struct {
	Institution string
	Application person.ApplicationID
	State       State
}

// MaxListed bounds a list.
const MaxListed = 200

// A Ledger keeps orders. Its methods may be called concurrently; each that writes
// is one atomic step, durable when it returns nil, and made again it changes
// nothing.
type Ledger interface {
	// CommitOrder applies the step whole or not at all. ErrMoved when its number is
	// taken by another step, ErrNotFound for one that begins nothing of an order
	// that is not there.
	CommitOrder(ctx context.Context, s Step) error
	// Order returns one, or ErrNotFound.
	Order(ctx context.Context, id OrderID) (Order, error)
	// OrderHistory returns its steps in order, or ErrNotFound.
	OrderHistory(ctx context.Context, id OrderID) ([]StepData, error)
	// Orders lists those of the filter behind an order, the oldest first.
	Orders(ctx context.Context, f Filter, after OrderID, limit int) ([]Order, error)
	// OrdersDue returns up to limit open and accepted orders whose term has passed
	// at now, the earliest first.
	OrdersDue(ctx context.Context, now time.Time, limit int) ([]OrderID, error)
	// OrdersOut returns up to limit orders whose papers are with somebody of an
	// institution, the oldest first, behind an order.
	OrdersOut(ctx context.Context, after OrderID, limit int) ([]Order, error)
}
