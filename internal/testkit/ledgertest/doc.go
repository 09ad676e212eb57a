// Package ledgertest is what every ledger must pass, and a ledger in memory
// that passes it, for the tests of the stages.
//
// A test of a stage uses [NewMemory]; a test of a ledger calls [Run]. Since both
// meet the same suite, a fake in a test is known to behave as the real one does.
//
// Invariants: the memory ledger keeps times to the microsecond, as a database
// does; it never fails unless the test asks it to (Fail).
package ledgertest
