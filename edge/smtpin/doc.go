// Package smtpin is the door by which messages come in over SMTP: submission by
// account holders and dispatches from other REM-MDs. It is one server with two
// faces, chosen by [Config.Face]:
//
//   - [Submission] (RFC 6409; 465 with TLS from the first byte, 587 with
//     STARTTLS): AUTH PLAIN and LOGIN, only over TLS and before anything else.
//   - [Peer]: mutual TLS; the backend judges the other side's certificate.
//
// It offers SIZE, PIPELINING, 8BITMIME, ENHANCEDSTATUSCODES, DSN, AUTH and
// STARTTLS. It does not offer SMTPUTF8, since KEP addresses are ASCII, nor
// CHUNKING, since a message then has two ways to end. It adds no Received field:
// the original is kept byte for byte, and evidence tells the way instead.
//
// Invariants:
//
//   - 250 at the end of data is answered only after [Sink.Commit] returned nil
//     (RFC 5321 6.1). A message that is not committed is aborted.
//   - Nothing is asked of the backend before TLS stands (AT-03), and no byte
//     that came before TLS is read after it (RFC 3207 4.2, AT-02).
//   - A message ends at CRLF.CRLF alone (AT-01); package mail/smtp sees to it.
//   - Overload refuses before acceptance, and everything here is bounded (AT-38).
//   - Replies to pipelined commands leave in one segment (RFC 2920 3.2).
//   - Logs hold identifiers and pseudonyms, and strangers learn nothing of a fault.
//
// Read [Backend] first, then session.go for the order of a conversation.
package smtpin
