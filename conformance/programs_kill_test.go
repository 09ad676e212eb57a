package conformance

import (
	"archive/zip"
	"bytes"
	"crypto/tls"
	"encoding/csv"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"rem"
	"rem/edge/config"
	"rem/edge/control"
	"rem/internal/node"
	"rem/internal/setup"
	"rem/mail/smime"
	"rem/message/happening"
	"rem/person/token"
)

// A listener is a customer's program behind HTTPS, which believes signatures alone.
type listener struct {
	mu      sync.Mutex
	secret  string // guarded by mu
	refuse  int    // guarded by mu; how many more deliveries it answers 503
	refused int
	faults  []string         // guarded by mu
	newest  int64            // guarded by mu
	kinds   map[int64]string // guarded by mu
	about   map[string]int   // guarded by mu; messages that were submitted
}

func (l *listener) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	body, err := io.ReadAll(q.Body)
	sent, _ := strconv.ParseInt(q.Header.Get("X-REM-Timestamp"), 10, 64)
	var b struct {
		Events []struct {
			Number  int64
			Kind    string
			Message string
		}
	}
	switch {
	case err != nil:
		return // cut off: the provider was killed
	case happening.Sign(l.secret, time.Unix(sent, 0), body) != q.Header.Get("X-REM-Signature"):
		l.faults = append(l.faults, "a signature")
	case json.Unmarshal(body, &b) != nil || len(b.Events) == 0:
		l.faults = append(l.faults, "a body")
	}
	if l.refuse > 0 {
		l.refuse--
		l.refused++
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	for _, e := range b.Events {
		if e.Number > l.newest+1 {
			l.faults = append(l.faults, fmt.Sprintf("%d came after %d", e.Number, l.newest))
		}
		if e.Number > l.newest {
			if l.newest = e.Number; e.Kind == "submitted" {
				l.about[e.Message]++
			}
			l.kinds[e.Number] = e.Kind
		} else if l.kinds[e.Number] != e.Kind {
			l.faults = append(l.faults, fmt.Sprintf("%d is another event when it comes again", e.Number))
		}
	}
}

func (l *listener) got() int { l.mu.Lock(); defer l.mu.Unlock(); return len(l.about) }

// bulkRows is how many recipients the sending has, and bulkPace how many go out in a
// minute: it takes several runs of the program.
const bulkRows, bulkPace = 50, 20

// REQ-57: a bulk sending whose provider is killed in the middle, and then stopped in
// order, goes on: each recipient gets his message once. The webhook tells of each,
// signed, in order and without a gap.
func TestABulkSendingAndItsWebhookGoOnAfterKills(t *testing.T) {
	program := &listener{kinds: map[int64]string{}, about: map[string]int{}, refuse: 2}
	receiver := httptest.NewTLSServer(program)
	defer receiver.Close()
	roots := filepath.Join(t.TempDir(), "receiver.pem")
	if err := os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: receiver.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", roots) // for the provider that runs beside us
	b := &battle{t: t, bin: programs(t)}
	dir, err := os.MkdirTemp("", "rem") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	const domain = "hs90.kep.test"
	b.world, err = setup.New(dir, setup.Options{Domains: []string{domain}, Change: func(c *config.Config) { c.Programs.BulkPerMinute = bulkPace }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd := b.run[0]; cmd != nil {
			cmd.Process.Kill()
			cmd.Wait()
		}
		b.world.Close()
	})
	stop := func() {
		t.Helper()
		if err := b.run[0].Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := b.run[0].Wait(); err != nil {
			t.Errorf("it did not stop in order: %v", err)
		}
		b.run[0] = nil
	}
	b.start(0)
	const sender, recipient = "gonderen@" + domain, "alan@" + domain
	from, err := b.world.Person(0, sender)
	if err != nil {
		t.Fatal(err)
	}
	to, err := b.world.Person(1, recipient)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*setup.Person{from, to} {
		if _, err := b.ask(0).AddAccount(t.Context(), control.NewAccount{Address: p.Address, Holder: p.Name(), Identity: p.IdentityNumber, Password: "kanarya-parola 12"}); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	secret := b.token(sender, token.List, token.Send, token.Hooks)
	b.start(0)

	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: b.world.Root()}, DisableKeepAlives: true}}
	ask := func(method, path, media string, body []byte, into any) error {
		q, err := http.NewRequestWithContext(t.Context(), method, b.world.Providers[0].Config.Web.Base+"/api/v1/"+path, bytes.NewReader(body))
		if err != nil {
			return err
		}
		q.Header.Set("Authorization", "Bearer "+secret)
		q.Header.Set("Content-Type", media)
		r, err := client.Do(q)
		if err != nil {
			return err
		}
		defer r.Body.Close()
		answer, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		if r.StatusCode >= 300 {
			return fmt.Errorf("%s %s: %s %s", method, path, r.Status, answer)
		}
		if raw, ok := into.(*[]byte); ok {
			*raw = answer
			return nil
		}
		return json.Unmarshal(answer, into)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	until := func(what string, is func() bool) {
		t.Helper()
		for end := time.Now().Add(90 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("waiting for %s", what)
			}
		}
	}
	var made struct{ ID, Secret string }
	must(ask("POST", "hooks", "application/json", []byte(`{"url":"`+receiver.URL+`/kep"}`), &made))
	program.mu.Lock()
	program.secret = made.Secret
	program.mu.Unlock()

	var form, pack bytes.Buffer
	z := zip.NewWriter(&pack)
	for i := range bulkRows {
		header := fmt.Sprintf("From: %s\r\nTo: %s\r\nSubject: Bildirim %d\r\nDate: Mon, 23 Nov 2026 12:00:00 +0300\r\nMessage-ID: <toplu-%d@%s>\r\n", sender, recipient, i, i, domain)
		entity := "Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSayın ilgili.\r\n"
		raw, err := smime.Sign(t.Context(), []byte(header), []byte(entity), "=_imza", from.Signer, time.Now())
		must(err)
		w, err := z.Create(fmt.Sprintf("%03d.eml", i))
		must(err)
		_, err = w.Write(raw)
		must(err)
	}
	must(z.Close())
	parts := multipart.NewWriter(&form)
	must(parts.WriteField("job", `{"kind":"signed"}`))
	w, err := parts.CreateFormFile("package", "imzali.zip")
	must(err)
	_, err = w.Write(pack.Bytes())
	must(errors.Join(err, parts.Close()))
	var job struct {
		Job, State string
		Counts     map[string]int
	}
	must(ask("POST", "bulk", parts.FormDataContentType(), form.Bytes(), &job))
	id := job.Job

	// The program ends while messages go out, without warning, and then in order.
	until("the first messages", func() bool { return program.got() > 3 })
	must(b.run[0].Process.Signal(syscall.SIGKILL))
	b.run[0].Wait() // it says that it was killed
	t.Logf("killed after %d messages were told", program.got())
	before := program.got()
	if before >= bulkRows {
		t.Fatal("all of it was sent before the program was killed")
	}
	b.start(0)
	until("more messages", func() bool { return program.got() > max(before+2, bulkPace) })
	stop()
	t.Logf("stopped after %d messages were told", program.got())
	b.start(0)
	until("the end of the job", func() bool {
		job.Counts = nil
		must(ask("GET", "bulk/"+id, "application/json", nil, &job))
		return job.State == "done"
	})
	if job.Counts["submitted"] != bulkRows || len(job.Counts) != 1 {
		t.Errorf("the job ended with %v", job.Counts)
	}
	var sheet []byte
	until("the evidence of each delivery", func() bool {
		must(ask("GET", "bulk/"+id+"/results", "", nil, &sheet))
		return bytes.Count(sheet, []byte("DeliveryNonDeliveryToRecipient,true")) == bulkRows
	})
	rows, err := csv.NewReader(bytes.NewReader(sheet)).ReadAll()
	must(err)
	messages := map[string]bool{}
	for _, r := range rows[1:] {
		messages[r[4]] = true
	}
	inbox, err := b.ask(0).Mailbox(t.Context(), recipient, "kanarya-parola 12")
	must(err)
	if len(messages) != bulkRows || len(inbox) != bulkRows {
		t.Errorf("%d rows are %d messages, and the recipient has %d", len(rows)-1, len(messages), len(inbox))
	}
	for _, e := range inbox {
		if !messages[string(e.Message)] {
			t.Errorf("%s is in the mailbox and in no row", e.Message)
		}
	}
	var events struct{ Newest int64 }
	until("the end of the events", func() bool {
		must(ask("GET", "events?after=0&limit=1", "", nil, &events))
		program.mu.Lock()
		defer program.mu.Unlock()
		return program.newest == events.Newest
	})
	program.mu.Lock()
	defer program.mu.Unlock()
	if len(program.faults) > 0 || len(program.about) != bulkRows || program.refused != 2 {
		t.Errorf("the receiver heard of %d messages, refused %d deliveries and found wrong: %v", len(program.about), program.refused, program.faults)
	}
	for m, n := range program.about {
		if n != 1 || !messages[m] {
			t.Errorf("%s was told %d times by different numbers", m, n)
		}
	}
	t.Logf("%d events", events.Newest)
}

// token makes one for the holder of an address, while the provider does not run.
func (b *battle) token(address string, scopes ...token.Scope) string {
	b.t.Helper()
	c, err := config.Read(b.world.Providers[0].File)
	if err != nil {
		b.t.Fatal(err)
	}
	n, err := node.Open(b.t.Context(), c, node.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() {
		if err := n.Close(); err != nil {
			b.t.Error(err)
		}
	}()
	a, err := n.Store.ByAddress(b.t.Context(), rem.MustAddress(address))
	if err != nil {
		b.t.Fatal(err)
	}
	_, secret, err := n.People.Tokens.Create(b.t.Context(), rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: a.Holder.Person}, token.Wish{Kind: token.Personal, Scopes: scopes, Term: time.Hour})
	if err != nil {
		b.t.Fatal(err)
	}
	return secret.Reveal()
}
