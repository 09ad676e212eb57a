package news

import (
	"context"
	"errors"
	"time"

	"rem"
	"rem/person"
)

// ErrNoContact is wrapped when a person cannot be told by a channel: he has none.
var ErrNoContact = errors.New("the person has no such channel")

// A Contact is where a person is told: what he gave and showed to be his. Either
// may be zero.
type Contact struct {
	Mobile   person.Phone
	Mail     person.MailAddress
	Language Language
}

// IsZero reports that he cannot be told at all.
func (c Contact) IsZero() bool { return c.Mobile.IsZero() && c.Mail.IsZero() }

// At fills a message with the destination and the language of the contact. False:
// the person has no such channel.
func (c Contact) At(ch Channel, m Message) (Message, bool) {
	m.Mobile, m.Mail = person.Phone{}, person.MailAddress{}
	if m.Language == "" {
		m.Language = c.Language
	}
	switch ch {
	case SMS:
		m.Mobile = c.Mobile
	case Mail:
		m.Mail = c.Mail
	}
	return m, !m.Mobile.IsZero() || !m.Mail.IsZero()
}

// Contacts keeps where people are told, sealed for the program alone, so that a
// one-time code can be sent without anybody looking at a number. What people see
// and change of it is kept elsewhere, sealed for them. Every method may be called
// concurrently; SetContact is durable when it returns nil.
type Contacts interface {
	// SetContact keeps the newest; empty bytes remove it. Made again it changes
	// nothing.
	SetContact(ctx context.Context, p rem.PersonID, sealed []byte, at time.Time) error
	// Contact returns what was kept, or ErrNotFound.
	Contact(ctx context.Context, p rem.PersonID) ([]byte, error)
}
