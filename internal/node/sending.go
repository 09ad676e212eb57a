package node

import (
	"context"
	"errors"
	"time"

	"rem"
	"rem/edge/notify"
	"rem/edge/webmail"
	"rem/message/mailbox"
	"rem/person/news"
	"rem/provider/directory"
)

// Alarms of drafts that were signed.
const (
	alarmSending = "a signed draft could not be sent"
	alarmUnsent  = "somebody could not be told that a message was not sent"
)

// dueEvery is how often drafts whose time has come are looked for: people choose
// minutes.
const dueEvery = 5 * time.Second

// openSending makes what sends signed drafts.
func (n *Node) openSending() {
	n.boxes.sender = &mailbox.Sender{
		Box: n.Mailbox, Told: n.unsent, Alarm: n.alarmOf(alarmSending),
		Follow: func(ctx context.Context) error { _, err := n.boxes.follow(ctx); return err },
	}
}

// sendDrafts sends what has come to its time, and goes on with what a stop left, until
// ctx ends.
func (n *Node) sendDrafts(ctx context.Context) {
	every := time.NewTicker(dueEvery)
	defer every.Stop()
	for {
		if err := n.boxes.sender.Due(ctx); err != nil && ctx.Err() == nil {
			n.alarmOf(alarmSending)(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
	}
}

// unsent tells a signer that a message of his could not be sent at its time. It names
// neither the message nor its recipients.
func (n *Node) unsent(ctx context.Context, s mailbox.Stoppage) {
	d := rem.DigestOf([]byte(string(s.Account) + "\x00" + string(s.Draft)))
	m := news.Message{ID: news.ID(string(news.Unsent) + "." + d.String()[:40] + "." + s.At.UTC().Format("20060102150405")), Person: s.Signer, Kind: news.Unsent}
	if n.Config.Web.Base != "" {
		m.Link = n.Config.Web.Base + "/mail/drafts"
	}
	err := n.People.Contacts.Tell(ctx, news.Mail, m)
	if err != nil && !errors.Is(err, notify.ErrNoChannel) && !errors.Is(err, news.ErrNotFound) && !errors.Is(err, news.ErrNoContact) {
		n.alarmOf(alarmUnsent)(err)
	}
}

// writing is what the pages for writing ask.
func (n *Node) writing() webmail.Writing {
	w := webmail.Writing{Sign: "/sign", MaxPackage: n.Practice.MaxPackage, Known: func(domain string) bool {
		return domain == n.Provider.Domain || n.Submitter.Peers.Known(domain, n.clock.Now())
	}}
	if n.People.Directory != nil {
		w.Check = func(ctx context.Context, who mailbox.Visitor, addresses []rem.Address) ([]directory.Status, error) {
			return n.People.Directory.Check(ctx, directory.Asker{Actor: who.Actor, Door: directory.ByWeb}, directory.ToSend, addresses)
		}
	}
	return w
}
