package webmail_test

import (
	"fmt"
	"strings"
	"testing"

	"rem/internal/testkit/world"
	"rem/message/mailbox"
)

// attaching sends bora a message of ayse with one file.
func (d *desk) attaching() mailbox.Item {
	d.Helper()
	entity := "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nEktedir.\r\n" +
		"--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=fatura.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjcKYmly\r\n--b--\r\n"
	d.send(world.Letter{To: []string{world.Address("bora", here)}, Subject: "Fatura", Entity: []byte(entity)}, "ayse", 0)
	return d.items("bora", mailbox.Query{Kinds: []mailbox.Kind{mailbox.Received}})[0]
}

// REQ-68: whoever passes a message on chooses what goes along; nothing
// is taken of a message that nobody opened, and the draft has what was chosen.
func TestWhoPassesAMessageOnChoosesWhatGoesAlong(t *testing.T) {
	d := writers(t)
	item := d.attaching()
	begin, post := fmt.Sprintf("/mail/compose?item=%d&how=forward", item.ID), fmt.Sprintf("/mail/forward/%d", item.ID)
	for _, a := range []answer{d.get("bora", begin), d.post("bora", post, "with", "whole")} {
		if a.code != 404 {
			t.Errorf("before it was opened: %d", a.code)
		}
	}
	if strings.Contains(d.kinds(item.Message), "Retrieval") {
		t.Fatal("it was opened by asking")
	}
	d.post("bora", path(item)+"/open")
	d.follow()
	must(t, d.get("bora", begin), 200, "fatura.pdf", "12 bayt", `name="with" value="attachments" checked`, "İletinin tamamı")
	if n := len(d.items("bora", mailbox.Query{Folder: mailbox.Drafts})); n != 0 {
		t.Errorf("looking kept %d drafts", n)
	}
	for with, files := range map[string]string{"text": "", "attachments": "fatura.pdf application/pdf 12", "whole": fmt.Sprintf("ileti.eml message/rfc822 %d", item.Size)} {
		a := d.post("bora", post, "with", with)
		if a.code != 303 {
			t.Fatalf("%s: %d %s", with, a.code, a.body)
		}
		x := d.draft("bora", a.to())
		got := ""
		for _, f := range x.Files {
			got += fmt.Sprint(f.Name, " ", f.Type, " ", f.Size)
		}
		if got != files || x.Forwards != item.Message || x.Answers != "" || x.Subject != "İlt: Fatura" || !strings.Contains(x.Text, "> Ektedir.") {
			t.Errorf("%s: %q in %+v", with, got, x)
		}
		must(t, d.get("bora", a.to()), 200, "sınır")
	}
	// Saving it as a person does keeps what it passes on.
	a := d.post("bora", post, "with", "text")
	d.sendForm("bora", a.to(), nil, "version", "1", "to", world.Address("cem", here), "subject", "İlt", "text", "t", "do", "save")
	if x := d.draft("bora", a.to()); x.Forwards != item.Message {
		t.Errorf("saved %+v", x)
	}
	if a := d.post("bora", post, "with", "else"); a.code != 400 {
		t.Errorf("another choice: %d", a.code)
	}
	if a := d.post("cem", post, "with", "whole"); a.code != 404 {
		t.Errorf("another account: %d", a.code)
	}

	if err := d.box.Flag(t.Context(), d.visitor("bora"), []mailbox.ItemID{item.ID}, mailbox.Answered|mailbox.Forwarded, 0); err != nil {
		t.Fatal(err)
	}
	must(t, d.get("bora", "/mail/inbox"), 200, "yanıtlandı", "iletildi")
	must(t, d.get("bora", path(item)), 200, "Yanıtlandı", "İletildi")
}

// An answer repeats the beginning of a long text, whole letters of it, and no more.
func TestALongTextIsQuotedAsFarAsItGoes(t *testing.T) {
	d := writers(t)
	d.send(world.Letter{To: []string{world.Address("bora", here)}, Subject: "Uzun", Body: strings.Repeat(strings.Repeat("ğ", 40)+"\r\n", 2000)}, "ayse", 0)
	item := d.items("bora", mailbox.Query{Kinds: []mailbox.Kind{mailbox.Received}})[0]
	d.post("bora", path(item)+"/open")
	d.follow()
	a := d.post("bora", fmt.Sprintf("/mail/forward/%d", item.ID), "with", "text")
	x := d.draft("bora", a.to())
	if n := strings.Count(x.Text, "ğ"); n < 30_000 || n > 33_000 || !strings.HasSuffix(strings.TrimSpace(x.Text), "…") || strings.ContainsRune(x.Text, '\uFFFD') {
		t.Errorf("%d letters are quoted, ending in %q", n, x.Text[max(0, len(x.Text)-20):])
	}
}
