// Package publication keeps what the provider publishes about the service in
// versions: the practice statement (KEPUE), the contract, the undertaking and the
// tariff (REQ-4, REQ-23, REQ-97).
//
// A version is one document in canonical form ([Parse]) in Turkish and English,
// which correspond by construction, paragraph by paragraph. A [Ledger] chains the
// publications, each with a time-stamp token over the document's digest, so that
// which words held at a time can be shown without us. Whoever accepts a document
// accepts a version by its digest; the application keeps it.
//
// Invariants: a version is never edited, never removed and never in force before
// it was published; a document with an unfilled place is not published; a sample
// is published in demonstrations alone. The privacy notice is no such document: it
// agrees with an inventory (privacy/notice).
//
// docs/formats/publication.md describes the records. Next: document.go for the
// form, ledger.go; samples.go for those that come with the program.
package publication
