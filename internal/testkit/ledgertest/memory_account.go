package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"rem"
	"rem/person/account"
)

// errInClear: no store takes an account with something in clear.
var errInClear = errors.New("the account holds something in clear")

func (m *Memory) Create(_ context.Context, a account.Account) error {
	if a.Before != nil {
		return errInClear
	}
	return m.write("Create", func() error {
		if other, ok := m.accounts[a.ID]; ok {
			if other.Equal(&a) {
				return nil
			}
			return account.ErrTaken
		}
		if id, ok := m.addresses[a.Address]; ok {
			before := m.accounts[id]
			if before.State != account.Closed || before.Holder.Person != a.Holder.Person || before.Holder.Legal != a.Holder.Legal {
				return account.ErrTaken
			}
		}
		m.accounts[a.ID], m.addresses[a.Address] = clone(a), a.ID
		return nil
	})
}

func clone(a account.Account) account.Account { return a.Clone() }

func (m *Memory) Update(_ context.Context, a account.Account) error {
	if a.Before != nil {
		return errInClear
	}
	return m.write("Update", func() error {
		old, ok := m.accounts[a.ID]
		switch {
		case !ok:
			return account.ErrNotFound
		case old.Address != a.Address || old.Holder.Person != a.Holder.Person:
			return fmt.Errorf("account %s keeps its address and its holder", a.ID)
		}
		next := clone(a)
		next.Version++
		switch {
		case next.Equal(&old): // the same again
		case a.Version != old.Version:
			return account.ErrChanged
		}
		m.accounts[a.ID] = next
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
	if id, ok := m.addresses[address]; ok {
		return clone(m.accounts[id]), nil
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
		if hash == "" {
			delete(m.passwords[id], p)
			return nil
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
