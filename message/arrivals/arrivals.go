package arrivals

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rem"
	"rem/message/delivery"
	"rem/message/mailbox"
	"rem/person/account"
	"rem/person/news"
)

// Accounts finds accounts as they are now.
type Accounts interface {
	Account(ctx context.Context, id rem.AccountID) (account.Account, error)
}

// Preferences are what people chose; mailbox.Store has them.
type Preferences interface {
	Preferences(ctx context.Context, a rem.AccountID, p rem.PersonID) (mailbox.Preferences, error)
}

// An Outbox tells people. Tell is durable when it returns nil, and the same
// identifier again changes nothing; news.ErrNoContact: he has no such channel.
// Told reports whether there is, or was, a message of the identifier.
type Outbox interface {
	Tell(ctx context.Context, by news.Channel, m news.Message) error
	Told(ctx context.Context, id news.ID) (bool, error)
}

// A Teller decides whom to tell when. Its fields are set before its first use; it
// may be used concurrently.
type Teller struct {
	Accounts    Accounts
	Preferences Preferences
	Outbox      Outbox
	Clock       rem.Clock
	// Link leads to the mailbox, https and the same for everybody; "": none.
	Link string
	// Alarm hears of faults; they stop no delivery.
	Alarm func(error)
}

var _ delivery.Notices = (*Teller)(nil)

// window is how long one notice stands for what arrives after it: often enough to
// be of use, and seldom enough for a flood of messages to be none of notices.
const window = 10 * time.Minute

// ways are by what, with the permission that each needs.
var ways = []struct {
	channel news.Channel
	needs   account.Permissions
	wanted  func(mailbox.Preferences) bool
}{
	{news.Mail, account.MailNotices, func(o mailbox.Preferences) bool { return o.Mail }},
	{news.SMS, account.SMSNotices, func(o mailbox.Preferences) bool { return o.SMS }},
}

// Arrived implements delivery.Notices.
func (t *Teller) Arrived(ctx context.Context, id rem.AccountID) {
	t.each(ctx, id, "telling of an arrival", func(p rem.PersonID, by news.Channel, o mailbox.Preferences) error {
		return t.arrived(ctx, id, p, by, o)
	})
}

func (t *Teller) arrived(ctx context.Context, id rem.AccountID, p rem.PersonID, by news.Channel, o mailbox.Preferences) error {
	now := t.Clock.Now().UTC()
	slot := Slot(o, now)
	if !slot.After(now) {
		// A notice of this window may be on its way already: who comes after it gets
		// the next.
		told, err := t.Outbox.Told(ctx, nameOf(news.Arrived, id, p, by, slot.Unix()))
		if err != nil {
			return err
		}
		if told {
			slot = Slot(o, slot.Add(window))
		}
	}
	m := news.Message{ID: nameOf(news.Arrived, id, p, by, slot.Unix()), Person: p, Kind: news.Arrived, Link: t.Link}
	if slot.After(now) {
		m.After = slot
	}
	return t.Outbox.Tell(ctx, by, m)
}

// Filling implements delivery.Notices (REQ-70): once a day for each step.
func (t *Teller) Filling(ctx context.Context, id rem.AccountID, percent int) {
	t.each(ctx, id, "telling that a mailbox is filling", func(p rem.PersonID, by news.Channel, o mailbox.Preferences) error {
		now := t.Clock.Now().UTC()
		m := news.Message{ID: nameOf(news.Filling, id, p, by, int64(percent)<<32+now.Unix()/86400), Person: p, Kind: news.Filling, Link: t.Link}
		if slot := awake(o, now); slot.After(now) {
			m.After = slot
		}
		return t.Outbox.Tell(ctx, by, m)
	})
}

// each calls tell for everybody who is to be told, by each way.
func (t *Teller) each(ctx context.Context, id rem.AccountID, doing string, tell func(rem.PersonID, news.Channel, mailbox.Preferences) error) {
	a, err := t.Accounts.Account(ctx, id)
	if err != nil {
		t.Alarm(fmt.Errorf("%s in %s: %w", doing, id, err))
		return
	}
	now := t.Clock.Now()
	for i := range a.Operators {
		p := a.Operators[i].Person
		powers := a.Powers(p, now)
		if !powers.Has(account.Reading) || powers&(account.MailNotices|account.SMSNotices) == 0 {
			continue
		}
		o, err := t.Preferences.Preferences(ctx, id, p)
		if err != nil {
			t.Alarm(fmt.Errorf("%s in %s: %w", doing, id, err))
			continue
		}
		for _, w := range ways {
			if !powers.Has(w.needs) || !w.wanted(o) {
				continue
			}
			if err := tell(p, w.channel, o); err != nil && !errors.Is(err, news.ErrNoContact) {
				t.Alarm(fmt.Errorf("%s in %s by %s: %w", doing, id, w.channel, err))
			}
		}
	}
}

// nameOf names a notice. It is the same for everything that it stands for.
func nameOf(k news.Kind, a rem.AccountID, p rem.PersonID, by news.Channel, slot int64) news.ID {
	d := rem.DigestOf(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%s\x00%d", k, a, p, by, slot))
	return news.ID(string(k) + "." + d.String()[:40])
}

// istanbul is where people's hours are; UTC+3 all year since 2016.
var istanbul = time.FixedZone("Europe/Istanbul", 3*60*60)

// at is the next time after now at which it is the hour.
func at(hour int, now time.Time) time.Time {
	n := now.In(istanbul)
	t := time.Date(n.Year(), n.Month(), n.Day(), hour, 0, 0, 0, istanbul)
	if !t.After(now) {
		t = t.AddDate(0, 0, 1)
	}
	return t.UTC()
}

// awake is now, or the end of the quiet hours that it lies in.
func awake(o mailbox.Preferences, now time.Time) time.Time {
	h := now.In(istanbul).Hour()
	from, until := o.QuietFrom, o.QuietUntil
	quiet := from < until && from <= h && h < until || from > until && (h >= from || h < until)
	if !quiet {
		return now
	}
	return at(until, now)
}

// Slot is when somebody with these preferences is told of what arrives now. What
// has the same slot is one notice. A slot that is not after now is the beginning
// of a window that has begun: he is told at once. A digest that falls into quiet
// hours comes at their end.
func Slot(o mailbox.Preferences, now time.Time) time.Time {
	if o.Digest >= 0 {
		return awake(o, at(o.Digest, now))
	}
	if due := awake(o, now); due.After(now) {
		return due
	}
	return now.Truncate(window).UTC()
}
