// Package apistore keeps what programs need that act for people, in one SQLite
// file: tokens and clients (person/token), the answers to requests with an
// idempotency key, events and hooks with their last deliveries (message/happening),
// and bulk sendings (message/bulk).
//
// Of a secret there is its digest alone; a key's label is sealed. Times are
// microseconds of Unix time, in UTC.
//
// Invariants: one call of a method that writes is one atomic step, durable when it
// returns nil; a step made again changes nothing but the count of a delivery's
// attempts.
//
// Next: store.go, tokens.go, answers.go, events.go, hooks.go, bulk.go.
package apistore
