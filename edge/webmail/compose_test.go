package webmail_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/edge/webmail"
	"rem/internal/testkit/world"
	"rem/message/mailbox"
	"rem/provider/directory"
)

// writers is a desk with the pages for writing. Its directory knows nobody but bora,
// and cem's account was closed.
func writers(t *testing.T) *desk {
	d := newDesk(t)
	d.box.Limit = func(domain string) mailbox.Limit {
		l := mailbox.Limit{Domain: domain, Octets: 25 << 20, Known: mailbox.Ours}
		switch domain {
		case "hs91.kep.test":
			l.Octets, l.Known, l.At = 20<<20, mailbox.Stated, d.world.Clock.Now().Add(-48*time.Hour)
		case "hs92.kep.test":
			l.Known = mailbox.Assumed
		}
		return l
	}
	d.services.Writing = webmail.Writing{
		Sign: "/sign",
		Check: func(_ context.Context, _ mailbox.Visitor, list []rem.Address) (all []directory.Status, err error) {
			for _, a := range list {
				switch a.String() {
				case world.Address("bora", here):
					all = append(all, directory.Exists)
				case world.Address("cem", here):
					all = append(all, directory.ClosedFor)
				default:
					all = append(all, directory.NotListed)
				}
			}
			return all, nil
		},
		Known: func(domain string) bool { return strings.HasSuffix(domain, ".kep.test") },
	}
	d.site = d.open(base)
	return d
}

// sendForm posts a form with files, as a browser without scripts does.
func (d *desk) sendForm(user, path string, files map[string]string, form ...string) answer {
	d.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for i := 0; i < len(form); i += 2 {
		if err := m.WriteField(form[i], form[i+1]); err != nil {
			d.Fatal(err)
		}
	}
	for name, content := range files {
		w, err := m.CreateFormFile("file", name)
		if err != nil {
			d.Fatal(err)
		}
		fmt.Fprint(w, content)
	}
	m.Close()
	q := httptest.NewRequest("POST", base+"/tr"+path, &body)
	q.AddCookie(&http.Cookie{Name: "__Host-session", Value: secretOf(user)})
	q.Header.Set("Origin", base)
	q.Header.Set("Sec-Fetch-Site", "same-origin")
	q.Header.Set("Content-Type", m.FormDataContentType())
	w := httptest.NewRecorder()
	d.site.ServeHTTP(w, q)
	if w.Code >= 500 {
		d.Fatalf("POST %s: %d\n%s", path, w.Code, d.log)
	}
	return answer{w.Code, w.Body.String(), w.Header()}
}

var draftPath = regexp.MustCompile(`action="/tr(/mail/compose/[0-9a-f]{32})"`)

// begin opens an empty page and returns where its form goes.
func (d *desk) begin(user, query string) string {
	d.Helper()
	a := d.get(user, "/mail/compose"+query)
	m := draftPath.FindStringSubmatch(a.body)
	if a.code != 200 || m == nil {
		d.Fatalf("the page for writing: %d %s", a.code, a.body)
	}
	return m[1]
}

func (d *desk) draft(user, path string) mailbox.Draft {
	d.Helper()
	x, err := d.box.Draft(d.Context(), d.visitor(user), mailbox.DraftID(strings.TrimPrefix(path, "/mail/compose/")))
	if err != nil {
		d.Fatal(err)
	}
	return x
}

// A draft is begun, gets files, is checked and is ready to be signed; nothing needs a
// script (REQ-47, REQ-49). That it cannot be recalled is said before (REQ-53).
func TestADraftIsWrittenWithoutScripts(t *testing.T) {
	d := writers(t)
	at := d.begin("ayse", "")
	to := world.Address("bora", here)
	a := d.sendForm("ayse", at, map[string]string{"çek.pdf": "%PDF-1.7\nbir", "../../etc/passwd": "root"}, "version", "0", "to", to+"; "+strings.ToUpper(to), "cc", world.Address("cem", here), "subject", "  Işık \n faturası ", "text", "Sayın ilgili,\nekte.", "do", "save")
	if a.code != 303 || a.to() != at+"?done=saved" {
		t.Fatalf("saving: %d %s", a.code, a.body)
	}
	x := d.draft("ayse", at)
	if x.Subject != "Işık faturası" || len(x.To) != 1 || len(x.Files) != 2 || x.Author == "" || x.Step != mailbox.Writing {
		t.Errorf("kept %+v", x)
	}
	types := map[string]string{}
	for _, f := range x.Files {
		types[f.Name] = f.Type
	}
	if types["çek.pdf"] != "application/pdf" || types["passwd"] == "" {
		t.Errorf("files %v", types)
	}
	must(t, d.get("ayse", at+"?done=saved"), 200, "Kaydedildi.", "çek.pdf", "imza", "geri alınamaz")
	a = d.sendForm("ayse", at, nil, "version", "1", "to", to, "cc", world.Address("cem", here), "subject", x.Subject, "text", x.Text, "do", "review")
	must(t, a, 200, "Rehberde kayıtlı", "kapatılmış", `action="/tr/sign"`, `name="draft" value="`+string(x.ID)+`"`, "geri alınamaz")
	// A file is removed by its button, and given back while it is there.
	if got := d.get("ayse", at+"/file/"+x.Files[0].ID); got.code != 200 || !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("a file of a draft: %d", got.code)
	}
	d.sendForm("ayse", at, nil, "version", "2", "to", to, "subject", "s", "text", "t", "do", "remove "+x.Files[0].ID)
	if got := d.draft("ayse", at).Files; len(got) != 1 || got[0].ID != x.Files[1].ID {
		t.Errorf("left %+v", got)
	}
	if a := d.get("ayse", at+"/unsigned"); a.code != 200 || !strings.Contains(a.body, "\r\nTo: <"+to) {
		t.Errorf("the unsigned message: %d %s", a.code, a.body)
	}
	must(t, d.get("ayse", at+"/drop"), 200, "geri getirilemez")
	if a := d.post("ayse", at+"/drop"); a.code != 303 {
		t.Errorf("dropping: %d", a.code)
	}
	must(t, d.get("ayse", at), 404)
}

// What submission would refuse is said before anything is signed, and nothing can be
// signed so (REQ-49).
func TestRecipientsAreJudgedBeforeSigning(t *testing.T) {
	d := writers(t)
	for _, c := range []struct {
		to, says string
		signs    bool
	}{
		{world.Address("bora", here), "Rehberde kayıtlı", true},
		{"kimse@hs91.kep.test", "sorguya açık kayıt yok", true},
		{"ayse@example.com", "KEP", false},
		{"ayse@hs01.kep.tr", "güven listesinde yok", false},
		{"Ayşe", "KEP adresi değil", false},
		{"", "en az bir alıcı", false},
	} {
		at := d.begin("ayse", "")
		a := d.sendForm("ayse", at, nil, "version", "0", "to", c.to, "subject", "s", "text", "t", "do", "review")
		must(t, a, 200, c.says)
		if got := strings.Contains(a.body, `action="/tr/sign"`); got != c.signs {
			t.Errorf("%q can be signed: %v", c.to, got)
		}
		if !c.signs {
			if a := d.get("ayse", at+"/unsigned"); a.code == 200 && c.to != "ayse@example.com" && c.to != "ayse@hs01.kep.tr" {
				t.Errorf("%q is composed", c.to)
			}
		}
	}
	a := d.post("ayse", "/mail/recipients", "address", world.Address("bora", here), "address", "x")
	var list []struct{ Address, Tone, Says string }
	if err := json.Unmarshal([]byte(a.body), &list); err != nil || len(list) != 2 || list[0].Tone != "good" || list[1].Tone != "bad" {
		t.Errorf("while typing: %d %s", a.code, a.body)
	}
}

// Two windows with one draft: the later one sees both, and nothing is lost unseen.
func TestADraftThatChangedIsShownInBothVersions(t *testing.T) {
	d := writers(t)
	at := d.begin("ayse", "")
	keep := func(version, text string) (a answer, k struct {
		Version int64
		Other   *struct {
			Version int64
			Text    string
		}
	}) {
		a = d.post("ayse", at+"/keep", "version", version, "to", "b@c", "cc", "", "subject", "s", "text", text, "rich", "", "day", "", "hour", "", "answers", "")
		if err := json.Unmarshal([]byte(a.body), &k); err != nil {
			t.Fatal(a.body)
		}
		return a, k
	}
	_, one := keep("0", "bir")
	_, two := keep("1", "iki")
	a, three := keep("1", "üç")
	if one.Version != 1 || two.Version != 2 || a.code != 409 || three.Other == nil || three.Other.Version != 2 || three.Other.Text != "iki" {
		t.Errorf("versions %+v %+v; %d %+v", one, two, a.code, three)
	}
	must(t, d.sendForm("ayse", at, nil, "version", "1", "to", "b@c", "subject", "s", "text", "dört", "do", "save"), 409, "dört", "iki", `name="version" value="2"`)
	if got := d.draft("ayse", at).Text; got != "iki" {
		t.Errorf("kept %q", got)
	}
	d.sendForm("ayse", at, nil, "version", "2", "to", "b@c", "subject", "s", "text", "dört", "do", "save")
	if got := d.draft("ayse", at).Text; got != "dört" {
		t.Errorf("kept %q", got)
	}
}

// AT-10: what a page keeps as formatted text is what mail/html writes of it.
func TestFormattedTextIsKeptSafe(t *testing.T) {
	d := writers(t)
	at := d.begin("ayse", "")
	evil := `<p onclick="x()">İyi <b>kalın</b></p><script>alert(1)</script><img src="https://evil.example/x.png"><a href="javascript:alert(1)">bağ</a><style>.x{display:none}</style><form action="/tr/mail/remove"><input name="q"></form><iframe src="//evil"></iframe></div></form><h2>Başlık</h2>`
	d.sendForm("ayse", at, nil, "version", "0", "to", world.Address("bora", here), "subject", "s", "rich", "yes", "html", evil, "text", "yok", "do", "save")
	x := d.draft("ayse", at)
	for _, bad := range []string{"onclick", "script", "evil", "style", "<form", "<input", "<iframe"} {
		if strings.Contains(x.HTML, bad) {
			t.Errorf("%q is in %s", bad, x.HTML)
		}
	}
	if !strings.Contains(x.HTML, "<b>kalın</b>") || !strings.Contains(x.Text, "İyi kalın") || strings.Contains(x.Text, "yok") {
		t.Errorf("kept %q as %q", x.HTML, x.Text)
	}
	body := d.get("ayse", at).body
	editor := body[strings.Index(body, "data-compose-editor"):]
	if !strings.Contains(editor[:strings.Index(editor, "</form>")], "<b>kalın</b>") || strings.Contains(editor, "alert(1)") {
		t.Error("the page shows something else")
	}
	// Without scripts, formatting stays as long as the text does.
	d.sendForm("ayse", at, nil, "version", "1", "to", "", "subject", "s2", "text", x.Text, "do", "save")
	if got := d.draft("ayse", at); got.HTML != x.HTML || got.Subject != "s2" {
		t.Errorf("a save without scripts left %q", got.HTML)
	}
	d.sendForm("ayse", at, nil, "version", "2", "to", "", "subject", "s2", "text", "başka", "do", "save")
	if got := d.draft("ayse", at); got.HTML != "" || got.Text != "başka" {
		t.Errorf("another text left %q, %q", got.HTML, got.Text)
	}
}

// AT-04: no field of a draft reaches the header as anything but itself.
func TestNoFieldInjectsAHeader(t *testing.T) {
	d := writers(t)
	to := world.Address("bora", here)
	const evil = "x\r\nBcc: kurban@hs91.kep.test\r\n\r\nX"
	for _, field := range []string{"to", "cc", "subject", "answers", "file"} {
		at := d.begin("ayse", "")
		form := map[string]string{"version": "0", "to": to, "cc": "", "subject": "s", "text": "t", "do": "save", "answers": ""}
		files := map[string]string{"a.txt": "bir"}
		if field == "file" {
			files = map[string]string{"x\r\nBcc: kurban@hs91.kep.test": "bir", "y\"; filename=\"z.exe": "iki"}
		} else {
			form[field] = strings.TrimSpace(form[field] + evil)
		}
		var list []string
		for k, v := range form {
			list = append(list, k, v)
		}
		if a := d.sendForm("ayse", at, files, list...); a.code != 303 {
			continue // it was refused whole
		}
		a := d.get("ayse", at+"/unsigned")
		if a.code != 200 {
			continue
		}
		head, _, _ := strings.Cut(a.body, "\r\n\r\n")
		for line := range strings.Lines(a.body) {
			if strings.HasPrefix(strings.ToLower(line), "bcc:") {
				t.Errorf("%s: %q", field, a.body)
			}
		}
		if strings.Contains(head, "kurban") && field != "to" && field != "cc" && field != "subject" {
			t.Errorf("%s: %q", field, head)
		}
	}
}

// AT-28: another account's draft, and one that is not there, are the same answer on
// every page and form.
func TestAnothersDraftIsNotThere(t *testing.T) {
	d := writers(t)
	at := d.begin("ayse", "")
	d.sendForm("ayse", at, map[string]string{"a.txt": "gizli"}, "version", "0", "to", world.Address("bora", here), "subject", "Gizli konu", "text", "gizli", "do", "save")
	x := d.draft("ayse", at)
	absent := "/mail/compose/" + strings.Repeat("0", 32)
	for _, rest := range []string{"", "/drop", "/unsigned", "/file/" + x.Files[0].ID} {
		a, b := d.get("bora", at+rest), d.get("bora", absent+rest)
		if a.code != 404 || b.code != 404 || a.body != strings.ReplaceAll(b.body, absent, at) {
			t.Errorf("GET %s: %d %d", rest, a.code, b.code)
		}
	}
	for _, rest := range []string{"/keep", "/hand", "/back"} {
		if a := d.post("bora", at+rest, "version", "1", "to", "", "cc", "", "subject", "x", "text", "x", "rich", "", "day", "", "hour", "", "answers", ""); a.code != 404 && a.to() != "/mail/sent" {
			t.Errorf("POST %s: %d %s", rest, a.code, a.body)
		}
	}
	d.sendForm("bora", at, nil, "version", "1", "to", "", "subject", "x", "text", "x", "do", "save")
	d.post("bora", at+"/drop")
	if got := d.draft("ayse", at); got.Subject != "Gizli konu" || got.Version != 1 {
		t.Errorf("somebody else changed it: %+v", got)
	}
	sent := d.send(world.Letter{To: []string{world.Address("bora", here)}, Subject: "Bir", Body: "Bir.\r\n"}, "ayse", 0)
	if a := d.post("cem", d.begin("cem", "")+"/keep", "version", "0", "answers", string(sent), "to", "", "cc", "", "subject", "", "text", "", "rich", "", "day", "", "hour", ""); a.code != 404 {
		t.Errorf("an answer to another's message: %d", a.code)
	}
}

// An answer repeats what was opened, and nothing that was not.
func TestAnAnswerIsToAnOpenedMessage(t *testing.T) {
	d := writers(t)
	d.send(world.Letter{To: []string{world.Address("bora", here), world.Address("cem", here)}, Cc: []string{world.Address("derya", here)}, Subject: "İhale", Body: "Şartname ektedir.\r\n"}, "ayse", 0)
	item := d.items("bora", mailbox.Query{})[0]
	q := fmt.Sprintf("?item=%d&how=", item.ID)
	must(t, d.get("bora", "/mail/compose"+q+"reply"), 404)
	d.post("bora", path(item)+"/open")
	must(t, d.get("bora", "/mail/compose"+q+"reply"), 200, "Ynt: İhale", "&gt; Şartname ektedir.", world.Address("ayse", here))
	a := d.get("bora", "/mail/compose"+q+"all")
	must(t, a, 200, world.Address("cem", here), world.Address("derya", here))
	if strings.Contains(a.body, `value="`+world.Address("bora", here)) {
		t.Error("an answer goes to its own writer")
	}
	must(t, d.get("bora", "/mail/compose"+q+"forward"), 200, fmt.Sprintf(`action="/tr/mail/forward/%d"`, item.ID))
	must(t, d.get("cem", "/mail/compose"+q+"reply"), 404)
}

// Names of contacts and groups become addresses, each once; templates and signatures
// are put in.
func TestContactsGroupsAndTemplates(t *testing.T) {
	d := writers(t)
	bora, cem := world.Address("bora", here), world.Address("cem", here)
	for _, c := range [][]string{
		{"contact", "name", "İnci Bora", "address", strings.ToUpper(bora), "shared", "yes"}, {"group", "name", "Kurul", "addresses", bora + "\n" + cem},
		{"template", "name", "Davet", "subject", "Toplantıya davet", "text", "Sayın üyemiş,\nToplantıya bekleriz."}, {"signature", "name", "Ben", "text", "Ayşe Yılmaz\nGenel Müdür"},
	} {
		if a := d.post("ayse", "/mail/contacts/"+c[0]+"/new", c[1:]...); a.code != 303 {
			t.Fatalf("%v: %d %s", c, a.code, a.body)
		}
	}
	must(t, d.post("ayse", "/mail/contacts/contact/new", "name", "x", "address", "x@example.com"), 422, "KEP adresi değil")
	must(t, d.post("ayse", "/mail/contacts/contact/new", "name", "a@b, c", "address", bora), 422)
	a := d.get("ayse", "/mail/contacts")
	must(t, a, 200, "İnci Bora", "Kurul", "Davet", "Ayşe Yılmaz", "hesaptaki herkesin", "yalnız sizin")
	at := d.begin("ayse", "")
	d.sendForm("ayse", at, nil, "version", "0", "to", "inci bora, KURUL", "cc", cem, "subject", "", "text", "", "do", "save")
	x := d.draft("ayse", at)
	if strings.Join(x.To, " ") != bora+" "+cem || len(x.Cc) != 0 {
		t.Errorf("recipients %v, %v", x.To, x.Cc)
	}
	choose := regexp.MustCompile(`value="(template|signature) ([0-9a-f]+)"`)
	version := 1
	for _, m := range choose.FindAllStringSubmatch(d.get("ayse", at).body, -1) {
		x = d.draft("ayse", at)
		d.sendForm("ayse", at, nil, "version", fmt.Sprint(version), "to", bora, "subject", x.Subject, "text", x.Text, "insert", m[1]+" "+m[2], "do", "insert")
		version++
	}
	if x = d.draft("ayse", at); x.Subject != "Toplantıya davet" || !strings.HasPrefix(x.Text, "Sayın") || !strings.HasSuffix(strings.TrimSpace(x.Text), "Genel Müdür") {
		t.Errorf("with template and signature: %q, %q", x.Subject, x.Text)
	}
	one := regexp.MustCompile(`/mail/contacts/contact/[0-9a-f]+`).FindString(a.body)
	must(t, d.get("ayse", one), 200, "İnci Bora")
	must(t, d.get("bora", one), 404)
	if a := d.post("ayse", one+"/drop"); a.code != 303 || d.get("ayse", one).code != 404 {
		t.Error("a contact stays")
	}
}

// REQ-41: who prepares hands to who signs; he finds it, and nobody else does.
func TestADraftIsHandedToItsSigner(t *testing.T) {
	d := writers(t)
	at := d.begin("ayse", "")
	d.sendForm("ayse", at, nil, "version", "0", "to", world.Address("bora", here), "subject", "Karar", "text", "t", "do", "save")
	if a := d.post("ayse", at+"/hand", "version", "1", "signer", "kimse"); a.code == 303 {
		t.Error("it is handed to a stranger")
	}
	if a := d.post("ayse", at+"/hand", "version", "1", "signer", ""); a.code != 303 {
		t.Fatalf("handing over: %d %s", a.code, a.body)
	}
	if x := d.draft("ayse", at); x.Step != mailbox.ToSign || x.Handed.Person != x.Author {
		t.Errorf("handed over: %+v", x)
	}
	must(t, d.get("ayse", at), 200, "İmza bekliyor", "geri al")
	must(t, d.get("ayse", "/mail/to-sign"), 200, "Karar", `action="/tr/sign"`)
	if a := d.get("bora", "/mail/to-sign"); strings.Contains(a.body, "Karar") {
		t.Error("another account sees it")
	}
	if a := d.post("ayse", at+"/back", "version", "2"); a.code != 303 || d.draft("ayse", at).Step != mailbox.Writing {
		t.Errorf("taking back: %d", a.code)
	}
}

// The page measures the package to the octet, and stops before it is signed.
func TestThePackageIsMeasured(t *testing.T) {
	d := writers(t)
	d.services.MaxPackage = 300 << 10
	d.site = d.open(base)
	at := d.begin("ayse", "")
	d.sendForm("ayse", at, map[string]string{"a.bin": strings.Repeat("x", 190_000)}, "version", "0", "to", world.Address("bora", here), "subject", "s", "text", "ğ\n", "do", "save")
	x := d.draft("ayse", at)
	n, err := d.box.Measure(t.Context(), d.visitor("ayse"), x)
	if err != nil {
		t.Fatal(err)
	}
	if got := int64(len(d.get("ayse", at+"/unsigned").body)); got+mailbox.Allowance != n {
		t.Errorf("measured %d, and it has %d", n-mailbox.Allowance, got)
	}
	a := d.sendForm("ayse", at, map[string]string{"b.bin": strings.Repeat("x", 20_000)}, "version", "1", "to", world.Address("bora", here), "subject", "s", "text", "ğ\n", "do", "review")
	must(t, a, 200, "Bu hâliyle gönderilemez")
	if strings.Contains(a.body, `action="/tr/sign"`) {
		t.Error("it can be signed")
	}
	must(t, d.sendForm("ayse", at, map[string]string{"c.bin": strings.Repeat("x", 400_000)}, "version", "2", "to", "", "subject", "s", "text", "t", "do", "save"), 422, "büyük")
}

// What no draft names is not kept: a file that was taken out, and those of a form that
// was refused; all files of a draft together have a bound.
func TestFilesGoWithTheirDraft(t *testing.T) {
	d := writers(t)
	at := d.begin("ayse", "")
	id := mailbox.DraftID(strings.TrimPrefix(at, "/mail/compose/"))
	d.sendForm("ayse", at, map[string]string{"a.txt": "bir"}, "version", "0", "to", "", "subject", "s", "text", "t", "do", "save")
	file := d.draft("ayse", at).Files[0].ID
	kept := func() bool {
		_, err := d.box.File(t.Context(), d.visitor("ayse"), id, file)
		return err == nil
	}
	if !kept() {
		t.Fatal("the file is not kept")
	}
	d.sendForm("ayse", at, nil, "version", "1", "to", "", "subject", "s", "text", "t", "do", "remove "+file)
	if kept() {
		t.Error("a file that was taken out stays")
	}
	x := d.draft("ayse", at)
	x.Files = []mailbox.File{{ID: "b", Name: "b", Type: "text/plain", Size: mailbox.MaxAttached - 10}}
	if _, err := d.store.SaveDraft(t.Context(), d.visitor("ayse").Actor, x); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.box.Attach(t.Context(), d.visitor("ayse"), id, "c", strings.NewReader(strings.Repeat("x", 11)), 1000); !errors.Is(err, mailbox.ErrTooLarge) {
		t.Errorf("one more: %v", err)
	}
}

// A time of sending is within thirty days; the page says what it means.
func TestATimeOfSending(t *testing.T) {
	d := writers(t)
	day := func(after time.Duration) string { return d.world.Clock.Now().Add(after).Format(time.DateOnly) }
	for _, c := range []struct {
		day  string
		code int
	}{{day(-48 * time.Hour), 422}, {day(40 * 24 * time.Hour), 422}, {"yarın", 422}, {day(5 * 24 * time.Hour), 200}} {
		at := d.begin("ayse", "")
		a := d.sendForm("ayse", at, nil, "version", "0", "to", world.Address("bora", here), "subject", "s", "text", "t", "day", c.day, "hour", "10:30", "do", "review")
		must(t, a, c.code)
		if c.code == 200 {
			must(t, a, 200, "imzadaki zaman")
			if got := d.draft("ayse", at).SendAt.Format("15:04"); got != "07:30" {
				t.Errorf("it is to be sent at %s UTC", got)
			}
		}
	}
}
