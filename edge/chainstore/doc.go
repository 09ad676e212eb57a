// Package chainstore keeps a chain of privacy's records on a disk: the
// publications of the notice, their deliveries, the consents, each in a folder
// of its own.
//
// A folder is a small journal of edge/blobstore, one record an entry. That
// journal already does what is hard here: a write that the power cut is told
// from damage, damage is set aside with an alarm and never dropped, a full disk
// still has a reserve, and all of it is tested by breaking each operation. A
// table of SQLite was the alternative; it would be a second truth with a second
// way to recover, for data of which an entry is read by its number or all of it
// in order. It is not the message journal either: what a person chose is kept by
// other rules than messages, and is read whole at each start.
//
// Invariants: an entry that Append answered is on the disk, through the loss of
// power; an entry that cannot be read is an error, and so is a missing one, so
// that nothing is allowed because a withdrawal was lost.
//
// Next: privacy/chain for what the entries are.
package chainstore
