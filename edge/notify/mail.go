package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	netsmtp "net/smtp"
	"net/textproto"
	"strings"
	"time"

	"rem"
	"rem/edge/outward"
	"rem/mail/mime"
	"rem/person"
)

// MailOptions say by which mail server notices go: one of the provider's choosing,
// over TLS, that takes ordinary mail for anybody. It is never the way of registered
// mail.
type MailOptions struct {
	// Address of the server, host:port.
	Address string
	// StartTLS says that TLS begins after STARTTLS (587) and not with the first
	// byte (465). Without TLS nothing is sent either way.
	StartTLS bool
	Guard    *outward.Guard
	// Anchors are the certificates that the server's has to lead to.
	Anchors []*x509.Certificate
	// User and Password log us in; both empty: the server knows us otherwise.
	User, Password string
	// Certificate shows who we are; nil: none.
	Certificate *tls.Certificate
	// From is the address that notices come from; Name our own host's name.
	From string
	Name string
	// Provider is the name beside the address.
	Provider   rem.Text
	Clock      rem.Clock
	Production bool
}

// A MailServer hands notices to a mail server. It may be used from many
// goroutines.
type MailServer struct {
	o    MailOptions
	host string
}

var _ Sender = (*MailServer)(nil)

// maxHeard bounds what is read of a server in one transaction, in octets.
const maxHeard = 64 << 10

// NewMailServer checks what it is told, and connects to nobody.
func NewMailServer(o MailOptions) (*MailServer, error) {
	host, port, err := net.SplitHostPort(o.Address)
	switch {
	case err != nil || port == "":
		return nil, errors.New("preparing mail notices: the server's address is no host and port")
	case len(o.Anchors) == 0 || o.Clock == nil || o.Name == "":
		return nil, errors.New("preparing mail notices: anchors, a clock or our own name is missing")
	case (o.User == "") != (o.Password == ""):
		return nil, errors.New("preparing mail notices: give user and password, or neither")
	}
	if _, err := person.ParseMailAddress(o.From); err != nil {
		return nil, errors.New("preparing mail notices: the sender's address is no ordinary mail address")
	}
	if err := o.Guard.Check(host); err != nil {
		return nil, fmt.Errorf("preparing mail notices: %w", err)
	}
	return &MailServer{o, host}, nil
}

// Send implements Sender.
func (s *MailServer) Send(ctx context.Context, p Parcel) error {
	message, err := s.write(p)
	if err != nil {
		return err
	}
	conn, err := s.o.Guard.DialContext(ctx, "tcp", s.o.Address)
	if err != nil {
		if errors.Is(err, outward.ErrResidency) {
			return fmt.Errorf("sending a notice: %w", err)
		}
		return fmt.Errorf("sending a notice: %w: connecting failed", outward.ErrAway)
	}
	defer conn.Close()
	// net/smtp knows no contexts: what ends the context ends the connection.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	return s.talk(&heard{Conn: conn, left: maxHeard}, p.To, message)
}

// A heard connection ends when the other side has said too much.
type heard struct {
	net.Conn
	left int
}

func (h *heard) Read(b []byte) (int, error) {
	if h.left <= 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := h.Conn.Read(b[:min(len(b), h.left)])
	h.left -= n
	return n, err
}

func (s *MailServer) talk(conn net.Conn, to string, message []byte) error {
	settings := outward.TLS(s.o.Clock, s.o.Anchors, nil, s.o.Certificate)
	settings.ServerName = s.host
	if !s.o.StartTLS {
		conn = tls.Client(conn, settings)
	}
	c, err := netsmtp.NewClient(conn, s.host)
	if err != nil {
		return later("greeting", err)
	}
	if err := c.Hello(s.o.Name); err != nil {
		return later("EHLO", err)
	}
	if s.o.StartTLS {
		if err := c.StartTLS(settings); err != nil {
			return later("STARTTLS", err)
		}
	}
	state, ok := c.TLSConnectionState()
	if !ok {
		return later("TLS", errors.New("there is none"))
	}
	if s.o.Production && outward.Simulated(&state) {
		return outward.ErrSimulator
	}
	if s.o.User != "" {
		if err := c.Auth(netsmtp.PlainAuth("", s.o.User, s.o.Password, s.host)); err != nil {
			return later("AUTH", err)
		}
	}
	if err := c.Mail(s.o.From); err != nil {
		return later("MAIL", err)
	}
	if err := c.Rcpt(to); err != nil {
		return never("RCPT", err)
	}
	w, err := c.Data()
	if err != nil {
		return never("DATA", err)
	}
	if _, err := w.Write(message); err != nil {
		return later("the message", err)
	}
	if err := w.Close(); err != nil {
		return never("the message's end", err)
	}
	_ = c.Quit() // it has been taken
	return nil
}

// later makes the error of a step that may go better another time. What the server
// said is left out: it may quote an address.
func later(step string, err error) error {
	var said *textproto.Error
	if errors.As(err, &said) {
		if said.Code >= 500 {
			return fmt.Errorf("sending a notice: %s: %w: code %d", step, outward.ErrRefused, said.Code)
		}
		return fmt.Errorf("sending a notice: %s: %w: code %d", step, outward.ErrAway, said.Code)
	}
	return fmt.Errorf("sending a notice: %s: %w", step, outward.ErrAway)
}

// never makes the error of a step at which the server may say that it will never
// take this message.
func never(step string, err error) error {
	var said *textproto.Error
	if errors.As(err, &said) && said.Code >= 500 && said.Code < 600 {
		return fmt.Errorf("sending a notice: %s: %w: code %d", step, ErrNever, said.Code)
	}
	return later(step, err)
}

// write makes the mail. Its Message-ID is the same in every attempt. Nothing
// answers it, and no machine should (RFC 3834 5).
func (s *MailServer) write(p Parcel) ([]byte, error) {
	_, domain, _ := strings.Cut(s.o.From, "@")
	b := mime.NewBuilder(nil)
	b.Mailboxes("From", mime.Mailbox{Name: s.o.Provider.Turkish, Address: s.o.From})
	b.Mailboxes("To", mime.Mailbox{Address: p.To})
	b.Text("Subject", p.Text.Subject)
	b.Date("Date", p.Told)
	b.IDs("Message-ID", p.Key+"@"+domain)
	b.Word("Auto-Submitted", "auto-generated")
	b.Word("MIME-Version", "1.0")
	b.Media("Content-Type", "text/plain", mime.Param{Name: "charset", Value: "utf-8"})
	b.Word("Content-Transfer-Encoding", "base64")
	b.End()
	b.Base64([]byte(strings.ReplaceAll(p.Text.Body, "\n", "\r\n")))
	b.Raw('\r', '\n')
	message, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("writing a notice: %w", ErrNever)
	}
	return message, nil
}
