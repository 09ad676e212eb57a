package smtpin

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"rem/mail/smtp"
)

// bufferSize is what a session reads into, whatever the message: the length of
// a TLS record, and more than a command line.
const bufferSize = 16 << 10

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// maxReplies is when replies leave though more commands wait, so that a client
// that only writes cannot make them grow.
const maxReplies = 8 << 10

// The ways a conversation ends beside QUIT.
var (
	errStop    = errors.New("the session is over")
	errClosing = errors.New("the server is closing")
)

// A session is one connection. Its fields are owned by run, but for those that
// mu guards.
type session struct {
	Session
	srv        *Server
	addressKey string
	accountKey string

	mu       sync.Mutex
	conn     net.Conn // written under mu by run, read under mu by others
	stopping bool     // guarded by mu
	busy     bool     // guarded by mu: a transaction runs

	buf      *[bufferSize]byte
	from, to int // of buf: what was read and not used
	out      []byte

	greeted      bool
	tx           *smtp.Transaction
	data         smtp.Data
	commands     int // since the last accepted message
	mistakes     int
	tries        int // of authentication
	transactions int
}

// run leads the conversation from the greeting to the end.
func (n *session) run(ctx context.Context) {
	n.buf = buffers.Get().(*[bufferSize]byte)
	defer func() {
		n.reset()
		_ = n.flush()
		_ = n.conn.Close()
		if n.accountKey != "" {
			n.srv.byAccount.leave(n.accountKey)
		}
		clear(n.buf[:]) // the next session's reads are its own
		buffers.Put(n.buf)
	}()
	if n.srv.implicit {
		if n.handshake(ctx) != nil || n.begin(ctx) != nil {
			return
		}
	}
	n.reply(&smtp.Reply{Code: 220, Text: n.srv.name + " ESMTP"})
	for {
		if err := n.step(ctx); err != nil {
			return
		}
	}
}

// step reads one command and answers it.
func (n *session) step(ctx context.Context) error {
	line, err := n.line()
	if err != nil {
		return n.lost(err)
	}
	n.commands++
	if n.commands > n.srv.limits.Commands {
		n.reply(replyCommands)
		return errStop
	}
	command, mistake := smtp.ParseCommand(line)
	if mistake != nil {
		if mistake == smtp.ErrLineEnd || mistake == smtp.ErrLineTooLong {
			// Where the next command begins is a guess from here on (AT-01).
			n.reply(mistake)
			return errStop
		}
		return n.mistake(mistake)
	}
	return n.do(ctx, command)
}

// line returns the next line with its LF; it is valid until the next read.
func (n *session) line() ([]byte, error) {
	searched := n.from
	for {
		if i := bytes.IndexByte(n.buf[searched:n.to], '\n'); i >= 0 {
			line := n.buf[n.from : searched+i+1]
			n.from = searched + i + 1
			return line, nil
		}
		if n.to-n.from >= smtp.MaxCommandLine {
			line := n.buf[n.from:n.to]
			n.from = n.to
			return line, nil // ParseCommand refuses it
		}
		searched = n.to
		if n.from > 0 {
			copy(n.buf[:], n.buf[n.from:n.to])
			searched -= n.from
			n.to -= n.from
			n.from = 0
		}
		if err := n.fill(n.srv.limits.Idle); err != nil {
			return nil, err
		}
	}
}

// fill sends what is to be said and reads more, waiting up to d. All waiting
// for a client is here.
func (n *session) fill(d time.Duration) error {
	if err := n.flush(); err != nil {
		return err
	}
	n.mu.Lock()
	if n.stopping && !n.busy {
		n.mu.Unlock()
		return errClosing
	}
	err := n.conn.SetReadDeadline(time.Now().Add(d))
	n.mu.Unlock()
	if err != nil {
		return err
	}
	got, err := n.conn.Read(n.buf[n.to:])
	n.to += got
	if got > 0 {
		return nil
	}
	if err == nil {
		return errStop // a reader that gives nothing and no error
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.stopping && !n.busy && errors.Is(err, os.ErrDeadlineExceeded) {
		return errClosing
	}
	return err
}

// lost says what there is to say about an error of reading.
func (n *session) lost(err error) error {
	switch {
	case errors.Is(err, errClosing):
		n.reply(replyClosing)
	case errors.Is(err, os.ErrDeadlineExceeded):
		n.reply(replyIdle)
	}
	return errStop
}

func (n *session) reply(r *smtp.Reply) {
	n.out = r.Append(n.out)
	if len(n.out) > maxReplies {
		_ = n.flush() // the next read or write tells
	}
}

// flush sends the replies that wait in one segment (RFC 2920 3.2).
func (n *session) flush() error {
	if len(n.out) == 0 {
		return nil
	}
	if err := n.conn.SetWriteDeadline(time.Now().Add(n.srv.limits.Write)); err != nil {
		return err
	}
	_, err := n.conn.Write(n.out)
	n.out = n.out[:0]
	return err
}

// mistake answers a command that is refused, and ends a session that makes too
// many of them.
func (n *session) mistake(r *smtp.Reply) error {
	n.reply(r)
	n.mistakes++
	if n.mistakes >= n.srv.limits.Mistakes {
		n.reply(replyMistakes)
		return errStop
	}
	return nil
}

// handshake puts TLS around the connection.
func (n *session) handshake(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, n.srv.limits.Handshake)
	defer cancel()
	t := tls.Server(n.conn, n.srv.tls)
	n.mu.Lock()
	err := n.conn.SetDeadline(time.Time{})
	n.conn = t
	n.mu.Unlock()
	if err != nil {
		return err
	}
	if err := t.HandshakeContext(ctx); err != nil {
		n.event(ctx, slog.LevelInfo, "smtp handshake failed")
		return err
	}
	state := t.ConnectionState()
	if n.srv.face == Peer && len(state.PeerCertificates) == 0 {
		n.event(ctx, slog.LevelWarn, "smtp peer without certificate")
		return errStop
	}
	n.TLS = &state
	return nil
}

// begin lets the backend judge who is there.
func (n *session) begin(ctx context.Context) error {
	err := n.srv.backend.Begin(ctx, &n.Session)
	if err == nil {
		return nil
	}
	n.fault(ctx, "beginning a session", err)
	r := *answer(err)
	switch {
	case r.Permanent():
		r.Code = 554 // no service for you (RFC 5321 3.1)
	default:
		r.Code = 421
	}
	n.reply(&r)
	return errStop
}

// setBusy notes whether Shutdown has to wait for a transaction.
func (n *session) setBusy(busy bool) {
	n.mu.Lock()
	n.busy = busy
	n.mu.Unlock()
}

// interrupt asks the session to end when no transaction runs.
func (n *session) interrupt() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stopping = true
	if !n.busy {
		_ = n.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// cut ends the connection.
func (n *session) cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stopping = true
	conn := n.conn
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn() // closing TLS politely would wait
	}
	_ = conn.Close()
}

// event writes one line with what names the session and nothing else of it.
func (n *session) event(ctx context.Context, level slog.Level, what string, attrs ...slog.Attr) {
	if !n.srv.log.Enabled(ctx, level) {
		return
	}
	all := append([]slog.Attr{slog.String("face", n.srv.face.String()), slog.String("session", n.ID), slog.String("from", n.srv.mask.Of(n.Remote.Addr()))}, attrs...)
	if !n.Principal.IsZero() {
		all = append(all, slog.Any("actor", n.Principal.Actor))
	}
	n.srv.log.LogAttrs(ctx, level, what, all...)
}

// fault logs an error that strangers are told nothing of.
func (n *session) fault(ctx context.Context, what string, err error) {
	if isFault(err) {
		n.event(ctx, slog.LevelError, "smtp fault", slog.String("while", what), slog.String("err", err.Error()))
	}
}
