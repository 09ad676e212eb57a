package ledgertest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"rem"
	"rem/message"
	"rem/person/account"
)

// A Memory is a ledger and accounts in memory. It implements message.Ledger
// and account.Store.
type Memory struct {
	// Fail, when not nil, is asked before a method that writes does its work
	// (done false) and after it (done true); an error takes the place of the
	// result. The name is the method's.
	Fail func(method string, done bool) error

	mu         sync.Mutex
	contents   map[message.Ref]message.Content // guarded by mu, as all below
	intentions []message.Kept                  // oldest first
	messages   []*entry                        // in the order in which they became ours
	byID       map[rem.MessageID]*entry
	prints     map[rem.Digest][]print
	tasks      map[taskKey]*message.Task
	mailboxes  map[rem.AccountID]*mailbox
	accounts   map[rem.AccountID]account.Account
	addresses  map[rem.Address]rem.AccountID // the newest account of each
	passwords  map[rem.AccountID]map[rem.PersonID]string
	notes      []string
	wake       map[message.Stage]chan struct{}
}

type entry struct {
	view     message.View
	envelope message.Envelope
	places   map[int]place // of the recipients' copies
}

type place struct {
	account rem.AccountID
	uid     int64
}

type print struct {
	day int64
	id  rem.MessageID
}

type taskKey struct {
	stage  message.Stage
	id     rem.MessageID
	target string
}

type mailbox struct {
	entries []message.Entry
	bytes   int64
}

var (
	_ message.Ledger = (*Memory)(nil)
	_ account.Store  = (*Memory)(nil)
)

// NewMemory returns an empty ledger.
func NewMemory() *Memory {
	return &Memory{
		contents: map[message.Ref]message.Content{}, byID: map[rem.MessageID]*entry{}, prints: map[rem.Digest][]print{},
		tasks: map[taskKey]*message.Task{}, mailboxes: map[rem.AccountID]*mailbox{}, accounts: map[rem.AccountID]account.Account{}, addresses: map[rem.Address]rem.AccountID{},
		passwords: map[rem.AccountID]map[rem.PersonID]string{}, wake: map[message.Stage]chan struct{}{},
	}
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

func (m *Memory) Intend(_ context.Context, in message.Intention) (message.Kept, error) {
	var b []byte
	if in.Content != nil {
		b = make([]byte, in.Content.Size())
		if n, err := in.Content.ReadAt(b, 0); n < len(b) {
			return message.Kept{}, fmt.Errorf("reading the content: %w", err)
		}
	}
	var kept message.Kept
	err := m.write("Intend", func() error {
		for _, k := range m.intentions {
			if k.Key == in.Key {
				kept = k
				return nil
			}
		}
		kept = message.Kept{Key: in.Key, Stage: in.Stage, At: micro(in.At), Body: bytes.Clone(in.Body)}
		if in.Content != nil {
			kept.Content = m.keep(b)
		}
		m.intentions = append(m.intentions, kept)
		return nil
	})
	if err != nil {
		return message.Kept{}, err
	}
	return kept, nil
}

// keep stores bytes; the caller holds mu.
func (m *Memory) keep(b []byte) message.Ref {
	ref := message.Ref(fmt.Sprintf("m%d", len(m.contents)+1))
	m.contents[ref] = message.InMemory(bytes.Clone(b))
	return ref
}

func (m *Memory) Abandon(_ context.Context, key string) error {
	return m.write("Abandon", func() error { m.resolve(key); return nil })
}

func (m *Memory) resolve(key string) {
	m.intentions = slices.DeleteFunc(m.intentions, func(k message.Kept) bool { return k.Key == key })
}

func (m *Memory) Unfinished(_ context.Context, stage message.Stage) ([]message.Kept, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []message.Kept
	for _, k := range m.intentions {
		if k.Stage == stage {
			list = append(list, k)
		}
	}
	return list, nil
}

func (m *Memory) Commit(_ context.Context, s message.Step) error {
	return m.write("Commit", func() error {
		for _, k := range m.intentions {
			if k.Key == s.Resolves && s.New != nil && s.New.Original != "" && k.Content != s.New.Original {
				return message.ErrReplaced
			}
		}
		return m.apply(&s)
	})
}

func (m *Memory) Hint(_ context.Context, s message.Step) error {
	return m.write("Hint", func() error { return m.apply(&s) })
}

// apply does a step; the caller holds mu.
func (m *Memory) apply(s *message.Step) error {
	e, same, err := m.settle(s)
	if err != nil {
		return err
	}
	if same {
		m.resolve(s.Resolves)
		return nil
	}
	for _, f := range s.Filed {
		m.file(e, f)
	}
	if s.Envelope != nil && !e.view.Envelope {
		e.view.Envelope = true
		e.envelope = message.Envelope{Head: bytes.Clone(s.Envelope.Head), Tail: bytes.Clone(s.Envelope.Tail)}
	}
	for _, a := range s.Arrivals {
		m.arrive(e, a)
	}
	if p, ok := placeOf(e, s.Opens); ok {
		box := m.mailboxes[p.account]
		i := slices.IndexFunc(box.entries, func(x message.Entry) bool { return x.UID == p.uid })
		if box.entries[i].Opened.IsZero() {
			box.entries[i].Opened, box.entries[i].OpenedBy = micro(s.At), s.Actor.Person
		}
	}
	m.schedule(s)
	if s.Note != "" {
		m.notes = append(m.notes, s.Note)
	}
	m.resolve(s.Resolves)
	return nil
}

func placeOf(e *entry, n int) (place, bool) {
	if e == nil || n == 0 {
		return place{}, false
	}
	p, ok := e.places[n]
	return p, ok
}

// settle finds or makes the message and moves its standings; same is true when
// the step was applied before.
func (m *Memory) settle(s *message.Step) (e *entry, same bool, err error) {
	if s.New != nil {
		return m.begin(s)
	}
	e = m.byID[s.Message]
	if e == nil {
		if len(s.Changes)+len(s.Filed)+len(s.Arrivals)+s.Opens > 0 || s.Envelope != nil {
			return nil, false, message.ErrNotFound
		}
		return nil, false, nil
	}
	after := slices.Clone(e.view.Standings)
	for _, c := range s.Changes {
		i := c.Recipient - 1
		if i < 0 || i >= len(after) || after[i].State != c.From {
			return e, m.same(e, s), m.moved(e, s)
		}
		after[i] = message.Standing{Recipient: c.Recipient, State: c.To, Since: micro(s.At), Due: micro(c.Due)}
	}
	e.view.Standings = after
	return e, false, nil
}

func (m *Memory) begin(s *message.Step) (*entry, bool, error) {
	record := *s.New
	record.Submitted = micro(record.Submitted)
	record.SenderAuthentication.Time = micro(record.SenderAuthentication.Time)
	record.Recipients = slices.Clone(record.Recipients)
	today := s.At.Unix() / 86400
	if !s.Fingerprint.IsZero() {
		for _, p := range m.prints[s.Fingerprint] {
			if p.id != record.ID && p.day >= today-2 && p.day <= today {
				return nil, false, message.ErrMoved
			}
		}
	}
	standings := make([]message.Standing, len(record.Recipients))
	for i := range standings {
		standings[i] = message.Standing{Recipient: i + 1, Since: micro(s.At)}
	}
	for _, c := range s.Changes {
		i := c.Recipient - 1
		if i < 0 || i >= len(standings) || c.From != message.None || standings[i].State != message.None {
			return nil, false, message.ErrMoved
		}
		standings[i].State, standings[i].Due = c.To, micro(c.Due)
	}
	if e := m.byID[record.ID]; e != nil {
		if !equal(e.view.Record, record) {
			return nil, false, message.ErrMoved
		}
		return e, m.same(e, s), m.moved(e, s)
	}
	e := &entry{view: message.View{Record: record, Standings: standings}, places: map[int]place{}}
	m.messages = append(m.messages, e)
	m.byID[record.ID] = e
	if !s.Fingerprint.IsZero() {
		m.prints[s.Fingerprint] = append(m.prints[s.Fingerprint], print{today, record.ID})
	}
	return e, false, nil
}

// equal compares records by what they print: addresses hide their fields.
func equal(a, b message.Record) bool { return fmt.Sprintf("%+v", a) == fmt.Sprintf("%+v", b) }

// same reports whether a step that cannot be applied was applied before.
func (m *Memory) same(e *entry, s *message.Step) bool {
	if s.New == nil {
		last := map[int]message.Change{}
		for _, c := range s.Changes {
			last[c.Recipient] = c
		}
		for n, c := range last {
			if now := e.view.Standing(n); now.State != c.To || !now.Since.Equal(micro(s.At)) {
				return false
			}
		}
	}
	for _, f := range s.Filed {
		i := slices.IndexFunc(e.view.Filed, func(x message.Filed) bool { return sameKey(x, f) })
		if i < 0 || e.view.Filed[i].Outcome != f.Outcome {
			return false
		}
	}
	return true
}

func (m *Memory) moved(e *entry, s *message.Step) error {
	if m.same(e, s) {
		return nil
	}
	return message.ErrMoved
}

func sameKey(a, b message.Filed) bool {
	return a.Kind == b.Kind && a.Recipient == b.Recipient && a.Issuer == b.Issuer && a.Conflict == b.Conflict
}

func (m *Memory) file(e *entry, f message.Filed) {
	if slices.ContainsFunc(e.view.Filed, func(x message.Filed) bool { return sameKey(x, f) }) {
		return
	}
	if f.Digest.IsZero() {
		f.Digest = rem.DigestOf(f.XML)
	}
	f.Ref, f.XML = m.keep(f.XML), nil
	f.Time, f.Reasons = micro(f.Time), slices.Clone(f.Reasons)
	e.view.Filed = append(e.view.Filed, f)
}

func (m *Memory) arrive(e *entry, a message.Arrival) {
	if _, there := e.places[a.Recipient]; there || e.view.Record.Recipient(a.Recipient) == nil {
		return
	}
	box := m.mailboxes[a.Account]
	if box == nil {
		box = &mailbox{}
		m.mailboxes[a.Account] = box
	}
	uid := int64(len(box.entries) + 1)
	box.entries = append(box.entries, message.Entry{UID: uid, Message: e.view.Record.ID, Recipient: a.Recipient, Arrived: micro(a.Time), Size: a.Size})
	box.bytes += a.Size
	e.places[a.Recipient] = place{a.Account, uid}
}

func (m *Memory) schedule(s *message.Step) {
	for _, t := range s.Done {
		delete(m.tasks, keyOf(t))
	}
	for _, t := range s.Queue {
		t.Due = micro(t.Due)
		if old := m.tasks[keyOf(t)]; old != nil {
			if t.Due.Before(old.Due) {
				old.Due = t.Due
			}
		} else {
			m.tasks[keyOf(t)] = &t
		}
		m.ring(t.Stage)
	}
	for _, t := range s.Again {
		t.Due = micro(t.Due)
		if old := m.tasks[keyOf(t)]; old != nil {
			old.Due = t.Due
			old.Attempts++
		} else {
			t.Attempts++
			m.tasks[keyOf(t)] = &t
		}
		m.ring(t.Stage)
	}
}

func keyOf(t message.Task) taskKey { return taskKey{t.Stage, t.Message, t.Target} }

func (m *Memory) ring(stage message.Stage) {
	select {
	case m.bell(stage) <- struct{}{}:
	default:
	}
}

// bell makes the channel of a stage; the caller holds mu.
func (m *Memory) bell(stage message.Stage) chan struct{} {
	if m.wake[stage] == nil {
		m.wake[stage] = make(chan struct{}, 1)
	}
	return m.wake[stage]
}

func (m *Memory) Wake(stage message.Stage) <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bell(stage)
}

// micro is what a ledger keeps of a time.
func micro(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}
