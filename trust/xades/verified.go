package xades

import (
	"crypto"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"rem/trust/algorithm"
	"rem/trust/strictxml"
	"rem/trust/tsp"
)

// VerifyOptions tells [Verify] what its caller knows. The zero value knows
// nothing.
type VerifyOptions struct {
	// Limits bound the document; zero fields have their defaults.
	Limits strictxml.Limits
	// Known are certificates to look among for the signing one, after those
	// that the signature carries.
	Known []*x509.Certificate
	// Unparsed leaves [Verified.Document] nil where the document has our own
	// form to the letter. That its bytes are canonical, or XML at all, is then
	// the word of the signer, whose key hashed these very bytes. It is for
	// verifying again in bulk what is not read, and for those who can tell for
	// themselves that the bytes are such; [Verified.Read] is for the others. What
	// was signed is not copied then: the result points into the source, which must
	// not change any more. It does half the work beside the two signatures.
	Unparsed bool
	// Cache keeps parsed certificates between calls. Without one, each call
	// parses what it meets.
	Cache *Cache
}

// Verified is what a signature was found to say. Everything in it was hashed
// and matched, except where a field says otherwise. It is not changed after it
// was made.
type Verified struct {
	// Signed are the very bytes that were hashed: the root without its
	// signature. What is not in them was not signed (AT-16). They stand in two
	// pieces, the second of which is empty where Document is not nil.
	Signed [2][]byte
	// Document is what was signed, parsed again; nil where
	// [VerifyOptions.Unparsed] allowed it.
	Document *strictxml.Document

	// Certificate is the one whose digest the signer signed, and whose key
	// made the signature value. It is not judged here.
	Certificate *x509.Certificate
	// Chain begins with Certificate and goes on with the others of ds:KeyInfo.
	// They are hints.
	Chain []*x509.Certificate
	// Carried are the certificates of CertificateValues and
	// TimeStampValidationData; hints.
	Carried []*x509.Certificate
	// OCSP and CRLs are revocation data in DER, carried beside the signature.
	// They are neither parsed nor judged here.
	OCSP, CRLs [][]byte

	// SigningTime is the signer's claim, in UTC.
	SigningTime time.Time
	// Policy is the policy that the signer named; nil when none, or when the
	// signature says that it is implied.
	Policy *SignaturePolicy

	Algorithm algorithm.Signature
	// Digests are the digests that the signature rests on: of the document, of
	// the signed properties and of the certificate, each named once.
	Digests []crypto.Hash

	// Tokens are those of SignatureTimeStamp, in order. Each is over this
	// signature's value. Their signatures are not verified here.
	Tokens []*tsp.Token
	// Archive are the tokens of ArchiveTimeStamp, in order, whose imprint was
	// computed anew and matched.
	Archive []*tsp.Token

	// Level is the baseline level that the carried properties reach by their
	// presence: "B-B", "B-T", "B-LT" or "B-LTA" (EN 319 132-1 6). Whether
	// what is carried suffices is for validation to say.
	Level string

	// Checks tells what was checked, in order. All that are not Passed are
	// properties that are present and not verified here.
	Checks []Check

	id     []byte           // of the signature, where Document was left out
	limits strictxml.Limits // likewise
}

// Bytes gives what was signed in one piece.
func (v *Verified) Bytes() []byte {
	if len(v.Signed[1]) == 0 {
		return v.Signed[0]
	}
	return slices.Concat(v.Signed[0], v.Signed[1])
}

// Read gives Document. Where [VerifyOptions.Unparsed] left it out, what was signed is
// parsed now, and refused as Verify would have refused it: the error wraps
// [ErrForm].
func (v *Verified) Read() (*strictxml.Document, error) {
	if v.Document != nil {
		return v.Document, nil
	}
	return parseOwn(v.Bytes(), v.id, v.limits)
}

// A Check is one thing that was looked at.
type Check struct {
	Name   string
	Passed bool
	Detail string // why not, or what was found; may be empty
}

// The names of checks.
const (
	CheckForm        = "signature form"
	CheckDocument    = "document digest"
	CheckProperties  = "signed properties digest"
	CheckCertificate = "signing certificate"
	CheckValue       = "signature value"
	CheckStamp       = "signature time-stamp imprint"
	CheckArchive     = "archive time-stamp imprint"
	CheckProperty    = "property" // its Detail names one that is not verified here
)

// What a signature is refused for. All but the last stand for a sub-indication of
// EN 319 102-1, named behind it.
var (
	ErrForm        = errors.New("not a signature of a form that is accepted here")                 // FORMAT_FAILURE
	ErrDigest      = errors.New("the digest of signed data does not match")                        // HASH_FAILURE
	ErrCertificate = errors.New("the signing certificate is not the one that the signature names") // NO_SIGNING_CERTIFICATE_FOUND
	ErrValue       = errors.New("the signature value does not match")                              // SIG_CRYPTO_FAILURE
	ErrAlgorithm   = errors.New("the algorithm, or the size of the key, is not on the list")       // CRYPTO_CONSTRAINTS_FAILURE
	ErrStamp       = errors.New("a time-stamp token does not belong to what it is said to stamp")  // the token proves nothing
)

// A Failure is the error of [Verify]: one of the errors above, found by
// errors.Is, with the checks that came before it and the one that failed last.
type Failure struct {
	Checks []Check
	Err    error
}

// Error gives the reason. It quotes nothing of the document.
func (f *Failure) Error() string { return "verifying a signature: " + f.Err.Error() }

// Unwrap gives the reason.
func (f *Failure) Unwrap() error { return f.Err }
