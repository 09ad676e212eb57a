// Package relay takes messages to and from other REM-MDs: the second stage of
// the journey (docs/journeys/message.md, steps 6 to 10 and 17 to 19).
//
// It has four sides, each restartable alone:
//
//	out.go       our message to another REM-MD, until it is taken or cannot be
//	in.go        another's dispatch to us: taken over, or refused, with evidence
//	answers.go   another's evidence about our message
//	back.go      our evidence about another's message, back to its sender's REM-MD
//
// Taking over is answered with evidence, and so is that nobody could (REQ-82).
//
// Invariants: an attempt is recorded before its first byte leaves, so that
// after a crash we never say that nobody can have taken the message when
// somebody may have (explore_test.go of package message); the same dispatch,
// however often and however it comes, is taken over once, and asking again
// brings the same evidence again (AT-13); evidence never causes evidence
// (AT-12); what contradicts what is already known is kept, marked and alarmed,
// and told to nobody as true.
package relay
