package enrolment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"rem"
	"rem/person/application"
	"rem/person/identity"
)

// An OfficeID names an office; a code of the settings.
type OfficeID string

// An Office is where people come to show who they are (REQ-14).
type Office struct {
	ID      OfficeID
	Name    rem.Text
	Address string
	// Days are those of the week on which it is open, From and Until its hours on
	// them, of Turkish time.
	Days        []time.Weekday
	From, Until time.Duration
	// Slot is how long one appointment takes, Seats how many there are at once.
	Slot  time.Duration
	Seats int
}

// istanbul is where office hours are; UTC+3 all year since 2016.
var istanbul = time.FixedZone("Europe/Istanbul", 3*60*60)

// is reports whether an appointment can begin at the time.
func (o *Office) is(at time.Time) bool {
	local := at.In(istanbul)
	since := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute + time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
	return o.Slot > 0 && slices.Contains(o.Days, local.Weekday()) && since >= o.From && since+o.Slot <= o.Until && (since-o.From)%o.Slot == 0
}

// A Slot is a time at which an appointment can begin.
type Slot struct {
	At   time.Time
	Free int
}

// slotDays is how many days ahead appointments are made.
const slotDays = 30

func (s *Service) office(id OfficeID) *Office {
	i := slices.IndexFunc(s.Settings.Offices, func(o Office) bool { return o.ID == id })
	if i < 0 {
		return nil
	}
	return &s.Settings.Offices[i]
}

// Offices lists them.
func (s *Service) Offices() []Office { return slices.Clone(s.Settings.Offices) }

// Slots lists the free times of an office on a day.
func (a *Applicants) Slots(ctx context.Context, b Bearer, id OfficeID, day time.Time) ([]Slot, error) {
	s := a.s
	v, err := s.view(ctx, b)
	if err != nil {
		return nil, err
	}
	o := s.office(id)
	if o == nil || v.Submitted == nil {
		return nil, ErrFull
	}
	local := day.In(istanbul)
	begin := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, istanbul)
	booked, err := s.Store.Appointments(ctx, id, begin, begin.AddDate(0, 0, 1))
	if err != nil {
		return nil, fmt.Errorf("reading appointments: %w", err)
	}
	now := s.Clock.Now()
	var list []Slot
	for at := begin.Add(o.From); o.is(at); at = at.Add(o.Slot) {
		free := o.Seats
		for _, x := range booked {
			if x.At.Equal(at) && x.Application != v.ID {
				free--
			}
		}
		if free > 0 && at.After(now) && at.Before(now.AddDate(0, 0, slotDays)) {
			list = append(list, Slot{at.UTC(), free})
		}
	}
	return list, nil
}

// Book makes an appointment, in place of the one that he had. ErrFull when it is
// taken or is no time of the office.
func (a *Applicants) Book(ctx context.Context, b Bearer, id OfficeID, at time.Time) error {
	s := a.s
	v, err := s.view(ctx, b)
	if err != nil {
		return err
	}
	o, now := s.office(id), s.Clock.Now()
	switch {
	case v.State != application.Pending || v.Method != identity.Office:
		return application.ErrNotNow
	case o == nil || !o.is(at) || !at.After(now) || !at.Before(now.AddDate(0, 0, slotDays)) || !at.Before(v.Due):
		return ErrFull
	}
	if err := s.Store.Book(ctx, Appointment{v.ID, id, at.UTC(), now.UTC()}, o.Seats); err != nil {
		if errors.Is(err, ErrFull) {
			return ErrFull
		}
		return fmt.Errorf("making an appointment: %w", err)
	}
	return nil
}

// Cancel gives the appointment back.
func (a *Applicants) Cancel(ctx context.Context, b Bearer) error {
	v, err := a.s.view(ctx, b)
	if err != nil {
		return err
	}
	if err := a.s.Store.Cancel(ctx, v.ID); err != nil {
		return fmt.Errorf("giving an appointment back: %w", err)
	}
	return nil
}

// Appointments lists those of an office in [from, until), for the desk.
func (d *Desk) Appointments(ctx context.Context, by application.By, id OfficeID, from, until time.Time) ([]Appointment, error) {
	if err := staff(by); err != nil {
		return nil, err
	}
	return d.s.Store.Appointments(ctx, id, from, until)
}
