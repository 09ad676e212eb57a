package imapd_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"rem/edge/imapd"
	"rem/message/mailbox"
)

func TestStrangersAreToldNothing(t *testing.T) {
	w := newWorld(t, func(c *imapd.Config) { c.Limits.FailuresPerAccount, c.Limits.AuthTries = 4, 3 })
	r := w.raw()
	has(t, r.do("CAPABILITY"), "AUTH=PLAIN", "AUTH=LOGIN", "IMAP4rev2")
	unknown := r.do("LOGIN yok@hs01.kep.test " + password)
	wrong := r.do("LOGIN " + address + " falsch")
	if unknown != wrong {
		t.Errorf("who is not there is told\n%sand a wrong password\n%s", unknown, wrong)
	}
	has(t, wrong, "x NO [AUTHENTICATIONFAILED]")
	has(t, r.do("LOGIN broken@hs01.kep.test "+password), "x NO [UNAVAILABLE]")
	has(t, r.do("LOGIN "+address+" "+password), "x NO [LIMIT]")
	has(t, r.until("never"), "(closed)")
	r = w.raw()
	has(t, r.do("LOGIN suspended@hs01.kep.test x"), "x NO [NOPERM] Hesap askida. / The account is suspended.")
	for range 2 {
		r = w.raw()
		r.do("LOGIN " + address + " falsch")
		r.do("LOGIN " + address + " falsch")
	}
	r = w.raw()
	has(t, r.do("LOGIN "+address+" "+password), "x NO [UNAVAILABLE]") // nobody was asked
	if n := w.srv.Stats().AuthFailures.Load(); n > 6 {
		t.Errorf("%d attempts were judged", n)
	}
}

func TestEveryWayToLogInIsTheSame(t *testing.T) {
	w := newWorld(t, nil)
	for _, c := range [][]string{
		{"LOGIN " + address + " " + password},
		{"LOGIN \"" + address + "\" \"" + password + "\""},
		{"AUTHENTICATE PLAIN AGF5c2VAaHMwMS5rZXAudGVzdABkb2dydS1wYXJvbGEtMTIzNA=="},
		{"AUTHENTICATE PLAIN", "AGF5c2VAaHMwMS5rZXAudGVzdABkb2dydS1wYXJvbGEtMTIzNA=="},
		{"AUTHENTICATE LOGIN", "YXlzZUBoczAxLmtlcC50ZXN0", "ZG9ncnUtcGFyb2xhLTEyMzQ="},
		{"AUTHENTICATE LOGIN YXlzZUBoczAxLmtlcC50ZXN0", "ZG9ncnUtcGFyb2xhLTEyMzQ="},
	} {
		r := w.raw()
		r.send("x " + c[0] + "\r\n")
		for _, answer := range c[1:] {
			has(t, r.until("+ "), "+ ")
			r.send(answer + "\r\n")
		}
		has(t, r.until("x "), "x OK [CAPABILITY")
		has(t, r.do("SELECT INBOX"), "x OK")
	}
	r := w.raw()
	r.send("x LOGIN {" + fmt.Sprint(len(address)) + "}\r\n")
	has(t, r.until("+ "), "+ ")
	r.send(address + " {" + fmt.Sprint(len(password)) + "+}\r\n" + password + "\r\n")
	has(t, r.until("x "), "x OK")
	// Acting as somebody else (AT-33).
	r = w.raw()
	has(t, r.do("AUTHENTICATE PLAIN YmFzaw=="), "x ")
	r.send("x AUTHENTICATE PLAIN\r\n")
	if got := r.until("+ "); got != "+ \r\n" {
		t.Errorf("an empty challenge is %q", got)
	}
	r.send("*\r\n")
	has(t, r.until("x "), "x BAD")
	has(t, r.do("AUTHENTICATE PLAIN cGF0cm9uQGhzMDEua2VwLnRlc3QAYXlzZUBoczAxLmtlcC50ZXN0AGRvZ3J1LXBhcm9sYS0xMjM0"), "x NO")
}

func TestTwoClientsSeeEachOther(t *testing.T) {
	w := newWorld(t, nil)
	w.arrive(mailbox.Received, letter(1, "bir"), letter(2, "iki"), letter(3, "üç"))
	a, b := w.rawLogin(), w.rawLogin()
	for _, r := range []*raw{a, b} {
		has(t, r.do("SELECT INBOX"), "* 3 EXISTS", "UIDVALIDITY", "UIDNEXT", `\Deleted`)
	}
	has(t, a.do(`STORE 2 +FLAGS (\Flagged $Forwarded junk)`), `* 2 FETCH (UID 2 FLAGS (\Flagged $Forwarded))`)
	has(t, b.do("NOOP"), `* 2 FETCH (UID 2 FLAGS (\Flagged $Forwarded))`)
	has(t, a.do(`UID STORE 1 FLAGS.SILENT (\Deleted)`), "x OK")
	has(t, a.do("EXPUNGE"), "* 1 EXPUNGE", "x OK")
	// The other one may not be told while it asks by numbers.
	got := b.do("FETCH 1:3 (UID FLAGS)")
	hasNot(t, got, "EXPUNGE")
	has(t, got, "* 3 FETCH (UID 3")
	w.arrive(mailbox.Received, letter(4, "dört"))
	got = b.do("NOOP")
	has(t, got, "* 1 EXPUNGE", "* 3 EXISTS")
	has(t, a.do("NOOP"), "* 3 EXISTS")
	has(t, b.do("FETCH 1:* UID"), "* 1 FETCH (UID 2)", "* 2 FETCH (UID 3)", "* 3 FETCH (UID 4)")
	// What was expunged lies in the trash, without the mark.
	has(t, b.do(`EXAMINE "&AMcA9g-p kutusu"`), "* 1 EXISTS", "[READ-ONLY]")
	has(t, b.do(`FETCH 1 FLAGS`), "FLAGS ()")
	has(t, b.do(`STORE 1 +FLAGS (\Seen)`), "x NO [CANNOT]")
}

// A message that nobody ever opened stays, whatever a program expunges.
func TestWhatWasNeverOpenedIsNotExpunged(t *testing.T) {
	w := newWorld(t, nil)
	w.arrive(mailbox.Received, letter(1, "bir"), letter(2, "iki"))
	r := w.rawLogin()
	r.do("SELECT INBOX")
	has(t, r.do(`UID MOVE 1:2 "&AMcA9g-p kutusu"`), "COPYUID", "* 2 EXPUNGE", "* 1 EXPUNGE", "x OK")
	r.do(`SELECT "&AMcA9g-p kutusu"`)
	if err := w.store.Follow(t.Context(), []mailbox.News{{Account: "acc-1", About: "msg-000002", Recipient: 1, Opened: w.clock.Now(), By: "p-ayse"}}, "opened"); err != nil {
		t.Fatal(err)
	}
	r.do(`STORE 1:2 +FLAGS.SILENT (\Deleted)`)
	got := r.do("EXPUNGE")
	has(t, got, "* 2 EXPUNGE", "x NO [NOPERM] Hic acilmamis")
	hasNot(t, got, "* 1 EXPUNGE")
	has(t, r.do("FETCH 1 UID"), "* 1 FETCH (UID 1)")
}

func TestItemsAreMovedAndNotCopied(t *testing.T) {
	w := newWorld(t, nil)
	w.arrive(mailbox.Received, letter(1, "bir"), letter(2, "iki"), letter(3, "üç"))
	r := w.rawLogin()
	r.do("SELECT INBOX")
	has(t, r.do("COPY 1 Deliller"), "x NO [CANNOT] Bir oge", "An item is in one folder")
	has(t, r.do(`MOVE 1,3 "Ar&AV8-iv"`), "[COPYUID", " 1,3 1:2]", "* 3 EXPUNGE", "* 1 EXPUNGE", "x OK")
	has(t, r.do(`MOVE 1 Yok`), "x NO [TRYCREATE]")
	has(t, r.do(`MOVE 1 Taslaklar`), "x NO [NOPERM]")
	has(t, r.do(`STATUS "Ar&AV8-iv" (MESSAGES UIDNEXT DELETED)`), "(MESSAGES 2 UIDNEXT 3 DELETED 0)")
}

func TestIdleHearsOfNews(t *testing.T) {
	w := newWorld(t, nil)
	r := w.rawLogin()
	r.do("SELECT INBOX")
	r.send("x IDLE\r\n")
	has(t, r.until("+ "), "+ ")
	w.arrive(mailbox.Received, letter(1, "bir"))
	has(t, r.until("* 1 EXISTS"), "* 1 EXISTS")
	other := w.rawLogin()
	other.do("SELECT INBOX")
	other.do(`STORE 1 +FLAGS (\Answered)`)
	has(t, r.until("* 1 FETCH"), `\Answered`)
	r.send("DONE\r\n")
	has(t, r.until("x "), "x OK")
	has(t, r.do("NOOP"), "x OK")
}

// AT-29: a session does not outlive what opened it.
func TestSessionsEndWithTheLogin(t *testing.T) {
	w := newWorld(t, func(c *imapd.Config) { c.Limits.Look = 10 * time.Millisecond })
	w.arrive(mailbox.Received, letter(1, "bir"))
	idle, busy := w.rawLogin(), w.rawLogin()
	idle.do("SELECT INBOX")
	busy.do("SELECT INBOX")
	if list := w.srv.Sessions("acc-1"); len(list) != 2 || list[0].Person != "p-ayse" || !list[0].From.IsLoopback() || list[0].Folder != mailbox.Inbox {
		t.Errorf("the account is shown %v", list)
	}
	if list := w.srv.Sessions("acc-2"); len(list) != 0 {
		t.Errorf("another account is shown %v", list)
	}
	idle.send("x IDLE\r\n")
	idle.until("+ ")
	w.gone.Store(true)
	has(t, idle.until("* BYE"), "* BYE Oturum artik gecerli degil")
	got := busy.do("FETCH 1 BODY[]")
	has(t, got, "* BYE")
	hasNot(t, got, "gizli metin")
	if w.ledger.openings() != 0 {
		t.Error("a message was opened without a login")
	}
}

func TestAnAccountEndsASessionOfItsOwn(t *testing.T) {
	w := newWorld(t, nil)
	r := w.rawLogin()
	id := w.srv.Sessions("acc-1")[0].ID
	if w.srv.End("acc-2", id) || !w.srv.End("acc-1", id) {
		t.Error("the wrong account ends it, or the right one does not")
	}
	has(t, r.until("never"), "(closed)")
}

func TestSearchFindsByWordsAndByHeader(t *testing.T) {
	w := newWorld(t, nil)
	w.arrive(mailbox.Received, letter(1, "=?utf-8?Q?=C4=B0hale_sonucu?="), letter(2, "Duyuru"), letter(3, "ihaleler"))
	w.index(mailbox.Inbox, "ihaleler gizli metin", "Duyuru gizli metin", "İhale sonucu gizli metin")
	r := w.rawLogin()
	r.do("SELECT INBOX")
	r.do(`STORE 2 +FLAGS.SILENT (\Flagged)`)
	for _, c := range [][2]string{
		{`SUBJECT ihale`, "* SEARCH 1 3"},
		{`CHARSET UTF-8 SUBJECT "İHALE"`, "* SEARCH 1 3"},
		{`TEXT metin`, "* SEARCH 1 2 3"},
		{`BODY "gizli duyuru"`, "* SEARCH 2"},
		{`FLAGGED`, "* SEARCH 2"}, {`UNFLAGGED`, "* SEARCH 1 3"}, {`NOT 2`, "* SEARCH 1 3"}, {`OR 1 2`, "* SEARCH 1 2"},
		{`UID 2:*`, "* SEARCH 2 3"}, {`HEADER Message-ID "<m3@hs"`, "* SEARCH 3"}, {`HEADER X-Yok ""`, "* SEARCH\r\n"},
		{`SENTON 23-Nov-2026`, "* SEARCH 1 2 3"}, {`SENTBEFORE 23-Nov-2026`, "* SEARCH\r\n"},
		{`SINCE 1-Jan-2020 SMALLER 100000 LARGER 10`, "* SEARCH 1 2 3"}, {`DRAFT`, "* SEARCH\r\n"}, {`KEYWORD Junk`, "* SEARCH\r\n"},
		{`RETURN (MIN MAX COUNT) ALL`, "MIN 1 MAX 3 COUNT 3"}, {`RETURN (SAVE) SUBJECT ihale`, "x OK"},
	} {
		has(t, r.do("SEARCH "+c[0]), c[1])
	}
	has(t, r.do("FETCH $ UID"), "* 1 FETCH", "* 3 FETCH")
	if w.ledger.openings() != 0 {
		t.Error("a search opened a message")
	}
}

func TestADraftIsKeptByWhatItSays(t *testing.T) {
	w := newWorld(t, nil)
	r := w.rawLogin()
	text := strings.Replace(letter(7, "=?utf-8?Q?Tasla=C4=9F=C4=B1m?="), "To: "+address, "To: bora@hs02.kep.test, \"C\" <can@hs03.kep.test>", 1)
	r.send(fmt.Sprintf("x APPEND Taslaklar (\\Draft \\Seen) {%d}\r\n", len(text)))
	has(t, r.until("+ "), "+ ")
	r.send(text + "\r\n")
	has(t, r.until("x "), "x OK [APPENDUID", " 1]")
	has(t, r.do("SELECT Taslaklar"), "* 1 EXISTS")
	got := r.do("FETCH 1 (FLAGS ENVELOPE BODY.PEEK[])")
	has(t, got, `\Draft`, "bora@hs02.kep.test", "can@hs03.kep.test", "Say=C4=B1n Ay=C5=9Fe", "filename=ek.pdf", "SGVsbG8sIHdvcmxkIQ==")
	size := r.do("FETCH 1 RFC822.SIZE")
	var n int
	if _, err := fmt.Sscanf(got[strings.Index(got, "BODY[] {"):], "BODY[] {%d}", &n); err != nil {
		t.Fatal(err)
	}
	has(t, size, fmt.Sprintf("RFC822.SIZE %d)", n))
	has(t, r.do(`STORE 1 +FLAGS.SILENT (\Deleted)`), "x OK")
	has(t, r.do("EXPUNGE"), "* 1 EXPUNGE", "x OK")
}

func TestOnlyACopyOfWhatWasSentIsTakenBack(t *testing.T) {
	w := newWorld(t, nil)
	w.arrive(mailbox.Sent, letter(5, "giden"))
	r := w.rawLogin()
	put := func(folder, text string) string {
		r.send(fmt.Sprintf("x APPEND %s {%d+}\r\n%s\r\n", folder, len(text), text))
		return r.until("x ")
	}
	has(t, put("G&APY-nderilenler", letter(5, "giden")), "x OK [APPENDUID", " 1]")
	has(t, put("INBOX", letter(6, "sahte")), "x NO [CANNOT] Iletiler yalnizca")
	has(t, put("Yok", letter(6, "sahte")), "x NO [TRYCREATE]")
	has(t, r.do(`STATUS "G&APY-nderilenler" (MESSAGES)`), "MESSAGES 1")
}

// Openings wait for their durable step side by side.
func TestFirstOpeningsAreMadeAheadTogether(t *testing.T) {
	w := newWorld(t, func(c *imapd.Config) { c.Limits.Ahead = 8 })
	for i := range 20 {
		w.arrive(mailbox.Received, letter(i, "x"))
	}
	w.ledger.pause = make(chan struct{})
	c := w.selected("INBOX")
	cmd := c.Fetch(seqs(20), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{{Peek: true}}})
	for range 8 {
		w.ledger.pause <- struct{}{} // eight wait at once, without any being over
	}
	close(w.ledger.pause)
	list, err := cmd.Collect()
	if err != nil || len(list) != 20 {
		t.Fatalf("%d messages, %v", len(list), err)
	}
	for i, m := range list {
		if want := w.letterAt(i); string(m.BodySection[0].Bytes) != want {
			t.Fatalf("message %d is another", i)
		}
	}
	if n := w.ledger.openings(); n != 20 {
		t.Errorf("%d openings", n)
	}
}

func (w *world) letterAt(i int) string { return letter(i, "x") }

// Whoever goes away in the middle leaves nothing behind.
func TestManySessionsAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	for i := range 50 {
		w.arrive(mailbox.Received, letter(i, "x"))
	}
	var wg sync.WaitGroup
	for k := range 8 {
		wg.Go(func() {
			c, err := imapclient.DialTLS(w.addr, &imapclient.Options{TLSConfig: insecure()})
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			if err := c.Login(address, password).Wait(); err != nil {
				t.Error(err)
				return
			}
			if _, err := c.Select("INBOX", nil).Wait(); err != nil {
				t.Error(err)
				return
			}
			for range 5 {
				cmd := c.Fetch(seqs(50), &imap.FetchOptions{Flags: true, Envelope: true, BodySection: []*imap.FetchItemBodySection{{Peek: k%2 == 0}}})
				if k == 7 {
					return // in the middle
				}
				if list, err := cmd.Collect(); err != nil || len(list) != 50 {
					t.Errorf("%d messages, %v", len(list), err)
					return
				}
				if _, err := c.Store(seqs(50), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagSeen}}, nil).Collect(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	deadline := time.Now().Add(10 * time.Second)
	for w.srv.Stats().Open.Load() > 0 && time.Now().Before(deadline) {
		runtime.Gosched()
		time.Sleep(time.Millisecond)
	}
	if n := w.srv.Stats().Open.Load(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
	if list := w.srv.Sessions("acc-1"); len(list) != 0 {
		t.Errorf("sessions are left: %v", list)
	}
}
