package login_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"rem/edge/personstore"
	"rem/internal/testkit/logintest"
	"rem/person/login"
)

var errBroken = errors.New("the disk fails")

// Every durable effect of a journey fails once, unapplied or applied and not
// reported; then the process begins anew. Nobody gets a session twice from one
// code or grant, and nobody is kept out for good.
func TestAFailureAtAnyStepLeavesAWayOn(t *testing.T) {
	for _, point := range []string{"update", "updated"} {
		for at := 1; ; at++ {
			fell := false
			t.Run(fmt.Sprint(point, "/", at), func(t *testing.T) { fell = fails(t, point, at) })
			if !fell {
				if at < 8 {
					t.Errorf("only %d effects of the journey", at)
				}
				break
			}
		}
	}
}

// fails makes a journey whose at-th effect fails at the point, and goes on after
// it. It reports whether there was such an effect.
func fails(t *testing.T, point string, at int) (fell bool) {
	path := filepath.Join(t.TempDir(), "persons.sqlite")
	count := 0
	effect := func(p string) error {
		if p != point {
			return nil
		}
		if count++; count == at {
			fell = true
			return errBroken
		}
		return nil
	}
	var s *personstore.Store
	open := func() {
		var err error
		if s, err = personstore.Open(t.Context(), path, personstore.Options{Effect: effect}); err != nil {
			t.Fatal(err)
		}
	}
	open()
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	w := newWorld(t, s.Logins())
	ctx := t.Context()
	// again makes an act until it comes through; after a failure in a new process.
	again := func(what string, do func() error) {
		t.Helper()
		for range 3 {
			err := do()
			if err == nil {
				return
			}
			if !errors.Is(err, errBroken) && !fell {
				t.Fatalf("%s: %v", what, err)
			}
			w.must(s.Close())
			open()
			w.store = s.Logins()
			w.restart()
			w.clock.Advance(time.Minute)
		}
		t.Fatalf("%s: there is no way on", what)
	}
	var o login.Opened
	app := ""
	// Enrolling is begun anew by another grant, as the caller does; one that came
	// through without having been reported says so.
	again("enrolling", func() error {
		grant, err := w.Grant(ctx, login.Granting{Who: isil, Account: "acc-1", Names: []string{name}})
		if errors.Is(err, login.ErrReady) {
			return nil
		}
		if err != nil {
			return err
		}
		if o, err = w.Redeem(ctx, home, grant); err != nil {
			return err
		}
		if o, err = w.SetPassword(ctx, o.Session, home, good); err != nil {
			return err
		}
		p, err := w.ProposeTOTP(ctx, o.Session, home, name)
		if err != nil {
			return err
		}
		app = p.Typed
		o, err = w.ConfirmTOTP(ctx, o.Session, home, w.code(app))
		return err
	})
	used := ""
	again("logging in", func() error {
		w.clock.Advance(time.Minute)
		p, err := w.Password(ctx, w.Begin(login.Holder), home, name, good)
		if err != nil {
			return err
		}
		used = w.code(app)
		o, err = w.Code(ctx, p, home, used)
		return err
	})
	if !w.alive(o.Secret) {
		t.Error("who logged in has no session")
	}
	p, err := w.Password(ctx, w.Begin(login.Holder), home, name, good)
	for errors.Is(err, errBroken) {
		p, err = w.Password(ctx, w.Begin(login.Holder), home, name, good)
	}
	w.must(err)
	if _, err := w.Code(ctx, p, home, used); err == nil {
		t.Error("a code was good twice")
	}
	before, a := o, logintest.NewAuthenticator(host, origin)
	again("a passkey", func() error {
		x, err := w.Session(ctx, before.Secret.Reveal())
		if errors.Is(err, login.ErrNoSession) {
			// It came through and was not reported: he logs in by what he has.
			o, err = w.byPasskey(w.Begin(login.Holder), a, home)
			return err
		}
		if err != nil {
			return err
		}
		options, err := w.NewPasskey(ctx, x, name)
		if err != nil {
			return err
		}
		o, err = w.AddPasskey(ctx, x, home, "x", a.Create(options))
		return err
	})
	if !w.alive(o.Secret) {
		t.Error("who has a passkey has no session")
	}
	if w.alive(before.Secret) {
		t.Error("the secret before goes on")
	}
	return fell
}
