package mailbox_test

import (
	"testing"
	"time"

	"rem"
	"rem/internal/testkit"
	"rem/internal/testkit/mailboxtest"
	"rem/message/mailbox"
)

// REQ-87: the trash is emptied by age; what nobody has read stays.
func TestTheTrashIsEmptiedOfWhatWasRead(t *testing.T) {
	ctx, me, other := t.Context(), mailboxtest.Holder, mailboxtest.Other
	clock := testkit.NewClock(mailboxtest.At)
	s := mailboxtest.NewMemory()
	s.Clock = clock
	var news []mailbox.News
	const n = 500 // more than one step takes
	for i := range n {
		news = append(news, mailboxtest.Came(me, i), mailboxtest.Came(other, i), mailboxtest.Opened(other, i, mailboxtest.At))
		if i%2 == 0 {
			news = append(news, mailboxtest.Opened(me, i, mailboxtest.At))
		}
	}
	news = append(news, mailboxtest.Went(me, 1, mailbox.Delivered))
	must(t, s.Follow(ctx, news, "p"))
	for _, a := range []rem.AccountID{me.Account, other.Account} {
		var ids []mailbox.ItemID
		list, err := s.Items(ctx, a, mailbox.Query{Limit: mailbox.MaxPage})
		must(t, err)
		for _, i := range list {
			ids = append(ids, i.ID)
		}
		_, err = s.Move(ctx, a, ids, mailbox.TrashBox)
		must(t, err)
	}
	for _, c := range []struct {
		after time.Duration
		gone  int
	}{{0, 0}, {mailbox.TrashKept, 0}, {mailbox.TrashKept + time.Second, n + n/2 + 1}, {2 * mailbox.TrashKept, 0}} {
		gone, err := mailbox.EmptyTrash(ctx, s, mailboxtest.At.Add(c.after))
		if err != nil || gone != c.gone {
			t.Errorf("after %v: %d are gone, %v, want %d", c.after, gone, err, c.gone)
		}
	}
	left, err := s.Items(ctx, me.Account, mailbox.Query{Folder: mailbox.TrashBox, Limit: mailbox.MaxPage})
	must(t, err)
	if len(left) != n/2 {
		t.Errorf("%d are left, want %d", len(left), n/2)
	}
	for _, i := range left {
		if i.Kind != mailbox.Received || !i.Opened.IsZero() {
			t.Errorf("%+v is left", i)
		}
	}
	// Who opens one has time to put it back.
	late := mailboxtest.At.Add(3 * mailbox.TrashKept)
	must(t, s.Follow(ctx, []mailbox.News{mailboxtest.Opened(me, 1, late)}, "q"))
	for _, c := range []struct {
		at   time.Time
		gone int
	}{{late.Add(time.Hour), 0}, {late.Add(mailbox.TrashKept + time.Second), 1}} {
		if gone, err := mailbox.EmptyTrash(ctx, s, c.at); err != nil || gone != c.gone {
			t.Errorf("%d are gone, %v, want %d", gone, err, c.gone)
		}
	}
}
