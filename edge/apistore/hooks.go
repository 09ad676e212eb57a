package apistore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"rem"
	"rem/message/happening"
)

var _ happening.HookStore = (*Store)(nil)

func scanHook(scan func(...any) error) (h happening.Hook, err error) {
	var made, due int64
	var failing, confirmed sql.NullInt64
	err = scan(&h.ID, &h.Account, &h.Person, &h.URL, &made, &h.State, &h.Cursor, &h.Upto, &failing, &h.Attempts, &due, &h.Fault, &confirmed)
	if errors.Is(err, sql.ErrNoRows) {
		return h, happening.ErrNotFound
	}
	h.Made, h.Due, h.Failing, h.Confirmed = fromMicros(made), fromMicros(due), fromOptional(failing), fromOptional(confirmed)
	return h, err
}

// AddHook implements happening.HookStore.
func (s *Store) AddHook(ctx context.Context, h happening.Hook, sealed []byte, max int) error {
	sealed = bytes.Clone(sealed)
	return s.file.Update(ctx, func(tx *sql.Tx) error {
		var n int
		if err := tx.QueryRow(queries["hook.count"], string(h.Account)).Scan(&n); err != nil {
			return err
		}
		if n >= max {
			return happening.ErrTooMany
		}
		return exec(tx, "hook.add", string(h.ID), string(h.Account), string(h.Person), h.URL, sealed, micros(h.Made), string(h.State), h.Cursor, micros(h.Due))
	})
}

func (s *Store) hooks(ctx context.Context, query string, args ...any) (list []happening.Hook, err error) {
	rows, err := s.file.Read.QueryContext(ctx, queries[query], args...)
	if err != nil {
		return nil, fmt.Errorf("reading hooks: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		h, err := scanHook(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("reading hooks: %w", err)
		}
		list = append(list, h)
	}
	return list, rows.Err()
}

// Hooks implements happening.HookStore.
func (s *Store) Hooks(ctx context.Context, a rem.AccountID) ([]happening.Hook, error) {
	return s.hooks(ctx, "hook.all", string(a))
}

// Hook implements happening.HookStore.
func (s *Store) Hook(ctx context.Context, a rem.AccountID, id happening.HookID) (happening.Hook, error) {
	return scanHook(s.file.Read.QueryRowContext(ctx, queries["hook.one"], string(a), string(id)).Scan)
}

// HookSecret implements happening.HookStore.
func (s *Store) HookSecret(ctx context.Context, id happening.HookID) (sealed []byte, err error) {
	err = s.file.Read.QueryRowContext(ctx, queries["hook.secret"], string(id)).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		err = happening.ErrNotFound
	}
	return sealed, err
}

// found makes a step on one row, and ErrNotFound of none.
func (s *Store) found(ctx context.Context, missing error, query string, args ...any) error {
	return s.file.Update(ctx, func(tx *sql.Tx) error {
		did, err := tx.Exec(queries[query], args...)
		if err != nil {
			return err
		}
		if n, err := did.RowsAffected(); err != nil || n > 0 {
			return err
		}
		return missing
	})
}

// DropHook implements happening.HookStore.
func (s *Store) DropHook(ctx context.Context, a rem.AccountID, id happening.HookID) error {
	return s.found(ctx, happening.ErrNotFound, "hook.drop", string(a), string(id))
}

// SetHook implements happening.HookStore.
func (s *Store) SetHook(ctx context.Context, a rem.AccountID, id happening.HookID, state happening.State, cursor int64, due time.Time) error {
	return s.found(ctx, happening.ErrNotFound, "hook.set", string(a), string(id), string(state), cursor, micros(due))
}

// DueHooks implements happening.HookStore.
func (s *Store) DueHooks(ctx context.Context, now time.Time, limit int) ([]happening.Hook, error) {
	return s.hooks(ctx, "hook.due", micros(now), limit)
}

// Confirm implements happening.HookStore.
func (s *Store) Confirm(ctx context.Context, id happening.HookID, from, to int64, at time.Time) error {
	return s.found(ctx, nil, "hook.confirm", string(id), from, to, micros(at))
}

// Fail implements happening.HookStore.
func (s *Store) Fail(ctx context.Context, id happening.HookID, from, upto int64, f happening.Fault, state happening.State, failing, due time.Time) error {
	return s.found(ctx, nil, "hook.fail", string(id), from, upto, string(f), string(state), micros(failing), micros(due))
}
