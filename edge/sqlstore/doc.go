// Package sqlstore is the provider's ledger: it carries out [message.Ledger]
// and [account.Store].
//
// The truth is the journal, the records of package blobstore: an intention, a
// step, an account's change is durable when its record is, and one sync of the
// disk serves all that wait. What follows from the records is the state: the
// newest of it stands in memory, where every step is decided and applied, and all
// of it in SQLite, the index over the journal. The index follows the state by up
// to half a second, in one transaction that tells it once what many steps made of
// a message. It is never synced for a step; it says in the same transaction how
// far it has come, and Open applies the rest of the journal again. Applying is
// deterministic: a step that lost against another loses again.
// docs/formats/journal.md has the records.
//
// Invariants:
//
//   - The order of the records is the order in which they are applied.
//   - A step is answered when its record is durable and it is applied, so a
//     reader sees what a writer was told.
//   - One goroutine at a time changes the state: the applier's, or that of a writer
//     who is alone and applies his own record; another one, the flusher, writes to
//     SQLite; readers have connections of their own that cannot write.
//   - A message that the index does not have as it is stands in memory, so that
//     nobody meets an older one; a list that only the index can give waits until
//     it has followed.
//   - A step is applied whole or not at all; the same step again changes nothing.
//   - When SQLite fails, steps go on by the journal until the state is too far
//     ahead; what was not written is written when SQLite is back or at the next
//     start. An act on an account is answered by the index, and its outcome is
//     unknown until then.
//
// store.go opens; journal.go reads the records again; applier.go takes them in
// their order, apply.go says what a step does, live.go holds the state, view.go a
// message of it, queue.go what is due, sieve.go and newest.go what is surely new; flusher.go
// tells the index and tend.go looks after that; codec.go is the written form;
// read.go answers the readers, feed.go gives steps again to who follows them,
// account.go keeps accounts.
package sqlstore
