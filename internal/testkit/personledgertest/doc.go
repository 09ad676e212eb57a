// Package personledgertest is what every ledger of applications and every book
// of addresses must pass, and a ledger in memory that passes it.
//
// A test of a stage uses [NewMemory]; a test of a ledger calls [Run], and one of
// addresses alone [RunAddresses]. [Journey] is an application's way to its
// account, move by move, for crash loops: each move may be made again.
//
// Invariants: the memory ledger computes views with application.View.After, as
// every ledger does; it never fails unless the test asks it to (Fail).
package personledgertest
