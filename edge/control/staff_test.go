package control

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/person"
	"rem/provider/partner"
	"rem/provider/staff"
)

var (
	member      = StaffMember{Person: "stf-1", Name: "Ayşe Işık", Roles: []staff.Role{staff.Manager}, Joined: day, Lacks: "training"}
	proposed    = StaffProposal{Number: 7, Person: "stf-2", New: true, StaffWish: StaffWish{Role: staff.Officer, Until: day}, By: "stf-1", At: day}
	policy      = StaffPolicy{Subject: staff.DataProtection, Version: 2, Digest: "00", From: day}
	invited     = Invitation{Token: "gizli", Until: day}
	institution = Institution{ID: "ins-1", Name: "Örnek A.Ş.", Contract: "S-1", From: day, Until: day.Add(time.Hour), Provinces: []person.Province{"34"}}
)

func (f *fake) FoundStaff(_ context.Context, n NewStaff) (rem.PersonID, error) {
	return "stf-1", f.hear("found %+v", n)
}

func (f *fake) Appoint(_ context.Context, by string, n NewStaff) (*StaffProposal, error) {
	return &proposed, f.hear("appoint by %s: %+v", by, n)
}

func (f *fake) ProposeRole(_ context.Context, by string, p rem.PersonID, w StaffWish) (*StaffProposal, error) {
	return &proposed, f.hear("role by %s: %q %+v", by, p, w)
}

func (f *fake) Confirm(_ context.Context, by string, n uint64) error {
	return f.hear("confirm by %s: %d", by, n)
}

func (f *fake) Decline(_ context.Context, by string, n uint64) error {
	return f.hear("decline by %s: %d", by, n)
}

func (f *fake) EndStaff(_ context.Context, by string, p rem.PersonID, e StaffEnd) error {
	return f.hear("end by %s: %q %+v", by, p, e)
}

func (f *fake) Train(_ context.Context, by string, p rem.PersonID, t StaffTraining) error {
	return f.hear("train by %s: %q %+v", by, p, t)
}

func (f *fake) PublishPolicy(_ context.Context, by string, p StaffPolicy) (*StaffPolicy, error) {
	return &policy, f.hear("policy by %s: %s %s", by, p.Subject, p.Text)
}

func (f *fake) Acknowledge(_ context.Context, by string, p StaffPolicy) error {
	return f.hear("acknowledge by %s: %s %d %s", by, p.Subject, p.Version, p.Digest)
}

func (f *fake) Invite(_ context.Context, by string, p rem.PersonID) (*Invitation, error) {
	return &invited, f.hear("invite by %s: %q", by, p)
}

func (f *fake) StaffList(_ context.Context, by, matter string) ([]StaffMember, error) {
	return []StaffMember{member}, f.hear("staff by %s: %q", by, matter)
}

func (f *fake) StaffProposals(context.Context) ([]StaffProposal, error) {
	return []StaffProposal{proposed}, f.hear("proposals")
}

func (f *fake) StaffPolicies(context.Context) ([]StaffPolicy, error) {
	return []StaffPolicy{policy}, f.hear("policies")
}

func (f *fake) AddInstitution(_ context.Context, by string, i Institution) (string, error) {
	return "ins-1", f.hear("institution by %s: %s %v", by, i.Name, i.Provinces)
}

func (f *fake) EndInstitution(_ context.Context, by, id string) error {
	return f.hear("end institution by %s: %s", by, id)
}

func (f *fake) Institutions(context.Context) ([]Institution, error) {
	return []Institution{institution}, f.hear("institutions")
}

func TestEveryRouteOfStaffAsksTheProvider(t *testing.T) {
	f := &fake{}
	folder, log := serve(t, f)
	c, ctx := Dial(folder, "stf-1"), t.Context()
	for _, r := range []struct {
		name  string
		ask   func() (any, error)
		asked string
		want  any
	}{
		{"first", func() (any, error) { return c.FoundStaff(ctx, NewStaff{Name: "Ayşe Işık"}) }, "found {Name:Ayşe Işık", rem.PersonID("stf-1")},
		{"appoint", func() (any, error) {
			return c.Appoint(ctx, NewStaff{Name: "Bora Öz", StaffWish: StaffWish{Role: staff.Officer}})
		}, "appoint by stf-1: {Name:Bora Öz Number: Institution: StaffWish:{Role:officer", &proposed},
		{"role", func() (any, error) { return c.ProposeRole(ctx, "stf/2?x", StaffWish{Role: staff.Approver}) }, `role by stf-1: "stf/2?x" {Role:approver`, &proposed},
		{"confirm", func() (any, error) { return nil, c.Confirm(ctx, 7) }, "confirm by stf-1: 7", nil},
		{"decline", func() (any, error) { return nil, c.Decline(ctx, 7) }, "decline by stf-1: 7", nil},
		{"end", func() (any, error) { return nil, c.EndStaff(ctx, "stf-2", StaffEnd{Reason: staff.Left, Anyway: true}) }, `end by stf-1: "stf-2" {Role: Reason:left Anyway:true}`, nil},
		{"train", func() (any, error) {
			return nil, c.Train(ctx, "stf-2", StaffTraining{Subject: "data-protection", Version: 1, Passed: day, Until: day})
		}, `train by stf-1: "stf-2" {Subject:data-protection Version:1 Passed:2026-11-23`, nil},
		{"invite", func() (any, error) { return c.Invite(ctx, "stf-2") }, `invite by stf-1: "stf-2"`, &invited},
		{"publish a policy", func() (any, error) {
			return c.PublishPolicy(ctx, StaffPolicy{Subject: "data-protection", Text: "metin"})
		}, "policy by stf-1: data-protection metin", &policy},
		{"acknowledge", func() (any, error) { return nil, c.Acknowledge(ctx, policy) }, "acknowledge by stf-1: data-protection 2 00", nil},
		{"staff", func() (any, error) { return c.StaffList(ctx, "dosya & 7") }, `staff by stf-1: "dosya & 7"`, []StaffMember{member}},
		{"proposals", func() (any, error) { return c.StaffProposals(ctx) }, "proposals", []StaffProposal{proposed}},
		{"policies", func() (any, error) { return c.StaffPolicies(ctx) }, "policies", []StaffPolicy{policy}},
		{"institution", func() (any, error) { return c.AddInstitution(ctx, institution) }, "institution by stf-1: Örnek A.Ş. [34]", "ins-1"},
		{"end institution", func() (any, error) { return nil, c.EndInstitution(ctx, "ins/1") }, "end institution by stf-1: ins/1", nil},
		{"institutions", func() (any, error) { return c.Institutions(ctx) }, "institutions", []Institution{institution}},
	} {
		t.Run(r.name, func(t *testing.T) {
			got, err := r.ask()
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(f.last(), r.asked) {
				t.Errorf("the provider heard %s, want %s", f.last(), r.asked)
			}
			if diff := cmp.Diff(r.want, got); diff != "" {
				t.Errorf("the answer differs (-want +got):\n%s", diff)
			}
		})
	}
	// AT-34: the log has routes and who asked, and nothing of what was said.
	for _, value := range []string{"Işık", "Bora", "gizli", "stf-2", "Örnek", "dosya"} {
		if strings.Contains(log.String(), value) {
			t.Errorf("the log holds %q", value)
		}
	}
	for _, e := range []struct {
		err    error
		status int
	}{{staff.ErrNotFound, 404}, {partner.ErrNotFound, 404}, {partner.ErrTaken, 409}, {staff.ErrOwnProposal, 403}} {
		f.fail(e.err)
		err := c.Confirm(ctx, 7)
		if answer, ok := err.(*Error); !ok || answer.Status != e.status {
			t.Errorf("%v became %v", e.err, err)
		}
	}
	if _, err := ask[struct{}](ctx, c, "POST", "/proposals/seven/confirm", nil); err == nil || err.(*Error).Status != 400 {
		t.Errorf("a proposal without a number: %v", err)
	}
}
