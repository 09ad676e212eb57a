package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
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
		Staff: n.People.Staff, Enrolment: n.People.Enrolment, Login: n.People.Login, Policy: n.PublishPolicy,
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
	fmt.Printf("\nSayfalar (tarayıcıya tanıtılacak kök sertifika) / pages (root certificate for the browser):\n  %s\n", s.world.Anchors())
	for _, r := range s.logins {
		base := r.house.Own.Config.Web.Base
		key, err := r.house.Staff.Invite(ctx, staff.Hand{Person: r.team.First, Door: staff.Machine, Method: "demonstration"}, r.team.Approver)
		if err != nil {
			return err
		}
		fmt.Printf(`
%[1]s
  Giriş / log-in            %[2]s/tr/login
    adres / address         %[3]s
    parola / password       %[4]s
    doğrulama uygulaması / authenticator app
      %[5]s
  Yeni başvuru / apply      %[2]s/tr/apply
  Görevli masası / desk     %[2]s/tr/desk
    önce geçiş anahtarı kurulur / first set a passkey, at %[2]s/tr/welcome
    davet / invitation      %[6]s
  Giden SMS / sent texts    %[7]s
`, r.house.Provider.Name.Turkish, base, r.who.Address, r.Password, r.URI, key.Reveal(), r.house.Own.Texts)
	}
	fmt.Printf("\nGiden e-postalar / sent mail  %s\nMobil imza telefonları / telephones of mobile signatures  %s\n\n", s.world.MailPage(), s.world.TelephonePage())
	return s.programs(ctx)
}

// codes prints the one-time codes of now, and again for each line that is typed.
func (s *stage) codes(ctx context.Context) error {
	typed := make(chan struct{})
	go func() { // ends with the program: nobody can end a wait for a line
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			typed <- struct{}{}
		}
	}()
	for {
		for _, r := range s.logins {
			code, err := r.Code()
			if err != nil {
				return err
			}
			fmt.Printf("%s  tek kullanımlık kod / one-time code %s  %s\n", time.Now().Format(time.TimeOnly), code, r.who.Address)
		}
		fmt.Println("Yeni kodlar için Enter, durdurmak için Ctrl-C. / Enter for new codes, Ctrl-C to stop.")
		select {
		case <-ctx.Done():
			return nil
		case <-typed:
		}
	}
}
