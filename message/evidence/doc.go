// Package evidence makes and reads REM-MD evidence: the nine kinds of
// TS 102 640-2, their profile checks, their XML form and their signature.
//
// An evidence goes through three types, and the compiler allows no other
// order. A [Draft] says what happened; it is a value that can be stored and
// loaded again exactly ([MarshalDraft]), since the intention is durable before
// anything is signed. [Prepare] runs every check of the profile and writes the
// canonical XML; it is the only maker of a [Prepared]. [Prepared.Sign] adds
// the XAdES signature of the operation certificate with its time-stamp and
// gives a [Signed]; a Prepared signs once.
//
// [Parse] is the other direction, for evidence of ours and of others: it reads
// TS 102 640-2 in its namespaces v1# and v2# and the evidence of
// EN 319 522-3. It is given bytes that a signature already covers, and it
// believes nothing else (AT-16).
//
// Kind and outcome belong to package message and are apart from the written
// form. What we write is a [Format]; a further one is a further entry in the
// table of profiles (profile.go) and touches no stage.
//
// Invariants: the same draft gives the same bytes before signing; what Prepare
// accepts validates against the schema rem-v2; reading what was written gives
// the draft again.
//
// The format, code by code, is in docs/formats/evidence.md. Who may issue
// which evidence, and when, is told in package message; how a stranger checks
// it, in message/verification.
package evidence
