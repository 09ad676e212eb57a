// Package sqlstore is the provider's ledger: it carries out [message.Ledger]
// and [account.Store].
//
// The truth is the journal, the records of package blobstore: an intention, a
// step, an account's change is durable when its record is, and one sync of the
// disk serves all that wait. SQLite is the index over the journal. It is never
// synced for a step; it says in the same transaction how far it has applied the
// journal, and Open applies the rest. Applying is deterministic: a step that
// lost against another loses again. docs/formats/journal.md has the records.
//
// Invariants:
//
//   - The order of the records is the order in which they are applied.
//   - A step is answered when its record is durable and it is applied, so a
//     reader sees what a writer was told.
//   - One goroutine writes to SQLite (a pool of writers starves in its busy
//     handler); readers have connections of their own that cannot write.
//   - The newest messages are answered from memory, as the writer left them; what
//     a transaction changes is read from SQLite until the transaction is over.
//   - A step is applied whole or not at all; the same step again changes nothing.
//   - When SQLite fails, what waits is told that the outcome is unknown, and is
//     applied when SQLite is back or at the next start.
//
// store.go opens; journal.go writes records and reads them again; applier.go is
// the one writer and tend.go its housekeeping, apply.go what a step does; codec.go is the written form;
// read.go answers the readers and view.go keeps what they ask for most, account.go keeps accounts.
package sqlstore
