package webmail_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/edge/webmail"
	"rem/internal/testkit/world"
	"rem/message/mailbox"
	"rem/person/account"
)

func must(t *testing.T, a answer, code int, words ...string) {
	t.Helper()
	if a.code != code {
		t.Errorf("code %d, want %d: %s", a.code, code, strings.Join(strings.Fields(a.body), " "))
	}
	for _, w := range words {
		if !strings.Contains(a.body, w) {
			t.Errorf("%q is not on the page: %s", w, a.body)
		}
	}
}

// REQ-68: lists, searches and every page but the form's own leave a message unopened;
// the form opens it once, with evidence that names who did.
func TestOnlyTheFormOpensAMessage(t *testing.T) {
	d := newDesk(t)
	id := d.send(world.Letter{To: []string{world.Address("bora", here)}, Subject: "İhale daveti", Body: "Şartname ektedir.\r\n"}, "ayse", 0)
	item := d.items("bora", mailbox.Query{})[0]
	must(t, d.get("bora", "/mail/inbox"), 200, "İhale daveti", "açılmadı", "ayse@", "1 açılmamış")
	a := d.post("bora", "/mail/search", "q", "ihal")
	if a.code != 303 || strings.Contains(a.to(), "ihal") {
		t.Errorf("a search leads to %q", a.to())
	}
	must(t, d.get("bora", a.to()), 200, "İhale daveti")
	must(t, d.get("bora", path(item)), 200, "Bu ileti henüz açılmadı", "geri alınamaz")
	for _, rest := range []string{"/original", "/source", "/bundle", "/text/1", "/file/1"} {
		must(t, d.get("bora", path(item)+rest), 404)
	}
	if got := d.kinds(id); strings.Contains(got, "Retrieval") {
		t.Fatalf("looking made evidence: %s", got)
	}
	if a := d.post("bora", path(item)+"/open"); a.code != 303 || a.to() != path(item) {
		t.Fatalf("opening: %d, %q", a.code, a.to())
	}
	if got := d.kinds(id); strings.Count(got, "RetrievalNonRetrievalByRecipient positive") != 1 {
		t.Fatalf("opening made %s", got)
	}
	// The page that follows does not wait for the mailbox to learn of it.
	must(t, d.get("bora", path(item)), 200, "Gönderenin imzası", "geçerli")
	d.follow()
	must(t, d.get("bora", path(item)), 200, "İlk açılış")
	d.post("bora", path(item)+"/open")
	if got := d.kinds(id); strings.Count(got, "RetrievalNon") != 1 {
		t.Errorf("opening again made %s", got)
	}
	if a := d.get("bora", path(item)+"/original"); a.code != 200 || !strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment") || !strings.Contains(a.header.Get("Content-Security-Policy"), "sandbox") || !strings.Contains(a.body, "Subject:") {
		t.Errorf("the original: %d %v", a.code, a.header)
	}
}

// The question before opening is the person's choice; without it a form on the list
// opens.
func TestWhoDoesNotWantToBeAskedOpensFromTheList(t *testing.T) {
	d := newDesk(t)
	d.send(world.Letter{To: []string{world.Address("bora", here)}, Subject: "Bir", Body: "Bir.\r\n"}, "ayse", 0)
	item := d.items("bora", mailbox.Query{})[0]
	form := `formaction="/tr` + path(item) + `/open"`
	if a := d.get("bora", "/mail/inbox"); strings.Contains(a.body, form) {
		t.Error("the list opens although the question is wanted")
	}
	if a := d.post("bora", "/mail/preferences", "digest", "-1", "from", "22", "until", "7"); a.code != 303 {
		t.Fatalf("preferences: %d %s", a.code, a.body)
	}
	must(t, d.get("bora", "/mail/inbox"), 200, form)
	must(t, d.post("bora", "/mail/preferences", "digest", "24", "from", "22", "until", "7"), 422, "0 ile 23")
	// His choice is his alone: it is not that of somebody else on another account.
	if a := d.get("ayse", "/mail/preferences"); !strings.Contains(a.body, `id="ask" name="ask" value="yes" checked`) {
		t.Error("another's preferences changed")
	}
}

// AT-28: what is another account's and what is not there are the same answer.
func TestAnothersItemIsNotThere(t *testing.T) {
	d := newDesk(t)
	d.send(world.Letter{To: []string{world.Address("bora", here)}, Subject: "Gizli konu", Body: "Gizli.\r\n"}, "ayse", 0)
	d.send(world.Letter{To: []string{world.Address("bora", here)}, Subject: "İkinci", Body: "İkinci.\r\n"}, "ayse", 0)
	hers := d.items("ayse", mailbox.Query{Kinds: []mailbox.Kind{mailbox.Sent}})
	for _, rest := range []string{"", "/original", "/source", "/bundle", "/report", "/text/1", "/file/1", "/evidence/" + strings.Repeat("0", 64), "/evidence/" + strings.Repeat("0", 64) + "/xml"} {
		absent := d.get("cem", "/mail/message/999"+rest)
		for _, item := range hers {
			if a := d.get("cem", path(item)+rest); a.code != 404 || a.body != strings.ReplaceAll(absent.body, "/mail/message/999", path(item)) {
				t.Errorf("%s of another: %d", rest, a.code)
			}
		}
	}
	for _, do := range []string{"archive", "trash", "mark"} {
		d.post("cem", "/mail/act", "do", do, "item", fmt.Sprint(hers[0].ID))
	}
	for _, item := range d.items("ayse", mailbox.Query{Kinds: []mailbox.Kind{mailbox.Sent}}) {
		if item.Folder != mailbox.SentBox || item.Flags&mailbox.Flagged != 0 {
			t.Errorf("somebody else moved it: %+v", item)
		}
	}
	// A search of another is over for everybody else.
	found := d.post("ayse", "/mail/search", "q", "gizli").to()
	if a := d.get("cem", found); a.code != 303 || a.to() != "/mail/search?done=over" {
		t.Errorf("another's search: %d %q", a.code, a.to())
	}
	must(t, d.get("ayse", found), 200, "Gizli konu")
	d.world.Clock.Advance(2 * time.Hour)
	if a := d.get("ayse", found); a.code != 303 {
		t.Errorf("a search of long ago: %d", a.code)
	}
}

// REQ-71: each evidence and the sender's signature are verified on the page.
// REQ-50: several recipients have several fates: lists count them, and the page tells
// each by himself.
func TestEachRecipientHasHisOwnFate(t *testing.T) {
	d := newDesk(t)
	id := d.send(world.Letter{To: []string{world.Address("bora", here), world.Address("cem", "hs91")}, Cc: []string{world.Address("derya", here)}, Subject: "Üç kişiye", Body: "Merhaba.\r\n"}, "ayse", 0)
	d.post("derya", path(d.items("derya", mailbox.Query{})[0])+"/open")
	d.follow()
	sent := d.items("ayse", mailbox.Query{Kinds: []mailbox.Kind{mailbox.Sent}})[0]
	must(t, d.get("ayse", "/mail/sent"), 200, "3/3 teslim", "1/3 okundu", "ve 2 alıcı daha")
	a := d.get("ayse", path(sent))
	must(t, a, 200, "bora@hs90", "cem@hs91", "derya@hs90", "UTC", "Delil")
	if n := strings.Count(a.body, `class="timeline"`); n != 3 {
		t.Errorf("%d timelines", n)
	}
	v, err := d.provider.Store.Message(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range v.Filed {
		if !strings.Contains(a.body, "/evidence/"+f.Digest.String()) {
			t.Errorf("%s is not on the page", f.ID)
		}
		must(t, d.get("ayse", path(sent)+"/evidence/"+f.Digest.String()), 200, "geçerli", "SHA-256")
		for _, form := range []string{"xml", "eml"} {
			if x := d.get("ayse", path(sent)+"/evidence/"+f.Digest.String()+"/"+form); x.code != 200 || !strings.HasPrefix(x.header.Get("Content-Disposition"), "attachment") {
				t.Errorf("%s of %s: %d", form, f.ID, x.code)
			}
		}
	}
	// A recipient sees what concerns him and nobody else's.
	d.post("bora", path(d.items("bora", mailbox.Query{})[0])+"/open")
	b := d.get("bora", path(d.items("bora", mailbox.Query{})[0]))
	if n := strings.Count(b.body, `class="timeline"`); n != 1 {
		t.Errorf("a recipient sees %d timelines", n)
	}
	for _, f := range v.Filed {
		if f.Recipient > 1 && strings.Contains(b.body, f.Digest.String()) {
			t.Errorf("a recipient sees %s, which is about another", f.ID)
		}
	}
	d.follow()
	csv := d.get("ayse", "/mail/lists/status")
	if n := strings.Count(csv.body, "Üç kişiye"); n != 3 || !strings.HasPrefix(csv.body, "\ufeff") {
		t.Errorf("%d lines in the status list: %s", n, csv.body)
	}
	box := d.get("ayse", "/mail/lists/evidence")
	if n := strings.Count(box.body, "\r\n"); n != len(v.Filed)+2 { // a head, and the opening by bora since
		t.Errorf("%d lines in the evidence box for %d evidences: %s", n, len(v.Filed), box.body)
	}
	must(t, d.get("ayse", "/mail/lists?from=2026-13-01"), 422)
	must(t, d.get("ayse", "/mail/lists"), 200, "Üç kişiye", "cem@hs91")
	must(t, d.get("ayse", "/mail/evidence"), 200, "olumlu")
}

// Rows go where they are sent, and back; what is removed for good is asked about.
func TestRowsAreMoved(t *testing.T) {
	d := newDesk(t)
	for i := range 3 {
		d.send(world.Letter{To: []string{world.Address("bora", here)}, Subject: fmt.Sprintf("İleti %d", i), Body: "Merhaba.\r\n"}, "ayse", 0)
	}
	items := d.items("bora", mailbox.Query{})
	one, two := fmt.Sprint(items[0].ID), fmt.Sprint(items[1].ID)
	if a := d.post("bora", "/mail/act", "do", "archive", "folder", "inbox", "item", one); a.to() != "/mail/inbox?done=archive&n=1" {
		t.Errorf("archiving leads to %q (%d)", a.to(), a.code)
	}
	must(t, d.get("bora", "/mail/archive?done=archive&n=1"), 200, "İleti 2", "Arşive taşındı: 1.")
	must(t, d.post("bora", "/mail/folders", "name", "Davalar"), 303)
	must(t, d.post("bora", "/mail/folders", "name", "davalar"), 422, "Bu adda bir klasör var")
	must(t, d.post("bora", "/mail/folders", "name", "Gelen kutusu"), 422)
	must(t, d.post("bora", "/mail/folders", "name", ""), 422, "Klasöre bir ad verin")
	folders, err := d.box.Folders(t.Context(), d.visitor("bora"))
	if err != nil {
		t.Fatal(err)
	}
	own := string(folders[len(folders)-1].ID)
	must(t, d.post("bora", "/mail/act", "do", "move", "to", own, "folder", "inbox", "item", two), 303)
	must(t, d.get("bora", "/mail/folder/"+own), 200, "İleti 1", "Davalar")
	must(t, d.post("bora", "/mail/folders/"+own+"/remove"), 422, "içinde ileti var")
	must(t, d.post("bora", "/mail/folders/"+own+"/rename", "name", "Davalar 2026"), 303)
	must(t, d.get("bora", "/mail/folders"), 200, "Davalar 2026")
	must(t, d.post("bora", "/mail/act", "do", "trash", "folder", own, "item", two), 303)
	must(t, d.post("bora", "/mail/act", "do", "remove", "folder", "trash", "item", two), 200, "Kalıcı olarak kaldır", `name="item" value="`+two+`"`)
	must(t, d.post("bora", "/mail/remove", "folder", "trash", "item", two), 422, "Hiç açılmamış")
	must(t, d.post("bora", "/mail/act", "do", "restore", "folder", "trash", "item", two), 303)
	must(t, d.get("bora", "/mail/inbox"), 200, "İleti 1")
	if a := d.post("bora", "/mail/act", "do", "archive", "folder", "inbox"); a.to() != "/mail/inbox?done=none" {
		t.Errorf("nothing chosen leads to %q", a.to())
	}
	must(t, d.post("bora", "/mail/act", "do", "nothing", "item", one), 400)
	// Where a form leads is a name of ours, whatever it says.
	if a := d.post("bora", "/mail/act", "do", "mark", "folder", "//evil.example/", "item", one); a.to() != "/mail/inbox?done=mark&n=1" {
		t.Errorf("a form leads to %q", a.to())
	}
}

// What somebody may not do is not offered, and refused when it is done all the same.
func TestPermissionsAreThoseOfTheAccount(t *testing.T) {
	d := newDesk(t)
	d.send(world.Letter{To: []string{world.Address("bora", here)}, Subject: "Konu", Body: "Merhaba.\r\n"}, "ayse", 0)
	item := fmt.Sprint(d.items("bora", mailbox.Query{})[0].ID)
	must(t, d.get("bora", "/mail/export"), 200)
	a, err := d.provider.Store.Account(t.Context(), world.Account("bora", d.provider.Domain).ID)
	if err != nil {
		t.Fatal(err)
	}
	a.Operators[0].May = account.Reading
	if err := d.provider.Store.Update(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	page := d.get("bora", "/mail/inbox")
	for _, no := range []string{`value="archive"`, `value="trash"`, "/mail/export\""} {
		if strings.Contains(strings.SplitN(page.body, "<main", 2)[1], no) {
			t.Errorf("%s is offered", no)
		}
	}
	must(t, d.post("bora", "/mail/act", "do", "archive", "item", item), 422, "yetkiniz yok")
	must(t, d.post("bora", "/mail/act", "do", "trash", "item", item), 422, "yetkiniz yok")
	must(t, d.get("bora", "/mail/export"), 403)
	must(t, d.post("bora", "/mail/export", "form", "eml"), 403)
	a, err = d.provider.Store.Account(t.Context(), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	a.Operators[0].May = account.MailNotices
	if err := d.provider.Store.Update(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"/mail/inbox", "/mail/sent", "/mail/message/" + item, "/mail/quota"} {
		if x := d.get("bora", p); x.code != 422 || strings.Contains(x.body, "Konu") {
			t.Errorf("%s for somebody who may not read: %d", p, x.code)
		}
	}
}

// An export is recorded before it leaves, is whole, and opens nothing unasked.
func TestAnExportOpensNothingUnasked(t *testing.T) {
	d := newDesk(t)
	id := d.send(world.Letter{To: []string{world.Address("bora", here)}, Subject: "Konu", Body: "Merhaba.\r\n"}, "ayse", 0)
	for _, c := range []struct {
		unopened string
		opened   int
	}{{"leave", 0}, {"open", 1}} {
		a := d.post("bora", "/mail/export", "form", "eml", "unopened", c.unopened)
		z, err := zip.NewReader(strings.NewReader(a.body), int64(len(a.body)))
		if err != nil {
			t.Fatalf("%s: %d %v", c.unopened, a.code, err)
		}
		originals := 0
		for _, f := range z.File {
			if strings.HasSuffix(f.Name, ".eml") {
				originals++
			}
		}
		if originals != c.opened {
			t.Errorf("%s: %d originals", c.unopened, originals)
		}
		if n := strings.Count(d.kinds(id), "RetrievalNon"); n != c.opened {
			t.Errorf("%s: %d evidences of retrieval", c.unopened, n)
		}
		d.follow()
	}
	if len(d.records) != 2 || !d.records[0].Everything || d.records[0].Opening || !d.records[1].Opening {
		t.Errorf("recorded: %+v", d.records)
	}
	// A message with its evidence alone needs no such permission: each part of it is
	// on its page.
	sent := d.items("ayse", mailbox.Query{Kinds: []mailbox.Kind{mailbox.Sent}})[0]
	a := d.get("ayse", path(sent)+"/bundle")
	if z, err := zip.NewReader(bytes.NewReader([]byte(a.body)), int64(len(a.body))); err != nil || len(z.File) < 5 {
		t.Errorf("the bundle: %d %v", a.code, err)
	}
}

// REQ-67: what is searched for, and whom messages are from, is in no log line and no
// address.
func TestNothingPersonalIsInAddressesAndLogs(t *testing.T) {
	d := newDesk(t)
	d.send(world.Letter{To: []string{world.Address("bora", here)}, Subject: "Boşanma", Body: "Merhaba.\r\n"}, "ayse", 0)
	to := d.post("bora", "/mail/search", "q", "Boşanma ayse", "from", "2020-01-01", "until", "2099-01-01", "unopened", "yes").to()
	must(t, d.get("bora", to), 200, "Boşanma")
	d.post("bora", "/mail/search", "q", strings.Repeat("x", 300))
	for _, no := range []string{"oşanma", "ayse", "xxx"} {
		if strings.Contains(to+d.log.String(), no) {
			t.Errorf("%q is in %q or the log %q", no, to, d.log)
		}
	}
	must(t, d.post("bora", "/mail/search", "from", "2026-02-02", "until", "2026-02-01"), 422, "ilk günden önce")
	must(t, d.post("bora", "/mail/search", "state", "nonsense"), 400)
}

// A long folder is gone through by cursor, each row once.
func TestAFolderIsGoneThroughByCursor(t *testing.T) {
	d := newDesk(t)
	original := d.kit.Sign(t, world.Letter{From: world.Address("ayse", here), To: []string{world.Address("bora", here)}, Subject: "Çok", Body: "Merhaba.\r\n"}, 0)
	id := d.world.Submit("ayse", here, original, world.Address("bora", here)).Message
	d.follow()
	bora := world.Account("bora", d.provider.Domain).ID
	var news []mailbox.News
	for i := range 119 {
		news = append(news, mailbox.News{Account: bora, About: id, Item: &mailbox.Item{Kind: mailbox.Received, Message: id, Recipient: 1, Evidence: rem.EvidenceID(fmt.Sprint("e", i)), At: d.world.Clock.Now()}})
	}
	if err := d.store.Follow(t.Context(), news, "z"); err != nil {
		t.Fatal(err)
	}
	seen, at := map[string]bool{}, "/mail/inbox"
	for pages := 1; ; pages++ {
		a := d.get("bora", at)
		for _, part := range strings.Split(a.body, `name="item" value="`)[1:] {
			row, _, _ := strings.Cut(part, `"`)
			if seen[row] {
				t.Errorf("row %s twice", row)
			}
			seen[row] = true
		}
		_, next, ok := strings.Cut(a.body, `href="/tr/mail/inbox?before=`)
		if !ok {
			if pages != 3 || len(seen) != 120 {
				t.Errorf("%d rows on %d pages", len(seen), pages)
			}
			break
		}
		next, _, _ = strings.Cut(next, `"`)
		at = "/mail/inbox?before=" + next
	}
	must(t, d.get("bora", "/mail/inbox?before=x"), 404)
}

// The forecast goes by what arrived lately, and says that reception never stops.
func TestTheForecastIsThatOfTheLastDays(t *testing.T) {
	d := newDesk(t)
	must(t, d.get("bora", "/mail/quota"), 200, "durmaz", "alan sınırı yok")
	a, err := d.provider.Store.Account(t.Context(), world.Account("bora", d.provider.Domain).ID)
	if err != nil {
		t.Fatal(err)
	}
	a.Quota = 40 << 10
	if err := d.provider.Store.Update(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	must(t, d.get("bora", "/mail/quota"), 200, "tahmin yapılamıyor")
	d.send(world.Letter{To: []string{world.Address("bora", here)}, Subject: "Konu", Body: strings.Repeat("Merhaba.\r\n", 2000)}, "ayse", 0)
	must(t, d.get("bora", "/mail/quota"), 200, "gün sonra")
}

// programs are two sessions, of which cem's is not bora's to see.
type programs struct{ ended []string }

func (*programs) Programs(_ context.Context, who mailbox.Visitor) ([]webmail.Program, error) {
	return []webmail.Program{{ID: "o1", From: "192.0.2.7", Own: true, Who: who.Actor.Person}}, nil
}

func (p *programs) EndProgram(_ context.Context, _ mailbox.Visitor, id string) error {
	if id != "o1" {
		return mailbox.ErrNotFound
	}
	p.ended = append(p.ended, id)
	return nil
}

// The mail programs that are logged in are shown, and ended by a form.
func TestMailProgramsAreShownAndEnded(t *testing.T) {
	d := newDesk(t)
	must(t, d.get("bora", "/mail/programs"), 404)
	p := &programs{}
	d.services.Programs = p
	d.site = d.open(base)
	must(t, d.get("bora", "/mail/programs"), 200, "192.0.2.7", "siz")
	must(t, d.post("bora", "/mail/programs", "program", "o2"), 404)
	must(t, d.post("bora", "/mail/programs", "program", "o1"), 303)
	if len(p.ended) != 1 {
		t.Errorf("ended: %q", p.ended)
	}
}
