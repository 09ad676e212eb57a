// Package canon is the one written form of the records of privacy: notices,
// their publications and deliveries, consents and their receipts. It is text
// that a person can read and a program cannot read in two ways: one field a
// line, in a fixed order, and no choice in how anything is spelled, so that the
// same meaning always has the same digest. docs/formats/canonical-lines.md
// describes it.
//
// Invariants: what a [Writer] made a [Reader] reads, and what a Reader took to
// its end a Writer makes again, byte for byte; text is UTF-8 in Unicode's NFC
// without control characters, without characters that turn the direction of
// writing and without spaces at the ends; every size has a named limit.
//
// Next: privacy/chain, which links such records by their digests.
package canon
