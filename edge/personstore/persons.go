package personstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"rem"
	"rem/edge/sqlitefile"
	"rem/person"
	"rem/person/enrolment"
	"rem/person/login"
	"rem/privacy"
)

// An enrolled is the store as enrolment.Store.
type enrolled struct{ s *Store }

// Enrolment returns where enrolment keeps what it needs.
func (s *Store) Enrolment() enrolment.Store { return enrolled{s} }

// Claim implements enrolment.Store.
func (e enrolled) Claim(ctx context.Context, number privacy.IndexToken, fresh rem.PersonID, at time.Time) (rem.PersonID, error) {
	p, err := sqlitefile.Answer(ctx, e.s.file, func(tx *sql.Tx) (p rem.PersonID, err error) {
		if err := exec(tx, "person.claim", number.Bytes(), string(fresh), micros(at)); err != nil {
			return "", err
		}
		err = tx.QueryRow(queries["person.named"], number.Bytes()).Scan(&p)
		return p, err
	})
	if err != nil {
		return "", fmt.Errorf("claiming a number: %w", err)
	}
	return p, nil
}

// Know implements enrolment.Store.
func (e enrolled) Know(ctx context.Context, p rem.PersonID, at time.Time) error {
	if err := e.s.file.Update(ctx, func(tx *sql.Tx) error { return exec(tx, "person.know", string(p), micros(at)) }); err != nil {
		return fmt.Errorf("knowing a person: %w", err)
	}
	return nil
}

// Known implements enrolment.Store.
func (e enrolled) Known(ctx context.Context, p rem.PersonID) (time.Time, error) {
	var at int64
	err := e.s.file.Read.QueryRowContext(ctx, queries["person.known"], string(p)).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("looking a person up: %w", err)
	}
	return fromMicros(at), nil
}

// AddLink implements enrolment.Store.
func (e enrolled) AddLink(ctx context.Context, l enrolment.Link) error {
	err := e.s.file.Update(ctx, func(tx *sql.Tx) error {
		return exec(tx, "enrolment.add-link", l.ID[:], string(l.Application), string(l.Bearer), l.Shower, l.Mail, micros(l.Made), deadline(l.Until))
	})
	if err != nil {
		return fmt.Errorf("keeping a link: %w", err)
	}
	return nil
}

func (e enrolled) link(ctx context.Context, name string, arg any) (l enrolment.Link, err error) {
	var id []byte
	var made int64
	var until sql.NullInt64
	err = e.s.file.Read.QueryRowContext(ctx, queries[name], arg).Scan(&id, &l.Application, &l.Bearer, &l.Shower, &l.Mail, &made, &until)
	if errors.Is(err, sql.ErrNoRows) {
		return enrolment.Link{}, enrolment.ErrNone
	}
	if err == nil && len(id) != len(l.ID) {
		err = errors.New("its digest has another length")
	}
	if err != nil {
		return enrolment.Link{}, fmt.Errorf("looking a link up: %w", err)
	}
	l.ID, l.Made, l.Until = login.ID(id), fromMicros(made), fromDeadline(until)
	return l, nil
}

// Link implements enrolment.Store.
func (e enrolled) Link(ctx context.Context, id login.ID) (enrolment.Link, error) {
	return e.link(ctx, "enrolment.link", id[:])
}

// Bearer implements enrolment.Store.
func (e enrolled) Bearer(ctx context.Context, p rem.PersonID) (enrolment.Link, error) {
	return e.link(ctx, "enrolment.bearer", string(p))
}

// Shower implements enrolment.Store.
func (e enrolled) Shower(ctx context.Context, a person.ApplicationID) (enrolment.Link, error) {
	return e.link(ctx, "enrolment.shower", string(a))
}

func scanProofs(a person.ApplicationID, scan func(...any) error) (p enrolment.Proofs, err error) {
	var mail, until, first, mobile, spent sql.NullInt64
	var code []byte
	var version int64
	var sent int64
	err = scan(&version, &mail, &code, &until, &sent, &p.Tries, &p.Sends, &first, &mobile, &spent)
	p.Application = a
	if errors.Is(err, sql.ErrNoRows) {
		return p, nil
	}
	if err == nil && code != nil {
		p.Code, err = privacy.ParseIndexToken(code)
	}
	p.Version, p.Sent = uint64(version), uint64(sent)
	p.Mail, p.Until, p.First, p.Mobile, p.Spent = fromDeadline(mail), fromDeadline(until), fromDeadline(first), fromDeadline(mobile), fromDeadline(spent)
	return p, err
}

// Proofs implements enrolment.Store.
func (e enrolled) Proofs(ctx context.Context, a person.ApplicationID) (enrolment.Proofs, error) {
	p, err := scanProofs(a, e.s.file.Read.QueryRowContext(ctx, queries["enrolment.proofs"], string(a)).Scan)
	if err != nil {
		return enrolment.Proofs{}, fmt.Errorf("reading what was shown of channels: %w", err)
	}
	return p, nil
}

// SetProofs implements enrolment.Store.
func (e enrolled) SetProofs(ctx context.Context, p enrolment.Proofs) error {
	micro := func(t *time.Time) { *t = fromDeadline(instant(*t)) }
	for _, t := range []*time.Time{&p.Mail, &p.Until, &p.First, &p.Mobile, &p.Spent} {
		micro(t)
	}
	err := e.s.file.Update(ctx, func(tx *sql.Tx) error {
		kept, err := scanProofs(p.Application, tx.QueryRow(queries["enrolment.proofs"], string(p.Application)).Scan)
		if err != nil {
			return err
		}
		next := p
		next.Version++
		if kept == next {
			return nil // the same again
		}
		if kept.Version != p.Version {
			return enrolment.ErrChanged
		}
		var code []byte
		if p.Code != (privacy.IndexToken{}) {
			code = p.Code.Bytes()
		}
		return exec(tx, "enrolment.set-proofs", string(p.Application), int64(next.Version), instant(p.Mail), code, instant(p.Until), int64(p.Sent), p.Tries, p.Sends, instant(p.First), instant(p.Mobile), instant(p.Spent))
	})
	if err != nil {
		return fmt.Errorf("keeping what was shown of channels: %w", err)
	}
	return nil
}

// Book implements enrolment.Store.
func (e enrolled) Book(ctx context.Context, a enrolment.Appointment, capacity int) error {
	err := e.s.file.Update(ctx, func(tx *sql.Tx) error {
		var others int
		if err := tx.QueryRow(queries["enrolment.others"], string(a.Office), micros(a.At), string(a.Application)).Scan(&others); err != nil {
			return err
		}
		if others >= capacity {
			return enrolment.ErrFull
		}
		return exec(tx, "enrolment.book", string(a.Application), string(a.Office), micros(a.At), micros(a.Made))
	})
	if err != nil {
		return fmt.Errorf("making an appointment: %w", err)
	}
	return nil
}

// Cancel implements enrolment.Store.
func (e enrolled) Cancel(ctx context.Context, a person.ApplicationID) error {
	if err := e.s.file.Update(ctx, func(tx *sql.Tx) error { return exec(tx, "enrolment.cancel", string(a)) }); err != nil {
		return fmt.Errorf("giving an appointment back: %w", err)
	}
	return nil
}

func scanAppointment(scan func(...any) error) (a enrolment.Appointment, err error) {
	var at, made int64
	err = scan(&a.Application, &a.Office, &at, &made)
	a.At, a.Made = fromMicros(at), fromMicros(made)
	return a, err
}

// Appointment implements enrolment.Store.
func (e enrolled) Appointment(ctx context.Context, a person.ApplicationID) (enrolment.Appointment, error) {
	x, err := scanAppointment(e.s.file.Read.QueryRowContext(ctx, queries["enrolment.appointment"], string(a)).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return enrolment.Appointment{}, enrolment.ErrNone
	}
	if err != nil {
		return enrolment.Appointment{}, fmt.Errorf("reading an appointment: %w", err)
	}
	return x, nil
}

// Appointments implements enrolment.Store.
func (e enrolled) Appointments(ctx context.Context, o enrolment.OfficeID, from, until time.Time) (list []enrolment.Appointment, err error) {
	err = e.s.each(ctx, "enrolment.appointments", func(scan func(...any) error) error {
		x, err := scanAppointment(scan)
		list = append(list, x)
		return err
	}, string(o), micros(from), micros(until))
	if err != nil {
		return nil, fmt.Errorf("reading appointments: %w", err)
	}
	return list, nil
}

// KeepProfile implements enrolment.Store.
func (e enrolled) KeepProfile(ctx context.Context, p enrolment.Profile) error {
	p.Details = slices.Clone(p.Details)
	err := e.s.file.Update(ctx, func(tx *sql.Tx) error {
		r, err := tx.Exec(queries["enrolment.add-profile"], string(p.Account), string(p.Application), string(p.Kind), string(p.Holder), string(p.Shower), micros(p.At), p.Mobile.Bytes(), p.Mail.Bytes())
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return err // the first one stands
		}
		n, err := r.LastInsertId()
		if err != nil {
			return err
		}
		for i, d := range p.Details {
			if err := exec(tx, "enrolment.add-detail", n, i, d.Name, d.Value.Bytes()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keeping a profile: %w", err)
	}
	return nil
}

// numbered is a profile with the number of its row.
type numbered struct {
	n int64
	enrolment.Profile
}

func scanProfile(scan func(...any) error) (p numbered, err error) {
	var at int64
	var mobile, mail []byte
	if err = scan(&p.n, &p.Account, &p.Application, &p.Kind, &p.Holder, &p.Shower, &at, &mobile, &mail); err != nil {
		return p, err
	}
	p.At = fromMicros(at)
	if p.Mobile, err = privacy.ParseSealed(mobile); err == nil {
		p.Mail, err = privacy.ParseSealed(mail)
	}
	return p, err
}

func (e enrolled) details(ctx context.Context, p *numbered) error {
	return e.s.each(ctx, "enrolment.details", func(scan func(...any) error) error {
		var d enrolment.Detail
		var value []byte
		err := scan(&d.Name, &value)
		if err == nil {
			d.Value, err = privacy.ParseSealed(value)
		}
		p.Details = append(p.Details, d)
		return err
	}, p.n)
}

// Profile implements enrolment.Store.
func (e enrolled) Profile(ctx context.Context, a rem.AccountID) (enrolment.Profile, error) {
	p, err := scanProfile(e.s.file.Read.QueryRowContext(ctx, queries["enrolment.profile"], string(a)).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return enrolment.Profile{}, enrolment.ErrNone
	}
	if err == nil {
		err = e.details(ctx, &p)
	}
	if err != nil {
		return enrolment.Profile{}, fmt.Errorf("reading a profile: %w", err)
	}
	return p.Profile, nil
}

// ProfilesOf implements enrolment.Store.
func (e enrolled) ProfilesOf(ctx context.Context, p rem.PersonID, limit int) ([]enrolment.Profile, error) {
	var found []numbered
	for _, name := range []string{"enrolment.profiles-holder", "enrolment.profiles-shower"} {
		err := e.s.each(ctx, name, func(scan func(...any) error) error {
			x, err := scanProfile(scan)
			if !slices.ContainsFunc(found, func(y numbered) bool { return y.n == x.n }) {
				found = append(found, x)
			}
			return err
		}, string(p), limit)
		if err != nil {
			return nil, fmt.Errorf("reading profiles: %w", err)
		}
	}
	slices.SortFunc(found, func(a, b numbered) int { return cmp.Compare(a.n, b.n) })
	var list []enrolment.Profile
	for i := range found[:min(limit, len(found))] {
		if err := e.details(ctx, &found[i]); err != nil {
			return nil, fmt.Errorf("reading profiles: %w", err)
		}
		list = append(list, found[i].Profile)
	}
	return list, nil
}
