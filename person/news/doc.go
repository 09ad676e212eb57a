// Package news is what a person is told outside of registered mail, by text
// message or ordinary mail: a one-time code, the link that activates an account,
// a log-in from a new device, how an application stands, what becomes due, that a
// message has arrived (REQ-30, REQ-42, REQ-67).
//
// It has the kinds, their texts in Turkish and English, how long each is worth
// sending, when it is tried again, and the [Outbox] in which it waits. edge/notify
// sends.
//
// Invariants: a text says nothing of a message's subject, content, sender or
// recipient (REQ-67); what fills it is checked, so that nobody's input becomes a
// sentence, a link or a line of its own; every message has an end, after which it
// is not sent; the same identifier is the same message, however often it is told.
//
// Next: message.go for what is told, text.go for the words, outbox.go for how it
// waits.
package news
