package api_test

import (
	"net/http"
	"strings"
	"testing"

	"rem/edge/api"
	"rem/internal/testkit/browser"
	"rem/person/token"
)

// The page that describes the door is without barriers in each form, and tries an
// operation by the keyboard alone, with a token that stays in the page.
func TestThePageOfTheDescriptionTriesAnOperation(t *testing.T) {
	h := newHouse(t)
	base := browser.Serve(t, func(string) http.Handler { return h.handler })
	b := browser.Open(t)
	for name, options := range map[string][]browser.Option{
		"desktop": nil, "desktop-dark": {browser.Dark}, "phone": {browser.Phone}, "phone-dark": {browser.Phone, browser.Dark},
	} {
		p := b.Page(t, options...)
		p.Open(base + api.Prefix + "docs")
		p.Check()
		p.Click("#listFolders summary")
		p.Click("#saveDraft summary")
		p.Check()
		p.Shot("api-docs-" + name)
	}
	p := b.Page(t)
	p.Open(base + api.Prefix + "docs#listFolders")
	p.Fill("token", h.token("ayse", token.List))
	p.Click("#listFolders summary")
	p.Click("#listFolders button")
	got := browser.Eval[string](p, `new Promise(done => {
		const pre = document.querySelector("#listFolders pre");
		const look = () => pre.textContent.length > 1 ? done(pre.textContent) : requestAnimationFrame(look);
		look();
	})`)
	if !strings.HasPrefix(got, "200") || !strings.Contains(got, `"inbox"`) {
		t.Errorf("it shows %.200s", got)
	}
	if p.Here() != base+api.Prefix+"docs#listFolders" {
		t.Errorf("the page went to %s", p.Here())
	}
	p.Check()
	silent := b.Page(t, browser.NoScript)
	silent.Open(base + api.Prefix + "docs")
	if got := silent.Text("main"); !strings.Contains(got, "Deneme için betik gerekir") || !strings.Contains(got, "listFolders") && !strings.Contains(got, "/api/v1/folders") {
		t.Errorf("without scripts it says %.200s", got)
	}
}
