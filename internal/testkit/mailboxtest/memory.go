package mailboxtest

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"rem"
	"rem/internal/testkit"
	"rem/message"
	"rem/message/mailbox"
)

var _ mailbox.Store = (*Memory)(nil)

// A Memory keeps mailboxes in memory, and what is in them in the clear. It may be
// used from many goroutines.
type Memory struct {
	// Clock says when items are moved and folders made; set before the first use.
	Clock rem.Clock

	mu       sync.Mutex
	made     int64                  // guarded by mu
	position string                 // guarded by mu, as all below
	boxes    map[rem.AccountID]*box //
	watch    map[rem.AccountID][]chan struct{}
}

type box struct {
	items     map[mailbox.ItemID]*item
	known     map[identity]bool
	last      mailbox.ItemID
	folders   map[mailbox.FolderID]*folder
	validity  uint32
	drafts    map[mailbox.DraftID]mailbox.Draft
	files     map[mailbox.DraftID]map[string]content
	keepsakes map[string]mailbox.Keepsake
	options   map[rem.PersonID]mailbox.Preferences
}

type item struct {
	mailbox.Item
	words map[mailbox.Word]bool // nil: not indexed yet
	made  int64                 // later ones are greater, over all accounts
	moved time.Time
}

type identity struct {
	kind      mailbox.Kind
	message   rem.MessageID
	recipient int
	evidence  rem.EvidenceID
}

func identityOf(i *mailbox.Item) identity {
	return identity{i.Kind, i.Message, i.Recipient, i.Evidence}
}

type folder struct {
	name, key      string
	next, validity uint32
}

type content struct {
	b      []byte
	digest rem.Digest
}

func (c content) Size() int64        { return int64(len(c.b)) }
func (c content) Digest() rem.Digest { return c.digest }
func (c content) ReadAt(p []byte, at int64) (int, error) {
	if at < 0 || at > int64(len(c.b)) {
		return 0, io.EOF
	}
	n := copy(p, c.b[at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// NewMemory returns an empty store, with a clock that stands still.
func NewMemory() *Memory {
	return &Memory{Clock: testkit.NewClock(time.Time{}), boxes: map[rem.AccountID]*box{}, watch: map[rem.AccountID][]chan struct{}{}}
}

// box gives that of an account; mu is held.
func (m *Memory) box(a rem.AccountID) *box {
	b := m.boxes[a]
	if b == nil {
		b = &box{items: map[mailbox.ItemID]*item{}, known: map[identity]bool{}, folders: map[mailbox.FolderID]*folder{}, drafts: map[mailbox.DraftID]mailbox.Draft{},
			files: map[mailbox.DraftID]map[string]content{}, keepsakes: map[string]mailbox.Keepsake{}, options: map[rem.PersonID]mailbox.Preferences{}}
		b.validity = uint32(m.Clock.Now().Unix())
		for _, f := range mailbox.Fixed {
			b.folders[f] = &folder{next: 1, validity: b.validity}
		}
		m.boxes[a] = b
	}
	return b
}

// told wakes those who watch the account; mu is held.
func (m *Memory) told(a rem.AccountID) {
	for _, c := range m.watch[a] {
		select {
		case c <- struct{}{}:
		default: // one waits there already
		}
	}
}

// add puts a new item in; mu is held.
func (m *Memory) add(b *box, i mailbox.Item) {
	m.made++
	b.last++
	i.ID, i.UID = b.last, b.uid(i.Folder)
	b.items[i.ID] = &item{Item: i, made: m.made}
}

func (b *box) uid(f mailbox.FolderID) uint32 {
	b.folders[f].next++
	return b.folders[f].next - 1
}

// sorted are the items, the newest first.
func (b *box) sorted() []*item {
	return slices.SortedFunc(maps.Values(b.items), func(x, y *item) int { return cmp.Compare(y.ID, x.ID) })
}

// Position implements mailbox.Store.
func (m *Memory) Position(context.Context) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.position, nil
}

// Follow implements mailbox.Store.
func (m *Memory) Follow(_ context.Context, news []mailbox.News, position string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range news {
		b := m.box(n.Account)
		if n.Item != nil && !b.known[identityOf(n.Item)] {
			i := *n.Item
			i.Folder = map[mailbox.Kind]mailbox.FolderID{mailbox.Received: mailbox.Inbox, mailbox.Sent: mailbox.SentBox, mailbox.Evidence: mailbox.Proofs}[i.Kind]
			if i.Folder == "" {
				return errors.New("news of an item of another kind")
			}
			i.At = i.At.UTC().Truncate(time.Microsecond)
			b.known[identityOf(n.Item)] = true
			m.add(b, i)
		}
		for _, i := range b.items {
			if i.Message != n.About {
				continue
			}
			if n.Progress != 0 && i.Kind == mailbox.Sent {
				i.Progress = n.Progress
			}
			if !n.Opened.IsZero() && i.Kind == mailbox.Received && i.Recipient == n.Recipient && i.Opened.IsZero() {
				i.Opened, i.Person = n.Opened.UTC().Truncate(time.Microsecond), n.By
			}
		}
		m.told(n.Account)
	}
	m.position = position
	return nil
}

// Index implements mailbox.Store.
func (m *Memory) Index(_ context.Context, items []mailbox.Indexing) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range items {
		i := m.box(x.Account).items[x.Item]
		if i == nil || i.Kind == mailbox.Drafted {
			continue
		}
		i.words, i.Attachments = map[mailbox.Word]bool{}, x.Attachments
		for _, w := range x.Words {
			i.words[w] = true
		}
		m.told(x.Account)
	}
	return nil
}

// Unindexed implements mailbox.Store.
func (m *Memory) Unindexed(_ context.Context, limit int) (list []mailbox.Unindexed, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for a, b := range m.boxes {
		for _, i := range b.items {
			if i.words == nil && i.Kind != mailbox.Drafted {
				list = append(list, mailbox.Unindexed{Account: a, Item: i.Item})
			}
		}
	}
	slices.SortFunc(list, func(x, y mailbox.Unindexed) int {
		return cmp.Compare(m.boxes[y.Account].items[y.Item.ID].made, m.boxes[x.Account].items[x.Item.ID].made)
	})
	return list[:min(limit, len(list))], nil
}

// Folders implements mailbox.Store.
func (m *Memory) Folders(_ context.Context, by rem.Actor) ([]mailbox.Folder, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.box(by.Account)
	ids := slices.Clone(mailbox.Fixed)
	own := slices.SortedFunc(maps.Keys(b.folders), func(x, y mailbox.FolderID) int {
		return cmp.Or(cmp.Compare(b.folders[x].key, b.folders[y].key), cmp.Compare(x, y))
	})
	for _, id := range own {
		if b.folders[id].key != "" {
			ids = append(ids, id)
		}
	}
	list := make([]mailbox.Folder, len(ids))
	for n, id := range ids {
		f := b.folders[id]
		list[n] = mailbox.Folder{ID: id, Name: f.name, Next: f.next, Validity: f.validity}
		for _, i := range b.items {
			if i.Folder == id {
				list[n].Items++
				list[n].Bytes += i.Size
				if i.Kind == mailbox.Received && i.Opened.IsZero() {
					list[n].Unopened++
				}
				if i.Flags&mailbox.Seen == 0 {
					list[n].Unseen++
				}
			}
		}
	}
	return list, nil
}

// CreateFolder implements mailbox.Store.
func (m *Memory) CreateFolder(_ context.Context, by rem.Actor, name string) (mailbox.FolderID, error) {
	kept, key, err := mailbox.FolderName(name)
	if err != nil {
		return "", err
	}
	token, err := rem.NewToken(m.Clock.Now(), rand.Reader)
	if err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.box(by.Account)
	if b.named(key) != "" {
		return "", mailbox.ErrTaken
	}
	if len(b.folders) >= mailbox.MaxFolders+len(mailbox.Fixed) {
		return "", mailbox.ErrTooMany
	}
	b.validity = max(b.validity+1, uint32(m.Clock.Now().Unix()))
	b.folders[mailbox.FolderID(token)] = &folder{kept, key, 1, b.validity}
	m.told(by.Account)
	return mailbox.FolderID(token), nil
}

func (b *box) named(key string) mailbox.FolderID {
	for id, f := range b.folders {
		if f.key == key {
			return id
		}
	}
	return ""
}

// RenameFolder implements mailbox.Store.
func (m *Memory) RenameFolder(_ context.Context, by rem.Actor, id mailbox.FolderID, name string) error {
	kept, key, err := mailbox.FolderName(name)
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.box(by.Account)
	f := b.folders[id]
	switch {
	case f == nil:
		return mailbox.ErrNotFound
	case f.key == "":
		return mailbox.ErrFixed
	case err != nil:
		return err
	}
	if other := b.named(key); other != "" && other != id {
		return mailbox.ErrTaken
	}
	f.name, f.key = kept, key
	m.told(by.Account)
	return nil
}

// RemoveFolder implements mailbox.Store.
func (m *Memory) RemoveFolder(_ context.Context, a rem.AccountID, id mailbox.FolderID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.box(a)
	f := b.folders[id]
	if f == nil {
		return mailbox.ErrNotFound
	}
	if f.key == "" {
		return mailbox.ErrFixed
	}
	for _, i := range b.items {
		if i.Folder == id {
			return mailbox.ErrFixed
		}
	}
	delete(b.folders, id)
	m.told(a)
	return nil
}

// Items implements mailbox.Store.
func (m *Memory) Items(_ context.Context, a rem.AccountID, q mailbox.Query) (list []mailbox.Item, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.box(a)
	if q.Folder != "" && b.folders[q.Folder] == nil {
		return nil, mailbox.ErrNotFound
	}
	if q.Limit <= 0 || q.Limit > mailbox.MaxPage {
		q.Limit = mailbox.MaxPage
	}
	for _, i := range b.sorted() {
		if i.matches(&q) {
			if list = append(list, i.Item); len(list) == q.Limit {
				break
			}
		}
	}
	return list, nil
}

func (i *item) matches(q *mailbox.Query) bool {
	for _, w := range q.Words {
		if !i.words[w] {
			return false
		}
	}
	switch {
	case q.Folder == "" && i.Folder == mailbox.TrashBox, q.Folder != "" && i.Folder != q.Folder,
		q.Before != 0 && i.ID >= q.Before,
		len(q.Kinds) > 0 && !slices.Contains(q.Kinds, i.Kind),
		!q.From.IsZero() && i.At.Before(q.From), !q.Until.IsZero() && !i.At.Before(q.Until),
		q.Progress != 0 && i.Progress&q.Progress == 0,
		q.Person != "" && i.Person != q.Person,
		q.Unopened && (i.Kind != mailbox.Received || !i.Opened.IsZero()),
		q.Attached && i.Attachments <= 0,
		q.Marked && i.Flags&mailbox.Flagged == 0,
		q.Message != "" && i.Message != q.Message:
		return false
	}
	return true
}

// Item implements mailbox.Store.
func (m *Memory) Item(_ context.Context, a rem.AccountID, id mailbox.ItemID) (mailbox.Item, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := m.box(a).items[id]; i != nil {
		return i.Item, nil
	}
	return mailbox.Item{}, mailbox.ErrNotFound
}

// ItemsOf implements mailbox.Store.
func (m *Memory) ItemsOf(_ context.Context, a rem.AccountID, ids []mailbox.ItemID) (list []mailbox.Item, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range ids {
		if i := m.box(a).items[id]; i != nil {
			list = append(list, i.Item)
		}
	}
	return list, nil
}

// Lines implements mailbox.Store.
func (m *Memory) Lines(_ context.Context, a rem.AccountID, f mailbox.FolderID) (list []mailbox.Line, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.box(a)
	if b.folders[f] == nil {
		return nil, mailbox.ErrNotFound
	}
	for _, i := range b.items {
		if i.Folder == f {
			list = append(list, mailbox.Line{ID: i.ID, UID: i.UID, Flags: i.Flags, Size: i.Size, At: i.At})
		}
	}
	slices.SortFunc(list, func(x, y mailbox.Line) int { return cmp.Compare(x.UID, y.UID) })
	return list, nil
}

// Move implements mailbox.Store.
func (m *Memory) Move(_ context.Context, a rem.AccountID, ids []mailbox.ItemID, to mailbox.FolderID) ([]uint32, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.box(a)
	if b.folders[to] == nil {
		return nil, mailbox.ErrNotFound
	}
	uids := make([]uint32, len(ids))
	for n, id := range ids {
		i := b.items[id]
		if i == nil || i.Kind == mailbox.Drafted {
			continue
		}
		if i.Folder != to {
			i.Folder, i.UID, i.moved = to, b.uid(to), m.Clock.Now()
		}
		uids[n] = i.UID
	}
	m.told(a)
	return uids, nil
}

// Flag implements mailbox.Store.
func (m *Memory) Flag(_ context.Context, a rem.AccountID, ids []mailbox.ItemID, add, remove mailbox.Flags) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range ids {
		if i := m.box(a).items[id]; i != nil {
			i.Flags = i.Flags&^remove | add
		}
	}
	m.told(a)
	return nil
}

// Remove implements mailbox.Store.
func (m *Memory) Remove(_ context.Context, a rem.AccountID, ids []mailbox.ItemID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.box(a)
	for _, id := range ids {
		if i := b.items[id]; i != nil {
			delete(b.items, id)
			if i.Kind == mailbox.Drafted {
				delete(b.drafts, i.Draft)
				delete(b.files, i.Draft)
			}
		}
	}
	m.told(a)
	return nil
}

// Trashed implements mailbox.Store.
func (m *Memory) Trashed(_ context.Context, before time.Time, limit int) (map[rem.AccountID][]mailbox.ItemID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	type one struct {
		a rem.AccountID
		i *item
	}
	var all []one
	for a, b := range m.boxes {
		for _, i := range b.items {
			if i.Folder == mailbox.TrashBox && i.moved.Before(before) && (i.Kind != mailbox.Received || !i.Opened.IsZero() && i.Opened.Before(before)) {
				all = append(all, one{a, i})
			}
		}
	}
	slices.SortFunc(all, func(x, y one) int {
		return cmp.Or(x.i.moved.Compare(y.i.moved), cmp.Compare(x.a, y.a), cmp.Compare(x.i.ID, y.i.ID))
	})
	found := map[rem.AccountID][]mailbox.ItemID{}
	for _, o := range all[:min(limit, len(all))] {
		found[o.a] = append(found[o.a], o.i.ID)
	}
	return found, nil
}

// Watch implements mailbox.Store.
func (m *Memory) Watch(a rem.AccountID) (<-chan struct{}, func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := make(chan struct{}, 1)
	m.watch[a] = append(m.watch[a], c)
	return c, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.watch[a] = slices.DeleteFunc(m.watch[a], func(x chan struct{}) bool { return x == c })
		if len(m.watch[a]) == 0 {
			delete(m.watch, a)
		}
	}
}

// Draft implements mailbox.Store.
func (m *Memory) Draft(_ context.Context, by rem.Actor, id mailbox.DraftID) (mailbox.Draft, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, ok := m.box(by.Account).drafts[id]
	if !ok {
		return d, mailbox.ErrNotFound
	}
	return copied(d), nil
}

func copied(d mailbox.Draft) mailbox.Draft {
	d.To, d.Cc, d.Files = slices.Clone(d.To), slices.Clone(d.Cc), slices.Clone(d.Files)
	return d
}

// DraftHeads implements mailbox.Store.
func (m *Memory) DraftHeads(_ context.Context, by rem.Actor, ids []mailbox.DraftID) (map[mailbox.DraftID]mailbox.Draft, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := map[mailbox.DraftID]mailbox.Draft{}
	for _, id := range ids {
		if d, ok := m.box(by.Account).drafts[id]; ok {
			d = copied(d)
			d.HTML, d.Text = "", ""
			found[id] = d
		}
	}
	return found, nil
}

// SaveDraft implements mailbox.Store.
func (m *Memory) SaveDraft(_ context.Context, by rem.Actor, d mailbox.Draft) (int64, error) {
	if err := goodID(string(d.ID)); err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.box(by.Account)
	before, there := b.drafts[d.ID]
	switch {
	case there && before.Version != d.Version || !there && d.Version != 0:
		return 0, mailbox.ErrChanged
	case !there && len(b.drafts) >= mailbox.MaxDrafts:
		return 0, mailbox.ErrTooMany
	}
	d = copied(d)
	d.Version++
	d.Saved, d.SendAt = micro(d.Saved), micro(d.SendAt)
	b.drafts[d.ID] = d
	i := mailbox.Item{Kind: mailbox.Drafted, Draft: d.ID, Folder: mailbox.Drafts, At: d.Saved, Person: d.Author, Attachments: len(d.Files), Flags: mailbox.Seen}
	for _, f := range d.Files {
		i.Size += f.Size
	}
	if !there {
		m.add(b, i)
	}
	for _, have := range b.items {
		if have.Draft == d.ID && there {
			i.ID, i.UID, i.Flags = have.ID, b.uid(mailbox.Drafts), have.Flags
			have.Item = i
		}
	}
	m.told(by.Account)
	return d.Version, nil
}

func micro(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

// goodID: draft and file identifiers are names of nothing else.
func goodID(s string) error {
	if len(s) < 1 || len(s) > 64 {
		return errors.New("an identifier has 1 to 64 signs")
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return errors.New("not an identifier: " + strconv.Quote(s))
		}
	}
	return nil
}

// DropDraft implements mailbox.Store.
func (m *Memory) DropDraft(_ context.Context, by rem.Actor, id mailbox.DraftID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.box(by.Account)
	delete(b.drafts, id)
	delete(b.files, id)
	for n, i := range b.items {
		if i.Kind == mailbox.Drafted && i.Draft == id {
			delete(b.items, n)
		}
	}
	m.told(by.Account)
	return nil
}

// DueDrafts implements mailbox.Store.
func (m *Memory) DueDrafts(_ context.Context, now time.Time, limit int) (list []mailbox.Due, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := map[mailbox.DraftID]time.Time{}
	for a, b := range m.boxes {
		for id, d := range b.drafts {
			if (d.Step == mailbox.Scheduled || d.Step == mailbox.Sending) && !d.SendAt.After(now) {
				at[id] = d.SendAt
				list = append(list, mailbox.Due{Account: a, Draft: id, Signer: d.Signer})
			}
		}
	}
	slices.SortFunc(list, func(x, y mailbox.Due) int {
		return cmp.Or(at[x.Draft].Compare(at[y.Draft]), cmp.Compare(x.Account, y.Account), cmp.Compare(x.Draft, y.Draft))
	})
	return list[:min(limit, len(list))], nil
}

// PutFile implements mailbox.Store.
func (m *Memory) PutFile(_ context.Context, by rem.Actor, id mailbox.DraftID, file string, r io.Reader, limit int64) (int64, rem.Digest, error) {
	if err := errors.Join(goodID(string(id)), goodID(file)); err != nil {
		return 0, rem.Digest{}, err
	}
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return 0, rem.Digest{}, err
	}
	if int64(len(b)) > limit {
		return 0, rem.Digest{}, mailbox.ErrTooLarge
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	files := m.box(by.Account).files
	if files[id] == nil {
		files[id] = map[string]content{}
	}
	c := content{b, rem.DigestOf(b)}
	files[id][file] = c
	return c.Size(), c.digest, nil
}

// File implements mailbox.Store.
func (m *Memory) File(_ context.Context, by rem.Actor, id mailbox.DraftID, file string) (message.Content, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.box(by.Account).files[id][file]
	if !ok {
		return nil, mailbox.ErrNotFound
	}
	return c, nil
}

// DropFile implements mailbox.Store.
func (m *Memory) DropFile(_ context.Context, by rem.Actor, id mailbox.DraftID, file string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.box(by.Account).files[id], file)
	return nil
}

// Keepsakes implements mailbox.Store.
func (m *Memory) Keepsakes(_ context.Context, by rem.Actor, kind mailbox.KeepsakeKind) (list []mailbox.Keepsake, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range m.box(by.Account).keepsakes {
		if k.Kind == kind && (k.Person == "" || k.Person == by.Person) {
			k.Fields = maps.Clone(k.Fields)
			list = append(list, k)
		}
	}
	SortKeepsakes(list)
	return list, nil
}

// SortKeepsakes puts them in the order of lists: by name, as Turkish names fold.
func SortKeepsakes(list []mailbox.Keepsake) {
	slices.SortFunc(list, func(x, y mailbox.Keepsake) int {
		return cmp.Or(cmp.Compare(rem.FoldName(x.Name), rem.FoldName(y.Name)), cmp.Compare(x.ID, y.ID))
	})
}

// Keep implements mailbox.Store.
func (m *Memory) Keep(_ context.Context, by rem.Actor, k mailbox.Keepsake) error {
	if err := goodID(k.ID); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.box(by.Account)
	before, there := b.keepsakes[k.ID]
	switch {
	case k.Person != "" && k.Person != by.Person, there && before.Person != "" && before.Person != by.Person:
		return mailbox.ErrNotFound
	case !there && len(b.keepsakes) >= mailbox.MaxKeepsakes:
		return mailbox.ErrTooMany
	}
	k.Fields = maps.Clone(k.Fields)
	b.keepsakes[k.ID] = k
	return nil
}

// DropKeepsake implements mailbox.Store.
func (m *Memory) DropKeepsake(_ context.Context, by rem.Actor, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.box(by.Account)
	if k, there := b.keepsakes[id]; there && k.Person != "" && k.Person != by.Person {
		return mailbox.ErrNotFound
	}
	delete(b.keepsakes, id)
	return nil
}

// Preferences implements mailbox.Store.
func (m *Memory) Preferences(_ context.Context, a rem.AccountID, p rem.PersonID) (mailbox.Preferences, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if o, there := m.box(a).options[p]; there {
		return o, nil
	}
	return mailbox.DefaultPreferences, nil
}

// SetPreferences implements mailbox.Store.
func (m *Memory) SetPreferences(_ context.Context, a rem.AccountID, p rem.PersonID, o mailbox.Preferences) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.box(a).options[p] = o
	return nil
}
