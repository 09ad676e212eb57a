package apistore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"rem"
	"rem/message/bulk"
	"rem/message/mailbox"
	"rem/privacy"
)

var _ bulk.Store = Bulk{}

// Bulk is the part of the store that keeps bulk sendings.
type Bulk struct{ s *Store }

// Bulk returns it; it ends with the store.
func (s *Store) Bulk() Bulk { return Bulk{s} }

// set is a list as the statements take it.
func set[T ~string](list []T) string {
	if len(list) == 0 {
		return "[]"
	}
	b, err := json.Marshal(list)
	if err != nil {
		panic(err) // strings are always written
	}
	return string(b)
}

// AddJob implements bulk.Store.
func (b Bulk) AddJob(ctx context.Context, j bulk.Job, items []bulk.Item) error {
	return b.s.file.Update(ctx, func(tx *sql.Tx) error {
		a := &j.Actor
		if err := exec(tx, "bulk.add", string(j.ID), string(a.Account), string(a.Holder), string(a.Person), a.Method, micros(j.Authentication.Time), j.Authentication.Method,
			string(j.Kind), micros(j.Made), string(j.State), j.Cursor); err != nil {
			return err
		}
		add, err := tx.Prepare(queries["bulk.add-item"])
		if err != nil {
			return err
		}
		defer add.Close()
		for i := range items {
			x := &items[i]
			var digest any
			if !x.Digest.IsZero() {
				digest = x.Digest[:]
			}
			if _, err := add.Exec(string(j.ID), x.Row, x.Address.Bytes(), string(x.Draft), digest, string(x.Step), micros(x.At)); err != nil {
				return err
			}
		}
		return nil
	})
}

func scanJob(scan func(...any) error) (j bulk.Job, err error) {
	var proved, made int64
	a := &j.Actor
	err = scan(&j.ID, &a.Account, &a.Holder, &a.Person, &a.Method, &proved, &j.Authentication.Method, &j.Kind, &made, &j.State, &j.Cursor)
	if errors.Is(err, sql.ErrNoRows) {
		return j, bulk.ErrNotFound
	}
	j.Authentication.Time, j.Made = fromMicros(proved), fromMicros(made)
	return j, err
}

func (b Bulk) counted(ctx context.Context, j *bulk.Job) (err error) {
	rows, err := b.s.file.Read.QueryContext(ctx, queries["bulk.counts"], string(j.ID))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	j.Counts = map[bulk.Step]int{}
	for rows.Next() {
		var step bulk.Step
		var n int
		if err := rows.Scan(&step, &n); err != nil {
			return err
		}
		j.Counts[step] = n
	}
	return rows.Err()
}

// Job implements bulk.Store.
func (b Bulk) Job(ctx context.Context, a rem.AccountID, id bulk.ID) (bulk.Job, error) {
	j, err := scanJob(b.s.file.Read.QueryRowContext(ctx, queries["bulk.one"], string(a), string(id)).Scan)
	if err == nil {
		err = b.counted(ctx, &j)
	}
	return j, err
}

func (b Bulk) jobs(ctx context.Context, query string, args ...any) (list []bulk.Job, err error) {
	rows, err := b.s.file.Read.QueryContext(ctx, queries[query], args...)
	if err != nil {
		return nil, fmt.Errorf("reading bulk sendings: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		j, err := scanJob(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("reading bulk sendings: %w", err)
		}
		list = append(list, j)
	}
	return list, rows.Err()
}

// Jobs implements bulk.Store.
func (b Bulk) Jobs(ctx context.Context, a rem.AccountID, limit int) ([]bulk.Job, error) {
	list, err := b.jobs(ctx, "bulk.all", string(a), limit)
	for i := range list {
		if err == nil {
			err = b.counted(ctx, &list[i])
		}
	}
	return list, err
}

// JobsIn implements bulk.Store.
func (b Bulk) JobsIn(ctx context.Context, states []bulk.State, limit int) ([]bulk.Job, error) {
	return b.jobs(ctx, "bulk.in", set(states), limit)
}

// SetState implements bulk.Store.
func (b Bulk) SetState(ctx context.Context, id bulk.ID, from []bulk.State, to bulk.State) (bool, error) {
	states := set(from)
	n, err := answer(ctx, b.s, "bulk.state", string(id), states, string(to))
	return n > 0, err
}

func scanItem(scan func(...any) error) (x bulk.Item, err error) {
	var address, digest []byte
	var at int64
	err = scan(&x.Row, &address, &x.Draft, &digest, &x.Step, &at, &x.Message, &x.Why.Turkish, &x.Why.English)
	if errors.Is(err, sql.ErrNoRows) {
		return x, bulk.ErrNotFound
	}
	if err != nil {
		return x, err
	}
	copy(x.Digest[:], digest)
	x.At = fromMicros(at)
	x.Address, err = privacy.ParseSealed(address)
	return x, err
}

// Items implements bulk.Store.
func (b Bulk) Items(ctx context.Context, id bulk.ID, steps []bulk.Step, after, limit int) (list []bulk.Item, err error) {
	rows, err := b.s.file.Read.QueryContext(ctx, queries["bulk.items"], string(id), set(steps), after, limit)
	if err != nil {
		return nil, fmt.Errorf("reading a bulk sending: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		x, err := scanItem(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("reading a bulk sending: %w", err)
		}
		list = append(list, x)
	}
	return list, rows.Err()
}

// ItemOf implements bulk.Store.
func (b Bulk) ItemOf(ctx context.Context, id bulk.ID, draft mailbox.DraftID, d rem.Digest) (bulk.Item, error) {
	return scanItem(b.s.file.Read.QueryRowContext(ctx, queries["bulk.item-of"], string(id), string(draft), d[:]).Scan)
}

// Apply implements bulk.Store.
func (b Bulk) Apply(ctx context.Context, id bulk.ID, changes []bulk.Change, cursor int64) error {
	return b.s.file.Update(ctx, func(tx *sql.Tx) error {
		for _, c := range changes {
			from := set(c.From)
			for _, row := range c.Rows {
				if err := exec(tx, "bulk.change", string(id), row, from, string(c.To), micros(c.At), string(c.Message), c.Why.Turkish, c.Why.English); err != nil {
					return err
				}
			}
		}
		return exec(tx, "bulk.cursor", string(id), cursor)
	})
}
