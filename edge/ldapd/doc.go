// Package ldapd is the door of address books to the directory: LDAP over TLS, for
// looking one account up at a time (RFC 4511, RFC 4513, RFC 4515, RFC 4519).
//
// Whoever asks logs in with a KEP address and an application password. A search is
// one question of provider/directory: an exact address, an exact number, a whole name
// or words of a title. Address books write their searches as alternatives of one text
// with stars around it; that text is asked once, and the stars mean nothing, for there
// are no wildcards. Everything else (lists, ranges, negations, changes) is refused
// with the code that LDAP has for it.
//
// Invariants: nothing but the server's own description is told before a log-in, and no
// log-in is taken before TLS; what is not there, is hidden and is closed gives the
// same empty result; everything that a client sends has a bound, and what is not
// strict BER as RFC 4511 5.1 restricts it ends the connection.
//
// The messages are read and written here (docs/decisions/0020): the libraries at hand
// drop the connection at a Compare, or leave limits and attribute selection to their
// caller. Next: ber.go, message.go, filter.go for what a search means, entry.go for
// what is given, server.go.
package ldapd
