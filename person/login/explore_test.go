package login_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"rem/internal/testkit"
	"rem/internal/testkit/logintest"
	"rem/person/login"
)

// A model is what somebody's log-in can be, apart from times and secrets. It says
// what each act has to come to; the test makes each act in each state that can be
// reached and compares.
type model struct {
	hash, totp, sms bool
	keys            int
	locked          bool
	granted         bool // a grant waits
	proposed        bool // an app was shown
	phone           bool // a phone waits for its code, within the session
	pending         bool // a password was right
	raising         bool // ... within the session
	level           login.Level
	other           bool // a second session is open
}

func (m model) set() bool { return m.keys > 0 || m.hash && (m.totp || m.sms) }

// ends is what is left when all sessions end.
func (m model) ends() model {
	m.pending, m.raising, m.phone, m.level, m.other = false, false, false, 0, false
	return m
}

// changed is what is left of the rest when a credential was changed.
func (m model) changed() model {
	m.pending, m.raising, m.phone, m.granted, m.other = false, false, false, false, false
	return m
}

func (m model) ready(by login.Level) model {
	if m.level == login.Enrolling {
		m.level = by
	}
	return m
}

// A node is a state that was reached: the model, and the world in it.
type node struct {
	model
	store *logintest.Memory
	now   time.Time
	path  string
	has   secrets
}

// secrets are what the person, and his browser, have.
type secrets struct {
	session, before       login.Opened
	pending, phone, grant login.Secret
	app, shown, sms       string
	held                  []logintest.Authenticator
}

// An act is made in a world; after gives what it has to come to, or an error.
type act struct {
	name  string
	after func(m model) (model, error)
	do    func(w *world, n *node) error
}

var acts = []act{
	{"grant", func(m model) (model, error) {
		if m.set() {
			return m, login.ErrReady
		}
		m.granted = true
		return m, nil
	}, func(w *world, n *node) (err error) {
		var g login.Secret
		if g, err = w.Grant(w.t.Context(), login.Granting{Who: isil, Account: "acc-1", Names: []string{name}}); err == nil {
			n.has.grant = g
		}
		return err
	}},
	{"redeem", func(m model) (model, error) {
		if !m.granted || m.set() || m.locked {
			return m, login.ErrGrant
		}
		m.granted = false
		m.other = m.other || m.level != 0
		m.level, m.phone = login.Enrolling, false
		return m, nil
	}, func(w *world, n *node) error {
		return n.opens(w.Redeem(w.t.Context(), home, n.has.grant))
	}},
	{"set password", func(m model) (model, error) {
		if m.level == 0 {
			return m, login.ErrNoSession
		}
		if m.keys > 0 {
			return m, login.ErrStronger
		}
		m.hash = true
		m = m.changed()
		if m.totp || m.sms {
			m = m.ready(login.TwoFactors)
		}
		return m, nil
	}, within(func(w *world, n *node, x login.Session) error {
		return n.takes(w.SetPassword(w.t.Context(), x, home, good))
	})},
	{"propose app", func(m model) (model, error) {
		if m.level == 0 {
			return m, login.ErrNoSession
		}
		if m.keys > 0 {
			return m, login.ErrStronger
		}
		m.proposed = true
		m.pending, m.raising, m.phone, m.granted = false, false, false, false // what was begun is over
		return m, nil
	}, within(func(w *world, n *node, x login.Session) error {
		p, err := w.ProposeTOTP(w.t.Context(), x, home, name)
		if err == nil {
			n.has.shown = p.Typed
		}
		return err
	})},
	{"confirm app", func(m model) (model, error) {
		switch {
		case m.level == 0:
			return m, login.ErrNoSession
		case m.keys > 0:
			return m, login.ErrStronger
		case !m.proposed:
			return m, login.ErrWrong
		}
		m.totp, m.proposed = true, false
		m = m.changed()
		if m.hash {
			m = m.ready(login.TwoFactors)
		}
		return m, nil
	}, within(func(w *world, n *node, x login.Session) error {
		code := "000000"
		if n.has.shown != "" {
			code = w.code(n.has.shown)
		}
		err := n.takes(w.ConfirmTOTP(w.t.Context(), x, home, code))
		if err == nil {
			n.has.app, n.has.shown = n.has.shown, ""
		}
		return err
	})},
	{"propose phone", func(m model) (model, error) {
		if m.level == 0 {
			return m, login.ErrNoSession
		}
		if m.keys > 0 {
			return m, login.ErrStronger
		}
		m.phone = true
		return m, nil
	}, within(func(w *world, n *node, x login.Session) error {
		s, err := w.ProposeSMS(w.t.Context(), x)
		if err == nil {
			n.has.phone, n.has.sms = s, w.messenger.last()
		}
		return err
	})},
	{"confirm phone", func(m model) (model, error) {
		switch {
		case m.level == 0:
			return m, login.ErrNoSession
		case m.keys > 0:
			return m, login.ErrStronger
		case !m.phone:
			return m, login.ErrOver
		}
		m.sms = true
		m = m.changed()
		if m.hash {
			m = m.ready(login.TwoFactors)
		}
		return m, nil
	}, within(func(w *world, n *node, x login.Session) error {
		return n.takes(w.ConfirmSMS(w.t.Context(), x, home, n.has.phone, n.has.sms))
	})},
	{"a log-in with the phone's confirmation", func(m model) (model, error) { return m, login.ErrOver }, func(w *world, n *node) error {
		_, err := w.Pending(w.t.Context(), n.has.phone)
		return err
	}},
	{"add passkey", func(m model) (model, error) {
		if m.level == 0 {
			return m, login.ErrNoSession
		}
		if m.keys == 2 {
			return m, errEnough
		}
		m.keys++
		m.hash, m.totp, m.sms, m.proposed = false, false, false, false
		return m.changed().ready(login.Strong), nil
	}, within(func(w *world, n *node, x login.Session) error {
		if len(n.has.held) == 2 {
			return errEnough
		}
		options, err := w.NewPasskey(w.t.Context(), x, name)
		if err != nil {
			return err
		}
		a := logintest.NewAuthenticator(host, origin)
		err = n.takes(w.AddPasskey(w.t.Context(), x, home, "x", a.Create(options)))
		if err == nil {
			n.has.held = append(n.has.held[:len(n.has.held):len(n.has.held)], *a)
			n.has.app, n.has.shown = "", ""
		}
		return err
	})},
	{"remove passkey", func(m model) (model, error) {
		switch {
		case m.level == 0:
			return m, login.ErrNoSession
		case m.keys == 0:
			return m, login.ErrWrong
		case m.keys == 1:
			return m, login.ErrLast
		}
		m.keys--
		return m.changed(), nil
	}, within(func(w *world, n *node, x login.Session) error {
		credential := []byte("none")
		if len(n.has.held) > 0 {
			credential = n.has.held[0].Credential
		}
		err := n.takes(w.RemovePasskey(w.t.Context(), x, home, credential))
		if err == nil {
			n.has.held = n.has.held[1:]
		}
		return err
	})},
	{"password", func(m model) (model, error) {
		if m.locked || m.keys > 0 || !m.hash || !m.totp && !m.sms {
			return m, login.ErrWrong
		}
		m.pending, m.raising = true, false
		return m, nil
	}, func(w *world, n *node) error {
		p, err := w.Password(w.t.Context(), w.Begin(login.Holder), home, name, good)
		if err == nil {
			n.has.pending = p.Secret
		}
		return err
	}},
	{"password to raise", func(m model) (model, error) {
		if m.level == 0 {
			return m, login.ErrNoSession
		}
		if m.locked || m.keys > 0 || !m.hash || !m.totp && !m.sms {
			return m, login.ErrWrong
		}
		m.pending, m.raising = true, true
		return m, nil
	}, within(func(w *world, n *node, x login.Session) error {
		p, err := w.Password(w.t.Context(), w.Raise(x), home, "", good)
		if err == nil {
			n.has.pending = p.Secret
		}
		return err
	})},
	{"wrong password", func(m model) (model, error) { return m, login.ErrWrong }, func(w *world, n *node) error {
		_, err := w.Password(w.t.Context(), w.Begin(login.Holder), home, name, good+"!")
		return err
	}},
	{"code", func(m model) (model, error) {
		switch {
		case !m.pending:
			return m, login.ErrOver
		case m.raising && m.level == 0:
			return m, login.ErrNoSession
		}
		if m.raising {
			m.level = max(m.level, login.TwoFactors)
		} else {
			m.other = m.other || m.level != 0
			m.level = login.TwoFactors
		}
		m.pending, m.raising, m.phone = false, false, false
		return m, nil
	}, func(w *world, n *node) error {
		p, err := w.Pending(w.t.Context(), n.has.pending)
		if err != nil {
			return err
		}
		code := ""
		if n.has.app != "" {
			code = w.code(n.has.app)
		} else {
			if err := w.SendCode(w.t.Context(), p); err != nil {
				return err
			}
			code = w.messenger.last()
		}
		o, err := w.Code(w.t.Context(), p, home, code)
		if n.raising {
			return n.takes(o, err)
		}
		return n.opens(o, err)
	}},
	{"wrong code", func(m model) (model, error) {
		if !m.pending {
			return m, login.ErrOver
		}
		return m, login.ErrWrong
	}, func(w *world, n *node) error {
		p, err := w.Pending(w.t.Context(), n.has.pending)
		if err == nil {
			_, err = w.Code(w.t.Context(), p, home, "00000x")
		}
		return err
	}},
	{"passkey", func(m model) (model, error) {
		switch {
		case m.keys == 0:
			return m, errEnough
		case m.locked:
			return m, login.ErrOver
		}
		m.other = m.other || m.level != 0
		m.level, m.phone = login.Strong, false
		return m, nil
	}, func(w *world, n *node) error {
		if len(n.has.held) == 0 {
			return errEnough
		}
		return n.opens(w.byPasskey(w.Begin(login.Holder), n.key(), home))
	}},
	{"passkey to raise", func(m model) (model, error) {
		switch {
		case m.level == 0:
			return m, login.ErrNoSession
		case m.keys == 0:
			return m, errEnough
		}
		m.level, m.phone = login.Strong, false
		return m, nil
	}, within(func(w *world, n *node, x login.Session) error {
		if len(n.has.held) == 0 {
			return errEnough
		}
		return n.takes(w.byPasskey(w.Raise(x), n.key(), home))
	})},
	{"log out", func(m model) (model, error) {
		if m.level == 0 {
			return m, login.ErrNoSession
		}
		m.level, m.phone = 0, false
		return m, nil
	}, within(func(w *world, n *node, x login.Session) error { return w.End(w.t.Context(), x, x.ID) })},
	{"end others", func(m model) (model, error) {
		if m.level == 0 {
			return m, login.ErrNoSession
		}
		return m.changed(), nil
	}, within(func(w *world, n *node, x login.Session) error {
		return n.takes(w.EndOthers(w.t.Context(), x, home))
	})},
	{"end all", func(m model) (model, error) { return m.ends(), nil }, func(w *world, n *node) error {
		return w.EndAll(w.t.Context(), isil.Person)
	}},
	{"reset", func(m model) (model, error) {
		m = m.ends()
		m.hash, m.totp, m.sms, m.keys, m.proposed, m.granted = false, false, false, 0, false, false
		return m, nil
	}, func(w *world, n *node) error {
		n.has.app, n.has.shown, n.has.held = "", "", nil
		return w.Reset(w.t.Context(), isil)
	}},
	{"lock", func(m model) (model, error) {
		m = m.ends()
		m.locked = true
		return m, nil
	}, func(w *world, n *node) error { return w.Lock(w.t.Context(), isil) }},
	{"unlock", func(m model) (model, error) {
		m = m.ends()
		m.locked = false
		return m, nil
	}, func(w *world, n *node) error { return w.Unlock(w.t.Context(), isil) }},
}

// errEnough: the act is not there to be made.
var errEnough = errors.New("not to be made")

func within(do func(w *world, n *node, x login.Session) error) func(*world, *node) error {
	return func(w *world, n *node) error {
		x, err := w.Session(w.t.Context(), n.has.session.Secret.Reveal())
		if err != nil {
			return err
		}
		return do(w, n, x)
	}
}

// key gives a passkey to use, whose counter goes on in the node alone.
func (n *node) key() *logintest.Authenticator {
	n.has.held = append([]logintest.Authenticator{}, n.has.held...)
	return &n.has.held[0]
}

// opens takes a session beside what there is.
func (n *node) opens(o login.Opened, err error) error {
	if err == nil {
		if n.level != 0 {
			n.has.before = n.has.session
		}
		n.has.session = o
	}
	return err
}

// takes takes a new secret of the session.
func (n *node) takes(o login.Opened, err error) error {
	if err == nil {
		n.has.session = o
	}
	return err
}

// TestTheLogInIsItsModel visits every state that one person's log-in can be in and
// makes every act in it. What is checked in each: the act comes to what the model
// says, the sessions that are open are those of the model at its level, one factor
// opens nothing, and whoever has a passkey has nothing weaker (REQ-42, AT-29, AT-31).
func TestTheLogInIsItsModel(t *testing.T) {
	w := newWorld(t, logintest.NewMemory())
	long := 100000 * time.Hour
	settings := login.Settings{Fresh: long, Attempt: long, Code: long, Enrol: long, Grant: long, Idle: map[login.Kind]time.Duration{login.Holder: long}, Whole: map[login.Kind]time.Duration{login.Holder: long}}
	start := &node{store: logintest.NewMemory(), now: testkit.Epoch}
	seen := map[model]bool{start.model: true}
	queue := []*node{start}
	made := 0
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		for _, a := range acts {
			next := &node{model: n.model, store: n.store.Clone(), path: n.path + " › " + a.name, has: n.has}
			// A day passes, so that codes are new and nobody waits.
			w.clock.Set(n.now.Add(25 * time.Hour))
			w.store = next.store
			config := w.Config
			config.Store, config.Settings = next.store, settings
			var err error
			if w.Service, err = login.New(t.Context(), config); err != nil {
				t.Fatal(err)
			}
			want, wantErr := a.after(n.model)
			err = a.do(w, next)
			made++
			if !errors.Is(err, wantErr) {
				t.Fatalf("%s: got %v, want %v\nin %+v", next.path, err, wantErr, n.model)
			}
			if err != nil {
				want = n.model
				if a.name == "code" && errors.Is(err, login.ErrNoSession) {
					continue // the log-in that waits goes on waiting; nothing is new
				}
			}
			next.model, next.now = want, w.clock.Now()
			if fault := next.check(w); fault != "" {
				t.Fatalf("%s: %s\nin %+v", next.path, fault, want)
			}
			if !seen[want] {
				seen[want] = true
				queue = append(queue, next)
			}
		}
	}
	t.Logf("%d states, %d acts", len(seen), made)
	if len(seen) < 100 {
		t.Errorf("only %d states were reached", len(seen))
	}
}

// check compares the world with the model.
func (n *node) check(w *world) string {
	ctx := w.t.Context()
	p, err := w.store.Person(ctx, isil)
	if err != nil {
		return err.Error()
	}
	switch {
	case (p.Hash != "") != n.hash || !p.TOTP.IsZero() != n.totp || p.SMS != n.sms || p.Passkeys != n.model.keys || p.Locked != n.locked || !p.Proposed.IsZero() != n.proposed:
		return fmt.Sprintf("the factors are %+v", p)
	case p.Passkeys > 0 && (p.Hash != "" || !p.TOTP.IsZero() || p.SMS):
		return "there is a weaker way beside a passkey"
	}
	open, err := w.store.Sessions(ctx, isil)
	if err != nil {
		return err.Error()
	}
	for _, x := range open {
		switch {
		case n.locked:
			return "somebody who is locked has a session"
		case x.Level >= login.TwoFactors && !n.set():
			return "a session of two factors, and there are none"
		case x.Level != login.Enrolling && x.Level != login.TwoFactors && x.Level != login.Strong:
			return fmt.Sprintf("a session of level %d", x.Level)
		}
	}
	x, err := w.Session(ctx, n.has.session.Secret.Reveal())
	if got := err == nil; got != (n.level != 0) {
		return fmt.Sprintf("the session goes on: %t", got)
	}
	if err == nil && x.Level != n.level {
		return fmt.Sprintf("the session has level %d", x.Level)
	}
	if got := len(open) > 1 || len(open) == 1 && n.level == 0; got != n.model.other {
		return fmt.Sprintf("%d sessions are open", len(open))
	}
	return ""
}
