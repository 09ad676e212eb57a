package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"rem"
	"rem/provider"
)

// Mode says whether simulators are allowed.
type Mode string

// The modes. Production refuses to start with a simulator behind any interface.
const (
	Production Mode = "production"
	Test       Mode = "test"
)

// A Config is everything that a provider is told from outside.
type Config struct {
	// Mode is "production", which refuses simulators, or "test".
	Mode Mode `yaml:"mode"`
	// Data is the folder of the ledger, the journal and the contents. One
	// program at a time works on it.
	Data string `yaml:"data"`
	// Provider says who we are.
	Provider Provider `yaml:"provider"`
	// Practice holds the settings of the practice statement (KEPUE).
	Practice Practice `yaml:"practice"`
	// Listen are the doors.
	Listen Listen `yaml:"listen"`
	// Operation is the operation certificate, which signs evidence and
	// envelopes: its chain, leaf first, and its key, as PEM files.
	Operation KeyPair `yaml:"operation"`
	// SubmissionTLS is the TLS certificate that mail programs and address books see.
	SubmissionTLS KeyPair `yaml:"submissionTLS"`
	// RelayTLS is the TLS certificate that other providers see, on both sides.
	RelayTLS KeyPair `yaml:"relayTLS"`
	// Timestamp are the RFC 3161 authorities, asked in this order.
	Timestamp []Authority `yaml:"timestamp"`
	// TrustList is the signed list of providers.
	TrustList TrustList `yaml:"trustList"`
	// Anchors are what certificates must lead to.
	Anchors Anchors `yaml:"anchors"`
	// Revocation says where certificate status comes from.
	Revocation Revocation `yaml:"revocation"`
	// Web says how the pages present themselves; it counts when listen.web is given.
	Web Web `yaml:"web"`
	// Keys says where the keys of personal data are.
	Keys Keys `yaml:"keys"`
	// Scanner looks for malware.
	Scanner Scanner `yaml:"scanner"`
	// Residency lists the hosts outside to which questions about people and
	// notices may go, each with its country, which is TR. Whatever of
	// identification, sms, mobileSignature and mailNotices is not on it is refused at
	// the start.
	Residency []Residency `yaml:"residency"`
	// Identification says whom we ask about applicants.
	Identification Identification `yaml:"identification"`
	// SMS is the gateway of text messages; without a URL there is none.
	SMS Service `yaml:"sms"`
	// MobileSignature is who reaches the operators of mobile signatures; without a URL
	// nobody signs by telephone. It is asked in a form of our own, for which a real
	// operator needs a connector; none is part of this program.
	MobileSignature Service `yaml:"mobileSignature"`
	// CentralDirectory is the central KEP directory, which is told every change of
	// our accounts; without a URL it is told nothing. It knows us by certificate and key.
	CentralDirectory Service `yaml:"centralDirectory"`
	// MailNotices is the mail server by which notices go; without an address
	// there is none. Registered mail never goes by it.
	MailNotices MailNotices `yaml:"mailNotices"`
	// Programs say how far programs are served that act for people.
	Programs Programs `yaml:"programs"`
	// Limits bound what strangers may ask of us.
	Limits Limits `yaml:"limits"`
	// Log says what is logged: "debug", "info", "warn" or "error".
	Log string `yaml:"log"`
}

// Provider says who we are.
type Provider struct {
	// Domain is the provider's domain, such as hs90.kep.test.
	Domain string `yaml:"domain"`
	// NameTR and NameEN are the names that evidence and pages show.
	NameTR string `yaml:"nameTR"`
	NameEN string `yaml:"nameEN"`
	// Service is the address that evidence comes from and goes to. Default:
	// rem-service@ and the domain.
	Service string `yaml:"service"`
}

// Practice holds the settings of the practice statement; an absent one has the
// default that remd check-config shows with its source.
type Practice struct {
	// PolicyIDs are the URIs that every evidence names.
	PolicyIDs []string `yaml:"policyIDs"`
	// Signing of original messages: "required" or "accepted".
	Signing provider.Signing `yaml:"signing"`
	// MaxPackage is the largest signed package between providers, in octets.
	MaxPackage int64 `yaml:"maxPackage"`
	// MaxRecipients of one message.
	MaxRecipients int `yaml:"maxRecipients"`
	// RelayPeriod is how long we try to get a message taken by another provider.
	RelayPeriod time.Duration `yaml:"relayPeriod"`
	// AnswerPeriod is how long we wait to learn what became of it.
	AnswerPeriod time.Duration `yaml:"answerPeriod"`
	// RetrievalPeriod is how long a message may lie unopened.
	RetrievalPeriod time.Duration `yaml:"retrievalPeriod"`
	// DeemedRead ends the retrieval period earlier; 0 is off, the default.
	DeemedRead time.Duration `yaml:"deemedRead"`
	// FirstRetry and LastRetry bound the pause between attempts, which doubles.
	FirstRetry time.Duration `yaml:"firstRetry"`
	LastRetry  time.Duration `yaml:"lastRetry"`
	// AskAgain is how often a provider that owes an answer is asked again.
	AskAgain time.Duration `yaml:"askAgain"`
	// AccountTerm is how long an account is opened and renewed for; 0 is without end.
	AccountTerm time.Duration `yaml:"accountTerm"`
	// AccountGrace is how long after its term an account still receives and is
	// read, with sending blocked, before it closes.
	AccountGrace time.Duration `yaml:"accountGrace"`
	// AccountExport is how long after closing the holder can have the messages.
	AccountExport time.Duration `yaml:"accountExport"`
	// AccountReminders are how long before the end of a term, of an account or of
	// an operator's authority, its people are reminded.
	AccountReminders []time.Duration `yaml:"accountReminders"`
}

// Listen are the doors; an empty one is closed.
type Listen struct {
	// Submission is SMTP with TLS from the first byte (465).
	Submission string `yaml:"submission"`
	// SubmissionStartTLS is SMTP with STARTTLS (587).
	SubmissionStartTLS string `yaml:"submissionStartTLS"`
	// Relay is SMTP between providers, mutual TLS from the first byte.
	Relay string `yaml:"relay"`
	// Web is HTTPS for the pages.
	Web string `yaml:"web"`
	// IMAP is for mail programs that read, with TLS from the first byte (993).
	IMAP string `yaml:"imap"`
	// Directory is LDAP for address books, with TLS from the first byte (636).
	Directory string `yaml:"directory"`
	// DirectoryStartTLS is LDAP with StartTLS (389).
	DirectoryStartTLS string `yaml:"directoryStartTLS"`
	// Operations is HTTP for operators: /healthz, /readyz and /metrics. Only a
	// loopback address is taken. (remctl comes by a socket in the data folder.)
	Operations string `yaml:"operations"`
}

// KeyPair is a certificate chain and its key, as PEM files.
type KeyPair struct {
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
}

// Authority is one RFC 3161 time-stamp authority.
type Authority struct {
	// URL of the authority.
	URL string `yaml:"url"`
	// Certificates are those it may sign with, as a PEM file.
	Certificates string `yaml:"certificates"`
	// Policy is the OID that its tokens must name; empty: any.
	Policy string `yaml:"policy"`
	// Simulator marks an authority that is none. Production refuses it.
	Simulator bool `yaml:"simulator"`
}

// TrustList is the signed list of providers.
type TrustList struct {
	// File of the list; it is read again when it changes.
	File string `yaml:"file"`
	// Signers are the certificates that may sign it, as a PEM file.
	Signers string `yaml:"signers"`
	// Every is how often the file is looked at. Default: 10s.
	Every time.Duration `yaml:"every"`
}

// Anchors are PEM files of the certificates that we trust, per purpose.
type Anchors struct {
	Operation string `yaml:"operation"`
	Timestamp string `yaml:"timestamp"`
	Personal  string `yaml:"personal"`
	// Issuers are the authorities between the personal anchors and people's
	// certificates: many cards hold their owner's certificate alone. They help to find
	// a path and prove nothing. Default: none, and a card has to hold them.
	Issuers string `yaml:"issuers"`
}

// Revocation says where certificate status comes from.
type Revocation struct {
	// Require refuses personal certificates whose status cannot be learnt.
	// Production requires it.
	Require bool `yaml:"require"`
}

// Web says how the pages present themselves.
type Web struct {
	// Base is where people find the pages, such as https://kep.example: the only
	// origin that is answered.
	Base string `yaml:"base"`
	// TLS is the certificate that browsers see. Default: that of submissionTLS.
	TLS KeyPair `yaml:"tls"`
	// Security is where who finds a weakness turns to, such as
	// mailto:guvenlik@kep.example; empty: no security.txt.
	Security string `yaml:"security"`
}

// Keys says where the keys are by which personal data is sealed (P-03, P-12).
type Keys struct {
	// Folder of the key file, best on another disk than the data. remd make-keys
	// makes the file, once. Default: keys, beside this file.
	Folder string `yaml:"folder"`
	// Passphrase is a file with the passphrase of the key file, of at least 20
	// octets, which only the provider's user can read.
	Passphrase string `yaml:"passphrase"`
	// Destroyed is the folder of the list of destroyed keys. It is best on
	// another disk than the data, and is never put back from a backup. Default:
	// destroyed, in the data folder.
	Destroyed string `yaml:"destroyed"`
	// Demonstration makes keys with their passphrase beside them in the data
	// folder, instead of folder and passphrase. Production refuses it.
	Demonstration bool `yaml:"demonstration"`
}

// Scanner looks for malware.
type Scanner struct {
	// Clamd is the address of clamd: unix:/path or host:port.
	Clamd string `yaml:"clamd"`
	// None says that there is no scanner on purpose. One of the two is needed.
	// Production refuses it.
	None bool `yaml:"none"`
}

// Residency is a host outside that is in the country (S39).
type Residency struct {
	// Host is its name or IP address, as URLs have it, without a port.
	Host string `yaml:"host"`
	// Country of the host; only TR is taken.
	Country string `yaml:"country"`
	// Networks are those in which its addresses have to be, such as 10.1.0.0/16.
	// Without any, every public address will do.
	Networks []string `yaml:"networks"`
}

// Service is a service outside that is asked over TLS.
type Service struct {
	// URL of the service, https.
	URL string `yaml:"url"`
	// Anchors are what its certificate must lead to, as a PEM file.
	Anchors string `yaml:"anchors"`
	// Pins, when there are any, are SHA-256 digests of the certificates that it
	// may show, in hexadecimal.
	Pins []string `yaml:"pins"`
	// Certificate and Key show who we are, as PEM files; empty: it does not ask.
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
	// Authorization is a file that holds the value of the header field by which
	// the service knows us; empty: none.
	Authorization string `yaml:"authorization"`
	// Timeout of one attempt. 0: 10s.
	Timeout time.Duration `yaml:"timeout"`
	// Simulator marks a service that is none. Production refuses it.
	Simulator bool `yaml:"simulator"`
}

// Identification says whom we ask about applicants, and whose documents we
// believe. A part that is not given is a method that is not offered.
type Identification struct {
	// Gate is the back channel of the e-government gate.
	Gate Service `yaml:"gate"`
	// GatePage is the gate's page to which people are sent.
	GatePage string `yaml:"gatePage"`
	// GateReturn is our page to which they come back.
	GateReturn string `yaml:"gateReturn"`
	// Registry is the registry of businesses (MERSİS).
	Registry Service `yaml:"registry"`
	// States whose documents' chips are believed.
	States []State `yaml:"states"`
	// Attester is the certificate of whom we trust to compare faces, as a PEM
	// file. Chips need it.
	Attester string `yaml:"attester"`
	// Cards are what certificates of chip identity cards must lead to, as a PEM
	// file.
	Cards string `yaml:"cards"`
	// Offices are where people can come to show who they are.
	Offices []Office `yaml:"offices"`
	// VideoCalls says that officers hold calls face to face, with a system of the
	// provider's own that records them: an officer hands in the recording's digest.
	VideoCalls bool `yaml:"videoCalls"`
}

// Office is where people come to show who they are.
type Office struct {
	// ID names it for ever: lower-case letters, digits and hyphens.
	ID string `yaml:"id"`
	// NameTR and NameEN are what people read.
	NameTR string `yaml:"nameTR"`
	NameEN string `yaml:"nameEN"`
	// Address is where it is.
	Address string `yaml:"address"`
	// From and Until are its hours from Monday to Friday, of Turkish time, counted
	// from midnight, such as 9h and 17h.
	From  time.Duration `yaml:"from"`
	Until time.Duration `yaml:"until"`
	// Slot is how long an appointment takes, Seats how many there are at once.
	Slot  time.Duration `yaml:"slot"`
	Seats int           `yaml:"seats"`
}

// State is the authority of a state for its documents.
type State struct {
	// State as machine-readable zones write it, such as TUR.
	State string `yaml:"state"`
	// Anchors are its own certificates (CSCA), as a PEM file.
	Anchors string `yaml:"anchors"`
	// Revoked is its newest list of revoked signers, as a PEM file; empty: none.
	Revoked string `yaml:"revoked"`
	// Simulator marks a state that is none. Production refuses it.
	Simulator bool `yaml:"simulator"`
}

// MailNotices is the mail server by which notices go.
type MailNotices struct {
	// Address of the server, host:port.
	Address string `yaml:"address"`
	// StartTLS says that TLS begins after STARTTLS and not with the first byte.
	// Without TLS nothing is sent.
	StartTLS bool `yaml:"startTLS"`
	// Anchors are what its certificate must lead to, as a PEM file.
	Anchors string `yaml:"anchors"`
	// User and Password log us in; the password is in a file.
	User     string `yaml:"user"`
	Password string `yaml:"password"`
	// From is the ordinary mail address that notices come from.
	From string `yaml:"from"`
	// Simulator marks a server that is none. Production refuses it.
	Simulator bool `yaml:"simulator"`
}

// Programs say how far programs are served that act for people.
type Programs struct {
	// EventDays is how many days the events of an account are kept for programs that
	// follow it, 400 at most; 0 is 90. Default: 90.
	EventDays int `yaml:"eventDays"`
	// BulkPerMinute is how many letters of bulk sending an account may have signed or
	// released within a minute, 6000 at most; 0 is 300. Default: 300.
	BulkPerMinute int `yaml:"bulkPerMinute"`
}

// Limits bound what strangers may ask of us.
type Limits struct {
	// Connections at each door at once. Default: 512.
	Connections int `yaml:"connections"`
	// PerAddress are connections from one address at once. Default: 64.
	PerAddress int `yaml:"perAddress"`
	// Workers are messages that each stage works on at once. Default: 32.
	Workers int `yaml:"workers"`
}

// Read reads a file, fills in defaults and checks. Relative paths are relative
// to the file's folder.
func Read(file string) (*Config, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	c := defaults()
	d := yaml.NewDecoder(bytes.NewReader(b), yaml.DisallowUnknownField())
	if err := d.Decode(c); err != nil && !errors.Is(err, io.EOF) { // an empty file has no document
		return nil, fmt.Errorf("reading the configuration %s: %s", file, yaml.FormatError(err, false, true))
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading the configuration %s: a second document (---) follows; write one", file)
	}
	c.resolve(filepath.Dir(file))
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("configuration %s: %w", file, err)
	}
	return c, nil
}

func defaults() *Config {
	p := provider.DefaultPractice()
	return &Config{
		Mode: Production,
		Data: "data",
		Practice: Practice{
			PolicyIDs: p.PolicyIDs, Signing: p.Signing, MaxPackage: p.MaxPackage, MaxRecipients: p.MaxRecipients,
			RelayPeriod: p.RelayPeriod, AnswerPeriod: p.AnswerPeriod, RetrievalPeriod: p.RetrievalPeriod, DeemedRead: p.DeemedRead,
			FirstRetry: p.FirstRetry, LastRetry: p.LastRetry, AskAgain: p.AskAgain,
			AccountTerm: p.AccountTerm, AccountGrace: p.AccountGrace, AccountExport: p.AccountExport, AccountReminders: p.AccountReminders,
		},
		Keys:      Keys{Folder: "keys"},
		TrustList: TrustList{Every: 10 * time.Second},
		Programs:  Programs{EventDays: 90, BulkPerMinute: 300},
		Limits:    Limits{Connections: 512, PerAddress: 64, Workers: 32},
		Log:       "info",
	}
}

func (c *Config) resolve(dir string) {
	for _, p := range []*string{
		&c.Data, &c.Operation.Certificate, &c.Operation.Key, &c.SubmissionTLS.Certificate, &c.SubmissionTLS.Key,
		&c.RelayTLS.Certificate, &c.RelayTLS.Key, &c.TrustList.File, &c.TrustList.Signers,
		&c.Anchors.Operation, &c.Anchors.Timestamp, &c.Anchors.Personal, &c.Anchors.Issuers, &c.Web.TLS.Certificate, &c.Web.TLS.Key, &c.Keys.Folder, &c.Keys.Passphrase, &c.Keys.Destroyed,
		&c.Identification.Gate.Anchors, &c.Identification.Gate.Certificate, &c.Identification.Gate.Key, &c.Identification.Gate.Authorization,
		&c.Identification.Registry.Anchors, &c.Identification.Registry.Certificate, &c.Identification.Registry.Key, &c.Identification.Registry.Authorization,
		&c.SMS.Anchors, &c.SMS.Certificate, &c.SMS.Key, &c.SMS.Authorization,
		&c.MobileSignature.Anchors, &c.MobileSignature.Certificate, &c.MobileSignature.Key, &c.MobileSignature.Authorization,
		&c.CentralDirectory.Anchors, &c.CentralDirectory.Certificate, &c.CentralDirectory.Key, &c.CentralDirectory.Authorization,
		&c.Identification.Attester, &c.Identification.Cards, &c.MailNotices.Anchors, &c.MailNotices.Password,
	} {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
	for i := range c.Timestamp {
		if p := &c.Timestamp[i].Certificates; *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
	for i := range c.Identification.States {
		for _, p := range []*string{&c.Identification.States[i].Anchors, &c.Identification.States[i].Revoked} {
			if *p != "" && !filepath.IsAbs(*p) {
				*p = filepath.Join(dir, *p)
			}
		}
	}
	if c.Provider.Service == "" && c.Provider.Domain != "" {
		c.Provider.Service = "rem-service@" + c.Provider.Domain
	}
}

// Validate returns every fault at once, each saying what to do.
func (c *Config) Validate() error {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Mode != Production && c.Mode != Test {
		fault("mode is %q; write production or test", c.Mode)
	}
	service, err := rem.ParseAddress(c.Provider.Service)
	switch {
	case err != nil:
		fault("provider.service: %w", err)
	case service.Domain() != c.Provider.Domain || service.Provider() != c.Provider.Domain:
		fault("provider.domain is %q; it must be a provider's domain such as hs90.kep.test, and provider.service must be in it", c.Provider.Domain)
	}
	if c.Provider.NameTR == "" || c.Provider.NameEN == "" {
		fault("provider.nameTR and provider.nameEN: evidence names its issuer; give both")
	}
	if err := c.PracticeSettings().Validate(); err != nil {
		errs = append(errs, err)
	}
	for _, k := range []struct {
		name string
		pair KeyPair
	}{{"operation", c.Operation}, {"submissionTLS", c.SubmissionTLS}, {"relayTLS", c.RelayTLS}} {
		if k.pair.Certificate == "" || k.pair.Key == "" {
			fault("%s: give certificate and key, as PEM files", k.name)
		}
	}
	if len(c.Timestamp) == 0 {
		fault("timestamp: give at least one authority; evidence without a token has no weight")
	}
	for i, a := range c.Timestamp {
		if a.URL == "" || a.Certificates == "" {
			fault("timestamp[%d]: give url and certificates", i)
		}
		if u, err := url.Parse(a.URL); a.URL != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
			fault("timestamp[%d].url is %q; write http:// or https://, a host and a path", i, a.URL)
		}
		if a.Simulator && c.Mode == Production {
			fault("timestamp[%d] is a simulator; production mode needs a real authority", i)
		}
	}
	if c.TrustList.File == "" || c.TrustList.Signers == "" {
		fault("trustList: give file and signers; relay goes only to providers of the list")
	}
	if c.TrustList.Every <= 0 {
		fault("trustList.every is %s; it must be longer than nothing, or changes are not noticed", c.TrustList.Every)
	}
	if c.Anchors.Operation == "" || c.Anchors.Timestamp == "" || c.Anchors.Personal == "" {
		fault("anchors: give operation, timestamp and personal")
	}
	if (c.Keys.Passphrase == "") == !c.Keys.Demonstration {
		fault("keys: give passphrase, a file with the passphrase of the key file, or say demonstration: true in a test")
	}
	if c.Mode == Production && c.Keys.Demonstration {
		fault("keys.demonstration must be false in production: its passphrase lies beside the keys")
	}
	if (c.Scanner.Clamd == "") == !c.Scanner.None {
		fault("scanner: give clamd, or say none: true in a test")
	}
	if path, unix := strings.CutPrefix(c.Scanner.Clamd, "unix:"); unix && !filepath.IsAbs(path) || !unix && c.Scanner.Clamd != "" && !hostPort(c.Scanner.Clamd) {
		fault("scanner.clamd is %q; write unix: and an absolute path, or a host and a port", c.Scanner.Clamd)
	}
	if c.Mode == Production && c.Scanner.None {
		fault("scanner.none must be false in production: an infected message is not carried")
	}
	if c.Mode == Production && !c.Revocation.Require {
		fault("revocation.require must be true in production: a revoked certificate does not sign")
	}
	for _, d := range []struct{ name, address string }{
		{"submission", c.Listen.Submission}, {"submissionStartTLS", c.Listen.SubmissionStartTLS}, {"relay", c.Listen.Relay}, {"web", c.Listen.Web}, {"imap", c.Listen.IMAP}, {"directory", c.Listen.Directory}, {"directoryStartTLS", c.Listen.DirectoryStartTLS},
	} {
		if d.address != "" && !hostPort(d.address) {
			fault("listen.%s is %q; write an address and a port such as 192.0.2.1:465, or :465 for all addresses", d.name, d.address)
		}
	}
	if host, _, err := net.SplitHostPort(c.Listen.Operations); c.Listen.Operations != "" && (err != nil || !loopback(host)) {
		fault("listen.operations is %q; it must be a loopback address such as 127.0.0.1:9090", c.Listen.Operations)
	}
	if u, err := url.Parse(c.Web.Base); c.Listen.Web != "" && (err != nil || u.Scheme != "https" || u.Host == "" || c.Web.Base != "https://"+u.Host) {
		fault("web.base is %q; write https:// and the host where people find the pages, with a port where it is not 443", c.Web.Base)
	}
	offices := map[string]bool{}
	for i, o := range c.Identification.Offices {
		if o.ID == "" || offices[o.ID] || strings.Trim(o.ID, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			fault("identification.offices[%d].id is %q; write lower-case letters, digits and hyphens, another for each", i, o.ID)
		}
		offices[o.ID] = true
		if o.NameTR == "" || o.NameEN == "" || o.Address == "" || o.From < 0 || o.Until > 24*time.Hour || o.Slot <= 0 || o.From+o.Slot > o.Until || o.Seats < 1 {
			fault("identification.offices[%d]: give names, address, hours within a day that have room for a slot, and at least one seat", i)
		}
	}
	if (c.Web.TLS.Certificate == "") != (c.Web.TLS.Key == "") {
		fault("web.tls: give certificate and key, or neither")
	}
	if c.Limits.Connections < 1 || c.Limits.PerAddress < 1 || c.Limits.Workers < 1 {
		fault("limits: each must be at least 1")
	}
	if p := c.Programs; p.EventDays < 0 || p.EventDays > 400 || p.BulkPerMinute < 0 || p.BulkPerMinute > 6000 {
		fault("programs: eventDays has to be 0 to 400, bulkPerMinute 0 to 6000")
	}
	errs = append(errs, c.outside()...)
	switch c.Log {
	case "debug", "info", "warn", "error":
	default:
		fault("log is %q; write debug, info, warn or error", c.Log)
	}
	return errors.Join(errs...)
}

func hostPort(s string) bool {
	_, port, err := net.SplitHostPort(s)
	return err == nil && port != ""
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// PracticeSettings gives the practice statement's settings.
func (c *Config) PracticeSettings() provider.Practice {
	p, from := provider.DefaultPractice(), c.Practice
	p.PolicyIDs, p.Signing, p.MaxPackage, p.MaxRecipients = from.PolicyIDs, from.Signing, from.MaxPackage, from.MaxRecipients
	p.RelayPeriod, p.AnswerPeriod, p.RetrievalPeriod, p.DeemedRead = from.RelayPeriod, from.AnswerPeriod, from.RetrievalPeriod, from.DeemedRead
	p.FirstRetry, p.LastRetry, p.AskAgain = from.FirstRetry, from.LastRetry, from.AskAgain
	p.AccountTerm, p.AccountGrace, p.AccountExport, p.AccountReminders = from.AccountTerm, from.AccountGrace, from.AccountExport, from.AccountReminders
	return p
}

// REMMD says who we are.
func (c *Config) REMMD() (provider.REMMD, error) {
	service, err := rem.ParseAddress(c.Provider.Service)
	if err != nil {
		return provider.REMMD{}, fmt.Errorf("provider.service: %w", err)
	}
	return provider.REMMD{
		Domain:  c.Provider.Domain,
		Name:    rem.Text{Turkish: c.Provider.NameTR, English: c.Provider.NameEN},
		Service: service,
	}, nil
}
