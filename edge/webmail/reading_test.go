package webmail_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"rem"
	"rem/edge/webmail"
	"rem/internal/testkit/browser"
	"rem/internal/testkit/world"
	"rem/message/mailbox"
)

// dot is a picture of one red pixel.
const dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="

// rich is a message with form, a picture in the text, hidden text, a link that lies,
// something from elsewhere, a script and attachments of all sorts.
func rich(elsewhere string) []byte {
	b := &strings.Builder{}
	part := func(head, body string) {
		fmt.Fprintf(b, "--k\r\n%s\r\n\r\n%s\r\n", strings.ReplaceAll(head, "\n", "\r\n"), strings.ReplaceAll(body, "\n", "\r\n"))
	}
	b.WriteString("Content-Type: multipart/mixed; boundary=k\r\n\r\n")
	part("Content-Type: multipart/related; boundary=r", `--r
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain; charset=utf-8

Faturamiz ektedir.
--a
Content-Type: text/html; charset=utf-8

<html><body><h1>Fatura</h1><p>Faturam&#305;z ektedir. <img src="cid:nokta" alt="logo" width="40" height="40"></p>
<p><a href="https://kotu.example/giris">https://banka.example</a></p><p style="display:none">gizli metin buradadir</p>
<img src="`+elsewhere+`/iz.png"><script>document.title="calisti";fetch("`+elsewhere+`/betik")</script>
<form action="`+elsewhere+`/form"><input name="sifre"></form></body></html>
--a--
--r
Content-Type: image/png
Content-ID: <nokta>
Content-Disposition: inline; filename=logo.png
Content-Transfer-Encoding: base64

`+dot+`
--r--`)
	part("Content-Type: application/pdf; name=fatura.pdf\nContent-Disposition: attachment; filename=\"fatura.pdf.exe\"\nContent-Transfer-Encoding: base64", base64.StdEncoding.EncodeToString(append([]byte("MZ"), make([]byte, 200)...)))
	part("Content-Type: message/rfc822", "From: cem@hs91.kep.test\nTo: ayse@hs90.kep.test\nSubject: Onceki yazi\n\nMerhaba.")
	part("Content-Type: text/html\nContent-Disposition: attachment; filename=\"../../sayfa.html\"", "<script>alert(1)</script>")
	b.WriteString("--k--\r\n")
	return []byte(b.String())
}

// sendRich submits it, and returns the item in bora's inbox, opened.
func (d *desk) sendRich(elsewhere string) mailbox.Item {
	d.Helper()
	d.send(world.Letter{To: []string{world.Address("bora", here)}, Subject: "Fatura", Entity: rich(elsewhere)}, "ayse", 0)
	item := d.items("bora", mailbox.Query{})[0]
	d.post("bora", path(item)+"/open")
	return item
}

// AT-10, AT-09: what a stranger wrote is disclosed and shown in a sandbox; nothing of it
// runs, and nothing is asked from elsewhere.
func TestAStrangersPageRunsNothingAndAsksNothing(t *testing.T) {
	d := newDesk(t)
	d.services.Scan = func(_ context.Context, r io.Reader) (webmail.Scan, error) {
		_, err := io.Copy(io.Discard, r)
		return webmail.Scan{Known: true, Clean: true, Text: rem.Text{Turkish: "tarandı, temiz", English: "scanned, clean"}}, err
	}
	asked := []string{}
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) { asked = append(asked, q.URL.Path) }))
	defer elsewhere.Close()
	item := d.sendRich(elsewhere.URL)
	base := d.serve()
	b := browser.Open(t)
	p := b.Page(t)
	p.Open(base + "/tr/enter/bora")
	p.Open(base + "/tr" + path(item))
	main := p.Text("main")
	for _, want := range []string{"gizli metin buradadir", "kotu.example", "fatura.pdf.exe", "Onceki yazi", "tarandı, temiz", "Tehlike", "açmadan önce düşünün"} {
		if !strings.Contains(main, want) {
			t.Errorf("%q is not disclosed: %s", want, main)
		}
	}
	for _, what := range [][]string{p.Barriers(), p.Complaints(), p.Layout()} {
		if len(what) > 0 {
			t.Errorf("%q", what)
		}
	}
	p.Shot("mail-rich")
	browser.Eval[bool](p, `(() => { for (const e of document.querySelectorAll("header, footer, .part, main > *:not(.letter-box), .findings")) e.remove(); return true; })()`)
	p.Shot("mail-rich-frame")
	if p.Attribute("iframe.letter", "sandbox") != "allow-popups allow-popups-to-escape-sandbox" {
		t.Errorf("the frame's sandbox is %q", p.Attribute("iframe.letter", "sandbox"))
	}
	frame := p.Attribute("iframe.letter", "src")
	alone := b.Page(t)
	alone.Open(base + "/tr/enter/bora")
	alone.Open(base + frame)
	if got := browser.Eval[int](alone, `document.querySelector("img[alt=logo]").naturalWidth`); got != 1 {
		t.Errorf("the picture in the text is %d wide", got)
	}
	if got := browser.Eval[string](alone, `document.title + document.querySelectorAll("script, form, input").length + self.origin`); strings.Contains(got, "calisti") || !strings.HasSuffix(got, "0null") {
		t.Errorf("in the frame: %q", got)
	}
	p.Open(base + "/tr" + path(item) + "?view=plain")
	if got := p.Text(".letter-text"); !strings.Contains(got, "Faturamiz ektedir.") || p.Count("iframe") != 0 {
		t.Errorf("the plain view: %q", got)
	}
	p.Check()
	if len(asked) > 0 {
		t.Errorf("asked from elsewhere: %q", asked)
	}
	// Every file leaves as an attachment of no type that a browser opens.
	a := d.get("bora", path(item))
	files := 0
	for _, part := range strings.Split(a.body, `href="/tr`+path(item)+`/file/`)[1:] {
		at, _, _ := strings.Cut(part, `"`)
		f := d.get("bora", path(item)+"/file/"+at)
		files++
		if f.code != 200 || !strings.HasPrefix(f.header.Get("Content-Disposition"), "attachment;") || f.header.Get("Content-Type") != "application/octet-stream" || f.header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(f.header.Get("Content-Security-Policy"), "sandbox") || strings.Contains(f.header.Get("Content-Disposition"), "..") {
			t.Errorf("file %s: %d %v", at, f.code, f.header)
		}
	}
	if files < 3 {
		t.Errorf("%d files", files)
	}
	must(t, d.get("bora", path(item)+"/file/9.9"), 404)
	must(t, d.get("bora", path(item)+"/text/9"), 404)
	must(t, d.get("cem", path(item)+"/text/1"), 404)
	if f := d.get("bora", path(item)+"/text/1"); f.header.Get("X-Frame-Options") != "SAMEORIGIN" || !strings.HasPrefix(f.header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("the frame's header: %v", f.header)
	}
}
