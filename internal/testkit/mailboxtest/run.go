package mailboxtest

import (
	"errors"
	"fmt"
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

var _ message.Content = content{}
