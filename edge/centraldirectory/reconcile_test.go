package centraldirectory

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"rem"
	"rem/edge/simulator"
	w "rem/internal/testkit/directorytest"
	"rem/provider/directory"
)

// A turned handler is another one after turn.
type turned struct{ atomic.Pointer[http.Handler] }

func (x *turned) turn(h http.Handler)                              { x.Store(&h) }
func (x *turned) ServeHTTP(w http.ResponseWriter, r *http.Request) { (*x.Load()).ServeHTTP(w, r) }

// REQ-77, REQ-78: the central directory loses one record, changes another one and has
// one that nobody knows; the comparison names each, telling again mends what is ours,
// and each question stands in the chain.
func TestAComparisonNamesWhatIsMissingExtraAndDifferent(t *testing.T) {
	door := &turned{}
	door.turn(simulator.NewCentralDirectory().Handler())
	s := serve(t, door)
	world := world(t, s)
	for n := 1; n <= 300; n++ { // more than a page
		world.Enter(t, n, w.Company(n, "Bir Ltd."), false)
	}
	const missing, different, waits = 7, 259, 300
	if told, err := world.Deliver(t.Context()); err != nil || told != 300 {
		t.Fatalf("told %d, %v", told, err)
	}
	compare := func() directory.Report {
		t.Helper()
		r, err := world.Reconcile(t.Context(), "p-staff")
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := compare(); r.Ours != 300 || r.Theirs != 300 || r.Faults+r.Pending != 0 {
		t.Fatalf("%+v", r)
	}

	// Another central directory, told as the first was but for the three.
	own := s.client(t, s.options(t, w.Provider), w.Provider)
	var list []directory.Record
	for after := rem.AccountID(""); ; {
		page, err := own.List(t.Context(), "list-"+string(after), after, 100)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		list, after = append(list, page...), page[len(page)-1].Account
	}
	door.turn(simulator.NewCentralDirectory().Handler())
	put := func(r directory.Record) {
		t.Helper()
		if err := own.Put(t.Context(), "put-"+string(r.Account), r); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range list {
		switch r.Account {
		case w.Account(missing):
			continue
		case w.Account(different):
			i := slices.IndexFunc(r.Values, func(v directory.Value) bool { return v.Field == directory.Province })
			r.Values[i].Text += "0"
		}
		put(r)
	}
	extra := list[0]
	extra.Account = "zz-nobody"
	extra.Values = slices.Clone(extra.Values)
	i := slices.IndexFunc(extra.Values, func(v directory.Value) bool { return v.Field == directory.Address })
	extra.Values[i].Text = "kimse@" + w.Provider
	put(extra)
	if _, err := world.Close(t.Context(), w.By(waits), w.Account(waits)); err != nil { // not told yet
		t.Fatal(err)
	}
	r := compare()
	if r.Ours != 300 || r.Theirs != 300 || r.Pending != 1 || r.Faults != 3 || !slices.Equal(r.Missing, []rem.AccountID{w.Account(missing)}) ||
		!slices.Equal(r.Different, []rem.AccountID{w.Account(different)}) || !slices.Equal(r.Extra, []rem.AccountID{"zz-nobody"}) {
		t.Fatalf("%+v", r)
	}

	if err := world.Repair(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if told, err := world.Deliver(t.Context()); err != nil || told != 3 {
		t.Fatalf("told %d again, %v", told, err)
	}
	if r := compare(); r.Pending != 0 || r.Faults != 1 || !slices.Equal(r.Extra, []rem.AccountID{"zz-nobody"}) {
		t.Errorf("after telling again: %+v", r)
	}
	if head, err := world.VerifyTransactions(t.Context()); err != nil || head.Number < 303 {
		t.Errorf("the chain has %d transactions, %v", head.Number, err)
	}

	// Lists out of their order would make a comparison that is not true.
	door.turn(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"records":[` + strings.Repeat(`{"account":"a","number":1,"state":"live","open":false,"kind":"natural","fields":[]},`, 2) + `{"account":"b","number":1,"state":"live","open":false,"kind":"natural","fields":[]}]}`))
	}))
	if r, err := world.Reconcile(t.Context(), "p-staff"); err == nil {
		t.Errorf("a list out of order: %+v", r)
	}
}
