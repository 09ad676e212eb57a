package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"rem"
	"rem/edge/control"
	"rem/person"
	"rem/provider/staff"
)

// staffCommands ask about the people of the provider. But for the first one, --as
// is the identifier of a person of the book.
type staffCommands struct {
	First     staffFirst     `cmd:"" help:"Make the first manager of staff, while there is none."`
	List      staffList      `cmd:"" help:"List the staff; with --case by name, which the access log records."`
	Propose   staffPropose   `cmd:"" help:"Propose a new person with a role. Another manager confirms."`
	Role      staffRole      `cmd:"" help:"Propose a further role for a person. Another manager confirms."`
	Proposals staffProposals `cmd:"" help:"List what waits for a second person."`
	Confirm   staffConfirm   `cmd:"" help:"Confirm another's proposal."`
	Decline   staffDecline   `cmd:"" help:"Take a proposal away."`
	End       staffEnd       `cmd:"" help:"End a role, or the whole service of a person, at once."`
	Training  staffTraining  `cmd:"" help:"Record training that a person passed."`
	Policy    staffPolicy    `cmd:"" help:"Publish the next version of a policy that everybody has to acknowledge."`
	Policies  staffPolicies  `cmd:"" help:"List the published versions of policies."`
	Agree     staffAgree     `cmd:"" name:"acknowledge" help:"Acknowledge a policy, as the person of --as."`
	Invite    staffInvite    `cmd:"" help:"Make an invitation by which a person sets a passkey; it is shown once."`
}

// A day is the beginning of a day in Türkiye.
type day struct{ time.Time }

// UnmarshalText reads 31.12.2026 or 2026-12-31.
func (d *day) UnmarshalText(b []byte) error {
	read, err := person.ParseDate(string(b))
	if err != nil {
		return fmt.Errorf("%q is no day, such as 2026-12-31", b)
	}
	d.Time = read.Time().UTC()
	return nil
}

type staffFirst struct {
	Name   string `arg:"" help:"Name of the person."`
	Number string `help:"Identity number, if the person is to sign." placeholder:"NUMBER"`
}

// Run implements the command.
func (c *staffFirst) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	id, err := provider.FoundStaff(s.ctx, control.NewStaff{Name: c.Name, Number: c.Number})
	if err != nil {
		return err
	}
	return s.show(map[string]string{"person": string(id)}, func(t *table) { t.row(s.words.say("person"), id) })
}

type staffList struct {
	Case string `help:"The case for which names are opened." placeholder:"CASE"`
}

// Run implements the command.
func (c *staffList) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	list, err := provider.StaffList(s.ctx, c.Case)
	if err != nil {
		return err
	}
	return s.show(list, func(t *table) {
		t.row(s.words.heads("PERSON NAME ROLES TRAINED LACKS")...)
		for _, m := range list {
			state := s.words.say("nothing lacks")
			switch {
			case !m.Left.IsZero():
				state = s.words.say("left")
			case m.Lacks != "":
				state = s.words.say("lacks " + m.Lacks)
			}
			roles := ""
			for i, r := range m.Roles {
				if i > 0 {
					roles += ", "
				}
				roles += s.role(r)
			}
			trained := ""
			if !m.Trained.IsZero() {
				trained = moment(m.Trained)
			}
			t.row(m.Person, m.Name, roles, trained, state)
		}
	})
}

// role names a role for people.
func (s *session) role(r staff.Role) string {
	if s.words == "en" {
		return r.Name().English
	}
	return r.Name().Turkish
}

type staffTerm struct {
	From  day `help:"First day; at once if none is given." placeholder:"DAY"`
	Until day `help:"Day on which it has ended; without end if none is given." placeholder:"DAY"`
}

func (c *staffTerm) wish(r string) control.StaffWish {
	return control.StaffWish{Role: staff.Role(r), From: c.From.Time, Until: c.Until.Time}
}

type staffPropose struct {
	Name   string `arg:"" help:"Name of the person."`
	Role   string `required:"" help:"${enum}." enum:"manager,officer,approver,support,security,privacy,operator,auditor" placeholder:"ROLE"`
	Number string `help:"Identity number, if the person is to sign." placeholder:"NUMBER"`
	staffTerm
}

// Run implements the command.
func (c *staffPropose) Run(s *session) error {
	return s.appoint(control.NewStaff{Name: c.Name, Number: c.Number, StaffWish: c.wish(c.Role)})
}

func (s *session) appoint(n control.NewStaff) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	p, err := provider.Appoint(s.ctx, n)
	if err != nil {
		return err
	}
	return s.showProposal(p)
}

func (s *session) showProposal(p *control.StaffProposal) error {
	return s.show(p, func(t *table) {
		t.row(s.words.say("proposal"), p.Number)
		t.row(s.words.say("person"), p.Person)
		t.row(s.words.say("waits for another"))
	})
}

type staffRole struct {
	Person string `arg:"" help:"Identifier of the person."`
	Role   string `arg:"" help:"${enum}." enum:"manager,officer,approver,support,security,privacy,operator,auditor"`
	staffTerm
}

// Run implements the command.
func (c *staffRole) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	p, err := provider.ProposeRole(s.ctx, rem.PersonID(c.Person), c.wish(c.Role))
	if err != nil {
		return err
	}
	return s.showProposal(p)
}

type staffProposals struct{}

// Run implements the command.
func (c *staffProposals) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	list, err := provider.StaffProposals(s.ctx)
	if err != nil {
		return err
	}
	return s.show(list, func(t *table) {
		t.row(s.words.heads("NUMBER PERSON ROLES PROPOSED-BY")...)
		for _, p := range list {
			t.row(p.Number, p.Person, s.role(p.Role), p.By)
		}
	})
}

type staffConfirm struct {
	Proposal uint64 `arg:"" help:"Number of the proposal."`
}

// Run implements the command.
func (c *staffConfirm) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	return provider.Confirm(s.ctx, c.Proposal)
}

type staffDecline struct {
	Proposal uint64 `arg:"" help:"Number of the proposal."`
}

// Run implements the command.
func (c *staffDecline) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	return provider.Decline(s.ctx, c.Proposal)
}

type staffEnd struct {
	Person string `arg:"" help:"Identifier of the person."`
	Role   string `help:"The role that ends; without it all of them, for good." placeholder:"ROLE"`
	Reason string `required:"" help:"${enum}." enum:"left,moved,breach,contract,mistake" placeholder:"REASON"`
	Anyway bool   `help:"Also if nobody is left in the role."`
}

// Run implements the command.
func (c *staffEnd) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	return provider.EndStaff(s.ctx, rem.PersonID(c.Person), control.StaffEnd{Role: staff.Role(c.Role), Reason: staff.Reason(c.Reason), Anyway: c.Anyway})
}

type staffTraining struct {
	Person  string `arg:"" help:"Identifier of the person."`
	Passed  day    `required:"" help:"Day on which it was passed." placeholder:"DAY"`
	Until   day    `required:"" help:"Day on which it is no longer valid." placeholder:"DAY"`
	Course  string `help:"What it was about." default:"${dataProtection}"`
	Version uint64 `help:"Version of the course." default:"1"`
}

// Run implements the command.
func (c *staffTraining) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	return provider.Train(s.ctx, rem.PersonID(c.Person), control.StaffTraining{
		Subject: staff.Subject(c.Course), Version: c.Version, Passed: c.Passed.Time, Until: c.Until.Time,
	})
}

// maxPolicy bounds the text of a policy, in octets; a request is no longer.
const maxPolicy = 48 << 10

func readPolicy(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxPolicy+1))
	if err == nil && len(b) > maxPolicy {
		err = fmt.Errorf("%s has more than %d octets", name, maxPolicy)
	}
	return b, err
}

type staffPolicy struct {
	File    string `arg:"" help:"The text. Its digest is kept; keep the file." placeholder:"FILE"`
	Subject string `help:"What it is about." default:"${dataProtection}"`
	From    day    `help:"Day from which it has to have been acknowledged; at once if none is given." placeholder:"DAY"`
}

// Run implements the command.
func (c *staffPolicy) Run(s *session) error {
	text, err := readPolicy(c.File)
	if err != nil {
		return err
	}
	provider, err := s.provider()
	if err != nil {
		return err
	}
	p, err := provider.PublishPolicy(s.ctx, control.StaffPolicy{Subject: staff.Subject(c.Subject), Text: string(text), From: c.From.Time})
	if err != nil {
		return err
	}
	return s.showPolicies(p, []control.StaffPolicy{*p})
}

type staffPolicies struct{}

// Run implements the command.
func (c *staffPolicies) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	list, err := provider.StaffPolicies(s.ctx)
	if err != nil {
		return err
	}
	return s.showPolicies(list, list)
}

func (s *session) showPolicies(answer any, list []control.StaffPolicy) error {
	return s.show(answer, func(t *table) {
		for _, p := range list {
			t.row(p.Subject, p.Version, p.Digest)
		}
	})
}

type staffAgree struct {
	File    string `arg:"" help:"The text as the person read it." placeholder:"FILE"`
	Subject string `help:"What it is about." default:"${dataProtection}"`
}

// Run implements the command: the version is the one whose digest is that of the
// file.
func (c *staffAgree) Run(s *session) error {
	text, err := readPolicy(c.File)
	if err != nil {
		return err
	}
	provider, err := s.provider()
	if err != nil {
		return err
	}
	list, err := provider.StaffPolicies(s.ctx)
	if err != nil {
		return err
	}
	digest := rem.DigestOf(text).String()
	for i := len(list) - 1; i >= 0; i-- {
		if p := list[i]; p.Subject == staff.Subject(c.Subject) && p.Digest == digest {
			return provider.Acknowledge(s.ctx, p)
		}
	}
	return errors.New("no version of the policy has this text; remctl staff policies lists the digests")
}

type staffInvite struct {
	Person string `arg:"" help:"Identifier of the person."`
}

// Run implements the command.
func (c *staffInvite) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	i, err := provider.Invite(s.ctx, rem.PersonID(c.Person))
	if err != nil {
		return err
	}
	return s.show(i, func(t *table) {
		t.row(s.words.say("invitation"), i.Token)
		t.row(s.words.say("good until"), moment(i.Until))
	})
}
