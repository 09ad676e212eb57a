package developer_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rem"
	"rem/edge/apistore"
	"rem/edge/developer"
	"rem/edge/hook"
	"rem/edge/outward"
	"rem/edge/web"
	"rem/internal/testkit"
	"rem/internal/testkit/browser"
	"rem/internal/testkit/vaulttest"
	"rem/message/happening"
	"rem/person/account"
	"rem/person/login"
	"rem/person/token"
	"rem/privacy/inventory"
)

// mine is the account of the pages; its cookie is drawn.
type mine struct {
	cookie login.Secret
	clock  *testkit.Clock
}

func (m mine) Account(context.Context, rem.AccountID) (account.Account, error) {
	return account.Account{ID: "acc-1", State: account.Open, Holder: account.Holder{Person: "per-1"}, Operators: []account.Operator{{Person: "per-1", May: account.Everything}}}, nil
}

func (m mine) Session(_ context.Context, cookie string) (web.Principal, error) {
	if cookie != m.cookie.Reveal() {
		return web.Principal{}, login.ErrNoSession
	}
	return web.Principal{Fresh: true, Session: login.Session{
		Who: login.Who{Kind: login.Holder, Person: "per-1"}, Account: "acc-1", Level: login.TwoFactors, Method: login.ByPasswordAndTOTP, Proved: m.clock.Now(),
	}}, nil
}

// A program of the customer's, which checks signatures with the secret that was copied
// from the page.
type program struct {
	mu      sync.Mutex
	secret  string
	status  int
	numbers []int64
	bad     int
}

func (x *program) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	x.mu.Lock()
	defer x.mu.Unlock()
	body, _ := io.ReadAll(q.Body)
	sec, _ := strconv.ParseInt(q.Header.Get("X-REM-Timestamp"), 10, 64)
	if q.Header.Get("X-REM-Signature") != happening.Sign(x.secret, time.Unix(sec, 0), body) {
		x.bad++
	}
	var b hook.Batch
	if json.Unmarshal(body, &b) == nil && x.status < 300 {
		for _, e := range b.Events {
			x.numbers = append(x.numbers, e.Number)
		}
	}
	w.WriteHeader(x.status)
}

func (x *program) answers(status int) { x.mu.Lock(); defer x.mu.Unlock(); x.status = status }

func (x *program) got() string { x.mu.Lock(); defer x.mu.Unlock(); return fmt.Sprint(x.numbers) }

// A person adds the address of his program, sees his events go there and fail, sends
// them again from a number, chooses kinds, and takes the address away: by pages
// alone, without scripts, in both languages, on a desk and on a phone.
func TestAPersonLooksAfterHisWebhooks(t *testing.T) {
	clock := testkit.NewClock(time.Now().UTC().Truncate(time.Second))
	me := mine{login.NewSecret(), clock}
	folder := t.TempDir()
	store, err := apistore.Open(t.Context(), filepath.Join(folder, "api.sqlite"), apistore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	receiver := &program{status: http.StatusNoContent}
	server := httptest.NewTLSServer(receiver)
	t.Cleanup(server.Close)
	guard, err := outward.NewGuard([]outward.Host{{Name: "127.0.0.1", Country: outward.Home, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	anchors := x509.NewCertPool()
	anchors.AddCert(server.Certificate())
	sealer := hook.Sealer{Keys: vaulttest.NewKeys()}
	hooks := &happening.Hooks{Store: store, Events: store, Accounts: me, Sealer: sealer, Clock: clock, Check: guard.Check}
	deliverer, err := hook.New(hook.Options{Events: store, Hooks: store, Accounts: me, Sealer: sealer, Clock: clock, Guard: guard, Anchors: anchors})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(deliverer.Close)
	at := 0
	happen := func(kinds ...happening.Kind) {
		t.Helper()
		var told []happening.Told
		for _, k := range kinds {
			told = append(told, happening.Told{Account: "acc-1", Event: happening.Event{At: clock.Now(), Kind: k, Message: "m-1"}})
		}
		from := ""
		if at > 0 {
			from = strconv.Itoa(at)
		}
		at++
		if err := store.Append(t.Context(), told, from, strconv.Itoa(at)); err != nil {
			t.Fatal(err)
		}
	}
	deliver := func() {
		t.Helper()
		for more := true; more; {
			if more, err = deliverer.Round(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	vault := vaulttest.New(t, inventory.Today()).Vault
	log := &strings.Builder{}
	base := browser.Serve(t, func(base string) http.Handler {
		enter := web.Part{Name: "test", Routes: []web.Route{{Name: "enter", Method: "GET", Pattern: "/enter", Who: web.Public, Handler: func(r *web.Request) (web.Answer, error) {
			r.Open(login.Opened{Secret: me.cookie})
			return web.Redirect{To: "/account/hooks"}, nil
		}}}}
		site, err := web.New(web.Config{
			Base: base, Name: rem.Text{Turkish: "Örnek KEP", English: "Sample KEP"}, Clock: clock, Log: slog.New(slog.NewTextHandler(log, nil)), Sessions: me, Strict: true,
			Menu: []web.MenuItem{{Text: rem.Text{Turkish: "Hesabım", English: "My account"}, Path: "/account/api"}},
		}, developer.Part(developer.Services{
			Tokens: &token.Service{Store: store.Tokens(), Accounts: me, Sealer: vault, Clock: clock}, Accounts: me, Vault: vault, Docs: base + "/tr/account/api", Hooks: hooks,
		}), enter)
		if err != nil {
			t.Fatal(err)
		}
		return site
	})

	p := browser.Open(t).Page(t, browser.NoScript)
	p.Open(base + "/tr/enter")
	p.Check()
	p.Shot("hooks-empty")
	add := func(url string) {
		t.Helper()
		p.Fill("url", url)
		p.Submit(`main form[action$="/account/hooks"]`)
	}
	for _, url := range []string{"http://127.0.0.1/kep", "https://elsewhere.example/kep", server.URL + "/kep?a=b", ""} {
		p.Open(base + "/tr/account/hooks")
		add(url)
		if p.Count(".problems") != 1 || p.Count(".notice.good") != 0 {
			t.Errorf("the address %q: %s", url, p.Text("main"))
		}
	}
	p.Check()
	p.Shot("hooks-refused")
	add(server.URL + "/kep")
	receiver.secret = p.Text(".notice code")
	if !strings.HasPrefix(receiver.secret, "rem_h_") {
		t.Fatalf("no secret: %s", p.Text("main"))
	}
	p.Check()
	p.Shot("hooks-added")
	p.Open(base + "/tr/account/hooks")
	if strings.Contains(p.Text("main"), receiver.secret) {
		t.Error("the secret is shown a second time")
	}
	p.Follow("main table a")
	one := p.Here()

	happen(happening.Submitted, happening.Filed, happening.Arrived)
	deliver()
	receiver.answers(http.StatusBadGateway)
	happen(happening.Opened, happening.Arrived)
	deliver()
	p.Open(one)
	text := p.Text("main")
	for _, want := range []string{"yeniden deneniyor", "2xx dışında", "1–3", "4–5", "onaylandı", "ulaşmadı", "Hesabın son olayı: 5."} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q: %s", want, text)
		}
	}
	p.Check()
	p.Shot("hook-failing")
	clock.Advance(happening.GiveUp)
	deliver()
	p.Open(one)
	if text := p.Text("main"); !strings.Contains(text, "vazgeçildi") {
		t.Errorf("after three days: %s", text)
	}
	p.Shot("hook-given-up")
	receiver.answers(http.StatusOK)
	p.Submit(`main form[action$="/resume"]`)
	deliver()
	p.Fill("after", "9")
	p.Submit(`main form[action$="/replay"]`)
	if p.Count(".problems") != 1 {
		t.Errorf("a number that there is not: %s", p.Text("main"))
	}
	p.Fill("after", "2")
	p.Submit(`main form[action$="/replay"]`)
	deliver()
	if got := receiver.got(); got != "[1 2 3 4 5 3 4 5]" || receiver.bad != 0 {
		t.Errorf("the program got %s, %d with a wrong signature", got, receiver.bad)
	}
	p.Click(`input[name="kind"][value="refused"]`)
	p.Submit(`main form[action$="/kinds"]`)
	happen(happening.Arrived, happening.Refused)
	p.Submit(`main form[action$="/pause"]`)
	deliver()
	if text := p.Text("main"); !strings.Contains(text, "duraklatıldı") || receiver.got() != "[1 2 3 4 5 3 4 5]" {
		t.Errorf("while it is paused %s came: %s", receiver.got(), text)
	}
	p.Submit(`main form[action$="/resume"]`)
	deliver()
	if got := receiver.got(); got != "[1 2 3 4 5 3 4 5 7]" {
		t.Errorf("after choosing refusals the program got %s", got)
	}
	for _, look := range []struct {
		name, language string
		options        []browser.Option
	}{{"desk", "tr", nil}, {"phone-dark", "en", []browser.Option{browser.Phone, browser.Dark}}, {"zoomed", "tr", []browser.Option{browser.Zoomed}}} {
		p.As(look.options...)
		for name, path := range map[string]string{"hooks": "/account/hooks", "hook": strings.TrimPrefix(one, base+"/tr"), "hook-removing": strings.TrimPrefix(one, base+"/tr") + "/remove", "api-tokens": "/account/api"} {
			p.Open(base + "/" + look.language + path)
			p.Check()
			p.Shot(name + "-" + look.name)
		}
	}
	p.As()
	p.Open(one + "/remove")
	p.Submit("main form")
	if text := p.Text("main"); !strings.Contains(text, "Henüz bir adres yok") {
		t.Errorf("after removing: %s", text)
	}
	happen(happening.Refused)
	deliver()
	if got := receiver.got(); got != "[1 2 3 4 5 3 4 5 7]" {
		t.Errorf("after removing the program got %s", got)
	}
	for _, name := range []string{"api.sqlite", "api.sqlite-wal"} {
		b, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), receiver.secret) {
			t.Errorf("%s has the secret in the clear", name)
		}
	}
	if strings.Contains(log.String(), receiver.secret) || strings.Contains(log.String(), "/kep") {
		t.Error("the secret or the address stands in the log")
	}
}
