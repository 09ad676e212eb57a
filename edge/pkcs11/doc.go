// Package pkcs11 speaks with smart cards and tokens through the module that their
// maker gives: a library of PKCS #11 (Cryptoki 2.x), loaded while the program runs,
// without cgo, so that one program is built for every system on any other
// (docs/decisions/0024).
//
// It does what signing needs and no more: list tokens and certificates, log in with
// a PIN, sign a digest with RSA (PKCS #1 v1.5, PSS) or ECDSA. A [Key] is a
// crypto.Signer. Nothing is ever written to a token.
//
// Invariants: calls of one module run one at a time; a PIN is given to the module
// and wiped from our buffers, and stands in no error; what the token says about tries
// left is read before and after each PIN ([Token.Tries]); a module of another
// architecture is explained ([Explain]), not only refused. A module is foreign code in our
// process: who installs one trusts it.
//
// Cryptoki on Windows packs its structures and has 32 bits where others have 64:
// layout.go. Tried with SoftHSM2 on Linux; no card of any maker was at hand.
//
// Next: module.go, session.go, explain.go.
package pkcs11
