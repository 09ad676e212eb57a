package main

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"rem/internal/testkit/browser"
	"rem/internal/testkit/signtest"
	"rem/internal/testkit/softhsm"
	"rem/message/signing"
)

var sixDigits = regexp.MustCompile(`(\d{3}) (\d{3})\n`)

// until waits for what a script does, for as long as a page may take.
func until(t *testing.T, what string, p *browser.Page, expression string) {
	t.Helper()
	got := browser.Eval[bool](p, `new Promise((done) => {
		const look = () => { try { if (`+expression+`) return done(true); } catch {} if (performance.now() > end) return done(false); setTimeout(look, 20); };
		const end = performance.now() + 60000;
		look();
	})`)
	if !got {
		t.Fatalf("%s: the page shows %s", what, p.Text("main"))
	}
}

// REQ-55: a page in Chromium, remsign beside it and a token in software: paired once
// with the code of the terminal, then a message, then twenty with one PIN.
func TestAPageInChromiumSignsByRemsign(t *testing.T) {
	d := signtest.New(t, signing.Policy{Batch: 20, OnePIN: true})
	token := softhsm.New(t, "Kart")
	token.Put(t, d.Kit.Identity(t, 0, ""))
	prog, h := newProgram(t, token, d.World.Clock)
	door := serving(t, prog)
	site := browser.Serve(t, func(base string) http.Handler { return d.Site(t, base) })
	p := browser.Open(t).Page(t)
	state := `document.querySelector("[data-sign-state]")`

	p.Open(site + "/tr/enter/ayse")
	p.Submit(`form[action$="/sign"]`)
	p.Check()
	p.Click("[data-sign-begin]")
	until(t, "pairing", p, `!document.querySelector("[data-sign-pair]").hidden`)
	p.Shot("sign-pair")
	p.Fill("code", "000 00")
	p.Click("[data-sign-pair] button")
	until(t, "a wrong code", p, state+`.textContent.includes("kodu yanlış")`)
	shown := sixDigits.FindStringSubmatch(h.saw())
	if shown == nil || !strings.Contains(h.saw(), site) {
		t.Fatalf("the terminal shows %s", h.saw())
	}
	p.Fill("code", shown[1]+shown[2])
	p.Click("[data-sign-pair] button")
	until(t, "certificates", p, `document.querySelectorAll("[data-sign-certificates] button").length === 1`)
	if barriers := p.Barriers(); len(barriers) > 0 {
		t.Error(barriers)
	}
	p.Shot("sign-certificates")

	h.does([]string{"hayır"})
	p.Click("[data-sign-certificates] button")
	until(t, "declining", p, state+`.textContent.includes("reddedildi")`)
	p.Shot("sign-declined")
	h.does([]string{"evet"}, softhsm.PIN)
	p.Follow("[data-sign-certificates] button")
	if got := p.Text("main"); !strings.Contains(got, "Gönderildi") || len(d.Sent()) != 1 {
		t.Fatalf("sent %d: %s", len(d.Sent()), got)
	}
	p.Shot("sign-result")

	// The second time nothing is paired, and twenty go with one PIN.
	if door.open.Load() {
		t.Error("a further site may be paired without having been asked for")
	}
	d.World.Clock.Advance(time.Second)
	p.Open(site + "/tr/drafts/20")
	p.Submit(`form[action$="/sign"]`)
	p.Click("[data-sign-begin]")
	until(t, "certificates again", p, `document.querySelectorAll("[data-sign-certificates] button").length === 1`)
	h.does([]string{"evet"}, softhsm.PIN)
	p.Follow("[data-sign-certificates] button")
	if len(d.Sent()) != 21 || h.pinsAsked() != 1 || p.Count("main .badge.good") != 20 {
		t.Errorf("%d sent with %d PINs: %s", len(d.Sent()), h.pinsAsked(), p.Text("main"))
	}
	p.Shot("sign-batch-result")

	// Nothing went anywhere but to our pages and to the own machine.
	for _, asked := range p.Elsewhere() {
		if !strings.Contains(asked, "http://127.0.0.1:4781") {
			t.Error(asked)
		}
	}
	// A program that took the port and does not have the key is not believed.
	door.pairings.mu.Lock()
	door.pairings.list[0].Key = strings.Repeat("00", 32)
	door.pairings.mu.Unlock()
	p.Open(site + "/tr/drafts/1")
	p.Submit(`form[action$="/sign"]`)
	p.Click("[data-sign-begin]")
	until(t, "a stranger", p, state+`.textContent.length > 0 && !document.querySelector("[data-sign-begin]").disabled`)
	if h := p.Count("[data-sign-certificates] button"); h != 0 {
		t.Error("certificates of a stranger are shown")
	}
}

// Without remsign the page says so, and what else there is.
func TestAPageInChromiumSaysThatRemsignIsNotThere(t *testing.T) {
	d := signtest.New(t, signing.Policy{})
	site := browser.Serve(t, func(base string) http.Handler { return d.Site(t, base) })
	p := browser.Open(t).Page(t)
	p.Open(site + "/en/enter/ayse")
	p.Submit(`form[action$="/sign"]`)
	p.Click("[data-sign-begin]")
	until(t, "nobody", p, `document.querySelector("[data-sign-state]").textContent.includes("one-time code")`)
	p.Shot("sign-absent")
}
