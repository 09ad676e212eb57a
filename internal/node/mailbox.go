package node

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"rem/edge/blobstore"
	"rem/edge/mailstore"
	"rem/mail/reading"
	"rem/message"
	"rem/message/mailbox"
	"rem/person/account"
	"rem/privacy"
	"rem/privacy/inventory"
)

// Names in the data folder.
const (
	mailboxFile  = "mailbox.db"
	draftsFolder = "drafts"
)

// Alarms of mailboxes.
const (
	alarmMailbox = "mailboxes do not follow the ledger"
	alarmWords   = "a message could not be read for the search"
	alarmDrafts  = "files of drafts could not be swept"
	alarmTrash   = "the trash could not be emptied"
)

// wordKeyUse names the key of the words of the search, and wordKeyVersion its
// version; with another one all words are indexed anew.
const (
	wordKeyUse     = "mailbox words"
	wordKeyVersion = 1
)

// mailboxes are what people see of messages.
type mailboxes struct {
	store    *mailstore.Store
	follower *mailbox.Follower
	sender   *mailbox.Sender
	limits   *peerLimits
	pace     pace
	// looked rings when somebody looks at a mailbox.
	looked chan struct{}
	// following is held while the journal is followed.
	following sync.Mutex
}

// follow brings mailboxes up to the journal.
func (m *mailboxes) follow(ctx context.Context) (bool, error) {
	m.following.Lock()
	defer m.following.Unlock()
	return m.follower.Follow(ctx)
}

// ring tells that somebody looks at a mailbox.
func (m *mailboxes) ring() {
	select {
	case m.looked <- struct{}{}:
	default:
	}
}

// tidy brings the words of the search together while the journal rests.
func (m *mailboxes) tidy(ctx context.Context, committed <-chan struct{}) error {
	for more := true; more && len(committed) == 0 && ctx.Err() == nil; {
		var err error
		if more, err = m.store.Tidy(ctx); err != nil {
			return err
		}
	}
	return nil
}

// openMailbox opens the store of mailboxes. What happened since the last run is
// followed by followMailboxes.
func (n *Node) openMailbox(ctx context.Context) error {
	names, err := privacy.NewBlindIndexer(ctx, n.Records.Keys, mailstore.FolderIndex)
	if err != nil {
		return err
	}
	key, err := n.Records.Keys.IndexKey(ctx, wordKeyUse, wordKeyVersion)
	if err != nil {
		return fmt.Errorf("opening mailboxes: %w", err)
	}
	files, err := blobstore.Disk(filepath.Join(n.Config.Data, draftsFolder))
	if err != nil {
		return fmt.Errorf("opening mailboxes: %w", err)
	}
	n.boxes.store, err = mailstore.Open(ctx, mailstore.Config{
		Path: filepath.Join(n.Config.Data, mailboxFile), Files: files, Vault: n.Records.Vault, Names: names, Clock: n.clock,
	})
	if err != nil {
		return fmt.Errorf("opening mailboxes: %w", err)
	}
	if n.boxes.limits, err = openPeerLimits(ctx, n.boxes.store); err != nil {
		return err
	}
	columns, err := n.boxes.store.Columns(ctx)
	if err != nil {
		return err
	}
	if err := inventory.Check(columns); err != nil {
		return fmt.Errorf("comparing mailboxes with the inventory of personal data: %w", err)
	}
	n.boxes.pace.feed, n.boxes.looked = n.Store, make(chan struct{}, 1)
	n.boxes.follower = &mailbox.Follower{Feed: &n.boxes.pace, Ledger: n.Store, Store: n.boxes.store, Domain: n.Provider.Domain, WordKey: key, Texts: textsOf, Octets: octets}
	n.Mailbox = &mailbox.Box{
		Ledger: n.Store, Store: n.boxes.store, Accounts: n.Store, Retriever: n.Retriever, Submitter: n.Submitter, Names: mailboxNames{n},
		Spool: func() mailbox.Spool { return n.Store.Spool() }, Clock: n.clock, Domain: n.Provider.Domain, WordKey: key,
		Limit: n.limit, Looked: n.boxes.ring,
	}
	return nil
}

// MailboxStore is the store behind Mailbox, for who works without a person: what is
// due, and the trash.
func (n *Node) MailboxStore() mailbox.Store { return n.boxes.store }

// octets is the length of a content of the ledger, which its name says.
func octets(of message.Ref) (int64, error) {
	ref, err := blobstore.ParseRef(string(of))
	return ref.Size(), err
}

// textsOf are what is searched of a message, and how many attachments it has.
func textsOf(_ context.Context, original message.Content) (texts []string, attachments int, err error) {
	d, err := reading.Read(original, reading.Options{Quick: true})
	if err != nil {
		return nil, 0, err
	}
	for i := range d.Attachments {
		texts = append(texts, d.Attachments[i].Name)
	}
	for i := range d.Sections {
		texts = append(texts, d.Sections[i].Plain)
	}
	return texts, len(d.Attachments), nil
}

// mailboxNames opens the names that evidence of opening and sending needs.
type mailboxNames struct{ n *Node }

var _ mailbox.Names = mailboxNames{}

// Acting implements mailbox.Names.
func (m mailboxNames) Acting(ctx context.Context, who mailbox.Visitor, a account.Account) (privacy.Value, error) {
	if who.Actor.Person == a.Holder.Person {
		return m.Holding(ctx, who, a)
	}
	o := a.Operator(who.Actor.Person)
	if o == nil {
		return privacy.Value{}, nil
	}
	return m.n.nameFor(ctx, who.Actor, who.Case, o.Person, account.OperatorName, o.Name)
}

// Holding implements mailbox.Names.
func (m mailboxNames) Holding(ctx context.Context, who mailbox.Visitor, a account.Account) (privacy.Value, error) {
	return m.n.nameFor(ctx, who.Actor, who.Case, a.Holder.Person, account.HolderName, a.Holder.Name)
}

// How mailboxes are kept up.
const (
	// indexedAtOnce is how many items are read for the search before the journal
	// is looked at again: arrivals are shown before old ones can be found.
	indexedAtOnce = 128
	// mailboxPause is after which the journal is looked at though nobody rang, and
	// after a fault.
	mailboxPause = 5 * time.Second
	sweepPause   = time.Hour
)

// followMailboxes brings mailboxes up to what happens until ctx ends.
func (n *Node) followMailboxes(ctx context.Context) {
	committed, stop := n.Store.Committed()
	defer stop()
	pause := time.NewTicker(mailboxPause)
	defer pause.Stop()
	sweep := time.NewTicker(sweepPause)
	defer sweep.Stop()
	alarm := func(what string, err error) {
		if err != nil && ctx.Err() == nil {
			n.alarmOf(what)(err)
		}
	}
	pace := &n.boxes.pace
	for ctx.Err() == nil {
		_, err := n.boxes.follow(ctx)
		pace.done()
		alarm(alarmMailbox, err)
		more, fault := false, err
		if err == nil && pace.words() {
			more, fault = n.boxes.follower.Index(ctx, indexedAtOnce)
			alarm(alarmWords, fault)
		}
		if more {
			continue
		}
		wake := committed
		if fault != nil {
			wake = nil // not at each commit again
		}
		select {
		case <-ctx.Done():
		case <-wake:
			pace.wait(ctx, committed, n.boxes.looked)
		case <-pause.C:
			if pace.words() {
				alarm(alarmWords, n.boxes.tidy(ctx, committed))
			}
		case <-sweep.C:
			alarm(alarmDrafts, n.boxes.store.Sweep(ctx))
			_, err := mailbox.EmptyTrash(ctx, n.boxes.store, n.clock.Now())
			alarm(alarmTrash, err)
		}
	}
}

// closeMailbox ends the store of mailboxes.
func (n *Node) closeMailbox() error {
	if n.boxes.store == nil {
		return nil
	}
	if err := n.boxes.store.Close(); err != nil {
		return fmt.Errorf("closing mailboxes: %w", err)
	}
	return nil
}
