// Package eyp reads e-Yazışma packages, the form in which public bodies send
// official letters (resmî yazı): a letter with its metadata, attachments, digests
// and signatures in an OPC container.
//
// [Read] reads versions 1.x and 2.x. What it says of a package is what it did
// itself: parts are read, digests of the summaries are compared with the parts,
// and a detached CAdES signature is verified over the summary it stands for. What
// is not verified is listed in [Package.Unverified], so that no page can leave it
// out by accident. Encrypted packages are recognised and not opened.
//
// The structure is known from public implementations of the guide, not from the
// guide itself; docs/formats/eyp.md says what is taken from where and what is
// assumed. Nothing here writes a package.
//
// Invariants: everything within the limits of package archive (AT-09); XML by the
// strict reader (AT-18); names are texts, never paths (AT-11).
//
// Next: Read in read.go; package reading shows it.
package eyp
