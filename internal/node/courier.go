package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"rem"
	"rem/edge/smtpout"
	"rem/mail/smtp"
	"rem/message/relay"
	"rem/trust/trustlist"
)

// courier goes to other providers: to the endpoints of the trust list, with
// the certificates that the list names.
type courier struct {
	n      *Node
	sender *smtpout.Sender
}

// Carry implements relay.Courier.
func (c courier) Carry(ctx context.Context, domain string, tx smtp.Transaction, body io.Reader, _ int64) relay.Attempt {
	a := c.carry(ctx, domain, tx, body)
	c.n.metrics.attempts.WithLabelValues(a.Class.String()).Inc()
	return a
}

func (c courier) carry(ctx context.Context, domain string, tx smtp.Transaction, body io.Reader) relay.Attempt {
	peer, err := c.peer(domain, tx.Sender.IsNull())
	if err != nil {
		return relay.Attempt{Class: relay.NotTaken, Reason: rem.PeerNotIdentified, Detail: err.Error()}
	}
	r := c.sender.Send(ctx, peer, tx, body)
	if r.Greeted {
		c.n.greeted(ctx, domain, r.MaxSize)
	}
	if smtpout.Alarming(r.Err) {
		c.n.Alarm("a provider did not show the certificate of the trust list", "", domain)
	}
	return attempt(r)
}

// attempt says what is certain after sending: for the message, and for each
// recipient whom the other side answered by himself.
func attempt(r smtpout.Result) relay.Attempt {
	a := relay.Attempt{Class: relay.NotTaken, Reason: rem.PeerUnreachable, Refused: map[rem.Address]rem.Reason{}}
	switch r.Outcome {
	case smtpout.Taken:
		a.Class = relay.Taken
	case smtpout.Unknown:
		a.Class = relay.Unknown
	}
	if r.Err != nil {
		a.Detail = quiet(r.Err)
	}
	unwanted := 0 // recipients whose addresses are not what is wrong
	for _, to := range r.Recipients {
		address, err := to.Path.Address()
		if err != nil || to.Reply == nil {
			continue
		}
		switch {
		case to.Fate == smtpout.Temporary:
			a.Refused[address] = ""
		case to.Fate == smtpout.Permanent && aboutAddress(to.Reply):
			a.Refused[address] = rem.UnknownRecipient
		case to.Fate == smtpout.Permanent:
			a.Refused[address] = rem.PolicyViolation
			unwanted++
		}
	}
	if a.Class == relay.NotTaken && unwanted == len(r.Recipients) {
		a.Permanent, a.Reason = true, rem.PolicyViolation
	}
	return a
}

// quiet tells a fault of the way without what the peer wrote to it: replies
// name recipients, and details go to logs (AT-34). Code and enhanced code stay.
func quiet(err error) string {
	text := err.Error()
	if r, ok := errors.AsType[*smtp.Reply](err); ok {
		text = strings.ReplaceAll(text, r.Error(), strings.TrimSpace(fmt.Sprintf("%d %s", r.Code, r.Enhanced)))
	}
	words := strings.Fields(text)
	for i, w := range words {
		if strings.Contains(w, "@") {
			words[i] = "[address]"
		}
	}
	return strings.Join(words, " ")
}

// aboutAddress reports whether a refusal is about the recipient's address
// (RFC 3463 3.2: X.1.X, of which X.1.7 and X.1.8 are about the sender's).
func aboutAddress(r *smtp.Reply) bool {
	return strings.HasPrefix(r.Enhanced, "5.1.") && r.Enhanced != "5.1.7" && r.Enhanced != "5.1.8"
}

// peer finds the endpoint. A provider that is not in service gets no messages,
// but still answers about its own, as long as it listens, which the list says by
// naming an endpoint.
func (c courier) peer(domain string, answer bool) (smtpout.Peer, error) {
	provider, err := c.n.list().ByDomain(domain, c.n.clock.Now())
	if err != nil && !(answer && errors.Is(err, trustlist.ErrNotGranted)) {
		return smtpout.Peer{}, err
	}
	if len(provider.Relays) == 0 {
		return smtpout.Peer{}, fmt.Errorf("the trust list names no endpoint for %s", domain)
	}
	host, _, err := net.SplitHostPort(provider.Relays[0])
	if err != nil {
		return smtpout.Peer{}, fmt.Errorf("endpoint of %s: %w", domain, err)
	}
	return smtpout.Peer{
		Name: strings.Trim(host, "[]"), Address: provider.Relays[0], Implicit: true,
		Pins: pins(provider, c.n),
	}, nil
}

func pins(p *trustlist.Provider, n *Node) (digests []rem.Digest) {
	now := n.clock.Now()
	for _, c := range p.TLS {
		if c.InForce(now) {
			digests = append(digests, rem.DigestOf(c.Raw))
		}
	}
	return digests
}
