package personstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"rem"
	"rem/edge/sqlitefile"
	"rem/person/news"
)

var _ news.Outbox = outbox{}

// An outbox is the store as news.Outbox.
type outbox struct{ s *Store }

// Outbox returns where messages to people wait.
func (s *Store) Outbox() news.Outbox { return outbox{s} }

// Tell implements news.Outbox. Times are kept to a microsecond.
func (o outbox) Tell(ctx context.Context, e news.Entry) error {
	e.Sealed = bytes.Clone(e.Sealed)
	if len(e.Sealed) == 0 || e.Told.IsZero() || e.Until.IsZero() || e.Due.IsZero() {
		return errors.New("keeping a message to a person: it is not whole")
	}
	err := o.s.file.Update(ctx, func(tx *sql.Tx) error {
		return exec(tx, "news.tell", string(e.ID), string(e.Person), string(e.Channel), string(e.Kind), micros(e.Told), micros(e.Until), deadline(e.Due), e.Sealed)
	})
	if err != nil {
		return fmt.Errorf("keeping a message to a person: %w", err)
	}
	return nil
}

// Waiting implements news.Outbox.
func (o outbox) Waiting(ctx context.Context, now time.Time, limit int) ([]news.Entry, time.Time, error) {
	list, err := o.list(ctx, "news.waiting", micros(now), limit)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("finding messages that wait: %w", err)
	}
	var next sql.NullInt64
	if err := o.s.file.Read.QueryRowContext(ctx, queries["news.next"], micros(now)).Scan(&next); err != nil {
		return nil, time.Time{}, fmt.Errorf("finding messages that wait: %w", err)
	}
	return list, fromDeadline(next), nil
}

// Begin implements news.Outbox.
func (o outbox) Begin(ctx context.Context, id news.ID, attempt int, due time.Time) (bool, error) {
	begun, err := sqlitefile.Answer(ctx, o.s.file, func(tx *sql.Tx) (bool, error) {
		r, err := tx.Exec(queries["news.begin"], string(id), attempt, deadline(due))
		if err != nil {
			return false, err
		}
		n, err := r.RowsAffected()
		return n == 1, err
	})
	if err != nil {
		return false, fmt.Errorf("beginning an attempt: %w", err)
	}
	return begun, nil
}

// Postpone implements news.Outbox.
func (o outbox) Postpone(ctx context.Context, id news.ID, fault string, due time.Time) error {
	err := o.s.file.Update(ctx, func(tx *sql.Tx) error {
		return exec(tx, "news.postpone", string(id), fault, deadline(due))
	})
	if err != nil {
		return fmt.Errorf("postponing a message: %w", err)
	}
	return nil
}

// End implements news.Outbox.
func (o outbox) End(ctx context.Context, id news.ID, state news.State, fault string, at time.Time) error {
	if !state.Ended() {
		return fmt.Errorf("ending a message: %q is no end", state)
	}
	err := o.s.file.Update(ctx, func(tx *sql.Tx) error {
		return exec(tx, "news.end", string(id), string(state), fault, micros(at))
	})
	if err != nil {
		return fmt.Errorf("ending a message: %w", err)
	}
	return nil
}

// Delivery implements news.Outbox.
func (o outbox) Delivery(ctx context.Context, id news.ID) (news.Delivery, error) {
	e, err := scanNews(o.s.file.Read.QueryRowContext(ctx, queries["news.delivery"], string(id)).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return news.Delivery{}, news.ErrNotFound
	}
	if err != nil {
		return news.Delivery{}, fmt.Errorf("reading what became of a message: %w", err)
	}
	return e.Delivery, nil
}

// Deliveries implements news.Outbox.
func (o outbox) Deliveries(ctx context.Context, p rem.PersonID, before time.Time, limit int) ([]news.Delivery, error) {
	until := int64(math.MaxInt64)
	if !before.IsZero() {
		until = micros(before)
	}
	entries, err := o.list(ctx, "news.deliveries", string(p), until, limit)
	if err != nil {
		return nil, fmt.Errorf("reading messages to a person: %w", err)
	}
	list := make([]news.Delivery, len(entries))
	for i, e := range entries {
		list[i] = e.Delivery
	}
	return list, nil
}

// Backlog implements news.Outbox.
func (o outbox) Backlog(ctx context.Context) (n int, oldest time.Time, err error) {
	var told sql.NullInt64
	if err := o.s.file.Read.QueryRowContext(ctx, queries["news.backlog"]).Scan(&n, &told); err != nil {
		return 0, time.Time{}, fmt.Errorf("counting messages that wait: %w", err)
	}
	return n, fromDeadline(told), nil
}

func (o outbox) list(ctx context.Context, name string, args ...any) (list []news.Entry, err error) {
	rows, err := o.s.file.Read.QueryContext(ctx, queries[name], args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		e, err := scanNews(rows.Scan)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, rows.Err()
}

func scanNews(scan func(...any) error) (e news.Entry, err error) {
	var told, until int64
	var due, ended sql.NullInt64
	err = scan(&e.ID, &e.Person, &e.Channel, &e.Kind, &e.State, &told, &until, &due, &ended, &e.Attempts, &e.Fault, &e.Sealed)
	e.Told, e.Until, e.Due, e.Ended = fromMicros(told), fromMicros(until), fromDeadline(due), fromDeadline(ended)
	return e, err
}

// Contacts returns where people are told.
func (s *Store) Contacts() news.Contacts { return outbox{s} }

// SetContact implements news.Contacts.
func (o outbox) SetContact(ctx context.Context, p rem.PersonID, sealed []byte, at time.Time) error {
	sealed = bytes.Clone(sealed)
	err := o.s.file.Update(ctx, func(tx *sql.Tx) error {
		if len(sealed) == 0 {
			return exec(tx, "news.forgetContact", string(p))
		}
		return exec(tx, "news.setContact", string(p), sealed, micros(at))
	})
	if err != nil {
		return fmt.Errorf("keeping where a person is told: %w", err)
	}
	return nil
}

// Contact implements news.Contacts.
func (o outbox) Contact(ctx context.Context, p rem.PersonID) ([]byte, error) {
	var sealed []byte
	err := o.s.file.Read.QueryRowContext(ctx, queries["news.contact"], string(p)).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, news.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("finding where a person is told: %w", err)
	}
	return sealed, nil
}
