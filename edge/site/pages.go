package site

import (
	"strings"
	"time"

	"rem"
	"rem/edge/web"
	"rem/privacy"
	"rem/privacy/inventory"
	"rem/privacy/notice"
)

type homePage struct {
	Apply, Login bool
	Cards        []web.Card
}

func (s *site) home(*web.Request) (web.Answer, error) {
	d := homePage{Apply: s.Apply, Login: s.Login, Cards: []web.Card{
		{Title: text("Delil doğrulayın", "Verify an evidence"), Text: text("Elinizdeki bir delilin ya da KEP iletisinin geçerli olup olmadığını görün. Dosyanız saklanmaz.", "See whether an evidence or a message that you have is valid. Your file is not kept."), Path: "/verify"},
		{Title: text("Verileriniz", "Your data"), Text: text("Hangi bilgiyi ne için işlediğimizi ve ne kadar sakladığımızı okuyun.", "Read which data we process, what for, and how long it is kept."), Path: notice.CurrentPath},
		{Title: text("Uygulama esasları", "Practice statement"), Text: text("Hizmetin uyduğu kurallar, süreler ve sınırlar.", "The rules, periods and limits that the service keeps."), Path: "/practice"},
	}}
	if s.Directory {
		d.Cards = append(d.Cards, web.Card{Title: text("Rehber", "Directory"), Text: text("Bir kişinin ya da kurumun KEP adresini sorgulayın.", "Look up the registered address of a person or an institution."), Path: "/directory"})
	}
	return web.Page{View: views.Page("home"), Title: text("Gönderdiğinizi ve ulaştığını kanıtlayan posta", "Mail that proves it was sent, and that it arrived"), Data: d, Wide: true}, nil
}

func (s *site) status(r *web.Request) (web.Answer, error) {
	t := web.Table{Columns: []web.Column{{Head: text("Bölüm", "Part")}, {Head: text("Durum", "State")}}}
	bad := 0
	var conditions []Condition
	if s.Health != nil {
		conditions = s.Health(r.Context())
	}
	for _, c := range conditions {
		cell := web.Cell{Say: text("çalışıyor", "works"), Badge: true, Tone: web.Good, Note: c.Note}
		if !c.Well {
			bad++
			cell.Say, cell.Tone = text("sorun var", "in trouble"), web.Bad
		}
		t.Rows = append(t.Rows, []web.Cell{{Say: c.Name}, cell})
	}
	overall := web.Notice{Tone: web.Good, Title: text("Bütün bölümler çalışıyor.", "All parts work.")}
	switch {
	case len(conditions) == 0:
		overall = web.Notice{Tone: web.Attention, Title: text("Durum bilgisi yok.", "Nothing is known about the state.")}
	case bad > 0:
		overall = web.Notice{Tone: web.Attention, Title: text("Bazı bölümlerde sorun var.", "Some parts are in trouble."), Text: text("Alındığını bildirdiğimiz iletiler güvendedir ve teslim edilir; yeni iletilerin alınması gecikebilir.", "Messages that we said we took are safe and will be delivered; taking new ones may be delayed.")}
	}
	d := struct {
		Table web.Table
		At    time.Time
	}{t, r.Now()}
	return web.Page{View: views.Page("status"), Title: text("Hizmet durumu", "Status of the service"), Data: d, Notices: []web.Notice{overall}}, nil
}

// contact shows what the notice in force states: there is one place where it is
// written.
func (s *site) contact(r *web.Request) (web.Answer, error) {
	d := struct{ Facts []web.Fact }{[]web.Fact{
		{Term: text("Unvan", "Name"), Value: web.Cell{Say: s.Provider.Name}},
		{Term: text("Hizmetin KEP adresi", "Registered address of the service"), Value: web.Cell{Text: s.Provider.Service.String()}},
	}}
	if v, err := s.Notices.InForce(r.Now()); err == nil {
		if c := v.Notice.Section(notice.ContactSection); c != nil {
			d.Facts = append(d.Facts, factsOf(r, c.Facts)...)
		}
	}
	if s.Security != "" {
		d.Facts = append(d.Facts, web.Fact{Term: text("Güvenlik açığı bildirimi", "Reports of weaknesses"), Value: web.Cell{Text: strings.TrimPrefix(s.Security, "mailto:")}})
	}
	return web.Page{View: views.Page("contact"), Title: text("İletişim", "Contact"), Data: d}, nil
}

func (s *site) accessibility(*web.Request) (web.Answer, error) {
	return web.Page{View: views.Page("accessibility"), Title: text("Erişilebilirlik", "Accessibility"),
		Lead: text("Bu sayfaları herkes kullanabilmelidir.", "Everybody should be able to use these pages."), Data: nil}, nil
}

// cookies is made from the inventory, as the notice is.
func (s *site) cookies(*web.Request) (web.Answer, error) {
	t := web.Table{
		Columns: []web.Column{{Head: text("Çerez", "Cookie")}, {Head: text("Ne için", "What for")}, {Head: text("Ne kadar", "How long")}},
		Empty:   text("Hiç çerez kullanılmaz.", "No cookies are used."),
	}
	for _, h := range inventory.Today().Holdings {
		if h.Kind == privacy.Cookie {
			u := cookieUses[h.Name]
			t.Rows = append(t.Rows, []web.Cell{{Text: h.Name, Code: true}, {Say: u.what}, {Say: u.long}})
		}
	}
	return web.Page{View: views.Page("cookies"), Title: text("Çerezler", "Cookies"), Data: t}, nil
}

var cookieUses = map[string]struct{ what, long rem.Text }{
	"__Host-session": {text("Oturumunuzu tanır.", "Knows your session."), text("Oturum ya da tarayıcı kapanana kadar", "Until the session or the browser is closed")},
	"__Host-device":  {text("Tarayıcınızı bir sonraki girişte tanır; parolanızı deneyen biri yüzünden girişiniz engellenmez.", "Knows your browser at the next log-in, so that somebody who guesses your password cannot keep you out."), text("180 gün", "180 days")},
}

func (s *site) robots(*web.Request) (web.Answer, error) {
	return web.Download{Type: "text/plain; charset=utf-8", Body: []byte("User-agent: *\nAllow: /\n")}, nil
}

// securityTerm is how long the file says that it holds; it is made anew each time.
const securityTerm = 90 * 24 * time.Hour

func (s *site) securityText(r *web.Request) (web.Answer, error) {
	body := "Contact: " + s.Security + "\nExpires: " + r.Now().Add(securityTerm).UTC().Truncate(24*time.Hour).Format(time.RFC3339) +
		"\nPreferred-Languages: tr, en\nCanonical: " + s.Base + "/.well-known/security.txt\n"
	return web.Download{Type: "text/plain; charset=utf-8", Body: []byte(body)}, nil
}
