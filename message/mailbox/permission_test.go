package mailbox_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit"
	"rem/internal/testkit/mailboxtest"
	"rem/message"
	"rem/message/mailbox"
	"rem/person/account"
)

// one is the only account, with an operator of these powers.
type one struct{ may account.Permissions }

func (o one) Account(context.Context, rem.AccountID) (account.Account, error) {
	return account.Account{ID: "acc-1", Address: rem.MustAddress("ayse@hs01.kep.tr"), State: account.Open, Holder: account.Holder{Person: "per-1"},
		Operators: []account.Operator{{Person: "per-1", May: account.Everything}, {Person: "per-2", May: o.may}}}, nil
}

// empty is a ledger without messages.
type empty struct{ mailbox.Ledger }

func (empty) Message(context.Context, rem.MessageID) (*message.View, error) {
	return nil, message.ErrNotFound
}
func (empty) Usage(context.Context, rem.AccountID) (message.Usage, error) {
	return message.Usage{}, nil
}

// REQ-38: each method, with each single permission: only those that are named allow
// it.
func TestEachMethodAsksForItsPermission(t *testing.T) {
	const reading, writing = account.Reading, account.Sending | account.Preparing
	ctx := t.Context()
	who := mailbox.Visitor{Actor: rem.Actor{Account: "acc-1", Holder: "per-1", Person: "per-2"}, Case: "session"}
	for _, c := range []struct {
		name string
		all  account.Permissions // all of them are needed
		any  account.Permissions // or one of these
		do   func(b *mailbox.Box, item mailbox.ItemID) error
	}{
		{"Folders", reading, 0, func(b *mailbox.Box, _ mailbox.ItemID) error { _, err := b.Folders(ctx, who); return err }},
		{"CreateFolder", reading, 0, func(b *mailbox.Box, _ mailbox.ItemID) error { _, err := b.CreateFolder(ctx, who, "x"); return err }},
		{"RenameFolder", reading, 0, func(b *mailbox.Box, _ mailbox.ItemID) error { return b.RenameFolder(ctx, who, "f", "x") }},
		{"RemoveFolder", reading, 0, func(b *mailbox.Box, _ mailbox.ItemID) error { return b.RemoveFolder(ctx, who, "f") }},
		{"List", reading, 0, func(b *mailbox.Box, _ mailbox.ItemID) error {
			_, err := b.List(ctx, who, mailbox.Query{Folder: mailbox.TrashBox}, "")
			return err
		}},
		{"Items", reading, 0, func(b *mailbox.Box, _ mailbox.ItemID) error { _, err := b.Items(ctx, who, mailbox.Query{}); return err }},
		{"Row", reading, 0, func(b *mailbox.Box, i mailbox.ItemID) error { _, err := b.Row(ctx, who, i); return err }},
		{"Open", reading, 0, func(b *mailbox.Box, _ mailbox.ItemID) error { _, err := b.Open(ctx, who, 99); return err }},
		{"Peek", reading, 0, func(b *mailbox.Box, i mailbox.ItemID) error { _, err := b.Peek(ctx, who, i); return err }},
		{"Open what was taken", reading, 0, func(b *mailbox.Box, _ mailbox.ItemID) error {
			taken, err := b.Take(ctx, who, []mailbox.ItemID{99})
			if err == nil {
				_, err = taken.Open(ctx, 99)
			}
			return err
		}},
		{"Peek into what was taken", reading, 0, func(b *mailbox.Box, i mailbox.ItemID) error {
			taken, err := b.Take(ctx, who, []mailbox.ItemID{i})
			if err == nil {
				_, err = taken.Peek(ctx, i)
			}
			return err
		}},
		{"Message", reading, 0, func(b *mailbox.Box, _ mailbox.ItemID) error { _, err := b.Message(ctx, who, "m-1"); return err }},
		{"EvidenceOf", reading, 0, func(b *mailbox.Box, _ mailbox.ItemID) error { _, err := b.EvidenceOf(ctx, who, "m-1"); return err }},
		{"Flag", reading, 0, func(b *mailbox.Box, i mailbox.ItemID) error {
			return b.Flag(ctx, who, []mailbox.ItemID{i}, mailbox.Seen, 0)
		}},
		{"Usage", reading, 0, func(b *mailbox.Box, _ mailbox.ItemID) error { _, err := b.Usage(ctx, who); return err }},
		{"Move to the inbox", reading, 0, func(b *mailbox.Box, i mailbox.ItemID) error {
			_, err := b.Move(ctx, who, []mailbox.ItemID{i}, mailbox.Inbox)
			return err
		}},
		{"Move to the archive", reading | account.Archiving, 0, func(b *mailbox.Box, i mailbox.ItemID) error {
			_, err := b.Move(ctx, who, []mailbox.ItemID{i}, mailbox.Archive)
			return err
		}},
		{"Move to the trash", reading | account.Deleting, 0, func(b *mailbox.Box, i mailbox.ItemID) error {
			_, err := b.Move(ctx, who, []mailbox.ItemID{i}, mailbox.TrashBox)
			return err
		}},
		{"Remove", account.Deleting, 0, func(b *mailbox.Box, _ mailbox.ItemID) error { return b.Remove(ctx, who, []mailbox.ItemID{99}) }},
		{"Preferences", reading, 0, func(b *mailbox.Box, _ mailbox.ItemID) error { _, err := b.Preferences(ctx, who); return err }},
		{"SetPreferences", reading, 0, func(b *mailbox.Box, _ mailbox.ItemID) error {
			return b.SetPreferences(ctx, who, mailbox.DefaultPreferences)
		}},
		{"Draft", 0, writing, func(b *mailbox.Box, _ mailbox.ItemID) error { _, err := b.Draft(ctx, who, "d"); return err }},
		{"Save", 0, writing, func(b *mailbox.Box, _ mailbox.ItemID) error {
			_, err := b.Save(ctx, who, mailbox.Draft{ID: "d-1"})
			return err
		}},
		{"Drop", 0, writing, func(b *mailbox.Box, _ mailbox.ItemID) error { return b.Drop(ctx, who, "d") }},
		{"Attach", 0, writing, func(b *mailbox.Box, _ mailbox.ItemID) error {
			_, _, err := b.Attach(ctx, who, "d", "f", strings.NewReader(""), 9)
			return err
		}},
		{"File", 0, writing, func(b *mailbox.Box, _ mailbox.ItemID) error { _, err := b.File(ctx, who, "d", "f"); return err }},
		{"Compose", 0, writing, func(b *mailbox.Box, _ mailbox.ItemID) error { _, err := b.Compose(ctx, who, "d"); return err }},
		{"Keepsakes", 0, writing, func(b *mailbox.Box, _ mailbox.ItemID) error {
			_, err := b.Keepsakes(ctx, who, mailbox.Contact)
			return err
		}},
		{"Keep", 0, writing, func(b *mailbox.Box, _ mailbox.ItemID) error { return b.Keep(ctx, who, mailbox.Keepsake{ID: "k"}) }},
		{"DropKeepsake", 0, writing, func(b *mailbox.Box, _ mailbox.ItemID) error { return b.DropKeepsake(ctx, who, "k") }},
	} {
		var tried []account.Permissions
		for p := account.Permissions(1); p <= account.Everything; p <<= 1 {
			tried = append(tried, p, account.Everything&^p)
		}
		for _, may := range append(tried, c.all, 0) {
			store := mailboxtest.NewMemory()
			must(t, store.Follow(ctx, []mailbox.News{mailboxtest.Came(mailboxtest.Holder, 1)}, "p"))
			b := &mailbox.Box{Ledger: empty{}, Store: store, Accounts: one{may}, Names: nobody{}, Clock: testkit.NewClock(time.Time{}), Domain: "a.kep.test", WordKey: key}
			want := may.Has(c.all) && (c.any == 0 || may&c.any != 0)
			if err := c.do(b, 1); isRefusal(err) == want {
				t.Errorf("%s with %b: %v, want it allowed: %t", c.name, may, err, want)
			}
		}
	}
}

// REQ-38: an operator who only reads sees neither that somebody writes nor what.
func TestDraftsAreOfThoseWhoWrite(t *testing.T) {
	ctx := t.Context()
	store := mailboxtest.NewMemory()
	must(t, store.Follow(ctx, []mailbox.News{mailboxtest.Came(mailboxtest.Holder, 1)}, "p"))
	if _, err := store.SaveDraft(ctx, mailboxtest.Holder, mailbox.Draft{ID: "d-1", Subject: "gizli"}); err != nil {
		t.Fatal(err)
	}
	who := mailbox.Visitor{Actor: mailboxtest.Holder, Case: "session"}
	who.Actor.Person = "per-2"
	for _, c := range []struct {
		may account.Permissions
		of  mailbox.Query
		see int
	}{
		{account.Reading, mailbox.Query{Folder: mailbox.Drafts}, 0},
		{account.Reading, mailbox.Query{Kinds: []mailbox.Kind{mailbox.Drafted}}, 0},
		{account.Reading, mailbox.Query{Kinds: []mailbox.Kind{mailbox.Drafted, mailbox.Received}}, 1},
		{account.Reading, mailbox.Query{}, 1},
		{account.Reading | account.Preparing, mailbox.Query{Folder: mailbox.Drafts}, 1},
		{account.Reading | account.Sending, mailbox.Query{}, 2},
	} {
		b := &mailbox.Box{Ledger: about{}, Store: store, Accounts: one{c.may}, Names: nobody{}, Clock: testkit.NewClock(time.Time{}), Domain: "a.kep.test", WordKey: key}
		rows, err := b.List(ctx, who, c.of, "")
		if err != nil || len(rows) != c.see {
			t.Errorf("with %b, %+v: %d rows, %v, want %d", c.may, c.of, len(rows), err, c.see)
		}
		found, err := b.Find(ctx, who, c.of, "")
		if err != nil || len(found) != c.see {
			t.Errorf("with %b, %+v: %d found, %v, want %d", c.may, c.of, len(found), err, c.see)
		}
		if c.of.Folder == mailbox.Drafts {
			lines, err := b.Lines(ctx, who, mailbox.Drafts)
			if err != nil || len(lines) != c.see {
				t.Errorf("with %b: %d lines, %v, want %d", c.may, len(lines), err, c.see)
			}
		}
		folders, err := b.Folders(ctx, who)
		must(t, err)
		for _, f := range folders {
			if f.ID == mailbox.Drafts && (f.Items > 0) != (c.may&(account.Preparing|account.Sending) != 0) {
				t.Errorf("with %b, the folder of drafts is %+v", c.may, f)
			}
		}
		draft := theDraft(t, store)
		if _, err := b.Row(ctx, who, draft); isRefusal(err) != (c.may&(account.Preparing|account.Sending) == 0) {
			t.Errorf("with %b, the draft's row: %v", c.may, err)
		}
	}
}

// theDraft gives the only draft's.
func theDraft(t *testing.T, s mailbox.Store) mailbox.ItemID {
	t.Helper()
	list, err := s.Items(t.Context(), mailboxtest.Holder.Account, mailbox.Query{Folder: mailbox.Drafts})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	return list[0].ID
}

// about is a ledger in which every message is known.
type about struct{ mailbox.Ledger }

func (about) Message(_ context.Context, id rem.MessageID) (*message.View, error) {
	return &message.View{Record: message.Record{ID: id}}, nil
}
