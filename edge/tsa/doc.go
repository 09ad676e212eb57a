// Package tsa carries time-stamp requests over HTTP (RFC 3161 3.4): a [Client]
// that asks authorities outside, and the door of a simulated authority for
// tests and rehearsals. Production mode refuses the simulator: a provider may
// not be its own authority of time.
//
// Invariants: a token that Stamp returns was checked against the question in
// every respect (see tsp.Request.Check) and against our own clock; an answer is
// never longer than its bound, never redirected and never fetched through a
// proxy of the environment; a request leaves in one segment with a fresh nonce;
// authorities that fail are left alone for a short while, and when all of them
// fail there is no token and mail waits (AT-21, AT-25).
//
// Next: trust/tsp for what a token means, edge/simulator for the simulated
// world around this door.
package tsa
