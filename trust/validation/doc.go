// Package validation says whether a signature or a time-stamp token is
// believed, in the terms of EN 319 102-1: TOTAL-PASSED, INDETERMINATE or
// TOTAL-FAILED, with the sub-indication and every check by its name.
//
// Packages xades, cades and tsp show that bytes were signed by the key of one
// named certificate. A [Validator] goes on from there: the path from that
// certificate to an anchor of ours, what the certificate may be used for,
// whether it was revoked, whether the algorithms were good enough, and all of
// it at the time of proof, the time of the earliest token that is itself
// believed. Without a token the time of proof is the present.
//
// Invariants:
//   - A verdict is never a bare bool, and the zero [Verdict] is INDETERMINATE.
//   - Anchors come from the [Policy] alone; what a document carries is a hint
//     where to look (AT-19).
//   - Nothing that failed is outweighed by something that passed: every token
//     present has to pass (AT-21).
//   - A chain or a token that was judged is not verified again while the answer
//     holds; both memories are bounded and expire.
//   - A [Validator] may be used from many goroutines and never changes what it
//     is given.
//
// Next: verdict.go for the words, policy.go for what is required, validator.go
// for the order of the checks.
package validation
