package smtpout

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"rem"
)

// A Peer is where and who another REM-MD is. It comes from the trust list.
type Peer struct {
	// Name is the host that TLS is asked for.
	Name string
	// Address is host and port.
	Address string
	// Implicit begins with TLS (RFC 8314 3); otherwise STARTTLS is demanded.
	Implicit bool
	// Pins are the SHA-256 digests of the certificates (DER) that the peer may
	// show; two during a change.
	Pins []rem.Digest
}

// Config makes a Sender.
type Config struct {
	// Name is our host in EHLO.
	Name string
	// Certificate is what we show to peers.
	Certificate tls.Certificate
	// Dial opens a connection; nil is the network.
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
	Limits Limits
}

// Limits bound what sending takes. A field of 0 is the default beside it.
type Limits struct {
	// PerPeer is how many connections to one peer are open at once (20), in
	// keeping with what servers grant one address; IdlePerPeer how many of
	// them wait for work (20), and Idle how long (2 minutes: less than the 5
	// after which servers close, RFC 5321 4.5.3.2.7).
	PerPeer, IdlePerPeer int
	Idle                 time.Duration
	// Uses is how many messages one connection carries (1,000).
	Uses int
	// Connect is the time for a connection, TLS and the greeting (1 minute),
	// Command for a reply (5 minutes, RFC 5321 4.5.3.2), Block for writing a
	// part of the message (3 minutes), Final for the reply to its end (10
	// minutes, RFC 5321 4.5.3.2.6: giving up early makes doubles).
	Connect, Command, Block, Final time.Duration
}

// maxRecipients bounds one transaction, whose replies have to fit the buffers
// of the connection while its commands are written (RFC 2920 3.1).
const maxRecipients = 1000

func (l Limits) withDefaults() Limits {
	or(&l.PerPeer, 20)
	or(&l.IdlePerPeer, 20)
	or(&l.Idle, 2*time.Minute)
	or(&l.Uses, 1000)
	or(&l.Connect, time.Minute)
	or(&l.Command, 5*time.Minute)
	or(&l.Block, 3*time.Minute)
	or(&l.Final, 10*time.Minute)
	return l
}

func or[T int | time.Duration](field *T, byDefault T) {
	if *field <= 0 {
		*field = byDefault
	}
}

// New makes a Sender that has no connections yet.
func New(c Config) (*Sender, error) {
	if c.Name == "" {
		return nil, errors.New("an SMTP sender needs its host name")
	}
	if len(c.Certificate.Certificate) == 0 || c.Certificate.PrivateKey == nil {
		return nil, errors.New("an SMTP sender needs its certificate and key")
	}
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	return &Sender{name: c.Name, certificate: c.Certificate, dial: c.Dial, limits: c.Limits.withDefaults(), peers: map[peerKey]*pool{}}, nil
}
