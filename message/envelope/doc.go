// Package envelope builds and reads REM-MD envelopes: the signed mail in which
// registered messages and evidence travel.
//
// A REM dispatch carries the original message byte for byte and the evidence of
// its submission; a REM-MD message carries evidence alone. Both begin with an
// introduction that tells a person in Turkish and English what happened and
// how to check it without us. Both are S/MIME multipart/signed with CAdES
// (RFC 1847, RFC 8551), in the form of TS 102 640-2 with the section marks of
// EN 319 532-3 beside it; docs/formats/envelope.md is precise enough to write
// one anew. Envelopes of EN 319 532-3 are read too.
//
// Invariants: the original is never changed and its digest is that of its
// bytes up to and including its last CRLF; a [Maker] gives the same bytes
// before signing for the same message; a dispatch is Head, original, Tail, so
// that a large original is never whole in memory; what [Read] returns lies
// inside the bytes that the signature covers, but for the header, which nobody
// signed and which says nothing that is relied on.
//
// Next: package evidence for what is in the XML, stage relay for when an
// envelope is sent, trust/cades for the signature.
package envelope
