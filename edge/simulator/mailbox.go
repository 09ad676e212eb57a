package simulator

import (
	"crypto/tls"
	"encoding/base64"
	"errors"
	"html/template"
	"io"
	"mime"
	"net"
	"net/http"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"rem"
)

// Bounds of the simulated mail server.
const (
	maxMails = 512
	maxMail  = 64 << 10
)

// A Mail is one that the simulated mail server took.
type Mail struct {
	To, ID, Subject, Body string
	At                    time.Time
}

// Mailboxes are the mailboxes of everybody, simulated: a mail server over TLS that
// takes notices and delivers none, with a page that shows them, marked. It may be
// used from many goroutines.
type Mailboxes struct {
	clock rem.Clock

	mu    sync.Mutex
	mails []Mail // guarded by mu; the newest last
}

// NewMailboxes makes them.
func NewMailboxes(clock rem.Clock) *Mailboxes { return &Mailboxes{clock: clock} }

// Server gives the server; whoever runs it calls Serve with a listener of TLS, and
// Close.
func (m *Mailboxes) Server(certificate tls.Certificate) (*smtp.Server, *tls.Config) {
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &mailSession{boxes: m}, nil }))
	s.Domain = "simulator.test"
	s.MaxMessageBytes, s.MaxRecipients, s.MaxLineLength = maxMail, 1, 1000
	s.ReadTimeout, s.WriteTimeout = time.Minute, time.Minute
	s.ErrorLog = silent{}
	settings := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	s.TLSConfig = settings
	return s, settings
}

type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

// Listen opens a listener of TLS on an address.
func (m *Mailboxes) Listen(address string, settings *tls.Config) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	return tls.NewListener(l, settings), nil
}

type mailSession struct {
	boxes *Mailboxes
	to    string
}

// Mail implements smtp.Session.
func (*mailSession) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt implements smtp.Session: nobody lives at nobody@.
func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if strings.HasPrefix(to, "nobody@") {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: Mark + " no such mailbox"}
	}
	s.to = to
	return nil
}

// Data implements smtp.Session. A mail that came before, by its Message-ID, is
// taken once.
func (s *mailSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	got, err := mail.ReadMessage(strings.NewReader(string(raw)))
	if err != nil {
		return errors.New("not a message")
	}
	body, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, got.Body))
	if err != nil {
		return errors.New("not a body in base64")
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
	if err != nil {
		return errors.New("not a subject")
	}
	b := s.boxes
	b.mu.Lock()
	defer b.mu.Unlock()
	id := got.Header.Get("Message-ID")
	if slices.ContainsFunc(b.mails, func(m Mail) bool { return m.ID == id }) {
		return nil
	}
	if len(b.mails) >= maxMails {
		b.mails = slices.Delete(b.mails, 0, maxMails/2)
	}
	b.mails = append(b.mails, Mail{s.to, id, subject, strings.ReplaceAll(string(body), "\r\n", "\n"), b.clock.Now()})
	return nil
}

// Reset implements smtp.Session.
func (s *mailSession) Reset() { s.to = "" }

// Logout implements smtp.Session.
func (*mailSession) Logout() error { return nil }

// Mails returns what was taken, the newest last.
func (m *Mailboxes) Mails() []Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.mails)
}

var mailHTML = template.Must(template.New("mails").Parse(`<!doctype html><html lang="tr"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>SIMULATOR/BENZETİM: e-posta</title>
<style>body{font:1rem/1.5 sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}h1{border:.3rem solid #b00;padding:.5rem}pre{white-space:pre-wrap;border:1px solid #999;padding:.5rem}</style>
<main><h1>SIMULATOR/BENZETİM</h1><p>Gerçek bir posta kutusuna hiçbir şey gönderilmedi. <span lang="en">Nothing was sent to a real mailbox.</span></p>
{{range .}}<h2>{{.Subject}}</h2><p>{{.At.Format "2006-01-02 15:04:05"}} → {{.To}}</p><pre>{{.Body}}</pre>
{{end}}</main></html>`))

// Page shows what was taken.
func (m *Mailboxes) Page(w http.ResponseWriter, _ *http.Request) {
	list := m.Mails()
	slices.Reverse(list)
	w.Header().Set(MarkHeader, Mark)
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = mailHTML.Execute(w, list) // as in tell
}
