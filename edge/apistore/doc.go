// Package apistore keeps what programs need that act for people, in one SQLite
// file: tokens and clients (person/token), and the answers to requests with an
// idempotency key.
//
// Of a secret there is its digest alone; a key's label is sealed. Times are
// microseconds of Unix time, in UTC.
//
// Invariants: one call of a method that writes is one atomic step, durable when it
// returns nil; a step made again changes nothing.
//
// Next: store.go, tokens.go, answers.go.
package apistore
