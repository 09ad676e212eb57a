// Package control is what an operator asks a running provider for: HTTP with
// JSON on a Unix socket in the data folder, which only its owner can open.
//
// Every request names the natural person who asks (header [PersonHeader]), and
// what changes something is logged with him. Operators see what happened to a
// message, never what is in it: opening one takes the holder's own password and
// makes the evidence that opening makes (REQ-73).
//
// remctl is its client; [Client] is that client's half.
package control
