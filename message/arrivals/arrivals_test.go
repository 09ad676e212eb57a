package arrivals_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rem"
	"rem/internal/testkit"
	"rem/message/arrivals"
	"rem/message/mailbox"
	"rem/person"
	"rem/person/account"
	"rem/person/news"
)

// A world is one account with two people, an outbox in memory and a clock.
type world struct {
	account account.Account
	prefers map[rem.PersonID]mailbox.Preferences
	told    map[news.ID]news.Message
	by      map[news.ID]news.Channel
	without news.Channel // a way that nobody has
	clock   *testkit.Clock
	alarms  []error
	teller  *arrivals.Teller
}

func newWorld() *world {
	w := &world{
		account: account.Account{ID: "a-1", State: account.Open, Holder: account.Holder{Person: "p-1"}, Operators: []account.Operator{
			{Person: "p-1", May: account.Everything}, {Person: "p-2", May: account.Reading | account.SMSNotices, By: "p-1"},
		}},
		prefers: map[rem.PersonID]mailbox.Preferences{}, told: map[news.ID]news.Message{}, by: map[news.ID]news.Channel{},
		clock: testkit.NewClock(time.Date(2026, 3, 2, 9, 3, 0, 0, time.UTC)), // 12:03 in Türkiye
	}
	w.teller = &arrivals.Teller{Accounts: w, Preferences: w, Outbox: w, Clock: w.clock, Link: "https://kep.example/mail", Alarm: func(err error) { w.alarms = append(w.alarms, err) }}
	return w
}

func (w *world) Account(_ context.Context, id rem.AccountID) (account.Account, error) {
	if id != w.account.ID {
		return account.Account{}, account.ErrNotFound
	}
	return w.account, nil
}

func (w *world) Preferences(_ context.Context, _ rem.AccountID, p rem.PersonID) (mailbox.Preferences, error) {
	if o, ok := w.prefers[p]; ok {
		return o, nil
	}
	return mailbox.DefaultPreferences, nil
}

func (w *world) Tell(_ context.Context, by news.Channel, m news.Message) error {
	if by == w.without {
		return news.ErrNoContact
	}
	if _, is := w.told[m.ID]; !is {
		if m.After.IsZero() {
			m.After = w.clock.Now()
		}
		w.told[m.ID], w.by[m.ID] = m, by
	}
	return nil
}

func (w *world) Told(_ context.Context, id news.ID) (bool, error) {
	_, is := w.told[id]
	return is, nil
}

// times are when somebody is told by a way, in Türkiye, in order.
func (w *world) times(p rem.PersonID, by news.Channel) (list []string) {
	for id, m := range w.told {
		if m.Person == p && w.by[id] == by {
			list = append(list, m.After.In(time.FixedZone("", 3*3600)).Format("02 15:04"))
		}
	}
	slices.Sort(list)
	return list
}

// REQ-67: who is told, and when, is what the person chose and the account allows.
func TestWhoIsToldWhen(t *testing.T) {

	for name, c := range map[string]struct {
		prefers   mailbox.Preferences
		arrivals  []time.Duration // after 12:03
		mail, sms []string        // of the holder
	}{
		"at once, by mail":         {mailbox.Preferences{Mail: true, Digest: -1}, []time.Duration{0}, []string{"02 12:03"}, nil},
		"by both":                  {mailbox.Preferences{Mail: true, SMS: true, Digest: -1}, []time.Duration{0}, []string{"02 12:03"}, []string{"02 12:03"}},
		"by none":                  {mailbox.Preferences{Digest: -1}, []time.Duration{0}, nil, nil},
		"a second soon after":      {mailbox.Preferences{Mail: true, Digest: -1}, []time.Duration{0, time.Minute, 2 * time.Minute}, []string{"02 12:03", "02 12:10"}, nil},
		"a second later":           {mailbox.Preferences{Mail: true, Digest: -1}, []time.Duration{0, 20 * time.Minute}, []string{"02 12:03", "02 12:23"}, nil},
		"one after the next":       {mailbox.Preferences{Mail: true, Digest: -1}, []time.Duration{0, time.Minute, 8 * time.Minute}, []string{"02 12:03", "02 12:10", "02 12:20"}, nil},
		"a digest in the evening":  {mailbox.Preferences{Mail: true, Digest: 18}, []time.Duration{0, time.Hour, 7 * time.Hour}, []string{"02 18:00", "03 18:00"}, nil},
		"a digest that has been":   {mailbox.Preferences{Mail: true, Digest: 9}, []time.Duration{0, time.Hour}, []string{"03 09:00"}, nil},
		"quiet over midnight":      {mailbox.Preferences{Mail: true, Digest: -1, QuietFrom: 22, QuietUntil: 7}, []time.Duration{11 * time.Hour, 16 * time.Hour, 20 * time.Hour}, []string{"03 07:00", "03 08:03"}, nil},
		"quiet at noon":            {mailbox.Preferences{Mail: true, Digest: -1, QuietFrom: 12, QuietUntil: 14}, []time.Duration{0}, []string{"02 14:00"}, nil},
		"the same hour is no rest": {mailbox.Preferences{Mail: true, Digest: -1, QuietFrom: 12, QuietUntil: 12}, []time.Duration{0}, []string{"02 12:03"}, nil},
		"a digest in quiet hours":  {mailbox.Preferences{Mail: true, Digest: 23, QuietFrom: 22, QuietUntil: 7}, []time.Duration{0}, []string{"03 07:00"}, nil},
	} {
		w := newWorld()
		w.prefers["p-1"] = c.prefers
		begin := w.clock.Now()
		for _, after := range c.arrivals {
			w.clock.Advance(begin.Add(after).Sub(w.clock.Now()))
			w.teller.Arrived(t.Context(), "a-1")
		}
		if got := w.times("p-1", news.Mail); !slices.Equal(got, c.mail) {
			t.Errorf("%s: by mail at %q, want %q", name, got, c.mail)
		}
		if got := w.times("p-1", news.SMS); !slices.Equal(got, c.sms) {
			t.Errorf("%s: by text message at %q, want %q", name, got, c.sms)
		}
		if len(w.alarms) > 0 {
			t.Errorf("%s: %v", name, w.alarms)
		}
	}
}

// REQ-38: a permission that was not given, or has ended, is not used, whatever somebody
// chose.
func TestOnlyWhoMayIsTold(t *testing.T) {
	w := newWorld()
	w.prefers["p-2"] = mailbox.Preferences{Mail: true, SMS: true, Digest: -1}
	w.teller.Arrived(t.Context(), "a-1")
	if got := w.times("p-2", news.Mail); len(got) != 0 {
		t.Errorf("told by mail at %q without the permission", got)
	}
	if got := w.times("p-2", news.SMS); len(got) != 1 {
		t.Errorf("told by text message at %q", got)
	}
	w.account.Operators[1].Until = w.clock.Now().Add(-time.Hour)
	w.clock.Advance(time.Hour)
	w.teller.Arrived(t.Context(), "a-1")
	if got := w.times("p-2", news.SMS); len(got) != 1 {
		t.Errorf("told after his term: %q", got)
	}
	w.account.Operators[0].May = account.MailNotices // and may not read
	before := len(w.told)
	w.clock.Advance(time.Hour)
	w.teller.Arrived(t.Context(), "a-1")
	if len(w.told) != before {
		t.Error("somebody who may not read is told")
	}
}

// A fault is told to operators and stops nobody; who has no such way is no fault.
func TestAFaultStopsNobody(t *testing.T) {
	w := newWorld()
	w.prefers["p-1"] = mailbox.Preferences{Mail: true, SMS: true, Digest: -1}
	w.without = news.Mail
	w.teller.Arrived(t.Context(), "a-1")
	if len(w.alarms) != 0 || len(w.times("p-1", news.SMS)) != 1 {
		t.Errorf("alarms %v, told %v", w.alarms, w.told)
	}
	w.teller.Arrived(t.Context(), "a-9")
	if len(w.alarms) != 1 || !errors.Is(w.alarms[0], account.ErrNotFound) {
		t.Errorf("alarms %v", w.alarms)
	}
}

// REQ-70: that a mailbox fills is told once a day for each step, and not in quiet hours.
func TestFillingIsToldOnceADay(t *testing.T) {
	w := newWorld()
	w.prefers["p-1"] = mailbox.Preferences{Mail: true, Digest: -1, QuietFrom: 12, QuietUntil: 13}
	for range 3 {
		w.teller.Filling(t.Context(), "a-1", 90)
		w.clock.Advance(time.Minute)
	}
	w.teller.Filling(t.Context(), "a-1", 100)
	if got := w.times("p-1", news.Mail); !slices.Equal(got, []string{"02 13:00", "02 13:00"}) {
		t.Errorf("told at %q", got)
	}
}

// REQ-67: nothing of a message is in a notice, and every one can be told.
func TestANoticeSaysNothingOfAMessage(t *testing.T) {
	w := newWorld()
	w.teller.Arrived(t.Context(), "a-1")
	w.teller.Filling(t.Context(), "a-1", 80)
	if len(w.told) != 2 {
		t.Fatalf("%d notices", len(w.told))
	}
	for _, m := range w.told {
		full, ok := news.Contact{Mail: mailAddress(t)}.At(news.Mail, m)
		if !ok {
			t.Fatal("no mail")
		}
		if err := full.Check(); err != nil {
			t.Error(err)
		}
		if s := full.Write(rem.Text{Turkish: "KEP", English: "REM"}, w.clock.Now()).Body; strings.Contains(s, "a-1") || strings.Contains(s, "p-1") || !strings.Contains(s, "https://kep.example/mail") {
			t.Error(s)
		}
		if strings.Contains(string(m.ID), "a-1") || strings.Contains(string(m.ID), "p-1") {
			t.Errorf("the name %s says whose it is", m.ID)
		}
	}
}

// No arrival goes untold: whatever somebody chose, and whenever messages come, there
// is a notice after each arrival, outside of quiet hours, and at most one in ten
// minutes.
func TestNoArrivalGoesUntold(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld()
		o := mailbox.Preferences{Mail: true, Digest: rapid.IntRange(-1, 23).Draw(r, "digest"), QuietFrom: rapid.IntRange(0, 23).Draw(r, "from"), QuietUntil: rapid.IntRange(0, 23).Draw(r, "until")}
		w.prefers["p-1"] = o
		for range rapid.IntRange(1, 30).Draw(r, "arrivals") {
			w.clock.Advance(time.Duration(rapid.IntRange(0, 6*3600).Draw(r, "pause")) * time.Second)
			w.teller.Arrived(context.Background(), "a-1")
			now := w.clock.Now()
			if !slices.ContainsFunc(sent(w), func(at time.Time) bool { return !at.Before(now) && at.Sub(now) <= 48*time.Hour }) {
				r.Fatalf("nobody is told of what arrived at %s: %v", now, sent(w))
			}
		}
		all := sent(w)
		for i, at := range all {
			h := at.In(time.FixedZone("", 3*3600)).Hour()
			if o.QuietFrom < o.QuietUntil && o.QuietFrom <= h && h < o.QuietUntil || o.QuietFrom > o.QuietUntil && (h >= o.QuietFrom || h < o.QuietUntil) {
				r.Fatalf("told at %s, in quiet hours %d to %d", at, o.QuietFrom, o.QuietUntil)
			}
			if i > 0 && at.Truncate(10*time.Minute).Equal(all[i-1].Truncate(10*time.Minute)) && o.Digest < 0 && o.QuietFrom == o.QuietUntil {
				r.Fatalf("told twice in ten minutes: %s and %s", all[i-1], at)
			}
		}
	})
}

func sent(w *world) (list []time.Time) {
	for id, m := range w.told {
		if m.Person == "p-1" && w.by[id] == news.Mail {
			list = append(list, m.After)
		}
	}
	slices.SortFunc(list, time.Time.Compare)
	return list
}

func mailAddress(t *testing.T) person.MailAddress {
	t.Helper()
	a, err := person.ParseMailAddress("ayse@example.com")
	if err != nil {
		t.Fatal(err)
	}
	return a
}
