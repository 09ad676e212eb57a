package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"time"
)

// An endpoint is an SMTP server and how to come in.
type endpoint struct {
	address  string
	tls      *tls.Config // from the first byte; nil: no TLS
	user     string      // AUTH PLAIN; "": none
	password string
}

// A session is one connection on which message follows message. It writes
// MAIL, RCPT and DATA in one segment (RFC 2920) and waits for their answers.
type session struct {
	conn net.Conn
	in   *bufio.Reader
	out  []byte
}

// patience bounds the wait for one answer.
const patience = time.Minute

// dial connects, greets and logs in.
func dial(ctx context.Context, e endpoint) (*session, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", e.address)
	if err != nil {
		return nil, err
	}
	if e.tls != nil {
		conn = tls.Client(conn, e.tls)
	}
	s := &session{conn: conn, in: bufio.NewReader(conn)}
	if err := s.open(e); err != nil {
		conn.Close()
		return nil, fmt.Errorf("opening a session with %s: %w", e.address, err)
	}
	return s, nil
}

func (s *session) open(e endpoint) error {
	if err := s.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if err := s.expect("220"); err != nil {
		return err
	}
	if err := s.ask("EHLO [127.0.0.1]\r\n", "250"); err != nil {
		return err
	}
	if e.user == "" {
		return nil
	}
	secret := base64.StdEncoding.EncodeToString([]byte("\x00" + e.user + "\x00" + e.password))
	return s.ask("AUTH PLAIN "+secret+"\r\n", "235")
}

// send sends a message and gives nil when it was accepted.
func (s *session) send(m *original) error {
	if err := s.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	s.out = fmt.Appendf(s.out[:0], "MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n", m.from, m.to)
	if _, err := s.conn.Write(s.out); err != nil {
		return err
	}
	for _, code := range []string{"250", "250", "354"} {
		if err := s.expect(code); err != nil {
			return err
		}
	}
	// Small messages go in one segment; the body of large ones is shared by all
	// sessions and not copied.
	s.out = append(s.out[:0], m.head...)
	if body := m.body; len(body) <= 64<<10 {
		s.out = append(s.out, body...)
	} else {
		if _, err := s.conn.Write(s.out); err != nil {
			return err
		}
		s.out = body
	}
	_, err := s.conn.Write(s.out)
	if s.out = s.out[:0]; len(m.body) > 64<<10 {
		s.out = nil
	}
	if err != nil {
		return err
	}
	return s.expect("250")
}

func (s *session) close() {
	s.conn.SetDeadline(time.Now().Add(time.Second))
	s.ask("QUIT\r\n", "221") // a courtesy: what was accepted stays accepted
	s.conn.Close()
}

func (s *session) ask(line, code string) error {
	if _, err := s.conn.Write([]byte(line)); err != nil {
		return err
	}
	return s.expect(code)
}

// expect reads one reply, of any number of lines.
func (s *session) expect(code string) error {
	for {
		line, err := s.in.ReadSlice('\n')
		if err != nil {
			return fmt.Errorf("waiting for %s: %w", code, err)
		}
		if len(line) < 4 || !bytes.HasPrefix(line, []byte(code)) {
			return fmt.Errorf("the server answered %q, not %s", strings.TrimSpace(string(line)), code)
		}
		if line[3] != '-' {
			return nil
		}
	}
}
