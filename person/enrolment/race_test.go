package enrolment_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"rem"
	"rem/internal/testkit/enrolmenttest"
	"rem/internal/testkit/personledgertest"
	"rem/person"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/person/identity"
	"rem/privacy"
)

// atOnce calls do of many, and counts those that it answered without an error.
func atOnce(n int, do func(i int) error) (done int) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	for i := range n {
		wg.Go(func() {
			if do(i) == nil {
				mu.Lock()
				defer mu.Unlock()
				done++
			}
		})
	}
	wg.Wait()
	return done
}

func TestOfManyAtOnceOneCounts(t *testing.T) {
	ctx := context.Background()
	w := enrolmenttest.NewWorld(t)
	p := newTraveller(t, w, person.Natural, false, identity.Signature)
	v := p.until(application.Identified)
	d := p.s.Desk()
	if n := atOnce(8, func(i int) error {
		return d.TakeUp(ctx, personledgertest.By(rem.PersonID(fmt.Sprint("staff-", i)), application.Approver), v.ID)
	}); n != 1 {
		t.Errorf("%d approvers have the case", n)
	}
	v = p.view()
	reviewer := personledgertest.By(v.Reviewer, application.Approver)
	_, err := d.Open(ctx, reviewer, v.ID)
	must(t, err)
	must(t, d.Approve(ctx, reviewer, v.ID))
	secret, _ := w.Link(t, "etkinlestir")
	a := p.s.Applicants()
	if n := atOnce(8, func(int) error { _, err := a.Arrive(ctx, secret); return err }); n == 0 {
		t.Error("nobody arrived")
	}
	b := p.begun.Bearer
	must(t, a.SendCode(ctx, b))
	if n := atOnce(8, func(int) error { return a.Enter(ctx, b, w.Code()) }); n != 1 {
		t.Errorf("the code was taken %d times", n)
	}
	if n := atOnce(8, func(int) error { _, err := a.Activate(ctx, b, a.Results().Read); return err }); n == 0 {
		t.Error("nobody opened the account")
	}
	p.code = "entered"
	must(t, p.step(ctx))
	p.arrived()
}

// Tries at a code count also when they come at once.
func TestTriesAtOnceAreCounted(t *testing.T) {
	ctx := context.Background()
	p := newTraveller(t, enrolmenttest.NewWorld(t), person.Natural, false, identity.Signature)
	p.until(application.Approved)
	a, b := p.s.Applicants(), p.begun.Bearer
	must(t, a.SendCode(ctx, b))
	right := p.w.Code()
	wrong := "000000"
	if right == wrong {
		wrong = "000001"
	}
	atOnce(64, func(int) error { return a.Enter(ctx, b, wrong) })
	is(t, "the right one after many wrong ones", a.Enter(ctx, b, right), enrolment.ErrCode)
}

// P-12: whose data was erased can come back, and what was erased stays so.
func TestWhoWasErasedComesBack(t *testing.T) {
	ctx := t.Context()
	w := enrolmenttest.NewWorld(t)
	first := newTraveller(t, w, person.Natural, false, identity.Office)
	v := first.until(application.Activated)
	before := w.Opened()[0]
	staff := privacy.Access{Actor: rem.Actor{Person: "staff-p"}, Role: privacy.AsPrivacy, Purpose: privacy.AccountOpening, Case: "erasure-1"}
	for _, c := range []privacy.PurposeClass{privacy.ApplicationClass, privacy.AccountClass} {
		must(t, w.Erase(ctx, staff, v.Submitted.Holder, c, "account-record-ended"))
	}
	second := newTraveller(t, w, person.Natural, false, identity.Office)
	second.in = personledgertest.Input(2, person.Natural, false)
	again := second.until(application.Activated)
	if again.Submitted.Holder != v.Submitted.Holder || len(w.Opened()) != 2 {
		t.Fatal("he is another")
	}
	staff.Purpose = privacy.AccountOpening
	if _, err := w.Vault.Open(ctx, staff, v.Submitted.Holder, "account.Holder.Name", before.Holder.Name); err == nil {
		t.Error("what was erased opens")
	}
	if _, err := w.Vault.Open(ctx, staff, v.Submitted.Holder, "account.Holder.Name", w.Opened()[1].Holder.Name); err != nil {
		t.Error(err)
	}
}

func TestACopyThatNobodyKeepsIsNoEvidence(t *testing.T) {
	ctx := t.Context()
	p := newTraveller(t, enrolmenttest.NewWorld(t), person.Natural, false, identity.Office)
	v := p.until(application.Pending)
	seen, err := p.seen(ctx)
	must(t, err)
	seen.Captures[0].Digest = rem.DigestOf([]byte("another"))
	is(t, "a copy", p.s.Desk().Identify(ctx, officer, v.ID, seen), enrolment.ErrNoPaper)
}
