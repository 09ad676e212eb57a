// Package reading makes of a message what a page shows of it: who wrote to whom,
// the text in each of its forms, the attachments with what they really are, and
// what a careful person would notice.
//
// [Read] goes through the message once for its tree and once through each part,
// in pieces: a message of 25 MB is never whole in memory. It asks the two other
// readers of package mime whether they see the same message (AT-06), and says so
// where they do not. HTML comes out of package html (AT-10), archives are looked
// into by package archive (AT-09), e-Yazışma packages by package eyp.
//
// Of a signed message only the signed part is read. Whether the signature holds
// is for the caller to find out first (package smime): a caller that has verified
// gives the verified part, and what is shown is then those bytes and no others.
//
// Nothing here acts on what it reads: invitations are attachments, receipts that
// a message asks for are not sent, and no address is looked up.
//
// Invariants: nothing is refused for what it says, since what was delivered can be
// read; a finding is a hint, never a verdict; names are texts, never paths (AT-11);
// no sockets, no files.
//
// Next: Read in read.go, head.go, attachments.go, alternatives.go; content.go for types
// by content; name.go for file names.
package reading
