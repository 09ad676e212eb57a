package ledgertest

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"rem"
	"rem/person/account"
)

func (m *Memory) Create(_ context.Context, a account.Account) error {
	return m.write("Create", func() error {
		for id, other := range m.accounts {
			if other.Address == a.Address || id == a.ID {
				if id == a.ID && fmt.Sprintf("%+v", other) == fmt.Sprintf("%+v", a) {
					return nil
				}
				return account.ErrTaken
			}
		}
		m.accounts[a.ID] = clone(a)
		return nil
	})
}

func clone(a account.Account) account.Account {
	a.Operators = slices.Clone(a.Operators)
	return a
}

func (m *Memory) Update(_ context.Context, a account.Account) error {
	return m.write("Update", func() error {
		old, ok := m.accounts[a.ID]
		switch {
		case !ok:
			return account.ErrNotFound
		case old.Address != a.Address || old.Holder.Person != a.Holder.Person:
			return fmt.Errorf("account %s keeps its address and its holder", a.ID)
		}
		m.accounts[a.ID] = clone(a)
		return nil
	})
}

func (m *Memory) Account(_ context.Context, id rem.AccountID) (account.Account, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, ok := m.accounts[id]
	if !ok {
		return account.Account{}, account.ErrNotFound
	}
	return clone(a), nil
}

func (m *Memory) ByAddress(_ context.Context, address rem.Address) (account.Account, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.accounts {
		if a.Address == address {
			return clone(a), nil
		}
	}
	return account.Account{}, account.ErrNotFound
}

func (m *Memory) Accounts(_ context.Context, after rem.AccountID, limit int) ([]account.Account, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []account.Account
	for _, id := range slices.Sorted(maps.Keys(m.accounts)) {
		if id > after && len(list) < limit {
			list = append(list, clone(m.accounts[id]))
		}
	}
	return list, nil
}

func (m *Memory) SetPassword(_ context.Context, id rem.AccountID, p rem.PersonID, hash string) error {
	return m.write("SetPassword", func() error {
		if _, ok := m.accounts[id]; !ok {
			return account.ErrNotFound
		}
		if m.passwords[id] == nil {
			m.passwords[id] = map[rem.PersonID]string{}
		}
		m.passwords[id][p] = hash
		return nil
	})
}

func (m *Memory) Passwords(_ context.Context, id rem.AccountID) (map[rem.PersonID]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.passwords[id]), nil
}
