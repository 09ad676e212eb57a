package timeline_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/message"
	"rem/message/timeline"
)

var day = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

const (
	ours   = "hs90.kep.test"
	theirs = "hs91.kep.test"
)

func view(leg message.Leg, state message.State, due time.Time, filed ...message.Filed) *message.View {
	v := &message.View{
		Record: message.Record{
			ID: "m1@hs90.kep.test", Origin: ours, Sender: message.Party{Address: rem.MustAddress("ayse@hs90.kep.test"), Name: "Ayşe"},
			Subject: "Sözleşme", Submitted: day, Size: 9,
			Recipients: []message.Recipient{{Party: message.Party{Address: rem.MustAddress("bora@hs91.kep.test")}, Leg: leg}},
		},
		Standings: []message.Standing{{Recipient: 1, State: state, Since: day, Due: due}},
	}
	for i, f := range filed {
		f.ID = rem.EvidenceID("_" + strings.Repeat("e", i+1))
		f.Time = day.Add(time.Duration(i) * time.Minute)
		f.Digest = rem.DigestOf([]byte(f.ID))
		v.Filed = append(v.Filed, f)
	}
	return v
}

func filed(k message.Kind, o message.Outcome, n int, reasons ...rem.Reason) message.Filed {
	issuer := theirs
	if k == message.SubmissionAcceptanceRejection || k == message.RelayREMMDFailure {
		issuer = ours
	}
	return message.Filed{Kind: k, Outcome: o, Recipient: n, Issuer: issuer, Reasons: reasons}
}

var (
	accepted     = filed(message.SubmissionAcceptanceRejection, message.Positive, 0)
	rejected     = filed(message.SubmissionAcceptanceRejection, message.Negative, 0, rem.InvalidUserSignature)
	taken        = filed(message.RelayREMMDAcceptanceRejection, message.Positive, 1)
	turnedAway   = filed(message.RelayREMMDAcceptanceRejection, message.Negative, 1, rem.UnknownRecipient)
	failed       = filed(message.RelayREMMDFailure, message.Negative, 1, rem.PeerUnreachable)
	delivered    = filed(message.DeliveryNonDeliveryToRecipient, message.Positive, 1)
	notDelivered = filed(message.DeliveryNonDeliveryToRecipient, message.Negative, 1, rem.TechnicalMalfunction)
	read         = filed(message.RetrievalNonRetrievalByRecipient, message.Positive, 1)
	notRead      = filed(message.RetrievalNonRetrievalByRecipient, message.Negative, 1, rem.RetentionPeriodExpired)
	nothing      = func() message.Filed {
		f := filed(message.DeliveryNonDeliveryToRecipient, message.Negative, 1, rem.NoDeliveryInformation)
		f.NoInformation, f.Issuer = true, ours
		return f
	}()
	conflicting = func() message.Filed { f := notDelivered; f.Conflict = true; return f }()
)

// Each state of each leg, with the evidence that it has: REQ-50, S49.
func TestStepsOfEveryStateAndLeg(t *testing.T) {
	due := day.Add(6 * time.Hour)
	out, in, local := message.Outbound, message.Inbound, message.Local
	type row struct {
		leg   message.Leg
		state message.State
		due   time.Time
		filed []message.Filed
		// want is a word a step, in order; * marks what is known from a later step.
		want string
	}
	with := func(f ...message.Filed) []message.Filed { return f }
	rows := []row{
		{out, message.Refused, time.Time{}, with(rejected), "failed not-reached not-reached not-reached"},
		{local, message.Refused, time.Time{}, with(rejected), "failed not-reached not-reached"},
		{local, message.Accepted, time.Time{}, with(accepted), "done awaited awaited"},
		{out, message.Relaying, due, with(accepted), "done awaited awaited awaited"},
		{out, message.Attempting, due, with(accepted), "done awaited awaited awaited"},
		{out, message.Asked, due, with(accepted), "done awaited awaited awaited"},
		{out, message.Relayed, due, with(accepted, taken), "done done awaited awaited"},
		{out, message.NotRelayed, time.Time{}, with(accepted, failed), "done failed not-reached not-reached"},
		{out, message.NotRelayed, time.Time{}, with(accepted, turnedAway, failed), "done failed not-reached not-reached"},
		{out, message.Overdue, time.Time{}, with(accepted, nothing), "done unknown unknown unknown"},
		{out, message.Overdue, time.Time{}, with(accepted, taken, nothing), "done done unknown unknown"},
		{out, message.Overdue, time.Time{}, with(accepted, nothing, taken), "done done unknown unknown"},
		{out, message.Delivered, time.Time{}, with(accepted, taken, delivered), "done done done awaited"},
		{out, message.Delivered, time.Time{}, with(accepted, delivered), "done done* done awaited"},
		{out, message.Delivered, time.Time{}, with(accepted, nothing, delivered), "done done* done awaited"},
		{out, message.NotDelivered, time.Time{}, with(accepted, taken, notDelivered), "done done failed not-reached"},
		{out, message.NotDelivered, time.Time{}, with(accepted, notDelivered), "done unknown failed not-reached"},
		{out, message.Retrieved, time.Time{}, with(accepted, taken, delivered, read), "done done done done"},
		{out, message.Retrieved, time.Time{}, with(accepted, read), "done done* done* done"},
		{out, message.NotRetrieved, time.Time{}, with(accepted, taken, delivered, notRead), "done done done failed"},
		{out, message.NotRetrieved, time.Time{}, with(accepted, notRead), "done done* done* failed"},
		{out, message.Retrieved, time.Time{}, with(accepted, taken, delivered, read, conflicting), "done done done done"},

		{in, message.TakenOver, time.Time{}, with(accepted, taken), "done done awaited awaited"},
		{in, message.TakenOver, time.Time{}, with(taken), "done* done awaited awaited"},
		{in, message.RelayRefused, time.Time{}, with(accepted, turnedAway), "done failed not-reached not-reached"},
		{in, message.Delivered, due, with(accepted, taken, delivered), "done done done awaited"},
		{in, message.NotDelivered, time.Time{}, with(accepted, taken, notDelivered), "done done failed not-reached"},
		{in, message.Retrieved, time.Time{}, with(accepted, taken, delivered, read), "done done done done"},
		{in, message.NotRetrieved, time.Time{}, with(accepted, taken, delivered, notRead), "done done done failed"},

		{local, message.Delivered, due, with(accepted, delivered), "done done awaited"},
		{local, message.NotDelivered, time.Time{}, with(accepted, notDelivered), "done failed not-reached"},
		{local, message.Retrieved, time.Time{}, with(accepted, delivered, read), "done done done"},
		{local, message.NotRetrieved, time.Time{}, with(accepted, delivered, notRead), "done done failed"},
	}
	type stand struct {
		leg   message.Leg
		state message.State
	}
	tested := map[stand]bool{}
	for _, r := range rows {
		tested[stand{r.leg, r.state}] = true
		name := r.leg.String() + " " + r.state.String()
		m := timeline.Of(view(r.leg, r.state, r.due, r.filed...), timeline.Options{})
		to := m.Recipients[0]
		var got []string
		for _, s := range to.Steps {
			word := s.Progress.String()
			if s.Implied {
				word += "*"
			}
			got = append(got, word)
			if s.Sentence.Turkish == "" || s.Sentence.English == "" || s.Sentence.Turkish == s.Sentence.English {
				t.Errorf("%s: nothing is said of %s", name, s.Place)
			}
			if (s.Progress == timeline.Failed) != (len(s.Reasons) > 0) && s.Progress != timeline.Unknown {
				t.Errorf("%s: %s is %s with reasons %v", name, s.Place, s.Progress, s.Reasons)
			}
			if !s.Implied && (s.Progress == timeline.Done || s.Progress == timeline.Failed) && (len(s.Evidence) == 0 || s.Time.IsZero()) {
				t.Errorf("%s: %s is %s without evidence", name, s.Place, s.Progress)
			}
		}
		if strings.Join(got, " ") != r.want {
			t.Errorf("%s with %d evidences: %s, want %s", name, len(r.filed), strings.Join(got, " "), r.want)
		}
		if !to.Until.Equal(r.due) {
			t.Errorf("%s: awaited until %s, want %s", name, to.Until, r.due)
		}
		if to.Stands.Turkish == "" || to.Stands.English == "" {
			t.Errorf("%s has no sentence", name)
		}
		sum := m.Summary
		if sum.UnderWay+sum.InMailbox+sum.Unknown+sum.Failed != 1 || sum.Recipients != 1 {
			t.Errorf("%s: %+v does not count one recipient", name, sum)
		}
		if to.Conflict != slices.ContainsFunc(r.filed, func(f message.Filed) bool { return f.Conflict }) {
			t.Errorf("%s: conflict %t", name, to.Conflict)
		}
		// Every evidence is shown once, at a step.
		shown := len(to.Others)
		for _, s := range to.Steps {
			shown += len(s.Evidence)
		}
		if shown != len(r.filed) || len(m.Evidence) != len(r.filed) {
			t.Errorf("%s: %d of %d evidences are at a step", name, shown, len(r.filed))
		}
	}
	for _, line := range message.Table {
		if !tested[stand{line.Leg, line.To}] {
			t.Errorf("%s %s is not tested", line.Leg, line.To)
		}
	}
}

func TestLateInformationIsMarked(t *testing.T) {
	m := timeline.Of(view(message.Outbound, message.Delivered, time.Time{}, accepted, nothing, delivered), timeline.Options{})
	var late []bool
	for _, e := range m.Evidence {
		late = append(late, e.Late)
	}
	if !slices.Equal(late, []bool{false, false, true}) {
		t.Errorf("late: %v", late)
	}
	step := m.Recipients[0].Steps[2]
	if step.Progress != timeline.Done || len(step.Evidence) != 2 || step.Reasons != nil || !step.Time.Equal(day.Add(2*time.Minute)) {
		t.Errorf("the step shows %+v", step)
	}
}

// A message to several people has no single flag, and a recipient sees himself.
func TestSeveralRecipients(t *testing.T) {
	v := view(message.Outbound, message.Retrieved, time.Time{}, accepted, taken, delivered, read)
	to := func(address string, leg message.Leg, s message.State) {
		v.Record.Recipients = append(v.Record.Recipients, message.Recipient{Party: message.Party{Address: rem.MustAddress(address)}, Leg: leg, Copy: true})
		v.Standings = append(v.Standings, message.Standing{Recipient: len(v.Record.Recipients), State: s})
	}
	to("cem@hs91.kep.test", message.Outbound, message.Delivered)
	to("derya@hs90.kep.test", message.Local, message.NotDelivered)
	to("emre@hs92.kep.test", message.Outbound, message.Overdue)
	to("fatma@hs92.kep.test", message.Outbound, message.Asked)
	second := delivered
	second.Recipient, second.ID, second.Time = 2, "_second", day.Add(time.Hour)
	v.Filed = append(v.Filed, second)
	m := timeline.Of(v, timeline.Options{})
	want := timeline.Summary{Recipients: 5, UnderWay: 1, InMailbox: 2, Unknown: 1, Failed: 1, Read: 1}
	if m.Summary != want {
		t.Errorf("%+v, want %+v", m.Summary, want)
	}
	if got := m.Summary.Text().Turkish; got != "5 alıcı: 2 kutuda (1 okundu), 1 yolda, 1 bilgi gelmedi, 1 ulaşmadı" {
		t.Error(got)
	}
	if got := m.Summary.Text().English; got != "5 recipients: 2 in the mailbox (1 read), 1 under way, 1 without information, 1 failed" {
		t.Error(got)
	}
	if len(m.Rows()) != 5 {
		t.Errorf("%d rows", len(m.Rows()))
	}
	only := timeline.Of(v, timeline.Options{Only: []int{2}})
	if len(only.Recipients) != 1 || only.Recipients[0].Number != 2 || only.Summary.Recipients != 1 {
		t.Errorf("recipient 2 sees %+v", only.Recipients)
	}
	for _, e := range only.Evidence {
		if e.Recipient != 0 && e.Recipient != 2 {
			t.Errorf("recipient 2 sees %s about %d", e.ID, e.Recipient)
		}
	}
}

func TestRowsHaveTheTimesOfTheSteps(t *testing.T) {
	m := timeline.Of(view(message.Outbound, message.Retrieved, time.Time{}, accepted, taken, delivered, read), timeline.Options{})
	r := m.Rows()[0]
	if !r.TakenOver.Equal(day.Add(time.Minute)) || !r.InMailbox.Equal(day.Add(2*time.Minute)) || !r.Read.Equal(day.Add(3*time.Minute)) || !r.Ended.IsZero() || r.Evidence != 4 {
		t.Errorf("%+v", r)
	}
	m = timeline.Of(view(message.Outbound, message.NotRelayed, time.Time{}, accepted, failed), timeline.Options{})
	if r = m.Rows()[0]; !r.Ended.Equal(day.Add(time.Minute)) || len(r.Reasons) != 1 || r.Reasons[0].Text.Turkish == "" {
		t.Errorf("%+v", r)
	}
}

func TestEvidenceBoxByDays(t *testing.T) {
	m := timeline.Of(view(message.Outbound, message.Retrieved, time.Time{}, accepted, taken, delivered, read), timeline.Options{})
	// 22 November ends at 21:00 UTC in Türkiye.
	days := timeline.Days(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC))
	if !days.From.Equal(time.Date(2026, 11, 22, 21, 0, 0, 0, time.UTC)) || !days.Until.Equal(days.From.AddDate(0, 0, 1)) {
		t.Errorf("%+v", days)
	}
	if got := timeline.InBox(m.Box(), days); len(got) != 4 || got[0].About != "" || got[1].About != "bora@hs91.kep.test" {
		t.Errorf("%+v", got)
	}
	if got := timeline.InBox(m.Box(), timeline.Range{From: day.Add(time.Minute), Until: day.Add(3 * time.Minute)}); len(got) != 2 {
		t.Errorf("%d in the range", len(got))
	}
	if !(timeline.Range{}).Has(day) {
		t.Error("an open range has everything")
	}
}
