package notify

import (
	"context"
	"errors"
	"fmt"

	"rem"
	"rem/person"
	"rem/person/news"
	"rem/privacy"
)

// A Book knows where people are told, and tells them by a messenger. It may be used
// from many goroutines.
type Book struct {
	contacts  news.Contacts
	keys      privacy.KeyStore
	clock     rem.Clock
	messenger *Messenger
}

// NewBook prepares one.
func NewBook(c news.Contacts, m *Messenger) (*Book, error) {
	if c == nil || m == nil {
		return nil, errors.New("preparing the book of contacts: contacts or messenger is missing")
	}
	return &Book{c, m.o.Keys, m.o.Clock, m}, nil
}

// ErrNoContact is returned when a person has no such channel.
var ErrNoContact = news.ErrNoContact

// page is what a contact is sealed as: no message's kind is its own.
func page(p rem.PersonID) *news.Delivery { return &news.Delivery{Person: p, Kind: "contact"} }

// Set keeps where a person is told from now on: what he showed to be his. The zero
// Contact removes it; messages that wait go where they were told to.
func (b *Book) Set(ctx context.Context, p rem.PersonID, c news.Contact) error {
	if p == "" {
		return errors.New("keeping where a person is told: nobody is named")
	}
	if c.IsZero() {
		return b.contacts.SetContact(ctx, p, nil, b.clock.Now())
	}
	sealed, err := seal(ctx, b.keys, page(p), c.Mobile.Reveal(), c.Mail.Reveal(), string(c.Language))
	if err != nil {
		return fmt.Errorf("keeping where a person is told: %w", err)
	}
	return b.contacts.SetContact(ctx, p, sealed, b.clock.Now())
}

// Tell tells the person of the message by the channel, at the destination that is
// kept. It returns ErrNoContact when there is none, and what Messenger.Tell does.
func (b *Book) Tell(ctx context.Context, ch news.Channel, m news.Message) error {
	c, err := b.contact(ctx, m.Person)
	if err != nil {
		return err
	}
	m, ok := c.At(ch, m)
	if !ok {
		return ErrNoContact
	}
	return b.messenger.Tell(ctx, m)
}

// Mobile is the number at which a person is told, which he showed to be his; zero where
// there is none. It is for asking his telephone for a signature.
func (b *Book) Mobile(ctx context.Context, p rem.PersonID) (person.Phone, error) {
	c, err := b.contact(ctx, p)
	if errors.Is(err, ErrNoContact) {
		return person.Phone{}, nil
	}
	return c.Mobile, err
}

// Channels says by which channels a person can be told.
func (b *Book) Channels(ctx context.Context, p rem.PersonID) ([]news.Channel, error) {
	c, err := b.contact(ctx, p)
	if errors.Is(err, ErrNoContact) {
		return nil, nil
	}
	var list []news.Channel
	if !c.Mobile.IsZero() {
		list = append(list, news.SMS)
	}
	if !c.Mail.IsZero() {
		list = append(list, news.Mail)
	}
	return list, err
}

func (b *Book) contact(ctx context.Context, p rem.PersonID) (c news.Contact, err error) {
	sealed, err := b.contacts.Contact(ctx, p)
	if errors.Is(err, news.ErrNotFound) {
		return c, ErrNoContact
	}
	if err != nil {
		return c, err
	}
	var mobile, mail, language string
	if err := open(ctx, b.keys, page(p), sealed, &mobile, &mail, &language); err != nil {
		return c, fmt.Errorf("finding where a person is told: %w", err)
	}
	c.Language = news.Language(language)
	if mobile != "" {
		if c.Mobile, err = person.ParseMobile(mobile); err != nil {
			return c, fmt.Errorf("finding where a person is told: %w", errUnreadable)
		}
	}
	if mail != "" {
		if c.Mail, err = person.ParseMailAddress(mail); err != nil {
			return c, fmt.Errorf("finding where a person is told: %w", errUnreadable)
		}
	}
	return c, nil
}
