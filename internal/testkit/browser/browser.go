package browser

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long one verb may take before the test fails: far longer than
// any page takes on a machine that does other work too.
const patience = 90 * time.Second

// A Browser is one Chromium. Its pages share nothing: each has cookies of its own.
type Browser struct {
	ctx context.Context
}

// Open starts Chromium and ends it with the test.
func Open(t testing.TB) *Browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatal("there is no Chromium: install the package chromium (make tools)")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.Flag("ignore-certificate-errors", true), chromedp.Flag("lang", "tr-TR"),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("hide-scrollbars", true), chromedp.Flag("force-color-profile", "srgb"),
	)
	if os.Getuid() == 0 {
		options = append(options, chromedp.Flag("no-sandbox", true)) // Chromium's own sandbox does not start as root
	}
	allocated, free := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, end := chromedp.NewContext(allocated, chromedp.WithErrorf(func(string, ...any) {}))
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Logf("ending Chromium: %v", err)
		}
		end()
		free()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting Chromium: %v", err)
	}
	return &Browser{ctx}
}

// Serve serves a site with TLS on this machine until the test ends. The site is
// made of its own address, such as https://localhost:4711.
func Serve(t testing.TB, site func(base string) http.Handler) (base string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	base = "https://localhost:" + port
	s := httptest.NewUnstartedServer(site(base))
	_ = s.Listener.Close() // ours takes its place
	s.Listener = l
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	s.StartTLS()
	t.Cleanup(s.Close)
	return base
}

// An Option changes how a page is looked at.
type Option func(*setting)

type setting struct {
	phone, dark, silent bool
	zoom                float64
	language            string
}

// Phone shows the page on a narrow screen.
func Phone(s *setting) { s.phone = true }

// Dark is for somebody who would have pages dark.
func Dark(s *setting) { s.dark = true }

// NoScript keeps the page from running any script.
func NoScript(s *setting) { s.silent = true }

// Zoomed shows the page at 200 per cent.
func Zoomed(s *setting) { s.zoom = 2 }

// Language sets what the browser says in Accept-Language; without it, Turkish.
func Language(l string) Option { return func(s *setting) { s.language = l } }

// A Page is one tab. Its verbs fail the test when they cannot be done. It belongs
// to one goroutine.
type Page struct {
	t       testing.TB
	ctx     context.Context
	setting setting
	prefix  string // of screenshots

	mu       sync.Mutex
	asked    []string // addresses of requests; guarded by mu
	problems []string // guarded by mu
}

// Page opens a tab with cookies of its own.
func (b *Browser) Page(t testing.TB, options ...Option) *Page {
	t.Helper()
	p := &Page{t: t, setting: setting{language: "tr"}}
	for _, o := range options {
		o(&p.setting)
	}
	ctx, end := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(p.heard))
	t.Cleanup(end)
	p.ctx = ctx
	if err := chromedp.Do(ctx); err != nil { // opens the tab, for as long as ctx lives
		t.Fatalf("opening a tab: %v", err)
	}
	p.run(command(network.Enable, network.EnableParams{}), command(cdplog.Enable, cdp.Empty{}))
	p.show()
	return p
}

// As shows what follows in another way; without options, as an ordinary page. The
// tab stays, with its cookies and its passkeys.
func (p *Page) As(options ...Option) {
	p.t.Helper()
	p.setting = setting{language: p.setting.language}
	for _, o := range options {
		o(&p.setting)
	}
	p.show()
}

// For fails another test for what goes wrong from now on.
func (p *Page) For(t testing.TB) { p.t = t }

// show tells the browser how the page is looked at.
func (p *Page) show() {
	p.t.Helper()
	s := p.setting
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "light"}, {Name: "prefers-reduced-motion", Value: "reduce"}}
	p.prefix = "desktop"
	width, height, scale := int64(1280), int64(900), 1.0
	if s.phone {
		width, height, scale, p.prefix = 390, 844, 2, "phone"
	}
	if s.zoom > 0 {
		width, height, scale, p.prefix = int64(float64(width)/s.zoom), int64(float64(height)/s.zoom), scale*s.zoom, p.prefix+"-zoomed"
	}
	if s.dark {
		features[0].Value, p.prefix = "dark", p.prefix+"-dark"
	}
	p.run(command(network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": s.language}}),
		command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: scale, Mobile: s.phone}),
		command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}),
		command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: s.silent}))
}

// command makes an action of a command of the protocol.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, c, params)
		return chromedp.Void{}, err
	}
}

// heard notes what the page asks for and what it complains of.
func (p *Page) heard(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.asked = append(p.asked, e.Request.URL)
	case *cdplog.EventEntryAdded:
		// A page that says 404 or 422 is one; Chromium calls that an error.
		if e.Entry.Level == cdplog.EntryLevelError && !strings.Contains(e.Entry.Text, "the server responded with a status of") {
			p.problems = append(p.problems, fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *runtime.EventExceptionThrown:
		p.problems = append(p.problems, "exception: "+e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
			p.problems = append(p.problems, fmt.Sprintf("console: %s", e.Type))
		}
	}
}

// run does what a verb does, or fails the test.
func (p *Page) run(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatalf("the browser: %v (at %s)", err, p.where())
	}
}

func (p *Page) where() string {
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	url, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		return "a page that does not answer"
	}
	return url
}

// get does what gives a value, or fails the test.
func get[T any](p *Page, a chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		p.t.Fatalf("the browser: %v (at %s)", err, p.where())
	}
	return v
}

// evaluate runs an expression in the page.
func evaluate[T any](p *Page, expression string) T {
	p.t.Helper()
	return get(p, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}
