// Package privacy gives the words in which the inventory of personal data is
// written, and the rules by which an inventory is whole; and it seals personal
// values, so that they open only as the inventory declares.
//
// The words are closed lists: purposes with their legal grounds and the
// statements of the privacy notice that they rest on, categories, groups of
// people, sources, recipients, places and retention rules with their clocks. A
// [Datum] says what is known about somebody; a [Holding] says where the program
// keeps it or lets it out, and in which form. A [Register] holds all of them and
// [Register.Check] finds whatever is not complete (S05, P-01, REQ-105).
//
// Invariants: a holding has data or a reason why it is not personal, never
// neither; a purpose has a legal ground; a retention rule has a clock and an end;
// what rests on consent alone is not in use before the program asks the ledger
// of consents at each use; everything stays in Türkiye (S39). What the notice calls "not
// private", such as addresses and device identifiers, is personal data here (S16).
//
// A [Vault] seals a [Value] under a data key of its person and purpose class and
// opens it for an [Access]: a natural person, a purpose that the inventory declares
// for the field, a case. The [AccessEntry] is durable first. A value in the clear
// neither prints nor marshals; a sealed one is bound to its person and field;
// destroying the data key erases it in every copy (P-03, P-12, P-21). The written
// forms are docs/formats/sealed.md and docs/formats/access-log.md. Keys and log are
// interfaces here; edge/keystore and edge/accesslog are what a provider runs.
//
// value.go, sealed.go and vault.go are the values; keys.go the keys; access.go,
// chain.go and look.go the log; blind.go the look-ups; hide.go closes the ways by
// which Go writes a value down.
//
// The inventory of this program is package privacy/inventory; what it means for
// operators is docs/operations/inventory.md.
package privacy
