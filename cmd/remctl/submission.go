package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"time"

	"rem/mail/smtp"
)

// patience bounds a whole submission: the provider signs and stamps before it
// answers, and 25 MB take their time.
const patience = 5 * time.Minute

// A mailer submits as one account: TLS, AUTH PLAIN, one message.
type mailer struct {
	server         string
	startTLS       bool
	tls            *tls.Config
	user, password string
}

// An answer is the reply to the end of data.
type answer struct {
	code  int
	lines []string // without enhanced status codes
}

// submit gives the answer to the message; an error tells that it did not come
// to that.
func (m *mailer) submit(ctx context.Context, tx smtp.Transaction, content []byte) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", m.server)
	if err != nil {
		return answer{}, fmt.Errorf("connecting to %s: %w", m.server, err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if !m.startTLS {
		conn = tls.Client(conn, m.tls)
	}
	c := &conversation{textproto.NewConn(conn)}
	offered, err := m.greet(c)
	if err == nil && m.startTLS {
		if !offered.StartTLS {
			return answer{}, errors.New("the server offers no STARTTLS: nothing is sent without TLS")
		}
		if err = c.ask(220, "STARTTLS"); err == nil {
			c = &conversation{textproto.NewConn(tls.Client(conn, m.tls))}
			offered, err = m.hello(c)
		}
	}
	if err != nil {
		return answer{}, fmt.Errorf("greeting %s: %w", m.server, err)
	}
	secret := base64.StdEncoding.EncodeToString([]byte("\x00" + m.user + "\x00" + m.password))
	if err := c.ask(235, "AUTH PLAIN "+secret); err != nil {
		return answer{}, fmt.Errorf("logging in as %s: %w", m.user, err)
	}
	return c.transact(tx, content, offered)
}

func (m *mailer) greet(c *conversation) (smtp.Extensions, error) {
	if _, _, err := c.ReadResponse(220); err != nil {
		return smtp.Extensions{}, err
	}
	return m.hello(c)
}

func (m *mailer) hello(c *conversation) (smtp.Extensions, error) {
	if err := c.PrintfLine("EHLO [127.0.0.1]"); err != nil {
		return smtp.Extensions{}, err
	}
	_, text, err := c.ReadResponse(250)
	return smtp.ParseExtensions(&smtp.Reply{Code: 250, Text: text}), err
}

// A conversation is lines to and fro.
type conversation struct{ *textproto.Conn }

func (c *conversation) ask(expect int, line string) error {
	if err := c.PrintfLine("%s", line); err != nil {
		return err
	}
	_, _, err := c.ReadResponse(expect)
	return err
}

func (c *conversation) transact(tx smtp.Transaction, content []byte, offered smtp.Extensions) (answer, error) {
	mail, err := tx.AppendMail(nil, offered)
	if err != nil {
		return answer{}, err
	}
	lines := [][]byte{mail}
	for i := range tx.Recipients {
		rcpt, err := tx.Recipients[i].Append(nil, offered)
		if err != nil {
			return answer{}, err
		}
		lines = append(lines, rcpt)
	}
	for _, line := range lines {
		if err := c.ask(250, string(bytes.TrimRight(line, "\r\n"))); err != nil {
			return refused(err)
		}
	}
	if err := c.ask(354, "DATA"); err != nil {
		return refused(err)
	}
	w := smtp.NewWriter(c.W)
	if _, err := w.Write(content); err != nil {
		return answer{}, fmt.Errorf("sending the message: %w", err)
	}
	if err := w.End(); err != nil {
		return answer{}, fmt.Errorf("sending the message: %w", err)
	}
	if err := c.W.Flush(); err != nil {
		return answer{}, fmt.Errorf("sending the message: %w", err)
	}
	code, text, err := c.ReadResponse(0)
	if err != nil {
		return answer{}, fmt.Errorf("reading the answer (sending again is harmless): %w", err)
	}
	c.PrintfLine("QUIT") // out of politeness; the answer is here
	return answer{code, plain(text)}, nil
}

// refused makes an answer of a reply that came before the message.
func refused(err error) (answer, error) {
	if reply, ok := errors.AsType[*textproto.Error](err); ok {
		return answer{reply.Code, plain(reply.Msg)}, nil
	}
	return answer{}, err
}

// plain takes the enhanced status codes off (RFC 2034 4).
func plain(text string) (lines []string) {
	for line := range strings.SplitSeq(text, "\n") {
		if code, rest, ok := strings.Cut(line, " "); ok && strings.Count(code, ".") == 2 && strings.Trim(code, "0123456789.") == "" {
			line = rest
		}
		lines = append(lines, line)
	}
	return lines
}
