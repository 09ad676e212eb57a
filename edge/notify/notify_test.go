package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rem"
	"rem/edge/outward"
	"rem/edge/personstore"
	"rem/edge/simulator"
	"rem/internal/testkit"
	"rem/internal/testkit/vaulttest"
	"rem/person"
	"rem/person/news"
)

var provider = rem.Text{Turkish: "Sağlayıcı", English: "Provider"}

// A world has a durable outbox, and the simulated gateway and mail server over TLS.
type world struct {
	t        *testing.T
	file     string
	clock    *testkit.Clock
	keys     *vaulttest.Keys
	pki      *simulator.PKI
	services *simulator.Services
	boxes    *simulator.Mailboxes
	server   *httptest.Server
	// before, when set, may answer in the gateway's place.
	before func(w http.ResponseWriter, r *http.Request) bool
	mail   string // address of the mail server
	log    bytes.Buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, file: filepath.Join(t.TempDir(), "person.sqlite"), clock: testkit.NewClock(time.Time{}), keys: vaulttest.NewKeys()}
	var err error
	if w.pki, err = simulator.New(simulator.Options{Clock: w.clock}); err != nil {
		t.Fatal(err)
	}
	id, err := w.pki.TLS("sms.test")
	if err != nil {
		t.Fatal(err)
	}
	c := tls.Certificate{PrivateKey: id.Key}
	for _, x := range id.Chain {
		c.Certificate = append(c.Certificate, x.Raw)
	}
	w.services = simulator.NewServices(w.clock, "")
	handler := w.services.Handler()
	w.server = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.before == nil || !w.before(rw, r) {
			handler.ServeHTTP(rw, r)
		}
	}))
	w.server.TLS = &tls.Config{Certificates: []tls.Certificate{c}}
	w.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	w.server.StartTLS()
	t.Cleanup(w.server.Close)

	w.boxes = simulator.NewMailboxes(w.clock)
	s, settings := w.boxes.Server(c)
	l, err := w.boxes.Listen("127.0.0.1:0", settings)
	if err != nil {
		t.Fatal(err)
	}
	w.mail = l.Addr().String()
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return w
}

func (w *world) guard() *outward.Guard {
	w.t.Helper()
	g, err := outward.NewGuard([]outward.Host{{Name: "127.0.0.1", Country: "TR", Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return g
}

func (w *world) gateway() outward.Options {
	return outward.Options{Name: "sms", URL: w.server.URL + "/sms", Guard: w.guard(), Anchors: w.pki.Anchors(), Clock: w.clock, Timeout: 5 * time.Second}
}

func (w *world) mailOptions() MailOptions {
	return MailOptions{Address: w.mail, Guard: w.guard(), Anchors: w.pki.Anchors(), From: "bildirim@kep-saglayici.test", Name: "hs90.kep.test", Provider: provider, Clock: w.clock}
}

// open opens the store, as after a restart, and a messenger over it.
func (w *world) open(effect func(string) error) (*Messenger, *personstore.Store) {
	w.t.Helper()
	s, err := personstore.Open(w.t.Context(), w.file, personstore.Options{Effect: effect})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { s.Close() })
	sms, err := NewGateway(w.gateway())
	if err != nil {
		w.t.Fatal(err)
	}
	mail, err := NewMailServer(w.mailOptions())
	if err != nil {
		w.t.Fatal(err)
	}
	m, err := NewMessenger(Options{Outbox: s.Outbox(), Keys: w.keys, Clock: w.clock, Provider: provider, SMS: sms, Mail: mail,
		Log: slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		w.t.Fatal(err)
	}
	return m, s
}

const (
	canaryPhone = "+905321234567"
	canaryMail  = "ayse.yilmaz@posta.test"
	canaryCode  = "918273"
)

func byPhone(t *testing.T, id news.ID) news.Message {
	t.Helper()
	p, err := person.ParseMobile(canaryPhone)
	if err != nil {
		t.Fatal(err)
	}
	return news.Message{ID: id, Person: "p-1", Kind: news.Code, Mobile: p, Code: canaryCode}
}

func byMail(t *testing.T, id news.ID) news.Message {
	t.Helper()
	a, err := person.ParseMailAddress(canaryMail)
	if err != nil {
		t.Fatal(err)
	}
	return news.Message{ID: id, Person: "p-1", Kind: news.Activation, Mail: a, Link: "https://hs90.kep.test/activate?s=abc"}
}

func (w *world) state(m *Messenger, id news.ID) news.Delivery {
	w.t.Helper()
	d, err := m.Delivery(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// REQ-30, REQ-42: what is told arrives, once, however often it is told.
func TestWhatIsToldArrivesOnce(t *testing.T) {
	w := newWorld(t)
	m, _ := w.open(nil)
	for range 3 {
		for _, n := range []news.Message{byPhone(t, "code-1"), byMail(t, "mail-1")} {
			if err := m.Tell(t.Context(), n); err != nil {
				t.Fatal(err)
			}
		}
		if next, err := m.once(t.Context()); err != nil || !next.IsZero() {
			t.Fatal(next, err)
		}
	}
	texts, mails := w.services.Texts(), w.boxes.Mails()
	if len(texts) != 1 || texts[0].To != canaryPhone || !strings.Contains(texts[0].Body, canaryCode) || !strings.HasPrefix(texts[0].Body, "Sağlayıcı: tek kullanımlık") {
		t.Errorf("%+v", texts)
	}
	if len(mails) != 1 || mails[0].To != canaryMail || !strings.Contains(mails[0].Body, "https://hs90.kep.test/activate?s=abc") || !strings.Contains(mails[0].Subject, "etkinleştirin") {
		t.Errorf("%+v", mails)
	}
	for _, id := range []news.ID{"code-1", "mail-1"} {
		if d := w.state(m, id); d.State != news.Sent || d.Attempts != 1 || d.Ended.IsZero() || !d.Due.IsZero() {
			t.Errorf("%+v", d)
		}
	}
	list, err := m.Deliveries(t.Context(), "p-1", time.Time{}, 10)
	if err != nil || len(list) != 2 {
		t.Error(list, err)
	}
	if _, err := m.Delivery(t.Context(), "another"); !errors.Is(err, news.ErrNotFound) {
		t.Error(err)
	}
}

// AT-34, P-27: neither file, log, state nor error holds a value, before and after.
func TestNothingOfAMessageLiesInTheClear(t *testing.T) {
	w := newWorld(t)
	var said strings.Builder
	m, s := w.open(nil)
	w.before = func(rw http.ResponseWriter, r *http.Request) bool {
		b, _ := io.ReadAll(r.Body)
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(http.StatusBadRequest)
		rw.Write(b) // a gateway that throws the question back
		return true
	}
	for _, n := range []news.Message{byPhone(t, "code-1"), byMail(t, "mail-1")} {
		if err := m.Tell(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	look := func(when string) {
		t.Helper()
		files, err := filepath.Glob(filepath.Join(filepath.Dir(w.file), "*"))
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		all := []byte(w.log.String() + said.String())
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, b...)
		}
		for _, canary := range []string{canaryPhone, canaryPhone[3:], canaryMail, "ayse", canaryCode, "s=abc", "etkinleştir"} {
			if bytes.Contains(all, []byte(canary)) {
				t.Errorf("%s: %q lies in the clear", when, canary)
			}
		}
	}
	look("waiting")
	if _, err := m.once(t.Context()); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&said, "%+v %+v", w.state(m, "code-1"), w.state(m, "mail-1"))
	look("tried")
	w.before = nil
	w.clock.Advance(10 * time.Second)
	if _, err := m.once(t.Context()); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&said, "%+v %+v", w.state(m, "code-1"), w.state(m, "mail-1"))
	look("sent")
	list, _, err := s.Outbox().Waiting(t.Context(), w.clock.Now().AddDate(1, 0, 0), 10)
	if err != nil || len(list) != 0 {
		t.Error(list, err)
	}
	if !strings.Contains(w.log.String(), "state=sent") {
		t.Error("nothing was logged")
	}
}

func TestAGatewayThatIsAwayIsAskedAgainUntilTheEnd(t *testing.T) {
	w := newWorld(t)
	m, _ := w.open(nil)
	var mu sync.Mutex
	var keys []string
	w.before = func(rw http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		keys = append(keys, r.Header.Get("Idempotency-Key"))
		http.Error(rw, "", http.StatusServiceUnavailable)
		return true
	}
	if err := m.Tell(t.Context(), byPhone(t, "code-1")); err != nil {
		t.Fatal(err)
	}
	for range 200 {
		next, err := m.once(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if next.IsZero() {
			break
		}
		w.clock.Set(next)
	}
	d := w.state(m, "code-1")
	if d.State != news.Expired || d.Fault != FaultAway || d.Attempts < 10 || len(keys) != d.Attempts || len(w.services.Texts()) != 0 {
		t.Errorf("%+v, %d questions", d, len(keys))
	}
	for _, k := range keys {
		if k != Key("code-1") || strings.Contains(k, "code-1") {
			t.Errorf("the key is %s", k)
		}
	}
	if got := d.Ended.Sub(d.Told); got < news.Code.Worth() || got > news.Code.Worth()+time.Minute {
		t.Errorf("it ended after %s", got)
	}
}

func TestWhatIsNeverTakenIsNotSentAgain(t *testing.T) {
	w := newWorld(t)
	m, _ := w.open(nil)
	w.before = func(rw http.ResponseWriter, _ *http.Request) bool {
		rw.Header().Set("Content-Type", "application/json")
		io.WriteString(rw, `{"id":"","state":"rejected"}`)
		return true
	}
	n := byMail(t, "mail-1")
	var err error
	if n.Mail, err = person.ParseMailAddress("nobody@posta.test"); err != nil {
		t.Fatal(err)
	}
	for _, n := range []news.Message{byPhone(t, "code-1"), n} {
		if err := m.Tell(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	if next, err := m.once(t.Context()); err != nil || !next.IsZero() {
		t.Fatal(next, err)
	}
	for _, id := range []news.ID{"code-1", "mail-1"} {
		if d := w.state(m, id); d.State != news.Failed || d.Fault != FaultRejected {
			t.Errorf("%+v", d)
		}
	}
}

// A crash before or after any effect of the store: what was told is sent at least
// once, under one key, and never lost.
func TestACrashAnywhereLosesNothing(t *testing.T) {
	crash := errors.New("crash")
	crashed := 0
	for at := 0; ; at++ {
		w := newWorld(t)
		var mu sync.Mutex
		effects, fail := 0, true
		effect := func(string) error {
			mu.Lock()
			defer mu.Unlock()
			effects++
			if fail && effects > at {
				return crash // everything after it fails too, as in a process that is gone
			}
			return nil
		}
		m, s := w.open(effect)
		told := map[news.ID]bool{}
		for _, n := range []news.Message{byPhone(t, "code-1"), byMail(t, "mail-1")} {
			told[n.ID] = m.Tell(t.Context(), n) == nil
		}
		_, _ = m.once(t.Context())
		done := effects <= at
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}

		fail = false
		m, _ = w.open(nil)
		for range 20 {
			next, err := m.once(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if next.IsZero() {
				break
			}
			w.clock.Set(next)
		}
		for id, yes := range map[news.ID]bool{"code-1": len(w.services.Texts()) == 1, "mail-1": len(w.boxes.Mails()) == 1} {
			if told[id] && (!yes || w.state(m, id).State != news.Sent) {
				t.Errorf("crash at effect %d: %s was told, and sent %t", at, id, yes)
			}
		}
		if done {
			break
		}
		crashed++
	}
	if crashed < 8 {
		t.Errorf("only %d places to crash", crashed)
	}
}

// A message that has ended is not sent again by an outbox that is read late.
func TestAnAttemptThatIsNotTheNextIsNotMade(t *testing.T) {
	w := newWorld(t)
	m, s := w.open(nil)
	if err := m.Tell(t.Context(), byPhone(t, "code-1")); err != nil {
		t.Fatal(err)
	}
	o := s.Outbox()
	list, _, err := o.Waiting(t.Context(), w.clock.Now(), 10)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	for range 3 { // the same entry, read once and attempted by three
		if err := m.attempt(t.Context(), &list[0]); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(w.services.Texts()); n != 1 {
		t.Errorf("%d texts", n)
	}
	if err := o.End(t.Context(), "code-1", news.Failed, "x", w.clock.Now()); err != nil {
		t.Fatal(err)
	}
	if err := o.Postpone(t.Context(), "code-1", "x", w.clock.Now()); err != nil {
		t.Fatal(err)
	}
	if d := w.state(m, "code-1"); d.State != news.Sent || d.Fault != "" {
		t.Errorf("an end changed: %+v", d)
	}
	if err := o.End(t.Context(), "code-1", news.Waiting, "", w.clock.Now()); err == nil {
		t.Error("waiting is an end")
	}
}

// Who tells does not wait for a gateway, and Run is awake at once.
func TestWhoTellsDoesNotWait(t *testing.T) {
	w := newWorld(t)
	m, _ := w.open(nil)
	gate := make(chan struct{})
	arrived := make(chan struct{}, 10)
	w.before = func(http.ResponseWriter, *http.Request) bool { arrived <- struct{}{}; <-gate; return false }
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	w.clock.AwaitWaiters(1)
	for i := range 3 {
		if err := m.Tell(t.Context(), byPhone(t, news.ID(fmt.Sprint("code-", i)))); err != nil {
			t.Fatal(err) // while the gateway hangs
		}
	}
	<-arrived
	close(gate)
	w.clock.AwaitWaiters(1)
	for len(w.services.Texts()) < 3 {
		<-arrived
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestASealedMessageOpensForItselfAlone(t *testing.T) {
	keys := vaulttest.NewKeys()
	d := news.Delivery{ID: "a", Person: "p", Channel: news.SMS, Kind: news.Code}
	b, err := seal(t.Context(), keys, &d, canaryPhone, "", "text")
	if err != nil {
		t.Fatal(err)
	}
	var to, subject, body string
	if err := open(t.Context(), keys, &d, b, &to, &subject, &body); err != nil || to != canaryPhone || subject != "" || body != "text" {
		t.Error(to, subject, body, err)
	}
	keys.Rotate()
	if err := open(t.Context(), keys, &d, b, &to, &subject, &body); err != nil {
		t.Error("after a rotation:", err)
	}
	for _, change := range []func(*news.Delivery){func(d *news.Delivery) { d.ID = "b" }, func(d *news.Delivery) { d.Person = "q" }, func(d *news.Delivery) { d.Channel = news.Mail }, func(d *news.Delivery) { d.Kind = news.Arrived }} {
		other := d
		change(&other)
		if err := open(t.Context(), keys, &other, b, &to, &subject, &body); !errors.Is(err, errUnreadable) {
			t.Errorf("as %+v: %v", other, err)
		}
	}
	for i := range b {
		c := bytes.Clone(b)
		c[i] ^= 1
		if open(t.Context(), keys, &d, c, &to, &subject, &body) == nil {
			t.Errorf("octet %d changed, and it opens", i)
		}
		if open(t.Context(), keys, &d, b[:i], &to, &subject, &body) == nil {
			t.Errorf("cut to %d, and it opens", i)
		}
	}
}

func TestProductionTakesNoSimulatedGateway(t *testing.T) {
	w := newWorld(t)
	o := w.gateway()
	o.Production = true
	g, err := NewGateway(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Send(t.Context(), Parcel{Key: "k", To: canaryPhone, Text: news.Written{Body: "x"}}); !errors.Is(err, outward.ErrSimulator) {
		t.Error(err)
	}
	mo := w.mailOptions()
	mo.Production = true
	s, err := NewMailServer(mo)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), Parcel{Key: "k", To: canaryMail, Text: news.Written{Subject: "x", Body: "x"}}); !errors.Is(err, outward.ErrSimulator) || len(w.boxes.Mails()) != 0 {
		t.Error(err)
	}
}

// A mail server that goes wrong in every way: nothing is sent in the clear, nothing
// hangs, and no error quotes it.
func TestWhatAMailServerMayDoWrong(t *testing.T) {
	w := newWorld(t)
	id, err := w.pki.TLS("mail.test")
	if err != nil {
		t.Fatal(err)
	}
	c := tls.Certificate{PrivateKey: id.Key}
	for _, x := range id.Chain {
		c.Certificate = append(c.Certificate, x.Raw)
	}
	long := strings.Repeat("250-x\r\n", maxHeard)
	for _, x := range []struct {
		name     string
		startTLS bool
		serve    func(net.Conn)
		want     error
	}{
		{"no TLS", false, func(c net.Conn) { io.WriteString(c, "220 clear\r\n"); io.Copy(io.Discard, c) }, outward.ErrAway},
		{"no STARTTLS", true, func(c net.Conn) { io.WriteString(c, "220 x\r\n250 x\r\n250 x\r\n"); io.Copy(io.Discard, c) }, outward.ErrAway},
		{"hangs up", false, func(c net.Conn) { c.Close() }, outward.ErrAway},
		{"says nothing", false, func(c net.Conn) { io.Copy(io.Discard, c) }, outward.ErrAway},
		{"never ends", false, func(raw net.Conn) {
			t := tls.Server(raw, &tls.Config{Certificates: []tls.Certificate{c}})
			io.WriteString(t, "220 x\r\n")
			io.WriteString(t, long)
			io.Copy(io.Discard, t)
		}, outward.ErrAway},
		{"turns us away", false, func(raw net.Conn) {
			t := tls.Server(raw, &tls.Config{Certificates: []tls.Certificate{c}})
			io.WriteString(t, "554 "+canaryMail+"\r\n")
			io.Copy(io.Discard, t)
		}, outward.ErrRefused},
	} {
		t.Run(x.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			var all sync.WaitGroup
			all.Go(func() {
				c, err := l.Accept()
				if err != nil {
					return
				}
				x.serve(c)
				c.Close()
			})
			o := w.mailOptions()
			o.Address, o.StartTLS = l.Addr().String(), x.startTLS
			s, err := NewMailServer(o)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			err = s.Send(ctx, Parcel{Key: "k", To: canaryMail, Text: news.Written{Subject: "x", Body: "x"}})
			if !errors.Is(err, x.want) || strings.Contains(err.Error(), "posta.test") {
				t.Errorf("%v, want %v", err, x.want)
			}
			l.Close()
			all.Wait()
		})
	}
	other, err := simulator.New(simulator.Options{Clock: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	o := w.mailOptions()
	o.Anchors = other.Anchors()
	s, err := NewMailServer(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), Parcel{Key: "k", To: canaryMail}); !errors.Is(err, outward.ErrAway) || len(w.boxes.Mails()) != 0 {
		t.Errorf("another's certificate: %v", err)
	}
}

func TestAMailServerElsewhereIsNotMade(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(*MailOptions){
		"abroad":               func(o *MailOptions) { o.Address = "mail.elsewhere.test:465" },
		"no port":              func(o *MailOptions) { o.Address = "127.0.0.1" },
		"no anchors":           func(o *MailOptions) { o.Anchors = nil },
		"a user alone":         func(o *MailOptions) { o.User = "u" },
		"from registered mail": func(o *MailOptions) { o.From = "x@hs90.kep.tr" },
		"from two":             func(o *MailOptions) { o.From = "a@b.test\r\nBcc: c@d.test" },
	} {
		o := w.mailOptions()
		change(&o)
		if _, err := NewMailServer(o); err == nil {
			t.Errorf("%s: it was made", name)
		}
	}
}

func TestAChannelThatTheProviderDoesNotHaveIsSaidSo(t *testing.T) {
	w := newWorld(t)
	m, s := w.open(nil)
	none, err := NewMessenger(Options{Outbox: s.Outbox(), Keys: w.keys, Clock: w.clock, Provider: provider})
	if err != nil {
		t.Fatal(err)
	}
	if err := none.Tell(t.Context(), byPhone(t, "code-1")); !errors.Is(err, ErrNoChannel) {
		t.Error(err)
	}
	if err := m.Tell(t.Context(), byPhone(t, "code-1")); err != nil {
		t.Fatal(err)
	}
	if _, err := none.once(t.Context()); err != nil { // the channel went away while it waited
		t.Fatal(err)
	}
	if d := w.state(m, "code-1"); d.State != news.Waiting || d.Fault != FaultChannel {
		t.Errorf("%+v", d)
	}
	late := byPhone(t, "code-2")
	late.Until = w.clock.Now()
	if err := m.Tell(t.Context(), late); !errors.Is(err, news.ErrMessage) {
		t.Error(err)
	}
}
