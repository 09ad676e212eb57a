// Package identity says how an applicant may show who he is, keeps the record of
// it, and judges whether the record is complete.
//
// The methods are a closed list (S22 to S26, REQ-10 to REQ-15): secure electronic
// signature, at an office, on site by a contracted institution, and four remote
// ones. [Choices] says which of them are possible in a case, and why another is
// not. [Complete] is the only maker of a [Completed], and nothing else opens an
// account (REQ-9).
//
// Invariants: a record names a natural person or an adapter as its collector,
// never nobody; what an adapter or a register says against an applicant never
// decides by itself, a person does ([Record.Doubts]); numbers of documents are
// masked in records; a signature is believed only by the provider's own anchors,
// from a qualified certificate whose revocation was asked for, and the answers
// are kept as evidence.
//
// Next: method.go for the list, record.go for what a record holds, complete.go
// for what each method owes, signature.go and registry.go for the two that are
// judged here.
package identity
