package config

import (
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"net/url"

	"rem"
	"rem/edge/outward"
	"rem/person"
)

// Guard gives the residency list as it is kept (P-15).
func (c *Config) Guard() (*outward.Guard, error) {
	var hosts []outward.Host
	for i, r := range c.Residency {
		h := outward.Host{Name: r.Host, Country: r.Country}
		for _, n := range r.Networks {
			p, err := netip.ParsePrefix(n)
			if err != nil {
				return nil, fmt.Errorf("residency[%d].networks: %q is no network such as 10.1.0.0/16", i, n)
			}
			h.Networks = append(h.Networks, p)
		}
		hosts = append(hosts, h)
	}
	g, err := outward.NewGuard(hosts, nil)
	if err != nil {
		return nil, fmt.Errorf("residency: %w", err)
	}
	return g, nil
}

// Given reports whether there is such a service.
func (s *Service) Given() bool { return s.URL != "" }

// PinDigests reads the pins, which Validate has looked at.
func (s *Service) PinDigests() (list []rem.Digest) {
	for _, p := range s.Pins {
		var d rem.Digest
		if n, err := hex.Decode(d[:], []byte(p)); err == nil && n == len(d) {
			list = append(list, d)
		}
	}
	return list
}

// outside finds the faults of what we ask outside and of the residency list.
func (c *Config) outside() (errs []error) {
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	guard, err := c.Guard()
	if err != nil {
		return append(errs, err)
	}
	address := func(name, text string) {
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			fault("%s is %q; write https://, a host and a path", name, text)
		} else if guard.Check(rem.FoldASCII(u.Hostname())) != nil {
			fault("%s: the host %s is not on the residency list; everything stays in %s", name, u.Hostname(), outward.Home)
		}
	}
	simulator := func(name string, is bool) {
		if is && c.Mode == Production {
			fault("%s is a simulator; production mode needs the real one", name)
		}
	}
	for _, s := range []struct {
		name string
		of   *Service
	}{{"identification.gate", &c.Identification.Gate}, {"identification.registry", &c.Identification.Registry}, {"sms", &c.SMS}, {"mobileSignature", &c.MobileSignature}, {"centralDirectory", &c.CentralDirectory}} {
		if !s.of.Given() {
			if s.of.Simulator || s.of.Anchors != "" {
				fault("%s: give its url", s.name)
			}
			continue
		}
		address(s.name+".url", s.of.URL)
		simulator(s.name, s.of.Simulator)
		if s.of.Anchors == "" {
			fault("%s.anchors: say what its certificate must lead to", s.name)
		}
		if (s.of.Certificate == "") != (s.of.Key == "") {
			fault("%s: give certificate and key, or neither", s.name)
		}
		if len(s.of.PinDigests()) != len(s.of.Pins) {
			fault("%s.pins: write each as 64 hexadecimal digits", s.name)
		}
		if s.of.Timeout < 0 {
			fault("%s.timeout is %s; it cannot be negative", s.name, s.of.Timeout)
		}
	}
	if d := &c.CentralDirectory; d.Given() && d.Certificate == "" {
		fault("centralDirectory: give certificate and key; it knows us by them")
	}
	id := &c.Identification
	if id.Gate.Given() {
		address("identification.gatePage", id.GatePage)
		// Our own page is no host outside.
		if u, err := url.Parse(id.GateReturn); err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
			fault("identification.gateReturn is %q; write the https address of our page", id.GateReturn)
		}
	}
	if (len(id.States) == 0) != (id.Attester == "") {
		fault("identification: chips need states and an attester; give both or neither")
	}
	for i, s := range id.States {
		if len(s.State) < 1 || len(s.State) > 3 || s.Anchors == "" {
			fault("identification.states[%d]: give state, such as TUR, and anchors", i)
		}
		simulator(fmt.Sprintf("identification.states[%d]", i), s.Simulator)
	}
	if m := &c.MailNotices; m.Address != "" {
		host, port, err := net.SplitHostPort(m.Address)
		switch {
		case err != nil || port == "":
			fault("mailNotices.address is %q; write a host and a port", m.Address)
		case guard.Check(host) != nil:
			fault("mailNotices.address: the host %s is not on the residency list; everything stays in %s", host, outward.Home)
		}
		simulator("mailNotices", m.Simulator)
		if m.Anchors == "" {
			fault("mailNotices.anchors: say what its certificate must lead to")
		}
		if (m.User == "") != (m.Password == "") {
			fault("mailNotices: give user and password, or neither")
		}
		if _, err := person.ParseMailAddress(m.From); err != nil {
			fault("mailNotices.from: give the ordinary mail address that notices come from")
		}
	}
	return errs
}
