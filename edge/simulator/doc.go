// Package simulator is a throw-away world of certification: a root, an issuing
// authority for each purpose, certificates for REM-MDs, TLS, time stamping and
// people, revocation, OCSP and CRLs.
//
// A KEP provider may not certify itself: operation certificates, qualified
// certificates and time stamps come from outside parties (docs/requirements,
// KEP 1.7). This package stands in for those parties in demonstrations and
// tests, behind the same protocols: RFC 5280 certificates and CRLs, RFC 6960
// responses over HTTP. Everything it issues says SIMULATOR in its issuer and
// subject, and personal certificates are issued for the synthetic persons of
// [People] alone, so that nothing made here can be mistaken for the real thing.
//
// Invariants: nothing is kept but what Write is asked to write; time comes from
// the given clock, so that a test can let certificates age; a [PKI] may be used
// from many goroutines.
//
// Next: authority.go issues, profiles.go says what each certificate holds,
// revocation.go answers for them.
package simulator
