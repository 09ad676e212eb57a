package apply_test

import (
	"bytes"
	"context"
	"crypto"
	"encoding/asn1"
	"html"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rem"
	"rem/edge/apply"
	"rem/edge/entrance"
	"rem/edge/passkey"
	"rem/edge/simulator"
	"rem/edge/site"
	"rem/edge/web"
	"rem/internal/testkit"
	"rem/internal/testkit/chaintest"
	"rem/internal/testkit/enrolmenttest"
	"rem/internal/testkit/ledgertest"
	"rem/internal/testkit/logintest"
	"rem/internal/testkit/noticetest"
	"rem/internal/testkit/personledgertest"
	"rem/internal/testkit/vaulttest"
	"rem/person"
	"rem/person/account"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/person/identity"
	"rem/person/login"
	"rem/person/news"
	"rem/privacy"
	"rem/privacy/canon"
	"rem/privacy/inventory"
	"rem/privacy/notice"
	"rem/provider"
	"rem/provider/publication"
	"rem/trust/tsp"
)

var epoch = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC) // a Monday

const origin = "https://kep.test"

// A world is the pages over the real services, with everything that is kept in memory.
type world struct {
	clock     *testkit.Clock
	vault     *vaulttest.World
	ledger    *personledgertest.Memory
	enrolment *enrolment.Service
	login     *login.Service
	notices   *notice.Ledger
	documents *publication.Ledger
	messenger *messenger
	gate      *gate
	site      *web.Site
	sessions  web.Sessions // in place of those of the log-in, where it is set
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// messenger keeps what people are told.
type messenger struct {
	mu   sync.Mutex
	sent []news.Message // guarded by mu
}

func (*messenger) Set(context.Context, rem.PersonID, news.Contact) error { return nil }

func (m *messenger) Tell(_ context.Context, _ news.Channel, x news.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !slices.ContainsFunc(m.sent, func(y news.Message) bool { return y.ID == x.ID }) {
		m.sent = append(m.sent, x)
	}
	return nil
}

// last is the newest message of a kind.
func (m *messenger) last(t testing.TB, k news.Kind) news.Message {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range slices.Backward(m.sent) {
		if x.Kind == k {
			return x
		}
	}
	t.Fatalf("nobody was told %s", k)
	return news.Message{}
}

// scanner finds one word.
type scanner struct{}

func (scanner) Scan(_ context.Context, r io.Reader, _ int64) (string, error) {
	b, err := io.ReadAll(r)
	if bytes.Contains(b, []byte("WORM")) {
		return "Worm", err
	}
	return "", err
}

// judge reads no signature.
type judge struct{}

func (judge) Verify(context.Context, []byte, []byte, identity.Claimed) (*identity.SignedResult, error) {
	return nil, identity.ErrUnreadable
}

type hasher struct{}

func (hasher) Hash(_ context.Context, p string) (string, error) { return "hash of " + p, nil }
func (hasher) Check(_ context.Context, h, p string) error {
	if h != "hash of "+p {
		return account.ErrPassword
	}
	return nil
}

// gate is a remote identification that ends as it was told to.
type gate struct{ fails error }

func (g *gate) Begin(person.ApplicationID, rem.Digest) ([]byte, enrolment.Way, error) {
	return []byte("visit"), enrolment.Way{URL: "https://gate.test/login?state=state-1"}, nil
}

func (g *gate) Finish(_ context.Context, _, _ []byte, back enrolment.Return, said identity.Shown) (*identity.Answer, error) {
	switch {
	case g.fails != nil:
		return nil, g.fails
	case back.State != "state-1":
		return nil, enrolment.ErrNotThis
	}
	return &identity.Answer{
		By: identity.Collector{Role: identity.ByAdapter, Adapter: "gate"}, At: epoch, Compared: identity.CompareShown(said, said),
		Checklist: []identity.Checked{{Item: identity.GateConfirmed, Passed: true}},
		Evidence:  []identity.Kept{identity.KeepBytes(identity.AdapterAnswer, []byte("{}"), epoch)},
	}, nil
}

var office = enrolment.Office{
	ID: "ankara", Name: rem.Text{Turkish: "Ankara ofisi", English: "Ankara office"}, Address: "Örnek Mahallesi, Deneme Sokağı 1, Çankaya",
	Days: []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}, From: 9 * time.Hour, Until: 17 * time.Hour, Slot: time.Hour, Seats: 1,
}

func newWorld(t testing.TB) *world {
	t.Helper()
	ctx := context.Background()
	w := &world{vault: vaulttest.New(t, inventory.Today()), ledger: personledgertest.NewMemory(), messenger: &messenger{}, gate: &gate{}}
	w.clock = w.vault.Clock
	w.clock.Set(epoch)
	pki := must(simulator.New(simulator.Options{Clock: w.clock}))(t)
	tsa := must(pki.TSA("Damga"))(t)
	authority := must(tsp.NewResponder(tsp.ResponderOptions{Key: tsa.Key, Chain: tsa.Chain, Hash: crypto.SHA256, Policy: asn1.ObjectIdentifier{1, 2, 3}, Clock: w.clock}))(t)
	w.notices = must(notice.Open(ctx, &chaintest.Memory{}, &chaintest.Memory{}, w.clock))(t)
	must(w.notices.Publish(ctx, noticetest.Filled(t), notice.Terms{By: "p-1", Register: noticetest.Register(t), AllowSample: true}))(t)
	w.documents = must(publication.Open(ctx, &chaintest.Memory{}, w.clock, authority))(t)
	for _, k := range []publication.Kind{publication.PracticeStatement, publication.Contract, publication.Undertaking} {
		w.publish(t, k)
	}
	keys := must(passkey.New("kep.test", origin, "KEP"))(t)
	w.login = must(login.New(ctx, login.Config{
		Store: logintest.NewMemory(), Vault: w.vault.Vault, Keys: w.vault.Keys, Clock: w.clock, Hasher: hasher{}, Passkeys: keys, Origin: origin, Issuer: "Örnek KEP",
	}))(t)
	index := func(name string) *privacy.BlindIndexer {
		return must(privacy.NewBlindIndexer(ctx, w.vault.Keys, privacy.BlindIndex{Name: name, Version: 1}))(t)
	}
	rules := application.Rules{Periods: application.UsualPeriods, Offer: identity.Offer{
		Methods: []identity.Method{identity.Signature, identity.Office, identity.OnSite, identity.EDevlet, identity.Chip}, Institutions: []person.Province{"34"},
	}}
	w.vault.Log.Clock = w.clock
	w.enrolment = must(enrolment.New(ctx, enrolment.Config{
		Settings: enrolment.Settings{
			Provider: rem.Text{Turkish: "Örnek KEP", English: "Sample KEP"}, Domain: "hs90.kep.test", Forms: person.Forms{Provider: "hs90.kep.test"}, Offices: []enrolment.Office{office},
			Resume: apply.Link(origin, apply.ResumePath), Activation: apply.Link(origin, apply.ActivationPath),
		},
		Rules: rules, Ledger: w.ledger, Store: enrolmenttest.NewMemory(), Papers: &enrolmenttest.Papers{}, Vault: w.vault.Vault, Keys: w.vault.Keys,
		Notices: w.notices, Documents: w.documents, Accounts: ledgertest.NewMemory(), Logins: w.login, Messenger: w.messenger, Scanner: scanner{}, Judge: judge{}, Looks: w.vault.Log,
		Adapters: map[identity.Method]enrolment.Adapter{identity.EDevlet: w.gate}, Identity: index("person.identity"), Signatory: index("account.signatory"),
		Clock: w.clock, Random: testkit.Rand(t, 7), Fault: func(err error) { t.Errorf("enrolment: %v", err) },
	}))(t)
	return w
}

// places fills in the samples.
var places = map[string]string{
	"provider.name-tr": "Örnek KEP Hizmetleri A.Ş.", "provider.name-en": "Sample Registered Mail Inc.", "provider.code": "hs90", "provider.domain": "hs90.kep.test",
	"contact.address": "Örnek Mahallesi, Deneme Sokağı 1, 06000 Ankara", "contact.phone": "+90 312 000 00 00", "contact.kep": "destek@hs90.kep.test", "contract.court": "Ankara",
}

func (w *world) publish(t testing.TB, k publication.Kind) {
	t.Helper()
	values := map[string]string{}
	for _, name := range canon.Placeholders(publication.Sample(k)) {
		values[name] = places[name]
	}
	filled := must(publication.Fill(publication.Sample(k), values))(t)
	must(w.documents.Publish(context.Background(), filled, publication.Terms{By: "p-1", AllowSample: true}))(t)
}

// open makes the site at an address.
func (w *world) open(t testing.TB) func(base string) http.Handler {
	return func(base string) http.Handler {
		if w.sessions == nil {
			w.sessions = web.Logins(w.login, nil)
		}
		w.site = must(web.New(web.Config{
			Base: base, Name: rem.Text{Turkish: "Örnek KEP", English: "Sample KEP"}, Clock: w.clock, Log: slog.New(slog.NewTextHandler(testLog{t}, nil)), Strict: true,
			Sessions: w.sessions, Menu: site.Menu(), Foot: site.Foot(), Simulated: []rem.Text{{Turkish: "zaman damgası", English: "time stamps"}},
		},
			site.Part(site.Services{Provider: provider.REMMD{Domain: "hs90.kep.test"}, Practice: provider.DefaultPractice(), Notices: w.notices, Documents: w.documents, Base: base, Apply: true}),
			entrance.Part(entrance.Services{Login: w.login, Label: func(context.Context, login.Session) (string, error) { return "", nil }}),
			apply.Part(apply.Services{
				Applicants: w.enrolment.Applicants(), Sessions: w.login, Notices: w.notices, Texts: w.enrolment.Texts, Offices: w.enrolment.Offices, Offer: w.enrolment.Offer,
				Corporate: w.enrolment.Corporate(), Company: company,
			})))(t)
		return w.site
	}
}

// company is that of whoever is logged in to its account, and may apply for it.
func company(_ context.Context, x login.Session) (rem.Actor, person.Title, error) {
	title, err := person.ParseTitle("Öğütçü Gıda A.Ş.")
	if x.Account != "acc-company" {
		return rem.Actor{}, title, &web.Forbidden{Why: rem.Text{Turkish: "Bu hesap bir şirketin değil.", English: "This account is not a company's."}}
	}
	return rem.Actor{Account: x.Account, Holder: "per-company", Person: x.Who.Person, Method: string(x.Method)}, title, err
}

// boss is logged in as an operator of an account.
type boss struct{ account rem.AccountID }

func (b boss) Session(context.Context, string) (web.Principal, error) {
	return web.Principal{Session: login.Session{Who: login.Who{Kind: login.Holder, Person: "per-boss"}, Account: b.account}, Fresh: true}, nil
}

// testLog makes a fault of a page one of the test.
type testLog struct{ t testing.TB }

func (l testLog) Write(b []byte) (int, error) {
	l.t.Errorf("a page failed: %s", b)
	return len(b), nil
}

// staff are who decide.
var (
	officer  = application.By{Actor: rem.Actor{Person: "staff-o", Method: "passkey"}, Role: application.Officer}
	approver = application.By{Actor: rem.Actor{Person: "staff-p", Method: "passkey"}, Role: application.Approver}
)

// seen is what an officer records of whoever came to the office.
func (w *world) identified(t testing.TB, id person.ApplicationID, in application.Input) {
	t.Helper()
	desk := w.enrolment.Desk()
	capture := must(desk.Capture(context.Background(), officer, id, strings.NewReader("%PDF-1.7 masked\n%%EOF\n")))(t)
	seen := enrolment.Seen{
		At: w.clock.Now(), Document: identity.Document{Kind: identity.IdentityCard, Number: "*******99", Issuer: "TUR", Until: epoch.AddDate(2, 0, 0), Genuine: true},
		Shown: identity.Shown{
			Identity: must(person.ParseIdentityNumber(in["identity-number"]))(t), Given: must(person.ParseName(in["given-names"]))(t),
			Family: must(person.ParseName(in["family-name"]))(t), Birth: must(person.ParseBirthDate(in["birth-date"], epoch))(t),
		},
		Areas:    map[enrolment.Area]enrolment.Covered{enrolment.Religion: enrolment.Masked, enrolment.BloodType: enrolment.Masked},
		Captures: []identity.Evidence{capture},
	}
	for _, i := range identity.Required(identity.Office, false) {
		seen.Checklist = append(seen.Checklist, identity.Checked{Item: i, Passed: true})
	}
	if err := desk.Identify(context.Background(), officer, id, seen); err != nil {
		t.Fatal(err)
	}
}

func (w *world) approved(t testing.TB, id person.ApplicationID) {
	t.Helper()
	desk := w.enrolment.Desk()
	if err := desk.TakeUp(context.Background(), approver, id); err != nil {
		t.Fatal(err)
	}
	if _, err := desk.Open(context.Background(), approver, id); err != nil {
		t.Fatal(err)
	}
	if err := desk.Approve(context.Background(), approver, id); err != nil {
		t.Fatal(err)
	}
}

// id is the one application of the world that is in a state.
func (w *world) id(t testing.TB, s application.State) person.ApplicationID {
	t.Helper()
	list := must(w.ledger.List(context.Background(), application.Filter{State: s}, application.Place{}, 2))(t)
	if len(list) != 1 {
		t.Fatalf("%d applications are %s, want 1", len(list), s)
	}
	return list[0].ID
}

// A visitor is a browser without its looks: it keeps cookies and follows where it
// is sent.
type visitor struct {
	t       testing.TB
	site    http.Handler
	base    string
	cookies map[string]string
	where   string // the address of the page, with its language
	status  int
	page    string
}

func (w *world) visitor(t testing.TB) *visitor {
	if w.site == nil {
		w.open(t)(origin)
	}
	return &visitor{t: t, site: w.site, base: origin, cookies: map[string]string{}}
}

func (v *visitor) ask(method, path, media string, body io.Reader) {
	v.t.Helper()
	for range 5 {
		q := httptest.NewRequest(method, v.base+path, body)
		q.Header.Set("Origin", v.base)
		if media != "" {
			q.Header.Set("Content-Type", media)
		}
		for name, value := range v.cookies {
			q.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		answer := httptest.NewRecorder()
		v.site.ServeHTTP(answer, q)
		for _, c := range answer.Result().Cookies() {
			v.cookies[c.Name] = c.Value
			if c.MaxAge < 0 {
				delete(v.cookies, c.Name)
			}
		}
		v.where, v.status, v.page = path, answer.Code, answer.Body.String()
		if v.status != http.StatusSeeOther && v.status != http.StatusFound {
			return
		}
		method, path, media, body = "GET", answer.Header().Get("Location"), "", nil
	}
	v.t.Fatalf("sent around in circles: %s", path)
}

func (v *visitor) get(path string) { v.t.Helper(); v.ask("GET", "/tr"+path, "", nil) }

func (v *visitor) post(path string, fields ...string) {
	v.t.Helper()
	values := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		values.Add(fields[i], fields[i+1])
	}
	v.ask("POST", "/tr"+path, "application/x-www-form-urlencoded", strings.NewReader(values.Encode()))
}

func (v *visitor) upload(path, field, name string, content []byte, fields ...string) {
	v.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for i := 0; i < len(fields); i += 2 {
		if err := m.WriteField(fields[i], fields[i+1]); err != nil {
			v.t.Fatal(err)
		}
	}
	part := must(m.CreateFormFile(field, name))(v.t)
	part.Write(content)
	m.Close()
	v.ask("POST", "/tr"+path, m.FormDataContentType(), &b)
}

// at fails the test where the visitor is elsewhere.
func (v *visitor) at(path string, status int) {
	v.t.Helper()
	if v.where != "/tr"+path || v.status != status {
		v.t.Fatalf("at %s (%d), want %s (%d): %s", v.where, v.status, path, status, v.problems())
	}
}

// says fails the test where the page does not say something.
func (v *visitor) says(texts ...string) {
	v.t.Helper()
	for _, s := range texts {
		if !strings.Contains(html.UnescapeString(v.page), s) {
			v.t.Errorf("%s does not say %q: %s", v.where, s, v.problems())
		}
	}
}

var (
	problems = regexp.MustCompile(`(?s)<div class="problems".*?</div>|<p class="problem".*?</p>`)
	inputs   = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)
	secrets  = regexp.MustCompile(`<code class="break">([^<]{43})</code>`)
)

func (v *visitor) problems() string { return strings.Join(problems.FindAllString(v.page, -1), " ") }

// hidden are the hidden fields of the page.
func (v *visitor) hidden() (fields []string) {
	for _, m := range inputs.FindAllStringSubmatch(v.page, -1) {
		fields = append(fields, m[1], html.UnescapeString(m[2]))
	}
	return fields
}

// begin begins an application, and returns its secret.
func (v *visitor) begin(sort string) string {
	v.t.Helper()
	v.get("/apply")
	v.at("/apply", 200)
	v.post("/apply", append(v.hidden(), "for", sort)...)
	v.at("/apply", 200)
	m := secrets.FindStringSubmatch(v.page)
	if m == nil {
		v.t.Fatalf("no secret is shown: %s", v.problems())
	}
	return m[1]
}

// fill types answers into the form, step by step.
func (v *visitor) fill(in application.Input) {
	v.t.Helper()
	v.get("/apply/form")
	for range 6 {
		step, ok := strings.CutPrefix(v.where, "/tr/apply/form/")
		if !ok {
			return
		}
		var fields []string
		for name, value := range in {
			if strings.Contains(v.page, ` name="`+name+`"`) {
				fields = append(fields, name, value)
			}
		}
		v.post("/apply/form/"+step, fields...)
		if v.status != 200 {
			v.t.Fatalf("step %s: %d %s", step, v.status, v.problems())
		}
	}
}

// submit hands the form in, with all boxes ticked.
func (v *visitor) submit() {
	v.t.Helper()
	v.get("/apply/check")
	v.at("/apply/check", 200)
	fields := v.hidden()
	for _, k := range application.Agreements() {
		fields = append(fields, "accept-"+string(k), "yes")
	}
	v.post("/apply/check", fields...)
}

// natural is what a natural person types.
func natural() application.Input { return personledgertest.Input(1, person.Natural, false) }
