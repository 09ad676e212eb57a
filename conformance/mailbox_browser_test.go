package conformance_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rem/internal/testkit"
	"rem/internal/testkit/browser"
	"rem/person/account"
)

// A mailbox are the people of the journeys: isil and derya at one provider, bora at the
// other; preparer may write on isil's account and not sign.
type mailbox struct {
	*post
	isil, derya, bora, preparer *holder

	pen *signer // isil's remsign, with her token
	due string  // the subject of what waits for its time
}

const (
	closedAddress  = "kapali@" + ownDomain
	unknownAddress = "kimse.yok@" + otherDomain
	called         = "Genel kurul toplantısına çağrı"
	notice         = "IĞDIR şubesinin fesih ihtarnamesi"
	rich           = "Teklif ve ekleri"
)

// REQ-45 to REQ-55, REQ-67, REQ-68, REQ-70 to REQ-72: the mailbox over two whole
// providers, in Chromium: whoever writes and reads comes in by a passkey, signs with
// remsign and a token, and each page is looked at for barriers, in both languages,
// light and dark, on a desk and on a phone.
func TestTheMailboxInABrowser(t *testing.T) {
	if !testkit.Long() {
		t.Skip("REM_LONG=1 runs it; the packages have browser tests of their own")
	}
	m := &mailbox{post: openPost(t)}
	m.isil = m.opens(0, "isil.ogutcu@"+ownDomain)
	m.bora = m.opens(4, "bora.agaoglu@"+otherDomain)
	m.derya = m.opens(2, "derya@"+ownDomain)
	m.closes(t, 3, closedAddress)
	m.preparer = m.isil.appoints(1, account.Reading|account.Preparing)
	m.isil.reached()
	m.isil.prefers(map[string]bool{"ask": true, "mail": true, "sms": true}, nil)
	m.pen = m.remsign(t, "--module", m.token(t, m.isil).Module, "--dir", t.TempDir(), "serve")
	m.isil.posts([]string{m.bora.who.Address, m.derya.who.Address, unknownAddress}, called, textEntity("Sayın ilgili, toplantıya çağrılısınız."))
	m.bora.posts([]string{m.isil.who.Address}, notice, textEntity("Kira sözleşmesinin feshi hakkında."))
	m.bora.posts([]string{m.isil.who.Address}, rich, m.offer(t))
	for _, step := range []struct {
		name string
		run  func(*mailbox, *testing.T)
	}{
		{"folders, search and filters", (*mailbox).sorting},
		{"a timeline for each recipient", (*mailbox).following},
		{"a report for a judge", (*mailbox).reporting},
		{"reading is safe", (*mailbox).reading},
		{"opening makes evidence once", (*mailbox).opening},
		{"compose", (*mailbox).composing},
		{"signing with remsign", (*mailbox).signing},
		{"a batch of a preparer's with one PIN", (*mailbox).batch},
		{"scheduled for later", (*mailbox).schedule},
		{"signing with a file and a code", (*mailbox).byCode},
		{"notices without content", (*mailbox).telling},
		{"export and quota", (*mailbox).exporting},
		{"sent at its time", (*mailbox).scheduled},
	} {
		m.within(t, step.name, func(t *testing.T) { m.pen.t = t; step.run(m, t) }, m.isil, m.bora, m.derya, m.preparer)
	}
	logs := m.log.String()
	if _, after, found := strings.Cut(logs, `"level":"ERROR"`); found {
		line, _, _ := strings.Cut(after, "\n")
		t.Errorf("something went wrong unseen: %s", line)
	}
	for _, x := range []string{m.isil.who.FamilyName, m.bora.who.FamilyName, m.isil.who.Address, called, notice, rich} {
		if strings.Contains(logs, x) {
			t.Errorf("the log says %q", x)
		}
	}
}

// Inbox, sent, archive and own folders; search that knows Turkish letters; filters;
// acts on many; keys; and without scripts.
func (m *mailbox) sorting(t *testing.T) {
	h := m.isil
	h.waits("/mail/inbox", notice)
	h.waits("/mail/inbox", rich)
	h.waits("/mail/sent", called)
	h.looks("inbox", "/mail/inbox")
	if got := h.Text("main"); strings.Count(got, "açılmadı") < 2 {
		t.Errorf("what nobody opened is not marked: %s", got)
	}
	for _, f := range []string{"sent", "archive", "trash", "evidence", "drafts"} {
		h.looks("folder-"+f, "/mail/"+f)
	}
	h.open("/mail/folders")
	h.Fill("name", "Davalar İĞÜŞ")
	h.Submit(`main form[action$="/mail/folders"]`)
	h.looks("folders", "/mail/folders")

	// Two are ticked and moved at once, and moved back by the search that finds them.
	h.open("/mail/inbox")
	browser.Eval[bool](h.Page, `document.querySelectorAll(".mail input[name=item]").forEach((e) => e.click()) ?? true`)
	to := browser.Eval[string](h.Page, `[...document.querySelectorAll("#to option")].find((o) => o.textContent === "Davalar İĞÜŞ").value`)
	h.Choose("to", to)
	h.Follow(`button[value="move"]`)
	h.sees("moved")
	h.open("/mail/folder/" + to)
	h.reads(notice, rich)
	for question, found := range map[string]string{"ığdır": notice, "IĞDIR": notice, "AĞAOĞLU": notice, "feshi hakkında": notice, "fiyat listesi": rich, "TEKLİF": rich} {
		h.open("/mail/inbox")
		h.Fill("q", question)
		h.Submit(".mail-search")
		if got := h.Text(".mail"); !strings.Contains(got, found) {
			t.Errorf("%q finds %q, not %s", question, got, found)
		}
	}
	h.open("/mail/inbox")
	h.Fill("q", "ığdırlı")
	h.Submit(".mail-search")
	if got := h.Text("main"); strings.Contains(got, notice) {
		t.Errorf("another word finds %s", got)
	}

	h.looks("search", "/mail/search")
	asks := func(fields map[string]string) string {
		h.open("/mail/search")
		for name, value := range fields {
			if h.Count(`select[name="`+name+`"]`) > 0 {
				h.Choose(name, value)
			} else {
				h.Fill(name, value)
			}
		}
		h.Submit(`main form[action$="/mail/search"]:not(.mail-search)`)
		return h.Text("main")
	}
	if got := asks(map[string]string{"where": "sent", "state": "failed"}); !strings.Contains(got, called) {
		t.Errorf("sent ones that did not arrive: %s", got)
	}
	h.sees("found")
	if got := asks(map[string]string{"where": "sent", "state": "no-answer"}); strings.Contains(got, called) {
		t.Errorf("sent ones without an answer: %s", got)
	}
	if got := asks(map[string]string{"q": "fesih", "until": "01.01.2020"}); strings.Contains(got, notice) {
		t.Errorf("before it came: %s", got)
	}
	if got := asks(map[string]string{"where": "sent", "person": string(h.person)}); !strings.Contains(got, called) {
		t.Errorf("what she sent: %s", got)
	}
	if got := asks(map[string]string{"where": "sent", "person": string(m.preparer.person)}); strings.Contains(got, called) {
		t.Errorf("what the preparer sent: %s", got)
	}

	// Keys: down, chosen, archived.
	keys := func(path string, all ...string) {
		h.open(path)
		browser.Eval[bool](h.Page, `document.getElementById("content").focus() ?? true`)
		for _, k := range all {
			h.Press(k)
		}
	}
	keys("/mail/folder/"+to, "j", "x", "e")
	h.s.until("the archive's answer", func() bool { return strings.Contains(h.Here(), "done=archive") })
	h.waits("/mail/archive", rich)
	keys("/mail/archive", "?")
	h.eventually("the help", `document.querySelector("dialog").open`)
	h.sees("keys")

	// Without scripts: found, listed, moved back.
	h.As(browser.NoScript)
	h.open("/mail/inbox")
	h.Fill("q", "ığdır")
	h.Submit(".mail-search")
	h.reads(notice)
	for _, folder := range []string{"archive", "folder/" + to} {
		h.open("/mail/" + folder)
		h.Click(`.mail input[name="item"]`)
		h.Choose("to", "inbox")
		h.Follow(`button[value="move"]`)
	}
	h.As()
	h.open("/mail/inbox")
	h.reads(notice, rich)
}

// One timeline for each recipient, with the evidence, its verdict and its files.
func (m *mailbox) following(t *testing.T) {
	h := m.isil
	m.bora.reading(m.bora.finds("inbox", called))
	path := h.finds("sent", called)
	says := func(who string) string {
		return browser.Eval[string](h.Page, fmt.Sprintf(`([...document.querySelectorAll("main section.card")].find((e) => e.innerText.includes(%q)) || {innerText: ""}).innerText`, who))
	}
	h.s.until("the evidence of opening", func() bool {
		h.open(path)
		return strings.Contains(says(m.bora.who.Address), "Okundu")
	})
	h.looks("sent-message", path)
	for who, want := range map[string][]string{
		m.bora.who.Address:  {"Okundu.", "Gönderildi gerçekleşti", "devraldı gerçekleşti", "kutusunda gerçekleşti", "Okundu gerçekleşti", "Okundu delili"},
		m.derya.who.Address: {"henüz okunmadı", "Okundu bekleniyor", "En geç"},
		unknownAddress:      {"konulamadı", "kutusunda gerçekleşmedi", "Böyle bir alıcı yok", "Teslim edilemedi delili"},
	} {
		said := strings.Join(strings.Fields(says(who)), " ")
		for _, w := range append(want, "(UTC+3)", "UTC") {
			if !strings.Contains(said, w) {
				t.Errorf("%s's timeline does not say %q: %s", who, w, said)
			}
		}
		if strings.Count(said, "geçerli") < 2 || strings.Contains(said, "geçersiz") {
			t.Errorf("%s's evidence is judged so: %s", who, said)
		}
	}
	h.looks("source", path+"/source")

	// Each evidence has a page and files that hold without us.
	h.open(path)
	links := browser.Eval[[]string](h.Page, `[...new Set([...document.querySelectorAll('main a[href*="/evidence/"]')].map((a) => a.getAttribute("href").slice(3)))]`)
	if len(links) != 7 {
		t.Fatalf("there are %d evidences: %v", len(links), links)
	}
	h.looks("evidence", links[0])
	h.reads("geçerli", "SHA-256", "Bakılanlar")
	var files []string
	for i, link := range links {
		_, b := h.gets(link + "/xml")
		files = append(files, keeps(t, fmt.Sprintf("delil-%d.xml", i), b))
		if _, mail := h.gets(link + "/eml"); !strings.Contains(string(mail), "attachment") || !strings.Contains(string(mail), "xml") {
			t.Errorf("as mail the evidence is %.500s", mail)
		}
	}
	_, original := h.gets(path + "/original")
	files = append(files, keeps(t, "ileti.eml", original))
	if out := m.verifies(t, files...); !strings.Contains(out, "Sonuç: TOTAL-PASSED") {
		t.Errorf("remverify says %s", out)
	}
	_, bundle := h.gets(path + "/bundle")
	if out := m.verifies(t, keeps(t, "ileti.zip", bundle)); !strings.Contains(out, "TOTAL-PASSED") {
		t.Errorf("remverify says of the zip: %s", out)
	}

	// The evidence box and the list of states, by days, as a page and as CSV.
	h.looks("evidence-box", "/mail/evidence")
	h.reads("Okundu delili")
	h.looks("lists", "/mail/lists")
	h.reads(called, unknownAddress)
	day := time.Now().In(time.FixedZone("UTC+3", 3*60*60)).Format(time.DateOnly)
	for list, want := range map[string][]string{"status": {called, m.bora.who.Address, m.derya.who.Address, unknownAddress}, "evidence": {"RetrievalNonRetrievalByRecipient"}} {
		_, b := h.gets("/mail/lists/" + list + "?from=" + day + "&until=" + day)
		for _, w := range want {
			if !strings.Contains(string(b), w) {
				t.Errorf("%s.csv does not have %q: %s", list, w, b)
			}
		}
		if _, b := h.gets("/mail/lists/" + list + "?from=2020-01-01&until=2020-01-02"); strings.Contains(string(b), m.bora.who.Address) {
			t.Errorf("%s.csv of other days: %s", list, b)
		}
	}
}

// A report for a judge: its text can be taken out, the evidence lies in it and verifies
// without us, and the code on it leads to the public check.
func (m *mailbox) reporting(t *testing.T) {
	h := m.isil
	path := h.finds("sent", called)
	h.open(path)
	name, b := h.gets(path + "/report")
	if !strings.Contains(name, "rapor-") || !strings.Contains(name, ".pdf") {
		t.Errorf("the file is called %s", name)
	}
	file := keeps(t, "rapor.pdf", b)
	text := strings.Join(strings.Fields(runs(t, "pdftotext", "poppler-utils", "-layout", file, "-")), " ")
	for _, want := range []string{called, "Işıl Çağrı Öğütçü", m.bora.who.Address, m.derya.who.Address, unknownAddress, "Okundu delili", "Teslim edilemedi delili", "SHA-256"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	dir := t.TempDir()
	runs(t, "pdfdetach", "poppler-utils", "-saveall", "-o", dir, file)
	inside, err := filepath.Glob(filepath.Join(dir, "*.xml"))
	m.must(err)
	if len(inside) != 7 {
		t.Errorf("%d evidences lie in the report", len(inside))
	}
	if out := m.verifies(t, inside...); !strings.Contains(out, "Sonuç: TOTAL-PASSED") {
		t.Errorf("remverify says %s", out)
	}
	pages := filepath.Join(dir, "sayfa")
	runs(t, "pdftoppm", "poppler-utils", "-r", "150", "-png", file, pages)
	drawn, err := filepath.Glob(pages + "*.png")
	m.must(err)
	address := ""
	for _, page := range drawn {
		out, err := exec.Command(testkit.Tool(t, "zbarimg", "zbar-tools"), "-q", "--raw", page).Output()
		if err == nil { // a page without a code is an error
			address = strings.TrimSpace(string(out))
		}
	}
	if !strings.HasPrefix(address, h.base+"/verify") {
		t.Fatalf("the code leads to %q", address)
	}
	// Whoever scans it is no holder, and checks a file that lay in the report.
	visitor := &desk{m.browser.Page(t), m.stage, h.base}
	visitor.Open(address)
	visitor.Attach("files", inside[0])
	visitor.Submit(`main form`)
	if got := visitor.Text("main"); !strings.Contains(got, "TOTAL-PASSED") {
		t.Errorf("the public check says %s", got)
	}
	visitor.Check()
	visitor.Shot("mailbox-public-check")
}
