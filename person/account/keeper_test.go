package account_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rem"
	"rem/internal/testkit"
	"rem/internal/testkit/ledgertest"
	"rem/internal/testkit/vaulttest"
	"rem/person/account"
	"rem/privacy"
	"rem/privacy/inventory"
)

const day = 24 * time.Hour

var terms = account.Terms{Term: 365 * day, Reminders: []time.Duration{30 * day, 7 * day, day}, Grace: 30 * day, Export: 90 * day}

// A desk is a keeper over a store in memory, with people who are told and sessions
// that end. Its n-th effect fails, done or not done.
type desk struct {
	*account.Keeper
	memory *ledgertest.Memory
	clock  *testkit.Clock

	mu     sync.Mutex
	left   int  // guarded by mu: effects until one fails; below 0: none does
	after  bool // the one that fails is done all the same
	told   map[string]account.NoticeKind
	order  []account.NoticeKind
	ended  map[rem.PersonID]int
	failed bool
}

var errBroken = errors.New("broken for the test")

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{memory: ledgertest.NewMemory(), clock: testkit.NewClock(time.Time{}), left: -1, told: map[string]account.NoticeKind{}, ended: map[rem.PersonID]int{}}
	d.memory.Fail = func(_ string, done bool) error { return d.effect(done) }
	d.Keeper = &account.Keeper{Store: d.memory, Sessions: d, Messenger: d, Clock: d.clock, Terms: terms}
	return d
}

// effect is asked before and after each effect, and fails at one of the two.
func (d *desk) effect(done bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if done != d.after || d.left < 0 {
		return nil
	}
	if d.left--; d.left >= 0 {
		return nil
	}
	d.failed = true
	return errBroken
}

func (d *desk) End(_ context.Context, _ rem.AccountID, p rem.PersonID) error {
	if err := d.effect(false); err != nil {
		return err
	}
	d.mu.Lock()
	d.ended[p]++
	d.mu.Unlock()
	return d.effect(true)
}

func (d *desk) Tell(_ context.Context, key string, _ account.Account, n account.Notice) error {
	if err := d.effect(false); err != nil {
		return err
	}
	d.mu.Lock()
	if _, again := d.told[key]; !again {
		d.told[key] = n.Kind
		d.order = append(d.order, n.Kind)
	}
	d.mu.Unlock()
	return d.effect(true)
}

var proof = account.Proof{Kind: account.Authorisation, Digest: rem.DigestOf([]byte("paper"))}

func (d *desk) open(t testing.TB) account.Account {
	t.Helper()
	now := d.clock.Now().UTC()
	a := account.Account{
		ID: "acc-1", Address: rem.MustAddress("firma@hs90.kep.test"), State: account.Open, Created: now, Until: terms.End(now),
		Holder:    account.Holder{Person: "company", Legal: true},
		Operators: []account.Operator{{Person: "chief", May: account.Everything, Proof: proof, Until: now.Add(500 * day)}},
	}
	if err := d.Store.Create(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	return a
}

func (d *desk) now(t testing.TB) account.Account {
	t.Helper()
	a, err := d.Store.Account(t.Context(), "acc-1")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func by(p rem.PersonID) account.By {
	return account.By{Actor: rem.Actor{Account: "acc-1", Holder: "company", Person: p}}
}

var officer = account.By{Actor: rem.Actor{Person: "officer"}, Staff: true}

// life lets days pass, with a tick on each, again after a fault.
func (d *desk) life(t testing.TB, days int) {
	t.Helper()
	for range days {
		d.clock.Advance(day)
		for try := 0; ; try++ {
			err := d.Tick(t.Context())
			if err == nil {
				break
			}
			if !errors.Is(err, errBroken) || try > 3 {
				t.Fatal(err)
			}
		}
	}
}

// REQ-33, REQ-35: with every effect failing once, done and not done, a term ends
// in the same way and people are told the same things, each once.
func TestATermEndsTheSameWayWhateverFails(t *testing.T) {
	want := []account.NoticeKind{
		account.TermEnding, account.TermEnding, account.TermEnding, account.TermOver, account.StateChanged,
	}
	for _, after := range []bool{false, true} {
		for n := 0; ; n++ {
			d := newDesk(t)
			a := d.open(t)
			d.left, d.after = n, after
			d.life(t, 364)
			if s := d.now(t); s.State != account.Open {
				t.Fatalf("effect %d: %s before the end", n, s.State)
			}
			d.life(t, 1)
			s := d.now(t)
			if s.State != account.SendBlocked || s.Standing.Reason != account.ByTerm || s.Standing.By != "" {
				t.Fatalf("effect %d: %s, %+v at the end", n, s.State, s.Standing)
			}
			if !s.State.Allows(account.Receive) || !s.State.Allows(account.Read) {
				t.Fatal("it does not receive")
			}
			d.life(t, 29)
			if s := d.now(t); s.State != account.SendBlocked {
				t.Fatalf("effect %d: %s within the grace period", n, s.State)
			}
			d.life(t, 1)
			s = d.now(t)
			if s.State != account.Closed || !s.Standing.Export.Equal(s.Standing.Since.Add(terms.Export)) || len(s.Notices) != 0 {
				t.Fatalf("effect %d: %s, %+v, %v after it", n, s.State, s.Standing, s.Notices)
			}
			d.life(t, 100)
			if !slices.Equal(d.order, want) {
				t.Errorf("effect %d, done %t: told %v, want %v", n, after, d.order, want)
			}
			if d.ended[""] == 0 {
				t.Errorf("effect %d: no session of the closed account ended", n)
			}
			if a.Holder.Person != s.Holder.Person || a.Address != s.Address {
				t.Error("the account has another holder or address")
			}
			if !d.failed {
				if n < 10 {
					t.Errorf("only %d effects failed", n)
				}
				break
			}
		}
	}
}

func TestNothingClosesBeforeItsPeopleWereToldOfTheEnd(t *testing.T) {
	d := newDesk(t)
	d.open(t)
	d.life(t, 365-1)
	mute := &muted{}
	d.Messenger = mute
	for range 200 {
		d.clock.Advance(day)
		if err := d.Tick(t.Context()); !errors.Is(err, errBroken) {
			t.Fatal(err)
		}
	}
	for i := range 150 { // what else waits does not push the notice out
		o := account.Operator{Person: "second", May: account.Reading, Proof: proof, Until: d.clock.Now().Add(time.Duration(i+1) * day)}
		if err := d.Appoint(t.Context(), officer, "acc-1", o); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Tick(t.Context()); !errors.Is(err, errBroken) {
		t.Fatal(err)
	}
	if s := d.now(t); s.State != account.SendBlocked || len(s.Notices) > 101 {
		t.Fatalf("it is %s with %d notices, and nobody was told", s.State, len(s.Notices))
	}
	d.Messenger = d
	d.life(t, 2)
	if s := d.now(t); s.State != account.Closed {
		t.Errorf("it is %s after they were told", s.State)
	}
}

type muted struct{}

func (*muted) Tell(context.Context, string, account.Account, account.Notice) error { return errBroken }

func TestARenewalExtendsFromTheEndAndOpensWhatTheEndBlocked(t *testing.T) {
	d := newDesk(t)
	a := d.open(t)
	d.life(t, 350)
	if err := d.Renew(t.Context(), by("chief"), a.ID); err != nil {
		t.Fatal(err)
	}
	if got, want := d.now(t).Until, a.Until.Add(terms.Term); !got.Equal(want) {
		t.Errorf("renewed until %s, want %s", got, want)
	}
	if err := d.Renew(t.Context(), by("chief"), a.ID); err == nil {
		t.Error("it was renewed twice for the term after the next")
	}
	d.clock.Set(a.Until.Add(terms.Term))
	d.life(t, 1)
	if s := d.now(t); s.State != account.SendBlocked {
		t.Fatalf("%s after the second term", s.State)
	}
	if err := d.Renew(t.Context(), officer, a.ID); err != nil {
		t.Fatal(err)
	}
	if s := d.now(t); s.State != account.Open || !s.Until.Equal(a.Until.Add(2*terms.Term)) || s.Standing.By != "officer" {
		t.Errorf("%s until %s, %+v", s.State, s.Until, s.Standing)
	}
	// What something else blocked stays blocked.
	if err := d.Move(t.Context(), officer, a.ID, account.Block, account.BySecurity); err != nil {
		t.Fatal(err)
	}
	d.clock.Advance(terms.Term)
	if err := d.Renew(t.Context(), officer, a.ID); err != nil {
		t.Fatal(err)
	}
	if s := d.now(t); s.State != account.SendBlocked {
		t.Errorf("a renewal opened what security had blocked: %s", s.State)
	}
}

// REQ-40: warned in advance when the last authority ends.
func TestTheEndOfTheLastAuthorityIsToldInAdvance(t *testing.T) {
	d := newDesk(t)
	a := d.open(t)
	for range 2 { // the term is renewed, the operator's authority is not
		if err := d.Renew(t.Context(), officer, a.ID); err != nil {
			break
		}
	}
	d.life(t, 499)
	count := 0
	for _, k := range d.order {
		if k == account.LastOperatorEnding {
			count++
		}
		if k == account.OperatorEnding {
			t.Error("told as if somebody were left")
		}
	}
	if count != len(terms.Reminders) {
		t.Errorf("told %d times, want %d: %v", count, len(terms.Reminders), d.order)
	}
}

// REQ-39: in force at once, the password gone, sessions ended, also of those under
// him; whatever fails, the repetition finishes it.
func TestARemovalIsWholeWhateverFails(t *testing.T) {
	for _, after := range []bool{false, true} {
		for n := 0; ; n++ {
			d := newDesk(t)
			a := d.open(t)
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			ctx := t.Context()
			must(d.Appoint(ctx, officer, a.ID, account.Operator{Person: "second", May: account.Everything, Proof: proof}))
			must(d.Appoint(ctx, by("second"), a.ID, account.Operator{Person: "third", May: account.Reading, Proof: proof}))
			must(d.Store.SetPassword(ctx, a.ID, "second", "hash"))
			d.left, d.after = n, after
			err := d.Remove(ctx, officer, a.ID, "second")
			if err != nil {
				if !errors.Is(err, errBroken) {
					t.Fatal(err)
				}
				must(d.Remove(ctx, officer, a.ID, "second"))
			}
			s := d.now(t)
			passwords, err := d.Store.Passwords(ctx, a.ID)
			must(err)
			if s.Operator("second") != nil || len(passwords) != 0 || d.ended["second"] == 0 {
				t.Fatalf("effect %d: operator %v, passwords %v, ended %v", n, s.Operator("second"), passwords, d.ended)
			}
			if third := s.Operator("third"); third == nil || third.By != "" || s.MayRead("third", d.clock.Now()) != nil {
				t.Fatalf("effect %d: whom he appointed is %+v", n, third)
			}
			if !d.failed {
				break
			}
		}
	}
}

// REQ-40: two who remove one another's at the same moment do not both succeed.
func TestOfTwoRemovalsAtOnceOneIsRefused(t *testing.T) {
	for range 200 {
		d := newDesk(t)
		a := d.open(t)
		if err := d.Appoint(t.Context(), officer, a.ID, account.Operator{Person: "second", May: account.Everything, Proof: proof}); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		results := make([]error, 2)
		for i, p := range []rem.PersonID{"chief", "second"} {
			wg.Go(func() { results[i] = d.Remove(context.Background(), officer, a.ID, p) })
		}
		wg.Wait()
		s := d.now(t)
		if len(s.Operators) != 1 || (results[0] == nil) == (results[1] == nil) {
			t.Fatalf("%d operators are left: %v", len(s.Operators), results)
		}
	}
}

// REQ-37 to REQ-40, in any order of changes by anybody: nobody can do more than
// who appointed him, a removal or a refusal gives nobody anything, a legal person
// has somebody who acts as long as time does not take him, and no line is a ring.
func TestPowersNeverGrowByARemovalNorPassTheirMaker(t *testing.T) {
	people := []rem.PersonID{"chief", "b", "c", "d", "e", "officer"}
	rapid.Check(t, func(t *rapid.T) {
		now := testkit.Epoch
		a := account.Account{
			ID: "acc-1", State: account.Open, Holder: account.Holder{Person: "company", Legal: true}, Created: now,
			Operators: []account.Operator{{Person: "chief", May: account.Everything, Proof: proof}},
		}
		powers := func(a *account.Account) map[rem.PersonID]account.Permissions {
			m := map[rem.PersonID]account.Permissions{}
			for _, p := range people {
				m[p] = a.Powers(p, now)
			}
			return m
		}
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 48).Draw(t, "hours")) * time.Hour)
			who := rapid.SampledFrom(people).Draw(t, "who")
			actor := by(who)
			actor.Staff = who == "officer"
			whom := rapid.SampledFrom(people[:5]).Draw(t, "whom")
			before, was := powers(&a), a.Clone()
			var b account.Account
			var err error
			remove := rapid.Bool().Draw(t, "remove")
			if remove {
				b, err = a.Remove(actor, whom, now)
			} else {
				o := account.Operator{Person: whom, May: account.Permissions(rapid.Uint32Range(0, uint32(account.Everything)+1).Draw(t, "may")), Proof: proof}
				if h := rapid.IntRange(0, 200).Draw(t, "until"); h > 0 {
					o.Until = now.Add(time.Duration(h) * time.Hour)
				}
				b, err = a.Appoint(actor, o, now)
			}
			if !a.Equal(&was) {
				t.Fatal("a change changed what it was made from")
			}
			if err != nil {
				continue
			}
			after := powers(&b)
			for p, now := range after {
				if p != whom && now&^before[p] != 0 && remove {
					t.Fatalf("removing %s gave %s %b, he had %b", whom, p, now, before[p])
				}
				if o := b.Operator(p); o != nil && o.By != "" && now&^after[o.By] != 0 {
					t.Fatalf("%s can do %b, and %s, who appointed him, %b", p, now, o.By, after[o.By])
				}
			}
			if was.Active(now) && !b.Active(now) {
				t.Fatal("nobody is left who acts")
			}
			for _, o := range b.Operators {
				seen := map[rem.PersonID]bool{}
				for p := o.Person; p != ""; p = b.Operator(p).By {
					if seen[p] || b.Operator(p) == nil {
						t.Fatalf("the line of %s is no line", o.Person)
					}
					seen[p] = true
				}
			}
			a = b
		}
	})
}

// REQ-33: repeated after a fault, a closing is the same one.
func TestAClosingMayBeRepeated(t *testing.T) {
	d := newDesk(t)
	a := d.open(t)
	for range 2 {
		if err := d.Move(t.Context(), officer, a.ID, account.Close, account.ByEnd); err != nil {
			t.Fatal(err)
		}
	}
	s := d.now(t)
	if err := d.Move(t.Context(), officer, a.ID, account.Restore, account.Settled); err == nil {
		t.Error("a closed account was opened")
	}
	if s.Standing.By != "officer" || s.Standing.Reason != account.ByEnd || d.ended[""] == 0 {
		t.Errorf("%+v, ended %v", s.Standing, d.ended)
	}
}

// P-03: what an old record had in clear is sealed, and opens as it was.
func TestAnOldRecordIsSealed(t *testing.T) {
	w := vaulttest.New(t, inventory.Today())
	index, err := privacy.NewBlindIndexer(t.Context(), w.Keys, privacy.BlindIndex{Name: "account.signatory", Version: 1})
	if err != nil {
		t.Fatal(err)
	}
	a := account.Account{
		ID: "acc-1", Created: testkit.Epoch, Holder: account.Holder{Person: "p"}, Operators: []account.Operator{{Person: "p"}, {Person: "q"}},
		Before: &account.Unsealed{Holder: "Kanarya Öğüt", Operators: []account.UnsealedOperator{{"Kanarya Öğüt", "10000000146"}, {}}},
	}
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		if s := fmt.Sprintf(verb, *a.Before) + fmt.Sprintf(verb, a.Before.Operators[0]); strings.Contains(s, "Kanarya") || strings.Contains(s, "146") {
			t.Errorf("%s prints %s", verb, s)
		}
	}
	if err := account.Seal(t.Context(), w, index, &a); err != nil {
		t.Fatal(err)
	}
	if a.Before != nil || a.Signatory(account.TokenOf(index, "10000000146")) != &a.Operators[0] || a.Signatory(account.TokenOf(index, "")) != nil {
		t.Fatalf("%+v", a)
	}
	self := privacy.Access{Actor: rem.Actor{Account: a.ID, Holder: "p", Person: "p"}, Role: privacy.AsHolder, Purpose: privacy.Carriage}
	for field, s := range map[privacy.FieldID]privacy.SealedValue{account.HolderName: a.Holder.Name, account.OperatorName: a.Operators[0].Name} {
		v, err := w.Open(t.Context(), self, "p", field, s)
		if err != nil || v.Text() != "Kanarya Öğüt" {
			t.Errorf("%s: %v", field, err)
		}
	}
	if !a.Operators[1].Name.IsZero() {
		t.Error("a name came from nowhere")
	}
}
