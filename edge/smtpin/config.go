package smtpin

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"rem/mail/smtp"
)

// A Face is one of the two ways in.
type Face uint8

// The faces.
const (
	Submission Face = iota + 1
	Peer
)

// String returns the face's word for logs and metrics.
func (f Face) String() string {
	switch f {
	case Submission:
		return "submission"
	case Peer:
		return "peer"
	}
	return "unknown face"
}

// Config makes a Server.
type Config struct {
	Face Face
	// Name is our host in the greeting.
	Name string
	// TLS has our certificate. On the Peer face it demands the client's:
	// ClientAuth is at least RequireAnyClientCert. Versions before 1.2 are
	// never spoken.
	TLS *tls.Config
	// Implicit begins with TLS (RFC 8314 3); otherwise STARTTLS is demanded.
	Implicit bool
	Backend  Backend
	Limits   Limits
	// Log is where events go; nil is nowhere.
	Log *slog.Logger
}

// Limits bound what one client, and all of them, can take of us. A field of 0
// is the default that stands beside it.
type Limits struct {
	// MessageSize and TextLine are in octets (smtp.DefaultMessageSize,
	// smtp.DefaultTextLine).
	MessageSize, TextLine int64
	// Connections at once: 1,000 costs some 60 MB with TLS. PerAddress counts
	// an IPv6 /64 as one (50: an office behind one address), PerAccount a
	// person's devices (20).
	Connections, PerAddress, PerAccount int
	// Transactions is how many messages are taken in at once (256). More are
	// answered with 451 before their data.
	Transactions int
	// PerConnection is how many transactions one connection has (10,000).
	PerConnection int
	// Recipients of one transaction (100, the least of RFC 5321 4.5.3.1.8).
	Recipients int
	// Commands since the last accepted message (1,000), and Mistakes among
	// them: commands that are refused (20).
	Commands, Mistakes int
	// AuthTries on one connection (3).
	AuthTries int
	// Failures of authentication in a FailureWindow (15 minutes) from one
	// address (30) and for one account (20); then 454 answers unasked.
	FailuresPerAddress, FailuresPerAccount int
	FailureWindow                          time.Duration
	// FailurePause is the least time in which a failed authentication is
	// answered (1 s), so that the time tells nothing (AT-33).
	FailurePause time.Duration
	// Idle is the wait for a command (5 minutes, RFC 5321 4.5.3.2.7), Block
	// that for the next octets of a message (3 minutes), Message that for a
	// whole one (1 hour), Write that for a client to read our replies (1
	// minute), Handshake that for TLS (15 s).
	Idle, Block, Message, Write, Handshake time.Duration
}

func (l Limits) withDefaults() Limits {
	or(&l.MessageSize, smtp.DefaultMessageSize)
	or(&l.TextLine, smtp.DefaultTextLine)
	or(&l.Connections, 1000)
	or(&l.PerAddress, 50)
	or(&l.PerAccount, 20)
	or(&l.Transactions, 256)
	or(&l.PerConnection, 10_000)
	or(&l.Recipients, 100)
	or(&l.Commands, 1000)
	or(&l.Mistakes, 20)
	or(&l.AuthTries, 3)
	or(&l.FailuresPerAddress, 30)
	or(&l.FailuresPerAccount, 20)
	or(&l.FailureWindow, 15*time.Minute)
	or(&l.FailurePause, time.Second)
	or(&l.Idle, 5*time.Minute)
	or(&l.Block, 3*time.Minute)
	or(&l.Message, time.Hour)
	or(&l.Write, time.Minute)
	or(&l.Handshake, 15*time.Second)
	return l
}

func or[T int | int64 | time.Duration](field *T, byDefault T) {
	if *field <= 0 {
		*field = byDefault
	}
}

func (c *Config) check() error {
	switch {
	case c.Face != Submission && c.Face != Peer:
		return errors.New("an SMTP server is for submission or for peers")
	case c.Name == "":
		return errors.New("an SMTP server needs its host name")
	case c.Backend == nil:
		return errors.New("an SMTP server needs a backend")
	case c.TLS == nil || len(c.TLS.Certificates) == 0 && c.TLS.GetCertificate == nil && c.TLS.GetConfigForClient == nil:
		return errors.New("an SMTP server needs a TLS certificate")
	case c.Face == Peer && c.TLS.GetConfigForClient == nil && c.TLS.ClientAuth != tls.RequireAnyClientCert && c.TLS.ClientAuth != tls.RequireAndVerifyClientCert:
		return errors.New("an SMTP server for peers demands client certificates")
	case c.TLS.MaxVersion != 0 && c.TLS.MaxVersion < tls.VersionTLS12:
		return fmt.Errorf("TLS %x is too old", c.TLS.MaxVersion)
	}
	return nil
}
