// Package paperstore keeps the papers of applications as sealed files: what people
// handed in, and what an identification rests on. It is an enrolment.Papers.
//
// Invariants: a paper is there whole or not at all, through the loss of power; its
// name is the application's identifier and the digest of its clear content, so that
// keeping it again changes nothing; nothing here is readable without the vault.
//
// docs/formats/enrolment.md is the form of a file. Next: store.go.
package paperstore
