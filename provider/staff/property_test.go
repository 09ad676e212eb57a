package staff_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rem"
	"rem/internal/testkit/chaintest"
	"rem/provider/staff"
)

// Whatever people do, in whatever order, by whatever door: who has a role was
// proposed by one and confirmed by another, who left never acts, an act needs
// training that runs, and there is always a manager. A book that is opened again
// says the same.
func TestNobodyGetsARoleAlone(t *testing.T) {
	base := founded(t)
	start := base.store.Entries()
	rapid.Check(t, func(r *rapid.T) {
		k := *base
		k.t = t
		k.store = chaintest.With(start...)
		k.sessions = &sessions{}
		if err := k.open(); err != nil {
			r.Fatal(err)
		}
		ctx := t.Context()
		people := []rem.PersonID{k.a, k.b, "per-stranger"}
		who := func(what string) rem.PersonID { return rapid.SampledFrom(people).Draw(r, what) }
		check := func(err error) bool {
			if err == nil {
				return true
			}
			if _, ok := errors.AsType[*rem.Refusal](err); !ok {
				r.Fatalf("a fault: %v", err)
			}
			return false
		}
		for range rapid.IntRange(1, 25).Draw(r, "acts") {
			by := staff.Hand{Person: who("by"), Door: rapid.SampledFrom([]staff.Door{staff.Machine, staff.Console}).Draw(r, "door"), Method: "m"}
			p, role := who("person"), rapid.SampledFrom(staff.Roles()).Draw(r, "role")
			now := k.clock.Now()
			wish := staff.Wish{Role: role}
			if rapid.Bool().Draw(r, "term") {
				wish.Until = now.Add(time.Duration(rapid.IntRange(1, 20).Draw(r, "days")) * day)
			}
			switch rapid.IntRange(0, 9).Draw(r, "act") {
			case 0, 1:
				n := someone(t, "Deneme Kişi")
				if role == staff.Partner {
					n.Institution = "ins-1"
				}
				if id, _, err := k.Appoint(ctx, by, n, wish); check(err) {
					people = append(people, id)
				}
			case 2:
				_, err := k.Propose(ctx, by, p, wish)
				check(err)
			case 3, 4, 5:
				list, err := k.Proposals(ctx)
				check(err)
				if len(list) == 0 {
					continue
				}
				proposal := rapid.SampledFrom(list).Draw(r, "proposal")
				if check(k.Confirm(ctx, by, proposal.Number)) && by.Person == proposal.By {
					r.Fatalf("%s confirmed his own proposal", by.Person)
				}
			case 6:
				check(k.EndRole(ctx, by, p, role, staff.Moved, rapid.Bool().Draw(r, "anyway")))
			case 7:
				if rapid.IntRange(0, 2).Draw(r, "really") == 0 {
					check(k.Leave(ctx, by, p, staff.Left, rapid.Bool().Draw(r, "anyway")))
				}
			case 8:
				check(k.Train(ctx, by, p, staff.DataProtection, 1, now, now.Add(10*day)))
			case 9:
				policy := k.policy()
				check(k.Acknowledge(ctx, by, policy.Subject, policy.Version, policy.Digest))
				if rapid.Bool().Draw(r, "time") {
					k.clock.Advance(time.Duration(rapid.IntRange(1, 9).Draw(r, "pass")) * day)
				}
			}
			invariants(r, &k)
		}
		before := state(r, &k)
		if err := k.open(); err != nil {
			r.Fatalf("it does not open again: %v", err)
		}
		if after := state(r, &k); after != before {
			r.Fatalf("opened again it says\n%s\nand said\n%s", after, before)
		}
	})
}

func invariants(r *rapid.T, k *kit) {
	ctx, now := k.t.Context(), k.clock.Now()
	members, err := k.Members(ctx)
	if err != nil {
		r.Fatal(err)
	}
	managers := 0
	for i, m := range members {
		for _, t := range m.Terms {
			if t.ProposedBy == t.ConfirmedBy && i > 0 {
				r.Fatalf("%s has %s by %s alone", m.Person, t.Role, t.ProposedBy)
			}
			if t.ProposedBy == "" || t.ConfirmedBy == "" || !t.Ended.IsZero() && t.EndedBy == "" {
				r.Fatalf("%s has %s by nobody, or nobody ended it", m.Person, t.Role)
			}
		}
		if m.Has(staff.Manager, now) && m.Person != "" {
			managers++
		}
		for _, role := range staff.Roles() {
			err := k.May(ctx, m.Person, role)
			trained := slices.ContainsFunc(m.Training, func(t staff.Training) bool { return !now.Before(t.Passed) && now.Before(t.Until) })
			if err == nil && (!m.InService() || !m.Has(role, now) || !trained || len(m.Acknowledged) == 0) {
				r.Fatalf("%s may act as %s: %+v", m.Person, role, m)
			}
			ready, readyErr := k.Ready(ctx, m.Person)
			if readyErr != nil || slices.Contains(ready, role) != (err == nil) {
				r.Fatalf("%s is ready for %v, %v, and as %s: %v", m.Person, ready, readyErr, role, err)
			}
			if _, actErr := k.Act(ctx, m.Person, role, "m"); actErr == nil && err != nil {
				r.Fatalf("%s acts as %s past the gate", m.Person, role)
			}
		}
	}
	if managers == 0 {
		r.Fatal("there is no manager left") // their terms have no end here, unless a wish gave one
	}
	if k.May(ctx, "per-stranger", staff.Officer) == nil {
		r.Fatal("a stranger may act")
	}
}

func state(r *rapid.T, k *kit) string {
	members, err := k.Members(k.t.Context())
	if err != nil {
		r.Fatal(err)
	}
	s := ""
	for _, m := range members {
		s += fmt.Sprintf("%s %s %v %v %v %v\n", m.Person, m.Left, m.Terms, m.Training, m.Acknowledged, m.Enrolled)
	}
	proposals, err := k.Proposals(k.t.Context())
	if err != nil {
		r.Fatal(err)
	}
	for _, p := range proposals {
		s += fmt.Sprintf("%d %s %s %s\n", p.Number, p.By, p.Person, p.Role)
	}
	return s
}
