package xades

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"sync"

	"rem/trust/algorithm"
	"rem/trust/strictxml"
	"rem/trust/tsp"
)

// Verify verifies the signature of a document: exactly one, the last child of
// the root, over the whole document and its own signed properties.
//
// The order of the checks: the form of the signature, the digest of the
// document, the digest of the signed properties, the certificate that the
// signed properties name, the signature value under its key, the imprints of
// time-stamp tokens. The first that fails ends it with a *[Failure]; a token
// over other bytes is a failure too, and not a token to be overlooked. Verify
// judges neither certificates nor tokens nor dates; validation does.
//
// Verify does not change src, and keeps nothing of it unless
// [VerifyOptions.Unparsed] says so. It may be called concurrently.
func Verify(src []byte, o VerifyOptions) (*Verified, error) {
	v := verifications.Get().(*verification)
	room := new(struct { // one piece of memory for what most results have
		Verified
		chain  [3]*x509.Certificate
		tokens [1]*tsp.Token
	})
	v.options, v.result = o, &room.Verified
	v.result.Chain, v.result.Tokens = room.chain[:0], room.tokens[:0]
	err := v.run(src)
	result, checks := v.result, v.looked()
	*v = verification{}
	verifications.Put(v)
	if err != nil {
		return nil, &Failure{Checks: checks, Err: err}
	}
	result.Checks = checks
	return result, nil
}

// A verification is one call of Verify. Its memory is used again: nothing of the
// result points into it.
type verification struct {
	options VerifyOptions
	claim   claim
	result  *Verified
	usual   int     // how many of usualChecks were passed, in their order
	checks  []Check // those that were looked at, once it is not as usual
}

var verifications = sync.Pool{New: func() any { return new(verification) }}

// usualChecks are what a good signature with a token has passed. It is never
// changed, and all such results share it.
var usualChecks = func() (list [6]Check) {
	for i, name := range [...]string{CheckForm, CheckDocument, CheckProperties, CheckCertificate, CheckValue, CheckStamp} {
		list[i] = Check{Name: name, Passed: true}
	}
	return list
}()

// looked gives what was looked at.
func (v *verification) looked() []Check {
	if v.checks == nil {
		return usualChecks[:v.usual:v.usual]
	}
	return v.checks
}

// look notes a check.
func (v *verification) look(c Check) {
	if v.checks == nil && v.usual < len(usualChecks) && c == usualChecks[v.usual] {
		v.usual++
		return
	}
	v.checks = append(v.looked(), c)
}

func (v *verification) run(src []byte) error {
	own := readOwn(src, v.options, &v.claim)
	if !own {
		v.claim = claim{}
		if err := v.done(CheckForm, readForeign(src, v.options, &v.claim)); err != nil {
			return err
		}
	} else {
		v.passed(CheckForm)
	}
	c := &v.claim
	if err := v.done(CheckDocument, c.root.check()); err != nil {
		return err
	}
	if err := v.done(CheckProperties, c.properties.check()); err != nil {
		return err
	}
	signer, err := c.signer(v.options.Known)
	if v.done(CheckCertificate, err) != nil {
		return err
	}
	if err := v.done(CheckValue, c.verifyValue(signer)); err != nil {
		return err
	}
	if err := v.readTokens(); err != nil {
		return err
	}
	switch {
	case own && v.options.Unparsed:
		v.result.id, v.result.limits = c.id, v.options.Limits
	case c.document == nil:
		document, err := strictxml.Parse(c.root.data, v.options.Limits)
		if err != nil {
			return fmt.Errorf("%w: reading what was signed: %w", ErrForm, err)
		}
		c.document = document
	}
	v.conclude(signer)
	return nil
}

// onlySHA256 is what most signatures rest on, and what all of them share.
var onlySHA256 = [1]crypto.Hash{crypto.SHA256}

// conclude writes down what was found.
func (v *verification) conclude(signer *x509.Certificate) {
	c, r := &v.claim, v.result
	r.Signed, r.Document = [2][]byte{c.root.data, c.root.rest}, c.document
	r.Certificate = signer
	r.Chain = append(r.Chain, signer)
	for _, k := range c.keyInfo {
		if !k.Equal(signer) {
			r.Chain = append(r.Chain, k.Certificate)
		}
	}
	for _, k := range c.carried {
		r.Carried = append(r.Carried, k.Certificate)
	}
	r.OCSP, r.CRLs = c.ocsp, c.crls
	r.SigningTime = c.signingTime
	r.Policy = c.policy
	r.Algorithm = c.algorithm
	if r.Digests = onlySHA256[:]; c.root.hash != crypto.SHA256 || c.properties.hash != crypto.SHA256 || c.references[0].hash != crypto.SHA256 {
		r.Digests = nil
		for _, h := range []crypto.Hash{c.root.hash, c.properties.hash, c.references[0].hash} {
			if !slices.Contains(r.Digests, h) {
				r.Digests = append(r.Digests, h)
			}
		}
	}
	switch {
	case len(r.Tokens) == 0:
		r.Level = "B-B"
	case len(c.carried) == 0 && !c.revoked:
		r.Level = "B-T"
	case len(r.Archive) == 0:
		r.Level = "B-LT"
	default:
		r.Level = "B-LTA"
	}
	for _, name := range c.beside {
		v.look(Check{Name: CheckProperty, Detail: name + " is present and not verified"})
	}
}

// readTokens reads the tokens that stamp this signature.
func (v *verification) readTokens() error {
	for _, s := range v.claim.stamps {
		t, err := s.token(v.options.Cache)
		if err != nil {
			return v.done(CheckStamp, fmt.Errorf("%w: %w", ErrStamp, err))
		}
		v.passed(CheckStamp)
		v.result.Tokens = append(v.result.Tokens, t)
	}
	for _, s := range v.claim.archive {
		t, err := s.token(v.options.Cache)
		if err != nil {
			return v.done(CheckArchive, fmt.Errorf("%w: %w", ErrStamp, err))
		}
		v.passed(CheckArchive)
		v.result.Archive = append(v.result.Archive, t)
	}
	return nil
}

func (v *verification) passed(name string) {
	v.look(Check{Name: name, Passed: true})
}

// done notes how a check ended and gives its error back.
func (v *verification) done(name string, err error) error {
	if err == nil {
		v.passed(name)
		return nil
	}
	v.look(Check{Name: name, Detail: err.Error()})
	return err
}

func (r *reference) check() error {
	if !bytes.Equal(r.computed(), r.digest) {
		return ErrDigest
	}
	return nil
}

// signer finds the certificate that the signed properties name first
// (EN 319 132-1 5.2.2). Where they name more than one, they name the whole
// path, and ds:KeyInfo may hold no other.
func (c *claim) signer(known []*x509.Certificate) (*x509.Certificate, error) {
	if len(c.references) > 1 {
		for _, k := range c.keyInfo {
			if !slices.ContainsFunc(c.references, func(r certificateReference) bool { return r.names(k) }) {
				return nil, fmt.Errorf("%w: ds:KeyInfo holds a certificate that was not signed", ErrCertificate)
			}
		}
	}
	first := &c.references[0]
	for _, candidates := range [][]*certificate{c.keyInfo, c.carried} {
		for _, k := range candidates {
			if first.names(k) {
				return k.Certificate, first.agrees(k)
			}
		}
	}
	for _, k := range known {
		if k := (&certificate{Certificate: k}); first.names(k) {
			k.issuerSerial = issuerSerial(k.Certificate)
			return k.Certificate, first.agrees(k)
		}
	}
	return nil, ErrCertificate
}

// names tells whether the reference is to this certificate. The digest
// decides, nothing else.
func (r *certificateReference) names(k *certificate) bool {
	if r.hash == crypto.SHA256 && k.sha256 != [32]byte{} {
		return bytes.Equal(r.digest, k.sha256[:])
	}
	var buffer [maxDigest]byte
	return bytes.Equal(r.digest, appendSum(buffer[:0], r.hash, k.Raw))
}

// agrees checks the issuer and serial number that stand beside the digest.
func (r *certificateReference) agrees(k *certificate) error {
	if r.issuerSerial != nil && !bytes.Equal(r.issuerSerial, k.issuerSerial) ||
		r.serial != nil && r.serial.Cmp(k.SerialNumber) != 0 {
		return fmt.Errorf("%w: issuer and serial number are those of another", ErrCertificate)
	}
	return nil
}

func (c *claim) verifyValue(signer *x509.Certificate) error {
	var buffer [maxDigest]byte
	digest := appendSum(buffer[:0], c.algorithm.Hash, c.info)
	err := c.algorithm.VerifyXML(signer.PublicKey, digest, c.value)
	switch {
	case errors.Is(err, algorithm.ErrUnknown):
		return fmt.Errorf("%w: %w", ErrAlgorithm, err)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrValue, err)
	}
	return nil
}
