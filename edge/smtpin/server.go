package smtpin

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"rem/edge/throttle"
)

// ErrClosed is returned by Serve after Shutdown.
var ErrClosed = errors.New("the SMTP server is closed")

// A Server answers SMTP on listeners. Make one with [New]; its methods may be
// called from many goroutines.
type Server struct {
	face     Face
	name     string
	tls      *tls.Config
	implicit bool
	backend  Backend
	limits   Limits
	log      *slog.Logger
	mask     maskKey

	byAddress, byAccount tally
	failures             *throttle.Throttle
	transactions         atomic.Int64 // being taken in

	// The context of all sessions; it ends when Shutdown loses its patience.
	ctx    context.Context
	cancel context.CancelFunc

	mu        sync.Mutex
	closing   bool                      // guarded by mu
	listeners map[net.Listener]struct{} // guarded by mu
	sessions  map[*session]struct{}     // guarded by mu
	running   sync.WaitGroup

	stats Stats
}

// Stats count since the start. They may be read at any time.
type Stats struct {
	Open         atomic.Int64 // connections at present
	Connections  atomic.Int64 // that were let in
	TurnedAway   atomic.Int64 // connections beyond a limit
	Accepted     atomic.Int64 // messages answered with 250
	Refused      atomic.Int64 // messages answered with 5yz
	Deferred     atomic.Int64 // messages answered with 4yz
	AuthFailures atomic.Int64
	Injections   atomic.Int64 // octets before TLS or before the go-ahead
}

// New makes a Server that does not listen yet.
func New(c Config) (*Server, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	t := c.TLS.Clone()
	if t.MinVersion < tls.VersionTLS12 {
		t.MinVersion = tls.VersionTLS12
	}
	log := c.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		face: c.Face, name: c.Name, tls: t, implicit: c.Implicit, backend: c.Backend,
		limits: c.Limits.withDefaults(), log: log, mask: newMaskKey(),
		listeners: map[net.Listener]struct{}{}, sessions: map[*session]struct{}{},
	}
	s.failures = throttle.New(s.limits.FailureWindow)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// Stats returns the live counters.
func (s *Server) Stats() *Stats { return &s.stats }

// Serve accepts connections until Shutdown, and closes l. It returns
// [ErrClosed] then, and the listener's error otherwise.
func (s *Server) Serve(l net.Listener) error {
	defer l.Close()
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		return ErrClosed
	}
	s.listeners[l] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.listeners, l)
		s.mu.Unlock()
	}()
	for {
		c, err := l.Accept()
		if err != nil {
			if s.isClosing() {
				return ErrClosed
			}
			if n, ok := errors.AsType[net.Error](err); ok && n.Timeout() || isTransient(err) {
				// Out of descriptors, most likely. A pause lets sessions end.
				s.log.Warn("smtp accept", "face", s.face.String(), "err", err.Error())
				time.Sleep(acceptPause)
				continue
			}
			return fmt.Errorf("accepting SMTP: %w", err)
		}
		s.admit(c)
	}
}

// acceptPause is the wait after an accept that failed for want of resources.
const acceptPause = 50 * time.Millisecond

// admit begins a session, or turns the client away while that costs nothing yet.
func (s *Server) admit(c net.Conn) {
	remote := remoteOf(c)
	key := throttle.AddressKey(remote.Addr())
	full := func() {
		s.stats.TurnedAway.Add(1)
		if !s.implicit {
			// The send buffer of a new socket is empty, so this does not wait.
			_ = c.SetWriteDeadline(time.Now().Add(time.Second))
			_, _ = c.Write(replyFull.Append(nil))
		}
		_ = c.Close()
	}
	if !s.byAddress.enter(key, s.limits.PerAddress) {
		full()
		return
	}
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	n := &session{srv: s, conn: c, addressKey: key, Session: Session{ID: "in-" + hex.EncodeToString(id[:]), Remote: remote}}
	s.mu.Lock()
	if s.closing || len(s.sessions) >= s.limits.Connections {
		s.mu.Unlock()
		s.byAddress.leave(key)
		full()
		return
	}
	s.sessions[n] = struct{}{}
	s.running.Add(1)
	s.mu.Unlock()
	s.stats.Connections.Add(1)
	s.stats.Open.Add(1)
	go func() {
		defer s.running.Done()
		n.run(s.ctx)
		s.byAddress.leave(key)
		s.mu.Lock()
		delete(s.sessions, n)
		s.mu.Unlock()
		s.stats.Open.Add(-1)
	}()
}

// Shutdown stops accepting, ends idle connections with 421 and waits for the
// transactions that run. When ctx ends first, the rest is cut: what was not
// answered with 250 may then be sent again by its client. It returns ctx's
// error in that case.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	for l := range s.listeners {
		_ = l.Close()
	}
	for n := range s.sessions {
		n.interrupt()
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() {
		s.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		s.cancel()
		return nil
	case <-ctx.Done():
	}
	s.cancel()
	s.mu.Lock()
	for n := range s.sessions {
		n.cut()
	}
	s.mu.Unlock()
	<-done
	return fmt.Errorf("shutting SMTP down: %w", ctx.Err())
}

func (s *Server) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

func remoteOf(c net.Conn) netip.AddrPort {
	if t, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return t.AddrPort()
	}
	return netip.AddrPort{}
}
