package partner_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit/partnertest"
	"rem/internal/testkit/personledgertest"
	"rem/person"
	"rem/person/application"
	"rem/person/identity"
	"rem/privacy"
	"rem/provider/partner"
	"rem/provider/staff"
)

func TestTheStoreInMemoryKeepsItsPromises(t *testing.T) {
	partnertest.Run(t, func(*testing.T) partnertest.Store { return &partnertest.Memory{} })
}

func kit(t *testing.T) *partnertest.Kit { return partnertest.New(t, &partnertest.Memory{}) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

func order(t *testing.T, k *partnertest.Kit, id partner.OrderID) partner.Order {
	t.Helper()
	o, err := k.Orders.Order(t.Context(), id)
	must(t, err)
	return o
}

// REQ-15: from the order to the record on which an approver decides.
func TestADoneOrderGivesACompletedRecord(t *testing.T) {
	k := kit(t)
	ctx := t.Context()
	v := k.Pending(1)
	id := k.Visited(1)
	o := order(t, k, id)
	if _, _, err := partner.Record(&o, &v); err == nil {
		t.Error("an order that is not done gives a record")
	}
	refused(t, k.Finish(ctx, k.Officers(), id), partner.ErrPapers)
	k.Clock.Advance(time.Hour)
	must(t, k.HandOver(ctx, k.Officers(), id, k.Confirmed(id, k.Officer, k.Clock.Now()), k.Clock.Now()))
	must(t, k.Finish(ctx, k.Officers(), id))
	o = order(t, k, id)
	v, err := k.Application(ctx, v.ID)
	must(t, err)
	record, by, err := partner.Record(&o, &v)
	must(t, err)
	if _, err := identity.Complete(record); err != nil {
		t.Errorf("the record is not complete: %v", err)
	}
	step, err := k.Rules().Found(v, record, by, k.Clock.Now())
	must(t, err)
	if step.Data().To != application.Identified || step.Data().By.Actor.Person != k.First {
		t.Errorf("%s by %s", step.Data().To, step.Data().By.Actor.Person)
	}
	// REQ-22: who collected does not approve.
	if !slices.Contains(record.Hands(), k.First) {
		t.Error("who visited had no hand in it")
	}
}

// REQ-15: another address than the application's gives no account, whatever else
// is in order.
func TestAVisitElsewhereIdentifiesNobody(t *testing.T) {
	k := kit(t)
	ctx := t.Context()
	id := k.Issued(1)
	must(t, k.Accept(ctx, k.Partners(k.First), id))
	o := order(t, k, id)
	r := partnertest.Result(&o, k.Clock.Now())
	r.Visited = k.Elsewhere(&o, "Başka Cad. No: 2")
	text, err := r.Write()
	must(t, err)
	must(t, k.Visit(ctx, k.Partners(k.First), r, partnertest.Sign(text, "10000000146"), func(identity.Kept) error { return nil }))
	must(t, k.HandOver(ctx, k.Officers(), id, k.Confirmed(id, k.Officer, k.Clock.Now()), k.Clock.Now()))
	must(t, k.Finish(ctx, k.Officers(), id))
	o = order(t, k, id)
	v, err := k.Application(ctx, o.Application)
	must(t, err)
	record, by, err := partner.Record(&o, &v)
	must(t, err)
	lacking, ok := errors.AsType[*identity.Incomplete](func() error { _, err := identity.Complete(record); return err }())
	if !ok || !slices.Contains(lacking.Lacks, identity.LacksAddress) {
		t.Errorf("got %v", lacking)
	}
	step, err := k.Rules().Found(v, record, by, k.Clock.Now())
	must(t, err)
	if step.Data().To != application.Doubtful {
		t.Errorf("the case is %s", step.Data().To)
	}
}

// S42, P-03: least data, for who visits, while he can, after the entry.
func TestAPartnersPersonSeesNamesAndAddressAndNothingElse(t *testing.T) {
	k := kit(t)
	ctx := t.Context()
	id := k.Issued(1)
	_, err := k.See(ctx, k.Partners(k.First), id)
	refused(t, err, partner.ErrNotYou) // nobody looks before he takes it
	must(t, k.Accept(ctx, k.Partners(k.First), id))
	for _, p := range []rem.PersonID{k.Second, k.Other} {
		_, err := k.See(ctx, k.Partners(p), id)
		refused(t, err, partner.ErrNotYou)
	}
	_, err = k.See(ctx, k.Officers(), id)
	refused(t, err, partner.ErrNotYou)
	seen, err := k.See(ctx, k.Partners(k.First), id)
	must(t, err)
	var said []string
	for _, l := range seen.Lines {
		said = append(said, l.Value.Text())
	}
	if got := strings.Join(said, "|"); got != "Işıl Çağrı|Öğütçü|Büyükdere Cad. No: 1|34" {
		t.Errorf("he sees %q", got)
	}
	if len(seen.Documents) != 3 || seen.Application != personledgertest.ID(1) || seen.Method != identity.OnSite {
		t.Errorf("%+v", seen)
	}
	entries := k.Vault.Log.Entries()
	last := entries[len(entries)-1]
	if last.Actor != k.First || last.Role != privacy.AsPartner || last.Purpose != privacy.Identification || last.Case != privacy.CaseID(seen.Application) {
		t.Errorf("the access log has %+v", last)
	}
	for _, f := range last.Fields {
		if !slices.Contains(partner.Sees(person.Natural, false), f) {
			t.Errorf("he opened %s", f)
		}
	}
	for _, kind := range person.Kinds() {
		for _, f := range partner.Sees(kind, kind == person.Natural) {
			for _, never := range []string{"Identity", "Passport", "Birth", "Mobile", "Mail", "TaxNumber", "Profession"} {
				if strings.Contains(string(f), never) {
					t.Errorf("a visitor to %s sees %s", kind, f)
				}
			}
		}
	}
	// When the case moves on, or the order's time is over, nothing opens.
	before := len(k.Vault.Log.Entries())
	v, err := k.Application(ctx, seen.Application)
	must(t, err)
	moved := v
	moved.State = application.Withdrawn
	k.Set(moved)
	_, err = k.See(ctx, k.Partners(k.First), id)
	refused(t, err, partner.ErrNotNow)
	k.Set(v)
	k.Clock.Set(seen.Expires)
	_, err = k.See(ctx, k.Partners(k.First), id)
	refused(t, err, partner.ErrTooLate)
	if n := len(k.Vault.Log.Entries()); n != before {
		t.Errorf("%d further entries", n-before)
	}
}

func TestTheStepsOfAnOrderHoldNothingOfTheApplicant(t *testing.T) {
	k := kit(t)
	id := k.Visited(1)
	steps, err := k.Orders.OrderHistory(t.Context(), id)
	must(t, err)
	for _, d := range steps {
		b, err := partner.WriteStep(&d)
		must(t, err)
		for _, value := range []string{"Işıl", "Öğütçü", "10000000146", "Büyükdere", "0532", "5321234567", "basvuru@example.com"} {
			if strings.Contains(string(b), value) {
				t.Errorf("%s holds %q", d.On, value)
			}
		}
	}
	a, b := order(t, k, k.Issued(2)), order(t, k, k.Issued(3))
	if a.Address == b.Address {
		t.Error("two orders to one address have one digest")
	}
}

// S42, P-19: the gate stands before every act, and an institution's people act for
// it while its contract runs.
func TestTheGateAndTheContractStandBeforeEveryAct(t *testing.T) {
	k := kit(t)
	ctx := t.Context()
	id := k.Issued(1)
	_, err := k.Partner(ctx, k.Officer, "passkey")
	refused(t, err, staff.ErrNoAct)
	_, err = k.Desk.Officer(ctx, k.First, "passkey")
	refused(t, err, staff.ErrNoAct)
	_, err = k.Book.Act(ctx, k.First, staff.Partner, "passkey")
	refused(t, err, staff.ErrNoAct) // past the contract and the order
	_, err = k.Book.Access(ctx, k.First, staff.Partner, privacy.Identification, "case")
	refused(t, err, staff.ErrOpensNobody)
	refused(t, k.Accept(ctx, k.Partners(k.Other), id), partner.ErrNotYou) // another institution's
	refused(t, k.Accept(ctx, k.Officers(), id), partner.ErrNotYou)
	refused(t, k.Accept(ctx, partner.Acting{}, id), partner.ErrNotYou)
	if list, err := k.List(ctx, k.Partners(k.Other), partner.Open, "", 9); err != nil || len(list) != 0 {
		t.Errorf("another institution sees %d orders, %v", len(list), err)
	}
	if list, err := k.List(ctx, k.Partners(k.First), partner.Open, "", 9); err != nil || len(list) != 1 {
		t.Errorf("the institution sees %d orders, %v", len(list), err)
	}
	_, err = k.List(ctx, k.Officers(), partner.Open, "", 9)
	refused(t, err, partner.ErrNotYou)
	early := k.Partners(k.First)
	must(t, k.Accept(ctx, early, id))
	_, err = k.See(ctx, early, id)
	must(t, err)
	must(t, k.Institutions.EndInstitution(ctx, k.Institution, k.Clock.Now(), k.Managers[0]))
	_, err = k.Partner(ctx, k.First, "passkey")
	refused(t, err, partner.ErrInstitution)
	_, err = k.See(ctx, early, id) // who was let in before
	refused(t, err, partner.ErrInstitution)
	k.Clock.Advance(366 * 24 * time.Hour)
	_, err = k.Partner(ctx, k.Other, "passkey")
	refused(t, err, staff.ErrUntrained)
}

func TestAResultIsSignedByWhoVisited(t *testing.T) {
	k := kit(t)
	ctx := t.Context()
	id := k.Issued(1)
	must(t, k.Accept(ctx, k.Partners(k.First), id))
	o := order(t, k, id)
	good := partnertest.Result(&o, k.Clock.Now())
	sign := func(r partner.Result, number string) []byte {
		b, err := r.Write()
		must(t, err)
		return partnertest.Sign(b, number)
	}
	var kept int
	keep := func(identity.Kept) error { kept++; return nil }
	later, early, another, foreign, paper := good, good, good, good, good
	later.At = k.Clock.Now().Add(time.Minute)
	early.At = o.Issued.Add(-time.Minute)
	another.By = k.Second
	foreign.Form = rem.DigestOf([]byte("another form"))
	paper.Papers = []partner.PaperKind{"everything"}
	for name, c := range map[string]struct {
		result    partner.Result
		signature []byte
		by        rem.PersonID
		want      error
	}{
		"no signature":            {good, nil, k.First, partner.ErrSignature},
		"another's certificate":   {good, sign(good, "12345678950"), k.First, partner.ErrSignature},
		"over another text":       {good, sign(foreign, "10000000146"), k.First, partner.ErrSignature},
		"a colleague":             {good, sign(good, "12345678950"), k.Second, partner.ErrNotYou},
		"in a colleague's name":   {another, sign(another, "10000000146"), k.First, partner.ErrNotYou},
		"a visit to come":         {later, sign(later, "10000000146"), k.First, partner.ErrForm},
		"a visit before":          {early, sign(early, "10000000146"), k.First, partner.ErrForm},
		"another form":            {foreign, sign(foreign, "10000000146"), k.First, partner.ErrForm},
		"a paper that is no kind": {paper, sign(paper, "10000000146"), k.First, partner.ErrForm},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, k.Visit(ctx, k.Partners(c.by), c.result, c.signature, keep), c.want)
		})
	}
	if kept != 0 {
		t.Errorf("%d evidences of refused results were kept", kept)
	}
	lost := errors.New("the evidence was not kept")
	if err := k.Visit(ctx, k.Partners(k.First), good, sign(good, "10000000146"), func(identity.Kept) error { return lost }); !errors.Is(err, lost) {
		t.Errorf("got %v", err)
	}
	if o := order(t, k, id); o.State != partner.Accepted {
		t.Errorf("without its evidence the order is %s", o.State)
	}
	must(t, k.Visit(ctx, k.Partners(k.First), good, sign(good, "10000000146"), keep))
	if kept != 2 {
		t.Errorf("%d evidences were kept", kept)
	}
}

// Papers of a cancelled order still come home, and nobody hands over what he
// does not have.
func TestPapersHaveAHolderUntilTheyAreHome(t *testing.T) {
	k := kit(t)
	ctx := t.Context()
	id := k.Visited(1)
	must(t, k.Cancel(ctx, partner.System("withdrawn"), id))
	now := k.Clock.Now()
	refused(t, k.HandOver(ctx, k.Officers(), id, rem.DigestOf([]byte("something")), now), partner.ErrForm)
	refused(t, k.Take(ctx, k.Partners(k.First), id, k.Confirmed(id, k.First, now), now), partner.ErrNotYou)
	refused(t, k.Take(ctx, k.Partners(k.Other), id, k.Confirmed(id, k.Other, now), now), partner.ErrNotYou)
	must(t, k.HandOver(ctx, k.Officers(), id, k.Confirmed(id, k.Officer, now), now))
	refused(t, k.Take(ctx, k.Partners(k.Second), id, k.Confirmed(id, k.Second, now), now), partner.ErrNotNow)
	o := order(t, k, id)
	if holder, ours := o.Holder(); holder != k.Officer || !ours || o.State != partner.Cancelled {
		t.Errorf("%s has them, %t, %s", holder, ours, o.State)
	}
}

func TestAnOrderIsIssuedOnceAndOnlyWhereItMay(t *testing.T) {
	k := kit(t)
	ctx := t.Context()
	id := k.Issued(1)
	access, err := k.Book.Access(ctx, k.Officer, staff.Officer, privacy.Identification, "case")
	must(t, err)
	again, err := k.Issue(ctx, personledgertest.ID(1), k.Institution, access, k.Officers())
	if err != nil || again != id {
		t.Errorf("made again: %s, %v", again, err)
	}
	_, err = k.Issue(ctx, personledgertest.ID(1), k.OtherInstitution, access, k.Officers())
	refused(t, err, partner.ErrNotNow) // one at a time
	must(t, k.Return(ctx, k.Partners(k.First), id, partner.NoCapacity))
	second, err := k.Issue(ctx, personledgertest.ID(1), k.OtherInstitution, access, k.Officers())
	if err != nil || second == id {
		t.Errorf("%s, %v", second, err)
	}
	v := k.Pending(2)
	v.Method = identity.Office
	k.Set(v)
	_, err = k.Issue(ctx, v.ID, k.Institution, access, k.Officers())
	refused(t, err, partner.ErrNotNow)
	v.Method = identity.OnSite
	far := *v.Submitted
	far.Case.Province = "65"
	v.Submitted = &far
	k.Set(v)
	_, err = k.Issue(ctx, v.ID, k.Institution, access, k.Officers())
	refused(t, err, partner.ErrInstitution)
	if p, err := k.Provinces(ctx); err != nil || !slices.Equal(p, []person.Province{"06", "34"}) {
		t.Errorf("%v, %v", p, err)
	}
}
