package application

import (
	"context"
	"errors"
	"time"

	"rem"
	"rem/person"
	"rem/person/identity"
	"rem/privacy"
)

// MaxListed bounds one page of a list.
const MaxListed = 200

// MinBeginning is how much of an identifier has to be known to find it, in octets.
const MinBeginning = 6

// ErrFilter refuses a list that would be of everything.
var ErrFilter = errors.New("a list of applications needs a state or a reviewer")

// A Filter says which applications a list has. State, or Reviewer, or both have
// to be given ([ErrFilter]); Kind leaves out further ones.
type Filter struct {
	State    State
	Reviewer rem.PersonID // who has the case, or had it when it was decided
	Kind     person.Kind
}

// A Place is where a list goes on. The zero Place is its beginning.
type Place struct {
	Since time.Time
	ID    person.ApplicationID
}

// IsZero reports whether it is the beginning.
func (p Place) IsZero() bool { return p == Place{} }

// A Listed is an application in a list: where it stands, and nothing of what the
// applicant said.
type Listed struct {
	ID        person.ApplicationID
	Kind      person.Kind
	Applicant rem.PersonID
	State     State
	Since     time.Time
	Due       time.Time // zero: nothing is due
	Steps     int
	Method    identity.Method // as chosen; "" before
	Reviewer  rem.PersonID
}

// Place is behind the application.
func (l *Listed) Place() Place { return Place{l.Since, l.ID} }

// Lists are what a desk asks of a ledger. Every method may be called
// concurrently, and costs what it returns, not what the ledger holds. Times are
// to a microsecond.
//
// internal/testkit/personledgertest has the suite, RunLists.
type Lists interface {
	// List returns the filter's applications, those longest in their state first,
	// at most limit of them and never more than MaxListed, behind a place. One
	// that moves while the list is read can be in it twice or be missed.
	List(ctx context.Context, f Filter, behind Place, limit int) ([]Listed, error)
	// Counts says how many applications are in each state. States without any
	// are not in it.
	Counts(ctx context.Context) (map[State]int, error)
	// Find returns applications whose identifier begins so, in the order of the
	// identifiers; fewer than MinBeginning octets find nothing.
	Find(ctx context.Context, beginning string, limit int) ([]Listed, error)
	// Of returns the applications that name the person as applicant, holder or
	// who shows himself, in a newest or an earlier form; the oldest first.
	Of(ctx context.Context, p rem.PersonID, limit int) ([]Listed, error)

	// Tag says under which tokens of blind indexes the application is found; those
	// that it had before are forgotten. It is a step of its own, made before the
	// step that they belong to, and made again with it. ErrNotFound.
	Tag(ctx context.Context, id person.ApplicationID, tokens ...privacy.IndexToken) error
	// Tagged returns the applications that have the token, the oldest first.
	Tagged(ctx context.Context, token privacy.IndexToken, limit int) ([]Listed, error)
}
