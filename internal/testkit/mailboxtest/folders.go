package mailboxtest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit"
	"rem/message/mailbox"
)

func folders(t *testing.T, s mailbox.Store, _ *testkit.Clock) {
	ctx := t.Context()
	list, err := s.Folders(ctx, Holder)
	must(t, err)
	for i, f := range mailbox.Fixed {
		same(t, "fixed folder", list[i].ID, f)
	}
	first, err := s.CreateFolder(ctx, Holder, " Işık davası ")
	must(t, err)
	second, err := s.CreateFolder(ctx, Operator, "Çek")
	must(t, err)
	for _, name := range []string{"IŞIK DAVASI", "isik davasi", "Gelen Kutusu", "INBOX", "Inbox", "arşiv"} {
		_, err := s.CreateFolder(ctx, Holder, name)
		is(t, name, err, mailbox.ErrTaken)
	}
	for _, name := range []string{"", "  ", "a/b", "a\nb", strings.Repeat("ğ", mailbox.MaxFolderName+1)} {
		_, err := s.CreateFolder(ctx, Holder, name)
		is(t, name, err, mailbox.ErrName)
	}
	_, err = s.CreateFolder(ctx, Other, "Işık davası")
	must(t, err)
	list, err = s.Folders(ctx, Operator)
	must(t, err)
	list = list[len(mailbox.Fixed):]
	if len(list) != 2 || list[0].Name != "Çek" || list[0].ID != second || list[1].Name != "Işık davası" || list[1].ID != first {
		t.Errorf("folders: %v", list)
	}
	if list[0].Validity <= list[1].Validity {
		t.Errorf("the second folder's validity %d is not above %d", list[0].Validity, list[1].Validity)
	}
	is(t, "rename", s.RenameFolder(ctx, Holder, first, "ÇEK"), mailbox.ErrTaken)
	is(t, "rename a fixed", s.RenameFolder(ctx, Holder, mailbox.Inbox, "x"), mailbox.ErrFixed)
	is(t, "rename none", s.RenameFolder(ctx, Holder, "nowhere", "x"), mailbox.ErrNotFound)
	is(t, "rename to none", s.RenameFolder(ctx, Holder, first, ""), mailbox.ErrName)
	must(t, s.RenameFolder(ctx, Holder, first, "IŞIK davası"))
	must(t, s.RenameFolder(ctx, Holder, first, "Ağ"))
	same(t, "name", folderOf(t, s, Holder, first).Name, "Ağ")
	must(t, s.Follow(ctx, []mailbox.News{Came(Holder, 1)}, "p"))
	id := ids(items(t, s, Holder, mailbox.Query{}))
	_, err = s.Move(ctx, Holder.Account, id, first)
	must(t, err)
	is(t, "remove a full one", s.RemoveFolder(ctx, Holder.Account, first), mailbox.ErrFixed)
	is(t, "remove a fixed", s.RemoveFolder(ctx, Holder.Account, mailbox.Inbox), mailbox.ErrFixed)
	must(t, s.RemoveFolder(ctx, Holder.Account, second))
	is(t, "remove again", s.RemoveFolder(ctx, Holder.Account, second), mailbox.ErrNotFound)
	_, err = s.CreateFolder(ctx, Holder, "Çek")
	must(t, err)
	for n := range mailbox.MaxFolders - 2 {
		_, err := s.CreateFolder(ctx, Holder, fmt.Sprint("f", n))
		must(t, err)
	}
	_, err = s.CreateFolder(ctx, Holder, "one more")
	is(t, "too many", err, mailbox.ErrTooMany)
	list, err = s.Folders(ctx, Holder)
	must(t, err)
	same(t, "how many", len(list), mailbox.MaxFolders+len(mailbox.Fixed))
}

func moves(t *testing.T, s mailbox.Store, _ *testkit.Clock) {
	ctx := t.Context()
	must(t, s.Follow(ctx, []mailbox.News{Came(Holder, 1), Came(Holder, 2), Came(Holder, 3)}, "p"))
	all := ids(items(t, s, Holder, mailbox.Query{})) // 3, 2, 1
	uids, err := s.Move(ctx, Holder.Account, []mailbox.ItemID{all[2], 999, all[0]}, mailbox.Archive)
	must(t, err)
	same(t, "uids", uids, []uint32{1, 0, 2})
	uids, err = s.Move(ctx, Holder.Account, []mailbox.ItemID{all[0], all[1]}, mailbox.Archive)
	must(t, err)
	same(t, "uids again", uids, []uint32{2, 3})
	uids, err = s.Move(ctx, Holder.Account, []mailbox.ItemID{all[0]}, mailbox.Inbox)
	must(t, err)
	same(t, "uid after coming back", uids, []uint32{4})
	f := folderOf(t, s, Holder, mailbox.Archive)
	same(t, "archive", f, mailbox.Folder{ID: mailbox.Archive, Items: 2, Unopened: 2, Unseen: 2, Next: 4, Validity: f.Validity, Bytes: 203})
	lines, err := s.Lines(ctx, Holder.Account, mailbox.Archive)
	must(t, err)
	same(t, "lines", lines, []mailbox.Line{{ID: all[2], UID: 1, Size: 101, At: At.Add(time.Second)}, {ID: all[1], UID: 3, Size: 102, At: At.Add(2 * time.Second)}})
	// The same news do not bring it back to where it arrived.
	must(t, s.Follow(ctx, []mailbox.News{Came(Holder, 2)}, "p"))
	same(t, "inbox", ids(items(t, s, Holder, mailbox.Query{Folder: mailbox.Inbox})), all[:1])
	list, err := s.ItemsOf(ctx, Holder.Account, []mailbox.ItemID{all[2], 999, all[0]})
	must(t, err)
	same(t, "items of", ids(list), []mailbox.ItemID{all[2], all[0]})
	_, err = s.Move(ctx, Holder.Account, all, "nowhere")
	is(t, "nowhere", err, mailbox.ErrNotFound)
}

func flags(t *testing.T, s mailbox.Store, _ *testkit.Clock) {
	ctx := t.Context()
	must(t, s.Follow(ctx, []mailbox.News{Came(Holder, 1), Came(Holder, 2)}, "p"))
	all := ids(items(t, s, Holder, mailbox.Query{}))
	for range 2 {
		must(t, s.Flag(ctx, Holder.Account, append(all, 999), mailbox.Seen|mailbox.Flagged, mailbox.Answered))
	}
	must(t, s.Flag(ctx, Holder.Account, all[:1], mailbox.Answered, mailbox.Seen))
	same(t, "unseen", folderOf(t, s, Holder, mailbox.Inbox).Unseen, int64(1))
	list := items(t, s, Holder, mailbox.Query{})
	same(t, "flags", []mailbox.Flags{list[0].Flags, list[1].Flags}, []mailbox.Flags{mailbox.Flagged | mailbox.Answered, mailbox.Seen | mailbox.Flagged})
	must(t, s.Flag(ctx, Holder.Account, all, mailbox.Seen, mailbox.Seen)) // what is added stays
	same(t, "unseen", folderOf(t, s, Holder, mailbox.Inbox).Unseen, int64(0))
}

func removes(t *testing.T, s mailbox.Store, _ *testkit.Clock) {
	ctx := t.Context()
	all := []mailbox.News{Came(Holder, 1), Came(Holder, 2)}
	must(t, s.Follow(ctx, all, "p"))
	list := ids(items(t, s, Holder, mailbox.Query{}))
	must(t, s.Index(ctx, []mailbox.Indexing{{Account: Holder.Account, Item: list[0], Words: []mailbox.Word{7}}}))
	for range 2 {
		must(t, s.Remove(ctx, Holder.Account, list[:1]))
	}
	must(t, s.Follow(ctx, append(all, Opened(Holder, 2, At)), ""))
	same(t, "items", ids(items(t, s, Holder, mailbox.Query{})), list[1:])
	same(t, "found", items(t, s, Holder, mailbox.Query{Words: []mailbox.Word{7}}), []mailbox.Item{})
	must(t, s.Index(ctx, []mailbox.Indexing{{Account: Holder.Account, Item: list[0]}})) // passed over
	f := folderOf(t, s, Holder, mailbox.Inbox)
	same(t, "inbox", f, mailbox.Folder{ID: mailbox.Inbox, Items: 1, Unopened: 1, Unseen: 1, Next: 3, Validity: f.Validity, Bytes: 101})
	open, err := s.Unindexed(ctx, 10)
	must(t, err)
	if len(open) != 1 || open[0].Item.ID != list[1] || open[0].Account != Holder.Account {
		t.Errorf("not indexed: %v", open)
	}
	must(t, s.Follow(ctx, []mailbox.News{Came(Holder, 3)}, "q"))
	if next := items(t, s, Holder, mailbox.Query{})[0].ID; next <= list[0] {
		t.Errorf("identifier %d after %d", next, list[0])
	}
}

func trash(t *testing.T, s mailbox.Store, clock *testkit.Clock) {
	ctx := t.Context()
	must(t, s.Follow(ctx, []mailbox.News{Came(Holder, 1), Came(Holder, 2), Came(Holder, 3)}, "p"))
	all := ids(items(t, s, Holder, mailbox.Query{}))
	_, err := s.Move(ctx, Holder.Account, all[:1], mailbox.TrashBox)
	must(t, err)
	clock.Advance(time.Hour)
	_, err = s.Move(ctx, Holder.Account, all[:2], mailbox.TrashBox) // the first stays since before
	must(t, err)
	same(t, "outside the trash", ids(items(t, s, Holder, mailbox.Query{})), all[2:])
	trashed := func(at time.Time, limit int) map[rem.AccountID][]mailbox.ItemID {
		m, err := s.Trashed(ctx, at, limit)
		must(t, err)
		return m
	}
	same(t, "unopened", trashed(At.AddDate(1, 0, 0), 9), map[rem.AccountID][]mailbox.ItemID{})
	must(t, s.Follow(ctx, []mailbox.News{Opened(Holder, 3, At.Add(-time.Minute)), Opened(Holder, 2, At.Add(90*time.Minute))}, "q"))
	same(t, "opened since", trashed(At.Add(80*time.Minute), 9), map[rem.AccountID][]mailbox.ItemID{Holder.Account: all[:1]})
	same(t, "before it was", trashed(At, 9), map[rem.AccountID][]mailbox.ItemID{})
	same(t, "the first", trashed(At.Add(time.Minute), 9), map[rem.AccountID][]mailbox.ItemID{Holder.Account: all[:1]})
	same(t, "both", trashed(At.Add(2*time.Hour), 9), map[rem.AccountID][]mailbox.ItemID{Holder.Account: all[:2]})
	same(t, "one", trashed(At.Add(2*time.Hour), 1), map[rem.AccountID][]mailbox.ItemID{Holder.Account: all[:1]})
	_, err = s.Move(ctx, Holder.Account, all[:1], mailbox.Inbox)
	must(t, err)
	same(t, "after it came back", trashed(At.Add(2*time.Hour), 9), map[rem.AccountID][]mailbox.ItemID{Holder.Account: all[1:2]})
}
