package staff

import (
	"slices"
	"time"

	"rem"
	"rem/privacy"
)

// A Member is a natural person of the book, as it stands.
type Member struct {
	Person      rem.PersonID
	Name        privacy.SealedValue // under [NameField]
	Number      privacy.SealedValue // under [NumberField]; may be zero
	Institution string              // "": the provider's own
	// Joined is when he was confirmed, or founded the staff.
	Joined time.Time
	Terms  []Term // oldest first
	// Training holds the last one passed of each subject, Acknowledged the last
	// policy of each.
	Training     []Training
	Acknowledged []Acknowledgement
	// Enrolled is when he first redeemed an invitation.
	Enrolled time.Time
	// Left, LeftBy and Why are of who is no longer in service.
	Left   time.Time
	LeftBy rem.PersonID
	Why    Reason

	invitation invitation
}

// A Term is a role from a time to another.
type Term struct {
	Role        Role
	From, Until time.Time // zero Until: without end
	// ProposedBy and ConfirmedBy are two persons; of the first manager they are
	// himself.
	ProposedBy, ConfirmedBy rem.PersonID
	Ended                   time.Time
	EndedBy                 rem.PersonID
	Why                     Reason
}

// Training is a course that somebody passed.
type Training struct {
	Subject       Subject
	Version       uint64
	Passed, Until time.Time
	By            rem.PersonID // who recorded it
}

// An Acknowledgement is a policy version that somebody bound himself to.
type Acknowledgement struct {
	Subject Subject
	Version uint64
	Digest  rem.Digest
	At      time.Time
	Door    Door
	Method  string
}

// A Policy is a version that was published.
type Policy struct {
	Subject Subject
	Version uint64
	Digest  rem.Digest
	From    time.Time // when it has to have been acknowledged
	By      rem.PersonID
}

// A Proposal waits for somebody else.
type Proposal struct {
	Number      uint64 // of its entry
	At          time.Time
	By          rem.PersonID
	Person      rem.PersonID
	New         bool // the person is not a member yet
	Institution string
	Role        Role
	From, Until time.Time

	name, number privacy.SealedValue
}

type invitation struct {
	digest rem.Digest
	until  time.Time
}

// InForce reports whether the term runs at the time.
func (t *Term) InForce(at time.Time) bool {
	return t.Ended.IsZero() && !at.Before(t.From) && (t.Until.IsZero() || at.Before(t.Until))
}

// ahead reports whether the term runs at the time or is still to begin.
func (t *Term) ahead(at time.Time) bool {
	return t.Ended.IsZero() && (t.Until.IsZero() || at.Before(t.Until))
}

// InService reports whether he has not left.
func (m *Member) InService() bool { return m.Left.IsZero() }

// Has reports whether he has the role at the time.
func (m *Member) Has(r Role, at time.Time) bool {
	return m.InService() && slices.ContainsFunc(m.Terms, func(t Term) bool { return t.Role == r && t.InForce(at) })
}

// Roles lists the roles that he has at the time.
func (m *Member) Roles(at time.Time) []Role {
	var list []Role
	for _, r := range Roles() {
		if m.Has(r, at) {
			list = append(list, r)
		}
	}
	return list
}

// trained reports whether training of the subject is valid at the time.
func (m *Member) trained(s Subject, at time.Time) bool {
	return slices.ContainsFunc(m.Training, func(t Training) bool { return t.Subject == s && !at.Before(t.Passed) && at.Before(t.Until) })
}

func (m *Member) clone() *Member {
	c := *m
	c.Terms, c.Training, c.Acknowledged = slices.Clone(m.Terms), slices.Clone(m.Training), slices.Clone(m.Acknowledged)
	return &c
}

// replace puts v in the place of the element that is has, or behind the others.
func replace[T any](list []T, v T, is func(T) bool) []T {
	if i := slices.IndexFunc(list, is); i >= 0 {
		list[i] = v
		return list
	}
	return append(list, v)
}
