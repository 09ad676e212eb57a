// Package smtpout sends messages to other REM-MDs over SMTP, with mutual TLS and
// pinned certificates, on connections that are used again.
//
// What relay needs to know is not whether a call failed but whether the peer may
// have the message: [Outcome] says so. Once the end of data has left, only the
// peer's reply settles it (RFC 5321 6.1); until then the peer cannot have taken
// anything.
//
// Invariants:
//
//   - Nothing but EHLO and STARTTLS is said over clear text, and to nobody whose
//     certificate is not pinned. A peer without TLS or with another certificate
//     is a deferral and an alarm, never a downgrade (AT-03, [Alarming]).
//   - Octets behind the reply to STARTTLS end the connection (RFC 3207 4.2, AT-02).
//   - A message goes out byte for byte or not at all: package mail/smtp refuses
//     what SMTP would alter, and then the end of data is never sent (AT-01).
//   - [Unknown] is told whenever it is not certain that it is not the case.
//
// The writing is our own. A general client was tried: it waits for each reply
// in turn, rewrites bare line ends, drops octets behind STARTTLS without a word,
// and does not tell whether the end of data had left. It also sends less than
// half as many messages in the same time (BenchmarkSend).
//
// Begin with [Sender.Send].
package smtpout
