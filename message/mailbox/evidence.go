package mailbox

import (
	"context"
	"fmt"

	"rem"
	"rem/mail/mime"
	"rem/message"
	"rem/message/envelope"
)

// content is bytes in memory.
type content struct {
	mime.Memory
	digest rem.Digest
}

func (c content) Digest() rem.Digest { return c.digest }

// evidenceMail is an evidence as mail programs show it: a short text and the XML,
// in answer to the original, so that it stands in its thread. The same evidence
// gives the same bytes. It is not signed: the XML inside is.
func (b *Box) evidenceMail(ctx context.Context, view *message.View, id rem.EvidenceID) (message.Content, error) {
	f, ok := view.Evidence(id)
	if !ok {
		return nil, ErrNotFound
	}
	f, err := f.Load(ctx, b.Ledger)
	if err != nil {
		return nil, err
	}
	p, err := EvidenceMail(&view.Record, f, b.Domain)
	if err != nil {
		return nil, err
	}
	return content{mime.Memory(p), rem.DigestOf(p)}, nil
}

// EvidenceMail writes the mail of an evidence, as from the provider of the domain;
// [envelope.Shown] reads it.
func EvidenceMail(r *message.Record, f message.Filed, domain string) ([]byte, error) {
	return writeEvidenceMail(make([]byte, 0, evidenceMailRoom+mime.Base64Len(len(f.XML))), r, f, domain)
}

// evidenceMailRoom is what the mail of an evidence needs beside the XML, but for long
// subjects.
const evidenceMailRoom = 3 << 10

// evidenceMailSize is the length of what EvidenceMail writes of an evidence of so many
// octets, whose XML need not be there.
func evidenceMailSize(r *message.Record, f message.Filed, domain string, octets int64) (int64, error) {
	var room [evidenceMailRoom]byte
	f.XML = nil
	p, err := writeEvidenceMail(room[:0], r, f, domain)
	return int64(len(p) + mime.Base64Len(int(octets))), err
}

func writeEvidenceMail(room []byte, r *message.Record, f message.Filed, domain string) ([]byte, error) {
	boundary := "=_rem_e_" + rem.DigestOf([]byte(f.ID)).String()[:24]
	title, what := envelope.Told(f.Kind, f.Outcome)
	m := mime.NewBuilder(room)
	m.Date("Date", f.Time)
	m.Mailboxes("From", mime.Mailbox{Name: "KEP delil", Address: "delil@" + domain})
	m.Mailboxes("To", mime.Mailbox{Address: r.Sender.Address.String()})
	m.Text("Subject", fmt.Sprintf("[%s] %s", title.Turkish, r.Subject))
	m.IDs("Message-ID", boundary[8:]+".delil@"+domain)
	if ids := mime.ParseIDs(r.UAMessageID); len(ids) > 0 {
		m.IDs("In-Reply-To", ids[0])
		m.IDs("References", ids[0])
	}
	m.Raw([]byte("Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n")...)
	m.Media("Content-Type", "multipart/mixed", mime.Param{Name: "boundary", Value: boundary})
	m.End()
	m.Delimiter(boundary)
	m.Media("Content-Type", "text/plain", mime.Param{Name: "charset", Value: "utf-8"})
	m.Raw([]byte("Content-Transfer-Encoding: quoted-printable\r\n")...)
	m.End()
	about := ""
	if to := r.Recipient(f.Recipient); to != nil {
		about = to.Address.String()
	}
	m.QuotedPrintable(fmt.Sprintf("%s: %s\n%s: %s\n\nİleti / message: %s\nAlıcı / recipient: %s\nZaman / time (UTC): %s\nDelil / evidence: %s\nDüzenleyen / issuer: %s\n\n"+
		"Ekteki XML dosyası imzalı delilin kendisidir; remverify ile doğrulanabilir.\nThe attached XML file is the signed evidence itself; remverify checks it.\n",
		title.Turkish, what.Turkish, title.English, what.English, r.ID, about, f.Time.UTC().Format("2006-01-02 15:04:05"), f.ID, f.Issuer))
	m.Delimiter(boundary)
	m.Media("Content-Type", "application/xml")
	m.Media("Content-Disposition", "attachment", mime.Param{Name: "filename", Value: envelope.ShownName})
	m.Raw([]byte("Content-Transfer-Encoding: base64\r\n")...)
	m.End()
	m.Base64(f.XML)
	m.Close(boundary)
	p, err := m.Bytes()
	if err != nil {
		return nil, fmt.Errorf("writing evidence %s as mail: %w", f.ID, err)
	}
	return p, nil
}
