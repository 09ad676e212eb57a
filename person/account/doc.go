// Package account holds a KEP account: whose it is, who may act on it and how, in
// which state it is and for how long. It decides; a [Store] keeps what it decided,
// and a [Keeper] joins the two with sessions to end and people to tell.
//
// Invariants: the holder of an account never changes (REQ-28); an identifier
// never means a second account, though an address may be closed; every act is
// tied to a natural person (REQ-37). Nobody can do more at any moment than who
// appointed him, and a legal person keeps somebody who can act (REQ-38, REQ-40).
// Nothing closes for its term before its people were told (REQ-35). Names are
// sealed values, and a certificate's number is a token of a blind index: no
// function here opens either.
//
// table.go has what each state allows and where each event leads; permission.go
// what one person may do; operators.go who appoints whom; term.go what time makes
// of an account; keeper.go carries it all out, keeper_test.go whatever fails. The
// written form is docs/formats/account.md, the journey docs/journeys/person.md.
package account
