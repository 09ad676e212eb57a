package webmail_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"rem/internal/testkit/browser"
	"rem/internal/testkit/world"
	"rem/message/mailbox"
)

// filled is a desk with something on every page: bora's inbox with messages opened
// and not, ayse's sent ones with all sorts of fates, evidence, folders, drafts.
func filled(t *testing.T) *desk {
	d := newDesk(t)
	for i, s := range []string{"2026 yılı genel kurul toplantısına çağrı ve gündem", "Sözleşme feshi ihtarnamesi", "Ödeme emri – ivedi", "Teklif mektubu hk."} {
		d.world.Clock.Advance(37 * time.Minute)
		l := world.Letter{To: []string{world.Address("bora", here)}, Subject: s, Body: "Sayın ilgili,\r\n\r\nYazımız ektedir. Bilgilerinize sunarız.\r\n\r\nAyşe Yılmaz\r\n"}
		if i == 2 {
			l.To = append(l.To, world.Address("cem", "hs91"), "kimse@hs91.kep.test")
			l.Cc = []string{world.Address("derya", here)}
		}
		d.send(l, "ayse", 0)
	}
	inbox := d.items("bora", mailbox.Query{})
	d.post("bora", path(inbox[3])+"/open")
	d.post("derya", path(d.items("derya", mailbox.Query{})[0])+"/open")
	d.post("bora", "/mail/folders", "name", "Davalar")
	d.post("bora", "/mail/folders", "name", "Muhasebe 2026")
	d.post("bora", "/mail/act", "do", "mark", "item", fmt.Sprint(inbox[1].ID))
	v := d.visitor("ayse")
	if _, err := d.box.Save(t.Context(), v, mailbox.Draft{ID: "taslak-1", Step: mailbox.Scheduled, To: []string{world.Address("bora", here)}, Subject: "Yanıt taslağı", Text: "Taslak"}); err != nil {
		t.Fatal(err)
	}
	d.follow()
	return d
}

func (d *desk) serve() string {
	return browser.Serve(d.T, func(base string) http.Handler { return d.open(base) })
}

// EN 301 549: each page, in both languages, on a desk and on a phone, light and dark,
// and at 200 per cent: nothing that axe calls serious, nothing from another host,
// nothing inside the page, everything within reach of the keyboard.
func TestEveryPageOfTheMailboxIsForEverybody(t *testing.T) {
	d := filled(t)
	inbox, sent := d.items("bora", mailbox.Query{}), d.items("ayse", mailbox.Query{Kinds: []mailbox.Kind{mailbox.Sent}})
	proof := d.items("ayse", mailbox.Query{Kinds: []mailbox.Kind{mailbox.Evidence}})[0]
	pages := []struct{ who, name, path string }{
		{"bora", "inbox", "/mail/inbox"}, {"bora", "asking", path(inbox[0])}, {"bora", "message", path(inbox[3])}, {"bora", "source", path(inbox[3]) + "/source"},
		{"bora", "archive", "/mail/archive"}, {"bora", "folders", "/mail/folders"}, {"bora", "search", "/mail/search?done=over"},
		{"bora", "quota", "/mail/quota"}, {"bora", "export", "/mail/export"}, {"bora", "preferences", "/mail/preferences?done=saved"},
		{"ayse", "sent", "/mail/sent?done=archive&n=2"}, {"ayse", "sent-message", path(sent[1])}, {"ayse", "evidence-box", "/mail/evidence"}, {"ayse", "evidence", path(proof)},
		{"ayse", "lists", "/mail/lists"}, {"ayse", "drafts", "/mail/drafts"},
	}
	base := d.serve()
	b := browser.Open(t)
	for _, look := range []struct {
		name      string
		languages []string
		options   []browser.Option
	}{
		{"desktop", []string{"tr"}, nil}, {"dark phone", []string{"en"}, []browser.Option{browser.Phone, browser.Dark}},
		{"phone", []string{"tr"}, []browser.Option{browser.Phone}}, {"dark", []string{"en"}, []browser.Option{browser.Dark}}, {"zoomed", []string{"tr"}, []browser.Option{browser.Zoomed}},
	} {
		t.Run(look.name, func(t *testing.T) {
			p := b.Page(t, look.options...)
			who := ""
			for _, language := range look.languages {
				for _, page := range pages {
					if page.who != who {
						who = page.who
						p.Open(base + "/tr/enter/" + who)
					}
					p.Open(base + "/" + language + page.path)
					p.Check()
					p.Shot("mail-" + page.name + "-" + language)
					if look.name == "desktop" {
						p.Walk()
					}
				}
			}
		})
	}
}

// Whoever has no scripts reads, searches and moves; with them, keys do the same.
func TestTheMailboxWorksWithoutScriptsAndWithKeys(t *testing.T) {
	d := filled(t)
	base := d.serve()
	b := browser.Open(t)
	t.Run("no scripts", func(t *testing.T) {
		p := b.Page(t, browser.NoScript)
		p.Open(base + "/tr/enter/bora")
		p.Fill("q", "ihtarname")
		p.Submit(".mail-search")
		if got := p.Text(".mail"); !strings.Contains(got, "Sözleşme feshi") || strings.Contains(got, "Teklif") {
			t.Errorf("found %q", got)
		}
		p.Follow(".mail a[data-open]")
		p.Submit(`form[action$="/open"]`)
		if got := p.Text("main"); !strings.Contains(got, "Gönderenin imzası") {
			t.Errorf("opened: %s", got)
		}
		p.Open(base + "/tr/mail/inbox")
		p.Click(".mail li:first-child input")
		p.Follow(`button[value="archive"]`)
		if got := p.Text(".notice"); !strings.Contains(got, "Arşive taşındı: 1.") {
			t.Errorf("moved: %s", got)
		}
	})
	t.Run("keys", func(t *testing.T) {
		p := b.Page(t)
		p.Open(base + "/tr/enter/bora")
		active := `document.activeElement.textContent`
		browser.Eval[bool](p, `document.getElementById("content").focus() ?? true`)
		p.Press("j")
		p.Press("j")
		second := browser.Eval[string](p, active)
		p.Press("k")
		if first := browser.Eval[string](p, active); first == second || first != p.Text(".mail li:first-child [data-open]") {
			t.Errorf("k leads to %q", first)
		}
		p.Press("?")
		if !browser.Eval[bool](p, `document.querySelector("dialog").open`) {
			t.Error("? shows no help")
		}
		p.Check()
		p.Shot("mail-keys")
		p.Press("e") // nothing behind the help is done
		browser.Eval[bool](p, `document.querySelector("dialog form button").click() ?? true`)
		p.Press("/")
		if got := browser.Eval[string](p, `document.activeElement.id`); got != "q" {
			t.Errorf("/ leads to %q", got)
		}
		// What the keys send is looked at and not sent.
		browser.Eval[bool](p, `(() => { window.sent = ""; document.addEventListener("submit", (e) => {
			e.preventDefault(); window.sent += e.submitter.value + new FormData(e.target).getAll("item").length; }); return true; })()`)
		p.Press("e")
		if got := browser.Eval[string](p, `window.sent`); got != "" || !strings.HasSuffix(browser.Eval[string](p, `document.getElementById("q").value`), "e") {
			t.Errorf("a letter that is typed did %q", got)
		}
		browser.Eval[bool](p, `document.querySelector(".mail [data-open]").focus() ?? true`)
		p.Press("e")
		p.Press("j")
		p.Press("x")
		p.Press("#")
		if got := browser.Eval[string](p, `window.sent`); got != "archive1trash2" {
			t.Errorf("the keys sent %q", got)
		}
		chosen := func() int { return p.Count(".mail input:checked") }
		p.Press("*")
		if all := p.Count(".mail li"); chosen() != all || all < 3 {
			t.Errorf("* chooses %d of %d rows", chosen(), all)
		}
		p.Press("*")
		if chosen() != 0 {
			t.Errorf("* again leaves %d", chosen())
		}
	})
}
