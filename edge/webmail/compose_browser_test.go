package webmail_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rem/internal/testkit/browser"
	"rem/internal/testkit/world"
	"rem/message/mailbox"
)

// until waits for what a script does by itself.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 100 {
		if holds() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("it never happened: %s", what)
}

// Whoever types sees his recipients checked, his contacts suggested, his files go up
// and his draft saved; formatted text is what he made of it.
func TestADraftIsWrittenInABrowser(t *testing.T) {
	d := writers(t)
	bora := world.Address("bora", here)
	d.post("ayse", "/mail/contacts/contact/new", "name", "İnci Bora", "address", bora)
	base := d.serve()
	p := browser.Open(t).Page(t)
	p.Open(base + "/tr/enter/ayse")
	p.Open(base + "/tr/mail/compose")
	where := browser.Eval[string](p, `new URL(document.querySelector("[data-compose-form]").action).pathname`)
	at := strings.TrimPrefix(where, "/tr")
	state := func() string { return p.Text("[data-compose-state]") }

	// Suggested, chosen, and checked.
	type_ := func(selector, text string) {
		browser.Eval[bool](p, `(() => { const f = document.querySelector(`+"`"+selector+"`"+`); f.focus(); document.execCommand("insertText", false, `+"`"+text+"`"+`); return true; })()`)
	}
	type_("#to", "inci")
	until(t, "a contact is suggested", func() bool { return strings.Contains(p.Text("[data-compose-suggest]"), "İnci Bora") })
	p.Click("[data-compose-suggest] button")
	type_("#cc", "kimse@hs91.kep.test, x@example.com")
	until(t, "recipients are checked", func() bool {
		s := p.Text("[data-compose-checked]")
		return strings.Contains(s, "Rehberde kayıtlı") && strings.Contains(s, "sorguya açık kayıt yok") && strings.Contains(s, "KEP adresi değil")
	})
	type_("#subject", "Genel kurul çağrısı")

	// Formatted.
	type_("[data-compose-editor]", "Sayın ilgili")
	browser.Eval[bool](p, `getSelection().selectAllChildren(document.querySelector("[data-compose-editor]")) ?? true`)
	p.Click(`[data-format="bold"]`)
	until(t, "it is saved", func() bool { return strings.Contains(state(), "kaydedildi") })
	until(t, "formatted text is kept", func() bool {
		x := d.draft("ayse", at)
		return strings.Contains(x.HTML, "<b>Sayın ilgili</b>") && strings.TrimSpace(x.Text) == "Sayın ilgili" && x.Subject == "Genel kurul çağrısı"
	})
	// What is pasted brings no form.
	browser.Eval[bool](p, `(() => { const data = new DataTransfer(); data.setData("text/html", "<img src=x onerror=alert(1)>"); data.setData("text/plain", " yapıştırılan");
		const e = document.querySelector("[data-compose-editor]"); getSelection().selectAllChildren(e); getSelection().collapseToEnd();
		e.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true})); return true; })()`)
	until(t, "pasted text is kept", func() bool { return strings.Contains(d.draft("ayse", at).Text, "yapıştırılan") })
	if x := d.draft("ayse", at); strings.Contains(x.HTML, "img") {
		t.Errorf("pasted %s", x.HTML)
	}

	// Files go as they are chosen.
	dir := t.TempDir()
	one, two := filepath.Join(dir, "gündem.pdf"), filepath.Join(dir, "liste.csv")
	for name, content := range map[string]string{one: "%PDF-1.7\n" + strings.Repeat("x", 2<<20), two: "a;b\n"} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.Attach("file", one, two)
	until(t, "files are attached", func() bool { return len(d.draft("ayse", at).Files) == 2 })
	until(t, "files are listed", func() bool {
		return strings.Contains(p.Text("[data-compose-files]"), "gündem.pdf") && strings.Contains(p.Text("[data-compose-size]"), "2,8 MB")
	})
	p.Check()
	p.Shot("compose-written")
	p.Click(`[data-compose-files] li:last-child button`)
	until(t, "a file is removed", func() bool { return len(d.draft("ayse", at).Files) == 1 })

	// Somebody else saves it meanwhile.
	x := d.draft("ayse", at)
	x.Text, x.HTML = "Başkasının yazdığı", ""
	if _, err := d.box.Save(t.Context(), d.visitor("ayse"), x); err != nil {
		t.Fatal(err)
	}
	type_("[data-compose-editor]", " ve devamı")
	until(t, "both versions are shown", func() bool { return strings.Contains(p.Text("[data-compose-conflict]"), "Başkasının yazdığı") })
	p.Check()
	p.Shot("compose-conflict")
	p.Click("[data-compose-mine]")
	until(t, "mine is kept", func() bool { return strings.Contains(d.draft("ayse", at).Text, "ve devamı") })

	// The page before signing.
	browser.Eval[bool](p, `(() => { document.querySelector("#cc").value = ""; return true; })()`)
	p.Follow(`button[value="review"]`)
	if got := p.Text("main"); !strings.Contains(got, "geri alınamaz") || !strings.Contains(got, "İmzaya geç") || !strings.Contains(got, "Rehberde kayıtlı") {
		t.Errorf("before signing: %s", got)
	}
	p.Check()
	p.Shot("compose-review")
}

// EN 301 549: every page for writing, in both languages, light and dark, on a desk and
// on a phone, without scripts too.
func TestEveryPageForWritingIsForEverybody(t *testing.T) {
	d := writers(t)
	bora := world.Address("bora", here)
	for _, c := range [][]string{
		{"contact", "name", "İnci Bora", "address", bora, "shared", "yes"}, {"group", "name", "Yönetim kurulu", "addresses", bora + "\n" + world.Address("cem", here)},
		{"template", "name", "Davet", "subject", "Toplantıya davet", "text", "Sayın üyemiz,"}, {"signature", "name", "Kurumsal", "text", "Ayşe Yılmaz\nGenel Müdür"},
	} {
		d.post("ayse", "/mail/contacts/"+c[0]+"/new", c[1:]...)
	}
	begin := func(form ...string) string {
		at := d.begin("ayse", "")
		d.sendForm("ayse", at, map[string]string{"gündem.pdf": "%PDF-1.7", "fiyat listesi.xlsx.exe": "MZ"}, append([]string{"version", "0", "to", "İnci Bora, kimse@hs91.kep.test", "cc", world.Address("cem", here), "subject", "Genel kurul çağrısı ve gündemi", "text", "Sayın ilgili,\n\nGündem ektedir.", "do", "save"}, form...)...)
		return at
	}
	writing, handed, stopped, timed := begin(), begin(), begin(), begin("day", d.world.Clock.Now().Add(96*time.Hour).Format(time.DateOnly), "hour", "10:30")
	d.post("ayse", handed+"/hand", "version", "1", "signer", "")
	set := func(at string, change func(*mailbox.Draft)) {
		x := d.draft("ayse", at)
		change(&x)
		if _, err := d.store.SaveDraft(t.Context(), d.visitor("ayse").Actor, x); err != nil {
			t.Fatal(err)
		}
	}
	set(stopped, func(x *mailbox.Draft) {
		x.Step, x.Why.Turkish, x.Why.English = mailbox.Stopped, "Alıcılardan birinin sağlayıcısı güven listesinde yok.", "The provider of one of the recipients is not on the trust list."
	})
	scheduled := begin("day", d.world.Clock.Now().Add(96*time.Hour).Format(time.DateOnly), "hour", "10:30")
	set(scheduled, func(x *mailbox.Draft) { x.Step, x.Handed.Person = mailbox.Scheduled, x.Author })
	d.attaching()
	contact := d.get("ayse", "/mail/contacts").body
	contact = contact[strings.Index(contact, "/mail/contacts/contact/"):]
	contact = contact[:strings.IndexByte(contact, '"')]
	pages := []struct{ name, path string }{
		{"new", "/mail/compose"}, {"draft", writing}, {"timed", timed}, {"handed", handed}, {"stopped", stopped}, {"scheduled", scheduled},
		{"to-sign", "/mail/to-sign"}, {"contacts", "/mail/contacts"}, {"contact", contact}, {"template", "/mail/contacts/template/new"}, {"drop", writing + "/drop"},
		{"forward", fmt.Sprintf("/mail/compose?item=%d&how=forward", d.items("ayse", mailbox.Query{Kinds: []mailbox.Kind{mailbox.Sent}})[0].ID)},
	}
	base := d.serve()
	b := browser.Open(t)
	for _, look := range []struct {
		name, language string
		options        []browser.Option
	}{
		{"desktop", "tr", nil}, {"dark phone", "en", []browser.Option{browser.Phone, browser.Dark}}, {"zoomed", "tr", []browser.Option{browser.Zoomed}},
		{"no scripts", "tr", []browser.Option{browser.Phone, browser.NoScript}}, {"dark", "en", []browser.Option{browser.Dark}},
	} {
		t.Run(look.name, func(t *testing.T) {
			p := b.Page(t, look.options...)
			p.Open(base + "/tr/enter/ayse")
			for _, page := range pages {
				p.Open(base + "/" + look.language + page.path)
				if look.name != "no scripts" {
					p.Check()
				}
				p.Shot("compose-" + page.name)
				if look.name == "desktop" {
					p.Walk()
				}
			}
			// The answer to a form is a page too.
			p.Open(base + "/" + look.language + timed)
			p.Follow(`button[value="review"]`)
			p.Shot("compose-review")
			if look.name != "no scripts" {
				p.Check()
			}
		})
	}
}
