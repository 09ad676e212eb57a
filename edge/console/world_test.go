package console_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rem"
	"rem/edge/console"
	"rem/edge/personstore"
	"rem/edge/web"
	"rem/internal/testkit"
	"rem/internal/testkit/ledgertest"
	"rem/internal/testkit/partnertest"
	"rem/internal/testkit/personledgertest"
	"rem/person"
	"rem/person/account"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/person/identity"
	"rem/person/login"
	"rem/person/news"
	"rem/privacy"
	"rem/privacy/notice"
	"rem/provider/directory"
	"rem/provider/partner"
	"rem/provider/publication"
	"rem/provider/staff"
)

const base = "https://kep.test"

// A world is a desk over the real store, the real book of staff, the real service
// of enrolment and the real desk of institutions. What is outside of them is
// played: scanner, messages, log-ins.
type world struct {
	t        testing.TB
	kit      *partnertest.Kit
	forms    *personledgertest.Kit
	store    *personstore.Store
	clock    *testkit.Clock
	site     *web.Site
	services console.Services
	service  *enrolment.Service
	accounts *ledgertest.Memory

	approver, both, support, auditor, untrained rem.PersonID

	mu       sync.Mutex
	sessions map[string]rem.PersonID // by cookie; guarded by mu
	cookies  map[rem.PersonID]string // guarded by mu
	stale    map[rem.PersonID]bool   // whose log-in is long ago; guarded by mu
	infected bool
	away     bool // the scanner
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func newWorld(t testing.TB) *world {
	t.Helper()
	ctx := t.Context()
	w := &world{t: t, sessions: map[string]rem.PersonID{}, cookies: map[rem.PersonID]string{}, stale: map[rem.PersonID]bool{}, accounts: ledgertest.NewMemory()}
	var err error
	w.store, err = personstore.Open(ctx, filepath.Join(t.TempDir(), "persons.sqlite"), personstore.Options{})
	w.must(err)
	t.Cleanup(func() { w.store.Close() })
	w.kit = partnertest.New(t, w.store)
	w.clock = w.kit.Clock
	w.kit.Desk.Applications = w.store
	w.forms = &personledgertest.Kit{Vault: w.kit.Vault, Rules: w.kit.Rules()}
	w.approver = w.hire("Gül Taş", staff.Approver)
	w.both = w.hire("Hakan Er", staff.Officer, staff.Approver)
	w.support = w.hire("İpek Yurt", staff.Support)
	w.auditor = w.hire("Jale Kar", staff.Auditor)
	w.untrained = w.appoint("Kaya Dağ", staff.Officer)

	index := func(name string) *privacy.BlindIndexer {
		x, err := privacy.NewBlindIndexer(ctx, w.kit.Vault.Keys, privacy.BlindIndex{Name: name, Version: 1})
		w.must(err)
		return x
	}
	w.kit.Vault.Log.Clock = w.clock
	w.service, err = enrolment.New(ctx, enrolment.Config{
		Settings: enrolment.Settings{
			Provider: rem.Text{Turkish: "Örnek KEP", English: "Sample KEP"}, Domain: "hs90.kep.test", Forms: personledgertest.Forms,
			Resume: func(login.Secret) string { return base }, Activation: func(login.Secret) string { return base },
			Offices: offices,
		},
		Rules: w.forms.Rules, Ledger: w.store, Store: w.store.Enrolment(), Papers: &papers{kept: map[string][][]byte{}}, Vault: w.kit.Vault.Vault, Keys: w.kit.Vault.Keys,
		Notices: nobody{}, Documents: nobody{}, Accounts: w.accounts, Messenger: nobody{}, Scanner: scanner{w}, Judge: nobody{}, Looks: w.kit.Vault.Log,
		Identity: index("person.identity"), Signatory: index("account.signatory"), Clock: w.clock, Random: rand.Reader,
	})
	w.must(err)
	w.services = console.Services{
		Clock: w.clock, Staff: w.kit.Book, PolicyText: func(context.Context, rem.Digest) ([]byte, error) { return []byte("politika"), nil }, Vault: w.kit.Vault.Vault, Cases: w.store, Desk: w.service.Desk(), Offices: offices,
		Partners: w.kit.Desk, Keep: func(context.Context, person.ApplicationID) func(identity.Kept) error {
			return func(identity.Kept) error { return nil }
		},
		Accounts: w.accounts, Keeper: &account.Keeper{Store: w.accounts, Sessions: nobody{}, Messenger: teller{}, Clock: w.clock, Terms: account.Terms{}},
		Deliveries: w.store.Outbox(),
	}
	w.site, err = web.New(w.config(base), w.parts()...)
	w.must(err)
	return w
}

var offices = []enrolment.Office{{
	ID: "ankara", Name: rem.Text{Turkish: "Ankara", English: "Ankara"}, Days: []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday},
	From: 9 * time.Hour, Until: 17 * time.Hour, Slot: 30 * time.Minute, Seats: 2,
}}

func (w *world) config(base string) web.Config {
	return web.Config{
		Base: base, Name: rem.Text{Turkish: "Örnek KEP", English: "Sample KEP"}, Clock: w.clock, Log: slog.New(slog.NewTextHandler(logger{w.t}, nil)), Sessions: sessions{w}, Strict: true,
		Simulated: []rem.Text{{Turkish: "girişler", English: "log-ins"}},
	}
}

// parts are the pages, and those by which a browser gets a session in a test.
func (w *world) parts() []web.Part {
	page := func(*web.Request) (web.Answer, error) { return nil, web.ErrNotFound }
	return append(console.Parts(w.services), web.Part{Name: "played", Routes: []web.Route{
		{Name: "enter", Method: "GET", Pattern: "/enter/{who}", Who: web.Public, Handler: func(r *web.Request) (web.Answer, error) {
			secret, err := login.ParseSecret(w.cookie(rem.PersonID(r.Var("who"))))
			if err != nil {
				return nil, err
			}
			r.Open(login.Opened{Secret: secret})
			to := "/desk"
			if w.institution(rem.PersonID(r.Var("who"))) {
				to = "/partner"
			}
			return web.Redirect{To: to}, nil
		}},
		{Name: "home", Method: "GET", Pattern: "/", Who: web.Public, Handler: page},
		{Name: "desk", Method: "GET", Pattern: "/desk/login", Who: web.Public, Handler: page},
		{Name: "partner", Method: "GET", Pattern: "/partner/login", Who: web.Public, Handler: page},
		{Name: "again", Method: "GET", Pattern: "/login/again", Who: web.Public, Handler: page},
	}})
}

// logger writes to the test, and fails it for a fault of a page.
type logger struct{ t testing.TB }

func (l logger) Write(b []byte) (int, error) {
	l.t.Errorf("the site complains: %s", b)
	return len(b), nil
}

func machine(p rem.PersonID) staff.Hand {
	return staff.Hand{Person: p, Door: staff.Machine, Method: "machine"}
}

func (w *world) appoint(name string, role staff.Role) rem.PersonID {
	w.t.Helper()
	n, err := person.ParseName(name)
	w.must(err)
	a, b := w.kit.Managers[0], w.kit.Managers[1]
	p, proposal, err := w.kit.Book.Appoint(w.t.Context(), machine(a), staff.NewPerson{Name: n}, staff.Wish{Role: role})
	w.must(err)
	w.must(w.kit.Book.Confirm(w.t.Context(), machine(b), proposal))
	return p
}

func (w *world) train(p rem.PersonID) {
	w.t.Helper()
	now, a := w.clock.Now(), w.kit.Managers[0]
	if p == a {
		a = w.kit.Managers[1]
	}
	w.must(w.kit.Book.Train(w.t.Context(), machine(a), p, staff.DataProtection, 1, now, now.AddDate(1, 0, 0)))
	w.must(w.kit.Book.Acknowledge(w.t.Context(), machine(p), staff.DataProtection, 1, rem.DigestOf([]byte("politika"))))
}

func (w *world) hire(name string, roles ...staff.Role) rem.PersonID {
	w.t.Helper()
	p := w.appoint(name, roles[0])
	for _, r := range roles[1:] {
		n, err := w.kit.Book.Propose(w.t.Context(), machine(w.kit.Managers[0]), p, staff.Wish{Role: r})
		w.must(err)
		w.must(w.kit.Book.Confirm(w.t.Context(), machine(w.kit.Managers[1]), n))
	}
	w.train(p)
	return p
}

func (w *world) institution(p rem.PersonID) bool {
	m, err := w.kit.Book.Member(context.Background(), p)
	return err == nil && m.Institution != ""
}

// sessions knows whose a cookie is; roles are those of the book, now.
type sessions struct{ w *world }

func (s sessions) Session(ctx context.Context, cookie string) (web.Principal, error) {
	s.w.mu.Lock()
	p, ok := s.w.sessions[cookie]
	stale := s.w.stale[p]
	s.w.mu.Unlock()
	if !ok {
		return web.Principal{}, login.ErrNoSession
	}
	x := web.Principal{Session: login.Session{Who: login.Who{Kind: login.Staff, Person: p}, Level: login.Strong, Method: login.ByPasskey}, Fresh: !stale}
	m, err := s.w.kit.Book.Member(ctx, p)
	if errors.Is(err, staff.ErrNotFound) {
		x.Session.Who.Kind = login.Holder
		return x, nil
	}
	if err != nil {
		return x, err
	}
	if m.Institution != "" {
		x.Session.Who.Kind = login.Partner
	}
	x.Roles = m.Roles(s.w.clock.Now())
	return x, nil
}

// cookie opens a session of somebody.
func (w *world) cookie(p rem.PersonID) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c := w.cookies[p]; c != "" {
		return c
	}
	c := login.NewSecret().Reveal()
	w.sessions[c], w.cookies[p] = p, c
	return c
}

// ask sends a request as somebody; "" is nobody.
func (w *world) ask(q *http.Request, p rem.PersonID) *httptest.ResponseRecorder {
	w.t.Helper()
	if p != "" {
		q.AddCookie(&http.Cookie{Name: "__Host-session", Value: w.cookie(p)})
	}
	rec := httptest.NewRecorder()
	w.site.ServeHTTP(rec, q)
	return rec
}

func (w *world) get(p rem.PersonID, path string) *httptest.ResponseRecorder {
	w.t.Helper()
	return w.ask(httptest.NewRequest(http.MethodGet, base+"/tr"+path, nil), p)
}

func (w *world) post(p rem.PersonID, path string, values url.Values) *httptest.ResponseRecorder {
	w.t.Helper()
	q := httptest.NewRequest(http.MethodPost, base+"/tr"+path, strings.NewReader(values.Encode()))
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.Header.Set("Origin", base)
	return w.ask(q, p)
}

// upload posts a form with a file behind its fields.
func (w *world) upload(p rem.PersonID, path string, values url.Values, field string, file []byte) *httptest.ResponseRecorder {
	w.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for name, all := range values {
		for _, v := range all {
			w.must(m.WriteField(name, v))
		}
	}
	part, err := m.CreateFormFile(field, "belge.pdf")
	w.must(err)
	_, err = part.Write(file)
	w.must(err)
	w.must(m.Close())
	q := httptest.NewRequest(http.MethodPost, base+"/tr"+path, &body)
	q.Header.Set("Content-Type", m.FormDataContentType())
	q.Header.Set("Origin", base)
	return w.ask(q, p)
}

// leads checks that an answer leads on, and returns the page that it leads to.
func (w *world) leads(rec *httptest.ResponseRecorder, p rem.PersonID, to string) string {
	w.t.Helper()
	if rec.Code != http.StatusSeeOther {
		w.t.Fatalf("it answered %d: %s", rec.Code, plain(rec.Body.String()))
	}
	at, _, _ := strings.Cut(strings.TrimPrefix(rec.Header().Get("Location"), "/tr"), "?")
	if at != to {
		w.t.Fatalf("it leads to %s, want %s", at, to)
	}
	next := w.ask(httptest.NewRequest(http.MethodGet, base+rec.Header().Get("Location"), nil), p)
	if next.Code != http.StatusOK {
		w.t.Fatalf("the page it leads to answers %d", next.Code)
	}
	return next.Body.String()
}

// plain leaves out what stands in angle brackets.
func plain(html string) string {
	var b strings.Builder
	in := false
	for _, c := range html {
		switch {
		case c == '<':
			in = true
		case c == '>':
			in = false
		case !in:
			b.WriteRune(c)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// view reads an application.
func (w *world) view(n int) application.View {
	w.t.Helper()
	v, err := w.store.Application(w.t.Context(), personledgertest.ID(n))
	w.must(err)
	return v
}

// walk brings application n up to a move.
func (w *world) walk(n int, k person.Kind, upTo string) application.View {
	w.t.Helper()
	return w.forms.Walk(w.t, w.store, n, k, upTo)
}

// chosen makes application n of a natural person who chose a method.
func (w *world) chosen(n int, m identity.Method) application.View {
	w.t.Helper()
	v := w.walk(n, person.Natural, "submit")
	s, err := w.forms.Rules.Choose(v, m, personledgertest.Person, personledgertest.At.Add(4*time.Hour))
	w.must(err)
	w.must(w.store.Commit(w.t.Context(), s))
	return w.view(n)
}

// seenAt is the hidden field of what was decided on.
func seenAt(v application.View) string { return fmt.Sprint(v.Steps) }

func casePath(n int) string { return "/desk/applications/" + string(personledgertest.ID(n)) }

// entries are those of the access log about an application.
func (w *world) entries(n int) int {
	count := 0
	for _, e := range w.kit.Vault.Log.Entries() {
		if e.Case == privacy.CaseID(personledgertest.ID(n)) {
			count++
		}
	}
	return count
}

// papers keeps sealed papers in memory.
type papers struct {
	mu   sync.Mutex
	kept map[string][][]byte // guarded by mu
}

func (p *papers) Put(_ context.Context, a person.ApplicationID, d rem.Digest, sealed [][]byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept[string(a)+d.String()] = slices.Clone(sealed)
	return nil
}

func (p *papers) Get(_ context.Context, a person.ApplicationID, d rem.Digest) ([][]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b, ok := p.kept[string(a)+d.String()]
	if !ok {
		return nil, enrolment.ErrNoPaper
	}
	return b, nil
}

type scanner struct{ w *world }

func (s scanner) Scan(_ context.Context, r io.Reader, _ int64) (string, error) {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return "", err
	}
	switch {
	case s.w.away:
		return "", errors.New("away")
	case s.w.infected:
		return "Eicar", nil
	}
	return "", nil
}

// nobody plays what the desk does not ask.
type nobody struct{}

func (nobody) NoticeInForce(time.Time) (uint64, rem.Digest, error) { return 1, rem.Digest{1}, nil }
func (nobody) Deliver(context.Context, notice.Delivery) (*notice.Delivery, error) {
	return &notice.Delivery{}, nil
}
func (nobody) WasTold(rem.PersonID, rem.Digest) bool { return true }
func (nobody) InForce(publication.Kind, time.Time) (*publication.Version, error) {
	return &publication.Version{}, nil
}
func (nobody) Set(context.Context, rem.PersonID, news.Contact) error  { return nil }
func (nobody) Tell(context.Context, news.Channel, news.Message) error { return nil }
func (nobody) End(context.Context, rem.AccountID, rem.PersonID) error { return nil }
func (nobody) Enter(context.Context, directory.By, directory.Entry) (v directory.Version, err error) {
	return v, nil
}
func (nobody) Verify(context.Context, []byte, []byte, identity.Claimed) (*identity.SignedResult, error) {
	return nil, identity.ErrUnreadable
}

type teller struct{}

func (teller) Tell(context.Context, string, account.Account, account.Notice) error { return nil }

var _ partner.Judge = nobody{}

func staffText(err error) string {
	if why, ok := errors.AsType[*rem.Refusal](err); ok {
		return why.Detail.Turkish
	}
	return err.Error()
}

func uintText(n uint64) string { return fmt.Sprint(n) }
