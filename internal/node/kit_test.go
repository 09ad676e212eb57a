package node

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/smtp"
	"net/textproto"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"rem"
	"rem/edge/config"
	"rem/edge/control"
	"rem/internal/setup"
	"rem/mail/mime"
	"rem/mail/smime"
	"rem/message"
)

const (
	here, there = "hs90.kep.test", "hs91.kep.test"
	password    = "kanarya-parola 12"
	// patience is how long a step of a journey may take before a test gives up.
	patience = 30 * time.Second
)

// A stage is a world whose providers run in this process.
type stage struct {
	t     testing.TB
	world *setup.World
	nodes map[string]*Node
	logs  map[string]*record
	stops map[string]func() error
}

// A record is a log that may be read while it is written.
type record struct {
	mu sync.Mutex
	b  bytes.Buffer // guarded by mu
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.String()
}

// newStage makes a world; nothing runs yet.
func newStage(t testing.TB, o setup.Options) *stage {
	t.Helper()
	// Not t.TempDir: it holds the test's name, and a socket's path is short.
	dir, err := os.MkdirTemp("", "rem")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if o.Domains == nil {
		o.Domains = []string{here, there}
	}
	w, err := setup.New(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, world: w, nodes: map[string]*Node{}, logs: map[string]*record{}, stops: map[string]func() error{}}
	t.Cleanup(func() {
		for domain := range s.stops {
			s.stop(domain)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *stage) config(domain string) *config.Config {
	s.t.Helper()
	for _, p := range s.world.Providers {
		if p.Domain == domain {
			c, err := config.Read(p.File)
			if err != nil {
				s.t.Fatal(err)
			}
			return c
		}
	}
	s.t.Fatalf("the world has no %s", domain)
	return nil
}

// start opens and runs providers, on what an earlier run left.
func (s *stage) start(domains ...string) {
	s.t.Helper()
	for _, domain := range domains {
		if s.logs[domain] == nil {
			s.logs[domain] = new(record)
		}
		level := &slog.HandlerOptions{Level: slog.LevelDebug}
		n, err := Open(s.t.Context(), s.config(domain), Options{Log: slog.New(slog.NewJSONHandler(s.logs[domain], level))})
		if err != nil {
			s.t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		ready, ended := make(chan struct{}), make(chan error, 1)
		go func() { ended <- n.Run(ctx, func() { close(ready) }) }()
		s.nodes[domain] = n
		s.stops[domain] = func() error {
			cancel()
			return errors.Join(<-ended, n.Close())
		}
		select {
		case <-ready:
		case err := <-ended:
			ended <- err
			s.t.Fatal(err)
		}
	}
}

// stop is what SIGTERM does.
func (s *stage) stop(domain string) {
	s.t.Helper()
	if err := s.stops[domain](); err != nil {
		s.t.Errorf("stopping %s: %v", domain, err)
	}
	delete(s.stops, domain)
}

func (s *stage) control(domain string) *control.Client {
	return control.Dial(s.nodes[domain].Config.Data, "operator-7")
}

// holder opens an account for the n-th synthetic person.
func (s *stage) holder(n int, address string) *setup.Person {
	s.t.Helper()
	p, err := s.world.Person(n, address)
	if err != nil {
		s.t.Fatal(err)
	}
	_, domain, _ := strings.Cut(address, "@")
	if _, err := s.control(domain).AddAccount(s.t.Context(), control.NewAccount{
		Address: address, Holder: p.Name(), Identity: p.IdentityNumber, Password: password,
	}); err != nil {
		s.t.Fatal(err)
	}
	return p
}

// A letter is what a holder writes.
type letter struct {
	id, subject, file string
	to                []string
}

// sign makes the original; id and file may be anything that stands on a line.
func (s *stage) sign(from *setup.Person, l letter) []byte {
	s.t.Helper()
	header := fmt.Sprintf("From: %s\r\nTo: %s\r\nSubject: %s\r\nDate: Mon, 23 Nov 2026 12:00:00 +0300\r\nMessage-ID: <%s>\r\n",
		from.Address, strings.Join(l.to, ", "), encode(s.t, l.subject), l.id)
	entity := "Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n"
	if l.file != "" {
		entity += "Content-Disposition: attachment; filename=\"" + l.file + "\"\r\n"
	}
	entity += "\r\nSayın ilgili, kanarya-gövde. " + l.id + "\r\n"
	raw, err := smime.Sign(s.t.Context(), []byte(header), []byte(entity), "=_imza", from.Signer, time.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	return raw
}

func encode(t testing.TB, subject string) string {
	b := mime.NewBuilder(nil)
	b.Text("S", subject)
	text, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(strings.TrimPrefix(string(text), "S:"))
}

// mailer is a mail program that is logged in.
func (s *stage) mailer(domain, user, password string) (*smtp.Client, error) {
	conn, err := tls.Dial("tcp", s.nodes[domain].Address("submission").String(), &tls.Config{RootCAs: s.world.Root(), ServerName: domain})
	if err != nil {
		return nil, err
	}
	c, err := smtp.NewClient(conn, domain)
	if err != nil {
		conn.Close()
		return nil, err
	}
	if err := c.Auth(smtp.PlainAuth("", user, password, domain)); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// hand gives one message and returns what it was answered.
func hand(c *smtp.Client, from string, to []string, raw []byte) error {
	if err := c.Mail(from); err != nil {
		return err
	}
	for _, r := range to {
		if err := c.Rcpt(r); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(raw); err != nil {
		return err
	}
	return w.Close()
}

// submit logs in, hands a message in and logs out.
func (s *stage) submit(from *setup.Person, to []string, raw []byte) error {
	s.t.Helper()
	_, domain, _ := strings.Cut(from.Address, "@")
	c, err := s.mailer(domain, from.Address, password)
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	if err := hand(c, from.Address, to, raw); err != nil {
		return err
	}
	return c.Quit()
}

// refusal is the reply of a refusal, or zero.
func refusal(err error) int {
	if reply, ok := errors.AsType[*textproto.Error](err); ok {
		return reply.Code
	}
	return 0
}

// until waits for something to be so.
func (s *stage) until(what string, is func() (bool, error)) {
	s.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		ok, err := is()
		if err != nil {
			s.t.Fatalf("waiting for %s: %v", what, err)
		}
		if ok {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("waiting for %s: nothing for %s", what, patience)
		}
	}
}

// sent lists what an address sent, newest first.
func (s *stage) sent(address string) []control.Timeline {
	s.t.Helper()
	_, domain, _ := strings.Cut(address, "@")
	list, err := s.control(domain).Sent(s.t.Context(), address, 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

// reaches waits until the first recipient of a message stands somewhere.
func (s *stage) reaches(domain string, id rem.MessageID, state message.State) *control.Timeline {
	s.t.Helper()
	var life *control.Timeline
	s.until(state.String(), func() (bool, error) {
		var err error
		life, err = s.control(domain).Timeline(s.t.Context(), id)
		return err == nil && life.Recipients[0].State == state.String(), err
	})
	return life
}

// get asks the operations door.
func (s *stage) get(domain, path string) (int, string) {
	s.t.Helper()
	res, err := http.Get("http://" + s.nodes[domain].Address("operations").String() + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}
