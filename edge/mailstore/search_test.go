package mailstore_test

import (
	"fmt"
	"sync"
	"testing"

	"rem"
	"rem/internal/testkit"
	"rem/internal/testkit/mailboxtest"
	"rem/message/mailbox"
)

// Small folders, larger ones and the whole mailbox are searched in other ways: pages
// of each are those of the store in memory, from the first to the last.
func TestWordsAreFoundInFoldersOfEachSize(t *testing.T) {
	clock := testkit.NewClock(mailboxtest.At)
	s, memory := newPlace(t, clock).open(t), mailboxtest.NewMemory()
	memory.Clock = clock
	ctx, me := t.Context(), mailboxtest.Holder
	const n = 1200
	var news []mailbox.News
	for i := range n {
		news = append(news, mailboxtest.Came(me, i), mailboxtest.Came(mailboxtest.Other, i))
	}
	var small, middle []mailbox.ItemID // of the old ones, and one new one each
	for id := mailbox.ItemID(1); id <= 700; id++ {
		switch {
		case id%7 == 0:
			small = append(small, id)
		case id%2 == 0:
			middle = append(middle, id)
		}
	}
	small, middle = append(small, n), append(middle, n-1)
	for _, x := range []mailbox.Store{s, memory} {
		must(t, x.Follow(ctx, news, "p"))
		for _, f := range []struct {
			to  mailbox.FolderID
			ids []mailbox.ItemID
		}{{mailbox.Archive, middle}, {mailbox.SentBox, small}} {
			_, err := x.Move(ctx, me.Account, f.ids, f.to)
			must(t, err)
		}
		var wg sync.WaitGroup
		for w := range 64 { // together, so that they share transactions
			wg.Go(func() {
				for id := mailbox.ItemID(w + 1); id <= n; id += 64 {
					words := []mailbox.Word{1, mailbox.Word(10 + id%3), mailbox.Word(100 + id%50)}
					for _, who := range []rem.AccountID{me.Account, mailboxtest.Other.Account} {
						if err := x.Index(ctx, []mailbox.Indexing{{Account: who, Item: id, Words: words, Attachments: int(id % 2)}}); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		wg.Wait()
	}
	for _, f := range []mailbox.FolderID{mailbox.SentBox, mailbox.Archive, mailbox.Inbox, mailbox.Drafts, ""} {
		for _, words := range [][]mailbox.Word{{1}, {1, 11}, {10, 107}, {1, 149}, {5}} {
			for _, attached := range []bool{false, true} {
				q := mailbox.Query{Folder: f, Words: words, Attached: attached, Limit: 37}
				for page := 0; ; page++ {
					got, err := s.Items(ctx, me.Account, q)
					must(t, err)
					want, err := memory.Items(ctx, me.Account, q)
					must(t, err)
					if fmt.Sprint(idsOf(got)) != fmt.Sprint(idsOf(want)) {
						t.Fatalf("%q with %v, attached %t, page %d:\n%v, want\n%v", f, words, attached, page, idsOf(got), idsOf(want))
					}
					if len(want) < q.Limit {
						break
					}
					q.Before = want[len(want)-1].ID
				}
			}
		}
	}
}

func idsOf(list []mailbox.Item) (ids []mailbox.ItemID) {
	for _, i := range list {
		ids = append(ids, i.ID)
	}
	return ids
}
