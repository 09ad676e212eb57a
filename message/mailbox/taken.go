package mailbox

import (
	"context"
	"fmt"

	"rem/message"
	"rem/person/account"
)

// Taken are items of one mailbox that somebody is about to read one after the other:
// what the mailbox says of them was read at once. Permissions are judged for each when
// it is read. It may be used concurrently.
type Taken struct {
	box   *Box
	who   Visitor
	items map[ItemID]Item
}

// Take reads what the mailbox says of items, up to [MaxPage]. Those that are not there
// are ErrNotFound when they are asked for.
func (b *Box) Take(ctx context.Context, who Visitor, ids []ItemID) (*Taken, error) {
	items, err := b.Store.ItemsOf(ctx, who.Actor.Account, ids)
	if err != nil {
		return nil, fmt.Errorf("looking at items: %w", err)
	}
	t := &Taken{b, who, make(map[ItemID]Item, len(items))}
	for _, i := range items {
		t.items[i.ID] = i
	}
	return t, nil
}

// Open is [Box.Open] of an item that was taken.
func (t *Taken) Open(ctx context.Context, id ItemID) (message.Content, error) {
	a, err := t.box.may(ctx, t.who, account.Reading)
	if err != nil {
		return nil, err
	}
	item, there := t.items[id]
	if !there {
		return nil, ErrNotFound
	}
	return t.box.open(ctx, t.who, a, item)
}

// Peek is [Box.Peek] of an item that was taken.
func (t *Taken) Peek(ctx context.Context, id ItemID) (message.Content, error) {
	if _, err := t.box.may(ctx, t.who, account.Reading); err != nil {
		return nil, err
	}
	item, there := t.items[id]
	if !there {
		return nil, ErrNotFound
	}
	return t.box.content(ctx, t.who, item)
}
