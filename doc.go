// Package rem holds the words that every other package speaks: identifiers,
// addresses, actors, refusals, digests and the clock.
//
// rem is a Registered Electronic Mail provider (in Türkiye KEP, kayıtlı
// elektronik posta). ARCHITECTURE.md draws the house; docs/glossary.md defines
// the words. This package imports nothing of the module and reaches nothing
// outside: it can be read first.
//
// Invariants: an [Address] is always in its folded form; a [MessageID] and an
// [EvidenceID] never change once given; a [Refusal] is an answer with legal
// weight and everything else that fails is a fault.
package rem
