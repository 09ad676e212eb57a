// Package sqlitefile is an SQLite file as the stores of this program keep one:
// one writer, several readers, a schema that migrates itself, statements by name.
//
// [File.Update] is one atomic step, durable when it returns nil: the file is in
// WAL mode with synchronous FULL. Steps of several callers that wait at the same
// time share a transaction and its sync; each is in a savepoint of its own, so
// that one that fails takes nothing of the others with it. [Answer] is a step with
// a result.
//
// Invariants: a step happens whole or not at all; whoever was answered nil finds
// it after any crash, and every reader sees it; no answer but [ErrUnknown] leaves
// it open.
//
// A migration is a file NNNN.sql; its number becomes the schema's version, and a
// schema that is newer than the program is refused.
//
// Next: file.go. edge/personstore and edge/keystore keep theirs so; the index of
// messages (edge/sqlstore) has its truth in a journal and is opened otherwise.
package sqlitefile
