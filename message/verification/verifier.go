package verification

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"time"

	"rem"
	"rem/mail/mime"
	"rem/message/evidence"
	"rem/trust/tsp"
	"rem/trust/validation"
	"rem/trust/xades"
)

// maxDocument bounds an evidence or a token, which are read into memory; mail
// is not.
const maxDocument = 4 << 20

// Options say what a Verifier believes.
type Options struct {
	// Policy holds the anchors and what is required of signers.
	Policy validation.Policy
	// Clock gives the present, by which certificates without proof of time are
	// judged. A fixed one answers what was true at another time.
	Clock rem.Clock
	// Revocation may be nil: then only what documents carry is known.
	Revocation validation.RevocationSource
	// MayIssue, when it is set, says whether a certificate is the operation
	// certificate of a REM-MD's domain at a time, as the trust list has it.
	// Without it the certificate has to name the domain itself.
	MayIssue func(cert *x509.Certificate, domain string, at time.Time) error
}

// A Verifier verifies files. It is safe for concurrent use.
type Verifier struct {
	options   Options
	evidence  *validation.Validator // evidence needs a token
	envelopes *validation.Validator // envelopes do not: the evidence in them has one
	cache     *xades.Cache
	names     names
}

// maxCertificates is how many parsed certificates are kept; evidence of one
// provider has a handful.
const maxCertificates = 1024

// New makes a verifier.
func New(o Options) (*Verifier, error) {
	o.Policy.Operation.TokenRequired = true
	forEvidence, err := validation.New(o.Policy, o.Clock, o.Revocation)
	if err != nil {
		return nil, err
	}
	o.Policy.Operation.TokenRequired = false
	forEnvelopes, err := validation.New(o.Policy, o.Clock, o.Revocation)
	if err != nil {
		return nil, err
	}
	return &Verifier{options: o, evidence: forEvidence, envelopes: forEnvelopes, cache: xades.NewCache(maxCertificates)}, nil
}

// An Input is one file. Its name is for the report alone.
type Input struct {
	Name   string
	Source mime.Source
}

// A run is one call of Verify.
type run struct {
	*Verifier
	report    *Report
	evidences []*found // whose signature holds, in the order in which they were met
	originals []*data
	tokens    []*bare
	data      []*data // files that are nothing by themselves
}

// found is an evidence and where it was found.
type found struct {
	*evidence.Evidence
	finding *Finding
	digest  rem.Digest // of its signed XML
	time    time.Time  // proven, or zero
	tokens  []*tsp.Token
}

// data are bytes that others' digests may be of.
type data struct {
	finding *Finding
	source  mime.Source
	sums    map[crypto.Hash][]byte
	// compared says that it was held against the evidence in its envelope.
	compared bool
}

// bare is a token that came as a file of its own.
type bare struct {
	finding *Finding
	token   *tsp.Token
}

// Verify verifies files that belong together, or not: each by itself, and all
// evidence about one message in one chain. A source that fails is an error;
// whatever else is wrong is a finding.
func (v *Verifier) Verify(ctx context.Context, files ...Input) (*Report, error) {
	r := &run{Verifier: v, report: &Report{Verdict: validation.TotalPassed}}
	for _, in := range files {
		if err := r.file(ctx, in); err != nil {
			return nil, fmt.Errorf("verifying %s: %w", in.Name, err)
		}
	}
	if err := r.compare(); err != nil {
		return nil, err
	}
	r.chains()
	for _, f := range r.report.Findings {
		f.conclude()
		if worse(f.Verdict, r.report.Verdict) {
			r.report.Verdict = f.Verdict
		}
	}
	// What was not understood was not verified.
	if r.report.Verdict == validation.TotalPassed && (len(r.report.Findings) == 0 || len(r.report.Unreadable) > 0) {
		r.report.Verdict = validation.Indeterminate
	}
	return r.report, nil
}

// file finds out what a file is and verifies it. Evidence begins with "<", a
// token is a DER sequence, and mail has a header.
func (r *run) file(ctx context.Context, in Input) error {
	finding := passed(File, in.Name)
	head := make([]byte, min(in.Source.Size(), 512))
	if n, err := in.Source.ReadAt(head, 0); n < len(head) {
		return fmt.Errorf("reading its beginning: %w", err)
	}
	switch text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\uFEFF")), " \t\r\n"); {
	case len(text) > 0 && text[0] == '<':
		src, err := whole(in.Source)
		if err != nil {
			return err
		}
		finding.part(r.xml(ctx, "", src))
	case len(head) > 1 && head[0] == 0x30 && head[1] >= 0x80:
		src, err := whole(in.Source)
		if err != nil {
			return err
		}
		if f := r.token(ctx, src); f != nil {
			finding.part(f)
			break
		}
		r.unknown(in, finding)
		return nil
	default:
		mail, err := isMail(in.Source)
		if err != nil {
			return err
		}
		if !mail {
			r.unknown(in, finding)
			return nil
		}
		if err := r.mail(ctx, finding, in.Source); err != nil {
			return err
		}
	}
	r.report.Findings = append(r.report.Findings, finding)
	return nil
}

// unknown keeps a file for tokens and evidence that may be over its bytes.
func (r *run) unknown(in Input, finding *Finding) {
	r.data = append(r.data, &data{finding: finding, source: in.Source})
}

// isMail tells mail from a text with a colon in its first line: mail says who
// wrote it, or that it is MIME.
func isMail(src mime.Source) (bool, error) {
	h, err := mime.ReadHeader(src, mime.DefaultLimits)
	switch {
	case errors.Is(err, mime.ErrSyntax), errors.Is(err, mime.ErrLimit):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("reading its header: %w", err)
	}
	return h.Count("From") > 0 || h.Count("MIME-Version") > 0, nil
}

// whole reads a document; one that is too long is read no further, and its
// format tells.
func whole(src mime.Source) ([]byte, error) {
	n := min(src.Size(), maxDocument+1)
	b, err := mime.Span{End: n}.Bytes(src, int(n))
	if err != nil {
		return nil, fmt.Errorf("reading the document: %w", err)
	}
	return b, nil
}

// sum digests the bytes, once for each algorithm.
func (d *data) sum(h crypto.Hash) ([]byte, error) {
	if s, ok := d.sums[h]; ok {
		return s, nil
	}
	hash := h.New()
	if _, err := io.Copy(hash, io.NewSectionReader(d.source, 0, d.source.Size())); err != nil {
		return nil, fmt.Errorf("reading %s: %w", d.finding.Name, err)
	}
	if d.sums == nil {
		d.sums = make(map[crypto.Hash][]byte, 1)
	}
	d.sums[h] = hash.Sum(nil)
	return d.sums[h], nil
}

// is reports whether the bytes have the digest.
func (d *data) is(h crypto.Hash, digest []byte) (bool, error) {
	s, err := d.sum(h)
	return err == nil && bytes.Equal(s, digest), err
}

// stamp writes a time for people and programs.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
