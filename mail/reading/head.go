package reading

import (
	"fmt"
	stdmail "net/mail"
	"strings"
	"unicode/utf8"

	"rem"
	"rem/mail/html"
	"rem/mail/mime"
)

func (r *reader) head(m *mime.Message) {
	h := &r.d.Head
	*h = headOf(m.Part, r.o.Mail)
	for _, f := range m.Header.Fields {
		h.Fields = append(h.Fields, Field{Name: f.Name, Value: f.Text()})
	}
	warn := func(kind, tr, en, detail string) {
		r.find(Finding{Kind: "head/" + kind, Weight: Warning, Text: rem.Text{Turkish: tr, English: en}, Detail: detail})
	}
	if h.From == nil {
		warn("from", "Gönderen alanı tek bir adres olarak okunamadı.", "The sender's field cannot be read as one address.", m.Header.Get("From"))
	} else {
		for _, d := range h.From.Doubts {
			if d == mime.AddressInDisplayName {
				warn("name-is-address", "Gönderenin görünen adı bir e-posta adresi gibi yazılmış.", "The sender's display name is written like an address.", h.From.Name+" <"+h.From.Address+">")
			}
		}
		_, host, _ := strings.Cut(h.From.Address, "@")
		if _, odd, ok := html.Host(host); ok && odd {
			warn("from-host", "Gönderenin adresi başka bir adresle karıştırılabilir.", "The sender's address can be taken for another.", h.From.Address)
		}
		for _, to := range h.ReplyTo {
			if rem.FoldASCII(to.Address) != rem.FoldASCII(h.From.Address) {
				warn("reply-to", "Yanıtlar gönderenden başka bir adrese gider.", "Answers go to another address than the sender's.", to.Address)
			}
		}
	}
	if f := m.Header.Get("Subject"); strings.ContainsRune(m.Header.Get("Subject"), '\u202e') || strings.ContainsRune(h.Subject, utf8.RuneError) {
		warn("subject", "Konu, görünmeyen ya da okunamayan karakterler içeriyor.", "The subject holds characters that cannot be seen or read.", f)
	}
	if m.Header.Count("Disposition-Notification-To") > 0 {
		r.find(Finding{Kind: "head/receipt", Text: rem.Text{Turkish: "Gönderen okundu bilgisi istiyor; gönderilmez. Okunduğunu KEP delili gösterir.", English: "The sender asks for a receipt; none is sent. That it was read is shown by evidence."}})
	}
}

// headOf reads the header of a message.
func headOf(p *mime.Part, l mime.Limits) (h Head) {
	h.Subject, _ = mime.DecodeText(p.Header.Get("Subject"))
	if a, err := p.Header.Addresses(l); err == nil {
		h.From, h.Sender, h.ReplyTo, h.To, h.Cc = &a.From, a.Sender, a.ReplyTo, a.To, a.Cc
	} else {
		if list, err := mime.ParseMailboxes(p.Header.Get("From"), l); err == nil && len(list) == 1 && p.Header.Count("From") == 1 {
			h.From = &list[0]
		}
		for _, f := range []struct {
			name string
			to   *[]mime.Mailbox
		}{{"To", &h.To}, {"Cc", &h.Cc}, {"Reply-To", &h.ReplyTo}} {
			if list, err := mime.ParseMailboxes(p.Header.Get(f.name), l); err == nil {
				*f.to = list
			}
		}
	}
	if t, err := stdmail.ParseDate(p.Header.Get("Date")); err == nil {
		h.Date = t.UTC()
	}
	if ids := mime.ParseIDs(p.Header.Get("Message-ID")); len(ids) == 1 {
		h.MessageID = ids[0]
	}
	h.InReplyTo = mime.ParseIDs(p.Header.Get("In-Reply-To"))
	return h
}

// signedPart finds what of the message is shown. Of a signed one it is the signed
// part, and what stands beside it is said to be left out.
func (r *reader) signedPart(m *mime.Message) (root *mime.Part, path string, err error) {
	root, path = m.Part, ""
	if len(m.Parts) == 0 {
		path = "1"
	}
	if v := r.o.Verified; v != nil {
		for at, p := range r.d.parts {
			if p.Whole == v.Whole && p.Body == v.Body {
				root, path, r.d.Signature = p, at, SignatureVerified
				r.beside(m.Part, at)
				return root, path, nil
			}
		}
		return nil, "", fmt.Errorf("the verified part: %w", ErrNoPart)
	}
	if m.Type.Is("multipart/signed") && len(m.Parts) >= 1 {
		r.d.Signature = SignatureUnchecked
		r.beside(m.Part, "1")
		return m.Parts[0], "1", nil
	}
	return root, path, nil
}

// beside finds what stands in a signed message and is not signed.
func (r *reader) beside(p *mime.Part, path string) {
	if !p.Type.Is("multipart/signed") {
		r.find(Finding{Kind: "signature/inside", Weight: Note, Text: rem.Text{Turkish: "İletinin yalnız imzalı bölümü gösteriliyor.", English: "Only the signed part of the message is shown."}})
		return
	}
	blank := func(s mime.Span) bool {
		if s.IsZero() || s.Len() == 0 {
			return true
		}
		b, err := s.Bytes(r.m.Source, 4096)
		return err == nil && strings.TrimSpace(string(b)) == ""
	}
	// Many programs write "This is an S/MIME signed message" before the first part:
	// it is not shown, as no reader shows it.
	if len(p.Parts) > 2 || !blank(p.Epilogue) {
		r.find(Finding{Kind: "signature/beside", Weight: Danger, Text: rem.Text{Turkish: "İmzalı bölümün yanında imzasız içerik var; gösterilmedi.", English: "There is unsigned content beside the signed part; it is not shown."}})
	}
}

// doubts tells what of its form other readers may see otherwise.
func (r *reader) doubts(m *mime.Message) {
	seen := map[mime.Doubt]bool{}
	for _, f := range m.Findings {
		if seen[f.Doubt] {
			continue
		}
		seen[f.Doubt] = true
		r.find(Finding{Kind: "form/doubt", Weight: Note, Text: rem.Text{
			Turkish: "İletinin biçiminde, başka programların farklı okuyabileceği bir yer var.",
			English: "There is a place in the form of the message that other programs may read otherwise.",
		}, Detail: f.String()})
	}
}

// compare asks the other readers (AT-06).
func (r *reader) compare(src mime.Source) error {
	c, err := mime.Compare(src, mime.Options{Limits: r.o.Mail, Messages: true})
	if err != nil {
		return err
	}
	if r.d.Difference = c.Difference(); r.d.Difference != "" {
		r.find(Finding{Kind: "form/ambiguous", Weight: Warning, Text: rem.Text{
			Turkish: "Bu ileti farklı programlarda farklı görünebilir. Ham iletiyi indirip karşılaştırabilirsiniz.",
			English: "This message may look different in other programs. You can download it as it is and compare.",
		}, Detail: r.d.Difference})
	}
	return nil
}
