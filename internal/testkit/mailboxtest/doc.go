// Package mailboxtest is what every store of mailboxes must pass, and a store in
// memory that passes it.
//
// A test of what people see of messages uses [NewMemory]; a test of a store calls
// [Run].
package mailboxtest
