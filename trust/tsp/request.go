package tsp

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"

	"rem/trust/algorithm"
	"rem/trust/cms"
)

// MaxRequest bounds a request in bytes: a SHA-512 imprint, a policy and a nonce
// take some 150.
const MaxRequest = 1 << 10

// ErrAnswer reports an answer that is not to what was asked: another nonce,
// policy, authority or time.
var ErrAnswer = errors.New("answer of the time-stamping authority is not to our question")

// ErrTime is wrapped beside ErrAnswer by a token whose time lies outside the
// bounds: the asker's clock and the authority's disagree.
var ErrTime = errors.New("the token's time is out of bounds")

// A Request asks for a token, RFC 3161 2.4.1.
type Request struct {
	Hash         crypto.Hash
	Imprint      []byte
	Policy       asn1.ObjectIdentifier // nil asks for the authority's default
	Nonce        *big.Int              // nil for none
	Certificates bool                  // asks for the signing certificate in the token
}

// DER writes the request.
func (r *Request) DER() ([]byte, error) {
	digest := algorithm.DigestIdentifier(r.Hash)
	if digest == nil || len(r.Imprint) != r.Hash.Size() {
		return nil, fmt.Errorf("asking for a time stamp: imprint of %d bytes: %w", len(r.Imprint), algorithm.ErrUnknown)
	}
	var policy, nonce, certificates []byte
	if r.Policy != nil {
		if policy = element(r.Policy); policy == nil {
			return nil, fmt.Errorf("asking for a time stamp: policy %v", r.Policy)
		}
	}
	if r.Nonce != nil {
		nonce = number(r.Nonce)
	}
	if r.Certificates {
		certificates = []byte{0x01, 1, 0xff}
	}
	imprint := cms.Element(0x30, digest, cms.Element(0x04, r.Imprint))
	return cms.Element(0x30, []byte{2, 1, 1}, imprint, policy, nonce, certificates), nil
}

// ParseRequest reads a request in DER. The error is a *Rejection that says what
// to answer.
func ParseRequest(der []byte) (*Request, error) {
	if len(der) > MaxRequest {
		return nil, reject(BadDataFormat, "request is too long")
	}
	in := cryptobyte.String(der)
	var body cryptobyte.String
	var version int
	if !in.ReadASN1(&body, tag.SEQUENCE) || !in.Empty() || !body.ReadASN1Integer(&version) {
		return nil, reject(BadDataFormat, "not a request in DER")
	}
	if version != 1 {
		return nil, reject(BadRequest, "version of the request is not 1")
	}
	r := new(Request)
	var err error
	r.Hash, r.Imprint, err = readImprint(&body)
	switch {
	case errors.Is(err, algorithm.ErrUnknown):
		return nil, reject(BadAlgorithm, "digest is not SHA-256, SHA-384 or SHA-512")
	case err != nil:
		return nil, reject(BadDataFormat, "message imprint is malformed")
	}
	if body.PeekASN1Tag(tag.OBJECT_IDENTIFIER) && !body.ReadASN1ObjectIdentifier(&r.Policy) {
		return nil, reject(BadDataFormat, "policy is malformed")
	}
	if body.PeekASN1Tag(tag.INTEGER) && !readNumber(&body, &r.Nonce) {
		return nil, reject(BadDataFormat, "nonce is malformed or too long")
	}
	if body.PeekASN1Tag(tag.BOOLEAN) && (!body.ReadASN1Boolean(&r.Certificates) || !r.Certificates) {
		return nil, reject(BadDataFormat, "certReq is not in DER")
	}
	if body.PeekASN1Tag(context0) {
		return nil, reject(UnacceptedExtension, "no extension is known")
	}
	if !body.Empty() {
		return nil, reject(BadDataFormat, "request goes on")
	}
	return r, nil
}

// An Expectation says which answers are believed.
type Expectation struct {
	// Authorities holds the certificates of the authorities that may sign, or
	// of issuers all of whose authorities may. Empty believes nobody.
	Authorities []*x509.Certificate
	// Known holds further certificates, as VerifyOptions has it.
	Known []*x509.Certificate
	// Policies holds the acceptable policies; empty accepts any when the
	// request names none.
	Policies []asn1.ObjectIdentifier
	// From and Until bound the time of the token, give or take its accuracy.
	// A zero time does not bound.
	From, Until time.Time
}

// Check reads the answer to r and returns its token after having checked that
// it is a token for r (RFC 3161 2.2): granted, over the imprint, with the nonce
// and policy, at a believable time, signed by an expected authority. A refusal
// by the authority is a *Rejection.
func (r *Request) Check(answer []byte, e Expectation) (*Token, error) {
	o := VerifyOptions{Known: slices.Concat(e.Authorities, e.Known)}
	der, err := readResponse(answer)
	if err != nil {
		return nil, err
	}
	t, err := ParseKnown(der, o)
	if err != nil {
		return nil, err
	}
	if (r.Nonce == nil) != (t.Nonce == nil) || r.Nonce != nil && r.Nonce.Cmp(t.Nonce) != 0 {
		return nil, fmt.Errorf("%w: another nonce", ErrAnswer)
	}
	if r.Policy != nil && !t.Policy.Equal(r.Policy) ||
		len(e.Policies) > 0 && !slices.ContainsFunc(e.Policies, t.Policy.Equal) {
		return nil, fmt.Errorf("%w: policy %v", ErrAnswer, t.Policy)
	}
	if !r.Certificates && len(t.Certificates) > 0 {
		return nil, fmt.Errorf("%w: certificates that were not asked for", ErrAnswer)
	}
	if !e.From.IsZero() && t.Time.Add(t.Accuracy).Before(e.From) || !e.Until.IsZero() && t.Time.Add(-t.Accuracy).After(e.Until) {
		return nil, fmt.Errorf("%w: %w: %v", ErrAnswer, ErrTime, t.Time)
	}
	signer, err := t.Verify(r.Hash, r.Imprint, o)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(e.Authorities, func(c *x509.Certificate) bool { return stands(c, signer) }) {
		return nil, fmt.Errorf("%w: signed by %q, whom we did not ask", ErrAnswer, signer.Subject)
	}
	return t, nil
}

// stands tells whether an expected certificate stands for a signer: it is the
// signer's, or its issuer's.
func stands(expected, signer *x509.Certificate) bool {
	if expected.Equal(signer) {
		return true
	}
	return expected.IsCA && bytes.Equal(expected.RawSubject, signer.RawIssuer) && signer.CheckSignatureFrom(expected) == nil
}
