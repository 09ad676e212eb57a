package setup

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/goccy/go-yaml"

	"rem"
	"rem/edge/clock"
	"rem/edge/config"
	"rem/edge/simulator"
	"rem/edge/tsa"
	"rem/provider"
	"rem/trust/cades"
	"rem/trust/trustlist"
	"rem/trust/tsp"
	"rem/trust/xades"
)

// stampPolicy is the policy of the simulated authority's tokens.
var stampPolicy = asn1.ObjectIdentifier{2, 16, 792, 3, 0, 4, 90, 2}

// Options say what world is made.
type Options struct {
	// Domains are the providers', such as hs90.kep.test.
	Domains []string
	// Key is the kind of the operation certificates; "" is P-256.
	Key simulator.KeyKind
	// KeyOf gives the kind of one provider's instead; "" leaves Key. May be nil.
	KeyOf func(domain string) simulator.KeyKind
	// Practice changes the settings of every provider; may be nil.
	Practice func(domain string, p *config.Practice)
	// Ended are domains whose provider is on the list as ended.
	Ended []string
	// Change is called with every configuration before it is written; may be nil.
	Change func(c *config.Config)
}

// A World is a folder with everything that providers need, and the authorities
// that answer while it is open. It is made for one goroutine.
type World struct {
	Dir       string
	PKI       *simulator.PKI
	Stamper   *tsp.Responder
	State     *simulator.State    // whose identity documents the providers believe
	Attester  *simulator.Attester // whom they trust to compare faces
	Providers []*Provider

	options Options
	outside *outside
	list    trustlist.List
	signer  *xades.Signer
	server  *http.Server
	base    string
}

// A Provider is one of the world's.
type Provider struct {
	Domain string
	Name   rem.Text
	// File is its configuration file, Config what it says.
	File   string
	Config *config.Config
	// Services are those outside that the provider asks, and Texts the page that
	// shows its text messages.
	Services *simulator.Services
	Texts    string

	operation, tls *simulator.Identity
}

// New makes a world in a folder and begins to answer for its authorities.
func New(dir string, o Options) (_ *World, err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, fmt.Errorf("making a world: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making a world: %w", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("making a world: %w", err)
	}
	w := &World{Dir: dir, options: o, base: "http://" + l.Addr().String()}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("making a world: %w", err), l.Close(), w.outside.close())
		}
	}()
	if w.PKI, err = simulator.New(simulator.Options{Clock: clock.System{}, BaseURL: w.base}); err != nil {
		return nil, err
	}
	if err := w.PKI.Write(filepath.Join(dir, "pki")); err != nil {
		return nil, err
	}
	if err := w.stamps(); err != nil {
		return nil, err
	}
	if err := w.openOutside(); err != nil {
		return nil, err
	}
	for _, domain := range o.Domains {
		if err := w.add(domain); err != nil {
			return nil, err
		}
	}
	if err := w.publish(); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/tsa", tsa.NewHandler(w.Stamper, nil))
	mux.Handle("/", w.PKI.Handler())
	w.server = tsa.NewServer(mux)
	go w.server.Serve(l) // ends with Close
	return w, nil
}

// Close stops the authorities. The folder stays.
func (w *World) Close() error { return errors.Join(w.server.Close(), w.outside.close()) }

func (w *World) path(parts ...string) string {
	return filepath.Join(append([]string{w.Dir}, parts...)...)
}

func (w *World) stamps() error {
	id, err := w.PKI.TSA("Benzetim Zaman Damgası / Simulated TSA")
	if err != nil {
		return err
	}
	if _, _, err := id.Write(w.path("pki"), "tsa"); err != nil {
		return err
	}
	w.Stamper, err = tsp.NewResponder(tsp.ResponderOptions{
		Key: id.Key, Chain: id.Chain, Policy: stampPolicy, Accuracy: time.Second, Clock: clock.System{},
	})
	return err
}

// add makes one provider: certificates, ports and configuration.
func (w *World) add(domain string) error {
	service, err := rem.ParseAddress("rem-service@" + domain)
	if err != nil {
		return err
	}
	code := service.HSCode()
	p := &Provider{Domain: domain, Name: rem.Text{Turkish: "Benzetim KEPHS " + code, English: "Simulated provider " + code}}
	key := w.options.Key
	if w.options.KeyOf != nil && w.options.KeyOf(domain) != "" {
		key = w.options.KeyOf(domain)
	}
	if p.operation, err = w.PKI.Operation(p.Name.English, domain, key); err != nil {
		return err
	}
	if p.tls, err = w.PKI.TLS(domain); err != nil {
		return err
	}
	dir := w.path(code)
	opCert, opKey, err := p.operation.Write(dir, "operation")
	if err != nil {
		return err
	}
	tlsCert, tlsKey, err := p.tls.Write(dir, "tls")
	if err != nil {
		return err
	}
	c := &config.Config{
		Mode: config.Test, Data: filepath.Join(dir, "data"), Log: "info",
		Provider:      config.Provider{Domain: domain, NameTR: p.Name.Turkish, NameEN: p.Name.English, Service: service.String()},
		Operation:     config.KeyPair{Certificate: opCert, Key: opKey},
		SubmissionTLS: config.KeyPair{Certificate: tlsCert, Key: tlsKey},
		RelayTLS:      config.KeyPair{Certificate: tlsCert, Key: tlsKey},
		Timestamp:     []config.Authority{{URL: w.base + "/tsa", Certificates: w.path("pki", "tsa.crt.pem"), Policy: stampPolicy.String(), Simulator: true}},
		TrustList:     config.TrustList{File: w.path("trustlist.xml"), Signers: w.path("pki", "list.crt.pem"), Every: time.Second},
		Anchors:       config.Anchors{Operation: w.Anchors(), Timestamp: w.Anchors(), Personal: w.Anchors(), Issuers: w.path("pki", "personal.crt.pem")},
		Revocation:    config.Revocation{Require: true},
		Keys:          config.Keys{Demonstration: true},
		Scanner:       config.Scanner{None: true},
		Limits:        config.Limits{Connections: 512, PerAddress: 512, Workers: 32},
	}
	d := provider.DefaultPractice()
	c.Practice = config.Practice{
		PolicyIDs: d.PolicyIDs, Signing: d.Signing, MaxPackage: d.MaxPackage, MaxRecipients: d.MaxRecipients,
		RelayPeriod: d.RelayPeriod, AnswerPeriod: d.AnswerPeriod, RetrievalPeriod: d.RetrievalPeriod,
		FirstRetry: time.Second, LastRetry: d.LastRetry, AskAgain: d.AskAgain,
		AccountTerm: d.AccountTerm, AccountGrace: d.AccountGrace, AccountExport: d.AccountExport, AccountReminders: d.AccountReminders,
	}
	if w.options.Practice != nil {
		w.options.Practice(domain, &c.Practice)
	}
	ports, err := freePorts(6)
	if err != nil {
		return err
	}
	c.Listen = config.Listen{Submission: ports[0], SubmissionStartTLS: ports[1], Relay: ports[2], Operations: ports[3], Web: ports[4], IMAP: ports[5]}
	// Browsers find the pages under localhost, which is the name for which they
	// take passkeys without an authority's certificate.
	_, webPort, err := net.SplitHostPort(ports[4])
	if err != nil {
		return fmt.Errorf("finding the port of the pages: %w", err)
	}
	c.Identification.Offices = []config.Office{{
		ID: "merkez", NameTR: "Benzetim başvuru noktası", NameEN: "Simulated office", Address: "Örnek Mahallesi, Deneme Sokağı 1, Ankara",
		From: 9 * time.Hour, Until: 17 * time.Hour, Slot: 20 * time.Minute, Seats: 2,
	}}
	c.Web = config.Web{Base: "https://localhost:" + webPort}
	w.join(p, c, code)
	if w.options.Change != nil {
		w.options.Change(c)
	}
	b, err := yaml.Marshal(c)
	if err != nil {
		return fmt.Errorf("writing the configuration of %s: %w", domain, err)
	}
	p.File, p.Config = filepath.Join(dir, "remd.yaml"), c
	if err := os.WriteFile(p.File, b, 0o644); err != nil {
		return fmt.Errorf("writing the configuration of %s: %w", domain, err)
	}
	w.Providers = append(w.Providers, p)
	w.list.Providers = append(w.list.Providers, w.listed(p, code))
	return nil
}

func (w *World) listed(p *Provider, code string) trustlist.Provider {
	from := time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
	l := trustlist.Provider{
		Code: code, Domains: []string{p.Domain}, Name: p.Name, Relays: []string{p.Config.Listen.Relay},
		Operation: []trustlist.Certificate{{Certificate: p.operation.Certificate, From: from}},
		TLS:       []trustlist.Certificate{{Certificate: p.tls.Certificate, From: from}},
		Policies:  p.Config.Practice.PolicyIDs, Profile: trustlist.TS102640, SizeLimit: p.Config.Practice.MaxPackage,
		History: []trustlist.Change{{Status: trustlist.Granted, From: from}},
	}
	for _, ended := range w.options.Ended {
		if ended == p.Domain {
			l.History = append(l.History, trustlist.Change{Status: trustlist.Ended, From: from.Add(time.Minute)})
			l.Relays = nil
		}
	}
	return l
}

// publish signs the list and puts it in its place, whole.
func (w *World) publish() error {
	if w.signer == nil {
		id, err := w.PKI.Operation("Simulated list keeper", "list.kep.test", "")
		if err != nil {
			return err
		}
		if _, _, err := id.Write(w.path("pki"), "list"); err != nil {
			return err
		}
		if w.signer, err = xades.NewSigner(xades.SignerOptions{Key: id.Key, Chain: id.Chain}); err != nil {
			return err
		}
		w.list.Operator = rem.Text{Turkish: "Benzetim liste kurumu", English: "Simulated list keeper"}
	}
	w.list.Sequence++
	w.list.IssueTime = time.Now().UTC().Truncate(time.Second)
	w.list.NextUpdate = w.list.IssueTime.AddDate(0, 1, 0)
	b, err := w.list.Sign(context.Background(), w.signer)
	if err != nil {
		return err
	}
	tmp := w.path("trustlist.xml.new")
	if err := os.WriteFile(tmp, b, 0o644); err != nil {
		return fmt.Errorf("writing the trust list: %w", err)
	}
	if err := os.Rename(tmp, w.path("trustlist.xml")); err != nil {
		return fmt.Errorf("writing the trust list: %w", err)
	}
	return nil
}

// ChangeList changes a provider's entry and publishes the next issue.
func (w *World) ChangeList(code string, change func(p *trustlist.Provider)) error {
	for i := range w.list.Providers {
		if w.list.Providers[i].Code == code {
			change(&w.list.Providers[i])
			return w.publish()
		}
	}
	return fmt.Errorf("the trust list has no %s", code)
}

// Anchors is the PEM file of the world's root.
func (w *World) Anchors() string { return w.path("pki", "anchors.pem") }

// TrustList is the file of the signed list.
func (w *World) TrustList() string { return w.path("trustlist.xml") }

// A Person is a synthetic holder who can sign.
type Person struct {
	simulator.Citizen
	Address string
	// Mobile and Mail are where he is told: numbers and mailboxes of nobody.
	Mobile, Mail string
	Signer       *cades.Signer
	// Certificate and Key are PEM files, for other programs.
	Certificate, Key string
}

// Person makes the n-th synthetic person, with a certificate for an address.
func (w *World) Person(n int, address string) (*Person, error) {
	n %= len(simulator.Citizens)
	who := simulator.Citizens[n]
	id, err := w.PKI.Person(who.Subject, address, "")
	if err != nil {
		return nil, err
	}
	local, _, _ := strings.Cut(address, "@")
	p := &Person{Citizen: who, Address: address, Mobile: fmt.Sprintf("+90555000%04d", 1000+n), Mail: local + "@posta.test"}
	if p.Certificate, p.Key, err = id.Write(w.path("people"), strings.ReplaceAll(address, "@", "_at_")); err != nil {
		return nil, err
	}
	if p.Signer, err = cades.NewSigner(cades.Options{Key: id.Key, Chain: id.Chain}); err != nil {
		return nil, err
	}
	if err := w.outside.phones.Line(p.Mobile, id); err != nil {
		return nil, err
	}
	return p, nil
}

// Name is the person's whole name.
func (p *Person) Name() string { return p.GivenName + " " + p.FamilyName }

// The ports of a world are below those that systems give to outgoing connections
// (Linux from 32768, most others from 49152): one of these could be taken between
// its choice and its opening.
const (
	firstPort = 11000
	lastPort  = 32000
)

// given counts the ports that this process gave out, from a random start: its worlds
// are set up side by side, and a port that waits for its provider looks free.
var given = func() *atomic.Int64 {
	n := new(atomic.Int64)
	n.Store(mathrand.Int64N(lastPort - firstPort))
	return n
}()

// freePorts finds loopback ports that nobody uses now, none of them twice.
func freePorts(n int) ([]string, error) {
	var ports []string
	for tries := 0; len(ports) < n; tries++ {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", firstPort+given.Add(1)%(lastPort-firstPort)))
		if err != nil && tries < 50*n {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("looking for a free port: %w", err)
		}
		ports = append(ports, l.Addr().String())
		if err := l.Close(); err != nil {
			return nil, fmt.Errorf("looking for a free port: %w", err)
		}
	}
	return ports, nil
}

// Password makes a password, for programs and for pages. Its letters are of the
// whole alphabet: one of hexadecimal digits is now and then what CheckPassword
// calls digits with two letters between.
func Password() string {
	return rand.Text()
}

// Root returns the world's anchors as a pool for TLS clients.
func (w *World) Root() *x509.CertPool {
	pool := x509.NewCertPool()
	for _, c := range w.PKI.Anchors() {
		pool.AddCert(c)
	}
	return pool
}

// PEM returns the anchors, for programs that are given bytes.
func (w *World) PEM() []byte {
	var out []byte
	for _, c := range w.PKI.Anchors() {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return out
}
