package mailstore_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"rem/internal/testkit"
	"rem/internal/testkit/mailboxtest"
	"rem/message/mailbox"
)

// P-03: what people write is in no file in the clear.
func TestNothingThatPeopleWriteIsOnTheDiskInTheClear(t *testing.T) {
	const canary = "kanarya-canary"
	p := newPlace(t, testkit.NewClock(mailboxtest.At))
	s, ctx, me := p.open(t), t.Context(), mailboxtest.Holder
	_, err := s.CreateFolder(ctx, me, canary)
	must(t, err)
	_, err = s.SaveDraft(ctx, me, mailbox.Draft{ID: "d-1", Saved: mailboxtest.At, To: []string{canary}, Subject: canary, Text: canary, HTML: canary, Files: []mailbox.File{{ID: "f", Name: canary}}})
	must(t, err)
	_, _, err = s.PutFile(ctx, me, "d-1", "f", strings.NewReader(strings.Repeat(canary, 9000)), 1<<20)
	must(t, err)
	must(t, s.Keep(ctx, me, mailbox.Keepsake{ID: "k-1", Kind: mailbox.Contact, Name: canary, Fields: map[string]string{"note": canary}}))
	seen := 0
	look := func(name string, b []byte) {
		seen += len(b)
		if bytes.Contains(b, []byte(canary)) {
			t.Errorf("%s has it in the clear", name)
		}
	}
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(p.config.Path + suffix)
		must(t, err)
		look(suffix, b)
	}
	names, err := p.disk.List("files")
	must(t, err)
	for _, name := range names {
		f, err := p.disk.Open("files/" + name)
		must(t, err)
		size, err := f.Size()
		must(t, err)
		b := make([]byte, size)
		_, err = f.ReadAt(b, 0)
		must(t, err)
		look(name, b)
	}
	if len(names) != 1 || seen < 9000*len(canary) {
		t.Errorf("%d files, %d octets: the test shows nothing", len(names), seen)
	}
}

// Each write fails, once undone and once done but told as failed; made again after
// the next start, it is there once.
func TestAWriteThatFailsIsMadeAgain(t *testing.T) {
	for _, at := range []string{"update", "updated"} {
		p := newPlace(t, testkit.NewClock(mailboxtest.At))
		fails := false
		p.config.Effect = func(point string) error {
			if fails && point == at {
				return errors.New("made to fail")
			}
			return nil
		}
		ctx, me := t.Context(), mailboxtest.Holder
		news := []mailbox.News{mailboxtest.Came(me, 1), mailboxtest.Went(me, 1, mailbox.Waiting)}
		s := p.open(t)
		for n, do := range []func() error{
			func() error { return s.Follow(ctx, news, "p") },
			func() error {
				return s.Index(ctx, []mailbox.Indexing{{Account: me.Account, Item: 1, Words: []mailbox.Word{1}, Attachments: 1}})
			},
			func() error { return s.Flag(ctx, me.Account, []mailbox.ItemID{1}, mailbox.Seen, 0) },
			func() error { _, err := s.Move(ctx, me.Account, []mailbox.ItemID{1}, mailbox.Archive); return err },
			func() error { _, _, err := s.PutFile(ctx, me, "d-1", "f", strings.NewReader("x"), 9); return err },
			func() error { return s.Keep(ctx, me, mailbox.Keepsake{ID: "k", Kind: mailbox.Contact}) },
			func() error { return s.Remove(ctx, me.Account, []mailbox.ItemID{2}) },
			func() error { return s.DropDraft(ctx, me, "d-1") },
		} {
			fails = true
			if err := do(); err == nil {
				t.Errorf("write %d did not fail", n)
			}
			fails = false
			must(t, s.Close())
			s = p.open(t)
			must(t, do())
			mailboxtest.Counted(t, s, me)
		}
		list, err := s.Items(ctx, me.Account, mailbox.Query{Words: []mailbox.Word{1}})
		must(t, err)
		if len(list) != 1 || list[0].Folder != mailbox.Archive || list[0].UID != 1 || list[0].Flags != mailbox.Seen {
			t.Errorf("%s: %+v", at, list)
		}
		if names, err := p.disk.List("files"); err != nil || len(names) != 0 {
			t.Errorf("%s: files are left: %v, %v", at, names, err)
		}
	}
}
