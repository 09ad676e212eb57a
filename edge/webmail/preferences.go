package webmail

import (
	"fmt"
	"strconv"

	"rem"
	"rem/edge/web"
	"rem/message/mailbox"
	"rem/person/account"
)

type preferencesPage struct {
	Ask   web.Field
	Ways  []web.Field
	Hours []web.Field
}

// hours are the choices of an hour of Türkiye's time.
func hours(chosen int, none rem.Text) (list []web.Choice) {
	if none != (rem.Text{}) {
		list = append(list, web.Choice{Value: "-1", Label: none, Chosen: chosen == -1})
	}
	for h := range 24 {
		list = append(list, web.Choice{Value: strconv.Itoa(h), Label: same(fmt.Sprintf("%02d:00", h)), Chosen: chosen == h})
	}
	return list
}

func (p *pages) preferences(v *visit) (web.Answer, error) {
	o, err := p.Box.Preferences(v.Context(), v.who)
	if err != nil {
		return nil, err
	}
	return p.preferencesPage(v, web.NewForm(nil), o)
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

func (p *pages) preferencesPage(v *visit, f *web.Form, o mailbox.Preferences) (web.Answer, error) {
	d := preferencesPage{
		Ask: web.Field{Name: "ask", Type: web.CheckInput, Optional: true, Value: yes(o.AskFirst), Label: text("Bir ileti ilk kez açılmadan önce bana sor", "Ask me before a message is opened for the first time"),
			Help: text("İlk açılış, adınızı ve zamanı gösteren bir okundu delili üretir ve gönderene bildirilir.", "The first opening makes evidence with your name and the time, and the sender is told.")},
		Ways: []web.Field{
			{Name: "mail", Type: web.CheckInput, Optional: true, Value: yes(o.Mail), Label: text("E-posta ile", "By e-mail")},
			{Name: "sms", Type: web.CheckInput, Optional: true, Value: yes(o.SMS), Label: text("SMS ile", "By text message")},
		},
		Hours: []web.Field{
			{Name: "digest", Type: web.SelectInput, Label: text("Günlük özet", "Digest"), Help: text("Seçerseniz gelenler günde bir kez, bu saatte bildirilir.", "With an hour, you are told once a day at that hour."), Choices: hours(o.Digest, text("Hayır, geldikçe bildir", "No, tell me as they arrive"))},
			{Name: "from", Type: web.SelectInput, Label: text("Sessiz saatlerin başı", "Quiet hours begin"), Help: text("Başı ve sonu aynıysa sessiz saat yoktur.", "None when begin and end are the same."), Choices: hours(o.QuietFrom, rem.Text{})},
			{Name: "until", Type: web.SelectInput, Label: text("Sessiz saatlerin sonu", "Quiet hours end"), Choices: hours(o.QuietUntil, rem.Text{})},
		},
	}
	page := web.Page{View: p.views.Page("preferences"), Title: text("Posta tercihleri", "Mail preferences"), Form: f,
		Lead: text("Tercihler bu hesapta yalnız sizin içindir. Saatler Türkiye saatidir.", "These are yours alone, on this account. Hours are those of Türkiye.")}
	for i, need := range []account.Permissions{account.MailNotices, account.SMSNotices} {
		if !v.may.Has(need) {
			d.Ways[i].Help = text("Bu hesapta bu yolla bildirim alma yetkiniz yok; seçseniz de bildirim gelmez.", "You have no authority to be told so on this account; you will not be, even when it is chosen.")
		}
	}
	if !f.Good() {
		for _, fields := range [][]web.Field{d.Ways, d.Hours} {
			for i := range fields {
				fields[i] = f.Field(fields[i])
			}
		}
		d.Ask = f.Field(d.Ask)
	}
	page.Data = d
	if n := v.done(); n != nil {
		page.Notices = append(page.Notices, *n)
	}
	return page, nil
}

func (p *pages) prefer(v *visit) (web.Answer, error) {
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	hour := func(field string) int {
		n, err := strconv.Atoi(f.Get(field))
		if err != nil {
			f.Fail(field, text("Bir saat seçin.", "Choose an hour."))
		}
		return n
	}
	o := mailbox.Preferences{
		AskFirst: f.Get("ask") == "yes", Mail: f.Get("mail") == "yes", SMS: f.Get("sms") == "yes",
		Digest: hour("digest"), QuietFrom: hour("from"), QuietUntil: hour("until"),
	}
	if f.Good() {
		if err := told(f, "digest", p.Box.SetPreferences(v.Context(), v.who, o)); err != nil {
			return nil, err
		}
	}
	if !f.Good() {
		return p.preferencesPage(v, f, o)
	}
	return web.Redirect{To: "/mail/preferences?done=saved"}, nil
}

// programs shows the mail programs that are logged in now.
func (p *pages) programs(v *visit) (web.Answer, error) {
	list, err := p.Programs.Programs(v.Context(), v.who)
	if err != nil {
		return nil, err
	}
	names, err := p.people(v)
	if err != nil {
		return nil, err
	}
	type row struct {
		ID, Name string
		Facts    []web.Fact
	}
	rows := make([]row, 0, len(list))
	for _, x := range list {
		r := row{ID: x.ID, Name: v.Say(text("Posta programı", "Mail program")) + " · " + shown(x.From), Facts: []web.Fact{{Term: text("Girdiği zaman", "Logged in"), Value: web.Cell{Time: x.Since}}}}
		who := web.Cell{Say: text("siz", "you")}
		if !x.Own {
			who = web.Cell{Text: names[x.Who]}
		}
		r.Facts = append(r.Facts, web.Fact{Term: text("Kişi", "Person"), Value: who})
		rows = append(rows, r)
	}
	page := web.Page{View: p.views.Page("programs"), Title: text("Posta programları", "Mail programs"), Data: rows,
		Lead: text("Şu anda hesabınıza bağlı olan posta programları.", "The mail programs that are logged in to your account now.")}
	if n := v.done(); n != nil {
		page.Notices = append(page.Notices, *n)
	}
	return page, nil
}

func (p *pages) endProgram(v *visit) (web.Answer, error) {
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	if err := p.Programs.EndProgram(v.Context(), v.who, f.Get("program")); err != nil {
		return nil, err
	}
	return web.Redirect{To: "/mail/programs?done=ended"}, nil
}
