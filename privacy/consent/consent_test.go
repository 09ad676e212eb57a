package consent_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit"
	"rem/internal/testkit/chaintest"
	"rem/privacy"
	"rem/privacy/canon"
	"rem/privacy/chain"
	"rem/privacy/consent"
	"rem/privacy/inventory"
)

// register is the inventory on the day when two purposes that rest on consent
// were built and switched on.
func register() *privacy.Register {
	r := inventory.Today()
	for _, id := range []privacy.PurposeID{privacy.DirectoryEntry, privacy.Personalisation} {
		r.Purpose(id).Off = rem.Text{}
	}
	return r
}

// notices answer what a ledger asks. The zero value has told everybody.
type notices struct {
	digest  rem.Digest
	err     error
	told    func(rem.PersonID) bool
	changed bool
}

func (n *notices) NoticeInForce(time.Time) (uint64, rem.Digest, error) { return 1, n.digest, n.err }
func (n *notices) WasTold(p rem.PersonID, d rem.Digest) bool {
	return d == n.digest && (n.told == nil || n.told(p))
}
func (n *notices) StillSays(d rem.Digest, _ time.Time) bool { return d == n.digest || !n.changed }

// A desk is a ledger that can be opened again.
type desk struct {
	*consent.Ledger
	clock   *testkit.Clock
	notices *notices
	open    func() *consent.Ledger
}

func newDesk(t testing.TB, shelf chaintest.Shelf) *desk {
	t.Helper()
	d := &desk{clock: testkit.NewClock(testkit.Epoch), notices: &notices{digest: rem.DigestOf([]byte("notice"))}}
	store := shelf.New(t)
	d.open = func() *consent.Ledger {
		l, err := consent.Open(t.Context(), store(), d.clock, register(), d.notices)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	d.Ledger = d.open()
	return d
}

func onShelves(t *testing.T, run func(t *testing.T, d *desk)) {
	for _, shelf := range chaintest.Shelves {
		t.Run(shelf.Name, func(t *testing.T) { run(t, newDesk(t, shelf)) })
	}
}

var text = rem.Text{
	Turkish: "Adımın ve KEP adresimin KEP rehberinde yayımlanmasına açık rıza veriyorum.\nRızamı dilediğim zaman geri alabilirim.",
	English: "I consent to my name and KEP address being published in the directory.\nI can withdraw my consent at any time.",
}

func ask(t testing.TB, purpose privacy.PurposeID) consent.Question {
	t.Helper()
	q, err := consent.Ask(register(), purpose, text)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func self(person rem.PersonID) consent.Circumstances {
	return consent.Circumstances{
		Person: person, Capacity: consent.Self, Channel: privacy.Portal,
		Actor: rem.Actor{Account: "a-1", Holder: person, Person: person, Method: "urn:rem:authentication:password"},
	}
}

const ayse = rem.PersonID("p-ayse")

func state(err error) string {
	var denied *consent.Denied
	switch {
	case err == nil:
		return "allowed"
	case errors.As(err, &denied) && denied.Paused:
		return "paused"
	case errors.As(err, &denied):
		return "denied " + string(denied.State)
	}
	return "fault"
}

// P-05: given, used, withdrawn, refused: within the same process, and after a
// restart at every point.
func TestWithdrawalStopsTheNextUse(t *testing.T) {
	onShelves(t, func(t *testing.T, d *desk) {
		q := ask(t, privacy.DirectoryEntry)
		expect := func(want string) {
			t.Helper()
			for range 2 {
				if got := state(d.Allowed(t.Context(), ayse, privacy.DirectoryEntry)); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
				for _, other := range []error{d.Allowed(t.Context(), "p-bora", privacy.DirectoryEntry), d.Allowed(t.Context(), ayse, privacy.Personalisation)} {
					if state(other) != "denied " {
						t.Errorf("somebody or something else: %v", other)
					}
				}
				d.Ledger = d.open()
			}
		}
		expect("denied ")
		first, err := d.Record(t.Context(), q.Refuse(privacy.Turkish), self(ayse))
		if err != nil {
			t.Fatal(err)
		}
		expect("denied refused")
		d.clock.Advance(time.Minute)
		given, err := d.Record(t.Context(), q.Give(privacy.Turkish), self(ayse))
		if err != nil || given.Link.Number != first.Link.Number+1 {
			t.Fatal(err)
		}
		expect("allowed")
		d.clock.Advance(time.Minute)
		withdrawn, err := d.Withdraw(t.Context(), privacy.DirectoryEntry, self(ayse))
		if err != nil {
			t.Fatal(err)
		}
		expect("denied withdrawn")
		again, err := d.Withdraw(t.Context(), privacy.DirectoryEntry, self(ayse))
		if err != nil || again.Link != withdrawn.Link {
			t.Errorf("withdrawn again: %v", err)
		}
		if _, err := d.Record(t.Context(), q.Give(privacy.English), self(ayse)); err != nil {
			t.Fatal(err)
		}
		expect("allowed")
		if _, err := d.Record(t.Context(), q.Refuse(privacy.English), self(ayse)); err != nil {
			t.Fatal(err)
		}
		expect("denied refused")
		if _, err := d.Withdraw(t.Context(), privacy.DirectoryEntry, self(ayse)); !errors.Is(err, consent.ErrNothingGiven) {
			t.Errorf("withdrawn though refused: %v", err)
		}

		history, err := d.History(t.Context(), ayse)
		if err != nil {
			t.Fatal(err)
		}
		var acts []consent.Action
		for _, e := range history {
			acts = append(acts, e.Action)
		}
		if want := []consent.Action{consent.Refuse, consent.Give, consent.Withdraw, consent.Give, consent.Refuse}; !slices.Equal(acts, want) {
			t.Errorf("history %v", acts)
		}
		if e := history[1]; e.Text != text.Turkish || e.Notice != d.notices.digest || e.Person != ayse || e.Actor != self(ayse).Actor || e.Channel != privacy.Portal || !e.Link.Time.Equal(testkit.Epoch.Add(time.Minute)) {
			t.Errorf("what was given is not what was shown: %+v", e)
		}
		if list := d.Standings(ayse); len(list) != 1 || list[0].State != consent.Refused || list[0].Number != 5 {
			t.Errorf("standings %+v", list)
		}
	})
}

// A repeated click is one entry; another text or another notice is another.
func TestTheSameAnswerIsOneEntry(t *testing.T) {
	onShelves(t, func(t *testing.T, d *desk) {
		q := ask(t, privacy.DirectoryEntry)
		record := func(a consent.Answer) uint64 {
			t.Helper()
			e, err := d.Record(t.Context(), a, self(ayse))
			if err != nil {
				t.Fatal(err)
			}
			return e.Link.Number
		}
		for range 2 {
			if record(q.Give(privacy.Turkish)) != 1 {
				t.Error("a repetition is an entry of its own")
			}
		}
		if record(q.Give(privacy.English)) != 2 {
			t.Error("another text is no entry of its own")
		}
		d.notices.digest = rem.DigestOf([]byte("next"))
		if record(q.Give(privacy.English)) != 3 {
			t.Error("another notice is no entry of its own")
		}
	})
}

// S02, S34, P-05: only what rests on consent is asked for, one purpose a question.
func TestOnlyWhatRestsOnConsentIsAskedFor(t *testing.T) {
	r := register()
	for _, p := range r.Purposes {
		_, err := consent.Ask(r, p.ID, text)
		may := p.InUse() && slices.Contains(p.Grounds, privacy.Consent)
		if (err == nil) != may || err != nil && !errors.Is(err, consent.ErrNotAsked) {
			t.Errorf("%s: %v", p.ID, err)
		}
		if !may {
			if err := newDesk(t, chaintest.InMemory).Allowed(t.Context(), ayse, p.ID); !errors.Is(err, consent.ErrNotAsked) {
				t.Errorf("%s is allowed by the ledger of consents: %v", p.ID, err)
			}
		}
	}
	for _, both := range []privacy.PurposeID{"", "directory personalisation", "directory,personalisation"} {
		if _, err := consent.Ask(r, both, text); !errors.Is(err, consent.ErrNotAsked) {
			t.Errorf("%q: %v", both, err)
		}
	}
	// Today nothing rests on consent, and so nothing is asked.
	for _, p := range privacy.Purposes() {
		if _, err := consent.Ask(inventory.Today(), p.ID, text); p.InUse() && err == nil && !slices.Contains(p.Grounds, privacy.Consent) {
			t.Errorf("%s is asked for", p.ID)
		}
	}
	for name, bad := range map[string]rem.Text{
		"no Turkish":       {English: text.English},
		"no English":       {Turkish: text.Turkish},
		"unseen character": {Turkish: text.Turkish + "\u200b", English: text.English},
		"too long":         {Turkish: strings.Repeat("a", 17<<10), English: text.English},
	} {
		if _, err := consent.Ask(r, privacy.DirectoryEntry, bad); !errors.Is(err, canon.ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// S34: silence, a form that came back untouched and anything but the two words
// are no consent.
func TestNothingIsTickedBeforehand(t *testing.T) {
	d := newDesk(t, chaintest.InMemory)
	q := ask(t, privacy.DirectoryEntry)
	for _, value := range []string{"", "on", "true", "1", "yes", "GIVE", "give ", "withdraw", "give,refuse"} {
		a, err := q.Read(value, privacy.Turkish)
		if !errors.Is(err, consent.ErrUnanswered) {
			t.Errorf("%q: %v", value, err)
		}
		if _, err := d.Record(t.Context(), a, self(ayse)); !errors.Is(err, consent.ErrUnanswered) {
			t.Errorf("%q was recorded: %v", value, err)
		}
	}
	var zero consent.Question
	for name, a := range map[string]consent.Answer{
		"no question":             zero.Give(privacy.Turkish),
		"a language nobody shows": q.Give("de"),
		"no answer":               {},
	} {
		if _, err := d.Record(t.Context(), a, self(ayse)); !errors.Is(err, consent.ErrUnanswered) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if d.Head().Number != 0 {
		t.Error("something was recorded")
	}
	for value, want := range map[string]consent.Answer{"give": q.Give(privacy.Turkish), "refuse": q.Refuse(privacy.Turkish)} {
		if a, err := q.Read(value, privacy.Turkish); err != nil || a != want {
			t.Errorf("%s: %v", value, err)
		}
	}
}

// S02, P-06: who was not told cannot have consented, and being told is not enough.
func TestConsentNeedsTheNotice(t *testing.T) {
	d := newDesk(t, chaintest.InMemory)
	q := ask(t, privacy.DirectoryEntry)
	d.notices.told = func(p rem.PersonID) bool { return p == ayse }
	if _, err := d.Record(t.Context(), q.Give(privacy.Turkish), self("p-bora")); !errors.Is(err, consent.ErrNotTold) {
		t.Errorf("got %v", err)
	}
	if state(d.Allowed(t.Context(), ayse, privacy.DirectoryEntry)) != "denied " {
		t.Error("being told was taken for consent")
	}
	d.notices.err = errors.New("there is no such notice")
	if _, err := d.Record(t.Context(), q.Give(privacy.Turkish), self(ayse)); !errors.Is(err, consent.ErrNotTold) {
		t.Errorf("without any notice: %v", err)
	}
}

// S46: after a change of what was said, consent is paused until it is asked for
// again.
func TestConsentIsPausedWhenTheNoticeChanged(t *testing.T) {
	onShelves(t, func(t *testing.T, d *desk) {
		q := ask(t, privacy.DirectoryEntry)
		if _, err := d.Record(t.Context(), q.Give(privacy.Turkish), self(ayse)); err != nil {
			t.Fatal(err)
		}
		d.notices.digest, d.notices.changed = rem.DigestOf([]byte("next")), true
		for range 2 {
			if got := state(d.Allowed(t.Context(), ayse, privacy.DirectoryEntry)); got != "paused" {
				t.Errorf("got %s", got)
			}
			d.Ledger = d.open()
		}
		if _, err := d.Record(t.Context(), q.Give(privacy.Turkish), self(ayse)); err != nil {
			t.Fatal(err)
		}
		if err := d.Allowed(t.Context(), ayse, privacy.DirectoryEntry); err != nil {
			t.Error(err)
		}
	})
}

func TestWhoChoosesForAnotherShowsByWhat(t *testing.T) {
	q := ask(t, privacy.DirectoryEntry)
	for _, c := range []struct {
		name string
		edit func(c *consent.Circumstances)
		ok   bool
	}{
		{"the person", func(*consent.Circumstances) {}, true},
		{"an applicant without account", func(c *consent.Circumstances) { c.Actor = rem.Actor{Person: ayse} }, true},
		{"a guardian", func(c *consent.Circumstances) {
			c.Actor.Person, c.Capacity, c.Authority = "p-guardian", consent.Representative, "doc-1"
		}, true},
		{"an officer with a paper", func(c *consent.Circumstances) {
			c.Actor.Person, c.Capacity, c.Authority, c.Channel = "p-officer", consent.Recorder, "doc-2", privacy.OnPaper
		}, true},
		{"an officer without a paper", func(c *consent.Circumstances) { c.Actor.Person, c.Capacity = "p-officer", consent.Recorder }, false},
		{"an officer as the person", func(c *consent.Circumstances) { c.Actor.Person = "p-officer" }, false},
		{"a person as an officer", func(c *consent.Circumstances) { c.Capacity, c.Authority = consent.Recorder, "doc-2" }, false},
		{"a paper that is not needed", func(c *consent.Circumstances) { c.Authority = "doc-2" }, false},
		{"nobody", func(c *consent.Circumstances) { c.Actor.Person = "" }, false},
		{"for nobody", func(c *consent.Circumstances) { c.Person = "" }, false},
		{"a name", func(c *consent.Circumstances) { c.Person, c.Actor.Person = "Ayşe Yılmaz", "Ayşe Yılmaz" }, false},
		{"an address", func(c *consent.Circumstances) { c.Person, c.Actor.Person = "a@hs90.kep.test", "a@hs90.kep.test" }, false},
		{"a method with somebody in it", func(c *consent.Circumstances) { c.Actor.Method = "mailto:a@b.test" }, false},
		{"no channel", func(c *consent.Circumstances) { c.Channel = "" }, false},
		{"no capacity", func(c *consent.Circumstances) { c.Capacity = "" }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, chaintest.InMemory)
			circumstances := self(ayse)
			c.edit(&circumstances)
			_, err := d.Record(t.Context(), q.Give(privacy.Turkish), circumstances)
			if (err == nil) != c.ok || err != nil && !errors.Is(err, canon.ErrForm) {
				t.Errorf("got %v", err)
			}
			if !c.ok && d.Head().Number != 0 {
				t.Error("it was recorded")
			}
		})
	}
}

// AT-36, AT-37: whatever happens to a write, what is allowed is never more than
// what the disk says.
func TestAFaultAllowsNothing(t *testing.T) {
	disk := errors.New("input/output error")
	give := func(t *testing.T, l *consent.Ledger) {
		t.Helper()
		if _, err := l.Record(t.Context(), ask(t, privacy.DirectoryEntry).Give(privacy.Turkish), self(ayse)); err != nil {
			t.Fatal(err)
		}
	}
	open := func(t *testing.T, m chain.Store) *consent.Ledger {
		t.Helper()
		l, err := consent.Open(t.Context(), m, testkit.NewClock(testkit.Epoch), register(), &notices{digest: rem.DigestOf([]byte("notice"))})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	for _, kept := range []bool{false, true} {
		t.Run(fmt.Sprintf("a withdrawal of unknown end, kept %t", kept), func(t *testing.T) {
			m := &chaintest.Memory{}
			l := open(t, m)
			give(t, l)
			m.FailNext(disk, kept)
			if _, err := l.Withdraw(t.Context(), privacy.DirectoryEntry, self(ayse)); !errors.Is(err, chain.ErrUncertain) {
				t.Fatalf("got %v", err)
			}
			if err := l.Allowed(t.Context(), ayse, privacy.DirectoryEntry); !errors.Is(err, chain.ErrUncertain) {
				t.Errorf("and then %v", err)
			}
			want := map[bool]string{true: "denied withdrawn", false: "allowed"}[kept]
			if got := state(open(t, m).Allowed(t.Context(), ayse, privacy.DirectoryEntry)); got != want {
				t.Errorf("after a restart %s, want %s", got, want)
			}
		})
	}
	t.Run("a withdrawal that was not kept", func(t *testing.T) {
		m := &chaintest.Memory{}
		l := open(t, m)
		give(t, l)
		m.FailNext(chain.ErrNothingKept, false)
		if _, err := l.Withdraw(t.Context(), privacy.DirectoryEntry, self(ayse)); !errors.Is(err, chain.ErrNothingKept) {
			t.Fatalf("got %v", err)
		}
		if _, err := l.Withdraw(t.Context(), privacy.DirectoryEntry, self(ayse)); err != nil {
			t.Error(err)
		}
		if got := state(l.Allowed(t.Context(), ayse, privacy.DirectoryEntry)); got != "denied withdrawn" {
			t.Error(got)
		}
	})
	t.Run("a context that ended", func(t *testing.T) {
		l := open(t, &chaintest.Memory{})
		give(t, l)
		ctx, end := context.WithCancel(t.Context())
		end()
		if err := l.Allowed(ctx, ayse, privacy.DirectoryEntry); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a chain that was touched", func(t *testing.T) {
		m := &chaintest.Memory{}
		l := open(t, m)
		give(t, l)
		if _, err := l.Withdraw(t.Context(), privacy.DirectoryEntry, self(ayse)); err != nil {
			t.Fatal(err)
		}
		e := m.Entries()
		changed := []byte(strings.Replace(string(e[0]), "person: p-ayse", "person: p-bora", 1))
		for name, list := range map[string][][]byte{"the first entry": {changed, e[1]}, "no first entry": {e[1]}, "an entry of two purposes": {[]byte(strings.Replace(string(e[0]), "purpose: directory", "purpose: directory personalisation", 1))}} {
			if _, err := consent.Open(t.Context(), chaintest.With(list...), testkit.NewClock(testkit.Epoch), register(), &notices{}); !errors.Is(err, chain.ErrBroken) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// A withdrawal counts while it is still being written.
func TestNothingIsAllowedWhileAWithdrawalIsWritten(t *testing.T) {
	s := &slow{Memory: &chaintest.Memory{}, asked: make(chan struct{}), go_: make(chan struct{})}
	l, err := consent.Open(t.Context(), s, testkit.NewClock(testkit.Epoch), register(), &notices{digest: rem.DigestOf([]byte("notice"))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Record(t.Context(), ask(t, privacy.DirectoryEntry).Give(privacy.Turkish), self(ayse)); err != nil {
		t.Fatal(err)
	}
	s.wait = true
	done := make(chan error)
	go func() {
		_, err := l.Withdraw(context.WithoutCancel(t.Context()), privacy.DirectoryEntry, self(ayse))
		done <- err
	}()
	<-s.asked
	if got := state(l.Allowed(t.Context(), ayse, privacy.DirectoryEntry)); got != "denied given" {
		t.Errorf("while it is written: %s", got)
	}
	close(s.go_)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := state(l.Allowed(t.Context(), ayse, privacy.DirectoryEntry)); got != "denied withdrawn" {
		t.Errorf("after it: %s", got)
	}
}

// slow is a store whose disk takes its time.
type slow struct {
	*chaintest.Memory
	wait       bool
	asked, go_ chan struct{}
}

func (s *slow) Append(ctx context.Context, e []byte) error {
	if s.wait {
		close(s.asked)
		<-s.go_
	}
	return s.Memory.Append(ctx, e)
}

// Many people choose at once, and nobody gets another's choice.
func TestManyChooseAtOnce(t *testing.T) {
	d := newDesk(t, chaintest.OnDisk)
	q := ask(t, privacy.DirectoryEntry)
	done := make(chan error)
	for n := range 30 {
		go func() {
			c := self(rem.PersonID(fmt.Sprint("p-", n)))
			_, err := d.Record(context.WithoutCancel(t.Context()), q.Give(privacy.Turkish), c)
			if err == nil && n%3 == 0 {
				_, err = d.Withdraw(context.WithoutCancel(t.Context()), privacy.DirectoryEntry, c)
			}
			done <- err
		}()
	}
	for range 30 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	d.Ledger = d.open()
	for n := range 30 {
		want := "allowed"
		if n%3 == 0 {
			want = "denied withdrawn"
		}
		if got := state(d.Allowed(t.Context(), rem.PersonID(fmt.Sprint("p-", n)), privacy.DirectoryEntry)); got != want {
			t.Errorf("person %d: %s, want %s", n, got, want)
		}
	}
}

func BenchmarkAllowed(b *testing.B) {
	d := newDesk(b, chaintest.InMemory)
	if _, err := d.Record(b.Context(), ask(b, privacy.DirectoryEntry).Give(privacy.Turkish), self(ayse)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := d.Allowed(b.Context(), ayse, privacy.DirectoryEntry); err != nil {
			b.Fatal(err)
		}
	}
}
