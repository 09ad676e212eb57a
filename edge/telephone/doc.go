// Package telephone stands in for the operators of mobile signatures: telephones whose
// keys are synthetic persons'. It is a simulator and says so in all that it answers; it
// is a package of its own because it speaks signing.Mobile, which stands above what
// package simulator serves.
//
// Invariants: a request rings once, however often it is asked; the code that a
// telephone shows is reckoned from the digest that it signs; nothing here is a real
// operator's protocol (ETSI TS 102 204 is not spoken).
//
// Next: telephone.go, then http.go for the form of docs/formats/mobile-signature.md and
// the page on which a person presses the buttons.
package telephone
