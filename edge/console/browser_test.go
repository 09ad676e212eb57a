package console_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rem"
	"rem/edge/web"
	"rem/internal/testkit/browser"
	"rem/internal/testkit/partnertest"
	"rem/person"
	"rem/person/application"
	"rem/person/identity"
)

// serve serves the world's pages to a browser.
func (w *world) serve() string {
	return browser.Serve(w.t, func(base string) http.Handler {
		site, err := web.New(w.config(base), w.parts()...)
		w.must(err)
		return site
	})
}

// filled is a world with something on every page.
func filled(t testing.TB) (*world, string) {
	w := newWorld(t)
	w.walk(1, person.Natural, "identify")
	w.walk(2, person.Private, "choose")
	v := w.chosen(3, identity.Office)
	f := officeForm(v)
	f.Set("shown-family", "Öğüt")
	w.leads(w.upload(w.kit.Officer, casePath(3)+"/office", f, "capture", pdf), w.kit.Officer, casePath(3))
	order := w.order(4)
	w.leads(w.post(w.kit.First, "/partner/order/"+string(order)+"/accept", nil), w.kit.First, "/partner/order/"+string(order))
	w.chosen(5, identity.Office)
	w.chosen(6, identity.OnSite)
	w.opened("mert.gumus@hs90.kep.test")
	w.train(w.kit.Managers[0])
	w.leads(w.post(w.kit.Managers[1], "/desk/staff/new", map[string][]string{"name": {"Leyla Ödünç"}, "role": {"security"}}), w.kit.Managers[1], "/desk/staff")
	return w, string(order)
}

// EN 301 549, P-24: each page that is looked at, in both languages, on a desk and on
// a phone, light and dark.
func TestEveryPageOfTheDeskIsForEverybody(t *testing.T) {
	w, order := filled(t)
	base := w.serve()
	b := browser.Open(t)
	pages := []struct {
		who        rem.PersonID
		name, path string
	}{
		{w.both, "overview", "/desk"}, {w.both, "queue", "/desk/applications?state=identification-pending"}, {w.both, "case-doubtful", casePath(3)}, {w.approver, "case-identified", casePath(1)},
		{w.kit.Officer, "case-visit", casePath(4)}, {w.kit.Officer, "hand-in", casePath(2) + "/hand-in"}, {w.kit.Officer, "office", casePath(5) + "/office"}, {w.kit.Officer, "clear", casePath(3) + "/clear"},
		{w.kit.Officer, "refuse", casePath(3) + "/refuse"}, {w.kit.Officer, "issue", casePath(6) + "/issue"}, {w.kit.Officer, "orders", "/desk/orders?state=accepted"}, {w.kit.Officer, "order", "/desk/orders/" + order},
		{w.kit.Managers[0], "staff", "/desk/staff"}, {w.kit.Managers[0], "staff-new", "/desk/staff/new"}, {w.kit.Managers[0], "member", "/desk/staff/member/" + string(w.approver)},
		{w.kit.Managers[0], "member-end", "/desk/staff/member/" + string(w.approver) + "/end"}, {w.kit.Managers[0], "institutions", "/desk/partners"},
		{w.kit.Managers[0], "institution", "/desk/partners/" + w.kit.Institution}, {w.kit.Managers[0], "institution-new", "/desk/partners/new"},
		{w.support, "accounts", "/desk/accounts"}, {w.support, "account", "/desk/accounts/acc-7"}, {w.support, "account-move", "/desk/accounts/acc-7/move/close"},
		{w.kit.First, "partner", "/partner?state=accepted"}, {w.kit.First, "partner-order", "/partner/order/" + order}, {w.kit.First, "visit", "/partner/order/" + order + "/visit"},
	}
	for _, look := range []struct {
		name    string
		options []browser.Option
	}{
		{"desktop", nil}, {"dark phone", []browser.Option{browser.Phone, browser.Dark}}, {"zoomed", []browser.Option{browser.Zoomed}},
	} {
		t.Run(look.name, func(t *testing.T) {
			p := b.Page(t, look.options...)
			who := rem.PersonID("")
			for _, language := range []string{"tr", "en"} {
				if language == "en" && look.name == "zoomed" {
					break
				}
				for _, page := range pages {
					if page.who != who {
						who = page.who
						p.Open(base + "/tr/enter/" + string(who))
					}
					p.Open(base + "/" + language + page.path)
					p.Check()
					p.Shot("console-" + page.name + "-" + language)
					if look.name == "desktop" && language == "tr" {
						p.Walk()
					}
				}
			}
		})
	}
}

// REQ-14, REQ-20, REQ-22: an officer records what he saw, an approver opens the
// form, takes the case up and approves, in a browser that runs no script.
func TestACaseIsDecidedWithoutScripts(t *testing.T) {
	w := newWorld(t)
	v := w.chosen(1, identity.Office)
	base := w.serve()
	b := browser.Open(t)
	file := filepath.Join(t.TempDir(), "suret.pdf")
	w.must(os.WriteFile(file, pdf, 0o600))

	p := b.Page(t, browser.NoScript)
	p.Open(base + "/tr/enter/" + string(w.kit.Officer))
	p.Open(base + "/tr" + casePath(1))
	p.FollowText("Yanıtları aç")
	has(t, p.Text("main"), "Öğütçü", "29.10.1990")
	p.Shot("console-answers-tr")
	p.FollowText("Kimlik kaydı gir")
	for name, all := range officeForm(v) {
		switch name {
		case "seen":
		case "number", "issuer", "until", "shown-number", "shown-given", "shown-family", "shown-birth":
			p.Fill(name, all[0])
		default:
			p.Choose(name, all[0])
		}
	}
	p.Attach("capture", file)
	p.Submit("main form")
	has(t, p.Text("main"), "Kimlik kaydı saklandı", "Kimlik doğrulandı")

	p = b.Page(t, browser.NoScript)
	p.Open(base + "/tr/enter/" + string(w.approver))
	p.FollowText(string(v.ID))
	p.FollowText("Üstlen")
	has(t, p.Text("main"), "Dosya sizde")
	p.FollowText("Yanıtları aç")
	p.FollowText("Onayla")
	p.Submit("main form")
	has(t, p.Text("main"), "Başvuru onaylandı")
	if got := w.view(1); got.State != application.Approved || got.Decision.By != w.approver {
		t.Errorf("it is %s", got.State)
	}
}

// REQ-15: a visitor fills the result in, signs its text and sends the signature; a
// signature that is not believed leaves what he typed.
func TestAVisitIsRecordedWithoutScripts(t *testing.T) {
	w := newWorld(t)
	id := w.order(1)
	path := "/partner/order/" + string(id)
	w.leads(w.post(w.kit.First, path+"/accept", nil), w.kit.First, path)
	w.clock.Advance(2 * time.Hour)
	form := w.visitForm()
	text := w.post(w.kit.First, path+"/text", form).Body.Bytes()
	good, bad := filepath.Join(t.TempDir(), "good.p7s"), filepath.Join(t.TempDir(), "bad.p7s")
	w.must(os.WriteFile(good, partnertest.Sign(text, "10000000146"), 0o600))
	w.must(os.WriteFile(bad, partnertest.Sign(text, "12345678950"), 0o600))

	base := w.serve()
	p := browser.Open(t).Page(t, browser.NoScript)
	p.Open(base + "/tr/enter/" + string(w.kit.First))
	p.Open(base + "/tr" + path)
	p.FollowText("Adı ve adresi aç")
	has(t, p.Text("main"), "Öğütçü", "Büyükdere")
	p.Shot("console-see-tr")
	p.FollowText("Ziyaret sonucunu gir")
	for name, all := range form {
		switch name {
		case "visited", "number", "issuer", "until":
			p.Fill(name, all[0])
		case "item-" + string(identity.AddressAsGiven): // follows from where he was
		default:
			for _, v := range all {
				p.Choose(name, v)
			}
		}
	}
	p.Submit("main form")
	has(t, p.Text("main"), "rem-visit-result")
	p.Check()
	p.Shot("console-sign-tr")
	p.Attach("signature", bad)
	p.Submit("main form[enctype]")
	has(t, p.Text("main"), "Sonuç kaydedilmedi")
	p.Attach("signature", good)
	p.Submit("main form[enctype]")
	has(t, p.Text("main"), "Ziyaret sonucu imzasıyla kaydedildi", "Belgeler sizde")
	p.Shot("console-visited-tr")
}
