package staff

import (
	"context"
	"time"

	"rem"
	"rem/person/application"
	"rem/privacy"
)

// A Gate says whether a natural person may act in a role now: he is in service,
// the role runs, his training is valid, and he acknowledged the policies in
// force (S41, S42, P-19). It is asked before every act, so that what ended has
// ended for the next one.
type Gate interface {
	// May returns nil; an error that wraps a *rem.Refusal with the reason; or a
	// fault.
	May(ctx context.Context, p rem.PersonID, r Role) error
}

var _ Gate = (*Book)(nil)

// May implements [Gate].
func (b *Book) May(ctx context.Context, p rem.PersonID, role Role) error {
	now := b.config.Clock.Now()
	return b.look(ctx, func(r *roll) error { return b.mayBy(r, p, role, now) })
}

// may is May with mu held.
func (b *Book) may(p rem.PersonID, role Role, now time.Time) error {
	return b.mayBy(b.roll, p, role, now)
}

func (b *Book) mayBy(r *roll, p rem.PersonID, role Role, now time.Time) error {
	m := r.members[p]
	if p == "" || m == nil || !m.Has(role, now) {
		return ErrNoAct
	}
	return b.prepared(r, m, now)
}

// prepared: trained, and bound.
func (b *Book) prepared(r *roll, m *Member, now time.Time) error {
	for _, s := range b.config.Settings.Training {
		if !m.trained(s, now) {
			return ErrUntrained
		}
	}
	for _, s := range b.config.Settings.Policies {
		p := r.policy(s, now)
		if p == nil {
			return ErrNoPolicy
		}
		bound := false
		for _, a := range m.Acknowledged {
			// Who acknowledged a version that is not in force yet has had it before him.
			bound = bound || a.Subject == s && a.Version >= p.Version
		}
		if !bound {
			return ErrUnbound
		}
	}
	return nil
}

// Enter says whether somebody may log in: he is in service and some role of his
// runs. A partner's people and ours enter by different doors. Without training
// or acknowledgement he may enter and do nothing, but acknowledge; what [Book.May]
// says decides about every act.
func (b *Book) Enter(ctx context.Context, p rem.PersonID, partner bool) error {
	now := b.config.Clock.Now()
	return b.look(ctx, func(r *roll) error {
		m := r.members[p]
		if p == "" || m == nil || (m.Institution != "") != partner || len(m.Roles(now)) == 0 {
			return ErrNoAct
		}
		return nil
	})
}

// Ready lists the roles in which somebody may act now, as [Book.May] says of each;
// none for whoever is not of the staff, or not trained, or not bound.
func (b *Book) Ready(ctx context.Context, p rem.PersonID) ([]Role, error) {
	now := b.config.Clock.Now()
	var list []Role
	err := b.look(ctx, func(r *roll) error {
		if m := r.members[p]; m != nil && b.prepared(r, m, now) == nil {
			list = m.Roles(now)
		}
		return nil
	})
	return list, err
}

// Lacks returns what keeps somebody in service from acting: [ErrUntrained],
// [ErrUnbound], [ErrNoPolicy]; nil for nothing.
func (b *Book) Lacks(ctx context.Context, p rem.PersonID) error {
	now := b.config.Clock.Now()
	return b.look(ctx, func(r *roll) error {
		m := r.members[p]
		if m == nil || !m.InService() {
			return ErrNoAct
		}
		return b.prepared(r, m, now)
	})
}

// Act gives who moves an application, when the gate lets him. method is how he
// proved to be himself. Nothing else makes an officer, an approver or a partner
// of an application.By; a test looks for it in the whole program. A person of an
// institution acts through [Book.ActFor].
func (b *Book) Act(ctx context.Context, p rem.PersonID, role Role, method string) (application.By, error) {
	if role.Moves() == 0 || role == Partner {
		return application.By{}, ErrNoAct
	}
	if err := b.May(ctx, p, role); err != nil {
		return application.By{}, err
	}
	return application.By{Actor: rem.Actor{Person: p, Method: method}, Role: role.Moves()}, nil
}

// ActFor gives who moves an application for a contracted institution, and for
// which, when the gate lets him. It is for partner.Desk, which asks further whether
// the contract runs and the order is his.
func (b *Book) ActFor(ctx context.Context, p rem.PersonID, method string) (application.By, string, error) {
	if err := b.May(ctx, p, Partner); err != nil {
		return application.By{}, "", err
	}
	m, err := b.Member(ctx, p)
	if err != nil {
		return application.By{}, "", err
	}
	return application.By{Actor: rem.Actor{Person: p, Method: method}, Role: Partner.Moves()}, m.Institution, nil
}

// Access gives what the vault asks for, when the gate lets the person: as what he
// opens values, for which purpose, in which case. There is none without a case
// (P-23). A person of an institution opens what partner.Desk shows him, and nothing
// by himself.
func (b *Book) Access(ctx context.Context, p rem.PersonID, role Role, purpose privacy.PurposeID, matter privacy.CaseID) (privacy.Access, error) {
	if role.Opens() == "" || role == Partner {
		return privacy.Access{}, ErrOpensNobody
	}
	if matter == "" {
		return privacy.Access{}, privacy.ErrNoCase
	}
	if err := b.May(ctx, p, role); err != nil {
		return privacy.Access{}, err
	}
	return privacy.Access{Actor: rem.Actor{Person: p}, Role: role.Opens(), Purpose: purpose, Case: matter}, nil
}
