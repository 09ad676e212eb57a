// Package chaintest has a chain.Store in memory and the suite that every one of
// them passes, so that a test on the one in memory says something about the one
// on a disk.
package chaintest
