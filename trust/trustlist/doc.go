// Package trustlist is the signed list of provider domains (REM-MDs) with whom
// we exchange registered mail: who they are, where they receive, which
// certificates sign their evidence and their connections, and since when and
// until when all that holds.
//
// Only authorised providers exchange, each known by its operation certificate
// (REQ-81), and the list changes without a change of code or a restart
// (REQ-84). A provider that ended stays in the list, so that what it signed in
// its time is verified twenty years later.
//
// The list is an XML document of a namespace of our own, described in
// docs/formats/trust-list.md, with an enveloped XAdES signature. It is
// canonical by construction: a list has one written form, and Parse refuses
// every other.
//
// Invariants:
//   - Whoever signs the list is pinned: its certificate is configured and
//     compared, and nothing in the list speaks for itself (AT-19).
//   - The sequence number never falls, and one number never means two lists.
//   - Every question is asked for a time, and the answer is what held then.
//   - A [List] that was verified does not change; a [Holder] changes lists.
//
// Next: list.go for what a list says, xml.go for how it is written, holder.go
// for how it is replaced; edge/trustlistfile watches a file.
package trustlist
