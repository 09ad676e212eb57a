package web

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// The time that a connection has. An upload of 25 MB in readTime takes 1.7 Mbit/s.
const (
	headerTime = 10 * time.Second
	readTime   = 2 * time.Minute
	writeTime  = 3 * time.Minute
	idleTime   = time.Minute
)

// Server makes the server of a site: TLS 1.2 or newer, times and sizes bounded.
// Whoever calls it serves on [Site.Listen] and ends it with Shutdown.
func (s *Site) Server(certificates *tls.Config) *http.Server {
	c := certificates.Clone()
	c.MinVersion = tls.VersionTLS12
	return &http.Server{
		Handler: s, TLSConfig: c, ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		MaxHeaderBytes: headerSize,
		// What strangers do to a connection is not our fault, and their addresses
		// stand in those lines.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}
}

// Listen bounds how many connections are open at once, together and from one
// address. What is above is closed without an answer.
func (s *Site) Listen(l net.Listener) net.Listener {
	return &bounded{Listener: l, all: s.config.Limits.Connections, each: s.config.Limits.PerAddress, from: map[netip.Prefix]int{}}
}

type bounded struct {
	net.Listener
	all, each int

	mu   sync.Mutex
	open int                  // guarded by mu
	from map[netip.Prefix]int // guarded by mu
}

// Accept returns the next connection that may be served.
func (b *bounded) Accept() (net.Conn, error) {
	for {
		c, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		key := network(c.RemoteAddr())
		b.mu.Lock()
		full := b.open >= b.all || b.from[key] >= b.each
		if !full {
			b.open++
			b.from[key]++
		}
		b.mu.Unlock()
		if full {
			_ = c.Close()
			continue
		}
		return &counted{Conn: c, done: sync.OnceFunc(func() { b.leave(key) })}, nil
	}
}

func (b *bounded) leave(key netip.Prefix) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open--
	if b.from[key]--; b.from[key] == 0 {
		delete(b.from, key)
	}
}

// network is an IPv4 address, or the /64 of an IPv6 address, which is one house.
func network(a net.Addr) netip.Prefix {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Prefix{}
	}
	bits := 32
	if ip := ap.Addr().Unmap(); ip.Is6() {
		bits = 64
	}
	p, err := ap.Addr().Unmap().WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

type counted struct {
	net.Conn
	done func()
}

func (c *counted) Close() error {
	c.done()
	return c.Conn.Close()
}
