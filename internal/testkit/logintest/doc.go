// Package logintest is what every store of log-ins must pass, and a store in
// memory that passes it.
//
// A test of the log-in uses [NewMemory]; a test of a store calls [Run].
package logintest
