package site_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rem/internal/testkit/browser"
)

// public are the pages, by their names in pictures.
var public = []struct{ name, path string }{
	{"home", ""}, {"notice", "/notice"}, {"notice-versions", "/notice/versions"}, {"notice-changes", "/notice-changes/v2"}, {"notice-old", "/notice/v1"},
	{"practice", "/practice"}, {"tariff", "/tariff"}, {"documents", "/documents"}, {"contract", "/documents/contract"}, {"verify", "/verify"},
	{"status", "/status"}, {"contact", "/contact"}, {"accessibility", "/accessibility"}, {"cookies", "/cookies"}, {"missing", "/nowhere"},
}

// EN 301 549, S17: each page, in both languages, on a desk and on a phone,
// light and dark, and at 200 per cent: nothing that axe calls serious, nothing from
// another host, nothing inside the page, everything within reach of the keyboard.
func TestEveryPublicPageIsForEverybody(t *testing.T) {
	base := browser.Serve(t, newWorld(t).open(t))
	b := browser.Open(t)
	for _, look := range []struct {
		name      string
		languages []string // all of them with REM_LONG
		options   []browser.Option
	}{
		{"desktop", []string{"tr"}, nil},
		{"phone", []string{"en"}, []browser.Option{browser.Phone}},
		{"dark", []string{"en"}, []browser.Option{browser.Dark}},
		{"dark phone", []string{"tr"}, []browser.Option{browser.Phone, browser.Dark}},
		{"zoomed", []string{"tr"}, []browser.Option{browser.Zoomed}},
	} {
		t.Run(look.name, func(t *testing.T) {
			p := b.Page(t, look.options...)
			languages := look.languages
			if os.Getenv("REM_LONG") != "" {
				languages = []string{"tr", "en"}
			}
			for _, language := range languages {
				for _, page := range public {
					p.Open(base + "/" + language + page.path)
					p.Check()
					p.Shot(page.name + "-" + language)
					if look.name == "desktop" && language == "tr" || look.name == "phone" && language == "en" {
						p.Walk()
					}
				}
			}
		})
	}
}

// No page needs a script: what is asked for comes, by keyboard alone too.
func TestAnEvidenceIsVerifiedWithoutScripts(t *testing.T) {
	w := newWorld(t)
	base := browser.Serve(t, w.open(t))
	var files []string
	for name, content := range w.files {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	b := browser.Open(t)
	for name, options := range map[string][]browser.Option{
		"silent": {browser.NoScript}, "desktop": nil, "phone": {browser.Phone}, "dark": {browser.Dark},
	} {
		t.Run(name, func(t *testing.T) {
			p := b.Page(t, options...)
			p.Open(base + "/tr/verify")
			p.Submit("main form")
			if got := p.Text(".problems"); !strings.Contains(got, "en az bir dosya") {
				t.Errorf("without a file: %q", got)
			}
			p.Check()
			p.Shot("verify-nothing")
			p.Attach("files", files...)
			p.Submit("main form")
			if got := p.Text(".verdict-word"); got != "Geçerli" {
				t.Errorf("verdict %q; page %s", got, p.Text("main"))
			}
			if got := p.Text(".timeline"); !strings.Contains(got, "Teslim/teslim edilememe delili: olumlu") || strings.Contains(got, "\u202e") {
				t.Errorf("timeline %q", got)
			}
			p.Check()
			p.Shot("verdict")
		})
	}
}

// The language switch keeps the page.
func TestTheLanguageSwitchKeepsThePage(t *testing.T) {
	base := browser.Serve(t, newWorld(t).open(t))
	p := browser.Open(t).Page(t, browser.Language("de, en;q=0.5"))
	p.Open(base + "/notice/v1")
	if got := p.Here(); got != base+"/en/notice/v1" {
		t.Errorf("an address without language leads to %s", got)
	}
	p.Follow(".switch")
	if got := p.Here(); got != base+"/tr/notice/v1" {
		t.Errorf("the switch leads to %s", got)
	}
	if got := p.Attribute("html", "lang"); got != "tr" {
		t.Errorf("the page says that it is in %q", got)
	}
}
