package application_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit"
	"rem/internal/testkit/personledgertest"
	"rem/person"
	"rem/person/application"
	"rem/person/identity"
)

// The exploration carries real views through the real rules: from every view that
// can be reached, everybody tries everything, in every role, with every kind of
// record. Views that do not differ in what decides are visited once.

// somebody are the natural persons: the applicant, two who may be officer,
// partner and approver at once, and nobody.
var somebody = []rem.PersonID{"per-a", "staff-1", "staff-2", ""}

var roles = []application.Role{application.Applicant, application.Officer, application.Partner, application.Approver, application.System, application.Officer | application.Approver, 0}

// key is what of a view decides.
func key(v *application.View) string {
	hands := slices.Sorted(slices.Values(v.Hands))
	s := fmt.Sprintf("%s|%s|%s|%s|%t", v.State, v.Method, v.Reviewer, hands, len(v.Papers) > 0)
	if v.Decision != nil {
		s += fmt.Sprintf("|%s %s", v.Decision.By, v.Decision.Reason)
	}
	if r := v.Newest(); r != nil {
		_, err := identity.Complete(*r)
		s += fmt.Sprintf("|%s %t %v %s", r.Hands(), err == nil, r.Doubts(), r.Method)
	}
	return s
}

// records are what a collector could bring: whole, with a doubt, an adapter's
// no, another's number, of another application.
func records(v *application.View, by application.By, at time.Time) []identity.Record {
	if v.Submitted == nil || v.Method == "" {
		return nil
	}
	r := personledgertest.Record(v, by.Actor.Person, at)
	switch by.Role {
	case application.Partner:
		r.By.Role = identity.ByPartner
	case application.System:
		r.By.Role, r.By.Adapter = identity.ByAdapter, "simulator"
	}
	if v.Method == identity.EDevlet {
		r.Document = nil
		r.Evidence[0].Kind = identity.AdapterAnswer
	}
	doubtful, denied, another, foreign := r, r, r, r
	doubtful.Compared = slices.Clone(r.Compared)
	doubtful.Compared[2].Same = false
	denied.Checklist = slices.Clone(r.Checklist)
	denied.Checklist[0].Passed = false
	another.Compared = slices.Clone(r.Compared)
	another.Compared[0].Same = false
	foreign.Application = "app-other"
	return []identity.Record{r, doubtful, denied, another, foreign}
}

type reached struct {
	view application.View
	from string
	by   string
}

func explore(t *testing.T, kind person.Kind, represented bool) map[string]reached {
	t.Helper()
	k := personledgertest.NewKit(t)
	k.Rules.Offer.Methods = []identity.Method{identity.Office, identity.EDevlet}
	seen := map[string]reached{}
	handing, err := k.Handing(t.Context(), 1, kind, represented)
	if err != nil {
		t.Fatal(err)
	}
	start := application.View{ID: personledgertest.ID(1)}
	seen[key(&start)] = reached{view: start}
	for queue := []application.View{start}; len(queue) > 0; queue = queue[1:] {
		v := queue[0]
		from := key(&v)
		at := personledgertest.At.Add(time.Duration(v.Steps+1) * time.Minute)
		try := func(name string, s application.Step, err error) {
			if err != nil {
				_, denied := errors.AsType[*application.Denial](err)
				_, lacking := errors.AsType[*identity.Incomplete](err)
				if !denied && !lacking {
					t.Fatalf("%s from %s: %v", name, from, err)
				}
				return
			}
			if d := s.Data(); d.Number != v.Steps+1 || d.From != v.State {
				return // a ledger does not take it: another step has its place
			}
			next := v.After(s.Data())
			if d := s.Data(); d.By.Role == application.System && d.To != application.Identified && d.To != application.Doubtful && d.To != application.Expired {
				t.Fatalf("the system made %s of %s", d.To, d.From)
			}
			if to := key(&next); seen[to].by == "" && to != key(&start) {
				seen[to] = reached{next, from, name}
				queue = append(queue, next)
			}
		}
		for _, who := range somebody {
			for _, role := range roles {
				if role&(role-1) != 0 && who != "staff-1" || role == 0 && who != "per-a" {
					continue // nobody has such a role: tried once
				}
				by := application.By{Actor: rem.Actor{Person: who, Method: "m"}, Role: role}
				tried := func(what string) string { return fmt.Sprintf("%s by %q as %d", what, who, role) }
				do := func(what string) func(application.Step, error) {
					return func(s application.Step, err error) { try(tried(what), s, err) }
				}
				do("begin")(k.Rules.Begin(v.ID, kind, personledgertest.Notice, by, at))
				do("submit")(k.Rules.Submit(v, handing, by, at))
				if v.Submitted != nil {
					if len(v.Papers) == 0 {
						do("hand in")(k.Rules.HandIn(v, personledgertest.AllPapers(&v, at), by, at))
					}
					for _, m := range []identity.Method{identity.Office, identity.EDevlet, identity.Video, "handshake"} {
						do("choose " + string(m))(k.Rules.Choose(v, m, by, at))
					}
				}
				for i, r := range records(&v, by, at) {
					do(fmt.Sprint("found ", i))(k.Rules.Found(v, r, by, at))
					// Whoever has some complete record approves and activates with it.
					if done, err := identity.Complete(r); err == nil {
						do("approve with a record of his own")(k.Rules.Approve(v, done, by, at))
						do("activate with a record of his own")(k.Rules.Activate(v, done, application.Channels{application.BySigning}, by, at))
					}
				}
				var done identity.Completed
				if r := v.Newest(); r != nil {
					done, _ = identity.Complete(*r)
				}
				do("clear")(k.Rules.Clear(v, "seen", by, at))
				do("return")(k.Rules.Return(v, application.WrongForm, by, at))
				do("return for no reason")(k.Rules.Return(v, "", by, at))
				do("take up")(k.Rules.TakeUp(v, by, at))
				do("give back")(k.Rules.GiveBack(v, by, at))
				do("approve")(k.Rules.Approve(v, done, by, at))
				do("approve nobody")(k.Rules.Approve(v, identity.Completed{}, by, at))
				do("refuse")(k.Rules.Refuse(v, application.NotShown, by, at))
				do("refuse for no reason")(k.Rules.Refuse(v, "", by, at))
				do("refuse for another")(k.Rules.Refuse(v, "mood", by, at))
				do("withdraw")(k.Rules.Withdraw(v, by, at))
				do("expire")(k.Rules.Expire(v, by, at.AddDate(1, 0, 0)))
				do("activate")(k.Rules.Activate(v, done, application.Channels{application.MailLink, application.MobileCode}, by, at))
				do("activate by one channel")(k.Rules.Activate(v, done, application.Channels{application.MailLink}, by, at))
				do("activate nobody")(k.Rules.Activate(v, identity.Completed{}, application.Channels{application.BySigning}, by, at))
			}
		}
		if len(seen) > 20_000 {
			t.Fatal("the exploration does not end")
		}
	}
	return seen
}

// REQ-9, REQ-16, REQ-20, REQ-22: in everything that can be reached.
func TestNoAccountWithoutIdentificationAndASecondOfficer(t *testing.T) {
	for i, c := range []struct {
		kind        person.Kind
		represented bool
	}{{person.Natural, false}, {person.Private, false}, {person.Natural, true}, {person.Public, false}} {
		if i > 1 && !testkit.Long() {
			break // their rules differ from the first two by papers alone
		}
		seen := explore(t, c.kind, c.represented)
		states := map[application.State]int{}
		for what, r := range seen {
			v := &r.view
			states[v.State]++
			path := func() (s string) {
				for r := r; r.by != ""; r = seen[r.from] {
					s = "\n\t" + r.by + s
				}
				return what + s
			}
			switch v.State {
			case application.Approved, application.Activated:
				newest := v.Newest()
				if newest == nil {
					t.Fatalf("without identification: %s", path())
				}
				if _, err := identity.Complete(*newest); err != nil || newest.ID != v.Decision.Identity {
					t.Fatalf("on a record that is not complete: %s", path())
				}
				if by := v.Decision.By; by == "" || by == v.Applicant || slices.Contains(newest.Hands(), by) || slices.Contains(v.Hands, by) {
					t.Fatalf("approved by %q, who had a hand in it: %s", by, path())
				}
			case application.Refused:
				if v.Decision == nil || !v.Decision.Reason.Valid() || v.Decision.Text.Turkish == "" || v.Decision.Text.English == "" || v.Decision.By == "" {
					t.Fatalf("refused without a reason, a text or a person: %s", path())
				}
			case application.Identified, application.InReview:
				if r := v.Newest(); r == nil {
					t.Fatalf("identified by nothing: %s", path())
				} else if _, err := identity.Complete(*r); err != nil {
					t.Fatalf("identified by %v: %s", err, path())
				}
			}
			o, err := application.OpeningOf(*v)
			if (err == nil) != (v.State == application.Activated) || o.IsZero() != (err != nil) {
				t.Fatalf("an opening of %s: %v: %s", v.State, err, path())
			}
		}
		for _, s := range application.States() {
			if states[s] == 0 {
				t.Errorf("%s, represented %t: nothing leads to %s", c.kind, c.represented, s)
			}
		}
		t.Logf("%s, represented %t: %d views", c.kind, c.represented, len(seen))
	}
}
