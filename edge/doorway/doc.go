// Package doorway is what the doors for mail programs and servers (edge/imapd,
// edge/smtpin) do before their protocols begin: connections are accepted until the door
// is shut, those that are inside are waited for, and a network has a pseudonym in logs.
//
// Invariants: a want of descriptors or memory ends no door; after Shut nobody is
// accepted, and Serve returns; no address goes into a log.
//
// Who is let in, and how many, is each door's own to say. Next: doorway.go.
package doorway
