package trustlist

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"rem"
	"rem/trust/algorithm"
	"rem/trust/xades"
)

// Sign writes the list and signs it with an enveloped XAdES signature.
func (l *List) Sign(ctx context.Context, s *xades.Signer) ([]byte, error) {
	root, err := l.Encode()
	if err != nil {
		return nil, err
	}
	signed, err := s.Sign(ctx, root, l.IssueTime)
	if err != nil {
		return nil, fmt.Errorf("signing trust list %d: %w", l.Sequence, err)
	}
	return signed.XML, nil
}

// A Verified list is one whose signature is that of a pinned certificate.
type Verified struct {
	*List
	Digest rem.Digest        // of the list without its signature
	Signer *x509.Certificate // one of the pinned
}

// ErrSigner is wrapped when a list is signed by nobody whom we pinned.
var ErrSigner = errors.New("the trust list is not signed by a pinned certificate")

// Verify reads a signed list: the signature first, then the very bytes that it
// covers. Its signer has to be one of the pinned certificates, byte for byte,
// in its term when the list was issued; no authority stands for another signer
// (AT-19). The signature's algorithms have to be acceptable at that time.
func Verify(src []byte, pinned []*x509.Certificate) (*Verified, error) {
	if len(src) > 2*MaxBytes {
		return nil, fmt.Errorf("verifying the trust list: it has more than %d bytes", 2*MaxBytes)
	}
	limits := Limits
	limits.MaxBytes = 2 * MaxBytes // the list with its signature
	x, err := xades.Verify(src, xades.VerifyOptions{Limits: limits, Known: pinned})
	if err != nil {
		return nil, fmt.Errorf("verifying the trust list: %w", err)
	}
	signer := find(pinned, x.Certificate)
	if signer == nil {
		return nil, fmt.Errorf("verifying the trust list: %w", ErrSigner)
	}
	l, err := read(x.Document)
	if err != nil {
		return nil, err
	}
	if l.IssueTime.Before(signer.NotBefore) || l.IssueTime.After(signer.NotAfter) {
		return nil, fmt.Errorf("verifying the trust list: %w: it was issued on %s, outside the term of its signer's certificate",
			ErrSigner, l.IssueTime.Format(time.RFC3339))
	}
	if err := acceptable(x, l.IssueTime); err != nil {
		return nil, fmt.Errorf("verifying the trust list: %w", err)
	}
	return &Verified{List: l, Digest: rem.DigestOf(x.Document.Source), Signer: signer}, nil
}

func acceptable(x *xades.Verified, at time.Time) error {
	if err := algorithm.Default.Signature(x.Algorithm, algorithm.KeyBits(x.Certificate.PublicKey), at); err != nil {
		return err
	}
	for _, h := range x.Digests {
		if err := algorithm.Default.Digest(h, at); err != nil {
			return err
		}
	}
	return nil
}

func find(pinned []*x509.Certificate, c *x509.Certificate) *x509.Certificate {
	for _, p := range pinned {
		if bytes.Equal(p.Raw, c.Raw) {
			return p
		}
	}
	return nil
}
