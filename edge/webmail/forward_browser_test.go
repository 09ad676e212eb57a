package webmail_test

import (
	"strings"
	"testing"

	"rem/internal/testkit/browser"
	"rem/internal/testkit/world"
)

// Whoever reads a message passes it on with keys: he chooses what goes along, sees the
// files and what each destination takes, and what he types keeps what it is about.
func TestAMessageIsForwardedInABrowser(t *testing.T) {
	d := writers(t)
	item := d.attaching()
	d.post("bora", path(item)+"/open")
	d.follow()
	base := d.serve()
	p := browser.Open(t).Page(t)
	p.Open(base + "/tr/enter/bora")
	p.Open(base + "/tr" + path(item))
	browser.Eval[bool](p, `document.getElementById("content").focus() ?? true`)
	p.Follow(`[data-key="f"]`)
	p.Check()
	p.Follow(`form[action*="/forward/"] button`)
	at := strings.TrimPrefix(browser.Eval[string](p, `location.pathname`), "/tr")
	if got := p.Text("[data-compose-files]"); !strings.Contains(got, "fatura.pdf") {
		t.Fatalf("files: %s", got)
	}
	if !browser.Eval[bool](p, `document.querySelector("[data-compose-limits]").hidden`) {
		t.Error("limits of nobody are shown")
	}
	browser.Eval[bool](p, `(() => { const f = document.querySelector("#to"); f.focus(); document.execCommand("insertText", false, `+"`"+world.Address("cem", "hs91")+", x@hs92.kep.test`"+`); return true; })()`)
	until(t, "the limits of the destinations are shown", func() bool {
		s := p.Text("[data-compose-limits]")
		return strings.Contains(s, "hs91.kep.test: 20 MB (sağlayıcının kendisi bildirdi") && strings.Contains(s, "hs92.kep.test: 25 MB (bildirmedi")
	})
	if x := d.draft("bora", at); x.Forwards != item.Message || len(x.Files) != 1 {
		t.Errorf("kept %+v", x)
	}
	p.Check()
	p.Shot("compose-forwarded")
}
