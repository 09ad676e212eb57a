package mailstore_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"rem"
	"rem/internal/testkit"
	"rem/internal/testkit/mailboxtest"
	"rem/message/mailbox"
)

// Lines are kept in memory while nothing of their folder changed: who asks after any
// step is answered as a store that was just opened.
func TestLinesAreThoseOfTheFileAfterEachStep(t *testing.T) {
	clock := testkit.NewClock(mailboxtest.At)
	p := newPlace(t, clock)
	s := p.open(t)
	random := rand.New(rand.NewPCG(1, 2))
	a := mailboxtest.Holder
	own, err := s.CreateFolder(t.Context(), a, "İşler")
	must(t, err)
	folders := append([]mailbox.FolderID{own}, mailbox.Fixed...)
	draft := mailbox.Draft{ID: "d-1", Saved: mailboxtest.At}
	for step := range 200 {
		list, err := s.Items(t.Context(), a.Account, mailbox.Query{})
		must(t, err)
		var some []mailbox.ItemID
		for _, i := range list {
			if random.IntN(4) == 0 {
				some = append(some, i.ID)
			}
		}
		switch random.IntN(7) {
		case 0, 1:
			must(t, s.Follow(t.Context(), []mailbox.News{mailboxtest.Came(a, step), mailboxtest.Came(mailboxtest.Other, step)}, fmt.Sprint(step)))
		case 2:
			_, err = s.Move(t.Context(), a.Account, some, []mailbox.FolderID{own, mailbox.Archive, mailbox.TrashBox}[random.IntN(3)])
			must(t, err)
		case 3:
			must(t, s.Flag(t.Context(), a.Account, some, mailbox.Flags(random.IntN(32)), mailbox.Flags(random.IntN(32))))
		case 4:
			if len(some) > 1 {
				must(t, s.Remove(t.Context(), a.Account, some[:1]))
				draft.Version = 0
				if drafts, err := s.Items(t.Context(), a.Account, mailbox.Query{Folder: mailbox.Drafts}); err != nil || len(drafts) > 0 {
					must(t, err)
					d, err := s.Draft(t.Context(), a, draft.ID)
					must(t, err)
					draft.Version = d.Version
				}
			}
		case 5:
			draft.Version, err = s.SaveDraft(t.Context(), a, draft)
			must(t, err)
		case 6:
			must(t, s.DropDraft(t.Context(), a, draft.ID))
			draft.Version = 0
		}
		again := p.open(t)
		for _, f := range folders {
			for _, who := range []rem.AccountID{a.Account, mailboxtest.Other.Account} {
				got, gotErr := s.Lines(t.Context(), who, f)
				want, wantErr := again.Lines(t.Context(), who, f)
				if fmt.Sprint(got, gotErr) != fmt.Sprint(want, wantErr) {
					t.Fatalf("after step %d, %s of %s: %v, %v, want %v, %v", step, f, who, got, gotErr, want, wantErr)
				}
				for i := range got {
					got[i] = mailbox.Line{} // is nobody else's
				}
			}
		}
	}
}

// The number of a folder's row may be given again, to another account.
func TestLinesOfAFolderThatIsGoneAreNobodys(t *testing.T) {
	s := newPlace(t, testkit.NewClock(mailboxtest.At)).open(t)
	ctx, a, b := t.Context(), mailboxtest.Holder, mailboxtest.Other
	must(t, s.Follow(ctx, []mailbox.News{mailboxtest.Came(a, 1), mailboxtest.Came(b, 2)}, "p"))
	first, err := s.CreateFolder(ctx, a, "bir")
	must(t, err)
	_, err = s.Move(ctx, a.Account, []mailbox.ItemID{1}, first)
	must(t, err)
	if lines, err := s.Lines(ctx, a.Account, first); err != nil || len(lines) != 1 {
		t.Fatal(lines, err)
	}
	_, err = s.Move(ctx, a.Account, []mailbox.ItemID{1}, mailbox.Inbox)
	must(t, err)
	must(t, s.RemoveFolder(ctx, a.Account, first))
	second, err := s.CreateFolder(ctx, b, "iki")
	must(t, err)
	_, err = s.Move(ctx, b.Account, []mailbox.ItemID{1}, second)
	must(t, err)
	lines, err := s.Lines(ctx, b.Account, second)
	if err != nil || len(lines) != 1 || lines[0].Size != 102 {
		t.Errorf("lines of the second folder: %v, %v", lines, err)
	}
}

// A folder of more lines than are read at once, and than are kept with others.
func TestLinesOfALargeFolder(t *testing.T) {
	s := newPlace(t, testkit.NewClock(mailboxtest.At)).open(t)
	const n = 40_000
	for from := 0; from < n; from += 1000 {
		news := make([]mailbox.News, 1000)
		for i := range news {
			news[i] = mailboxtest.Came(mailboxtest.Holder, from+i)
		}
		must(t, s.Follow(t.Context(), news, fmt.Sprint(from)))
	}
	for range 2 {
		lines, err := s.Lines(t.Context(), mailboxtest.Holder.Account, mailbox.Inbox)
		if err != nil || len(lines) != n {
			t.Fatal(len(lines), err)
		}
		for i, l := range lines {
			if l.UID != uint32(i+1) || l.Size != int64(100+i) || !l.At.Equal(mailboxtest.Came(mailboxtest.Holder, i).Item.At) {
				t.Fatalf("line %d is %v", i, l)
			}
		}
	}
}
