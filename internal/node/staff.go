package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rem"
	"rem/edge/control"
	"rem/person"
	"rem/privacy"
	"rem/provider/partner"
	"rem/provider/staff"
)

// Partners is the desk of contracted institutions. Whoever takes results of visits
// gives it a judge of signatures.
func (n *Node) Partners(ctx context.Context) (*partner.Desk, error) {
	addresses, err := privacy.NewBlindIndexer(ctx, n.Records.Keys, partner.AddressIndex)
	if err != nil {
		return nil, err
	}
	r := &n.Records
	return &partner.Desk{
		Staff: n.People.Staff, Institutions: r.Persons, Orders: r.Persons, Applications: r.Persons, Vault: r.Vault, Addresses: addresses, Clock: n.clock,
	}, nil
}

// machine is who asks on the control socket: a person of the book, as he says.
func machine(by string) staff.Hand {
	return staff.Hand{Person: rem.PersonID(by), Door: staff.Machine, Method: "machine"}
}

func newPerson(n control.NewStaff) (p staff.NewPerson, err error) {
	p.Institution = n.Institution
	if p.Name, err = person.ParseName(n.Name); err != nil {
		return p, refuseText(err)
	}
	if n.Number != "" {
		if p.Number, err = person.ParseIdentityNumber(n.Number); err != nil {
			return p, refuseText(err)
		}
	}
	return p, nil
}

// refuseText tells what is wrong with something that was typed, without it.
func refuseText(err error) error {
	return rem.Refuse(rem.PolicyViolation, "Ad veya kimlik numarası okunamıyor: "+string(person.CodeOf(err))+".", "The name or the identity number cannot be read: "+string(person.CodeOf(err))+".")
}

// FoundStaff implements control.Staff.
func (c controller) FoundStaff(ctx context.Context, n control.NewStaff) (rem.PersonID, error) {
	p, err := newPerson(n)
	if err != nil {
		return "", err
	}
	id, err := c.n.People.Staff.First(ctx, p)
	if err == nil {
		c.n.Log.Info("first manager of staff", "by", string(id))
	}
	return id, err
}

// Appoint implements control.Staff.
func (c controller) Appoint(ctx context.Context, by string, n control.NewStaff) (*control.StaffProposal, error) {
	p, err := newPerson(n)
	if err != nil {
		return nil, err
	}
	if n.Institution != "" {
		i, err := c.n.Records.Persons.Institution(ctx, n.Institution)
		if err != nil {
			return nil, err
		}
		if !i.InForce(c.n.clock.Now()) {
			return nil, partner.ErrInstitution
		}
	}
	id, number, err := c.n.People.Staff.Appoint(ctx, machine(by), p, wish(n.StaffWish))
	if err != nil {
		return nil, err
	}
	return &control.StaffProposal{Number: number, Person: id, New: true, Institution: n.Institution, StaffWish: n.StaffWish}, nil
}

func wish(w control.StaffWish) staff.Wish {
	return staff.Wish{Role: w.Role, From: w.From, Until: w.Until}
}

// ProposeRole implements control.Staff.
func (c controller) ProposeRole(ctx context.Context, by string, p rem.PersonID, w control.StaffWish) (*control.StaffProposal, error) {
	number, err := c.n.People.Staff.Propose(ctx, machine(by), p, wish(w))
	if err != nil {
		return nil, err
	}
	return &control.StaffProposal{Number: number, Person: p, StaffWish: w}, nil
}

// Confirm implements control.Staff.
func (c controller) Confirm(ctx context.Context, by string, proposal uint64) error {
	return c.n.People.Staff.Confirm(ctx, machine(by), proposal)
}

// Decline implements control.Staff.
func (c controller) Decline(ctx context.Context, by string, proposal uint64) error {
	return c.n.People.Staff.Decline(ctx, machine(by), proposal)
}

// EndStaff implements control.Staff.
func (c controller) EndStaff(ctx context.Context, by string, p rem.PersonID, e control.StaffEnd) error {
	if e.Role == "" {
		return c.n.People.Staff.Leave(ctx, machine(by), p, e.Reason, e.Anyway)
	}
	return c.n.People.Staff.EndRole(ctx, machine(by), p, e.Role, e.Reason, e.Anyway)
}

// Train implements control.Staff.
func (c controller) Train(ctx context.Context, by string, p rem.PersonID, t control.StaffTraining) error {
	return c.n.People.Staff.Train(ctx, machine(by), p, t.Subject, t.Version, t.Passed, t.Until)
}

// PublishPolicy implements control.Staff.
func (c controller) PublishPolicy(ctx context.Context, by string, p control.StaffPolicy) (*control.StaffPolicy, error) {
	version, err := c.n.PublishPolicy(ctx, machine(by), p.Subject, []byte(p.Text), p.From)
	if err != nil {
		return nil, err
	}
	return &control.StaffPolicy{Subject: p.Subject, Version: version, Digest: rem.DigestOf([]byte(p.Text)).String(), From: p.From}, nil
}

// Acknowledge implements control.Staff. The digest is of what the person has
// before him; the book compares it with what was published.
func (c controller) Acknowledge(ctx context.Context, by string, p control.StaffPolicy) error {
	policies, err := c.n.People.Staff.Policies(ctx)
	if err != nil {
		return err
	}
	for _, published := range policies {
		if published.Subject == p.Subject && published.Version == p.Version && published.Digest.String() == p.Digest {
			return c.n.People.Staff.Acknowledge(ctx, machine(by), p.Subject, p.Version, published.Digest)
		}
	}
	return staff.ErrOtherPolicy
}

// Invite implements control.Staff.
func (c controller) Invite(ctx context.Context, by string, p rem.PersonID) (*control.Invitation, error) {
	token, err := c.n.People.Staff.Invite(ctx, machine(by), p)
	if err != nil {
		return nil, err
	}
	return &control.Invitation{Token: token.Reveal(), Until: token.Until()}, nil
}

// StaffList implements control.Staff.
func (c controller) StaffList(ctx context.Context, by, matter string) ([]control.StaffMember, error) {
	book, now := c.n.People.Staff, c.n.clock.Now()
	members, err := book.Members(ctx)
	if err != nil {
		return nil, err
	}
	names := map[rem.PersonID]string{}
	if matter != "" {
		if names, err = c.staffNames(ctx, rem.PersonID(by), privacy.CaseID(matter), members); err != nil {
			return nil, err
		}
	}
	list := []control.StaffMember{} // a list for programs, never null
	for _, m := range members {
		v := control.StaffMember{Person: m.Person, Name: names[m.Person], Institution: m.Institution, Roles: m.Roles(now), Joined: m.Joined, Left: m.Left, Enrolled: m.Enrolled}
		for _, t := range m.Training {
			if t.Subject == staff.DataProtection {
				v.Trained = t.Until
			}
		}
		for _, a := range m.Acknowledged {
			if a.Subject == staff.DataProtection {
				v.Bound = a.Version
			}
		}
		if m.InService() {
			if v.Lacks, err = lacks(book.Lacks(ctx, m.Person)); err != nil {
				return nil, err
			}
		}
		list = append(list, v)
	}
	return list, nil
}

// lacks turns what keeps somebody from acting into a code.
func lacks(err error) (string, error) {
	for code, refusal := range map[string]error{"training": staff.ErrUntrained, "acknowledgement": staff.ErrUnbound, "policy": staff.ErrNoPolicy} {
		if errors.Is(err, refusal) {
			return code, nil
		}
	}
	return "", err
}

// staffNames opens the names of members for a manager. On the machine he needs the
// role alone: the first one has to see whom he records.
func (c controller) staffNames(ctx context.Context, by rem.PersonID, matter privacy.CaseID, members []*staff.Member) (map[rem.PersonID]string, error) {
	m, err := c.n.People.Staff.Member(ctx, by)
	if err != nil && !errors.Is(err, staff.ErrNotFound) {
		return nil, err
	}
	if err != nil || !m.Has(staff.Manager, c.n.clock.Now()) {
		return nil, staff.ErrNotManager
	}
	var persons []rem.PersonID
	for _, m := range members {
		persons = append(persons, m.Person)
	}
	access := privacy.Access{Actor: rem.Actor{Person: by}, Role: staff.Manager.Opens(), Purpose: privacy.Security, Case: matter}
	return c.n.People.Staff.Names(ctx, access, persons)
}

// StaffProposals implements control.Staff.
func (c controller) StaffProposals(ctx context.Context) ([]control.StaffProposal, error) {
	waiting, err := c.n.People.Staff.Proposals(ctx)
	list := []control.StaffProposal{}
	for _, p := range waiting {
		list = append(list, control.StaffProposal{Number: p.Number, Person: p.Person, New: p.New, Institution: p.Institution,
			StaffWish: control.StaffWish{Role: p.Role, From: p.From, Until: p.Until}, By: p.By, At: p.At})
	}
	return list, err
}

// StaffPolicies implements control.Staff.
func (c controller) StaffPolicies(ctx context.Context) ([]control.StaffPolicy, error) {
	published, err := c.n.People.Staff.Policies(ctx)
	list := []control.StaffPolicy{}
	for _, p := range published {
		list = append(list, control.StaffPolicy{Subject: p.Subject, Version: p.Version, Digest: p.Digest.String(), From: p.From})
	}
	return list, err
}

// manager refuses who is no manager of staff.
func (c controller) manager(ctx context.Context, by string) error {
	m, err := c.n.People.Staff.Member(ctx, rem.PersonID(by))
	if errors.Is(err, staff.ErrNotFound) || err == nil && !m.Has(staff.Manager, c.n.clock.Now()) {
		return staff.ErrNotManager
	}
	return err
}

// AddInstitution implements control.Staff.
func (c controller) AddInstitution(ctx context.Context, by string, i control.Institution) (string, error) {
	if err := c.manager(ctx, by); err != nil {
		return "", err
	}
	desk, err := c.n.Partners(ctx)
	if err != nil {
		return "", err
	}
	id, err := desk.Add(ctx, rem.PersonID(by), partner.Institution{
		Name: i.Name, Contract: i.Contract, From: i.From.UTC().Truncate(time.Microsecond), Until: i.Until.UTC().Truncate(time.Microsecond), Provinces: i.Provinces,
	})
	if err == nil {
		c.n.Log.Info("institution contracted", "institution", id, "by", by)
	}
	return id, err
}

// EndInstitution implements control.Staff. Its people cannot act from then on;
// each of them leaves by his own entry.
func (c controller) EndInstitution(ctx context.Context, by, id string) error {
	if err := c.manager(ctx, by); err != nil {
		return err
	}
	if err := c.n.Records.Persons.EndInstitution(ctx, id, c.n.clock.Now(), rem.PersonID(by)); err != nil {
		return err
	}
	c.n.Log.Info("institution ended", "institution", id, "by", by)
	members, err := c.n.People.Staff.Members(ctx)
	if err != nil {
		return err
	}
	for _, m := range members {
		if m.Institution == id && m.InService() {
			if err := c.n.People.Staff.Leave(ctx, machine(by), m.Person, staff.Contract, true); err != nil {
				return fmt.Errorf("ending %s: %w", m.Person, err)
			}
		}
	}
	return nil
}

// Institutions implements control.Staff.
func (c controller) Institutions(ctx context.Context) ([]control.Institution, error) {
	all, err := c.n.Records.Persons.AllInstitutions(ctx)
	list := []control.Institution{}
	for _, i := range all {
		list = append(list, control.Institution{ID: i.ID, Name: i.Name, Contract: i.Contract, From: i.From, Until: i.Until, Provinces: i.Provinces, Ended: i.Ended})
	}
	return list, err
}
