package personstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"rem"
	"rem/edge/sqlitefile"
	"rem/person"
	"rem/person/application"
)

var _ application.Ledger = (*Store)(nil)

// micros are those of Unix time. A deadline is rounded up, so that nothing is due
// before it is.
func micros(t time.Time) int64 { return t.UnixMicro() }

func deadline(t time.Time) sql.NullInt64 {
	if t.IsZero() {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: t.Add(time.Microsecond - time.Nanosecond).UnixMicro(), Valid: true}
}

func fromMicros(n int64) time.Time { return time.UnixMicro(n).UTC() }

func fromDeadline(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return fromMicros(n.Int64)
}

// exec makes the named statement in a step.
func exec(tx *sql.Tx, name string, args ...any) error {
	_, err := tx.Exec(queries[name], args...)
	return err
}

// Intend implements application.Ledger. Times are kept to a microsecond.
func (s *Store) Intend(ctx context.Context, in application.Intention) (application.Intention, error) {
	in.Body = bytes.Clone(in.Body)
	stands, err := sqlitefile.Answer(ctx, s.file, func(tx *sql.Tx) (application.Intention, error) {
		if err := exec(tx, "application.intend", in.Key, string(in.Application), micros(in.At), notNil(in.Body)); err != nil {
			return application.Intention{}, err
		}
		return scanIntention(tx.QueryRow(queries["application.intention"], in.Key).Scan)
	})
	if err != nil {
		return application.Intention{}, fmt.Errorf("keeping an intention: %w", err)
	}
	return stands, nil
}

// notNil: a nil slice would be NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func scanIntention(scan func(...any) error) (in application.Intention, err error) {
	var at int64
	err = scan(&in.Key, &in.Application, &at, &in.Body)
	in.At = fromMicros(at)
	return in, err
}

// Abandon implements application.Ledger.
func (s *Store) Abandon(ctx context.Context, key string) error {
	if err := s.file.Update(ctx, func(tx *sql.Tx) error { return exec(tx, "application.resolve", key) }); err != nil {
		return fmt.Errorf("abandoning an intention: %w", err)
	}
	return nil
}

// Unfinished implements application.Ledger.
func (s *Store) Unfinished(ctx context.Context) (list []application.Intention, err error) {
	err = s.each(ctx, "application.unfinished", func(scan func(...any) error) error {
		in, err := scanIntention(scan)
		list = append(list, in)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading intentions: %w", err)
	}
	return list, nil
}

// each calls row for the rows of a named query.
func (s *Store) each(ctx context.Context, name string, row func(scan func(...any) error) error, args ...any) (err error) {
	rows, err := s.file.Read.QueryContext(ctx, queries[name], args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// errNoStep answers whoever would commit what nobody decided.
var errNoStep = errors.New("there is no step")

// Commit implements application.Ledger.
func (s *Store) Commit(ctx context.Context, step application.Step) error {
	err := errNoStep
	if !step.IsZero() {
		var body []byte
		d := step.Data()
		if body, err = writeStep(d); err == nil {
			err = s.file.Update(ctx, func(tx *sql.Tx) error { return commit(tx, d, body) })
		}
	}
	if err != nil {
		return fmt.Errorf("committing a step of an application: %w", err)
	}
	return nil
}

// A row is an application as it stands.
type row struct {
	n     int64
	state application.State
	steps int
	view  application.View
}

func commit(tx *sql.Tx, d application.StepData, body []byte) error {
	r, err := current(tx, d.Application)
	begins := errors.Is(err, application.ErrNotFound)
	switch {
	case begins && d.From != application.None:
		return err
	case err != nil && !begins:
		return err
	case d.Number <= r.steps:
		return made(tx, r, d, body)
	case d.Number != r.steps+1 || d.From != r.state:
		return application.ErrMoved
	}
	after := r.view.After(d)
	if err := addressOf(tx, d, &after); err != nil {
		return err
	}
	if d.Resolves != "" {
		if err := exec(tx, "application.resolve", d.Resolves); err != nil {
			return err
		}
	}
	if err := put(tx, &r, &after, begins); err != nil {
		return err
	}
	if err := exec(tx, "application.add-step", r.n, d.Number, body); err != nil {
		return err
	}
	if r.state != after.State {
		if !begins {
			if err := exec(tx, "application.count", string(r.state), -1); err != nil {
				return err
			}
		}
		if err := exec(tx, "application.count", string(after.State), 1); err != nil {
			return err
		}
	}
	return people(tx, d, &after)
}

// current reads the application for a step. Of one that is not there, the row is
// that from which it begins.
func current(tx *sql.Tx, id person.ApplicationID) (r row, err error) {
	var view []byte
	err = tx.QueryRow(queries["application.row"], string(id)).Scan(&r.n, &r.state, &r.steps, &view)
	if errors.Is(err, sql.ErrNoRows) {
		return row{}, application.ErrNotFound
	}
	if err != nil {
		return row{}, err
	}
	if r.view, err = readView(view); err == nil {
		return r, nil
	}
	// The view of another version of the program.
	rows, err := tx.Query(queries["application.steps"], r.n)
	if err != nil {
		return row{}, err
	}
	r.view, err = tell(rows)
	return r, err
}

// tell makes a view from steps, and closes the rows.
func tell(rows *sql.Rows) (v application.View, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return v, err
		}
		d, err := readStep(body)
		if err != nil {
			return v, err
		}
		v = v.After(d)
	}
	return v, rows.Err()
}

// made answers for a step whose number is taken: by itself, or by another.
func made(tx *sql.Tx, r row, d application.StepData, body []byte) error {
	var have []byte
	if err := tx.QueryRow(queries["application.step"], r.n, d.Number).Scan(&have); err != nil {
		return err
	}
	if bytes.Equal(have, body) {
		return nil
	}
	// One that an earlier version wrote is compared as this one would write it.
	before, err := readStep(have)
	if err != nil {
		return err
	}
	if have, err = writeStep(before); err == nil && !bytes.Equal(have, body) {
		err = application.ErrMoved
	}
	return err
}

// put writes the application as it stands after a step.
func put(tx *sql.Tx, r *row, v *application.View, begins bool) error {
	view, err := writeView(*v)
	if err != nil {
		return err
	}
	name := "application.change"
	if begins {
		name = "application.add"
	}
	result, err := tx.Exec(queries[name], string(v.ID), string(v.Kind), string(v.Applicant), string(v.State), micros(v.Since), deadline(v.Due), v.Steps,
		string(v.Method), string(v.Reviewer), view)
	if err == nil && begins {
		r.n, err = result.LastInsertId()
	}
	return err
}

// people notes who is named by the step.
func people(tx *sql.Tx, d application.StepData, v *application.View) error {
	var named []rem.PersonID
	if d.Notice != nil {
		named = append(named, v.Applicant)
	}
	if d.Submitted != nil {
		named = append(named, d.Submitted.Holder, d.Submitted.Shower)
	}
	for _, p := range named {
		if p == "" {
			continue
		}
		if err := exec(tx, "application.add-person", string(p), string(v.ID)); err != nil {
			return err
		}
	}
	return nil
}

// Application implements application.Ledger.
func (s *Store) Application(ctx context.Context, id person.ApplicationID) (application.View, error) {
	var r row
	var view []byte
	err := s.file.Read.QueryRowContext(ctx, queries["application.row"], string(id)).Scan(&r.n, &r.state, &r.steps, &view)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return application.View{}, application.ErrNotFound
	case err != nil:
		return application.View{}, fmt.Errorf("reading an application: %w", err)
	}
	v, err := readView(view)
	if err == nil {
		return v, nil
	}
	rows, err := s.file.Read.QueryContext(ctx, queries["application.steps"], r.n)
	if err == nil {
		v, err = tell(rows)
	}
	if err != nil {
		return application.View{}, fmt.Errorf("reading an application from its steps: %w", err)
	}
	return v, nil
}

// History implements application.Ledger.
func (s *Store) History(ctx context.Context, id person.ApplicationID) (list []application.StepData, err error) {
	err = s.each(ctx, "application.history", func(scan func(...any) error) error {
		var body []byte
		if err := scan(&body); err != nil {
			return err
		}
		d, err := readStep(body)
		list = append(list, d)
		return err
	}, string(id))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the history of an application: %w", err)
	case len(list) == 0:
		return nil, application.ErrNotFound
	}
	return list, nil
}

// Waiting implements application.Ledger.
func (s *Store) Waiting(ctx context.Context, state application.State, after person.ApplicationID, limit int) (list []person.ApplicationID, err error) {
	since := int64(-1 << 62)
	err = s.file.Read.QueryRowContext(ctx, queries["application.since"], string(after)).Scan(&since)
	if errors.Is(err, sql.ErrNoRows) {
		after, err = "", nil
	}
	if err == nil {
		err = s.each(ctx, "application.waiting", func(scan func(...any) error) error {
			var id person.ApplicationID
			err := scan(&id)
			list = append(list, id)
			return err
		}, string(state), since, string(after), max(limit, 0))
	}
	if err != nil {
		return nil, fmt.Errorf("listing applications: %w", err)
	}
	return list, nil
}

// Due implements application.Ledger. Deadlines are kept to a microsecond, rounded
// up.
func (s *Store) Due(ctx context.Context, now time.Time, limit int) (list []person.ApplicationID, next time.Time, err error) {
	limit = max(limit, 0)
	err = s.each(ctx, "application.due", func(scan func(...any) error) error {
		var id person.ApplicationID
		var due int64
		if err := scan(&id, &due); err != nil {
			return err
		}
		switch {
		case len(list) < limit && due <= micros(now):
			list = append(list, id)
		case next.IsZero():
			next = fromMicros(due)
		}
		return nil
	}, limit+1)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("listing what is due: %w", err)
	}
	return list, next, nil
}
