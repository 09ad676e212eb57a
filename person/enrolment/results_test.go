package enrolment_test

import (
	"slices"
	"testing"

	"rem"
	"rem/internal/testkit/enrolmenttest"
	"rem/person"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/person/identity"
)

// REQ-98: nobody opens an account without having ticked that he read today's text,
// and which text that was, and when, is in the step.
func TestThatTheLegalResultsWereReadIsRecorded(t *testing.T) {
	ctx := t.Context()
	p := newTraveller(t, enrolmenttest.NewWorld(t), person.Natural, false, identity.Signature)
	p.until(application.Approved)
	a, b := p.s.Applicants(), p.begun.Bearer
	must(t, p.show(ctx))
	_, err := a.Activate(ctx, b)
	is(t, "without", err, enrolment.ErrResults)
	today := a.Results().Read
	other := today
	other.Digest = rem.DigestOf([]byte("another text"))
	_, err = a.Activate(ctx, b, other)
	is(t, "another text", err, enrolment.ErrResults)
	_, err = a.Activate(ctx, b, today)
	must(t, err)
	history, err := p.w.Ledger.History(ctx, b.Application())
	must(t, err)
	last := history[len(history)-1]
	if last.On != application.Activate || !slices.Equal(last.Known, []application.Agreement{today}) || last.At.IsZero() || today.Version == 0 || today.Digest.IsZero() {
		t.Errorf("%s: %+v", last.On, last.Known)
	}
}
