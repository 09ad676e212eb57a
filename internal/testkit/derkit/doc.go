// Package derkit helps tests to break DER on purpose: it takes an encoding
// apart into a tree, lets a test change any part of it, and writes it again
// with lengths that fit. It also makes the few certificates that tests of
// signed structures need.
//
// It is imported by tests alone and imports nothing of the module, so that the
// tests of the lowest floors may use it. It shares no code with what it tests.
//
// Next: trust/cms and trust/tsp, whose tests use it.
package derkit
