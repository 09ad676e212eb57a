package main

import (
	"rem/edge/control"
	"rem/person"
	"rem/provider/staff"
)

type partnerCommands struct {
	Add    partnerAdd    `cmd:"" help:"Contract an institution that calls on applicants at their address."`
	List   partnerList   `cmd:"" help:"List the institutions."`
	Person partnerPerson `cmd:"" help:"Propose a person of an institution. A manager of staff confirms."`
	End    partnerEnd    `cmd:"" help:"End a contract at once; the institution's people leave with it."`
}

type partnerAdd struct {
	Name     string   `arg:"" help:"Name of the institution, a legal person."`
	Contract string   `required:"" help:"Number of the contract." placeholder:"NUMBER"`
	From     day      `required:"" help:"First day of the contract." placeholder:"DAY"`
	Until    day      `required:"" help:"Day on which it has ended." placeholder:"DAY"`
	Province []string `required:"" help:"Where it calls: two digits or the name; may be given again." placeholder:"PROVINCE"`
}

// Run implements the command.
func (c *partnerAdd) Run(s *session) error {
	i := control.Institution{Name: c.Name, Contract: c.Contract, From: c.From.Time, Until: c.Until.Time}
	for _, typed := range c.Province {
		p, err := person.ParseProvince(typed)
		if err != nil {
			return err
		}
		i.Provinces = append(i.Provinces, p)
	}
	provider, err := s.provider()
	if err != nil {
		return err
	}
	id, err := provider.AddInstitution(s.ctx, i)
	if err != nil {
		return err
	}
	return s.show(map[string]string{"institution": id}, func(t *table) { t.row(s.words.say("institution"), id) })
}

type partnerList struct{}

// Run implements the command.
func (c *partnerList) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	list, err := provider.Institutions(s.ctx)
	if err != nil {
		return err
	}
	return s.show(list, func(t *table) {
		t.row(s.words.heads("INSTITUTION NAME CONTRACT UNTIL PROVINCES")...)
		for _, i := range list {
			until := i.Until
			if !i.Ended.IsZero() && i.Ended.Before(until) {
				until = i.Ended
			}
			provinces := ""
			for _, p := range i.Provinces {
				if provinces != "" {
					provinces += ", "
				}
				provinces += p.Name()
			}
			t.row(i.ID, i.Name, i.Contract, moment(until), provinces)
		}
	})
}

type partnerPerson struct {
	Name        string `arg:"" help:"Name of the person."`
	Institution string `required:"" help:"Identifier of the institution." placeholder:"ID"`
	Number      string `required:"" help:"Identity number in the certificate by which results are signed." placeholder:"NUMBER"`
	staffTerm
}

// Run implements the command.
func (c *partnerPerson) Run(s *session) error {
	return s.appoint(control.NewStaff{Name: c.Name, Number: c.Number, Institution: c.Institution, StaffWish: c.wish(string(staff.Partner))})
}

type partnerEnd struct {
	Institution string `arg:"" help:"Identifier of the institution."`
}

// Run implements the command.
func (c *partnerEnd) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	return provider.EndInstitution(s.ctx, c.Institution)
}
