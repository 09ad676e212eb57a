package logintest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/internal/testkit"
	"rem/person/login"
	"rem/privacy"
)

// At is where the suite's time begins.
var At = testkit.Epoch

var (
	holder = login.Who{Kind: login.Holder, Person: "per-1"}
	other  = login.Who{Kind: login.Holder, Person: "per-2"}
	staff  = login.Who{Kind: login.Staff, Person: "per-1"}
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t testing.TB, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, cmp.Comparer(func(a, b privacy.IndexToken) bool { return a == b })); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func id(s string) login.ID { return sha256.Sum256([]byte(s)) }

func event(n int, at time.Time) (e login.EventID) {
	binary.BigEndian.PutUint64(e[:8], uint64(at.UnixMicro()))
	binary.BigEndian.PutUint64(e[8:], uint64(n))
	return e
}

func token(n byte) privacy.IndexToken {
	b := make([]byte, 20)
	b[3], b[4] = 1, n
	x, err := privacy.ParseIndexToken(b)
	if err != nil {
		panic(err)
	}
	return x
}

func session(name string, who login.Who, at time.Time) login.Session {
	return login.Session{ID: id(name), Who: who, Account: "acc-1", Level: login.Strong, Method: login.ByPasskey, Created: at, Proved: at, Seen: at, Device: id("device " + name), Event: event(1, at)}
}

// known makes somebody known, with a name.
func known(t testing.TB, s login.Store, who login.Who, names ...privacy.IndexToken) login.Person {
	t.Helper()
	must(t, s.Name(t.Context(), login.Naming{Who: who, Account: "acc-1", Names: names}))
	return person(t, s, who)
}

func person(t testing.TB, s login.Store, who login.Who) login.Person {
	t.Helper()
	p, err := s.Person(t.Context(), who)
	must(t, err)
	return p
}

func open(t testing.TB, s login.Store, name string, who login.Who, at time.Time) login.Session {
	t.Helper()
	x := session(name, who, at)
	must(t, s.Open(t.Context(), login.Opening{Session: x, Epoch: person(t, s, who).Epoch}))
	return x
}

func gone(t testing.TB, s login.Store, names ...string) {
	t.Helper()
	for _, n := range names {
		_, err := s.Session(t.Context(), id(n))
		is(t, "the session "+n, err, login.ErrNone)
	}
}

func there(t testing.TB, s login.Store, names ...string) {
	t.Helper()
	for _, n := range names {
		if _, err := s.Session(t.Context(), id(n)); err != nil {
			t.Errorf("the session %s: %v", n, err)
		}
	}
}

// passkey gives somebody a passkey within a session that goes on under another id.
func passkey(t testing.TB, s login.Store, by login.Session, next, credential string) login.Session {
	t.Helper()
	x := by
	x.ID = id(next)
	p := person(t, s, by.Who)
	must(t, s.Change(t.Context(), login.Change{Person: p, By: by.ID, Session: x, Adds: login.Passkey{
		Credential: []byte(credential), Who: by.Who, Key: []byte("key"), Counter: 3, Eligible: true, Transports: "usb nfc", Made: At,
	}}))
	return x
}

// Run checks every promise of login.Store, on empty stores from open.
func Run(t *testing.T, make func(t *testing.T) login.Store) {
	t.Run("nobody is nobody", func(t *testing.T) {
		ctx, s := t.Context(), make(t)
		same(t, "a stranger", person(t, s, holder), login.Person{})
		for what, err := range map[string]error{
			"name":      second(s.Named(ctx, login.Holder, token(1))),
			"signatory": second(s.Signatory(ctx, login.Holder, token(1))),
			"none":      second(s.Signatory(ctx, login.Holder, privacy.IndexToken{})),
			"passkey":   second(s.Passkey(ctx, []byte("x"))),
			"empty":     second(s.Passkey(ctx, nil)),
			"session":   second(s.Session(ctx, id("x"))),
			"zero":      second(s.Session(ctx, login.ID{})),
			"attempt":   second(s.Attempt(ctx, id("x"))),
			"device":    second(s.Device(ctx, holder, id("x"))),
			"grant":     second(s.Granted(ctx, id("x"))),
		} {
			is(t, what, err, login.ErrNone)
		}
		f, err := s.Failure(ctx, id("x"))
		must(t, err)
		same(t, "a count", f, login.Failure{Key: id("x")})
		must(t, s.Touch(ctx, id("x"), At))
		must(t, s.End(ctx, holder, id("x")))
		must(t, s.EndAll(ctx, "per-1"))
		must(t, s.Forget(ctx, holder, id("x")))
		must(t, s.Told(ctx, event(1, At)))
		gone(t, s, "x")
	})
	t.Run("a name and a number are one person's of a kind", func(t *testing.T) {
		ctx, s := t.Context(), make(t)
		for range 2 {
			must(t, s.Name(ctx, login.Naming{Who: holder, Account: "acc-1", Names: []privacy.IndexToken{token(1), token(2)}, Signatory: token(9)}))
		}
		must(t, s.Name(ctx, login.Naming{Who: holder, Account: "acc-2", Names: []privacy.IndexToken{token(3)}}))
		must(t, s.Name(ctx, login.Naming{Who: staff, Names: []privacy.IndexToken{token(1)}, Signatory: token(9)}))
		n, err := s.Named(ctx, login.Holder, token(1))
		must(t, err)
		same(t, "whose name", n, login.Name{Who: holder, Account: "acc-1"})
		who, err := s.Signatory(ctx, login.Holder, token(9))
		must(t, err)
		same(t, "whose number", who, holder)
		accounts, err := s.Accounts(ctx, holder)
		must(t, err)
		same(t, "his accounts", accounts, []rem.AccountID{"acc-1", "acc-2"})
		is(t, "his name", s.Name(ctx, login.Naming{Who: other, Account: "acc-3", Names: []privacy.IndexToken{token(4), token(1)}}), login.ErrTaken)
		is(t, "his number", s.Grant(ctx, login.Grant{ID: id("g"), Who: other, Until: At}, login.Naming{Who: other, Names: []privacy.IndexToken{token(4)}, Signatory: token(9)}), login.ErrTaken)
		is(t, "a name that was not taken", second(s.Named(ctx, login.Holder, token(4))), login.ErrNone)
		is(t, "a grant that was not given", second(s.Granted(ctx, id("g"))), login.ErrNone)
		if got := person(t, s, holder).Signatory; got != token(9) {
			t.Error("the number is not kept")
		}
	})
	t.Run("who leaves an account loses its names and sessions, and no others", func(t *testing.T) {
		ctx, s := t.Context(), make(t)
		known(t, s, holder, token(1))
		must(t, s.Name(ctx, login.Naming{Who: holder, Account: "acc-2", Names: []privacy.IndexToken{token(2)}}))
		known(t, s, other, token(3))
		open(t, s, "a", holder, At)
		b := session("b", holder, At)
		b.Account = "acc-2"
		must(t, s.Open(ctx, login.Opening{Session: b}))
		open(t, s, "c", other, At)
		before := person(t, s, holder).Epoch
		must(t, s.Leave(ctx, holder, "acc-1"))
		gone(t, s, "a")
		there(t, s, "b", "c")
		is(t, "the name", second(s.Named(ctx, login.Holder, token(1))), login.ErrNone)
		for _, n := range []byte{2, 3} {
			must(t, second(s.Named(ctx, login.Holder, token(n))))
		}
		if person(t, s, holder).Epoch <= before {
			t.Error("what was begun goes on")
		}
	})
	t.Run("a session is kept whole", func(t *testing.T) {
		ctx, s := t.Context(), make(t)
		known(t, s, holder, token(1))
		x := open(t, s, "a", holder, At)
		got, err := s.Session(ctx, x.ID)
		must(t, err)
		same(t, "the session", got, x)
		must(t, s.Open(ctx, login.Opening{Session: x, Epoch: 99})) // made again, whatever became of the rest
		must(t, s.Touch(ctx, x.ID, At.Add(time.Minute)))
		x.Seen = At.Add(time.Minute)
		got, err = s.Session(ctx, x.ID)
		must(t, err)
		same(t, "the session that was used", got, x)
		y := open(t, s, "b", holder, At.Add(time.Hour))
		list, err := s.Sessions(ctx, holder)
		must(t, err)
		same(t, "his sessions", list, []login.Session{y, x})
		must(t, s.End(ctx, other, x.ID)) // not his
		there(t, s, "a")
		must(t, s.End(ctx, holder, x.ID))
		gone(t, s, "a")
		must(t, s.Touch(ctx, x.ID, At))
		gone(t, s, "a")
	})
	t.Run("all sessions of a person end, of every kind, and what was begun", func(t *testing.T) {
		ctx, s := t.Context(), make(t)
		for _, who := range []login.Who{holder, staff, other} {
			known(t, s, who)
		}
		open(t, s, "a", holder, At)
		open(t, s, "b", staff, At)
		open(t, s, "c", other, At)
		open(t, s, "d", login.Who{Kind: login.Applicant, Person: "per-1"}, At)
		must(t, s.Pend(ctx, login.Attempt{ID: id("p"), Who: holder, Made: At}, nil))
		late := login.Opening{Session: session("e", holder, At), Epoch: person(t, s, holder).Epoch}
		must(t, s.EndAll(ctx, "per-1"))
		gone(t, s, "a", "b", "d")
		there(t, s, "c")
		is(t, "the attempt", second(s.Attempt(ctx, id("p"))), login.ErrNone)
		is(t, "a log-in that was begun before", s.Open(ctx, late), login.ErrStale)
		gone(t, s, "e")
	})
	t.Run("an attempt is used once", func(t *testing.T) {
		ctx, s := t.Context(), make(t)
		known(t, s, holder)
		a := login.Attempt{ID: id("p"), Who: holder, Account: "acc-1", Made: At, Raises: id("r"), Known: true, Phone: true}
		must(t, s.Fail(ctx, login.Failing{Key: id("k"), At: At, Window: time.Hour}))
		for range 2 {
			must(t, s.Pend(ctx, a, []login.ID{id("k")}))
		}
		if f, err := s.Failure(ctx, id("k")); err != nil || f.Count != 0 {
			t.Errorf("the count is not cleared: %d, %v", f.Count, err)
		}
		for n := range 3 {
			must(t, s.Sending(ctx, a.ID, []byte{byte(n)}, At.Add(time.Second), 3))
		}
		is(t, "a fourth code", s.Sending(ctx, a.ID, []byte("x"), At, 3), login.ErrStale)
		is(t, "a code for nothing", s.Sending(ctx, id("none"), []byte("x"), At, 3), login.ErrStale)
		got, err := s.Attempt(ctx, a.ID)
		must(t, err)
		a.Code, a.Sent, a.Sends = []byte{2}, At.Add(time.Second), 3
		same(t, "the attempt", got, a)
		is(t, "of another", s.Open(ctx, login.Opening{Session: session("z", other, At), Attempt: a.ID}), login.ErrStale)
		is(t, "under another epoch", s.Pend(ctx, login.Attempt{ID: id("q"), Who: holder, Epoch: 5, Made: At}, nil), login.ErrStale)
		// AT-32.
		var opened atomic.Int64
		var wg sync.WaitGroup
		for n := range 100 {
			wg.Go(func() {
				if err := s.Open(context.WithoutCancel(ctx), login.Opening{Session: session(fmt.Sprint("race ", n), holder, At), Attempt: a.ID}); err == nil {
					opened.Add(1)
				} else if !errors.Is(err, login.ErrStale) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if opened.Load() != 1 {
			t.Errorf("%d sessions came of one attempt", opened.Load())
		}
	})
	t.Run("attempts have a bound, and tries too", func(t *testing.T) {
		ctx, s := t.Context(), make(t)
		known(t, s, holder)
		for n := range login.MaxAttempts + 2 {
			must(t, s.Pend(ctx, login.Attempt{ID: id(fmt.Sprint(n)), Who: holder, Made: At.Add(time.Duration(n) * time.Second)}, nil))
		}
		for n := range login.MaxAttempts + 2 {
			_, err := s.Attempt(ctx, id(fmt.Sprint(n)))
			if got, want := errors.Is(err, login.ErrNone), n < 2; got != want {
				t.Errorf("attempt %d is gone: %t", n, got)
			}
		}
		last := id(fmt.Sprint(login.MaxAttempts + 1))
		for n := range login.MaxTries {
			must(t, second(s.Attempt(ctx, last)))
			must(t, s.Fail(ctx, login.Failing{Key: id("k"), At: At, Window: time.Hour, Attempt: last}))
			if f, err := s.Failure(ctx, id("k")); err != nil || f.Count != n+1 {
				t.Errorf("counted %d, %v", f.Count, err)
			}
		}
		is(t, "after the last try", second(s.Attempt(ctx, last)), login.ErrNone)
	})
	t.Run("failures are counted within their window", func(t *testing.T) {
		ctx, s := t.Context(), make(t)
		count := func(at time.Time, held bool, want int) {
			t.Helper()
			must(t, s.Fail(ctx, login.Failing{Key: id("k"), At: at, Window: time.Hour, Held: held}))
			if f, err := s.Failure(ctx, id("k")); err != nil || f.Count != want {
				t.Errorf("counted %d, want %d, %v", f.Count, want, err)
			}
		}
		count(At, false, 1)
		count(At.Add(59*time.Minute), false, 2)
		count(At.Add(90*time.Minute), true, 2)
		count(At.Add(118*time.Minute), false, 3)
		count(At.Add(178*time.Minute), false, 1)
		f, err := s.Failure(ctx, id("k"))
		must(t, err)
		same(t, "the count", f, login.Failure{Key: id("k"), Count: 1, Last: At.Add(178 * time.Minute)})
		must(t, s.Fail(ctx, login.Failing{Key: id("l"), At: At, Window: time.Hour, Held: true}))
	})
	t.Run("what an opening rests on has to be so", func(t *testing.T) {
		ctx, s := t.Context(), make(t)
		known(t, s, holder)
		known(t, s, other)
		mine := open(t, s, "mine", holder, At)
		his := open(t, s, "his", other, At)
		mine = passkey(t, s, mine, "mine 2", "credential")
		epoch := person(t, s, holder).Epoch
		must(t, s.Grant(ctx, login.Grant{ID: id("grant"), Who: holder, Until: At.Add(time.Hour)}, login.Naming{Who: holder}))
		must(t, s.Grant(ctx, login.Grant{ID: id("his grant"), Who: other, Until: At.Add(time.Hour)}, login.Naming{Who: other}))
		must(t, s.Open(ctx, login.Opening{Session: session("spends", holder, At), Epoch: epoch, Spent: login.Spent{ID: id("challenge"), Until: At.Add(time.Hour)}, Step: 50}))
		for name, want := range map[string]bool{"challenge": true, "another": false} {
			if was, err := s.Spent(ctx, id(name)); err != nil || was != want {
				t.Errorf("%s was spent: %t, %v", name, was, err)
			}
		}
		late := session("x", holder, At.Add(time.Hour))
		for what, o := range map[string]login.Opening{
			"another epoch":        {Epoch: epoch + 1},
			"no such grant":        {Epoch: epoch, Grant: id("no")},
			"another's grant":      {Epoch: epoch, Grant: id("his grant")},
			"a grant that is over": {Epoch: epoch, Grant: id("grant"), Session: late},
			"no such attempt":      {Epoch: epoch, Attempt: id("no")},
			"no such session":      {Epoch: epoch, Replaces: id("no")},
			"another's session":    {Epoch: epoch, Replaces: his.ID},
			"a spent challenge":    {Epoch: epoch, Spent: login.Spent{ID: id("challenge"), Until: At}},
			"no such passkey":      {Epoch: epoch, Use: login.PasskeyUse{Credential: []byte("no")}},
			"a counter that moved": {Epoch: epoch, Use: login.PasskeyUse{Credential: []byte("credential"), Before: 2, Counter: 5}},
			"a step that moved":    {Epoch: epoch, Step: 51, StepBefore: 49},
			"a first step":         {Epoch: epoch, Step: 51},
		} {
			if o.Session.ID.IsZero() {
				o.Session = session("x", holder, At)
			}
			is(t, what, s.Open(ctx, o), login.ErrStale)
			gone(t, s, "x")
		}
		there(t, s, "mine 2", "his")
		good := login.Opening{Session: session("y", holder, At), Epoch: epoch, Grant: id("grant"), Replaces: mine.ID, Step: 51, StepBefore: 50,
			Spent: login.Spent{ID: id("challenge 2"), Until: At}, Use: login.PasskeyUse{Credential: []byte("credential"), Before: 3, Counter: 5, Backed: true},
			Device: login.Device{ID: id("device"), Who: holder, First: At, Last: At}}
		must(t, s.Open(ctx, good))
		there(t, s, "y")
		gone(t, s, "mine 2")
		is(t, "the grant", second(s.Granted(ctx, id("grant"))), login.ErrNone)
		k, err := s.Passkey(ctx, []byte("credential"))
		must(t, err)
		same(t, "the passkey", k, login.Passkey{Credential: []byte("credential"), Who: holder, Key: []byte("key"), Counter: 5, Eligible: true, Backed: true, Transports: "usb nfc", Made: At, Used: At})
		if got := person(t, s, holder).Step; got != 51 {
			t.Errorf("the last step is %d", got)
		}
		d, err := s.Device(ctx, holder, id("device"))
		must(t, err)
		same(t, "the device", d, good.Device)
	})
	t.Run("a change is made in its session, and ends the others", func(t *testing.T) {
		ctx, s := t.Context(), make(t)
		known(t, s, holder)
		known(t, s, other)
		by := open(t, s, "by", holder, At)
		open(t, s, "too", holder, At)
		his := open(t, s, "his", other, At)
		must(t, s.Pend(ctx, login.Attempt{ID: id("p"), Who: holder, Made: At}, nil))
		must(t, s.Grant(ctx, login.Grant{ID: id("g"), Who: holder, Until: At}, login.Naming{Who: holder}))
		p := person(t, s, holder)
		p.Hash, p.SMS, p.Step = "hash", true, 7
		next := by
		next.ID = id("next")
		for what, c := range map[string]login.Change{
			"another epoch":     {Person: login.Person{Who: holder, Epoch: p.Epoch + 1}, By: by.ID, Session: next},
			"another's session": {Person: p, By: his.ID, Session: next},
			"no session":        {Person: p, By: id("no"), Session: next},
			"no such attempt":   {Person: p, By: by.ID, Session: next, Attempt: id("no")},
		} {
			is(t, what, s.Change(ctx, c), login.ErrStale)
		}
		there(t, s, "by", "too")
		for range 2 {
			must(t, s.Change(ctx, login.Change{Person: p, By: by.ID, Session: next, Attempt: id("p")}))
		}
		gone(t, s, "by", "too")
		there(t, s, "next", "his")
		is(t, "the attempt", second(s.Attempt(ctx, id("p"))), login.ErrNone)
		is(t, "the grant", second(s.Granted(ctx, id("g"))), login.ErrNone)
		p.Epoch++
		same(t, "the person", person(t, s, holder), p)
		is(t, "under the epoch before", s.Open(ctx, login.Opening{Session: session("x", holder, At), Epoch: p.Epoch - 1}), login.ErrStale)

		// Without a session nothing of it ends.
		p.SMS = false
		open(t, s, "more", holder, At)
		must(t, s.Change(ctx, login.Change{Person: p, By: next.ID}))
		there(t, s, "next", "more")
		p.Epoch++

		next = passkey(t, s, next, "next 2", "one")
		gone(t, s, "more")
		is(t, "a passkey of somebody", s.Change(ctx, login.Change{Person: person(t, s, other), By: his.ID, Adds: login.Passkey{Credential: []byte("one"), Who: other, Made: At}}), login.ErrTaken)
		if _, err := s.Passkeys(ctx, other); err != nil || person(t, s, other).Passkeys != 0 {
			t.Errorf("another has it too: %v", err)
		}
		next = passkey(t, s, next, "next 3", "two")
		keys, err := s.Passkeys(ctx, holder)
		must(t, err)
		if len(keys) != 2 || person(t, s, holder).Passkeys != 2 {
			t.Errorf("%d passkeys, counted %d", len(keys), person(t, s, holder).Passkeys)
		}
		must(t, s.Change(ctx, login.Change{Person: person(t, s, other), By: his.ID, Removes: []byte("one")})) // not his
		must(t, second(s.Passkey(ctx, []byte("one"))))
		must(t, s.Change(ctx, login.Change{Person: person(t, s, holder), By: next.ID, Removes: []byte("one")}))
		is(t, "the passkey", second(s.Passkey(ctx, []byte("one"))), login.ErrNone)
		if got := person(t, s, holder).Passkeys; got != 1 {
			t.Errorf("counted %d passkeys", got)
		}
		spent := login.Change{Person: person(t, s, holder), By: next.ID, Spent: login.Spent{ID: id("c"), Until: At}}
		must(t, s.Change(ctx, spent))
		spent.Person = person(t, s, holder)
		is(t, "a spent challenge", s.Change(ctx, spent), login.ErrStale)
	})
	t.Run("a reset leaves names and nothing to log in with", func(t *testing.T) {
		ctx, s := t.Context(), make(t)
		must(t, s.Name(ctx, login.Naming{Who: holder, Account: "acc-1", Names: []privacy.IndexToken{token(1)}, Signatory: token(9)}))
		known(t, s, other)
		known(t, s, staff)
		by := open(t, s, "by", holder, At)
		open(t, s, "his", other, At)
		open(t, s, "staff", staff, At)
		p := person(t, s, holder)
		p.Hash, p.SMS = "hash", true
		must(t, s.Change(ctx, login.Change{Person: p, By: by.ID}))
		by = passkey(t, s, by, "by 2", "one")
		must(t, s.Open(ctx, login.Opening{Session: session("dev", holder, At), Epoch: person(t, s, holder).Epoch, Device: login.Device{ID: id("d"), Who: holder, First: At, Last: At}}))
		must(t, s.Grant(ctx, login.Grant{ID: id("g"), Who: holder, Until: At}, login.Naming{Who: holder}))
		epoch := person(t, s, holder).Epoch
		e, n := login.Event{ID: event(5, At), Who: holder, At: At, What: login.WasReset, Outcome: login.Changed}, login.Notice{ID: event(6, At), Who: holder, What: login.WasReset, At: At}
		must(t, s.Reset(ctx, holder, e, n))
		gone(t, s, "by 2", "dev")
		there(t, s, "his", "staff")
		p = person(t, s, holder)
		if p.Epoch <= epoch {
			t.Error("what was begun goes on")
		}
		same(t, "the person", p, login.Person{Who: holder, Epoch: p.Epoch, Signatory: token(9)})
		is(t, "the passkey", second(s.Passkey(ctx, []byte("one"))), login.ErrNone)
		is(t, "the device", second(s.Device(ctx, holder, id("d"))), login.ErrNone)
		is(t, "the grant", second(s.Granted(ctx, id("g"))), login.ErrNone)
		must(t, second(s.Named(ctx, login.Holder, token(1))))
		events, err := s.Events(ctx, holder, login.EventID{}, 10)
		must(t, err)
		same(t, "the history", events, []login.Event{e})
		notices, err := s.Notices(ctx, 10)
		must(t, err)
		same(t, "the notices", notices, []login.Notice{n})
	})
	t.Run("who is locked opens nothing", func(t *testing.T) {
		ctx, s := t.Context(), make(t)
		known(t, s, holder)
		open(t, s, "a", holder, At)
		lock := func(locked bool) {
			must(t, s.Lock(ctx, holder, locked, login.Event{ID: event(1, At), Who: holder, At: At}, login.Notice{ID: event(1, At), Who: holder, At: At}))
		}
		lock(true)
		gone(t, s, "a")
		p := person(t, s, holder)
		if !p.Locked {
			t.Error("not locked")
		}
		is(t, "an opening", s.Open(ctx, login.Opening{Session: session("b", holder, At), Epoch: p.Epoch}), login.ErrStale)
		is(t, "an attempt", s.Pend(ctx, login.Attempt{ID: id("p"), Who: holder, Epoch: p.Epoch, Made: At}, nil), login.ErrStale)
		lock(false)
		open(t, s, "c", holder, At)
	})
	t.Run("the history is the person's own, newest first, and has a bound", func(t *testing.T) {
		ctx, s := t.Context(), make(t)
		put := func(who login.Who, n int) {
			at := At.Add(time.Duration(n) * time.Second)
			e := login.Event{ID: event(n, at), Who: who, At: at, What: login.LoggedIn, Method: login.ByPassword, Outcome: login.Failed}
			for range 2 { // made again
				must(t, s.Fail(ctx, login.Failing{Key: id("k"), At: at, Window: time.Hour, Events: []login.Event{e}}))
			}
		}
		for n := range 5 {
			put(holder, n)
		}
		put(other, 100)
		page, err := s.Events(ctx, holder, login.EventID{}, 2)
		must(t, err)
		if len(page) != 2 || page[0].At != At.Add(4*time.Second) || page[1].At != At.Add(3*time.Second) {
			t.Fatalf("the newest two are %v", page)
		}
		page, err = s.Events(ctx, holder, page[1].ID, 10)
		must(t, err)
		if len(page) != 3 || page[0].At != At.Add(2*time.Second) {
			t.Fatalf("before them are %v", page)
		}
		for n := range login.MaxEvents {
			e := login.Event{ID: event(n, At.Add(time.Hour)), Who: holder, At: At.Add(time.Hour)}
			must(t, s.Fail(ctx, login.Failing{Key: id("k"), At: At, Window: time.Hour, Events: []login.Event{e}}))
		}
		whole, err := s.Events(ctx, holder, login.EventID{}, 2*login.MaxEvents)
		must(t, err)
		if len(whole) != login.MaxEvents || whole[len(whole)-1].At != At.Add(time.Hour) {
			t.Errorf("%d are kept", len(whole))
		}
	})
	t.Run("devices and sessions have a bound, notices too", func(t *testing.T) {
		ctx, s := t.Context(), make(t)
		known(t, s, holder)
		for n := range 25 {
			at := At.Add(time.Duration(n) * time.Second)
			must(t, s.Open(ctx, login.Opening{Session: session(fmt.Sprint(n), holder, at), Device: login.Device{ID: id(fmt.Sprint("d", n)), Who: holder, First: at, Last: at},
				Notices: []login.Notice{{ID: event(n, at), Who: holder, What: login.NewDevice, At: at}}}))
		}
		at := At.Add(time.Minute)
		must(t, s.Open(ctx, login.Opening{Session: session("again", holder, at), Device: login.Device{ID: id("d24"), Who: holder, First: at, Last: at}}))
		devices, err := s.Devices(ctx, holder)
		must(t, err)
		sessions, err := s.Sessions(ctx, holder)
		must(t, err)
		notices, err := s.Notices(ctx, 100)
		must(t, err)
		if len(devices) != login.MaxDevices || len(sessions) != login.MaxSessions || len(notices) != login.MaxNotices {
			t.Errorf("%d devices, %d sessions, %d notices", len(devices), len(sessions), len(notices))
		}
		if d := devices[0]; d.ID != id("d24") || d.First != At.Add(24*time.Second) || d.Last != at {
			t.Errorf("the device that was used last: %v %v", d.First, d.Last)
		}
		gone(t, s, "0", "5")
		there(t, s, "again", "24", "6")
		must(t, s.Forget(ctx, holder, id("d24")))
		is(t, "a device that was forgotten", second(s.Device(ctx, holder, id("d24"))), login.ErrNone)
		must(t, s.Told(ctx, notices[0].ID))
		left, err := s.Notices(ctx, 100)
		must(t, err)
		same(t, "the notices that wait", left, notices[1:])
	})
	t.Run("what is over is swept, and nothing else", func(t *testing.T) {
		ctx, s := t.Context(), make(t)
		known(t, s, holder)
		known(t, s, other)
		fill := func(prefix string, who login.Who, at time.Time) {
			must(t, s.Pend(ctx, login.Attempt{ID: id(prefix + "attempt"), Who: who, Made: at}, nil))
			must(t, s.Open(ctx, login.Opening{Session: session(prefix+"session", who, at), Spent: login.Spent{ID: id(prefix + "spent"), Until: at},
				Device: login.Device{ID: id(prefix + "device"), Who: who, First: at, Last: at}, Events: []login.Event{{ID: event(1, at), Who: who, At: at}}}))
			must(t, s.Fail(ctx, login.Failing{Key: id(prefix + "failure"), At: at, Window: time.Hour}))
			must(t, s.Grant(ctx, login.Grant{ID: id(prefix + "grant"), Who: who, Until: at}, login.Naming{Who: who}))
		}
		fill("old ", holder, At)
		fill("new ", other, At.Add(time.Hour))
		now := At.Add(time.Minute)
		n, err := s.Sweep(ctx, login.Over{Now: now, Attempts: now, Sessions: now, Failures: now, Events: now, Devices: now}, 10)
		must(t, err)
		if n != 7 {
			t.Errorf("%d went, want 7", n)
		}
		gone(t, s, "old session")
		there(t, s, "new session")
		for prefix, want := range map[string]error{"old ": login.ErrNone, "new ": nil} {
			who := holder
			if want == nil {
				who = other
			}
			is(t, prefix+"attempt", second(s.Attempt(ctx, id(prefix+"attempt"))), want)
			is(t, prefix+"grant", second(s.Granted(ctx, id(prefix+"grant"))), want)
			is(t, prefix+"device", second(s.Device(ctx, who, id(prefix+"device"))), want)
			events, err := s.Events(ctx, who, login.EventID{}, 10)
			must(t, err)
			if got := len(events) > 0; got != (want == nil) {
				t.Errorf("%sevents: %v", prefix, events)
			}
			f, err := s.Failure(ctx, id(prefix+"failure"))
			must(t, err)
			if got := f.Count > 0; got != (want == nil) {
				t.Errorf("%sfailure: %d", prefix, f.Count)
			}
		}
		n, err = s.Sweep(ctx, login.Over{Now: now, Attempts: now, Sessions: now, Failures: now, Events: now, Devices: now}, 10)
		if err != nil || n != 0 {
			t.Errorf("%d went again, %v", n, err)
		}
	})
}

func second[T any](_ T, err error) error { return err }
