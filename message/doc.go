// Package message tells the life of a registered message: its states, its
// steps, and the evidence that each step owes.
//
// One table, [Table], holds every transition; [Next] reads it. The stages carry
// the steps out, in this order, and never call one another: each writes what it
// decided into the ledger, and the ledger hands the message on.
//
//	submission    an original message becomes ours, or is refused
//	relay         to and from another REM-MD: acceptance, rejection, failure
//	delivery      into the recipient's mailbox, or not, and why
//	retrieval     who opened it first, or that nobody did in time
//
// Everything is per recipient: a message to twenty people has twenty lives that
// share one original and one submission evidence (REQ-50, REQ-58).
//
// Invariants, shown by exploring every order of answers, time-outs, duplicates
// and crashes (explore_test.go):
//
//   - no two evidences about one message and one recipient disagree ([Disagree]);
//   - a state is left only by a transition of the table, and once, so that each
//     recipient comes to one end (I3);
//   - we say that a message was not relayed only when nobody can have taken it.
//
// docs/journeys/message.md tells the same as numbered steps, with the record
// written at each and what a crash leaves.
package message
