package sqlstore

import (
	"context"
	"fmt"
	"sync"
	"time"

	"rem"
	"rem/edge/blobstore"
)

// live is the state of the ledger ahead of the index: every record that is
// applied is applied here, and the index gets what has become of it a moment
// later, once for many steps. The applier alone changes it.
type live struct {
	mu sync.Mutex // guards all that follows

	changes              // that the index does not have, nor is about to get
	flushing     changes // that the flusher writes
	sieve        sieve
	newest       newest
	boxes        map[rem.AccountID]mailbox // those that were asked for, and all that changed
	queues       [stages]queue
	seq          int64              // the last number that a message got
	filed        int64              // evidences filed so far, in all
	applied      blobstore.Position // behind the last record that is applied
	appliedCount uint64             // records applied so far
}

// changes are what the index has to be told.
type changes struct {
	records   uint64 // how many records brought them about
	changed   map[rem.MessageID]change
	prints    map[rem.Digest][]print
	mailboxes map[rem.AccountID]mailbox
	// entries are the messages with a copy in a mailbox that arrived or was opened.
	entries  map[rem.AccountID][]rem.MessageID
	notes    []note
	kept     []*intention        // to be put into the index
	dropped  map[string]struct{} // intentions to be taken out of it
	accounts []*request          // acts on accounts, which wait for the index
	refused  []refused
}

// A change of a message: what the index has, or nil, and what it is to get.
type change struct{ before, after *view }

// A print is the fingerprint of a submission.
type print struct {
	day int64
	id  rem.MessageID
}

// A mailbox is the counters of one.
type mailbox struct{ uid, messages, bytes int64 }

type note struct {
	message rem.MessageID
	at      time.Time
	text    string
}

// refused is a record that the index refuses, for an alarm.
type refused struct {
	id  rem.MessageID
	err error
}

func (l *live) init() {
	l.changes.init()
	l.boxes = make(map[rem.AccountID]mailbox)
}

func (c *changes) init() {
	*c = changes{
		changed: make(map[rem.MessageID]change), prints: make(map[rem.Digest][]print),
		mailboxes: make(map[rem.AccountID]mailbox), entries: make(map[rem.AccountID][]rem.MessageID), dropped: make(map[string]struct{}),
	}
}

// ahead returns a message that the index does not have as it is. The caller
// holds mu.
func (l *live) ahead(id rem.MessageID) (*view, bool) {
	if c, ok := l.changed[id]; ok {
		return c.after, true
	}
	c, ok := l.flushing.changed[id]
	return c.after, ok
}

// view returns a message from memory; ok is false when only the index can tell.
func (s *Store) view(id rem.MessageID) (v *view, ok bool) {
	l := &s.live
	l.mu.Lock()
	v, ok = l.ahead(id)
	l.mu.Unlock()
	if ok {
		return v, true
	}
	v = s.views.get(id)
	return v, v != nil
}

// read returns a message as it is, or nil.
func (s *Store) read(ctx context.Context, id rem.MessageID) (*view, error) {
	if v, ok := s.view(id); ok {
		return v, nil
	}
	isNew, err := s.isNew(ctx, id)
	var v *view
	if err == nil && !isNew {
		v, err = s.readers.view(ctx, id)
	}
	if err != nil {
		return nil, fmt.Errorf("reading message %s: %w", id, err)
	}
	if v == nil {
		// It may have become ours while the index was asked.
		v, _ = s.view(id)
	}
	return v, nil
}

// look returns what the applier needs to know of a message; nil for one that the
// ledger knows nothing of. It is for the applier alone.
func (s *Store) look(ctx context.Context, id rem.MessageID) (*view, error) {
	if v, ok := s.view(id); ok {
		return v, nil
	}
	if isNew, err := s.isNew(ctx, id); err != nil || isNew {
		return nil, err
	}
	v, err := s.readers.view(ctx, id)
	if v != nil {
		s.views.put(id, v)
	}
	return v, err
}

// set puts what became of a message into the state. The caller holds mu.
func (s *Store) set(id rem.MessageID, before, after *view) {
	l := &s.live
	if c, ok := l.changed[id]; ok {
		before = c.before
	}
	l.changed[id] = change{before, after}
	l.newest.add(id)
	s.views.drop(id)
}

// submitted finds a submission by its fingerprint in the days, the latest first.
func (s *Store) submitted(ctx context.Context, fingerprint rem.Digest, days [3]int64) (id rem.MessageID, ok bool, err error) {
	l := &s.live
	latest := int64(-1)
	l.mu.Lock()
	for _, c := range []*changes{&l.changes, &l.flushing} {
		for _, p := range c.prints[fingerprint] {
			if p.day > latest && (p.day == days[0] || p.day == days[1] || p.day == days[2]) {
				id, latest = p.id, p.day
			}
		}
	}
	ask := false
	for _, d := range days {
		ask = ask || l.sieve.maybe(d, &fingerprint)
	}
	l.mu.Unlock()
	if !ask {
		return id, latest >= 0, nil
	}
	var there rem.MessageID
	var day int64
	found, err := s.readers.row(ctx, "submitted", []any{days[0], days[1], days[2], fingerprint[:]}, &there, &day)
	if err == nil && found && day > latest {
		return there, true, nil
	}
	return id, latest >= 0, err
}

// mailbox returns the counters of a mailbox.
func (s *Store) mailbox(ctx context.Context, id rem.AccountID) (mailbox, error) {
	l := &s.live
	l.mu.Lock()
	m, ok := l.boxes[id]
	l.mu.Unlock()
	if ok {
		return m, nil
	}
	_, err := s.readers.row(ctx, "counters", []any{string(id)}, &m.uid, &m.messages, &m.bytes)
	return m, err
}

// maxMailboxes bounds the counters that are kept in memory.
const maxMailboxes = 8192

// setMailbox changes counters. The caller holds mu.
func (l *live) setMailbox(id rem.AccountID, m mailbox) {
	if len(l.boxes) >= maxMailboxes {
		clear(l.boxes)
		for _, c := range []*changes{&l.flushing, &l.changes} {
			for id, m := range c.mailboxes {
				l.boxes[id] = m
			}
		}
	}
	l.boxes[id] = m
	l.mailboxes[id] = m
}
