// Package testkit helps the tests of every floor: a clock that tests move,
// seeded randomness, and validation against the published schemas.
//
// It is imported by tests alone and imports package rem alone, so that a test
// of any floor may use it. Package pki beside it makes certificates and tokens
// with the simulator; the folder schema holds the schemas and where they come
// from.
//
// Invariants: nothing here sleeps, nothing reaches the network, and a missing
// tool fails the test instead of skipping it.
package testkit
