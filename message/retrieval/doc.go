// Package retrieval says who opened a message first, or that nobody did in
// time: the last stage of the journey (docs/journeys/message.md, steps 14 to
// 16).
//
// The first opening by an authorised person makes one evidence,
// RetrievalNonRetrievalByRecipient, that names him (REQ-68). Listing a mailbox
// makes none; opening again makes none. When the retrieval period passes first,
// the evidence says so, and later openings are recorded without evidence. The
// race between the two is decided by the ledger: the first step stands. Who was
// given nothing, because of a fault or a crash, has opened nothing.
package retrieval
