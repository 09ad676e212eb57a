package mailbox

import (
	"context"
	"fmt"

	"rem/person/account"
)

// Lines are all items of a folder, in order of UID.
func (b *Box) Lines(ctx context.Context, who Visitor, f FolderID) ([]Line, error) {
	a, err := b.may(ctx, who, account.Reading)
	if err != nil || !b.shown(who, &a, &Query{Folder: f}) {
		return nil, err
	}
	lines, err := b.Store.Lines(ctx, who.Actor.Account, f)
	if err != nil {
		return nil, fmt.Errorf("listing a folder: %w", err)
	}
	return lines, nil
}

// Find gives the items that List gives, without what the journal knows of them.
func (b *Box) Find(ctx context.Context, who Visitor, q Query, question string) ([]Item, error) {
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
		return nil, fmt.Errorf("searching a mailbox: %w", err)
	}
	return items, nil
}
