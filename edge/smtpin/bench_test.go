package smtpin

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"rem/edge/doorway"
	"rem/internal/testkit/tlskit"
)

// BenchmarkServer takes messages of 5 KB in and keeps nothing. The generator
// runs on the same cores and sends MAIL, RCPT and DATA in one segment. "plain"
// leaves TLS out, which the server otherwise never does, so that it compares
// with figures of other servers without TLS.
func BenchmarkServer(b *testing.B) {
	body := []byte("From: ali@hs90.kep.test\r\nSubject: x\r\n\r\n" + strings.Repeat(strings.Repeat("x", 74)+"\r\n", 66) + ".\r\n")
	opening := []byte("MAIL FROM:<ali@hs90.kep.test> SIZE=5056\r\nRCPT TO:<bora@hs91.kep.test>\r\nDATA\r\n")
	for _, transport := range []string{"plain", "tls"} {
		for _, sessions := range []int{1, 16, 64} {
			b.Run(fmt.Sprintf("%s/sessions=%d", transport, sessions), func(b *testing.B) {
				identity := tlskit.Identity(b, "a.test")
				s, err := New(Config{Face: Peer, Name: "b.test", Implicit: true, Backend: &discard{},
					TLS:    &tls.Config{Certificates: []tls.Certificate{identity}, ClientAuth: tls.RequireAnyClientCert},
					Limits: Limits{PerAddress: 1000, PerConnection: 1 << 30}})
				if err != nil {
					b.Fatal(err)
				}
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					b.Fatal(err)
				}
				served := make(chan error, 1)
				go func() {
					if transport == "tls" {
						served <- s.Serve(l)
						return
					}
					served <- servePlain(s, l)
				}()
				var clients []net.Conn
				for range sessions {
					c, err := net.Dial("tcp", l.Addr().String())
					if err != nil {
						b.Fatal(err)
					}
					if transport == "tls" {
						c = tls.Client(c, &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{identity}})
					}
					talk(b, c, nil, "220 ", 1)
					talk(b, c, []byte("EHLO a.test\r\n"), "250-", 6)
					clients = append(clients, c)
				}
				var left atomic.Int64
				left.Store(int64(b.N))
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				b.ResetTimer()
				before := cpu(b)
				var wg sync.WaitGroup
				for _, c := range clients {
					wg.Go(func() {
						for left.Add(-1) >= 0 {
							talk(b, c, opening, "250 ", 3)
							talk(b, c, body, "250 ", 1)
						}
					})
				}
				wg.Wait()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
				b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/msg")
				b.StopTimer()
				for _, c := range clients {
					c.Close()
				}
				if err := s.Shutdown(context.Background()); err != nil {
					b.Error(err)
				}
				if err := <-served; !errors.Is(err, ErrClosed) {
					b.Error(err)
				}
			})
		}
	}
}

// cpu is what the process has used, which neighbours on the machine touch least.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// servePlain is Serve for sessions that take TLS as done.
func servePlain(s *Server, l net.Listener) error {
	s.implicit = false
	state := tls.ConnectionState{}
	return s.way.Serve(l, func(c net.Conn) {
		n := &session{srv: s, conn: c, Session: Session{ID: "in-plain", Remote: doorway.Remote(c), TLS: &state}}
		s.running.Add(1)
		go func() {
			defer s.running.Done()
			n.run(s.ctx)
		}()
	})
}

// talk sends b and reads until lines lines have come, of which the first begins
// as wanted.
func talk(t testing.TB, c net.Conn, b []byte, want string, lines int) {
	if len(b) > 0 {
		if _, err := c.Write(b); err != nil {
			t.Error(err)
			return
		}
	}
	var buf [1024]byte
	n := 0
	for strings.Count(string(buf[:n]), "\n") < lines {
		got, err := c.Read(buf[n:])
		if err != nil {
			t.Error(err)
			return
		}
		n += got
	}
	if !strings.HasPrefix(string(buf[:n]), want) {
		t.Errorf("got %q, want %q", buf[:n], want)
	}
}
