package node

import (
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/edge/web"
	"rem/internal/setup"
	"rem/internal/testkit/noticetest"
	"rem/internal/testkit/webtest"
	"rem/message/happening"
	"rem/person"
	"rem/person/account"
	"rem/person/enrolment"
	"rem/person/login"
	"rem/person/token"
	"rem/privacy"
	"rem/privacy/consent"
	"rem/privacy/notice"
)

// AT-28: every route of the provider as everybody, by the table of its own parts:
// a route that nobody thought of is in it.
func TestEveryRouteIsForThoseWhomItsTableNames(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	n := s.nodes[here]
	parts, err := n.parts()
	if err != nil {
		t.Fatal(err)
	}
	everybody := webtest.Principals()
	site, err := web.New(n.siteConfig(everybody), parts...)
	if err != nil {
		t.Fatal(err)
	}
	cells := webtest.Matrix(t, site, n.Config.Web.Base, everybody)
	if routes := len(site.Routes()); routes < 100 || cells < routes*len(everybody) {
		t.Errorf("%d cells of %d routes", cells, routes)
	}
	for line := range strings.Lines(s.logs[here].String()) {
		if strings.Contains(line, "a page failed") {
			t.Error(line)
		}
	}
	t.Logf("%d cells", cells)
}

// AT-28: what is another's reads as what is not there, on pages that name an object.
func TestAnothersObjectsAreNotThere(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	n := s.nodes[here]
	v, err := n.Records.Notices.Publish(t.Context(), noticetest.Filled(t), notice.Terms{By: "p-officer", Register: n.Records.Register, AllowSample: true})
	if err != nil {
		t.Fatal(err)
	}
	in := func(i int, address string) (*visitor, account.Account) {
		s.holder(i, address)
		a, err := n.Store.ByAddress(t.Context(), rem.MustAddress(address))
		if err != nil {
			t.Fatal(err)
		}
		who := login.Who{Kind: login.Holder, Person: a.Holder.Person}
		grant, err := n.People.Login.Grant(t.Context(), login.Granting{Who: who, Account: a.ID, Names: []string{address}})
		if err != nil {
			t.Fatal(err)
		}
		b := s.visitor(here)
		b.enrol(grant.Reveal())
		return b, a
	}
	isilOn, a := in(0, isil)
	boraOn, b := in(4, "bora.agaoglu@"+here)
	if code := isilOn.post("/tr/account/choices/"+string(privacy.DirectoryPhone), "answer", "give"); code != 422 || !strings.Contains(isilOn.page, "Önce yürürlükteki") {
		t.Errorf("a consent before the notice was read: %d", code)
	}
	isilOn.must(isilOn.post("/tr/account/notice", "notice", v.Digest.String()), "/tr/account/choices", "seçim yapılmadı")
	isilOn.must(isilOn.post("/tr/account/choices/"+string(privacy.DirectoryPhone), "answer", "refuse"), "/tr/account/choices", "rıza verilmedi")
	number := isilOn.find(`/account/choices/receipt/([0-9]+)`)
	if code := isilOn.get("/tr/account/choices/receipt/" + number); code != 200 || !consent.IsReceipt([]byte(isilOn.page)) {
		t.Errorf("her own receipt: %d", code)
	}
	for what, path := range map[string]string{
		"another's receipt":  "/tr/account/choices/receipt/" + number,
		"no such receipt":    "/tr/account/choices/receipt/999",
		"another's operator": "/tr/account/operators/" + string(a.Holder.Person),
		"no such operator":   "/tr/account/operators/h-nobody",
	} {
		if code := boraOn.get(path); code != 404 || strings.Contains(boraOn.page, "Işıl") {
			t.Errorf("%s: %d", what, code)
		}
	}
	// Sessions and devices of another are left as they are, and he reads nothing else.
	hers := login.Session{Who: login.Who{Kind: login.Holder, Person: a.Holder.Person}, Level: login.TwoFactors}
	sessions, err := n.People.Login.Sessions(t.Context(), hers)
	if err != nil || len(sessions) == 0 {
		t.Fatalf("%d sessions, %v", len(sessions), err)
	}
	for _, x := range sessions {
		boraOn.must(boraOn.post("/tr/security/sessions/end", "session", x.ID.Short()), "/tr/security/sessions")
	}
	devices, err := n.People.Login.Devices(t.Context(), hers)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range devices {
		boraOn.must(boraOn.post("/tr/security/devices/forget", "device", x.ID.Short()), "/tr/security/sessions")
	}
	isilOn.must(isilOn.get("/tr/account"), "/tr/account", isil)
	if left, err := n.People.Login.Devices(t.Context(), hers); err != nil || len(left) != len(devices) {
		t.Errorf("%d of %d devices are left, %v", len(left), len(devices), err)
	}
	// An account that he is no operator of is not opened by its session's name.
	if code := boraOn.get("/tr/account"); code != 200 || strings.Contains(boraOn.page, isil) || !strings.Contains(boraOn.page, b.Address.String()) {
		t.Errorf("his own account: %d", code)
	}
}

// object is what stands in a route in place of a variable: somebody's own, another
// account's, and one that is not there. Own empty: he has none.
type object struct{ own, others, absent string }

// AT-28: every route of an account's people that names an object, as his own, as one
// of another account, and as one that is not there. A route that nobody thought of
// fails. What is another's cannot be told from what is not there.
func TestEveryObjectOfAnotherAccountIsNotThere(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	n := s.nodes[here]
	if _, err := n.Records.Notices.Publish(t.Context(), noticetest.Filled(t), notice.Terms{By: "p-officer", Register: n.Records.Register, AllowSample: true}); err != nil {
		t.Fatal(err)
	}
	enter := func(i int, address string) (*visitor, account.Account) {
		s.holder(i, address)
		a, err := n.Store.ByAddress(t.Context(), rem.MustAddress(address))
		if err != nil {
			t.Fatal(err)
		}
		grant, err := n.People.Login.Grant(t.Context(), login.Granting{Who: login.Who{Kind: login.Holder, Person: a.Holder.Person}, Account: a.ID, Names: []string{address}})
		if err != nil {
			t.Fatal(err)
		}
		v := s.visitor(here)
		v.enrol(grant.Reveal())
		return v, a
	}
	bora, mine := enter(4, "bora.agaoglu@"+here)
	_, hers := enter(0, isil)
	// Hers: an invitation, a passkey, a session.
	number, err := person.ParseIdentityNumber("12345678950")
	if err != nil {
		t.Fatal(err)
	}
	mail, err := person.ParseMailAddress("davet@posta.test")
	if err != nil {
		t.Fatal(err)
	}
	invite := func(a account.Account) string {
		id, err := n.People.Enrolment.Crew().Invite(t.Context(), enrolment.Invitation{
			By: account.By{Actor: rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: a.Holder.Person, Method: "passkey"}}, Number: number, Mail: mail, May: account.Reading,
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(id)
	}
	give := func(a account.Account) string {
		k, _, err := n.People.Tokens.Create(t.Context(), rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: a.Holder.Person, Method: "passkey"},
			token.Wish{Kind: token.Personal, Label: "masa", Scopes: []token.Scope{token.List}, Term: 24 * time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		return string(k.ID)
	}
	theirs := give(hers)
	as := func(a account.Account) rem.Actor {
		return rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: a.Holder.Person, Method: "passkey"}
	}
	hook := func(a account.Account) string {
		h, _, err := n.People.happenings.hooks.Create(t.Context(), as(a), "https://127.0.0.1/olaylar")
		if err != nil {
			t.Fatal(err)
		}
		return string(h.ID)
	}
	objects := map[string]object{
		"hook":    {hook(mine), hook(hers), "01jd0000000000000000000099"},
		"token":   {give(mine), theirs, "01jd0000000000000000000099"},
		"person":  {string(mine.Holder.Person), string(hers.Holder.Person), "per-nobody"},
		"id":      {invite(mine), invite(hers), "01jd0000000000000000000099"},
		"number":  {"", "1", "999999"},
		"purpose": {}, // the provider's own list, nobody's
	}
	parts, err := n.parts()
	if err != nil {
		t.Fatal(err)
	}
	variable := regexp.MustCompile(`\{([a-z]+)\}`)
	asked := 0
	for _, part := range parts {
		if part.Name != "portal" {
			continue
		}
		for _, r := range part.Routes {
			m := variable.FindStringSubmatch(r.Pattern)
			if m == nil {
				continue
			}
			o, known := objects[m[1]]
			if !known {
				t.Errorf("%s names an object that this test does not know: %s", r.Name, r.Pattern)
				continue
			}
			if o == (object{}) {
				continue
			}
			ask := func(value string) (int, string) {
				path := "/tr" + strings.Replace(r.Pattern, m[0], value, 1)
				code := 0
				if r.Method == "GET" {
					code = bora.get(path)
				} else {
					code = bora.post(path, "may", "Read messages")
				}
				return code, strings.ReplaceAll(bora.page, strings.TrimPrefix(path, "/tr"), "")
			}
			asked++
			others, page := ask(o.others)
			absent, none := ask(o.absent)
			if others != 404 || absent != 404 || requestID.ReplaceAllString(page, "") != requestID.ReplaceAllString(none, "") {
				t.Errorf("%s: %d for another's, %d for none", r.Name, others, absent)
			}
			if o.own != "" && r.Method == "GET" {
				if own, _ := ask(o.own); own != 200 {
					t.Errorf("%s: %d for his own", r.Name, own)
				}
			}
		}
	}
	if asked < 6 {
		t.Errorf("%d routes were asked", asked)
	}
	if keys, err := n.People.Tokens.Keys(t.Context(), rem.Actor{Account: hers.ID, Holder: hers.Holder.Person, Person: hers.Holder.Person}); err != nil || len(keys) != 1 || !keys[0].Holds(n.clock.Now()) {
		t.Errorf("another's token was revoked: %+v, %v", keys, err)
	}
	if hooks, err := n.People.happenings.hooks.List(t.Context(), as(hers)); err != nil || len(hooks) != 1 || hooks[0].State != happening.Running {
		t.Errorf("another's webhook was changed: %+v, %v", hooks, err)
	}
	// What goes in a form: another account, and another's passkey.
	if code := bora.post("/tr/account/choose", "account", string(hers.ID)); code != 404 {
		t.Errorf("another's account was chosen: %d", code)
	}
	if code := bora.get("/tr/account"); code != 200 || strings.Contains(bora.page, isil) {
		t.Errorf("he is on another's account: %d", code)
	}
	who := login.Who{Kind: login.Holder, Person: hers.Holder.Person}
	store := n.Records.Persons.Logins()
	p, err := store.Person(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	sessions, err := store.Sessions(t.Context(), who)
	if err != nil || len(sessions) == 0 {
		t.Fatalf("%d sessions, %v", len(sessions), err)
	}
	name, err := n.Records.Vault.Seal(t.Context(), who.Person, "login.Passkey.Name", privacy.NewValue("anahtar", privacy.ByDeclaration(n.clock.Now())))
	if err != nil {
		t.Fatal(err)
	}
	p.Who = who
	for i, credential := range []string{"kimlik-bir", "kimlik-iki"} {
		if i > 0 {
			if p, err = store.Person(t.Context(), who); err != nil {
				t.Fatal(err)
			}
			p.Who = who
		}
		key := login.Passkey{Credential: []byte(credential), Who: who, Key: []byte{1}, Name: name, Made: n.clock.Now()}
		if err := store.Change(t.Context(), login.Change{Person: p, By: sessions[0].ID, Adds: key}); err != nil {
			t.Fatal(err)
		}
	}
	others := bora.post("/tr/security/passkey/remove", "passkey", hex.EncodeToString([]byte("kimlik-bir")))
	page := requestID.ReplaceAllString(bora.page, "")
	absent := bora.post("/tr/security/passkey/remove", "passkey", hex.EncodeToString([]byte("kimlik-yok")))
	if others != absent || others == 200 || page != requestID.ReplaceAllString(bora.page, "") {
		t.Errorf("another's passkey: %d, none: %d", others, absent)
	}
	if left, err := store.Passkeys(t.Context(), who); err != nil || len(left) != 2 {
		t.Errorf("%d passkeys are left, %v", len(left), err)
	}
}

// requestID is what differs between two pages that say the same.
var requestID = regexp.MustCompile(`<code[^>]*>[^<]*</code>`)

// AT-43: every route of the provider, asked with another's name as host and with
// every way back that leads elsewhere: whatever it answers, no address of it is
// anywhere but here.
func TestNoPageOfTheProviderLeadsElsewhere(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	n := s.nodes[here]
	parts, err := n.parts()
	if err != nil {
		t.Fatal(err)
	}
	everybody := webtest.Principals()
	site, err := web.New(n.siteConfig(everybody), parts...)
	if err != nil {
		t.Fatal(err)
	}
	const evil = "kotu.example"
	variable := regexp.MustCompile(`\{[^}]*\}`)
	redirects, asked := 0, 0
	for _, r := range site.Routes() {
		path := variable.ReplaceAllString(r.Pattern, "x")
		if !r.Plain {
			path = "/tr" + strings.TrimSuffix(path, "/")
		}
		for _, cookie := range append([]string{""}, cookies(everybody)...) {
			for _, back := range []string{"//" + evil, "https://" + evil + "/", "/\\" + evil, "/tr/../..//" + evil, "javascript:alert(1)"} {
				for _, host := range []string{"", evil} {
					fields := url.Values{"next": {back}, "return": {back}, "to": {back}}
					q := httptest.NewRequest(r.Method, n.Config.Web.Base+path, strings.NewReader(""))
					if r.Method == http.MethodPost {
						q = httptest.NewRequest(r.Method, n.Config.Web.Base+path, strings.NewReader(fields.Encode()))
						q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
						q.Header.Set("Origin", n.Config.Web.Base)
						q.Header.Set("Sec-Fetch-Site", "same-origin")
					} else {
						q.URL.RawQuery = fields.Encode()
					}
					q.RequestURI = q.URL.RequestURI()
					if host != "" {
						q.Host = host
						q.Header.Set("X-Forwarded-Host", host)
						q.Header.Set("Forwarded", "host="+host)
					}
					if cookie != "" {
						q.AddCookie(&http.Cookie{Name: "__Host-session", Value: cookie})
					}
					w := httptest.NewRecorder()
					site.ServeHTTP(w, q)
					asked++
					to := w.Header().Get("Location")
					if to == "" {
						continue
					}
					redirects++
					u, err := url.Parse(to)
					if err != nil || u.Host != "" && u.Scheme+"://"+u.Host != n.Config.Web.Base || u.Host == "" && (!strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.HasPrefix(to, "/\\")) {
						t.Errorf("%s (%s %s) leads to %q", r.Name, r.Method, path, to)
					}
				}
			}
		}
	}
	if redirects < 1000 {
		t.Errorf("%d of %d answers led anywhere", redirects, asked)
	}
	t.Logf("%d redirects of %d answers", redirects, asked)
}

func cookies(all webtest.Sessions) (list []string) {
	for _, p := range all {
		list = append(list, p.Cookie)
	}
	return list
}
