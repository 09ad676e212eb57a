package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"rem/edge/control"
	"rem/edge/simulator"
	"rem/internal/setup"
	"rem/provider/staff"
)

// A ready is a holder who applied, was approved and can log in.
type ready struct {
	setup.Holder
	who   *setup.Person
	house *setup.House
	team  setup.Team
	mail  string // the application password of mail programs
}

// house is a running provider as applicants and staff meet it.
func (s *stage) house(domain string) *setup.House {
	n := s.nodes[domain]
	h := &setup.House{
		World: s.world, Provider: n.Provider, Register: n.Records.Register, Notices: n.Records.Notices, Documents: n.Records.Published,
		Staff: n.People.Staff, Enrolment: n.People.Enrolment, Login: n.People.Login,
	}
	for _, p := range s.world.Providers {
		if p.Domain == domain {
			h.Own = p
		}
	}
	return h
}

// populate publishes what applicants read, founds the staff of both providers, and
// takes both holders from the application to a log-in. The sender opens the account
// by mail and text message, the recipient by signing.
func (s *stage) populate(ctx context.Context) error {
	var both sync.WaitGroup
	persons := []*setup.Person{s.from, s.to}
	errs := make([]error, len(persons))
	s.logins = make([]*ready, len(persons))
	for i, p := range persons {
		both.Go(func() { s.logins[i], errs[i] = s.enrol(ctx, p, i == 1) })
	}
	both.Wait()
	return errors.Join(errs...)
}

func (s *stage) enrol(ctx context.Context, p *setup.Person, signs bool) (*ready, error) {
	_, domain, _ := strings.Cut(p.Address, "@")
	r := &ready{who: p, house: s.house(domain), mail: setup.Password()}
	others := slices.DeleteFunc(slices.Clone(simulator.People), func(o simulator.Subject) bool { return o == p.Subject })
	var err error
	if r.team, err = r.house.Found(ctx, [4]simulator.Subject(others)); err != nil {
		return nil, err
	}
	if r.Holder, err = r.house.Apply(ctx, r.team, p.Applicant(signs)); err != nil {
		return nil, err
	}
	return r, control.Dial(s.nodes[domain].Config.Data, "demo").SetPassword(ctx, p.Address, r.mail)
}

// applied tells how both came to their accounts.
func (s *stage) applied() {
	for i, r := range s.logins {
		by := "SMS kodu ve e-posta bağlantısıyla / by text message and mail"
		if i == 1 {
			by = "e-imzayla / by signature"
		}
		fmt.Printf("%s  %s\n%25sbaşvuru → e-imzalı form → ikinci kişinin onayı → hesap %s\n", short(time.Now()), r.who.Address, "", by)
	}
	fmt.Println()
}

// pages says where the pages are, and by what somebody gets in.
func (s *stage) pages(ctx context.Context) error {
	fmt.Printf(`
Sayfalar / pages (kök sertifika / root certificate: %s):
`, s.world.Anchors())
	for _, r := range s.logins {
		base := r.house.Own.Config.Web.Base
		code, err := r.Code()
		if err != nil {
			return err
		}
		key, err := r.house.Staff.Invite(ctx, staff.Hand{Person: r.team.First, Door: staff.Machine, Method: "demonstration"}, r.team.Approver)
		if err != nil {
			return err
		}
		fmt.Printf(`
  %s  %s
    hesap / account     %s   parola / password: %s
    tek kullanımlık kod / one-time code: %s (%s);  oathtool --totp -b %s
    %s
    SMS                 %s
    görevli masası / desk: geçiş anahtarını kurun / set a passkey with this invitation: %s
      %s/tr/welcome → %s/tr/desk
`, base+"/tr", r.house.Provider.Name.Turkish, r.who.Address, r.Password, code, time.Now().Format(time.TimeOnly), r.TOTP, r.URI, r.house.Own.Texts,
			key.Reveal(), base, base)
	}
	fmt.Printf("\n  e-posta / mail         %s\n", s.world.MailPage())
	return nil
}
