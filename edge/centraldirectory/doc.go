// Package centraldirectory is the way to the central KEP directory: the adapter that
// provider/directory speaks to, and the runner that tells it every change.
//
// What the central directory's own form is was in no text that we have read (KEP 1.5
// says what it does); the form here is ours, docs/formats/central-directory.md, over
// mutual TLS with pinned anchors, by way of edge/outward: JSON, one question an
// Idempotency-Key. edge/simulator has a simulated one behind the same form, which
// production refuses. Another form is another Client.
//
// Invariants: nothing about an account stands in a URL; an answer is read strictly or
// is none; an identity number that the central directory should give is left out
// (REQ-79); the runner tells in the order of the changes and never gives up.
//
// Next: client.go, runner.go.
package centraldirectory
