package smtpout

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rem"
	"rem/edge/smtpin"
	"rem/internal/testkit/tlskit"
	"rem/mail/smtp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const hello = "250-b.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-DSN\r\n250 SIZE 100000\r\n"

const message = "From: ali@hs90.kep.test\r\nSubject: x\r\n\r\n.dot\r\n..\r\nşğı\r\n"

func envelope(recipients ...string) smtp.Transaction {
	tx := smtp.Transaction{Sender: "ali@hs90.kep.test", EightBit: true}
	for _, r := range recipients {
		tx.Recipients = append(tx.Recipients, smtp.Recipient{Path: smtp.Path(r)})
	}
	return tx
}

// A scripted is a peer that behaves as each test says.
type scripted struct {
	t      *testing.T
	peer   Peer
	sender *Sender

	mu          sync.Mutex
	identity    tls.Certificate // guarded by mu
	connections int             // guarded by mu
	wg          sync.WaitGroup
}

// script starts a peer that gives every connection to serve, with its number.
// Implicit TLS is there already.
func script(t *testing.T, implicit bool, serve func(c *conversation, number int)) *scripted {
	t.Helper()
	s := &scripted{t: t, identity: tlskit.Identity(t, "b.test")}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.peer = Peer{Name: "b.test", Address: l.Addr().String(), Implicit: implicit, Pins: []rem.Digest{tlskit.Pin(s.identity)}}
	s.sender = sender(t, Limits{})
	s.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.connections++
			number, identity := s.connections, s.identity
			s.mu.Unlock()
			s.wg.Go(func() {
				defer c.Close()
				c.SetDeadline(time.Now().Add(10 * time.Second))
				n := &conversation{identity: identity, Conn: c, r: bufio.NewReader(c)}
				if implicit && n.secure() != nil {
					return
				}
				serve(n, number)
				n.Close()
			})
		}
	})
	t.Cleanup(func() {
		s.sender.Close()
		l.Close()
		s.wg.Wait()
	})
	return s
}

func sender(t testing.TB, limits Limits) *Sender {
	t.Helper()
	s, err := New(Config{Name: "a.test", Certificate: tlskit.Identity(t, "a.test"), Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func (s *scripted) opened() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections
}

// send sends the message to recipients a, b, ... of another provider.
func (s *scripted) send(recipients ...string) Result {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return s.sender.Send(ctx, s.peer, envelope(recipients...), strings.NewReader(message))
}

// A conversation is the server's side of one connection.
type conversation struct {
	identity tls.Certificate
	net.Conn
	r *bufio.Reader
}

func (c *conversation) secure() error {
	t := tls.Server(c.Conn, &tls.Config{Certificates: []tls.Certificate{c.identity}, ClientAuth: tls.RequireAnyClientCert})
	if err := t.Handshake(); err != nil {
		return err
	}
	c.Conn, c.r = t, bufio.NewReader(t)
	return nil
}

func (c *conversation) say(lines string) { io.WriteString(c, lines) }

// hear reads lines, and gives the last.
func (c *conversation) hear(lines int) (last string) {
	for range lines {
		last, _ = c.r.ReadString('\n')
	}
	return last
}

// greet goes as far as EHLO over TLS.
func (c *conversation) greet() {
	c.say("220 b.test\r\n")
	c.hear(1)
	c.say(hello)
}

// message reads to the end of data.
func (c *conversation) message() string {
	var b strings.Builder
	for {
		line, err := c.r.ReadString('\n')
		if err != nil || line == ".\r\n" {
			return b.String()
		}
		b.WriteString(line)
	}
}

// A keeper is a backend of our own server that keeps what it takes.
type keeper struct {
	mu    sync.Mutex
	taken []string
}

func (k *keeper) Begin(context.Context, *smtpin.Session) error { return nil }
func (k *keeper) Authenticate(context.Context, *smtpin.Session, string, string) (smtpin.Principal, error) {
	return smtpin.Principal{}, smtpin.ErrCredentials
}
func (k *keeper) Mail(context.Context, *smtpin.Session, *smtp.Transaction) error { return nil }
func (k *keeper) Rcpt(_ context.Context, _ *smtpin.Session, _ *smtp.Transaction, r smtp.Recipient) error {
	if strings.HasPrefix(string(r.Path), "yok@") {
		return rem.Refuse(rem.UnknownRecipient, "Yok", "None")
	}
	return nil
}
func (k *keeper) Data(context.Context, *smtpin.Session, smtp.Transaction) (smtpin.Sink, error) {
	return &keeping{k: k}, nil
}

type keeping struct {
	k *keeper
	strings.Builder
}

func (s *keeping) Abort() {}
func (s *keeping) Commit(context.Context) (string, error) {
	s.k.mu.Lock()
	defer s.k.mu.Unlock()
	s.k.taken = append(s.k.taken, s.String())
	return "", nil
}

// ours starts our own server as the peer.
func ours(t testing.TB, backend smtpin.Backend, implicit bool) (Peer, *smtpin.Server) {
	t.Helper()
	identity := tlskit.Identity(t, "b.test")
	server, err := smtpin.New(smtpin.Config{Face: smtpin.Peer, Name: "b.test", Implicit: implicit, Backend: backend,
		TLS:    &tls.Config{Certificates: []tls.Certificate{identity}, ClientAuth: tls.RequireAnyClientCert},
		Limits: smtpin.Limits{PerAddress: 1000, PerConnection: 1 << 30}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		if err := server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, smtpin.ErrClosed) {
			t.Error(err)
		}
	})
	return Peer{Name: "b.test", Address: l.Addr().String(), Implicit: implicit, Pins: []rem.Digest{tlskit.Pin(identity)}}, server
}
