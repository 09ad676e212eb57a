package apply_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rem/edge/web"
	"rem/internal/testkit"
	"rem/internal/testkit/browser"
	"rem/internal/testkit/personledgertest"
	"rem/person"
	"rem/person/application"
	"rem/person/login"
	"rem/person/news"
)

// looks are how the pages are looked at.
var looks = map[string][]browser.Option{
	"desktop": nil, "phone": {browser.Phone}, "dark": {browser.Dark}, "dark phone": {browser.Phone, browser.Dark}, "zoomed": {browser.Zoomed}, "silent": {browser.NoScript},
}

// tick sets the box of a field.
func tick(p *browser.Page, name string) { p.Click(`input[name="` + name + `"]`) }

// A natural person applies in a real browser, on a desk and on a phone, light and
// dark, in both languages, with scripts and without: nothing that he typed is lost,
// no page has a barrier, and at the end he sets how he logs in (REQ-13, REQ-14,
// REQ-30, P-24).
func TestAPersonAppliesInABrowser(t *testing.T) {
	b := browser.Open(t)
	for name, options := range looks {
		for _, language := range []string{"tr", "en"} {
			// A desk and a dark phone, one in each language; all of them when there is time.
			if usual := name == "desktop" && language == "tr" || name == "dark phone" && language == "en"; !usual && !testkit.Long() {
				continue
			}
			t.Run(name+" "+language, func(t *testing.T) {
				w := newWorld(t)
				base := browser.Serve(t, w.open(t))
				p := b.Page(t, append(options, browser.Language(language))...)
				look := func(name string) {
					t.Helper()
					p.Check()
					p.Shot("apply-" + name + "-" + language)
				}
				open := func(path string) { t.Helper(); p.Open(base + "/" + language + path) }
				is := func(path string) {
					t.Helper()
					if got := p.Here(); got != base+"/"+language+path {
						t.Fatalf("at %s, want %s: %s", got, path, p.Text(".problems"))
					}
				}
				open("/apply")
				look("begin")
				p.Submit(`main form[action$="/apply"]`)
				look("begin-wrong")
				p.Choose("for", "natural")
				p.Submit(`main form[action$="/apply"]`)
				look("begun")
				p.Follow("main .buttons a")
				is("/apply/form/who")
				look("who")
				in := natural()
				p.Fill("identity-number", "10000000147") // its last digit is wrong
				p.Fill("given-names", in["given-names"])
				p.Submit("main form")
				look("who-wrong")
				if got := p.Attribute(`[name="given-names"]`, "value"); got != in["given-names"] {
					t.Errorf("%q was typed and is %q now", in["given-names"], got)
				}
				for _, field := range []string{"identity-number", "family-name", "birth-date"} {
					p.Fill(field, in[field])
				}
				p.Submit("main form")
				is("/apply/form/home")
				look("home")
				p.Fill("address", in["address"])
				p.Choose("province", "34")
				p.Submit("main form")
				is("/apply/form/contact")
				p.Fill("mobile", in["mobile"])
				p.Fill("mail-address", in["mail-address"])
				look("contact")
				p.Submit("main form")
				is("/apply/form/account")
				look("account")
				tick(p, "kep-choice")
				p.Choose("service", in["service"])
				p.Submit("main form")
				is("/apply/check")
				look("check")
				p.Submit("main form")
				look("check-wrong")
				for _, k := range application.Agreements() {
					tick(p, "accept-"+string(k))
				}
				p.Submit("main form")
				is("/apply/method")
				look("method")
				p.Choose("method", "office")
				p.Submit("main form")
				is("/apply/method/proof")
				p.Choose("day", "2026-11-25")
				p.Submit(`main form[method="get"]`)
				look("office")
				tick(p, "at")
				p.Submit(`main form[action$="/book"]`)
				is("/apply/method/proof")
				look("booked")
				id := w.id(t, application.Pending)
				w.identified(t, id, in)
				open("/apply/status")
				look("status")
				open("/apply/withdraw")
				look("withdraw")
				w.approved(t, id)
				link := strings.TrimPrefix(w.messenger.last(t, news.Activation).Link, origin)
				p.Open(base + link)
				look("activate")
				p.Submit("main form")
				is("/apply/activate/code")
				p.Submit(`main form[action$="/send"]`)
				look("code")
				p.Fill("code", w.messenger.last(t, news.Code).Code)
				tick(p, "known")
				p.Submit(`main form[action$="/code"]`)
				look("granted")
				p.Submit("main form")
				is("/first")
			})
		}
	}
}

// The other pages: what a company hands in, the gate, signing.
func TestTheOtherPagesOfAnApplicantAreForEverybody(t *testing.T) {
	b := browser.Open(t)
	w := newWorld(t)
	base := browser.Serve(t, w.open(t))
	for name, options := range map[string][]browser.Option{"desktop": nil, "dark phone": {browser.Phone, browser.Dark}} {
		t.Run(name, func(t *testing.T) {
			n := 10 + len(name)
			v := w.visitor(t)
			v.base = base
			key := v.begin("private-legal")
			v.fill(personledgertest.Input(n, person.Private, false))
			v.submit()
			p := b.Page(t, options...)
			look := func(path, name string) {
				t.Helper()
				p.Open(base + "/tr" + path)
				p.Check()
				p.Shot("apply-" + name)
			}
			look("/apply/resume", "resume")
			p.Fill("secret", key)
			p.Submit("main form")
			look("/apply/status", "company-status")
			look("/apply/papers", "papers")
			file := filepath.Join(t.TempDir(), "belge.pdf")
			if err := os.WriteFile(file, []byte("%PDF-1.7 registry\n%%EOF\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			p.Attach("file-registry-certificate", file)
			p.Submit(`main form[action$="/registry-certificate"]`)
			p.Check()
			p.Shot("apply-papers-one")
			for _, method := range []string{"e-signature", "e-devlet", "document-chip-and-video", "on-site"} {
				v.post("/apply/method", "method", method)
				look("/apply/method/proof", method)
			}
			v.post("/apply/method", "method", "e-devlet")
			p.Open(base + "/tr/apply/method/proof")
			p.Submit(`main form[action$="/visit"]`)
			p.Check()
			p.Shot("apply-gate")
			look("/apply/method/return?state=state-1&code=abc", "return")
			look("/apply/activate", "activate-typed")
			look("/apply/method", "company-method")
		})
	}
}

// REQ-21, P-24: a company's file, with a row that is wrong and then without.
func TestACompanysFileIsHandedInInABrowser(t *testing.T) {
	b := browser.Open(t)
	for name, options := range map[string][]browser.Option{"desktop": nil, "dark phone": {browser.Phone, browser.Dark}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.sessions = web.Sessions(boss{"acc-company"})
			site := w.open(t)
			base := browser.Serve(t, func(base string) http.Handler {
				inner := site(base)
				// Whoever asks has a session.
				return http.HandlerFunc(func(answer http.ResponseWriter, q *http.Request) {
					q.AddCookie(&http.Cookie{Name: "__Host-session", Value: login.NewSecret().Reveal()})
					inner.ServeHTTP(answer, q)
				})
			})
			p := b.Page(t, options...)
			p.Open(base + "/tr/apply/bulk")
			p.Check()
			p.Shot("apply-bulk")
			head := "identity-number;given-names;family-name;birth-date;mobile;mail-address\r\n"
			good := "10000000146;Işıl Çağrı;Öğütçü;29.10.1990;0532 123 45 67;isil@example.com\r\n"
			for i, file := range []string{head + good + "12345678951;;Ünlü;1.1.1980;0532;ibrahim@example.com\r\n", head + good} {
				path := filepath.Join(t.TempDir(), "kisiler.csv")
				if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
					t.Fatal(err)
				}
				for _, k := range application.Agreements() {
					if i == 0 {
						tick(p, "accept-"+string(k)) // it stays ticked on the page that comes back
					}
				}
				p.Attach("file", path)
				p.Submit(`main form[action$="/bulk"]`)
				p.Check()
				p.Shot("apply-bulk-" + []string{"wrong", "good"}[i])
				want := []string{"Hatalı satır: 1", "1 başvuru başladı"}[i]
				if got := p.Text("main"); !strings.Contains(got, want) {
					t.Errorf("the page does not say %q: %s", want, p.Text(".problems"))
				}
			}
		})
	}
}
