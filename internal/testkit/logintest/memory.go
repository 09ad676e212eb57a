package logintest

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"rem"
	"rem/person/login"
	"rem/privacy"
)

var _ login.Store = (*Memory)(nil)

// Memory is a store in memory. Broken, when set, is called before each step by its
// name; an error takes the step's place.
type Memory struct {
	Broken func(step string) error

	mu       sync.Mutex
	persons  map[login.Who]login.Person
	names    map[kindToken]login.Name
	passkeys map[string]login.Passkey
	sessions map[login.ID]login.Session
	attempts map[login.ID]login.Attempt
	devices  map[deviceKey]login.Device
	grants   map[login.ID]login.Grant
	failures map[login.ID]login.Failure
	spent    map[login.ID]time.Time
	events   []login.Event
	notices  []login.Notice
}

type kindToken struct {
	kind  login.Kind
	token privacy.IndexToken
}

type deviceKey struct {
	who login.Who
	id  login.ID
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{
		persons: map[login.Who]login.Person{}, names: map[kindToken]login.Name{}, passkeys: map[string]login.Passkey{}, sessions: map[login.ID]login.Session{},
		attempts: map[login.ID]login.Attempt{}, devices: map[deviceKey]login.Device{}, grants: map[login.ID]login.Grant{}, failures: map[login.ID]login.Failure{}, spent: map[login.ID]time.Time{},
	}
}

// Clone returns a copy, which goes its own way.
func (m *Memory) Clone() *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &Memory{
		persons: maps.Clone(m.persons), names: maps.Clone(m.names), passkeys: maps.Clone(m.passkeys), sessions: maps.Clone(m.sessions),
		attempts: maps.Clone(m.attempts), devices: maps.Clone(m.devices), grants: maps.Clone(m.grants), failures: maps.Clone(m.failures), spent: maps.Clone(m.spent),
		events: slices.Clone(m.events), notices: slices.Clone(m.notices),
	}
}

func (m *Memory) lock(step string) (func(), error) {
	if m.Broken != nil {
		if err := m.Broken(step); err != nil {
			return nil, err
		}
	}
	m.mu.Lock()
	return m.mu.Unlock, nil
}

func find[K comparable, V any](m *Memory, in map[K]V, key K) (V, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := in[key]
	if !ok {
		return v, login.ErrNone
	}
	return v, nil
}

func list[K comparable, V any](m *Memory, in map[K]V, keep func(V) bool, by func(a, b V) int) []V {
	m.mu.Lock()
	defer m.mu.Unlock()
	return listed(in, keep, by)
}

func listed[K comparable, V any](in map[K]V, keep func(V) bool, by func(a, b V) int) (out []V) {
	for _, v := range in {
		if keep(v) {
			out = append(out, v)
		}
	}
	slices.SortFunc(out, by)
	return out
}

// Person implements login.Store.
func (m *Memory) Person(_ context.Context, who login.Who) (login.Person, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.persons[who], nil
}

// Named implements login.Store.
func (m *Memory) Named(_ context.Context, kind login.Kind, name privacy.IndexToken) (login.Name, error) {
	return find(m, m.names, kindToken{kind, name})
}

// Signatory implements login.Store.
func (m *Memory) Signatory(_ context.Context, kind login.Kind, number privacy.IndexToken) (login.Who, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for who, p := range m.persons {
		if who.Kind == kind && p.Signatory == number && number != (privacy.IndexToken{}) {
			return who, nil
		}
	}
	return login.Who{}, login.ErrNone
}

// Accounts implements login.Store.
func (m *Memory) Accounts(_ context.Context, who login.Who) ([]rem.AccountID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var ids []rem.AccountID
	for _, n := range m.names {
		if n.Who == who && n.Account != "" {
			ids = append(ids, n.Account)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// Passkey implements login.Store.
func (m *Memory) Passkey(_ context.Context, credential []byte) (login.Passkey, error) {
	return find(m, m.passkeys, string(credential))
}

// Passkeys implements login.Store.
func (m *Memory) Passkeys(_ context.Context, who login.Who) ([]login.Passkey, error) {
	return list(m, m.passkeys, func(k login.Passkey) bool { return k.Who == who }, func(a, b login.Passkey) int {
		return cmp.Or(a.Made.Compare(b.Made), bytes.Compare(a.Credential, b.Credential))
	}), nil
}

// Session implements login.Store.
func (m *Memory) Session(_ context.Context, id login.ID) (login.Session, error) {
	return find(m, m.sessions, id)
}

func newestSession(a, b login.Session) int {
	return cmp.Or(b.Created.Compare(a.Created), bytes.Compare(b.ID[:], a.ID[:]))
}

// Sessions implements login.Store.
func (m *Memory) Sessions(_ context.Context, who login.Who) ([]login.Session, error) {
	return list(m, m.sessions, func(s login.Session) bool { return s.Who == who }, newestSession), nil
}

// Attempt implements login.Store.
func (m *Memory) Attempt(_ context.Context, id login.ID) (login.Attempt, error) {
	return find(m, m.attempts, id)
}

// Device implements login.Store.
func (m *Memory) Device(_ context.Context, who login.Who, id login.ID) (login.Device, error) {
	return find(m, m.devices, deviceKey{who, id})
}

func lastDevice(a, b login.Device) int {
	return cmp.Or(b.Last.Compare(a.Last), bytes.Compare(b.ID[:], a.ID[:]))
}

// Devices implements login.Store.
func (m *Memory) Devices(_ context.Context, who login.Who) ([]login.Device, error) {
	return list(m, m.devices, func(d login.Device) bool { return d.Who == who }, lastDevice), nil
}

// Events implements login.Store.
func (m *Memory) Events(_ context.Context, who login.Who, before login.EventID, limit int) ([]login.Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := slices.DeleteFunc(slices.Clone(m.events), func(e login.Event) bool {
		return e.Who != who || before != (login.EventID{}) && bytes.Compare(e.ID[:], before[:]) >= 0
	})
	slices.SortFunc(out, func(a, b login.Event) int { return bytes.Compare(b.ID[:], a.ID[:]) })
	return out[:min(limit, len(out))], nil
}

// Granted implements login.Store.
func (m *Memory) Granted(_ context.Context, id login.ID) (login.Grant, error) {
	return find(m, m.grants, id)
}

// Failure implements login.Store.
func (m *Memory) Failure(_ context.Context, key login.ID) (login.Failure, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.failures[key]
	f.Key = key
	return f, nil
}

// Spent implements login.Store.
func (m *Memory) Spent(_ context.Context, id login.ID) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, was := m.spent[id]
	return was, nil
}

// Notices implements login.Store.
func (m *Memory) Notices(_ context.Context, limit int) ([]login.Notice, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := slices.Clone(m.notices)
	slices.SortFunc(out, func(a, b login.Notice) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return out[:min(limit, len(out))], nil
}

// name checks and gives names; m.mu is held. It changes nothing when it fails.
func (m *Memory) name(n login.Naming) error {
	for _, t := range n.Names {
		if have, ok := m.names[kindToken{n.Who.Kind, t}]; ok && (have.Who != n.Who || have.Account != n.Account) {
			return login.ErrTaken
		}
	}
	if n.Signatory != (privacy.IndexToken{}) {
		for who, p := range m.persons {
			if who.Kind == n.Who.Kind && who != n.Who && p.Signatory == n.Signatory {
				return login.ErrTaken
			}
		}
	}
	for _, t := range n.Names {
		m.names[kindToken{n.Who.Kind, t}] = login.Name{Who: n.Who, Account: n.Account}
	}
	p := m.persons[n.Who]
	p.Who = n.Who
	if n.Signatory != (privacy.IndexToken{}) {
		p.Signatory = n.Signatory
	}
	m.persons[n.Who] = p
	return nil
}

// Grant implements login.Store.
func (m *Memory) Grant(_ context.Context, g login.Grant, n login.Naming) error {
	done, err := m.lock("grant")
	if err != nil {
		return err
	}
	defer done()
	if err := m.name(n); err != nil {
		return err
	}
	maps.DeleteFunc(m.grants, func(_ login.ID, h login.Grant) bool { return h.Who == g.Who })
	m.grants[g.ID] = g
	return nil
}

// Name implements login.Store.
func (m *Memory) Name(_ context.Context, n login.Naming) error {
	done, err := m.lock("name")
	if err != nil {
		return err
	}
	defer done()
	return m.name(n)
}

// Leave implements login.Store.
func (m *Memory) Leave(_ context.Context, who login.Who, account rem.AccountID) error {
	done, err := m.lock("leave")
	if err != nil {
		return err
	}
	defer done()
	maps.DeleteFunc(m.names, func(_ kindToken, n login.Name) bool { return n.Who == who && n.Account == account })
	maps.DeleteFunc(m.sessions, func(_ login.ID, s login.Session) bool { return s.Who == who && s.Account == account })
	m.voids(who, false)
	return nil
}

// voids begins a new epoch: what was begun is over, and sessions when ends.
func (m *Memory) voids(who login.Who, ends bool) {
	p, ok := m.persons[who]
	if ok {
		p.Epoch++
		m.persons[who] = p
	}
	maps.DeleteFunc(m.attempts, func(_ login.ID, a login.Attempt) bool { return a.Who == who })
	if ends {
		maps.DeleteFunc(m.sessions, func(_ login.ID, s login.Session) bool { return s.Who == who })
	}
}

// Pend implements login.Store.
func (m *Memory) Pend(_ context.Context, a login.Attempt, clears []login.ID) error {
	done, err := m.lock("pend")
	if err != nil {
		return err
	}
	defer done()
	if m.persons[a.Who].Epoch != a.Epoch || m.persons[a.Who].Locked {
		return login.ErrStale
	}
	if _, ok := m.attempts[a.ID]; ok {
		return nil
	}
	his := listed(m.attempts, func(b login.Attempt) bool { return b.Who == a.Who }, func(a, b login.Attempt) int {
		return cmp.Or(b.Made.Compare(a.Made), bytes.Compare(b.ID[:], a.ID[:]))
	})
	for i, b := range his {
		if i >= login.MaxAttempts-1 {
			delete(m.attempts, b.ID)
		}
	}
	m.attempts[a.ID] = a
	m.clear(clears)
	return nil
}

func (m *Memory) clear(keys []login.ID) {
	for _, k := range keys {
		delete(m.failures, k)
	}
}

// Sending implements login.Store.
func (m *Memory) Sending(_ context.Context, attempt login.ID, code []byte, at time.Time, maxSends int) error {
	done, err := m.lock("sending")
	if err != nil {
		return err
	}
	defer done()
	a, ok := m.attempts[attempt]
	if !ok || a.Sends >= maxSends {
		return login.ErrStale
	}
	a.Code, a.Sent, a.Sends = code, at, a.Sends+1
	m.attempts[attempt] = a
	return nil
}

// Fail implements login.Store.
func (m *Memory) Fail(_ context.Context, f login.Failing) error {
	done, err := m.lock("fail")
	if err != nil {
		return err
	}
	defer done()
	have := m.failures[f.Key]
	if !f.Held {
		if f.At.Sub(have.Last) >= f.Window {
			have.Count = 0
		}
		have = login.Failure{Key: f.Key, Count: have.Count + 1, Last: f.At}
		m.failures[f.Key] = have
	}
	if a, ok := m.attempts[f.Attempt]; ok {
		if a.Tries++; a.Tries >= login.MaxTries {
			delete(m.attempts, f.Attempt)
		} else {
			m.attempts[f.Attempt] = a
		}
	}
	m.write(f.Events, f.Notices)
	return nil
}

func (m *Memory) write(events []login.Event, notices []login.Notice) {
	for _, e := range events {
		if slices.ContainsFunc(m.events, func(have login.Event) bool { return have.ID == e.ID && have.Who == e.Who }) {
			continue
		}
		m.events = append(m.events, e)
		his := slices.DeleteFunc(slices.Clone(m.events), func(o login.Event) bool { return o.Who != e.Who })
		if len(his) > login.MaxEvents {
			oldest := slices.MinFunc(his, func(a, b login.Event) int { return bytes.Compare(a.ID[:], b.ID[:]) })
			m.events = slices.DeleteFunc(m.events, func(o login.Event) bool { return o.ID == oldest.ID && o.Who == e.Who })
		}
	}
	for _, n := range notices {
		his := 0
		for _, o := range m.notices {
			if o.Who == n.Who {
				his++
			}
		}
		if his >= login.MaxNotices || slices.ContainsFunc(m.notices, func(o login.Notice) bool { return o.ID == n.ID }) {
			continue
		}
		m.notices = append(m.notices, n)
	}
}

// Open implements login.Store.
func (m *Memory) Open(_ context.Context, o login.Opening) error {
	done, err := m.lock("open")
	if err != nil {
		return err
	}
	defer done()
	s := o.Session
	if _, ok := m.sessions[s.ID]; ok {
		return nil
	}
	p := m.persons[s.Who]
	grant, granted := m.grants[o.Grant]
	_, waits := m.attempts[o.Attempt]
	replaced, there := m.sessions[o.Replaces]
	key, has := m.passkeys[string(o.Use.Credential)]
	_, was := m.spent[o.Spent.ID]
	switch {
	case p.Epoch != o.Epoch || p.Locked,
		!o.Grant.IsZero() && (!granted || grant.Who != s.Who || !s.Proved.Before(grant.Until)),
		!o.Attempt.IsZero() && (!waits || m.attempts[o.Attempt].Who != s.Who),
		!o.Replaces.IsZero() && (!there || replaced.Who != s.Who),
		!o.Spent.ID.IsZero() && was,
		len(o.Use.Credential) > 0 && (!has || key.Who != s.Who || key.Counter != o.Use.Before),
		o.Step != 0 && o.StepBefore != p.Step:
		return login.ErrStale
	}
	p.Who = s.Who
	if o.Step != 0 {
		p.Step = o.Step
	}
	m.persons[s.Who] = p
	delete(m.grants, o.Grant)
	delete(m.attempts, o.Attempt)
	delete(m.sessions, o.Replaces)
	m.spend(o.Spent)
	if has {
		key.Counter, key.Backed, key.Used = o.Use.Counter, o.Use.Backed, s.Proved
		m.passkeys[string(o.Use.Credential)] = key
	}
	his := listed(m.sessions, func(x login.Session) bool { return x.Who == s.Who }, newestSession)
	for i, x := range his {
		if i >= login.MaxSessions-1 {
			delete(m.sessions, x.ID)
		}
	}
	m.sessions[s.ID] = s
	if !o.Device.ID.IsZero() {
		k := deviceKey{s.Who, o.Device.ID}
		d, ok := m.devices[k]
		if !ok {
			d = o.Device
		}
		d.Last = o.Device.Last
		m.devices[k] = d
		for i, x := range listed(m.devices, func(x login.Device) bool { return x.Who == s.Who }, lastDevice) {
			if i >= login.MaxDevices {
				delete(m.devices, deviceKey{s.Who, x.ID})
			}
		}
	}
	m.clear(o.Clears)
	m.write(o.Events, o.Notices)
	return nil
}

func (m *Memory) spend(s login.Spent) {
	if !s.ID.IsZero() {
		m.spent[s.ID] = s.Until
	}
}

// Change implements login.Store.
func (m *Memory) Change(_ context.Context, c login.Change) error {
	done, err := m.lock("change")
	if err != nil {
		return err
	}
	defer done()
	who := c.Person.Who
	if _, ok := m.sessions[c.Session.ID]; ok && !c.Session.ID.IsZero() {
		return nil
	}
	p := m.persons[who]
	by, ok := m.sessions[c.By]
	_, was := m.spent[c.Spent.ID]
	a, waits := m.attempts[c.Attempt]
	switch {
	case p.Epoch != c.Person.Epoch || p.Locked || !ok || by.Who != who, !c.Spent.ID.IsZero() && was, !c.Attempt.IsZero() && (!waits || a.Who != who):
		return login.ErrStale
	}
	if len(c.Adds.Credential) > 0 {
		if _, ok := m.passkeys[string(c.Adds.Credential)]; ok {
			return login.ErrTaken
		}
		m.passkeys[string(c.Adds.Credential)] = c.Adds
	}
	if k, ok := m.passkeys[string(c.Removes)]; ok && k.Who == who {
		delete(m.passkeys, string(c.Removes))
	}
	p.Hash, p.TOTP, p.Proposed, p.Step, p.SMS = c.Person.Hash, c.Person.TOTP, c.Person.Proposed, c.Person.Step, c.Person.SMS
	p.Passkeys = len(listed(m.passkeys, func(k login.Passkey) bool { return k.Who == who }, func(a, b login.Passkey) int { return 0 }))
	m.persons[who] = p
	m.spend(c.Spent)
	m.voids(who, !c.Session.ID.IsZero())
	maps.DeleteFunc(m.grants, func(_ login.ID, g login.Grant) bool { return g.Who == who })
	if !c.Session.ID.IsZero() {
		m.sessions[c.Session.ID] = c.Session
	}
	m.write(c.Events, c.Notices)
	return nil
}

// Touch implements login.Store.
func (m *Memory) Touch(_ context.Context, id login.ID, seen time.Time) error {
	done, err := m.lock("touch")
	if err != nil {
		return err
	}
	defer done()
	if s, ok := m.sessions[id]; ok {
		s.Seen = seen
		m.sessions[id] = s
	}
	return nil
}

// End implements login.Store.
func (m *Memory) End(_ context.Context, who login.Who, id login.ID) error {
	done, err := m.lock("end")
	if err != nil {
		return err
	}
	defer done()
	if m.sessions[id].Who == who {
		delete(m.sessions, id)
	}
	return nil
}

// EndAll implements login.Store.
func (m *Memory) EndAll(_ context.Context, person rem.PersonID) error {
	done, err := m.lock("end-all")
	if err != nil {
		return err
	}
	defer done()
	for who := range m.persons {
		if who.Person == person {
			m.voids(who, true)
		}
	}
	return nil
}

// Lock implements login.Store.
func (m *Memory) Lock(_ context.Context, who login.Who, locked bool, e login.Event, n login.Notice) error {
	done, err := m.lock("lock")
	if err != nil {
		return err
	}
	defer done()
	p := m.persons[who]
	p.Who = who
	p.Locked = locked
	m.persons[who] = p
	m.voids(who, true)
	m.write([]login.Event{e}, []login.Notice{n})
	return nil
}

// Reset implements login.Store.
func (m *Memory) Reset(_ context.Context, who login.Who, e login.Event, n login.Notice) error {
	done, err := m.lock("reset")
	if err != nil {
		return err
	}
	defer done()
	p := m.persons[who]
	m.persons[who] = login.Person{Who: who, Epoch: p.Epoch, Locked: p.Locked, Signatory: p.Signatory}
	m.voids(who, true)
	maps.DeleteFunc(m.passkeys, func(_ string, k login.Passkey) bool { return k.Who == who })
	maps.DeleteFunc(m.devices, func(k deviceKey, _ login.Device) bool { return k.who == who })
	maps.DeleteFunc(m.grants, func(_ login.ID, g login.Grant) bool { return g.Who == who })
	m.write([]login.Event{e}, []login.Notice{n})
	return nil
}

// Forget implements login.Store.
func (m *Memory) Forget(_ context.Context, who login.Who, id login.ID) error {
	done, err := m.lock("forget")
	if err != nil {
		return err
	}
	defer done()
	delete(m.devices, deviceKey{who, id})
	return nil
}

// Told implements login.Store.
func (m *Memory) Told(_ context.Context, id login.EventID) error {
	done, err := m.lock("told")
	if err != nil {
		return err
	}
	defer done()
	m.notices = slices.DeleteFunc(m.notices, func(n login.Notice) bool { return n.ID == id })
	return nil
}

// Sweep implements login.Store. The limit is of SQL's concern.
func (m *Memory) Sweep(_ context.Context, over login.Over, _ int) (int, error) {
	done, err := m.lock("sweep")
	if err != nil {
		return 0, err
	}
	defer done()
	size := func() int {
		return len(m.grants) + len(m.spent) + len(m.attempts) + len(m.sessions) + len(m.failures) + len(m.events) + len(m.devices)
	}
	before := size()
	maps.DeleteFunc(m.grants, func(_ login.ID, g login.Grant) bool { return g.Until.Before(over.Now) })
	maps.DeleteFunc(m.spent, func(_ login.ID, until time.Time) bool { return until.Before(over.Now) })
	maps.DeleteFunc(m.attempts, func(_ login.ID, a login.Attempt) bool { return a.Made.Before(over.Attempts) })
	maps.DeleteFunc(m.sessions, func(_ login.ID, s login.Session) bool { return s.Created.Before(over.Sessions) })
	maps.DeleteFunc(m.failures, func(_ login.ID, f login.Failure) bool { return f.Last.Before(over.Failures) })
	m.events = slices.DeleteFunc(m.events, func(e login.Event) bool { return e.At.Before(over.Events) })
	maps.DeleteFunc(m.devices, func(_ deviceKey, d login.Device) bool { return d.Last.Before(over.Devices) })
	return before - size(), nil
}
