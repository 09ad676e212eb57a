package login_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rem/edge/personstore"
	"rem/internal/testkit/logintest"
	"rem/person/login"
)

// AT-29: a session gets another secret at each privilege step, and the one before
// is nobody's.
func TestEveryPrivilegeStepGivesAnotherSecret(t *testing.T) {
	w := newWorld(t, logintest.NewMemory())
	ctx := t.Context()
	old := []login.Secret{}
	step := func(what string, o login.Opened, err error) login.Opened {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for _, s := range old {
			if s.Reveal() == o.Secret.Reveal() || w.alive(s) {
				t.Errorf("%s: the secret before goes on", what)
			}
		}
		if !w.alive(o.Secret) {
			t.Errorf("%s: the new secret is nobody's", what)
		}
		old = append(old, o.Secret)
		return o
	}
	o := step("grant", w.enrols(isil, name), nil)
	o2, err := w.SetPassword(ctx, o.Session, home, good)
	o = step("password", o2, err)
	p, err := w.ProposeTOTP(ctx, o.Session, home, name)
	w.must(err)
	o2, err = w.ConfirmTOTP(ctx, o.Session, home, w.code(p.Typed))
	o = step("app", o2, err)
	w.clock.Advance(11 * time.Minute)
	w.is("not fresh", second(w.SetPassword(ctx, o.Session, home, good+"!")), login.ErrNotFresh)
	pending, err := w.Password(ctx, w.Raise(o.Session), home, "", good)
	w.must(err)
	if !pending.Raises() {
		t.Error("it does not raise")
	}
	o2, err = w.Code(ctx, pending, home, w.code(p.Typed))
	o = step("raised", o2, err)
	o2, err = w.SetPassword(ctx, o.Session, home, good+"!")
	o = step("password changed", o2, err)
	o2, err = w.EndOthers(ctx, o.Session, home)
	o = step("others ended", o2, err)
	o2, a := w.adds(o.Session, "Telefon")
	o = step("passkey", o2, nil)
	w.clock.Advance(11 * time.Minute)
	o2, err = w.byPasskey(w.Raise(o.Session), a, home)
	o = step("raised by passkey", o2, err)
	if o.Session.Level != login.Strong {
		t.Errorf("level %d", o.Session.Level)
	}
}

// AT-29: what ends sessions ends them for the next request, also in a process that
// begins later, and a log-in that was under way does not come through.
func TestNoSessionSurvivesAResetALockOrALostRole(t *testing.T) {
	for what, ends := range map[string]func(w *world) error{
		"reset":    func(w *world) error { return w.Reset(w.t.Context(), isil) },
		"lock":     func(w *world) error { return w.Lock(w.t.Context(), isil) },
		"role":     func(w *world) error { return w.EndAll(w.t.Context(), isil.Person) },
		"account":  func(w *world) error { return w.Leave(w.t.Context(), isil.Person, "acc-1") },
		"password": nil,
		"passkey":  nil,
	} {
		t.Run(what, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "persons.sqlite")
			s, err := personstore.Open(t.Context(), path, personstore.Options{})
			if err != nil {
				t.Fatal(err)
			}
			w := newWorld(t, s.Logins())
			ctx := t.Context()
			_, secret := w.app(isil, name)
			o, err := w.logIn(secret, home)
			w.must(err)
			w.clock.Advance(time.Minute)
			other, err := w.logIn(secret, at("198.51.100.1"))
			w.must(err)
			w.clock.Advance(time.Minute)
			pending, err := w.Password(ctx, w.Begin(login.Holder), home, name, good)
			w.must(err)
			switch what {
			case "password":
				o, err = w.SetPassword(ctx, o.Session, home, good+"!")
				w.must(err)
			case "passkey":
				o, _ = w.adds(o.Session, "Telefon")
			default:
				w.must(ends(w))
			}
			if w.alive(other.Secret) {
				t.Error("the other session goes on")
			}
			if got, want := w.alive(o.Secret), ends == nil; got != want {
				t.Errorf("his own goes on: %t", got)
			}
			w.must(s.Close())
			if s, err = personstore.Open(ctx, path, personstore.Options{}); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
			w.store = s.Logins()
			w.restart()
			if w.alive(other.Secret) || w.alive(o.Secret) != (ends == nil) {
				t.Error("a restart brought a session back")
			}
			w.is("the log-in under way", second(w.Code(ctx, pending, home, w.code(secret))), login.ErrOver)
		})
	}
}

// AT-29: nobody can give a session a secret of his choice.
func TestASessionsSecretIsOurs(t *testing.T) {
	w := newWorld(t, logintest.NewMemory())
	ctx := t.Context()
	o, _ := w.key(isil, name)
	good := o.Secret.Reveal()
	for _, cookie := range []string{"", "x", good + "A", good[1:], strings.Repeat("A", 43), good[:42] + "=", login.NewSecret().Reveal(), o.Session.ID.Short(), " " + good} {
		w.is(fmt.Sprintf("the cookie %q", cookie), second(w.Session(ctx, cookie)), login.ErrNoSession)
	}
	// One secret has one spelling: the last letter holds two bits that say nothing.
	for _, last := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
		if cookie := good[:42] + string(last); cookie != good {
			w.is("another spelling", second(w.Session(ctx, cookie)), login.ErrNoSession)
		}
	}
	for _, verb := range []string{"%v", "%s", "%d", "%x", "%q", "%#v", "%+v"} {
		if got := fmt.Sprintf(verb, o); strings.Contains(got, good) {
			t.Errorf("%s prints the secret", verb)
		}
	}
	if _, err := json.Marshal(o); err == nil {
		t.Error("a secret was marshalled")
	}
}

func TestASessionEndsWhenItIsIdleAndInAnyCase(t *testing.T) {
	w := newWorld(t, logintest.NewMemory())
	_, secret := w.app(isil, name)
	o, err := w.logIn(secret, home)
	w.must(err)
	for range 24 {
		w.clock.Advance(29 * time.Minute)
		if !w.alive(o.Secret) {
			t.Fatal("it ended while it was used")
		}
	}
	w.clock.Advance(25 * time.Minute) // twelve hours and a minute
	if w.alive(o.Secret) {
		t.Error("it does not end")
	}
	o, err = w.logIn(secret, home)
	w.must(err)
	w.clock.Advance(30 * time.Minute)
	if w.alive(o.Secret) {
		t.Error("it was idle and goes on")
	}
}

// AT-25: what a clock stamped that was a year ahead ends when it is right again, and
// keeps nobody out.
func TestAClockThatWasAheadLeavesNothingBehind(t *testing.T) {
	w := newWorld(t, logintest.NewMemory())
	ctx := t.Context()
	_, secret := w.app(isil, name)
	right := w.clock.Now()
	w.clock.Set(right.AddDate(1, 0, 0))
	o, err := w.logIn(secret, home)
	w.must(err)
	p, err := w.Password(ctx, w.Begin(login.Holder), home, name, good)
	w.must(err)
	for range 6 {
		w.is("a wrong one", second(w.Password(ctx, w.Begin(login.Holder), at("198.51.100.1"), name, "x")), login.ErrWrong)
	}
	w.clock.Set(right)
	if w.alive(o.Secret) || w.Fresh(o.Session) == nil {
		t.Error("the session of next year goes on")
	}
	w.is("the log-in of next year", second(w.Pending(ctx, p.Secret)), login.ErrOver)
	w.must(second(w.logIn(secret, at("198.51.100.1"))))
	code := w.code(secret)
	p, err = w.Password(ctx, w.Begin(login.Holder), home, name, good)
	w.must(err)
	w.is("a code that was used", second(w.Code(ctx, p, home, code)), login.ErrWrong)
	// Half an hour is what clocks are set back by: nobody is logged out for it.
	x, _ := w.key(login.Who{Kind: login.Holder, Person: "per-3"}, "uc@hs90.kep.test")
	w.clock.Advance(-30 * time.Minute)
	if !w.alive(x.Secret) {
		t.Error("a clock that was set back ended a session")
	}
}

// AT-31: with a passkey there is no weaker way.
func TestWhoHasAPasskeyHasNoWeakerWay(t *testing.T) {
	w := newWorld(t, logintest.NewMemory())
	ctx := t.Context()
	o, secret := w.app(isil, name)
	pending, err := w.Password(ctx, w.Begin(login.Holder), home, name, good)
	w.must(err)
	o, a := w.adds(o.Session, "Telefon")
	w.is("the code after a password that was taken", second(w.Code(ctx, pending, home, w.code(secret))), login.ErrOver)
	w.is("the password", second(w.Password(ctx, w.Begin(login.Holder), home, name, good)), login.ErrWrong)
	w.is("the password, to raise", second(w.Password(ctx, w.Raise(o.Session), home, "", good)), login.ErrWrong)
	w.is("a new password", second(w.SetPassword(ctx, o.Session, home, good)), login.ErrStronger)
	w.is("a new app", second(w.ProposeTOTP(ctx, o.Session, home, name)), login.ErrStronger)
	w.is("a phone", second(w.ProposeSMS(ctx, o.Session)), login.ErrStronger)
	w.is("removing it", second(w.RemovePasskey(ctx, o.Session, home, a.Credential)), login.ErrLast)
	p, err := w.store.Person(ctx, isil)
	w.must(err)
	if p.Hash != "" || !p.TOTP.IsZero() || p.SMS {
		t.Error("the weaker factors are still kept")
	}
}

// AT-31: the user is verified, in the signed data.
func TestAPasskeyWithoutUserVerificationIsRefused(t *testing.T) {
	w := newWorld(t, logintest.NewMemory())
	ctx := t.Context()
	o, a := w.key(isil, name)
	a.Flags = logintest.UserPresent
	w.is("a log-in", second(w.byPasskey(w.Begin(login.Holder), a, home)), login.ErrWrong)
	b := logintest.NewAuthenticator(host, origin)
	b.Flags = logintest.UserPresent
	options, err := w.NewPasskey(ctx, o.Session, name)
	w.must(err)
	w.is("a registration", second(w.AddPasskey(ctx, o.Session, home, "x", b.Create(options))), login.ErrWrong)
	var said struct {
		PublicKey struct {
			UserVerification string `json:"userVerification"`
			AllowCredentials []any  `json:"allowCredentials"`
		} `json:"publicKey"`
	}
	options, err = w.PasskeyOptions(w.Begin(login.Holder))
	w.must(err)
	w.must(json.Unmarshal(options, &said))
	if said.PublicKey.UserVerification != "required" || len(said.PublicKey.AllowCredentials) != 0 {
		t.Errorf("%s", options)
	}
}

// AT-31: a challenge is good once, for what it was given, and in its term.
func TestAChallengeIsGoodOnceAndForOneThing(t *testing.T) {
	w := newWorld(t, logintest.NewMemory())
	ctx := t.Context()
	o, a := w.key(isil, name)
	_, b := w.key(clerk)
	begin := w.Begin(login.Holder)
	options, err := w.PasskeyOptions(begin)
	w.must(err)
	answer := a.Get(options)
	w.must(second(w.PasskeyFinish(ctx, begin, home, answer)))
	w.restart()
	w.is("the same answer after a restart", second(w.PasskeyFinish(ctx, begin, home, answer)), login.ErrOver)
	w.is("another answer to it", second(w.PasskeyFinish(ctx, begin, home, a.Get(options))), login.ErrOver)

	other, err := w.byPasskey(w.Begin(login.Holder), a, home)
	w.must(err)
	for what, c := range map[string]struct {
		of, to login.Start
		by     *logintest.Authenticator
		want   error
	}{
		"of a log-in, to raise":           {begin, w.Raise(o.Session), a, login.ErrOver},
		"to raise, for a log-in":          {w.Raise(o.Session), begin, a, login.ErrOver},
		"of another session":              {w.Raise(other.Session), w.Raise(o.Session), a, login.ErrOver},
		"of another kind":                 {w.Begin(login.Staff), begin, a, login.ErrOver},
		"another's passkey to raise":      {w.Raise(o.Session), w.Raise(o.Session), b, login.ErrWrong},
		"a passkey of staff, as a holder": {begin, begin, b, login.ErrWrong},
	} {
		options, err := w.PasskeyOptions(c.of)
		w.must(err)
		w.is(what, second(w.PasskeyFinish(ctx, c.to, home, c.by.Get(options))), c.want)
	}
	options, err = w.PasskeyOptions(begin)
	w.must(err)
	w.clock.Advance(11 * time.Minute)
	w.is("too late", second(w.PasskeyFinish(ctx, begin, home, a.Get(options))), login.ErrOver)

	// A registration's challenge is its session's.
	o, err = w.byPasskey(begin, a, home)
	w.must(err)
	other, err = w.byPasskey(begin, a, home)
	w.must(err)
	options, err = w.NewPasskey(ctx, other.Session, name)
	w.must(err)
	c := logintest.NewAuthenticator(host, origin)
	w.is("a registration of another session", second(w.AddPasskey(ctx, o.Session, home, "x", c.Create(options))), login.ErrOver)
	options, err = w.PasskeyOptions(begin)
	w.must(err)
	w.is("a registration with a log-in's", second(w.AddPasskey(ctx, o.Session, home, "x", c.Create(options))), login.ErrOver)
}

// AT-31: forty assertions, each changed in one thing.
func TestChangedAssertionsAreRefused(t *testing.T) {
	w := newWorld(t, logintest.NewMemory())
	ctx := t.Context()
	_, a := w.key(isil, name)
	begin := w.Begin(login.Holder)
	refused := 0
	try := func(what string, change func(m map[string]any), client func(map[string]any)) {
		t.Helper()
		options, err := w.PasskeyOptions(begin)
		w.must(err)
		a.Client = client
		answer := a.Get(options)
		a.Client = nil
		var m map[string]any
		w.must(json.Unmarshal(answer, &m))
		if change != nil {
			change(m)
		}
		answer, err = json.Marshal(m)
		w.must(err)
		o, err := w.PasskeyFinish(ctx, begin, home, answer)
		if !errors.Is(err, login.ErrWrong) && !errors.Is(err, login.ErrOver) {
			t.Errorf("%s: %v, %v", what, err, o.Session.Who)
		}
		refused++
		w.clock.Advance(10 * time.Second) // the allowance of the address
	}
	part := func(m map[string]any, name string, change func([]byte) []byte) {
		r := m["response"].(map[string]any)
		b, err := base64.RawURLEncoding.DecodeString(r[name].(string))
		w.must(err)
		r[name] = base64.RawURLEncoding.EncodeToString(change(b))
	}
	flip := func(at int) func([]byte) []byte {
		return func(b []byte) []byte { b[(at+len(b))%len(b)] ^= 1; return b }
	}
	for _, i := range []int{0, 15, 31, 32, 33, 36} {
		try(fmt.Sprint("authenticator data ", i), func(m map[string]any) { part(m, "authenticatorData", flip(i)) }, nil)
	}
	for _, i := range []int{0, 4, 20, 40, -1} {
		try(fmt.Sprint("signature ", i), func(m map[string]any) { part(m, "signature", flip(i)) }, nil)
	}
	for _, i := range []int{0, 1, 10, 31} {
		try(fmt.Sprint("user ", i), func(m map[string]any) { part(m, "userHandle", flip(i)) }, nil)
	}
	for _, name := range []string{"authenticatorData", "signature", "userHandle", "clientDataJSON"} {
		try(name+" empty", func(m map[string]any) { part(m, name, func([]byte) []byte { return nil }) }, nil)
		try(name+" cut", func(m map[string]any) { part(m, name, func(b []byte) []byte { return b[:len(b)-1] }) }, nil)
		try(name+" missing", func(m map[string]any) { delete(m["response"].(map[string]any), name) }, nil)
	}
	for what, value := range map[string]string{
		"evil": "https://evil.test", "sub": "https://a.kep.test", "plain": "http://kep.test", "port": "https://kep.test:444", "suffix": "https://kep.test.evil.test", "null": "null", "none": "",
	} {
		try("origin "+what, nil, func(c map[string]any) { c["origin"] = value })
	}
	try("in another's frame", nil, func(c map[string]any) { c["crossOrigin"] = true; c["topOrigin"] = "https://evil.test" })
	try("of a registration", nil, func(c map[string]any) { c["type"] = "webauthn.create" })
	try("of a payment", nil, func(c map[string]any) { c["type"] = "payment.get" })
	try("a challenge of his own", nil, func(c map[string]any) { c["challenge"] = base64.RawURLEncoding.EncodeToString(make([]byte, 48)) })
	try("no challenge", nil, func(c map[string]any) { delete(c, "challenge") })
	try("another credential", func(m map[string]any) { m["rawId"], m["id"] = "AAAA", "AAAA" }, nil)
	try("two names of the credential", func(m map[string]any) { m["id"] = "AAAA" }, nil)
	try("another type", func(m map[string]any) { m["type"] = "password" }, nil)
	key := a.Key
	a.Key = logintest.NewAuthenticator(host, origin).Key
	try("another key", nil, nil)
	a.Key = key
	a.ID = "evil.test"
	try("another party", nil, nil)
	a.ID = host
	if refused < 40 {
		t.Errorf("only %d were tried", refused)
	}
	if _, err := w.byPasskey(begin, a, home); err != nil {
		t.Error("the unchanged one is refused:", err)
	}
	for _, garbage := range []string{"", "null", "{}", "[]", "x", strings.Repeat("[", 10000), `{"response":{"clientDataJSON":"bnVsbA"}}`} {
		if _, err := w.PasskeyFinish(ctx, begin, home, []byte(garbage)); !errors.Is(err, login.ErrWrong) && !errors.Is(err, login.ErrOver) {
			t.Errorf("%.20q: %v", garbage, err)
		}
	}
}

func TestACopiedPasskeyIsRefusedAndItsPersonTold(t *testing.T) {
	w := newWorld(t, logintest.NewMemory())
	_, a := w.key(isil, name)
	copied := *a
	w.must(second(w.byPasskey(w.Begin(login.Holder), a, home)))
	w.must(second(w.byPasskey(w.Begin(login.Holder), a, home)))
	w.is("the copy", second(w.byPasskey(w.Begin(login.Holder), &copied, home)), login.ErrWrong)
	w.must(second(w.Deliver(t.Context(), 100)))
	if last := w.messenger.told[len(w.messenger.told)-1]; last.What != login.PasskeyCopied || last.Who != isil {
		t.Errorf("told %v", last)
	}
	// Authenticators that do not count say zero always.
	o, err := w.byPasskey(w.Begin(login.Holder), a, home)
	w.must(err)
	b := logintest.NewAuthenticator(host, origin)
	b.Counter = 0
	options, err := w.NewPasskey(t.Context(), o.Session, name)
	w.must(err)
	answer := b.Create(options)
	w.must(second(w.AddPasskey(t.Context(), o.Session, home, "x", answer)))
	for range 3 {
		b.Counter = 0
		w.must(second(w.byPasskey(w.Begin(login.Holder), b, home)))
	}
}

// AT-32, on the store that is used.
func TestOfAHundredUsesOfOneCodeOneSucceeds(t *testing.T) {
	s, err := personstore.Open(t.Context(), filepath.Join(t.TempDir(), "persons.sqlite"), personstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w := newWorld(t, s.Logins())
	ctx := t.Context()
	_, secret := w.app(isil, name)
	code := w.code(secret)
	// Two log-ins that wait, so that it is the code, and not the log-in, that is
	// used once.
	one, err := w.Password(ctx, w.Begin(login.Holder), home, name, good)
	w.must(err)
	two, err := w.Password(ctx, w.Begin(login.Holder), home, name, good)
	w.must(err)
	var opened atomic.Int64
	var wg sync.WaitGroup
	for n := range 100 {
		wg.Go(func() {
			p := *[]*login.Pending{one, two}[n%2]
			_, err := w.Code(ctx, &p, at(fmt.Sprintf("10.%d.0.1", n)), code)
			switch {
			case err == nil:
				opened.Add(1)
			case !errors.Is(err, login.ErrWrong) && !errors.Is(err, login.ErrOver):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if opened.Load() != 1 {
		t.Errorf("%d sessions came of one code", opened.Load())
	}
}

// AT-32: guesses at the same time are no more than guesses in turn.
func TestGuessesAtTheSameTimeAreNoMoreThanInTurn(t *testing.T) {
	w := newWorld(t, logintest.NewMemory())
	ctx := t.Context()
	_, secret := w.app(isil, name)
	p, err := w.Password(ctx, w.Begin(login.Holder), home, name, good)
	w.must(err)
	right := w.code(secret)
	var wg sync.WaitGroup
	for n := range 1000 {
		code := fmt.Sprintf("%06d", n)
		if code == right {
			continue
		}
		wg.Go(func() {
			q := *p
			if _, err := w.Code(ctx, &q, at(fmt.Sprintf("10.%d.%d.1", n/250, n%250)), code); err == nil {
				t.Error("a wrong code is right")
			}
		})
	}
	wg.Wait()
	// What was looked at is what the access log says was opened.
	opened := 0
	for _, e := range w.vault.Log.Entries() {
		for _, f := range e.Fields {
			if f == "login.Person.TOTP" {
				opened++
			}
		}
	}
	if opened > 10 {
		t.Errorf("%d guesses were looked at", opened)
	}
}

// REQ-42: one answer and the same work, whatever is wrong.
func TestUnknownWrongLockedAndWaitingAreOneAnswer(t *testing.T) {
	w := newWorld(t, logintest.NewMemory())
	ctx := t.Context()
	w.app(isil, name)
	locked := login.Who{Kind: login.Holder, Person: "per-2"}
	w.app(locked, "kilitli@hs90.kep.test")
	w.must(w.Lock(ctx, locked))
	w.key(login.Who{Kind: login.Holder, Person: "per-3"}, "anahtarli@hs90.kep.test")
	w.enrols(login.Who{Kind: login.Holder, Person: "per-4"}, "yarim@hs90.kep.test")
	w.app(login.Who{Kind: login.Holder, Person: "per-5"}, "bekleyen@hs90.kep.test")
	for range 5 {
		w.is("a wrong one", second(w.Password(ctx, w.Begin(login.Holder), home, "bekleyen@hs90.kep.test", "x")), login.ErrWrong)
	}
	counted := &countingStore{Store: w.store}
	w.store = counted
	w.restart()
	var want string
	for what, try := range map[string]struct{ name, password string }{
		"nobody":               {"kimse@hs90.kep.test", good},
		"no name":              {"", ""},
		"no address":           {strings.Repeat("x", 5000), good},
		"a wrong password":     {name, "yedi gümüş tavşan"},
		"a long password":      {name, strings.Repeat("x", 100000)},
		"locked":               {"kilitli@hs90.kep.test", good},
		"with a passkey":       {"anahtarli@hs90.kep.test", good},
		"without a password":   {"yarim@hs90.kep.test", good},
		"who has to wait":      {"bekleyen@hs90.kep.test", good},
		"who has to wait, bad": {"bekleyen@hs90.kep.test", "x"},
	} {
		hashes := w.hasher.checks.Load()
		counted.calls = nil
		_, err := w.Password(ctx, w.Begin(login.Holder), home, try.name, try.password)
		if err != login.ErrWrong {
			t.Errorf("%s: %v", what, err)
		}
		if n := w.hasher.checks.Load() - hashes; n != 1 {
			t.Errorf("%s: %d hashes", what, n)
		}
		calls := strings.Join(counted.calls, " ")
		if want == "" {
			want = calls
		}
		if calls != want {
			t.Errorf("%s: the store was asked %q, else %q", what, calls, want)
		}
	}
}

// Who guesses from one network makes nobody wait elsewhere, nor on a known device
// (the limits lock nobody out).
func TestAGuesserKeepsNobodyOut(t *testing.T) {
	w := newWorld(t, logintest.NewMemory())
	ctx := t.Context()
	o, secret := w.app(isil, name)
	tries := 0
	for range 1600 {
		_, err := w.Password(ctx, w.Begin(login.Holder), at("198.51.100.9"), name, "guess")
		if err == nil {
			t.Fatal("a guess was right")
		}
		if errors.Is(err, login.ErrWrong) {
			tries++
		}
		w.clock.Advance(time.Second / 2)
	}
	if tries == 1600 {
		t.Error("nothing holds the address")
	}
	// The guesser would not even hear that a guess is right.
	w.is("the right password from there", second(w.Password(ctx, w.Begin(login.Holder), at("198.51.100.200"), name, good)), login.ErrWrong)
	w.must(second(w.logIn(secret, at("203.0.113.5")))) // from elsewhere
	w.clock.Advance(time.Minute)
	v := at("198.51.100.200") // beside him, on a known device
	v.Device = o.Device
	w.must(second(w.logIn(secret, v)))
	w.clock.Advance(time.Minute)
	v.Device = login.NewSecret()
	w.is("beside him, on an unknown one", second(w.Password(ctx, w.Begin(login.Holder), v, name, good)), login.ErrWrong)
	// And he is told.
	w.must(second(w.Deliver(ctx, 100)))
	found := false
	for _, n := range w.messenger.told {
		found = found || n.What == login.ManyFailures
	}
	if !found {
		t.Error("he was not told")
	}
	events, err := w.store.Events(ctx, isil, login.EventID{}, 1000)
	w.must(err)
	if len(events) > 40 {
		t.Errorf("a guesser made %d entries", len(events))
	}
	// The waiting is not forgotten by a restart, and ends.
	w.restart()
	w.is("after a restart", second(w.Password(ctx, w.Begin(login.Holder), at("198.51.100.200"), name, good)), login.ErrWrong)
	w.clock.Advance(time.Hour)
	w.must(second(w.logIn(secret, at("198.51.100.200"))))
}

// Guesses of codes wait by the person, whatever network they come from.
func TestGuessesOfCodesWaitByThePerson(t *testing.T) {
	w := newWorld(t, logintest.NewMemory())
	ctx := t.Context()
	_, secret := w.app(isil, name)
	looked := func() (n int) {
		for _, e := range w.vault.Log.Entries() {
			if e.Fields[0] == "login.Person.TOTP" {
				n++
			}
		}
		return n
	}
	for n := range 24 * 60 { // a day, once a minute, from everywhere, with the password
		v := at(fmt.Sprintf("10.%d.%d.1", n/250, n%250))
		p, err := w.Password(ctx, w.Begin(login.Holder), v, name, good)
		w.must(err)
		if _, err := w.Code(ctx, p, v, "123456"); err == nil && w.code(secret) != "123456" {
			t.Fatal("a guess was right")
		}
		w.clock.Advance(time.Minute)
	}
	if n := looked(); n > 45 {
		t.Errorf("%d guesses in a day", n)
	}
}

// P-19: the gate is asked at each request.
func TestStaffEntersByPasskeyAndTheGateAlone(t *testing.T) {
	w := newWorld(t, logintest.NewMemory())
	ctx := t.Context()
	o := w.enrols(clerk, "memur")
	w.is("a password for staff", second(w.SetPassword(ctx, o.Session, home, good)), login.ErrNotForKind)
	w.is("an app for staff", second(w.ProposeTOTP(ctx, o.Session, home, "x")), login.ErrNotForKind)
	w.is("codes for staff", second(w.ProposeSMS(ctx, o.Session)), login.ErrNotForKind)
	w.is("a password log-in for staff", second(w.Password(ctx, w.Begin(login.Staff), home, "memur", good)), login.ErrNotForKind)
	o, a := w.adds(o.Session, "Anahtar")
	w.must(second(w.Session(ctx, o.Secret.Reveal())))
	w.gate.out[clerk.Person] = true
	_, err := w.Session(ctx, o.Secret.Reveal())
	if text, ok := login.Text(err); !ok || !strings.Contains(text.English, "training") {
		t.Errorf("a request after his training expired: %v", err)
	}
	if _, err := w.byPasskey(w.Begin(login.Staff), a, home); err == nil || errors.Is(err, login.ErrWrong) {
		t.Errorf("a log-in after his training expired: %v", err)
	}
	w.gate.out[clerk.Person] = false
	w.must(second(w.Session(ctx, o.Secret.Reveal())))
	// What he is as a holder is somebody else.
	w.is("as a partner", second(w.byPasskey(w.Begin(login.Partner), a, home)), login.ErrWrong)
	w.clock.Advance(15 * time.Minute)
	if w.alive(o.Secret) {
		t.Error("the session of staff is idle and goes on")
	}
}

// A code of one secret does not confirm another, and a step is used once.
func TestAStepOfTheAppIsUsedOnce(t *testing.T) {
	w := newWorld(t, logintest.NewMemory())
	ctx := t.Context()
	_, secret := w.app(isil, name)
	code := w.code(secret)
	w.must(second(w.logIn(secret, home)))
	p, err := w.Password(ctx, w.Begin(login.Holder), home, name, good)
	w.must(err)
	w.is("the same step", second(w.Code(ctx, p, home, code)), login.ErrWrong)
	w.restart()
	w.is("the same step after a restart", second(w.Code(ctx, p, home, code)), login.ErrWrong)
	w.clock.Advance(-30 * time.Second)
	w.is("the step before", second(w.Code(ctx, p, home, w.code(secret))), login.ErrWrong)
	w.clock.Advance(time.Minute)
	w.must(second(w.Code(ctx, p, home, w.code(secret))))
}

// What a store holds of secrets is of no use to who reads it.
func TestTheStoreHoldsNoSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "persons.sqlite")
	s, err := personstore.Open(t.Context(), path, personstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, s.Logins())
	ctx := t.Context()
	o, secret := w.app(isil, name)
	p, err := w.Password(ctx, w.Begin(login.Holder), home, name, good)
	w.must(err)
	grant, err := w.Grant(ctx, login.Granting{Who: clerk, Names: []string{"memur@hs90.kep.test"}})
	w.must(err)
	key, _ := w.key(login.Who{Kind: login.Holder, Person: "per-7"}, "yedi@hs90.kep.test")
	w.must(s.Close())
	raw := readAll(t, path)
	for what, canary := range map[string]string{
		"session": o.Secret.Reveal(), "device": o.Device.Reveal(), "attempt": p.Secret.Reveal(), "grant": grant.Reveal(), "other session": key.Secret.Reveal(),
		"app": secret, "name": name, "domain": "hs90", "address": "192.0.2.7", "browser": "Firefox", "passkey's name": "Telefonum",
	} {
		if bytes.Contains(raw, []byte(canary)) {
			t.Errorf("the %s is in the file", what)
		}
		if b, err := base64.RawURLEncoding.DecodeString(canary); err == nil && len(b) > 16 && bytes.Contains(raw, b) {
			t.Errorf("the %s is in the file, decoded", what)
		}
	}
}
