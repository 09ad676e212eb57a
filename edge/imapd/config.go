package imapd

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/netip"
	"time"

	"rem/message/mailbox"
)

// The errors that a Backend may wrap to be answered with more than "try later".
var (
	// ErrCredentials says that address and password do not belong together.
	ErrCredentials = errors.New("the address or the password is wrong")
	// ErrLoggedOut says, of Holds, that what the client logged in with holds no
	// longer: the session ends.
	ErrLoggedOut = errors.New("the login holds no longer")
	// ErrClosed is returned by Serve after Shutdown.
	ErrClosed = errors.New("the IMAP server is closed")
)

// A Backend knows who logs in. Its methods are called from many goroutines.
type Backend interface {
	// Authenticate tells whose address and application password these are, or wraps
	// [ErrCredentials]; a *rem.Refusal is told to the person. It takes the same time
	// for an address that it does not know. session names the session in logs and in
	// the access log.
	Authenticate(ctx context.Context, session string, from netip.AddrPort, address, password string) (Principal, error)
	// Holds fails with [ErrLoggedOut] when the password was replaced, or the account
	// closed or taken from the person, since then. It is asked before each command,
	// and cheap while no account changed.
	Holds(ctx context.Context, p Principal) error
}

// A Principal is a natural person who logged in to an account.
type Principal struct {
	Visitor mailbox.Visitor
	// Ticket is the backend's own, to recognise by that the login still holds.
	Ticket any
}

// Config makes a Server.
type Config struct {
	// TLS has our certificate. Versions before 1.2 are never spoken.
	TLS     *tls.Config
	Backend Backend
	// Box is the mailboxes. Each session has a copy that opens the person's name once
	// (docs/decisions/0023).
	Box    *mailbox.Box
	Limits Limits
	// Log is where events go; nil is nowhere.
	Log *slog.Logger
}

// Limits bound what one client, and all of them, can take of us. A field of 0 is the
// default that stands beside it.
type Limits struct {
	// Connections at once (10,000), of which Strangers have not logged in (1,000).
	// PerAddress counts an IPv6 /64 as one (100: an office behind one address, five
	// connections a program), PerAccount a person's devices (30).
	Connections, Strangers, PerAddress, PerAccount int
	// Line is the longest line of a command (48 KiB); before the log-in it is 4 KiB.
	Line int
	// Append is the largest message that is put into a folder, in octets (100 MiB).
	Append int64
	// AuthTries on one connection (3).
	AuthTries int
	// Failures of authentication in a FailureWindow (15 minutes) from one address
	// (30) and for one account (20); then nobody is asked.
	FailuresPerAddress, FailuresPerAccount int
	FailureWindow                          time.Duration
	// FailurePause is the least time in which a failed authentication is answered
	// (1 s), so that the time tells nothing (AT-33).
	FailurePause time.Duration
	// Lines are the items in the views of all sessions together (8,000,000, which
	// are 192 MB).
	Lines int64
	// Ahead is how many messages one FETCH reads before they are written (128), of
	// which each holds at most 64 KiB; AheadInAll that of all sessions (1,024).
	// Messages that are opened for the first time share durable steps so.
	Ahead, AheadInAll int
	// Shapes is what is kept of structures read before, in octets (32 MiB).
	Shapes int64
	// Scan is how many messages one search looks into (20,000).
	Scan int
	// Stranger is how long a connection may go without logging in (1 minute), Write
	// how long a client may take to read (1 minute), Handshake how long TLS may take
	// (15 s), Look how often an idle session is asked whether its log-in holds (5 s).
	Stranger, Write, Handshake, Look time.Duration
}

func (l Limits) withDefaults() Limits {
	or(&l.Connections, 10_000)
	or(&l.Strangers, 1000)
	or(&l.PerAddress, 100)
	or(&l.PerAccount, 30)
	or(&l.Line, 48<<10)
	or(&l.Append, 100<<20)
	or(&l.AuthTries, 3)
	or(&l.FailuresPerAddress, 30)
	or(&l.FailuresPerAccount, 20)
	or(&l.FailureWindow, 15*time.Minute)
	or(&l.FailurePause, time.Second)
	or(&l.Lines, 8_000_000)
	or(&l.Ahead, 128)
	or(&l.AheadInAll, 1024)
	or(&l.Shapes, 32<<20)
	or(&l.Scan, 20_000)
	or(&l.Stranger, time.Minute)
	or(&l.Write, time.Minute)
	or(&l.Handshake, 15*time.Second)
	or(&l.Look, 5*time.Second)
	return l
}

func or[T int | int64 | time.Duration](field *T, byDefault T) {
	if *field <= 0 {
		*field = byDefault
	}
}

func (c *Config) check() error {
	switch {
	case c.Backend == nil || c.Box == nil:
		return errors.New("an IMAP server needs a backend and a box")
	case c.TLS == nil || len(c.TLS.Certificates) == 0 && c.TLS.GetCertificate == nil && c.TLS.GetConfigForClient == nil:
		return errors.New("an IMAP server needs a TLS certificate")
	}
	return nil
}
