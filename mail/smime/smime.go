package smime

import (
	"crypto"
	"errors"
	"fmt"

	"rem"
	"rem/mail/mime"
	"rem/trust/cades"
	"rem/trust/cms"
)

// ErrUnsigned reports a message that is not multipart/signed with a PKCS #7
// signature.
var ErrUnsigned = errors.New("the message is not signed")

// ErrForm reports a multipart/signed that is not made as RFC 1847 asks.
var ErrForm = errors.New("malformed multipart/signed")

// ErrSource reports that the message could not be read; it says nothing about
// the signature.
var ErrSource = errors.New("reading a signed message")

// maxSignature bounds the signature's part, decoded. A chain with carried
// revocation lists fits.
const maxSignature = 4 << 20

// A Signed is a message with its signature found and good, over exactly Content.
type Signed struct {
	Content   *mime.Part
	Signature *cades.Verified
	// DER is the signature as it was verified.
	DER []byte
}

// Verify finds the signature of a message and checks it over the part that it
// covers. The message is the root that mime.Parse read from src, so that what
// is verified and what is read are the same bytes. The error is ErrUnsigned,
// ErrSource, or says in which way the signature does not hold.
func Verify(src mime.Source, root *mime.Part, o cades.VerifyOptions) (*Signed, error) {
	if !root.Type.Is("multipart/signed") {
		return nil, ErrUnsigned
	}
	if protocol, _ := root.Type.Param("protocol"); !isSignature(rem.FoldASCII(protocol)) {
		return nil, ErrUnsigned
	}
	if len(root.Parts) != 2 {
		return nil, fmt.Errorf("%w: %d parts in place of two", ErrForm, len(root.Parts))
	}
	content, part := root.Parts[0], root.Parts[1]
	if !isSignature(part.Type.Type) {
		return nil, fmt.Errorf("%w: the second part is no signature", ErrForm)
	}
	ber, _, err := part.Bytes(src, maxSignature)
	if errors.Is(err, mime.ErrLimit) {
		return nil, fmt.Errorf("%w: the signature's part is over %d bytes", ErrForm, maxSignature)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: the signature's part: %w", ErrSource, err)
	}
	der, err := cms.ToDER(ber)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	var failed error
	digest := func(h crypto.Hash) []byte {
		sum := h.New()
		if err := content.Whole.Copy(sum, src); err != nil {
			failed = err
			return nil
		}
		return sum.Sum(nil)
	}
	v, err := cades.Verify(der, digest, o)
	if failed != nil {
		return nil, fmt.Errorf("%w: the signed part: %w", ErrSource, failed)
	}
	if err != nil {
		return nil, err
	}
	return &Signed{content, v, der}, nil
}

// isSignature knows both names of the type: the second is that of old programs.
func isSignature(t string) bool {
	return t == "application/pkcs7-signature" || t == "application/x-pkcs7-signature"
}
