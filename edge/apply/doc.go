// Package apply has the pages of an applicant: from the privacy notice to the open
// account (docs/journeys/person.md). What is allowed decides package
// person/enrolment; the pages ask it, show its answers, and keep nothing.
//
// Who comes here is nobody that we know. He has the secret of his application,
// which is shown once, and a session of it for as long as he is here. That secret
// never stands in an address; the secret of a link that was sent by mail does, as
// a link has no other place for it, and opening such a link changes nothing: the
// page asks him to go on, and that is a form (AT-30).
//
// Invariants:
//   - the privacy notice stands on the page itself before anything is asked, and
//     going on is no consent (P-06, S02);
//   - what was typed is kept on every step, also when it is wrong;
//   - each text that is accepted has its own box, never ticked before, and what is
//     accepted is the version that stood on the page (REQ-23);
//   - every method of identification is shown, with the reason where it is not
//     possible (REQ-13);
//   - everything works without scripts.
//
// Next: part.go for the routes and what the pages ask, then begin.go, form.go,
// check.go, papers.go, method.go, status.go, activate.go in the order of the
// journey, and bulk.go for companies.
package apply
