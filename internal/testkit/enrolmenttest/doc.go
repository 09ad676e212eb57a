// Package enrolmenttest is what every store of enrolment must pass, a store and a
// folder of papers in memory that pass it, and a world in which enrolment works:
// [NewWorld] has everything that an enrolment.Service asks, in memory, each part of
// which a test can make fail before or after its work.
package enrolmenttest
