package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"time"

	"rem/internal/setup"
	"rem/mail/mime"
	"rem/mail/smime"
)

// The letter that is sent when no file is given, with its attachment.
var (
	//go:embed letter/mektup.txt
	letterText string
	//go:embed letter/ek.pdf
	letterPDF []byte
)

// An original is a message before its sender signs it.
type original struct {
	subject string
	entity  []byte // fields of MIME, an empty line and a body, with CRLF
}

// sampleLetter is a Turkish letter with a PDF attachment.
func sampleLetter() (original, error) {
	const boundary = "=_mektup"
	b := mime.NewBuilder(nil)
	b.Media("Content-Type", "multipart/mixed", mime.Param{Name: "boundary", Value: boundary})
	b.End()
	b.Delimiter(boundary)
	b.Media("Content-Type", "text/plain", mime.Param{Name: "charset", Value: "UTF-8"})
	b.Word("Content-Transfer-Encoding", "quoted-printable")
	b.End()
	b.QuotedPrintable(letterText)
	b.Delimiter(boundary)
	b.Media("Content-Type", "application/pdf", mime.Param{Name: "name", Value: "ek.pdf"})
	b.Word("Content-Transfer-Encoding", "base64")
	b.Media("Content-Disposition", "attachment", mime.Param{Name: "filename", Value: "ek.pdf"})
	b.End()
	b.Base64(letterPDF)
	b.Close(boundary)
	entity, err := b.Bytes()
	if err != nil {
		return original{}, fmt.Errorf("writing the sample letter: %w", err)
	}
	return original{"Örnek mektup: şirket kararı ve eki", entity}, nil
}

// fileLetter takes content and subject of a mail file. Sender, recipient and
// signature become the demonstration's.
func fileLetter(name string) (original, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return original{}, fmt.Errorf("reading the message to send: %w", err)
	}
	if !bytes.Contains(b, []byte("\r\n")) {
		b = bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n"))
	}
	h, err := mime.ReadHeader(mime.Memory(b), mime.DefaultLimits)
	if err != nil {
		return original{}, fmt.Errorf("%s is no mail (.eml) that can be read: %w", name, err)
	}
	subject, _ := mime.DecodeText(h.Get("Subject"))
	var entity []byte
	for _, f := range h.Fields {
		if len(f.Name) > 8 && f.Is("Content-"+f.Name[8:]) {
			entity = append(entity, f.Raw...)
		}
	}
	_, body, ok := bytes.Cut(b, []byte("\r\n\r\n"))
	if !ok {
		return original{}, fmt.Errorf("%s is no mail (.eml): no empty line ends its header", name)
	}
	if bytes.Contains(bytes.ReplaceAll(body, []byte("\r\n"), nil), []byte("\n")) || bytes.Contains(bytes.ReplaceAll(body, []byte("\r\n"), nil), []byte("\r")) {
		return original{}, errors.New("the message mixes line ends: convert it to CRLF first (unix2dos)")
	}
	return original{subject, append(append(entity, "\r\n"...), body...)}, nil
}

// sign makes the message that the sender hands in.
func (o original) sign(ctx context.Context, from, to *setup.Person, at time.Time) ([]byte, error) {
	b := mime.NewBuilder(nil)
	b.Mailboxes("From", mime.Mailbox{Name: from.Name(), Address: from.Address})
	b.Mailboxes("To", mime.Mailbox{Name: to.Name(), Address: to.Address})
	b.Text("Subject", o.subject)
	b.Date("Date", at)
	b.IDs("Message-ID", fmt.Sprintf("%d.demo@%s", at.UnixNano(), from.Address[len(from.Address)-len("hs90.kep.test"):]))
	header, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("writing the header: %w", err)
	}
	return smime.Sign(ctx, header, o.entity, fmt.Sprintf("=_imza-%d", at.UnixNano()), from.Signer, at)
}
