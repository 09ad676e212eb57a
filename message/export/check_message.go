package export

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"rem"
	"rem/mail/mime"
	"rem/message/verification"
	"rem/trust/validation"
)

// message verifies a message's files.
func (c *checker) message(ctx context.Context, m *messageProofs, box *boxReader) (*Checked, error) {
	out := &Checked{Message: m.Message, Direction: m.Direction, LeftOut: m.LeftOut, Verdict: validation.TotalPassed}
	problem := func(file string, t Trouble, detail string) {
		out.Problems = append(out.Problems, Problem{file, t, detail})
		out.Verdict = validation.TotalFailed
	}
	var together []verification.Input
	var alone []int
	sources := make([][]byte, len(m.Evidence))
	for i, e := range m.Evidence {
		out.Evidence = append(out.Evidence, CheckedEvidence{File: e.File, ID: e.ID, Kind: e.Kind, Outcome: e.Outcome, Recipient: e.Recipient, Conflict: e.Conflict})
		trouble := c.list(e.File)
		if trouble == "" {
			var err error
			if sources[i], trouble, err = c.bytes(e.File, maxEvidence); err != nil {
				return nil, err
			}
		}
		if trouble == "" && (rem.DigestOf(sources[i]).String() != e.SHA256 || int64(len(sources[i])) != e.Size) {
			trouble = Changed
		}
		switch {
		case trouble != "":
			problem(e.File, trouble, "")
			out.Evidence[i].Verdict = validation.TotalFailed
		case e.Conflict:
			alone = append(alone, i)
		default:
			together = append(together, verification.Input{Name: e.File, Source: mime.Memory(sources[i])})
		}
	}
	original := ""
	if o := m.Original; o != nil {
		b, trouble, err := c.original(o, box)
		if err != nil {
			return nil, err
		}
		out.Original = &CheckedOriginal{File: o.File}
		if trouble != "" {
			problem(o.File, trouble, "")
			out.Original.Verdict = validation.TotalFailed
		} else {
			original = string(m.Message) + " original"
			together = append(together, verification.Input{Name: original, Source: mime.Memory(b)})
		}
	}
	var reports []*verification.Report
	for _, i := range alone {
		r, err := c.verifier.Verify(ctx, verification.Input{Name: m.Evidence[i].File, Source: mime.Memory(sources[i])})
		if err != nil {
			return nil, err
		}
		reports = append(reports, r)
	}
	if len(together) > 0 {
		r, err := c.verifier.Verify(ctx, together...)
		if err != nil {
			return nil, err
		}
		reports = append(reports, r)
	}
	seen := original == ""
	for _, r := range reports {
		seen = c.take(out, m, r, original, problem) || seen
	}
	// What nobody said anything about was not verified.
	for _, e := range out.Evidence {
		out.worsen(e.Verdict)
	}
	if !seen || len(m.Evidence) == 0 {
		out.worsen(validation.Indeterminate)
	}
	return out, nil
}

func (m *Checked) worsen(v validation.Verdict) {
	if weight(v) > weight(m.Verdict) {
		m.Verdict = v
	}
}

// take enters what a report found out, and reports whether it is about the
// original, too.
func (c *checker) take(out *Checked, m *messageProofs, r *verification.Report, original string, problem func(string, Trouble, string)) (seen bool) {
	found := map[string]*verification.Finding{}
	refused := false
	for _, f := range r.Findings {
		switch {
		case f.Subject == verification.File:
			found[f.Name] = f
		case f.Subject == verification.Chain:
			out.worsen(f.Verdict)
		}
	}
	for i := range out.Evidence {
		e := &out.Evidence[i]
		f := found[e.File]
		if f == nil {
			if slices.Contains(r.Unreadable, e.File) {
				problem(e.File, Misplaced, "no evidence")
				e.Verdict = validation.TotalFailed
			}
			continue
		}
		e.Verdict, e.Sub = f.Verdict, f.Sub
		if len(f.Parts) != 1 || f.Parts[0].Subject != verification.Evidence {
			problem(e.File, Misplaced, "no evidence")
			continue
		}
		said := f.Parts[0]
		fact := func(key string) string {
			for _, x := range said.Facts {
				if x.Key == key {
					return x.Value
				}
			}
			return ""
		}
		if said.Name != "" && (said.Name != string(e.ID) || fact("kind") != e.Kind || fact("outcome") != e.Outcome) {
			problem(e.File, Misplaced, said.Name)
		}
		if id := fact("message"); said.Name != "" && id != "" && id != string(m.Message) {
			problem(e.File, Foreign, id)
		}
		refused = refused || f.Verdict == validation.TotalPassed && e.Kind == "SubmissionAcceptanceRejection" && e.Outcome == "negative"
	}
	if original == "" {
		return false
	}
	f := found[original]
	switch {
	case f == nil && !slices.Contains(r.Unreadable, original):
		return false
	case f == nil:
		// Bytes that are no mail, and none of the evidence is about them.
		out.Original.Verdict, out.Original.Sub = validation.TotalFailed, validation.HashFailure
		out.worsen(validation.TotalFailed)
	default:
		out.Original.Verdict, out.Original.Sub = f.Verdict, f.Sub
		if refused {
			// It was refused, and perhaps for its signature: only its digest weighs.
			digests(f, out.worsen)
			return true
		}
		out.worsen(f.Verdict)
	}
	return true
}

func digests(f *verification.Finding, worsen func(validation.Verdict)) {
	if f.Subject == verification.Digest {
		worsen(f.Verdict)
	}
	for _, p := range f.Parts {
		digests(p, worsen)
	}
}

// original reads an original, from its own file or out of a mailbox file.
func (c *checker) original(o *originalProof, box *boxReader) (b []byte, trouble Trouble, err error) {
	if o.Size < 0 || o.Size > maxOriginal {
		return nil, BadList, nil
	}
	if o.Mbox {
		b, trouble, err = box.read(o)
	} else {
		if trouble = c.list(o.File); trouble == "" {
			b, trouble, err = c.bytes(o.File, o.Size)
		}
	}
	if err != nil || trouble != "" {
		return nil, trouble, err
	}
	if int64(len(b)) != o.Size || rem.DigestOf(b).String() != o.SHA256 {
		return nil, Changed, nil
	}
	return b, "", nil
}

// A boxReader reads the spans of one mailbox file in their order, unpacking it
// once.
type boxReader struct {
	*checker
	name string
	file io.ReadCloser
	r    *bufio.Reader
	at   int64
}

func (b *boxReader) close() {
	if b.file != nil {
		b.file.Close()
	}
	b.file = nil
}

func (b *boxReader) read(o *originalProof) ([]byte, Trouble, error) {
	if !b.present[o.File] {
		return nil, Missing, nil
	}
	if !ours(o.File) || o.From < 0 || o.Length < o.Size {
		return nil, BadList, nil
	}
	if b.name != o.File || b.at > o.From || b.file == nil {
		b.close()
		f, err := b.archive.Open(o.File)
		if err != nil {
			return nil, "", fmt.Errorf("opening %s: %w", o.File, err)
		}
		b.name, b.file, b.r, b.at = o.File, f, bufio.NewReaderSize(f, 1<<16), 0
	}
	n, err := io.CopyN(io.Discard, b.r, o.From-b.at)
	b.at += n
	if err == nil {
		span := &counting{r: b.r, left: o.Length}
		var out []byte
		out, err = io.ReadAll(io.LimitReader(unquoted(span), o.Size+1))
		b.at += o.Length - span.left
		if err == nil {
			return out, "", nil
		}
	}
	if trouble := broken(err); trouble != "" || errors.Is(err, io.EOF) {
		b.close()
		return nil, Changed, nil
	}
	return nil, "", fmt.Errorf("reading %s: %w", o.File, err)
}

// counting ends after so many octets.
type counting struct {
	r    io.ByteReader
	left int64
}

// ReadByte implements io.ByteReader.
func (c *counting) ReadByte() (byte, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	b, err := c.r.ReadByte()
	if err == nil {
		c.left--
	}
	return b, err
}
