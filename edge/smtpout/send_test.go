package smtpout

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	gosmtp "github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/edge/smtpin"
	"rem/internal/testkit/tlskit"
	"rem/mail/smtp"
)

// fates shows a result in one line.
func fates(r Result) string {
	s := r.Outcome.String()
	for _, to := range r.Recipients {
		s += " " + to.Fate.String()
	}
	return s
}

func TestMessageArrivesByteForByte(t *testing.T) {
	for _, implicit := range []bool{true, false} {
		k := &keeper{}
		peer, server := ours(t, k, implicit)
		s := sender(t, Limits{})
		var want []string
		for i := range 5 {
			content := message + strings.Repeat(fmt.Sprintf(".%d\r\n", i), i*20_000)
			r := s.Send(context.Background(), peer, envelope("bora@hs91.kep.test", "yok@hs91.kep.test"), strings.NewReader(content))
			if got := fates(r); got != "taken accepted permanent" || r.Err != nil {
				t.Fatalf("implicit=%v: got %s, %v", implicit, got, r.Err)
			}
			if !r.Greeted || r.MaxSize != smtp.DefaultMessageSize {
				t.Errorf("implicit=%v: the peer stated %d octets (%v)", implicit, r.MaxSize, r.Greeted)
			}
			if r.Recipients[1].Reply.Code != 550 || r.Recipients[0].Reply.Code != 250 {
				t.Errorf("got %v and %v", r.Recipients[0].Reply, r.Recipients[1].Reply)
			}
			want = append(want, content)
		}
		if diff := cmp.Diff(want, k.taken); diff != "" {
			t.Errorf("implicit=%v: (-want +got)\n%s", implicit, diff)
		}
		if got := server.Stats().Connections.Load(); got != 1 {
			t.Errorf("implicit=%v: %d connections for five messages", implicit, got)
		}
	}
}

// What the peer says, and when it falls silent, decides what relay may do.
func TestOutcomes(t *testing.T) {
	hangUp := func(c *conversation) {}
	for _, c := range []struct {
		name  string
		serve func(c *conversation)
		want  string
	}{
		{"all is well", func(c *conversation) {
			c.greet()
			c.hear(4)
			c.say("250 a\r\n250 b\r\n250 c\r\n354 d\r\n")
			c.message()
			c.say("250 2.0.0 taken\r\n")
		}, "taken accepted accepted"},
		{"one recipient later, one never", func(c *conversation) {
			c.greet()
			c.hear(4)
			c.say("250 a\r\n451 4.2.1 b\r\n550 5.1.1 c\r\n554 d\r\n")
		}, "definite temporary permanent"},
		{"one recipient never, the other taken", func(c *conversation) {
			c.greet()
			c.hear(4)
			c.say("250 a\r\n550 5.1.1 b\r\n250 c\r\n354 d\r\n")
			c.message()
			c.say("250 2.0.0 taken\r\n")
		}, "taken permanent accepted"},
		{"no recipient, and a go-ahead all the same", func(c *conversation) {
			c.greet()
			c.hear(4)
			c.say("250 a\r\n550 b\r\n550 c\r\n354 d\r\n")
			if rest, _ := io.ReadAll(c.r); len(rest) > 0 {
				c.say("250 an empty message was taken\r\n")
			}
		}, "definite permanent permanent"},
		{"no sender", func(c *conversation) {
			c.greet()
			c.hear(4)
			c.say("550 5.7.1 a\r\n503 b\r\n503 c\r\n503 d\r\n")
		}, "definite permanent permanent"},
		{"sender later", func(c *conversation) {
			c.greet()
			c.hear(4)
			c.say("451 4.3.2 a\r\n503 b\r\n503 c\r\n503 d\r\n")
		}, "definite temporary temporary"},
		{"data later", func(c *conversation) {
			c.greet()
			c.hear(4)
			c.say("250 a\r\n250 b\r\n250 c\r\n451 d\r\n")
		}, "definite temporary temporary"},
		{"refused at the end", func(c *conversation) {
			c.greet()
			c.hear(4)
			c.say("250 a\r\n250 b\r\n250 c\r\n354 d\r\n")
			c.message()
			c.say("550 5.6.11 no\r\n")
		}, "definite permanent permanent"},
		{"later, at the end", func(c *conversation) {
			c.greet()
			c.hear(4)
			c.say("250 a\r\n250 b\r\n250 c\r\n354 d\r\n")
			c.message()
			c.say("451 4.3.0 later\r\n")
		}, "definite temporary temporary"},
		{"silence at the end", func(c *conversation) {
			c.greet()
			c.hear(4)
			c.say("250 a\r\n550 5.1.1 b\r\n250 c\r\n354 d\r\n")
			c.message()
		}, "unknown permanent unsettled"},
		{"half an answer at the end", func(c *conversation) {
			c.greet()
			c.hear(4)
			c.say("250 a\r\n250 b\r\n250 c\r\n354 d\r\n")
			c.message()
			c.say("250 2.0.0 tak")
		}, "unknown unsettled unsettled"},
		{"nonsense at the end", func(c *conversation) {
			c.greet()
			c.hear(4)
			c.say("250 a\r\n250 b\r\n250 c\r\n354 d\r\n")
			c.message()
			c.say("hello\r\n")
		}, "unknown unsettled unsettled"},
		{"another go-ahead at the end", func(c *conversation) {
			c.greet()
			c.hear(4)
			c.say("250 a\r\n250 b\r\n250 c\r\n354 d\r\n")
			c.message()
			c.say("354 more\r\n")
		}, "unknown unsettled unsettled"},
		{"silence at the go-ahead", func(c *conversation) {
			c.greet()
			c.hear(4)
			c.say("250 a\r\n250 b\r\n250 c\r\n")
		}, "definite temporary temporary"},
		{"silence at the greeting", hangUp, "definite temporary temporary"},
		{"turned away", func(c *conversation) { c.say("554 5.7.1 who are you\r\n") }, "definite temporary temporary"},
		{"too busy", func(c *conversation) { c.say("421 4.3.2 later\r\n") }, "definite temporary temporary"},
		{"EHLO refused", func(c *conversation) { c.say("220 b\r\n"); c.hear(1); c.say("502 no\r\n") }, "definite temporary temporary"},
		{"a web server", func(c *conversation) { c.say("HTTP/1.1 400 Bad Request\r\n\r\n") }, "definite temporary temporary"},
		{"a reply without end", func(c *conversation) { c.say("220 " + strings.Repeat("x", 1<<20)) }, "definite temporary temporary"},
		{"a flood of lines", func(c *conversation) { c.say(strings.Repeat("220-x\r\n", 10_000)) }, "definite temporary temporary"},
		{"an answer before the end of data", func(c *conversation) {
			c.greet()
			c.hear(4)
			c.say("250 a\r\n250 b\r\n250 c\r\n354 d\r\n250 2.0.0 taken\r\n")
			c.message()
		}, "definite temporary temporary"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := script(t, true, func(n *conversation, _ int) { c.serve(n) })
			r := s.send("b@hs91.kep.test", "c@hs91.kep.test")
			if got := fates(r); got != c.want {
				t.Errorf("got %s, want %s (%v)", got, c.want, r.Err)
			}
			if (r.Err == nil) != (r.Outcome == Taken) {
				t.Errorf("%v with %v", r.Outcome, r.Err)
			}
		})
	}
}

func TestPeerWithoutPipeliningIsAskedStepByStep(t *testing.T) {
	s := script(t, true, func(c *conversation, number int) {
		c.say("220 b\r\n")
		c.hear(1)
		c.say("250-b\r\n250 8BITMIME\r\n")
		for _, step := range []struct{ want, reply string }{{"MAIL", "250 a\r\n"}, {"RCPT", "550 b\r\n"}, {"RCPT", "250 c\r\n"}, {"DATA", "354 d\r\n"}} {
			if line := c.hear(1); !strings.HasPrefix(line, step.want) || c.r.Buffered() > 0 {
				t.Errorf("got %q and %d octets more, want %s", line, c.r.Buffered(), step.want)
			}
			c.say(step.reply)
		}
		if got := c.message(); !strings.HasSuffix(got, "..dot\r\n...\r\nşğı\r\n") {
			t.Errorf("got %q", got)
		}
		c.say("250 taken\r\n")
	})
	if got := fates(s.send("b@hs91.kep.test", "c@hs91.kep.test")); got != "taken permanent accepted" {
		t.Errorf("got %s", got)
	}
}

// AT-03: without TLS, or with another certificate, nothing is said, the message
// waits and somebody is told.
func TestWrongPeersAreDeferredWithAnAlarm(t *testing.T) {
	other := tlskit.Identity(t, "b.test")
	old := tlskit.Between(t, "b.test", time.Now().AddDate(-2, 0, 0), time.Now().AddDate(-1, 0, 0))
	for _, c := range []struct {
		name     string
		implicit bool
		identity *tls.Certificate
		pins     []rem.Digest
		serve    func(c *conversation)
		want     error
	}{
		{"another certificate", true, &other, nil, func(c *conversation) { c.say("220 b\r\n") }, ErrCertificate},
		{"another certificate behind STARTTLS", false, &other, nil, func(c *conversation) {
			c.say("220 b\r\n")
			c.hear(1)
			c.say("250-b\r\n250 STARTTLS\r\n")
			c.hear(1)
			c.say("220 go\r\n")
			c.secure()
		}, ErrCertificate},
		{"the pinned certificate has expired", true, &old, []rem.Digest{tlskit.Pin(old)}, func(c *conversation) { c.say("220 b\r\n") }, ErrCertificate},
		{"no STARTTLS", false, nil, nil, func(c *conversation) {
			c.say("220 b\r\n")
			c.hear(1)
			c.say("250-b\r\n250 PIPELINING\r\n")
			if rest, _ := io.ReadAll(c.r); bytes.Contains(rest, []byte("MAIL")) {
				t.Errorf("said over clear text: %q", rest)
			}
		}, ErrDowngrade},
		{"STARTTLS refused", false, nil, nil, func(c *conversation) {
			c.say("220 b\r\n")
			c.hear(1)
			c.say("250-b\r\n250 STARTTLS\r\n")
			c.hear(1)
			c.say("454 4.7.0 not now\r\n")
		}, ErrDowngrade},
		{"octets behind STARTTLS", false, nil, nil, func(c *conversation) {
			c.say("220 b\r\n")
			c.hear(1)
			c.say("250-b\r\n250 STARTTLS\r\n")
			c.hear(1)
			c.say("220 go\r\n250-evil\r\n250 AUTH\r\n")
		}, ErrInjection},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := script(t, c.implicit, func(n *conversation, _ int) { c.serve(n) })
			if c.identity != nil {
				s.mu.Lock()
				s.identity = *c.identity
				s.mu.Unlock()
			}
			if c.pins != nil {
				s.peer.Pins = c.pins
			}
			r := s.send("b@hs91.kep.test")
			if fates(r) != "definite temporary" || !errors.Is(r.Err, c.want) || !Alarming(r.Err) {
				t.Errorf("got %s, %v", fates(r), r.Err)
			}
		})
	}
	s := sender(t, Limits{})
	r := s.Send(context.Background(), Peer{Name: "b.test", Address: "127.0.0.1:1", Implicit: true}, envelope("b@hs91.kep.test"), strings.NewReader(message))
	if !errors.Is(r.Err, ErrCertificate) {
		t.Errorf("a peer without pins: %v", r.Err)
	}
}

// AT-01, outgoing: what would not arrive as it is does not arrive at all.
func TestUncleanMessageIsNotSent(t *testing.T) {
	for _, content := range []string{"a\nb\r\n", "a\r\n.\n", "a\rb\r\n", "a\x00\r\n", "no end", "a\r\n.\r"} {
		k := &keeper{}
		peer, _ := ours(t, k, true)
		s := sender(t, Limits{})
		r := s.Send(context.Background(), peer, envelope("b@hs91.kep.test"), strings.NewReader(content))
		if fates(r) != "definite permanent" || !errors.Is(r.Err, smtp.ErrNotClean) {
			t.Errorf("%q: got %s, %v", content, fates(r), r.Err)
		}
		r = s.Send(context.Background(), peer, envelope("b@hs91.kep.test"), strings.NewReader(message))
		if fates(r) != "taken accepted" {
			t.Errorf("afterwards: got %s, %v", fates(r), r.Err)
		}
		if diff := cmp.Diff([]string{message}, k.taken); diff != "" {
			t.Errorf("%q: (-want +got)\n%s", content, diff)
		}
	}
}

type failing struct{}

func (failing) Read(p []byte) (int, error) {
	copy(p, "half\r\n")
	return 6, errors.New("the blob is gone")
}

func TestWhatIsWrongHereIsSentNowhere(t *testing.T) {
	k := &keeper{}
	peer, _ := ours(t, k, true)
	s := sender(t, Limits{})
	ctx := context.Background()
	if r := s.Send(ctx, peer, envelope("b@hs91.kep.test"), failing{}); fates(r) != "definite temporary" || !strings.Contains(r.Err.Error(), "the blob is gone") {
		t.Errorf("reader: %s, %v", fates(r), r.Err)
	}
	if r := s.Send(ctx, peer, envelope("b@hs91.kep.test>\r\nRCPT TO:<c@hs91.kep.test"), strings.NewReader(message)); fates(r) != "definite permanent" {
		t.Errorf("injection (AT-04): %s, %v", fates(r), r.Err)
	}
	if r := s.Send(ctx, peer, envelope(), strings.NewReader(message)); r.Outcome != Definite || r.Err == nil {
		t.Errorf("nobody: %s, %v", fates(r), r.Err)
	}
	big := envelope("b@hs91.kep.test")
	big.Size = 1 << 40
	if r := s.Send(ctx, peer, big, strings.NewReader(message)); fates(r) != "definite permanent" || r.Recipients[0].Reply.Code != 552 {
		t.Errorf("size: %s, %v", fates(r), r.Err)
	}
	if len(k.taken) != 0 {
		t.Errorf("taken: %q", k.taken)
	}
}

func TestPeerThatIsAwayIsTemporary(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	s := sender(t, Limits{})
	r := s.Send(context.Background(), Peer{Name: "b.test", Address: l.Addr().String(), Implicit: true, Pins: []rem.Digest{{1}}}, envelope("b@hs91.kep.test"), strings.NewReader(message))
	if fates(r) != "definite temporary" || Alarming(r.Err) {
		t.Errorf("got %s, %v", fates(r), r.Err)
	}
}

// The end of ctx is Definite before the end of data and Unknown behind it.
func TestEndOfContext(t *testing.T) {
	for _, c := range []struct {
		name  string
		serve func(c *conversation, cancel func())
		want  string
	}{
		{"while the peer greets", func(c *conversation, cancel func()) { cancel(); c.hear(1) }, "definite temporary"},
		{"while the peer decides", func(c *conversation, cancel func()) { c.greet(); c.hear(3); cancel(); c.hear(1) }, "definite temporary"},
		{"while the peer commits", func(c *conversation, cancel func()) {
			c.greet()
			c.hear(3)
			c.say("250 a\r\n250 b\r\n354 c\r\n")
			c.message()
			cancel()
			c.hear(1)
		}, "unknown unsettled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			s := script(t, true, func(n *conversation, _ int) { c.serve(n, cancel) })
			r := s.sender.Send(ctx, s.peer, envelope("b@hs91.kep.test"), strings.NewReader(message))
			if got := fates(r); got != c.want {
				t.Errorf("got %s, want %s (%v)", got, c.want, r.Err)
			}
			if got := fates(s.sender.Send(ctx, s.peer, envelope("b@hs91.kep.test"), strings.NewReader(message))); got != "definite temporary" {
				t.Errorf("with a context that has ended: %s", got)
			}
		})
	}
}

// A peer may close an idle connection; the next message does not suffer, and is
// sent once.
func TestIdleConnectionThatThePeerClosed(t *testing.T) {
	for _, last := range []string{"", "421 4.4.2 idle\r\n"} {
		s := script(t, true, func(c *conversation, _ int) {
			c.greet()
			c.hear(3)
			c.say("250 a\r\n250 b\r\n354 c\r\n")
			c.message()
			c.say("250 taken\r\n" + last)
		})
		for range 3 {
			if r := s.send("b@hs91.kep.test"); fates(r) != "taken accepted" {
				t.Fatalf("got %s, %v", fates(r), r.Err)
			}
		}
		if got := s.opened(); got != 3 {
			t.Errorf("%d connections, want 3", got)
		}
	}
}

func TestConnectionsAreBoundedAndClosedWhenIdle(t *testing.T) {
	k := &keeper{}
	peer, server := ours(t, k, true)
	s := sender(t, Limits{PerPeer: 3, IdlePerPeer: 2, Idle: 50 * time.Millisecond})
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			if r := s.Send(context.Background(), peer, envelope("b@hs91.kep.test"), strings.NewReader(message)); r.Outcome != Taken {
				t.Errorf("got %s, %v", fates(r), r.Err)
			}
			if open := server.Stats().Open.Load(); open > 5 { // those that close are still open there
				t.Errorf("%d connections", open)
			}
		})
	}
	wg.Wait()
	for range 200 {
		s.mu.Lock()
		left := len(s.peers)
		s.mu.Unlock()
		if left == 0 && server.Stats().Open.Load() == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d peers remembered, %d connections open", len(s.peers), server.Stats().Open.Load())
}

func TestChangedPinsEndIdleConnections(t *testing.T) {
	k := &keeper{}
	peer, server := ours(t, k, true)
	s := sender(t, Limits{})
	if r := s.Send(context.Background(), peer, envelope("b@hs91.kep.test"), strings.NewReader(message)); r.Outcome != Taken {
		t.Fatal(r.Err)
	}
	changed := peer
	changed.Pins = []rem.Digest{{1}}
	if r := s.Send(context.Background(), changed, envelope("b@hs91.kep.test"), strings.NewReader(message)); !errors.Is(r.Err, ErrCertificate) {
		t.Errorf("got %s, %v", fates(r), r.Err)
	}
	if len(k.taken) != 1 || server.Stats().Accepted.Load() != 1 {
		t.Errorf("%d taken", len(k.taken))
	}
}

func TestClosedSenderSendsNothing(t *testing.T) {
	k := &keeper{}
	peer, _ := ours(t, k, true)
	s := sender(t, Limits{})
	s.Send(context.Background(), peer, envelope("b@hs91.kep.test"), strings.NewReader(message))
	s.Close()
	if r := s.Send(context.Background(), peer, envelope("b@hs91.kep.test"), strings.NewReader(message)); !errors.Is(r.Err, ErrClosed) || fates(r) != "definite temporary" {
		t.Errorf("got %s, %v", fates(r), r.Err)
	}
}

// Another program's server takes what we send, byte for byte.
func TestAnotherServerTakesTheSameBytes(t *testing.T) {
	identity := tlskit.Identity(t, "b.test")
	b := &foreign{}
	server := gosmtp.NewServer(b)
	server.Domain = "b.test"
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{identity}, ClientAuth: tls.RequireAnyClientCert})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); server.Serve(l) }()
	s := sender(t, Limits{})
	peer := Peer{Name: "b.test", Address: l.Addr().String(), Implicit: true, Pins: []rem.Digest{tlskit.Pin(identity)}}
	content := message + strings.Repeat(".\r\n..\r\n", 10_000)
	r := s.Send(context.Background(), peer, envelope("b@hs91.kep.test"), strings.NewReader(content))
	if fates(r) != "taken accepted" {
		t.Fatalf("got %s, %v", fates(r), r.Err)
	}
	s.Close()
	server.Close()
	<-done
	if b.got != content {
		t.Errorf("%d octets arrived of %d", len(b.got), len(content))
	}
}

type foreign struct{ got string }

func (f *foreign) NewSession(*gosmtp.Conn) (gosmtp.Session, error) { return f, nil }
func (f *foreign) Reset()                                          {}
func (f *foreign) Logout() error                                   { return nil }
func (f *foreign) Mail(string, *gosmtp.MailOptions) error          { return nil }
func (f *foreign) Rcpt(string, *gosmtp.RcptOptions) error          { return nil }
func (f *foreign) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	f.got = string(b)
	return err
}

type discard struct{ keeper }

func (*discard) Data(context.Context, *smtpin.Session, smtp.Transaction) (smtpin.Sink, error) {
	return discarding{}, nil
}

type discarding struct{}

func (discarding) Write(p []byte) (int, error)            { return len(p), nil }
func (discarding) Commit(context.Context) (string, error) { return "", nil }
func (discarding) Abort()                                 {}

// BenchmarkSend sends 5 KB over TLS to our own server, which keeps nothing, and
// does the same with a general client on connections that are kept as well.
func BenchmarkSend(b *testing.B) {
	content := []byte("Subject: x\r\n\r\n" + strings.Repeat(strings.Repeat("x", 74)+"\r\n", 66))
	for _, sessions := range []int{1, 16} {
		b.Run(fmt.Sprintf("ours/sessions=%d", sessions), func(b *testing.B) {
			peer, _ := ours(b, &discard{}, true)
			s := sender(b, Limits{Uses: 1 << 30})
			tx := envelope("b@hs91.kep.test")
			spread(b, sessions, func(next func() bool) error {
				for next() {
					if r := s.Send(context.Background(), peer, tx, bytes.NewReader(content)); r.Outcome != Taken {
						return r.Err
					}
				}
				return nil
			})
		})
		b.Run(fmt.Sprintf("go-smtp/sessions=%d", sessions), func(b *testing.B) {
			peer, _ := ours(b, &discard{}, true)
			identity := tlskit.Identity(b, "a.test")
			spread(b, sessions, func(next func() bool) error {
				c, err := gosmtp.DialTLS(peer.Address, &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{identity}})
				if err != nil {
					return err
				}
				defer c.Close()
				for next() {
					if err := c.SendMail("ali@hs90.kep.test", []string{"b@hs91.kep.test"}, bytes.NewReader(content)); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
}

func spread(b *testing.B, sessions int, work func(next func() bool) error) {
	var mu sync.Mutex
	left := b.N
	next := func() bool {
		mu.Lock()
		defer mu.Unlock()
		left--
		return left >= 0
	}
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for range sessions {
		wg.Go(func() {
			if err := work(next); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
}
