package node

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"rem"
	"rem/internal/setup"
	"rem/person/login"
)

// A visitor is a browser without scripts.
type visitor struct {
	t    testing.TB
	base string
	http *http.Client
	at   string // the path of the last page
	page string
}

func (s *stage) visitor(domain string) *visitor {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &visitor{t: s.t, base: s.nodes[domain].Config.Web.Base, http: &http.Client{
		Jar: jar, Timeout: 20 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.world.Root()}},
	}}
}

func (v *visitor) do(q *http.Request) int {
	v.t.Helper()
	q.Header.Set("Origin", v.base)
	q.Header.Set("Accept-Language", "tr")
	a, err := v.http.Do(q)
	if err != nil {
		v.t.Fatal(err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	v.page, v.at = string(b), a.Request.URL.Path
	return a.StatusCode
}

func (v *visitor) get(path string) int {
	v.t.Helper()
	q, err := http.NewRequestWithContext(v.t.Context(), "GET", v.base+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	return v.do(q)
}

func (v *visitor) post(path string, fields ...string) int {
	v.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	q, err := http.NewRequestWithContext(v.t.Context(), "POST", v.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.do(q)
}

// must fails the test when a page is not the one that was expected.
func (v *visitor) must(status int, at string, says ...string) {
	v.t.Helper()
	if v.at != at || status != 200 {
		v.t.Fatalf("at %s with %d, want %s:\n%s", v.at, status, at, v.page)
	}
	for _, s := range says {
		if !strings.Contains(v.page, s) {
			v.t.Errorf("%s does not say %q:\n%s", at, s, v.page)
		}
	}
}

func (v *visitor) find(pattern string) string {
	v.t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(v.page)
	if m == nil {
		v.t.Fatalf("%s has no %s:\n%s", v.at, pattern, v.page)
	}
	return m[1]
}

// webPassword is what the tests' holders log in to the pages with.
const webPassword = "yedi kere sekiz elli alti"

// enrol sets a password and an authenticator app by a grant, and returns the app.
func (v *visitor) enrol(grant string) (code func(time.Time) string) {
	v.t.Helper()
	v.must(v.post("/tr/welcome", "grant", grant), "/tr/first", "Parola belirle")
	v.must(v.post("/tr/security/password", "password", webPassword, "again", webPassword), "/tr/first", "Parolayı değiştir")
	v.post("/tr/security/app")
	typed := strings.ReplaceAll(v.find(`<code class="break">([A-Z2-7 ]+)</code>`), " ", "")
	code = func(at time.Time) string {
		c, err := totp.GenerateCode(typed, at)
		if err != nil {
			v.t.Fatal(err)
		}
		return c
	}
	v.must(v.post("/tr/security/app/confirm", "code", code(time.Now())), "/tr/account")
	return code
}

// REQ-30, REQ-42, REQ-45, P-21: from a grant to the account: credentials, log-in,
// own data, and that the look at it is recorded.
func TestAHolderGetsInAndSeesWhoLookedAtHisData(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	n := s.nodes[here]
	person := s.holder(0, isil)
	a, err := n.Store.ByAddress(t.Context(), rem.MustAddress(isil))
	if err != nil {
		t.Fatal(err)
	}
	who := login.Who{Kind: login.Holder, Person: a.Holder.Person}
	grant, err := n.People.Login.Grant(t.Context(), login.Granting{Who: who, Account: a.ID, Names: []string{isil}})
	if err != nil {
		t.Fatal(err)
	}
	v := s.visitor(here)
	for _, page := range []string{"/tr", "/tr/practice", "/tr/verify", "/tr/status", "/tr/documents", "/en/cookies"} {
		v.must(v.get(page), page)
	}
	v.must(v.get("/account"), "/tr/login", "KEP adresi") // who is not in is led to the door
	code := v.enrol(grant.Reveal())
	v.must(v.get("/tr/account"), "/tr/account", isil, "Açık")
	v.must(v.get("/tr/account/data"), "/tr/account/data", person.Name())
	v.must(v.get("/tr/account/looks"), "/tr/account/looks", "Hesap işlemleri", "siz")
	v.must(v.get("/en/account/operators"), "/en/account/operators", person.Name(), "Four eyes")
	v.must(v.get("/tr/security/sessions"), "/tr/security/sessions", "bu oturum")
	v.must(v.get("/tr/security/history"), "/tr/security/history")
	v.must(v.get("/tr/account/choices"), "/tr/account/choices", "Rehberde telefonun gösterilmesi", "seçim yapılmadı")
	v.must(v.post("/tr/account/mail"), "/tr/account/mail", "Bir daha gösterilmez")
	fresh := v.find(`<code class="break">([a-z2-9]{32})</code>`)
	if c, err := s.mailer(here, isil, fresh); err != nil {
		t.Errorf("the new application password does not work: %v", err)
	} else {
		c.Close()
	}
	v.must(v.post("/tr/logout"), "/tr/logged-out")
	v.must(v.get("/tr/account"), "/tr/login")
	// The ordinary log-in. The code of the confirmation was used; a later one is
	// taken.
	v.must(v.post("/tr/login", "name", isil, "password", webPassword), "/tr/login", "Tek kullanımlık kod")
	pending := v.find(`name="pending" value="([^"]+)"`)
	v.must(v.post("/tr/login/code", "pending", pending, "code", code(time.Now().Add(30*time.Second))), "/tr/account", isil)
	// A role that ends, or an account that is suspended, ends sessions at once.
	if err := n.People.Login.EndAll(t.Context(), a.Holder.Person); err != nil {
		t.Fatal(err)
	}
	v.must(v.get("/tr/account"), "/tr/login")
	if logs := s.logs[here].String(); strings.Contains(logs, person.FamilyName) || strings.Contains(logs, isil) {
		t.Error("a log line names the holder")
	}
}
