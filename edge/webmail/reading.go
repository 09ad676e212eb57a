package webmail

import (
	"io"
	"strconv"

	"rem"
	"rem/edge/web"
	"rem/mail/archive"
	"rem/message"
	"rem/message/mailbox"
)

// maxSource is how much of a message's source the page shows; the file has all.
const maxSource = 256 << 10

// reader reads a content to its end, and closes it.
func reader(c message.Content) io.ReadCloser {
	return &opened{io.NewSectionReader(c, 0, c.Size()), c}
}

// opened is a reader that closes the content with it.
type opened struct {
	io.Reader
	content message.Content
}

func (r *opened) Close() error { closeContent(r.content); return nil }

type messagePage struct {
	Sent       bool
	Facts      []web.Fact
	Numbers    []web.Fact
	Signature  judged
	Document   *documentView
	Recipients []recipientView
	Summary    rem.Text
	Evidence   []judged
	Files      []web.Link
	Acting     acting
	Back       web.Link
	Answers    []web.Link // pages for writing that begin with this message
}

// reading shows a message that somebody of the account has opened, or sent.
func (p *pages) reading(v *visit, r *mailbox.Row) (web.Answer, error) {
	t, err := p.tale(v, r)
	if err != nil {
		return nil, err
	}
	c, err := p.Box.Open(v.Context(), v.who, r.ID)
	if err != nil {
		return nil, err
	}
	defer closeContent(c)
	d := messagePage{Sent: r.Kind == mailbox.Sent, Acting: actingOn(v, r), Back: web.Link{Text: text("Listeye dön", "Back to the list"), Path: folderPath(r.Folder)}}
	if d.Signature, _, err = p.signature(v.Context(), c, t.filed); err != nil {
		return nil, err
	}
	if d.Document, err = p.document(v, r, c); err != nil {
		return nil, err
	}
	d.Facts, d.Numbers = p.head(v, r, t), numbers(&t.view.Record)
	d.Recipients, d.Evidence, d.Summary = t.recipients(r.ID), t.panels(r.ID), t.Summary.Text()
	base := itemPath(r.ID)
	d.Files = []web.Link{
		{Text: text("Orijinal ileti (.eml)", "Original message (.eml)"), Path: base + "/original"},
		{Text: text("Kaynağı göster", "View source"), Path: base + "/source"},
		{Text: text("İleti ve bütün deliller (zip)", "Message and all evidence (zip)"), Path: base + "/bundle"},
	}
	if p.composes && v.writes() {
		begin := "/mail/compose?item=" + strconv.FormatInt(int64(r.ID), 10) + "&how="
		d.Answers = []web.Link{
			{Text: text("Yanıtla", "Reply"), Path: begin + "reply"}, {Text: text("Tümünü yanıtla", "Reply to all"), Path: begin + "all"},
			{Text: text("İlet", "Forward"), Path: begin + "forward"},
		}
	}
	if p.Report != nil {
		d.Files = append(d.Files, web.Link{Text: text("Mahkeme için rapor (PDF)", "Report for a court (PDF)"), Path: base + "/report"})
	}
	return web.Page{View: p.views.Page("message"), Title: same(orNone(v, r.Record.Subject)), Data: d, Wide: true, Frames: true, Script: web.Mailbox}, nil
}

// head are the facts of the journal: who, to whom, when. What the message itself
// says of it is its sender's word.
func (p *pages) head(v *visit, r *mailbox.Row, t *tale) []web.Fact {
	rec := &t.view.Record
	list := []web.Fact{{Term: text("Gönderen", "Sender"), Value: web.Cell{Text: partyName(rec.Sender)}}}
	for _, cc := range []bool{false, true} {
		term := text("Alıcı", "To")
		if cc {
			term = text("Bilgi", "Cc")
		}
		for i := range rec.Recipients {
			if rec.Recipients[i].Copy == cc {
				list = append(list, web.Fact{Term: term, Value: web.Cell{Text: partyName(rec.Recipients[i].Party)}})
				term = rem.Text{}
			}
		}
	}
	for _, m := range []struct {
		flag mailbox.Flags
		says rem.Text
	}{{mailbox.Answered, text("Yanıtlandı", "Answered")}, {mailbox.Forwarded, text("İletildi", "Forwarded")}} {
		if r.Flags&m.flag != 0 {
			list = append(list, web.Fact{Term: text("Bu hesaptan", "From this account"), Value: badge(m.says, web.Info)})
		}
	}
	list = append(list, timeFact(text("Gönderildi", "Submitted"), rec.Submitted))
	if r.Kind == mailbox.Received {
		list = append(list, timeFact(text("Kutunuza geldi", "Arrived in your mailbox"), r.At))
		if !r.Opened.IsZero() {
			list = append(list, timeFact(text("İlk açılış", "First opened"), r.Opened))
		}
	}
	return append(list, unscanned(rec)...)
}

// unscanned tells what a scanner could not look through when the message came (AT-09).
func unscanned(rec *message.Record) (list []web.Fact) {
	for _, k := range rec.Unscanned {
		said := badge(text("Bir ek zararlı yazılıma karşı taranmadı", "An attachment was not scanned for malware"), web.Bad)
		said.Note = archive.Finding{Kind: k}.Text()
		list = append(list, web.Fact{Term: text("Gelirken tarama", "Scan on arrival"), Value: said})
	}
	return list
}

// numbers are by what the message is known elsewhere.
func numbers(rec *message.Record) []web.Fact {
	return append([]web.Fact{{Term: text("Boyut", "Size"), Value: web.Cell{Say: octets(rec.Size)}}},
		web.Fact{Term: text("İleti kimliği", "Message identifier"), Value: web.Cell{Text: shown(string(rec.ID)), Code: true}},
		web.Fact{Term: same("SHA-256"), Value: web.Cell{Text: rec.Digest.String(), Code: true}})
}

type sourcePage struct {
	Text string
	Cut  bool
	Path string
}

// source shows the beginning of a message as it is.
func (p *pages) source(v *visit) (web.Answer, error) {
	row, c, err := p.content(v)
	if err != nil {
		return nil, err
	}
	defer closeContent(c)
	b, err := io.ReadAll(io.NewSectionReader(c, 0, min(c.Size(), maxSource)))
	if err != nil {
		return nil, err
	}
	d := sourcePage{Text: visible(string(b)), Cut: c.Size() > maxSource, Path: itemPath(row.ID) + "/original"}
	return web.Page{View: p.views.Page("source"), Title: text("İletinin kaynağı", "Source of the message"), Data: d, Wide: true,
		Lead: text("Olduğu gibi; hiçbir şey çözülmeden.", "As it is; nothing is decoded.")}, nil
}
