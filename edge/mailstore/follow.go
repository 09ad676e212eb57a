package mailstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"rem"
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
		t := following{step: s.step(tx), accounts: map[rem.AccountID]int64{}, folders: map[folderOf]int64{}, tallies: map[int64]tally{}}
		last := lastProgress(news)
		for i := range news {
			if err := t.follow(&news[i], last[progressOf{news[i].Account, news[i].About}] == i, now); err != nil {
				return fmt.Errorf("news of %s: %w", news[i].About, err)
			}
		}
		for folder, c := range t.tallies {
			if err := t.count(folder, c); err != nil {
				return err
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

// following is a step that follows the journal. News come by the hundred, of few
// accounts: what is asked of one is asked once.
type following struct {
	step
	accounts map[rem.AccountID]int64
	folders  map[folderOf]int64
	tallies  map[int64]tally // by folder, to be counted at the end
}

type folderOf struct {
	account int64
	id      mailbox.FolderID
}

type progressOf struct {
	account rem.AccountID
	about   rem.MessageID
}

// lastProgress says which of the news has the progress that stands.
func lastProgress(news []mailbox.News) map[progressOf]int {
	last := map[progressOf]int{}
	for i := range news {
		if news[i].Progress != 0 {
			last[progressOf{news[i].Account, news[i].About}] = i
		}
	}
	return last
}

func (t *following) follow(n *mailbox.News, progress bool, now time.Time) (err error) {
	a := t.accounts[n.Account]
	if a == 0 {
		if a, err = t.account(n.Account, now); err != nil {
			return err
		}
		t.accounts[n.Account] = a
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
			if err := t.arrive(a, into, i); err != nil {
				return err
			}
		}
	}
	if n.Progress != 0 && progress {
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
	t.tally(folder, tally{unopened: -1})
	return nil
}

func (t *following) tally(folder int64, c tally) {
	all := t.tallies[folder]
	all.add(c)
	t.tallies[folder] = all
}

// arrive puts a new item into a folder of the provider's.
func (t *following) arrive(a int64, into mailbox.FolderID, i *mailbox.Item) (err error) {
	folder := t.folders[folderOf{a, into}]
	if folder == 0 {
		if folder, err = t.folder(a, into); err != nil {
			return err
		}
		t.folders[folderOf{a, into}] = folder
	}
	t.tally(folder, tallyOf(i, 1))
	return t.put(a, folder, i)
}

// folder finds one of the provider's.
func (t step) folder(a int64, id mailbox.FolderID) (n int64, err error) {
	if there, err := t.row("folder", []any{a, id}, &n); err != nil || !there {
		return 0, errors.Join(errMissing, err)
	}
	return n, nil
}

// add puts a new item into a folder of the provider's, and counts it.
func (t step) add(a int64, into mailbox.FolderID, i mailbox.Item) error {
	folder, err := t.folder(a, into)
	if err != nil {
		return err
	}
	if err := t.put(a, folder, &i); err != nil {
		return err
	}
	return t.count(folder, tallyOf(&i, 1))
}

func (t step) put(a, folder int64, i *mailbox.Item) error {
	var id, uid int64
	if _, err := t.row("nextItem", []any{a}, &id); err != nil {
		return err
	}
	if _, err := t.row("nextUID", []any{folder}, &uid); err != nil {
		return err
	}
	return t.do("addItem", a, id, i.Kind, i.Message, i.Recipient, i.Evidence, i.Draft, folder, uid, i.Flags, i.At.UnixMicro(), i.Size, i.Person, i.Progress, i.Attachments)
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
		rows, err := t.places(items)
		if err != nil {
			return err
		}
		for i, r := range rows {
			if r.indexed || i > 0 && rows[i-1].n == r.n {
				if err := t.do("dropWords", r.n); err != nil {
					return err
				}
			}
			if err := t.do("addWords", r.n, texts[r.of]); err != nil {
				return err
			}
			if err := t.do("setIndexed", r.n, items[r.of].Attachments); err != nil {
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

// An indexedRow is the row of an item, and the item's place among those asked for.
type indexedRow struct {
	n       int64
	indexed bool
	of      int
}

// places finds the rows of items that are there, in the order of their numbers: the
// index of words gathers what comes in this order, and writes out what it has when a
// smaller number comes.
func (t step) places(items []mailbox.Indexing) (rows []indexedRow, err error) {
	for i := range items {
		r := indexedRow{of: i}
		var account int64
		there, err := t.row("account", []any{items[i].Account}, &account)
		if err == nil && there {
			there, err = t.row("place", []any{account, items[i].Item}, &r.n, &r.indexed)
		}
		if err != nil {
			return nil, err
		}
		if there {
			rows = append(rows, r)
		}
	}
	slices.SortStableFunc(rows, func(a, b indexedRow) int { return cmp.Compare(a.n, b.n) })
	return rows, nil
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
