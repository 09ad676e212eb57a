package notify

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"rem/person/login"
	"rem/person/news"
)

// ForLogin tells what a log-in has to tell: codes by text message, notices by mail
// and, where somebody has no mail, by text message.
type ForLogin struct {
	book *Book
	good time.Duration
	page string
}

var _ login.Messenger = (*ForLogin)(nil)

// NewForLogin prepares it. good is how long a code is good; page is the address of
// the page on which a person sees his log-ins, "" for none.
func NewForLogin(b *Book, good time.Duration, page string) (*ForLogin, error) {
	if b == nil || good <= 0 {
		return nil, errors.New("preparing to tell about log-ins: the book, or how long a code is good, is missing")
	}
	return &ForLogin{b, good, page}, nil
}

// Code implements login.Messenger. Every call is a code of its own.
func (f *ForLogin) Code(ctx context.Context, who login.Who, code string) error {
	err := f.book.Tell(ctx, news.SMS, news.Message{ID: news.ID("login.code." + rand.Text()), Person: who.Person, Kind: news.Code, Code: code, Until: f.book.clock.Now().Add(f.good)})
	if errors.Is(err, ErrNoContact) || errors.Is(err, ErrNoChannel) {
		return fmt.Errorf("%w: %w", login.ErrNoPhone, err)
	}
	return err
}

// Tell implements login.Messenger. Somebody who has no channel at all is told on
// his pages alone, and that is no fault.
func (f *ForLogin) Tell(ctx context.Context, n login.Notice) error {
	kind := news.Security
	if n.What == login.NewDevice {
		kind = news.NewDevice
	}
	m := news.Message{ID: news.ID(fmt.Sprintf("login.%x", n.ID[:])), Person: n.Who.Person, Kind: kind, Link: f.page}
	for _, ch := range []news.Channel{news.Mail, news.SMS} {
		err := f.book.Tell(ctx, ch, m)
		if err == nil || !errors.Is(err, ErrNoContact) && !errors.Is(err, ErrNoChannel) {
			return err
		}
	}
	return nil
}
