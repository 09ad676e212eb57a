package person

import (
	"context"
	"errors"
	"time"

	"rem"
)

// An ApplicationID names an application for ever.
type ApplicationID string

// ErrTaken: the address is reserved for somebody else, or belongs or belonged to
// an account. It does not say which, and not whose.
var ErrTaken = errors.New("the address is taken")

// ErrNotReserved: the application has no reservation of the address that holds.
var ErrNotReserved = errors.New("the address is not reserved for this application")

// A Reservation keeps an address for an application until a time.
type Reservation struct {
	Address     rem.Address
	Application ApplicationID
	// Holder is who will have the account, where it is known already. A closed
	// address comes back to its own holder and to nobody else (REQ-27).
	Holder rem.PersonID
	// Until is when it ends by itself; zero: when it is released.
	Until time.Time
}

// Holds reports whether the reservation is one at now.
func (r *Reservation) Holds(now time.Time) bool { return r.Until.IsZero() || now.Before(r.Until) }

// An AddressState is what an address is at a time.
type AddressState string

// The states of an address. There is no way back from assigned to free.
const (
	AddressFree     AddressState = "free"
	AddressReserved AddressState = "reserved"
	AddressAssigned AddressState = "assigned"
	AddressClosed   AddressState = "closed"
)

// An AddressEntry is what is known of an address that is not free.
type AddressEntry struct {
	Address rem.Address
	State   AddressState
	// Reservation holds where the state is reserved.
	Reservation Reservation
	Account     rem.AccountID // of an address that is or was assigned
	Holder      rem.PersonID  // of the account
	// Since is when it came into its state.
	Since time.Time
}

// Addresses keeps which addresses are taken. Its methods may be called
// concurrently; each is one atomic step, durable when it returns nil; repeating
// one with the same arguments is harmless. An error other than those promised
// here leaves it open whether the step was made.
//
// internal/testkit/personledgertest has the suite that every one must pass.
type Addresses interface {
	// Reserve keeps the address for the application. A reservation whose Until
	// has passed at now is none; one of the same application is prolonged or
	// shortened. Another address that the application has reserved is given back
	// in the same step: an application has one. ErrTaken otherwise.
	Reserve(ctx context.Context, r Reservation, now time.Time) error
	// Release gives a reservation back. Without one it does nothing.
	Release(ctx context.Context, a rem.Address, by ApplicationID) error
	// Assign makes the reserved address the account's, for ever. ErrNotReserved
	// when the application has no reservation that holds at now.
	Assign(ctx context.Context, a rem.Address, by ApplicationID, account rem.AccountID, holder rem.PersonID, now time.Time) error
	// Retire closes an address that is assigned to the account: from then on it
	// is nobody's, and only its holder may reserve it again.
	Retire(ctx context.Context, a rem.Address, account rem.AccountID, now time.Time) error
	// Address says what the address is at now.
	Address(ctx context.Context, a rem.Address, now time.Time) (AddressEntry, error)
}

// Available reports whether who may reserve the address that has the entry.
func (e *AddressEntry) Available(r Reservation) bool {
	switch e.State {
	case AddressFree, "":
		return true
	case AddressReserved:
		// An address that was closed keeps its holder while it is reserved: the
		// application that has it may not put another in his place.
		return e.Reservation.Application == r.Application && (e.Account == "" || e.Holder == r.Holder)
	case AddressClosed:
		return e.Holder != "" && e.Holder == r.Holder
	}
	return false
}

// Propose gives up to most of the naming's proposals that nobody has at now, in
// their order.
func Propose(ctx context.Context, book Addresses, f Forms, n Naming, r Reservation, most int, now time.Time) ([]rem.Address, error) {
	all, err := f.Proposals(n, MaxProposals)
	if err != nil {
		return nil, err
	}
	var free []rem.Address
	for _, a := range all {
		e, err := book.Address(ctx, a, now)
		if err != nil {
			return nil, err
		}
		if e.Available(r) {
			if free = append(free, a); len(free) >= most {
				break
			}
		}
	}
	return free, nil
}
