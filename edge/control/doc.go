// Package control is what an operator asks a running provider for: HTTP with
// JSON on a Unix socket in the data folder, which only its owner can open.
//
// Every request names the natural person who asks (header [PersonHeader]), and
// every request is logged with him. Operators see what happened to a message and
// not what is in it (REQ-73): opening one, or having the signed dispatch with the
// original inside, takes the password of a holder whose message it is, and a
// recipient's makes the evidence that opening makes.
//
// remctl is its client; [Client] is that client's half.
package control
