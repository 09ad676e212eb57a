package mailbox

import (
	"context"
	"errors"
	"fmt"
	"io"

	"rem"
	"rem/mail/smtp"
	"rem/message"
	"rem/message/retrieval"
	"rem/message/submission"
	"rem/person/account"
)

// A Ledger is what the journal knows of messages; see [message.Ledger].
type Ledger interface {
	Message(ctx context.Context, id rem.MessageID) (*message.View, error)
	Evidence(ctx context.Context, id rem.EvidenceID) (message.Filed, error)
	EvidenceOf(ctx context.Context, id rem.MessageID) ([]message.Filed, error)
	Open(ctx context.Context, ref message.Ref) (message.Content, error)
	Usage(ctx context.Context, account rem.AccountID) (message.Usage, error)
}

// Accounts finds accounts as they are now.
type Accounts interface {
	Account(ctx context.Context, id rem.AccountID) (account.Account, error)
}

// A Retriever gives received messages, with evidence of the first opening;
// [retrieval.Retriever] is one.
type Retriever interface {
	Open(ctx context.Context, who retrieval.Login, id rem.MessageID, n int) (message.Content, error)
}

// A Submitter takes original messages; [submission.Submitter] is one.
type Submitter interface {
	Submit(ctx context.Context, who submission.Login, tx smtp.Transaction, original message.Content) (submission.Receipt, error)
}

// A Spool is a content while it is written; Seal ends the writing, Close gives it
// back.
type Spool interface {
	message.Content
	io.Writer
	Seal() error
	Close() error
}

// A Box is the mailboxes of a provider. Every method judges the account and what
// the person may do on it as they are at that moment; what he may not is a
// *rem.Refusal. Its fields are set before its first use; it may be used
// concurrently.
type Box struct {
	Ledger    Ledger
	Store     Store
	Accounts  Accounts
	Retriever Retriever
	Submitter Submitter
	Names     Names
	Spool     func() Spool
	Clock     rem.Clock
	// Domain is the provider's, for identifiers of drafts and evidence as mail.
	Domain string
	// WordKey is the provider's key for words; 32 octets.
	WordKey []byte
	// Limit tells how large a signed package the provider of a domain takes; nil:
	// nothing is known of any.
	Limit func(domain string) Limit
	// Looked hears of each look at a mailbox, before it; nil: nobody hears. It returns
	// at once, and may be called concurrently.
	Looked func()
}

func refuse(tr, en string) *rem.Refusal { return rem.Refuse(rem.PolicyViolation, tr, en) }

// may rings Looked, and returns the account when the person has the permission on it now.
func (b *Box) may(ctx context.Context, who Visitor, what account.Permissions) (account.Account, error) {
	if b.Looked != nil {
		b.Looked()
	}
	a, err := b.Accounts.Account(ctx, who.Actor.Account)
	if err != nil {
		return a, fmt.Errorf("looking at account %s: %w", who.Actor.Account, err)
	}
	if refusal := a.MayRead(who.Actor.Person, b.Clock.Now()); what.Has(account.Reading) && refusal != nil {
		return a, refusal
	}
	if !a.May(who.Actor.Person, what, b.Clock.Now()) {
		return a, refuse("Bu hesapta bu işlem için yetkiniz yok.", "You have no authority for this on this account.")
	}
	return a, nil
}

// Folders are those of the account. Who may not write sees that of drafts empty.
func (b *Box) Folders(ctx context.Context, who Visitor) ([]Folder, error) {
	a, err := b.may(ctx, who, account.Reading)
	if err != nil {
		return nil, err
	}
	list, err := b.Store.Folders(ctx, who.Actor)
	if err == nil && !b.writes(who, &a) {
		for i := range list {
			if f := &list[i]; f.ID == Drafts {
				f.Items, f.Unopened, f.Unseen, f.Bytes = 0, 0, 0, 0
			}
		}
	}
	return list, err
}

// CreateFolder makes a folder of the account's own.
func (b *Box) CreateFolder(ctx context.Context, who Visitor, name string) (FolderID, error) {
	if _, err := b.may(ctx, who, account.Reading); err != nil {
		return "", err
	}
	return b.Store.CreateFolder(ctx, who.Actor, name)
}

// RenameFolder gives one of the account's own another name.
func (b *Box) RenameFolder(ctx context.Context, who Visitor, f FolderID, name string) error {
	if _, err := b.may(ctx, who, account.Reading); err != nil {
		return err
	}
	return b.Store.RenameFolder(ctx, who.Actor, f, name)
}

// RemoveFolder removes an empty one of the account's own.
func (b *Box) RemoveFolder(ctx context.Context, who Visitor, f FolderID) error {
	if _, err := b.may(ctx, who, account.Reading); err != nil {
		return err
	}
	return b.Store.RemoveFolder(ctx, who.Actor.Account, f)
}

// A Row is an item with what lists show of it.
type Row struct {
	Item
	// Record is the message's; nil for a draft.
	Record *message.Record
	// Standings are where its recipients stand, for Sent.
	Standings []message.Standing
	// Filed is the evidence, without its XML, for Evidence.
	Filed *message.Filed
	// Draft is what a draft says; in lists without HTML and Text.
	Draft *Draft
}

// List gives rows, the newest first. question is searched for in everything that
// was indexed; "" asks for nothing. Who may not write sees no drafts.
func (b *Box) List(ctx context.Context, who Visitor, q Query, question string) ([]Row, error) {
	a, err := b.may(ctx, who, account.Reading)
	if err != nil || !b.shown(who, &a, &q) {
		return nil, err
	}
	if question != "" {
		if q.Words = NewWords(b.WordKey, who.Actor.Account).Asked(question); len(q.Words) == 0 {
			return nil, nil // of signs alone
		}
	}
	items, err := b.Store.Items(ctx, who.Actor.Account, q)
	if err != nil {
		return nil, fmt.Errorf("listing a mailbox: %w", err)
	}
	var writing []DraftID
	for i := range items {
		if items[i].Kind == Drafted {
			writing = append(writing, items[i].Draft)
		}
	}
	var heads map[DraftID]Draft
	if len(writing) > 0 {
		if heads, err = b.Store.DraftHeads(ctx, who.Actor, writing); err != nil {
			return nil, fmt.Errorf("opening drafts: %w", err)
		}
	}
	rows := make([]Row, len(items))
	for i := range items {
		if items[i].Kind == Drafted {
			d := heads[items[i].Draft] // zero when it was dropped a moment ago
			rows[i] = Row{Item: items[i], Draft: &d}
			continue
		}
		if rows[i], err = b.row(ctx, who, items[i]); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// Row gives one item.
func (b *Box) Row(ctx context.Context, who Visitor, id ItemID) (Row, error) {
	if _, err := b.may(ctx, who, account.Reading); err != nil {
		return Row{}, err
	}
	item, err := b.Store.Item(ctx, who.Actor.Account, id)
	if err != nil {
		return Row{}, err
	}
	return b.row(ctx, who, item)
}

func (b *Box) row(ctx context.Context, who Visitor, item Item) (Row, error) {
	row := Row{Item: item}
	if item.Kind == Drafted {
		d, err := b.Draft(ctx, who, item.Draft)
		if err != nil && !errors.Is(err, ErrNotFound) { // it was dropped a moment ago
			return row, fmt.Errorf("opening a draft: %w", err)
		}
		row.Draft = &d
		return row, nil
	}
	view, err := b.Ledger.Message(ctx, item.Message)
	if err != nil {
		return row, fmt.Errorf("looking at %s: %w", item.Message, err)
	}
	row.Record, row.Standings = &view.Record, view.Standings
	if item.Kind == Evidence {
		if f, ok := view.Evidence(item.Evidence); ok {
			row.Filed = &f
		}
	}
	return row, nil
}

// Open gives the content of an item as mail: a received message with evidence of
// its first opening, a sent one as it was submitted, an evidence in a mail of ours.
// A draft is composed. What is closed holds no memory or descriptor.
func (b *Box) Open(ctx context.Context, who Visitor, id ItemID) (message.Content, error) {
	a, err := b.may(ctx, who, account.Reading)
	if err != nil {
		return nil, err
	}
	item, err := b.Store.Item(ctx, who.Actor.Account, id)
	if err != nil {
		return nil, err
	}
	return b.open(ctx, who, a, item)
}

func (b *Box) open(ctx context.Context, who Visitor, a account.Account, item Item) (message.Content, error) {
	if item.Kind != Received {
		return b.content(ctx, who, item)
	}
	login, err := b.reader(ctx, who, a)
	if err != nil {
		return nil, err
	}
	return b.Retriever.Open(ctx, login, item.Message, item.Recipient)
}

// Peek gives the same without opening it: for header fields, structure, sizes and
// words, which are no retrieval. No part of a received message's body may leave
// through it.
func (b *Box) Peek(ctx context.Context, who Visitor, id ItemID) (message.Content, error) {
	if _, err := b.may(ctx, who, account.Reading); err != nil {
		return nil, err
	}
	item, err := b.Store.Item(ctx, who.Actor.Account, id)
	if err != nil {
		return nil, err
	}
	return b.content(ctx, who, item)
}

func (b *Box) content(ctx context.Context, who Visitor, item Item) (message.Content, error) {
	if item.Kind == Drafted {
		return b.Compose(ctx, who, item.Draft)
	}
	view, err := b.Ledger.Message(ctx, item.Message)
	if err != nil {
		return nil, fmt.Errorf("looking at %s: %w", item.Message, err)
	}
	if item.Kind == Evidence {
		return b.evidenceMail(ctx, view, item.Evidence)
	}
	whole, err := b.Ledger.Open(ctx, view.Record.Original)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", item.Message, err)
	}
	return message.OriginalIn(whole, &view.Record), nil
}

// Message gives what the journal has of a message that is in the account's
// mailbox, or was: sent by it, or arrived. Another's is ErrNotFound.
func (b *Box) Message(ctx context.Context, who Visitor, id rem.MessageID) (*message.View, error) {
	if _, err := b.may(ctx, who, account.Reading); err != nil {
		return nil, err
	}
	view, err := b.Ledger.Message(ctx, id)
	if errors.Is(err, message.ErrNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("looking at %s: %w", id, err)
	}
	if view.Record.Actor.Account == who.Actor.Account {
		return view, nil
	}
	for i := range view.Record.Recipients {
		if r := &view.Record.Recipients[i]; r.Account == who.Actor.Account && Arrived(view.Standing(i+1).State) {
			return view, nil
		}
	}
	return nil, ErrNotFound
}

// Arrived reports whether a message in this state is in a mailbox of ours.
func Arrived(s message.State) bool {
	return s == message.Delivered || s == message.Retrieved || s == message.NotRetrieved
}

// EvidenceOf gives the evidences of a message with their XML, in the order filed.
// A recipient gets those that concern him or all.
func (b *Box) EvidenceOf(ctx context.Context, who Visitor, id rem.MessageID) ([]message.Filed, error) {
	view, err := b.Message(ctx, who, id)
	if err != nil {
		return nil, err
	}
	all, err := b.Ledger.EvidenceOf(ctx, id)
	if err != nil || view.Record.Actor.Account == who.Actor.Account {
		return all, err
	}
	mine := map[int]bool{0: true}
	for i := range view.Record.Recipients {
		mine[i+1] = view.Record.Recipients[i].Account == who.Actor.Account
	}
	kept := all[:0:0]
	for _, f := range all {
		if mine[f.Recipient] {
			kept = append(kept, f)
		}
	}
	return kept, nil
}

// Move puts items into a folder: into the archive and out of it by who may archive,
// into the trash by who may delete. Drafts stay where they are.
func (b *Box) Move(ctx context.Context, who Visitor, ids []ItemID, to FolderID) ([]uint32, error) {
	what := account.Reading
	items, err := b.Store.ItemsOf(ctx, who.Actor.Account, ids)
	if err != nil {
		return nil, err
	}
	for _, i := range items {
		if i.Kind == Drafted {
			return nil, refuse("Taslaklar başka klasöre taşınmaz.", "Drafts are not moved to other folders.")
		}
		if i.Folder == Archive {
			what |= account.Archiving
		}
	}
	switch to {
	case Archive:
		what |= account.Archiving
	case TrashBox:
		what |= account.Deleting
	case Drafts:
		return nil, refuse("Taslaklar klasörüne ileti taşınmaz.", "Messages are not moved into the drafts.")
	}
	if _, err := b.may(ctx, who, what); err != nil {
		return nil, err
	}
	return b.Store.Move(ctx, who.Actor.Account, ids, to)
}

// Flag marks items.
func (b *Box) Flag(ctx context.Context, who Visitor, ids []ItemID, add, remove Flags) error {
	if _, err := b.may(ctx, who, account.Reading); err != nil {
		return err
	}
	return b.Store.Flag(ctx, who.Actor.Account, ids, add, remove)
}

// Remove takes items out of the mailbox for good; the journal keeps messages and
// evidence (REQ-87). A message that was never opened is not removed: nobody would
// ever have read it.
func (b *Box) Remove(ctx context.Context, who Visitor, ids []ItemID) error {
	if _, err := b.may(ctx, who, account.Deleting); err != nil {
		return err
	}
	items, err := b.Store.ItemsOf(ctx, who.Actor.Account, ids)
	if err != nil {
		return err
	}
	for _, i := range items {
		switch {
		case i.Kind == Received && i.Opened.IsZero():
			return refuse("Hiç açılmamış bir ileti kalıcı olarak silinemez.", "A message that was never opened cannot be removed for good.")
		case i.Kind == Drafted:
			if err := b.drop(ctx, who, i.Draft); err != nil {
				return err
			}
		}
	}
	return b.Store.Remove(ctx, who.Actor.Account, ids)
}

// Usage is how full the mailbox is.
func (b *Box) Usage(ctx context.Context, who Visitor) (message.Usage, error) {
	if _, err := b.may(ctx, who, account.Reading); err != nil {
		return message.Usage{}, err
	}
	return b.Ledger.Usage(ctx, who.Actor.Account)
}

// Submit takes an original message of the account: what it is worth, and whether
// the person may, is judged by submission, so that a refusal is evidence. The
// recipients are those of To and Cc.
func (b *Box) Submit(ctx context.Context, who Visitor, original message.Content) (submission.Receipt, error) {
	a, err := b.Accounts.Account(ctx, who.Actor.Account)
	if err != nil {
		return submission.Receipt{}, fmt.Errorf("looking at account %s: %w", who.Actor.Account, err)
	}
	tx, err := transaction(a.Address, original)
	if err != nil {
		return submission.Receipt{}, err
	}
	login, err := b.sender(ctx, who, a)
	if err != nil {
		return submission.Receipt{}, err
	}
	return b.Submitter.Submit(ctx, login, tx, original)
}
