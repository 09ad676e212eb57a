package webmail

import (
	"crypto/rand"
	"encoding/hex"
	"html/template"
	"strings"
	"time"

	"rem"
	"rem/edge/web"
	safe "rem/mail/html"
	"rem/message/mailbox"
	"rem/person/account"
)

// istanbul is where people's days and clocks are; UTC+3 all year since 2016.
var istanbul = time.FixedZone("Europe/Istanbul", 3*60*60)

// composePath is the page of a draft.
func composePath(id mailbox.DraftID) string { return "/mail/compose/" + string(id) }

// composeRoutes are those of the writing side.
func (p *pages) composeRoutes() []web.Route {
	long := func(r web.Route, body int64) web.Route {
		r.MaxValue, r.MaxBody = mailbox.MaxText, body
		return r
	}
	// A form with files has all of them at once, beside the text.
	whole := p.limit() + 4*mailbox.MaxText
	return []web.Route{
		p.get("compose", "/mail/compose", p.compose), p.get("draft", "/mail/compose/{draft}", p.draft),
		long(p.post("save draft", "/mail/compose/{draft}", p.saveDraft), whole),
		long(p.post("keep draft", "/mail/compose/{draft}/keep", p.keepDraft), 6*mailbox.MaxText),
		long(p.post("attach", "/mail/compose/{draft}/file", p.attachFiles), whole),
		p.get("draft file", "/mail/compose/{draft}/file/{file}", p.draftFile),
		p.get("unsigned", "/mail/compose/{draft}/unsigned", p.unsigned),
		p.post("hand over", "/mail/compose/{draft}/hand", p.handOver), p.post("take back", "/mail/compose/{draft}/back", p.takeBack),
		p.get("dropping draft", "/mail/compose/{draft}/drop", p.dropping), p.post("drop draft", "/mail/compose/{draft}/drop", p.dropDraft),
		p.post("forward", "/mail/forward/{item}", p.forward),
		p.post("check recipients", "/mail/recipients", p.checkRecipients),
		p.get("to sign", "/mail/to-sign", p.toSign),
	}
}

// limit is how large a signed package may be here, in octets.
func (p *pages) limit() int64 {
	if p.MaxPackage > 0 {
		return p.MaxPackage
	}
	return 25 << 20 // the practice's default
}

// writes reports whether the visitor may write on the account.
func (v *visit) writes() bool { return v.may&(account.Sending|account.Preparing) != 0 }

// random names something of ours.
func random() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// A writing is the page on which a draft is written.
type writing struct {
	Draft    mailbox.Draft
	Path     string
	Form     *web.Form
	HTML     template.HTML // of the draft; made safe by the box
	Script   string        // JSON for compose.js
	Files    []draftFile
	Meter    meter
	Subject  web.Field
	To, Cc   web.Field
	Text     web.Field
	File     web.Field
	Day      string
	Hour     string
	Insert   []web.Choice // templates and signatures
	Conflict *conflict
	Why      *rem.Text
	Saved    time.Time
	Last     string // the last day that can be chosen
	Contacts []suggested
}

type conflict struct {
	Subject, Text string
	To            string
	Saved         time.Time
}

// compose begins a draft: empty, from a template, or an answer to a message. It keeps
// nothing until the draft is saved. Who passes a message on is asked first what goes
// along.
func (p *pages) compose(v *visit) (web.Answer, error) {
	if !v.writes() {
		return nil, &web.Forbidden{Why: text("Bu hesapta ileti hazırlama yetkiniz yok.", "You have no authority to write messages on this account.")}
	}
	d := mailbox.Draft{ID: mailbox.DraftID(random()), Step: mailbox.Writing}
	if v.Query("how") == "forward" {
		return p.forwarding(v, v.Query("item"))
	}
	if item := v.Query("item"); item != "" {
		if err := p.answerTo(v, &d, item, v.Query("how")); err != nil {
			return nil, err
		}
	}
	return p.writingPage(v, writing{Draft: d, Form: web.NewForm(nil)})
}

// draft shows a draft: to be written, or what became of it on its way.
func (p *pages) draft(v *visit) (web.Answer, error) {
	d, err := p.Box.Draft(v.Context(), v.who, mailbox.DraftID(v.Var("draft")))
	if err != nil {
		return nil, err
	}
	switch d.Step {
	case mailbox.ToSign, mailbox.Scheduled, mailbox.Sending:
		return p.onItsWay(v, &d)
	}
	w := writing{Draft: d, Form: web.NewForm(nil)}
	if d.Step == mailbox.Stopped {
		w.Why = &d.Why
	}
	return p.writingPage(v, w)
}

// writingPage shows a draft as it is, or as it was just typed.
func (p *pages) writingPage(v *visit, w writing) (web.Answer, error) {
	d := &w.Draft
	w.Path, w.Saved = composePath(d.ID), d.Saved
	// The box kept what mail/html wrote; it is written once more, whoever kept it.
	w.HTML = template.HTML(safe.ForCompose(d.HTML, safe.Options{}).HTML)
	w.To = w.Form.Field(web.Field{Name: "to", Type: web.TextInput, Label: text("Kime", "To"), Value: strings.Join(d.To, ", "), Help: text("KEP adresleri, virgülle ayrılır. Kişi ve grup adı da yazabilirsiniz.", "Registered addresses, separated by commas. Names of your contacts and groups will do.")})
	w.Cc = w.Form.Field(web.Field{Name: "cc", Type: web.TextInput, Optional: true, Label: text("Bilgi", "Cc"), Value: strings.Join(d.Cc, ", "), Help: text("Gizli alıcı (Bcc) yoktur: herkes delilde görünür.", "There is no Bcc: everybody is named in the evidence.")})
	w.Subject = w.Form.Field(web.Field{Name: "subject", Label: text("Konu", "Subject"), Value: d.Subject, Max: mailbox.MaxSubject})
	w.Text = w.Form.Field(web.Field{Name: "text", Type: web.AreaInput, Optional: true, Label: text("Metin", "Text"), Value: d.Text})
	w.File = w.Form.Field(web.Field{Name: "file", Type: web.FileInput, Optional: true, Multiple: true, Label: text("Ek ekle", "Attach files"), Help: text("Bir seferde en çok 10 dosya; türü içeriğinden belirlenir.", "At most 10 at once; the type is told from the content.")})
	w.Last = v.Now().Add(mailbox.MaxAhead).In(istanbul).Format(time.DateOnly)
	if !d.SendAt.IsZero() && d.Step == mailbox.Writing {
		at := d.SendAt.In(istanbul)
		w.Day, w.Hour = at.Format(time.DateOnly), at.Format("15:04")
	}
	if w.Form.Has("day") {
		w.Day, w.Hour = w.Form.Get("day"), w.Form.Get("hour")
	}
	for _, f := range d.Files {
		w.Files = append(w.Files, fileOf(d.ID, f))
	}
	size, err := p.Box.Measure(v.Context(), v.who, *d)
	if err != nil {
		return nil, err
	}
	w.Meter = p.meterOf(size, d)
	if err := p.keepsakesFor(v, &w); err != nil {
		return nil, err
	}
	if w.Script, err = p.composeScript(v, &w); err != nil {
		return nil, err
	}
	title := text("Yeni ileti", "New message")
	if d.Version > 0 {
		title = text("Taslak", "Draft")
	}
	page := web.Page{View: p.views.Page("compose"), Title: title, Data: w, Form: w.Form, Script: web.Compose, Wide: true}
	if n := v.done(); n != nil {
		page.Notices = append(page.Notices, *n)
	}
	if w.Why != nil {
		page.Notices = append(page.Notices, web.Notice{Tone: web.Bad, Title: text("Bu ileti gönderilemedi.", "This message could not be sent."), Text: *w.Why})
	}
	if w.Conflict != nil {
		page.Status = 409
		page.Notices = append(page.Notices, web.Notice{Tone: web.Attention, Title: text("Taslak bu arada değiştirildi.", "The draft was changed meanwhile."),
			Text: text("Aşağıda sizin yazdığınız var; öteki hâli en altta. Yeniden kaydederseniz sizinki geçerli olur.", "Below is what you wrote; the other version is at the end. Saving again keeps yours.")})
	}
	return page, nil
}
