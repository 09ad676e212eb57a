package staff

import (
	"fmt"
	"slices"
	"time"

	"rem"
)

// ProposalTerm is how long a proposal waits for its confirmation.
const ProposalTerm = 14 * 24 * time.Hour

// roll is what the entries so far come to. What an entry needs is checked here
// before it is written, and again whenever the chain is read: an entry that the
// rules would not have taken breaks the book (AT-26).
type roll struct {
	members   map[rem.PersonID]*Member
	order     []rem.PersonID // as they came
	proposals map[uint64]*Proposal
	policies  []Policy // oldest first
}

func newRoll() *roll {
	return &roll{members: map[rem.PersonID]*Member{}, proposals: map[uint64]*Proposal{}}
}

func (r *roll) has(p rem.PersonID, role Role, at time.Time) bool {
	m := r.members[p]
	return m != nil && m.Has(role, at)
}

// holders lists who has the role at the time, but for one.
func (r *roll) holders(role Role, at time.Time, but rem.PersonID) []rem.PersonID {
	var list []rem.PersonID
	for _, p := range r.order {
		if p != but && r.has(p, role, at) {
			list = append(list, p)
		}
	}
	return list
}

// policy is the version of the subject that is in force at the time, or nil.
func (r *roll) policy(s Subject, at time.Time) *Policy {
	for i := len(r.policies) - 1; i >= 0; i-- {
		if p := &r.policies[i]; p.Subject == s && !at.Before(p.From) {
			return p
		}
	}
	return nil
}

// newest is the last published version of the subject, or nil.
func (r *roll) newest(s Subject) *Policy {
	for i := len(r.policies) - 1; i >= 0; i-- {
		if r.policies[i].Subject == s {
			return &r.policies[i]
		}
	}
	return nil
}

// fits reports whether a role may be added to those that somebody has or will
// have.
func (m *Member) fits(role Role, at time.Time) bool {
	return !slices.ContainsFunc(m.Terms, func(t Term) bool { return t.ahead(at) && (t.Role == role || !t.Role.beside(role)) })
}

// allows says whether the entry may be written now.
func (r *roll) allows(e *Entry) error {
	if err := e.check(); err != nil {
		return err
	}
	now, m := e.Link.Time, r.members[e.Person]
	manager := r.has(e.By, Manager, now)
	if e.By == "" || e.Act != Publish && e.Person == "" {
		return ErrNobody
	}
	switch e.Act {
	case Found:
		switch {
		case len(r.holders(Manager, now, "")) > 0:
			return ErrFounded
		case e.Door != Machine || e.By != e.Person || m != nil || e.Role != Manager || e.Name.IsZero() || e.Institution != "":
			return ErrForm
		}
		return nil
	case Propose:
		return r.proposes(e, m, manager)
	case Confirm:
		return r.confirms(e, manager)
	case Decline:
		p := r.proposals[e.Proposal]
		switch {
		case p == nil || p.Person != e.Person:
			return ErrNoProposal
		case !manager && e.By != p.By:
			return ErrNotManager
		}
		return nil
	case EndRole, Leave:
		return r.ends(e, m, manager)
	case Redeem:
		switch {
		case m == nil || !m.InService() || m.invitation.digest.IsZero() || m.invitation.digest != e.Digest || e.By != e.Person:
			return ErrInvitation
		case !now.Before(m.invitation.until):
			return ErrInvitation
		}
		return nil
	case Acknowledge:
		p := r.newest(e.Subject)
		switch {
		case m == nil || !m.InService():
			return ErrNotInService
		case e.By != e.Person:
			return ErrHimself
		case p == nil || p.Version != e.Version || p.Digest != e.Digest:
			return ErrOtherPolicy
		}
		return nil
	}
	if !manager {
		return ErrNotManager
	}
	switch e.Act {
	case Publish:
		next := uint64(1)
		if p := r.newest(e.Subject); p != nil {
			next = p.Version + 1
		}
		if e.Subject == "" || e.Version != next || e.Digest.IsZero() || e.From.IsZero() || e.Person != "" {
			return ErrForm
		}
		return nil
	case Train, Invite:
		if m == nil || !m.InService() {
			return ErrNotInService
		}
	}
	switch {
	case e.Act == Train && e.By == e.Person:
		return ErrOwnTraining
	case e.Act == Train && (e.Subject == "" || e.Version == 0 || e.From.IsZero() || e.From.After(now) || !e.From.Before(e.Until)):
		return ErrForm
	// On the machine the first manager gives himself his first credentials.
	case e.Act == Invite && e.By == e.Person && e.Door != Machine:
		return ErrHimself
	case e.Act == Invite && (e.Digest.IsZero() || !now.Before(e.Until)):
		return ErrForm
	case e.Act != Train && e.Act != Invite:
		return fmt.Errorf("an entry of the staff: %q is no act", e.Act)
	}
	return nil
}

func (r *roll) proposes(e *Entry, m *Member, manager bool) error {
	now := e.Link.Time
	switch {
	case !manager:
		return ErrNotManager
	case !e.Role.Valid() || e.From.IsZero() || !e.Until.IsZero() && (!e.From.Before(e.Until) || !now.Before(e.Until)):
		return ErrForm
	case m == nil && e.Name.IsZero(), m != nil && (!e.Name.IsZero() || !e.Number.IsZero()):
		return ErrForm
	case m != nil && !m.InService():
		return ErrNotInService
	case (e.Role == Partner) != (e.Institution != ""), m != nil && m.Institution != e.Institution:
		return ErrInstitution
	case m != nil && !m.fits(e.Role, now):
		return ErrNotBeside
	}
	return nil
}

// confirms: by a manager who neither proposed it nor gets it.
func (r *roll) confirms(e *Entry, manager bool) error {
	now, p := e.Link.Time, r.proposals[e.Proposal]
	switch {
	case p == nil || p.Person != e.Person || !now.Before(p.At.Add(ProposalTerm)):
		return ErrNoProposal
	case !r.has(p.By, Manager, now):
		return ErrProposerGone
	case e.By == p.By:
		return ErrOwnProposal
	case e.By == p.Person && !r.takesUp(e, p):
		return ErrOwnAppointment
	case e.By != p.Person && !manager:
		return ErrNotManager
	case !p.Until.IsZero() && !now.Before(p.Until):
		return ErrNoProposal
	}
	m := r.members[p.Person]
	switch {
	case p.New != (m == nil) || m != nil && !m.InService():
		return ErrNotInService
	case m != nil && !m.fits(p.Role, now):
		return ErrNotBeside
	}
	return nil
}

// takesUp: where the proposer is the only manager, nobody else can confirm a
// second one. Then he takes it up himself, on the machine, and the entry shows it.
func (r *roll) takesUp(e *Entry, p *Proposal) bool {
	return e.Door == Machine && p.Role == Manager && len(r.holders(Manager, e.Link.Time, p.By)) == 0
}

// ends: by a manager, or by the person himself. The last manager stays; the last
// but one goes on the machine alone, so that no manager is rid of the other by
// himself.
func (r *roll) ends(e *Entry, m *Member, manager bool) error {
	now := e.Link.Time
	switch {
	case m == nil || !m.InService():
		return ErrNotInService
	case !manager && e.By != e.Person:
		return ErrNotManager
	case e.Reason == "":
		return ErrForm
	case e.Act == EndRole && !slices.ContainsFunc(m.Terms, func(t Term) bool { return t.Role == e.Role && t.ahead(now) }):
		return ErrNoRole
	}
	if m.Has(Manager, now) && (e.Act == Leave || e.Role == Manager) {
		switch left := len(r.holders(Manager, now, e.Person)); {
		case left == 0:
			return ErrLastManager
		case left == 1 && e.Door != Machine:
			return ErrLastButOne
		}
	}
	return nil
}

// apply makes the entry part of the roll, which allowed it.
func (r *roll) apply(e *Entry) {
	now, m := e.Link.Time, r.members[e.Person]
	switch e.Act {
	case Found:
		r.join(&Member{Person: e.Person, Name: e.Name, Number: e.Number, Joined: now,
			Terms: []Term{{Role: Manager, From: now, ProposedBy: e.By, ConfirmedBy: e.By}}})
	case Propose:
		r.proposals[e.Link.Number] = &Proposal{Number: e.Link.Number, At: now, By: e.By, Person: e.Person, New: m == nil,
			Institution: e.Institution, Role: e.Role, From: e.From, Until: e.Until, name: e.Name, number: e.Number}
	case Confirm:
		p := r.proposals[e.Proposal]
		delete(r.proposals, e.Proposal)
		if m == nil {
			m = r.join(&Member{Person: p.Person, Name: p.name, Number: p.number, Institution: p.Institution, Joined: now})
		}
		from := p.From
		if from.Before(now) {
			from = now // nobody had a role before it was confirmed
		}
		m.Terms = append(m.Terms, Term{Role: p.Role, From: from, Until: p.Until, ProposedBy: p.By, ConfirmedBy: e.By})
	case Decline:
		delete(r.proposals, e.Proposal)
	case EndRole, Leave:
		for i := range m.Terms {
			if t := &m.Terms[i]; t.ahead(now) && (e.Act == Leave || t.Role == e.Role) {
				t.Ended, t.EndedBy, t.Why = now, e.By, e.Reason
			}
		}
		if e.Act == Leave {
			m.Left, m.LeftBy, m.Why, m.invitation = now, e.By, e.Reason, invitation{}
			for n, p := range r.proposals {
				if p.Person == e.Person {
					delete(r.proposals, n)
				}
			}
		}
	case Train:
		m.Training = replace(m.Training, Training{e.Subject, e.Version, e.From, e.Until, e.By}, func(t Training) bool { return t.Subject == e.Subject })
	case Publish:
		r.policies = append(r.policies, Policy{e.Subject, e.Version, e.Digest, e.From, e.By})
	case Acknowledge:
		m.Acknowledged = replace(m.Acknowledged, Acknowledgement{e.Subject, e.Version, e.Digest, now, e.Door, e.Method},
			func(a Acknowledgement) bool { return a.Subject == e.Subject })
	case Invite:
		m.invitation = invitation{e.Digest, e.Until}
	case Redeem:
		m.invitation = invitation{}
		if m.Enrolled.IsZero() {
			m.Enrolled = now
		}
	}
}

func (r *roll) join(m *Member) *Member {
	r.members[m.Person] = m
	r.order = append(r.order, m.Person)
	return m
}
