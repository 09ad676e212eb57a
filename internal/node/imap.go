package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"rem"
	"rem/edge/imapd"
	"rem/edge/smtpin"
	"rem/message"
	"rem/message/mailbox"
	"rem/person/account"
	"rem/privacy"
)

// imapDoor is what mail programs that read meet.
type imapDoor struct{ n *Node }

var _ imapd.Backend = imapDoor{}

// Authenticate implements imapd.Backend: the user is the account's address, as at
// submission.
func (d imapDoor) Authenticate(ctx context.Context, session string, _ netip.AddrPort, user, password string) (imapd.Principal, error) {
	p, _, err := d.n.login(ctx, user, password)
	if errors.Is(err, account.ErrPassword) {
		return imapd.Principal{}, fmt.Errorf("%w: %w", imapd.ErrCredentials, err)
	}
	if err != nil {
		return imapd.Principal{}, err
	}
	return imapd.Principal{
		Visitor: mailbox.Visitor{Actor: p.Actor, Authentication: message.Authentication{Time: p.Since, Method: p.Actor.Method}, Case: privacy.CaseID(session)},
		Ticket:  p,
	}, nil
}

// Holds implements imapd.Backend.
func (d imapDoor) Holds(ctx context.Context, p imapd.Principal) error {
	ticket, ok := p.Ticket.(smtpin.Principal)
	if !ok {
		return imapd.ErrLoggedOut
	}
	err := d.n.holds(ctx, ticket)
	if errors.Is(err, smtpin.ErrLoggedOut) {
		return imapd.ErrLoggedOut
	}
	return err
}

// imapServer opens the door for mail programs that read, where there is one.
func (n *Node) imapServer(certificates *tls.Config) (list []door, err error) {
	address := n.Config.Listen.IMAP
	if address == "" {
		return nil, nil
	}
	server, err := imapd.New(imapd.Config{TLS: certificates, Backend: imapDoor{n}, Box: n.Mailbox, Log: n.Log,
		Limits: imapd.Limits{Append: n.Practice.MaxPackage}})
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the door imap: %w", err), server.Shutdown(context.Background()))
	}
	n.mu.Lock()
	n.imap = server
	n.mu.Unlock()
	return []door{{"imap", l, server.Serve, server.Shutdown}}, nil
}

// MailSessions are those of mail programs on the account at present.
func (n *Node) MailSessions(a rem.AccountID) []imapd.Session {
	n.mu.Lock()
	server := n.imap
	n.mu.Unlock()
	if server == nil {
		return nil
	}
	return server.Sessions(a)
}

// EndMailSession ends one of them, and reports whether it was there.
func (n *Node) EndMailSession(a rem.AccountID, id string) bool {
	n.mu.Lock()
	server := n.imap
	n.mu.Unlock()
	return server != nil && server.End(a, id)
}
