// Package api is the door of programs to the directory: two questions over HTTPS
// in JSON, for whoever has an application password of an account (REQ-49, REQ-80).
//
//	POST /api/v1/directory/query   {"by": "address", "value": "...", "use": "sending"}
//	POST /api/v1/directory/check   {"addresses": ["...", "..."], "use": "sending"}
//
// Errors are application/problem+json (RFC 9457) in the language that is asked for.
// What is asked stands in the body and never in an address.
//
// Invariants: an unknown address and a wrong password get one answer after the same
// work; attempts are bounded by network and by account; a body is read strictly and
// within a bound; an answer says nothing that package directory did not give.
//
// docs/formats/directory-api.md describes it. The rest of an interface for programs
// does not exist yet.
package api
