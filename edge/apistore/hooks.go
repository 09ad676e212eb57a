package apistore

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"rem"
	"rem/message/happening"
)

var _ happening.HookStore = (*Store)(nil)

func scanHook(scan func(...any) error) (h happening.Hook, err error) {
	var made, due int64
	var kinds string
	var failing, confirmed sql.NullInt64
	err = scan(&h.ID, &h.Account, &h.Person, &h.URL, &kinds, &made, &h.State, &h.Cursor, &h.Upto, &failing, &h.Attempts, &due, &h.Fault, &confirmed)
	if errors.Is(err, sql.ErrNoRows) {
		return h, happening.ErrNotFound
	}
	for _, k := range strings.Fields(kinds) {
		h.Kinds = append(h.Kinds, happening.Kind(k))
	}
	h.Made, h.Due, h.Failing, h.Confirmed = fromMicros(made), fromMicros(due), fromOptional(failing), fromOptional(confirmed)
	return h, err
}

func joinKinds(kinds []happening.Kind) string {
	var b strings.Builder
	for i, k := range kinds {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(k))
	}
	return b.String()
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
		return exec(tx, "hook.add", string(h.ID), string(h.Account), string(h.Person), h.URL, joinKinds(h.Kinds), sealed, micros(h.Made), string(h.State), h.Cursor, micros(h.Due))
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
	return s.file.Update(ctx, func(tx *sql.Tx) error {
		did, err := tx.Exec(queries["hook.drop"], string(a), string(id))
		if err != nil {
			return err
		}
		if n, err := did.RowsAffected(); err != nil || n == 0 {
			return cmp.Or(err, happening.ErrNotFound)
		}
		return exec(tx, "hook.delivery-drop", string(id))
	})
}

// SetHook implements happening.HookStore.
func (s *Store) SetHook(ctx context.Context, a rem.AccountID, id happening.HookID, state happening.State, cursor int64, due time.Time) error {
	return s.found(ctx, happening.ErrNotFound, "hook.set", string(a), string(id), string(state), cursor, micros(due))
}

// DueHooks implements happening.HookStore.
func (s *Store) DueHooks(ctx context.Context, now time.Time, limit int) ([]happening.Hook, error) {
	return s.hooks(ctx, "hook.due", micros(now), limit)
}

// SetKinds implements happening.HookStore.
func (s *Store) SetKinds(ctx context.Context, a rem.AccountID, id happening.HookID, kinds []happening.Kind) error {
	return s.found(ctx, happening.ErrNotFound, "hook.kinds", string(a), string(id), joinKinds(kinds))
}

// tried keeps what became of a delivery, and then moves its hook, where the cursor is
// still the one from which the delivery was made.
func (s *Store) tried(ctx context.Context, id happening.HookID, d happening.Delivery, query string, args ...any) error {
	return s.file.Update(ctx, func(tx *sql.Tx) error {
		kept, err := tx.Exec(queries["hook.tried"], string(id), d.After, d.Upto, d.Events, micros(d.At), string(d.Fault))
		if err != nil {
			return err
		}
		if n, err := kept.RowsAffected(); err != nil || n == 0 {
			return err
		}
		if err := exec(tx, query, args...); err != nil {
			return err
		}
		return exec(tx, "hook.trim", string(id), happening.MaxDeliveries)
	})
}

// Confirm implements happening.HookStore.
func (s *Store) Confirm(ctx context.Context, id happening.HookID, d happening.Delivery) error {
	d.Fault = happening.NoFault
	return s.tried(ctx, id, d, "hook.confirm", string(id), d.After, d.Upto, micros(d.At))
}

// Fail implements happening.HookStore.
func (s *Store) Fail(ctx context.Context, id happening.HookID, d happening.Delivery, state happening.State, failing, due time.Time) error {
	return s.tried(ctx, id, d, "hook.fail", string(id), d.After, d.Upto, string(d.Fault), string(state), micros(failing), micros(due))
}

// Skip implements happening.HookStore.
func (s *Store) Skip(ctx context.Context, id happening.HookID, from, to int64, at time.Time) error {
	return s.found(ctx, nil, "hook.skip", string(id), from, to, micros(at))
}

// Deliveries implements happening.HookStore.
func (s *Store) Deliveries(ctx context.Context, a rem.AccountID, id happening.HookID) (list []happening.Delivery, err error) {
	if _, err := s.Hook(ctx, a, id); err != nil {
		return nil, err
	}
	rows, err := s.file.Read.QueryContext(ctx, queries["hook.deliveries"], string(id), happening.MaxDeliveries)
	if err != nil {
		return nil, fmt.Errorf("reading deliveries of a hook: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var d happening.Delivery
		var at int64
		if err := rows.Scan(&d.After, &d.Upto, &d.Events, &d.Tries, &at, &d.Fault); err != nil {
			return nil, fmt.Errorf("reading deliveries of a hook: %w", err)
		}
		d.At = fromMicros(at)
		list = append(list, d)
	}
	return list, rows.Err()
}
