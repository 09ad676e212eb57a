// Package happening tells programs what happened on an account: what arrived, was
// submitted, refused or opened, and which evidence came. It reads the journal's feed
// beside the mailboxes (message/mailbox), and numbers the events of each account from
// 1 without a gap, so that a program that knows a number knows what it has not seen.
//
// An event has identifiers alone. What a message says and who wrote it is read
// through the door for programs, with the permission that this takes.
//
// A [Hook] is an address of a person's own to which the events of an account are
// sent, in order and each at least once, with a signature ([Sign]) that the receiver
// can check. After [GiveUp] of failing it rests until its person goes on.
//
// Invariants: an event is numbered once, in the step that moves the position in the
// feed; numbers of an account rise by one; no event names a person or a subject. A
// hook's cursor moves past an event after the receiver has confirmed it, or where it
// is of a kind that the hook does not send, or is not kept any more.
//
// Next: event.go, follow.go, hook.go, hooks.go. edge/apistore keeps them, edge/hook
// delivers, edge/api shows them.
package happening
