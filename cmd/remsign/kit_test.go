package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"rem"
	"rem/internal/testkit/softhsm"
)

// A person is who sits before the terminal: his answers are given in turn.
type person struct {
	mu      sync.Mutex
	read    bytes.Buffer // what he was shown; guarded by mu
	answers []string     // guarded by mu
	pins    []string     // guarded by mu
	asked   int          // how often for a PIN; guarded by mu
}

func (h *person) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.read.Write(p)
}

var errSilent = errors.New("he says nothing")

func (h *person) Line() (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.answers) == 0 {
		return "", errSilent
	}
	a := h.answers[0]
	h.answers = h.answers[1:]
	return a, nil
}

func (h *person) Secret() ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked++
	if len(h.pins) == 0 {
		return nil, errSilent
	}
	p := h.pins[0]
	h.pins = h.pins[1:]
	return []byte(p), nil
}

// does sets what he will answer.
func (h *person) does(answers []string, pins ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answers, h.pins, h.asked = answers, pins, 0
	h.read.Reset()
}

func (h *person) saw() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.read.String()
}

func (h *person) pinsAsked() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked
}

// newProgram makes a program with a token, at a world's time.
func newProgram(t *testing.T, token *softhsm.Token, clock rem.Clock) (*program, *person) {
	t.Helper()
	h := &person{}
	p := &program{arguments: &arguments{Lang: "tr", Dir: t.TempDir()}, terminal: h, now: clock.Now}
	if token != nil {
		p.Module = []string{token.Module}
		if err := p.open(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.keys.close)
	}
	return p, h
}

// serving starts the program's door where pages look for it.
func serving(t *testing.T, p *program) *door {
	t.Helper()
	paired, err := p.readPairings()
	if err != nil {
		t.Fatal(err)
	}
	l, err := listen()
	if err != nil {
		t.Fatal(err)
	}
	d := newDoor(p, paired, l.Addr().String())
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: d, BaseContext: func(net.Listener) context.Context { return context.Background() }}}
	s.Start()
	t.Cleanup(s.Close)
	return d
}

// A page is a page of a site as far as remsign sees one.
type page struct {
	t      *testing.T
	door   *door
	origin string
	id     string
	key    []byte
}

const site = "https://kep.hs90.test"

func (g *page) raw(method, path string, body []byte, change func(*http.Request)) (*http.Response, []byte) {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), method, "http://"+g.door.host+path, bytes.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	r.Header.Set("Origin", g.origin)
	r.Header.Set("Content-Type", "application/json")
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	g.door.ServeHTTP(w, r)
	answer := w.Result()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return answer, b
}

var nonces int

// ask asks under the pairing. A problem comes back as its code.
func (g *page) ask(path string, question, answer any) (code string) {
	g.t.Helper()
	body, err := json.Marshal(question)
	if err != nil {
		g.t.Fatal(err)
	}
	nonces++
	nonce := strings.Repeat("0", 24) + string("0123456789abcdef"[nonces>>12&15]) + string("0123456789abcdef"[nonces>>8&15]) + string("0123456789abcdef"[nonces>>4&15]) + string("0123456789abcdef"[nonces&15]) + "0000"
	r, b := g.raw("POST", path, body, func(r *http.Request) {
		r.Header.Set("Remsign-Pairing", g.id)
		r.Header.Set("Remsign-Nonce", nonce)
		r.Header.Set("Remsign-Mac", mac(g.key, "question", path, nonce, body))
	})
	if r.StatusCode == http.StatusOK {
		if got := r.Header.Get("Remsign-Mac"); got != mac(g.key, "answer", path, nonce, b) {
			g.t.Errorf("%s: the answer is not under the pairing", path)
		}
		if err := json.Unmarshal(b, answer); err != nil {
			g.t.Fatal(err)
		}
		return ""
	}
	var w wireProblem
	if err := json.Unmarshal(b, &w); err != nil {
		g.t.Fatalf("%s: %d %s", path, r.StatusCode, b)
	}
	if w.Text["Turkish"] == "" || w.Text["English"] == "" {
		g.t.Errorf("%s: a problem without words: %s", path, b)
	}
	return w.Code
}

// newPage pairs a page of the site.
func newPage(t *testing.T, d *door) *page {
	t.Helper()
	g := &page{t: t, door: d, origin: site}
	if r, b := g.raw("POST", "/v1/pair", []byte("{}"), nil); r.StatusCode != http.StatusOK {
		t.Fatalf("pairing: %d %s", r.StatusCode, b)
	}
	d.pairings.mu.Lock()
	code := d.pairings.waiting.code
	d.pairings.mu.Unlock()
	r, b := g.raw("POST", "/v1/pair/code", []byte(`{"code":"`+code+`"}`), nil)
	var made struct{ ID, Key string }
	if err := json.Unmarshal(b, &made); r.StatusCode != http.StatusOK || err != nil {
		t.Fatalf("pairing: %d %s", r.StatusCode, b)
	}
	key, err := digestOf(made.Key)
	if err != nil {
		t.Fatal(err)
	}
	g.id, g.key = made.ID, key
	return g
}
