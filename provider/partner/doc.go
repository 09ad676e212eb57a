// Package partner is about contracted institutions that identify applicants at
// the address of their application (REQ-15, S24), and the work orders that they
// get.
//
// An [Institution] is a legal person with a contract, a term and its provinces.
// Its people are members of the book of staff (provider/staff), with the role
// Partner alone; they pass the same gate, and see the orders of their own
// institution only. An [Order] goes along one table (table.go): open, accepted,
// visited, done, or returned, expired, cancelled. A [Step] is made only by
// [Rules], and a [Ledger] takes nothing else.
//
// Invariants:
//   - an order holds nothing about the applicant but identifiers and keyed
//     digests. What a partner's person sees ([Desk.See]) is a fixed list, opened
//     from the application through the vault, for its case, with an entry first;
//   - who acts is an [Acting], which only the gate makes. Who accepted an order is
//     who visits, and signs the result with a qualified certificate of his own;
//   - a visit is within the order's term. Only an order whose papers are with us
//     is done, and only a done order gives a record of identification;
//   - papers that were taken have one named holder at every time, also of an order
//     that was cancelled ([Order.Holder]).
//
// Next: institution.go, table.go, rules.go, desk.go. docs/formats/work-order.md
// has the steps and what is signed.
package partner
