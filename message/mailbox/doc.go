// Package mailbox is what the people of an account see of its messages: folders
// with items, what is still being written, and the search over them. Pages, mail
// programs and the API ask [Box], and nothing else, so that each of them shows the
// same, under the same permissions.
//
// An item is a received message, a sent one, an evidence about a sent one, or a
// draft. Items of messages follow the ledger ([Follower]): the journal is what
// happened, and items of what happened can be made again from it. Folders, flags
// and drafts are people's own and have their truth in the [Store].
//
// Invariants: listing, searching and reading header fields make no evidence,
// opening a received message makes that of retrieval (REQ-68); an item is in one
// folder; nothing here removes a message or an evidence from the journal (REQ-87);
// a search sees one account only, because its words are tokens under that
// account's key.
//
// A draft becomes a message by [Sender] alone, once, however often the program ends.
//
// Next: item.go, box.go, draft.go, schedule.go. edge/mailstore is the store; edge/webmail, edge/imapd and
// edge/api are the doors.
package mailbox
