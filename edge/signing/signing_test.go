package signing_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"rem/edge/simulator"
	"rem/internal/testkit/browser"
	"rem/internal/testkit/signtest"
	"rem/mail/mime"
	"rem/message/signing"
)

const base = "https://kep.hs90.test"

// A visitor asks the pages as a browser does.
type visitor struct {
	t    *testing.T
	site http.Handler
	user string
}

func (v *visitor) do(method, path, kind string, body io.Reader, origin string) (*http.Response, string) {
	v.t.Helper()
	r := httptest.NewRequest(method, base+path, body)
	r.Header.Set("Cookie", signtest.Cookie(v.user))
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	w := httptest.NewRecorder()
	v.site.ServeHTTP(w, r)
	return w.Result(), w.Body.String()
}

func (v *visitor) get(path string) (*http.Response, string) {
	return v.do("GET", path, "", nil, "")
}

func (v *visitor) post(path string, fields ...string) (*http.Response, string) {
	f := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		f.Add(fields[i], fields[i+1])
	}
	return v.do("POST", path, "application/x-www-form-urlencoded", strings.NewReader(f.Encode()), base)
}

// begin hands drafts over and returns the path of the request.
func (v *visitor) begin(drafts ...string) string {
	v.t.Helper()
	var fields []string
	for _, d := range drafts {
		fields = append(fields, "draft", d)
	}
	r, body := v.post("/tr/sign", fields...)
	if r.StatusCode != 303 {
		v.t.Fatalf("begin: %d %s", r.StatusCode, body)
	}
	return r.Header.Get("Location")
}

func newVisitor(t *testing.T, d *signtest.Desk) *visitor {
	return &visitor{t, d.Site(t, base), "ayse"}
}

// P-09: the page of a request alone may connect to remsign, and what goes out of it
// has no code and no name in an address.
func TestOnlyThePageOfARequestMayReachRemsign(t *testing.T) {
	v := newVisitor(t, signtest.New(t, signing.Policy{}))
	path := v.begin("1")
	r, body := v.get(path)
	policy := r.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "connect-src 'self' http://127.0.0.1:47811 http://127.0.0.1:47812 http://127.0.0.1:47813;") {
		t.Errorf("the page's policy is %s", policy)
	}
	if !strings.Contains(body, "bora@hs91.kep.test") || !strings.Contains(body, "Sozlesme 1") {
		t.Errorf("what is signed is not shown: %s", body)
	}
	if r, _ := v.get(path + "/result"); strings.Contains(r.Header.Get("Content-Security-Policy"), "connect-src") {
		t.Error("another page may connect somewhere")
	}
}

// AT-28: another holder's request is not there, on any of its addresses.
func TestARequestOfAnotherIsNotThere(t *testing.T) {
	d := signtest.New(t, signing.Policy{})
	v := newVisitor(t, d)
	path := v.begin("1")
	cem := &visitor{t, v.site, "cem"}
	for _, p := range []string{path, path + "/result", path + "/telephone", path + "/telephone/state", path + "/0/unsigned"} {
		if r, body := cem.get(p); r.StatusCode != 404 || strings.Contains(body, "Sozlesme") {
			t.Errorf("GET %s: %d", p, r.StatusCode)
		}
	}
	for _, p := range []string{path + "/code", path + "/certificate", path + "/signatures", path + "/telephone", path + "/telephone/withdraw", path + "/cancel"} {
		if r, _ := cem.post(p, "chain", ""); r.StatusCode != 404 && r.StatusCode != 422 {
			t.Errorf("POST %s: %d", p, r.StatusCode)
		}
	}
	if r, _ := cem.post("/tr/sign", "draft", "1"); r.StatusCode != 404 {
		t.Errorf("another's draft: %d", r.StatusCode)
	}
	if r, _ := v.get(path); r.StatusCode != 200 {
		t.Errorf("its own: %d", r.StatusCode)
	}
	if r, _ := v.do("POST", path+"/code", "application/x-www-form-urlencoded", strings.NewReader(""), "https://evil.test"); r.StatusCode != 403 {
		t.Errorf("a form of another site: %d", r.StatusCode)
	}
}

// The unsigned message is downloaded, signed in another program and uploaded.
func TestAMessageSignedInAnotherProgramIsSent(t *testing.T) {
	d := signtest.New(t, signing.Policy{})
	v := newVisitor(t, d)
	path := v.begin("1")
	r, body := v.get(path + "/0/unsigned")
	if r.StatusCode != 200 || body != string(signtest.Draft(1).Original.(mime.Memory)) {
		t.Fatalf("%d %q", r.StatusCode, body)
	}
	upload := func(content []byte) (*http.Response, string) {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		f, err := w.CreateFormFile("signed", "imzali.eml")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = f.Write(content)
		_ = w.Close()
		return v.do("POST", path+"/0/upload", w.FormDataContentType(), &b, base)
	}
	if r, body := upload([]byte(body)); r.StatusCode != 422 || !strings.Contains(body, "elektronik imza yok") {
		t.Errorf("unsigned: %d %s", r.StatusCode, body)
	}
	if r, _ := upload(nil); r.StatusCode != 422 {
		t.Errorf("an empty file: %d", r.StatusCode)
	}
	if r, body := upload(d.Kit.SignUnsigned(t, mime.Memory(body), 0)); r.StatusCode != 303 || !strings.HasSuffix(r.Header.Get("Location"), "/result") {
		t.Fatalf("signed: %d %s", r.StatusCode, body)
	}
	if _, body := v.get(path + "/result"); !strings.Contains(body, "Gönderildi") {
		t.Errorf("result: %s", body)
	}
	// The request of something that was sent leads to its result.
	if r, _ := v.get(path); r.StatusCode != 303 {
		t.Errorf("signing again: %d", r.StatusCode)
	}
	left, err := os.ReadDir(os.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		if strings.HasPrefix(e.Name(), "signed-") {
			t.Errorf("an upload was left: %s", e.Name())
		}
	}
}

var codes = regexp.MustCompile(`<code>([0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4})</code>`)

// A program without a browser: the code is good once, and the ticket for its request
// alone.
func TestAProgramSignsByAOneTimeCode(t *testing.T) {
	d := signtest.New(t, signing.Policy{Batch: 2})
	v := newVisitor(t, d)
	path := v.begin("1", "2")
	_, body := v.post(path + "/code")
	found := codes.FindStringSubmatch(body)
	if found == nil {
		t.Fatalf("no code in %s", body)
	}
	ask := func(method, path, ticket, question string, answer any) int {
		r := httptest.NewRequest(method, base+path, strings.NewReader(question))
		if ticket != "" {
			r.Header.Set("Authorization", "Bearer "+ticket)
		}
		w := httptest.NewRecorder()
		v.site.ServeHTTP(w, r)
		if answer != nil {
			if err := json.Unmarshal(w.Body.Bytes(), answer); err != nil {
				t.Fatalf("%s: %d %s", path, w.Code, w.Body)
			}
		}
		return w.Code
	}
	const door = "/api/v1/signing/"
	for name, q := range map[string]string{"no JSON": "code", "an unknown field": `{"code":"x","pin":"1"}`, "two values": `{"code":"x"}{}`} {
		if got := ask("POST", door+"redeem", "", q, nil); got != 400 {
			t.Errorf("%s: %d", name, got)
		}
	}
	if got := ask("POST", door+"redeem", "", `{"code":"0000-0000-0000"}`, nil); got != 404 {
		t.Errorf("a wrong code: %d", got)
	}
	var redeemed struct {
		Ticket  string
		Request struct {
			Items []struct{ Subject, Digest string }
		}
	}
	if got := ask("POST", door+"redeem", "", `{"code":"`+strings.ToUpper(found[1])+`"}`, &redeemed); got != 200 || len(redeemed.Request.Items) != 2 {
		t.Fatalf("%d %+v", got, redeemed)
	}
	if got := ask("POST", door+"redeem", "", `{"code":"`+found[1]+`"}`, nil); got != 404 {
		t.Errorf("a code twice: %d", got)
	}
	if got := ask("GET", door+"original/0", "", "", nil); got != 404 {
		t.Errorf("without a ticket: %d", got)
	}
	if got := ask("GET", door+"original/0", redeemed.Ticket, "", nil); got != 200 {
		t.Errorf("the original: %d", got)
	}
	if got := ask("GET", door+"original/7", redeemed.Ticket, "", nil); got != 404 {
		t.Errorf("an original that is not there: %d", got)
	}
	id := d.Kit.Identity(t, 0, simulator.RSA2048)
	var chain []string
	for _, c := range id.Chain {
		chain = append(chain, base64.StdEncoding.EncodeToString(c.Raw))
	}
	q, err := json.Marshal(map[string]any{"chain": chain})
	if err != nil {
		t.Fatal(err)
	}
	if got := ask("POST", door+"certificate", redeemed.Ticket, string(q), nil); got != 200 {
		t.Fatalf("certificate: %d", got)
	}
	if got := ask("POST", door+"signatures", redeemed.Ticket, `{"values":["AAAA","AAAA"]}`, nil); got != 422 {
		t.Errorf("wrong values: %d", got)
	}
	// A browser is sent away, whoever's page it shows.
	r := httptest.NewRequest("POST", base+door+"redeem", strings.NewReader(`{"code":"x"}`))
	r.Header.Set("Origin", "https://evil.test")
	w := httptest.NewRecorder()
	v.site.ServeHTTP(w, r)
	if w.Code != 403 {
		t.Errorf("a browser: %d", w.Code)
	}
	// Guessing ends: thirty wrong codes of a network in a quarter of an hour.
	last := 0
	for range 40 {
		last = ask("POST", door+"redeem", "", `{"code":"1111-1111-1111"}`, nil)
	}
	if last != 429 {
		t.Errorf("after forty wrong codes: %d", last)
	}
}

// EN 301 549: the pages, in both languages, on a desk and on a phone, light and dark.
func TestEveryPageOfSigningIsForEverybody(t *testing.T) {
	d := signtest.New(t, signing.Policy{Batch: 3})
	phones := ring(t, d, 0)
	site := browser.Serve(t, func(base string) http.Handler { return d.Site(t, base) })
	b := browser.Open(t)
	for _, look := range []struct {
		name, language string
		options        []browser.Option
	}{
		{"desktop", "tr", nil}, {"dark phone", "en", []browser.Option{browser.Phone, browser.Dark}}, {"phone", "tr", []browser.Option{browser.Phone}},
		{"zoomed", "en", []browser.Option{browser.Zoomed}}, {"silent", "tr", []browser.Option{browser.NoScript}},
	} {
		t.Run(look.name, func(t *testing.T) {
			p := b.Page(t, look.options...)
			check := func(name string) {
				p.Check()
				p.Shot("sign-" + name + "-" + look.language)
			}
			p.Open(site + "/" + look.language + "/enter/ayse")
			p.Open(site + "/" + look.language + "/drafts/1")
			p.Submit(`form[action$="/sign"]`)
			check("request")
			if look.name == "desktop" {
				p.Walk()
			}
			p.Submit(`form[action$="/telephone"]`)
			if look.name == "silent" {
				p.FollowText("Kendiliğinden yenilemeyi durdur")
			}
			check("telephone-asking")
			d.LookMobile(t.Context())
			p.Open(p.Here())
			check("telephone-waiting")
			if n, err := phones.PressAll(line, false); n != 1 || err != nil {
				t.Fatalf("%d requests on the telephone: %v", n, err)
			}
			d.World.Clock.Advance(time.Minute)
			d.LookMobile(t.Context())
			p.Open(p.Here())
			check("telephone-declined")
			p.FollowText(map[string]string{"tr": "Başka bir yolla imzala", "en": "Sign in another way"}[look.language])
			p.Submit(`form[action$="/code"]`)
			check("code")
			p.Follow(`a[href$="/result"]`)
			check("waiting")
			p.Open(site + "/" + look.language + "/drafts/3")
			p.Submit(`form[action$="/sign"]`)
			check("batch")
			gone := p.Here()
			p.Submit(`form[action$="/cancel"]`)
			p.Open(gone)
			check("gone")
		})
	}
}
