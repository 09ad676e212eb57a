package node

import (
	"context"
	"fmt"
	"sync"
	"time"

	"rem"
	"rem/edge/mailstore"
	"rem/message/mailbox"
)

// alarmLimits is raised when what a provider said of itself could not be kept.
const alarmLimits = "the size that a provider states could not be kept"

// limitKept is after which a provider's unchanged word is written again, so that its
// time is that of about the last meeting.
const limitKept = 24 * time.Hour

// peerLimits are what other providers last said of how large a message they take: in
// their answers to EHLO, where they are known by their certificates.
type peerLimits struct {
	store *mailstore.Store

	mu   sync.Mutex
	said map[string]mailbox.StatedLimit // guarded by mu; by domain
}

// openPeerLimits reads what was kept.
func openPeerLimits(ctx context.Context, store *mailstore.Store) (*peerLimits, error) {
	p := &peerLimits{store: store, said: map[string]mailbox.StatedLimit{}}
	list, err := store.StatedLimits(ctx)
	for _, l := range list {
		p.said[l.Domain] = l
	}
	return p, err
}

// learn keeps what a provider says now. It is durable when it returns.
func (p *peerLimits) learn(ctx context.Context, l mailbox.StatedLimit) error {
	l.Domain = rem.FoldASCII(l.Domain)
	p.mu.Lock()
	was, known := p.said[l.Domain]
	p.mu.Unlock()
	if known && was.Octets == l.Octets && l.At.Sub(was.At) < limitKept {
		return nil
	}
	if err := p.store.KeepStatedLimit(ctx, l); err != nil {
		return fmt.Errorf("%s: %w", l.Domain, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.said[l.Domain] = l
	return nil
}

// of is what a provider last said under one of its domains.
func (p *peerLimits) of(domains ...string) (last mailbox.StatedLimit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range domains {
		if l, ok := p.said[rem.FoldASCII(d)]; ok && l.At.After(last.At) {
			last = l
		}
	}
	return last
}

// limit is how large a signed package the provider of a domain takes: what it said,
// or what providers take by practice, as the practice statement says (REQ-52). What is
// larger than our own limit is accepted from nobody.
func (n *Node) limit(domain string) mailbox.Limit {
	l := mailbox.Limit{Domain: domain, Octets: n.Practice.MaxPackage, Known: mailbox.Assumed}
	if domain == n.Provider.Domain {
		l.Known = mailbox.Ours
		return l
	}
	domains := []string{domain}
	if p, err := n.list().ByDomain(domain, n.clock.Now()); err == nil {
		domains = append(domains, p.Domains...)
	}
	if said := n.boxes.limits.of(domains...); said.Octets > 0 {
		l.Octets, l.Known, l.At = said.Octets, mailbox.Stated, said.At
	}
	return l
}

// greeted keeps what a provider said when we came to it.
func (n *Node) greeted(ctx context.Context, domain string, octets int64) {
	if n.boxes.limits == nil {
		return // we relay before the mailboxes are open
	}
	if err := n.boxes.limits.learn(ctx, mailbox.StatedLimit{Domain: domain, Octets: octets, At: n.clock.Now()}); err != nil && ctx.Err() == nil {
		n.alarmOf(alarmLimits)(err)
	}
}
