// Package staff keeps who works for the provider: named natural persons, their
// roles and terms, who appointed and who ended them, their training, and the
// policies that they acknowledged. People of contracted institutions stand in the
// same book, under the name of their institution and in the one role [Partner].
//
// A [Book] is a chain of entries (privacy/chain): nothing in it is changed or
// taken out, and what holds at a time is computed from it. Its [Gate] is asked
// before every act: may this person act in this role now?
//
// Invariants:
//   - a member is one natural person with one identifier; there are no shared
//     accounts, and nobody comes back under another's identifier;
//   - whoever is appointed or gets a role was proposed by one manager and
//     confirmed by another; nobody confirms his own proposal, or his own
//     appointment while anybody else could. The first manager alone is made on the
//     machine, while there is none;
//   - a role ends at once: by its term, by leaving, when training or an
//     acknowledgement is missing. Sessions end with every change of roles;
//   - no role opens contents. Values about people open through the vault alone,
//     for a purpose and a case, in the role that [Book.Access] gives (P-23);
//   - names and numbers of staff are sealed; the chain holds identifiers.
//
// Who asks on the control socket says himself who he is, because whoever can use
// the socket owns the machine. Such entries are marked ([Machine]); those of the
// console come from a session with a passkey.
//
// Next: role.go for what a role may be, gate.go for who may act, book.go for the
// verbs. provider/partner has the institutions and their work orders.
// docs/formats/staff.md has the entries.
package staff
