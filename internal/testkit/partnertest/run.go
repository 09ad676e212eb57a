package partnertest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/person"
	"rem/person/identity"
	"rem/provider/partner"
)

// Run checks every promise of the two interfaces.
func Run(t *testing.T, open func(t *testing.T) Store) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, s Store)
	}{
		{"institutions are kept, once, and end once", institutions},
		{"an order goes its way and its history tells it", journey},
		{"of two steps of one number one stands", race},
		{"orders are listed by institution, application and state", lists},
		{"orders fall due in their order", due},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

func same(t testing.TB, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got, cmp.Comparer(func(a, b rem.Digest) bool { return a == b })); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func institutions(t *testing.T, s Store) {
	ctx, at := t.Context(), time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	i := partner.Institution{ID: "ins-1", Name: "Örnek A.Ş.", Contract: "S-1", From: at, Until: at.AddDate(1, 0, 0), Provinces: []person.Province{"06", "34"}, Added: at, AddedBy: "stf-1"}
	must(s.AddInstitution(ctx, i))
	must(s.AddInstitution(ctx, i))
	other := i
	other.ID = "ins-2"
	if err := s.AddInstitution(ctx, other); !errors.Is(err, partner.ErrTaken) {
		t.Errorf("a second institution of one contract: %v", err)
	}
	got, err := s.Institution(ctx, "ins-1")
	must(err)
	same(t, "the institution", i, got)
	if _, err := s.Institution(ctx, "ins-2"); !errors.Is(err, partner.ErrNotFound) {
		t.Error(err)
	}
	if err := s.EndInstitution(ctx, "ins-2", at, "stf-1"); !errors.Is(err, partner.ErrNotFound) {
		t.Error(err)
	}
	must(s.EndInstitution(ctx, "ins-1", at.Add(time.Hour), "stf-2"))
	must(s.EndInstitution(ctx, "ins-1", at.Add(2*time.Hour), "stf-3"))
	i.Ended, i.EndedBy = at.Add(time.Hour), "stf-2"
	all, err := s.AllInstitutions(ctx)
	must(err)
	same(t, "all of them", []partner.Institution{i}, all)
}

// Visited brings an order of application n to a visit by the first person.
func (k *Kit) Visited(n int) partner.OrderID {
	k.T.Helper()
	id := k.Issued(n)
	k.must(k.Accept(k.T.Context(), k.Partners(k.First), id))
	k.Clock.Advance(time.Hour)
	o, err := k.Orders.Order(k.T.Context(), id)
	k.must(err)
	r := Result(&o, k.Clock.Now())
	text, err := r.Write()
	k.must(err)
	k.must(k.Visit(k.T.Context(), k.Partners(k.First), r, Sign(text, "10000000146"), func(identity.Kept) error { return nil }))
	return id
}

// Confirmed is the digest of what somebody confirms who takes the papers over.
func (k *Kit) Confirmed(id partner.OrderID, to rem.PersonID, at time.Time) rem.Digest {
	k.T.Helper()
	o, err := k.Orders.Order(k.T.Context(), id)
	k.must(err)
	last := o.Custody[len(o.Custody)-1]
	text, err := partner.HandoverText(id, &partner.Handover{Papers: last.Papers, From: last.To, To: to, At: at})
	k.must(err)
	return rem.DigestOf(text)
}

func journey(t *testing.T, s Store) {
	k := New(t, s)
	ctx := t.Context()
	id := k.Visited(1)
	k.Clock.Advance(time.Minute)
	k.must(k.Take(ctx, k.Partners(k.Second), id, k.Confirmed(id, k.Second, k.Clock.Now()), k.Clock.Now()))
	out, err := s.OrdersOut(ctx, "", 9)
	k.must(err)
	if len(out) != 1 || out[0].ID != id {
		t.Errorf("papers that are out: %v", out)
	}
	k.must(k.HandOver(ctx, k.Officers(), id, k.Confirmed(id, k.Officer, k.Clock.Now()), k.Clock.Now()))
	k.must(k.Finish(ctx, k.Officers(), id))
	o, err := s.Order(ctx, id)
	k.must(err)
	history, err := s.OrderHistory(ctx, id)
	k.must(err)
	var again partner.Order
	for i, d := range history {
		if d.Number != i+1 {
			t.Errorf("step %d has the number %d", i+1, d.Number)
		}
		again = again.After(d)
	}
	same(t, "what the history tells", again, o)
	if o.State != partner.Done || len(history) != 6 || len(o.Custody) != 3 {
		t.Errorf("%s after %d steps, %d handovers", o.State, len(history), len(o.Custody))
	}
	if out, err := s.OrdersOut(ctx, "", 9); err != nil || len(out) != 0 {
		t.Errorf("papers that are out after they came home: %v, %v", out, err)
	}
	if _, err := s.Order(ctx, "nothing"); !errors.Is(err, partner.ErrNotFound) {
		t.Error(err)
	}
	if _, err := s.OrderHistory(ctx, "nothing"); !errors.Is(err, partner.ErrNotFound) {
		t.Error(err)
	}
}

func race(t *testing.T, s Store) {
	k := New(t, s)
	ctx := t.Context()
	id := k.Issued(1)
	o, err := s.Order(ctx, id)
	k.must(err)
	first, err := partner.Rules{}.Accept(o, k.Partners(k.First), k.Clock.Now())
	k.must(err)
	second, err := partner.Rules{}.Accept(o, k.Partners(k.Second), k.Clock.Now())
	k.must(err)
	k.must(s.CommitOrder(ctx, first))
	k.must(s.CommitOrder(ctx, first))
	if err := s.CommitOrder(ctx, second); !errors.Is(err, partner.ErrMoved) {
		t.Errorf("got %v", err)
	}
	if o, err = s.Order(ctx, id); err != nil || o.Partner != k.First || o.Steps != 2 {
		t.Errorf("%+v, %v", o, err)
	}
	none := o
	none.ID, none.State = "nothing", partner.Open
	step, err := partner.Rules{}.Cancel(none, partner.System("clock"), k.Clock.Now())
	k.must(err)
	if err := s.CommitOrder(ctx, step); !errors.Is(err, partner.ErrNotFound) {
		t.Errorf("a step of no order: %v", err)
	}
	if err := s.CommitOrder(ctx, partner.Step{}); err == nil {
		t.Error("no step was committed")
	}
}

func lists(t *testing.T, s Store) {
	k := New(t, s)
	ctx := t.Context()
	a, b, c := k.Issued(1), k.Issued(2), k.Issued(3)
	k.must(k.Accept(ctx, k.Partners(k.First), b))
	for _, l := range []struct {
		name   string
		filter partner.Filter
		after  partner.OrderID
		limit  int
		want   []partner.OrderID
	}{
		{"of the institution", partner.Filter{Institution: k.Institution}, "", 9, []partner.OrderID{a, b, c}},
		{"behind the first", partner.Filter{Institution: k.Institution}, a, 9, []partner.OrderID{b, c}},
		{"one of them", partner.Filter{Institution: k.Institution}, "", 1, []partner.OrderID{a}},
		{"open ones of the institution", partner.Filter{Institution: k.Institution, State: partner.Open}, "", 9, []partner.OrderID{a, c}},
		{"open ones", partner.Filter{State: partner.Open}, a, 9, []partner.OrderID{c}},
		{"of an application", partner.Filter{Application: "01jd0000000000000000000002"}, "", 9, []partner.OrderID{b}},
		{"of another institution", partner.Filter{Institution: k.OtherInstitution}, "", 9, nil},
		{"of an application at another institution", partner.Filter{Institution: k.OtherInstitution, Application: "01jd0000000000000000000002"}, "", 9, nil},
	} {
		list, err := s.Orders(ctx, l.filter, l.after, l.limit)
		if err != nil {
			t.Errorf("%s: %v", l.name, err)
		}
		var ids []partner.OrderID
		for _, o := range list {
			ids = append(ids, o.ID)
		}
		same(t, l.name, l.want, ids)
	}
}

func due(t *testing.T, s Store) {
	k := New(t, s)
	ctx := t.Context()
	a := k.Issued(1)
	k.Clock.Advance(time.Hour)
	b := k.Issued(2)
	k.must(k.Accept(ctx, k.Partners(k.First), b))
	visited := k.Visited(3)
	first, err := s.Order(ctx, a)
	k.must(err)
	list, err := s.OrdersDue(ctx, first.Expires.Add(-time.Microsecond), 9)
	k.must(err)
	same(t, "before", []partner.OrderID(nil), list)
	list, err = s.OrdersDue(ctx, first.Expires, 9)
	k.must(err)
	same(t, "the first", []partner.OrderID{a}, list)
	list, err = s.OrdersDue(ctx, first.Expires.AddDate(1, 0, 0), 9)
	k.must(err)
	same(t, "both", []partner.OrderID{a, b}, list)
	k.Clock.Advance(partner.UsualTerm + time.Hour)
	n, err := k.Sweep(ctx, 1)
	k.must(err)
	m, err := k.Sweep(ctx, 9)
	k.must(err)
	if n != 1 || m != 1 {
		t.Errorf("swept %d and %d", n, m)
	}
	for id, want := range map[partner.OrderID]partner.State{a: partner.Expired, b: partner.Expired, visited: partner.Visited} {
		if o, err := s.Order(ctx, id); err != nil || o.State != want {
			t.Errorf("%s is %s, %v", id, o.State, err)
		}
	}
}
