package identity

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"rem"
	"rem/person"
	"rem/trust/cades"
	"rem/trust/validation"
)

// believed is the only verdict of a signature that shows somebody.
const believed = "TOTAL-PASSED"

// A SignatureFinding is what came of verifying a signed application form.
type SignatureFinding struct {
	Verdict string // of EN 319 102-1, with its sub-indication
	// Certificate is the digest of the signer's certificate, Chain those of the
	// authorities above it, the anchor last.
	Certificate rem.Digest
	Chain       []rem.Digest
	// Claimed is when the signer says that he signed. Proof is the time at which
	// everything was judged: a time-stamp token's where Proven, else the present.
	Claimed, Proof time.Time
	Proven         bool
}

func (f *SignatureFinding) whole() bool {
	return f != nil && f.Verdict != "" && !f.Certificate.IsZero() && len(f.Chain) > 0 && !f.Proof.IsZero()
}

// A SignatureJudge verifies signed application forms. It may be used from many
// goroutines.
type SignatureJudge struct {
	policy validation.Policy
	clock  rem.Clock
	source validation.RevocationSource
}

// ErrPolicy refuses to make a judge that would believe too much.
var ErrPolicy = errors.New("a signature on an application form needs a qualified certificate whose revocation is known")

// NewSignatureJudge returns a judge by the personal rule of the policy, which has
// to ask for qualified certificates and for answers about revocation (REQ-11).
func NewSignatureJudge(p validation.Policy, clock rem.Clock, source validation.RevocationSource) (*SignatureJudge, error) {
	if !p.Personal.Qualified || p.Personal.Revocation != validation.RevocationRequired || source == nil {
		return nil, ErrPolicy
	}
	if _, err := validation.New(p, clock, source); err != nil {
		return nil, err
	}
	return &SignatureJudge{p, clock, source}, nil
}

// A Kept is an evidence with its bytes, for the store that keeps them sealed:
// a certificate holds its owner's name and number.
type Kept struct {
	Evidence
	Bytes []byte
}

// A SignedResult is what a signed form shows.
type SignedResult struct {
	Finding  SignatureFinding
	Compared []Comparison
	Evidence []Kept
}

// maxSignature bounds a signature on a form, in octets.
const maxSignature = 1 << 20

// ErrUnreadable is wrapped when what was handed in is no detached CAdES
// signature over the form. It is told to who handed it in; nothing is recorded.
var ErrUnreadable = errors.New("not a signature over this application form")

// ErrLater is wrapped when nobody could be asked about revocation now. The
// signature may be good.
var ErrLater = errors.New("the certificate's state cannot be asked now")

// A Claimed is whom the form names as its signer.
type Claimed struct {
	Identity      person.IdentityNumber
	Given, Family person.Name
}

// Verify verifies a detached CAdES signature in DER over the canonical form,
// judges the signer's certificate with answers about revocation that are asked
// for now, and compares the person whom it names with the one of the form. The
// result is a finding, good or bad, with everything that it rests on.
//
// The number is that of the subject's serialNumber (EN 319 412-2; REQ-48), with
// or without the prefix that the standard defines for national numbers.
func (j *SignatureJudge) Verify(ctx context.Context, form, signature []byte, who Claimed) (*SignedResult, error) {
	if len(signature) > maxSignature {
		return nil, fmt.Errorf("%w: longer than %d octets", ErrUnreadable, maxSignature)
	}
	signed, err := cades.Verify(signature, func(h crypto.Hash) []byte {
		d := h.New()
		d.Write(form)
		return d.Sum(nil)
	}, cades.VerifyOptions{})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	// A validator of its own: its memory would answer in place of the authority,
	// and the answer is what we keep.
	asked := &remembering{from: j.source}
	v, err := validation.New(j.policy, j.clock, asked)
	if err != nil {
		return nil, err
	}
	report := v.CAdES(ctx, validation.Personal, signed)
	if report.Sub == validation.TryLater {
		return nil, fmt.Errorf("judging the signature: %w", ErrLater)
	}
	verdict := report.Verdict.String()
	if report.Sub != "" {
		verdict += " " + string(report.Sub)
	}
	r := &SignedResult{Finding: SignatureFinding{
		Verdict: verdict, Certificate: rem.DigestOf(signed.Certificate.Raw),
		Claimed: signed.SigningTime, Proof: report.Proof, Proven: report.Proven,
	}}
	keep := func(k EvidenceKind, b []byte, at time.Time) {
		r.Evidence = append(r.Evidence, Kept{Evidence{Kind: k, Digest: rem.DigestOf(b), Size: int64(len(b)), At: at}, b})
	}
	keep(SignedForm, form, time.Time{})
	keep(FormSignature, signature, signed.SigningTime)
	keep(SignerCert, signed.Certificate.Raw, time.Time{})
	for i, c := range report.Chain {
		if i > 0 {
			r.Finding.Chain = append(r.Finding.Chain, rem.DigestOf(c.Raw))
			keep(AuthorityCert, c.Raw, time.Time{})
		}
	}
	now := j.clock.Now()
	for _, b := range append(asked.ocsp, signed.OCSP...) {
		keep(OCSPAnswer, b, now)
	}
	for _, b := range append(asked.crls, signed.CRLs...) {
		keep(CRLAnswer, b, now)
	}
	r.Compared = compareSubject(signed.Certificate, who)
	return r, nil
}

// compareSubject compares the certificate's subject with whom the form names. A
// name that the certificate gives otherwise than in two parts is compared whole.
func compareSubject(c *x509.Certificate, who Claimed) []Comparison {
	number := strings.TrimPrefix(c.Subject.SerialNumber, "PNOTR-")
	same := false
	if n, err := person.ParseIdentityNumber(number); err == nil && number == n.Reveal() {
		same = n == who.Identity
	}
	list := []Comparison{{PartNumber, same}}
	var given, family string
	for _, a := range c.Subject.Names {
		text, _ := a.Value.(string)
		switch a.Type.String() {
		case "2.5.4.42": // givenName
			given = text
		case "2.5.4.4": // surname
			family = text
		}
	}
	if given != "" && family != "" {
		return append(list, Comparison{PartGiven, sameName(given, who.Given)}, Comparison{PartFamily, sameName(family, who.Family)})
	}
	whole, err := person.ParseName(who.Given.Reveal() + " " + who.Family.Reveal())
	common := err == nil && sameName(c.Subject.CommonName, whole)
	return append(list, Comparison{PartGiven, common}, Comparison{PartFamily, common})
}

func sameName(written string, n person.Name) bool {
	read, err := person.ParseName(written)
	return err == nil && read.Same(n)
}

// remembering asks another source and keeps what it answered. It belongs to one
// verification, which asks one thing after another.
type remembering struct {
	from       validation.RevocationSource
	ocsp, crls [][]byte
}

// OCSP implements validation.RevocationSource.
func (r *remembering) OCSP(ctx context.Context, cert, issuer *x509.Certificate) ([]byte, error) {
	b, err := r.from.OCSP(ctx, cert, issuer)
	if err == nil {
		r.ocsp = append(r.ocsp, b)
	}
	return b, err
}

// CRL implements validation.RevocationSource.
func (r *remembering) CRL(ctx context.Context, cert, issuer *x509.Certificate) ([]byte, error) {
	b, err := r.from.CRL(ctx, cert, issuer)
	if err == nil {
		r.crls = append(r.crls, b)
	}
	return b, err
}
