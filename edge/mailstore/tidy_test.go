package mailstore_test

import (
	"fmt"
	"slices"
	"testing"

	"rem/internal/testkit"
	"rem/internal/testkit/mailboxtest"
	"rem/message/mailbox"
)

// What is searched for is found before, between and after the parts of the index are
// brought together, also what came or went meanwhile; and this comes to an end.
func TestWordsAreFoundWhileTheyAreBroughtTogether(t *testing.T) {
	p := newPlace(t, testkit.NewClock(mailboxtest.At))
	s := p.open(t)
	account := mailboxtest.Holder.Account
	const all = 600
	want := map[mailbox.Word][]mailbox.ItemID{}
	add := func(from, until int) {
		t.Helper()
		for i := from; i < until; i++ {
			if err := s.Follow(t.Context(), []mailbox.News{mailboxtest.Came(mailboxtest.Holder, i)}, fmt.Sprint(i+1)); err != nil {
				t.Fatal(err)
			}
			id, w := mailbox.ItemID(i+1), word(uint64(i%7))
			if err := s.Index(t.Context(), []mailbox.Indexing{{Account: account, Item: id, Words: []mailbox.Word{w, word(100)}}}); err != nil {
				t.Fatal(err)
			}
			want[w] = append(want[w], id)
		}
	}
	look := func() {
		t.Helper()
		for w, ids := range want {
			var got []mailbox.ItemID
			q := mailbox.Query{Words: []mailbox.Word{w, word(100)}, Limit: mailbox.MaxPage}
			items, err := s.Items(t.Context(), account, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range items {
				got = append(got, i.ID)
			}
			slices.Reverse(got)
			if !slices.Equal(got, ids) {
				t.Fatalf("word %d: %d items, want %d", w, len(got), len(ids))
			}
		}
	}
	add(0, all/2)
	look()
	removed := want[word(3)][0]
	if err := s.Remove(t.Context(), account, []mailbox.ItemID{removed}); err != nil {
		t.Fatal(err)
	}
	want[word(3)] = want[word(3)][1:]
	steps := 0
	for more := true; more; steps++ {
		var err error
		if more, err = s.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if look(); steps == 0 {
			add(all/2, all)
		}
		if steps > 1000 {
			t.Fatal("it does not come to an end")
		}
	}
	if steps < 2 {
		t.Errorf("%d steps: there was nothing to bring together", steps)
	}
	look()
	if more, err := s.Tidy(t.Context()); err != nil || more {
		t.Errorf("once more: %v, %v", more, err)
	}
}
