package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"time"

	"rem"
	"rem/edge/blobstore"
	"rem/message"
)

// find returns the record of a message and its number, or ErrNotFound.
func (s *Store) find(ctx context.Context, id rem.MessageID) (cached, error) {
	if m, ok := s.records.get(id); ok {
		return m, nil
	}
	var m cached
	var written []byte
	ok, err := s.readers.row(ctx, "findMessage", []any{string(id)}, &m.seq, &written)
	if err == nil && !ok {
		err = message.ErrNotFound
	}
	if err == nil {
		m.record, err = readCard(written)
	}
	if err != nil {
		return m, fmt.Errorf("reading message %s: %w", id, err)
	}
	s.records.put(id, m)
	return m, nil
}

// Message returns a message, or ErrNotFound.
func (s *Store) Message(ctx context.Context, id rem.MessageID) (*message.View, error) {
	if v := s.views.get(id); v != nil {
		return v.message(), nil
	}
	m, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	v := &message.View{Record: *m.record}
	// One statement, so that standings and evidence are of one moment.
	err = s.readers.rows(ctx, "view", []any{m.seq}, func(rows *sql.Rows) error {
		var f message.Filed
		var part, place, n, state, since, due, kind, outcome, noInformation, conflict int64
		var reasons string
		var digest sql.RawBytes
		err := rows.Scan(&part, &place, &n, &state, &since, &due, &f.ID, &kind, &outcome, &f.Issuer, &reasons, &noInformation, &conflict, &digest, &f.Ref)
		switch {
		case err != nil:
			return err
		case part == 0:
			v.Standings = append(v.Standings, message.Standing{Recipient: int(n), State: message.State(state), Since: fromMicros(since), Due: fromMicros(due)})
		case part == 1:
			f.Recipient = int(n)
			complete(&f, kind, outcome, since, noInformation, conflict, reasons, digest)
			v.Filed = append(v.Filed, f)
		default:
			v.Envelope = true
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading message %s: %w", id, err)
	}
	return v, nil
}

// complete fills an evidence from its row.
func complete(f *message.Filed, kind, outcome, at, noInformation, conflict int64, reasons string, digest []byte) {
	f.Kind, f.Outcome, f.Time = message.Kind(kind), message.Outcome(outcome), fromMicros(at)
	f.NoInformation, f.Conflict = noInformation == 1, conflict == 1
	copy(f.Digest[:], digest)
	f.Reasons = splitReasons(reasons)
}

func scanStanding(rows *sql.Rows) (message.Standing, error) {
	var s message.Standing
	var state, since, due int64
	err := rows.Scan(&s.Recipient, &state, &since, &due)
	s.State, s.Since, s.Due = message.State(state), fromMicros(since), fromMicros(due)
	return s, err
}

func (s *Store) filed(ctx context.Context, query string, arg any) ([]message.Filed, error) {
	var list []message.Filed
	err := s.readers.rows(ctx, query, []any{arg}, func(rows *sql.Rows) error {
		var f message.Filed
		var kind, outcome, at, noInformation, conflict int64
		var reasons string
		var digest []byte
		if err := rows.Scan(&f.ID, &kind, &outcome, &f.Recipient, &f.Issuer, &at, &reasons, &noInformation, &conflict, &digest, &f.Ref); err != nil {
			return err
		}
		complete(&f, kind, outcome, at, noInformation, conflict, reasons, digest)
		list = append(list, f)
		return nil
	})
	return list, err
}

// load reads the XML of evidences.
func (s *Store) load(list []message.Filed) error {
	for i := range list {
		b, err := s.bytes(string(list[i].Ref))
		if err != nil {
			return fmt.Errorf("reading evidence %s: %w", list[i].ID, err)
		}
		list[i].XML = b
	}
	return nil
}

func (s *Store) bytes(ref string) ([]byte, error) {
	r, err := blobstore.ParseRef(ref)
	if err != nil || r.IsZero() {
		return nil, err
	}
	return s.contents.Bytes(r)
}

// Evidence returns one evidence with its XML, or ErrNotFound. An identifier
// that was filed twice gives the first.
func (s *Store) Evidence(ctx context.Context, id rem.EvidenceID) (message.Filed, error) {
	list, err := s.filed(ctx, "evidence", string(id))
	if err == nil && len(list) == 0 {
		err = message.ErrNotFound
	}
	if err == nil {
		err = s.load(list)
	}
	if err != nil {
		return message.Filed{}, fmt.Errorf("reading evidence %s: %w", id, err)
	}
	return list[0], nil
}

// EvidenceOf returns the evidences of a message with their XML, in the order
// in which they were filed, or ErrNotFound.
func (s *Store) EvidenceOf(ctx context.Context, id rem.MessageID) ([]message.Filed, error) {
	var list []message.Filed
	if v := s.views.get(id); v != nil {
		list = slices.Clone(v.filed)
	} else {
		m, err := s.find(ctx, id)
		if err != nil {
			return nil, err
		}
		if list, err = s.filed(ctx, "filed", m.seq); err != nil {
			return nil, fmt.Errorf("reading the evidence of %s: %w", id, err)
		}
	}
	err := s.load(list)
	if err != nil {
		return nil, fmt.Errorf("reading the evidence of %s: %w", id, err)
	}
	return list, nil
}

// Envelope returns the kept dispatch, or ErrNotFound.
func (s *Store) Envelope(ctx context.Context, id rem.MessageID) (message.Envelope, error) {
	var head, tail string
	var e message.Envelope
	var ok bool
	var err error
	if v := s.views.get(id); v != nil {
		head, tail, ok = v.head.String(), v.tail.String(), v.envelope
	} else {
		ok, err = s.readers.row(ctx, "envelope", []any{string(id)}, &head, &tail)
	}
	if err == nil && !ok {
		err = message.ErrNotFound
	}
	if err == nil {
		e.Head, err = s.bytes(head)
	}
	if err == nil {
		e.Tail, err = s.bytes(tail)
	}
	if err != nil {
		return message.Envelope{}, fmt.Errorf("reading the envelope of %s: %w", id, err)
	}
	return e, nil
}

// Submitted finds a submission of the last two days by its fingerprint, or
// ErrNotFound.
func (s *Store) Submitted(ctx context.Context, fingerprint rem.Digest, now time.Time) (rem.MessageID, error) {
	days := fingerprintDays(now)
	var id rem.MessageID
	ok, err := s.readers.row(ctx, "submitted", []any{days[0], days[1], days[2], fingerprint[:]}, &id)
	if err == nil && !ok {
		err = message.ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("looking for a submission: %w", err)
	}
	return id, nil
}

// Due returns tasks that are due, and when the next one after them is.
func (s *Store) Due(ctx context.Context, stage message.Stage, now time.Time, limit int) ([]message.Task, time.Time, error) {
	var due []message.Task
	var next time.Time
	err := s.readers.rows(ctx, "due", []any{int64(stage), limit + 1}, func(rows *sql.Rows) error {
		t := message.Task{Stage: stage}
		var at int64
		if err := rows.Scan(&t.Message, &t.Target, &at, &t.Attempts); err != nil {
			return err
		}
		t.Due = fromMicros(at)
		if len(due) == limit || t.Due.After(now) {
			next = t.Due
			return errEnough // what follows is later still, and may be millions
		}
		due = append(due, t)
		return nil
	})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("looking for work of %s: %w", stage, err)
	}
	return due, next, nil
}

// Mailbox returns entries with a UID over after, in order of UID.
func (s *Store) Mailbox(ctx context.Context, id rem.AccountID, after int64, limit int) ([]message.Entry, error) {
	var list []message.Entry
	err := s.readers.rows(ctx, "mailbox", []any{string(id), after, limit}, func(rows *sql.Rows) error {
		var e message.Entry
		var arrived, opened int64
		err := rows.Scan(&e.UID, &e.Message, &e.Recipient, &arrived, &e.Size, &opened, &e.OpenedBy)
		e.Arrived, e.Opened = fromMicros(arrived), fromMicros(opened)
		list = append(list, e)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading mailbox %s: %w", id, err)
	}
	return list, nil
}

// Usage returns how full a mailbox is; one that nothing arrived in is empty.
func (s *Store) Usage(ctx context.Context, id rem.AccountID) (message.Usage, error) {
	var u message.Usage
	if _, err := s.readers.row(ctx, "usage", []any{string(id)}, &u.Messages, &u.Bytes, &u.Quota); err != nil {
		return u, fmt.Errorf("reading the usage of %s: %w", id, err)
	}
	return u, nil
}

// Sent returns the newest messages that an account submitted.
func (s *Store) Sent(ctx context.Context, id rem.AccountID, before rem.MessageID, limit int) ([]rem.MessageID, error) {
	end := int64(math.MaxInt64)
	if before != "" {
		m, err := s.find(ctx, before)
		if err != nil {
			return nil, err
		}
		end = m.seq
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
