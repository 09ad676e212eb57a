// Package tsp asks for, makes and checks time-stamp tokens: the proof by a
// third party that some bytes existed at some time (RFC 3161, RFC 5816).
//
// A [Token] that Parse returned has the right structure and nothing more.
// [Token.Verify] shows that one named certificate signed it over the given
// imprint; whether that certificate was trusted at the time is the business of
// trust/validation. [Request] is what a client asks, [Responder] is the pure
// computing of an authority: sockets are edge/tsa's.
//
// Invariants: tokens are strict DER from their first to their last byte; one
// signer, named by signing-certificate-v2 and never by position; SHA-256,
// SHA-384 and SHA-512 only; an authority's certificate carries the critical
// extended key usage timeStamping and no other (RFC 3161 2.3); no byte of a
// token of ours can change without a refusal (AT-20, AT-21).
//
// Next: trust/cms for the signed structure, edge/tsa for the wire.
package tsp
