// Package account holds a KEP account as the message's journey needs it: whose
// it is, who may act on it and in which state it is. Applications, identity and
// the rest of the person's journey come to it later.
//
// Invariants: the holder of an account never changes (REQ-28); an identifier
// never means a second account, though an address may be closed; every act is
// tied to a natural person (REQ-37). What each state allows is one table,
// [State.Allows].
package account
