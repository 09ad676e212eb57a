package imapd_test

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rem/edge/imapd"
	"rem/internal/testkit/thunderbird"
	"rem/internal/testkit/tlskit"
	"rem/message/mailbox"
)

// thunderbirdAt starts Thunderbird with an account at a world of its own.
func thunderbirdAt(t *testing.T, preferences map[string]any, arrived ...string) (*world, *thunderbird.Program) {
	t.Helper()
	root, leaf := tlskit.Issued(t, "localhost")
	w := newWorld(t, func(c *imapd.Config) { c.TLS = &tls.Config{Certificates: []tls.Certificate{leaf}} })
	w.arrive(mailbox.Received, arrived...)
	p := thunderbird.Start(t, preferences, root)
	thunderbird.Do[any](p, `await account(args[0])`, map[string]any{"address": address, "password": password, "imap": thunderbird.At(t, w.addr)})
	return w, p
}

// index has the store know the words of the messages of a folder, the newest first.
func (w *world) index(in mailbox.FolderID, texts ...string) {
	w.t.Helper()
	words := mailbox.NewWords(w.box.WordKey, "acc-1")
	all, err := w.store.Items(w.t.Context(), "acc-1", mailbox.Query{Folder: in, Limit: len(texts)})
	if err != nil {
		w.t.Fatal(err)
	}
	list := make([]mailbox.Indexing, 0, len(texts))
	for i, text := range texts {
		list = append(list, mailbox.Indexing{Account: "acc-1", Item: all[i].ID, Words: words.Of(text)})
	}
	if err := w.store.Index(w.t.Context(), list); err != nil {
		w.t.Fatal(err)
	}
}

// A line of a list of messages.
type line struct {
	Subject, Author, ID string
	Read, Flagged       bool
}

func sees(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Set up as docs/operations/imap.md tells people to, it opens what somebody reads and
// nothing else (REQ-68).
func TestThunderbirdDoesADaysWork(t *testing.T) {
	w, p := thunderbirdAt(t, thunderbird.OnDemand, letter(1, "bir"), letter(2, "İhale"))
	opened := func(want int, after string) {
		t.Helper()
		if got := w.ledger.openings(); got != want {
			t.Errorf("%d messages are opened after %s, want %d", got, after, want)
		}
	}
	// RFC 6154: it knows what the folders are for.
	uses := thunderbird.Do[map[string][]string](p, `return Object.fromEntries(folders().map(f => [f.name, uses(f)]))`)
	sees(t, uses, map[string][]string{"INBOX": {"Inbox"}, "Gönderilenler": {"SentMail"}, "Taslaklar": {"Drafts"}, "Deliller": {}, "Arşiv": {"Archive"}, "Çöp kutusu": {"Trash"}})

	const zeynep = "Zeynep Öz <zeynep@hs02.kep.test>"
	first, second := line{Subject: "bir", Author: zeynep, ID: "m1@hs02.kep.test"}, line{Subject: "İhale", Author: zeynep, ID: "m2@hs02.kep.test"}
	sees(t, thunderbird.Do[[]line](p, `return update("INBOX")`), []line{first, second})
	opened(0, "listing")

	for range 2 { // RFC 9051 6.4.5: its body comes once
		if text := thunderbird.Do[string](p, `return show("INBOX", "bir")`); !strings.Contains(text, "Sayın Ayşe") || !strings.Contains(text, "gizli metin 1") || !strings.Contains(text, "ek.pdf") {
			t.Errorf("the message pane has %q", text)
		}
	}
	opened(1, "reading one")

	first.Read, second.Flagged = true, true
	thunderbird.Do[any](p, `folder("INBOX").markMessagesFlagged([message("INBOX", "İhale")], true)`)
	sees(t, thunderbird.Do[[]line](p, `await move("INBOX", "İhale", "Arşiv"); return headers("Arşiv")`), []line{second})
	has(t, w.rawLogin().do("STATUS Ar&AV8-iv (MESSAGES UNSEEN)"), "MESSAGES 1 UNSEEN 1")
	opened(1, "a flag and a move")

	w.index(mailbox.Inbox, "bir gizli metin")
	w.index(mailbox.Archive, "İhale gizli metin")
	sees(t, thunderbird.Do[[][]string](p, `return [await search("INBOX", "Subject", "bir"), await search("INBOX", "Body", "gizli"), await search("INBOX", "Sender", "veli"), await search("Arşiv", "Subject", "İHALE")]`),
		[][]string{{"bir"}, {"bir"}, {}, {"İhale"}})
	opened(1, "searching")

	// Nobody asks: IDLE tells (RFC 9051 6.3.13).
	thunderbird.Do[any](p, `await show("INBOX", "bir")`)
	w.arrive(mailbox.Received, letter(3, "üç"))
	sees(t, thunderbird.Do[[]line](p, `await until("what arrived", () => messages("INBOX").length == 2); return headers("INBOX")`),
		[]line{first, {Subject: "üç", Author: zeynep, ID: "m3@hs02.kep.test"}})
	opened(1, "an arrival")

	sees(t, thunderbird.Do[[]string](p, `return (await draft("kime@hs02.kep.test", "Taslağım", "Metin")).map(h => h.subject)`), []string{"Taslağım"})
}

// As it comes from its makers it gets every body by itself, for reading offline. That
// opens everything: people have to be told (docs/operations/imap.md).
func TestThunderbirdAsItComesOpensEverything(t *testing.T) {
	w, p := thunderbirdAt(t, nil, letter(1, "bir"), letter(2, "iki"))
	thunderbird.Do[any](p, `await update("INBOX"); await until("every body is here", () => headers("INBOX").every(h => h.offline))`)
	if n := w.ledger.openings(); n != 2 {
		t.Errorf("%d of 2 are opened", n)
	}
}
