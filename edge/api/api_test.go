package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/edge/api"
	"rem/internal/testkit"
	"rem/person"
	"rem/provider/directory"
)

// backend knows one account, and what it was asked.
type backend struct {
	logins int
	who    directory.Asker
	err    error
}

func (b *backend) Login(_ context.Context, user, password string) (rem.Actor, error) {
	b.logins++
	if user != "ayse@hs90.kep.test" || password != "uygulama-parolasi" {
		return rem.Actor{}, api.ErrCredentials
	}
	return rem.Actor{Account: "acc-1", Holder: "per-1", Person: "per-1", Method: "m"}, nil
}

func (b *backend) Query(_ context.Context, who directory.Asker, q directory.Question) (directory.Answer, error) {
	b.who = who
	if b.err != nil {
		return directory.Answer{}, b.err
	}
	return directory.Answer{Outcome: directory.Found, Text: rem.Text{Turkish: "Bulundu", English: "Found"}, Results: []directory.Result{{
		Kind: person.Private, Address: rem.MustAddress("ornek@hs90.kep.test"), Values: []directory.Value{{Field: directory.Name, Text: "Örnek Ticaret A.Ş."}},
	}}}, nil
}

func (b *backend) Check(_ context.Context, who directory.Asker, _ directory.Use, addresses []rem.Address) ([]directory.Status, error) {
	b.who = who
	if b.err != nil {
		return nil, b.err
	}
	list := make([]directory.Status, len(addresses))
	for i := range list {
		list[i] = directory.NotListed
	}
	list[0] = directory.Exists
	return list, nil
}

type door struct {
	*backend
	handler http.Handler
	clock   *testkit.Clock
}

func newDoor() *door {
	b, clock := &backend{}, testkit.NewClock(time.Time{})
	return &door{b, api.New(b, clock, slog.New(slog.DiscardHandler)), clock}
}

// ask sends a body, with the right password unless another is given.
func (d *door) ask(path, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	q := httptest.NewRequest("POST", "https://kep.example"+path, strings.NewReader(body))
	q.RemoteAddr = "192.0.2.1:4711"
	q.Header.Set("Content-Type", "application/json")
	q.SetBasicAuth("ayse@hs90.kep.test", "uygulama-parolasi")
	for _, c := range change {
		c(q)
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, q)
	return w
}

// REQ-49, REQ-80: a program asks as an account's person, by the door of programs.
func TestAProgramAsksTheDirectory(t *testing.T) {
	d := newDoor()
	w := d.ask("/api/v1/directory/query", `{"by":"title","value":"Örnek Ticaret","use":"sending"}`)
	var got struct {
		Outcome string
		Results []struct {
			Kind, Address string
			Values        []struct{ Field, Text string }
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 || got.Outcome != "found" || len(got.Results) != 1 ||
		got.Results[0].Address != "ornek@hs90.kep.test" || got.Results[0].Values[0].Text != "Örnek Ticaret A.Ş." {
		t.Errorf("%d %s: %v", w.Code, w.Body, err)
	}
	if d.who.Actor.Person != "per-1" || d.who.Door != directory.ByREST {
		t.Errorf("it was asked by %+v", d.who)
	}
	if w := d.ask("/api/v1/directory/check", `{"addresses":["a@hs90.kep.test","b@hs91.kep.test"]}`); w.Code != 200 || strings.Count(w.Body.String(), `"status":`) != 2 || !strings.Contains(w.Body.String(), "not-listed") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, h := range []string{"Cache-Control", "X-Content-Type-Options", "Content-Security-Policy"} {
		if w.Header().Get(h) == "" {
			t.Errorf("no %s", h)
		}
	}
}

func TestWhatIsNotWellAskedIsAProblem(t *testing.T) {
	d := newDoor()
	for name, c := range map[string]struct {
		path, body string
		change     func(*http.Request)
		status     int
	}{
		"no such address":     {"/api/v1/messages", `{}`, nil, 404},
		"another method":      {"/api/v1/directory/query", ``, func(q *http.Request) { q.Method = "GET" }, 404},
		"another type":        {"/api/v1/directory/query", `{}`, func(q *http.Request) { q.Header.Set("Content-Type", "text/plain") }, 415},
		"no JSON":             {"/api/v1/directory/query", `{`, nil, 400},
		"an unknown field":    {"/api/v1/directory/query", `{"by":"address","value":"a@hs90.kep.test","all":true}`, nil, 400},
		"something behind":    {"/api/v1/directory/query", `{"by":"address","value":"a@hs90.kep.test"}{}`, nil, 400},
		"too large":           {"/api/v1/directory/query", `{"by":"` + strings.Repeat("x", 70<<10) + `"}`, nil, 413},
		"no key":              {"/api/v1/directory/query", `{"value":"a@hs90.kep.test"}`, nil, 422},
		"not an address":      {"/api/v1/directory/query", `{"by":"address","value":"*@hs90.kep.test"}`, nil, 422},
		"another use":         {"/api/v1/directory/query", `{"by":"address","value":"a@hs90.kep.test","use":"advertising"}`, nil, 422},
		"no addresses":        {"/api/v1/directory/check", `{"addresses":[]}`, nil, 422},
		"one is no address":   {"/api/v1/directory/check", `{"addresses":["a@hs90.kep.test","b"]}`, nil, 422},
		"no password":         {"/api/v1/directory/query", `{}`, func(q *http.Request) { q.Header.Del("Authorization") }, 401},
		"a wrong password":    {"/api/v1/directory/query", `{}`, func(q *http.Request) { q.SetBasicAuth("ayse@hs90.kep.test", "x") }, 401},
		"an unknown address":  {"/api/v1/directory/query", `{}`, func(q *http.Request) { q.SetBasicAuth("x@hs90.kep.test", "x") }, 401},
		"a very long address": {"/api/v1/directory/query", `{}`, func(q *http.Request) { q.SetBasicAuth(strings.Repeat("x", 1000), "x") }, 401},
	} {
		change := c.change
		if change == nil {
			change = func(*http.Request) {}
		}
		w := d.ask(c.path, c.body, change)
		if w.Code != c.status || w.Header().Get("Content-Type") != "application/problem+json" || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s: %d %s, want %d", name, w.Code, w.Body, c.status)
		}
	}
	a := d.ask("/api/v1/directory/query", `{}`, func(q *http.Request) { q.SetBasicAuth("ayse@hs90.kep.test", "x") })
	b := d.ask("/api/v1/directory/query", `{}`, func(q *http.Request) { q.SetBasicAuth("x@hs90.kep.test", "x") })
	if a.Body.String() != b.Body.String() {
		t.Errorf("a wrong password reads %s and an unknown address %s", a.Body, b.Body)
	}
	if w := d.ask("/api/v1/directory/query", `{`, func(q *http.Request) { q.Header.Set("Accept-Language", "en-GB") }); !strings.Contains(w.Body.String(), "cannot be read") {
		t.Errorf("in English: %s", w.Body)
	}
}

// AT-33: guessing ends, for a network and for an account, and begins again later.
func TestGuessingThePasswordEnds(t *testing.T) {
	for name, who := range map[string]func(int) (user, from string){
		"one account": func(i int) (string, string) { return "ayse@hs90.kep.test", fmt.Sprintf("198.51.100.%d:1", i) },
		"one network": func(i int) (string, string) { return fmt.Sprintf("k%d@hs90.kep.test", i), "198.51.100.7:1" },
	} {
		d := newDoor()
		wrong := func(i int) int {
			return d.ask("/api/v1/directory/query", `{}`, func(q *http.Request) {
				user, from := who(i)
				q.SetBasicAuth(user, "x")
				q.RemoteAddr = from
			}).Code
		}
		for i := range 100 {
			wrong(i)
		}
		if d.logins > 40 || wrong(100) != http.StatusTooManyRequests {
			t.Errorf("%s: %d passwords were tried", name, d.logins)
		}
		d.clock.Advance(16 * time.Minute)
		if code := wrong(101); code != http.StatusUnauthorized {
			t.Errorf("%s: a quarter of an hour later: %d", name, code)
		}
	}
}

func TestAFaultSaysNothing(t *testing.T) {
	d := newDoor()
	d.err = errors.New("kanarya: the disk is on fire")
	for _, path := range []string{"query", "check"} {
		w := d.ask("/api/v1/directory/"+path, map[string]string{"query": `{"by":"address","value":"a@hs90.kep.test"}`, "check": `{"addresses":["a@hs90.kep.test"]}`}[path])
		if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "kanarya") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	d.err = fmt.Errorf("%w: %w", directory.ErrQuota, rem.Refuse(rem.PolicyViolation, "Sınır doldu.", "The limit is reached."))
	if w := d.ask("/api/v1/directory/query", `{"by":"address","value":"a@hs90.kep.test"}`); w.Code != http.StatusTooManyRequests || !strings.Contains(w.Body.String(), "Sınır doldu.") {
		t.Errorf("over the quota: %d %s", w.Code, w.Body)
	}
}

// Whatever is sent, the door answers with one JSON document and does not panic.
func FuzzBody(f *testing.F) {
	f.Add("query", `{"by":"title","value":"Örnek","use":"sending"}`)
	f.Add("check", `{"addresses":["a@hs90.kep.test"]}`)
	f.Fuzz(func(t *testing.T, path, body string) {
		if path != "query" && path != "check" {
			path = "query"
		}
		w := newDoor().ask("/api/v1/directory/"+path, body)
		if !json.Valid(w.Body.Bytes()) || w.Code >= 500 {
			t.Errorf("%d %q", w.Code, w.Body)
		}
	})
}
