package browser

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Open goes to an address and returns when the page is there. A page that says
// that something is missing or wrong is one too.
func (p *Page) Open(url string) {
	p.t.Helper()
	p.run(chromedp.Navigate(url))
}

// Here returns the address of the page. A page that goes elsewhere at this moment is asked again.
func (p *Page) Here() string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	for {
		address, err := chromedp.Run(ctx, chromedp.Location())
		switch {
		case err == nil:
			return address
		case ctx.Err() != nil || !strings.Contains(err.Error(), "navigated"):
			p.t.Fatalf("the browser: %v", err)
		}
	}
}

// Text returns what somebody reads of the first element that a selector finds.
func (p *Page) Text(selector string) string {
	p.t.Helper()
	return strings.TrimSpace(evaluate[string](p, fmt.Sprintf(`(document.querySelector(%s) || {innerText: ""}).innerText`, quoted(selector))))
}

// Count says how many elements a selector finds.
func (p *Page) Count(selector string) int {
	p.t.Helper()
	return evaluate[int](p, fmt.Sprintf(`document.querySelectorAll(%s).length`, quoted(selector)))
}

// Attribute returns an attribute of the first element that a selector finds.
func (p *Page) Attribute(selector, name string) string {
	p.t.Helper()
	return evaluate[string](p, fmt.Sprintf(`((e) => e && e.getAttribute(%s) || "")(document.querySelector(%s))`, quoted(name), quoted(selector)))
}

// Fill types into the field of a name, in place of what stands there.
func (p *Page) Fill(name, value string) {
	p.t.Helper()
	selector := chromedp.CSS(`[name="` + name + `"]`)
	evaluate[bool](p, fmt.Sprintf(`((e) => { if (e) e.value = ""; return true; })(document.querySelector(%s))`, quoted(string(selector))))
	p.run(chromedp.SendKeys(selector, value))
}

// Choose ticks the answer with a value of the field of a name, or picks it in a
// list.
func (p *Page) Choose(name, value string) {
	p.t.Helper()
	if p.Count(`select[name="`+name+`"]`) > 0 {
		if !evaluate[bool](p, fmt.Sprintf(`((e) => { e.value = %s; e.dispatchEvent(new Event("change", {bubbles: true})); return e.value === %[1]s; })(document.querySelector(%s))`, quoted(value), quoted(`select[name="`+name+`"]`))) {
			p.t.Fatalf("%s has no choice %q", name, value)
		}
		return
	}
	p.run(chromedp.Click(chromedp.CSS(`input[name="` + name + `"][value="` + value + `"]`)))
}

// Attach chooses files for the file field of a name.
func (p *Page) Attach(name string, files ...string) {
	p.t.Helper()
	p.run(chromedp.SetUploadFiles(chromedp.CSS(`input[type=file][name="`+name+`"]`), files))
}

// Click clicks the first element that a selector finds. For a link or a button
// that leads to another page see [Page.Follow].
func (p *Page) Click(selector string) {
	p.t.Helper()
	p.run(chromedp.ScrollIntoView(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector)))
}

// Follow clicks an element, and returns when the page that it leads to is there.
func (p *Page) Follow(selector string) {
	p.t.Helper()
	p.leads(chromedp.ScrollIntoView(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector)))
}

// FollowText follows the link, or presses the button, that reads so.
func (p *Page) FollowText(text string) {
	p.t.Helper()
	q := `"` + strings.ReplaceAll(text, `"`, "") + `"`
	p.leads(chromedp.Click(`(//main//a[normalize-space()=` + q + `] | //main//button[normalize-space()=` + q + `] | //a[normalize-space()=` + q + `] | //button[normalize-space()=` + q + `])[1]`))
}

// Submit sends the form that a selector finds, by its button.
func (p *Page) Submit(form string) {
	p.t.Helper()
	p.Follow(form + ` button:not([type=button])`)
}

// Press presses keys, such as kb.Tab or a letter, and returns at once.
func (p *Page) Press(keys string) {
	p.t.Helper()
	p.run(chromedp.KeyEvent(keys))
}

// Enter presses the Enter key where the focus is, and returns when the page that
// it leads to is there.
func (p *Page) Enter() {
	p.t.Helper()
	p.leads(chromedp.KeyEvent(kb.Enter))
}

// leads does what leads to another page.
func (p *Page) leads(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, actions...); err != nil {
		p.t.Fatalf("the browser: %v (at %s)", err, p.where())
	}
}

// Eval runs an expression in the page, whether its own scripts may run or not,
// and returns its value.
func Eval[T any](p *Page, expression string) T {
	p.t.Helper()
	return evaluate[T](p, expression)
}

// Do asks for an address with the page's cookies, beside the browser: what it would
// save as a file. A form is sent where there is one. The server is one that roots know;
// the body is the caller's to close.
func (p *Page) Do(roots *x509.CertPool, address string, form url.Values) *http.Response {
	p.t.Helper()
	kept := get(p, chromedp.Action[network.GetCookiesResult](func(ctx context.Context, t *chromedp.Target) (network.GetCookiesResult, error) {
		return cdp.Call(ctx, t, network.GetCookies, network.GetCookiesParams{URLs: []string{address}})
	}))
	q, err := http.NewRequestWithContext(p.ctx, http.MethodGet, address, nil)
	if form != nil && err == nil {
		q, err = http.NewRequestWithContext(p.ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	}
	if err != nil {
		p.t.Fatal(err)
	}
	if form != nil {
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		q.Header.Set("Origin", q.URL.Scheme+"://"+q.URL.Host)
	}
	q.Header.Set("Accept-Language", p.setting.language)
	for _, c := range kept.Cookies {
		q.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}}
	a, err := client.Do(q)
	if err != nil {
		p.t.Fatalf("asking for %s: %v", address, err)
	}
	return a
}

// Authenticator gives the page a passkey device that answers for its user.
func (p *Page) Authenticator() {
	p.t.Helper()
	p.run(command(webauthn.Enable, webauthn.EnableParams{}), command(webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
		Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		},
	}))
}

// Shot keeps a picture of the whole page in the folder that $REM_SCREENSHOTS
// names; without it, nothing. Frames that are apart from the page are blank in it.
func (p *Page) Shot(name string) {
	p.t.Helper()
	p.keep(name, chromedp.FullScreenshot(100))
}

// Window keeps a picture of what the window shows where an element is, frames and all.
func (p *Page) Window(name, selector string) {
	p.t.Helper()
	p.run(chromedp.ScrollIntoView(chromedp.CSS(selector)))
	p.keep(name, chromedp.CaptureScreenshot())
}

func (p *Page) keep(name string, take chromedp.Action[[]byte]) {
	p.t.Helper()
	folder := os.Getenv("REM_SCREENSHOTS")
	if folder == "" {
		return
	}
	picture := get(p, take)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+"-"+p.prefix+".png"), picture, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}
