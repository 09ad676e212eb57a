package apistore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"rem"
	"rem/message/happening"
)

var _ happening.Store = (*Store)(nil)

// watches are who waits for events of accounts.
type watches struct {
	mu  sync.Mutex
	all map[rem.AccountID]map[chan struct{}]bool // guarded by mu
}

// Watch implements happening.Store.
func (s *Store) Watch(a rem.AccountID) (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	w := &s.watches
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = map[rem.AccountID]map[chan struct{}]bool{}
	}
	if w.all[a] == nil {
		w.all[a] = map[chan struct{}]bool{}
	}
	w.all[a][c] = true
	return c, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if delete(w.all[a], c); len(w.all[a]) == 0 {
			delete(w.all, a)
		}
	}
}

func (w *watches) tell(a rem.AccountID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.all[a] {
		select {
		case c <- struct{}{}:
		default: // he knows already
		}
	}
}

// Position implements happening.Store.
func (s *Store) Position(ctx context.Context) (at string, err error) {
	err = s.file.Read.QueryRowContext(ctx, queries["event.position"]).Scan(&at)
	return at, err
}

// The statements of Append.
const eventMove, eventNumber, eventAdd = "event.move", "event.number", "event.add"

// Append implements happening.Store.
func (s *Store) Append(ctx context.Context, told []happening.Told, from, to string) error {
	err := s.file.Update(ctx, func(tx *sql.Tx) error {
		moved, err := s.events.In(tx, eventMove).Exec(from, to)
		if err != nil {
			return err
		}
		if n, err := moved.RowsAffected(); err != nil || n == 0 {
			return err // appended already
		}
		next, add := s.events.In(tx, eventNumber), s.events.In(tx, eventAdd)
		for i := range told {
			a, e := told[i].Account, &told[i].Event
			var number int64
			if err := next.QueryRow(string(a)).Scan(&number); err != nil {
				return err
			}
			if _, err := add.Exec(string(a), number, micros(e.At), string(e.Kind), string(e.Message), e.Recipient, string(e.Evidence), int64(e.Of), int64(e.Outcome)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keeping events: %w", err)
	}
	for i := range told {
		s.watches.tell(told[i].Account)
	}
	return nil
}

// After implements happening.Store.
func (s *Store) After(ctx context.Context, a rem.AccountID, after int64, limit int) (events []happening.Event, newest int64, err error) {
	err = s.file.Read.QueryRowContext(ctx, queries["event.newest"], string(a)).Scan(&newest)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("reading events: %w", err)
	}
	rows, err := s.file.Read.QueryContext(ctx, queries["event.after"], string(a), after, min(limit, happening.MaxPage))
	if err != nil {
		return nil, 0, fmt.Errorf("reading events: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var e happening.Event
		var at int64
		if err := rows.Scan(&e.Number, &at, &e.Kind, &e.Message, &e.Recipient, &e.Evidence, &e.Of, &e.Outcome); err != nil {
			return nil, 0, fmt.Errorf("reading events: %w", err)
		}
		e.At = fromMicros(at)
		events = append(events, e)
		newest = max(newest, e.Number)
	}
	return events, newest, rows.Err()
}

// Forget implements happening.Store.
func (s *Store) Forget(ctx context.Context, before time.Time) error {
	return s.file.Update(ctx, func(tx *sql.Tx) error { return exec(tx, "event.forget", micros(before)) })
}
