// Package verification says what anyone can check of a registered message, from
// the bytes alone: evidence, envelopes, originals and time-stamp tokens, one by
// one and held against each other.
//
// It shares formats with the path that signs and no decisions: what may follow
// what, and what contradicts what, is written down here a second time, so that
// a mistake on one side shows on the other. It is what remverify runs offline
// for strangers, and remctl audit over our own store.
//
// A [Verifier] is given files and gives a [Report]: a tree of findings in the
// terms of EN 319 102-1. A finding is as good as the worst of its parts, and
// the report as the worst of its findings. Without anchors nothing passes.
//
// Invariants: only bytes that a signature covers are read (AT-16); a digest is
// computed from the bytes at hand and never taken from a header; nothing is
// asked of the network.
//
// Next: report.go and words.go for the words, verifier.go for what a file may be, chain.go
// for how evidences are held against each other.
package verification
