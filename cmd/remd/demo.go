package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"rem"
	"rem/edge/clock"
	"rem/edge/control"
	"rem/internal/node"
	"rem/internal/setup"
	"rem/mail/mime"
	"rem/message"
	"rem/message/verification"
	"rem/trust/validation"
	"rem/trust/xades"
)

type demo struct {
	File    string        `arg:"" optional:"" type:"existingfile" help:"A mail file (.eml) to sign and send. Without one, a Turkish letter with a PDF attachment is sent."`
	Keep    bool          `help:"Leave both providers running until Ctrl-C, so that more can be sent."`
	Dir     string        `type:"path" help:"Where everything is put. Default: a new folder in the system's place for temporary files."`
	Timeout time.Duration `default:"30s" help:"How long to wait for the last evidence."`
}

const (
	senderDomain    = "hs90.kep.test"
	recipientDomain = "hs91.kep.test"
)

// A stage is a running demonstration.
type stage struct {
	world    *setup.World
	nodes    map[string]*node.Node
	from, to *setup.Person
	logins   []*ready // of from and to
	stop     func() error
}

// Run implements the command.
func (d *demo) Run(ctx context.Context) error {
	begun := time.Now()
	if d.Dir == "" {
		dir, err := os.MkdirTemp("", "rem-demo-")
		if err != nil {
			return fmt.Errorf("making a folder: %w", err)
		}
		d.Dir = dir
	}
	fmt.Println("KEP GÖSTERİMİ / REGISTERED MAIL DEMONSTRATION")
	fmt.Println("Sertifikalar, zaman damgası, e-Devlet, MERSİS, SMS, mobil imza, e-posta, kişiler ve sağlayıcılar BENZETİMDİR. /")
	fmt.Println("Certificates, time-stamps, e-government gate, registry, SMS, mobile signatures, mail, persons and providers are SIMULATED.")
	fmt.Println()
	s, err := open(ctx, d.Dir)
	if err != nil {
		return err
	}
	s.applied()
	err = d.show(ctx, s, begun)
	if err == nil && d.Keep {
		if err = s.invite(ctx); err == nil {
			err = s.codes(ctx)
		}
	}
	return errors.Join(err, s.stop())
}

// open makes the world, and runs both providers with one holder each.
func open(ctx context.Context, dir string) (_ *stage, err error) {
	s := &stage{nodes: map[string]*node.Node{}}
	if s.world, err = setup.New(dir, setup.Options{Domains: []string{senderDomain, recipientDomain}}); err != nil {
		return nil, err
	}
	if s.from, err = s.world.Person(0, "isil.ogutcu@"+senderDomain); err != nil {
		return nil, err
	}
	if s.to, err = s.world.Person(4, "bora.agaoglu@"+recipientDomain); err != nil {
		return nil, err
	}
	work, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	var mu sync.Mutex
	var faults error
	s.stop = func() error {
		cancel()
		running.Wait()
		for _, n := range s.nodes {
			faults = errors.Join(faults, n.Close())
		}
		return errors.Join(faults, s.world.Close())
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	for _, p := range s.world.Providers {
		log, err := os.Create(filepath.Join(filepath.Dir(p.File), "remd.log"))
		if err != nil {
			return nil, fmt.Errorf("making a log: %w", err)
		}
		n, err := node.Open(ctx, p.Config, node.Options{Log: slog.New(slog.NewJSONHandler(log, nil))})
		if err != nil {
			return nil, err
		}
		s.nodes[p.Domain] = n
		ready := make(chan struct{})
		running.Go(func() {
			defer log.Close()
			if err := n.Run(work, func() { close(ready) }); err != nil {
				mu.Lock()
				faults = errors.Join(faults, err)
				mu.Unlock()
				cancel()
			}
		})
		select {
		case <-ready:
		case <-work.Done():
			return nil, errors.New("a provider could not start")
		}
	}
	if err := s.populate(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// show sends the message and tells what happens.
func (d *demo) show(ctx context.Context, s *stage, begun time.Time) error {
	letter, err := sampleLetter()
	if d.File != "" {
		letter, err = fileLetter(d.File)
	}
	if err != nil {
		return err
	}
	raw, err := letter.sign(ctx, s.from, s.to, time.Now())
	if err != nil {
		return err
	}
	dir := filepath.Join(d.Dir, "message")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "original.eml"), raw, 0o644); err != nil {
		return fmt.Errorf("writing the original: %w", err)
	}
	fmt.Printf("%s  %s → %s\n", short(time.Now()), s.from.Address, s.to.Address)
	fmt.Printf("%25s%s, %d bayt / bytes\n\n", "", letter.subject, len(raw))
	if err := s.submit(raw); err != nil {
		return err
	}
	sender := s.nodes[senderDomain]
	a, err := rem.ParseAddress(s.from.Address)
	if err != nil {
		return err
	}
	holder, err := sender.Store.ByAddress(ctx, a)
	if err != nil {
		return err
	}
	sent, err := sender.Store.Sent(ctx, holder.ID, "", 1)
	if err != nil || len(sent) == 0 {
		return fmt.Errorf("looking for the message that was sent: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	view, err := s.follow(ctx, sent[0])
	if err != nil {
		return err
	}
	files, err := s.collect(ctx, dir, view)
	if err != nil {
		return err
	}
	if err := s.whole(ctx, files); err != nil {
		return err
	}
	fmt.Printf("\nSüre / took: %s\n", time.Since(begun).Round(time.Millisecond))
	if err := s.tell(dir); err != nil || d.Keep {
		return err
	}
	fmt.Println("\nSayfalar, girişler ve bir ileti daha için / for the pages, log-ins and one more message: --keep")
	return nil
}

// submit hands the message in as any mail program does: SMTP over TLS with a
// password.
func (s *stage) submit(raw []byte) error {
	n := s.nodes[senderDomain]
	address := n.Address("submission").String()
	conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: s.world.Root(), ServerName: senderDomain})
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", address, err)
	}
	c, err := smtp.NewClient(conn, senderDomain)
	if err != nil {
		return fmt.Errorf("submitting: %w", err)
	}
	defer c.Close()
	if err := c.Auth(smtp.PlainAuth("", s.from.Address, s.logins[0].mail, senderDomain)); err != nil {
		return fmt.Errorf("submitting: logging in: %w", err)
	}
	if err := c.Mail(s.from.Address); err != nil {
		return fmt.Errorf("submitting: %w", err)
	}
	if err := c.Rcpt(s.to.Address); err != nil {
		return fmt.Errorf("submitting: %w", err)
	}
	w, err := c.Data()
	if err != nil {
		return fmt.Errorf("submitting: %w", err)
	}
	if _, err := w.Write(raw); err != nil {
		return fmt.Errorf("submitting: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("the message was not accepted: %w", err)
	}
	return c.Quit()
}

// what names an evidence for people.
func what(k message.Kind, o message.Outcome) string {
	names := map[string]string{
		"10": "Gönderim kabul edildi / submission accepted", "11": "Gönderim reddedildi / submission rejected",
		"20": "Alıcının sağlayıcısı devraldı / taken over by the other provider", "21": "Alıcının sağlayıcısı reddetti / rejected by the other provider",
		"31": "İletilemedi / could not be relayed",
		"40": "Posta kutusuna kondu / delivered to the mailbox", "41": "Teslim edilemedi / not delivered",
		"60": "Alıcı okudu / opened by the recipient", "61": "Okunmadı / not opened",
	}
	if name := names[k.Code(o)]; name != "" {
		return name
	}
	return k.String() + " " + o.String()
}

// follow prints each evidence as it is filed at the sender's provider, and has
// the recipient open the message once it is there.
func (s *stage) follow(ctx context.Context, id rem.MessageID) (*message.View, error) {
	sender, seen, opened := s.nodes[senderDomain], map[rem.EvidenceID]bool{}, false
	v, err := s.verifier()
	if err != nil {
		return nil, err
	}
	for {
		view, err := sender.Store.Message(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, f := range view.Filed {
			if seen[f.ID] {
				continue
			}
			seen[f.ID] = true
			full, err := sender.Store.Evidence(ctx, f.ID)
			if err != nil {
				return nil, err
			}
			report, err := v.Verify(ctx, verification.Input{Name: string(f.ID), Source: mime.Memory(full.XML)})
			if err != nil {
				return nil, err
			}
			fmt.Printf("%s  %-66s %s\n", short(f.Time), what(f.Kind, f.Outcome), report.Verdict)
			fmt.Printf("%25s%s · %s · %s\n", "", f.Kind, f.Issuer, f.ID)
		}
		switch state := view.Standing(1).State; state {
		case message.Retrieved:
			return view, nil
		case message.NotRelayed, message.NotDelivered, message.Refused:
			return nil, fmt.Errorf("the message did not arrive: %s", state)
		case message.Delivered:
			if !opened {
				opened = true
				if err := s.open(ctx); err != nil {
					return nil, err
				}
			}
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for the next evidence: %w; the logs are beside each provider's configuration in %s", ctx.Err(), s.world.Dir)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// open is the recipient reading his mail.
func (s *stage) open(ctx context.Context) error {
	c := control.Dial(s.nodes[recipientDomain].Config.Data, s.to.Name())
	entries, err := c.Mailbox(ctx, s.to.Address, s.logins[1].mail)
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		return errors.New("the recipient's mailbox is empty")
	}
	return c.Open(ctx, s.to.Address, s.logins[1].mail, entries[len(entries)-1].UID, io.Discard)
}

func (s *stage) verifier() (*verification.Verifier, error) {
	p := validation.Usual(s.world.PKI.Anchors())
	p.Operation.Revocation, p.TimeStamping.Revocation, p.Personal.Revocation = validation.RevocationIfKnown, validation.RevocationIfKnown, validation.RevocationIfKnown
	return verification.New(verification.Options{Policy: p, Clock: clock.System{}})
}

// collect writes everything about the message as files that stand alone.
func (s *stage) collect(ctx context.Context, dir string, view *message.View) (files []string, err error) {
	write := func(name string, b []byte) error {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, b, 0o644); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
		return nil
	}
	filed, err := s.nodes[senderDomain].Store.EvidenceOf(ctx, view.Record.ID)
	if err != nil {
		return nil, err
	}
	for i, f := range filed {
		name := fmt.Sprintf("%d-%s", i+1, f.Kind)
		if err := write(name+".xml", f.XML); err != nil {
			return nil, err
		}
		files = append(files, filepath.Join(dir, name+".xml"))
		v, err := xades.Verify(f.XML, xades.VerifyOptions{})
		if err != nil {
			return nil, err
		}
		// What the token stamps: the signature value's element in canonical
		// form, which is how it stands in the file.
		start, end := bytes.Index(f.XML, []byte("<ds:SignatureValue")), bytes.Index(f.XML, []byte("</ds:SignatureValue>"))
		if len(v.Tokens) == 0 || start < 0 || end < start {
			return nil, fmt.Errorf("evidence %s has no token", f.ID)
		}
		if err := errors.Join(
			write(name+".tst", v.Tokens[0].DER),
			write(name+".stamped", f.XML[start:end+len("</ds:SignatureValue>")]),
		); err != nil {
			return nil, err
		}
	}
	// The dispatch, as the other provider received it.
	c := control.Dial(s.nodes[recipientDomain].Config.Data, "demo")
	var dispatch bytes.Buffer
	if err := c.Dispatch(ctx, s.to.Address, s.logins[1].mail, view.Record.ID, &dispatch); err != nil {
		return nil, err
	}
	if err := write("dispatch.eml", dispatch.Bytes()); err != nil {
		return nil, err
	}
	return append(files, filepath.Join(dir, "dispatch.eml"), filepath.Join(dir, "original.eml")), nil
}

// whole holds all files against each other.
func (s *stage) whole(ctx context.Context, files []string) error {
	v, err := s.verifier()
	if err != nil {
		return err
	}
	var inputs []verification.Input
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return fmt.Errorf("reading what was written: %w", err)
		}
		inputs = append(inputs, verification.Input{Name: filepath.Base(f), Source: mime.Memory(b)})
	}
	report, err := v.Verify(ctx, inputs...)
	if err != nil {
		return err
	}
	fmt.Printf("\nHepsi birlikte / all together: %s\n", report.Verdict)
	if report.Verdict != validation.TotalPassed {
		for _, f := range report.Findings {
			if f.Verdict != validation.TotalPassed {
				fmt.Printf("  %s %s: %s %s %s\n", f.Subject, f.Name, f.Verdict, f.Sub, f.Detail)
			}
		}
		return errors.New("what was made does not verify")
	}
	return nil
}

// tell says where everything is and how to check it without us.
func (s *stage) tell(dir string) error {
	anchors, pki := s.world.Anchors(), filepath.Join(s.world.Dir, "pki")
	names, err := filepath.Glob(filepath.Join(dir, "*DeliveryNonDelivery*.xml"))
	if err != nil || len(names) == 0 {
		return fmt.Errorf("looking for the delivery evidence: %w", err)
	}
	delivery := strings.TrimSuffix(names[0], ".xml")
	fmt.Printf(`
Her şey burada / everything lies in:
  %[1]s

Bize sormadan doğrulayın / check it without us:
  go run ./cmd/remverify --trust %[2]s %[1]s/*.xml %[1]s/*.eml
  openssl cms -verify -in %[1]s/dispatch.eml -CAfile %[2]s -purpose any -out /dev/null
  openssl ts -verify -token_in -in %[3]s.tst -data %[3]s.stamped -CAfile %[2]s -untrusted %[4]s/tsa.crt.pem
  xmlsec1 --verify --enabled-key-data x509 --trusted-pem %[2]s --id-attr:Id http://uri.etsi.org/01903/v1.3.2#:SignedProperties %[3]s.xml
`, dir, anchors, delivery, pki)
	return nil
}

// invite says how to send one more with an ordinary client.
func (s *stage) invite(ctx context.Context) error {
	n := s.nodes[senderDomain]
	host, port, _ := net.SplitHostPort(n.Address("submission").String())
	fmt.Printf(`
İki sağlayıcı da çalışıyor; durdurmak için Ctrl-C. / Both providers run; Ctrl-C stops them.

Bir ileti daha, sıradan bir programla / one more, with an ordinary program:
  printf 'Content-Type: text/plain; charset=UTF-8\r\n\r\nMerhaba.\r\n' | openssl cms -sign -signer %[1]s -inkey %[2]s \
    -certfile %[10]s -cades -md sha256 -from %[3]s -to %[4]s -subject Merhaba -crlfeol > ileti.eml
  swaks --server %[5]s:%[6]s --tls-on-connect --tls-ca-path %[7]s --auth PLAIN --auth-user %[3]s --auth-password %[8]s \
    --from %[3]s --to %[4]s --data @ileti.eml

Zaman çizelgesi / timeline:
  go run ./cmd/remctl --data %[9]s sent %[3]s
`, s.from.Certificate, s.from.Key, s.from.Address, s.to.Address, host, port, s.world.Anchors(), s.logins[0].mail, n.Config.Data,
		filepath.Join(s.world.Dir, "pki", "personal.crt.pem"))
	return s.pages(ctx)
}
