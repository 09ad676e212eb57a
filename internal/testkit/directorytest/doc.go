// Package directorytest helps to test the directory (provider/directory): a store in
// memory, the suite that every store passes, a central directory in memory, consents
// that a test gives and takes, and people and companies to enter.
//
// Next: world.go joins them, suite.go says what stores promise.
package directorytest
