package node

import (
	"context"
	"errors"
	"fmt"

	"rem"
	"rem/edge/smtpin"
	"rem/mail/smtp"
	"rem/message"
)

// peerDoor is what other providers meet. Who is there is the TLS certificate
// that the trust list names (REQ-81); what is in the message is judged by its
// own signatures.
type peerDoor struct {
	n *Node
}

var errStranger = errors.New("no provider of the trust list has this certificate")

// peer says which provider a connection comes from.
func (d peerDoor) peer(s *smtpin.Session) (string, error) {
	if s.TLS == nil || len(s.TLS.PeerCertificates) == 0 {
		return "", errStranger
	}
	domain, ok := d.n.peers.byTLS(s.TLS.PeerCertificates[0], d.n.clock.Now())
	if !ok {
		return "", errStranger
	}
	return domain, nil
}

// Begin implements smtpin.Backend.
func (d peerDoor) Begin(_ context.Context, s *smtpin.Session) error {
	if _, err := d.peer(s); err != nil {
		d.n.Alarm("a stranger came to the door of providers", "", s.ID)
		return rem.Refuse(rem.PeerNotIdentified, "Sertifikanız güven listesinde değil.", "Your certificate is not on the trust list.")
	}
	return nil
}

// Authenticate implements smtpin.Backend; providers have their certificate.
func (d peerDoor) Authenticate(context.Context, *smtpin.Session, string, string) (smtpin.Principal, error) {
	return smtpin.Principal{}, smtpin.ErrCredentials
}

// Mail implements smtpin.Backend.
func (d peerDoor) Mail(context.Context, *smtpin.Session, *smtp.Transaction) error { return nil }

// Rcpt implements smtpin.Backend: only addresses in our domain. Whether the
// account is there is answered with evidence.
func (d peerDoor) Rcpt(_ context.Context, _ *smtpin.Session, _ *smtp.Transaction, r smtp.Recipient) error {
	a, err := r.Path.Address()
	if err != nil || a.Provider() != d.n.Provider.Domain {
		return rem.Refuse(rem.UnknownRecipient, "Bu adres bu sağlayıcıda değil.", "This address is not at this provider.")
	}
	return nil
}

// Data implements smtpin.Backend.
func (d peerDoor) Data(_ context.Context, s *smtpin.Session, tx smtp.Transaction) (smtpin.Sink, error) {
	domain, err := d.peer(s)
	if err != nil {
		return nil, err
	}
	return &sink{Spool: d.n.Store.Spool(), commit: func(ctx context.Context, c message.Content) (string, error) {
		if err := d.n.Relay.In(ctx, domain, tx, c); err != nil {
			return "", d.n.fault(err)
		}
		d.n.metrics.relayedIn.Inc()
		return fmt.Sprintf("taken from %s", domain), nil
	}}, nil
}
