// Package bulk sends one letter to many: a list of recipients (CSV) with a template,
// with a file of his own for each where the list names one, or a ZIP of messages that
// were signed beforehand.
//
// A request is checked whole before anything of it is kept ([Service.Check]); a report
// says row by row what is wrong. Where nothing is, it becomes a job with one item for
// each recipient, and each item is a draft of the account (message/mailbox), so that
// it can be looked at before it is signed, and is sent once, by the way of every
// draft. Items:
//
//	prepared   the draft is written, and waits for its batch
//	to-sign    its batch was given out to be signed
//	signed     it was signed beforehand, and waits for its turn
//	released   its turn came; submission has yet to answer
//	submitted  it is a message
//	refused    submission refused it, with evidence
//	stopped    it could not be handed in; it says why
//	cancelled  it was taken back before it was handed in
//
// What became of an item is learned from the account's events (message/happening): a
// message is an item's by the Message-ID that its draft gave it, or by the digest of
// what was signed. So a crash between submission and our own note loses nothing.
//
// Invariants: a job without a whole set of drafts never runs, and is given up at the
// next start; an item has one draft for good, and so one message; per account no more
// than the provider's number of items are given out or released in a minute; every act
// names the natural person.
//
// Next: list.go, template.go, check.go, job.go, service.go, work.go, results.go.
// edge/apistore keeps jobs.
package bulk
