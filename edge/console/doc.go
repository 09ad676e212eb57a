// Package console has the pages of those who work for the provider (/desk) and of
// the people of contracted institutions (/partner): the queue of applications and
// the page of a case, work orders, staff, institutions, accounts (REQ-15, REQ-20,
// REQ-22, S41, S42).
//
// The pages decide nothing. Who acts is made by the gate of provider/staff from the
// session, in one role, for each act; what may happen say the rules of the service
// that is asked, and a page shows their answer in words.
//
// Invariants:
//   - nothing of a form says who acts, or in which role;
//   - nothing personal is opened by looking at a page: names, answers and papers
//     open by a button, in one case, for one purpose, after the access log has who
//     looks. The pages before it show identifiers, states and times (P-23);
//   - no address of a page holds anything about a person: accounts are looked up
//     by a form, cases have identifiers of ours;
//   - a decision is made on the case as it was shown: when it has moved since, it
//     is shown anew;
//   - an action that somebody cannot take stays on the page, with the reason.
//
// Next: part.go for the routes and who may call them, queue.go and case.go for the
// pages of applications, moves.go for what is decided there, visit.go for the
// partner's, block.go for what a page is made of.
package console
