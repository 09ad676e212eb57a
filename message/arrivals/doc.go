// Package arrivals tells people that messages have come, by ordinary mail and text
// message and without content (REQ-67): whom, by which way, and when.
//
// Everybody who may read an account and has the permission for a way is told by
// it, as far as he wants to be: at once, after his quiet hours, or once a day. At
// once means at most one notice in ten minutes by each way; no arrival goes
// untold, since one that comes after a notice was made gets the next.
//
// Nothing is kept here. When a notice goes is part of its name, and the outbox
// (person/news) keeps the first one of a name: twenty arrivals in a night are
// twenty times the same notice of the morning, after a restart too.
//
// Invariants: a notice names no sender, recipient, subject or number of messages;
// an account whose permission ended is not told any more; a fault here stops no
// delivery, because a notice is a courtesy and the evidence the promise. One that
// was not in the outbox when the process stopped is not told.
//
// Next: arrivals.go; message/delivery calls it, edge/notify sends.
package arrivals
