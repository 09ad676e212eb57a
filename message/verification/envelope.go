package verification

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"rem/mail/mime"
	"rem/mail/smime"
	"rem/message/envelope"
	"rem/trust/cades"
	"rem/trust/validation"
)

// mail verifies an envelope with what is in it, or keeps an original that came
// as a file of its own.
func (r *run) mail(ctx context.Context, file *Finding, src mime.Source) error {
	e, err := envelope.Read(src)
	switch {
	case errors.Is(err, envelope.ErrNotEnvelope):
		if xml, ok := envelope.Shown(src); ok {
			file.fact("note", "the mail around the evidence is not signed")
			file.part(r.xml(ctx, "", xml))
			return nil
		}
		f, err := r.original(ctx, src)
		if err != nil {
			return err
		}
		file.part(f)
		r.originals = append(r.originals, &data{finding: f, source: src})
		return nil
	case errors.Is(err, envelope.ErrStructure), errors.Is(err, mime.ErrSyntax), errors.Is(err, mime.ErrLimit):
		file.part(failed(Envelope, "", validation.FormatFailure, err.Error()))
		return nil
	case err != nil:
		return err
	}
	f := file.part(passed(Envelope, e.Kind.String()))
	v, err := e.Verify(cades.VerifyOptions{Known: r.options.Policy.Operation.Known, Cache: r.cache.Carried()})
	if err != nil {
		f.part(r.judged(Signature, "", validation.Refused(validation.Operation, err)))
		return nil
	}
	f.fact("from", e.Header.Get("From"))
	f.fact("to", e.Header.Get("To"))
	f.fact("subject", text(e.Header, "Subject"))
	f.fact("date", e.Header.Get("Date"))
	f.part(r.judged(Signature, "", r.envelopes.CAdES(ctx, validation.Operation, v)))
	frame := f.part(passed(Frame, ""))
	if !e.Protected {
		frame.fact("note", "the header is not covered by the signature")
	}
	var inside []*found
	for _, p := range e.Evidence {
		before := len(r.evidences)
		f.part(r.xml(ctx, p.Name, p.Content))
		inside = append(inside, r.evidences[before:]...)
	}
	if len(e.Evidence) == 0 {
		f.part(unknown(Evidence, "", validation.SignedDataNotFound, "the envelope holds no evidence"))
	}
	section := e.OriginalReader()
	if section == nil {
		return nil
	}
	original, err := r.original(ctx, section)
	if err != nil {
		return err
	}
	f.part(original)
	d := &data{finding: original, source: section, compared: true}
	r.originals = append(r.originals, d)
	return r.digests(d, inside)
}

// original describes an original message and judges its sender's signature,
// where it has one: an original need not be signed, nor be mail that can be
// read. It is its digest that is held against evidence.
func (r *run) original(ctx context.Context, src mime.Source) (*Finding, error) {
	f := passed(Original, "")
	f.fact("size", strconv.FormatInt(src.Size(), 10))
	m, err := mime.Parse(src, mime.Options{})
	switch {
	case errors.Is(err, mime.ErrSyntax), errors.Is(err, mime.ErrLimit):
		f.fact("note", "its parts cannot be read")
		return f, nil
	case err != nil:
		return nil, fmt.Errorf("reading an original: %w", err)
	}
	f.Name = m.Header.Get("Message-ID")
	f.fact("from", text(m.Header, "From"))
	f.fact("to", text(m.Header, "To"))
	f.fact("subject", text(m.Header, "Subject"))
	f.fact("date", m.Header.Get("Date"))
	signed, err := smime.Verify(src, m.Part, cades.VerifyOptions{Cache: r.cache.Carried()})
	switch {
	case errors.Is(err, smime.ErrSource):
		return nil, err
	case errors.Is(err, smime.ErrUnsigned):
		f.fact("note", "not signed by its sender")
	case err != nil:
		f.part(r.judged(Signature, "", validation.Refused(validation.Personal, err)))
	default:
		f.part(r.judged(Signature, "", r.envelopes.CAdES(ctx, validation.Personal, signed.Signature)))
	}
	return f, nil
}

func text(h *mime.Header, name string) string {
	s, _ := mime.DecodeText(h.Get(name))
	return s
}
