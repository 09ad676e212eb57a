// Package notice keeps the privacy notice: what is said to people about their
// data, in versions that never change, and the record of who was told.
//
// A version is one document in canonical form ([Parse]) in Turkish and English,
// which correspond by construction, paragraph by paragraph. Beside its words it
// states facts: purposes with their grounds, recipients, retention rules. [Lint]
// refuses a notice without an element of KVKK 10 or without anybody to turn to
// (S49), and [Compare] holds its facts against the inventory of personal data,
// both ways. [Diff] says what changed between two versions and what of it is
// material (S46). [Sample] is a notice of our own, to be filled in.
//
// Invariants: a version is never edited, never removed and never in force before
// it was published (S46, P-04); each one is found under its number and its digest
// for ever (S47); being told is recorded apart from consent and is none (S02,
// P-06).
//
// docs/formats/notice.md describes the documents. Next: notice.go for the form,
// lint.go, ledger.go; privacy/consent for what people choose.
package notice
