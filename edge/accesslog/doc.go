// Package accesslog keeps the access log on a disk: who opened which personal
// values of whom, when, why, in which case (P-21, S43). It is the durable
// privacy.AccessLog; what an entry says and how entries are linked is in package
// privacy, and docs/formats/access-log.md is the form of both.
//
// A folder is a journal of edge/blobstore: what it does about torn ends, damage
// and full disks is tested there, operation by operation. A record holds all
// entries that were waiting for the disk, so that many who open values share one
// sync.
//
// Invariants: an entry is durable before Record returns, and Record comes before
// the value is decrypted; nothing is ever changed or taken away; a torn end is
// left behind only when nothing shows that it was answered; damage elsewhere, and
// a link that does not hold, raise the alarm at each start and stay. When no
// entry can be written, no value can be opened.
//
// What the folder alone cannot show: that its newest entries were taken away with
// all that names them. Whoever keeps [Log.End] elsewhere can (AT-26).
//
// The places of all entries are in memory, 16 octets each: ten million entries
// take 160 MB.
package accesslog
