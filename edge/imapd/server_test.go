package imapd_test

import (
	"strings"
	"testing"

	"rem/message/mailbox"
)

func has(t *testing.T, got string, want ...string) {
	t.Helper()
	for _, x := range want {
		if !strings.Contains(got, x) {
			t.Errorf("%q is not in\n%s", x, got)
		}
	}
}

func hasNot(t *testing.T, got string, not ...string) {
	t.Helper()
	for _, x := range not {
		if strings.Contains(got, x) {
			t.Errorf("%q is in\n%s", x, got)
		}
	}
}

func TestFoldersAreListedWithTheirUses(t *testing.T) {
	w := newWorld(t, nil)
	r := w.rawLogin()
	got := r.do(`LIST "" "*" RETURN (SPECIAL-USE STATUS (MESSAGES UIDVALIDITY UNSEEN SIZE))`)
	has(t, got, "INBOX", `\Sent`, `\Drafts`, `\Archive`, `\Trash`, "Deliller", "G&APY-nderilenler", "&AMcA9g-p kutusu", "x OK", "* STATUS INBOX (MESSAGES 0")
	has(t, r.do("ENABLE IMAP4rev2"), "* ENABLED IMAP4rev2")
	has(t, r.do(`LIST "" "Ar%"`), `"Arşiv"`)
	has(t, r.do(`SELECT "Arşiv"`), "x OK [READ-WRITE]")
	has(t, r.do("NAMESPACE"), `* NAMESPACE (("" "/")) NIL NIL`)
	has(t, r.do(`CREATE "Projeler 2026"`), "x OK")
	has(t, r.do(`CREATE "Projeler/2026"`), "x NO [CANNOT]")
	has(t, r.do(`LIST "" Proj%6`), `(\HasNoChildren) "/" "Projeler 2026"`)
	has(t, r.do(`RENAME "Projeler 2026" Dosyalar`), "x OK")
	has(t, r.do(`DELETE Dosyalar`), "x OK")
	has(t, r.do(`DELETE Deliller`), "x NO [CANNOT]", "Bu klasor")
	has(t, r.do(`CREATE inbox`), "x NO [ALREADYEXISTS]")
	has(t, r.do(`SELECT Yok`), "x NO [NONEXISTENT]")
	has(t, r.do(`LIST "" ""`), `* LIST (\Noselect) "/" ""`)
	has(t, r.do(`LSUB "" "*"`), "* LSUB", "INBOX")
}

// REQ-68: listing is no retrieval, giving the body is, with PEEK or without.
func TestOnlyWhatGivesTheBodyIsRetrieval(t *testing.T) {
	for _, c := range []struct {
		fetch string
		want  int
		holds string
	}{
		{"FLAGS", 0, `FLAGS ()`},
		{"(FLAGS INTERNALDATE RFC822.SIZE UID)", 0, "RFC822.SIZE "},
		{"ALL", 0, "ENVELOPE"},
		{"FULL", 0, "BODY ("},
		{"ENVELOPE", 0, `"zeynep" "hs02.kep.test"`},
		{"BODYSTRUCTURE", 0, `"ek.pdf"`},
		{"BODY.PEEK[HEADER]", 0, "Subject: Duyuru"},
		{"RFC822.HEADER", 0, "Subject: Duyuru"},
		{"BODY.PEEK[HEADER.FIELDS (SUBJECT)]", 0, "BODY[HEADER.FIELDS (\"SUBJECT\")] {19}\r\nSubject: Duyuru\r\n\r\n"},
		{"BODY[HEADER.FIELDS.NOT (Subject)]", 0, "Message-ID:"},
		{"BODY.PEEK[1.MIME]", 0, "Content-Type: text/plain"},
		{"BODY.PEEK[2.MIME]", 0, "Content-Type: application/pdf"},
		{"BODY.PEEK[2.HEADER]", 1, "BODY[2.HEADER] {0}"},
		{"BINARY.SIZE[2]", 0, "BINARY.SIZE[2] 13"},
		{"BODY[]", 1, "gizli metin"},
		{"BODY.PEEK[]", 1, "gizli metin"},
		{"RFC822", 1, "gizli metin"},
		{"RFC822.TEXT", 1, "gizli metin"},
		{"BODY[TEXT]", 1, "gizli metin"},
		{"BODY.PEEK[1]", 1, "gizli metin"},
		{"BODY.PEEK[1]<0.1>", 1, "BODY[1]<0> {1}\r\nS"},
		{"BINARY.PEEK[2]", 1, "BINARY[2] ~{13}\r\nHello, world!"},
		{"BINARY[2]<7.5>", 1, "world"},
	} {
		t.Run(c.fetch, func(t *testing.T) {
			w := newWorld(t, nil)
			w.arrive(mailbox.Received, letter(1, "Duyuru"))
			r := w.rawLogin()
			has(t, r.do("SELECT INBOX"), "* 1 EXISTS", "x OK")
			got := r.do("FETCH 1 " + c.fetch)
			has(t, got, "x OK", c.holds)
			if c.want == 0 {
				hasNot(t, got, "gizli metin")
			}
			r.do("FETCH 1 " + c.fetch)
			if n := w.ledger.openings(); n != c.want {
				t.Errorf("%d openings were recorded, want %d", n, c.want)
			}
			seen := c.want == 1 && !strings.Contains(c.fetch, "PEEK")
			if got := r.do("FETCH 1 FLAGS"); strings.Contains(got, `\Seen`) != seen && !strings.HasPrefix(c.fetch, "BODY[HEADER.FIELDS.NOT") {
				t.Errorf("seen is not %v: %s", seen, got)
			}
		})
	}
}

// What lies inside of a message that is attached is of the body: its envelope and its
// parts' headers are not given before that is opened.
func TestAMessageInsideOfAMessageStaysClosed(t *testing.T) {
	w := newWorld(t, nil)
	inner := strings.ReplaceAll(letter(8, "gizli konu"), "boundary=\"b\"", "boundary=\"c\"")
	inner = strings.ReplaceAll(inner, "--b", "--c")
	w.arrive(mailbox.Received, "From: z@hs02.kep.test\r\nTo: "+address+"\r\nSubject: ileti\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"o\"\r\n\r\n"+
		"--o\r\nContent-Type: text/plain\r\n\r\nx\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n"+inner+"\r\n--o--\r\n")
	r := w.rawLogin()
	r.do("SELECT INBOX")
	got := r.do("FETCH 1 (ENVELOPE BODYSTRUCTURE BODY.PEEK[2.MIME] BODY.PEEK[2.1.MIME])")
	has(t, got, `"message" "rfc822"`, "message/rfc822", "BODY[2.1.MIME] {0}")
	hasNot(t, got, "gizli")
	if w.ledger.openings() != 0 {
		t.Error("the structure opened the message")
	}
	got = r.do("FETCH 1 (BODY.PEEK[2.HEADER] BODY.PEEK[2.1] BODY.PEEK[2.1.MIME] BODY.PEEK[2.TEXT]<0.3>)")
	has(t, got, "Subject: gizli konu", "gizli metin 8", "BODY[2.TEXT]<0> {3}\r\n--c", "text/plain; charset=utf-8")
	if w.ledger.openings() != 1 {
		t.Error("the body did not open the message once")
	}
}
