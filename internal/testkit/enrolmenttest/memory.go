package enrolmenttest

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"rem"
	"rem/person"
	"rem/person/enrolment"
	"rem/person/login"
	"rem/privacy"
)

// A Fail is asked before a part does its work (done false) and after it (done
// true); an error takes the place of the result. A nil Fail fails nothing.
type Fail func(what string, done bool) error

// Do does some work with the failures that a test wants.
func (f Fail) Do(what string, do func() error) error {
	if f == nil {
		return do()
	}
	if err := f(what, false); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return f(what, true)
}

// A Memory is an enrolment.Store in memory.
type Memory struct {
	Fail Fail

	mu           sync.Mutex
	numbers      map[privacy.IndexToken]rem.PersonID // guarded by mu, as all below
	known        map[rem.PersonID]time.Time
	links        []enrolment.Link
	proofs       map[person.ApplicationID]enrolment.Proofs
	appointments []enrolment.Appointment
	profiles     []enrolment.Profile
}

var _ enrolment.Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{numbers: map[privacy.IndexToken]rem.PersonID{}, known: map[rem.PersonID]time.Time{}, proofs: map[person.ApplicationID]enrolment.Proofs{}}
}

func (m *Memory) write(what string, do func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.Fail.Do("Store."+what, do)
}

func micro(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// Claim implements enrolment.Store.
func (m *Memory) Claim(_ context.Context, n privacy.IndexToken, fresh rem.PersonID, _ time.Time) (p rem.PersonID, err error) {
	err = m.write("Claim", func() error {
		if m.numbers[n] == "" {
			m.numbers[n] = fresh
		}
		p = m.numbers[n]
		return nil
	})
	return p, err
}

// Know implements enrolment.Store.
func (m *Memory) Know(_ context.Context, p rem.PersonID, at time.Time) error {
	return m.write("Know", func() error {
		if m.known[p].IsZero() {
			m.known[p] = micro(at)
		}
		return nil
	})
}

// Known implements enrolment.Store.
func (m *Memory) Known(_ context.Context, p rem.PersonID) (time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.known[p], nil
}

// AddLink implements enrolment.Store.
func (m *Memory) AddLink(_ context.Context, l enrolment.Link) error {
	return m.write("AddLink", func() error {
		if !slices.ContainsFunc(m.links, func(x enrolment.Link) bool { return x.ID == l.ID }) {
			l.Made, l.Until = micro(l.Made), micro(l.Until)
			m.links = append(m.links, l)
		}
		return nil
	})
}

func (m *Memory) link(is func(*enrolment.Link) bool) (enrolment.Link, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.links {
		if is(&m.links[i]) {
			return m.links[i], nil
		}
	}
	return enrolment.Link{}, enrolment.ErrNone
}

// Link implements enrolment.Store.
func (m *Memory) Link(_ context.Context, id login.ID) (enrolment.Link, error) {
	return m.link(func(l *enrolment.Link) bool { return l.ID == id })
}

// Bearer implements enrolment.Store.
func (m *Memory) Bearer(_ context.Context, p rem.PersonID) (enrolment.Link, error) {
	return m.link(func(l *enrolment.Link) bool { return l.Bearer == p })
}

// Shower implements enrolment.Store.
func (m *Memory) Shower(_ context.Context, a person.ApplicationID) (enrolment.Link, error) {
	return m.link(func(l *enrolment.Link) bool { return l.Application == a && l.Shower })
}

// Proofs implements enrolment.Store.
func (m *Memory) Proofs(_ context.Context, a person.ApplicationID) (enrolment.Proofs, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.proofs[a]
	p.Application = a
	return p, nil
}

// SetProofs implements enrolment.Store.
func (m *Memory) SetProofs(_ context.Context, p enrolment.Proofs) error {
	for _, t := range []*time.Time{&p.Mail, &p.Until, &p.First, &p.Mobile, &p.Spent} {
		*t = micro(*t)
	}
	return m.write("SetProofs", func() error {
		kept, next := m.proofs[p.Application], p
		next.Version++
		switch {
		case kept == next:
			return nil
		case kept.Version != p.Version:
			return enrolment.ErrChanged
		}
		m.proofs[p.Application] = next
		return nil
	})
}

// Book implements enrolment.Store.
func (m *Memory) Book(_ context.Context, a enrolment.Appointment, capacity int) error {
	return m.write("Book", func() error {
		others := 0
		for _, x := range m.appointments {
			if x.Office == a.Office && x.At.Equal(a.At) && x.Application != a.Application {
				others++
			}
		}
		if others >= capacity {
			return enrolment.ErrFull
		}
		m.cancel(a.Application)
		a.At, a.Made = micro(a.At), micro(a.Made)
		m.appointments = append(m.appointments, a)
		return nil
	})
}

func (m *Memory) cancel(a person.ApplicationID) {
	m.appointments = slices.DeleteFunc(m.appointments, func(x enrolment.Appointment) bool { return x.Application == a })
}

// Cancel implements enrolment.Store.
func (m *Memory) Cancel(_ context.Context, a person.ApplicationID) error {
	return m.write("Cancel", func() error { m.cancel(a); return nil })
}

// Appointment implements enrolment.Store.
func (m *Memory) Appointment(_ context.Context, a person.ApplicationID) (enrolment.Appointment, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range m.appointments {
		if x.Application == a {
			return x, nil
		}
	}
	return enrolment.Appointment{}, enrolment.ErrNone
}

// Appointments implements enrolment.Store.
func (m *Memory) Appointments(_ context.Context, o enrolment.OfficeID, from, until time.Time) (list []enrolment.Appointment, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range m.appointments {
		if x.Office == o && !x.At.Before(from) && x.At.Before(until) {
			list = append(list, x)
		}
	}
	slices.SortFunc(list, func(a, b enrolment.Appointment) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return bytes.Compare([]byte(a.Application), []byte(b.Application))
	})
	return list, nil
}

// KeepProfile implements enrolment.Store.
func (m *Memory) KeepProfile(_ context.Context, p enrolment.Profile) error {
	return m.write("KeepProfile", func() error {
		if !slices.ContainsFunc(m.profiles, func(x enrolment.Profile) bool { return x.Account == p.Account }) {
			p.At, p.Details = micro(p.At), slices.Clone(p.Details)
			m.profiles = append(m.profiles, p)
		}
		return nil
	})
}

// Profile implements enrolment.Store.
func (m *Memory) Profile(_ context.Context, a rem.AccountID) (enrolment.Profile, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range m.profiles {
		if x.Account == a {
			return x, nil
		}
	}
	return enrolment.Profile{}, enrolment.ErrNone
}

// ProfilesOf implements enrolment.Store.
func (m *Memory) ProfilesOf(_ context.Context, p rem.PersonID, limit int) (list []enrolment.Profile, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range m.profiles {
		if (x.Holder == p || x.Shower == p) && len(list) < limit {
			list = append(list, x)
		}
	}
	return list, nil
}

// Papers is an enrolment.Papers in memory.
type Papers struct {
	Fail Fail

	mu    sync.Mutex
	files map[string][][]byte // guarded by mu
}

func paperName(a person.ApplicationID, d rem.Digest) string { return string(a) + "/" + d.String() }

// Put implements enrolment.Papers.
func (p *Papers) Put(_ context.Context, a person.ApplicationID, d rem.Digest, sealed [][]byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.Fail.Do("Papers.Put", func() error {
		if p.files == nil {
			p.files = map[string][][]byte{}
		}
		if p.files[paperName(a, d)] == nil {
			p.files[paperName(a, d)] = slices.Clone(sealed)
		}
		return nil
	})
}

// Get implements enrolment.Papers.
func (p *Papers) Get(_ context.Context, a person.ApplicationID, d rem.Digest) ([][]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f := p.files[paperName(a, d)]; f != nil {
		return slices.Clone(f), nil
	}
	return nil, enrolment.ErrNoPaper
}
