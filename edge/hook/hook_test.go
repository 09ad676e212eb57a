package hook_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rem"
	"rem/edge/apistore"
	"rem/edge/hook"
	"rem/edge/outward"
	"rem/internal/testkit"
	"rem/internal/testkit/vaulttest"
	"rem/message/happening"
	"rem/person/account"
)

// accounts has one account, whose holder may read it while open.
type accounts struct {
	mu sync.Mutex
	a  account.Account
}

func (x *accounts) Account(context.Context, rem.AccountID) (account.Account, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.a, nil
}

// A receiver is a program of a customer's behind HTTPS.
type receiver struct {
	mu      sync.Mutex
	secret  string
	fail    int // answers this status instead, when not 0
	cut     bool
	numbers []int64
	ids     []string
	bad     []string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	body, _ := io.ReadAll(q.Body)
	sec, err := strconv.ParseInt(q.Header.Get("X-REM-Timestamp"), 10, 64)
	if want := happening.Sign(r.secret, time.Unix(sec, 0), body); err != nil || q.Header.Get("X-REM-Signature") != want {
		r.bad = append(r.bad, "signature")
	}
	var b hook.Batch
	if err := json.Unmarshal(body, &b); err != nil || b.Version != 1 || len(b.Events) == 0 {
		r.bad = append(r.bad, "body")
	}
	r.ids = append(r.ids, q.Header.Get("X-REM-Delivery"))
	switch {
	case r.fail >= 300 && r.fail < 400:
		w.Header().Set("Location", "https://127.0.0.1:1/elsewhere")
		fallthrough
	case r.fail != 0:
		w.WriteHeader(r.fail)
		return
	}
	for _, e := range b.Events {
		r.numbers = append(r.numbers, e.Number)
	}
	if r.cut { // it took the events, and its answer is lost
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(http.StatusNoContent)
}

func (r *receiver) set(f func()) { r.mu.Lock(); defer r.mu.Unlock(); f() }

type bench struct {
	t        *testing.T
	clock    *testkit.Clock
	store    *apistore.Store
	hooks    *happening.Hooks
	accounts *accounts
	receiver *receiver
	server   *httptest.Server
	sealer   hook.Sealer
	by       rem.Actor
	at       int
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, clock: testkit.NewClock(time.Now().UTC().Truncate(time.Second)), receiver: &receiver{}, by: rem.Actor{Account: "acc-1", Holder: "per-1", Person: "per-1"}}
	var err error
	if b.store, err = apistore.Open(t.Context(), filepath.Join(t.TempDir(), "api.sqlite"), apistore.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.store.Close() })
	b.accounts = &accounts{a: account.Account{ID: "acc-1", State: account.Open, Holder: account.Holder{Person: "per-1"}, Operators: []account.Operator{{Person: "per-1", May: account.Everything}}}}
	b.server = httptest.NewTLSServer(b.receiver)
	t.Cleanup(b.server.Close)
	b.sealer = hook.Sealer{Keys: vaulttest.NewKeys()}
	b.hooks = &happening.Hooks{Store: b.store, Events: b.store, Accounts: b.accounts, Sealer: b.sealer, Clock: b.clock, Check: b.guard("127.0.0.0/8").Check}
	return b
}

// guard lists the receiver's host, in the network where there is one.
func (b *bench) guard(networks ...string) *outward.Guard {
	h := outward.Host{Name: "127.0.0.1", Country: outward.Home}
	for _, n := range networks {
		h.Networks = append(h.Networks, netip.MustParsePrefix(n))
	}
	g, err := outward.NewGuard([]outward.Host{h}, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return g
}

func (b *bench) deliverer(guard *outward.Guard, anchors *x509.CertPool) *hook.Deliverer {
	if anchors == nil {
		anchors = x509.NewCertPool()
		anchors.AddCert(b.server.Certificate())
	}
	d, err := hook.New(hook.Options{Events: b.store, Hooks: b.store, Accounts: b.accounts, Sealer: b.sealer, Clock: b.clock, Guard: guard, Anchors: anchors, Timeout: 5 * time.Second})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(d.Close)
	return d
}

// happen makes n events of the account and one of another.
func (b *bench) happen(n int) {
	b.t.Helper()
	var told []happening.Told
	for range n {
		told = append(told, happening.Told{Account: "acc-1", Event: happening.Event{At: b.clock.Now(), Kind: happening.Submitted, Message: "m-1"}},
			happening.Told{Account: "acc-2", Event: happening.Event{At: b.clock.Now(), Kind: happening.Arrived, Message: "m-2"}})
	}
	from := ""
	if b.at > 0 { // "" at first
		from = fmt.Sprint(b.at)
	}
	b.at++
	for range 2 { // made again it changes nothing
		if err := b.store.Append(b.t.Context(), told, from, fmt.Sprint(b.at)); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *bench) create() happening.Hook {
	b.t.Helper()
	h, secret, err := b.hooks.Create(b.t.Context(), b.by, b.server.URL+"/kep")
	if err != nil {
		b.t.Fatal(err)
	}
	b.receiver.set(func() { b.receiver.secret = secret })
	return h
}

func (b *bench) rounds(d *hook.Deliverer) {
	b.t.Helper()
	for {
		more, err := d.Round(b.t.Context())
		if err != nil {
			b.t.Fatal(err)
		}
		if !more {
			return
		}
	}
}

func (b *bench) hook(id happening.HookID) happening.Hook {
	b.t.Helper()
	h, err := b.store.Hook(b.t.Context(), "acc-1", id)
	if err != nil {
		b.t.Fatal(err)
	}
	return h
}

// Events come in order, signed, in batches; after faults the same batch comes again
// under the same name, and nothing is left out.
func TestEventsComeInOrderAndAgainAfterFaults(t *testing.T) {
	b := newBench(t)
	b.happen(3) // before the hook
	h := b.create()
	d := b.deliverer(b.guard("127.0.0.0/8"), nil)
	b.rounds(d)
	if len(b.receiver.ids) != 0 {
		t.Errorf("what happened before it was made was sent: %v", b.receiver.ids)
	}
	b.receiver.set(func() { b.receiver.fail = 503 })
	b.happen(150)
	b.rounds(d)
	b.happen(30) // does not grow the batch that is being tried
	b.clock.Advance(happening.First)
	b.rounds(d)
	if got := b.hook(h.ID); got.Fault != happening.Answered || got.Attempts != 2 || got.Cursor != 3 {
		t.Fatalf("after two failures it is %+v", got)
	}
	b.receiver.set(func() { b.receiver.fail, b.receiver.cut = 0, true })
	b.clock.Advance(happening.Last)
	b.rounds(d)
	b.receiver.set(func() { b.receiver.cut = false })
	d = b.deliverer(b.guard("127.0.0.0/8"), nil) // the process restarts
	b.clock.Advance(happening.Last)
	b.rounds(d)
	r := b.receiver
	if len(r.bad) != 0 {
		t.Errorf("the receiver found wrong: %v", r.bad)
	}
	if r.ids[0] != r.ids[1] || r.ids[1] != r.ids[2] || r.ids[2] != r.ids[3] {
		t.Errorf("one batch had the names %v", r.ids[:4])
	}
	seen := map[int64]bool{}
	next := int64(4)
	for _, n := range r.numbers {
		if !seen[n] && n != next {
			t.Fatalf("%d came before %d", n, next)
		}
		if !seen[n] {
			next++
		}
		seen[n] = true
	}
	if len(seen) != 180 || len(r.numbers) != 280 {
		t.Errorf("%d events came in %d, want 180 of which a batch of 100 twice", len(seen), len(r.numbers))
	}
	if got := b.hook(h.ID); got.Cursor != 183 || got.Fault != "" || got.Confirmed.IsZero() {
		t.Errorf("at the end it is %+v", got)
	}
	if err := b.hooks.Replay(t.Context(), b.by, h.ID, 180); err != nil {
		t.Fatal(err)
	}
	b.rounds(d)
	if tail := fmt.Sprint(r.numbers[len(r.numbers)-3:]); tail != "[181 182 183]" {
		t.Errorf("replaying after 180 gave %s", tail)
	}
}

// A receiver that fails for three days is left alone until its person goes on.
func TestAReceiverThatStaysAwayIsGivenUp(t *testing.T) {
	b := newBench(t)
	h := b.create()
	d := b.deliverer(b.guard("127.0.0.0/8"), nil)
	b.receiver.set(func() { b.receiver.fail = 500 })
	b.happen(1)
	for i := 0; b.hook(h.ID).State == happening.Running; i++ {
		if i > 200 {
			t.Fatal("it never gives up")
		}
		b.rounds(d)
		b.clock.Advance(happening.Last)
	}
	got := b.hook(h.ID)
	if got.State != happening.GivenUp || b.clock.Now().Sub(got.Failing) < happening.GiveUp || got.Attempts < 70 {
		t.Errorf("it was given up as %+v", got)
	}
	b.receiver.set(func() { b.receiver.fail = 0 })
	b.clock.Advance(24 * time.Hour)
	b.rounds(d)
	if len(b.receiver.numbers) != 0 {
		t.Error("something was sent to a hook that was given up")
	}
	if err := b.hooks.Resume(t.Context(), b.by, h.ID); err != nil {
		t.Fatal(err)
	}
	b.rounds(d)
	if len(b.receiver.numbers) != 1 {
		t.Errorf("after going on %v came", b.receiver.numbers)
	}
}

// Redirects are not followed, private addresses that the list does not name are not
// called, strangers' certificates are not believed, and who may no longer read is told
// nothing.
func TestWhatIsNotSent(t *testing.T) {
	for name, c := range map[string]struct {
		change func(b *bench) *hook.Deliverer
		want   happening.Fault
	}{
		"a redirect": {func(b *bench) *hook.Deliverer {
			b.receiver.set(func() { b.receiver.fail = 307 })
			return b.deliverer(b.guard("127.0.0.0/8"), nil)
		}, happening.Redirected},
		"a private address": {func(b *bench) *hook.Deliverer { return b.deliverer(b.guard(), nil) }, happening.Residency},
		"a stranger's certificate": {func(b *bench) *hook.Deliverer {
			return b.deliverer(b.guard("127.0.0.0/8"), x509.NewCertPool())
		}, happening.Certificate},
		"nobody there": {func(b *bench) *hook.Deliverer {
			b.server.Close()
			return b.deliverer(b.guard("127.0.0.0/8"), x509.NewCertPool())
		}, happening.Away},
		"no right any more": {func(b *bench) *hook.Deliverer {
			b.accounts.mu.Lock()
			b.accounts.a.State = account.Closed
			b.accounts.mu.Unlock()
			return b.deliverer(b.guard("127.0.0.0/8"), nil)
		}, happening.Nobody},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			h := b.create()
			b.happen(1)
			b.rounds(c.change(b))
			got := b.hook(h.ID)
			if got.Fault != c.want || got.Cursor != 0 || len(b.receiver.numbers) != 0 {
				t.Errorf("it is %+v, and %d events came", got, len(b.receiver.numbers))
			}
		})
	}
}

// The store has no secret in the clear, and another hook's does not open.
func TestTheSecretIsSealedForItsHook(t *testing.T) {
	b := newBench(t)
	h := b.create()
	sealed, err := b.store.HookSecret(t.Context(), h.ID)
	if err != nil || strings.Contains(string(sealed), b.receiver.secret) {
		t.Fatalf("the store has the secret: %v", err)
	}
	if err := b.hooks.Remove(t.Context(), b.by, h.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := b.store.HookSecret(t.Context(), h.ID); !errors.Is(err, happening.ErrNotFound) {
		t.Errorf("after removing: %v", err)
	}
}
