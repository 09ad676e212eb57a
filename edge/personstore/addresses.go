package personstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"rem"
	"rem/person"
	"rem/person/application"
)

// errOpening answers a step that opens an account without a form.
var errOpening = errors.New("an account is opened, and no form was handed in")

// querier is a step or a reader.
type querier interface {
	QueryRow(query string, args ...any) *sql.Row
}

// contextual asks the readers within a context.
type contextual struct {
	ctx context.Context
	db  *sql.DB
}

func (c contextual) QueryRow(query string, args ...any) *sql.Row {
	return c.db.QueryRowContext(c.ctx, query, args...)
}

// addressAt is the address's entry at now. A reservation that has passed is none.
func addressAt(q querier, a rem.Address, now time.Time) (person.AddressEntry, error) {
	e := person.AddressEntry{Address: a, State: person.AddressFree}
	var by sql.NullString
	var wantedBy rem.PersonID
	var until, reserved, since sql.NullInt64
	var closed bool
	err := q.QueryRow(queries["address.get"], a.String()).Scan(&by, &wantedBy, &until, &reserved, &e.Account, &e.Holder, &closed, &since)
	if errors.Is(err, sql.ErrNoRows) {
		return e, nil
	}
	if err != nil {
		return person.AddressEntry{}, err
	}
	r := person.Reservation{Address: a, Application: person.ApplicationID(by.String), Holder: wantedBy, Until: fromDeadline(until)}
	switch {
	case by.Valid && r.Holds(now):
		e.State, e.Reservation, e.Since = person.AddressReserved, r, fromDeadline(reserved)
	case e.Account == "":
	case closed:
		e.State, e.Since = person.AddressClosed, fromDeadline(since)
	default:
		e.State, e.Since = person.AddressAssigned, fromDeadline(since)
	}
	return e, nil
}

// instant is a time to a microsecond, NULL for none.
func instant(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: micros(t), Valid: !t.IsZero()}
}

func reserve(tx *sql.Tx, r person.Reservation, now time.Time) error {
	e, err := addressAt(tx, r.Address, now)
	if err != nil {
		return err
	}
	if !e.Available(r) {
		return person.ErrTaken
	}
	if err := release(tx, r.Application, r.Address); err != nil {
		return err
	}
	since := now
	if e.State == person.AddressReserved {
		since = e.Since
	}
	return exec(tx, "address.reserve", r.Address.String(), string(r.Application), string(r.Holder), instant(r.Until), instant(since))
}

// release gives back every reservation of an application but one.
func release(tx *sql.Tx, by person.ApplicationID, but rem.Address) error {
	if err := exec(tx, "address.forget", string(by), but.String()); err != nil {
		return err
	}
	return exec(tx, "address.close-again", string(by), but.String())
}

func assign(tx *sql.Tx, a rem.Address, by person.ApplicationID, account rem.AccountID, holder rem.PersonID, now time.Time) error {
	e, err := addressAt(tx, a, now)
	switch {
	case err != nil:
		return err
	case e.State == person.AddressAssigned && e.Account == account && e.Holder == holder:
		return nil
	case account == "" || e.State != person.AddressReserved || e.Reservation.Application != by || e.Reservation.Holder != "" && e.Reservation.Holder != holder:
		return person.ErrNotReserved
	}
	return exec(tx, "address.assign", a.String(), string(account), string(holder), micros(now))
}

// addressOf does what a step means for addresses.
func addressOf(tx *sql.Tx, d application.StepData, after *application.View) error {
	if d.Reserve != nil {
		if err := reserve(tx, *d.Reserve, d.At); err != nil {
			return err
		}
	}
	if d.Account != "" {
		if after.Submitted == nil {
			return errOpening
		}
		if err := assign(tx, after.Submitted.Address, d.Application, d.Account, after.Submitted.Holder, d.At); err != nil {
			return err
		}
	}
	if d.Release {
		return release(tx, d.Application, rem.Address{})
	}
	return nil
}

// Reserve implements person.Addresses. Times are kept to a microsecond.
func (s *Store) Reserve(ctx context.Context, r person.Reservation, now time.Time) error {
	if err := s.file.Update(ctx, func(tx *sql.Tx) error { return reserve(tx, r, now) }); err != nil {
		return fmt.Errorf("reserving an address: %w", err)
	}
	return nil
}

// Release implements person.Addresses.
func (s *Store) Release(ctx context.Context, a rem.Address, by person.ApplicationID) error {
	err := s.file.Update(ctx, func(tx *sql.Tx) error {
		e, err := addressAt(tx, a, time.Time{}) // whether it has passed or not
		if err != nil || e.State != person.AddressReserved || e.Reservation.Application != by {
			return err
		}
		return release(tx, by, rem.Address{})
	})
	if err != nil {
		return fmt.Errorf("releasing an address: %w", err)
	}
	return nil
}

// Assign implements person.Addresses.
func (s *Store) Assign(ctx context.Context, a rem.Address, by person.ApplicationID, account rem.AccountID, holder rem.PersonID, now time.Time) error {
	if err := s.file.Update(ctx, func(tx *sql.Tx) error { return assign(tx, a, by, account, holder, now) }); err != nil {
		return fmt.Errorf("assigning an address: %w", err)
	}
	return nil
}

// Adopt makes an address the account's that was opened otherwise than by an
// application, so that no application gets it. person.ErrTaken when it is
// another's, or reserved at now.
func (s *Store) Adopt(ctx context.Context, a rem.Address, account rem.AccountID, holder rem.PersonID, now time.Time) error {
	err := s.file.Update(ctx, func(tx *sql.Tx) error {
		e, err := addressAt(tx, a, now)
		switch {
		case err != nil:
			return err
		case e.Account == account && e.Holder == holder && account != "":
			return nil
		case e.State != person.AddressFree || account == "":
			return person.ErrTaken
		}
		return exec(tx, "address.assign", a.String(), string(account), string(holder), micros(now))
	})
	if err != nil {
		return fmt.Errorf("adopting an address: %w", err)
	}
	return nil
}

// Retire implements person.Addresses.
func (s *Store) Retire(ctx context.Context, a rem.Address, account rem.AccountID, now time.Time) error {
	err := s.file.Update(ctx, func(tx *sql.Tx) error {
		e, err := addressAt(tx, a, now)
		switch {
		case err != nil:
			return err
		case account == "" || e.Account != account:
			return person.ErrNotReserved
		case e.State != person.AddressAssigned:
			return nil
		}
		return exec(tx, "address.retire", a.String(), micros(now))
	})
	if err != nil {
		return fmt.Errorf("closing an address: %w", err)
	}
	return nil
}

// Address implements person.Addresses.
func (s *Store) Address(ctx context.Context, a rem.Address, now time.Time) (person.AddressEntry, error) {
	e, err := addressAt(contextual{ctx, s.file.Read}, a, now)
	if err != nil {
		return person.AddressEntry{}, fmt.Errorf("reading an address: %w", err)
	}
	return e, nil
}
