// Package report writes the report of a message as PDF: what a judge holds in
// his hand. It tells who, what and when, recipient by recipient, every evidence
// with its verdict and what was checked, the digests, and how all of it is
// verified without us. The evidence itself, and what to believe, lie inside as
// attached files, byte for byte; they are the proof, the pages are its picture.
//
// Turkish is the first language, English an option. Both times are written,
// Türkiye's and UTC. The text can be extracted and searched; fonts with all
// Turkish letters are embedded (Go's own, golang.org/x/image/font/gofont). The
// same input gives the same bytes.
//
// What the library behind it cannot do is not claimed: the file is not PDF/A, and
// it has no tags for screen readers but its language, its title and bookmarks.
// Who needs an accessible or an archival form takes the pages of an export
// (message/export), which are HTML. The report is not signed; the evidence in it
// is.
//
// Invariants: nothing is written that the input does not say; the code on the
// first page holds the caller's address alone, which names no person; what comes
// from others cannot turn the order of letters or leave its line; bytes of
// evidence are not changed.
//
// Next: report.go, then page.go for how it is drawn.
package report
