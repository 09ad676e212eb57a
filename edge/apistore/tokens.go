package apistore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"rem"
	"rem/person/token"
	"rem/privacy"
)

var _ token.Store = Tokens{}

// Tokens is the part of the store that keeps tokens.
type Tokens struct{ s *Store }

// Tokens returns it; it ends with the store.
func (s *Store) Tokens() Tokens { return Tokens{s} }

// A scanned key is one on its way out of a row.
type scanned struct {
	k             token.Key
	label, secret []byte
	scopes        string
	made, until   int64
	used, revoked sql.NullInt64
}

func (r *scanned) into() []any {
	return []any{&r.k.ID, &r.k.Kind, &r.k.Account, &r.k.Person, &r.label, &r.secret, &r.scopes, &r.made, &r.until, &r.used, &r.revoked, &r.k.By}
}

func (r *scanned) key() (token.Key, error) {
	k := r.k
	var err error
	if k.Label, err = privacy.ParseSealed(r.label); err != nil {
		return k, err
	}
	if k.Scopes, err = token.ParseScopes(r.scopes); err != nil {
		return k, err
	}
	if copy(k.Secret[:], r.secret) != len(k.Secret) {
		return k, errors.New("a digest of a token is cut")
	}
	k.Made, k.Until, k.Used, k.Revoked = fromMicros(r.made), fromMicros(r.until), fromOptional(r.used), fromOptional(r.revoked)
	return k, nil
}

func scanKey(scan func(...any) error) (token.Key, error) {
	var r scanned
	if err := scan(r.into()...); err != nil {
		return token.Key{}, unknown(err)
	}
	return r.key()
}

func unknown(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return token.ErrUnknown
	}
	return err
}

// Add implements token.Store.
func (t Tokens) Add(ctx context.Context, k token.Key, max int) error {
	label := k.Label.Bytes()
	return t.s.file.Update(ctx, func(tx *sql.Tx) error {
		var n int
		if err := tx.QueryRow(queries["token.holding"], string(k.Account), string(k.Person), micros(k.Made)).Scan(&n); err != nil {
			return err
		}
		if n >= max {
			return token.ErrTooMany
		}
		return exec(tx, "token.add", string(k.ID), string(k.Kind), string(k.Account), string(k.Person), label, k.Secret[:], token.JoinScopes(k.Scopes), micros(k.Made), micros(k.Until))
	})
}

// Keys implements token.Store.
func (t Tokens) Keys(ctx context.Context, a rem.AccountID, p rem.PersonID) (list []token.Key, err error) {
	rows, err := t.s.file.Read.QueryContext(ctx, queries["token.keys"], string(a), string(p))
	if err != nil {
		return nil, fmt.Errorf("listing tokens: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		k, err := scanKey(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("listing tokens: %w", err)
		}
		list = append(list, k)
	}
	return list, rows.Err()
}

// Key implements token.Store.
func (t Tokens) Key(ctx context.Context, id token.ID) (token.Key, error) {
	return scanKey(t.s.file.Read.QueryRowContext(ctx, queries["token.key"], string(id)).Scan)
}

// BySecret implements token.Store.
func (t Tokens) BySecret(ctx context.Context, d token.Digest) (token.Key, error) {
	return scanKey(t.s.file.Read.QueryRowContext(ctx, queries["token.by-secret"], d[:]).Scan)
}

// Revoke implements token.Store.
func (t Tokens) Revoke(ctx context.Context, a rem.AccountID, id token.ID, by rem.PersonID, at time.Time) error {
	return t.s.file.Update(ctx, func(tx *sql.Tx) error {
		var n int
		if err := tx.QueryRow(queries["token.of-account"], string(id), string(a)).Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			return token.ErrUnknown
		}
		if err := exec(tx, "token.revoke", string(id), string(a), micros(at), string(by)); err != nil {
			return err
		}
		return exec(tx, "token.access-drop", string(id))
	})
}

// Use implements token.Store.
func (t Tokens) Use(ctx context.Context, id token.ID, at time.Time) error {
	return t.s.file.Update(ctx, func(tx *sql.Tx) error { return exec(tx, "token.use", string(id), micros(at)) })
}

// AddAccess implements token.Store. A key that was revoked meanwhile gets none.
func (t Tokens) AddAccess(ctx context.Context, x token.Access) error {
	scopes := token.JoinScopes(x.Scopes)
	return t.s.file.Update(ctx, func(tx *sql.Tx) error {
		return exec(tx, "token.access-add", x.Secret[:], string(x.Key), scopes, micros(x.Made), micros(x.Until))
	})
}

// Access implements token.Store.
func (t Tokens) Access(ctx context.Context, d token.Digest) (token.Access, token.Key, error) {
	var r scanned
	var x token.Access
	var secret []byte
	var scopes string
	var made, until int64
	err := t.s.file.Read.QueryRowContext(ctx, queries["token.access"], d[:]).Scan(append([]any{&secret, &x.Key, &scopes, &made, &until}, r.into()...)...)
	if err != nil {
		return x, token.Key{}, unknown(err)
	}
	if x.Scopes, err = token.ParseScopes(scopes); err != nil {
		return x, token.Key{}, err
	}
	x.Secret, x.Made, x.Until = d, fromMicros(made), fromMicros(until)
	k, err := r.key()
	return x, k, err
}

// Forget implements token.Store.
func (t Tokens) Forget(ctx context.Context, before time.Time) error {
	return t.s.file.Update(ctx, func(tx *sql.Tx) error { return exec(tx, "token.forget", micros(before)) })
}
