// Package broken gives tests worlds that break: a folder in memory whose n-th
// change fails, done or not done, and which can be left as a killed process or
// a lost power would leave it.
//
// Invariants: the same seed breaks the same way; what was synced survives every
// crash; what was not may survive in part, in any order of its sectors.
//
// [Each] walks every change of a scenario through every way to fail.
package broken
