// Package imapd is the door for ordinary mail programs: IMAP4rev2 and rev1 over TLS
// from the first octet (RFC 9051, RFC 8314 3). It shows a [mailbox.Box] and decides
// nothing itself. The protocol is spoken by a library (docs/decisions/0028); what it
// lacks is named in docs/divergences.md.
//
// Invariants:
//
//   - A part of a received message's body leaves only through Box.Open, which makes
//     the evidence of retrieval (REQ-68): BODY[], BODY[TEXT], BODY[1], BINARY, with
//     and without PEEK. Header fields, the structure, sizes and flags, and every
//     search, come through Box.Peek and make none.
//   - What outlives a command is in the mailbox; a session holds a view of one folder,
//     24 octets an item. Sequence numbers change only where RFC 9051 7.5.1 allows it.
//   - Each command asks anew whether the log-in still holds, an idle session every few
//     seconds (AT-29).
//   - Everything that a client can make grow has a bound, and the octets of a command
//     are counted before the library sees them (AT-08): see frame.go.
//   - Logs hold identifiers and pseudonyms. Texts of ours are Turkish, in the letters
//     that IMAP has, then English.
//
// Next: config.go, then session.go; fetch.go for what opens a message.
package imapd
