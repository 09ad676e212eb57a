package personledgertest

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"rem"
	"rem/person"
	"rem/person/application"
	"rem/privacy"
)

// A Memory is a ledger in memory.
type Memory struct {
	// Fail, when not nil, is asked before a method that writes does its work
	// (done false) and after it (done true); an error takes the place of the
	// result. The name is the method's.
	Fail func(method string, done bool) error

	mu           sync.Mutex
	applications map[person.ApplicationID]*entry // guarded by mu, as all below
	intentions   []application.Intention         // oldest first
	addresses    map[rem.Address]person.AddressEntry
	closed       map[rem.Address]time.Time // of addresses that were closed, also while they are reserved again
}

type entry struct {
	view   application.View
	steps  []application.StepData
	tokens []privacy.IndexToken
}

var _ application.Ledger = (*Memory)(nil)

// NewMemory returns an empty ledger.
func NewMemory() *Memory {
	return &Memory{applications: map[person.ApplicationID]*entry{}, addresses: map[rem.Address]person.AddressEntry{}, closed: map[rem.Address]time.Time{}}
}

// write does a change under the lock, with the failures that the test wants.
func (m *Memory) write(method string, do func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.Fail != nil {
		if err := m.Fail(method, false); err != nil {
			return err
		}
	}
	if err := do(); err != nil {
		return err
	}
	if m.Fail != nil {
		return m.Fail(method, true)
	}
	return nil
}

// Intend implements application.Ledger.
func (m *Memory) Intend(_ context.Context, in application.Intention) (stands application.Intention, err error) {
	err = m.write("Intend", func() error {
		if i := m.intention(in.Key); i >= 0 {
			stands = m.intentions[i]
			return nil
		}
		in.Body = bytes.Clone(in.Body)
		m.intentions = append(m.intentions, in)
		stands = in
		return nil
	})
	return stands, err
}

func (m *Memory) intention(key string) int {
	return slices.IndexFunc(m.intentions, func(in application.Intention) bool { return in.Key == key })
}

// Abandon implements application.Ledger.
func (m *Memory) Abandon(_ context.Context, key string) error {
	return m.write("Abandon", func() error {
		m.resolve(key)
		return nil
	})
}

func (m *Memory) resolve(key string) {
	if i := m.intention(key); i >= 0 {
		m.intentions = slices.Delete(m.intentions, i, i+1)
	}
}

// Unfinished implements application.Ledger.
func (m *Memory) Unfinished(context.Context) ([]application.Intention, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.intentions), nil
}

// errNoStep answers whoever would commit what nobody decided.
var errNoStep = errors.New("committing: there is no step")

// Commit implements application.Ledger.
func (m *Memory) Commit(_ context.Context, s application.Step) error {
	if s.IsZero() {
		return errNoStep
	}
	return m.write("Commit", func() error { return m.commit(s.Data()) })
}

func (m *Memory) commit(d application.StepData) error {
	e := m.applications[d.Application]
	switch {
	case e == nil && d.From != application.None:
		return application.ErrNotFound
	case e == nil:
		e = &entry{}
	case d.Number <= len(e.steps):
		if reflect.DeepEqual(e.steps[d.Number-1], d) {
			return nil
		}
		return application.ErrMoved
	}
	if d.Number != len(e.steps)+1 || d.From != e.view.State {
		return application.ErrMoved
	}
	after := e.view.After(d)
	if d.Reserve != nil {
		if err := m.reserve(*d.Reserve, d.At); err != nil {
			return err
		}
	}
	if d.Account != "" {
		if err := m.assign(after.Submitted.Address, d.Application, d.Account, after.Submitted.Holder, d.At); err != nil {
			return err
		}
	}
	if d.Release {
		m.release(d.Application, rem.Address{})
	}
	if d.Resolves != "" {
		m.resolve(d.Resolves)
	}
	e.view, e.steps = after, append(e.steps, d)
	m.applications[d.Application] = e
	return nil
}

// Application implements application.Ledger.
func (m *Memory) Application(_ context.Context, id person.ApplicationID) (application.View, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.applications[id]
	if e == nil {
		return application.View{}, application.ErrNotFound
	}
	return e.view, nil
}

// History implements application.Ledger.
func (m *Memory) History(_ context.Context, id person.ApplicationID) ([]application.StepData, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.applications[id]
	if e == nil {
		return nil, application.ErrNotFound
	}
	return slices.Clone(e.steps), nil
}

// sorted lists the applications that are wanted by a time and their identifier.
func (m *Memory) sorted(want func(*application.View) (time.Time, bool)) (list []person.ApplicationID, at map[person.ApplicationID]time.Time) {
	at = map[person.ApplicationID]time.Time{}
	for id, e := range m.applications {
		if t, ok := want(&e.view); ok {
			at[id] = t
			list = append(list, id)
		}
	}
	slices.SortFunc(list, func(a, b person.ApplicationID) int {
		if c := at[a].Compare(at[b]); c != 0 {
			return c
		}
		return strings.Compare(string(a), string(b))
	})
	return list, at
}

// Waiting implements application.Ledger.
func (m *Memory) Waiting(_ context.Context, s application.State, after person.ApplicationID, limit int) ([]person.ApplicationID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list, at := m.sorted(func(v *application.View) (time.Time, bool) { return v.Since, v.State == s })
	if e := m.applications[after]; e != nil {
		list = slices.DeleteFunc(list, func(id person.ApplicationID) bool {
			c := at[id].Compare(e.view.Since)
			return c < 0 || c == 0 && id <= after
		})
	}
	return list[:min(limit, len(list))], nil
}

// Due implements application.Ledger.
func (m *Memory) Due(_ context.Context, now time.Time, limit int) ([]person.ApplicationID, time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list, at := m.sorted(func(v *application.View) (time.Time, bool) { return v.Due, !v.Due.IsZero() })
	n := 0
	for n < len(list) && n < limit && !now.Before(at[list[n]]) {
		n++
	}
	var next time.Time
	if n < len(list) {
		next = at[list[n]]
	}
	return list[:n], next, nil
}

// Reserve implements person.Addresses.
func (m *Memory) Reserve(_ context.Context, r person.Reservation, now time.Time) error {
	return m.write("Reserve", func() error { return m.reserve(r, now) })
}

func (m *Memory) reserve(r person.Reservation, now time.Time) error {
	e := m.address(r.Address, now)
	if !e.Available(r) {
		return person.ErrTaken
	}
	m.release(r.Application, r.Address)
	if e.State != person.AddressReserved {
		// A closed address keeps whose it was, in case it is given back.
		e.State, e.Address, e.Since = person.AddressReserved, r.Address, now
	}
	e.Reservation = r
	m.addresses[r.Address] = e
	return nil
}

// Release implements person.Addresses.
func (m *Memory) Release(_ context.Context, a rem.Address, by person.ApplicationID) error {
	return m.write("Release", func() error {
		if e := m.addresses[a]; e.State == person.AddressReserved && e.Reservation.Application == by {
			m.free(a, e)
		}
		return nil
	})
}

// release gives back every reservation of an application but one.
func (m *Memory) release(by person.ApplicationID, but rem.Address) {
	for a, e := range m.addresses {
		if a != but && e.State == person.AddressReserved && e.Reservation.Application == by {
			m.free(a, e)
		}
	}
}

// free makes a reserved address what it was before.
func (m *Memory) free(a rem.Address, e person.AddressEntry) {
	if e.Account == "" {
		delete(m.addresses, a)
		return
	}
	e.State, e.Reservation, e.Since = person.AddressClosed, person.Reservation{}, m.closed[a]
	m.addresses[a] = e
}

// Assign implements person.Addresses.
func (m *Memory) Assign(_ context.Context, a rem.Address, by person.ApplicationID, account rem.AccountID, holder rem.PersonID, now time.Time) error {
	return m.write("Assign", func() error { return m.assign(a, by, account, holder, now) })
}

func (m *Memory) assign(a rem.Address, by person.ApplicationID, account rem.AccountID, holder rem.PersonID, now time.Time) error {
	e := m.address(a, now)
	if e.State == person.AddressAssigned && e.Account == account && e.Holder == holder {
		return nil
	}
	if e.State != person.AddressReserved || e.Reservation.Application != by || e.Reservation.Holder != "" && e.Reservation.Holder != holder {
		return person.ErrNotReserved
	}
	m.addresses[a] = person.AddressEntry{Address: a, State: person.AddressAssigned, Account: account, Holder: holder, Since: now}
	return nil
}

// Retire implements person.Addresses.
func (m *Memory) Retire(_ context.Context, a rem.Address, account rem.AccountID, now time.Time) error {
	return m.write("Retire", func() error {
		e := m.addresses[a]
		switch {
		case e.Account != account || account == "":
			return person.ErrNotReserved
		case e.State == person.AddressAssigned:
			e.State, e.Since, m.closed[a] = person.AddressClosed, now, now
			m.addresses[a] = e
		}
		return nil
	})
}

// Address implements person.Addresses.
func (m *Memory) Address(_ context.Context, a rem.Address, now time.Time) (person.AddressEntry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.address(a, now), nil
}

// address is the entry at now; a reservation that has passed is none.
func (m *Memory) address(a rem.Address, now time.Time) person.AddressEntry {
	e, ok := m.addresses[a]
	if !ok {
		return person.AddressEntry{Address: a, State: person.AddressFree}
	}
	if e.State == person.AddressReserved && !e.Reservation.Holds(now) {
		if e.Account == "" {
			return person.AddressEntry{Address: a, State: person.AddressFree}
		}
		e.State, e.Reservation, e.Since = person.AddressClosed, person.Reservation{}, m.closed[a]
	}
	return e
}
