package imapd

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"rem"
	"rem/edge/doorway"
	"rem/edge/throttle"
	"rem/message/mailbox"
)

// A Server answers IMAP on listeners. Make one with [New]; its methods may be called
// from many goroutines.
type Server struct {
	tls      *tls.Config
	backend  Backend
	box      *mailbox.Box
	limits   Limits
	log      *slog.Logger
	mask     doorway.Mask
	failures *throttle.Throttle
	library  *imapserver.Server
	shapes   *shapes
	ahead    chan struct{} // a token for each message that is read ahead
	lines    atomic.Int64  // in the views of all sessions

	// The context of all sessions; it ends with Shutdown.
	ctx    context.Context
	cancel context.CancelFunc

	way       *doorway.Doorway
	mu        sync.Mutex
	closing   bool                  // guarded by mu
	wires     map[*wire]struct{}    // guarded by mu
	addresses map[string]int        // guarded by mu: connections of each
	strangers int                   // guarded by mu
	sessions  map[string]*session   // guarded by mu: those that logged in, by ID
	accounts  map[rem.AccountID]int // guarded by mu: sessions of each
	running   sync.WaitGroup        // connections
	queue     chan net.Conn         // to the library
	stats     Stats
}

// Stats count since the start. They may be read at any time.
type Stats struct {
	Open         atomic.Int64 // connections at present
	Connections  atomic.Int64 // that were let in
	TurnedAway   atomic.Int64 // connections beyond a limit
	AuthFailures atomic.Int64
	Floods       atomic.Int64 // connections that were ended for what they sent
	Retrievals   atomic.Int64 // messages whose body was given
}

// capabilities are what the library and we do together. What it offers by itself
// stands in its own list (SASL-IR, LITERAL-, ENABLE, IDLE, UNSELECT, UTF8=ACCEPT).
var capabilities = imap.CapSet{
	imap.CapIMAP4rev1: {}, imap.CapIMAP4rev2: {}, imap.CapNamespace: {}, imap.CapUIDPlus: {}, imap.CapESearch: {}, imap.CapSearchRes: {},
	imap.CapListExtended: {}, imap.CapListStatus: {}, imap.CapMove: {}, imap.CapStatusSize: {}, imap.CapBinary: {}, imap.CapChildren: {},
	imap.CapSpecialUse: {},
}

// New makes a Server that does not listen yet.
func New(c Config) (*Server, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	t := c.TLS.Clone()
	t.MinVersion = max(t.MinVersion, tls.VersionTLS12)
	log := c.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		tls: t, backend: c.Backend, box: c.Box, limits: c.Limits.withDefaults(), log: log,
		mask: doorway.NewMask(), way: &doorway.Doorway{Name: "imap", Closed: ErrClosed, Log: log}, wires: map[*wire]struct{}{}, addresses: map[string]int{},
		sessions: map[string]*session{}, accounts: map[rem.AccountID]int{}, queue: make(chan net.Conn),
	}
	s.failures = throttle.New(s.limits.FailureWindow)
	s.shapes = newShapes(s.limits.Shapes)
	s.ahead = make(chan struct{}, s.limits.AheadInAll)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.library = imapserver.New(&imapserver.Options{
		Caps: capabilities, Logger: quiet{s}, InsecureAuth: true, // every connection has TLS before the library sees it
		NewSession: func(c *imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return newSession(s, c), nil, nil
		},
	})
	go func() { _ = s.library.Serve(handed{s}) }()
	return s, nil
}

// Stats returns the live counters.
func (s *Server) Stats() *Stats { return &s.stats }

// Serve accepts connections until Shutdown, and closes l. It returns [ErrClosed]
// then, and the listener's error otherwise.
func (s *Server) Serve(l net.Listener) error {
	return s.way.Serve(l, s.admit)
}

// admit takes a connection in, or turns it away while that costs nothing yet.
func (s *Server) admit(c net.Conn) {
	key := throttle.AddressKey(doorway.Remote(c).Addr())
	w := &wire{srv: s, frame: newFrame(s.limits), began: time.Now()}
	s.mu.Lock()
	if s.closing || len(s.wires) >= s.limits.Connections || s.strangers >= s.limits.Strangers || s.addresses[key] >= s.limits.PerAddress {
		s.mu.Unlock()
		s.stats.TurnedAway.Add(1)
		_ = c.Close()
		return
	}
	s.wires[w] = struct{}{}
	s.addresses[key]++
	s.strangers++
	s.running.Add(1)
	s.mu.Unlock()
	s.stats.Connections.Add(1)
	s.stats.Open.Add(1)
	t := tls.Server(c, s.tls)
	w.Conn = t
	w.released = func() {
		s.mu.Lock()
		delete(s.wires, w)
		if s.addresses[key]--; s.addresses[key] <= 0 {
			delete(s.addresses, key)
		}
		if !w.isKnown() {
			s.strangers--
		}
		s.mu.Unlock()
		s.stats.Open.Add(-1)
		s.running.Done()
	}
	go func() {
		ctx, cancel := context.WithTimeout(s.ctx, s.limits.Handshake)
		defer cancel()
		if err := t.HandshakeContext(ctx); err != nil {
			_ = w.Close()
			return
		}
		select {
		case s.queue <- w:
		case <-s.ctx.Done():
			_ = w.Close()
		}
	}()
}

func (w *wire) isKnown() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.known
}

// enter makes the connection one of somebody, when there is room for another of his.
func (s *Server) enter(n *session, account rem.AccountID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accounts[account] >= s.limits.PerAccount {
		return false
	}
	s.accounts[account]++
	s.sessions[n.id] = n
	s.strangers--
	n.wire.mu.Lock()
	n.wire.known = true
	n.wire.mu.Unlock()
	n.wire.frame.known = true
	return true
}

func (s *Server) leave(n *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions[n.id] != n {
		return
	}
	delete(s.sessions, n.id)
	account := n.who.Actor.Account
	if s.accounts[account]--; s.accounts[account] <= 0 {
		delete(s.accounts, account)
	}
}

// A Session is one that logged in, as its account is shown it.
type Session struct {
	ID     string
	Person rem.PersonID
	Since  time.Time
	// From is personal data: for the page of the account, never for logs.
	From netip.Addr
	// Folder is what it looks at; "" for none.
	Folder mailbox.FolderID
}

// Sessions are those of an account at present, in no order.
func (s *Server) Sessions(account rem.AccountID) (list []Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.sessions {
		if n.who.Actor.Account != account {
			continue
		}
		folder, _ := n.folder.Load().(mailbox.FolderID)
		list = append(list, Session{ID: n.id, Person: n.who.Actor.Person, Since: n.since, From: doorway.Remote(n.wire.Conn).Addr(), Folder: folder})
	}
	return list
}

// End ends a session of the account, and reports whether there was one.
func (s *Server) End(account rem.AccountID, id string) bool {
	s.mu.Lock()
	n := s.sessions[id]
	s.mu.Unlock()
	if n == nil || n.who.Actor.Account != account {
		return false
	}
	_ = n.wire.Conn.Close() // the command that runs ends with its next octet
	return true
}

// Shutdown stops accepting and ends all sessions: what a command has written to the
// mailbox is durable, and what it had not is not answered. It waits for them until
// ctx ends, and returns its error then.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	s.cancel()
	wires := make([]*wire, 0, len(s.wires))
	for w := range s.wires {
		wires = append(wires, w)
	}
	s.mu.Unlock()
	s.way.Shut()
	for _, w := range wires {
		_ = w.Conn.Close()
	}
	if err := doorway.Empty(ctx, &s.running); err != nil {
		return fmt.Errorf("shutting IMAP down: %w", err)
	}
	return nil
}

// handed is the listener that the library sees: connections whose TLS stands.
type handed struct{ s *Server }

func (h handed) Accept() (net.Conn, error) {
	select {
	case c := <-h.s.queue:
		return c, nil
	case <-h.s.ctx.Done():
		return nil, net.ErrClosed
	}
}
func (h handed) Close() error   { return nil }
func (h handed) Addr() net.Addr { return &net.TCPAddr{} }

// quiet keeps the library's log: its texts hold what clients sent. Of a panic, which
// is our own mistake, where it was is kept.
type quiet struct{ s *Server }

func (q quiet) Printf(format string, args ...any) {
	if strings.HasPrefix(format, "panic") && len(args) == 2 {
		q.s.log.Error("imap panic", "stack", fmt.Sprintf("%s", args[1]))
	}
}
