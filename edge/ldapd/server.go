package ldapd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"rem"
	"rem/edge/throttle"
	"rem/provider/directory"
)

// The errors that a Backend may wrap to be answered with more than "unavailable".
var (
	// ErrCredentials says that address and password do not belong together.
	ErrCredentials = errors.New("the address or the password is wrong")
	// ErrLoggedOut says, of Query, that what the client logged in with holds no longer.
	ErrLoggedOut = errors.New("the login holds no longer")
)

// A Backend knows who asks, and answers. Its methods are called from many goroutines.
type Backend interface {
	// Login tells whose address and application password these are, or wraps
	// [ErrCredentials]. It takes the same time for an address that it does not know.
	Login(ctx context.Context, from netip.AddrPort, address rem.Address, password string) (directory.Asker, error)
	// Query answers a question, as directory.Directory does.
	Query(ctx context.Context, who directory.Asker, q directory.Question) (directory.Answer, error)
}

// Limits bound what one client, and all of them, can take of us. A field of 0 is the
// default that stands beside it.
type Limits struct {
	// Connections at once (500). PerAddress counts an IPv6 /64 as one (20).
	Connections, PerAddress int
	// Unknown bounds a message before the log-in (4 KiB), Known behind it (16 KiB):
	// the longest search of an address book has some two thousand octets.
	Unknown, Known int
	// Requests on one connection (10,000), Tries to log in on one (3).
	Requests, Tries int
	// Failures of logging in within a FailureWindow (15 minutes) from one address (30),
	// and from there for one account (20).
	FailuresPerAddress, FailuresPerAccount int
	FailureWindow                          time.Duration
	// FailurePause is the least time in which a failed log-in is answered (1 s).
	FailurePause time.Duration
	// Idle is the wait for a request (10 minutes), Whole that for the rest of one (30
	// s), Session how long a log-in holds (8 hours), Answer the longest that one
	// question may take (15 s), Write how long a client may take to read (30 s),
	// Handshake that for TLS (15 s).
	Idle, Whole, Session, Answer, Write, Handshake time.Duration
}

func (l Limits) withDefaults() Limits {
	or(&l.Connections, 500)
	or(&l.PerAddress, 20)
	or(&l.Unknown, 4<<10)
	or(&l.Known, 16<<10)
	or(&l.Requests, 10_000)
	or(&l.Tries, 3)
	or(&l.FailuresPerAddress, 30)
	or(&l.FailuresPerAccount, 20)
	or(&l.FailureWindow, 15*time.Minute)
	or(&l.FailurePause, time.Second)
	or(&l.Idle, 10*time.Minute)
	or(&l.Whole, 30*time.Second)
	or(&l.Session, 8*time.Hour)
	or(&l.Answer, 15*time.Second)
	or(&l.Write, 30*time.Second)
	or(&l.Handshake, 15*time.Second)
	return l
}

func or[T int | time.Duration](field *T, byDefault T) {
	if *field <= 0 {
		*field = byDefault
	}
}

// Config makes a Server. All fields are needed but Limits and Log.
type Config struct {
	// Provider is our domain; the entries stand under ou=rehber and its labels:
	// ou=rehber,dc=hs90,dc=kep,dc=test (RFC 2247).
	Provider string
	TLS      *tls.Config
	// Implicit begins with TLS (ldaps); otherwise StartTLS is demanded before a log-in.
	Implicit bool
	Backend  Backend
	Clock    rem.Clock
	Limits   Limits
	Log      *slog.Logger
}

// A Server answers address books. It may be used from many goroutines.
type Server struct {
	Config
	suffix string // of every entry's name, in small letters
	tries  *throttle.Throttle

	mu     sync.Mutex
	open   map[net.Conn]bool // guarded by mu
	of     map[string]int    // guarded by mu: connections by address
	ended  bool              // guarded by mu
	active sync.WaitGroup
}

// New checks the configuration and prepares a server.
func New(c Config) (*Server, error) {
	switch {
	case c.Provider == "" || c.Backend == nil || c.Clock == nil:
		return nil, errors.New("an LDAP server needs its domain, a backend and a clock")
	case c.TLS == nil || len(c.TLS.Certificates) == 0 && c.TLS.GetCertificate == nil && c.TLS.GetConfigForClient == nil:
		return nil, errors.New("an LDAP server needs a TLS certificate")
	}
	c.Limits = c.Limits.withDefaults()
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	t := c.TLS.Clone()
	t.MinVersion = max(t.MinVersion, tls.VersionTLS12)
	c.TLS = t
	return &Server{Config: c, suffix: "ou=rehber,dc=" + strings.ReplaceAll(c.Provider, ".", ",dc="), open: map[net.Conn]bool{}, of: map[string]int{},
		tries: throttle.New(c.Limits.FailureWindow)}, nil
}

// Suffix is the name under which the entries stand.
func (s *Server) Suffix() string { return s.suffix }

// Serve takes connections until ctx ends or the listener fails. It returns when every
// connection has ended; the error is nil when ctx ended it.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer s.active.Wait()
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		_ = l.Close() // what it was waiting for is over
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ended = true
		for c := range s.open {
			_ = c.Close()
		}
	})
	defer stop()
	for {
		c, err := l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			var tooMany net.Error
			if errors.As(err, &tooMany) && tooMany.Timeout() {
				continue
			}
			return fmt.Errorf("taking connections of address books: %w", err)
		}
		from := remote(c)
		if !s.enter(c, from) {
			_ = c.Close() // there is no message for one who has said nothing yet
			continue
		}
		s.active.Go(func() {
			defer s.leave(c, from)
			s.session(ctx, c, from)
		})
	}
}

func remote(c net.Conn) netip.AddrPort {
	if a, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return a.AddrPort()
	}
	return netip.AddrPort{}
}

// key is what limits count as one address.
func key(a netip.AddrPort) string { return throttle.AddressKey(a.Addr()) }

func (s *Server) enter(c net.Conn, from netip.AddrPort) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || len(s.open) >= s.Limits.Connections || s.of[key(from)] >= s.Limits.PerAddress {
		return false
	}
	s.open[c] = true
	s.of[key(from)]++
	return true
}

func (s *Server) leave(c net.Conn, from netip.AddrPort) {
	_ = c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
	if s.of[key(from)]--; s.of[key(from)] <= 0 {
		delete(s.of, key(from))
	}
}
