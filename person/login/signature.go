package login

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"strings"

	"rem"
	"rem/person"
	"rem/trust/cades"
	"rem/trust/validation"
)

var _ Signatures = (*Judge)(nil)

// A Judge verifies the signature over a challenge. It may be used from many
// goroutines.
type Judge struct {
	policy validation.Policy
	clock  rem.Clock
	source validation.RevocationSource
}

// NewJudge returns a judge by the personal rule of the policy, which has to ask
// for qualified certificates and for answers about revocation.
func NewJudge(p validation.Policy, clock rem.Clock, source validation.RevocationSource) (*Judge, error) {
	if !p.Personal.Qualified || p.Personal.Revocation != validation.RevocationRequired || source == nil {
		return nil, errors.New("a log-in by signature needs a qualified certificate whose revocation is known")
	}
	if _, err := validation.New(p, clock, source); err != nil {
		return nil, err
	}
	return &Judge{p, clock, source}, nil
}

// maxSignature bounds a signature over a challenge, in octets.
const maxSignature = 256 << 10

// ErrLater is wrapped when nobody could be asked about revocation now.
var ErrLater = errors.New("the certificate's state cannot be asked now")

// Signer implements [Signatures]. The number is that of the subject's
// serialNumber, with or without the prefix that EN 319 412-1 gives national
// numbers (REQ-48). A certificate that was revoked a moment ago is asked about
// anew: there is no memory between two log-ins.
func (j *Judge) Signer(ctx context.Context, text, signature []byte) (string, error) {
	if len(signature) > maxSignature {
		return "", fmt.Errorf("%w: longer than %d octets", ErrSignature, maxSignature)
	}
	signed, err := cades.Verify(signature, func(h crypto.Hash) []byte {
		d := h.New()
		d.Write(text)
		return d.Sum(nil)
	}, cades.VerifyOptions{})
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrSignature, err)
	}
	v, err := validation.New(j.policy, j.clock, j.source)
	if err != nil {
		return "", err
	}
	report := v.CAdES(ctx, validation.Personal, signed)
	if report.Sub == validation.TryLater {
		return "", fmt.Errorf("judging a signature: %w", ErrLater)
	}
	if report.Verdict != validation.TotalPassed {
		return "", fmt.Errorf("%w: %s %s", ErrSignature, report.Verdict, report.Sub)
	}
	number := strings.TrimPrefix(signed.Certificate.Subject.SerialNumber, "PNOTR-")
	n, err := person.ParseIdentityNumber(number)
	if err != nil || n.Reveal() != number {
		return "", fmt.Errorf("%w: its certificate names nobody", ErrSignature)
	}
	return number, nil
}
