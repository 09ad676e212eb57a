// Package world puts whole providers together in one process, on folders that
// break and a network that the test controls, so that a journey can be stopped
// at every effect that it has on the outside.
//
// A [Kit] holds what is made once: the simulated certification, the trust list.
// A [World] is one run: a clock that stands still until it is moved, providers
// with a real ledger of package sqlstore on a folder of package broken, and a
// [Network] between them that loses, repeats, delays and refuses. Everything
// runs in the goroutine of the test: [World.Step] carries out what is due, so a
// run depends on its seed and on nothing else but the ledger's own goroutines.
//
// [Faults] counts the effects (writes and syncs of the folder, transactions of
// the index, signatures, tokens, connections) and makes the n-th fail, done or
// not done, or kills the process before or after it. The process is opened
// again on what the folder then holds, and finishes what it intended, in the
// order in which internal/node does.
//
// [World.Check] is the reader: it believes nothing of what happened but what
// was answered to users, walks all that is stored, and verifies every evidence
// with message/verification.
//
// Invariants: nothing here sleeps or reaches the network; what was answered is
// in [World.Promises], and nothing else is.
package world
