// Package mailstore keeps mailboxes in a file of SQLite, and the files of drafts
// beside it: it carries out [mailbox.Store].
//
// What follows the ledger (items, how they stand, the words of the search) and what
// people made (folders, flags, drafts, keepsakes, preferences) are in one file, so
// that a step of the journal and the position after it are one atomic step. The
// names of folders, drafts with their files and keepsakes are sealed under the
// account's holder (P-03); whoever opens them is in the access log. Words are
// tokens that nobody reads back.
//
// Invariants: the counters of a folder are those of its items; a UID of a folder is
// given once; an item that somebody removed does not come again, whatever is
// followed again; what is in the folder of files and not in the file is nobody's,
// and goes at the next start.
//
// Should the file be lost, the mailboxes are made again from the journal, as they
// arrived: without folders, flags, drafts, keepsakes and preferences, with UIDs of
// another validity. docs/formats/mailbox.md; docs/decisions/0027 says why words are
// kept so.
//
// store.go opens; follow.go takes news, items.go lists and moves, folders.go, words.go,
// drafts.go, files.go and keepsakes.go keep the rest.
package mailstore
