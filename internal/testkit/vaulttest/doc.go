// Package vaulttest holds the promises of the interfaces that a privacy.Vault
// works with, as suites that every implementation passes, and implementations in
// memory for the tests of whoever seals values.
//
// suites.go says what is promised; memory.go keeps it in memory. A test that
// needs a vault calls New.
package vaulttest
