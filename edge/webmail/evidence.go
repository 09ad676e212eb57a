package webmail

import (
	"fmt"

	"rem"
	"rem/edge/web"
	"rem/message"
	"rem/message/export"
	"rem/message/mailbox"
)

// filed finds one evidence of an item's message by the digest of its XML: an
// identifier of another provider reaches no address.
func (t *tale) filedBy(digest string) (*message.Filed, bool) {
	for i := range t.filed {
		if t.filed[i].Digest.String() == digest {
			return &t.filed[i], true
		}
	}
	return nil, false
}

type evidencePage struct {
	Panel   judged
	Message web.Link
	XML     string
	Files   []web.Link
}

// evidenceItem shows the evidence that an item of the evidence box is.
func (p *pages) evidenceItem(v *visit, r *mailbox.Row) (web.Answer, error) {
	if r.Filed == nil {
		return nil, web.ErrNotFound
	}
	return p.evidencePage(v, r, r.Filed.Digest.String())
}

func (p *pages) evidence(v *visit) (web.Answer, error) {
	row, err := p.item(v)
	if err != nil {
		return nil, err
	}
	if row.Kind == mailbox.Drafted {
		return nil, web.ErrNotFound
	}
	return p.evidencePage(v, &row, v.Var("evidence"))
}

func (p *pages) evidencePage(v *visit, r *mailbox.Row, digest string) (web.Answer, error) {
	t, err := p.tale(v, r)
	if err != nil {
		return nil, err
	}
	f, ok := t.filedBy(digest)
	if !ok {
		return nil, web.ErrNotFound
	}
	d := evidencePage{XML: string(f.XML), Message: web.Link{Text: same(orNone(v, t.Subject)), Path: itemPath(r.ID)}}
	if r.Kind == mailbox.Evidence {
		// The message itself is another item, when it was not removed.
		d.Message.Path = ""
		items, err := p.Box.Items(v.Context(), v.who, mailbox.Query{Message: r.Message, Kinds: []mailbox.Kind{mailbox.Sent}, Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(items) > 0 {
			d.Message.Path = itemPath(items[0].ID)
		}
	}
	for _, x := range t.panels(r.ID) {
		if x.Path == evidencePath(r.ID, f.Digest) {
			d.Panel = x
			d.Panel.Open, d.Panel.Path = true, "" // this is its page
		}
	}
	base := evidencePath(r.ID, f.Digest)
	d.Files = []web.Link{{Text: text("Delili indir (XML)", "Download the evidence (XML)"), Path: base + "/xml"}, {Text: text("E-posta olarak indir (.eml)", "Download as mail (.eml)"), Path: base + "/eml"}}
	return web.Page{View: p.views.Page("evidence"), Title: d.Panel.Name, Data: d, Script: web.Mailbox}, nil
}

// evidenceFile gives an evidence as it was filed, or in a mail (REQ-62).
func (p *pages) evidenceFile(v *visit) (web.Answer, error) {
	row, err := p.item(v)
	if err != nil {
		return nil, err
	}
	if row.Kind == mailbox.Drafted {
		return nil, web.ErrNotFound
	}
	filed, err := p.Box.EvidenceOf(v.Context(), v.who, row.Message)
	if err != nil {
		return nil, err
	}
	for _, f := range filed {
		if f.Digest.String() != v.Var("evidence") {
			continue
		}
		name := fmt.Sprintf("delil-%s-%s", row.Message.Token(), f.Digest.String()[:8])
		switch v.Var("form") {
		case "xml":
			return web.Download{Name: name + ".xml", Type: "application/xml", Body: f.XML}, nil
		case "eml":
			b, err := mailbox.EvidenceMail(row.Record, f, p.Box.Domain)
			if err != nil {
				return nil, err
			}
			return web.Download{Name: name + ".eml", Type: "message/rfc822", Body: b}, nil
		}
	}
	return nil, web.ErrNotFound
}

// bundle gives a message and all evidence about it as one zip file.
func (p *pages) bundle(v *visit) (web.Answer, error) {
	row, err := p.item(v)
	if err != nil {
		return nil, err
	}
	if row.Kind != mailbox.Sent && row.Kind != mailbox.Received || !p.isOpened(v, &row) {
		return nil, web.ErrNotFound
	}
	return p.zip(v, "ileti-"+row.Message.Token()+".zip", []mailbox.ItemID{row.ID}, export.Options{})
}

// report gives the report for a judge.
func (p *pages) report(v *visit) (web.Answer, error) {
	row, err := p.item(v)
	if err != nil {
		return nil, err
	}
	if p.Report == nil || row.Kind != mailbox.Sent && row.Kind != mailbox.Received || !p.isOpened(v, &row) {
		return nil, web.ErrNotFound
	}
	t, err := p.tale(v, &row)
	if err != nil {
		return nil, err
	}
	b, err := p.Report(v.Context(), t.view, t.filed, t.Message, v.Language)
	if err != nil {
		return nil, err
	}
	return web.Download{Name: "rapor-" + row.Message.Token() + ".pdf", Type: "application/pdf", Body: b}, nil
}

// original gives the message byte for byte.
func (p *pages) original(v *visit) (web.Answer, error) {
	row, c, err := p.content(v)
	if err != nil {
		return nil, err
	}
	name := "ileti-" + token(&row) + ".eml"
	return web.Stream{Name: name, Type: "message/rfc822", Size: c.Size(), ReadCloser: reader(c)}, nil
}

func token(r *mailbox.Row) string {
	if r.Message == (rem.MessageID("")) {
		return "taslak"
	}
	return r.Message.Token()
}
