package idproof

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"

	"rem"
	"rem/edge/outward"
	"rem/person"
	"rem/person/identity"
	"rem/trust/algorithm"
)

// attestationHash is the digest of attestations and of cards' answers.
const attestationHash = crypto.SHA256

// CardOptions say which cards are believed.
type CardOptions struct {
	// Name is what records call the adapter.
	Name string
	// Anchors are those of the cards' own certificates.
	Anchors []*x509.Certificate
	// Judge judges the form's signature, with answers about revocation.
	Judge      *identity.SignatureJudge
	Clock      rem.Clock
	Production bool
}

// Cards judges what a reader of chip identity cards brings: the card's answer to a
// challenge, and the form signed with the card. The regulation speaks of a PAdES
// signature; what is taken here is CAdES over the same form (docs/divergences.md).
// Whether the card's own certificate was revoked is not asked; that of the
// signature is. It may be used from many goroutines.
type Cards struct{ o CardOptions }

// NewCards prepares the adapter.
func NewCards(o CardOptions) (*Cards, error) {
	if o.Name == "" || o.Clock == nil || len(o.Anchors) == 0 || o.Judge == nil {
		return nil, errors.New("preparing to judge cards: a name, a clock, anchors of cards and a judge of signatures are needed")
	}
	for _, a := range o.Anchors {
		if o.Production && simulated(a) {
			return nil, fmt.Errorf("preparing to judge cards: an anchor: %w", outward.ErrSimulator)
		}
	}
	return &Cards{o}, nil
}

// Begin begins a visit. The reader is given its challenge and the form.
func (c *Cards) Begin(a person.ApplicationID, form rem.Digest) Visit {
	return NewVisit(a, form, c.o.Clock.Now())
}

// A cardPackage is what the reader hands in. docs/formats/identification.md.
type cardPackage struct {
	Version       int      `json:"version"`
	Reference     string   `json:"reference"`
	Certificate   []byte   `json:"certificate"`
	Chain         [][]byte `json:"chain"`
	Answer        []byte   `json:"answer"`
	FormSignature []byte   `json:"form_signature"`
}

const maxChain = 4

// Finish judges a package: the card answered the challenge of this visit with a key
// that its issuer certified, and the form was signed with a card of the same
// person. The error wraps ErrMixedUp, ErrExpired, ErrUnreadable, or
// identity.ErrUnreadable and identity.ErrLater of the signature.
func (c *Cards) Finish(ctx context.Context, v Visit, form, handed []byte, said identity.Shown) (*identity.Answer, error) {
	now := c.o.Clock.Now()
	if err := v.live(now); err != nil {
		return nil, err
	}
	var p cardPackage
	if len(handed) > MaxPackage || outward.Decode(handed, &p) != nil || p.Version != 1 || len(p.Chain) > maxChain {
		return nil, unreadable("the package")
	}
	if !same(p.Reference, v.Reference()) || rem.DigestOf(form) != v.Form {
		return nil, ErrMixedUp
	}
	card, err := x509.ParseCertificate(p.Certificate)
	if err != nil {
		return nil, unreadable("the card's certificate")
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, a := range c.o.Anchors {
		roots.AddCert(a)
	}
	for _, der := range p.Chain {
		x, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, unreadable("a certificate above the card's")
		}
		between.AddCert(x)
	}
	_, err = card.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	authentic := err == nil && card.KeyUsage&x509.KeyUsageDigitalSignature != 0 && answers(card, v.Challenge(), p.Answer)

	signed, err := c.o.Judge.Verify(ctx, form, p.FormSignature, identity.Claimed{Identity: said.Identity, Given: said.Given, Family: said.Family})
	if err != nil {
		return nil, err
	}
	marked := simulated(card)
	var signer *x509.Certificate
	for _, k := range signed.Evidence {
		if k.Kind == identity.SignerCert {
			if signer, err = x509.ParseCertificate(k.Bytes); err != nil {
				return nil, unreadable("the signer's certificate")
			}
			marked = marked || simulated(signer)
		}
	}
	if marked && c.o.Production {
		return nil, outward.ErrSimulator
	}
	// The card and the signature have to be one person's.
	own := signer != nil && card.Subject.SerialNumber != "" && card.Subject.SerialNumber == signer.Subject.SerialNumber
	return &identity.Answer{
		By: identity.Collector{Role: identity.ByAdapter, Adapter: c.o.Name, Simulated: marked}, At: now,
		Checklist: []identity.Checked{
			{Item: identity.ChipAuthentic, Passed: authentic},
			{Item: identity.CardSigned, Passed: own && signed.Finding.Verdict == "TOTAL-PASSED"},
		},
		Compared: signed.Compared, Signed: &signed.Finding,
		Evidence: append([]identity.Kept{identity.KeepBytes(identity.AdapterAnswer, handed, now)}, signed.Evidence...),
	}, nil
}

func answers(card *x509.Certificate, challenge, answer []byte) bool {
	s, err := algorithm.For(card.PublicKey, attestationHash, false)
	if err != nil {
		return false
	}
	digest := rem.DigestOf(challenge)
	return s.Verify(card.PublicKey, digest[:], answer) == nil
}
