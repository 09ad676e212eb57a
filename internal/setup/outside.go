package setup

import (
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/emersion/go-smtp"

	"rem/edge/apply"
	"rem/edge/clock"
	"rem/edge/config"
	"rem/edge/simulator"
	"rem/edge/telephone"
	"rem/edge/tsa"
)

// An outside is what providers ask about people and tell people by, simulated: one
// server over TLS with the services of each provider below its code, and one mail
// server for all. Its handler is complete before the first provider runs.
type outside struct {
	base  string // https, without a path
	mux   *http.ServeMux
	web   *http.Server
	mail  *smtp.Server
	at    string // of the mail server
	boxes *simulator.Mailboxes
	// phones are the telephones of everybody, whose operators all providers reach.
	phones *telephone.Telephones
}

// openOutside begins to answer.
func (w *World) openOutside() error {
	id, err := w.PKI.TLS("simulator.test")
	if err != nil {
		return err
	}
	pair := tls.Certificate{PrivateKey: id.Key}
	for _, c := range id.Chain {
		pair.Certificate = append(pair.Certificate, c.Raw)
	}
	o := &outside{mux: http.NewServeMux(), boxes: simulator.NewMailboxes(clock.System{}), phones: telephone.New(clock.System{})}
	o.mux.HandleFunc("GET /mail/", o.boxes.Page)
	o.mux.Handle("/mobile/", http.StripPrefix("/mobile", o.phones.Handler()))
	o.web = tsa.NewServer(o.mux)
	o.web.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	o.web.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug) // browsers that do not know the root say so themselves
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	o.base = "https://" + l.Addr().String()
	go o.web.ServeTLS(l, "", "") // ends with Close
	w.outside = o
	var settings *tls.Config
	o.mail, settings = o.boxes.Server(pair)
	m, err := o.boxes.Listen("127.0.0.1:0", settings)
	if err != nil {
		return err
	}
	o.at = m.Addr().String()
	go o.mail.Serve(m) // ends with Close
	return w.documents()
}

func (o *outside) close() error {
	if o == nil {
		return nil
	}
	err := o.web.Close()
	if o.mail != nil {
		// What it may say is that its listener was closed, which is what was asked.
		_ = o.mail.Close()
	}
	return err
}

// documents makes the state whose documents are believed, and whom providers trust
// to compare faces.
func (w *World) documents() (err error) {
	if w.State, err = w.PKI.NewState("state"); err != nil {
		return err
	}
	if w.Attester, err = w.PKI.NewAttester(); err != nil {
		return err
	}
	for name, der := range map[string][]byte{"state": w.State.Anchor().Raw, "attester": w.Attester.Certificate.Raw} {
		if err := os.WriteFile(w.path("pki", name+".pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
			return fmt.Errorf("writing the certificate of the %s: %w", name, err)
		}
	}
	return nil
}

// join gives a provider the services outside, and writes them into its
// configuration, marked.
func (w *World) join(p *Provider, c *config.Config, code string) {
	o := w.outside
	page := c.Web.Base + apply.ReturnPath
	p.Services = simulator.NewServices(clock.System{}, page)
	o.mux.Handle("/"+code+"/", http.StripPrefix("/"+code, p.Services.Handler()))
	service := func(path string) config.Service {
		return config.Service{URL: o.base + "/" + code + "/" + path, Anchors: w.Anchors(), Timeout: 10 * time.Second, Simulator: true}
	}
	c.Residency = []config.Residency{{Host: "127.0.0.1", Country: "TR", Networks: []string{"127.0.0.0/8"}}}
	c.SMS = service("sms")
	c.MobileSignature = service("sms")
	c.MobileSignature.URL = o.base + "/mobile"
	c.MailNotices = config.MailNotices{Address: o.at, Anchors: w.Anchors(), From: "bildirim@saglayici-" + code + ".test", Simulator: true}
	i := &c.Identification
	i.Gate, i.GatePage, i.GateReturn = service("gate"), o.base+"/"+code+"/gate/", page
	i.Registry = service("registry")
	i.States = []config.State{{State: "TUR", Anchors: w.path("pki", "state.pem"), Simulator: true}}
	i.Attester = w.path("pki", "attester.pem")
	i.Cards = w.Anchors()
	p.Texts = o.base + "/" + code + "/sms/"
}

// Mails are those that the simulated mailboxes took, the newest last.
func (w *World) Mails() []simulator.Mail { return w.outside.boxes.Mails() }

// Telephones are those of all persons of the world, for mobile signatures; each has the
// person's key.
func (w *World) Telephones() *telephone.Telephones { return w.outside.phones }

// TelephonePage shows them, with a button for each answer.
func (w *World) TelephonePage() string { return w.outside.base + "/mobile/" }

// MailPage shows them.
func (w *World) MailPage() string { return w.outside.base + "/mail/" }
