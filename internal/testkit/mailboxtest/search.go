package mailboxtest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"rem/internal/testkit"
	"rem/message/mailbox"
)

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
