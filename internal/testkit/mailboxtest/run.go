package mailboxtest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rem"
	"rem/internal/testkit"
	"rem/message"
	"rem/message/mailbox"
)

// At is where the suite's time begins.
var At = testkit.Epoch

// Holder and Operator act on the suite's account; Other on another one.
var (
	Holder   = rem.Actor{Account: "acc-1", Holder: "per-1", Person: "per-1"}
	Operator = rem.Actor{Account: "acc-1", Holder: "per-1", Person: "per-2"}
	Other    = rem.Actor{Account: "acc-2", Holder: "per-3", Person: "per-3"}
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t testing.TB, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// Came is the news that message n arrived for an account.
func Came(a rem.Actor, n int) mailbox.News {
	id := rem.MessageID(fmt.Sprintf("m-%05d", n))
	return mailbox.News{Account: a.Account, About: id, Item: &mailbox.Item{
		Kind: mailbox.Received, Message: id, Recipient: 1, At: At.Add(time.Duration(n) * time.Second), Size: int64(100 + n), Attachments: -1,
	}}
}

// Went is the news that message n was sent, as it stands.
func Went(a rem.Actor, n int, p mailbox.Progress) mailbox.News {
	id := rem.MessageID(fmt.Sprintf("s-%05d", n))
	return mailbox.News{Account: a.Account, About: id, Item: &mailbox.Item{
		Kind: mailbox.Sent, Message: id, At: At.Add(time.Duration(n) * time.Second), Size: int64(100 + n), Person: a.Person, Progress: p, Attachments: -1, Flags: mailbox.Seen,
	}}
}

// Proved is the news of evidence n about sent message m.
func Proved(a rem.Actor, m, n int) mailbox.News {
	id := rem.MessageID(fmt.Sprintf("s-%05d", m))
	return mailbox.News{Account: a.Account, About: id, Item: &mailbox.Item{
		Kind: mailbox.Evidence, Message: id, Recipient: n % 2, Evidence: rem.EvidenceID(fmt.Sprintf("e-%05d", n)), At: At.Add(time.Duration(n) * time.Second), Size: 50,
	}}
}

// Opened is the news that message n was opened.
func Opened(a rem.Actor, n int, at time.Time) mailbox.News {
	return mailbox.News{Account: a.Account, About: rem.MessageID(fmt.Sprintf("m-%05d", n)), Recipient: 1, Opened: at, By: a.Person}
}

func items(t testing.TB, s mailbox.Store, a rem.Actor, q mailbox.Query) []mailbox.Item {
	t.Helper()
	list, err := s.Items(t.Context(), a.Account, q)
	must(t, err)
	return list
}

func ids(list []mailbox.Item) (ids []mailbox.ItemID) {
	for _, i := range list {
		ids = append(ids, i.ID)
	}
	return ids
}

func folderOf(t testing.TB, s mailbox.Store, a rem.Actor, id mailbox.FolderID) mailbox.Folder {
	t.Helper()
	list, err := s.Folders(t.Context(), a)
	must(t, err)
	for _, f := range list {
		if f.ID == id {
			return f
		}
	}
	t.Fatalf("there is no folder %s", id)
	return mailbox.Folder{}
}

// An Open opens a store on a new place; again opens another one on what it kept,
// after the one before was closed. A store in memory answers itself.
type Open func(t testing.TB, clock *testkit.Clock) (s mailbox.Store, again func() mailbox.Store)

// Run shows that a store keeps what mailbox.Store promises.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		do   func(t *testing.T, s mailbox.Store, clock *testkit.Clock)
	}{
		{"NewsAreItemsOnceAndInOrder", news},
		{"AnotherAccountsIsNotThere", another},
		{"FoldersOfTheirOwn", folders},
		{"MovingGivesUIDsAndKeepsThem", moves},
		{"FlagsAreCounted", flags},
		{"WhatIsRemovedStaysAway", removes},
		{"TrashKnowsSinceWhen", trash},
		{"FiltersAndPages", filters},
		{"WordsAreFound", words},
		{"DraftsAreSavedOnce", drafts},
		{"FilesOfDrafts", files},
		{"ScheduledDraftsFallDue", due},
		{"KeepsakesAreOfTheAccountOrOfOne", keepsakes},
		{"Preferences", preferences},
		{"WatchTellsOfChanges", watch},
		{"Concurrently", concurrently},
	} {
		t.Run(c.name, func(t *testing.T) {
			clock := testkit.NewClock(At)
			s, _ := open(t, clock)
			c.do(t, s, clock)
		})
	}
	t.Run("AsTheOneInMemory", func(t *testing.T) { model(t, open) })
}

func news(t *testing.T, s mailbox.Store, _ *testkit.Clock) {
	at, err := s.Position(t.Context())
	must(t, err)
	same(t, "position at first", at, "")
	all := []mailbox.News{Came(Holder, 1), Went(Holder, 1, mailbox.Waiting), Proved(Holder, 1, 1), Came(Holder, 2), Opened(Holder, 1, At.Add(time.Hour)), Opened(Holder, 1, At.Add(2*time.Hour)),
		{Account: Holder.Account, About: "s-00001", Progress: mailbox.Delivered}}
	for range 2 {
		must(t, s.Follow(t.Context(), all, "p1"))
	}
	must(t, s.Follow(t.Context(), nil, "p2"))
	at, err = s.Position(t.Context())
	must(t, err)
	same(t, "position", at, "p2")
	list := items(t, s, Holder, mailbox.Query{})
	want := []mailbox.Item{*all[3].Item, *all[2].Item, *all[1].Item, *all[0].Item}
	want[3].Opened, want[3].Person = At.Add(time.Hour), Holder.Person
	want[2].Progress = mailbox.Delivered
	for i := range want {
		want[i].Folder = []mailbox.FolderID{mailbox.Inbox, mailbox.Proofs, mailbox.SentBox, mailbox.Inbox}[i]
		want[i].UID = []uint32{2, 1, 1, 1}[i]
	}
	same(t, "items", blank(list), want)
	if !slices.IsSortedFunc(list, func(a, b mailbox.Item) int { return int(b.ID - a.ID) }) {
		t.Errorf("not the newest first: %v", ids(list))
	}
	f := folderOf(t, s, Holder, mailbox.Inbox)
	same(t, "counters", f, mailbox.Folder{ID: mailbox.Inbox, Items: 2, Unopened: 1, Unseen: 2, Next: 3, Validity: f.Validity, Bytes: 203})
	if f.Validity == 0 {
		t.Error("a folder has no validity")
	}
	if err := s.Follow(t.Context(), []mailbox.News{{Account: "acc-1", Item: &mailbox.Item{Kind: mailbox.Drafted}}}, "p3"); err == nil {
		t.Error("a draft was followed")
	}
	at, err = s.Position(t.Context())
	must(t, err)
	same(t, "position after a fault", at, "p2")
}

func blank(list []mailbox.Item) []mailbox.Item {
	list = slices.Clone(list)
	for i := range list {
		list[i].ID = 0
	}
	return list
}

func another(t *testing.T, s mailbox.Store, _ *testkit.Clock) {
	must(t, s.Follow(t.Context(), []mailbox.News{Came(Holder, 1)}, "p"))
	id := items(t, s, Holder, mailbox.Query{})[0].ID
	own, err := s.CreateFolder(t.Context(), Holder, "İşler")
	must(t, err)
	_, err = s.SaveDraft(t.Context(), Holder, mailbox.Draft{ID: "draft-1", Saved: At})
	must(t, err)
	_, _, err = s.PutFile(t.Context(), Holder, "draft-1", "file-1", strings.NewReader("x"), 10)
	must(t, err)
	ctx, a := t.Context(), Other.Account
	if got := items(t, s, Other, mailbox.Query{}); len(got) != 0 {
		t.Errorf("another's items: %v", got)
	}
	_, err = s.Item(ctx, a, id)
	is(t, "item", err, mailbox.ErrNotFound)
	_, err = s.Items(ctx, a, mailbox.Query{Folder: own})
	is(t, "items of a folder", err, mailbox.ErrNotFound)
	_, err = s.Lines(ctx, a, own)
	is(t, "lines", err, mailbox.ErrNotFound)
	is(t, "rename", s.RenameFolder(ctx, Other, own, "x"), mailbox.ErrNotFound)
	is(t, "remove folder", s.RemoveFolder(ctx, a, own), mailbox.ErrNotFound)
	_, err = s.Move(ctx, a, []mailbox.ItemID{id}, own)
	is(t, "move", err, mailbox.ErrNotFound)
	uids, err := s.Move(ctx, a, []mailbox.ItemID{id}, mailbox.TrashBox)
	must(t, err)
	same(t, "uids", uids, []uint32{0})
	must(t, s.Flag(ctx, a, []mailbox.ItemID{id}, mailbox.Seen, 0))
	must(t, s.Remove(ctx, a, []mailbox.ItemID{id}))
	must(t, s.Index(ctx, []mailbox.Indexing{{Account: a, Item: id}})) // passed over
	_, err = s.Draft(ctx, Other, "draft-1")
	is(t, "draft", err, mailbox.ErrNotFound)
	heads, err := s.DraftHeads(ctx, Other, []mailbox.DraftID{"draft-1"})
	must(t, err)
	same(t, "heads", heads, map[mailbox.DraftID]mailbox.Draft{})
	_, err = s.File(ctx, Other, "draft-1", "file-1")
	is(t, "file", err, mailbox.ErrNotFound)
	must(t, s.DropFile(ctx, Other, "draft-1", "file-1"))
	must(t, s.DropDraft(ctx, Other, "draft-1"))
	_, err = s.File(ctx, Holder, "draft-1", "file-1")
	must(t, err)
	got := items(t, s, Holder, mailbox.Query{Folder: mailbox.Inbox})
	if len(got) != 1 || got[0].Flags != 0 {
		t.Errorf("another account changed it: %v", got)
	}
}

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

func filters(t *testing.T, s mailbox.Store, _ *testkit.Clock) {
	ctx := t.Context()
	var all []mailbox.News
	for n := range 40 {
		all = append(all, Came(Holder, n), Went(Operator, n, mailbox.Progress(1<<(n%7))), Proved(Holder, n, n))
	}
	must(t, s.Follow(ctx, all, "p"))
	list := items(t, s, Holder, mailbox.Query{})
	for n, i := range list {
		if i.Kind != mailbox.Evidence {
			must(t, s.Index(ctx, []mailbox.Indexing{{Account: Holder.Account, Item: i.ID, Words: []mailbox.Word{1, mailbox.Word(2 + n%3)}, Attachments: n % 2}}))
		}
		if n%5 == 0 {
			must(t, s.Flag(ctx, Holder.Account, []mailbox.ItemID{i.ID}, mailbox.Flagged, 0))
		}
		if n%7 == 0 {
			_, err := s.Move(ctx, Holder.Account, []mailbox.ItemID{i.ID}, []mailbox.FolderID{mailbox.TrashBox, mailbox.Archive}[n%2])
			must(t, err)
		}
	}
	must(t, s.Follow(ctx, []mailbox.News{Opened(Holder, 3, At), Opened(Holder, 30, At)}, "p"))
	whole := slices.Concat(items(t, s, Holder, mailbox.Query{}), items(t, s, Holder, mailbox.Query{Folder: mailbox.TrashBox}))
	slices.SortFunc(whole, func(a, b mailbox.Item) int { return int(b.ID - a.ID) })
	for n, q := range queriesOf(whole) {
		var want []mailbox.ItemID
		for _, i := range whole {
			if (&item{Item: i, words: wordsOf(list, i)}).matches(&q) {
				want = append(want, i.ID)
			}
		}
		got := ids(items(t, s, Holder, q))
		same(t, fmt.Sprintf("query %d %+v", n, q), got, want)
		// In pages, while other items arrive.
		var paged []mailbox.ItemID
		for q.Limit = 3; ; {
			page := ids(items(t, s, Holder, q))
			if paged = append(paged, page...); len(page) < q.Limit {
				break
			}
			q.Before = page[len(page)-1]
			must(t, s.Follow(ctx, []mailbox.News{Came(Holder, 1000+n)}, "p"))
		}
		same(t, fmt.Sprintf("pages of query %d", n), paged, want)
		if last := items(t, s, Holder, mailbox.Query{Folder: mailbox.Inbox, Limit: 1}); len(last) == 1 && last[0].Message >= "m-01000" {
			must(t, s.Remove(ctx, Holder.Account, ids(last)))
		}
	}
}

func wordsOf(list []mailbox.Item, i mailbox.Item) map[mailbox.Word]bool {
	n := slices.IndexFunc(list, func(x mailbox.Item) bool { return x.ID == i.ID })
	if n < 0 || i.Kind == mailbox.Evidence {
		return nil
	}
	return map[mailbox.Word]bool{1: true, mailbox.Word(2 + n%3): true}
}

// queriesOf are combinations of filters.
func queriesOf(whole []mailbox.Item) (list []mailbox.Query) {
	for _, folder := range []mailbox.FolderID{"", mailbox.Inbox, mailbox.SentBox, mailbox.TrashBox, mailbox.Archive} {
		for _, q := range []mailbox.Query{
			{}, {Unopened: true}, {Attached: true}, {Marked: true}, {Marked: true, Unopened: true}, {Kinds: []mailbox.Kind{mailbox.Sent, mailbox.Evidence}},
			{Progress: mailbox.Delivered | mailbox.Failed}, {Person: Operator.Person}, {Message: "s-00007"}, {Message: "m-00003", Kinds: []mailbox.Kind{mailbox.Received}},
			{From: At.Add(10 * time.Second)}, {Until: At.Add(30 * time.Second)}, {From: At.Add(10 * time.Second), Until: At.Add(20 * time.Second), Attached: true},
			{Words: []mailbox.Word{1}}, {Words: []mailbox.Word{1, 3}}, {Words: []mailbox.Word{2, 3}}, {Words: []mailbox.Word{99}}, {Words: []mailbox.Word{2}, Marked: true}, {Words: []mailbox.Word{2}, Message: "s-00004"},
			{Words: []mailbox.Word{3}, Kinds: []mailbox.Kind{mailbox.Received}, Unopened: true, Attached: true}, {Before: whole[len(whole)/2].ID}, {Before: whole[10].ID, Words: []mailbox.Word{1}},
		} {
			q.Folder = folder
			list = append(list, q)
		}
	}
	return list
}

func words(t *testing.T, s mailbox.Store, _ *testkit.Clock) {
	ctx := t.Context()
	must(t, s.Follow(ctx, []mailbox.News{Came(Holder, 1), Came(Holder, 2), Came(Other, 3)}, "p"))
	mine, others := items(t, s, Holder, mailbox.Query{}), items(t, s, Other, mailbox.Query{})
	open, err := s.Unindexed(ctx, 2)
	must(t, err)
	if len(open) != 2 || open[0].Item.Message != "m-00003" || open[1].Item.Message != "m-00002" {
		t.Errorf("not indexed: %+v", open)
	}
	must(t, s.Index(ctx, []mailbox.Indexing{{Account: Holder.Account, Item: mine[0].ID, Words: []mailbox.Word{1, 2, 1 << 62}, Attachments: 3}}))
	must(t, s.Index(ctx, []mailbox.Indexing{{Account: Holder.Account, Item: mine[1].ID, Words: []mailbox.Word{1}}}))
	must(t, s.Index(ctx, []mailbox.Indexing{{Account: Other.Account, Item: others[0].ID, Words: []mailbox.Word{1}}}))
	find := func(words ...mailbox.Word) []mailbox.ItemID {
		return ids(items(t, s, Holder, mailbox.Query{Words: words}))
	}
	same(t, "one", find(1), []mailbox.ItemID{mine[0].ID, mine[1].ID})
	same(t, "two", find(1, 2), []mailbox.ItemID{mine[0].ID})
	same(t, "a great one", find(1<<62), []mailbox.ItemID{mine[0].ID})
	must(t, s.Index(ctx, []mailbox.Indexing{{Account: Holder.Account, Item: mine[0].ID, Words: []mailbox.Word{5}, Attachments: 4}}))
	same(t, "before", find(2), []mailbox.ItemID{})
	same(t, "after", find(5), []mailbox.ItemID{mine[0].ID})
	must(t, s.Index(ctx, []mailbox.Indexing{{Account: Holder.Account, Item: mine[0].ID, Attachments: 4}}))
	same(t, "no words", find(5), []mailbox.ItemID{})
	i, err := s.Item(ctx, Holder.Account, mine[0].ID)
	must(t, err)
	same(t, "attachments", i.Attachments, 4)
	open, err = s.Unindexed(ctx, 9)
	must(t, err)
	same(t, "left", len(open), 0)
}

// Whole is a draft with everything in it.
func Whole(id mailbox.DraftID) mailbox.Draft {
	return mailbox.Draft{
		ID: id, Step: mailbox.Writing, Author: "per-1", Handed: mailbox.Handed{Person: "per-1", Method: "urn:m", Authentication: message.Authentication{Time: At, Method: "urn:a"}}, Signer: "per-2", Saved: At.Add(time.Microsecond), To: []string{"Ayşe <ayse@hs01.kep.tr>", "x"}, Cc: []string{"b@c"},
		Subject: "Işık & ğüşöç", HTML: "<p>" + strings.Repeat("ğ", 400_000), Text: strings.Repeat("ş", 300_000), Answers: "m-1", Forwards: "m-2", SendAt: At.Add(time.Hour), Original: rem.DigestOf([]byte("o")),
		Files: []mailbox.File{{ID: "f1", Name: "çek.pdf", Type: "application/pdf", Size: 10, Digest: rem.DigestOf([]byte("f"))}, {ID: "f2", Size: 5, AsIs: true}}, Why: rem.Text{Turkish: "tr", English: "en"},
	}
}

func drafts(t *testing.T, s mailbox.Store, _ *testkit.Clock) {
	ctx := t.Context()
	d := Whole("d-1")
	for n := range 3 {
		v, err := s.SaveDraft(ctx, Holder, d)
		must(t, err)
		same(t, "version", v, int64(n+1))
		_, err = s.SaveDraft(ctx, Operator, d)
		is(t, "saving over another's", err, mailbox.ErrChanged)
		d.Version = v
		got, err := s.Draft(ctx, Operator, "d-1")
		must(t, err)
		same(t, "draft", got, d)
		d.Subject += "!"
		d.Files = d.Files[:2-n]
	}
	list := items(t, s, Holder, mailbox.Query{Folder: mailbox.Drafts})
	same(t, "item", blank(list), []mailbox.Item{{Kind: mailbox.Drafted, Draft: "d-1", Folder: mailbox.Drafts, UID: 3, Flags: mailbox.Seen, At: d.Saved, Size: 10, Person: "per-1", Attachments: 1}})
	f := folderOf(t, s, Holder, mailbox.Drafts)
	same(t, "folder", f, mailbox.Folder{ID: mailbox.Drafts, Items: 1, Next: 4, Validity: f.Validity, Bytes: 10})
	_, err := s.SaveDraft(ctx, Holder, mailbox.Draft{ID: "d-2", Version: 4, Saved: At})
	is(t, "saving what is not there", err, mailbox.ErrChanged)
	small := mailbox.Draft{ID: "d-2", Saved: At, Step: mailbox.Writing}
	_, err = s.SaveDraft(ctx, Holder, small)
	must(t, err)
	small.Version = 1
	got, err := s.Draft(ctx, Holder, "d-2")
	must(t, err)
	same(t, "an empty one", got, small)
	heads, err := s.DraftHeads(ctx, Operator, []mailbox.DraftID{"d-2", "d-1", "d-9"})
	must(t, err)
	d, err = s.Draft(ctx, Holder, "d-1")
	must(t, err)
	d.HTML, d.Text = "", ""
	same(t, "heads", heads, map[mailbox.DraftID]mailbox.Draft{"d-1": d, "d-2": small})
	for _, id := range []mailbox.DraftID{"", "a b", "../x", "ğ", mailbox.DraftID(strings.Repeat("a", 65))} {
		if _, err := s.SaveDraft(ctx, Holder, mailbox.Draft{ID: id, Saved: At}); err == nil {
			t.Errorf("%q was taken as a draft's name", id)
		}
	}
	uids, err := s.Move(ctx, Holder.Account, ids(list), mailbox.TrashBox)
	must(t, err)
	same(t, "moving a draft", uids, []uint32{0})
	for range 2 {
		must(t, s.DropDraft(ctx, Operator, "d-1"))
	}
	_, err = s.Draft(ctx, Holder, "d-1")
	is(t, "after dropping", err, mailbox.ErrNotFound)
	must(t, s.Remove(ctx, Holder.Account, ids(items(t, s, Holder, mailbox.Query{Folder: mailbox.Drafts}))))
	_, err = s.Draft(ctx, Holder, "d-2")
	is(t, "after removing its item", err, mailbox.ErrNotFound)
	same(t, "folder", folderOf(t, s, Holder, mailbox.Drafts).Items, int64(0))
}

func files(t *testing.T, s mailbox.Store, _ *testkit.Clock) {
	ctx := t.Context()
	random := testkit.Rand(t, 1)
	for n, size := range []int{0, 1, 57, 1<<16 - 1, 1 << 16, 1<<16 + 1, 3 << 16, 300_000} {
		b := make([]byte, size)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		file := fmt.Sprint("f", n)
		for range 2 { // the second takes the place of the first
			got, digest, err := s.PutFile(ctx, Holder, "d-1", file, iotest(b), int64(size))
			must(t, err)
			if got != int64(size) || digest != sha256.Sum256(b) {
				t.Fatalf("%d octets were kept as %d", size, got)
			}
		}
		c, err := s.File(ctx, Operator, "d-1", file)
		must(t, err)
		if c.Size() != int64(size) || c.Digest() != rem.DigestOf(b) {
			t.Fatalf("%d octets are %d", size, c.Size())
		}
		read, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
		must(t, err)
		if !bytes.Equal(read, b) {
			t.Errorf("%d octets came back as others", size)
		}
		for range 20 {
			from := random.Int64N(int64(size + 2))
			p := make([]byte, 1+random.IntN(size+2))
			k, err := c.ReadAt(p, from)
			want := b[min(from, int64(size)):min(from+int64(len(p)), int64(size))]
			if !bytes.Equal(p[:k], want) || (k < len(p)) != errors.Is(err, io.EOF) {
				t.Fatalf("reading %d at %d of %d: %d, %v", len(p), from, size, k, err)
			}
		}
		if size > 0 {
			_, _, err = s.PutFile(ctx, Holder, "d-1", file, bytes.NewReader(b), int64(size-1))
			is(t, "too large", err, mailbox.ErrTooLarge)
		}
		broken := errors.New("the line broke")
		_, _, err = s.PutFile(ctx, Holder, "d-1", file, io.MultiReader(bytes.NewReader(b), fails{broken}), 1<<20)
		is(t, "a line that breaks", err, broken)
		c, err = s.File(ctx, Holder, "d-1", file) // the one before is there still
		must(t, err)
		same(t, "size", c.Size(), int64(size))
	}
	_, err := s.SaveDraft(ctx, Holder, mailbox.Draft{ID: "d-1", Saved: At})
	must(t, err)
	for range 2 {
		must(t, s.DropFile(ctx, Holder, "d-1", "f0"))
	}
	_, err = s.File(ctx, Holder, "d-1", "f0")
	is(t, "dropped", err, mailbox.ErrNotFound)
	must(t, s.DropDraft(ctx, Holder, "d-1"))
	_, err = s.File(ctx, Holder, "d-1", "f1")
	is(t, "dropped with the draft", err, mailbox.ErrNotFound)
	if _, _, err := s.PutFile(ctx, Holder, "d-1", "../x", strings.NewReader(""), 1); err == nil {
		t.Error("a path was taken as a name")
	}
}

type fails struct{ err error }

func (f fails) Read([]byte) (int, error) { return 0, f.err }

// iotest gives octets in odd portions.
func iotest(b []byte) io.Reader { return &portions{b: b} }

type portions struct {
	b []byte
	n int
}

func (p *portions) Read(into []byte) (int, error) {
	if len(p.b) == 0 {
		return 0, io.EOF
	}
	p.n = p.n%977 + 1
	k := copy(into, p.b[:min(p.n, len(p.b))])
	p.b = p.b[k:]
	return k, nil
}

func due(t *testing.T, s mailbox.Store, _ *testkit.Clock) {
	ctx := t.Context()
	for n, d := range []mailbox.Draft{
		{ID: "later", Step: mailbox.Scheduled, SendAt: At.Add(2 * time.Hour), Signer: "per-1"}, {ID: "second", Step: mailbox.Scheduled, SendAt: At.Add(time.Minute), Signer: "per-1"},
		{ID: "first", Step: mailbox.Sending, SendAt: At, Signer: "per-2"}, {ID: "writing", Step: mailbox.Writing, SendAt: At},
	} {
		d.Saved = At
		_, err := s.SaveDraft(ctx, []rem.Actor{Holder, Operator, Holder, Holder}[n], d)
		must(t, err)
	}
	want := []mailbox.Due{{Account: "acc-1", Draft: "first", Signer: "per-2"}, {Account: "acc-1", Draft: "second", Signer: "per-1"}}
	for limit := range 3 {
		got, err := s.DueDrafts(ctx, At.Add(time.Hour), limit)
		must(t, err)
		same(t, "due", got, want[:limit])
	}
}

func keepsakes(t *testing.T, s mailbox.Store, _ *testkit.Clock) {
	ctx := t.Context()
	list := []mailbox.Keepsake{
		{ID: "k-1", Kind: mailbox.Contact, Name: "Çiğdem", Fields: map[string]string{"address": "c@hs01.kep.tr", "note": "ğ"}},
		{ID: "k-2", Kind: mailbox.Contact, Name: "Deniz", Person: "per-2"},
		{ID: "k-3", Kind: mailbox.Signature, Name: "x", Fields: map[string]string{"html": "<p>"}},
	}
	for _, k := range list {
		for range 2 {
			must(t, s.Keep(ctx, Operator, k))
		}
	}
	of := func(a rem.Actor, kind mailbox.KeepsakeKind) []mailbox.Keepsake {
		got, err := s.Keepsakes(ctx, a, kind)
		must(t, err)
		return got
	}
	same(t, "the operator's", of(Operator, mailbox.Contact), list[:2])
	same(t, "the holder's", of(Holder, mailbox.Contact), list[:1])
	same(t, "signatures", of(Holder, mailbox.Signature), list[2:])
	same(t, "another account's", of(Other, mailbox.Contact), []mailbox.Keepsake{})
	is(t, "another person's", s.Keep(ctx, Holder, mailbox.Keepsake{ID: "k-2", Kind: mailbox.Contact}), mailbox.ErrNotFound)
	is(t, "for another person", s.Keep(ctx, Holder, mailbox.Keepsake{ID: "k-9", Kind: mailbox.Contact, Person: "per-2"}), mailbox.ErrNotFound)
	is(t, "dropping another's", s.DropKeepsake(ctx, Holder, "k-2"), mailbox.ErrNotFound)
	must(t, s.DropKeepsake(ctx, Other, "k-1"))
	list[0].Name = "Çiğdem A."
	must(t, s.Keep(ctx, Holder, list[0]))
	for range 2 {
		must(t, s.DropKeepsake(ctx, Operator, "k-2"))
	}
	same(t, "after", of(Operator, mailbox.Contact), list[:1])
}

func preferences(t *testing.T, s mailbox.Store, _ *testkit.Clock) {
	ctx := t.Context()
	of := func(a rem.Actor) mailbox.Preferences {
		o, err := s.Preferences(ctx, a.Account, a.Person)
		must(t, err)
		return o
	}
	same(t, "at first", of(Holder), mailbox.DefaultPreferences)
	mine := mailbox.Preferences{SMS: true, Digest: 9, QuietFrom: 22, QuietUntil: 7}
	must(t, s.SetPreferences(ctx, Holder.Account, Holder.Person, mine))
	same(t, "after", of(Holder), mine)
	same(t, "the operator's", of(Operator), mailbox.DefaultPreferences)
	must(t, s.SetPreferences(ctx, Holder.Account, Holder.Person, mailbox.DefaultPreferences))
	same(t, "again", of(Holder), mailbox.DefaultPreferences)
}

func watch(t *testing.T, s mailbox.Store, _ *testkit.Clock) {
	ctx := t.Context()
	told, stop := s.Watch(Holder.Account)
	second, stopSecond := s.Watch(Holder.Account)
	others, stopOthers := s.Watch(Other.Account)
	defer stopOthers()
	is := func(what string, c <-chan struct{}, want bool) {
		t.Helper()
		select {
		case <-c:
			if !want {
				t.Errorf("%s: told", what)
			}
		default:
			if want {
				t.Errorf("%s: not told", what)
			}
		}
	}
	is("at first", told, false)
	for n := range 3 {
		must(t, s.Follow(ctx, []mailbox.News{Came(Holder, n)}, "p"))
	}
	is("arrivals", told, true)
	is("once", told, false)
	is("the second", second, true)
	is("another account", others, false)
	stopSecond()
	stopSecond()
	all := ids(items(t, s, Holder, mailbox.Query{}))
	for what, do := range map[string]func() error{
		"flag":   func() error { return s.Flag(ctx, Holder.Account, all, mailbox.Seen, 0) },
		"move":   func() error { _, err := s.Move(ctx, Holder.Account, all, mailbox.Archive); return err },
		"folder": func() error { _, err := s.CreateFolder(ctx, Holder, "x"); return err },
		"draft":  func() error { _, err := s.SaveDraft(ctx, Holder, mailbox.Draft{ID: "d", Saved: At}); return err },
		"remove": func() error { return s.Remove(ctx, Holder.Account, all[:1]) },
	} {
		must(t, do())
		is(what, told, true)
		is(what, second, false)
	}
	stop()
	must(t, s.Flag(ctx, Holder.Account, all, 0, mailbox.Seen))
	is("after stopping", told, false)
}

func concurrently(t *testing.T, s mailbox.Store, _ *testkit.Clock) {
	ctx := t.Context()
	const each = 20
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for n := range each {
				if err := s.Follow(ctx, []mailbox.News{Came(Holder, w*each+n)}, "p"); err != nil {
					t.Error(err)
				}
				list, err := s.Items(ctx, Holder.Account, mailbox.Query{Folder: mailbox.Inbox, Limit: 3})
				if err != nil {
					t.Error(err)
				}
				if _, err := s.Move(ctx, Holder.Account, ids(list), []mailbox.FolderID{mailbox.Archive, mailbox.Inbox}[w%2]); err != nil {
					t.Error(err)
				}
				if err := s.Flag(ctx, Holder.Account, ids(list), mailbox.Flags(w&1), mailbox.Flags(^w&1)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	Counted(t, s, Holder)
	same(t, "items", len(items(t, s, Holder, mailbox.Query{})), 4*each)
}

// Counted checks that the folders of an account say what is in them, and that no
// UID is there twice or above what comes next.
func Counted(t testing.TB, s mailbox.Store, a rem.Actor) {
	t.Helper()
	list, err := s.Folders(t.Context(), a)
	must(t, err)
	for _, f := range list {
		want := mailbox.Folder{ID: f.ID, Name: f.Name, Next: f.Next, Validity: f.Validity}
		uids := map[mailbox.ItemID]uint32{}
		for q := (mailbox.Query{Folder: f.ID}); ; {
			page := items(t, s, a, q)
			for _, i := range page {
				want.Items++
				want.Bytes += i.Size
				if i.Kind == mailbox.Received && i.Opened.IsZero() {
					want.Unopened++
				}
				if i.Flags&mailbox.Seen == 0 {
					want.Unseen++
				}
				uids[i.ID] = i.UID
			}
			if len(page) < mailbox.MaxPage {
				break
			}
			q.Before = page[len(page)-1].ID
		}
		same(t, "counters", f, want)
		lines, err := s.Lines(t.Context(), a.Account, f.ID)
		must(t, err)
		same(t, "lines", int64(len(lines)), f.Items)
		last := uint32(0)
		for _, l := range lines {
			if l.UID <= last || l.UID >= f.Next || l.UID != uids[l.ID] {
				t.Errorf("UID %d of item %d (%d) after %d, before %d", l.UID, l.ID, uids[l.ID], last, f.Next)
			}
			last = l.UID
		}
	}
}

// Same checks that two stores give the same of an account. Identifiers of folders
// are random: names says which is which.
func Same(t testing.TB, got, want mailbox.Store, a rem.Actor, names map[mailbox.FolderID]mailbox.FolderID) {
	t.Helper()
	ctx := t.Context()
	there := func(s mailbox.Store, rename map[mailbox.FolderID]mailbox.FolderID) map[string]any {
		m := map[string]any{}
		put := func(name string, v any, err error) {
			must(t, err)
			m[name] = v
		}
		fs, err := s.Folders(ctx, a)
		must(t, err)
		for i := range fs {
			id := fs[i].ID
			fs[i].Validity = 0 // by the clock: a mailbox begins with its first step
			if other, ok := rename[id]; ok {
				fs[i].ID = other
			}
			lines, err := s.Lines(ctx, a.Account, id)
			put("lines "+string(fs[i].ID), lines, err)
			page, err := s.Items(ctx, a.Account, mailbox.Query{Folder: id})
			for k := range page {
				page[k].Folder = fs[i].ID
			}
			put("items "+string(fs[i].ID), page, err)
		}
		put("folders", fs, nil)
		for w := range 6 {
			page, err := s.Items(ctx, a.Account, mailbox.Query{Words: []mailbox.Word{mailbox.Word(w)}})
			put(fmt.Sprint("word ", w), ids(page), err)
		}
		for n := range 4 {
			id := mailbox.DraftID(fmt.Sprint("d-", n))
			d, err := s.Draft(ctx, a, id)
			if errors.Is(err, mailbox.ErrNotFound) {
				err = nil
			}
			put("draft "+string(id), d, err)
			c, err := s.File(ctx, a, id, "file")
			if errors.Is(err, mailbox.ErrNotFound) {
				continue
			}
			must(t, err)
			b, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
			put("file "+string(id), string(b), err)
		}
		ks, err := s.Keepsakes(ctx, a, mailbox.Contact)
		put("keepsakes", ks, err)
		at, err := s.Position(ctx)
		put("position", at, err)
		o, err := s.Preferences(ctx, a.Account, a.Person)
		put("preferences", o, err)
		tr, err := s.Trashed(ctx, At.AddDate(1, 0, 0), 1000)
		put("trash", tr[a.Account], err)
		un, err := s.Unindexed(ctx, 1000)
		for i := range un {
			if other, ok := rename[un[i].Item.Folder]; ok {
				un[i].Item.Folder = other
			}
		}
		put("unindexed", un, err)
		return m
	}
	same(t, "stores", there(got, names), there(want, nil))
}

// A Pair is two stores that get the same work.
type Pair struct {
	One, Two mailbox.Store
	Names    map[mailbox.FolderID]mailbox.FolderID // of One, by those of Two
	random   *testkit.Random
	came     int
	own      []mailbox.FolderID // of Two; those of One by back
	back     map[mailbox.FolderID]mailbox.FolderID
}

// NewPair begins with two empty stores.
func NewPair(one, two mailbox.Store, random *testkit.Random) *Pair {
	return &Pair{One: one, Two: two, Names: map[mailbox.FolderID]mailbox.FolderID{}, back: map[mailbox.FolderID]mailbox.FolderID{}, random: random}
}

// Step does one random thing to both, and checks that they answer alike.
func (p *Pair) Step(t testing.TB, clock *testkit.Clock) {
	t.Helper()
	r, ctx := p.random, t.Context()
	actor := []rem.Actor{Holder, Operator, Other}[r.IntN(3)]
	a := actor.Account
	some := func() (ids []mailbox.ItemID) {
		for range 1 + r.IntN(4) {
			ids = append(ids, mailbox.ItemID(1+r.IntN(p.came+3)))
		}
		return ids
	}
	where := func() (one, two mailbox.FolderID) {
		if n := r.IntN(len(mailbox.Fixed) + len(p.own)); n < len(p.own) {
			return p.back[p.own[n]], p.own[n]
		}
		f := mailbox.Fixed[r.IntN(len(mailbox.Fixed))]
		return f, f
	}
	both := func(what string, x, y any, errX, errY error) {
		t.Helper()
		for _, sentinel := range []error{mailbox.ErrNotFound, mailbox.ErrChanged, mailbox.ErrTaken, mailbox.ErrFixed, mailbox.ErrTooMany, mailbox.ErrName, mailbox.ErrTooLarge} {
			if errors.Is(errX, sentinel) != errors.Is(errY, sentinel) {
				t.Errorf("%s: %v and %v", what, errX, errY)
			}
		}
		if (errX == nil) != (errY == nil) {
			t.Errorf("%s: %v and %v", what, errX, errY)
		}
		same(t, what, x, y)
	}
	switch n := r.IntN(15); n {
	case 0, 1, 2, 3:
		var news []mailbox.News
		for range 1 + r.IntN(4) {
			p.came++
			m := r.IntN(p.came + 1)
			news = append(news, []mailbox.News{Came(actor, m), Went(actor, m, mailbox.Progress(1+r.IntN(127))), Proved(actor, m, p.came), Opened(actor, m, clock.Now()),
				{Account: a, About: rem.MessageID(fmt.Sprintf("s-%05d", m)), Progress: mailbox.Progress(1 + r.IntN(127))}}[r.IntN(5)])
		}
		at := fmt.Sprint("p", p.came)
		both("follow", nil, nil, p.One.Follow(ctx, news, at), p.Two.Follow(ctx, news, at))
	case 4, 5:
		one, two := where()
		ids := some()
		x, errX := p.One.Move(ctx, a, ids, one)
		y, errY := p.Two.Move(ctx, a, ids, two)
		both("move", x, y, errX, errY)
	case 6:
		ids, add, remove := some(), mailbox.Flags(r.IntN(32)), mailbox.Flags(r.IntN(32))
		both("flag", nil, nil, p.One.Flag(ctx, a, ids, add, remove), p.Two.Flag(ctx, a, ids, add, remove))
	case 7:
		ids := some()[:1]
		both("remove", nil, nil, p.One.Remove(ctx, a, ids), p.Two.Remove(ctx, a, ids))
	case 8:
		id, words, n := some()[0], []mailbox.Word{mailbox.Word(r.IntN(6)), mailbox.Word(r.IntN(6))}, r.IntN(3)
		both("index", nil, nil, p.One.Index(ctx, []mailbox.Indexing{{Account: a, Item: id, Words: words, Attachments: n}}), p.Two.Index(ctx, []mailbox.Indexing{{Account: a, Item: id, Words: words, Attachments: n}}))
	case 9:
		name := []string{"Işık", "ışık", "Çek", "Borç", "inbox", " ", "Ödeme"}[r.IntN(7)]
		x, errX := p.One.CreateFolder(ctx, actor, name)
		y, errY := p.Two.CreateFolder(ctx, actor, name)
		both("create", nil, nil, errX, errY)
		if errX == nil {
			p.Names[x], p.back[y] = y, x
			p.own = append(p.own, y)
		}
	case 10:
		one, two := where()
		if r.IntN(2) == 0 {
			both("remove folder", nil, nil, p.One.RemoveFolder(ctx, a, one), p.Two.RemoveFolder(ctx, a, two))
			return
		}
		name := []string{"Işık", "Çek", "Borç", "Ödeme", "a/b"}[r.IntN(5)]
		both("rename", nil, nil, p.One.RenameFolder(ctx, actor, one, name), p.Two.RenameFolder(ctx, actor, two, name))
	case 11:
		d := mailbox.Draft{ID: mailbox.DraftID(fmt.Sprint("d-", r.IntN(4))), Saved: clock.Now(), Subject: fmt.Sprint(r.IntN(99)), Author: actor.Person, Step: mailbox.Scheduled, SendAt: clock.Now()}
		have, err := p.Two.Draft(ctx, actor, d.ID)
		if err == nil {
			d.Version = have.Version
		}
		if r.IntN(5) == 0 {
			d.Version++
		}
		for n := range r.IntN(3) {
			d.Files = append(d.Files, mailbox.File{ID: fmt.Sprint(n), Size: r.Int64N(99)})
		}
		x, errX := p.One.SaveDraft(ctx, actor, d)
		y, errY := p.Two.SaveDraft(ctx, actor, d)
		both("save", x, y, errX, errY)
		p.came++
	case 12:
		id, text := mailbox.DraftID(fmt.Sprint("d-", r.IntN(4))), strings.Repeat("x", r.IntN(40))
		x, digestX, errX := p.One.PutFile(ctx, actor, id, "file", strings.NewReader(text), 30)
		y, digestY, errY := p.Two.PutFile(ctx, actor, id, "file", strings.NewReader(text), 30)
		both("put", []any{x, digestX}, []any{y, digestY}, errX, errY)
	case 13:
		id := mailbox.DraftID(fmt.Sprint("d-", r.IntN(4)))
		both("drop", nil, nil, p.One.DropDraft(ctx, actor, id), p.Two.DropDraft(ctx, actor, id))
	case 14:
		clock.Advance(time.Minute)
		k := mailbox.Keepsake{ID: fmt.Sprint("k-", r.IntN(4)), Kind: mailbox.Contact, Name: fmt.Sprint(r.IntN(9)), Person: []rem.PersonID{"", actor.Person}[r.IntN(2)]}
		if r.IntN(3) == 0 {
			both("drop keepsake", nil, nil, p.One.DropKeepsake(ctx, actor, k.ID), p.Two.DropKeepsake(ctx, actor, k.ID))
			return
		}
		both("keep", nil, nil, p.One.Keep(ctx, actor, k), p.Two.Keep(ctx, actor, k))
		o := mailbox.Preferences{Digest: r.IntN(24), Mail: r.IntN(2) == 0}
		both("preferences", nil, nil, p.One.SetPreferences(ctx, a, actor.Person, o), p.Two.SetPreferences(ctx, a, actor.Person, o))
	}
}

// Compare checks that the two stand alike.
func (p *Pair) Compare(t testing.TB) {
	t.Helper()
	for _, actor := range []rem.Actor{Holder, Operator, Other} {
		Same(t, p.One, p.Two, actor, p.Names)
		Counted(t, p.One, actor)
	}
}

// model does random things to a store and to one in memory, and opens the store
// again now and then.
func model(t *testing.T, open Open) {
	for seed := range uint64(6) {
		clock := testkit.NewClock(At)
		s, again := open(t, clock)
		memory := NewMemory()
		memory.Clock = clock
		p := NewPair(s, memory, testkit.Rand(t, seed))
		for n := range 150 {
			p.Step(t, clock)
			if n%50 == 49 {
				p.One = again()
				p.Compare(t)
			}
			if t.Failed() {
				t.Fatalf("seed %d, step %d", seed, n)
			}
		}
	}
}

var _ message.Content = content{}
