package conformance_test

import (
	"context"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"rem/internal/testkit/browser"
	"rem/internal/testkit/softhsm"
)

// types types into a field or the editor, as a person does.
func (h *holder) types(selector, text string) {
	h.s.t.Helper()
	browser.Eval[bool](h.Page, `(() => { const f = document.querySelector(`+strconv.Quote(selector)+`); f.focus(); document.execCommand("insertText", false, `+strconv.Quote(text)+`); return true; })()`)
}

// saved waits until a draft is kept as it is typed.
func (h *holder) saved() {
	h.s.t.Helper()
	h.eventually("the draft is kept", `document.querySelector("[data-compose-state]").textContent.includes("kaydedildi")`)
}

const editor = "[data-compose-editor]"

// keepsake keeps a contact, a group, a template or a signature.
func (h *holder) keepsake(kind string, fields map[string]string) {
	h.s.t.Helper()
	h.open("/mail/contacts/" + kind + "/new")
	for name, value := range fields {
		h.Fill(name, value)
	}
	h.checks()
	h.Submit(`main form[action$="/new"]`)
	if h.Count(".problems") > 0 {
		h.s.t.Fatalf("%s: %s", kind, h.Text("main"))
	}
}

// Compose: recipients are checked while they are typed and before signing; formatted
// text, attachments, a meter; kept as it is typed; what people keep for writing.
func (m *mailbox) composing(t *testing.T) {
	h := m.isil
	h.keepsake("contact", map[string]string{"name": "İnci Bora", "address": m.bora.who.Address, "note": "tedarikçi"})
	h.keepsake("group", map[string]string{"name": "Yönetim kurulu", "addresses": m.derya.who.Address})
	h.keepsake("template", map[string]string{"name": "Davet", "subject": "Toplantıya davet", "text": "Sayın üyemiz,"})
	h.keepsake("signature", map[string]string{"name": "Kurumsal", "text": "Işıl Öğütçü"})
	h.looks("contacts", "/mail/contacts")
	h.reads("İnci Bora", "Yönetim kurulu", "Davet", "Kurumsal")
	h.looks("contact-new", "/mail/contacts/contact/new")
	h.looks("compose-new", "/mail/compose")

	h.open("/mail/compose")
	h.types("#to", "inci")
	h.eventually("a contact is suggested", `document.querySelector("[data-compose-suggest]").innerText.includes("İnci Bora")`)
	h.Click("[data-compose-suggest] button")
	h.types("#cc", closedAddress+", "+unknownAddress+", x@example.com")
	h.eventually("recipients are checked", `document.querySelector("[data-compose-checked]").innerText.includes("KEP adresi değil")`)
	// Who closed an account that was never listed is not told either.
	h.eventually("an account that is not listed is said", `document.querySelector("[data-compose-checked]").innerText.includes("sorguya açık kayıt yok")`)
	h.types("#subject", "Genel kurul kararı")
	h.types(editor, "Sayın ilgili")
	browser.Eval[bool](h.Page, `getSelection().selectAllChildren(document.querySelector("[data-compose-editor]")) ?? true`)
	h.Click(`[data-format="bold"]`)
	pdf := keeps(t, "gündem.pdf", []byte(copyOfCard+strings.Repeat("x", 3<<20)))
	h.Attach("file", pdf)
	h.eventually("a file goes up", `document.querySelector("[data-compose-files]").textContent.includes("gündem.pdf")`)
	h.eventually("the meter counts it", `document.querySelector("[data-compose-size]").textContent.includes("4,") && document.querySelector("[data-compose-meter] meter").value > 10`)
	h.sees("compose-written")
	h.Follow(`button[value="save"]:not([hidden])`)
	at := strings.TrimPrefix(h.Here(), h.base+"/tr")
	at, _, _ = strings.Cut(at, "?")
	h.looks("compose-draft", at)
	if got := h.Text(editor); !strings.Contains(got, "Sayın ilgili") || h.Count(editor+" b, "+editor+" strong") == 0 {
		t.Errorf("the draft is %s", got)
	}
	h.Follow(`button[value="review"]`)
	h.reads("x@example.com: Bu bir KEP adresi değil")
	if h.Count(`main form[action$="/sign"]`) > 0 {
		t.Error("what would be refused can be signed")
	}
	h.sees("compose-stops")
	h.open(at)
	h.Fill("cc", closedAddress+", "+unknownAddress)
	h.Choose("insert", browser.Eval[string](h.Page, `[...document.querySelectorAll("#insert option")].find((o) => o.textContent.includes("Kurumsal")).value`))
	h.Follow(`button[value="insert"]`)
	if got := h.Text(editor); !strings.Contains(got, "Işıl Öğütçü") {
		t.Errorf("the signature was not put in: %s", got)
	}
	h.Follow(`button[value="review"]`)
	h.reads("sorguya açık kayıt yok", "geri alınamaz", "gündem.pdf")
	h.sees("compose-review")

	// Both parts, as they will be signed.
	_, b := h.gets(at + "/unsigned")
	for _, want := range []string{"multipart/alternative", "text/plain", "text/html", "<b>Say"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the unsigned message has no %s", want)
		}
	}
	h.open(at + "/drop")
	h.sees("compose-drop")
	h.Submit("main form")
	h.open("/mail/drafts")
	if got := h.Text("main"); strings.Contains(got, "Genel kurul kararı") {
		t.Errorf("the draft stays: %s", got)
	}

	// A group, a template, and no script.
	h.As(browser.NoScript)
	h.open("/mail/compose")
	h.Fill("to", "Yönetim kurulu")
	h.Fill("subject", "Betiksiz taslak")
	h.Fill("text", "Merhaba.")
	h.Attach("file", pdf)
	h.Follow(`button[value="review"]`)
	h.reads(m.derya.who.Address, "gündem.pdf", "İmzaya geç")
	h.Shot("mailbox-compose-review-noscript")
	h.As()
}

// writes writes a message to bora, up to the page before signing.
func (h *holder) writes(to, subject, text, day, hour string) {
	h.s.t.Helper()
	h.open("/mail/compose")
	h.types("#to", to)
	h.types("#subject", subject)
	h.types(editor, text)
	if day != "" {
		browser.Eval[bool](h.Page, `(() => { document.getElementById("day").value = `+strconv.Quote(day)+`; document.getElementById("hour").value = `+strconv.Quote(hour)+`; return true; })()`)
	}
	h.saved()
	h.Follow(`button[value="review"]`)
	h.reads("geri alınamaz")
}

// signs goes on from the page before signing to the result, with one PIN in remsign.
func (m *mailbox) signs(t *testing.T, h *holder, shows ...string) {
	t.Helper()
	h.Click("[data-sign-begin]")
	h.chooses()
	h.Click("[data-sign-certificates] button")
	asked := m.pen.sees("[evet/hayır]")
	for _, want := range append(shows, h.base, "özet (SHA-256)") {
		if !strings.Contains(asked, want) {
			t.Errorf("the terminal does not show %q: %s", want, asked)
		}
	}
	m.pen.types("evet")
	m.pen.sees("PIN (Kart)")
	m.pen.types(softhsm.PIN)
	if shown := m.pen.sees("İmzalandı."); strings.Contains(shown, softhsm.PIN) {
		t.Error("the terminal shows the PIN")
	}
	h.results()
}

// results waits for the page of the result.
func (h *holder) results() {
	h.s.t.Helper()
	h.s.until("the result", func() bool { return strings.HasSuffix(h.Here(), "/result") })
}

// Signing with remsign: paired with the code that both show, the origin checked, each
// signature shown in its terminal, a wrong PIN warned of. The message arrives at the
// other provider, and all about it verifies.
func (m *mailbox) signing(t *testing.T) {
	h := m.isil
	ready := m.pen.sees("kart sürücüsü")
	_, door, _ := strings.Cut(ready, "remsign hazır: ")
	door, _, _ = strings.Cut(door, "\r\n")
	ask := func(origin, path, body string) int {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+door+path, strings.NewReader(body))
		m.must(err)
		q.Header.Set("Origin", origin)
		q.Header.Set("Content-Type", "application/json")
		a, err := http.DefaultClient.Do(q)
		m.must(err)
		defer a.Body.Close()
		if origin != h.base && a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s may read the answer", origin)
		}
		return a.StatusCode
	}
	const subject = "remsign ile imzalı sözleşme"
	h.writes(m.bora.who.Address, subject, "Sözleşme ektedir.", "", "")
	h.Submit(`main form[action$="/sign"]`)
	h.sees("sign")
	h.Click("[data-sign-begin]")
	h.eventually("pairing", `!document.querySelector("[data-sign-pair]").hidden`)
	asked := m.pen.sees("Bu siteyi siz açmadıysanız")
	code := pairingCode.FindStringSubmatch(asked)
	if code == nil || !strings.Contains(asked, h.base) {
		t.Fatalf("the terminal shows %s", asked)
	}
	h.Shot("mailbox-sign-pair")
	h.Fill("code", "000 000")
	h.Click("[data-sign-pair] button")
	h.eventually("a wrong code", `document.querySelector("[data-sign-state]").textContent.includes("kodu yanlış")`)
	h.Fill("code", code[1]+code[2])
	h.Click("[data-sign-pair] button")
	h.chooses()
	h.Shot("mailbox-sign-certificates")

	// From now on it speaks with this site alone, and with a browser that has the key.
	for _, origin := range []string{"https://sahte.invalid", "null", "http://" + door} {
		if got := ask(origin, "/v1/hello", "{}"); got != http.StatusForbidden {
			t.Errorf("%s is answered %d", origin, got)
		}
	}
	if got := ask(h.base, "/v1/certificates", "{}"); got != http.StatusForbidden {
		t.Errorf("a page without the key is answered %d", got)
	}

	h.Click("[data-sign-certificates] button")
	asked = m.pen.sees("[evet/hayır]")
	for _, want := range []string{subject, m.bora.who.Address, h.who.Address, h.base, h.who.Name()} {
		if !strings.Contains(asked, want) {
			t.Errorf("the terminal does not show %q: %s", want, asked)
		}
	}
	m.pen.types("hayır")
	h.eventually("declining", `document.querySelector("[data-sign-state]").textContent.includes("reddedildi")`)
	h.sees("sign-declined")

	h.Click("[data-sign-certificates] button")
	m.pen.sees("[evet/hayır]")
	m.pen.types("evet")
	m.pen.sees("PIN (Kart)")
	m.pen.types("9999")
	if warned := m.pen.sees("PIN (Kart)"); !strings.Contains(warned, "daha önce yanlış PIN") {
		t.Errorf("after a wrong PIN the terminal shows %s", warned)
	}
	m.pen.types(softhsm.PIN)
	m.pen.sees("İmzalandı.")
	h.results()
	h.reads("Gönderildi")
	h.sees("sign-result")
	m.arrived(t, subject, "Sözleşme ektedir.")
}

// A preparer writes and cannot sign; whoever signs takes several with one PIN, and each
// has its own signature.
func (m *mailbox) batch(t *testing.T) {
	p, h := m.preparer, m.isil
	var subjects []string
	for i := range 3 {
		subject := "Hazırlanan yazı " + strconv.Itoa(i+1)
		subjects = append(subjects, subject)
		p.writes(m.bora.who.Address, subject, "Yazı "+strconv.Itoa(i+1)+".", "", "")
		if p.Count(`main form[action$="/sign"]`) > 0 {
			t.Error("the preparer may sign")
		}
		if i == 0 {
			p.sees("hand-over")
			p.Choose("signer", string(h.person))
		}
		p.Submit(`main form[action$="/hand"]`)
		p.reads(subject, "imza bekliyor")
	}
	p.looks("drafts-handed", "/mail/drafts")
	p.looks("compose-handed", p.finds("drafts", subjects[0]))
	h.looks("to-sign", "/mail/to-sign")
	h.reads(append(subjects, m.preparer.who.Name())...)
	browser.Eval[bool](h.Page, `document.querySelectorAll(".mail input[name=draft]").forEach((e) => e.click()) ?? true`)
	h.Submit(`main form.wide`)
	h.sees("sign-batch")
	m.signs(t, h, append(subjects, "Bu 3 iletinin")...)
	if h.Count("main .badge.good") != 3 {
		t.Errorf("the result: %s", h.Text("main"))
	}
	h.sees("sign-batch-result")
	for i, subject := range subjects {
		m.arrived(t, subject, "Yazı "+strconv.Itoa(i+1)+".")
	}
	// Who acted is a filter: the preparer submitted none.
	h.open("/mail/search")
	h.Choose("person", string(p.person))
	h.Submit(`main form[action$="/mail/search"]:not(.mail-search)`)
	if got := h.Text("main"); strings.Contains(got, subjects[0]) {
		t.Errorf("the preparer is said to have sent: %s", got)
	}
}

// Without a program beside the browser: remsign fetches the message by the code of the
// page, and signs with a key in a file, as tests do.
func (m *mailbox) byCode(t *testing.T) {
	h := m.isil
	const subject = "Kod ile imzalanan"
	h.writes(m.bora.who.Address, subject, "Başka bilgisayarda imzalandı.", "", "")
	h.Submit(`main form[action$="/sign"]`)
	h.Submit(`main form[action$="/code"]`)
	h.sees("sign-code")
	code := h.Text("main strong code")
	file, password := m.p12(t, h)
	pen := m.remsign(t, "--p12", file, "sign", "--at", h.base, "--code", code, "--ca", m.world.Anchors())
	pen.sees("Dosyanın parolası:")
	pen.types(password)
	pen.sees("[evet/hayır]")
	if shown := pen.out.String(); !strings.Contains(shown, subject) {
		t.Errorf("the terminal shows %s", shown)
	}
	pen.types("evet")
	pen.sees("gönderildi")
	h.Follow(`main a[href$="/result"]`)
	h.reads("Gönderildi")
	m.arrived(t, subject, "Başka bilgisayarda imzalandı.")
	out, err := exec.Command(filepath.Join(m.bin, "remsign"), "sign", "--at", h.base, "--code", code, "--ca", m.world.Anchors(), "--p12", file).CombinedOutput()
	if err == nil {
		t.Errorf("the code is good twice: %s", out)
	}
}

// schedule has a message signed now and sent in a minute or two; and one that is taken
// back before its time.
func (m *mailbox) schedule(t *testing.T) {
	h := m.isil
	zone := time.FixedZone("UTC+3", 3*60*60)
	at := time.Now().In(zone).Add(2 * time.Minute)
	m.due = "Zamanında giden"
	for subject, when := range map[string]time.Time{m.due: at, "Geri alınan": at.AddDate(0, 0, 3)} {
		h.writes(m.bora.who.Address, subject, "Zamanı gelince.", when.Format(time.DateOnly), when.Format("15:04"))
		h.reads("Gönderim zamanı")
		h.sees("compose-timed-review")
		h.Submit(`main form[action$="/sign"]`)
		m.signs(t, h, subject)
		h.reads("Zamanını bekliyor")
		h.sees("sign-scheduled-result")
	}
	back := h.finds("drafts", "Geri alınan")
	h.looks("compose-scheduled", back)
	h.Submit(`main form[action$="/back"]`)
	h.open("/mail/drafts")
	if got := h.Text("main"); strings.Count(got, "zamanlandı") != 1 {
		t.Errorf("one was taken back: %s", got)
	}
}

// What waits for its time goes then, and not before.
func (m *mailbox) scheduled(t *testing.T) {
	h := m.isil
	end, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	for h.open("/mail/sent"); !strings.Contains(h.Text("main"), m.due); h.open("/mail/sent") {
		select {
		case <-end.Done():
			t.Fatalf("%s was not sent: %s", m.due, h.Text("main"))
		case <-time.After(time.Second):
		}
	}
	m.arrived(t, m.due, "Zamanı gelince.")
}
