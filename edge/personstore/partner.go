package personstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"rem"
	"rem/person"
	"rem/provider/partner"
)

var (
	_ partner.Institutions = (*Store)(nil)
	_ partner.Ledger       = (*Store)(nil)
)

// AddInstitution implements partner.Institutions. Times are kept to a microsecond.
func (s *Store) AddInstitution(ctx context.Context, i partner.Institution) error {
	if !i.Whole() {
		return errors.New("keeping an institution: it is not whole")
	}
	var provinces []string
	for _, p := range i.Provinces {
		provinces = append(provinces, string(p))
	}
	err := s.file.Update(ctx, func(tx *sql.Tx) error {
		var others int
		if err := tx.QueryRow(queries["partner.contract"], i.Contract, i.ID).Scan(&others); err != nil {
			return err
		}
		if others > 0 {
			return partner.ErrTaken
		}
		return exec(tx, "partner.add", i.ID, i.Name, i.Contract, micros(i.From), micros(i.Until), strings.Join(provinces, " "), micros(i.Added), string(i.AddedBy))
	})
	if err != nil {
		return fmt.Errorf("keeping an institution: %w", err)
	}
	return nil
}

// EndInstitution implements partner.Institutions.
func (s *Store) EndInstitution(ctx context.Context, id string, at time.Time, by rem.PersonID) error {
	err := s.file.Update(ctx, func(tx *sql.Tx) error {
		if _, err := scanInstitution(tx.QueryRow(queries["partner.institution"], id).Scan); err != nil {
			return err
		}
		return exec(tx, "partner.end", id, micros(at), string(by))
	})
	if err != nil {
		return fmt.Errorf("ending an institution: %w", err)
	}
	return nil
}

// Institution implements partner.Institutions.
func (s *Store) Institution(ctx context.Context, id string) (partner.Institution, error) {
	i, err := scanInstitution(s.file.Read.QueryRowContext(ctx, queries["partner.institution"], id).Scan)
	if err != nil {
		return partner.Institution{}, fmt.Errorf("reading an institution: %w", err)
	}
	return i, nil
}

// AllInstitutions implements partner.Institutions.
func (s *Store) AllInstitutions(ctx context.Context) (list []partner.Institution, err error) {
	err = s.each(ctx, "partner.institutions", func(scan func(...any) error) error {
		i, err := scanInstitution(scan)
		list = append(list, i)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading institutions: %w", err)
	}
	return list, nil
}

func scanInstitution(scan func(...any) error) (i partner.Institution, err error) {
	var from, until, added int64
	var ended sql.NullInt64
	var provinces string
	err = scan(&i.ID, &i.Name, &i.Contract, &from, &until, &provinces, &added, &i.AddedBy, &ended, &i.EndedBy)
	if errors.Is(err, sql.ErrNoRows) {
		return i, partner.ErrNotFound
	}
	i.From, i.Until, i.Added, i.Ended = fromMicros(from), fromMicros(until), fromMicros(added), fromDeadline(ended)
	for p := range strings.FieldsSeq(provinces) {
		i.Provinces = append(i.Provinces, person.Province(p))
	}
	return i, err
}

// CommitOrder implements partner.Ledger.
func (s *Store) CommitOrder(ctx context.Context, step partner.Step) error {
	err := errNoStep
	if !step.IsZero() {
		var body []byte
		d := step.Data()
		if body, err = partner.WriteStep(&d); err == nil {
			err = s.file.Update(ctx, func(tx *sql.Tx) error { return commitOrder(tx, d, body) })
		}
	}
	if err != nil {
		return fmt.Errorf("committing a step of a work order: %w", err)
	}
	return nil
}

func commitOrder(tx *sql.Tx, d partner.StepData, body []byte) error {
	var n int64
	var steps int
	err := tx.QueryRow(queries["partner.place"], string(d.Order)).Scan(&n, &steps)
	switch {
	case errors.Is(err, sql.ErrNoRows) && d.Brief == nil:
		return partner.ErrNotFound
	case errors.Is(err, sql.ErrNoRows):
		b := d.Brief
		r, err := tx.Exec(queries["partner.issue"], string(d.Order), string(b.Application), b.Institution, string(d.To), deadline(b.Expires))
		if err != nil {
			return err
		}
		if n, err = r.LastInsertId(); err != nil {
			return err
		}
		return exec(tx, "partner.step", n, d.Number, body)
	case err != nil:
		return err
	}
	if d.Number <= steps {
		var there []byte
		if err := tx.QueryRow(queries["partner.taken"], n, d.Number).Scan(&there); err != nil {
			return err
		}
		if !bytes.Equal(there, body) {
			return partner.ErrMoved
		}
		return nil
	}
	o, err := foldOrder(func(visit func([]byte) error) error {
		rows, err := tx.Query(queries["partner.steps"], n)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var b []byte
			if err := rows.Scan(&b); err != nil {
				return err
			}
			if err := visit(b); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	if err != nil {
		return err
	}
	if d.Number != steps+1 || d.From != o.State {
		return partner.ErrMoved
	}
	o = o.After(d)
	due := sql.NullInt64{}
	if o.State == partner.Open || o.State == partner.Accepted {
		due = deadline(o.Expires)
	}
	holder, ours := o.Holder()
	if err := exec(tx, "partner.move", n, string(o.State), due, holder != "" && !ours, o.Steps); err != nil {
		return err
	}
	return exec(tx, "partner.step", n, d.Number, body)
}

// foldOrder makes an order of its steps.
func foldOrder(each func(visit func([]byte) error) error) (o partner.Order, err error) {
	err = each(func(b []byte) error {
		d, err := partner.ReadStep(b)
		if err != nil {
			return err
		}
		o = o.After(d)
		return nil
	})
	return o, err
}

// orderSteps reads those of an order.
func (s *Store) orderSteps(ctx context.Context, id partner.OrderID) (list []partner.StepData, err error) {
	var n int64
	var steps int
	err = s.file.Read.QueryRowContext(ctx, queries["partner.place"], string(id)).Scan(&n, &steps)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, partner.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	err = s.each(ctx, "partner.steps", func(scan func(...any) error) error {
		var b []byte
		if err := scan(&b); err != nil {
			return err
		}
		d, err := partner.ReadStep(b)
		list = append(list, d)
		return err
	}, n)
	return list, err
}

// Order implements partner.Ledger.
func (s *Store) Order(ctx context.Context, id partner.OrderID) (o partner.Order, err error) {
	steps, err := s.orderSteps(ctx, id)
	if err != nil {
		return partner.Order{}, fmt.Errorf("reading a work order: %w", err)
	}
	for _, d := range steps {
		o = o.After(d)
	}
	return o, nil
}

// OrderHistory implements partner.Ledger.
func (s *Store) OrderHistory(ctx context.Context, id partner.OrderID) ([]partner.StepData, error) {
	steps, err := s.orderSteps(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("reading the history of a work order: %w", err)
	}
	return steps, nil
}

// Orders implements partner.Ledger.
func (s *Store) Orders(ctx context.Context, f partner.Filter, after partner.OrderID, limit int) ([]partner.Order, error) {
	limit = min(limit, partner.MaxListed)
	n, err := s.orderPlace(ctx, after)
	if err != nil {
		return nil, err
	}
	switch {
	case f.Application != "":
		return s.orders(ctx, "partner.of-application", string(f.Application), n, f.Institution, string(f.State), limit)
	case f.Institution != "" && f.State != "":
		return s.orders(ctx, "partner.standing", f.Institution, string(f.State), n, limit)
	case f.Institution != "":
		return s.orders(ctx, "partner.of-institution", f.Institution, n, limit)
	case f.State != "":
		return s.orders(ctx, "partner.of-state", string(f.State), n, limit)
	}
	return nil, errors.New("listing work orders: a list needs an institution, an application or a state")
}

// OrdersOut implements partner.Ledger.
func (s *Store) OrdersOut(ctx context.Context, after partner.OrderID, limit int) ([]partner.Order, error) {
	n, err := s.orderPlace(ctx, after)
	if err != nil {
		return nil, err
	}
	return s.orders(ctx, "partner.out", n, min(limit, partner.MaxListed))
}

func (s *Store) orderPlace(ctx context.Context, after partner.OrderID) (n int64, err error) {
	if after == "" {
		return 0, nil
	}
	var steps int
	err = s.file.Read.QueryRowContext(ctx, queries["partner.place"], string(after)).Scan(&n, &steps)
	if errors.Is(err, sql.ErrNoRows) {
		err = partner.ErrNotFound
	}
	if err != nil {
		return 0, fmt.Errorf("listing work orders: %w", err)
	}
	return n, nil
}

func (s *Store) orders(ctx context.Context, name string, args ...any) (list []partner.Order, err error) {
	var ids []partner.OrderID
	err = s.each(ctx, name, func(scan func(...any) error) error {
		var n int64
		var id partner.OrderID
		err := scan(&n, &id)
		ids = append(ids, id)
		return err
	}, args...)
	if err != nil {
		return nil, fmt.Errorf("listing work orders: %w", err)
	}
	for _, id := range ids {
		o, err := s.Order(ctx, id)
		if err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	return list, nil
}

// OrdersDue implements partner.Ledger.
func (s *Store) OrdersDue(ctx context.Context, now time.Time, limit int) (list []partner.OrderID, err error) {
	err = s.each(ctx, "partner.due", func(scan func(...any) error) error {
		var id partner.OrderID
		err := scan(&id)
		list = append(list, id)
		return err
	}, micros(now), limit)
	if err != nil {
		return nil, fmt.Errorf("finding work orders whose time is over: %w", err)
	}
	return list, nil
}
