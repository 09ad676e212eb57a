// Package xades signs XML documents and verifies their signatures: XML
// signatures (XMLDSig 1.1) with the properties of XAdES baseline, levels B-B
// and B-T written, B-LT and B-LTA read (EN 319 132-1).
//
// A [Signer] writes the signature as the last child of the root element. It
// neither parses nor canonicalises: what it is given and what it adds is
// canonical by construction, and so each digest is a plain hash of the bytes
// written. [Verify] is a separate reader that shares only the form.
//
// Invariants:
//   - One signature, the last child of the root, over the whole document and
//     its signed properties and nothing else (AT-16).
//   - A verifier's caller reads [Verified.Document], which was parsed again
//     from the very bytes that were hashed, never the source.
//   - The signing certificate is the one whose digest was signed; KeyInfo is
//     where to look for it, no more (AT-19).
//   - A document that a Signer wrote verifies in the bytes that it wrote, and in
//     no others.
//   - Whether that certificate, and those of the time-stamp tokens, were
//     trusted is the business of trust/validation.
//
// Where to go next: sign.go for the form, verify.go for the order of the
// checks, canonical.go for the quick reader of our own form, foreign.go for
// the reader of everybody else's; package validation for verdicts.
package xades
