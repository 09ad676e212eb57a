package mailstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"rem"
	"rem/message/mailbox"
)

// columns are those of an item, of the alias i, joined with its folder f.
const columns = "i.n, i.id, i.kind, i.message, i.recipient, i.evidence, i.draft, f.id, i.uid, i.flags, i.at, i.size, i.opened, i.person, i.progress, i.attachments"

const joined = " FROM box_item i JOIN box_folder f ON f.n = i.folder "

func scanItem(rows *sql.Rows) (i mailbox.Item, n int64, err error) {
	var at, opened sql.NullInt64
	err = rows.Scan(&n, &i.ID, &i.Kind, &i.Message, &i.Recipient, &i.Evidence, &i.Draft, &i.Folder, &i.UID, &i.Flags, &at, &i.Size, &opened, &i.Person, &i.Progress, &i.Attachments)
	i.At, i.Opened = fromMicros(at), fromMicros(opened)
	return i, n, err
}

// few is up to how many items of a folder are read one by one for a filter that may
// find little; fewWords, up to how many are asked whether words are in them, which
// costs more. In larger folders, the items with the words are asked for their folder;
// up to fewSet, the folder's items are gathered first, so that those elsewhere cost
// little.
const (
	few      = 2000
	fewWords = 200
	fewSet   = 10_000
)

// Items implements mailbox.Store. What lists ask most walks an index from the newest
// and stops after a page. A filter that finds little walks one narrow index of the
// account to its end, which is bounded by the account.
func (s *Store) Items(ctx context.Context, a rem.AccountID, q mailbox.Query) (list []mailbox.Item, err error) {
	account, err := s.account(ctx, a)
	if err != nil {
		return nil, fmt.Errorf("listing items: %w", err)
	}
	if account == 0 {
		if q.Folder == "" || slices.Contains(mailbox.Fixed, q.Folder) {
			return nil, nil
		}
		return nil, mailbox.ErrNotFound
	}
	in := q.Folder
	if in == "" {
		in = mailbox.TrashBox // the one that is left out
	}
	var folder, items int64
	if there, err := s.read(ctx, "folderItems", []any{account, in}, &folder, &items); err != nil || !there {
		return nil, errors.Join(mailbox.ErrNotFound, err)
	}
	query, args := selection(account, folder, items, &q)
	err = s.each(ctx, query, args, func(rows *sql.Rows) error {
		i, _, err := scanItem(rows)
		list = append(list, i)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing items: %w", err)
	}
	return list, nil
}

// A clause is what a query asks for, with its values.
type clause struct {
	where []string
	args  []any
}

func (c *clause) add(where string, args ...any) {
	c.where = append(c.where, where)
	c.args = append(c.args, args...)
}

// selection writes the query for one page. folder is the one asked for, or the
// trash when none is, with how many items it has.
func selection(account, folder, items int64, q *mailbox.Query) (string, []any) {
	limit := q.Limit
	if limit <= 0 || limit > mailbox.MaxPage {
		limit = mailbox.MaxPage
	}
	var c clause
	if q.Folder != "" {
		c.add("i.folder = ?", folder)
	} else {
		c.add("i.folder <> ?", folder)
	}
	if q.Before != 0 {
		c.add("i.id < ?", q.Before)
	}
	narrow := false // a filter that may find little
	if len(q.Kinds) > 0 {
		kinds := make([]string, len(q.Kinds))
		for i, k := range q.Kinds {
			kinds[i] = strconv.Itoa(int(k))
		}
		c.add("i.kind IN (" + strings.Join(kinds, ",") + ")")
		narrow = true
	}
	if !q.From.IsZero() {
		c.add("i.at >= ?", q.From.UnixMicro())
		narrow = true
	}
	if !q.Until.IsZero() {
		c.add("i.at < ?", q.Until.UnixMicro())
		narrow = true
	}
	if q.Progress != 0 {
		c.add("i.progress & ? <> 0", q.Progress)
		narrow = true
	}
	if q.Person != "" {
		c.add("i.person = ?", q.Person)
		narrow = true
	}
	if q.Attached {
		c.add("i.attachments > 0")
		narrow = true
	}
	index := "item_folder"
	if q.Folder == "" || narrow && items > few {
		index = "item_list"
	}
	if q.Marked {
		c.add("i.flags & 4 = 4")
		index = "item_marked"
	}
	if q.Unopened {
		c.add("i.opened IS NULL AND i.kind = 1")
		index = "item_unopened"
	}
	if q.Message != "" {
		c.add("i.message = ?", q.Message)
		index = ""
	}
	if index != "item_folder" {
		c.add("i.account = ?", account)
	}
	c.add("i.folder IS NOT NULL")
	if len(q.Words) > 0 {
		return worded(account, folder, items, limit, q, &c)
	}
	by := ""
	switch {
	case q.Message != "":
		// All about one message are few.
		by = "INDEXED BY item_about "
		c.add("i.kind <> 4")
	case index != "":
		by = "INDEXED BY " + index + " "
	}
	// The inner query reads an index alone; rows are fetched for the page.
	query := "SELECT " + columns + " FROM (SELECT i.n AS n, i.id AS id FROM box_item i " + by + "WHERE " + strings.Join(c.where, " AND ") + " ORDER BY i.id DESC LIMIT ?) p CROSS JOIN box_item i ON i.n = p.n JOIN box_folder f ON f.n = i.folder ORDER BY i.id DESC"
	return query, append(c.args, limit)
}

// worded is the query for a page with words. In time order, n and id of an account's
// items are the same, and the index of words gives n backwards.
func worded(account, folder, items int64, limit int, q *mailbox.Query, c *clause) (string, []any) {
	asked := make([]string, len(q.Words))
	for i, w := range q.Words {
		asked[i] = `"` + strconv.FormatInt(int64(w), 36) + `"`
	}
	match := strings.Join(asked, " ")
	if q.Message != "" || q.Folder != "" && items <= fewWords {
		index := "item_folder"
		if q.Message != "" {
			index = "item_about"
			c.add("i.kind <> 4")
		}
		// The items first, and for each of them whether the words are in it.
		query := "SELECT " + columns + " FROM box_item i INDEXED BY " + index + " JOIN box_folder f ON f.n = i.folder WHERE " + strings.Join(c.where, " AND ") +
			" AND EXISTS (SELECT 1 FROM box_word WHERE box_word MATCH ? AND rowid = i.n) ORDER BY i.id DESC LIMIT ?"
		return query, append(c.args, match, limit)
	}
	// The words first, from the newest, until the page is full.
	args := []any{match}
	bound := ""
	if q.Before != 0 {
		bound = " AND box_word.rowid < (SELECT coalesce(max(n), 0) + 1 FROM (SELECT n FROM box_item WHERE account = ? AND id < ? ORDER BY id DESC LIMIT 1))"
		args = append(args, account, q.Before)
	}
	if q.Folder != "" {
		// Not beyond the folder's newest and oldest item.
		for _, end := range []struct{ sign, order string }{{"<=", "DESC"}, {">=", "ASC"}} {
			bound += " AND box_word.rowid " + end.sign + " (SELECT n FROM box_item INDEXED BY item_folder WHERE folder = ? AND folder IS NOT NULL ORDER BY id " + end.order + " LIMIT 1)"
			args = append(args, folder)
		}
		if items <= fewSet {
			// Whether a row with the words is of the folder is asked without reading it.
			bound += " AND +box_word.rowid IN (SELECT n FROM box_item INDEXED BY item_folder WHERE folder = ? AND folder IS NOT NULL)"
			args = append(args, folder)
		}
	}
	query := "SELECT " + columns + " FROM box_word CROSS JOIN box_item i ON i.n = box_word.rowid CROSS JOIN box_folder f ON f.n = i.folder WHERE box_word MATCH ?" + bound + " AND " + strings.Join(c.where, " AND ") +
		" ORDER BY box_word.rowid DESC LIMIT ?"
	return query, append(append(args, c.args...), limit)
}

// Item implements mailbox.Store.
func (s *Store) Item(ctx context.Context, a rem.AccountID, id mailbox.ItemID) (mailbox.Item, error) {
	items, err := s.ItemsOf(ctx, a, []mailbox.ItemID{id})
	if err == nil && len(items) == 0 {
		err = mailbox.ErrNotFound
	}
	if err != nil {
		return mailbox.Item{}, err
	}
	return items[0], nil
}

// list writes identifiers for json_each.
func list[T ~int64 | ~string](ids []T) (string, error) {
	b, err := json.Marshal(ids)
	return string(b), err
}

// ItemsOf implements mailbox.Store.
func (s *Store) ItemsOf(ctx context.Context, a rem.AccountID, ids []mailbox.ItemID) ([]mailbox.Item, error) {
	account, err := s.account(ctx, a)
	if err != nil || account == 0 || len(ids) == 0 {
		return nil, err
	}
	asked, err := list(ids)
	if err != nil {
		return nil, err
	}
	found := map[mailbox.ItemID]mailbox.Item{}
	query := "SELECT " + columns + joined + "WHERE i.account = ? AND i.id IN (SELECT value FROM json_each(?))"
	err = s.each(ctx, query, []any{account, asked}, func(rows *sql.Rows) error {
		i, _, err := scanItem(rows)
		found[i.ID] = i
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading items: %w", err)
	}
	var items []mailbox.Item
	for _, id := range ids {
		if i, there := found[id]; there {
			items = append(items, i)
		}
	}
	return items, nil
}

// oneItem is the statement of item.
const oneItem = "item, to be changed"

// item reads one in a step: its row's number, the folder's and whether its words
// are kept.
func (t step) item(account int64, id mailbox.ItemID) (i mailbox.Item, n, folder int64, indexed, there bool, err error) {
	var at, opened sql.NullInt64
	err = t.say(oneItem).QueryRow(account, id).Scan(&n, &i.ID, &i.Kind, &i.Message, &i.Recipient, &i.Evidence, &i.Draft, &i.Folder, &i.UID, &i.Flags, &at, &i.Size, &opened, &i.Person, &i.Progress, &i.Attachments, &folder, &indexed)
	i.At, i.Opened = fromMicros(at), fromMicros(opened)
	if errors.Is(err, sql.ErrNoRows) {
		return i, 0, 0, false, false, nil
	}
	return i, n, folder, indexed, err == nil, err
}

// Move implements mailbox.Store.
func (s *Store) Move(ctx context.Context, a rem.AccountID, ids []mailbox.ItemID, to mailbox.FolderID) ([]uint32, error) {
	ids, now := slices.Clone(ids), s.Clock.Now()
	return update(ctx, s, "moving items", a, func(t step) ([]uint32, error) {
		account, err := t.account(a, now)
		if err != nil {
			return nil, err
		}
		var folder int64
		if err := t.must("folder", []any{account, to}, &folder); err != nil {
			return nil, err
		}
		var trashed any
		if to == mailbox.TrashBox {
			trashed = now.UnixMicro()
		}
		uids := make([]uint32, len(ids))
		left, came := map[int64]tally{}, tally{}
		for k, id := range ids {
			i, n, from, _, there, err := t.item(account, id)
			if err != nil {
				return nil, err
			}
			if !there || i.Kind == mailbox.Drafted {
				continue
			}
			if from == folder {
				uids[k] = i.UID
				continue
			}
			if _, err := t.row("nextUID", []any{folder}, &uids[k]); err != nil {
				return nil, err
			}
			if err := t.do("move", n, folder, uids[k], trashed); err != nil {
				return nil, err
			}
			gone := left[from]
			gone.add(tallyOf(&i, -1))
			left[from] = gone
			came.add(tallyOf(&i, 1))
		}
		for from, c := range left {
			if err := t.count(from, c); err != nil {
				return nil, err
			}
		}
		return uids, t.count(folder, came)
	})
}

// Flag implements mailbox.Store.
func (s *Store) Flag(ctx context.Context, a rem.AccountID, ids []mailbox.ItemID, add, remove mailbox.Flags) error {
	if len(ids) == 0 {
		return nil
	}
	asked, err := list(ids)
	if err != nil {
		return err
	}
	_, err = update(ctx, s, "marking items", a, func(t step) (nothing, error) {
		var account int64
		if there, err := t.row("account", []any{a}, &account); err != nil || !there {
			return nothing{}, err
		}
		changed := map[int64]int64{}
		args := []any{account, asked, add, remove}
		err := t.each("flagCounts", args, func(rows *sql.Rows) error {
			var folder, unseen int64
			err := rows.Scan(&folder, &unseen)
			changed[folder] = unseen
			return err
		})
		if err != nil {
			return nothing{}, fmt.Errorf("flagCounts: %w", err)
		}
		for folder, unseen := range changed {
			if err := t.count(folder, tally{unseen: unseen}); err != nil {
				return nothing{}, err
			}
		}
		return nothing{}, t.do("flag", args...)
	})
	return err
}

// Remove implements mailbox.Store. The words of the items leave the search.
func (s *Store) Remove(ctx context.Context, a rem.AccountID, ids []mailbox.ItemID) error {
	ids = slices.Clone(ids)
	places, err := update(ctx, s, "removing items", a, func(t step) (places []string, err error) {
		var account int64
		if there, err := t.row("account", []any{a}, &account); err != nil || !there {
			return nil, err
		}
		for _, id := range ids {
			i, n, folder, indexed, there, err := t.item(account, id)
			if err == nil && there {
				var more []string
				more, err = t.remove(account, &i, n, folder, indexed)
				places = append(places, more...)
			}
			if err != nil {
				return nil, err
			}
		}
		return places, nil
	})
	if err != nil {
		return err
	}
	return s.discard(places...)
}

// remove takes one item out, and returns the places of its draft's files.
func (t step) remove(account int64, i *mailbox.Item, n, folder int64, indexed bool) (places []string, err error) {
	if err := t.count(folder, tallyOf(i, -1)); err != nil {
		return nil, err
	}
	if i.Kind == mailbox.Drafted {
		if err := t.do("removeDraftItem", n); err != nil {
			return nil, err
		}
		return t.dropDraft(account, i.Draft)
	}
	if indexed {
		if err := t.do("dropWords", n); err != nil {
			return nil, err
		}
	}
	return nil, t.do("removeItem", n)
}

// Trashed implements mailbox.Store.
func (s *Store) Trashed(ctx context.Context, before time.Time, limit int) (map[rem.AccountID][]mailbox.ItemID, error) {
	found := map[rem.AccountID][]mailbox.ItemID{}
	err := s.each(ctx, queries["trashed"], []any{before.UnixMicro(), limit}, func(rows *sql.Rows) error {
		var a rem.AccountID
		var id mailbox.ItemID
		err := rows.Scan(&a, &id)
		found[a] = append(found[a], id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the trash: %w", err)
	}
	return found, nil
}

// Unindexed implements mailbox.Store.
func (s *Store) Unindexed(ctx context.Context, limit int) (items []mailbox.Unindexed, err error) {
	query := "SELECT a.id, " + columns + " FROM box_item i INDEXED BY item_unindexed JOIN box_folder f ON f.n = i.folder JOIN box_account a ON a.n = i.account " +
		"WHERE i.indexed = 0 AND i.kind <> 4 AND i.folder IS NOT NULL ORDER BY i.n DESC LIMIT ?"
	err = s.each(ctx, query, []any{limit}, func(rows *sql.Rows) error {
		var u mailbox.Unindexed
		var n int64
		var at, opened sql.NullInt64
		i := &u.Item
		err := rows.Scan(&u.Account, &n, &i.ID, &i.Kind, &i.Message, &i.Recipient, &i.Evidence, &i.Draft, &i.Folder, &i.UID, &i.Flags, &at, &i.Size, &opened, &i.Person, &i.Progress, &i.Attachments)
		i.At, i.Opened = fromMicros(at), fromMicros(opened)
		items = append(items, u)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading what is not indexed: %w", err)
	}
	return items, nil
}
