package partner_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit/partnertest"
	"rem/person/application"
	"rem/person/identity"
	"rem/provider/partner"
)

func TestTheTableIsWholeAndDeterministic(t *testing.T) {
	for i, tr := range partner.Table {
		if slices.ContainsFunc(partner.Table[:i], func(o partner.Transition) bool { return o.From == tr.From && o.On == tr.On }) {
			t.Errorf("%s %s stands twice", tr.From, tr.On)
		}
		if tr.Who == 0 || tr.Who&(application.Applicant|application.Approver) != 0 {
			t.Errorf("%s %s is by whom?", tr.From, tr.On)
		}
		if tr.From.Final() && tr.To != tr.From {
			t.Errorf("%s goes on to %s", tr.From, tr.To)
		}
		if tr.To == partner.Done && tr.From != partner.Visited {
			t.Errorf("%s %s is done without a visit", tr.From, tr.On)
		}
	}
	for _, s := range partner.States() {
		if s.Name() == (rem.Text{}) {
			t.Errorf("%s has no name", s)
		}
		if _, ok := partner.Next(s, partner.Cancel); ok == s.Final() {
			t.Errorf("%s can be cancelled: %t", s, ok)
		}
	}
	for _, e := range partner.Events() {
		if !slices.ContainsFunc(partner.Table, func(tr partner.Transition) bool { return tr.On == e }) {
			t.Errorf("%s stands nowhere", e)
		}
	}
}

// key is what of an order decides.
func key(o *partner.Order) string {
	holder, ours := o.Holder()
	return fmt.Sprintf("%s|%s|%t|%s|%t", o.State, o.Partner, o.Result != nil, holder, ours)
}

// From every order that can be reached, everybody tries everything, in time and
// late: a done order was visited in time by who accepted it, of the institution
// that it was given to, and its papers are with us; nobody's papers get lost.
func TestEverythingThatCanBecomeOfAnOrder(t *testing.T) {
	k := kit(t)
	start := order(t, k, k.Issued(1))
	people := map[string]partner.Acting{"first": k.Partners(k.First), "second": k.Partners(k.Second), "other": k.Partners(k.Other),
		"officer": k.Officers(), "system": partner.System("clock"), "nobody": {}}
	type reached struct {
		order partner.Order
		path  string
	}
	seen := map[string]reached{key(&start): {start, "issued"}}
	states := map[partner.State]bool{}
	rules := partner.Rules{}
	for queue := []partner.Order{start}; len(queue) > 0; queue = queue[1:] {
		o := queue[0]
		here := seen[key(&o)].path
		states[o.State] = true
		for name, a := range people {
			for _, late := range []bool{false, true} {
				now := o.Issued.Add(time.Duration(o.Steps) * time.Hour)
				if late {
					now = o.Expires.Add(time.Duration(o.Steps) * time.Hour)
				}
				try := func(what string, s partner.Step, err error) {
					if err != nil {
						return
					}
					d := s.Data()
					body, err := partner.WriteStep(&d)
					if err != nil {
						t.Fatalf("%s: %s by %s is not written: %v", here, what, name, err)
					}
					back, err := partner.ReadStep(body)
					if err != nil {
						t.Fatalf("%s: %s by %s is not read: %v\n%s", here, what, name, err, body)
					}
					partnertestSame(t, d, back)
					next := o.After(d)
					path := fmt.Sprintf("%s, %s by %s (late: %t)", here, what, name, late)
					check(t, k, &o, &next, path)
					if to := key(&next); seen[to].path == "" {
						seen[to] = reached{next, path}
						queue = append(queue, next)
					}
				}
				do := func(what string) func(partner.Step, error) {
					return func(s partner.Step, err error) { try(what, s, err) }
				}
				do("accept")(rules.Accept(o, a, now))
				do("give back")(rules.GiveBack(o, a, now))
				for _, by := range []rem.PersonID{o.Partner, a.Person()} {
					for _, at := range []time.Time{now, o.Expires.Add(-time.Minute), o.Expires} {
						r := partnertest.Result(&o, at)
						r.By = by
						written, err := r.Write()
						if err != nil {
							continue
						}
						digest := rem.DigestOf(written)
						signed := &identity.SignedResult{
							Finding:  identity.SignatureFinding{Verdict: "TOTAL-PASSED", Certificate: digest, Proof: now},
							Compared: []identity.Comparison{{Part: identity.PartNumber, Same: true}},
							Evidence: []identity.Kept{{Evidence: identity.Evidence{Kind: identity.SignedForm, Digest: digest, Size: 1}}},
						}
						do("visit")(rules.Visit(o, r, signed, a, now))
						do("visit unsigned")(rules.Visit(o, r, nil, a, now))
					}
				}
				if len(o.Custody) > 0 {
					last := o.Custody[len(o.Custody)-1]
					text, err := partner.HandoverText(o.ID, &partner.Handover{Papers: last.Papers, From: last.To, To: a.Person(), At: now})
					if err == nil {
						do("take")(rules.Take(o, rem.DigestOf(text), now, a, now))
						do("hand over")(rules.HandOver(o, rem.DigestOf(text), now, a, now))
					}
				}
				do("finish")(rules.Finish(o, a, now))
				do("return")(rules.Return(o, partner.NotThere, a, now))
				do("return for no reason")(rules.Return(o, "", a, now))
				do("expire")(rules.Expire(o, a, now))
				do("cancel")(rules.Cancel(o, a, now))
			}
		}
		if len(seen) > 5000 {
			t.Fatal("the exploration does not end")
		}
	}
	for _, s := range partner.States() {
		if !states[s] {
			t.Errorf("nothing leads to %s", s)
		}
	}
	t.Logf("%d orders", len(seen))
}

func partnertestSame(t *testing.T, want, got partner.StepData) {
	t.Helper()
	a, err := partner.WriteStep(&want)
	must(t, err)
	b, err := partner.WriteStep(&got)
	must(t, err)
	if string(a) != string(b) {
		t.Fatalf("read again it is\n%s\nand was\n%s", b, a)
	}
}

func check(t *testing.T, k *partnertest.Kit, before, after *partner.Order, path string) {
	t.Helper()
	fail := func(what string) { t.Fatalf("%s: %s", what, path) }
	holder, ours := after.Holder()
	if before.State.Final() && after.State != before.State {
		fail("it went on after its end")
	}
	switch after.State {
	case partner.Visited, partner.Done:
		r := after.Result
		if r == nil || r.By != after.Partner || r.By != k.First && r.By != k.Second || r.At.Before(after.Issued) || !r.At.Before(after.Expires) || after.Signature == nil {
			fail("visited by another, at another time, or unsigned")
		}
		if holder == "" {
			fail("nobody has the papers")
		}
	case partner.Accepted:
		if after.Partner != k.First && after.Partner != k.Second {
			fail("accepted by somebody else")
		}
	case partner.Open:
		if after.Partner != "" {
			fail("open, and somebody's")
		}
	case partner.Returned:
		if after.Reason.Text() == (rem.Text{}) || after.Result != nil {
			fail("returned without a reason, or after a visit")
		}
	case partner.Expired:
		if after.Result != nil {
			fail("a visit expired")
		}
	}
	if after.State == partner.Done && !ours {
		fail("done without its papers")
	}
	if ours && holder != k.Officer {
		fail("ours with somebody else")
	}
	if len(after.Custody) < len(before.Custody) || len(before.Custody) > 0 && holder == "" {
		fail("papers got lost")
	}
	for i, h := range after.Custody {
		if i > 0 && (h.From != after.Custody[i-1].To || after.Custody[i-1].Ours) {
			fail("handed over by somebody who did not have them")
		}
	}
	if _, _, err := partner.Record(after, &application.View{ID: after.Application, Submitted: &application.Submission{Form: after.Form}}); (err == nil) != (after.State == partner.Done) {
		fail("a record of an order that is not done, or none of one that is")
	}
}

func FuzzReadStep(f *testing.F) {
	f.Add([]byte("rem-work-order-step 1\norder: o-1\nnumber: 2\nat: 2026-11-23T07:00:00.000000Z\nwho: stf-1\nrole: partner\nmethod: passkey\non: accept\nfrom: open\nto: accepted\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := partner.ReadStep(b)
		if err != nil {
			return
		}
		again, err := partner.WriteStep(&d)
		if err != nil || string(again) != string(b) {
			t.Fatalf("%v\n%q\nis written\n%q", err, b, again)
		}
	})
}
