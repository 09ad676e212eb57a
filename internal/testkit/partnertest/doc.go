// Package partnertest has the promises of the stores of provider/partner as a
// suite, a store in memory that passes it, and a kit with staff, two institutions
// and applicants who wait to be visited.
//
// kit.go makes the world, memory.go keeps it, run.go says what is promised.
package partnertest
