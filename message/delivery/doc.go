// Package delivery puts a message into the recipient's mailbox, or says why
// not: the third stage of the journey (docs/journeys/message.md, steps 11 to
// 13).
//
// For each recipient there is one evidence, DeliveryNonDeliveryToRecipient, and
// at most one arrival. A full mailbox never stops an arrival (REQ-70): the
// ledger accounts what is over the quota and [Notices] warns at 80, 90 and
// 100 %. An address that is unknown, closed or meanwhile another's gets no
// message and the sender gets evidence of it (REQ-36, AT-14).
//
// Next: package retrieval.
package delivery
