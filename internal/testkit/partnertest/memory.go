package partnertest

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"rem"
	"rem/provider/partner"
)

// A Store keeps institutions and orders.
type Store interface {
	partner.Institutions
	partner.Ledger
}

var _ Store = (*Memory)(nil)

// A Memory is a store in memory. It may be used from many goroutines.
type Memory struct {
	mu           sync.Mutex
	institutions []partner.Institution                  // guarded by mu
	ids          []partner.OrderID                      // guarded by mu; as they were issued
	steps        map[partner.OrderID][]partner.StepData // guarded by mu
}

// AddInstitution implements partner.Institutions.
func (m *Memory) AddInstitution(_ context.Context, i partner.Institution) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, o := range m.institutions {
		if o.ID == i.ID {
			return nil
		}
		if o.Contract == i.Contract {
			return partner.ErrTaken
		}
	}
	m.institutions = append(m.institutions, i)
	return nil
}

// EndInstitution implements partner.Institutions.
func (m *Memory) EndInstitution(_ context.Context, id string, at time.Time, by rem.PersonID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for n := range m.institutions {
		if i := &m.institutions[n]; i.ID == id {
			if i.Ended.IsZero() {
				i.Ended, i.EndedBy = at, by
			}
			return nil
		}
	}
	return partner.ErrNotFound
}

// Institution implements partner.Institutions.
func (m *Memory) Institution(_ context.Context, id string) (partner.Institution, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, i := range m.institutions {
		if i.ID == id {
			return i, nil
		}
	}
	return partner.Institution{}, partner.ErrNotFound
}

// AllInstitutions implements partner.Institutions.
func (m *Memory) AllInstitutions(context.Context) ([]partner.Institution, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := slices.Clone(m.institutions)
	slices.SortFunc(list, func(a, b partner.Institution) int { return strings.Compare(a.ID, b.ID) })
	return list, nil
}

// CommitOrder implements partner.Ledger.
func (m *Memory) CommitOrder(_ context.Context, s partner.Step) error {
	d := s.Data()
	body, err := partner.WriteStep(&d)
	if err != nil {
		return err
	}
	if d, err = partner.ReadStep(body); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	steps := m.steps[d.Order]
	switch {
	case len(steps) == 0 && d.Brief == nil:
		return partner.ErrNotFound
	case d.Number <= len(steps):
		there, err := partner.WriteStep(&steps[d.Number-1])
		if err != nil {
			return err
		}
		if !bytes.Equal(there, body) {
			return partner.ErrMoved
		}
		return nil
	case d.Number != len(steps)+1:
		return partner.ErrMoved
	}
	if m.steps == nil {
		m.steps = map[partner.OrderID][]partner.StepData{}
	}
	if len(steps) == 0 {
		m.ids = append(m.ids, d.Order)
	}
	m.steps[d.Order] = append(steps, d)
	return nil
}

func (m *Memory) order(id partner.OrderID) (o partner.Order) {
	for _, d := range m.steps[id] {
		o = o.After(d)
	}
	return o
}

// Order implements partner.Ledger.
func (m *Memory) Order(_ context.Context, id partner.OrderID) (partner.Order, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.steps[id]) == 0 {
		return partner.Order{}, partner.ErrNotFound
	}
	return m.order(id), nil
}

// OrderHistory implements partner.Ledger.
func (m *Memory) OrderHistory(_ context.Context, id partner.OrderID) ([]partner.StepData, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.steps[id]) == 0 {
		return nil, partner.ErrNotFound
	}
	return slices.Clone(m.steps[id]), nil
}

// Orders implements partner.Ledger.
func (m *Memory) Orders(_ context.Context, f partner.Filter, after partner.OrderID, limit int) ([]partner.Order, error) {
	return m.list(after, limit, func(o *partner.Order) bool {
		return (f.Application == "" || o.Application == f.Application) && (f.Institution == "" || o.Institution == f.Institution) && (f.State == "" || o.State == f.State)
	})
}

// OrdersOut implements partner.Ledger.
func (m *Memory) OrdersOut(_ context.Context, after partner.OrderID, limit int) ([]partner.Order, error) {
	return m.list(after, limit, func(o *partner.Order) bool { holder, ours := o.Holder(); return holder != "" && !ours })
}

func (m *Memory) list(after partner.OrderID, limit int, is func(*partner.Order) bool) (list []partner.Order, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	from := 0
	if after != "" {
		if from = slices.Index(m.ids, after) + 1; from == 0 {
			return nil, partner.ErrNotFound
		}
	}
	for _, id := range m.ids[from:] {
		if o := m.order(id); is(&o) && len(list) < limit {
			list = append(list, o)
		}
	}
	return list, nil
}

// OrdersDue implements partner.Ledger.
func (m *Memory) OrdersDue(_ context.Context, now time.Time, limit int) ([]partner.OrderID, error) {
	due, err := m.list("", len(m.ids), func(o *partner.Order) bool {
		return (o.State == partner.Open || o.State == partner.Accepted) && !now.Before(o.Expires)
	})
	slices.SortStableFunc(due, func(a, b partner.Order) int { return a.Expires.Compare(b.Expires) })
	var ids []partner.OrderID
	for _, o := range due[:min(limit, len(due))] {
		ids = append(ids, o.ID)
	}
	return ids, err
}
