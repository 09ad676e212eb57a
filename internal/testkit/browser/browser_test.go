package browser_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"rem/internal/testkit/browser"
)

const good = `<!DOCTYPE html><html lang="tr"><head><title>İyi</title><meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/s.css"></head>
<body><main><h1>İyi</h1><form method="post"><label for="a">Ad</label> <input id="a" name="a"> <button>Gönder</button></form><p><a class="t" href="/bad">Kötü</a></p></main></body></html>`

const bad = `<html><head><title></title><style>p { color: #aaa; background: #fff } button:focus { outline: none }</style></head>
<body><div style="width: 3000px">x</div><p>soluk</p><input name="x"><img src="https://elsewhere.invalid/x.png"><button onclick="fail()" aria-label="b">b</button>
<a href="javascript:x()" tabindex="-1">z</a><script>missing()</script></body></html>`

func pages(base string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/good", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			fmt.Fprintf(w, `<!DOCTYPE html><html lang="tr"><title>x</title><p id="got">%s|%s`, r.PostFormValue("a"), r.Header.Get("Origin"))
			return
		}
		fmt.Fprint(w, good)
	})
	mux.HandleFunc("/bad", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, bad) })
	mux.HandleFunc("/s.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css")
		fmt.Fprint(w, "a.t, input, button { display: inline-block; min-height: 30px } :focus-visible { outline: 3px solid }")
	})
	return mux
}

// A recorder is a test that is expected to fail.
type recorder struct {
	testing.TB
	failed []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.failed = append(r.failed, fmt.Sprintf(format, args...))
}

func (r *recorder) Helper() {}

// What is wrong with a page is found, each thing by its name; nothing is wrong with
// a good one.
func TestWhatIsWrongWithAPageIsFound(t *testing.T) {
	base := browser.Serve(t, pages)
	b := browser.Open(t)
	p := b.Page(t)
	p.Open(base + "/good")
	p.Check()
	if got := p.Walk(); !slices.Equal(got, []string{"a", "Gönder", "Kötü"}) {
		t.Errorf("the keyboard reaches %q", got)
	}
	r := &recorder{TB: t}
	q := b.Page(r)
	q.Open(base + "/bad")
	q.Check()
	q.Walk()
	all := strings.Join(r.failed, "\n")
	for _, want := range []string{
		"axe: color-contrast", "axe: html-has-lang", "axe: label", "axe: image-alt", "axe: document-title", "it asks another host: https://elsewhere.invalid/x.png", "exception: ",
		"inside the page: style", "inside the page: div style", "inside the page: script", "inside the page: button onclick", "inside the page: a href",
		"wide in a window", "nobody sees the focus", "the keyboard does not reach",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("not found: %s in\n%s", want, all)
		}
	}
}

// The verbs do what a person does, where scripts may run and where they may not.
func TestAFormIsFilledInAndSent(t *testing.T) {
	base := browser.Serve(t, pages)
	b := browser.Open(t)
	for _, options := range [][]browser.Option{nil, {browser.NoScript}, {browser.Phone, browser.Dark}} {
		p := b.Page(t, options...)
		p.Open(base + "/good")
		p.Fill("a", "Şeyma İnce")
		p.Submit("form")
		if got := p.Text("#got"); got != "Şeyma İnce|"+base {
			t.Errorf("sent %q", got)
		}
		p.Open(base + "/good")
		p.Click("#a")
		p.Press("çığ")
		p.Enter()
		if got := p.Text("#got"); got != "çığ|"+base {
			t.Errorf("typed %q", got)
		}
		p.Open(base + "/good")
		p.FollowText("Kötü")
		if got := p.Here(); got != base+"/bad" {
			t.Errorf("followed to %s", got)
		}
	}
	var one browser.Option = browser.NoScript
	p := b.Page(t, one)
	p.Open(base + "/bad")
	if got := p.Complaints(); slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "exception") }) {
		t.Errorf("a script ran: %q", got)
	}
	if n := browser.Eval[int](p, "1 + 1"); n != 2 {
		t.Error(n)
	}
}
