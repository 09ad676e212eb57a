package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rem/edge/pkcs11"
	pages "rem/edge/signing"
	"rem/edge/simulator"
	"rem/internal/testkit"
	"rem/internal/testkit/signtest"
	"rem/internal/testkit/softhsm"
	"rem/message/signing"
)

// A bench is a program with a token, a page that is paired, and a desk.
type bench struct {
	*signtest.Desk
	program *program
	person  *person
	page    *page
	id      *simulator.Identity
	by      wireCertificate
}

func newBench(t *testing.T, p signing.Policy, kind simulator.KeyKind) *bench {
	t.Helper()
	d := signtest.New(t, p)
	id := d.Kit.Identity(t, 0, kind)
	token := softhsm.New(t, "Ayşe'nin kartı")
	token.Put(t, id)
	b := &bench{Desk: d, id: id}
	b.program, b.person = newProgram(t, token, d.World.Clock)
	b.page = newPage(t, serving(t, b.program))
	var found struct{ Certificates []wireCertificate }
	if code := b.page.ask("/v1/certificates", struct{}{}, &found); code != "" || len(found.Certificates) != 1 {
		t.Fatalf("certificates: %s %+v", code, found)
	}
	b.by = found.Certificates[0]
	return b
}

// question is what a page asks to be signed.
func (b *bench) question(t *testing.T, n int) (signing.Access, map[string]any) {
	t.Helper()
	v, a := b.Begin(t, n)
	c, err := b.Choose(t.Context(), a, signtest.Chain(b.id))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(pages.ChoiceOf(c))
	if err != nil {
		t.Fatal(err)
	}
	q := map[string]any{}
	if err := json.Unmarshal(raw, &q); err != nil {
		t.Fatal(err)
	}
	q["certificate"], q["request"] = b.by.ID, pages.Show(v)
	return a, q
}

type made struct{ Values []string }

func (m made) decoded(t *testing.T) (out [][]byte) {
	t.Helper()
	for _, v := range m.Values {
		b, err := base64.StdEncoding.DecodeString(v)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b)
	}
	return out
}

// REQ-55: twenty messages with one PIN, each with its own signature, and what is
// signed was shown.
func TestABatchIsSignedWithOnePIN(t *testing.T) {
	for _, kind := range []simulator.KeyKind{simulator.P256, simulator.RSA2048} {
		t.Run(string(kind), func(t *testing.T) {
			b := newBench(t, signing.Policy{Batch: 20, OnePIN: true}, kind)
			a, q := b.question(t, 20)
			b.person.does([]string{"evet"}, softhsm.PIN)
			var m made
			if code := b.page.ask("/v1/sign", q, &m); code != "" {
				t.Fatal(code)
			}
			v, err := b.Complete(t.Context(), a, m.decoded(t))
			if err != nil || !v.Done() || len(b.Sent()) != 20 {
				t.Fatalf("%v", err)
			}
			if b.person.pinsAsked() != 1 {
				t.Errorf("the PIN was asked for %d times", b.person.pinsAsked())
			}
			saw := b.person.saw()
			for _, want := range []string{site, "ayse@hs90.kep.test", "Sozlesme 1\n", "Sozlesme 20\n", "bora@hs91.kep.test", v.Items[19].Digest.String(), "23.11.2026 10:00:00 (UTC+3)", "Ayşe'nin kartı"} {
				if !strings.Contains(saw, want) {
					t.Errorf("%q was not shown in\n%s", want, saw)
				}
			}
			if strings.Contains(saw, softhsm.PIN+"\n") {
				t.Error("the PIN was shown")
			}
		})
	}
}

// Where the provider's policy asks for it, each message has its own PIN.
func TestABatchAsksForThePINEachTimeWhereThePolicySaysSo(t *testing.T) {
	b := newBench(t, signing.Policy{Batch: 20}, "")
	a, q := b.question(t, 3)
	b.person.does([]string{"evet", "evet", "evet"}, softhsm.PIN, softhsm.PIN, softhsm.PIN)
	var m made
	if code := b.page.ask("/v1/sign", q, &m); code != "" {
		t.Fatal(code, b.person.saw())
	}
	if v, err := b.Complete(t.Context(), a, m.decoded(t)); err != nil || !v.Done() || b.person.pinsAsked() != 3 {
		t.Errorf("%v, %d PINs", err, b.person.pinsAsked())
	}
	_, q = b.question(t, 3)
	b.person.does([]string{"evet", "hayır"}, softhsm.PIN, softhsm.PIN)
	if code := b.page.ask("/v1/sign", q, &m); code != "declined" {
		t.Errorf("declining the second: %q", code)
	}
}

func TestNothingIsSignedWithoutAClearYesAndTheRightPIN(t *testing.T) {
	b := newBench(t, signing.Policy{}, "")
	_, q := b.question(t, 1)
	for name, c := range map[string]struct {
		answers, pins []string
		code          string
	}{
		"no":                     {[]string{"hayır"}, []string{softhsm.PIN}, "declined"},
		"nothing":                {[]string{""}, []string{softhsm.PIN}, "declined"},
		"no PIN":                 {[]string{"evet"}, []string{""}, "declined"},
		"a wrong PIN, and again": {[]string{"evet"}, []string{"9999", "8888", softhsm.PIN}, "pin"},
		"nobody is there":        {nil, nil, "fault"},
	} {
		b.person.does(c.answers, c.pins...)
		var m made
		if code := b.page.ask("/v1/sign", q, &m); code != c.code {
			t.Errorf("%s: %q, want %q", name, code, c.code)
		}
		if strings.Contains(b.person.saw(), "9999") {
			t.Errorf("%s: a PIN was shown", name)
		}
	}
	// After a wrong one the token warns, and the right one still signs.
	b.person.does([]string{"evet"}, "9999", softhsm.PIN)
	var m made
	if code := b.page.ask("/v1/sign", q, &m); code != "" {
		t.Fatal(code)
	}
	if saw := b.person.saw(); !strings.Contains(saw, "PIN yanlış") || !strings.Contains(saw, "daha önce yanlış PIN girilmiş") {
		t.Errorf("not warned: %s", saw)
	}
}

// A page cannot have anything else signed than the attributes of what is shown.
func TestWhatIsNotTheShownMessageIsNotSigned(t *testing.T) {
	b := newBench(t, signing.Policy{Batch: 2}, "")
	clone := func(t *testing.T, n int) map[string]any {
		_, q := b.question(t, n)
		raw, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]any{}
		if err := json.Unmarshal(raw, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	item := func(q map[string]any, list string, n int) map[string]any {
		if list == "request" {
			q = q["request"].(map[string]any)
		}
		return q["items"].([]any)[n].(map[string]any)
	}
	for name, c := range map[string]struct {
		change func(map[string]any)
		code   string
	}{
		"another digest is shown": {func(q map[string]any) { item(q, "request", 0)["digest"] = strings.Repeat("ab", 32) }, "changed"},
		"no digest":               {func(q map[string]any) { item(q, "request", 0)["digest"] = "x" }, "changed"},
		"other attributes": {func(q map[string]any) {
			item(q, "", 0)["attributes"] = base64.StdEncoding.EncodeToString([]byte("a contract"))
		}, "changed"},
		"attributes of the other one": {func(q map[string]any) { item(q, "", 0)["attributes"] = item(q, "", 1)["attributes"] }, "changed"},
		"another time":                {func(q map[string]any) { q["time"] = testkit.Epoch.Add(time.Minute) }, "changed"},
		"a time of last year":         {func(q map[string]any) { q["time"] = testkit.Epoch.AddDate(-1, 0, 0) }, "clock"},
		"another kind of signature":   {func(q map[string]any) { q["hash"] = "sha-1" }, "changed"},
		"fewer shown than signed":     {func(q map[string]any) { r := q["request"].(map[string]any); r["items"] = r["items"].([]any)[:1] }, "changed"},
		"nothing is shown":            {func(q map[string]any) { q["request"].(map[string]any)["items"] = []any{}; q["items"] = []any{} }, "changed"},
		"another certificate":         {func(q map[string]any) { q["certificate"] = strings.Repeat("00", 32) }, "none"},
		"an unknown field":            {func(q map[string]any) { q["pin"] = "1234" }, "form"},
	} {
		q := clone(t, 2)
		c.change(q)
		b.person.does([]string{"evet", "evet"}, softhsm.PIN, softhsm.PIN)
		var m made
		if code := b.page.ask("/v1/sign", q, &m); code != c.code {
			t.Errorf("%s: %q, want %q", name, code, c.code)
		}
		if b.person.pinsAsked() != 0 {
			t.Errorf("%s: the PIN was asked for", name)
		}
	}
}

// What a page says cannot act on the terminal.
func TestThePageCannotWriteOnTheTerminal(t *testing.T) {
	b := newBench(t, signing.Policy{}, "")
	v, a := b.Begin(t, 1)
	c, err := b.Choose(t.Context(), a, signtest.Chain(b.id))
	if err != nil {
		t.Fatal(err)
	}
	show := pages.Show(v)
	show.Items[0].Subject = "x\x1b[2J\u202e\nSÖZ"
	raw, err := json.Marshal(pages.ChoiceOf(c))
	if err != nil {
		t.Fatal(err)
	}
	q := map[string]any{}
	if err := json.Unmarshal(raw, &q); err != nil {
		t.Fatal(err)
	}
	q["certificate"], q["request"] = b.by.ID, show
	b.person.does([]string{"hayır"})
	var m made
	b.page.ask("/v1/sign", q, &m)
	if saw := b.person.saw(); strings.ContainsAny(saw, "\x1b\u202e") || !strings.Contains(saw, "x\ufffd[2J\ufffd\ufffdSÖZ") {
		t.Errorf("%q", saw)
	}
}

// AT-30, AT-43: other sites, other names, other programs reach nothing.
func TestOnlyPagesOfAPairedSiteAreAnswered(t *testing.T) {
	b := newBench(t, signing.Policy{}, "")
	g := b.page
	g.door.open.Store(false)
	plain := []byte("{}")
	for name, c := range map[string]struct {
		method, path string
		change       func(*http.Request)
		status       int
	}{
		"another site":                {"POST", "/v1/hello", func(r *http.Request) { r.Header.Set("Origin", "https://evil.test") }, 403},
		"a site that begins like it":  {"POST", "/v1/hello", func(r *http.Request) { r.Header.Set("Origin", site+".evil.test") }, 403},
		"its other port":              {"POST", "/v1/hello", func(r *http.Request) { r.Header.Set("Origin", site+":444") }, 403},
		"without TLS":                 {"POST", "/v1/hello", func(r *http.Request) { r.Header.Set("Origin", "http://kep.hs90.test") }, 403},
		"a file":                      {"POST", "/v1/hello", func(r *http.Request) { r.Header.Set("Origin", "null") }, 403},
		"no origin":                   {"POST", "/v1/hello", func(r *http.Request) { r.Header.Del("Origin") }, 403},
		"two origins":                 {"POST", "/v1/hello", func(r *http.Request) { r.Header.Add("Origin", "https://evil.test") }, 403},
		"a name that leads here":      {"POST", "/v1/hello", func(r *http.Request) { r.Host = "kep.hs90.test:47811" }, 421},
		"localhost":                   {"POST", "/v1/hello", func(r *http.Request) { r.Host = "localhost:47811" }, 421},
		"another port in Host":        {"POST", "/v1/hello", func(r *http.Request) { r.Host = "127.0.0.1:1" }, 421},
		"a form of HTML":              {"POST", "/v1/hello", func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 405},
		"GET":                         {"GET", "/v1/hello", nil, 405},
		"certificates without a key":  {"POST", "/v1/certificates", nil, 403},
		"signing without a key":       {"POST", "/v1/sign", nil, 403},
		"a preflight of another site": {"OPTIONS", "/v1/sign", func(r *http.Request) { r.Header.Set("Origin", "https://evil.test") }, 403},
		"something else":              {"POST", "/", nil, 404},
	} {
		r, _ := g.raw(c.method, c.path, plain, c.change)
		if r.StatusCode != c.status {
			t.Errorf("%s: %d, want %d", name, r.StatusCode, c.status)
		}
		if got := r.Header.Get("Access-Control-Allow-Origin"); got != "" && got != site {
			t.Errorf("%s: %s may read the answer", name, got)
		}
		if c.status == 403 && strings.Contains(name, "site") && r.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: it learns that remsign is here", name)
		}
	}
	r, _ := g.raw("OPTIONS", "/v1/sign", nil, func(r *http.Request) { r.Header.Set("Access-Control-Request-Private-Network", "true") })
	if r.StatusCode != 204 || r.Header.Get("Access-Control-Allow-Private-Network") != "true" || r.Header.Get("Access-Control-Allow-Origin") != site {
		t.Errorf("a preflight of the site: %d %v", r.StatusCode, r.Header)
	}
	// A question that somebody repeats, or changes, is not one of the pairing.
	body := []byte("{}")
	nonce := strings.Repeat("7", 32)
	signed := func(r *http.Request) {
		r.Header.Set("Remsign-Pairing", g.id)
		r.Header.Set("Remsign-Nonce", nonce)
		r.Header.Set("Remsign-Mac", mac(g.key, "question", "/v1/certificates", nonce, body))
	}
	if r, _ := g.raw("POST", "/v1/certificates", body, signed); r.StatusCode != 200 {
		t.Errorf("first: %d", r.StatusCode)
	}
	if r, _ := g.raw("POST", "/v1/certificates", body, signed); r.StatusCode != 403 {
		t.Errorf("repeated: %d", r.StatusCode)
	}
	nonce = strings.Repeat("8", 32)
	if r, _ := g.raw("POST", "/v1/sign", body, signed); r.StatusCode != 403 {
		t.Errorf("sent elsewhere: %d", r.StatusCode)
	}
	nonce = strings.Repeat("9", 32)
	if r, _ := g.raw("POST", "/v1/certificates", []byte("{} "), signed); r.StatusCode != 403 {
		t.Errorf("changed: %d", r.StatusCode)
	}
	other := *g
	other.origin = "https://evil.test"
	g.door.open.Store(true)
	if r, _ := other.raw("POST", "/v1/certificates", body, func(r *http.Request) { nonce = strings.Repeat("a", 32); signed(r) }); r.StatusCode != 403 {
		t.Errorf("the key from another site: %d", r.StatusCode)
	}
}

func TestPairingNeedsTheCodeOfTheTerminal(t *testing.T) {
	clock := testkit.NewClock(testkit.Epoch)
	p, h := newProgram(t, nil, clock)
	p.keys = &keys{}
	d := serving(t, p)
	g := &page{t: t, door: d, origin: site}
	try := func(code string) int {
		r, _ := g.raw("POST", "/v1/pair/code", []byte(`{"code":"`+code+`"}`), nil)
		return r.StatusCode
	}
	if try("") != 422 || try("000000") != 422 {
		t.Error("paired without having asked")
	}
	begin := func() string {
		if r, b := g.raw("POST", "/v1/pair", []byte("{}"), nil); r.StatusCode != 200 {
			t.Fatalf("%d %s", r.StatusCode, b)
		}
		return d.pairings.waiting.code
	}
	code := begin()
	if saw := h.saw(); !strings.Contains(saw, site) || !strings.Contains(saw, code[:3]+" "+code[3:]) {
		t.Errorf("shown is %s", saw)
	}
	wrong := "000000"
	if code == wrong {
		wrong = "000001"
	}
	for range codeTries {
		if try(wrong) != 422 {
			t.Error("a wrong code paired")
		}
	}
	if try(code) != 422 {
		t.Error("the right code after three wrong ones")
	}
	code = begin()
	clock.Advance(codeTerm)
	if try(code) != 422 {
		t.Error("a code after its time")
	}
	code = begin()
	other := &page{t: t, door: d, origin: "https://evil.test"}
	if r, _ := other.raw("POST", "/v1/pair", []byte("{}"), nil); r.StatusCode != 422 {
		t.Error("another site takes over a pairing")
	}
	if r, _ := other.raw("POST", "/v1/pair/code", []byte(`{"code":"`+code+`"}`), nil); r.StatusCode != 422 {
		t.Error("another site uses the code")
	}
	if try(code[:3]+" "+code[3:]) != 200 {
		t.Error("the right code")
	}
	info, err := os.Stat(filepath.Join(p.Dir, pairingsFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the pairings lie in %v, %v", info, err)
	}
	for range maxBegun {
		g.raw("POST", "/v1/pair", []byte("{}"), nil)
	}
	if r, _ := g.raw("POST", "/v1/pair", []byte("{}"), nil); r.StatusCode != 422 {
		t.Error("codes without end")
	}
	p.Forget.Origin = site
	if err := p.forget(); err != nil {
		t.Error(err)
	}
	if again, err := p.readPairings(); err != nil || !again.empty() {
		t.Errorf("forgotten: %v", err)
	}
	if p.forget() == nil {
		t.Error("forgotten twice")
	}
}

// What a card tells about tries left is said before each PIN; SoftHSM tells less.
func TestACardThatLocksIsSpokenOf(t *testing.T) {
	for tries, want := range map[pkcs11.Tries]string{pkcs11.Few: "daha önce yanlış PIN girilmiş", pkcs11.Last: "SON deneme", pkcs11.Locked: "PUK ile açmak"} {
		if w, ok := warning(tries); !ok || !strings.Contains(w.Turkish, want) || w.English == "" {
			t.Errorf("%d: %v", tries, w)
		}
	}
	if w, ok := warning(pkcs11.Plenty); ok {
		t.Errorf("warned for nothing: %v", w)
	}
	for code, want := range map[pkcs11.Code]string{0xa4: "locked", 0xa0: "pin", 0xa2: "pin", 0x32: "card", 0x70: "card"} {
		if p, ok := errors.AsType[*problem](cardProblem(fmt.Errorf("signing: %w", code))); !ok || p.code != want || p.Turkish == "" {
			t.Errorf("%v is told as %v", code, p)
		}
	}
}

// The command line, with answers in Turkish and English.
func TestCommandsExplainThemselves(t *testing.T) {
	token := softhsm.New(t, "k")
	h := &person{}
	var stderr bytes.Buffer
	if code := run(t.Context(), []string{"--module", token.Module, "check"}, h, &stderr); code != 0 || !strings.Contains(h.saw(), "✓ "+token.Module) || !strings.Contains(h.saw(), "kart: k") {
		t.Errorf("check: %d %s %s", code, h.saw(), stderr.String())
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--module", "/etc/passwd", "check"}, "Kullanılabilecek bir kart sürücüsü bulunamadı"},
		{[]string{"--lang", "en", "--module", "/nowhere.so", "serve"}, "There is no file at /nowhere.so"},
		{[]string{"--module", token.Module, "sign", "--at", "http://kep.test", "--code", "x"}, "https://"},
		{[]string{"--p12", "/nowhere.p12", "certificates"}, "PKCS #12 dosyası açılamadı"},
		{[]string{"--dir", t.TempDir(), "forget", "https://kep.test"}, "Bu siteyle eşleştirme yok"},
	} {
		stderr.Reset()
		if code := run(t.Context(), c.args, &person{}, &stderr); code != 1 || !strings.Contains(stderr.String(), c.want) {
			t.Errorf("%v: %d %s", c.args, code, stderr.String())
		}
	}
	if code := run(t.Context(), []string{"fly"}, &person{}, &stderr); code != 2 {
		t.Errorf("an unknown command: %d", code)
	}
}

func FuzzQuestions(f *testing.F) {
	f.Add([]byte(`{"certificate":"00","request":{"items":[{"digest":"00"}]},"hash":"sha-256","items":[{"attributes":""}]}`))
	f.Add([]byte(`{}`))
	d := signtest.New(f, signing.Policy{})
	id := d.Kit.Identity(f, 0, "")
	by := &identity{id: idOf(id.Chain[0]), chain: id.Chain}
	f.Fuzz(func(t *testing.T, b []byte) {
		var q signQuestion
		if strictly(b, &q) != nil {
			return
		}
		if j, err := prepare(q.Request, q.choice, by, testkit.Epoch); err == nil && j.count() > 0 {
			t.Errorf("%q would be signed", b)
		}
	})
}
