package directorytest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"rem"
	"rem/privacy"
	"rem/privacy/canon"
	"rem/privacy/chain"
	"rem/provider/directory"
)

var _ directory.Store = (*Memory)(nil)

// Memory is a store in memory. It may be used from many goroutines.
type Memory struct {
	// Crowd is how many listings of one word make a search crowded; 0 is 2,000.
	Crowd int

	mu           sync.Mutex
	versions     []directory.Version // guarded by mu, as everything below
	listings     map[rem.AccountID]directory.Listing
	lookups      [][]byte
	transactions [][]byte
	quota        map[int64]map[rem.AccountID]int
	outbox       []waiting
	next         uint64
	sent         map[rem.AccountID]directory.Sent
}

type waiting struct {
	directory.Outgoing
	due time.Time
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{listings: map[rem.AccountID]directory.Listing{}, quota: map[int64]map[rem.AccountID]int{}, sent: map[rem.AccountID]directory.Sent{}}
}

func (m *Memory) newest(a rem.AccountID) (directory.Version, bool) {
	for _, v := range slices.Backward(m.versions) {
		if v.Account == a {
			return v.Clone(), true
		}
	}
	return directory.Version{}, false
}

// Commit implements directory.Store.
func (m *Memory) Commit(_ context.Context, s directory.Step) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	v := s.Version.Clone()
	for i := range m.versions {
		if m.versions[i].ID == v.ID {
			if m.versions[i].Account == v.Account && m.versions[i].Number == v.Number {
				return nil
			}
			return directory.ErrChanged
		}
	}
	before, _ := m.newest(v.Account)
	if v.Number != before.Number+1 || v.From.Before(before.From) {
		return directory.ErrChanged
	}
	for i := range m.versions {
		if o := &m.versions[i]; o.Address == v.Address && o.Account != v.Account {
			if n, _ := m.newest(o.Account); n.State != directory.Closed || n.Holder != v.Holder {
				return directory.ErrTaken
			}
		}
	}
	for i := range m.versions {
		if m.versions[i].Account == v.Account {
			m.versions[i].Optional, m.versions[i].Operators = nil, nil
		}
	}
	m.versions = append(m.versions, v)
	delete(m.listings, v.Account)
	if s.Listing != nil {
		m.listings[v.Account] = s.Listing.Clone()
	}
	m.send(v, v.From)
	return nil
}

func (m *Memory) send(v directory.Version, at time.Time) {
	m.next++
	m.outbox = append(m.outbox, waiting{directory.Outgoing{Number: m.next, Version: v.ID, Account: v.Account, At: at}, at})
}

// Newest implements directory.Store.
func (m *Memory) Newest(_ context.Context, a rem.AccountID) (directory.Version, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.newest(a)
	if !ok {
		return v, directory.ErrNotFound
	}
	return v, nil
}

// Version implements directory.Store.
func (m *Memory) Version(_ context.Context, id directory.VersionID) (directory.Version, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.versions {
		if m.versions[i].ID == id {
			return m.versions[i].Clone(), nil
		}
	}
	return directory.Version{}, directory.ErrNotFound
}

// At implements directory.Store.
func (m *Memory) At(_ context.Context, a rem.Address, at time.Time) (directory.Version, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, v := range slices.Backward(m.versions) {
		if v.Address == a && !v.From.After(at) {
			return v.Clone(), nil
		}
	}
	return directory.Version{}, directory.ErrNotFound
}

// page gives those of the accounts after one, in their order.
func page[T any](list []T, account func(*T) rem.AccountID, after rem.AccountID, limit int) []T {
	list = slices.DeleteFunc(list, func(x T) bool { return account(&x) <= after })
	slices.SortFunc(list, func(a, b T) int { return cmp.Compare(account(&a), account(&b)) })
	return list[:min(limit, len(list))]
}

// Versions implements directory.Store.
func (m *Memory) Versions(_ context.Context, after rem.AccountID, limit int) ([]directory.Version, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	newest := map[rem.AccountID]directory.Version{}
	for i := range m.versions {
		newest[m.versions[i].Account] = m.versions[i].Clone()
	}
	return page(slices.Collect(maps.Values(newest)), func(v *directory.Version) rem.AccountID { return v.Account }, after, limit), nil
}

// ListingOf implements directory.Store.
func (m *Memory) ListingOf(_ context.Context, a rem.AccountID) (directory.Listing, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, ok := m.listings[a]
	if !ok {
		return l, directory.ErrNotFound
	}
	return l.Clone(), nil
}

func (m *Memory) which(limit int, is func(*directory.Listing) bool) (list []directory.Listing) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range m.listings {
		if is(&l) {
			list = append(list, l.Clone())
		}
	}
	return page(list, func(l *directory.Listing) rem.AccountID { return l.Account }, "", limit)
}

// Listings implements directory.Store.
func (m *Memory) Listings(_ context.Context, after rem.AccountID, limit int) ([]directory.Listing, error) {
	return m.which(limit, func(l *directory.Listing) bool { return l.Consents() && l.Account > after }), nil
}

// ByAddress implements directory.Store.
func (m *Memory) ByAddress(_ context.Context, a rem.Address) ([]directory.Listing, error) {
	return m.which(1, func(l *directory.Listing) bool { return l.Address == a }), nil
}

// ByToken implements directory.Store.
func (m *Memory) ByToken(_ context.Context, t privacy.IndexToken, limit int) ([]directory.Listing, error) {
	return m.which(limit, func(l *directory.Listing) bool { return slices.Contains(l.Tokens, t) }), nil
}

// ByName implements directory.Store.
func (m *Memory) ByName(_ context.Context, legal bool, key string, limit int) ([]directory.Listing, error) {
	return m.which(limit, func(l *directory.Listing) bool { return l.Kind.Legal() == legal && l.NameKey == key }), nil
}

// ByWords implements directory.Store.
func (m *Memory) ByWords(_ context.Context, words []string, limit int) ([]directory.Listing, bool, error) {
	has := func(l *directory.Listing, w string) bool {
		return l.Kind.Legal() && slices.Contains(strings.Fields(l.NameKey), w)
	}
	if len(words) == 0 {
		return nil, false, nil
	}
	least := -1
	for _, w := range words {
		if n := len(m.which(1<<30, func(l *directory.Listing) bool { return has(l, w) })); least < 0 || n < least {
			least = n
		}
	}
	if most := cmp.Or(m.Crowd, 2000); least > most {
		return nil, true, nil
	}
	return m.which(limit, func(l *directory.Listing) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !has(l, w) })
	}), false, nil
}

func follow(entries [][]byte, at time.Time, link func([]byte) (chain.Link, error)) (chain.Link, error) {
	next := chain.Link{Number: uint64(len(entries) + 1), Time: canon.Instant(at)}
	if len(entries) == 0 {
		return next, nil
	}
	last := entries[len(entries)-1]
	before, err := link(last)
	if next.Previous = rem.DigestOf(last); next.Time.Before(before.Time) {
		next.Time = before.Time
	}
	return next, err
}

// Ask implements directory.Store.
func (m *Memory) Ask(_ context.Context, l directory.Lookup, day int64, weight, limit int) (err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.quota[day] == nil {
		m.quota[day] = map[rem.AccountID]int{}
	}
	if m.quota[day][l.Asker.Account]+weight > limit {
		return directory.ErrQuota
	}
	if l.Link, err = follow(m.lookups, l.Link.Time, func(b []byte) (chain.Link, error) { l, err := directory.ParseLookup(b); return l.Link, err }); err != nil {
		return err
	}
	b, err := l.Entry()
	if err != nil {
		return err
	}
	m.quota[day][l.Asker.Account] += weight
	m.lookups = append(m.lookups, b)
	return nil
}

// Lookups implements directory.Store.
func (m *Memory) Lookups(_ context.Context, a rem.AccountID, before uint64, limit int) (list []directory.Lookup, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range slices.Backward(m.lookups) {
		l, err := directory.ParseLookup(b)
		if err != nil {
			return nil, err
		}
		if slices.Contains(l.Found, a) && (before == 0 || l.Link.Number < before) && len(list) < limit {
			list = append(list, l)
		}
	}
	return list, nil
}

func (m *Memory) visit(entries *[][]byte, visit func([]byte) error) error {
	m.mu.Lock()
	list := slices.Clone(*entries)
	m.mu.Unlock()
	for _, b := range list {
		if err := visit(b); err != nil {
			return err
		}
	}
	return nil
}

// LookupChain implements directory.Store.
func (m *Memory) LookupChain(_ context.Context, visit func([]byte) error) error {
	return m.visit(&m.lookups, visit)
}

// TransactionChain implements directory.Store.
func (m *Memory) TransactionChain(_ context.Context, visit func([]byte) error) error {
	return m.visit(&m.transactions, visit)
}

// Due implements directory.Store.
func (m *Memory) Due(_ context.Context, now time.Time, limit int) (list []directory.Outgoing, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	seen := map[rem.AccountID]bool{}
	var due []waiting
	for _, o := range m.outbox {
		if !seen[o.Account] && !o.due.After(now) {
			due = append(due, o)
		}
		seen[o.Account] = true
	}
	slices.SortStableFunc(due, func(a, b waiting) int { return a.due.Compare(b.due) })
	for _, o := range due[:min(limit, len(due))] {
		list = append(list, o.Outgoing)
	}
	return list, nil
}

func (m *Memory) record(t directory.Transaction) (err error) {
	if t.Link, err = follow(m.transactions, t.Link.Time, func(b []byte) (chain.Link, error) { t, err := directory.ParseTransaction(b); return t.Link, err }); err != nil {
		return err
	}
	b, err := t.Entry()
	if err == nil {
		m.transactions = append(m.transactions, b)
	}
	return err
}

func (m *Memory) waits(number uint64, id directory.VersionID) int {
	return slices.IndexFunc(m.outbox, func(o waiting) bool { return o.Number == number && o.Version == id })
}

// Told implements directory.Store.
func (m *Memory) Told(_ context.Context, number uint64, s directory.Sent, t directory.Transaction) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.waits(number, s.Version)
	if i < 0 {
		return nil
	}
	m.outbox = slices.Delete(m.outbox, i, i+1)
	m.sent[s.Account] = s
	return m.record(t)
}

// Untold implements directory.Store.
func (m *Memory) Untold(_ context.Context, number uint64, due time.Time, t directory.Transaction) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.waits(number, directory.VersionID(t.Key))
	if i < 0 || m.outbox[i].due.Equal(due) {
		return nil
	}
	m.outbox[i].due = due
	m.outbox[i].Attempts++
	return m.record(t)
}

// Again implements directory.Store.
func (m *Memory) Again(_ context.Context, a rem.AccountID, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if slices.ContainsFunc(m.outbox, func(o waiting) bool { return o.Account == a }) {
		return nil
	}
	v, ok := m.newest(a)
	if !ok {
		return directory.ErrNotFound
	}
	m.send(v, now)
	return nil
}

// Backlog implements directory.Store.
func (m *Memory) Backlog(context.Context) (b directory.Backlog, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, o := range m.outbox {
		if b.Waiting++; b.Oldest.IsZero() || o.At.Before(b.Oldest) {
			b.Oldest = o.At
		}
	}
	return b, nil
}

// Sent implements directory.Store.
func (m *Memory) Sent(_ context.Context, after rem.AccountID, limit int) ([]directory.Sent, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return page(slices.Collect(maps.Values(m.sent)), func(s *directory.Sent) rem.AccountID { return s.Account }, after, limit), nil
}

// Record implements directory.Store.
func (m *Memory) Record(_ context.Context, t directory.Transaction) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.record(t)
}
