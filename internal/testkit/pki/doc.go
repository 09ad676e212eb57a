// Package pki gives tests a simulated world of certification with a clock that
// they move: certificates, time-stamping authorities and signers that fail the
// test instead of returning errors.
//
// The world itself is edge/simulator's; here is only what tests alone want.
package pki
