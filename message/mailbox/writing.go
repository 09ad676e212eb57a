package mailbox

import (
	"context"
	"fmt"
	"io"
	"unicode/utf8"

	"rem"
	"rem/message"
	"rem/person/account"
)

// writer returns the account when the person may write for it: to sign himself, or
// for somebody else to.
func (b *Box) writer(ctx context.Context, who Visitor) (account.Account, error) {
	a, err := b.Accounts.Account(ctx, who.Actor.Account)
	if err != nil {
		return a, fmt.Errorf("looking at account %s: %w", who.Actor.Account, err)
	}
	now := b.Clock.Now()
	if !a.MayLogIn(who.Actor.Person, now) || a.Powers(who.Actor.Person, now)&(account.Sending|account.Preparing) == 0 {
		return a, refuse("Bu hesapta ileti hazırlama yetkiniz yok.", "You have no authority to write messages on this account.")
	}
	return a, nil
}

// Draft gives one of the account's drafts.
func (b *Box) Draft(ctx context.Context, who Visitor, id DraftID) (Draft, error) {
	if _, err := b.writer(ctx, who); err != nil {
		return Draft{}, err
	}
	return b.Store.Draft(ctx, who.Actor, id)
}

// Save keeps a draft and returns its version. A Version of 0 is a new one. What is
// on its way (scheduled) is taken back to writing by saving it.
func (b *Box) Save(ctx context.Context, who Visitor, d Draft) (int64, error) {
	if _, err := b.writer(ctx, who); err != nil {
		return 0, err
	}
	switch {
	case len(d.To)+len(d.Cc) > MaxRecipients:
		return 0, refuse("Alıcı sayısı sınırın üstünde.", "There are more recipients than allowed.")
	case utf8.RuneCountInString(d.Subject) > MaxSubject:
		return 0, refuse("Konu çok uzun.", "The subject is too long.")
	case len(d.HTML) > MaxText || len(d.Text) > MaxText:
		return 0, refuse("Metin çok uzun; belge olarak ekleyebilirsiniz.", "The text is too long; it can be attached as a document.")
	case len(d.Files) > MaxFiles:
		return 0, refuse("Ek sayısı sınırın üstünde.", "There are more attachments than allowed.")
	}
	if d.Version == 0 {
		d.Author = who.Actor.Person
	}
	d.Saved = b.Clock.Now().UTC()
	return b.Store.SaveDraft(ctx, who.Actor, d)
}

// Drop gives a draft up, with its files.
func (b *Box) Drop(ctx context.Context, who Visitor, id DraftID) error {
	if _, err := b.writer(ctx, who); err != nil {
		return err
	}
	return b.Store.DropDraft(ctx, who.Actor, id)
}

// Attach keeps a file of a draft as it comes; the caller saves the draft with it.
func (b *Box) Attach(ctx context.Context, who Visitor, id DraftID, file string, r io.Reader, limit int64) (int64, rem.Digest, error) {
	if _, err := b.writer(ctx, who); err != nil {
		return 0, rem.Digest{}, err
	}
	return b.Store.PutFile(ctx, who.Actor, id, file, r, limit)
}

// File gives one of a draft.
func (b *Box) File(ctx context.Context, who Visitor, id DraftID, file string) (message.Content, error) {
	if _, err := b.writer(ctx, who); err != nil {
		return nil, err
	}
	return b.Store.File(ctx, who.Actor, id, file)
}

// Keepsakes are those of the account and of the person.
func (b *Box) Keepsakes(ctx context.Context, who Visitor, kind KeepsakeKind) ([]Keepsake, error) {
	if _, err := b.writer(ctx, who); err != nil {
		return nil, err
	}
	return b.Store.Keepsakes(ctx, who.Actor, kind)
}

// Keep keeps one, and replaces the one with its ID.
func (b *Box) Keep(ctx context.Context, who Visitor, k Keepsake) error {
	if _, err := b.writer(ctx, who); err != nil {
		return err
	}
	return b.Store.Keep(ctx, who.Actor, k)
}

// DropKeepsake removes one.
func (b *Box) DropKeepsake(ctx context.Context, who Visitor, id string) error {
	if _, err := b.writer(ctx, who); err != nil {
		return err
	}
	return b.Store.DropKeepsake(ctx, who.Actor, id)
}
