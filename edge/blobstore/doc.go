// Package blobstore keeps contents: original messages, parts of envelopes,
// evidence in XML. It is also the provider's journal: a record carries a kind
// and a few bytes of meaning beside its content, is durable after one sync of
// the disk, and can be read again in order.
//
// Small contents (up to [SmallContent]) are appended to segment files, many
// writers sharing one write and one sync; who has been alone for a while writes and
// syncs himself, without handing over to another goroutine. Large ones are files of their own,
// with a record in a segment that says what they are. docs/formats/segment.md
// is the form of the files.
//
// Invariants:
//
//   - What Append answered is on the disk, through the loss of power.
//   - A content is given out only when its bytes have its digest; another one
//     is set aside under corrupt, an alarm is raised, and nothing is dropped.
//     What this process wrote moments ago is given out of memory; Check reads
//     the disk in any case.
//   - A segment whose write or sync failed gets no further record: after a
//     failed sync the system may believe pages written that are not.
//   - Every name on the disk is ours, a number or a token (AT-11).
//   - Evidence of what was accepted still finds room on a full disk: new
//     contents are refused first, and a segment is held in reserve (AT-36).
//
// fs.go is all that touches the disk, so that a test can make any operation
// fail; store.go opens, writer.go commits, begin.go begins and leaves segments,
// scan.go reads them after a crash, spool.go takes a message as it arrives,
// newest.go is the end of the journal in memory.
package blobstore
