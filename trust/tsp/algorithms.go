package tsp

import (
	"crypto"

	"rem/trust/algorithm"
	"rem/trust/cms"
)

// Algorithms gives the algorithm of the authority's signature and the digest
// over the token's content, for the dates between which they are acceptable.
// Both are zero for a token that cannot be read.
func (t *Token) Algorithms() (algorithm.Signature, crypto.Hash) {
	signed := t.signed
	if signed == nil { // a token that our own Responder made
		var err error
		if signed, err = cms.Parse(t.DER); err != nil {
			return algorithm.Signature{}, 0
		}
	}
	return signed.Signer.Method, signed.Signer.Digest
}
