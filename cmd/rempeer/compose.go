package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"mime/quotedprintable"
	"strings"
	"time"

	"rem/message"
	"rem/message/evidence"
)

// envelope writes what this peer sends: a dispatch around an original, or
// evidence alone. The header is not signed, as most write it.
func (p *peer) envelope(ctx context.Context, r *message.Record, original []byte, filed []message.Filed, to string) ([]byte, error) {
	entity, err := p.entity(original, filed)
	if err != nil {
		return nil, err
	}
	sum := p.hash().New()
	sum.Write(entity)
	der, err := p.envelopes.Sign(ctx, sum.Sum(nil), p.clock.Now())
	if err != nil {
		return nil, fmt.Errorf("signing an envelope: %w", err)
	}
	var b bytes.Buffer
	p.header(&b, r, original != nil, filed, to)
	end, protocol := "", "application/pkcs7-signature"
	if p.Oddness {
		end, protocol = ";", "application/x-pkcs7-signature"
	}
	const boundary = "----=_Part_0_1234.5678"
	micalg := strings.ToUpper(p.Digest[:3]) + "-" + p.Digest[3:]
	fmt.Fprintf(&b, "MIME-Version: 1.0\r\nContent-Type: multipart/signed; protocol=\"%s\"; micalg=%s;\r\n\tboundary=\"%s\"%s\r\n\r\n", protocol, micalg, boundary, end)
	fmt.Fprintf(&b, "This is a signed message of a simulated provider.\r\n--%s\r\n", boundary)
	b.Write(entity)
	fmt.Fprintf(&b, "\r\n--%s\r\nContent-Type: %s; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\n", boundary, protocol)
	lines(&b, der)
	fmt.Fprintf(&b, "\r\n--%s--\r\n", boundary)
	return b.Bytes(), nil
}

// header writes one of the two families of fields, never both.
func (p *peer) header(b *bytes.Buffer, r *message.Record, dispatch bool, filed []message.Filed, to string) {
	line := func(format string, args ...any) { fmt.Fprintf(b, format+"\r\n", args...) }
	line("Received: from peer.test by %s; %s", p.self.Domain, p.clock.Now().Format(time.RFC1123Z))
	line("Date: %s", p.clock.Now().Format(time.RFC1123Z))
	line("From: <%s>", p.self.Service)
	line("To: <%s>", to)
	digest := base64.StdEncoding.EncodeToString(r.Digest[:])
	kind, type522 := "Message", "receipt"
	if dispatch {
		kind, type522 = "Dispatch", "dispatch"
		line("Message-ID: <%s>", r.ID)
		line("Subject: REM Dispatch")
	} else {
		line("Message-ID: <%s.%d@%s>", filed[0].ID, p.clock.Now().UnixNano(), p.self.Domain)
		line("Subject: REM Message")
	}
	if p.Fields == "rem" {
		line("REM-MessageType: http://uri.etsi.org/19522/v1#/ERDMessageType/%s", type522)
		line("REM-DigestAlgorithm: http://www.w3.org/2001/04/xmlenc#sha256")
		line("REM-DigestValue: %s", digest)
		for _, f := range filed {
			line("REM-EventIdentifier: %s", evidence.EventURI(f.Kind, f.Outcome))
		}
		return
	}
	line("X-REM-Msg-Type: %s", kind)
	line("X-REM-Message-Identifier: %s", r.ID)
	for _, f := range filed {
		line("X-REM-Evidence-Type: %s", f.Kind)
		line("X-REM-Evidence-Identifier: %s", f.ID)
	}
}

// entity is what is signed. Evidence stands before the original, which is the
// other order than remd's.
func (p *peer) entity(original []byte, filed []message.Filed) ([]byte, error) {
	const boundary = "----=_Part_2_9876.5432"
	end := ""
	if p.Oddness {
		end = ";"
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "content-type: MULTIPART/mixed; BOUNDARY=\"%s\"%s\r\n\r\n", boundary, end)
	part := func(kind, coding, section, name string) {
		fmt.Fprintf(&b, "\r\n--%s\r\nContent-Type: %s%s\r\nContent-Transfer-Encoding: %s\r\n", boundary, kind, end, coding)
		if p.Fields == "rem" {
			fmt.Fprintf(&b, "REM-Section-Type: rem_message/%s\r\n", section)
		}
		if !p.Oddness && name != "" {
			fmt.Fprintf(&b, "Content-Disposition: inline; filename=%s\r\n", name)
		}
		b.WriteString("\r\n")
	}
	part("text/plain; charset=us-ascii", "7bit", "introduction", "")
	b.WriteString("Benzetim saglayicisindan kayitli elektronik posta.\r\n")
	for i, f := range filed {
		name := fmt.Sprintf("evidence%d.xml", i)
		if p.Coding == "base64" {
			part("text/xml; charset=utf-8; name="+name, "BASE64", "xml_evidence", name)
			lines(&b, f.XML)
			continue
		}
		part("application/xml; name="+name, "Quoted-Printable", "xml_evidence", name)
		q := quotedprintable.NewWriter(&b)
		q.Binary = true // a line feed of the XML is no line of mail
		if _, err := q.Write(f.XML); err != nil {
			return nil, fmt.Errorf("writing evidence: %w", err)
		}
		if err := q.Close(); err != nil {
			return nil, fmt.Errorf("writing evidence: %w", err)
		}
	}
	if original != nil {
		part("message/rfc822", "8bit", "original", "original.eml")
		b.Write(original)
	}
	fmt.Fprintf(&b, "\r\n--%s--", boundary)
	return b.Bytes(), nil
}

// lines writes base64 in lines of 64, where remd has 76.
func lines(b *bytes.Buffer, content []byte) {
	text := base64.StdEncoding.EncodeToString(content)
	for len(text) > 64 {
		b.WriteString(text[:64] + "\r\n")
		text = text[64:]
	}
	b.WriteString(text)
}
