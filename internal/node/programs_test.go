package node

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/internal/setup"
	"rem/internal/testkit/browser"
	"rem/person/login"
	"rem/person/token"
)

// A person makes a token on his page, a program sends and reads with it over HTTPS,
// and stops when the person revokes it. The page that describes the API tries it.
func TestAPersonGivesAProgramAccess(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	n := s.nodes[here]
	from, to := s.holder(0, isil), "bora.agaoglu@"+here
	s.holder(4, to)
	a, err := n.Store.ByAddress(t.Context(), rem.MustAddress(isil))
	if err != nil {
		t.Fatal(err)
	}
	grant, err := n.People.Login.Grant(t.Context(), login.Granting{Who: login.Who{Kind: login.Holder, Person: a.Holder.Person}, Account: a.ID, Names: []string{isil}})
	if err != nil {
		t.Fatal(err)
	}
	p := browser.Open(t).Page(t)
	at := func(path string) string { return n.Config.Web.Base + "/tr" + path }
	form := func(path string) string { return `main form[action="/tr` + path + `"]` }
	p.Open(at("/welcome"))
	p.Fill("grant", grant.Reveal())
	p.Submit(form("/welcome"))
	p.Authenticator()
	p.Follow(`main a[href$="/security/passkey"]`)
	p.Fill("name", "masa")
	p.Submit(form("/security/passkey"))

	p.Open(at("/account/api"))
	p.Check()
	p.Shot("api-tokens")
	p.Submit(form("/account/api")) // nothing chosen
	if p.Count(".problems") != 1 {
		t.Errorf("a token without scopes: %s", p.Text("main"))
	}
	p.Fill("label", "Muhasebe programı")
	for _, scope := range []string{"mail.list", "mail.read", "mail.send"} {
		p.Click(`input[name="scope"][value="` + scope + `"]`)
	}
	p.Submit(form("/account/api"))
	secret := p.Text(".notice code")
	if !strings.HasPrefix(secret, "rem_p_") || !strings.Contains(p.Text("main table"), "Muhasebe programı") {
		t.Fatalf("no token: %s", p.Text("main"))
	}
	p.Check()
	p.Shot("api-token-made")

	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.world.Root()}}}
	defer client.CloseIdleConnections()
	ask := func(method, path, media string, body []byte) (int, []byte) {
		t.Helper()
		q, err := http.NewRequestWithContext(t.Context(), method, n.Config.Web.Base+"/api/v1/"+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Authorization", "Bearer "+secret)
		q.Header.Set("Content-Type", media)
		r, err := client.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		answer, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, answer
	}
	status, answer := ask("POST", "messages", "message/rfc822", s.sign(from, letter{id: "programdan-1@" + here, to: []string{to}, subject: "Programdan"}))
	var receipt struct{ Message string }
	if err := json.Unmarshal(answer, &receipt); err != nil || status != http.StatusCreated || receipt.Message == "" {
		t.Fatalf("sending: %d %s", status, answer)
	}
	s.until("the sent message is listed", func() (bool, error) {
		status, answer := ask("GET", "items?kind=sent", "", nil)
		return status == http.StatusOK && strings.Contains(string(answer), receipt.Message), nil
	})
	if status, answer := ask("GET", "account", "", nil); status != http.StatusForbidden {
		t.Errorf("beyond its scopes: %d %s", status, answer)
	}

	p.Open(n.Config.Web.Base + "/api/v1/docs")
	p.Check()
	p.Shot("api-docs")
	p.Fill("token", secret)
	p.Click("#listFolders summary")
	p.Click("#listFolders button")
	s.until("the page shows the folders", func() (bool, error) { return strings.Contains(p.Text("#listFolders pre"), `"inbox"`), nil })

	// What a program begins in bulk is followed, stopped and read on a page.
	var b bytes.Buffer
	parts := multipart.NewWriter(&b)
	if err := errors.Join(parts.WriteField("job", `{"kind":"template","subject":"Sayın {{ad}}","text":"Merhaba {{ad}}."}`),
		parts.WriteField("list", "adres;ad\r\n"+to+";Bora\r\n"), parts.Close()); err != nil {
		t.Fatal(err)
	}
	if status, answer := ask("POST", "bulk", parts.FormDataContentType(), b.Bytes()); status != http.StatusCreated && status != http.StatusAccepted {
		t.Fatalf("beginning a bulk sending: %d %s", status, answer)
	}
	p.Open(at("/mail/bulk"))
	p.Check()
	p.Shot("bulk")
	p.Follow("main table a")
	p.Check()
	p.Shot("bulk-job")
	p.Submit(`main form[action$="/sign"]`)
	if p.Count(`main input[name="draft"]`) != 1 {
		t.Errorf("the next batch: %s", p.Text("main"))
	}
	p.Check()
	p.Follow(`main a[href*="/mail/bulk/"]`)
	p.Submit(`main form[action$="/pause"]`)
	if text := p.Text("main"); !strings.Contains(text, "duraklatıldı") {
		t.Errorf("after pausing: %s", text)
	}
	p.Submit(`main form[action$="/cancel"]`)
	s.until("nothing of it is sent", func() (bool, error) {
		p.Open(p.Here())
		text := p.Text("main")
		return strings.Contains(text, "bitti") && strings.Contains(text, "iptal edildi"), nil
	})

	p.Open(at("/account/api"))
	p.Follow(`main a[href$="/revoke"]`)
	p.Check()
	p.Submit("main form")
	if text := p.Text("main table"); !strings.Contains(text, "iptal edildi") {
		t.Errorf("after revoking: %s", text)
	}
	if status, answer := ask("GET", "items", "", nil); status != http.StatusUnauthorized {
		t.Errorf("a revoked token: %d %s", status, answer)
	}
	if text := s.logs[here].String(); strings.Contains(text, secret) || strings.Contains(text, "Muhasebe") {
		t.Error("the token or its name stands in the log")
	}
	for _, name := range []string{programFile, programFile + "-wal"} {
		b, err := os.ReadFile(n.Config.Data + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(secret)) || bytes.Contains(b, []byte("Muhasebe")) {
			t.Errorf("%s holds the token or its name in the clear", name)
		}
	}
}

// A file of 24 MB goes into a draft, and the message comes out of it, without being
// in memory: what the heap grows by, with what other tests left to
// be collected, stays under half of it.
func TestLargeFilesPassThroughMemoryFlat(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	n := s.nodes[here]
	s.holder(0, isil)
	a, err := n.Store.ByAddress(t.Context(), rem.MustAddress(isil))
	if err != nil {
		t.Fatal(err)
	}
	_, secret, err := n.People.Tokens.Create(t.Context(), rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: a.Holder.Person},
		token.Wish{Kind: token.Personal, Scopes: []token.Scope{token.Send}, Term: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.world.Root()}}}
	defer client.CloseIdleConnections()
	ask := func(method, path, media string, body io.Reader, status int) io.ReadCloser {
		t.Helper()
		q, err := http.NewRequestWithContext(t.Context(), method, n.Config.Web.Base+"/api/v1/"+path, body)
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Authorization", "Bearer "+secret.Reveal())
		q.Header.Set("Content-Type", media)
		r, err := client.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		if r.StatusCode != status {
			answer, err := io.ReadAll(r.Body)
			t.Fatalf("%s %s: %d %s (%v)", method, path, r.StatusCode, answer, err)
		}
		return r.Body
	}
	var d struct{ ID string }
	made := ask("POST", "drafts", "application/json", strings.NewReader(`{"to":["bora.agaoglu@`+here+`"],"subject":"Büyük","text":"Ekte.","version":0}`), http.StatusCreated)
	if err := errors.Join(json.NewDecoder(made).Decode(&d), made.Close()); err != nil {
		t.Fatal(err)
	}
	const size = 24 << 20
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before, most := m.HeapAlloc, uint64(0)
	watch, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		var m runtime.MemStats
		for {
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
			select {
			case <-watch:
				return
			default:
				runtime.Gosched()
			}
		}
	}()
	if err := ask("POST", "drafts/"+d.ID+"/files?name=buyuk.bin", "application/octet-stream", io.LimitReader(zeros{}, size), http.StatusCreated).Close(); err != nil {
		t.Fatal(err)
	}
	original := ask("GET", "drafts/"+d.ID+"/original", "", nil, http.StatusOK)
	got, err := io.Copy(io.Discard, original)
	if err := errors.Join(err, original.Close()); err != nil || got < size*4/3 {
		t.Errorf("%d octets came (%v)", got, err)
	}
	close(watch)
	<-watched
	if grown := int64(most) - int64(before); grown > size/2 {
		t.Errorf("the heap grew by %d MB", grown>>20)
	}
}

// zeros never end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
