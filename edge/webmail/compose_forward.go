package webmail

import (
	"errors"

	"rem"
	"rem/edge/web"
	"rem/message/mailbox"
)

// forwardPage asks what goes along with a message that is passed on.
type forwardPage struct {
	Path, Back string
	Facts      []web.Fact
	Files      []forwardFile
	With       web.Field
}

type forwardFile struct {
	Name string
	Kind rem.Text
	Size rem.Text
}

// enclosures are by their names in the form.
var enclosures = map[string]mailbox.Enclosure{"text": mailbox.NoEnclosure, "attachments": mailbox.Attachments, "whole": mailbox.Whole}

// forwarding asks what of a message goes along. It opens nothing that was not opened.
func (p *pages) forwarding(v *visit, item string) (web.Answer, error) {
	return p.forwardPage(v, item, web.NewForm(nil))
}

func (p *pages) forwardPage(v *visit, item string, f *web.Form) (web.Answer, error) {
	row, c, err := p.quotable(v, item)
	if err != nil {
		return nil, err
	}
	defer closeContent(c)
	d := forwardPage{Path: "/mail/forward/" + item, Back: itemPath(row.ID), Facts: []web.Fact{
		{Term: text("Gönderen", "Sender"), Value: web.Cell{Text: partyName(row.Record.Sender)}},
		{Term: text("Konu", "Subject"), Value: web.Cell{Text: orNone(v, row.Record.Subject)}},
	}}
	doc, err := p.read(v, c, false)
	if err != nil && !odd(err) {
		return nil, err
	}
	if err == nil {
		for i := range doc.Attachments {
			a := &doc.Attachments[i]
			x := forwardFile{Name: shown(a.Name), Kind: a.Label, Size: octets(a.Size)}
			if x.Kind == (rem.Text{}) {
				x.Kind = same(a.Type)
			}
			d.Files = append(d.Files, x)
		}
	}
	files := web.Choice{Value: "attachments", Label: text("Ekleriyle", "With its attachments"), Help: text("Aşağıdaki dosyalar bayt bayt aynı olarak eklenir; istemediğinizi sonra çıkarabilirsiniz.", "The files below are attached, octet for octet; you can take out any of them afterwards.")}
	value := "attachments"
	if len(d.Files) == 0 {
		value, files.Closed, files.Help, files.Why = "text", true, rem.Text{}, text("iletide ek yok.", "the message has none.")
	}
	whole := octets(c.Size())
	d.With = f.Field(web.Field{Name: "with", Type: web.RadioInput, Label: text("İletiyle birlikte ne gitsin?", "What goes along with it?"), Choices: []web.Choice{files,
		{Value: "whole", Label: text("İletinin tamamı ek olarak ("+whole.Turkish+")", "The whole message, attached ("+whole.English+")"), Help: text("Özgün ileti, gönderenin imzasıyla ve bayt bayt aynı olarak eklenir; alan kişi imzayı kendisi doğrulayabilir.", "The original is attached with its sender's signature, octet for octet; who gets it can verify the signature himself.")},
		{Value: "text", Label: text("Yalnız metni", "Its text alone"), Help: text("Metin alıntılanır; ek gitmez.", "The text is quoted; nothing is attached.")}}})
	for i := range d.With.Choices {
		x := &d.With.Choices[i]
		x.Chosen = x.Chosen || !f.Has("with") && x.Value == value
	}
	return web.Page{View: p.views.Page("compose-forward"), Title: text("İletiyi ilet", "Forward a message"), Data: d, Form: f}, nil
}

// forward begins a draft that passes a message on, with what was chosen.
func (p *pages) forward(v *visit) (web.Answer, error) {
	if !v.writes() {
		return nil, &web.Forbidden{Why: text("Bu hesapta ileti hazırlama yetkiniz yok.", "You have no authority to write messages on this account.")}
	}
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	with, known := enclosures[f.Get("with")]
	if !known {
		return nil, web.ErrForm
	}
	d := mailbox.Draft{ID: mailbox.DraftID(random()), Step: mailbox.Writing}
	if err := p.answerTo(v, &d, v.Var("item"), "forward"); err != nil {
		return nil, err
	}
	row, c, err := p.quotable(v, v.Var("item"))
	if err != nil {
		return nil, err
	}
	closeContent(c)
	d.Files, err = p.Box.Enclose(v.Context(), v.who, row.ID, d.ID, with, p.limit())
	if err == nil {
		if _, err = p.Box.Save(v.Context(), v.who, d); err != nil {
			p.detach(v, d.ID, &mailbox.Draft{}, d.Files)
		}
	}
	if err != nil {
		if _, refused := errors.AsType[*rem.Refusal](err); !refused && !errors.Is(err, mailbox.ErrTooMany) {
			return nil, err
		}
		if err := told(f, "with", err); err != nil {
			return nil, err
		}
		return p.forwardPage(v, v.Var("item"), f)
	}
	return web.Redirect{To: composePath(d.ID)}, nil
}
