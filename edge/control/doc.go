// Package control is what an operator asks a running provider for: HTTP with
// JSON on a Unix socket in the data folder, which only its owner can open.
//
// Every request names the natural person who asks (header [PersonHeader]), and
// every request is logged with him. Operators see what happened to a message;
// opening one takes the holder's own password and makes the evidence that
// opening makes. One request shows more: the signed dispatch has the original
// inside, for the case that another provider or a court disputes its bytes, and
// asks for no password. REQ-73 is met only in part for it
// (docs/operations/accounts.md).
//
// remctl is its client; [Client] is that client's half.
package control
