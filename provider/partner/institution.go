package partner

import (
	"context"
	"errors"
	"slices"
	"time"

	"rem"
	"rem/person"
)

// An Institution is a contracted one. It is a legal person: its people are in the
// book of staff.
type Institution struct {
	ID       string
	Name     string
	Contract string // number of the contract
	// From and Until are the contract's term; a contract has an end.
	From, Until time.Time
	Provinces   []person.Province // where it calls
	Added       time.Time
	AddedBy     rem.PersonID
	Ended       time.Time // before its term; zero: it did not
	EndedBy     rem.PersonID
}

// InForce reports whether the contract runs at the time.
func (i *Institution) InForce(at time.Time) bool {
	return !at.Before(i.From) && at.Before(i.Until) && (i.Ended.IsZero() || at.Before(i.Ended))
}

// Calls reports whether it calls in the province at the time.
func (i *Institution) Calls(p person.Province, at time.Time) bool {
	return i.InForce(at) && slices.Contains(i.Provinces, p)
}

// Whole reports whether nothing is missing.
func (i *Institution) Whole() bool {
	known := func(p person.Province) bool { return p.Name() != "" }
	return i.ID != "" && i.Name != "" && i.Contract != "" && i.From.Before(i.Until) && len(i.Provinces) > 0 && !i.Added.IsZero() && i.AddedBy != "" &&
		!slices.ContainsFunc(i.Provinces, func(p person.Province) bool { return !known(p) })
}

// ErrNotFound: there is no such institution or order.
var ErrNotFound = errors.New("there is no such institution or work order")

// ErrTaken: the contract's number is another institution's.
var ErrTaken = errors.New("the contract is another institution's")

// Institutions keeps them. Its methods may be called concurrently; each that
// writes is one atomic step, durable when it returns nil, and made again it
// changes nothing.
type Institutions interface {
	// AddInstitution keeps a new one. ErrTaken when its contract is another's.
	AddInstitution(ctx context.Context, i Institution) error
	// EndInstitution ends a contract before its term. ErrNotFound. One that ended
	// keeps its first end.
	EndInstitution(ctx context.Context, id string, at time.Time, by rem.PersonID) error
	// Institution returns one, or ErrNotFound.
	Institution(ctx context.Context, id string) (Institution, error)
	// AllInstitutions returns them in the order of their identifiers.
	AllInstitutions(ctx context.Context) ([]Institution, error)
}
