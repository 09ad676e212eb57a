package smtpout

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"rem"
	"rem/mail/smtp"
)

// bufferSize is what a link writes in one go: two full TLS records. An evidence
// and its envelope fit, so that a usual message leaves in one write.
const bufferSize = 32 << 10

// maxWait is how long a peer's last words are waited for after it hung up.
const maxWait = time.Second

// A link is one connection that has said EHLO over TLS. It belongs to one
// message at a time.
type link struct {
	conn    net.Conn
	r       *bufio.Reader
	w       *bufio.Writer
	offered smtp.Extensions
	pin     rem.Digest
	uses    int
	broken  bool // not to be used again
	timer   *time.Timer
}

// connect opens a link: TLS, the greeting, EHLO.
func (s *Sender) connect(ctx context.Context, peer Peer) (*link, error) {
	if len(peer.Pins) == 0 {
		return nil, fmt.Errorf("connecting to %s: %w: none is known", peer.Name, ErrCertificate)
	}
	ctx, cancel := context.WithTimeout(ctx, s.limits.Connect)
	defer cancel()
	conn, err := s.dial(ctx, "tcp", peer.Address)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", peer.Name, err)
	}
	l := &link{}
	l.use(conn)
	stop := l.obey(ctx)
	defer stop()
	if err := l.open(ctx, s, peer); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("connecting to %s: %w", peer.Name, err)
	}
	return l, nil
}

func (l *link) open(ctx context.Context, s *Sender, peer Peer) error {
	if !peer.Implicit {
		if err := l.startTLS(ctx, s); err != nil {
			return err
		}
	}
	t := tls.Client(l.conn, s.tlsConfig(peer))
	if err := t.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("TLS: %w", err)
	}
	l.pin = rem.DigestOf(t.ConnectionState().PeerCertificates[0].Raw)
	l.use(t)
	if peer.Implicit {
		if err := l.greeting(ctx, s); err != nil {
			return err
		}
	}
	r, err := l.ask(ctx, s.limits.Connect, "EHLO "+s.name+"\r\n")
	if err != nil {
		return err
	}
	if r.Code != 250 {
		return fmt.Errorf("%w: EHLO: %w", ErrTurnedAway, r)
	}
	l.offered = smtp.ParseExtensions(r)
	return nil
}

func (l *link) greeting(ctx context.Context, s *Sender) error {
	r, err := l.reply(ctx, s.limits.Connect)
	if err != nil {
		return err
	}
	if r.Code != 220 {
		return fmt.Errorf("%w: %w", ErrTurnedAway, r)
	}
	return nil
}

// startTLS goes through the clear-text part, which is believed in nothing: EHLO
// is said again after TLS (RFC 3207 4.2).
func (l *link) startTLS(ctx context.Context, s *Sender) error {
	if err := l.greeting(ctx, s); err != nil {
		return err
	}
	r, err := l.ask(ctx, s.limits.Connect, "EHLO "+s.name+"\r\n")
	if err != nil {
		return err
	}
	if r.Code != 250 {
		return fmt.Errorf("%w: EHLO: %w", ErrTurnedAway, r)
	}
	if !smtp.ParseExtensions(r).StartTLS {
		return ErrDowngrade
	}
	r, err = l.ask(ctx, s.limits.Connect, "STARTTLS\r\n")
	switch {
	case err != nil:
		return err
	case r.Code != 220:
		return fmt.Errorf("%w: STARTTLS: %w", ErrDowngrade, r)
	case l.r.Buffered() > 0:
		return fmt.Errorf("%w behind the reply to STARTTLS", ErrInjection)
	}
	return nil
}

// tlsConfig trusts the pinned certificates and nothing else. The chain is not
// built (InsecureSkipVerify): a pin from the signed trust list says more than
// any authority, and a peer's certificate may have none.
func (s *Sender) tlsConfig(peer Peer) *tls.Config {
	return &tls.Config{
		ServerName:         peer.Name,
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true,
		// Records are full from the first one on: nobody reads half of a message.
		DynamicRecordSizingDisabled: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			leaf := state.PeerCertificates[0]
			if !slices.Contains(peer.Pins, rem.DigestOf(leaf.Raw)) {
				return ErrCertificate
			}
			if now := time.Now(); now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
				return fmt.Errorf("%w: it is valid from %s to %s", ErrCertificate, leaf.NotBefore.Format(time.DateOnly), leaf.NotAfter.Format(time.DateOnly))
			}
			return nil
		},
		// Shown whatever authorities the server names: it knows ours by pin.
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &s.certificate, nil },
	}
}

func (l *link) use(conn net.Conn) {
	l.conn = conn
	l.r = bufio.NewReaderSize(conn, 4<<10)
	l.w = bufio.NewWriterSize(conn, bufferSize)
}

var past = time.Unix(1, 0)

// obey makes the connection fail when ctx ends, until stop is called.
func (l *link) obey(ctx context.Context) (stop func() bool) {
	conn := l.conn
	return context.AfterFunc(ctx, func() { _ = conn.SetDeadline(past) })
}

// within sets the time for the next reads and writes. A ctx that has ended
// already is obeyed here, one that ends later by obey.
func (l *link) within(ctx context.Context, d time.Duration) error {
	if err := l.conn.SetDeadline(time.Now().Add(d)); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		_ = l.conn.SetDeadline(past)
		return err
	}
	return nil
}

// ask writes a command and reads its reply.
func (l *link) ask(ctx context.Context, d time.Duration, command string) (*smtp.Reply, error) {
	if err := l.within(ctx, d); err != nil {
		return nil, err
	}
	_, _ = l.w.WriteString(command) // Flush tells
	if err := l.w.Flush(); err != nil {
		return nil, err
	}
	return l.reply(ctx, d)
}

// reply reads one reply.
func (l *link) reply(ctx context.Context, d time.Duration) (*smtp.Reply, error) {
	if err := l.within(ctx, d); err != nil {
		return nil, err
	}
	var p smtp.ReplyParser
	for {
		line, err := l.r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return nil, fmt.Errorf("%w: a line of more than %d octets", ErrProtocol, len(line))
		}
		if err != nil {
			return nil, err
		}
		r, err := p.Line(line)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrProtocol, err)
		}
		if r != nil {
			return r, nil
		}
	}
}

// quit ends the link without waiting for an answer.
func (l *link) quit() {
	if !l.broken && l.conn.SetDeadline(time.Now().Add(maxWait)) == nil {
		_, _ = l.w.WriteString("QUIT\r\n")
		_ = l.w.Flush()
	}
	_ = l.conn.Close()
}
