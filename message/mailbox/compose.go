package mailbox

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"rem"
	"rem/mail/mime"
	"rem/mail/smtp"
	"rem/message"
	"rem/person/account"
)

// transaction is the one that the header of an original asks for: its To and Cc.
func transaction(from rem.Address, original mime.Source) (tx smtp.Transaction, err error) {
	tx.Sender, tx.Size = smtp.Path(from.String()), original.Size()
	header, err := mime.ReadHeader(original, mime.DefaultLimits)
	if err != nil {
		return tx, rem.Refuse(rem.InvalidMessageFormat, "İletinin başlık alanları okunamıyor.", "The message's header fields cannot be read.")
	}
	all, err := header.Addresses(mime.DefaultLimits)
	if err != nil {
		return tx, rem.Refuse(rem.InvalidMessageFormat, "Gönderici ve alıcı alanları okunamıyor.", "The sender and recipient fields cannot be read.")
	}
	seen := map[string]bool{}
	for _, list := range [][]mime.Mailbox{all.To, all.Cc} {
		for _, m := range list {
			if key := rem.FoldASCII(m.Address); !seen[key] {
				seen[key] = true
				tx.Recipients = append(tx.Recipients, smtp.Recipient{Path: smtp.Path(m.Address)})
			}
		}
	}
	return tx, nil
}

// Compose writes the original message that a draft becomes, unsigned. The same
// saved draft gives the same bytes. Memory stays flat: files are passed from the
// store into a spool, which the caller closes with the content ([io.Closer]).
func (b *Box) Compose(ctx context.Context, who Visitor, id DraftID) (message.Content, error) {
	a, err := b.Accounts.Account(ctx, who.Actor.Account)
	if err != nil {
		return nil, fmt.Errorf("looking at account %s: %w", who.Actor.Account, err)
	}
	if _, err := b.writer(ctx, who); err != nil {
		return nil, err
	}
	d, err := b.Store.Draft(ctx, who.Actor, id)
	if err != nil {
		return nil, err
	}
	if refusal := d.Sendable(); refusal != nil {
		return nil, refusal
	}
	s := b.Spool()
	if err := b.compose(ctx, s, who, &a, &d, func(f File) error { return b.copy(ctx, s, who, d.ID, f) }); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.Seal(); err != nil {
		return nil, errors.Join(fmt.Errorf("composing a draft: %w", err), s.Close())
	}
	return s, nil
}

// Sendable says why a draft is no message yet, and nil when it is one: every recipient
// is one address.
func (d *Draft) Sendable() *rem.Refusal {
	if len(d.To) == 0 {
		return refuse("Kime alanında en az bir alıcı olmalıdır.", "There has to be at least one recipient in To.")
	}
	for _, list := range [][]string{d.To, d.Cc} {
		for _, typed := range list {
			if m, err := mime.ParseMailboxes(typed, mime.DefaultLimits); err != nil || len(m) != 1 {
				return refuse("Alıcılardan biri adres değil; düzeltin.", "One of the recipients is no address; please put it right.")
			}
		}
	}
	return nil
}

// Allowance is what the sender's signature with its certificates, a time-stamp token
// and our envelope add to a composed message, at most in practice.
const Allowance = 32 << 10

// Measure is how large a draft will be as a signed package, in octets: the composed
// message to the octet, and [Allowance]. What is no address yet counts as nothing.
func (b *Box) Measure(ctx context.Context, who Visitor, d Draft) (int64, error) {
	a, err := b.writer(ctx, who)
	if err != nil {
		return 0, err
	}
	good := func(list []string) (kept []string) {
		for _, typed := range list {
			if m, err := mime.ParseMailboxes(typed, mime.DefaultLimits); err == nil && len(m) == 1 {
				kept = append(kept, typed)
			}
		}
		return kept
	}
	d.To, d.Cc = good(d.To), good(d.Cc)
	var n meter
	err = b.compose(ctx, &n, who, &a, &d, func(f File) error { n += meter(f.written()); return nil })
	return int64(n) + Allowance, err
}

// meter counts what is written.
type meter int64

func (m *meter) Write(p []byte) (int, error) { *m += meter(len(p)); return len(p), nil }

// written is how long a file is in a message.
func (f *File) written() int64 {
	if f.AsIs {
		return f.Size
	}
	return encoded(f.Size)
}

// encoded is how long base64 in lines of 76 is; see encode.
func encoded(size int64) int64 {
	if size == 0 {
		return 0
	}
	return (size+2)/3*4 + (size-1)/57*2
}

func (b *Box) compose(ctx context.Context, w io.Writer, who Visitor, a *account.Account, d *Draft, file func(File) error) error {
	version := strconv.FormatInt(d.Version, 10)
	outer, inner := "=_rem_m_"+string(d.ID), "=_rem_a_"+string(d.ID)
	m := mime.NewBuilder(nil)
	m.Date("Date", d.Saved)
	m.Mailboxes("From", mime.Mailbox{Address: a.Address.String()})
	m.Mailboxes("To", mailboxes(d.To)...)
	m.Mailboxes("Cc", mailboxes(d.Cc)...)
	m.Text("Subject", d.Subject)
	m.IDs("Message-ID", string(d.ID)+"."+version+"@"+b.Domain)
	if d.Answers != "" {
		if view, err := b.Message(ctx, who, d.Answers); err == nil {
			if ids := mime.ParseIDs(view.Record.UAMessageID); len(ids) > 0 {
				m.IDs("In-Reply-To", ids[0])
				m.IDs("References", ids[0])
			}
		}
	}
	m.Raw([]byte("MIME-Version: 1.0\r\n")...)
	if len(d.Files) > 0 {
		m.Media("Content-Type", "multipart/mixed", mime.Param{Name: "boundary", Value: outer})
		m.End()
		m.Delimiter(outer)
	}
	body(m, d, inner)
	head, err := m.Bytes()
	if err != nil {
		return fmt.Errorf("composing a draft: %w", err)
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	for _, f := range d.Files {
		if err := attach(w, f, outer); err != nil {
			return err
		}
		if err := file(f); err != nil {
			return err
		}
	}
	if len(d.Files) > 0 {
		end := mime.NewBuilder(nil)
		end.Close(outer)
		tail, err := end.Bytes()
		if err != nil {
			return err
		}
		if _, err := w.Write(tail); err != nil {
			return err
		}
	}
	return nil
}

// body writes the text, and beside it the formatted one where there is one.
func body(m *mime.Builder, d *Draft, boundary string) {
	part := func(media, text string) {
		m.Media("Content-Type", media, mime.Param{Name: "charset", Value: "utf-8"})
		m.Raw([]byte("Content-Transfer-Encoding: quoted-printable\r\n")...)
		m.End()
		m.QuotedPrintable(text)
	}
	if d.HTML == "" {
		part("text/plain", d.Text)
		return
	}
	m.Media("Content-Type", "multipart/alternative", mime.Param{Name: "boundary", Value: boundary})
	m.End()
	m.Delimiter(boundary)
	part("text/plain", d.Text)
	m.Delimiter(boundary)
	part("text/html", d.HTML)
	m.Close(boundary)
}

// attach writes what stands before the octets of a file.
func attach(w io.Writer, f File, boundary string) error {
	m := mime.NewBuilder(nil)
	m.Delimiter(boundary)
	kind, encoding := f.Type, "base64"
	switch {
	case f.AsIs:
		encoding = "7bit"
	case strings.HasPrefix(kind, "message/"):
		kind = "application/octet-stream" // RFC 2046 5.2.1: none of them is encoded
	}
	m.Media("Content-Type", kind)
	m.Media("Content-Disposition", "attachment", mime.Param{Name: "filename", Value: f.Name})
	m.Raw([]byte("Content-Transfer-Encoding: " + encoding + "\r\n")...)
	m.End()
	head, err := m.Bytes()
	if err != nil {
		return fmt.Errorf("composing a draft: file %s: %w", f.ID, err)
	}
	_, err = w.Write(head)
	return err
}

func (b *Box) copy(ctx context.Context, w io.Writer, who Visitor, id DraftID, f File) error {
	c, err := b.Store.File(ctx, who.Actor, id, f.ID)
	if err != nil {
		return fmt.Errorf("composing a draft: file %s: %w", f.ID, err)
	}
	r := io.NewSectionReader(c, 0, c.Size())
	if f.AsIs {
		_, err = io.Copy(w, r)
		return err
	}
	return encode(w, r)
}

// encode writes base64 in lines of 76, the last one without its end: that is the
// boundary's.
func encode(w io.Writer, r io.Reader) error {
	const octets = 57 // of a line
	in, out := make([]byte, 512*octets), make([]byte, 0, 512*78)
	for first := true; ; {
		n, err := io.ReadFull(r, in)
		out = out[:0]
		for part := in[:n]; len(part) > 0; first = false {
			line := part[:min(octets, len(part))]
			part = part[len(line):]
			if !first {
				out = append(out, '\r', '\n')
			}
			out = base64.StdEncoding.AppendEncode(out, line)
		}
		if _, err := w.Write(out); err != nil {
			return err
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			return fmt.Errorf("reading a file of a draft: %w", err)
		}
	}
}

// mailboxes reads addresses as people type them; what is none is left as it is, and
// the builder refuses it.
func mailboxes(typed []string) (list []mime.Mailbox) {
	for _, t := range typed {
		if m, err := mime.ParseMailboxes(t, mime.DefaultLimits); err == nil {
			list = append(list, m...)
			continue
		}
		list = append(list, mime.Mailbox{Address: t})
	}
	return list
}
