package webmail_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"rem"
	"rem/edge/web"
	"rem/edge/webmail"
	"rem/internal/testkit"
	"rem/internal/testkit/mailboxtest"
	"rem/internal/testkit/world"
	"rem/message"
	"rem/message/mailbox"
	"rem/message/verification"
	"rem/person/account"
	"rem/person/login"
	"rem/privacy"
)

// here is the provider whose pages are looked at; ayse, bora and cem have their
// mailboxes there.
const here = "hs90"

// A desk is a provider with mailboxes in memory and the pages over them.
type desk struct {
	*testing.T
	kit      *world.Kit
	world    *world.World
	provider *world.Provider
	store    *mailboxtest.Memory
	box      *mailbox.Box
	follower *mailbox.Follower
	services webmail.Services
	site     *web.Site
	log      *strings.Builder
	records  []webmail.Exported
	fed      int
}

const base = "https://kep.example"

func newDesk(t *testing.T) *desk {
	k := world.NewKit(t)
	w := k.New(t, world.Options{})
	d := &desk{T: t, kit: k, world: w, provider: w.Providers[world.Domain(here)], store: mailboxtest.NewMemory(), log: &strings.Builder{}}
	d.store.Clock = w.Clock
	key := make([]byte, 32)
	d.box = &mailbox.Box{
		Ledger: d.provider.Store, Store: d.store, Accounts: d.provider.Store, Retriever: d.provider.Retriever, Submitter: d.provider.Submitter,
		Names: names{}, Clock: w.Clock, Domain: d.provider.Domain, WordKey: key,
		Spool: func() mailbox.Spool { return &spool{} },
	}
	d.follower = &mailbox.Follower{Feed: d, Ledger: d.provider.Store, Store: d.store, Domain: d.provider.Domain, WordKey: key}
	verifier, err := verification.New(verification.Options{Policy: w.Policy(), Clock: w.Clock})
	if err != nil {
		t.Fatal(err)
	}
	d.services = webmail.Services{
		Box: d.box, Accounts: d.provider.Store, Verifier: verifier, Provider: rem.Text{Turkish: "Örnek KEP", English: "Sample KEP"},
		Record: func(_ context.Context, _ mailbox.Visitor, e webmail.Exported) error {
			d.records = append(d.records, e)
			return nil
		},
	}
	d.site = d.open(base)
	return d
}

func (d *desk) open(base string) *web.Site {
	enter := web.Part{Name: "test", Routes: []web.Route{{Name: "enter", Method: "GET", Pattern: "/enter/{who}", Who: web.Public, Handler: func(r *web.Request) (web.Answer, error) {
		r.Open(login.Opened{Secret: secrets[r.Var("who")]})
		return web.Redirect{To: "/mail"}, nil
	}}}}
	site, err := web.New(web.Config{
		Base: base, Name: d.services.Provider, Clock: d.world.Clock, Log: slog.New(slog.NewTextHandler(d.log, nil)), Sessions: d, Strict: true,
		Menu: []web.MenuItem{{Text: rem.Text{Turkish: "Posta", English: "Mail"}, Path: "/mail"}},
	}, webmail.Part(d.services), enter)
	if err != nil {
		d.Fatal(err)
	}
	return site
}

// Session implements web.Sessions: the cookie of a user is his name, drawn out.
func (d *desk) Session(_ context.Context, cookie string) (web.Principal, error) {
	for _, user := range world.Users {
		if secretOf(user) == cookie {
			a := world.Account(user, d.provider.Domain)
			return web.Principal{Fresh: true, Session: login.Session{
				Who: login.Who{Kind: login.Holder, Person: a.Holder.Person}, Account: a.ID, Level: login.TwoFactors, Method: login.ByPasswordAndTOTP, Proved: d.world.Clock.Now(),
			}}, nil
		}
	}
	return web.Principal{}, login.ErrNoSession
}

// Steps implements mailbox.Feed: everything that the ledger has, told again whenever
// it has changed.
func (d *desk) Steps(ctx context.Context, after string, _ int) (steps []message.Step, next string, err error) {
	if after == strconv.Itoa(d.fed) {
		return nil, after, nil
	}
	ids, _, err := d.provider.Store.Messages(ctx, 0, 100_000)
	if err != nil {
		return nil, "", err
	}
	for _, id := range ids {
		v, err := d.provider.Store.Message(ctx, id)
		if err != nil {
			return nil, "", err
		}
		s := message.Step{Message: id, New: &v.Record, Filed: v.Filed}
		for n := range v.Record.Recipients {
			r := &v.Record.Recipients[n]
			s.Changes = append(s.Changes, message.Change{Recipient: n + 1})
			if r.Account != "" && mailbox.Arrived(v.Standing(n+1).State) {
				entries, err := d.provider.Store.Mailbox(ctx, r.Account, 0, 100_000)
				if err != nil {
					return nil, "", err
				}
				for _, e := range entries {
					if e.Message != id || e.Recipient != n+1 {
						continue
					}
					s.Arrivals = append(s.Arrivals, message.Arrival{Account: r.Account, Recipient: e.Recipient, Time: e.Arrived, Size: e.Size})
					if !e.Opened.IsZero() {
						steps = append(steps, message.Step{Message: id, At: e.Opened, Opens: e.Recipient, Actor: rem.Actor{Person: e.OpenedBy}})
					}
				}
			}
		}
		steps = append([]message.Step{s}, steps...)
		// What changed since is told once more without the record.
		steps = append(steps, message.Step{Message: id, Changes: s.Changes})
	}
	return steps, strconv.Itoa(d.fed), nil
}

// follow brings the mailboxes up to what happened.
func (d *desk) follow() {
	d.Helper()
	d.world.Now()
	d.fed++
	if _, err := d.follower.Follow(d.Context()); err != nil {
		d.Fatal(err)
	}
	for more := true; more; {
		var err error
		if more, err = d.follower.Index(d.Context(), 1000); err != nil {
			d.Fatal(err)
		}
	}
}

// send submits a message of a user here and delivers it.
func (d *desk) send(l world.Letter, from string, person int) rem.MessageID {
	d.Helper()
	l.From = world.Address(from, here)
	original := d.kit.Sign(d, l, person)
	r := d.world.Submit(from, here, original, append(append([]string{}, l.To...), l.Cc...)...)
	if r.Refusal != nil {
		d.Fatalf("%s: %v", l.Subject, r.Refusal)
	}
	d.follow()
	return r.Message
}

// items are those of a user, the newest first.
func (d *desk) items(user string, q mailbox.Query) []mailbox.Item {
	d.Helper()
	q.Limit = mailbox.MaxPage
	list, err := d.store.Items(d.Context(), world.Account(user, d.provider.Domain).ID, q)
	if err != nil {
		d.Fatal(err)
	}
	return list
}

func path(i mailbox.Item) string { return fmt.Sprintf("/mail/message/%d", i.ID) }

// secrets are the cookies of the users.
var secrets = func() map[string]login.Secret {
	m := map[string]login.Secret{}
	for _, user := range world.Users {
		m[user] = login.NewSecret()
	}
	return m
}()

func secretOf(user string) string { return secrets[user].Reveal() }

// answer is what the site gave.
type answer struct {
	code   int
	body   string
	header http.Header
}

func (d *desk) ask(user, method, path string, form url.Values) answer {
	d.Helper()
	q := httptest.NewRequest(method, base+"/tr"+path, strings.NewReader(form.Encode()))
	if user != "" {
		q.AddCookie(&http.Cookie{Name: "__Host-session", Value: secretOf(user)})
	}
	if method == "POST" {
		q.Header.Set("Origin", base)
		q.Header.Set("Sec-Fetch-Site", "same-origin")
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	d.site.ServeHTTP(w, q)
	if w.Code >= 500 {
		d.Fatalf("%s %s: %d\n%s", method, path, w.Code, d.log)
	}
	return answer{w.Code, w.Body.String(), w.Header()}
}

func (d *desk) get(user, path string) answer { d.Helper(); return d.ask(user, "GET", path, nil) }

func (d *desk) post(user, path string, form ...string) answer {
	d.Helper()
	v := url.Values{}
	for i := 0; i < len(form); i += 2 {
		v.Add(form[i], form[i+1])
	}
	return d.ask(user, "POST", path, v)
}

// to is where a redirect leads, without the language.
func (a answer) to() string { return strings.TrimPrefix(a.header.Get("Location"), "/tr") }

// kinds are the evidences of a message, by element name and outcome.
func (d *desk) kinds(id rem.MessageID) string {
	d.Helper()
	v, err := d.provider.Store.Message(d.Context(), id)
	if err != nil {
		d.Fatal(err)
	}
	var s []string
	for _, f := range v.Filed {
		s = append(s, f.Kind.String()+" "+f.Outcome.String())
	}
	return strings.Join(s, ", ")
}

type names struct{}

func (names) value(p rem.PersonID) privacy.Value {
	return privacy.NewValue("Ad "+string(p), privacy.ByDeclaration(testkit.Epoch))
}

func (n names) Acting(_ context.Context, who mailbox.Visitor, _ account.Account) (privacy.Value, error) {
	return n.value(who.Actor.Person), nil
}

func (n names) Holding(_ context.Context, _ mailbox.Visitor, a account.Account) (privacy.Value, error) {
	return n.value(a.Holder.Person), nil
}

// spool is one in memory.
type spool struct {
	b []byte
	*message.Memory
}

func (s *spool) Write(p []byte) (int, error) { s.b = append(s.b, p...); return len(p), nil }
func (s *spool) Seal() error                 { s.Memory = message.InMemory(s.b); return nil }
func (*spool) Close() error                  { return nil }

func (d *desk) visitor(user string) mailbox.Visitor {
	a := world.Account(user, d.provider.Domain)
	return mailbox.Visitor{Actor: rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: a.Holder.Person, Method: "urn:rem:authentication:test"}}
}
