// Package mime reads mail as bytes and builds mail as bytes.
//
// Reading never changes a message and never writes one again: [Parse] returns
// byte ranges into the source, so that a signature or a digest is computed
// over what arrived. It carries out RFC 5322 (fields, addresses), RFC 2045 and
// 2046 (parts), RFC 2047 and 2231 (text and parameters in other character
// sets). A large message is read by ranges and is never whole in memory.
//
// Where two readers could see two messages, the message is still read, and
// what is doubtful is said: a [Finding] of one reader, or a difference that
// [Compare] sees between three (AT-06). Callers that need one meaning only, as
// envelopes do, accept no finding.
//
// Building is [Builder]: header fields that no value can break out of (AT-04)
// and bodies whose bytes are known in advance, since we sign what we send.
//
// Invariants: time is linear in the input and bounded by [Limits] (AT-07);
// names of files and identifiers in a message are text, never paths (AT-11);
// no sockets and no files.
//
// Next: package envelope for what registered mail makes of this, package smtp
// for how the bytes travel.
package mime
