package main

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"rem"
	"rem/edge/clock"
	"rem/edge/config"
	"rem/edge/smtpout"
	"rem/edge/tsa"
	"rem/mail/smtp"
	"rem/message/evidence"
	"rem/provider"
	"rem/trust/cades"
	"rem/trust/trustlist"
	"rem/trust/xades"
)

// A peer is who it is and what it signs with.
type peer struct {
	dialect
	config    *config.Config
	self      provider.REMMD
	clock     rem.Clock
	evidences *evidence.Signer
	envelopes *cades.Signer
	pair      tls.Certificate
	sender    *smtpout.Sender
}

func open(d dialect) (*peer, error) {
	c, err := config.Read(d.Config)
	if err != nil {
		return nil, err
	}
	p := &peer{dialect: d, config: c, clock: clock.System{}}
	if p.self, err = c.REMMD(); err != nil {
		return nil, err
	}
	operation, err := tls.LoadX509KeyPair(c.Operation.Certificate, c.Operation.Key)
	if err != nil {
		return nil, fmt.Errorf("reading the operation certificate: %w", err)
	}
	key, ok := operation.PrivateKey.(crypto.Signer)
	if !ok {
		return nil, errors.New("the operation key cannot sign")
	}
	chain, err := certificates(c.Operation.Certificate)
	if err != nil {
		return nil, err
	}
	var stamps tsa.ClientOptions
	stamps.Clock = p.clock
	for _, a := range c.Timestamp {
		certs, err := certificates(a.Certificates)
		if err != nil {
			return nil, err
		}
		stamps.Endpoints = append(stamps.Endpoints, tsa.Endpoint{URL: a.URL, Certificates: certs})
	}
	authority, err := tsa.NewClient(stamps)
	if err != nil {
		return nil, err
	}
	xs, err := xades.NewSigner(xades.SignerOptions{Key: key, Chain: chain, Hash: d.hash(), Authority: authority})
	if err != nil {
		return nil, err
	}
	if p.evidences, err = evidence.NewSigner(xs, p.self.HSCode(), p.clock); err != nil {
		return nil, err
	}
	if p.envelopes, err = cades.NewSigner(cades.Options{Key: key, Chain: chain, Hash: d.hash()}); err != nil {
		return nil, err
	}
	if p.pair, err = tls.LoadX509KeyPair(c.RelayTLS.Certificate, c.RelayTLS.Key); err != nil {
		return nil, fmt.Errorf("reading the TLS certificate: %w", err)
	}
	p.sender, err = smtpout.New(smtpout.Config{Name: c.Provider.Domain, Certificate: p.pair})
	return p, err
}

func certificates(file string) (certs []*x509.Certificate, err error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading certificates: %w", err)
	}
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("reading certificates of %s: %w", file, err)
		}
		certs = append(certs, c)
	}
	return certs, nil
}

// list reads the trust list anew each time: this program is in no hurry.
func (p *peer) list() (*trustlist.Verified, error) {
	b, err := os.ReadFile(p.config.TrustList.File)
	if err != nil {
		return nil, fmt.Errorf("reading the trust list: %w", err)
	}
	signers, err := certificates(p.config.TrustList.Signers)
	if err != nil {
		return nil, err
	}
	return trustlist.Verify(b, signers)
}

// serviceOf gives the address that evidence for a provider goes to.
func (p *peer) serviceOf(domain string) (string, error) {
	list, err := p.list()
	if err != nil {
		return "", err
	}
	there, err := list.ByDomain(domain, p.clock.Now())
	if there == nil {
		return "", fmt.Errorf("looking for %s: %w", domain, err)
	}
	return there.ServiceAddress(domain), nil
}

// send offers a message to a provider of the list and says what came of it.
func (p *peer) send(ctx context.Context, domain string, from smtp.Path, to []string, body io.Reader, size int) (smtpout.Result, error) {
	list, err := p.list()
	if err != nil {
		return smtpout.Result{}, err
	}
	now := p.clock.Now()
	there, err := list.ByDomain(domain, now)
	if err != nil {
		return smtpout.Result{}, fmt.Errorf("looking for %s: %w", domain, err)
	}
	if len(there.Relays) == 0 {
		return smtpout.Result{}, fmt.Errorf("%s has no endpoint", domain)
	}
	host, _, err := net.SplitHostPort(there.Relays[0])
	if err != nil {
		return smtpout.Result{}, fmt.Errorf("endpoint of %s: %w", domain, err)
	}
	at := smtpout.Peer{Name: strings.Trim(host, "[]"), Address: there.Relays[0], Implicit: true}
	for _, c := range there.TLS {
		if c.InForce(now) {
			at.Pins = append(at.Pins, rem.DigestOf(c.Raw))
		}
	}
	tx := smtp.Transaction{Sender: from, Size: int64(size), EightBit: true}
	for _, address := range to {
		tx.Recipients = append(tx.Recipients, smtp.Recipient{Path: smtp.Path(address)})
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return p.sender.Send(ctx, at, tx, body), nil
}
