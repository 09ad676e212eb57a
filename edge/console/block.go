package console

import (
	"time"

	"rem"
	"rem/edge/web"
)

// A block is a piece of a page, under a heading of its own. What is set of it is
// shown, in this order.
type block struct {
	Title    rem.Text
	Text     rem.Text
	Tabs     []tab
	Facts    []web.Fact
	Table    *web.Table
	Timeline []web.Event
	Pre      string // a text that is read or signed octet for octet
	Links    []web.Link
	Actions  []web.Action
	Form     *form
	// Cannot lists what cannot be done now, with the reason.
	Cannot []cannot
}

// Anchor names the heading.
func (b block) Anchor() string { return "b-" + anchor(b.Title.English) }

func anchor(s string) string {
	out := []byte{}
	for _, c := range []byte(rem.FoldASCII(s)) {
		if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' {
			out = append(out, c)
		}
	}
	return string(out)
}

// A tab leads to another part of a list.
type tab struct {
	Text  rem.Text
	Count int // -1: none is shown
	Path  string
	Here  bool
}

// cannot is an action that is not possible.
type cannot struct{ What, Why rem.Text }

// A form is sent to a page of ours.
type form struct {
	Path   string
	Get    bool // it asks, and changes nothing
	Files  bool
	Tight  bool // answers of a question stand side by side
	Fields []web.Field
	Hidden []web.Hidden
	Button rem.Text
	Tone   web.Tone
	Back   string
}

// page makes a page of blocks.
func (p *pages) page(title, lead rem.Text, blocks ...block) web.Page {
	return web.Page{View: p.views.Page("blocks"), Title: title, Lead: lead, Data: blocks, Wide: true}
}

// did are the sentences that stand on a page after something was done there.
var did = map[string]rem.Text{
	"taken-up":    text("Dosya sizde.", "The case is yours."),
	"given-back":  text("Dosya diğer onay görevlilerine bırakıldı.", "The case was left to the other approvers."),
	"approved":    text("Başvuru onaylandı.", "The application was approved."),
	"refused":     text("Başvuru reddedildi; gerekçe başvuru sahibine bildirilecek.", "The application was refused; the applicant will read the reason."),
	"returned":    text("Başvuru, gerekçesiyle başvuru sahibine geri gönderildi.", "The application went back to the applicant, with the reason."),
	"cleared":     text("Şüpheler giderilmiş olarak kaydedildi.", "The doubts were recorded as settled."),
	"handed-in":   text("Belge tarandı ve mühürlenerek saklandı.", "The paper was scanned, sealed and kept."),
	"identified":  text("Kimlik kaydı saklandı.", "The record of identification was kept."),
	"issued":      text("İş emri verildi.", "The work order was issued."),
	"handed-over": text("Belgeler teslim alındı.", "The papers were taken over."),
	"finished":    text("İş emri tamamlandı; kimlik kaydı başvuruya işlendi.", "The work order is done; its record is with the application."),
	"cancelled":   text("İş emri iptal edildi.", "The work order was cancelled."),
	"accepted":    text("İş emrini üstlendiniz.", "You accepted the work order."),
	"left":        text("İş emri kurumunuzdaki diğer görevlilere bırakıldı.", "The work order was left to your colleagues."),
	"visited":     text("Ziyaret sonucu imzasıyla kaydedildi.", "The result of the visit was recorded with its signature."),
	"taken":       text("Belgeler artık sizde.", "The papers are with you now."),
	"proposed":    text("Öneri kaydedildi; başka bir personel yöneticisinin onayı bekleniyor.", "The proposal was recorded; another manager has to confirm it."),
	"confirmed":   text("Öneri onaylandı.", "The proposal was confirmed."),
	"declined":    text("Öneri kaldırıldı.", "The proposal was taken away."),
	"given-up":    text("İş emri iade edildi.", "The work order was returned."),
	"bound":       text("Politikayı onayladığınız kaydedildi.", "That you acknowledged the policy was recorded."),
	"trained":     text("Eğitim kaydedildi.", "The training was recorded."),
	"ended":       text("Görev sona erdirildi; oturumlar kapatıldı.", "It has ended; the sessions are over."),
	"added":       text("Kurum eklendi.", "The institution was added."),
	"moved":       text("Hesabın durumu değişti.", "The state of the account has changed."),
}

// done leads to a page that says what was done.
func done(path, what string) web.Answer { return web.Redirect{To: path + "?did=" + what} }

// with puts the sentence of what was done above a page.
func with(r *web.Request, pg web.Page) web.Page {
	if t, ok := did[r.Query("did")]; ok && !r.Posted() {
		pg.Notices = append([]web.Notice{{Tone: web.Good, Text: t}}, pg.Notices...)
	}
	return pg
}

func say(t rem.Text) web.Cell { return web.Cell{Say: t} }
func code(s string) web.Cell  { return web.Cell{Text: s, Code: true} }
func badge(t rem.Text, tone web.Tone) web.Cell {
	return web.Cell{Say: t, Badge: true, Tone: tone}
}

// lastDay is the last day of what ends at a time.
func lastDay(end time.Time) web.Cell {
	if end.IsZero() {
		return web.Cell{}
	}
	return web.Cell{Time: end.Add(-time.Second), Day: true}
}

func fact(tr, en string, v web.Cell) web.Fact { return web.Fact{Term: text(tr, en), Value: v} }

func column(tr, en string) web.Column { return web.Column{Head: text(tr, en)} }

// both puts two texts behind one another.
func both(a rem.Text, sep string, b rem.Text) rem.Text {
	if b == (rem.Text{}) {
		return a
	}
	return rem.Text{Turkish: a.Turkish + sep + b.Turkish, English: a.English + sep + b.English}
}

func plain(s string) rem.Text { return rem.Text{Turkish: s, English: s} }
