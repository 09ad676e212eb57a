// Package conformance shows what holds of whole providers: whole journeys, in
// process and with the real programs, against failures and attacks.
//
//	journeys_test.go    the journeys, without failures
//	survival_test.go    every effect of a journey fails, in every way, and the
//	                    process is begun again (AT-36, AT-37)
//	regression_test.go  named after what once went wrong
//	attacks_test.go     loops, replays, swapped recipients, clocks (AT-12 to AT-14, AT-25)
//	simulation_test.go  anything at any time, drawn from seeds
//	pressure_test.go    many sessions at once, full and read-only disks
//	scenarios_test.go   the real programs, driven by the scripts of testdata
//	kill_test.go        the real programs, killed under load
//	person_test.go      from the notice to the first message, in a browser, over the
//	                    pages of a whole provider
//
// The worlds of all but the last three are those of internal/testkit/world. An ordinary
// run takes a sample of the failures, drawn from a seed that it prints;
// REM_LONG=1 takes them all.
package conformance
