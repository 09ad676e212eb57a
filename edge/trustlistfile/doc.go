// Package trustlistfile keeps the trust list of a file in force: it loads the
// file, verifies it, and puts a newer issue in the place of the old one while
// the program runs (REQ-84).
//
// Invariants: a list that is not good, or older than one that was in force
// before, changes nothing but the log; the highest sequence number is durable
// before its list is used, so that a restart does not forget it; without a good
// list the program does not start.
//
// What a list says and when it is good is trust/trustlist's matter.
package trustlistfile
