package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"rem"
	"rem/internal/testkit"
	"rem/person/login"
	"rem/privacy"
	"rem/provider/staff"
)

const base = "https://kep.test"

func both(s string) rem.Text { return rem.Text{Turkish: s + " (tr)", English: s + " (en)"} }

var plainViews = MustViews(fstest.MapFS{"p/plain.html": {Data: []byte(`{{define "main"}}<p>{{.}}</p>{{end}}`)}}, "p")

// people are principals by the cookie that stands for them.
type people map[string]Principal

func (p people) Session(_ context.Context, cookie string) (Principal, error) {
	x, ok := p[cookie]
	if !ok {
		return Principal{}, login.ErrNoSession
	}
	if x.Session.Account == "refused" {
		return Principal{}, rem.Refuse(rem.PolicyViolation, "Eğitiminizin süresi doldu.", "Your training is out of date.")
	}
	if x.Session.Account == "broken" {
		return Principal{}, errors.New("the store of ayse@kep.test is away")
	}
	return x, nil
}

type frame struct {
	*Site
	log     *bytes.Buffer
	people  people
	cookies map[string]string // by name of the principal
	reached []string          // routes whose handlers ran
}

func cookieOf() string { return login.NewSecret().Reveal() }

func newFrame(t testing.TB, routes ...Route) *frame {
	t.Helper()
	f := &frame{log: &bytes.Buffer{}, people: people{}, cookies: map[string]string{}}
	as := func(name string, p Principal) {
		c := cookieOf()
		f.people[c], f.cookies[name] = p, c
	}
	who := func(k login.Kind, l login.Level) login.Session {
		return login.Session{Who: login.Who{Kind: k, Person: "p-1"}, Level: l}
	}
	as("holder", Principal{Session: who(login.Holder, login.Strong)})
	as("fresh holder", Principal{Session: who(login.Holder, login.Strong), Fresh: true})
	as("enrolling holder", Principal{Session: who(login.Holder, login.Enrolling), Fresh: true})
	as("applicant", Principal{Session: who(login.Applicant, login.Resumed)})
	as("partner", Principal{Session: who(login.Partner, login.Strong), Roles: []staff.Role{staff.Partner}})
	as("officer", Principal{Session: who(login.Staff, login.Strong), Roles: []staff.Role{staff.Officer}, Fresh: true})
	as("enrolling officer", Principal{Session: who(login.Staff, login.Enrolling), Roles: []staff.Role{staff.Officer}})
	as("approver", Principal{Session: who(login.Staff, login.Strong), Roles: []staff.Role{staff.Approver}})
	as("nobody of the staff", Principal{Session: who(login.Staff, login.Strong)})
	f.cookies["ended"] = cookieOf()
	f.cookies[""] = ""
	for i := range routes {
		h, name := routes[i].Handler, routes[i].Name
		routes[i].Handler = func(r *Request) (Answer, error) {
			f.reached = append(f.reached, name)
			if h != nil {
				return h(r)
			}
			return Page{View: plainViews.Page("plain"), Title: both(name), Data: name}, nil
		}
	}
	s, err := New(Config{
		Base: base, Name: both("Provider"), Clock: testkit.NewClock(time.Time{}), Log: slog.New(slog.NewTextHandler(f.log, nil)), Sessions: f.people, Strict: true,
		Menu: []MenuItem{{Text: both("Home"), Path: "/"}, {Text: both("Desk"), Path: "/desk"}, {Text: both("Enter"), Path: "/enter", Strangers: true}},
	}, Part{Name: "x", Routes: routes})
	if err != nil {
		t.Fatal(err)
	}
	f.Site = s
	return f
}

// ask sends a request; edits change it.
func (f *frame) ask(method, path, who string, edits ...func(*http.Request)) *httptest.ResponseRecorder {
	q := httptest.NewRequest(method, base+path, nil)
	q.RequestURI = path
	if c := f.cookies[who]; c != "" {
		q.AddCookie(&http.Cookie{Name: sessionCookie, Value: c})
	}
	if method == http.MethodPost {
		q.Header.Set("Origin", base)
		q.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for _, e := range edits {
		e(q)
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, q)
	return w
}

func header(name, value string) func(*http.Request) {
	return func(q *http.Request) {
		if value == "" {
			q.Header.Del(name)
			return
		}
		q.Header.Set(name, value)
	}
}

// AT-28: every route against every principal, as the table says and as the site
// does; whoever is not admitted does not reach the handler.
func TestWhoMayCallIsWhatTheTableSays(t *testing.T) {
	doors := map[string]Who{
		"public": Public, "holder": Holder, "applicant": Applicant, "partner": Partner, "enrolling": Enrolling,
		"staff": Staff(), "officer": Staff(staff.Officer), "desk": Staff(staff.Officer, staff.Approver), "either": Either(Holder, Applicant),
	}
	admits := map[string][]string{
		"public":    {"", "ended", "holder", "fresh holder", "enrolling holder", "applicant", "partner", "officer", "enrolling officer", "approver", "nobody of the staff"},
		"holder":    {"holder", "fresh holder"},
		"applicant": {"applicant"},
		"partner":   {"partner"},
		"enrolling": {"enrolling holder", "enrolling officer"},
		"staff":     {"officer", "approver", "nobody of the staff"},
		"officer":   {"officer"},
		"desk":      {"officer", "approver"},
		"either":    {"holder", "fresh holder", "applicant"},
	}
	var routes []Route
	for name, who := range doors {
		for _, method := range []string{"GET", "POST"} {
			for _, fresh := range []bool{false, true} {
				if fresh && name == "public" {
					continue
				}
				routes = append(routes, Route{Name: fmt.Sprint(name, method, fresh), Method: method, Pattern: fmt.Sprintf("/%s/%t", name, fresh), Who: who, Fresh: fresh})
			}
		}
	}
	f := newFrame(t, routes...)
	cells := 0
	for _, r := range f.Routes() {
		if r.Plain {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(r.Pattern, "/"), "/")
		for who, cookie := range f.cookies {
			for _, language := range []string{"tr", "en"} {
				f.reached = nil
				w := f.ask(r.Method, "/"+language+r.Pattern, who)
				p := f.people[cookie]
				want := slices.Contains(admits[name], who) && (!r.Fresh || p.Fresh)
				if got := len(f.reached) == 1; got != want {
					t.Errorf("%s %s as %q: reached %t, want %t (%d)", r.Method, r.Pattern, who, got, want, w.Code)
				}
				if !want && w.Code != http.StatusSeeOther && w.Code != http.StatusForbidden {
					t.Errorf("%s %s as %q: %d", r.Method, r.Pattern, who, w.Code)
				}
				cells++
			}
		}
	}
	if cells < 600 {
		t.Errorf("%d cells; is the table smaller?", cells)
	}
}

// Whoever has no session is sent to his door, and knows the way back.
func TestAVisitorIsSentToHisDoor(t *testing.T) {
	f := newFrame(t, Route{Name: "a", Method: "GET", Pattern: "/a", Who: Holder}, Route{Name: "b", Method: "GET", Pattern: "/b", Who: Staff(staff.Officer)},
		Route{Name: "c", Method: "GET", Pattern: "/c", Who: Holder, Fresh: true}, Route{Name: "d", Method: "POST", Pattern: "/d", Who: Holder})
	for _, c := range []struct{ method, path, who, to string }{
		{"GET", "/en/a?x=1", "", "/en/login?next=%2Fen%2Fa%3Fx%3D1"},
		{"GET", "/tr/b", "", "/tr/desk/login?next=%2Ftr%2Fb"},
		{"GET", "/tr/b", "holder", "/tr/desk/login?next=%2Ftr%2Fb"},
		{"GET", "/tr/c", "holder", "/tr/login/again?next=%2Ftr%2Fc"},
		{"POST", "/tr/d", "", "/tr/login"},
		{"GET", "/a", "", "/tr/a"},
	} {
		w := f.ask(c.method, c.path, c.who)
		if got := w.Header().Get("Location"); got != c.to {
			t.Errorf("%s %s as %q leads to %q (%d), want %q", c.method, c.path, c.who, got, w.Code, c.to)
		}
	}
	if w := f.ask("GET", "/tr/a", "ended"); !strings.Contains(w.Header().Get("Set-Cookie"), sessionCookie+"=; ") {
		t.Errorf("the cookie of a session that ended stays: %q", w.Header().Get("Set-Cookie"))
	}
}

// AT-30: nothing changes by GET, and a form from anywhere else is refused before
// anything of it is read.
func TestAFormFromAnotherOriginIsRefused(t *testing.T) {
	f := newFrame(t, Route{Name: "change", Method: "POST", Pattern: "/change", Who: Holder})
	for _, origin := range []string{
		"null", "https://kep.test.evil.example", "https://evil.example", "http://kep.test", "https://kep.test:8443", "https://www.kep.test", "https://kep.test.",
		"https://KEP.test", "https://kep.test/", "https://kep.test@evil.example", "file://", "https://kep.test https://evil.example",
	} {
		for _, site := range []string{"", "same-origin", "same-site", "cross-site", "none"} {
			f.reached = nil
			w := f.ask("POST", "/tr/change", "holder", header("Origin", origin), header("Sec-Fetch-Site", site))
			if w.Code != http.StatusForbidden || len(f.reached) > 0 {
				t.Errorf("Origin %q, Sec-Fetch-Site %q: %d, reached %v", origin, site, w.Code, f.reached)
			}
		}
	}
	for name, edits := range map[string][]func(*http.Request){
		"no origin at all":                 {header("Origin", ""), header("Sec-Fetch-Site", "")},
		"another page of the same site":    {header("Origin", ""), header("Sec-Fetch-Site", "same-site")},
		"ours, but the browser says cross": {header("Sec-Fetch-Site", "cross-site")},
	} {
		if w := f.ask("POST", "/tr/change", "holder", edits...); w.Code != http.StatusForbidden {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"} {
		f.reached = nil
		if w := f.ask(method, "/tr/change", "holder"); w.Code == http.StatusOK || len(f.reached) > 0 {
			t.Errorf("%s: %d, reached %v", method, w.Code, f.reached)
		}
	}
	if w := f.ask("POST", "/tr/change", "holder"); w.Code != http.StatusOK {
		t.Errorf("our own form: %d", w.Code)
	}
	if w := f.ask("POST", "/tr/change", "holder", header("Sec-Fetch-Site", "")); w.Code != http.StatusOK {
		t.Errorf("our own form, of an old browser: %d", w.Code)
	}
}

// S17, P-09: what goes with each answer, also with those of faults.
func TestEveryAnswerHasItsHeaders(t *testing.T) {
	f := newFrame(t,
		Route{Name: "home", Method: "GET", Pattern: "/", Who: Public}, Route{Name: "own", Method: "GET", Pattern: "/own", Who: Holder},
		Route{Name: "fault", Method: "GET", Pattern: "/fault", Who: Public, Handler: func(*Request) (Answer, error) { return nil, errors.New("x") }},
		Route{Name: "panic", Method: "GET", Pattern: "/panic", Who: Public, Handler: func(*Request) (Answer, error) { panic("x") }},
		Route{Name: "key", Method: "GET", Pattern: "/key", Who: Public, Handler: func(*Request) (Answer, error) {
			return Page{View: plainViews.Page("plain"), Title: both("x"), Script: Passkey}, nil
		}},
		Route{Name: "file", Method: "GET", Pattern: "/file", Who: Holder, Handler: func(*Request) (Answer, error) {
			return Download{Name: "ö\"\r\nX: y.txt", Type: "text/html", Body: []byte("<script>")}, nil
		}},
	)
	for _, c := range []struct {
		path, who string
		cache     string
		status    int
	}{
		{"/tr", "", "no-cache", 200}, {"/tr", "holder", "no-store", 200}, {"/tr", "ended", "no-store", 200}, {"/tr/own", "holder", "no-store", 200}, {"/tr/own", "", "no-store", 303},
		{"/tr/fault", "", "no-store", 500}, {"/tr/panic", "", "no-store", 500}, {"/tr/nowhere", "", "no-store", 404}, {"/tr/key", "", "no-cache", 200}, {"/tr/file", "holder", "no-store", 200},
		{"/nowhere", "", "no-store", 404}, {"/", "", "no-cache", 302},
	} {
		h := f.ask("GET", c.path, c.who)
		csp := h.Header().Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: the policy %q lacks %s", c.path, csp, want)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "http:") || strings.Contains(csp, "*") {
			t.Errorf("%s: the policy %q lets too much in", c.path, csp)
		}
		if strings.Contains(csp, "script-src 'self'") != (c.path == "/tr/key") {
			t.Errorf("%s: scripts: %q", c.path, csp)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin", "Strict-Transport-Security": "max-age=63072000; includeSubDomains", "Cache-Control": c.cache,
		} {
			if got := h.Header().Get(name); got != want {
				t.Errorf("%s as %q: %s is %q, want %q", c.path, c.who, name, got, want)
			}
		}
		if h.Code != c.status {
			t.Errorf("%s as %q: %d, want %d", c.path, c.who, h.Code, c.status)
		}
		if strings.ContainsAny(h.Header().Get("Content-Disposition"), "\r\n") {
			t.Error("a file's name makes a header")
		}
	}
}

// AT-43: whatever name, path or way back somebody invents, nothing of it comes back
// as an address.
func TestNobodyIsLedElsewhere(t *testing.T) {
	f := newFrame(t, Route{Name: "home", Method: "GET", Pattern: "/", Who: Public}, Route{Name: "own", Method: "GET", Pattern: "/own/{version}", Who: Holder},
		Route{Name: "next", Method: "GET", Pattern: "/next", Who: Public, Handler: func(r *Request) (Answer, error) {
			if next := r.Next(); next != "" {
				return Redirect{To: next}, nil
			}
			return Redirect{To: "/"}, nil
		}})
	for _, next := range []string{
		"https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/tr/..//evil.example", "/tr/../../evil", "javascript:alert(1)", "/evil", "tr/own/1", "/tr/nowhere",
		"/tr/own/1\r\nSet-Cookie: x=y", "/tr/own/\x00", "http:/tr", "https:tr", "/tr/own/1#x", "//kep.test/tr", "/%2f/evil.example", "/tr%2f..%2f..%2fevil", strings.Repeat("/tr/own/1", 100), "/tr/own/1/", "",
		"/%09/evil.example", "/tr@evil.example", "///evil.example", "/.//evil.example",
	} {
		w := f.ask("GET", "/tr/next?next="+url.QueryEscape(next), "")
		if got := w.Header().Get("Location"); got != "/tr" {
			t.Errorf("next %q leads to %q", next, got)
		}
	}
	for _, next := range []string{"/tr", "/en/own/1", "/tr/own/a%20b?page=2"} {
		if got := f.ask("GET", "/tr/next?next="+url.QueryEscape(next), "").Header().Get("Location"); got != next {
			t.Errorf("next %q leads to %q", next, got)
		}
	}
	for _, host := range []string{"evil.example", "kep.test.evil.example", "kep.test:443", "KEP.TEST", "kep.test.", "", "127.0.0.1"} {
		w := f.ask("GET", "/tr/own/1", "", func(q *http.Request) { q.Host = host; q.Header.Set("X-Forwarded-Host", "evil.example") })
		if w.Code != http.StatusMisdirectedRequest || w.Header().Get("Location") != "" || strings.Contains(w.Body.String(), "evil") {
			t.Errorf("host %q: %d %q", host, w.Code, w.Header().Get("Location"))
		}
	}
	for _, path := range []string{"//evil.example", "//evil.example/%2e%2e", "/tr//own/1", "/tr/./own/1", "/tr/own/../own/1", "/tr/own/1/", "/tr/own\\1", "/\\evil.example", "/tr/own/a%0d%0ab"} {
		q := httptest.NewRequest("GET", base+"/", nil)
		u, err := url.ParseRequestURI(path)
		if err != nil {
			continue
		}
		q.URL, q.RequestURI = u, path
		w := httptest.NewRecorder()
		f.ServeHTTP(w, q)
		if loc := w.Header().Get("Location"); loc != "" && !strings.HasPrefix(loc, "/tr/login?next=%2F") || w.Code == http.StatusOK {
			t.Errorf("path %q: %d, leads to %q", path, w.Code, loc)
		}
	}
}

// S31, S33, P-08, AT-29.
func TestOnlyTheTwoCookiesAreSet(t *testing.T) {
	a, b, device := login.NewSecret(), login.NewSecret(), login.NewSecret()
	f := newFrame(t, Route{Name: "open", Method: "POST", Pattern: "/open", Who: Public, Handler: func(r *Request) (Answer, error) {
		r.Open(login.Opened{Secret: a})
		r.Open(login.Opened{Secret: b, Device: device})
		return Redirect{To: "/open"}, nil
	}}, Route{Name: "close", Method: "POST", Pattern: "/close", Who: Public, Handler: func(r *Request) (Answer, error) {
		r.Close()
		return Redirect{To: "/"}, nil
	}}, Route{Name: "stray", Method: "POST", Pattern: "/stray", Who: Public, Handler: func(r *Request) (Answer, error) {
		http.SetCookie(r.w, &http.Cookie{Name: "tracker", Value: "ayse"})
		return Redirect{To: "/"}, nil
	}}, Route{Name: "who", Method: "GET", Pattern: "/who", Who: Public, Handler: func(r *Request) (Answer, error) {
		return Page{View: plainViews.Page("plain"), Title: both("x"), Data: string(r.Principal.Kind())}, nil
	}})
	got := f.ask("POST", "/tr/open", "").Header()["Set-Cookie"]
	want := []string{
		sessionCookie + "=" + b.Reveal() + "; Path=/; HttpOnly; Secure; SameSite=Lax",
		deviceCookie + "=" + device.Reveal() + "; Path=/; Max-Age=15552000; HttpOnly; Secure; SameSite=Strict",
	}
	if !slices.Equal(got, want) {
		t.Errorf("cookies\n%q, want\n%q", got, want)
	}
	if got := f.ask("POST", "/tr/close", "holder").Header()["Set-Cookie"]; len(got) != 1 || !strings.Contains(got[0], sessionCookie+"=; Path=/; Max-Age=0") {
		t.Errorf("closing: %q", got)
	}
	f.ask("POST", "/tr/stray", "")
	if !strings.Contains(f.log.String(), "panicked") {
		t.Error("a stray cookie is no panic in a test")
	}
	f.config.Strict = false
	if got := f.ask("POST", "/tr/stray", "").Header()["Set-Cookie"]; len(got) != 0 {
		t.Errorf("a stray cookie leaves: %q", got)
	}
	for name, edit := range map[string]func(*http.Request){
		"two of one name": func(q *http.Request) { q.AddCookie(&http.Cookie{Name: sessionCookie, Value: cookieOf()}) },
		"a made-up one": func(q *http.Request) {
			q.Header.Set("Cookie", sessionCookie+"=ayse")
		},
	} {
		if w := f.ask("GET", "/tr/who", "holder", edit); strings.Contains(w.Body.String(), "holder") {
			t.Errorf("%s is a session", name)
		}
	}
	if w := f.ask("GET", "/tr/who", "holder"); !strings.Contains(w.Body.String(), "<p>holder</p>") {
		t.Error("a session is none")
	}
}

// AT-34: a stranger learns nothing from a fault, and the log nothing about people.
func TestAFaultShowsItsNumberAlone(t *testing.T) {
	f := newFrame(t,
		Route{Name: "fault", Method: "GET", Pattern: "/fault/{version}", Who: Public, Handler: func(*Request) (Answer, error) { return nil, errors.New("disk 7 is full") }},
		Route{Name: "panic", Method: "GET", Pattern: "/panic/{version}", Who: Public, Handler: func(*Request) (Answer, error) { panic("12345678950") }},
		Route{Name: "refusal", Method: "GET", Pattern: "/refusal", Who: Public, Handler: func(*Request) (Answer, error) {
			return nil, fmt.Errorf("x: %w", rem.Refuse(rem.PolicyViolation, "Olmaz.", "No."))
		}},
		Route{Name: "own", Method: "GET", Pattern: "/own", Who: Staff()})
	for _, path := range []string{"/tr/fault/12345678950", "/en/panic/12345678950"} {
		f.log.Reset()
		w := f.ask("GET", path+"?q=12345678950", "")
		body, log := w.Body.String(), f.log.String()
		_, number, _ := strings.Cut(log, "request=")
		number, _, _ = strings.Cut(number, " ")
		if w.Code != 500 || number == "" || !strings.Contains(body, number) || strings.Contains(body, "disk") || strings.Contains(body, "goroutine") {
			t.Errorf("%s: %d, number %q, page %s", path, w.Code, number, body)
		}
		if strings.Contains(log, "12345678950") || strings.Contains(strings.ReplaceAll(body, path, ""), "<p>12345678950") {
			t.Errorf("%s: what was asked for is in the log: %s", path, log)
		}
	}
	if w := f.ask("GET", "/en/refusal", ""); w.Code != 422 || !strings.Contains(w.Body.String(), "<p>No.</p>") {
		t.Errorf("a refusal: %d %s", w.Code, w.Body)
	}
	f.people[f.cookies["officer"]] = Principal{Session: login.Session{Account: "refused"}}
	if w := f.ask("GET", "/tr/own", "officer"); w.Code != 403 || !strings.Contains(w.Body.String(), "Eğitiminizin") {
		t.Errorf("a refusal of the gate: %d", w.Code)
	}
	f.people[f.cookies["officer"]] = Principal{Session: login.Session{Account: "broken"}}
	if w := f.ask("GET", "/tr/own", "officer"); w.Code != 500 || len(f.reached) > 3 {
		t.Errorf("a store that is away: %d", w.Code)
	}
}

// AT-07, AT-38.
func TestWhatIsSentIsBounded(t *testing.T) {
	started, release := make(chan struct{}), make(chan struct{})
	f := newFrame(t, Route{Name: "form", Method: "POST", Pattern: "/form", Who: Public, Handler: func(r *Request) (Answer, error) {
		f, err := r.Form()
		if err != nil {
			return nil, err
		}
		return Page{View: plainViews.Page("plain"), Title: both("x"), Form: f, Data: f.Get("a")}, nil
	}}, Route{Name: "busy", Method: "GET", Pattern: "/busy", Who: Public, Busy: true, Handler: func(*Request) (Answer, error) {
		started <- struct{}{}
		<-release
		return Redirect{To: "/"}, nil
	}})
	many := strings.Repeat("a=b&", maxFields+1)
	for name, c := range map[string]struct {
		body, kind string
		status     int
	}{
		"a form":               {"a=b", "application/x-www-form-urlencoded", 200},
		"too large":            {"a=" + strings.Repeat("x", FormSize), "application/x-www-form-urlencoded", 413},
		"a value too long":     {"a=" + strings.Repeat("x", maxValue+1), "application/x-www-form-urlencoded", 413},
		"too many fields":      {many, "application/x-www-form-urlencoded", 413},
		"a NUL":                {"a=%00", "application/x-www-form-urlencoded", 400},
		"no text":              {"a=%ff%fe", "application/x-www-form-urlencoded", 400},
		"letters turned":       {"a=%E2%80%AE", "application/x-www-form-urlencoded", 400},
		"half an escape":       {"a=%4", "application/x-www-form-urlencoded", 400},
		"a semicolon":          {"a=b;c=d", "application/x-www-form-urlencoded", 400},
		"another type":         {`{"a":"b"}`, "application/json", 400},
		"no type":              {"a=b", "", 400},
		"text, as scripts can": {"a=b", "text/plain", 400},
	} {
		w := f.ask("POST", "/tr/form", "", func(q *http.Request) {
			q.Header.Set("Content-Type", c.kind)
			q.Body = io.NopCloser(strings.NewReader(c.body))
		})
		if w.Code != c.status {
			t.Errorf("%s: %d, want %d", name, w.Code, c.status)
		}
	}
	if w := f.ask("GET", "/tr/form?"+strings.Repeat("a", querySize+1), ""); w.Code != http.StatusRequestURITooLong {
		t.Errorf("a long address: %d", w.Code)
	}
	done := make(chan int, 8)
	for range cap(f.busy) {
		go func() { done <- f.ask("GET", "/tr/busy", "").Code }()
		<-started
	}
	if w := f.ask("GET", "/tr/busy", ""); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("one too many: %d", w.Code)
	}
	close(release)
	for range cap(f.busy) {
		if code := <-done; code != http.StatusSeeOther {
			t.Errorf("one of those before: %d", code)
		}
	}
}

// What does not say who may call it, or is no page of its own, is no site.
func TestATableWithAFaultIsNoSite(t *testing.T) {
	h := func(*Request) (Answer, error) { return nil, nil }
	ok := Route{Name: "a", Method: "GET", Pattern: "/a", Who: Public, Handler: h}
	for name, routes := range map[string][]Route{
		"nobody is named":     {{Name: "a", Method: "GET", Pattern: "/a", Handler: h}},
		"a whole folder":      {{Name: "a", Method: "GET", Pattern: "/a/", Who: Public, Handler: h}},
		"everything below":    {{Name: "a", Method: "GET", Pattern: "/a/{rest...}", Who: Public, Handler: h}},
		"another method":      {{Name: "a", Method: "PUT", Pattern: "/a", Who: Public, Handler: h}},
		"no handler":          {{Name: "a", Method: "GET", Pattern: "/a", Who: Public}},
		"two of one name":     {ok, {Name: "a", Method: "GET", Pattern: "/b", Who: Public, Handler: h}},
		"two of one address":  {ok, {Name: "b", Method: "GET", Pattern: "/a", Who: Public, Handler: h}},
		"two that overlap":    {{Name: "a", Method: "GET", Pattern: "/{x}/b", Who: Public, Handler: h}, {Name: "b", Method: "GET", Pattern: "/a/{y}", Who: Public, Handler: h}},
		"a fresh one for all": {{Name: "a", Method: "GET", Pattern: "/a", Who: Public, Fresh: true, Handler: h}},
	} {
		c := Config{Base: base, Name: both("x"), Clock: testkit.NewClock(time.Time{}), Log: slog.New(slog.DiscardHandler)}
		if _, err := New(c, Part{Name: "x", Routes: routes}); err == nil {
			t.Errorf("%s: it is a site", name)
		}
	}
	for _, address := range []string{"", "http://kep.test", "https://kep.test/", "https://", "https://kep.test/x", "https://u@kep.test", "kep.test"} {
		if _, err := New(Config{Base: address, Name: both("x"), Clock: testkit.NewClock(time.Time{}), Log: slog.New(slog.DiscardHandler)}); err == nil {
			t.Errorf("%q is an address of pages", address)
		}
	}
}

// Every sentence of the frame has both languages.
func TestTheFrameSpeaksBothLanguages(t *testing.T) {
	if words := ours.Untranslated(); len(words) > 0 {
		t.Errorf("words in one language: %q", words)
	}
	for status, f := range failures {
		if f.title.Turkish == "" || f.title.English == "" || (f.text.Turkish == "") != (f.text.English == "") {
			t.Errorf("the page for %d lacks a language", status)
		}
	}
	v := MustViews(fstest.MapFS{"p/a.html": {Data: []byte(`{{define "main"}}<p title="Merhaba">{{t "a" "b"}} Hello</p>{{end}}`)}}, "p")
	if got := v.Untranslated(); len(got) != 2 {
		t.Errorf("found %q, want two words", got)
	}
	at := time.Date(2026, 1, 31, 22, 5, 9, 0, time.UTC)
	if tr, en := Moment(at, privacy.Turkish), Moment(at, privacy.English); tr != "1 Şubat 2026 01:05:09 (UTC+3)" || en != "1 February 2026 01:05:09 (UTC+3)" {
		t.Errorf("%s / %s", tr, en)
	}
}

// A person may have read the form's problems before; what he typed is there again,
// and a password is not.
func TestWhatWasTypedStandsThereAgain(t *testing.T) {
	f, err := parseForm("name=Ay%C5%9Fe+%3Cb%3E&word=secret&box=2&box=3", 0)
	if err != nil {
		t.Fatal(err)
	}
	f.Fail("name", both("wrong"))
	if x := f.Field(Field{Name: "name"}); x.Value != "Ayşe <b>" || !x.Failed() || x.Described() != "name-problem" {
		t.Errorf("%+v", x)
	}
	if x := f.Field(Field{Name: "word", Type: PasswordInput}); x.Value != "" {
		t.Error("a password comes back")
	}
	x := f.Field(Field{Name: "box", Type: BoxesInput, Choices: []Choice{{Value: "1", Chosen: true}, {Value: "2"}, {Value: "3"}}})
	if x.Choices[0].Chosen || !x.Choices[1].Chosen || !x.Choices[2].Chosen {
		t.Errorf("%+v", x.Choices)
	}
}

// A public page does not ask who reads it, and shows everybody the same.
func TestMenuLeadsWhereSomebodyMayGo(t *testing.T) {
	f := newFrame(t, Route{Name: "home", Method: "GET", Pattern: "/", Who: Public}, Route{Name: "enter", Method: "GET", Pattern: "/enter", Who: Public},
		Route{Name: "own", Method: "GET", Pattern: "/own", Who: Holder}, Route{Name: "desk", Method: "GET", Pattern: "/desk", Who: Staff(staff.Officer)})
	for _, c := range []struct{ who, on, want string }{{"", "/tr/", "/tr/enter"}, {"holder", "/tr/", "/tr/enter"}, {"holder", "/tr/own", ""}, {"officer", "/tr/desk", "/tr/desk"}} {
		page := f.ask("GET", c.on, c.who).Body.String()
		for _, path := range []string{"/tr/enter", "/tr/desk"} {
			if got := strings.Contains(page, `href="`+path+`"`); got != (path == c.want) {
				t.Errorf("%q on %s sees %s: %t", c.who, c.on, path, got)
			}
		}
	}
}
