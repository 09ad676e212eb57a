// Package chain links records by their digests: each entry holds its number, the
// digest of the one before and its time, so that an entry cannot be changed,
// taken away, added between others or moved without every later digest being
// another.
//
// Invariants: an entry is durable before anybody is told of it; numbers have no
// gap; time never goes back; a chain that does not fit together is not opened.
// After a write of which nobody can know whether it was kept, the chain takes
// nothing more until it is opened again from its store: an entry must not get a
// number that another one may have.
//
// What it cannot show by itself: somebody who may write the whole store can take
// away the newest entries, or write all of them anew. Whoever holds a digest of
// an earlier [Head], as everybody does who was given a receipt, can show it.
//
// Next: privacy/notice and privacy/consent, which keep their entries so, and
// edge/chainstore, which keeps them on a disk.
package chain
