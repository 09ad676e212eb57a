package wiretap

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"rem/mail/smtp"
)

// Options say where a tap stands. The providers speak TLS from the first byte,
// and each identity has its parsed leaf.
type Options struct {
	Identity tls.Certificate   // of the provider behind the tap
	Callers  []tls.Certificate // of those who may call, with their keys
	To       string            // the provider's own address
	Dir      string            // for the messages; it is made
}

// A Tap listens until it is closed. It may be used from many goroutines.
type Tap struct {
	Address string // to be given to callers instead of Options.To

	o      Options
	callee *x509.CertPool // the certificate behind the tap alone
	listen net.Listener
	ctx    context.Context
	cancel context.CancelFunc
	all    sync.WaitGroup

	mu     sync.Mutex
	number int   // guarded by mu: messages so far
	err    error // guarded by mu: what kept a message from being written
}

// Start opens a tap.
func Start(o Options) (*Tap, error) {
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("opening a tap: %w", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening a tap: %w", err)
	}
	t := &Tap{Address: l.Addr().String(), o: o, callee: x509.NewCertPool(), listen: l}
	t.callee.AddCert(o.Identity.Leaf)
	t.ctx, t.cancel = context.WithCancel(context.Background())
	t.all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.all.Go(func() { t.pass(c) })
		}
	})
	return t, nil
}

// Close ends every connection and waits. It tells what kept a message from
// being written down.
func (t *Tap) Close() error {
	t.cancel()
	t.listen.Close()
	t.all.Wait()
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// pass carries one connection. What fails ends it, as a broken line does.
func (t *Tap) pass(plain net.Conn) {
	caller := tls.Server(plain, &tls.Config{Certificates: []tls.Certificate{t.o.Identity}, ClientAuth: tls.RequireAnyClientCert})
	defer plain.Close()
	defer context.AfterFunc(t.ctx, func() { plain.Close() })()
	if err := caller.HandshakeContext(t.ctx); err != nil {
		return
	}
	who := -1
	for i, c := range t.o.Callers {
		if bytes.Equal(c.Certificate[0], caller.ConnectionState().PeerCertificates[0].Raw) {
			who = i
		}
	}
	if who < 0 {
		return
	}
	d := tls.Dialer{NetDialer: &net.Dialer{Timeout: 10 * time.Second}, Config: &tls.Config{
		Certificates: []tls.Certificate{t.o.Callers[who]}, RootCAs: t.callee, ServerName: hostOf(t.o.Identity),
	}}
	callee, err := d.DialContext(t.ctx, "tcp", t.o.To)
	if err != nil {
		return
	}
	defer callee.Close()
	defer context.AfterFunc(t.ctx, func() { callee.(*tls.Conn).NetConn().Close() })()

	var open atomic.Bool // the callee said 354: what comes next is a message
	var back sync.WaitGroup
	back.Go(func() {
		defer plain.Close()
		answers := lines{}
		pump(caller, callee, func(b []byte) {
			answers.take(b, func(line []byte) {
				if bytes.HasPrefix(line, []byte("354")) {
					open.Store(true) // before the caller sees it
				}
			})
		})
	})
	message := recorder{tap: t, caller: hostOf(t.o.Callers[who])}
	pump(callee, caller, func(b []byte) { message.take(b, &open) })
	callee.Close()
	back.Wait()
}

// hostOf is the name in a provider's certificate.
func hostOf(c tls.Certificate) string {
	if len(c.Leaf.DNSNames) > 0 {
		return c.Leaf.DNSNames[0]
	}
	return "unnamed"
}

// pump shows what it carries to see first.
func pump(to io.Writer, from io.Reader, see func([]byte)) {
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		if n > 0 {
			see(b[:n])
			if _, err := to.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// lines cuts a stream.
type lines struct{ rest []byte }

func (l *lines) take(b []byte, each func(line []byte)) {
	l.rest = append(l.rest, b...)
	for {
		i := bytes.IndexByte(l.rest, '\n')
		if i < 0 {
			return
		}
		each(l.rest[:i+1])
		l.rest = l.rest[i+1:]
	}
}

// A recorder follows the caller's side of one connection.
type recorder struct {
	tap    *Tap
	caller string
	data   *smtp.Data // while a message comes
	b      bytes.Buffer
}

func (r *recorder) take(b []byte, open *atomic.Bool) {
	for len(b) > 0 {
		if !open.Load() {
			return // commands
		}
		if r.data == nil {
			r.b.Reset()
			r.data = smtp.NewData(&r.b, 1<<30, 1<<30)
		}
		n, done := r.data.Take(b)
		b = b[n:]
		if done {
			r.tap.write(r.caller, r.b.Bytes(), r.data.Err())
			r.data = nil
			open.Store(false)
		}
	}
}

func (t *Tap) write(caller string, b []byte, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.number++
	if err == nil {
		err = os.WriteFile(filepath.Join(t.o.Dir, fmt.Sprintf("%04d-%s.eml", t.number, caller)), b, 0o644)
	}
	if err != nil {
		t.err = errors.Join(t.err, fmt.Errorf("writing message %d of %s: %w", t.number, caller, err))
	}
}
