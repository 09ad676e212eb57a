// Package inventory is the inventory of personal data of this program: every
// column, record field, kind of journal record, configuration field, log key,
// metric, field on the control socket, file name, question to another service
// and field that other providers get, each classified in the words of package
// privacy (S05, P-01, REQ-105).
//
// Invariants: tests compare it with the program in both directions (the live
// schema, the source of everything that is written, the frozen samples), so that
// a new field without an entry, and an entry without its field, fail the build;
// a provider whose schema has a column that is not here does not start
// ([Check]). What is personal and lies in plain is listed as "not sealed yet".
//
// data.go says what is known about people; columns.go, records.go, outside.go
// and wire.go say where it is. page.go, table.go and dpv.go write it down: for
// people, for the registry of data controllers, as CSV and in the Data Privacy
// Vocabulary. Start with Today.
package inventory
