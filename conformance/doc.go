// Package conformance shows what holds of whole providers: whole journeys, in
// process and with the real programs, against failures and attacks.
//
//	survival_test.go   every effect of a journey fails, in every way, and the
//	                   process is begun again (AT-36, AT-37)
//	journeys_test.go   the scenarios, without failures
//	attacks_test.go    loops, replays, swapped recipients, clocks (AT-12 to AT-14, AT-25)
//
// The worlds are those of internal/testkit/world. An ordinary run takes a sample
// of the failures, drawn from a seed that it prints; REM_LONG=1 takes them all.
package conformance
