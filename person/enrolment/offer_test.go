package enrolment_test

import (
	"context"
	"slices"
	"testing"

	"rem/internal/testkit/enrolmenttest"
	"rem/person"
	"rem/person/application"
	"rem/person/identity"
)

// REQ-13, REQ-15: what is offered is asked each time: a contract that begins is seen
// at once, and one that ended is chosen by nobody whose page still shows it.
func TestAMethodIsOfferedWhileItIsThere(t *testing.T) {
	w := enrolmenttest.NewWorld(t)
	p := newTraveller(t, w, person.Natural, false, identity.OnSite)
	ctx, a := t.Context(), p.s.Applicants()
	contract := false
	p.s.Offered = func(context.Context) (o identity.Offer, err error) {
		o = identity.Offer{Methods: []identity.Method{identity.Signature}}
		if contract {
			o = identity.Offer{Methods: []identity.Method{identity.Signature, identity.OnSite}, Institutions: person.Provinces()}
		}
		return o, nil
	}
	for range 2 {
		must(t, p.step(ctx)) // begins, and saves the form
	}
	b, err := a.Resume(ctx, p.begun.Secret)
	must(t, err)
	texts, err := p.s.Texts()
	must(t, err)
	must(t, a.Submit(ctx, b, false, p.in, texts))
	why := func() identity.Why {
		t.Helper()
		list, err := a.Methods(ctx, b)
		must(t, err)
		i := slices.IndexFunc(list, func(c identity.Choice) bool { return c.Method == identity.OnSite })
		return list[i].Why
	}
	for _, there := range []bool{false, true, false} {
		contract = there
		want := identity.NotOffered
		if there {
			want = ""
		}
		if got := why(); got != want {
			t.Errorf("with a contract %t: %q", there, got)
		}
	}
	if err := a.Choose(ctx, b, identity.OnSite); err == nil {
		t.Error("a method whose contract ended was chosen")
	}
	contract = true
	must(t, a.Choose(ctx, b, identity.OnSite))
	if v, err := w.Ledger.Application(ctx, b.Application()); err != nil || v.State != application.Pending || v.Method != identity.OnSite {
		t.Errorf("it is %s by %s, %v", v.State, v.Method, err)
	}
}
