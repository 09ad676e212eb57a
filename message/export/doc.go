// Package export writes messages with their evidence into one zip file that is
// complete by itself: originals byte for byte (.eml, or mbox), evidence as XML,
// lists, pages that open offline in any browser, and a proof list by which
// remverify checks the whole without us.
//
// [Write] streams: memory holds one part of [PartSize] messages' names and
// digests and never a content. A write that ends early, by an error or because
// it was cancelled, leaves no zip file: its directory comes last.
//
// [Check] reads such a file, or a folder into which it was unpacked: every file
// is there and unchanged, none is there that is not listed, every evidence holds
// and is about the message it stands at, and every original is the one that its
// evidence is about.
//
// Invariants: a received message leaves only through the [Opener], so that its
// evidence of retrieval is durable before its first byte is written (REQ-68);
// one that was never opened is left out when the caller wishes, and a list says
// so; the recipient of a message gets the evidence about himself and about all,
// not that about others; names in the zip file are ours and ASCII, and nothing
// from a message is ever part of one (AT-11); pages hold no script and fetch
// nothing.
//
// Who may export, and that somebody did, is the caller's to say and to record.
// docs/formats/export.md tells the layout.
//
// Next: write.go, proofs.go, check.go (check_message.go, check_files.go).
package export
