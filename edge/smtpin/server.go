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
	"sync"
	"sync/atomic"
	"time"

	"rem/edge/doorway"
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
	mask     doorway.Mask

	byAddress, byAccount tally
	failures             *throttle.Throttle
	transactions         atomic.Int64 // being taken in

	// The context of all sessions; it ends when Shutdown loses its patience.
	ctx    context.Context
	cancel context.CancelFunc

	way      *doorway.Doorway
	mu       sync.Mutex
	closing  bool                  // guarded by mu
	sessions map[*session]struct{} // guarded by mu
	running  sync.WaitGroup

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
		limits: c.Limits.withDefaults(), log: log, mask: doorway.NewMask(),
		way: &doorway.Doorway{Name: "smtp", Closed: ErrClosed, Log: log.With("face", c.Face.String())}, sessions: map[*session]struct{}{},
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
	return s.way.Serve(l, s.admit)
}

// admit begins a session, or turns the client away while that costs nothing yet.
func (s *Server) admit(c net.Conn) {
	remote := doorway.Remote(c)
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
	for n := range s.sessions {
		n.interrupt()
	}
	s.mu.Unlock()
	s.way.Shut()
	err := doorway.Empty(ctx, &s.running)
	s.cancel()
	if err == nil {
		return nil
	}
	s.mu.Lock()
	for n := range s.sessions {
		n.cut()
	}
	s.mu.Unlock()
	s.running.Wait()
	return fmt.Errorf("shutting SMTP down: %w", err)
}
