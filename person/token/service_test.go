package token_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rem"
	"rem/edge/apistore"
	"rem/internal/testkit"
	"rem/internal/testkit/vaulttest"
	"rem/person/account"
	"rem/person/token"
	"rem/privacy/inventory"
)

// accounts are two, which a test may change.
type accounts struct {
	mu  sync.Mutex
	all map[rem.AccountID]account.Account // guarded by mu
}

func (a *accounts) Account(_ context.Context, id rem.AccountID) (account.Account, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	x, ok := a.all[id]
	if !ok {
		return account.Account{}, account.ErrNotFound
	}
	return x, nil
}

func (a *accounts) change(id rem.AccountID, do func(*account.Account)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	x := a.all[id]
	x.Operators = append([]account.Operator(nil), x.Operators...)
	do(&x)
	a.all[id] = x
}

type world struct {
	*token.Service
	clock    *testkit.Clock
	accounts *accounts
	path     string
	store    *apistore.Store
}

func newWorld(t *testing.T) *world {
	t.Helper()
	clock := testkit.NewClock(testkit.Epoch)
	of := func(id rem.AccountID, people ...rem.PersonID) account.Account {
		a := account.Account{ID: id, Address: rem.MustAddress(string(id) + "@hs90.kep.test"), State: account.Open, Created: testkit.Epoch, Holder: account.Holder{Person: people[0]}}
		for i, p := range people {
			o := account.Operator{Person: p, May: account.Everything}
			if i > 0 {
				o.May = account.Reading
			}
			a.Operators = append(a.Operators, o)
		}
		return a
	}
	w := &world{clock: clock, path: filepath.Join(t.TempDir(), "api.db"), accounts: &accounts{all: map[rem.AccountID]account.Account{
		"hesap-1": of("hesap-1", "kisi-1", "kisi-2"), "hesap-9": of("hesap-9", "kisi-9"),
	}}}
	w.Service = &token.Service{Accounts: w.accounts, Sealer: vaulttest.New(t, inventory.Today()), Clock: clock}
	w.open(t)
	return w
}

// open opens the store, again after a restart.
func (w *world) open(t *testing.T) {
	t.Helper()
	if w.store != nil {
		if err := w.store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if w.store, err = apistore.Open(t.Context(), w.path, apistore.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.store.Close() })
	w.Service.Store = w.store.Tokens()
}

func actor(a rem.AccountID, p rem.PersonID) rem.Actor {
	return rem.Actor{Account: a, Holder: "kisi-1", Person: p}
}

func (w *world) create(t *testing.T, p rem.PersonID, kind token.Kind, scopes ...token.Scope) (token.Key, token.Secret) {
	t.Helper()
	k, s, err := w.Create(t.Context(), actor("hesap-1", p), token.Wish{Kind: kind, Label: "Muhasebe", Scopes: scopes, Term: 30 * 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return k, s
}

// A token is its person's on his account, until it ends, is revoked, or he may no
// longer act; for the next request, and after a restart too (AT-29).
func TestTokenIsWorthWhatItsPersonMayDoNow(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *world, token.Key){
		"it is revoked": func(t *testing.T, w *world, k token.Key) {
			if err := w.Revoke(t.Context(), actor("hesap-1", "kisi-2"), k.ID); err != nil {
				t.Fatal(err)
			}
		},
		"its term is over": func(_ *testing.T, w *world, k token.Key) { w.clock.Set(k.Until) },
		"the person is removed": func(_ *testing.T, w *world, _ token.Key) {
			w.accounts.change("hesap-1", func(a *account.Account) { a.Operators = a.Operators[:1] })
		},
		"the person's term is over": func(_ *testing.T, w *world, _ token.Key) {
			w.accounts.change("hesap-1", func(a *account.Account) { a.Operators[1].Until = w.clock.Now() })
		},
		"the account is closed": func(_ *testing.T, w *world, _ token.Key) {
			w.accounts.change("hesap-1", func(a *account.Account) { a.State = account.Closed })
		},
	} {
		for _, kind := range []token.Kind{token.Personal, token.Client} {
			t.Run(name+", "+string(kind), func(t *testing.T) {
				w := newWorld(t)
				k, s := w.create(t, "kisi-2", kind, token.List, token.Read)
				shown := s.Reveal()
				if kind == token.Client {
					_, access, err := w.Exchange(t.Context(), k.ID, shown, nil)
					if err != nil {
						t.Fatal(err)
					}
					shown = access.Reveal()
				}
				b, err := w.Authenticate(t.Context(), shown)
				if err != nil {
					t.Fatal(err)
				}
				want := rem.Actor{Account: "hesap-1", Holder: "kisi-1", Person: "kisi-2", Method: token.Method}
				if b.Actor != want || !b.May(token.Read) || b.May(token.Send) {
					t.Errorf("got %+v, want %+v", b, want)
				}
				end(t, w, k)
				w.open(t)
				if _, err := w.Authenticate(t.Context(), shown); !errors.Is(err, token.ErrUnknown) {
					t.Errorf("it still holds: %v", err)
				}
				if _, _, err := w.Exchange(t.Context(), k.ID, s.Reveal(), nil); !errors.Is(err, token.ErrUnknown) {
					t.Errorf("it still gets access: %v", err)
				}
			})
		}
	}
}

// Nobody gives a program what he may not do himself, and a client gets no scope
// that it does not have.
func TestScopesAreNotWidened(t *testing.T) {
	w := newWorld(t)
	_, _, err := w.Create(t.Context(), actor("hesap-1", "kisi-2"), token.Wish{Kind: token.Personal, Scopes: []token.Scope{token.Send}, Term: time.Hour})
	if !errors.Is(err, token.ErrScope) {
		t.Errorf("who may not send made a token that does: %v", err)
	}
	k, s := w.create(t, "kisi-1", token.Client, token.List)
	if _, _, err := w.Exchange(t.Context(), k.ID, s.Reveal(), []token.Scope{token.Read}); !errors.Is(err, token.ErrScope) {
		t.Errorf("a client widened its scopes: %v", err)
	}
	for _, bad := range []token.Wish{
		{Kind: token.Personal, Scopes: []token.Scope{token.List}},
		{Kind: token.Personal, Scopes: []token.Scope{token.List}, Term: token.MaxTerm + 1},
		{Kind: token.Personal, Term: time.Hour},
		{Kind: "other", Scopes: []token.Scope{token.List}, Term: time.Hour},
		{Kind: token.Personal, Scopes: []token.Scope{"root"}, Term: time.Hour},
	} {
		if _, _, err := w.Create(t.Context(), actor("hesap-1", "kisi-1"), bad); err == nil {
			t.Errorf("%+v was made", bad)
		}
	}
}

// A secret of one sort opens nothing of another, and neither does one that is
// changed anywhere.
func TestOnlyTheVerySecretOpens(t *testing.T) {
	w := newWorld(t)
	k, personal := w.create(t, "kisi-1", token.Personal, token.List)
	c, client := w.create(t, "kisi-1", token.Client, token.List)
	_, access, err := w.Exchange(t.Context(), c.ID, client.Reveal(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Authenticate(t.Context(), client.Reveal()); !errors.Is(err, token.ErrUnknown) {
		t.Error("a client's secret was taken for a token")
	}
	for id, s := range map[token.ID]string{k.ID: personal.Reveal(), c.ID: access.Reveal()} {
		if _, _, err := w.Exchange(t.Context(), id, s, nil); !errors.Is(err, token.ErrUnknown) {
			t.Error("a token was taken for a client's secret")
		}
	}
	for _, s := range []string{personal.Reveal(), access.Reveal()} {
		for i := range len(s) {
			for _, c := range []byte("A_b-") {
				changed := s[:i] + string(c) + s[i+1:]
				if changed == s {
					continue
				}
				if _, err := w.Authenticate(t.Context(), changed); !errors.Is(err, token.ErrUnknown) {
					t.Fatalf("changed at %d it still opens", i)
				}
			}
		}
		for _, other := range []string{"", s + "A", s[:len(s)-1], strings.ToUpper(s), "rem_p_", "Bearer " + s} {
			if _, err := w.Authenticate(t.Context(), other); !errors.Is(err, token.ErrUnknown) {
				t.Errorf("%d octets of something else open", len(other))
			}
		}
	}
	if text := fmt.Sprintf("%v %+v %#v %s", personal, personal, personal, personal); strings.Contains(text, personal.Reveal()) {
		t.Error("a secret prints itself")
	}
}

// AT-28: another account's keys are not there, whoever asks; of one's own account
// one ends what is his, and who appoints operators ends all.
func TestAnothersKeysAreNotThere(t *testing.T) {
	w := newWorld(t)
	first, _ := w.create(t, "kisi-1", token.Personal, token.List)
	second, s := w.create(t, "kisi-2", token.Personal, token.List)
	for _, c := range []struct {
		by   rem.Actor
		id   token.ID
		want error
	}{
		{actor("hesap-9", "kisi-9"), first.ID, token.ErrUnknown},
		{actor("hesap-1", "kisi-2"), first.ID, token.ErrUnknown}, // his superior's
		{actor("hesap-1", "kisi-1"), "absent", token.ErrUnknown},
		{actor("hesap-1", "kisi-1"), second.ID, nil},
		{actor("hesap-1", "kisi-1"), second.ID, nil}, // again
	} {
		if err := w.Revoke(t.Context(), c.by, c.id); !errors.Is(err, c.want) {
			t.Errorf("%s of %s revokes %s: %v, want %v", c.by.Person, c.by.Account, c.id, err, c.want)
		}
	}
	if _, err := w.Authenticate(t.Context(), s.Reveal()); !errors.Is(err, token.ErrUnknown) {
		t.Errorf("a revoked one holds: %v", err)
	}
	list, err := w.Keys(t.Context(), actor("hesap-1", "kisi-2"))
	if err != nil || len(list) != 1 || list[0].ID != second.ID || list[0].By != "kisi-1" {
		t.Errorf("got %+v (%v), want the second one, revoked by the first person", list, err)
	}
}

// However many are made at once, no more than the bound hold.
func TestKeysAreBounded(t *testing.T) {
	w := newWorld(t)
	var wait sync.WaitGroup
	made := make(chan error, 2*token.MaxKeys)
	for range 2 * token.MaxKeys {
		wait.Go(func() {
			_, _, err := w.Create(t.Context(), actor("hesap-1", "kisi-1"), token.Wish{Kind: token.Personal, Scopes: []token.Scope{token.List}, Term: time.Hour})
			made <- err
		})
	}
	wait.Wait()
	close(made)
	n := 0
	for err := range made {
		switch {
		case err == nil:
			n++
		case !errors.Is(err, token.ErrTooMany):
			t.Error(err)
		}
	}
	if n != token.MaxKeys {
		t.Errorf("%d were made, want %d", n, token.MaxKeys)
	}
}

// What ended is forgotten, and an access token given while its key is revoked is
// none.
func TestAccessEndsWithItsKey(t *testing.T) {
	w := newWorld(t)
	k, s := w.create(t, "kisi-1", token.Client, token.List)
	_, access, err := w.Exchange(t.Context(), k.ID, s.Reveal(), nil)
	if err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(token.AccessTerm)
	if _, err := w.Authenticate(t.Context(), access.Reveal()); !errors.Is(err, token.ErrUnknown) {
		t.Errorf("an access token outlived its term: %v", err)
	}
	w.clock.Advance(token.AccessTerm + time.Second)
	if err := w.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.Revoke(t.Context(), actor("hesap-1", "kisi-1"), k.ID); err != nil {
		t.Fatal(err)
	}
	late := token.Access{Secret: token.Digest{1}, Key: k.ID, Made: w.clock.Now(), Until: w.clock.Now().Add(time.Hour)}
	if err := w.store.Tokens().AddAccess(t.Context(), late); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.store.Tokens().Access(t.Context(), late.Secret); !errors.Is(err, token.ErrUnknown) {
		t.Errorf("a revoked key got access: %v", err)
	}
}
