package mailstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"rem/edge/sqlitefile"
	"rem/message/mailbox"
)

// Position implements mailbox.Store.
func (s *Store) Position(ctx context.Context) (position string, err error) {
	_, err = s.read(ctx, "position", nil, &position)
	return position, err
}

// Follow implements mailbox.Store. The position moves with the news in one step.
func (s *Store) Follow(ctx context.Context, news []mailbox.News, position string) error {
	news = slices.Clone(news) // the step may run after the caller has gone
	now := s.Clock.Now()
	err := s.file.Update(ctx, func(tx *sql.Tx) error {
		t := s.step(tx)
		for i := range news {
			if err := t.follow(&news[i], now); err != nil {
				return fmt.Errorf("news of %s: %w", news[i].About, err)
			}
		}
		return t.do("setPosition", position)
	})
	if err == nil || errors.Is(err, sqlitefile.ErrUnknown) {
		for i := range news {
			s.tell(news[i].Account)
		}
	}
	if err != nil {
		return fmt.Errorf("following the journal: %w", err)
	}
	return nil
}

var foldersOf = map[mailbox.Kind]mailbox.FolderID{mailbox.Received: mailbox.Inbox, mailbox.Sent: mailbox.SentBox, mailbox.Evidence: mailbox.Proofs}

func (t step) follow(n *mailbox.News, now time.Time) error {
	a, err := t.account(n.Account, now)
	if err != nil {
		return err
	}
	if i := n.Item; i != nil {
		into, ok := foldersOf[i.Kind]
		if !ok {
			return errors.New("it is of another kind than arrives")
		}
		var place int64
		there, err := t.row("known", []any{a, i.Message, i.Kind, i.Recipient, i.Evidence}, &place)
		if err != nil {
			return err
		}
		if !there {
			if err := t.add(a, into, *i); err != nil {
				return err
			}
		}
	}
	if n.Progress != 0 {
		if err := t.do("setProgress", a, n.About, n.Progress); err != nil {
			return err
		}
	}
	if n.Opened.IsZero() {
		return nil
	}
	var folder int64
	there, err := t.row("setOpened", []any{a, n.About, n.Recipient, n.Opened.UnixMicro(), n.By}, &folder)
	if err != nil || !there {
		return err
	}
	return t.count(folder, tally{unopened: -1})
}

// add puts a new item into a folder of the provider's.
func (t step) add(a int64, into mailbox.FolderID, i mailbox.Item) error {
	var folder, id, uid int64
	if there, err := t.row("folder", []any{a, into}, &folder); err != nil || !there {
		return errors.Join(errMissing, err)
	}
	if _, err := t.row("nextItem", []any{a}, &id); err != nil {
		return err
	}
	if _, err := t.row("nextUID", []any{folder}, &uid); err != nil {
		return err
	}
	if err := t.do("addItem", a, id, i.Kind, i.Message, i.Recipient, i.Evidence, i.Draft, folder, uid, i.Flags, i.At.UnixMicro(), i.Size, i.Person, i.Progress, i.Attachments); err != nil {
		return err
	}
	return t.count(folder, tallyOf(&i, 1))
}

// errMissing: a folder that every account has is not there.
var errMissing = errors.New("a folder of the provider's is missing")

// A tally is what an item adds to its folder's counters.
type tally struct{ items, unopened, unseen, bytes int64 }

func tallyOf(i *mailbox.Item, sign int64) tally {
	c := tally{items: sign, bytes: sign * i.Size}
	if i.Kind == mailbox.Received && i.Opened.IsZero() {
		c.unopened = sign
	}
	if i.Flags&mailbox.Seen == 0 {
		c.unseen = sign
	}
	return c
}

func (c *tally) add(d tally) {
	c.items += d.items
	c.unopened += d.unopened
	c.unseen += d.unseen
	c.bytes += d.bytes
}

func (t step) count(folder int64, c tally) error {
	if c == (tally{}) {
		return nil
	}
	return t.do("count", folder, c.items, c.unopened, c.unseen, c.bytes)
}

// Index implements mailbox.Store.
func (s *Store) Index(ctx context.Context, items []mailbox.Indexing) error {
	items = slices.Clone(items) // the step may run after the caller has gone
	texts := make([]string, len(items))
	for i := range items {
		texts[i] = terms(items[i].Words)
	}
	err := s.file.Update(ctx, func(tx *sql.Tx) error {
		t := s.step(tx)
		for i := range items {
			if err := t.index(&items[i], texts[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil || errors.Is(err, sqlitefile.ErrUnknown) {
		for i := range items {
			s.tell(items[i].Account)
		}
	}
	if err != nil {
		return fmt.Errorf("keeping the words of items: %w", err)
	}
	return nil
}

func (t step) index(x *mailbox.Indexing, text string) error {
	var account, n, indexed int64
	if there, err := t.row("account", []any{x.Account}, &account); err != nil || !there {
		return err
	}
	if there, err := t.row("place", []any{account, x.Item}, &n, &indexed); err != nil || !there {
		return err
	}
	if indexed == 1 {
		if err := t.do("dropWords", n); err != nil {
			return err
		}
	}
	if err := t.do("addWords", n, text); err != nil {
		return err
	}
	return t.do("setIndexed", n, x.Attachments)
}

// terms writes tokens as the index takes them: base 36, a space between.
func terms(words []mailbox.Word) string {
	b := make([]byte, 0, len(words)*13)
	for _, w := range words {
		b = strconv.AppendInt(b, int64(w), 36)
		b = append(b, ' ')
	}
	return string(b)
}
