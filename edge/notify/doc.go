// Package notify sends what people are told outside of registered mail
// (package person/news): text messages by the provider's gateway, mail by the
// provider's mail server, both in Türkiye and on the residency list.
//
// A [Messenger] takes a message, writes it, seals destination and text under a key
// of its own, and keeps it in the outbox before it answers; [Messenger.Run] sends.
// Whoever tells never waits for a gateway.
//
// Invariants: a message is sent at least once or expires, and an attempt is
// recorded before it is made, so that a crash anywhere repeats it under the same
// key; when it has ended, the sealed bytes are gone. Nobody but the program opens
// them: they are sealed for it alone, and no person's look is served from here. No
// destination, code, link or text stands in a log, an error or a state. A simulator
// is marked, and refused in production.
//
// What is kept is docs/formats/outbox.md, and so is what a gateway is asked.
//
// Next: messenger.go, seal.go, sms.go, mail.go; book.go for where people are told.
package notify
