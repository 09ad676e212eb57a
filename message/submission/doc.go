// Package submission makes an original message ours, or refuses it: the first
// stage of the journey (docs/journeys/message.md, steps 1 to 5).
//
// The order is check, record the intention, sign, record the result, answer.
// Whoever gets a [Receipt] can rely on it: the bytes, the row and the evidence
// are durable (I1, REQ-94). Every refusal that concerns a message is evidence too
// (SubmissionAcceptanceRejection, negative), with a reason code and a text.
//
// Invariants: the same submission twice, by the same account with the same
// bytes and recipients, is one message and gives the first receipt; a message
// that could not be scanned is deferred, never delivered unscanned (REQ-51);
// only the account's own address sends, and only a signature of one of its
// operators signs.
//
// Next: package relay and package delivery, to which the ledger hands on.
package submission
