package directory

import (
	"context"
	"errors"
	"time"

	"rem"
	"rem/privacy"
)

// Errors of stores and of the directory.
var (
	// ErrNotFound: there is no such version, or none of the address at the time.
	ErrNotFound = errors.New("not in the directory")
	// ErrChanged: the account's record was changed since it was read. Whoever wanted
	// to change it reads it again and decides again.
	ErrChanged = errors.New("the record was changed since it was read")
	// ErrTaken: the address is that of another live account, or of an account of
	// another holder (REQ-27).
	ErrTaken = errors.New("the address belongs to another account")
	// ErrQuota: the asker has asked as often as he may today.
	ErrQuota = errors.New("the asker's quota is used up")
)

// A Step is one change of a record: the version that is the newest from then on,
// and what is published of it. The message to the central directory goes with it,
// under the version's identifier.
type Step struct {
	Version Version
	Listing *Listing // nil: nothing is
}

// An Outgoing is a change that the central directory was not told yet.
type Outgoing struct {
	Number   uint64 // in the order of the changes
	Version  VersionID
	Account  rem.AccountID
	At       time.Time // when the change was made
	Attempts int
}

// A Sent is what the central directory was told last of an account.
type Sent struct {
	Account rem.AccountID
	Version VersionID
	// Record is the keyed digest of the record as it was sent; it says nothing
	// without the key.
	Record privacy.IndexToken
	At     time.Time
}

// A Backlog is what the central directory was not told yet.
type Backlog struct {
	Waiting int
	Oldest  time.Time // zero: nothing waits
}

// A Store keeps records, what was asked, and what passed between us and the central
// directory. Its methods may be called concurrently; one that writes is one atomic
// step, durable when it returns nil, and harmless to make again, but that Ask and
// Record made again make a further entry. After an error that is not promised here
// nobody knows whether the step was made. Times are kept to a microsecond.
//
// internal/testkit/directorytest has the suite that every store passes.
type Store interface {
	// Commit makes the step's version the newest of its account, drops the optional
	// fields and the operators of those before, puts the listing in the place of the
	// account's listing or takes that away, and keeps the change for the central
	// directory. ErrChanged when the version before is not the newest any more,
	// ErrTaken when the address is another's. A step with the identifier of a version
	// that is there changes nothing.
	Commit(ctx context.Context, s Step) error
	// Newest returns the newest version of an account, or ErrNotFound.
	Newest(ctx context.Context, a rem.AccountID) (Version, error)
	// Version returns a version, or ErrNotFound.
	Version(ctx context.Context, id VersionID) (Version, error)
	// At returns the version that the address had at the time, or ErrNotFound.
	At(ctx context.Context, a rem.Address, at time.Time) (Version, error)
	// Versions lists the newest versions in the order of their accounts, those after
	// the given one.
	Versions(ctx context.Context, after rem.AccountID, limit int) ([]Version, error)

	// ListingOf returns the listing of an account, or ErrNotFound.
	ListingOf(ctx context.Context, a rem.AccountID) (Listing, error)
	// Listings lists those of natural persons, in the order of their accounts.
	Listings(ctx context.Context, after rem.AccountID, limit int) ([]Listing, error)
	// ByAddress, ByToken and ByName find up to limit listings of an exact key, and
	// ByWords those of legal persons that have every one of the words. The order is
	// that of the accounts. ByWords gives crowded when it would have to look at more
	// than the limit it has for that: then the words are too common, and it finds
	// nothing.
	ByAddress(ctx context.Context, a rem.Address) ([]Listing, error)
	ByToken(ctx context.Context, t privacy.IndexToken, limit int) ([]Listing, error)
	ByName(ctx context.Context, legal bool, key string, limit int) ([]Listing, error)
	ByWords(ctx context.Context, words []string, limit int) (found []Listing, crowded bool, err error)

	// Ask keeps a look-up as the next entry of the chain, and counts its weight
	// against what the asker's account may ask on the day. ErrQuota, and nothing is
	// kept, when that is used up.
	Ask(ctx context.Context, l Lookup, day int64, weight, limit int) error
	// Lookups returns those that found the account, newest first, with numbers below
	// before; 0 is from the newest.
	Lookups(ctx context.Context, a rem.AccountID, before uint64, limit int) ([]Lookup, error)
	// LookupChain visits the entries of all look-ups in their order.
	LookupChain(ctx context.Context, visit func(entry []byte) error) error

	// Due returns changes whose time has come, of each account the oldest one alone.
	Due(ctx context.Context, now time.Time, limit int) ([]Outgoing, error)
	// Told removes a change that was sent, with the transaction that sent it. When it
	// is gone already, nothing happens.
	Told(ctx context.Context, number uint64, s Sent, t Transaction) error
	// Untold puts a change off until due, with the transaction that failed.
	Untold(ctx context.Context, number uint64, due time.Time, t Transaction) error
	// Again keeps the newest version of an account for the central directory once
	// more, unless something of the account waits already.
	Again(ctx context.Context, a rem.AccountID, now time.Time) error
	// Backlog says what waits.
	Backlog(ctx context.Context) (Backlog, error)
	// Sent lists what was told last of each account, in the order of the accounts.
	Sent(ctx context.Context, after rem.AccountID, limit int) ([]Sent, error)
	// Record keeps a transaction with the central directory that moves nothing here.
	Record(ctx context.Context, t Transaction) error
	// TransactionChain visits the entries of all transactions in their order.
	TransactionChain(ctx context.Context, visit func(entry []byte) error) error
}
