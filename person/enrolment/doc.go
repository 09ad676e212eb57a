// Package enrolment carries an application from the privacy notice to the account:
// what web pages, the desk, a company's file and a demonstration call.
//
// person/application decides, its ledger keeps, person/identity judges. This
// package asks people and services, in the order of docs/journeys/person.md:
// [Applicants] for who applies, [Desk] for officers and approvers, [Corporate] for
// a company that applies for its people, [Service.Finish] and [Service.Tick] for
// what goes on by itself.
//
// Who applies is nobody that we know: until he is identified he is whoever has the
// application's secret, under a pseudonym that is this application's alone
// ([Bearer]). Whom he says he is, the form, is sealed under the person whom it
// names: [Store] gives an identity number the same person each time, and that
// person has an account only after an identification with that number.
//
// Invariants:
//   - Nothing is asked before the notice was shown and that is recorded (P-06).
//   - An account is created by one function, which takes an application.Opening and
//     nothing else (REQ-9); it may run again, and creates once.
//   - Bytes are kept only after their content was recognised and a scanner looked
//     at them; they are sealed; their digest is in the ledger.
//   - A question to somebody outside is written down before it is asked. What an
//     adapter says against somebody goes to a person (REQ-16).
//   - Staff sees values of an application only behind an entry of the access log,
//     in that case (P-21).
//   - No error, and nothing that is told, holds a value of a person.
//
// Next: service.go for what it works with, bearer.go, applicants.go, papers.go,
// identify.go, desk.go, activate.go, open.go, bulk.go, tick.go.
package enrolment
