package application

import (
	"slices"
	"testing"
)

func TestTheTableIsWholeAndDeterministic(t *testing.T) {
	for i, tr := range Table {
		if slices.ContainsFunc(Table[:i], func(o Transition) bool { return o.From == tr.From && o.On == tr.On }) {
			t.Errorf("%s %s stands twice", tr.From, tr.On)
		}
		if tr.From.Final() {
			t.Errorf("%s goes on with %s", tr.From, tr.On)
		}
		if tr.Who == 0 || !slices.Contains(Events(), tr.On) || !slices.Contains(States(), tr.To) {
			t.Errorf("%s %s is by nobody, or of no list", tr.From, tr.On)
		}
		if tr.To.Final() && tr.Until != NoPeriod {
			t.Errorf("%s %s: something is due after an end", tr.From, tr.On)
		}
		if !tr.To.Final() && tr.From != tr.To && tr.Until == NoPeriod {
			t.Errorf("%s %s: nothing is due in %s", tr.From, tr.On, tr.To)
		}
		// REQ-20: no refusal without a decision, and none by the system.
		if tr.To == Refused && (tr.Owes != Decided || tr.Who&System != 0 || tr.Who&Applicant != 0 || tr.Tells&TellApplicant == 0) {
			t.Errorf("%s %s refuses otherwise than a person with a reason, told to the applicant", tr.From, tr.On)
		}
		if tr.On == Approve && (tr.Who != Approver || tr.From != InReview) || tr.To == Approved && tr.On != Approve || tr.To == Activated && tr.From != Approved {
			t.Errorf("%s %s is another way to an account", tr.From, tr.On)
		}
	}
	for _, e := range Events() {
		if !slices.ContainsFunc(Table, func(tr Transition) bool { return tr.On == e }) {
			t.Errorf("%s stands nowhere", e)
		}
	}
	for _, s := range States() {
		if s.Name().Turkish == "" || s.Name().English == "" {
			t.Errorf("%s has no name", s)
		}
		// What waits for the applicant expires; what waits for us does not.
		_, expires := Next(s, Expire)
		if ours := s == Doubtful || s == Identified || s == InReview || s.Final(); expires == ours {
			t.Errorf("%s expires: %t", s, expires)
		}
		if _, ok := Next(s, Withdraw); ok == s.Final() {
			t.Errorf("%s can be withdrawn: %t", s, ok)
		}
	}
	for p := DraftPeriod; p <= ActivationPeriod; p++ {
		if UsualPeriods.Of(p) <= 0 {
			t.Errorf("period %d has no length", p)
		}
	}
}

func TestEveryReasonHasItsText(t *testing.T) {
	for _, r := range Reasons() {
		if !r.Valid() || r.Text().Turkish == "" || r.Text().English == "" {
			t.Errorf("%s: %+v", r, r.Text())
		}
	}
	if len(Reasons()) < 8 || Reason("").Valid() {
		t.Error("the list of reasons is not the list")
	}
}
