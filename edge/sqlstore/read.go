package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"rem"
	"rem/edge/blobstore"
	"rem/message"
	"rem/person/account"
)

// Message returns a message, or ErrNotFound.
func (s *Store) Message(ctx context.Context, id rem.MessageID) (*message.View, error) {
	v, err := s.known(ctx, id)
	if err != nil {
		return nil, err
	}
	return v.message(), nil
}

// known returns a message that the ledger has, or ErrNotFound.
func (s *Store) known(ctx context.Context, id rem.MessageID) (*view, error) {
	v, err := s.read(ctx, id)
	if err != nil {
		return nil, err
	}
	if !v.known() {
		return nil, fmt.Errorf("reading message %s: %w", id, message.ErrNotFound)
	}
	return v, nil
}

// load reads the XML of evidences.
func (s *Store) load(list []message.Filed) error {
	for i := range list {
		ref, err := blobstore.ParseRef(string(list[i].Ref))
		var b []byte
		if err == nil {
			b, err = s.bytes(ref)
		}
		if err != nil {
			return fmt.Errorf("reading evidence %s: %w", list[i].ID, err)
		}
		list[i].XML = b
	}
	return nil
}

func (s *Store) bytes(ref blobstore.Ref) ([]byte, error) {
	if ref.IsZero() {
		return nil, nil
	}
	return s.contents.Bytes(ref)
}

// Evidence returns one evidence with its XML, or ErrNotFound. An identifier
// that was filed twice gives the first. Only the index finds it, so it may wait
// for that; who has the message finds it there sooner.
func (s *Store) Evidence(ctx context.Context, id rem.EvidenceID) (message.Filed, error) {
	list := make([]message.Filed, 1)
	f := &list[0]
	err := s.catchUp(ctx)
	if err == nil {
		var kind, outcome, at, noInformation, conflict int64
		var reasons string
		var digest []byte
		var ok bool
		ok, err = s.readers.row(ctx, "evidence", []any{string(id)}, &f.ID, &kind, &outcome, &f.Recipient, &f.Issuer, &at, &reasons, &noInformation, &conflict, &digest, &f.Ref)
		complete(f, kind, outcome, at, noInformation, conflict, reasons, digest)
		if err == nil && !ok {
			err = message.ErrNotFound
		}
	}
	if err == nil {
		err = s.load(list)
	}
	if err != nil {
		return message.Filed{}, fmt.Errorf("reading evidence %s: %w", id, err)
	}
	return *f, nil
}

// complete fills an evidence from its row.
func complete(f *message.Filed, kind, outcome, at, noInformation, conflict int64, reasons string, digest []byte) {
	f.Kind, f.Outcome, f.Time = message.Kind(kind), message.Outcome(outcome), fromMicros(at)
	f.NoInformation, f.Conflict = noInformation == 1, conflict == 1
	copy(f.Digest[:], digest)
	f.Reasons = splitReasons(reasons)
}

// EvidenceOf returns the evidences of a message with their XML, in the order
// in which they were filed, or ErrNotFound.
func (s *Store) EvidenceOf(ctx context.Context, id rem.MessageID) ([]message.Filed, error) {
	v, err := s.known(ctx, id)
	if err != nil {
		return nil, err
	}
	list := slices.Clone(v.filed)
	if err := s.load(list); err != nil {
		return nil, fmt.Errorf("reading the evidence of %s: %w", id, err)
	}
	return list, nil
}

// Envelope returns the kept dispatch, or ErrNotFound.
func (s *Store) Envelope(ctx context.Context, id rem.MessageID) (message.Envelope, error) {
	var e message.Envelope
	v, err := s.known(ctx, id)
	if err == nil && !v.envelope {
		err = message.ErrNotFound
	}
	if err == nil {
		e.Head, err = s.bytes(v.head)
	}
	if err == nil {
		e.Tail, err = s.bytes(v.tail)
	}
	if err != nil {
		return message.Envelope{}, fmt.Errorf("reading the envelope of %s: %w", id, err)
	}
	return e, nil
}

// Submitted finds a submission of the last two days by its fingerprint, or
// ErrNotFound.
func (s *Store) Submitted(ctx context.Context, fingerprint rem.Digest, now time.Time) (rem.MessageID, error) {
	id, ok, err := s.submitted(ctx, fingerprint, fingerprintDays(now))
	if err == nil && !ok {
		err = message.ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("looking for a submission: %w", err)
	}
	return id, nil
}

// Mailbox returns entries with a UID over after, in order of UID.
func (s *Store) Mailbox(ctx context.Context, id rem.AccountID, after int64, limit int) ([]message.Entry, error) {
	// What the index does not have is looked for first: what it gets meanwhile is
	// then found twice, and not missed.
	newer := s.newer(id, after)
	var list []message.Entry
	err := s.readers.rows(ctx, "mailbox", []any{string(id), after, limit}, func(rows *sql.Rows) error {
		var e message.Entry
		var arrived, opened int64
		err := rows.Scan(&e.UID, &e.Message, &e.Recipient, &arrived, &e.Size, &opened, &e.OpenedBy)
		e.Arrived, e.Opened = fromMicros(arrived), fromMicros(opened)
		if n, ok := newer[e.UID]; ok {
			if e.Opened.IsZero() {
				e.Opened, e.OpenedBy = n.Opened, n.OpenedBy
			}
			delete(newer, e.UID)
		}
		list = append(list, e)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading mailbox %s: %w", id, err)
	}
	for _, e := range newer {
		if !e.Arrived.IsZero() { // else it is an older one, behind the limit
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b message.Entry) int { return cmp.Compare(a.UID, b.UID) })
	return list[:min(len(list), limit)], nil
}

// newer returns the entries of a mailbox that the index does not have as they
// are. One that was only opened has no time of arrival.
func (s *Store) newer(id rem.AccountID, after int64) map[int64]message.Entry {
	l := &s.live
	m := make(map[int64]message.Entry)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range []*changes{&l.flushing, &l.changes} {
		for _, of := range c.entries[id] {
			for _, e := range c.changed[of].after.copies {
				if e.account == id && e.uid > after {
					m[e.uid] = message.Entry{UID: e.uid, Message: of, Recipient: e.recipient, Arrived: e.arrived, Size: e.size, Opened: e.opened, OpenedBy: e.by}
				}
			}
		}
	}
	return m
}

// Usage returns how full a mailbox is; one that nothing arrived in is empty.
func (s *Store) Usage(ctx context.Context, id rem.AccountID) (message.Usage, error) {
	m, err := s.mailbox(ctx, id)
	u := message.Usage{Messages: m.messages, Bytes: m.bytes}
	if err == nil {
		var a account.Account
		if a, err = s.Account(ctx, id); errors.Is(err, account.ErrNotFound) {
			err = nil
		}
		u.Quota = a.Quota
	}
	if err != nil {
		return u, fmt.Errorf("reading the usage of %s: %w", id, err)
	}
	return u, nil
}

// Sent returns the newest messages that an account submitted.
func (s *Store) Sent(ctx context.Context, id rem.AccountID, before rem.MessageID, limit int) ([]rem.MessageID, error) {
	end := int64(math.MaxInt64)
	if before != "" {
		v, err := s.known(ctx, before)
		if err != nil {
			return nil, err
		}
		end = v.seq
	}
	if err := s.catchUp(ctx); err != nil {
		return nil, fmt.Errorf("reading what %s sent: %w", id, err)
	}
	var list []rem.MessageID
	err := s.readers.rows(ctx, "sent", []any{string(id), end, limit}, func(rows *sql.Rows) error {
		var id rem.MessageID
		err := rows.Scan(&id)
		list = append(list, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading what %s sent: %w", id, err)
	}
	return list, nil
}

// Messages gives every message in the order in which it became ours.
func (s *Store) Messages(ctx context.Context, after int64, limit int) ([]rem.MessageID, int64, error) {
	if err := s.catchUp(ctx); err != nil {
		return nil, 0, fmt.Errorf("reading all messages: %w", err)
	}
	var list []rem.MessageID
	err := s.readers.rows(ctx, "messages", []any{after, limit}, func(rows *sql.Rows) error {
		var id rem.MessageID
		err := rows.Scan(&after, &id)
		list = append(list, id)
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("reading all messages: %w", err)
	}
	return list, after, nil
}
