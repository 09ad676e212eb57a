package account

import (
	"context"

	"rem"
)

// A Store keeps accounts. Its methods may be called concurrently; a write is
// durable when it returns nil. It takes no account with something in clear
// ([Account.Before]).
type Store interface {
	// Create opens an account, as version 0; the same account again is harmless.
	// ErrTaken when the address ever belonged to one, but for a closed one of the
	// same holder: his address comes back to him, as another account (REQ-27).
	Create(ctx context.Context, a Account) error
	// Update keeps the account as the version after a.Version. ErrChanged when
	// what is kept is not that version any more; the same update again is
	// harmless. An address or a holder that differs from the stored one is an
	// error.
	Update(ctx context.Context, a Account) error
	// Account returns the account with the identifier, or ErrNotFound.
	Account(ctx context.Context, id rem.AccountID) (Account, error)
	// ByAddress returns the newest account that the address was given to, closed
	// ones too, or ErrNotFound.
	ByAddress(ctx context.Context, a rem.Address) (Account, error)
	// Accounts lists accounts in the order of their identifiers, those after
	// the given one.
	Accounts(ctx context.Context, after rem.AccountID, limit int) ([]Account, error)
	// SetPassword keeps the hash of an application password of an operator; an
	// empty one takes it from him.
	SetPassword(ctx context.Context, id rem.AccountID, p rem.PersonID, hash string) error
	// Passwords returns the hashes by person; none is no error. Whose password
	// was taken away has none.
	Passwords(ctx context.Context, id rem.AccountID) (map[rem.PersonID]string, error)
}
