package validation

import (
	"context"
	"errors"

	"rem/trust/algorithm"
	"rem/trust/cades"
	"rem/trust/cms"
	"rem/trust/tsp"
	"rem/trust/xades"
)

// XAdES judges a signature that xades.Verify found good. Archive time-stamps
// are judged like the others: each has to be believed.
func (v *Validator) XAdES(ctx context.Context, role Role, x *xades.Verified) *Report {
	s := Signature{
		Role:        role,
		Level:       x.Level,
		Certificate: x.Certificate,
		Carried:     x.Chain,
		Algorithm:   x.Algorithm,
		Digests:     x.Digests,
		SigningTime: x.SigningTime,
		Tokens:      x.Tokens,
		OCSP:        x.OCSP,
		CRLs:        x.CRLs,
		Checks:      xadesChecks(x.Checks),
	}
	if len(x.Carried) > 0 {
		s.Carried = append(append(s.Carried[:0:0], x.Chain...), x.Carried...)
	}
	if len(x.Archive) > 0 {
		s.Tokens = append(append(s.Tokens[:0:0], x.Tokens...), x.Archive...)
	}
	return v.Judge(ctx, s)
}

// CAdES judges a signature that cades.Verify found good.
func (v *Validator) CAdES(ctx context.Context, role Role, c *cades.Verified) *Report {
	s := Signature{
		Role:        role,
		Level:       c.Level,
		Certificate: c.Certificate,
		Carried:     c.Chain,
		Algorithm:   c.Algorithm,
		Digests:     c.Digests,
		SigningTime: c.SigningTime,
		Tokens:      c.Tokens,
		OCSP:        c.OCSP,
		CRLs:        c.CRLs,
		Checks:      make([]Check, len(c.Checks)),
	}
	if len(c.Carried) > 0 {
		s.Carried = append(append(s.Carried[:0:0], c.Chain...), c.Carried...)
	}
	for i, check := range c.Checks {
		s.Checks[i] = carriedOver(check.Name, check.Passed, check.Detail, cades.CheckAttribute)
	}
	return v.Judge(ctx, s)
}

// carriedOver takes over a check that another package made. What a signer says
// beside the baseline, under the name aside, is reported and weighs nothing:
// neither for the signature nor against it.
func carriedOver(name string, passed bool, detail, aside string) Check {
	if name == aside && !passed {
		return Check{CheckProperty, true, "not looked into: " + detail}
	}
	return Check{name, passed, detail}
}

func xadesChecks(checks []xades.Check) []Check {
	out := make([]Check, len(checks))
	for i, c := range checks {
		out[i] = carriedOver(c.Name, c.Passed, c.Detail, xades.CheckProperty)
	}
	return out
}

// Refused gives the report about bytes that xades.Verify, cades.Verify or
// tsp's parsing refused with err.
func Refused(role Role, err error) *Report {
	r := &Report{Role: role}
	if f, ok := errors.AsType[*xades.Failure](err); ok {
		r.Checks = xadesChecks(f.Checks)
		for i := range r.Checks {
			if !r.Checks[i].Passed {
				r.Checks = r.Checks[:i]
				break
			}
		}
	}
	check, sub := meaning(err)
	r.fail(failure{check, sub, err.Error()})
	return r
}

// meanings says what the refusals of the other packages stand for.
var meanings = []struct {
	err   error
	check string
	sub   SubIndication
}{
	{tsp.ErrImprint, CheckDigest, HashFailure},
	{tsp.ErrAuthority, CheckUsage, SigConstraintsFailure},
	{xades.ErrStamp, CheckToken, NoPOE}, // the token is another signature's
	{xades.ErrDigest, CheckDigest, HashFailure},
	{xades.ErrValue, CheckSignature, SigCryptoFailure},
	{xades.ErrCertificate, CheckSigningCertificate, NoSigningCertificateFound},
	{xades.ErrAlgorithm, CheckAlgorithms, CryptoConstraintsFailure},
	{xades.ErrForm, CheckFormat, FormatFailure},
	{cms.ErrDigest, CheckDigest, HashFailure},
	{cms.ErrSignature, CheckSignature, SigCryptoFailure},
	{cms.ErrNoSigner, CheckSigningCertificate, NoSigningCertificateFound},
	{cms.ErrStructure, CheckFormat, FormatFailure},
	{algorithm.ErrSignature, CheckSignature, SigCryptoFailure},
	{algorithm.ErrUnknown, CheckAlgorithms, CryptoConstraintsFailure},
}

// meaning gives the check that an error failed, and its sub-indication. What
// no package named is bytes that could not be read.
func meaning(err error) (check string, sub SubIndication) {
	for _, m := range meanings {
		if errors.Is(err, m.err) {
			return m.check, m.sub
		}
	}
	return CheckFormat, FormatFailure
}

// revocations sorts what a CMS structure carries into responses and lists.
func revocations(carried []cms.Revocation) (ocsp, crls [][]byte) {
	for _, c := range carried {
		switch c.Format {
		case "":
			crls = append(crls, c.DER)
		case cms.OCSPResponse:
			ocsp = append(ocsp, c.DER)
		}
	}
	return ocsp, crls
}
