package apistore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"time"

	"rem"
	"rem/edge/sqlitefile"
)

// An Answer is what was answered to a request with an idempotency key.
type Answer struct {
	// Request is the digest of what was asked: another request under the same key
	// is not the same.
	Request rem.Digest
	At      time.Time
	// Status is that of HTTP; 0: the request is being answered, or was when the
	// process ended.
	Status int
	Body   []byte
}

// Begin records that a request is being answered, unless one with its key is
// there; then it returns that one, and begun is false.
func (s *Store) Begin(ctx context.Context, key, request rem.Digest, at time.Time) (a Answer, begun bool, err error) {
	type result struct {
		a     Answer
		begun bool
	}
	r, err := sqlitefile.Answer(ctx, s.file, func(tx *sql.Tx) (r result, err error) {
		did, err := tx.Exec(queries["answer.begin"], key[:], request[:], micros(at))
		if err != nil {
			return r, err
		}
		if n, err := did.RowsAffected(); err != nil || n == 1 {
			return result{begun: true}, err
		}
		var asked []byte
		var when int64
		if err := tx.QueryRow(queries["answer.one"], key[:]).Scan(&asked, &when, &r.a.Status, &r.a.Body); err != nil {
			return r, err
		}
		r.a.At = fromMicros(when)
		if copy(r.a.Request[:], asked) != len(r.a.Request) {
			return r, errors.New("a digest of a request is cut")
		}
		return r, nil
	})
	return r.a, r.begun, err
}

// End keeps the answer of a request that was begun.
func (s *Store) End(ctx context.Context, key rem.Digest, status int, body []byte) error {
	body = bytes.Clone(body)
	if body == nil {
		body = []byte{}
	}
	return s.file.Update(ctx, func(tx *sql.Tx) error { return exec(tx, "answer.end", key[:], status, body) })
}

// Leave forgets a request that was begun and did nothing, so that it can be made
// again.
func (s *Store) Leave(ctx context.Context, key rem.Digest) error {
	return s.file.Update(ctx, func(tx *sql.Tx) error { return exec(tx, "answer.leave", key[:]) })
}

// ForgetAnswers drops those before the time.
func (s *Store) ForgetAnswers(ctx context.Context, before time.Time) error {
	return s.file.Update(ctx, func(tx *sql.Tx) error { return exec(tx, "answer.forget", micros(before)) })
}
