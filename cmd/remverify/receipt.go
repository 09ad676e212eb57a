package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"rem/message/verification"
	"rem/privacy"
	"rem/privacy/consent"
	"rem/trust/validation"
)

// maxReceipt bounds what is read of a receipt of consent; none is larger.
const maxReceipt = 1 << 20

// receiptSubject is what a finding about one is called.
const receiptSubject verification.Subject = "consent receipt"

// receiptIn reads a file that begins as a receipt of consent does; nil for every
// other file, from which no more than its beginning is read then.
func receiptIn(f *os.File) ([]byte, error) {
	var begin [32]byte
	n, err := f.ReadAt(begin[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if !consent.IsReceipt(begin[:n]) {
		return nil, nil
	}
	return io.ReadAll(io.NewSectionReader(f, 0, maxReceipt))
}

// receipts verifies receipts of consent, each by itself (P-05), and adds what was
// found to the report. Its bytes are believed as far as the verdict goes.
func (t *trusted) receipts(ctx context.Context, report *verification.Report, at time.Time, files []receiptFile) error {
	o := t.options(at)
	v, err := validation.New(o.Policy, o.Clock, nil)
	if err != nil {
		return fmt.Errorf("using what --trust gives: %w", err)
	}
	may := consent.MayIssue(o.MayIssue)
	if o.MayIssue == nil {
		may = consent.NamedIn
	}
	for i, f := range files {
		finding := receiptFinding(ctx, f, v, may)
		if i == 0 && len(report.Findings) == 0 && len(report.Unreadable) == 0 || weight(finding.Verdict) > weight(report.Verdict) {
			report.Verdict = finding.Verdict
		}
		report.Findings = append(report.Findings, finding)
	}
	return nil
}

type receiptFile struct {
	name string
	b    []byte
}

func receiptFinding(ctx context.Context, f receiptFile, v *validation.Validator, may consent.MayIssue) *verification.Finding {
	result, err := consent.Verify(ctx, f.b, v, may)
	if err != nil {
		return &verification.Finding{Subject: receiptSubject, Name: f.name, Verdict: validation.TotalFailed, Sub: validation.FormatFailure, Detail: err.Error()}
	}
	r, e := result.Report, result.Receipt.Entry
	finding := &verification.Finding{Subject: receiptSubject, Name: f.name, Verdict: r.Verdict, Sub: r.Sub}
	for _, c := range r.Checks {
		finding.Checks = append(finding.Checks, verification.Check{Name: c.Name, Passed: c.Passed, Detail: c.Detail})
	}
	if result.Issuer != nil && r.Passed() {
		finding.Verdict, finding.Sub = validation.Indeterminate, validation.SigConstraintsFailure
		finding.Checks = append(finding.Checks, verification.Check{Name: "signer may speak for the provider", Detail: result.Issuer.Error()})
	}
	fact := func(key, value string) {
		if value != "" {
			finding.Facts = append(finding.Facts, verification.Fact{Key: key, Value: value})
		}
	}
	fact("provider", result.Receipt.Issuer.Domain)
	fact("person", string(e.Person))
	fact("acting person", string(e.Actor.Person))
	fact("purpose", result.Receipt.Purpose.String())
	for _, a := range consent.Actions() {
		if a.ID == e.Action {
			fact("choice", a.Name.String())
		}
	}
	fact("claimed time", e.Link.Time.Format(time.RFC3339))
	if r.Proven {
		fact("proven time", r.Proof.UTC().Format(time.RFC3339))
	}
	for _, c := range privacy.Channels() {
		if c.ID == e.Channel {
			fact("channel", c.Name.String())
		}
	}
	fact("text shown", e.Text)
	fact("notice", result.Receipt.Issuer.NoticeAddress)
	return finding
}

// weight orders verdicts, the worst last.
func weight(v validation.Verdict) int {
	switch v {
	case validation.TotalPassed:
		return 0
	case validation.TotalFailed:
		return 2
	}
	return 1
}
