package setup

import (
	"context"
	"fmt"
	"time"

	"rem"
	"rem/edge/simulator"
	"rem/person"
	"rem/person/enrolment"
	"rem/person/login"
	"rem/privacy"
	"rem/privacy/canon"
	"rem/privacy/notice"
	"rem/provider"
	"rem/provider/publication"
	"rem/provider/staff"
)

// A House is a running provider, as far as people are taken in: what it publishes,
// who works there, and the way from an application to a log-in.
type House struct {
	World     *World
	Own       *Provider
	Provider  provider.REMMD
	Register  *privacy.Register
	Notices   *notice.Ledger
	Documents *publication.Ledger
	Staff     *staff.Book
	Enrolment *enrolment.Service
	Login     *login.Service
	// Policy publishes a policy of staff, and keeps its text; nil: the book alone.
	Policy func(ctx context.Context, by staff.Hand, s staff.Subject, text []byte, from time.Time) (uint64, error)
}

// A Team is the staff of a demonstration.
type Team struct {
	First, Second     rem.PersonID // managers
	Officer, Approver rem.PersonID
}

// values fill the places of the samples, of a provider who does not exist.
func (h *House) values() map[string]string {
	code := h.Provider.HSCode()
	return map[string]string{
		"controller.name-tr": h.Provider.Name.Turkish + " (BENZETİM)", "controller.name-en": h.Provider.Name.English + " (SIMULATION)",
		"controller.address": "Örnek Mahallesi, Deneme Sokağı 1, 06000 Ankara", "controller.mersis": "0000000000000000", "controller.representative": "none",
		"contact.kep": "kvkk@" + h.Provider.Domain, "contact.mail": "kvkk@saglayici-" + code + ".test", "contact.phone": "+90 312 000 00 00",
		"contact.address":  "Örnek Mahallesi, Deneme Sokağı 1, 06000 Ankara",
		"provider.name-tr": h.Provider.Name.Turkish, "provider.name-en": h.Provider.Name.English, "provider.domain": h.Provider.Domain, "provider.code": code,
		"contract.court": "Ankara",
	}
}

// policy is what the demonstration's staff binds itself to.
const policy = `Kişisel verilerin korunması politikası (BENZETİM)

Görevimin gerektirdiğinden fazlasına bakmam. Gördüğümü kimseye anlatmam. Bir ihlali öğrendiğim anda bildiririm.
I look at no more than my task needs. I tell nobody what I saw. I report a breach the moment I learn of it.
`

// Found publishes what applicants are shown, and founds the staff: a manager, and
// an officer and an approver appointed by two persons, all trained and bound. The
// persons are a manager, a second one, the officer and the approver.
func (h *House) Found(ctx context.Context, persons [4]simulator.Subject) (Team, error) {
	var t Team
	fail := func(err error) (Team, error) { return Team{}, fmt.Errorf("founding %s: %w", h.Provider.Domain, err) }
	hand := func(p rem.PersonID) staff.Hand {
		return staff.Hand{Person: p, Door: staff.Machine, Method: "demonstration"}
	}
	var err error
	someone := func(n int) staff.NewPerson {
		name, e := person.ParseName(persons[n].GivenName + " " + persons[n].FamilyName)
		if e != nil {
			err = e
		}
		return staff.NewPerson{Name: name}
	}
	first, second, officer, approver := someone(0), someone(1), someone(2), someone(3)
	if err != nil {
		return fail(err)
	}
	if t.First, err = h.Staff.First(ctx, first); err != nil {
		return fail(err)
	}
	hire := func(n staff.NewPerson, role staff.Role, by rem.PersonID) (rem.PersonID, error) {
		p, number, err := h.Staff.Appoint(ctx, hand(t.First), n, staff.Wish{Role: role})
		if err != nil {
			return "", err
		}
		if by == "" {
			by = p // the second manager, while there is no other one
		}
		return p, h.Staff.Confirm(ctx, hand(by), number)
	}
	if t.Second, err = hire(second, staff.Manager, ""); err != nil {
		return fail(err)
	}
	if t.Officer, err = hire(officer, staff.Officer, t.Second); err != nil {
		return fail(err)
	}
	if t.Approver, err = hire(approver, staff.Approver, t.Second); err != nil {
		return fail(err)
	}
	publish := h.Policy
	if publish == nil {
		publish = h.Staff.Publish
	}
	version, err := publish(ctx, hand(t.First), staff.DataProtection, []byte(policy), time.Time{})
	if err != nil {
		return fail(err)
	}
	now := time.Now()
	for _, p := range []rem.PersonID{t.First, t.Second, t.Officer, t.Approver} {
		by := t.First
		if p == by {
			by = t.Second
		}
		if err := h.Staff.Train(ctx, hand(by), p, staff.DataProtection, 1, now.AddDate(0, 0, -1), now.AddDate(1, 0, 0)); err != nil {
			return fail(err)
		}
		if err := h.Staff.Acknowledge(ctx, hand(p), staff.DataProtection, version, rem.DigestOf([]byte(policy))); err != nil {
			return fail(err)
		}
	}
	if err := h.publish(ctx, t.First); err != nil {
		return fail(err)
	}
	return t, nil
}

func (h *House) publish(ctx context.Context, by rem.PersonID) error {
	filled := func(source []byte, fill func([]byte, map[string]string) ([]byte, error)) ([]byte, error) {
		all, mine := h.values(), map[string]string{}
		for _, name := range canon.Placeholders(source) {
			mine[name] = all[name]
		}
		return fill(source, mine)
	}
	b, err := filled(notice.Sample(), notice.Fill)
	if err == nil {
		_, err = h.Notices.Publish(ctx, b, notice.Terms{By: by, Register: h.Register, AllowSample: true})
	}
	if err != nil {
		return fmt.Errorf("publishing the privacy notice: %w", err)
	}
	for _, k := range publication.Kinds() {
		if b, err = filled(publication.Sample(k), publication.Fill); err == nil {
			_, err = h.Documents.Publish(ctx, b, publication.Terms{By: by, AllowSample: true})
		}
		if err != nil {
			return fmt.Errorf("publishing the %s: %w", k, err)
		}
	}
	return nil
}
