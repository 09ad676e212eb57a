// Package directory is the KEP directory of our own accounts, and our side of the
// central one (docs/requirements, KEP 1.5; REQ-74 to REQ-80).
//
// Every account has a record: which fields it has, and which of them rest on whose
// consent, is one table ([Fields]). A record is kept as versions that never change
// ([Version]): sending resolves a recipient's address once, to a version, and goes
// on with that (AT-15). The values in a version are sealed. What may be queried is
// copied out of them into a [Listing], which is there only while it is published: of
// legal persons always, of a natural person while he has chosen so. Version, listing
// and the message to the central directory are one step of the [Store].
//
// Invariants:
//   - A natural person is found only while the consent ledger allows it, which is
//     asked at each query; an optional field is shown only while its own consent
//     stands. A withdrawal hides from the next query on, whatever else fails (S28).
//   - Who asks learns nothing from the way in which he is told nothing: an address
//     that is not there, is closed or is hidden has one answer, by the same work
//     (P-26). There is no list, no wildcard, and no answer with too many entries.
//   - No answer holds an identity number (REQ-79).
//   - An answer is given after the entry that says who asked, what for, and whom he
//     found is durable; the entries are a chain, and the person found reads them.
//   - The central directory gets every change of an account in order, each under one
//     key however often it is sent, and nothing that is not allowed any more when it
//     is sent. Every transaction with it is recorded (REQ-77, REQ-78).
//
// What of the communique was not read in its own words is said in
// docs/divergences.md: that a public body is entered by its DETSİS number, and that
// a title may be searched by whole words.
//
// Next: field.go for the table, particulars.go for what a record holds, version.go
// and store.go for how it is kept; directory.go changes records, query.go answers,
// lookup.go remembers who asked, sync.go keeps the central directory the same.
// edge/personstore is the store, edge/ldapd and the web pages are the doors,
// edge/centraldirectory the way out.
package directory
