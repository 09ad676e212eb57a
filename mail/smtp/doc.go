// Package smtp is SMTP as bytes: the grammar of commands and replies, the end
// of a message, and the envelope pair called [Transaction]. It has no sockets;
// package edge/smtpin serves with it and package edge/smtpout sends with it.
//
// It carries out RFC 5321 with SIZE (RFC 1870), 8BITMIME (RFC 6152), DSN
// parameters (RFC 3461), AUTH (RFC 4954), STARTTLS (RFC 3207) and enhanced
// status codes (RFC 2034, RFC 3463). Addresses are ASCII, as KEP addresses
// are, so there is no SMTPUTF8; a message has one end, so there is no CHUNKING.
//
// Invariants:
//
//   - A message ends at CRLF "." CRLF and nowhere else, in both directions.
//     A bare CR, a bare LF or a NUL inside it refuses the message, after it was
//     read to its true end (AT-01).
//   - The bytes that [Data] hands on are the bytes that were sent, without the
//     stuffed dots (RFC 5321 4.5.2); what evidence digests is what arrived.
//   - Nothing here grows with its input: commands, replies and lists are bounded.
//
// Begin with [ParseCommand], [Data] and [Writer].
package smtp
