package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"rem"
	"rem/edge/smtpin"
	"rem/mail/mime"
	"rem/mail/smtp"
	"rem/message/envelope"
	"rem/message/evidence"
	"rem/trust/cades"
	"rem/trust/xades"
)

type serve struct {
	dialect
	habits
	Store string `required:"" type:"path" help:"Folder for what comes." placeholder:"DIR"`
}

// Run implements the command.
func (s *serve) Run(ctx context.Context) error {
	p, err := open(s.dialect)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.Store, 0o755); err != nil {
		return fmt.Errorf("making the store: %w", err)
	}
	d := &door{peer: p, habits: s.habits, store: s.Store, conns: map[string]net.Conn{}, taken: map[rem.MessageID]*taken{}}
	server, err := smtpin.New(smtpin.Config{
		Face: smtpin.Peer, Name: p.self.Domain, Implicit: true, Backend: d,
		TLS:    &tls.Config{Certificates: []tls.Certificate{p.pair}, MinVersion: tls.VersionTLS12, ClientAuth: tls.RequireAnyClientCert},
		Limits: smtpin.Limits{PerAddress: 500},
		Log:    slog.New(slog.NewJSONHandler(os.Stderr, nil)),
	})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", p.config.Listen.Relay)
	if err != nil {
		return fmt.Errorf("opening the door: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(&listener{l, d}) }()
	fmt.Println("ready", l.Addr())
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	patience, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err = server.Shutdown(patience)
	d.answers.Wait()
	return err
}

// A door takes what other providers bring.
type door struct {
	*peer
	habits
	store   string
	answers sync.WaitGroup

	mu         sync.Mutex
	conns      map[string]net.Conn      // guarded by mu: by the other side's address
	dispatches int                      // guarded by mu
	files      int                      // guarded by mu
	taken      map[rem.MessageID]*taken // guarded by mu
}

// A listener remembers connections, so that one can be dropped in the middle.
type listener struct {
	net.Listener
	door *door
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.door.mu.Lock()
		l.door.conns[c.RemoteAddr().String()] = c
		l.door.mu.Unlock()
	}
	return c, err
}

// from names the provider behind a connection.
func (d *door) from(s *smtpin.Session) (string, error) {
	if s.TLS == nil || len(s.TLS.PeerCertificates) == 0 {
		return "", errors.New("no certificate")
	}
	list, err := d.list()
	if err != nil {
		return "", err
	}
	p, err := list.ByTLSCertificate(s.TLS.PeerCertificates[0], d.clock.Now())
	if err != nil {
		return "", err
	}
	return p.Domains[0], nil
}

// Begin implements smtpin.Backend.
func (d *door) Begin(_ context.Context, s *smtpin.Session) error {
	_, err := d.from(s)
	return err
}

// Authenticate implements smtpin.Backend.
func (d *door) Authenticate(context.Context, *smtpin.Session, string, string) (smtpin.Principal, error) {
	return smtpin.Principal{}, smtpin.ErrCredentials
}

// Mail implements smtpin.Backend.
func (d *door) Mail(context.Context, *smtpin.Session, *smtp.Transaction) error { return nil }

// Rcpt implements smtpin.Backend. Evidence for our service address is always
// taken.
func (d *door) Rcpt(_ context.Context, _ *smtpin.Session, _ *smtp.Transaction, r smtp.Recipient) error {
	if a, err := r.Path.Address(); err == nil && a == d.self.Service {
		return nil
	}
	d.mu.Lock()
	n := d.dispatches + 1
	if d.habits.Rcpt != "250" {
		d.dispatches++ // it will not come to the data
	}
	d.mu.Unlock()
	if !d.misbehaves(n) {
		return nil
	}
	switch d.habits.Rcpt {
	case "450":
		return &smtp.Reply{Code: 450, Enhanced: "4.2.1", Text: "Mailbox busy"}
	case "550":
		return &smtp.Reply{Code: 550, Enhanced: "5.1.1", Text: "No such mailbox"}
	}
	return nil
}

// Data implements smtpin.Backend.
func (d *door) Data(_ context.Context, s *smtpin.Session, tx smtp.Transaction) (smtpin.Sink, error) {
	domain, err := d.from(s)
	if err != nil {
		return nil, err
	}
	return &sink{door: d, domain: domain, tx: tx, remote: s.Remote.String()}, nil
}

// A sink keeps one message in memory.
type sink struct {
	bytes.Buffer
	door   *door
	domain string
	tx     smtp.Transaction
	remote string
}

// Abort implements smtpin.Sink.
func (s *sink) Abort() {}

// Commit implements smtpin.Sink.
func (s *sink) Commit(context.Context) (string, error) {
	d := s.door
	env, err := envelope.Read(mime.Memory(s.Bytes()))
	if err != nil {
		return "", rem.Refuse(rem.InvalidMessageFormat, "Okunamadı.", err.Error())
	}
	if _, err := env.Verify(cades.VerifyOptions{}); err != nil {
		return "", rem.Refuse(rem.InvalidMessageFormat, "İmza tutmuyor.", err.Error())
	}
	var read []*evidence.Evidence
	for _, part := range env.Evidence {
		e, _, err := evidence.Verify(part.Content, xades.VerifyOptions{})
		if err != nil {
			return "", rem.Refuse(rem.InvalidMessageFormat, "Delil tutmuyor.", err.Error())
		}
		read = append(read, e)
	}
	if env.Kind == envelope.Message {
		if !slices.ContainsFunc(s.tx.Recipients, func(r smtp.Recipient) bool {
			a, err := r.Path.Address()
			return err == nil && a == d.self.Service
		}) {
			return "", rem.Refuse(rem.PolicyViolation, "Deliller hizmet adresine gönderilir.", "Evidence goes to the service address.")
		}
		if err := d.keep("message.eml", s.Bytes()); err != nil {
			return "", err
		}
		for i := range env.Evidence {
			if err := d.keep("evidence.xml", env.Evidence[i].Content); err != nil {
				return "", err
			}
		}
		return "evidence taken", nil
	}
	d.mu.Lock()
	d.dispatches++
	n := d.dispatches
	d.mu.Unlock()
	end := "250"
	if d.misbehaves(n) {
		end = d.End
	}
	switch end {
	case "451":
		return "", &smtp.Reply{Code: 451, Enhanced: "4.3.0", Text: "Later"}
	case "554":
		return "", &smtp.Reply{Code: 554, Enhanced: "5.6.0", Text: "Not wanted"}
	case "lose":
		s.drop()
		return "", &smtp.Reply{Code: 451, Enhanced: "4.3.0", Text: "Nobody reads this"}
	}
	if err := d.keep("dispatch.eml", s.Bytes()); err != nil {
		return "", err
	}
	i := slices.IndexFunc(read, func(e *evidence.Evidence) bool { return e.Kind == evidence.SubmissionAcceptanceRejection })
	if i < 0 {
		return "", rem.Refuse(rem.InvalidMessageFormat, "Gönderim delili yok.", "There is no submission evidence.")
	}
	if err := d.take(s.domain, s.tx, env, read[i]); err != nil {
		return "", err
	}
	time.Sleep(d.Delay)
	if end == "drop" {
		s.drop()
	}
	return "taken", nil
}

// drop closes the connection under the server, so that no answer goes out.
func (s *sink) drop() {
	s.door.mu.Lock()
	defer s.door.mu.Unlock()
	if c := s.door.conns[s.remote]; c != nil {
		c.Close()
	}
}

// keep writes what came, whole before it has its name, since a test may watch.
func (d *door) keep(name string, content []byte) error {
	d.mu.Lock()
	d.files++
	file := filepath.Join(d.store, fmt.Sprintf("%03d-%s", d.files, name))
	d.mu.Unlock()
	if err := os.WriteFile(file+".new", content, 0o644); err != nil {
		return fmt.Errorf("keeping %s: %w", name, err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		return fmt.Errorf("keeping %s: %w", name, err)
	}
	return nil
}
