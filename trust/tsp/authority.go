package tsp

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"
	"time"

	"rem/trust/cms"
)

// An Authority gives time-stamp tokens.
type Authority interface {
	// Stamp returns a token over an imprint, the h digest of what is stamped.
	// The token was checked against what was asked: imprint, nonce, policy and
	// the signature of an authority that the caller's configuration names.
	// Every call makes a new token; a call that fails may be repeated. Stamp
	// may be called concurrently and ends when ctx ends.
	Stamp(ctx context.Context, h crypto.Hash, imprint []byte) (*Token, error)
}

// A Token is a time-stamp token, RFC 3161 2.4.2. It is not changed after it
// was made and may be read concurrently.
type Token struct {
	DER          []byte                // the token: a ContentInfo, complete
	Time         time.Time             // genTime, in UTC
	Accuracy     time.Duration         // 0 when the token does not say
	Ordering     bool                  // tokens of this authority are ordered by Time alone
	Serial       *big.Int              // unique for one authority
	Policy       asn1.ObjectIdentifier // the policy under which it was made
	Hash         crypto.Hash           // what Imprint was computed with
	Imprint      []byte
	Nonce        *big.Int            // nil when there is none
	Name         []byte              // the authority's name, a GeneralName in DER; nil when there is none
	Certificates []*x509.Certificate // as carried, in their order; a hint, not a proof

	signed *cms.SignedData // DER taken apart; nil when our own Responder made it
}

// ErrImprint reports a token that belongs to other bytes.
var ErrImprint = errors.New("time-stamp token is over another imprint")

// VerifyOptions tells Verify what its caller knows beforehand. The zero value
// knows nothing.
type VerifyOptions = cms.VerifyOptions
