package enrolment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rem"
	"rem/person"
	"rem/person/application"
	"rem/privacy"
	"rem/privacy/canon"
)

// A Requester is who hands in a company's file: an operator of its account. The
// caller has asked his powers.
type Requester struct {
	Actor   rem.Actor    // account, holder (the company), person
	Company person.Title // as the account's holder is called
	// Shown is the notice as it stood before him. Each of the people named is told
	// by himself, before anything is asked of him.
	Shown Shown
	// Accepted are the texts that he accepts for the applications.
	Accepted []application.Agreement
}

// A BatchID names a file that was handed in.
type BatchID string

// A Receipt is what came of a file: the report, row by row, and when every row is
// good the applications that came of it, in the order of the rows.
type Receipt struct {
	Batch        BatchID // "" when a row is bad: nothing was begun
	Report       application.Report
	Applications []person.ApplicationID
}

// batchForm begins the body of a batch's intention.
const batchForm = "rem-batch"

// Apply takes a company's file (REQ-21). Every row is checked, and every address is
// reserved, before any application begins: a row that is bad, also because its
// address was taken a moment before, leaves nothing behind. Then each row becomes an
// application of its own, with the company as who asked for it, and its person is
// told by mail. A crash in the middle is gone on from by [Service.Finish].
//
// The error is application.ErrBulk for a file that cannot be read at all.
func (c *Corporate) Apply(ctx context.Context, r Requester, file []byte) (Receipt, error) {
	s := c.s
	if r.Actor.Person == "" || r.Actor.Holder == "" || r.Company.IsZero() {
		return Receipt{}, application.ErrNotYou
	}
	now := s.Clock.Now().UTC().Truncate(time.Second)
	bulk, report, err := application.ReadBulk(file, r.Company, s.Settings.Forms, now)
	if err != nil {
		return Receipt{}, err
	}
	if bulk != nil {
		for i, f := range bulk.Forms() {
			if err := s.availableRow(ctx, f, &report.Rows[i], now); err != nil {
				return Receipt{}, err
			}
			if len(report.Rows[i].Problems) > 0 {
				report.Rows[i].Form = nil
				report.Bad++
			}
		}
	}
	if report.Bad > 0 {
		return Receipt{Report: report}, nil
	}
	texts, err := s.Texts()
	if err != nil {
		return Receipt{}, err
	}
	if !slices.Equal(texts, r.Accepted) {
		return Receipt{}, ErrTexts
	}
	n, err := s.tell(ctx, r.Actor.Person, r.Shown)
	if err != nil {
		return Receipt{}, err
	}
	token, err := rem.NewToken(now, s.Random)
	if err != nil {
		return Receipt{}, err
	}
	b := batch{id: BatchID(token), by: r.Actor, made: now, notice: n, rows: len(bulk.Forms())}
	// The company is sealed with the file: its title may be a person's name.
	if b.file, err = s.keepBatch(ctx, &b, r.Company, file); err != nil {
		return Receipt{}, err
	}
	body, err := b.write()
	if err != nil {
		return Receipt{}, err
	}
	in := application.Intention{Key: bulkPrefix + string(b.id), Application: b.row(0), At: now, Body: body}
	if _, err := s.Ledger.Intend(ctx, in); err != nil {
		return Receipt{}, fmt.Errorf("writing down a company's file: %w", err)
	}
	taken, err := s.reserve(ctx, &b, bulk, &report)
	if err == nil && taken {
		err = s.Ledger.Abandon(ctx, in.Key)
	}
	if err != nil {
		return Receipt{}, fmt.Errorf("reserving the addresses of a company's file: %w", err)
	}
	if taken {
		return Receipt{Report: report}, nil
	}
	receipt := Receipt{Batch: b.id, Report: report}
	for i := range bulk.Forms() {
		receipt.Applications = append(receipt.Applications, b.row(i))
	}
	return receipt, s.carry(ctx, &b, bulk, in.Key)
}

// availableRow notes an address that somebody has.
func (s *Service) availableRow(ctx context.Context, f *application.Form, row *application.Row, now time.Time) error {
	e, err := s.Ledger.Address(ctx, f.Address(), now)
	if err != nil {
		return fmt.Errorf("looking an address up: %w", err)
	}
	taken := !e.Available(person.Reservation{})
	if !taken {
		if taken, err = s.opened(ctx, f.Address(), ""); err != nil {
			return err
		}
	}
	if taken {
		row.Problems = append(row.Problems, &person.Problem{Field: "kep-address", Code: person.AddressTaken})
	}
	return nil
}

// bulkReserved is how long the addresses of a file are kept for it, while its
// applications begin.
const bulkReserved = 7 * 24 * time.Hour

// reserve keeps every address, or none: then the row that lost says so.
func (s *Service) reserve(ctx context.Context, b *batch, bulk *application.Bulk, report *application.Report) (taken bool, err error) {
	now := s.Clock.Now()
	for i, f := range bulk.Forms() {
		err = s.Ledger.Reserve(ctx, person.Reservation{Address: f.Address(), Application: b.row(i), Until: b.made.Add(bulkReserved)}, now)
		if err == nil {
			continue
		}
		if taken = errors.Is(err, person.ErrTaken); taken {
			row := &report.Rows[i]
			row.Problems, row.Form = append(row.Problems, &person.Problem{Field: "kep-address", Code: person.AddressTaken}), nil
			report.Bad, err = report.Bad+1, nil
		}
		for j := range i + 1 {
			err = errors.Join(err, s.Ledger.Release(ctx, bulk.Forms()[j].Address(), b.row(j)))
		}
		return taken, err
	}
	return false, nil
}

// carry makes each row an application, as far as it is not one already.
func (s *Service) carry(ctx context.Context, b *batch, bulk *application.Bulk, key string) error {
	for i, f := range bulk.Forms() {
		if err := s.carryRow(ctx, b, i, f); err != nil {
			return fmt.Errorf("row %d of a company's file: %w", i+1, err)
		}
	}
	if err := s.Ledger.Abandon(ctx, key); err != nil {
		return fmt.Errorf("finishing a company's file: %w", err)
	}
	return nil
}

// byFile is how the requester acts.
const byFile = "company-file"

func (s *Service) carryRow(ctx context.Context, b *batch, i int, f *application.Form) error {
	id := b.row(i)
	actor := b.by
	actor.Method = byFile
	by := application.By{Actor: actor, Role: application.Applicant}
	v, err := s.Ledger.Application(ctx, id)
	if errors.Is(err, application.ErrNotFound) {
		var step application.Step
		if step, err = s.Rules.Begin(id, person.Natural, b.notice, by, s.Clock.Now()); err != nil {
			return err
		}
		if err = s.Ledger.Commit(ctx, step); err != nil {
			return err
		}
		v, err = s.Ledger.Application(ctx, id)
	}
	if err != nil {
		return err
	}
	if v.State != application.Draft {
		return nil // made, or withdrawn meanwhile
	}
	// Who has to show himself gets a link of his own; it is found by the application.
	l, err := s.Store.Shower(ctx, id)
	if errors.Is(err, ErrNone) {
		l = Link{Application: id, Shower: true, Made: s.Clock.Now()}
		if l.Bearer, err = s.newPerson(l.Made); err != nil {
			return err
		}
		secret, serr := s.secret("shower", id, 0)
		if serr != nil {
			return serr
		}
		l.ID = secret.ID()
		err = s.Store.AddLink(ctx, l)
	}
	if err != nil {
		return fmt.Errorf("keeping the link of an application: %w", err)
	}
	texts, err := s.Texts()
	if err != nil {
		return err
	}
	_, err = s.from(ctx, v, application.Submit, by, whatever, func(v application.View, by application.By, now time.Time) (application.Step, error) {
		return s.handing(ctx, v, f, texts, l.Bearer, by)
	})
	return err
}

// Withdraw takes back an application that came of a file; by its requester.
func (c *Corporate) Withdraw(ctx context.Context, actor rem.Actor, id person.ApplicationID) error {
	actor.Method = byFile
	by := application.By{Actor: actor, Role: application.Applicant}
	_, err := c.s.do(ctx, id, application.Withdraw, by, whatever, c.s.Rules.Withdraw)
	return err
}

// List gives the applications that somebody asked for, the oldest first: where they
// stand, and nothing of what they say.
func (c *Corporate) List(ctx context.Context, requester rem.PersonID, limit int) ([]application.Listed, error) {
	all, err := c.s.Ledger.Of(ctx, requester, min(max(limit, 1), application.MaxListed))
	if err != nil {
		return nil, fmt.Errorf("listing applications: %w", err)
	}
	return slices.DeleteFunc(all, func(l application.Listed) bool { return l.Applicant != requester }), nil
}

// A batch is what is written down of a file: docs/formats/enrolment.md.
type batch struct {
	id     BatchID
	by     rem.Actor
	made   time.Time
	notice application.Notice
	file   rem.Digest // of the company's title, a line end, and the file
	rows   int
}

// row is the application of a row: always the same one.
func (b *batch) row(i int) person.ApplicationID {
	return person.ApplicationID(fmt.Sprintf("%s-%04d", b.id, i+1))
}

// view is that of whom the file is sealed for: who handed it in.
func (b *batch) view() *application.View {
	return &application.View{ID: person.ApplicationID(b.id), Applicant: b.by.Person}
}

func (s *Service) keepBatch(ctx context.Context, b *batch, company person.Title, file []byte) (rem.Digest, error) {
	whole := append([]byte(company.Reveal()+"\n"), file...)
	d, err := s.keep(ctx, b.view(), whole, b.made)
	if err != nil {
		return d, fmt.Errorf("keeping a company's file: %w", err)
	}
	return d, nil
}

func (b *batch) write() ([]byte, error) {
	w := canon.NewWriter(batchForm, 1)
	w.Word("batch", string(b.id))
	w.Word("account", string(b.by.Account))
	w.Word("holder", string(b.by.Holder))
	w.Word("person", string(b.by.Person))
	w.Time("made", b.made)
	w.Digest("notice", b.notice.Digest)
	w.Word("delivery", b.notice.Delivery)
	w.Time("told", b.notice.At)
	w.Digest("file", b.file)
	w.Number("rows", uint64(b.rows))
	out, err := w.Bytes()
	if err != nil {
		return nil, fmt.Errorf("writing a company's file down: %w", err)
	}
	return out, nil
}

func readBatch(body []byte) (*batch, error) {
	r := canon.NewReader(body, batchForm, 1)
	b := &batch{id: BatchID(r.Word("batch"))}
	b.by = rem.Actor{Account: rem.AccountID(r.Word("account")), Holder: rem.PersonID(r.Word("holder")), Person: rem.PersonID(r.Word("person"))}
	b.made = r.Time("made")
	b.notice.Digest, b.notice.Delivery, b.notice.At = r.Digest("notice"), r.Word("delivery"), r.Time("told")
	b.file, b.rows = r.Digest("file"), int(r.Number("rows"))
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("reading what is written down of a company's file: %w", err)
	}
	return b, nil
}

// resumeBulk goes on with a file. It is opened in the name of who handed it in.
func (s *Service) resumeBulk(ctx context.Context, in application.Intention) error {
	b, err := readBatch(in.Body)
	if err != nil {
		return err
	}
	v := b.view()
	by := application.By{Actor: b.by, Role: application.Applicant}
	whole, err := s.paper(ctx, access(v, by, privacy.AccountOpening), v, b.file)
	if err != nil {
		return err
	}
	title, file, _ := strings.Cut(string(whole), "\n")
	company, err := person.ParseTitle(title)
	if err != nil {
		return errors.New("reading a company's file: its title cannot be read")
	}
	bulk, report, err := application.ReadBulk([]byte(file), company, s.Settings.Forms, b.made)
	if err != nil {
		return err
	}
	if bulk == nil || len(bulk.Forms()) != b.rows {
		return errors.New("reading a company's file: it is not the one that was good")
	}
	// No application has begun before every address was reserved.
	if _, err := s.Ledger.Application(ctx, b.row(0)); errors.Is(err, application.ErrNotFound) {
		taken, err := s.reserve(ctx, b, bulk, &report)
		if err == nil && taken { // meanwhile; nothing of the file is there
			err = s.Ledger.Abandon(ctx, in.Key)
		}
		if err != nil || taken {
			return err
		}
	} else if err != nil {
		return err
	}
	return s.carry(ctx, b, bulk, in.Key)
}
