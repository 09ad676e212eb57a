// Package wiretap stands between two providers and writes down what passes: for
// tests that check the bytes on the wire, and not what a program says it sent.
//
// A [Tap] shows the receiving provider's certificate to the sender, and the
// sender's to the receiver, so that both sides work as without it: in a world of
// tests, which has all keys. Bytes pass unchanged. Each message is a file: its
// octets after DATA, the stuffed dots taken out (RFC 5321 4.5.2), which is what
// the sender signed.
package wiretap
