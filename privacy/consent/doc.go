// Package consent keeps what people chose: for one purpose at a time they give
// explicit consent, refuse it, or withdraw it (KVKK 3, 5/1; P-05).
//
// Only a purpose whose ground is consent can be asked for ([Ask]); the question
// holds no answer beforehand, and no answer is no consent. An answer is one
// entry of a chain, with the exact text that was shown, the notice that was in
// force, who answered and for whom, and by which channel. Whoever wants to use
// data for the purpose asks [Ledger.Allowed] each time, at the moment of use.
//
// Invariants: there is no entry for two purposes (S34); telling somebody the
// notice is no consent (S02); a consent without the notice having been told
// before is not taken; from the moment a withdrawal is asked for nothing is
// allowed, and if nobody can know whether it was kept, nothing is allowed to
// anybody until the ledger was opened again; entries hold identifiers, never
// names (P-27).
//
// A receipt ([Ledger.Receipt], [Sign]) holds the entry itself, signed by the
// provider; [Verify] checks it offline, with the provider's certificate alone.
//
// docs/formats/consent.md describes entries and receipts. Next: question.go,
// entry.go, ledger.go, receipt.go; privacy/notice for what people are told.
package consent
