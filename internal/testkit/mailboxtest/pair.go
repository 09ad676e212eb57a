package mailboxtest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit"
	"rem/message/mailbox"
)

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
