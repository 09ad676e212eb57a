package login_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"rem"
	"rem/edge/passkey"
	"rem/internal/testkit"
	"rem/internal/testkit/logintest"
	"rem/internal/testkit/vaulttest"
	"rem/person/account"
	"rem/person/login"
	"rem/privacy/inventory"
)

const (
	host   = "kep.test"
	origin = "https://kep.test"
	// name and good are those of the person whom most tests are about.
	name = "isil.ogutcu@hs90.kep.test"
	good = "yedi gümüş tavşan lambası"
)

var (
	isil  = login.Who{Kind: login.Holder, Person: "per-1"}
	clerk = login.Who{Kind: login.Staff, Person: "per-9"}
)

// hasher counts what account.Hasher would compute.
type hasher struct{ checks atomic.Int64 }

func (h *hasher) Hash(_ context.Context, password string) (string, error) {
	return "hash of " + password, nil
}

func (h *hasher) Check(_ context.Context, hash, password string) error {
	h.checks.Add(1)
	if hash == "" || hash != "hash of "+password {
		return account.ErrPassword
	}
	return nil
}

// messenger keeps what it was given.
type messenger struct {
	mu    sync.Mutex
	codes []string
	told  []login.Notice
	fails error
}

func (m *messenger) Code(_ context.Context, _ login.Who, code string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.codes = append(m.codes, code)
	return m.fails
}

func (m *messenger) Tell(_ context.Context, n login.Notice) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fails == nil {
		m.told = append(m.told, n)
	}
	return m.fails
}

func (m *messenger) last() string { return m.codes[len(m.codes)-1] }

// gate lets in who is not kept out.
type gate struct{ out map[rem.PersonID]bool }

func (g *gate) May(_ context.Context, who login.Who) error {
	if g.out[who.Person] {
		return rem.Refuse(rem.PolicyViolation, "Eğitiminizin süresi doldu.", "Your training has expired.")
	}
	return nil
}

// signatures believes a signature "signed by N over " and the text.
type signatures struct{}

func (signatures) Signer(_ context.Context, text, signature []byte) (string, error) {
	by, over, ok := strings.Cut(string(signature), " over ")
	if !ok || over != string(text) {
		return "", login.ErrSignature
	}
	return by, nil
}

type world struct {
	*login.Service
	t         testing.TB
	clock     *testkit.Clock
	store     login.Store
	vault     *vaulttest.World
	hasher    *hasher
	messenger *messenger
	gate      *gate
	keys      *passkey.Passkeys
}

func newWorld(t testing.TB, store login.Store) *world {
	t.Helper()
	w := &world{t: t, store: store, vault: vaulttest.New(t, inventory.Today()), hasher: &hasher{}, messenger: &messenger{}, gate: &gate{out: map[rem.PersonID]bool{}}}
	w.clock = w.vault.Clock
	var err error
	if w.keys, err = passkey.New(host, origin, "KEP"); err != nil {
		t.Fatal(err)
	}
	w.restart()
	return w
}

// restart begins a new process on the same store and keys.
func (w *world) restart() {
	w.t.Helper()
	var err error
	w.Service, err = login.New(w.t.Context(), login.Config{
		Store: w.store, Vault: w.vault.Vault, Keys: w.vault.Keys, Clock: w.clock, Hasher: w.hasher, Passkeys: w.keys, Signatures: signatures{},
		Messenger: w.messenger, Gate: w.gate, Origin: origin, Issuer: "Örnek KEPHS",
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func at(address string) login.Visitor {
	return login.Visitor{Address: netip.MustParseAddr(address), Agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"}
}

var home = at("192.0.2.7")

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) is(what string, got, want error) {
	w.t.Helper()
	if !errors.Is(got, want) {
		w.t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// enrols opens the session in which somebody sets his credentials.
func (w *world) enrols(who login.Who, names ...string) login.Opened {
	w.t.Helper()
	grant, err := w.Grant(w.t.Context(), login.Granting{Who: who, Account: "acc-1", Names: names})
	w.must(err)
	o, err := w.Redeem(w.t.Context(), home, grant)
	w.must(err)
	return o
}

// app gives a holder a password and an authenticator app, and returns his session
// and the app's secret.
func (w *world) app(who login.Who, names ...string) (login.Opened, string) {
	w.t.Helper()
	ctx := w.t.Context()
	o := w.enrols(who, names...)
	device := o.Device
	o, err := w.SetPassword(ctx, o.Session, home, good, names...)
	w.must(err)
	p, err := w.ProposeTOTP(ctx, o.Session, home, name)
	w.must(err)
	if o, err = w.ConfirmTOTP(ctx, o.Session, home, w.code(p.Typed)); err != nil {
		w.t.Fatal(err)
	}
	o.Device = device
	w.clock.Advance(time.Minute) // its step was used
	return o, p.Typed
}

func (w *world) code(secret string) string {
	w.t.Helper()
	c, err := totp.GenerateCode(secret, w.clock.Now())
	w.must(err)
	return c
}

// key gives somebody a passkey and returns his session.
func (w *world) key(who login.Who, names ...string) (login.Opened, *logintest.Authenticator) {
	w.t.Helper()
	o := w.enrols(who, names...)
	return w.adds(o.Session, "Telefonum")
}

func (w *world) adds(x login.Session, called string) (login.Opened, *logintest.Authenticator) {
	w.t.Helper()
	a := logintest.NewAuthenticator(host, origin)
	options, err := w.NewPasskey(w.t.Context(), x, name)
	w.must(err)
	o, err := w.AddPasskey(w.t.Context(), x, home, called, a.Create(options))
	w.must(err)
	return o, a
}

func (w *world) byPasskey(st login.Start, a *logintest.Authenticator, v login.Visitor) (login.Opened, error) {
	w.t.Helper()
	options, err := w.PasskeyOptions(st)
	w.must(err)
	return w.PasskeyFinish(w.t.Context(), st, v, a.Get(options))
}

func (w *world) alive(s login.Secret) bool {
	w.t.Helper()
	_, err := w.Session(w.t.Context(), s.Reveal())
	if err != nil && !errors.Is(err, login.ErrNoSession) {
		w.t.Fatal(err)
	}
	return err == nil
}

// logIn logs in by password and app.
func (w *world) logIn(secret string, v login.Visitor) (login.Opened, error) {
	w.t.Helper()
	p, err := w.Password(w.t.Context(), w.Begin(login.Holder), v, name, good)
	if err != nil {
		return login.Opened{}, err
	}
	return w.Code(w.t.Context(), p, v, w.code(secret))
}
