package imapd

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strings"

	"rem"
	"rem/mail/html"
	"rem/mail/mime"
	"rem/message/mailbox"
)

// draft keeps a message that a program is writing as a draft, by what it says: to
// whom, subject, text, attachments. It gives the UID of its item.
func (n *session) draft(src mime.Source) (uint32, error) {
	m, err := mime.Parse(src, mime.Options{})
	if err != nil {
		if unreadable(err) {
			return 0, rem.Refuse(rem.InvalidMessageFormat, "İleti okunamıyor.", "The message cannot be read.")
		}
		return 0, err
	}
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	d := mailbox.Draft{ID: mailbox.DraftID(hex.EncodeToString(random[:])), Step: mailbox.Writing}
	d.Subject, _ = mime.DecodeText(m.Header.Get("Subject"))
	d.To, d.Cc = people(m.Header, "To"), people(m.Header, "Cc")
	if len(people(m.Header, "Bcc")) > 0 {
		return 0, rem.Refuse(rem.PolicyViolation, "Kayıtlı elektronik postada gizli alıcı olmaz.", "Registered mail has no hidden recipients.")
	}
	if err := n.parts(&d, m); err != nil {
		n.dropFiles(&d)
		return 0, err
	}
	if _, err := n.box.Save(n.ctx, n.who, d); err != nil {
		n.dropFiles(&d)
		return 0, err
	}
	// Its item is the newest of the drafts, or one of those that came with it.
	items, err := n.box.Find(n.ctx, n.who, mailbox.Query{Folder: mailbox.Drafts, Kinds: []mailbox.Kind{mailbox.Drafted}, Limit: mailbox.MaxPage}, "")
	if err != nil {
		return 0, err
	}
	for i := range items {
		if items[i].Draft == d.ID {
			return items[i].UID, nil
		}
	}
	return 0, nil
}

// people are the addresses of a field as they stand; what is no list of addresses is
// kept as it was typed.
func people(h *mime.Header, name string) (list []string) {
	value := h.Get(name)
	if strings.TrimSpace(value) == "" {
		return nil
	}
	all, err := mime.ParseMailboxes(value, mime.DefaultLimits)
	if err != nil {
		text, _ := mime.DecodeText(value)
		return []string{text}
	}
	for _, m := range all {
		list = append(list, m.Address)
	}
	return list
}

// parts takes texts and attachments out of the message.
func (n *session) parts(d *mailbox.Draft, m *mime.Message) error {
	for p := range m.All() {
		if len(p.Parts) > 0 {
			continue
		}
		name := p.FileName()
		attached := p.Disposition.Is("attachment") || name != ""
		switch {
		case !attached && p.Type.Is("text/plain") && d.Text == "":
			text, err := textOf(p, m.Source)
			if err != nil {
				return err
			}
			d.Text = text
		case !attached && p.Type.Is("text/html") && d.HTML == "":
			text, err := textOf(p, m.Source)
			if err != nil {
				return err
			}
			made := html.ForCompose(text, html.Options{})
			d.HTML = made.HTML
			if d.Text == "" {
				d.Text = made.Plain
			}
		case p.Body.Len() == 0 && !attached:
		default:
			if err := n.attach(d, p, m.Source, name); err != nil {
				return err
			}
		}
	}
	return nil
}

func textOf(p *mime.Part, src mime.Source) (string, error) {
	octets, _, err := p.Bytes(src, mailbox.MaxText)
	if unreadable(err) {
		return "", rem.Refuse(rem.PolicyViolation, "Metin çok uzun; belge olarak ekleyebilirsiniz.", "The text is too long; it can be attached as a document.")
	}
	if err != nil {
		return "", err
	}
	charset, _ := p.Type.Param("charset")
	text, _ := mime.DecodeCharset(charset, octets)
	return strings.ReplaceAll(text, "\r\n", "\n"), nil
}

func (n *session) attach(d *mailbox.Draft, p *mime.Part, src mime.Source, name string) error {
	if len(d.Files) >= mailbox.MaxFiles {
		return rem.Refuse(rem.PolicyViolation, "Ek sayısı sınırın üstünde.", "There are more attachments than allowed.")
	}
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	f := mailbox.File{ID: hex.EncodeToString(random[:]), Name: name, Type: p.Type.Type}
	if f.Name == "" {
		f.Name = "ek"
	}
	var err error
	f.Size, f.Digest, err = n.box.Attach(n.ctx, n.who, d.ID, f.ID, p.Decode(src), n.srv.limits.Append)
	if err != nil {
		return err
	}
	d.Files = append(d.Files, f)
	return nil
}

// dropFiles gives back what a draft kept that is none.
func (n *session) dropFiles(d *mailbox.Draft) {
	for _, f := range d.Files {
		_ = n.box.Store.DropFile(context.WithoutCancel(n.ctx), n.who.Actor, d.ID, f.ID)
	}
}
