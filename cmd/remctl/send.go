package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"

	"rem"
	"rem/mail/mime"
	"rem/mail/smtp"
)

// maxMessage is what is read of a file; a provider's bound is lower.
const maxMessage = 64 << 20

type sendCommand struct {
	File     string   `arg:"" help:"The message (.eml), signed by its sender; - for standard input."`
	Server   string   `required:"" help:"The provider's door for mail programs." placeholder:"HOST:PORT"`
	StartTLS bool     `help:"Begin without TLS and demand STARTTLS (587); otherwise TLS from the first byte (465)." name:"starttls"`
	CA       string   `help:"Roots that the server's certificate may lead to. Default: those of the system." name:"ca" type:"path" placeholder:"FILE.pem"`
	User     string   `required:"" help:"The account's address." placeholder:"ADDRESS"`
	From     string   `help:"Sender of the transaction. Default: the account's address." placeholder:"ADDRESS"`
	To       []string `help:"Recipients of the transaction. Default: those of To and Cc." placeholder:"ADDRESS"`
	Lines    bool     `help:"Send lines that end in LF alone as CRLF, as mail programs do. A signature over them must be over CRLF."`
	passwordSource
}

// A sent message, or a refused one, in JSON.
type sending struct {
	Message  rem.MessageID  `json:"message,omitempty"`
	Evidence rem.EvidenceID `json:"evidence,omitempty"`
	Code     int            `json:"code"`
	Text     []string       `json:"text"`
}

// Run implements the command.
func (c *sendCommand) Run(s *session) error {
	content, err := c.read()
	if err != nil {
		return err
	}
	tx, err := c.transaction(content)
	if err != nil {
		return err
	}
	m := mailer{server: c.Server, startTLS: c.StartTLS, user: c.User}
	if m.tls, err = c.trust(); err != nil {
		return err
	}
	if m.password, err = c.passwordSource.read(s, s.words.say("his", c.User)); err != nil {
		return err
	}
	a, err := m.submit(s.ctx, tx, content)
	if err != nil {
		return err
	}
	out := sending{Code: a.code, Text: a.lines}
	out.Message, out.Evidence = identifiers(a.lines)
	if err := s.show(out, func(t *table) {
		if a.code/100 != 2 {
			for _, line := range a.lines {
				t.row(s.words.say("refusal"), fmt.Sprintf("%d %s", a.code, line))
			}
		}
		if out.Message != "" {
			t.row(s.words.say("message"), out.Message)
		}
		if out.Evidence != "" {
			t.row(s.words.say("evidence"), out.Evidence)
		}
	}); err != nil {
		return err
	}
	if a.code/100 != 2 {
		return errNo
	}
	return nil
}

func (c *sendCommand) read() ([]byte, error) {
	in := io.Reader(os.Stdin)
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, maxMessage+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the message: %w", err)
	case len(b) > maxMessage:
		return nil, fmt.Errorf("the message has more than %d octets", maxMessage)
	}
	if c.Lines {
		b = bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
	}
	return b, nil
}

// transaction asks for the recipients that the header names, as a provider
// demands: nobody is written to in secret.
func (c *sendCommand) transaction(content []byte) (smtp.Transaction, error) {
	tx := smtp.Transaction{Sender: smtp.Path(c.From), Size: int64(len(content)), EightBit: true}
	if c.From == "" {
		tx.Sender = smtp.Path(c.User)
	}
	to := c.To
	if len(to) == 0 {
		h, err := mime.ReadHeader(mime.Memory(content), mime.DefaultLimits)
		if err != nil {
			return tx, fmt.Errorf("reading the message's header: %w", err)
		}
		a, err := h.Addresses(mime.DefaultLimits)
		if err != nil {
			return tx, fmt.Errorf("reading the recipients: %w", err)
		}
		for _, m := range slices.Concat(a.To, a.Cc) {
			if !slices.Contains(to, m.Address) {
				to = append(to, m.Address)
			}
		}
	}
	if len(to) == 0 {
		return tx, errors.New("the message names nobody in To or Cc: give --to ADDRESS")
	}
	for _, address := range to {
		tx.Recipients = append(tx.Recipients, smtp.Recipient{Path: smtp.Path(address)})
	}
	return tx, nil
}

func (c *sendCommand) trust() (*tls.Config, error) {
	host, _, err := net.SplitHostPort(c.Server)
	if err != nil {
		return nil, fmt.Errorf("--server %s: write HOST:PORT, such as 127.0.0.1:465 (%w)", c.Server, err)
	}
	o := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if c.CA == "" {
		return o, nil
	}
	b, err := os.ReadFile(c.CA)
	if err != nil {
		return nil, fmt.Errorf("reading the roots: %w", err)
	}
	o.RootCAs = x509.NewCertPool()
	if !o.RootCAs.AppendCertsFromPEM(b) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", c.CA)
	}
	return o, nil
}

// identifiers finds the message and its evidence in a provider's answer.
func identifiers(lines []string) (id rem.MessageID, evidence rem.EvidenceID) {
	for _, line := range lines {
		fields := strings.Fields(line)
		for i, word := range fields {
			switch next := i + 1; {
			case word == "accepted," && i > 0:
				id = rem.MessageID(fields[i-1])
			case rem.FoldASCII(word) == "evidence" && next < len(fields):
				evidence = rem.EvidenceID(fields[next])
			}
		}
	}
	return id, evidence
}
