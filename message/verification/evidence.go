package verification

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"rem"
	"rem/message/evidence"
	"rem/trust/validation"
	"rem/trust/xades"
)

// xml verifies one evidence. What its signature does not cover is not even
// read for the report.
func (r *run) xml(ctx context.Context, name string, src []byte) *Finding {
	f := passed(Evidence, name)
	v, err := xades.Verify(src, xades.VerifyOptions{Known: r.options.Policy.Operation.Known, Cache: r.cache})
	if err != nil {
		f.part(r.judged(Signature, "", validation.Refused(validation.Operation, err)))
		return f
	}
	e, err := evidence.Parse(v.Document)
	if err != nil {
		f.part(r.judged(Signature, "", r.evidence.XAdES(ctx, validation.Operation, v)))
		f.part(failed(Evidence, "", validation.FormatFailure, err.Error()))
		return f
	}
	f.Name = string(e.ID)
	describe(f, e)
	report := r.evidence.XAdES(ctx, validation.Operation, v)
	f.part(r.judged(Signature, "", report))
	f.part(r.issuer(e, v.Certificate, report.Proof))

	kept := &found{Evidence: e, finding: f, digest: rem.DigestOf(src), tokens: v.Tokens}
	if report.Proven {
		kept.time = report.Proof
	}
	r.evidences = append(r.evidences, kept)
	return f
}

// describe adds what the evidence says.
func describe(f *Finding, e *evidence.Evidence) {
	f.fact("format", e.Format.String())
	f.fact("kind", e.Kind.String())
	f.fact("outcome", e.Outcome.String())
	f.fact("event", e.Event)
	f.fact("event time", stamp(e.EventTime))
	f.fact("issuer", party(e.Issuer))
	f.fact("sender", party(e.Sender))
	for i, p := range e.Recipients {
		key := "recipient"
		if len(e.Concerns) > 0 && e.About(i+1) {
			key = "recipient concerned"
		}
		f.fact(key, party(p))
	}
	for _, g := range e.Delegates {
		f.fact("acting person", party(g.Party))
	}
	for _, c := range e.Codes {
		f.fact("reason", strings.TrimSpace(c.Code+" "+strings.Join(c.Details, " ")))
	}
	f.fact("message", string(e.Message.ID))
	f.fact("subject", e.Message.Subject)
	if e.DigestHash != 0 {
		f.fact("digest of the original", e.DigestHash.String()+" "+hex.EncodeToString(e.DigestValue))
	}
	if e.Message.Size > 0 {
		f.fact("size of the original", strconv.FormatInt(e.Message.Size, 10))
	}
	if !e.SubmissionTime.IsZero() {
		f.fact("submission time", stamp(e.SubmissionTime))
	}
	f.fact("answers", string(e.Answers.ID))
	for _, id := range e.PolicyIDs {
		f.fact("policy", id)
	}
}

func party(p evidence.Party) string {
	s := p.Name
	if address := p.String(); address != "" {
		s += " <" + address + ">"
	}
	if p.Person != "" {
		s += " [" + string(p.Person) + "]"
	}
	return strings.TrimSpace(s)
}

// issuer checks that the signer is the REM-MD that the evidence names: a good
// certificate of one REM-MD signs nothing for another (AT-19). EN 319 522-3
// names the issuer by words alone, which nothing can be compared with.
func (r *run) issuer(e *evidence.Evidence, cert *x509.Certificate, at time.Time) *Finding {
	domain := e.Issuer.Address.Provider()
	if domain == "" {
		_, after, _ := strings.Cut(e.Issuer.Foreign, "@")
		domain = rem.FoldASCII(after)
	}
	f := passed(Issuer, domain)
	switch {
	case domain == "" && e.Format == evidence.EN319522:
		f.fact("note", "EN 319 522-3 names the issuer without an address")
		return f
	case domain == "":
		return unknown(Issuer, "", validation.SigConstraintsFailure, "the evidence does not name its issuer's address")
	}
	var err error
	if r.options.MayIssue != nil {
		err = r.options.MayIssue(cert, domain, at)
	} else {
		err = namesDomain(cert, domain)
	}
	if err != nil {
		return unknown(Issuer, domain, validation.SigConstraintsFailure, err.Error())
	}
	return f
}

var errOtherDomain = errors.New("the signer's certificate is not one of the issuer's domain")

// namesDomain reports whether a certificate is made out to the domain: by a mail
// address at it, or by its name.
func namesDomain(cert *x509.Certificate, domain string) error {
	for _, a := range cert.EmailAddresses {
		if _, at, ok := strings.Cut(a, "@"); ok && rem.FoldASCII(at) == domain {
			return nil
		}
	}
	for _, n := range cert.DNSNames {
		if rem.FoldASCII(n) == domain {
			return nil
		}
	}
	return fmt.Errorf("%w: %s", errOtherDomain, domain)
}
