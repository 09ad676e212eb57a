package application_test

import (
	"errors"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit/personledgertest"
	"rem/person"
	"rem/person/application"
	"rem/person/identity"
	"rem/privacy"
)

// S02, P-06: nothing begins before the notice was shown.
func TestNothingBeginsWithoutTheNotice(t *testing.T) {
	k := personledgertest.NewKit(t)
	for name, change := range map[string]func(*application.Notice){
		"no version":  func(n *application.Notice) { n.Digest = rem.Digest{} },
		"no delivery": func(n *application.Notice) { n.Delivery = "" },
		"no time":     func(n *application.Notice) { n.At = time.Time{} },
		"afterwards":  func(n *application.Notice) { n.At = personledgertest.At.Add(time.Second) },
	} {
		n := personledgertest.Notice
		change(&n)
		if _, err := k.Rules.Begin(personledgertest.ID(1), person.Natural, n, personledgertest.Person, personledgertest.At); !errors.Is(err, application.ErrNotice) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// REQ-23, S03: what is handed in is this application's form, whole, with every
// text accepted.
func TestOnlyAWholeFormOfThisApplicationIsTaken(t *testing.T) {
	k := personledgertest.NewKit(t)
	v := k.Walk(t, personledgertest.NewMemory(), 1, person.Natural, "save")
	at := personledgertest.At.Add(9 * time.Hour)
	for name, c := range map[string]struct {
		change func(*application.Handing)
		want   error
	}{
		"whole":                   {func(*application.Handing) {}, nil},
		"no form":                 {func(h *application.Handing) { h.Form = nil }, application.ErrOtherForm},
		"another application's":   {func(h *application.Handing) { h.Header.Application = "app-2" }, application.ErrOtherForm},
		"another notice":          {func(h *application.Handing) { h.Header.Notice = rem.DigestOf([]byte("x")) }, application.ErrNotice},
		"a text not accepted":     {func(h *application.Handing) { h.Header.Agreements = h.Header.Agreements[1:] }, application.ErrAgreements},
		"an answer not kept":      {func(h *application.Handing) { h.Answers.FamilyName = privacy.SealedValue{} }, application.ErrOtherForm},
		"an answer nobody gave":   {func(h *application.Handing) { h.Answers.Profession = h.Answers.FamilyName }, application.ErrOtherForm},
		"an answer not asked":     {func(h *application.Handing) { h.Answers.MERSIS = h.Answers.FamilyName }, application.ErrOtherForm},
		"nobody is to hold it":    {func(h *application.Handing) { h.Holder = "" }, application.ErrOtherForm},
		"for somebody else alone": {func(h *application.Handing) { h.Holder = "per-b" }, application.ErrOtherForm},
		"made tomorrow":           {func(h *application.Handing) { h.Header.Made = at.Add(time.Second) }, application.ErrOtherForm},
	} {
		h, err := k.Handing(t.Context(), 1, person.Natural, false)
		if err != nil {
			t.Fatal(err)
		}
		c.change(&h)
		if _, err := k.Rules.Submit(v, h, personledgertest.Person, at); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// REQ-1, REQ-12: production takes no simulator's answer, neither when it comes nor
// later.
func TestProductionTakesNoSimulatorsAnswer(t *testing.T) {
	k := personledgertest.NewKit(t)
	v := k.Walk(t, personledgertest.NewMemory(), 1, person.Natural, "hand in")
	at := personledgertest.At.Add(20 * time.Hour)
	r := personledgertest.Record(&v, "staff-o", at)
	r.By.Simulated = true
	if _, err := k.Rules.Found(v, r, personledgertest.Officer, at); err != nil {
		t.Fatalf("a demonstration: %v", err)
	}
	k.Rules.Production = true
	if _, err := k.Rules.Found(v, r, personledgertest.Officer, at); !errors.Is(err, application.ErrSimulated) {
		t.Errorf("got %v", err)
	}
}

// REQ-21, REQ-30: where somebody applies for others, who showed himself opens the
// account and nobody else.
func TestWhoShowedHimselfOpensTheAccount(t *testing.T) {
	k := personledgertest.NewKit(t)
	v := k.Walk(t, personledgertest.NewMemory(), 1, person.Natural, "approve")
	v.Applicant = "per-company-operator"
	done, err := identity.Complete(*v.Newest())
	if err != nil {
		t.Fatal(err)
	}
	both := application.Channels{application.MailLink, application.MobileCode}
	at := personledgertest.At.Add(99 * time.Hour)
	if _, err := k.Rules.Activate(v, done, both, personledgertest.By(v.Applicant, application.Applicant), at); !errors.Is(err, application.ErrNotYou) {
		t.Errorf("who applied for him: %v", err)
	}
	if _, err := k.Rules.Activate(v, done, both, personledgertest.By(v.Submitted.Shower, application.Applicant), at); err != nil {
		t.Errorf("he himself: %v", err)
	}
}

// REQ-22: a record that somebody made up, though complete, approves nothing when
// the ledger's own is not.
func TestTheLedgersOwnRecordIsJudged(t *testing.T) {
	k := personledgertest.NewKit(t)
	v := k.Walk(t, personledgertest.NewMemory(), 1, person.Natural, "take up")
	done, err := identity.Complete(*v.Newest())
	if err != nil {
		t.Fatal(err)
	}
	v.Records = []identity.Record{*v.Newest()}
	v.Records[0].Checklist = nil
	if _, err := k.Rules.Approve(v, done, personledgertest.Approver, personledgertest.At.Add(99*time.Hour)); !errors.Is(err, application.ErrIncomplete) {
		t.Errorf("got %v", err)
	}
}

// REQ-17: each missing or unscanned paper blocks approval.
func TestEveryPaperIsNeeded(t *testing.T) {
	k := personledgertest.NewKit(t)
	v := k.Walk(t, personledgertest.NewMemory(), 1, person.Private, "take up")
	done, err := identity.Complete(*v.Newest())
	if err != nil {
		t.Fatal(err)
	}
	at := personledgertest.At.Add(99 * time.Hour)
	if _, err := k.Rules.Approve(v, done, personledgertest.Approver, at); err != nil {
		t.Fatal(err)
	}
	all := v.Papers
	for _, kind := range application.Papers(person.Private, false) {
		v.Papers = nil
		for _, p := range all {
			if p.Kind != kind {
				v.Papers = append(v.Papers, p)
			}
		}
		if _, err := k.Rules.Approve(v, done, personledgertest.Approver, at); !errors.Is(err, application.ErrPapers) {
			t.Errorf("without %s: %v", kind, err)
		}
		v.Papers = append(v.Papers, application.Paper{Kind: kind, Digest: rem.DigestOf([]byte("x"))})
		if _, err := k.Rules.Approve(v, done, personledgertest.Approver, at); !errors.Is(err, application.ErrPapers) {
			t.Errorf("with %s not scanned: %v", kind, err)
		}
	}
}

// REQ-22: who had a hand in a record neither takes the case up nor approves it,
// though somebody gave it to him.
func TestWhoCollectedNeitherReviewsNorApproves(t *testing.T) {
	k := personledgertest.NewKit(t)
	at := personledgertest.At.Add(99 * time.Hour)
	collector := personledgertest.By(personledgertest.Officer.Actor.Person, application.Approver)
	v := k.Walk(t, personledgertest.NewMemory(), 1, person.Natural, "identify")
	if _, err := k.Rules.TakeUp(v, collector, at); !errors.Is(err, application.ErrSecondOfficer) {
		t.Errorf("took it up: %v", err)
	}
	v = k.Walk(t, personledgertest.NewMemory(), 1, person.Natural, "take up")
	done, err := identity.Complete(*v.Newest())
	if err != nil {
		t.Fatal(err)
	}
	v.Reviewer = collector.Actor.Person
	if _, err := k.Rules.Approve(v, done, collector, at); !errors.Is(err, application.ErrSecondOfficer) {
		t.Errorf("approved: %v", err)
	}
	v.Hands = nil // what the view says is not all that is asked
	if _, err := k.Rules.Approve(v, done, collector, at); !errors.Is(err, application.ErrSecondOfficer) {
		t.Errorf("approved, his hand forgotten: %v", err)
	}
	for _, self := range []rem.PersonID{v.Applicant, v.Submitted.Holder, v.Submitted.Shower} {
		if _, err := k.Rules.Refuse(v, application.NotShown, personledgertest.By(self, application.Approver), at); !errors.Is(err, application.ErrNotYou) {
			t.Errorf("decided about himself: %v", err)
		}
	}
}

// REQ-20: what goes back has a reason too.
func TestNothingGoesBackWithoutAReason(t *testing.T) {
	k := personledgertest.NewKit(t)
	v := k.Walk(t, personledgertest.NewMemory(), 1, person.Natural, "take up")
	for _, why := range []application.Reason{"", "mood"} {
		if _, err := k.Rules.Return(v, why, personledgertest.Approver, personledgertest.At.Add(99*time.Hour)); !errors.Is(err, application.ErrReason) {
			t.Errorf("%q: %v", why, err)
		}
	}
}

// REQ-30.
func TestAnAccountNeedsTwoSeparateChannelsOrASignature(t *testing.T) {
	k := personledgertest.NewKit(t)
	v := k.Walk(t, personledgertest.NewMemory(), 1, person.Natural, "approve")
	done, err := identity.Complete(*v.Newest())
	if err != nil {
		t.Fatal(err)
	}
	at := personledgertest.At.Add(99 * time.Hour)
	for _, c := range []struct {
		by   application.Channels
		want error
	}{
		{nil, application.ErrChannels},
		{application.Channels{application.MailLink}, application.ErrChannels},
		{application.Channels{application.MobileCode, application.MobileCode}, application.ErrChannels},
		{application.Channels{"pigeon", application.MailLink}, application.ErrChannels},
		{application.Channels{application.MobileCode, application.MailLink}, nil},
		{application.Channels{application.BySigning}, nil},
	} {
		if _, err := k.Rules.Activate(v, done, c.by, personledgertest.Person, at); !errors.Is(err, c.want) {
			t.Errorf("%v: %v, want %v", c.by, err, c.want)
		}
	}
	// An approval holds for the record that it names.
	decision := *v.Decision
	decision.Identity = "another.id1"
	v.Decision = &decision
	if _, err := k.Rules.Activate(v, done, application.Channels{application.BySigning}, personledgertest.Person, at); !errors.Is(err, application.ErrRecord) {
		t.Errorf("on another record: %v", err)
	}
}

// REQ-22: a case is decided by who took it up.
func TestOnlyWhoTookTheCaseUpApproves(t *testing.T) {
	k := personledgertest.NewKit(t)
	v := k.Walk(t, personledgertest.NewMemory(), 1, person.Natural, "take up")
	done, err := identity.Complete(*v.Newest())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Rules.Approve(v, done, personledgertest.By("staff-z", application.Approver), personledgertest.At.Add(99*time.Hour)); !errors.Is(err, application.ErrNotYou) {
		t.Errorf("got %v", err)
	}
}
