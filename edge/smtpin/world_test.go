package smtpin

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rem"
	"rem/internal/testkit/tlskit"
	"rem/mail/smtp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory is a Backend that keeps what it commits. Its functions, where they are
// set, decide; all of it is guarded by mu.
type memory struct {
	mu       sync.Mutex
	taken    []message
	aborted  int
	asked    []string // every call, in order
	begin    func(*Session) error
	mail     func(*smtp.Transaction) error
	rcpt     func(smtp.Recipient) error
	data     func() error
	commit   func() error
	accounts map[string]string
}

type message struct {
	tx      smtp.Transaction
	content string
}

var ali = Principal{Actor: rem.Actor{Account: "acc-1", Person: "per-1"}, Address: rem.MustAddress("ali@hs90.kep.test")}

func (m *memory) note(call string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, call)
}

func (m *memory) calls() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.Join(m.asked, " ")
}

func (m *memory) messages() []message {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]message(nil), m.taken...)
}

func (m *memory) Begin(_ context.Context, s *Session) error {
	m.note("begin")
	if m.begin != nil {
		return m.begin(s)
	}
	return nil
}

func (m *memory) Authenticate(_ context.Context, _ *Session, user, password string) (Principal, error) {
	m.note("authenticate")
	switch {
	case user == "fault@hs90.kep.test":
		return Principal{}, errors.New("the store of accounts is away")
	case user == "blocked@hs90.kep.test":
		return Principal{}, rem.Refuse(rem.PolicyViolation, "Hesap kapalı", "The account is closed")
	case m.accounts[user] == "" || m.accounts[user] != password:
		return Principal{}, ErrCredentials
	}
	return ali, nil
}

func (m *memory) Mail(_ context.Context, _ *Session, tx *smtp.Transaction) error {
	m.note("mail")
	if m.mail != nil {
		return m.mail(tx)
	}
	return nil
}

func (m *memory) Rcpt(_ context.Context, _ *Session, _ *smtp.Transaction, r smtp.Recipient) error {
	m.note("rcpt")
	if m.rcpt != nil {
		return m.rcpt(r)
	}
	return nil
}

func (m *memory) Data(_ context.Context, _ *Session, tx smtp.Transaction) (Sink, error) {
	m.note("data")
	if m.data != nil {
		if err := m.data(); err != nil {
			return nil, err
		}
	}
	return &memorySink{m: m, tx: tx}, nil
}

type memorySink struct {
	m  *memory
	tx smtp.Transaction
	b  bytes.Buffer
}

func (s *memorySink) Write(p []byte) (int, error) { return s.b.Write(p) }
func (s *memorySink) Abort() {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.m.aborted++
}

func (s *memorySink) Commit(context.Context) (string, error) {
	if s.m.commit != nil {
		if err := s.m.commit(); err != nil {
			return "", err
		}
	}
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.m.taken = append(s.m.taken, message{s.tx, s.b.String()})
	return "m-1", nil
}

// A world is a server on loopback and what tests see of it.
type world struct {
	*memory
	t      testing.TB
	server *Server
	addr   string
	tls    *tls.Config // of a client
	log    *lockedBuffer
	served chan error
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

const password = "çok gizli 1"

func begin(t testing.TB, change func(*Config)) *world {
	t.Helper()
	identity := tlskit.Identity(t, "mail.hs90.kep.test")
	w := &world{t: t, memory: &memory{accounts: map[string]string{"ali@hs90.kep.test": password}}, log: &lockedBuffer{}, served: make(chan error, 1)}
	c := Config{
		Face: Submission, Name: "mail.hs90.kep.test", Implicit: true, Backend: w.memory,
		TLS:    &tls.Config{Certificates: []tls.Certificate{identity}},
		Limits: Limits{FailurePause: time.Millisecond, PerAddress: 1000, PerAccount: 1000},
		Log:    slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&c)
	}
	var err error
	if w.server, err = New(c); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.addr = l.Addr().String()
	w.tls = &tls.Config{InsecureSkipVerify: true}
	go func() { w.served <- w.server.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := w.server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := <-w.served; !errors.Is(err, ErrClosed) {
			t.Errorf("Serve returned %v", err)
		}
		if strings.Contains(w.log.String(), "gizli") || strings.Contains(w.log.String(), "ali@") || strings.Contains(w.log.String(), "127.0.0.1") {
			t.Errorf("the log tells too much:\n%s", w.log)
		}
	})
	return w
}

// A client speaks raw SMTP.
type client struct {
	t testing.TB
	net.Conn
	r *bufio.Reader
}

func (w *world) dial() *client {
	w.t.Helper()
	c, err := net.Dial("tcp", w.addr)
	if err != nil {
		w.t.Fatal(err)
	}
	n := &client{w.t, c, bufio.NewReader(c)}
	w.t.Cleanup(func() { n.Close() })
	n.SetDeadline(time.Now().Add(20 * time.Second))
	return n
}

// secure puts TLS around the connection.
func (c *client) secure(config *tls.Config) {
	c.t.Helper()
	s := tls.Client(c.Conn, config)
	if err := s.Handshake(); err != nil {
		c.t.Fatal(err)
	}
	c.Conn, c.r = s, bufio.NewReader(s)
}

// ready gives a client that may send mail.
func (w *world) ready() *client {
	w.t.Helper()
	c := w.dial()
	c.secure(w.tls)
	c.expect("220")
	c.ask("EHLO client.test", "250")
	c.ask("AUTH PLAIN "+plain("", "ali@hs90.kep.test", password), "235")
	return c
}

func plain(acting, user, password string) string {
	return base64.StdEncoding.EncodeToString([]byte(acting + "\x00" + user + "\x00" + password))
}

func (c *client) send(s string) {
	c.t.Helper()
	if _, err := io.WriteString(c, s); err != nil {
		c.t.Fatalf("sending %q: %v", s, err)
	}
}

// read returns one reply, all lines of it.
func (c *client) read() (string, error) {
	var all strings.Builder
	for {
		line, err := c.r.ReadString('\n')
		all.WriteString(line)
		if err != nil || len(line) < 4 || line[3] != '-' {
			return all.String(), err
		}
	}
}

func (c *client) expect(want string) string {
	c.t.Helper()
	got, err := c.read()
	if err != nil || !strings.HasPrefix(got, want) {
		c.t.Fatalf("got %q and %v, want %s", got, err, want)
	}
	return got
}

func (c *client) ask(line, want string) string {
	c.t.Helper()
	c.send(line + "\r\n")
	return c.expect(want)
}

// expectEnd wants the connection closed without another reply.
func (c *client) expectEnd() {
	c.t.Helper()
	if rest, err := io.ReadAll(c.r); len(rest) > 0 || errors.Is(err, context.DeadlineExceeded) {
		c.t.Fatalf("got %q and %v, want the end", rest, err)
	}
}

// envelope opens a transaction up to the go-ahead, its commands in one segment.
func (c *client) envelope() {
	c.t.Helper()
	c.send("MAIL FROM:<ali@hs90.kep.test>\r\nRCPT TO:<bora@hs91.kep.test>\r\nDATA\r\n")
	c.expect("250 2.1.0")
	c.expect("250 2.1.5")
	c.expect("354")
}

func refuseYok(r smtp.Recipient) error {
	if r.Path == "yok@hs91.kep.test" {
		return rem.Refuse(rem.UnknownRecipient, "Böyle bir alıcı yok", "There is no such recipient")
	}
	return nil
}
