package conformance_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"rem/internal/testkit/browser"
	"rem/message"
)

// Reading is safe: the letter is in a frame in which nothing runs and which asks nobody,
// what it hides is said, its plain text is beside it; each attachment says what it is;
// the panel says each thing that was looked at.
func (m *mailbox) reading(t *testing.T) {
	h := m.isil
	path := h.finds("inbox", rich)
	h.reading(path)
	h.looks("rich", path)
	h.reads("Uzak içerik engellendi", "izleme.invalid", "betik kaldırıldı", "gizlenmiş metin", "gizli cayma maddesi", "www.turkiye.gov.tr → sahte.invalid")
	if sandbox := h.Attribute("iframe.letter", "sandbox"); strings.Contains(sandbox, "allow-scripts") || strings.Contains(sandbox, "allow-same-origin") {
		t.Errorf("the frame may %s", sandbox)
	}
	a := h.Do(m.world.Root(), h.base+h.Attribute("iframe.letter", "src"), nil)
	var frame bytes.Buffer
	_, err := frame.ReadFrom(a.Body)
	m.must(err)
	m.must(a.Body.Close())
	for _, gone := range []string{"<script", "izleme.invalid/1.png", "display:none"} {
		if strings.Contains(frame.String(), gone) {
			t.Errorf("the frame has %s: %s", gone, &frame)
		}
	}
	h.Window("mailbox-rich-frame", "iframe.letter")
	if !strings.Contains(frame.String(), "teklifimiz ektedir") || !strings.Contains(a.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("the frame is %s under %q", &frame, a.Header.Get("Content-Security-Policy"))
	}
	if title := browser.Eval[string](h.Page, `document.title`); strings.Contains(title, "gecirildi") {
		t.Error("a script of the letter ran")
	}
	for _, asked := range h.Elsewhere() {
		t.Error(asked)
	}

	h.looks("rich-plain", path+"?view=plain")
	h.reads("Sayın ilgili, teklifimiz ektedir.")
	h.reads("PDF belgesi", "ZIP arşivi", "Windows programı", "açmadan önce düşünün", "bilinen bir zararlı bulunmadı",
		"e-Yazışma paketi", "Şenlik daveti", "E-06-115-22", "Örnek Derneği", "Örnek Bakanlığı", "özeti tutuyor", "imza değeri tutuyor")
	_, b := h.gets(browser.Eval[string](h.Page, `[...document.querySelectorAll(".attached")].find((e) => e.innerText.includes("fiyat listesi.pdf")).querySelector("a[download]").getAttribute("href").slice(3)`))
	if string(b) != copyOfCard {
		t.Errorf("the attachment is %q", b)
	}
	h.open(path)
	h.Click("details.proof summary")
	h.reads("Gönderenin imzası", "Bakılanlar:", "Bora Ağaoğlu")
	if n := h.Count("details.proof[open] .checks li.good"); n < 3 || h.Count("details.proof[open] .checks li.bad") > 0 {
		t.Errorf("the panel of the signature shows %d checks: %s", n, h.Text("details.proof[open]"))
	}
	browser.Eval[bool](h.Page, `document.querySelectorAll("details").forEach((e) => { e.open = true; }) ?? true`)
	h.sees("rich-open")
}

// Opening makes evidence once, names the person, and is asked about before; listing
// and searching make none.
func (m *mailbox) opening(t *testing.T) {
	h := m.isil
	path := h.finds("inbox", notice)
	sent := m.bora.finds("sent", notice)
	kinds := func() (n int) {
		m.bora.open(sent)
		return m.bora.Count(`main details.proof`) - 1 // the signature's
	}
	before := kinds()
	m.bora.reads("Okundu bekleniyor")
	h.looks("asking", path)
	h.reads("henüz açılmadı", h.who.Name(), "geri alınamaz")
	h.Follow(`main .buttons a`)
	if after := kinds(); after != before {
		t.Errorf("asking and going back made %d evidences", after-before)
	}
	for range 2 {
		h.reading(path)
		h.reads("Kira sözleşmesinin feshi")
	}
	h.s.until("the evidence of opening", func() bool { return kinds() > before })
	h.reading(path)
	if after := kinds(); after != before+1 {
		t.Errorf("opening three times made %d evidences", after-before)
	}
	m.bora.reads("Okundu gerçekleşti")
	link := browser.Eval[string](m.bora.Page, `[...document.querySelectorAll('main a[href*="/evidence/"]')].find((a) => a.textContent === "Okundu delili").getAttribute("href").slice(3)`)
	if _, xml := m.bora.gets(link + "/xml"); !strings.Contains(string(xml), h.who.GivenName) || !strings.Contains(string(xml), h.who.FamilyName) {
		t.Error("the evidence does not name who opened")
	}

	// Whoever does not want to be asked opens from the list by one press.
	m.derya.prefers(map[string]bool{"ask": false, "mail": true, "sms": false}, nil)
	m.derya.waits("/mail/inbox", called)
	if m.derya.Count("button[data-open]") != 1 {
		t.Errorf("the list of who does not want to be asked: %s", m.derya.Text("main"))
	}
	m.derya.Follow("button[data-open]")
	m.derya.reads("toplantıya çağrılısınız")
}

// prefers sets what somebody wants: boxes, and choices of hours.
func (h *holder) prefers(boxes map[string]bool, hours map[string]string) {
	h.s.t.Helper()
	h.open("/mail/preferences")
	for name, on := range boxes {
		if browser.Eval[bool](h.Page, fmt.Sprintf(`document.querySelector('input[name=%s]').checked`, name)) != on {
			h.tick(name)
		}
	}
	for name, hour := range hours {
		h.Choose(name, hour)
	}
	h.Submit(`main form[action$="/mail/preferences"]`)
	if h.Count(".problems") > 0 {
		h.s.t.Fatalf("preferences: %s", h.Text("main"))
	}
}

// Notices have no content, go by each one's own ways, and keep quiet hours and the
// hour of a digest.
func (m *mailbox) telling(t *testing.T) {
	h := m.isil
	h.looks("preferences", "/mail/preferences")
	m.preparer.looks("preferences-operator", "/mail/preferences")
	m.preparer.reads("yetkiniz yok")
	told := func(h *holder) (mails, texts []string) {
		for _, x := range m.world.Mails() {
			if x.To == h.who.Mail && strings.Contains(x.Body, "/mail") {
				mails = append(mails, x.Body)
			}
		}
		for _, p := range m.world.Providers {
			for _, x := range p.Services.Texts() {
				if x.To == h.who.Mobile {
					texts = append(texts, x.Body)
				}
			}
		}
		return mails, texts
	}
	h.s.until("a mail and a text", func() bool { mails, texts := told(h); return len(mails) > 0 && len(texts) > 0 })
	mails, texts := told(h)
	for _, said := range append(mails, texts...) {
		for _, secret := range []string{notice, rich, "IĞDIR", "Teklif", "bora", "Bora", "Ağaoğlu", h.who.FamilyName} {
			if strings.Contains(said, secret) {
				t.Errorf("a notice says %q: %s", secret, said)
			}
		}
	}

	// Another hour of digest, quiet hours now, one way only: three more accounts at
	// the other provider, and one message to all of them.
	now := time.Now().In(time.FixedZone("UTC+3", 3*60*60)).Hour()
	digest, quiet, plain := m.opens(5, "ozet@"+otherDomain), m.opens(6, "sessiz@"+otherDomain), m.opens(7, "duz@"+otherDomain)
	for _, x := range []*holder{digest, quiet, plain} {
		x.reached()
	}
	never := strconv.Itoa((now + 12) % 24)
	digest.prefers(map[string]bool{"mail": true, "sms": true}, map[string]string{"digest": never})
	quiet.prefers(map[string]bool{"mail": true, "sms": true}, map[string]string{"from": strconv.Itoa((now + 23) % 24), "until": never})
	plain.prefers(map[string]bool{"mail": false, "sms": true}, nil)
	const subject = "Üç kişiye bir ileti"
	h.posts([]string{digest.who.Address, quiet.who.Address, plain.who.Address}, subject, textEntity("Merhaba."))
	for _, x := range []*holder{digest, quiet, plain} {
		x.waits("/mail/inbox", subject)
	}
	h.s.until("a text to who wants one at once", func() bool { _, texts := told(plain); return len(texts) > 0 })
	if mails, _ := told(plain); len(mails) > 0 {
		t.Errorf("whoever wants no mail gets %q", mails)
	}
	for _, x := range []*holder{digest, quiet} {
		if mails, texts := told(x); len(mails)+len(texts) > 0 {
			t.Errorf("%s is told now: %q %q", x.who.Address, mails, texts)
		}
	}
}

// Everything is taken away in one file, which opens without a connection and which
// remverify accepts; the pages say how full the mailbox gets.
func (m *mailbox) exporting(t *testing.T) {
	h := m.isil
	h.looks("quota", "/mail/quota")
	h.reads("Son 90 gün", "durmaz")
	h.looks("export", "/mail/export")
	for _, form := range []string{"eml", "mbox"} {
		_, b := h.sends("/mail/export", url.Values{"form": {form}, "unopened": {"leave"}})
		file := keeps(t, "aktarma.zip", b)
		if out := m.verifies(t, file); !strings.Contains(out, "TOTAL-PASSED") || strings.Contains(out, "TOTAL-FAILED") {
			t.Errorf("remverify says of %s: %s", form, out)
		}
		dir := unpack(t, b)
		offline := m.browser.Page(t)
		offline.Open("file://" + filepath.Join(dir, "index.html"))
		looks := func(page string) {
			for _, problem := range append(offline.Barriers(), offline.Layout()...) {
				t.Errorf("%s: %s", page, problem)
			}
			offline.Shot("mailbox-offline-" + page + "-" + form)
		}
		looks("index")
		offline.Follow(`a[href^="part-0001/"]`)
		for _, want := range []string{called, notice, rich} {
			if !strings.Contains(offline.Text("body"), want) {
				t.Errorf("the list of %s does not have %q: %s", form, want, offline.Text("body"))
			}
		}
		if got := offline.Text("body"); !strings.Contains(got, m.bora.who.Address) || !strings.Contains(got, "TOTAL-PASSED: Geçerli") {
			t.Errorf("the list of %s: %s", form, got)
		}
		looks("messages")
		offline.As(browser.Phone, browser.Dark)
		offline.Shot("mailbox-offline-messages-" + form)
		if form == "mbox" {
			if found, err := filepath.Glob(filepath.Join(dir, "part-*", "*.mbox")); err != nil || len(found) == 0 {
				t.Errorf("there is no mbox: %v", err)
			}
		}
	}

	// What was ticked in a list.
	h.open("/mail/inbox")
	h.Click(`.mail input[name="item"]`)
	h.Follow(`button[formaction$="/mail/export"]`)
	h.reads("Seçilen 1 ileti")
	h.sees("export-chosen")
	item := h.Attribute(`main input[name="item"]`, "value")
	_, b := h.sends("/mail/export", url.Values{"form": {"eml"}, "unopened": {"leave"}, "item": {item}})
	if out := m.verifies(t, keeps(t, "secilen.zip", b)); !strings.Contains(out, "TOTAL-PASSED") {
		t.Errorf("remverify says of what was chosen: %s", out)
	}
}

// unpack writes the files of a zip to a folder.
func unpack(t *testing.T, b []byte) (dir string) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := os.CopyFS(dir, z); err != nil {
		t.Fatal(err)
	}
	return dir
}

// arrived waits for a message at the other provider, where its recipient reads it, and
// checks everything about it from the bytes alone.
func (m *mailbox) arrived(t *testing.T, subject, says string) {
	t.Helper()
	path := m.bora.finds("inbox", subject)
	m.bora.reading(path)
	m.bora.open(path + "?view=plain")
	m.bora.reads(says, "Gönderenin imzası geçerli", m.isil.who.GivenName)
	sent := m.isil.finds("sent", subject)
	m.isil.s.until("the evidence of opening", func() bool {
		m.isil.open(sent)
		return strings.Contains(m.isil.Text("main"), message.RetrievalNonRetrievalByRecipient.String()) || strings.Contains(m.isil.Text("main"), "Okundu delili")
	})
	_, bundle := m.isil.gets(sent + "/bundle")
	if out := m.verifies(t, keeps(t, "ileti.zip", bundle)); !strings.Contains(out, "TOTAL-PASSED") {
		t.Errorf("remverify says of %s: %s", subject, out)
	}
}
