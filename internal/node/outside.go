package node

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"strings"

	"rem"
	"rem/edge/config"
	"rem/edge/notify"
	"rem/edge/outward"
)

// outwardOptions says how a service outside is asked.
func (n *Node) outwardOptions(name string, s *config.Service, guard *outward.Guard) (outward.Options, error) {
	o := outward.Options{
		Name: name, URL: s.URL, Guard: guard, Pins: s.PinDigests(), Clock: n.clock, Timeout: s.Timeout,
		Production: n.Config.Mode == config.Production,
	}
	var err error
	if o.Anchors, err = readCertificates(s.Anchors); err != nil {
		return o, fmt.Errorf("preparing to ask %s: %w", name, err)
	}
	if s.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(s.Certificate, s.Key)
		if err != nil {
			return o, fmt.Errorf("preparing to ask %s: %w", name, err)
		}
		o.Certificate = &pair
	}
	if s.Authorization != "" {
		b, err := os.ReadFile(s.Authorization)
		if err != nil {
			return o, fmt.Errorf("preparing to ask %s: %w", name, err)
		}
		o.Header = http.Header{"Authorization": {strings.TrimRight(string(b), "\r\n")}}
	}
	return o, nil
}

// openNews prepares to tell people by text message and mail, as far as the
// configuration has a gateway and a mail server.
func (n *Node) openNews(guard *outward.Guard) error {
	c := n.Config
	o := notify.Options{Outbox: n.Records.Persons.Outbox(), Keys: n.Records.Keys, Clock: n.clock, Provider: n.Provider.Name, Log: n.Log}
	if c.SMS.Given() {
		options, err := n.outwardOptions("sms", &c.SMS, guard)
		if err != nil {
			return err
		}
		gateway, err := notify.NewGateway(options)
		if err != nil {
			return err
		}
		o.SMS = gateway
	}
	if c.MailNotices.Address != "" {
		server, err := n.mailServer(guard)
		if err != nil {
			return err
		}
		o.Mail = server
	}
	var err error
	if n.People.Messenger, err = notify.NewMessenger(o); err != nil {
		return err
	}
	n.People.Contacts, err = notify.NewBook(n.Records.Persons.Contacts(), n.People.Messenger)
	return err
}

func (n *Node) mailServer(guard *outward.Guard) (*notify.MailServer, error) {
	m := &n.Config.MailNotices
	anchors, err := readCertificates(m.Anchors)
	if err != nil {
		return nil, fmt.Errorf("preparing to send mail: %w", err)
	}
	o := notify.MailOptions{
		Address: m.Address, StartTLS: m.StartTLS, Guard: guard, Anchors: anchors, User: m.User, From: m.From, Name: doorName(n.Config),
		Provider: n.Provider.Name, Clock: n.clock, Production: n.Config.Mode == config.Production,
	}
	if m.Password != "" {
		b, err := os.ReadFile(m.Password)
		if err != nil {
			return nil, fmt.Errorf("preparing to send mail: %w", err)
		}
		o.Password = strings.TrimRight(string(b), "\r\n")
	}
	return notify.NewMailServer(o)
}

// simulated names what is a simulator in this program, for the head of each page.
func (n *Node) simulated() (list []rem.Text) {
	c := n.Config
	add := func(is bool, tr, en string) {
		if is {
			list = append(list, rem.Text{Turkish: tr, English: en})
		}
	}
	stamps := false
	for _, a := range c.Timestamp {
		stamps = stamps || a.Simulator
	}
	states := false
	for _, s := range c.Identification.States {
		states = states || s.Simulator
	}
	add(c.Mode != config.Production, "sertifika kurumları", "certification authorities")
	add(c.Scanner.None, "zararlı yazılım taraması (yapılmıyor)", "malware scanning (none is made)")
	add(stamps, "zaman damgası", "time stamps")
	add(c.Identification.Gate.Simulator, "e-Devlet", "e-government gate")
	add(c.Identification.Registry.Simulator, "MERSİS", "registry of businesses")
	add(states, "kimlik belgeleri", "identity documents")
	add(c.SMS.Simulator, "SMS", "text messages")
	add(c.MobileSignature.Simulator, "mobil imza", "mobile signatures")
	add(c.MailNotices.Simulator, "bildirim e-postası", "mail of notices")
	return list
}
